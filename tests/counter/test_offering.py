"""What becomes of offers whose end the service could not be told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from desk.counter import intake, offering, settling, signing
from desk.counter.station import Station
from desk.issuance.case import Case, State
from desk.issuance.ports import EventKind, KeyRequest, Offer, OfferEvent, OfferOrder
from desk.store import cases, journal
from desk.trouble import Trouble
from tests.counter.test_closing import NOW, OFFICER, case_in, station

__all__ = ["station"]


class Silent(Trouble):
    code = "ENROLL-01"


class Service:
    """Keeps offers; ``silent`` names the calls that get no answer, ``deaf`` also those that
    are not even heard."""

    def __init__(self) -> None:
        self.offers: dict[str, str] = {}
        self.silent: set[str] = set()
        self.deaf: set[str] = set()
        self.lives_until: datetime | None = None
        self.happened: dict[str, tuple[OfferEvent, ...]] = {}

    def place_offer(self, order: OfferOrder) -> Offer:
        self._call("place_offer", lambda: self.offers.setdefault(order.offer_id, "open"))
        ends = self.lives_until or order.expires_at
        return Offer(order.offer_id, "openid-credential-offer://?x", ends)

    def events(self, offer_id: str, _after: int, _wait_s: float) -> tuple[OfferEvent, ...]:
        return self.happened.get(offer_id, ())

    def requests(self, _offer_id: str) -> tuple[KeyRequest, ...]:
        return ()

    def void_offer(self, offer_id: str, reason: str) -> None:
        if offer_id not in self.offers:
            raise Silent
        self._call("void_offer", lambda: self.offers.update({offer_id: reason}))

    def publish_status(self, *_list: object) -> None: ...

    def _call(self, name: str, act: Callable[[], object]) -> None:
        if name not in self.deaf:
            act()
        if name in self.silent | self.deaf:
            raise Silent


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def desk(station: Station, service: Service) -> Station:
    return replace(station, link=cast(Any, service))


def approved(station: Station) -> Case:
    case = case_in(State.APPROVED)
    with station.store.write() as session:
        cases.add(session, station.stamp(OFFICER), case)
    return case


def placed(station: Station) -> Case:
    return offering.place_offer(station, OFFICER, approved(station), "482915")


def test_offer_that_a_case_counts_on_stays(desk: Station, service: Service) -> None:
    placed(desk)

    offering.tell_ends(desk)

    assert list(service.offers.values()) == ["open"]


def test_offer_whose_answer_was_lost_is_withdrawn(desk: Station, service: Service) -> None:
    """Its QR was never shown, and another one will be."""
    service.silent.add("place_offer")
    with pytest.raises(Silent):
        placed(desk)
    offering.tell_ends(desk)

    assert list(service.offers.values()) == ["not_shown"]


def test_service_that_was_silent_is_told_later(desk: Station, service: Service) -> None:
    case = placed(desk)
    service.deaf.add("void_offer")

    ended = offering.withdraw(desk, OFFICER, case, "new_qr")
    offering.tell_ends(desk)
    assert ended.offer is None and list(service.offers.values()) == ["open"]
    service.deaf.clear()
    offering.tell_ends(desk)

    assert list(service.offers.values()) == ["new_qr"]


def test_service_is_told_once(desk: Station, service: Service) -> None:
    offering.withdraw(desk, OFFICER, placed(desk), "new_qr")
    service.offers = dict.fromkeys(service.offers, "as it was")

    offering.tell_ends(desk)

    assert list(service.offers.values()) == ["as it was"]


def test_offer_that_the_service_never_had_keeps_nothing_from_being_told(
    desk: Station, service: Service
) -> None:
    service.deaf.add("place_offer")
    case = approved(desk)
    with pytest.raises(Silent):
        offering.place_offer(desk, OFFICER, case, "482915")
    service.deaf, service.silent = set(), {"place_offer"}
    with pytest.raises(Silent):
        offering.place_offer(desk, OFFICER, case, "482915")

    offering.tell_ends(desk)

    assert list(service.offers.values()) == ["not_shown"]


def test_what_ended_there_by_itself_is_not_told(desk: Station, service: Service) -> None:
    service.silent.add("place_offer")
    with pytest.raises(Silent):
        placed(desk)
    life = timedelta(minutes=desk.settings.enrollment.offer_minutes) + timedelta(hours=1)
    late = replace(desk, now=lambda: NOW + life + timedelta(seconds=1))

    offering.tell_ends(late)

    assert list(service.offers.values()) == ["open"]


FOR_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_an_offer_lives_no_longer_than_was_asked(desk: Station, service: Service) -> None:
    """The service's word was taken for it: the case could not be ended any more."""
    service.lives_until = FOR_EVER

    case = placed(desk)
    ended = intake.cancel(desk, OFFICER, case, "applicant_left")

    life = timedelta(minutes=desk.settings.enrollment.offer_minutes)
    assert case.offer is not None and case.offer.expires_at == case.offer.placed_at + life
    assert (ended.state, ended.offer) == (State.CANCELLED, None)


def test_an_offer_that_ends_sooner_than_was_asked_ends_then(
    desk: Station, service: Service
) -> None:
    service.lives_until = NOW + timedelta(seconds=30)

    case = placed(desk)

    assert case.offer is not None and case.offer.expires_at == service.lives_until


def reasons(station: Station, case: Case) -> list[object]:
    with station.store.read() as session:
        told = journal.of_kinds(session, case.number, ("OFFER.WITHDRAWN",))
    return [event.facts["reason"] for event in told]


@pytest.mark.parametrize(
    ("told", "logged"),
    [("tries", "tries"), ("KIM HANEUL M12345678", "voided"), ("기한", "voided"), (7, "voided")],
)
def test_why_the_service_ended_an_offer_is_said_in_the_desks_words(
    desk: Station, told: str | int, logged: str
) -> None:
    """A text of its own went into the log, or kept the offer from ending."""
    case = placed(desk)
    event = OfferEvent(1, EventKind.VOIDED, NOW, {"reason": told})

    ended = offering.note_event(desk, case, event)

    assert (ended.state, ended.offer) == (State.APPROVED, None)
    assert reasons(desk, case) == [logged]


def test_what_a_case_did_not_issue_was_not_fetched(desk: Station, service: Service) -> None:
    """The service's words went into the log, once more at each start."""
    case = placed(desk)
    assert case.offer is not None
    words = {"configuration": "KIM HANEUL 1990-01-01 M12345678"}
    service.happened[case.offer.offer_id] = (OfferEvent(1, EventKind.ANSWERED, NOW, words),)

    settling.settle(desk)
    for event in service.happened[case.offer.offer_id]:
        # As the phone's page does.
        signing.note_delivery(desk, OFFICER, case, event)

    with desk.store.read() as session:
        told = journal.of_kinds(session, case.number, ("CASE.ANSWERED",))
    assert told == ()
    assert desk.load(case.number) == case


def test_one_case_that_cannot_be_settled_keeps_no_other_from_it(
    desk: Station, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug at one: the others' offers stayed live, and their ends untold."""
    first = placed(desk)
    second = offering.place_offer(desk, OFFICER, another(desk), "482915")
    assert second.offer is not None
    ended = OfferEvent(1, EventKind.EXPIRED, NOW)
    service.happened[second.offer.offer_id] = (ended,)
    catch_up = settling.catch_up

    def breaks(station: Station, case: Case) -> Case:
        if case.number == first.number:
            raise ValueError("what nobody foresaw")
        return catch_up(station, case)

    monkeypatch.setattr(settling, "catch_up", breaks)

    settling.settle(desk)

    assert desk.load(first.number) == first
    assert desk.load(second.number).offer is None


def test_one_case_that_cannot_expire_keeps_no_other_from_it(
    desk: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = placed(desk), another(desk)
    later = replace(desk, now=lambda: NOW + intake.STALE_AFTER + timedelta(seconds=1))

    def breaks(*_all: object) -> Case:
        raise ValueError("what nobody foresaw")

    # Only the first has an offer to be ended.
    monkeypatch.setattr(intake, "withdraw", breaks)

    ended = intake.expire_stale(later)

    assert [case.number for case in ended] == [second.number]
    assert desk.load(first.number) == first


def another(station: Station) -> Case:
    """A second case, younger than the first."""
    case = replace(case_in(State.APPROVED), number="LA-2026-001843")
    with station.store.write() as session:
        cases.add(session, station.stamp(OFFICER), case)
    return case
