"""Past cases at the counter: masked, unmasked with a reason only, and what each went through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from desk.counter import history
from desk.counter.history import RevealReason
from desk.counter.station import Station
from desk.issuance.case import (
    Act,
    Case,
    CaseKind,
    Consent,
    Ending,
    State,
    Step,
    advance,
    open_case,
)
from desk.issuance.roles import Role, RoleMayNot
from desk.store import cases, journal, retention, slips, status
from desk.store.history import HistoryIndex, Outcome, Wanted
from desk.store.slips import SlipKind
from desk.store.status import Validity
from desk.store.troubles import CaseMissing, CasePurged
from tests.counter.sealed import NUMBER, START, officer, station_in
from tests.samples import ENTRY, PASSPORT

SECRETS = ("김하늘", "HANEUL", "1991-03-14", "M123A4567", "2987654")


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with station_in(tmp_path) as opened:
        yield opened


def kept(station: Station, number: str = NUMBER, **changes: object) -> Case:
    stamp = station.stamp(officer(1))
    case = open_case(number, "LA", "3", "T-001", "이서준", START)
    consent = Consent(("issuance", "face"), "1", "ko", START)
    done = advance(
        case, Act.CHECK_DOCUMENT, START, document=PASSPORT, register=ENTRY, consent=consent
    )
    steps = (*done.history, Step(State.APPROVED, START + timedelta(minutes=9)))
    done = replace(done, state=State.APPROVED, history=steps)
    done = replace(done, **changes)  # type: ignore[arg-type]
    with station.store.write() as session:
        cases.add(session, stamp, case)
        cases.save(session, stamp, done, "CASE.SAVED")
    return done


def proven(station: Station, number: str = NUMBER) -> Case:
    """With a credential in force and the slip that went home with it."""
    case = kept(station, number, state=State.PROVEN, closed_at=START + timedelta(minutes=19))
    stamp = station.stamp(officer(1))
    with station.store.write() as session:
        slot = status.take(session, stamp, number)
        status.set_validity(session, stamp, slot, Validity.VALID, "proven")
        slips.issue(session, stamp, "LA03", number, SlipKind.HANDOVER, "ko")
    return case


def test_what_is_listed_is_masked(station: Station) -> None:
    """Neither list nor case gives anything away."""
    kept(station)
    index = HistoryIndex()

    found = history.search(station, officer(), index, Wanted("김하늘"))
    told = history.detail(station, officer(), index, NUMBER)

    (line,) = found.lines
    assert (line.hangul, line.latin, line.birth_date) == ("김•늘", "KIM H•••••", "1991-••-••")
    assert (told.passport, told.resident) == ("M12••••67", "••••••-•••••••")
    assert not [secret for secret in SECRETS if secret in repr((found, told))]


@pytest.mark.parametrize(
    ("name", "masked"),
    [("김하늘", "김•늘"), ("김늘", "김•"), ("남궁하늘", "남••늘"), ("늘", "늘"), ("", "")],
)
def test_the_middle_of_a_name(name: str, masked: str) -> None:
    assert history.masked_hangul(name) == masked


def test_the_length_of_a_name_does_not_show() -> None:
    """Beyond six letters all look alike; somebody may have one name only."""
    assert history.masked_latin("KIM", "HANEULBYEOL") == "KIM H•••••"
    assert history.masked_latin("KIM", "") == "KIM"
    assert history.masked_passport("M12") == "•••"


def test_unmasking_gives_one_case_and_the_log_says_who_and_why(station: Station) -> None:
    kept(station)

    shown = history.reveal(station, officer(), NUMBER, RevealReason.HOLDER_ASKS)

    with station.store.read() as session:
        event = journal.events(session, case=NUMBER)[-1]
    assert (shown.hangul, shown.birth_date) == ("김하늘", date(1991, 3, 14))
    assert (shown.passport, shown.resident) == ("M123A4567", "910314-2987654")
    assert shown.until == event.at + history.SHOWN_FOR
    assert (event.kind, event.actor) == ("HISTORY.REVEALED", "officer:T-001")
    assert dict(event.facts) == {"reason": "holder_asks"}
    # A log line or a traceback with it would not show it either.
    assert not [secret for secret in SECRETS if secret in repr(shown)]


def test_a_purged_case_has_nothing_to_unmask(station: Station) -> None:
    """Its steps, slips and status stay, and it is found by its number."""
    proven(station)
    retention.purge(station.store, station.stamp(), START + timedelta(days=40))
    index = HistoryIndex()

    (line,) = history.search(station, officer(), index, Wanted(NUMBER)).lines
    told = history.detail(station, officer(), index, NUMBER)

    assert line.purged and not told.readable
    assert (line.outcome, line.latin, line.birth_date) == (Outcome.USABLE, "", "")
    assert [one.key for one in told.events][:3] == ["opened", "document", "approved"]
    assert told.events[-1].facts == {"slip": "LA03-000001"}
    assert history.search(station, officer(), index, Wanted("김하늘")).count == 0
    with pytest.raises(CasePurged):
        history.reveal(station, officer(), NUMBER, RevealReason.LOSS)


def test_a_case_without_a_passport_has_nothing_either(station: Station) -> None:
    with station.store.write() as session:
        case = open_case(NUMBER, "LA", "3", "T-001", "이서준", START)
        cases.add(session, station.stamp(), case)

    told = history.detail(station, officer(), HistoryIndex(), NUMBER)

    assert not told.readable and not told.line.purged and told.holding == ""
    with pytest.raises(CasePurged):
        history.reveal(station, officer(), NUMBER, RevealReason.LOSS)


def test_the_steps_of_a_case(station: Station) -> None:
    proven(station)

    told = history.detail(station, officer(), HistoryIndex(), NUMBER)

    assert [(one.key, one.detail) for one in told.events] == [
        ("opened", "consent_applicant"),
        ("document", "document"),
        ("approved", ""),
        ("closed", "slip"),
    ]
    assert told.events[0].facts == {"n": 2}
    assert told.closed_at == START + timedelta(minutes=19)
    assert told.holding == NUMBER


def test_why_a_case_ended(station: Station) -> None:
    ended = Step(State.REFUSED, START + timedelta(minutes=10))
    case = kept(station)
    with station.store.write() as session:
        refused = replace(
            case,
            state=State.REFUSED,
            ending=Ending("rule_not_met"),
            history=(*case.history, ended),
        )
        cases.save(session, station.stamp(), refused, "CASE.REFUSED")

    told = history.detail(station, officer(), HistoryIndex(), NUMBER)

    last = told.events[-1]
    assert (last.key, last.detail, last.facts) == ("refused", "ended", {"reason": "rule_not_met"})
    assert (told.line.outcome, told.line.reason) == (Outcome.REFUSED, "rule_not_met")


def test_a_suspension_stands_among_the_steps(station: Station) -> None:
    proven(station)
    with station.store.write() as session:
        stamp = station.stamp(officer())
        for entry in status.entries_of(session, NUMBER):
            status.set_validity(session, stamp, entry.slot, Validity.SUSPENDED, "loss_call")
        journal.append(session, stamp, "CARE.SUSPENDED", NUMBER, reason="loss_call")

    told = history.detail(station, officer(), HistoryIndex(), NUMBER)

    assert (told.line.outcome, told.line.reason) == (Outcome.SUSPENDED, "loss_call")
    (step,) = (one for one in told.events if one.key == "suspended")
    assert step.facts == {"reason": "loss_call"}


def test_a_resumption_stands_as_what_it_resumed(station: Station) -> None:
    """And changes with it, although nothing happens to the case itself."""
    proven(station)
    other = "LA-2026-001900"
    kept(station, other, state=State.PROVEN, kind=CaseKind.RESUME, former=NUMBER)
    index = HistoryIndex()
    before = history.detail(station, officer(), index, other)
    with station.store.write() as session:
        stamp = station.stamp(officer())
        for entry in status.entries_of(session, NUMBER):
            status.set_validity(session, stamp, entry.slot, Validity.INVALID, "phone_lost")

    after = history.detail(station, officer(), index, other)

    assert (before.line.outcome, before.holding) == (Outcome.USABLE, NUMBER)
    assert (after.line.outcome, after.line.reason) == (Outcome.REVOKED, "phone_lost")


def test_pages(station: Station) -> None:
    """A page behind the last is the last; nothing found is one empty page."""
    for place in range(history.PAGE + 2):
        kept(station, f"LA-2026-{place:06d}", state=State.CANCELLED)
    index = HistoryIndex()

    first = history.search(station, officer(), index, Wanted())
    last = history.search(station, officer(), index, Wanted(), page=9)
    none = history.search(station, officer(), index, Wanted("none of them"))

    assert (first.count, first.of, first.pages) == (13, 13, 2)
    assert (len(first.lines), len(last.lines), last.page) == (history.PAGE, 2, 1)
    assert (none.count, none.pages, none.page, none.of) == (0, 1, 0, 13)
    assert first.officers == ("T-001",)


def test_who_may_look(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every role of today may; one without the right may not, and nothing is logged of it."""
    kept(station)
    stranger = officer()
    monkeypatch.setattr(Role, "may", lambda _role, _right: False)

    for look in (
        lambda: history.search(station, stranger, HistoryIndex(), Wanted()),
        lambda: history.detail(station, stranger, HistoryIndex(), NUMBER),
        lambda: history.reveal(station, stranger, NUMBER, RevealReason.LOSS),
    ):
        with pytest.raises(RoleMayNot):
            look()


def test_no_such_case(station: Station) -> None:
    with pytest.raises(CaseMissing):
        history.detail(station, officer(), HistoryIndex(), "LA-2026-999999")
