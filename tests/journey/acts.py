"""What an officer, an applicant and a phone do in these tests, and what must hold afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx

from desk.app.compose import utc_now
from desk.app.home import Home
from desk.app.rehearsal import Rehearsal, open_rehearsal
from desk.app.scripted import Script
from desk.cards.signer import CardSigner
from desk.counter import offering, proving
from desk.counter.settings import Settings, load_settings
from desk.issuance.case import Case, CaseKind, State
from desk.issuance.ports import EventKind
from desk.store import cases, journal
from desk.training.applicants import Applicant
from desk.training.authority import TrainingAuthority
from desk.training.phone import Phone, PhoneEvent
from desk.training.wallet_cards import Card
from desk.training.wallet_issuer import MANNER, Manner
from desk.training.wallet_trouble import NothingScanned, PhoneTrouble, Unreachable
from desk.trouble import Trouble
from tests.journey.invariants import OF_A_CASE, Ended, hold

PIN, WRONG_PIN = "482915", "111222"
FORMATS = ("mdoc", "sd-jwt")
PASSING = {"ENROLL-01", "ENROLL-21", "PROOF-04", "STORE-31", "STORE-32"}
"""Service, its database or records are away, or were at the very end of a step, or as the list of
a right proof was to go out: the officer presses the button once more."""
PATIENCE = 60.0
"""Seconds after which what should come counts as never coming."""


def settings_with(
    url: str = "", offer_minutes: int = 10, formats: tuple[str, ...] = FORMATS, **others: Any
) -> Settings:
    """The defaults; with ``url`` the desk uses a running service instead of its own. ``others``
    are of enrollment as well."""
    plain = load_settings()
    chosen = {"url": url, "offer_minutes": offer_minutes, "formats": formats, **others}
    return replace(plain, enrollment=replace(plain.enrollment, **chosen))


@contextmanager
def opened(
    home: Path,
    url: str = "",
    *,
    settings: Settings | None = None,
    now: Callable[[], datetime] = utc_now,
    pcsc: tuple[int, int] | None = None,
    service_options: tuple[str, ...] = (),
) -> Iterator[Rehearsal]:
    rehearsal = open_rehearsal(
        Home.make(home),
        now=now,
        pcsc=pcsc,
        settings=settings or settings_with(url),
        service_options=service_options,
    )
    try:
        yield rehearsal
    finally:
        rehearsal.close()


class Preparing(Script):
    """An officer whose cases wait for an approver at another desk."""

    def _approve_second(self, case: Case) -> Case:
        return case


class Holder:
    """The applicant's phone, on a thread of its own, as fast as its holder can scan."""

    def __init__(
        self,
        authority: TrainingAuthority,
        on_event: Callable[[PhoneEvent], None] = lambda _event: None,
        patience: float = PATIENCE,
        manner: Manner = MANNER,
    ) -> None:
        self._http = httpx.Client(trust_env=False, timeout=15)
        self._on_event = on_event
        self._make = lambda: Phone(
            self._http,
            utc_now,
            anchors=(authority.iaca,),
            verifiers=(authority.relying_party_root,),
            on_event=self._told,
            patience=patience,
            manner=manner,
        )
        self.phone = self._make()
        self.wait_for_service: Callable[[], object] = lambda: None
        self._former: tuple[Card, ...] = ()
        self._thread = ThreadPoolExecutor(1, "phone")
        self.redeeming: Future[tuple[Card, ...]] | None = None
        self.presenting: Future[None] | None = None

    @property
    def cards(self) -> tuple[Card, ...]:
        """Everything this holder ever received."""
        return self._former + self.phone.cards

    def start_over(self) -> None:
        """Leave the offer that goes nowhere, as a holder would who is shown a new QR."""
        self.phone.close()
        if self.redeeming is not None:
            self.redeeming.exception(PATIENCE)
        self._former, self.redeeming = self.cards, None
        self.phone = self._make()

    def _told(self, event: PhoneEvent) -> None:
        self._on_event(event)

    def listen(self, on_event: Callable[[PhoneEvent], None]) -> None:
        self._on_event = on_event

    def take(self, uri: str, pin: str = PIN) -> Future[tuple[Card, ...]]:
        """Scan the offer and type the issuance PIN."""

        def act() -> tuple[Card, ...]:
            self.phone.scan(uri)
            return self.phone.redeem(pin)

        self.redeeming = self._thread.submit(self._patiently, act)
        return self.redeeming

    def _patiently(self, act: Callable[[], tuple[Card, ...]]) -> tuple[Card, ...]:
        """Once more, when the service was away in between: with the same keys if there are any."""
        try:
            return act()
        except Unreachable:
            self.wait_for_service()
        try:
            return self.phone.resume()
        except NothingScanned:
            return act()

    def present(self, uri: str) -> Future[None]:
        """Scan the check and show what was received."""

        def act() -> None:
            self.phone.scan(uri)
            self.phone.present()

        self.presenting = self._thread.submit(act)
        return self.presenting

    @property
    def given_up(self) -> bool:
        """Its last offer came to nothing: the holder needs another QR."""
        done = self.redeeming is None or self.redeeming.done()
        return done and not (self.redeeming and self.redeeming.exception() is None)

    def close(self) -> None:
        self.phone.close()
        self._thread.shutdown()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


@dataclass
class Counter:
    """The desk's side of one case, from any state to its end."""

    rehearsal: Rehearsal
    script: Script
    troubles: list[str] = field(default_factory=list)
    wait: Callable[[], object] = lambda: None
    """Until what was away is there again."""

    @classmethod
    def begin(cls, rehearsal: Rehearsal) -> Counter:
        service = rehearsal.opened.service
        made = cls(rehearsal, Script.begin(rehearsal))
        if service is not None:
            made.wait = service.wait_until_serving
        return made

    @property
    def person(self) -> Applicant:
        return self.rehearsal.people[0]

    def approved(self) -> Case:
        return self.script.approved_case(self.person)

    def again(self, case: Case, act: Callable[[Case], Case]) -> Case:
        """Act as an officer who sees the trouble and presses the button once more."""
        known: Case | None = case
        for _ in range(60):
            try:
                return act(known or self.rehearsal.station.load(case.number))
            except Trouble as reason:
                self.troubles.append(reason.code)
                assert reason.code in PASSING, reason
                self.wait()
                known = None
        raise AssertionError(self.troubles)

    def offer(self, case: Case, pin: str = PIN) -> Case:
        return self.again(case, lambda known: self.script.offer(known, pin))

    def attend(
        self, case: Case, until: Callable[[Case], bool], card: CardSigner | None = None
    ) -> Case:
        """Rounds of the phone step until what is waited for has come."""
        card = card or self.script.unlocked_card()
        after = 0

        def one_round(known: Case) -> Case:
            nonlocal after
            reached, after = self.script.attend(known, card, after, 0.3)
            return reached

        while not until(case):
            case = self.again(case, one_round)
        card.lock()
        return case

    def deliver(self, case: Case, holder: Holder) -> Case:
        """Until the phone has everything; a phone that lost its way gets a new offer."""
        station, officer = self.rehearsal.station, self.script.officer
        while case.state is not State.DELIVERED:
            if case.state is State.APPROVED:
                case = self.offer(case)
            assert case.offer is not None
            if holder.redeeming is None or holder.given_up:
                holder.take(case.offer.uri)
            case = self.attend(
                case,
                lambda known: (
                    known.state is State.DELIVERED or known.offer is None or holder.given_up
                ),
            )
            if holder.given_up and case.offer is not None and case.state is not State.DELIVERED:
                case = offering.withdraw(station, officer, case, "phone_lost")
            if case.held:
                case = offering.release(station, officer, case)
        assert holder.redeeming is not None
        holder.redeeming.result(PATIENCE)
        return case

    def prove(self, case: Case, holder: Holder) -> Case:
        """The phone presents to the desk until the desk has seen it."""
        station, officer = self.rehearsal.station, self.script.officer

        def ask_and_take(known: Case) -> Case:
            check = proving.place_check(station, officer, known)
            showing = holder.present(check.uri)
            while (proven := proving.take_answer(station, officer, known, check, 0.5)) is None:
                if showing.done() and isinstance(showing.exception(), PhoneTrouble):
                    showing = holder.present(check.uri)
            return proven

        return self.again(case, ask_and_take)

    def finish(self, case: Case, holder: Holder) -> Case:
        """From wherever the case stands to PROVEN."""
        if case.state is State.PROVEN:
            return case
        case = self.script.to_approval(case, self.person)
        if case.kind is not CaseKind.RESUME:
            case = self.deliver(case, holder)
        return self.prove(case, holder)


def only_case(rehearsal: Rehearsal) -> Case | None:
    """The one case of these records, however it stands."""
    start = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
    with rehearsal.station.store.read() as session:
        found = cases.cases_since(session, start)
    assert len(found) <= 1, "a case was doubled"
    return found[0] if found else None


def kinds(rehearsal: Rehearsal, offer_id: str) -> list[EventKind]:
    return [event.kind for event in rehearsal.station.link.events(offer_id, 0, 0)]


def export_log(rehearsal: Rehearsal, target: Path) -> Path:
    station = rehearsal.station
    with station.store.read() as session:
        journal.export(session, target, station.now())
    return target


def assert_invariants(
    rehearsal: Rehearsal, holder: Holder, case: Case, signed: set[str] | None = None
) -> None:
    """I1 to I5, I7 and I10 of one case after its end.

    ``signed`` are the SHA-256 (hex) of everything slot 9C has put its name to.
    """
    hold(Ended(rehearsal, holder, case, signed), *OF_A_CASE)
