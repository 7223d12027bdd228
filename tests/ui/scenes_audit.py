"""Scenes of the audit log and of the day's close."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from PySide6.QtWidgets import QWidget

from desk.counter.audit_view import Filter, LogLine, LogReport, SealLine
from desk.counter.copies import CopyState
from desk.counter.patterns import Oddity, Pattern
from desk.issuance.books import Book, BookState, DayBooks, Explanation, Fate, Item, Reason
from desk.issuance.checkpoints import Checkpoint
from desk.issuance.posts import SEOUL
from desk.issuance.seals import Purpose
from desk.store.day_books import DayClose, DaySignature
from desk.ui import says
from desk.ui.look import Look
from desk.ui.pages.audit import AuditPage, AuditView
from desk.ui.pages.day_close import DayClosePage, DayCloseView
from desk.ui.parts.frame import HeaderView, Page
from desk.ui.parts.rail import NavEntry
from desk.ui.shell import Shell
from tests.ui import samples
from tests.ui.scenes import TROUBLES, Size, rail_for, scene

NAMES = {
    "ko": {"T-001": "이서준", "T-002": "정유나"},
    "en": {"T-001": "Lee Seojun", "T-002": "Jung Yuna"},
}
RAIL = (
    ("board", "layout-dashboard"),
    ("history", "folder-search"),
    ("aftercare", "tablet"),
    ("day_close", "calendar-check-2"),
    ("audit", "history"),
    ("posts", "globe"),
    ("setup", "settings"),
)
CASE = "LA-2026-001875"
# Kind, who, about, seconds before the first; the newest first.
EVENTS = (
    ("SESSION.LOCKED", "officer:T-001", "", 0),
    ("CASE.CLOSED", "officer:T-002", CASE, 628),
    ("AUDIT.COPIED", "station:LA-03", "", 726),
    ("PROOF.GIVEN", "officer:T-002", CASE, 733),
    ("CRED.SIGNED", "officer:T-001", CASE, 817),
    ("CRED.INTENT", "officer:T-001", CASE, 818),
    ("PHONE.KEY_TAKEN", "station:LA-03", CASE, 846),
    ("OFFER.PLACED", "officer:T-001", CASE, 928),
    ("AUDIT.SEALED", "officer:T-002", CASE, 1015),
    ("CASE.APPROVED", "officer:T-002", CASE, 1016),
    ("REVIEW.ITEM_OPENED", "officer:T-002", CASE, 1221),
    ("SLIP.ISSUED", "officer:T-002", "LA-2026-001790", 1325),
    ("SESSION.PIN_REFUSED", "station:LA-03", "", 1422),
    ("REGISTER.IMPORTED", "command:import-register", "", 1758),
    ("STATUS.PUBLISHED", "station:LA-03", "", 1801),
    ("CASE.OPENED", "officer:T-001", "LA-2026-001790", 1900),
)


def place_shell(look: Look, size: Size, page: Page, place: str, clock: str = "16:44") -> Shell:
    """A page as one of the rail's places."""
    shell = Shell(look)
    shell.resize(*size)
    shell.add_page(page)
    here = samples.here(clock)
    shell.show_header(
        HeaderView(
            look.say("header.idle"),
            says.header_time(look, here.now, here.zone),
            says.header_time(look, here.now, SEOUL),
        )
    )
    entries = tuple(
        NavEntry(key, look.say(f"place.{key}"), icon, current=key == place) for key, icon in RAIL
    )
    shell.show_rail(replace(rail_for(look, here, None, None), entries=entries))
    shell.show()
    shell.show_page(page)
    return shell


def audit_lines(now: datetime, newest: int = 48_217) -> tuple[LogLine, ...]:
    return tuple(
        LogLine(
            seq=newest - place,
            at=now - timedelta(seconds=112 + ago),
            kind=kind,
            actor=actor,
            about=about,
            hash=f"{(place + 3) * 0x1F2E3D4C55AA77 % 2**64:064x}"[::-1],
            sealed=place > 7,
            is_head=kind == "CASE.APPROVED",
        )
        for place, (kind, actor, about, ago) in enumerate(EVENTS)
    )


def seal_lines(now: datetime) -> tuple[SealLine, ...]:
    words = (
        (("강물", "river"), ("소나무", "pine"), ("나침반", "compass"), ("여름", "summer")),
        (("바다", "sea"), ("연필", "pencil"), ("구름", "cloud"), ("다리", "bridge")),
        (("산길", "mountain path"), ("등대", "lighthouse"), ("보리", "barley"), ("창문", "window")),
        (("우산", "umbrella"), ("벽돌", "brick"), ("안개", "fog"), ("기차", "train")),
    )
    given = (
        (Purpose.APPROVAL, 48_208, timedelta(minutes=19), ("T-001", "T-002")),
        (Purpose.SIGN_IN, 48_020, timedelta(hours=3, minutes=40), ("T-001",)),
        (Purpose.SIGN_IN, 47_866, timedelta(hours=7, minutes=52), ("T-001",)),
        (Purpose.DAY_CLOSE, 47_865, timedelta(days=3), ("T-001", "T-002")),
    )
    return tuple(
        SealLine(purpose, size, now - ago, officers, spoken)
        for (purpose, size, ago, officers), spoken in zip(given, words, strict=True)
    )


def audit_view(look: Look, clock: str = "16:44", **changes: object) -> AuditView:
    here = samples.here(clock)
    report = LogReport(
        events=48_217,
        seals=612,
        sealed=48_208,
        at=here.now,
        seconds=0.9,
        copy=CopyState(48_214, here.now - timedelta(minutes=14), 0),
    )
    view = AuditView(
        here=here,
        report=report,
        lines=audit_lines(here.now),
        seals=seal_lines(here.now),
        names=NAMES[look.language],
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def audit_shell(look: Look, size: Size, view: AuditView) -> QWidget:
    page = AuditPage(look, TROUBLES)
    page.render(view)
    shell = place_shell(look, size, page, "audit")
    page.log.rows.choose(1)
    page.render(view)
    return shell


@scene("admin-04-audit")
def audit(look: Look, size: Size) -> QWidget:
    now = samples.here("16:44").now
    odd = (Oddity(Pattern.OUT_OF_HOURS, 47_900, now - timedelta(days=2), "officer:T-002"),)
    return audit_shell(look, size, audit_view(look, oddities=odd))


@scene("admin-04b-audit-broken")
def audit_broken(look: Look, size: Size) -> QWidget:
    """The first line that does not hold, and what stands behind it."""
    view = audit_view(look)
    assert view.report is not None
    facts: dict[str, str | float | None] = {"line": 48_210, "size": 48_215, "after": 48_209}
    report = replace(view.report, broken=48_210, code="AUDIT-14", facts=facts)
    return audit_shell(look, size, replace(view, report=report))


@scene("admin-04c-audit-copy-away")
def audit_copy_away(look: Look, size: Size) -> QWidget:
    """The second place does not answer; nobody's root is there to ask."""
    view = audit_view(look)
    assert view.report is not None
    copy = CopyState(48_020, view.here.now - timedelta(hours=3), 2)
    report = replace(view.report, traced=False, copy=copy, copy_code="AUDIT-20")
    return audit_shell(look, size, replace(view, report=report, chosen=Filter.SIGNATURES))


@scene("admin-04d-audit-empty")
def audit_empty(look: Look, size: Size) -> QWidget:
    view = audit_view(look, lines=(), seals=(), checking=True, report=None)
    return audit_shell(look, size, view)


# The day's close

WORDS = (("우물", "well"), ("소금", "salt"), ("기러기", "goose"), ("언덕", "hill"))


def many(prefix: str, start: int, **fates: int) -> tuple[Item, ...]:
    """Numbered things with these fates."""
    items, number = [], start
    for fate, count in fates.items():
        for _ in range(count):
            items.append(Item(f"{prefix}{number:06d}", Fate(fate)))
            number += 1
    return tuple(items)


def day_books(explained: bool = False) -> DayBooks:
    cases = many("LA-2026-", 1830, issued=27, refused=4, ended=2, open=1)
    offers = many("LA-2026-", 1830, taken=27, expired=4, void=2)
    slips = many("LA01-", 361, handed=31, spoiled=4)
    facts = {
        "printed_at": "2026-11-23T22:12:00+00:00",
        "printed_by": "officer:T-002",
        "case": "LA-2026-001861",
        "voided_at": "2026-11-23T22:15:00+00:00",
    }
    lost = Item("LA01-000397", Fate.UNEXPLAINED, facts)
    return DayBooks(
        day=date(2026, 11, 23),
        post="LA",
        books=(
            BookState(Book.CASES, 34, cases),
            BookState(Book.OFFERS, 33, offers),
            BookState(Book.SLIPS, 36, (*slips, lost)),
            BookState(Book.INDEXES, 56, many("1/", 1, credential=54, void=2)),
        ),
        not_proven=("LA-2026-001839",),
        carried=("LA-2026-001833",),
    )


REMARK = "첫 장이 번져 다시 인쇄. 파쇄함에서 조각을 확인함."
TOLD = (Explanation(Book.SLIPS, "LA01-000397", Reason.SPOILED_UNRECORDED, REMARK),)


def signature(place: int, clock: str) -> DaySignature:
    name = ("이서준 영사", "정유나 영사")[place]
    return DaySignature(f"T-00{place + 1}", name, "00" * 32, samples.here(clock).now, "", "")


def day_close(*clocks: str) -> DayClose:
    text = Checkpoint("desk-audit/0123456789abcdef0123456789abcdef", 48_224, bytes(32)).text
    signed = tuple(signature(place, clock) for place, clock in enumerate(clocks))
    at = samples.here(clocks[1]).now if len(clocks) > 1 else None
    return DayClose(date(2026, 11, 23), b"{}", "00" * 32, text, signed, at)


def close_view(look: Look, clock: str = "16:42", **changes: object) -> DayCloseView:
    view = DayCloseView(
        here=samples.here(clock),
        day=date(2026, 11, 23),
        books=day_books(),
        names=NAMES[look.language],
        officer="이서준 영사" if look.language == "ko" else "Consul Lee Seojun",
        card_present=True,
        tries=3,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def close_shell(look: Look, size: Size, view: DayCloseView) -> QWidget:
    page = DayClosePage(look)
    page.render(view)
    clock = view.here.now.astimezone(view.here.zone).strftime("%H:%M")
    return place_shell(look, size, page, "day_close", clock)


@scene("admin-03-day-close")
def day_close_open(look: Look, size: Size) -> QWidget:
    return close_shell(look, size, close_view(look))


@scene("admin-03a-day-close-to-sign")
def day_close_to_sign(look: Look, size: Size) -> QWidget:
    """Every difference explained: the first card signs."""
    view = close_view(look, explained=TOLD, turn=0, words=WORDS)
    return close_shell(look, size, view)


@scene("admin-03c-day-close-second")
def day_close_second(look: Look, size: Size) -> QWidget:
    """The first card has signed, another person sits there."""
    view = close_view(
        look, "16:49", explained=TOLD, close=day_close("16:48"), turn=1, words=WORDS,
        listed=(Book.CASES, "refused"),
    )  # fmt: skip
    return close_shell(look, size, view)


@scene("admin-03b-day-closed")
def day_closed(look: Look, size: Size) -> QWidget:
    view = close_view(
        look, "16:49", explained=TOLD, close=day_close("16:48", "16:49"), words=WORDS,
        seal_words=WORDS,
    )  # fmt: skip
    return close_shell(look, size, view)


@scene("admin-03d-day-empty")
def day_empty(look: Look, size: Size) -> QWidget:
    bare = tuple(BookState(book, 0, ()) for book in Book)
    return close_shell(look, size, close_view(look, books=replace(day_books(), books=bare)))
