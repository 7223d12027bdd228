"""Scenes of the second card: waiting for it, the approver's page, the list, the lent reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from PySide6.QtWidgets import QWidget

from desk.issuance.case import Approval, ApprovalRequest, Case, State
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.approvals import ApprovalsPage, ApprovalsView, WaitingCase
from desk.ui.pages.approver import ApproverPage, ApproverView
from desk.ui.pages.lent_reader import LentReaderPage, LentView
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review_parts import Slot
from desk.ui.pages.review_words import AREA
from desk.ui.shell import Shell
from desk.ui.steps import StepKey
from tests.ui import samples
from tests.ui.scenes import TROUBLES, Size, scene, shell_for
from tests.ui.scenes_audit import place_shell
from tests.ui.scenes_case import DIGEST, FLAGS, WORDS, officer_words, review_page, type_pin


def names(look: Look) -> tuple[str, str]:
    return ("Consul Lee", "Consul Jung") if look.language == "en" else ("이서준", "정유나")


def prepared_case() -> Case:
    """김하늘's case, signed by its officer at 10:34."""
    case = samples.checked_case(State.PREPARED)
    asked = samples.local("10:34")
    signed = Approval("00" * 32, (), "officer-1", "이서준 영사", "00" * 32, "", asked)
    request = ApprovalRequest(asked, asked + timedelta(minutes=10))
    return replace(case, approvals=(signed,), request=request, preparers=("officer-1",))


def approver_page(look: Look, size: Size, **changes: object) -> Shell:
    page = ApproverPage(look, TROUBLES)
    case = prepared_case()
    preparer, approver = names(look)
    view = ApproverView(
        here=samples.here("10:36"),
        case=case,
        flagged=FLAGS,
        seconds=((FLAGS[0].key, 24),),
        current=0,
        left=8 * 60 + 12,
        preparer=preparer,
        approver=approver,
        sent_at="10:34",
        digest=DIGEST,
        words=WORDS,
        covers=(14, 31, 1),
        portrait=samples.portrait(),
        taken=samples.portrait(grey=True),
        tries=3,
    )
    page.render(replace(view, **changes))  # type: ignore[arg-type]
    return shell_for(look, size, page, case, StepKey.REVIEW, "10:36", officer_words())


@scene("10-second-approver")
def second_approver(look: Look, size: Size) -> QWidget:
    shell = approver_page(look, size)
    page = shell.page
    assert isinstance(page, ApproverPage)
    page.evidence.next.setFocus()
    return shell


@scene("10-second-approver-finding")
def second_finding(look: Look, size: Size) -> QWidget:
    return approver_page(look, size, current=1, seconds=((FLAGS[0].key, 24), (FLAGS[1].key, 0)))


@scene("10-second-approver-ready")
def second_ready(look: Look, size: Size) -> QWidget:
    seen = ((FLAGS[0].key, 24), (FLAGS[1].key, 11))
    shell = approver_page(look, size, seconds=seen)
    page = shell.page
    assert isinstance(page, ApproverPage)
    type_pin(page.approval.pin.dots)
    return shell


@scene("10-second-approver-clean")
def second_clean(look: Look, size: Size) -> QWidget:
    """A post where every case needs two cards: nothing has to be opened."""
    return approver_page(look, size, flagged=(), seconds=())


@scene("10b-approvals")
def approvals_list(look: Look, size: Size) -> QWidget:
    page = ApprovalsPage(look)
    preparer, _ = names(look)
    name = "KIM HANEUL" if look.language == "en" else "김하늘"
    waiting = WaitingCase("LA-2026-001842", name, 2, preparer, "3", "10:34", 492)
    other = replace(waiting, number="LA-2026-001845", items=0, window="1", left=580)
    page.render(ApprovalsView((waiting, other)))
    return place_shell(look, size, page, "approvals", "10:36")


@scene("10b-approvals-none")
def approvals_none(look: Look, size: Size) -> QWidget:
    page = ApprovalsPage(look)
    page.render(ApprovalsView())
    return place_shell(look, size, page, "approvals", "10:36")


def lent_page(look: Look, size: Size, code: str = "") -> QWidget:
    page = LentReaderPage(look)
    trouble = TROUBLES.of(code, look.language, {}) if code else None
    page.render(LentView("LA-2026-001842", trouble))
    shell = Shell(look)
    shell.resize(*size)
    shell.add_full_page(page)
    shell.show()
    shell.show_full(page)
    return shell


@scene("10c-lent-reader")
def lent_reader(look: Look, size: Size) -> QWidget:
    return lent_page(look, size)


@scene("10c-lent-reader-preparer")
def lent_to_preparer(look: Look, size: Size) -> QWidget:
    return lent_page(look, size, "REVIEW-03")


def slots(look: Look, *, signed: bool) -> tuple[Slot, ...]:
    say = OwnWords(look, AREA)
    preparer, approver = names(look)
    half, waiting = say("state.half"), say("state.waiting")
    first = say("slots.first", name=preparer)
    if not signed:
        return (
            Slot(Glyph.HALF, half, first, say("slots.turn")),
            Slot(Glyph.WAITING, waiting, say("slots.second"), say("slots.can", names=approver)),
        )
    return (
        Slot(Glyph.PASSED, say("state.passed"), first, say("slots.signed", time="10:34")),
        Slot(Glyph.HALF, half, say("slots.second"), say("slots.left", left="08:12")),
    )


@scene("09-review-two-cards")
def review_two_cards(look: Look, size: Size) -> QWidget:
    return review_page(look, size, opened=True, slots=slots(look, signed=False))


@scene("09b-review-waiting")
def review_waiting(look: Look, size: Size) -> QWidget:
    two = slots(look, signed=True)
    return review_page(look, size, opened=True, slots=two, waiting=True, read_only=True)


@scene("09b-review-returned")
def review_returned(look: Look, size: Size) -> QWidget:
    reason = OwnWords(look, AREA)("return_reason.look_again")
    told = TROUBLES.of("REVIEW-12", look.language, {"reason": reason})
    two = slots(look, signed=False)
    return review_page(look, size, opened=True, slots=two, trouble=told)
