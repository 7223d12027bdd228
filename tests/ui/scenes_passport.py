"""The passport page after reading: what the officer is told in each kind of case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtWidgets import QWidget

from desk.issuance.case import ComparedItem, Comparison, State
from desk.mrtd.results import Check, Finding, Group, Result
from desk.ui.look import Look
from desk.ui.pages.passport import PassportPage, PassportView, Stage
from desk.ui.parts.rail import StepState
from desk.ui.reading_log import FindingSheet, ReadingLog
from desk.ui.steps import StepKey
from tests.ui import samples
from tests.ui.samples import found
from tests.ui.scenes import TROUBLES, Size, scene, shell_for

F, U, D, S = Result.FAILED, Result.UNDECIDED, Result.NOT_DONE, Result.NOT_SUPPORTED
CHIP, CONTENT = Group.CHIP, Group.CONTENT
EQUAL = tuple(
    replace(row, register=row.chip, outcome=Comparison.SAME, reason=None)
    if row.outcome is Comparison.DIFFERENT
    else row
    for row in samples.compared()
)
REVOKED = found(
    "PA-CRL-02", F, CONTENT, Check.REVOCATION, country="KR", since="2026-10-14", reason=None
)
WRONG_KEY = found("CA-05", F, CHIP, Check.CHIP_AUTHENTICATION, algorithm="ECDH AES-128")
ALTERED = found("PA-DG-02", F, CONTENT, Check.DATA_GROUP, group=2, signed="8c41…e0", read="27f9…5b")
UNKNOWN = found("PA-CHAIN-02", U, CONTENT, Check.SIGNER_CHAIN, country="KR")
NO_LIST = found("PA-CRL-01", D, CONTENT, Check.REVOCATION, country="KR")
NO_LIST_ASKED = found("PA-CRL-04", D, CONTENT, Check.REVOCATION)
KEY_OPEN = found("CA-08", U, CHIP, Check.CHIP_AUTHENTICATION, algorithm="ECDH AES-128")
DOWN = found("PACE-05", U, CHIP, Check.PACE, sw="-")
BY_BAC = found("BAC-01", Result.PASSED, CHIP, Check.ACCESS, access="BAC")
NO_PACE = found("PACE-03", S, CHIP, Check.PACE)
NO_PROOF = found("CA-03", S, CHIP, Check.CHIP_AUTHENTICATION)
DEFECT = found("PA-DEV-03", U, CONTENT, Check.DATA_GROUP, group=2)
BOMB = found("DG2-03", U, CONTENT, Check.PORTRAIT)


def read(
    look: Look,
    size: Size,
    findings: Sequence[Finding],
    overall: Result,
    compared: tuple[ComparedItem, ...] = EQUAL,
) -> QWidget:
    page = PassportPage(look, TROUBLES)
    document = samples.document(findings=tuple(findings), overall=overall)
    case = samples.case(State.DOCUMENT_CHECKED, document=document, compared=compared)
    go_on = all(row.reason for row in compared if row.outcome is Comparison.DIFFERENT)
    page.render(
        PassportView(
            samples.here(), case, Stage.READ, samples.portrait(), scanned=True, can_go_on=go_on
        )
    )
    words = ("“여권 확인이 끝났습니다”", "“Passport has been read”")
    detail = look.say("mark.checking")
    return shell_for(look, size, page, case, StepKey.PASSPORT, "10:27", words, detail=detail)


def refused(look: Look, size: Size, findings: Sequence[Finding]) -> QWidget:
    page = PassportPage(look, TROUBLES)
    bad = samples.document(
        findings=tuple(findings),
        overall=F,
        surname="YOON",
        given_names="HARAM",
        number="M876B5432",
        sex="M",
    )
    case = samples.case(State.DOCUMENT_CHECKED, document=bad, register=None, compared=())
    page.render(PassportView(samples.here("11:48"), case, Stage.READ, samples.portrait()))
    words = ("“확인이 더 필요합니다”", "“We need to check further”")
    return shell_for(
        look,
        size,
        page,
        case,
        StepKey.PASSPORT,
        "11:48",
        words,
        trouble=StepState.STOPPED,
        detail=look.say("mark.refusing"),
    )


@scene("04-passport-read")
def list_too_old_and_register_differs(look: Look, size: Size) -> QWidget:
    return read(look, size, samples.GOOD, U, samples.compared())


@scene("04a-passport-all-well")
def all_well(look: Look, size: Size) -> QWidget:
    return read(look, size, samples.CLEAN, Result.PASSED)


@scene("04b-passport-register-differs")
def register_differs(look: Look, size: Size) -> QWidget:
    return read(look, size, samples.CLEAN, Result.PASSED, samples.compared(reason=None))


@scene("04c-passport-list-too-old")
def list_too_old(look: Look, size: Size) -> QWidget:
    return read(look, size, samples.GOOD, U)


@scene("04d-passport-signer-unknown")
def signer_unknown(look: Look, size: Size) -> QWidget:
    findings = samples.findings(UNKNOWN, NO_LIST_ASKED, KEY_OPEN)
    return read(look, size, findings, U)


@scene("04e-passport-stepped-down")
def stepped_down(look: Look, size: Size) -> QWidget:
    return read(look, size, samples.findings(BY_BAC, DOWN), U)


@scene("04f-passport-no-chip-proof")
def no_chip_proof(look: Look, size: Size) -> QWidget:
    findings = samples.findings(BY_BAC, NO_PACE, NO_PROOF)
    return read(look, size, findings, Result.PASSED)


@scene("04g-passport-known-defect")
def known_defect(look: Look, size: Size) -> QWidget:
    return read(look, size, samples.findings(DEFECT, BOMB), U)


@scene("04j-passport-no-list")
def no_list(look: Look, size: Size) -> QWidget:
    return read(look, size, samples.findings(NO_LIST), Result.NOT_DONE)


@scene("05-passport-altered-chip")
def altered(look: Look, size: Size) -> QWidget:
    return refused(look, size, samples.findings(ALTERED, WRONG_KEY))


@scene("05b-passport-cloned-chip")
def cloned(look: Look, size: Size) -> QWidget:
    return refused(look, size, samples.findings(WRONG_KEY))


@scene("05c-passport-signer-revoked")
def revoked(look: Look, size: Size) -> QWidget:
    return refused(look, size, samples.findings(REVOKED))


@scene("04h-passport-log")
def reading_log(look: Look, size: Size) -> QWidget:
    document = samples.document(findings=samples.findings(ALTERED, WRONG_KEY), overall=F)
    case = samples.case(State.DOCUMENT_CHECKED, document=document, register=None, compared=())
    log = ReadingLog(look, None, case, TROUBLES)
    log.show()
    return log


@scene("04i-passport-finding")
def one_finding(look: Look, size: Size) -> QWidget:
    spoken = TROUBLES.of("TRUST-07", look.language, samples.OLD_LIST.facts)
    sheet = FindingSheet(look, None, spoken)
    sheet.show()
    return sheet
