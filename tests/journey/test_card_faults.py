"""A case whose card fails at every command of its signing: the case is never lost.

What each fault ends in for the card alone is `tests.cards.faults`; here it is the desk with
its records, its service and a phone that waits.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import cast

import pytest

from desk.app.rehearsal import TRAINING_PIN, officer_card
from desk.counter import signing
from desk.counter.signing import CheckedRequest
from desk.counter.station import Station
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import Case, State
from desk.store import intents, status
from desk.store.intents import IntentState
from desk.training.piv_card import PivCard
from desk.trouble import Trouble
from tests.cards.faults import Fault, FaultProxy
from tests.journey.acts import PATIENCE, Counter, Holder, only_case, opened

# A cut certificate may be odd in ways the library warns about before refusing.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

ENDS_THE_SIGNING = (
    Fault.DROPPED,
    Fault.LOST,
    Fault.REMOVED,
    Fault.LATE_RESET,
    Fault.ONE_BYTE,
    Fault.SW_6982,
    Fault.SW_63C0,
    Fault.SW_63C1,
    Fault.SW_6983,
    Fault.SW_6F00,
    Fault.SWAPPED,
    Fault.RELAYED,
)
"""The faults after which no signature can come, whichever command they hit."""
COMMANDS = ("SELECT", "GET DATA", "GET DATA", "VERIFY (tries?)", "VERIFY", "GENERAL")


def pin() -> bytearray:
    return bytearray(TRAINING_PIN, "ascii")


def waiting_request(station: Station, case: Case) -> tuple[Case, CheckedRequest]:
    """The phone's first key, as soon as it is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        case, requests = signing.take_requests(station, None, case)
        if requests:
            return case, requests[0]
    raise AssertionError("the phone never came")


def test_no_case_is_lost_at_any_command_of_signing(
    approved_home: Path, service: ServiceProcess
) -> None:
    """After each fault the stored case stands where it stood, with one intent and one index;
    in the end the phone has both credentials, and no card has lost a try."""
    with opened(approved_home, service.url) as rehearsal, Holder(rehearsal.authority) as holder:
        counter = Counter.begin(rehearsal)
        station, officer = rehearsal.station, counter.script.officer
        proxy = FaultProxy(officer_card(rehearsal), officer_card(rehearsal, 1), TRAINING_PIN)
        rehearsal.bench.insert_card(cast(PivCard, proxy))
        approved = only_case(rehearsal)
        assert approved is not None
        case = counter.offer(approved)
        assert case.offer is not None
        holder.take(case.offer.uri)
        case, request = waiting_request(station, case)
        card = signing.case_signer(station)

        for fault in ENDS_THE_SIGNING:
            for number, command in enumerate(COMMANDS):
                proxy.arm(-1, fault)
                card.unlock(pin())
                proxy.arm(number, fault)
                with pytest.raises(Trouble):
                    signing.sign_request(station, officer, case, request, card)
                assert proxy.commands[number].startswith(command), (fault, proxy.commands)
                stored = station.load(case.number)
                assert stored.state is State.SIGNING and not stored.issued
                assert _written(station, case) == [IntentState.LIVE]
                assert set(proxy.card.tries) == {3}

        proxy.arm(-1, Fault.DROPPED)
        case = counter.deliver(case, holder)
        assert case.state is State.DELIVERED
        assert len(holder.cards) == len(case.issued) == 2
        with station.store.read() as session:
            assert len(status.entries_of(session, case.number)) == 2
        assert proxy.other is not None and set(proxy.other.tries) == {3}


def _written(station: Station, case: Case) -> list[IntentState]:
    with station.store.read() as session:
        return [one.state for one in intents.standing(session, case.number)]
