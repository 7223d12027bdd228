"""A phone that asks for ten credentials of a kind: one status index each, proven by any where
its provider says that all the keys are its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from desk.app.compose import utc_now
from desk.app.home import Home
from desk.cards.session import CardSession
from desk.cards.signer import CardSigner
from desk.counter import signing
from desk.counter.settings import load_settings
from desk.credential.holder import key_proof
from desk.credential.signer import LocalKey
from desk.credential.statuslist import Status
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import Case, State
from desk.issuance.ports import KeyRequest
from desk.store import intents, journal, status
from desk.store.intents import Intent, IntentState
from desk.store.status import Validity
from desk.training.wallet_issuer import Manner
from desk.training.wallet_provider import WalletProvider
from desk.training.wallet_trouble import PhoneTrouble
from desk.trouble import Trouble
from tests.journey.acts import (
    FORMATS,
    Counter,
    Holder,
    assert_invariants,
    only_case,
    opened,
    settings_with,
)

TEN = Manner(keys=10)


def told_by_its_provider(home: Path) -> Manner:
    """A phone with ten keys in one attestation, whose provider this desk knows."""
    provider = WalletProvider.create(utc_now())
    roots = Home.make(home).training.folder / load_settings().authority.attestation_roots
    roots.write_bytes(provider.root_pem)
    return replace(TEN, provider=provider, attestation_alone=True)


def standing(counter: Counter, case: Case) -> tuple[Intent, ...]:
    with counter.rehearsal.station.store.read() as session:
        return intents.standing(session, case.number)


def test_ten_of_each_from_offer_to_proof(home: Path) -> None:
    """Twenty credentials for twenty keys, all suspended, then all valid together; times tell
    nothing apart, and the next to ask sees another one of them."""
    manner, settings = told_by_its_provider(home), settings_with(attestation="optional")
    options = ("--wait", "0.5")
    with (
        opened(home, settings=settings, service_options=options) as rehearsal,
        Holder(rehearsal.authority, manner=manner) as holder,
    ):
        counter = Counter.begin(rehearsal)

        case = counter.deliver(counter.approved(), holder)
        first = {card.format: card for card in holder.phone.cards}
        before = {holder.phone.status(card) for card in first.values()}
        case = counter.prove(case, holder)
        after = {card.format: card for card in holder.phone.cards}

        assert len({one.device_key for one in case.issued}) == len(case.issued) == 20
        assert set(case.issued_configurations) == set(FORMATS)
        assert before == {Status.SUSPENDED}
        for kind, card in after.items():
            assert len(card.more) == 9
            assert card.verified.key != first[kind].verified.key
            assert holder.phone.status(card) is Status.VALID
            validity = card.verified.validity
            assert validity.signed.minute == validity.signed.second == 0
            assert {verified.validity for _held, verified in card.more} == {validity}
        indexes = [one.status_index for one in case.issued]
        steps = {later - earlier for earlier, later in pairwise(indexes)}
        assert len(set(indexes)) == 20
        # In a list of a million, neither one after the other nor in equal steps.
        assert len(steps) > 15
        with rehearsal.station.store.read() as session:
            entries = status.entries_of(session, case.number)
        assert {one.validity for one in entries} == {Validity.VALID}
        assert {one.slot.index for one in entries} == set(indexes)
        assert_invariants(rehearsal, holder, case)


def test_card_that_stops_in_the_middle_of_a_batch(
    home: Path, service: ServiceProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All ten intents are durable before the first signature; signing goes on over the very
    same bytes, and no index is taken twice."""

    class Pulled(Trouble):
        code = "CARD-00"

    real, made = CardSigner._sign_one, [0]

    def sign(self: CardSigner, session: CardSession, data: bytes) -> bytes:
        made[0] += 1
        if made[0] == 4:
            raise Pulled
        return real(self, session, data)

    with (
        opened(home, settings=settings_with(service.url, batch_unattested=True)) as rehearsal,
        Holder(rehearsal.authority, manner=TEN) as holder,
    ):
        counter = Counter.begin(rehearsal)
        station, officer = rehearsal.station, counter.script.officer
        case = counter.offer(counter.approved())
        assert case.offer is not None
        holder.take(case.offer.uri)
        requests: tuple[signing.CheckedRequest, ...] = ()
        while not requests:
            case, requests = signing.take_requests(station, None, case)
        card = counter.script.unlocked_card()
        monkeypatch.setattr(CardSigner, "_sign_one", sign)
        with pytest.raises(Pulled):
            signing.sign_request(station, officer, case, requests[0], card)
        written = standing(counter, case)
        case = counter.deliver(station.load(case.number), holder)
        kept = {one.id: one for one in standing(counter, case)}

        assert {one.state for one in written} == {IntentState.LIVE}
        assert len(written) == 10
        assert len(kept) == 10 * len(FORMATS)
        assert [kept[one.id].draft for one in written] == [one.draft for one in written]
        assert case.state is State.DELIVERED
        case = counter.prove(case, holder)
        assert_invariants(rehearsal, holder, case)


def test_more_keys_than_the_desk_takes(home: Path, service: ServiceProcess) -> None:
    """The desk counts for itself: a service that lets more through gets a refusal."""
    with opened(home, service.url) as rehearsal, Holder(rehearsal.authority, manner=TEN) as holder:
        counter = Counter.begin(rehearsal)
        case = counter.offer(counter.approved())
        assert case.offer is not None
        holder.take(case.offer.uri)
        station = rehearsal.station
        enrollment = replace(station.settings.enrollment, batch=9)
        narrow = replace(station, settings=replace(station.settings, enrollment=enrollment))
        kinds: set[str] = set()
        while "PHONE.PROOF_REFUSED" not in kinds:
            case, requests = signing.take_requests(narrow, None, case)
            assert requests == ()
            with station.store.read() as session:
                kinds = {event.kind for event in journal.events(session, after=0)}

        assert standing(counter, case) == ()


def test_keys_that_nothing_binds_together(home: Path, service: ServiceProcess) -> None:
    """The first of each kind gets a credential; the phone has it, proves it and can use it."""
    with opened(home, service.url) as rehearsal, Holder(rehearsal.authority, manner=TEN) as holder:
        counter = Counter.begin(rehearsal)

        case = counter.prove(counter.deliver(counter.approved(), holder), holder)

        assert case.state is State.PROVEN
        assert [one.configuration for one in case.issued] == list(FORMATS)
        assert all(not card.more for card in holder.phone.cards)
        assert_invariants(rehearsal, holder, case)


def laid_beside(monkeypatch: pytest.MonkeyPatch, *, first: bool) -> LocalKey:
    """From now on the service lays a key of its own beside the phone's. It knows the nonce, so
    that its proof is a good one."""
    thief, real = LocalKey.generate(), HttpLink._key_request

    def with_another(self: HttpLink, entry: Mapping[str, Any]) -> KeyRequest:
        asked = real(self, entry)
        another = key_proof(thief, self.issuer, asked.nonce, utc_now())
        proofs = (another, *asked.proofs) if first else (*asked.proofs, another)
        return replace(asked, proofs=proofs)

    monkeypatch.setattr(HttpLink, "_key_request", with_another)
    return thief


def validities(counter: Counter, case: Case) -> set[Validity]:
    with counter.rehearsal.station.store.read() as session:
        return {one.validity for one in status.entries_of(session, case.number)}


def test_key_that_a_service_lays_behind_the_phones(
    approved_home: Path, service: ServiceProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no credential, which the phone's proof would have made usable."""
    with opened(approved_home, service.url) as rehearsal, Holder(rehearsal.authority) as holder:
        counter, approved = Counter.begin(rehearsal), only_case(rehearsal)
        assert approved is not None
        thief = laid_beside(monkeypatch, first=False)

        case = counter.prove(counter.deliver(approved, holder), holder)

        assert {one.device_key for one in case.issued} == {
            card.verified.key.thumbprint for card in holder.cards
        }
        assert thief.public.thumbprint not in {one.device_key for one in case.issued}
        assert validities(counter, case) == {Validity.VALID}


def test_key_that_a_service_lays_before_the_phones(
    approved_home: Path, service: ServiceProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it gets stays suspended: the phone has nothing to prove with."""
    with opened(approved_home, service.url) as rehearsal, Holder(rehearsal.authority) as holder:
        counter, approved = Counter.begin(rehearsal), only_case(rehearsal)
        assert approved is not None
        laid_beside(monkeypatch, first=True)

        case = counter.offer(approved)
        assert case.offer is not None
        taken = holder.take(case.offer.uri)
        case = counter.attend(case, lambda known: bool(known.issued) and holder.given_up)

        assert isinstance(taken.exception(), PhoneTrouble)
        assert holder.cards == ()
        assert validities(counter, case) == {Validity.SUSPENDED}
