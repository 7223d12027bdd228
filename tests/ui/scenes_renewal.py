"""Cases that replace or resume what a person holds, and the questions before them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from PySide6.QtWidgets import QWidget

from desk.counter.board import RowState, Since
from desk.issuance.case import Case, CaseKind, State
from desk.store.holders import Person
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.board import BoardPage, BoardView
from desk.ui.pages.hand_over import HandOverPage, HandOverView
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.proof import ProofStep, ProofView
from desk.ui.renewal_dialogs import (
    CheckRow,
    ReissueDialog,
    ResumeDialog,
    cannot_resume_dialog,
    stop_renewal_dialog,
)
from desk.ui.renewals import AREA
from desk.ui.steps import StepKey
from tests.ui import samples
from tests.ui.scenes import TROUBLES, Size, scene, shell_for
from tests.ui.scenes_aftercare import holding, suspended
from tests.ui.scenes_case import SERVICES, proof_page, review_page

FORMER = "LA-2025-000731"
ASKED = samples.local("10:40:20")
CHECK_URI = (
    "openid4vp://?client_id=x509_san_dns%3Aenroll.example&request_uri="
    "https%3A%2F%2Fenroll.example%2Fchecks%2F5d0e7f3a91c2"
)


def renewed(kind: CaseKind, state: State) -> Case:
    facts = {"kind": kind, "former": FORMER, "issued": samples.issued()}
    if kind is CaseKind.RESUME:
        return samples.checked_case(state, **facts)
    return samples.offered_case(state, **facts)


def now() -> datetime:
    return samples.here("11:21").now


def shown(dialog: QWidget) -> QWidget:
    dialog.show()
    return dialog


@scene("admin-02c-resume")
def resume(look: Look, size: Size) -> QWidget:
    words = OwnWords(look, AREA)("resume_state.in_case")
    checks = [CheckRow(key, Glyph.WAITING, words) for key in ("passport", "face", "phone")]
    return shown(ResumeDialog(look, None, suspended(now()), checks))


@scene("admin-02c-resume-under-way")
def resume_under_way(look: Look, size: Size) -> QWidget:
    say = OwnWords(look, AREA)
    checks = (
        CheckRow("passport", Glyph.PASSED, say("resume_state.passport", time="11:38")),
        CheckRow("face", Glyph.PASSED, say("resume_state.face", time="11:40")),
        CheckRow("phone", Glyph.HALF, say("resume_state.waits")),
    )
    return shown(ResumeDialog(look, None, suspended(now()), checks, "LA-2026-001850"))


@scene("admin-02d-reissue")
def reissue(look: Look, size: Size) -> QWidget:
    return shown(ReissueDialog(look, None, holding(now()), date(2029, 11, 22)))


@scene("admin-02d-reissue-suspended")
def reissue_suspended(look: Look, size: Size) -> QWidget:
    """A long name, suspended after a loss, and nobody knows the former end any more."""
    person = Person("남궁하늘빛나라", "NAMGUNG HANEULBITNARA", date(1991, 3, 14))
    one = suspended(now(), person=person)
    return shown(ReissueDialog(look, None, one, None, "LA-2026-001851"))


@scene("17-dialog-cannot-resume")
def cannot_resume(look: Look, size: Size) -> QWidget:
    return shown(cannot_resume_dialog(look, None))


@scene("17-dialog-stop-renewal")
def stop_renewal(look: Look, size: Size) -> QWidget:
    return shown(stop_renewal_dialog(look, None))


@scene("09c-review-resume")
def review_resume(look: Look, size: Size) -> QWidget:
    """Which credential the card puts its name to stands beside what it says."""
    case = samples.checked_case(
        State.FACE_CHECKED, kind=CaseKind.RESUME, former=FORMER, renewal_reason="phone_found"
    )
    return review_page(look, size, opened=True, case=case)


@scene("13f-proof-resume")
def proof_resume(look: Look, size: Size) -> QWidget:
    return resume_asked(look, size, asks_passport=False)


@scene("13h-proof-resume-passport")
def proof_resume_passport(look: Look, size: Size) -> QWidget:
    """Nobody kept upon which passport it was issued: the phone tells."""
    return resume_asked(look, size, asks_passport=True)


def resume_asked(look: Look, size: Size, *, asks_passport: bool) -> QWidget:
    view = ProofView(
        samples.here("10:40:34"),
        renewed(CaseKind.RESUME, State.APPROVED),
        SERVICES,
        done=((ProofStep.ASKED, ASKED),),
        qr_text=CHECK_URI,
        placed_at=ASKED,
        expires_at=ASKED + 120 * samples.SECOND,
        asks_passport=asks_passport,
    )
    return proof_page(look, size, view, "10:40:34", ("확인 QR 표시 중", "Showing the check QR"))


@scene("13g-proof-reissue-usable")
def proof_reissue(look: Look, size: Size) -> QWidget:
    done = tuple((step, ASKED) for step in ProofStep)
    case = renewed(CaseKind.REISSUE, State.PROVEN)
    view = ProofView(samples.here("10:41:30"), case, SERVICES, done=done)
    words = ("“이제 사용할 수 있습니다”", "“You can use it now”")
    return proof_page(look, size, view, "10:41:30", words)


def handed(look: Look, size: Size, kind: CaseKind) -> QWidget:
    page, case = HandOverPage(look), renewed(kind, State.PROVEN)
    page.render(HandOverView(samples.here("10:43"), case, printing=True))
    words = ("“여권과 안내장을 챙기세요”", "“Take your passport and slip”")
    return shell_for(look, size, page, case, StepKey.HAND_OVER, "10:43", words)


@scene("14e-hand-over-reissued")
def hand_over_reissued(look: Look, size: Size) -> QWidget:
    return handed(look, size, CaseKind.REISSUE)


@scene("14f-hand-over-resumed")
def hand_over_resumed(look: Look, size: Size) -> QWidget:
    return handed(look, size, CaseKind.RESUME)


@scene("02-board-renewals")
def board_renewals(look: Look, size: Size) -> QWidget:
    """A resume that waits for its phone, a reissue to be proven, and one that is done; what
    became since of credentials that were usable."""
    page, board = BoardPage(look, TROUBLES), samples.board()
    kinds = (CaseKind.RESUME, CaseKind.REISSUE, CaseKind.ISSUE, CaseKind.REISSUE)
    rows = [replace(one, kind=kind) for one, kind in zip(board.rows, kinds * 4, strict=False)]
    rows[0] = replace(rows[0], state=State.APPROVED)
    usable = [place for place, one in enumerate(rows) if one.row_state is RowState.USABLE]
    for place, since in zip(usable, Since, strict=False):
        rows[place] = replace(rows[place], since=since)
    page.render(BoardView(samples.here("10:12"), replace(board, rows=tuple(rows))))
    words = ("다음 신청인 대기 안내", "Waiting for the next applicant")
    return shell_for(look, size, page, None, StepKey.PASSPORT, "10:12", words)
