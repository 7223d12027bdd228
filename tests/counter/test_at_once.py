"""Two acts on one case in the same state at the same moment: neither is lost without a word."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from desk.cards.signer import CardSigner
from desk.counter import approving, document, offering, signing
from desk.counter.station import Station
from desk.issuance.case import Act, Case, OfferFacts, State, advance
from desk.issuance.ports import EventKind, KeyRequest, OfferEvent
from desk.store.troubles import CaseChanged
from tests.counter.test_approving import (
    CredentialCard,
    approved_case,
    crew,
    new_case,
    opened,
    station,
)
from tests.counter.test_requests import behind, phones_request

__all__ = ["opened", "station"]


def offered_both(station: Station, offer_id: str) -> Case:
    now, case = station.now(), approved_case(station)
    offer = OfferFacts(offer_id, "uri", ("mdoc", "sd-jwt"), now, now + timedelta(minutes=10))
    case = advance(case, Act.OFFER, now, offer=offer, issued=())
    return station.save(None, case, "OFFER.PLACED")


def answered(station: Station, configuration: str) -> OfferEvent:
    return OfferEvent(3, EventKind.ANSWERED, station.now(), {"configuration": configuration})


@dataclass
class Fetched:
    """A service whose phone fetches each answer at once, which the window hears at once."""

    station: Station
    number: str
    waiting: tuple[KeyRequest, ...]
    issuer: str = "https://issue.example"
    states: list[State] = field(default_factory=list)

    def deny(self, _request_id: str, _reason: str) -> None:
        raise AssertionError("nothing is wrong with it")

    def answer(self, request: KeyRequest, _credentials: Any) -> None:
        event = answered(self.station, request.configuration)
        known = self.station.load(self.number)
        noted = signing.note_delivery(self.station, crew()[0].officer, known, event)
        self.states.append(noted.state)


def test_what_the_phone_fetches_while_its_other_answer_is_made_stays_noted(
    station: Station,
) -> None:
    """The second answer was noted upon the case as it had been before the first left: the first
    was not delivered any more, and the case never was."""
    case = offered_both(station, "offer-of-both")
    now = station.now()
    both = tuple(
        replace(phones_request(case, now), request_id=f"{case.number} {kind}", configuration=kind)
        for kind in ("mdoc", "sd-jwt")
    )
    desk, _ = behind(station, both[0])
    desk = replace(desk, link=cast(Any, Fetched(desk, case.number, both)))
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(station))
    case, taken = signing.take_requests(desk, officer, case, both)

    signing.sign_requests(desk, officer, case, taken, card)

    assert cast(Any, desk.link).states == [State.SIGNING, State.DELIVERED]
    known = station.load(case.number)
    assert known.state is State.DELIVERED
    assert {one.configuration for one in known.issued if one.delivered_at} == {"mdoc", "sd-jwt"}


def test_nothing_is_noted_upon_an_offer_that_ended_meanwhile(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second phone read the QR while the card signed: no answer leaves."""
    case = offered_both(station, "offer-that-ends")
    desk, service = behind(station, phones_request(case, station.now()))
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(station))
    case, taken = signing.take_requests(desk, officer, case)

    def ends(_station: Station) -> bool:
        offering.withdraw(desk, None, desk.load(case.number), "qr_read_twice", tell=False)
        return False

    monkeypatch.setattr(signing, "publish_status", ends)
    with pytest.raises(CaseChanged):
        signing.sign_requests(desk, officer, case, taken, card)

    assert service.answers == 0
    assert station.load(case.number).issued == ()


def test_two_items_opened_one_right_behind_the_other_are_both_opened(station: Station) -> None:
    """Keys are faster than the disk: the second was written upon the case before the first."""
    officer, case = crew()[0].officer, new_case(station)

    approving.open_item(station, officer, case, "finding:a")
    case = approving.open_item(station, officer, case, "finding:b")

    assert {"finding:a", "finding:b"} <= set(case.opened_items)


def test_two_reasons_given_one_right_behind_the_other_are_both_kept(station: Station) -> None:
    officer, case = crew()[0].officer, new_case(station)
    row = case.compared[0]
    known = replace(case, compared=(replace(row, reason=""), replace(row, item="sex", reason="")))
    station.save(officer, known, "DOCUMENT.CHECKED")
    reason = document.REASONS[row.item][0]

    document.explain(station, officer, known, row.item, reason)
    case = document.explain(station, officer, known, "sex", document.REASONS["sex"][0])

    assert all(one.reason for one in case.compared)


def test_what_was_changed_in_another_state_is_told(station: Station) -> None:
    officer, case = crew()[0].officer, new_case(station)
    moved = advance(case, Act.REFUSE, station.now())
    station.save(officer, moved, "CASE.REFUSED")

    with pytest.raises(CaseChanged):
        station.keep(officer, case, "CASE.DATA_CONFIRMED", data_confirmed_at=station.now())
