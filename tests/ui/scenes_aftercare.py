"""Scenes of after-care: the call, what a person holds, and the dialogs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from PySide6.QtWidgets import QWidget

from desk.counter.holdings import Deed, Holding, Moment, Standing
from desk.issuance.aftercare import CareAct
from desk.issuance.case import Act, Activation, Case, CaseKind, State, advance
from desk.store.holders import Credential, Person
from desk.store.notice_file import NoticeKind
from desk.store.notices import MustChange, Source
from desk.store.status import StatusSlot, Validity
from desk.ui.aftercare_dialogs import (
    CareDialog,
    Signer,
    SuspendDialog,
    TwoCardsActDialog,
    TwoCardsView,
)
from desk.ui.look import Look
from desk.ui.pages.aftercare import AREA, AftercarePage, AftercareView
from desk.ui.pages.hand_over import HandOverPage, HandOverView
from desk.ui.pages.own_words import OwnWords
from desk.ui.steps import StepKey
from tests.counter.slips import samples as printed
from tests.ui import samples
from tests.ui.scenes import TROUBLES, Size, scene, shell_for
from tests.ui.scenes_audit import NAMES, place_shell

NUMBER = "LA-2026-001842"
HANEUL = Person("김하늘", "KIM HANEUL", date(1991, 3, 14))
KEY = "fzqRwtdXb1pSm6kE1oL9c0uQZb8wX3y5nG7hV2tJrKo"
ALL = frozenset({Deed.SUSPEND, Deed.RESUME, Deed.REISSUE, Deed.ACTIVATE, Deed.REVOKE})
PAST = (
    ("PROOF.GIVEN", 40, ("T-001",), {}),
    ("CASE.ANSWERED", 42, ("T-001",), {}),
    ("CASE.APPROVED", 44, ("T-001", "T-002"), {}),
    ("FACE.JUDGED", 50, ("T-001",), {"judgement": "same"}),
    ("DOCUMENT.CHECKED", 54, ("T-001",), {"overall": "passed"}),
)


def _credential(configuration: str, index: int, validity: Validity, at: datetime) -> Credential:
    slot = StatusSlot("5f0c2a9e", index)
    return Credential(configuration, slot, validity, at, KEY, at, at + timedelta(days=365))


def holding(now: datetime, **changes: object) -> Holding:
    """Kim Haneul's credential, usable since this morning."""
    at = now - timedelta(minutes=40)
    one = Holding(
        number=NUMBER,
        person=HANEUL,
        state=State.PROVEN,
        kind=CaseKind.ISSUE,
        former=None,
        standing=Standing.USABLE,
        credentials=(
            _credential("mdoc", 184_467, Validity.VALID, at),
            _credential("sd-jwt", 902_113, Validity.VALID, at),
        ),
        issued_at=now - timedelta(minutes=42),
        valid_until=date(2029, 11, 22),
        slip="LA03-000417",
        moments=tuple(
            Moment(kind, now - timedelta(minutes=ago), actors, facts)
            for kind, ago, actors, facts in PAST
        ),
        purged=False,
        reported=False,
        published=True,
        why_not={
            Deed.RESUME: "is_usable",
            Deed.ACTIVATE: "is_usable",
            Deed.UNDO: "undo_over",
        },
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def suspended(now: datetime, **changes: object) -> Holding:
    at = now - timedelta(seconds=9)
    one = holding(now)
    moment = Moment("CARE.SUSPENDED", at, ("T-001",), {"reason": "loss_call"})
    return replace(
        one,
        standing=Standing.SUSPENDED,
        credentials=tuple(
            replace(credential, validity=Validity.SUSPENDED, changed_at=at)
            for credential in one.credentials
        ),
        moments=(moment, *one.moments),
        reported=True,
        undo_until=now + timedelta(seconds=51),
        why_not={Deed.SUSPEND: "is_suspended", Deed.ACTIVATE: "is_suspended"},
        **changes,  # type: ignore[arg-type]
    )


def unproven(now: datetime) -> Holding:
    return replace(
        holding(now),
        state=State.DELIVERED,
        standing=Standing.UNPROVEN,
        moments=holding(now).moments[1:],
        why_not={Deed.RESUME: "not_proven", Deed.REISSUE: "not_proven", Deed.UNDO: "undo_over"},
    )


def view(look: Look, one: Holding | None, clock: str = "11:21", **changes: object) -> AftercareView:
    made = AftercareView(
        here=samples.here(clock),
        found=(one,) if one is not None else None,
        holding=one,
        call_seconds=17,
        offered=ALL,
        must_change=3,
        has_history=True,
        names=NAMES[look.language],
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def shell(look: Look, size: Size, shown: AftercareView, name: str = "김하늘") -> QWidget:
    page = AftercarePage(look)
    if name:
        page.call.show_person(name, HANEUL.birth_date)
    page.render(shown)
    return place_shell(look, size, page, "aftercare", "11:21")


def _now() -> datetime:
    return samples.here("11:21").now


@scene("admin-02-aftercare")
def usable(look: Look, size: Size) -> QWidget:
    return shell(look, size, view(look, holding(_now())))


@scene("admin-02-aftercare-begin")
def begin(look: Look, size: Size) -> QWidget:
    """Nobody was searched yet."""
    return shell(look, size, view(look, None, call_seconds=None), "")


@scene("admin-02-aftercare-suspended")
def just_suspended(look: Look, size: Size) -> QWidget:
    """A moment ago: it can be undone for a while."""
    return shell(look, size, view(look, suspended(_now()), undo_seconds=51))


@scene("admin-02-aftercare-due")
def not_out(look: Look, size: Size) -> QWidget:
    """Suspended in the records, the list is not out."""
    return shell(look, size, view(look, suspended(_now(), published=False), must_change=None))


@scene("admin-02-aftercare-moved")
def moved(look: Look, size: Size) -> QWidget:
    """Its list is published, but no longer where it points to."""
    return shell(
        look, size, view(look, suspended(_now(), published=False, moved=True), must_change=None)
    )


@scene("admin-02-aftercare-none")
def nobody(look: Look, size: Size) -> QWidget:
    return shell(look, size, view(look, None, found=()))


@scene("admin-02-aftercare-several")
def several(look: Look, size: Size) -> QWidget:
    now = _now()
    other = replace(holding(now), number="LA-2024-000311", standing=Standing.REVOKED)
    long = Person("남궁제갈하늘빛나라", "NAMGOONG JEGAL HANEULBITNARA ELIZABETH", HANEUL.birth_date)
    third = replace(suspended(now), number="LA-2025-001007", person=long)
    return shell(look, size, view(look, None, found=(holding(now), third, other)))


@scene("admin-02-aftercare-unproven")
def not_proven(look: Look, size: Size) -> QWidget:
    return shell(look, size, view(look, unproven(_now())))


def told(kind: NoticeKind, source: Source = Source.FILE) -> MustChange:
    at = _now() - timedelta(hours=3)
    by_file = source is Source.FILE
    return MustChange(
        case_number=NUMBER,
        kind=kind,
        source=source,
        effective_on=date(2026, 11, 20) if by_file else None,
        document="LA-REG-2026-0311" if by_file else "",
        noted_at=at,
        issued_at=at,
        validity=Validity.VALID,
        person=None,
    )


@scene("admin-02-aftercare-died")
def died(look: Look, size: Size) -> QWidget:
    """Suspended, and told since to have died: it can only be revoked. A second notice too."""
    one = suspended(_now())
    why = dict.fromkeys((Deed.RESUME, Deed.REISSUE, Deed.ACTIVATE), "must_revoke") | one.why_not
    notices = (told(NoticeKind.DIED), told(NoticeKind.MISSING, Source.REGISTER))
    return shell(look, size, view(look, replace(one, notices=notices, why_not=why)))


@scene("admin-02-aftercare-new-passport")
def new_passport(look: Look, size: Size) -> QWidget:
    one = suspended(_now())
    notices = (told(NoticeKind.NEW_PASSPORT, Source.REGISTER),)
    why = {Deed.RESUME: "new_passport", **one.why_not}
    return shell(look, size, view(look, replace(one, notices=notices, why_not=why)))


@scene("admin-02-aftercare-unproven-struck-off")
def unproven_struck_off(look: Look, size: Size) -> QWidget:
    """The most that may stand on the page: five rows and a notice."""
    one = unproven(_now())
    why = {Deed.ACTIVATE: "must_revoke", **one.why_not}
    return shell(
        look, size, view(look, replace(one, notices=(told(NoticeKind.DELETED),), why_not=why))
    )


@scene("admin-02-aftercare-replaced")
def replaced(look: Look, size: Size) -> QWidget:
    """Ended by its reissue; the present one is named."""
    now = _now()
    ended = Moment("CARE.REPLACED", now, ("T-001",), {"target": "LA-2026-001850"})
    one = replace(
        holding(now),
        standing=Standing.REVOKED,
        moments=(ended, *holding(now).moments),
        why_not=dict.fromkeys(Deed, "is_revoked"),
    )
    return shell(look, size, view(look, one))


@scene("admin-02-aftercare-reissued")
def reissued(look: Look, size: Size) -> QWidget:
    """What took the place of another phone's credential."""
    one = replace(holding(_now()), kind=CaseKind.REISSUE, former="LA-2025-000731")
    return shell(look, size, view(look, one))


@scene("admin-02-aftercare-purged")
def purged(look: Look, size: Size) -> QWidget:
    """The name is gone from the case; what was searched for stands there. A batch of ten."""
    now = _now()
    many = tuple(
        replace(_credential("sd-jwt", 7 * n, Validity.VALID, now), key=f"{n}{KEY[1:]}")
        for n in range(10)
    )
    one = replace(
        holding(now), person=replace(HANEUL, latin=""), purged=True, credentials=many, slip=""
    )
    return shell(look, size, view(look, one, back_to="LA-2026-001875"))


# Dialogs


def _over(dialog: CareDialog) -> QWidget:
    """A dialog alone; its window stays behind it."""
    dialog.show()
    return dialog


@scene("admin-02b-suspend-dialog")
def suspend_dialog(look: Look, _size: Size) -> QWidget:
    dialog = SuspendDialog(look, None, holding(_now()), on_call=True)
    dialog.asked.setChecked(True)
    return _over(dialog)


@scene("admin-02b-suspend-dialog-begin")
def suspend_begin(look: Look, _size: Size) -> QWidget:
    return _over(SuspendDialog(look, None, holding(_now()), on_call=False))


def _two_cards(look: Look, act: CareAct, shown: TwoCardsView) -> TwoCardsActDialog:
    dialog = TwoCardsActDialog(look, None, holding(_now()).whose, act)
    dialog.render(shown)
    return dialog


WORDS = (("강물", "river"), ("소나무", "pine"), ("나침반", "compass"), ("여름", "summer"))


def _names(look: Look) -> tuple[str, str]:
    korean = look.language == "ko"
    return ("이서준 영사", "정유나 영사") if korean else ("Consul Lee Seojun", "Consul Jung Yuna")


@scene("admin-02e-revoke-dialog")
def revoke_dialog(look: Look, _size: Size) -> QWidget:
    first, _ = _names(look)
    other = "다른 사람" if look.language == "ko" else "Another person"
    signers = (Signer(first, "signed"), Signer(other, "waits"))
    shown = TwoCardsView(signers, turn=1, why="why_second", words=WORDS)
    dialog = _two_cards(look, CareAct.REVOKE, shown)
    dialog.show_given("struck_off", "LA-REG-2026-0311")
    dialog.word.setText(dialog.say("ask.word"))
    return _over(dialog)


@scene("admin-02e-revoke-dialog-second")
def revoke_second(look: Look, _size: Size) -> QWidget:
    first, second = _names(look)
    signers = (Signer(first, "signed"), Signer(second, "now"))
    shown = TwoCardsView(signers, turn=1, ready=True, tries=3, words=WORDS)
    dialog = _two_cards(look, CareAct.REVOKE, shown)
    dialog.show_given("struck_off", "LA-REG-2026-0311")
    dialog.word.setText(dialog.say("ask.word"))
    return _over(dialog)


@scene("admin-02e-revoke-dialog-begin")
def revoke_begin(look: Look, _size: Size) -> QWidget:
    first, _ = _names(look)
    other = "다른 사람" if look.language == "ko" else "Another person"
    signers = (Signer(first, "now"), Signer(other, "later"))
    return _over(_two_cards(look, CareAct.REVOKE, TwoCardsView(signers, ready=True, tries=3)))


@scene("admin-02f-activate-dialog")
def activate_dialog(look: Look, _size: Size) -> QWidget:
    first, _ = _names(look)
    other = "다른 사람" if look.language == "ko" else "Another person"
    signers = (Signer(first, "now"), Signer(other, "later"))
    spoken = TROUBLES.of("CARD-01", look.language, {})
    shown = TwoCardsView(signers, ready=True, tries=2, trouble=spoken)
    return _over(_two_cards(look, CareAct.ACTIVATE, shown))


@scene("admin-02k-set-aside-dialog")
def set_aside_dialog(look: Look, _size: Size) -> QWidget:
    """A death that was told of a holder with a long name, who stands at the counter."""
    first, _ = _names(look)
    other = "다른 사람" if look.language == "ko" else "Another person"
    signers = (Signer(first, "signed"), Signer(other, "waits"))
    person = Person("남궁하늘빛나라", "NAMGUNG HANEULBITNARA", date(1991, 3, 14))
    whose = holding(_now(), person=person).whose
    dialog = TwoCardsActDialog(look, None, whose, CareAct.SET_ASIDE)
    dialog.render(TwoCardsView(signers, turn=1, why="why_second", words=WORDS))
    dialog.show_given("notice_wrong", "FAM-2026-0044")
    return _over(dialog)


# The hand-over of what no phone presented


def _handed(look: Look, size: Size, case: Case, **changes: object) -> QWidget:
    page = HandOverPage(look)
    page.render(HandOverView(samples.here("10:43"), case, **changes))  # type: ignore[arg-type]
    words = ("“여권과 안내장을 챙기세요”", "“Take your passport and slip”")
    return shell_for(look, size, page, case, StepKey.HAND_OVER, "10:43", words)


@scene("14h-hand-over-may-activate")
def hand_over_not_proven(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.DELIVERED, issued=samples.issued(), held="not_proven")
    return _handed(look, size, case, printing=True, may_activate=True)


@scene("14i-hand-over-barred")
def hand_over_barred(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.DELIVERED, issued=samples.issued(), held="not_proven")
    pdf = printed.handover(printed.sheet(), usable_since=None, barred=True)
    why = OwnWords(look, AREA)("why.is_reported")
    return _handed(look, size, case, slip=pdf, serial="LA03-000416", printed_at="10:43", bar=why)


@scene("14g-hand-over-activated")
def hand_over_activated(look: Look, size: Size) -> QWidget:
    case = samples.offered_case(State.DELIVERED, issued=samples.issued())
    at = samples.local("10:42:10")
    activation = Activation(at, ("T-001", "T-002"), "app_cannot", "00" * 32)
    active = advance(case, Act.ACTIVATE, at, activation=activation)
    return _handed(look, size, active, printing=True)
