"""What becomes of offers whose end the service could not be told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from desk.counter import offering
from desk.counter.station import Station
from desk.issuance.case import Case, State
from desk.issuance.ports import Offer, OfferOrder
from desk.store import cases
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

    def place_offer(self, order: OfferOrder) -> Offer:
        self._call("place_offer", lambda: self.offers.setdefault(order.offer_id, "open"))
        return Offer(order.offer_id, "openid-credential-offer://?x", order.expires_at)

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
