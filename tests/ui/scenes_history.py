"""Scenes of the case history, of what must change, and of posts and services."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import cast

from PySide6.QtWidgets import QWidget

from desk.counter import posts_view
from desk.counter.history import Detail, Event, Found, Masked, Revealed
from desk.counter.notices import DUE, Line, Listing
from desk.counter.posts_view import PostsAndServices
from desk.counter.settings import load_settings
from desk.counter.station import Station
from desk.credential.claims import load_profile
from desk.issuance.case import CaseKind
from desk.issuance.posts import load_posts
from desk.store.history import Outcome
from desk.store.notice_file import NoticeKind
from desk.store.notices import Source
from desk.store.status import Validity
from desk.ui.look import Look
from desk.ui.pages.changes import ChangesPage, ChangesView
from desk.ui.pages.history import HistoryPage, HistoryView
from desk.ui.pages.history_parts import Search
from desk.ui.pages.posts import PostsPage, PostsView
from tests.ui import samples
from tests.ui.scenes import Size, scene
from tests.ui.scenes_audit import NAMES, place_shell

# Number, name, Latin name, year of birth, outcome, why, minutes ago, officers.
LINES = (
    ("001842", "김•늘", "KIM H•••••", "1991", Outcome.USABLE, "", 41, "T-001 T-002"),
    ("001841", "이•호", "LEE J••••", "1984", Outcome.WAITING, "", 53, "T-002 T-002"),
    ("001839", "오•우", "OH E•••••", "2003", Outcome.NOT_PROVEN, "", 74, "T-001 T-001"),
    ("001838", "박•윤", "PARK D••••", "1987", Outcome.REFUSED, "rule_not_met", 78, "T-001 "),
    ("001836", "윤•희", "YOON J••••", "1959", Outcome.USABLE, "", 85, "T-001 T-001"),
    ("001829", "강•린", "KANG S••••", "1998", Outcome.SUSPENDED, "loss_call", 4063, "T-002 T-002"),
    ("001815", "서•안", "SEO J••••", "1967", Outcome.CANCELLED, "applicant_left", 5760, "T-001 "),
    ("001802", "문•율", "MOON H••••", "2011", Outcome.USABLE, "", 6977, "T-002 T-002"),
    ("001790", "배•아", "BAE R••••", "1989", Outcome.REVOKED, "struck_off", 8674, "T-001 T-002"),
    ("001777", "", "NAMGOONG G•••••", "1972", Outcome.USABLE, "", 9776, "T-001 T-001"),
    ("001764", "", "", "", Outcome.EXPIRED, "left_open", 14255, "T-002 "),
)


def list_lines(now: datetime) -> tuple[Masked, ...]:
    return tuple(
        Masked(
            number=f"LA-2026-{number}",
            kind=CaseKind.REISSUE if number == "001790" else CaseKind.ISSUE,
            hangul=hangul,
            latin=latin,
            birth_date=f"{year}-••-••" if year else "",
            outcome=outcome,
            reason=why,
            proven=number != "001802",
            opened_at=now - timedelta(minutes=ago),
            officer=who.partition(" ")[0],
            approver=who.partition(" ")[2],
            purged=not latin,
        )
        for number, hangul, latin, year, outcome, why, ago, who in LINES
    )


def steps(start: datetime) -> tuple[Event, ...]:
    told: tuple[tuple[str, int, str, dict[str, str | int]], ...] = (
        ("opened", 0, "consent_applicant", {"n": 4}),
        ("document", 3, "document", {"result": "passed"}),
        ("eligible", 4, "eligible", {"n": 8, "edition": "2026-07"}),
        ("face", 7, "face", {"judgement": "same", "distance": "0.38"}),
        ("approved", 13, "approved", {"who": "T-001 T-002"}),
        ("offered", 14, "offered", {"n": 10}),
        ("delivered", 15, "delivered", {"n": 2}),
        ("proven", 17, "", {}),
        ("closed", 19, "slip", {"slip": "LA03-000417"}),
    )
    return tuple(
        Event(key, start + timedelta(minutes=after), detail, facts)
        for key, after, detail, facts in told
    )


def history_view(look: Look, clock: str = "11:05", **changes: object) -> HistoryView:
    here = samples.here(clock)
    lines = list_lines(here.now)
    line = lines[0]
    detail = Detail(
        line=line,
        passport="M12••••67",
        resident="••••••-•••••••",
        events=steps(line.opened_at),
        closed_at=line.opened_at + timedelta(minutes=19),
        holding=line.number,
    )
    view = HistoryView(
        here=here,
        search=Search(),
        found=Found(lines, 214, 1842, 0, 0.0042, ("T-001", "T-002")),
        chosen=line.number,
        detail=detail,
        names=NAMES[look.language],
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def history_shell(look: Look, size: Size, view: HistoryView) -> QWidget:
    page = HistoryPage(look)
    page.render(view)
    return place_shell(look, size, page, "history", "11:05")


@scene("admin-01-history")
def history(look: Look, size: Size) -> QWidget:
    return history_shell(look, size, history_view(look))


@scene("admin-01b-history-shown")
def history_shown(look: Look, size: Size) -> QWidget:
    """One case without its masks; the well counts down."""
    view = history_view(look)
    revealed = Revealed(
        number=view.chosen,
        hangul="김하늘",
        latin="KIM HANEUL",
        birth_date=date(1991, 3, 14),
        passport="M123A4567",
        resident="910314-2••••••",
        until=view.here.now + timedelta(seconds=23),
    )
    return history_shell(look, size, replace(view, revealed=revealed))


@scene("admin-01c-history-purged")
def history_purged(look: Look, size: Size) -> QWidget:
    """Nothing personal is left of the last case; its steps are."""
    view = history_view(look)
    assert view.found is not None
    line = view.found.lines[-1]
    events = (
        Event("opened", line.opened_at),
        Event("expired", line.opened_at + timedelta(days=1, hours=2), "ended", {}),
    )
    detail = Detail(line, "", "", events, None, holding="")
    return history_shell(look, size, replace(view, chosen=line.number, detail=detail))


@scene("admin-01d-history-none")
def history_none(look: Look, size: Size) -> QWidget:
    view = history_view(look, found=Found((), 0, 1842, 0, 0.003, ()), chosen="", detail=None)
    return history_shell(look, size, view)


@scene("admin-01e-history-first")
def history_first(look: Look, size: Size) -> QWidget:
    view = history_view(look, found=None, chosen="", detail=None)
    return history_shell(look, size, view)


# What must change

DUE_LINES = (
    ("001836", NoticeKind.DELETED, "2026-11-12", "LA-REG-2026-118", "윤•희", "YOON J•••••", True),
    ("001802", NoticeKind.DIED, "2026-11-03", "LA-FAM-2026-007", "문•율", "MOON H•••••", True),
    ("001777", NoticeKind.NEW_PASSPORT, "", "", "한•결", "HAN G•••••", True),
    (
        "001829",
        NoticeKind.NEW_PASSPORT,
        "2026-11-18",
        "P-2026-44120",
        "강•린",
        "KANG S•••••",
        False,
    ),
    ("000214", NoticeKind.MISSING, "", "", "", "", True),
)


def change_lines(now: datetime) -> tuple[Line, ...]:
    return tuple(
        Line(
            number=f"LA-2026-{number}",
            kind=kind,
            due=DUE[kind],
            source=Source.FILE if paper else Source.REGISTER,
            effective_on=date.fromisoformat(day) if day else None,
            document=paper,
            noted_at=now - timedelta(hours=2),
            issued_at=now - timedelta(days=20),
            validity=Validity.VALID if valid else Validity.SUSPENDED,
            hangul=hangul,
            latin=latin,
            ended_at=None,
            ended_by=(),
            end_reason="",
        )
        for number, kind, day, paper, hangul, latin, valid in DUE_LINES
    )


def changes_view(look: Look, **changes: object) -> ChangesView:
    here = samples.here("11:21")
    lines = change_lines(here.now)
    aside = replace(
        lines[3],
        ended_at=here.now - timedelta(hours=1),
        ended_by=("T-002",),
        end_reason="settled_elsewhere",
    )
    listing = Listing(lines, (aside,), here.now - timedelta(hours=2, minutes=20))
    view = ChangesView(here=here, listing=listing, names=NAMES[look.language])
    return replace(view, **changes)  # type: ignore[arg-type]


def changes_shell(look: Look, size: Size, view: ChangesView) -> QWidget:
    page = ChangesPage(look)
    page.render(view)
    return place_shell(look, size, page, "aftercare", "11:21")


@scene("admin-02f-changes")
def changes(look: Look, size: Size) -> QWidget:
    return changes_shell(look, size, changes_view(look))


@scene("admin-02g-changes-aside")
def changes_aside(look: Look, size: Size) -> QWidget:
    return changes_shell(look, size, changes_view(look, shows_aside=True, taken=(4, 1)))


@scene("admin-02h-changes-none")
def changes_none(look: Look, size: Size) -> QWidget:
    """Nothing must change; an administrator looks."""
    now = samples.here("11:21").now
    return changes_shell(
        look, size, changes_view(look, listing=Listing((), (), now), may_act=False)
    )


@scene("admin-02i-changes-not-compared")
def changes_not_compared(look: Look, size: Size) -> QWidget:
    return changes_shell(look, size, changes_view(look, listing=Listing()))


# Posts and services


def posts_found(clock: str, *, training: bool) -> PostsAndServices:
    """What the files say, at a sample's moment; the exercises stand behind in a rehearsal."""
    posts = load_posts()
    station = SimpleNamespace(
        posts=posts,
        post=posts.post("LA"),
        now=lambda: samples.here(clock).now,
        profile=load_profile(),
        settings=load_settings(),
        training=training,
    )
    return posts_view.look(cast(Station, station))


def posts_shell(look: Look, size: Size, view: PostsView) -> QWidget:
    page = PostsPage(look)
    page.render(view)
    return place_shell(look, size, page, "posts", "10:26")


@scene("admin-05-posts-services")
def posts_and_services(look: Look, size: Size) -> QWidget:
    here = samples.here("10:26")
    return posts_shell(look, size, PostsView(here, posts_found("10:26", training=True)))


@scene("admin-05b-posts-services-silent")
def posts_and_silent_services(look: Look, size: Size) -> QWidget:
    """No real service has said what it asks for."""
    here = samples.here("10:26")
    return posts_shell(look, size, PostsView(here, posts_found("10:26", training=False)))
