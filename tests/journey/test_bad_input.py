"""What goes wrong at a counter ends in a code with words, and the case stands as before.

Each test does the wrong thing, looks at the code and its words, and then goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from desk.app.compose import utc_now
from desk.app.rehearsal import TRAINING_PIN, Rehearsal, officer_card, passport_of
from desk.app.scripted import still_frame
from desk.app.serve import release_holder
from desk.cards.piv_data import Slot
from desk.counter import approving, deciding, doctor, document, facing, intake, offering, signing
from desk.counter.board import CheckKey, CheckState
from desk.counter.station import Station
from desk.enrollment.keys import key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceProcess
from desk.face.quality import judge
from desk.face.troubles import NoFace, SeveralFaces
from desk.issuance.case import Case, Judgement, State
from desk.issuance.digest import case_digest
from desk.issuance.flagged import flagged_items
from desk.mrtd.kept import Kept
from desk.mrtd.results import Result
from desk.training import csca
from desk.training.applicants import Applicant
from desk.training.authority import SIGNATURE
from desk.training.bench import Chip
from desk.training.piv_card import PivCard
from desk.training.wallet_trouble import (
    OfferExpired,
    OfferUsed,
    OfferWithdrawn,
    PinTriesOver,
    PinWrong,
)
from desk.trouble import Trouble
from desk.words import TroubleWords
from tests.journey.acts import PIN, WRONG_PIN, Counter, Holder, kinds, opened

WORDS = TroubleWords()


def assert_worded(code: str, facts: dict[str, Any] | None = None) -> None:
    """Title, text and next step in both languages, with every place filled."""
    for language in ("ko", "en"):
        spoken = WORDS.of(code, language, facts)
        for part in (spoken.title, spoken.text, spoken.next):
            assert part.strip(), (code, language)
            assert "{" not in part and "—" not in part, (code, part)
    assert code in WORDS, code


@contextmanager
def refused(station: Station, case: Case, code: str) -> Iterator[None]:
    """The act ends in this code with its words, and the stored case is what it was."""
    with pytest.raises(Trouble) as caught:
        yield
    assert caught.value.code == code, caught.value
    assert_worded(code, dict(caught.value.facts))
    assert station.load(case.number) == case


@pytest.fixture(scope="module")
def counter(
    prepared: Path, service: ServiceProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counter]:
    home = tmp_path_factory.mktemp("bad-input") / "home"
    shutil.copytree(prepared, home)
    with opened(home, service.url) as rehearsal:
        yield Counter.begin(rehearsal)


@pytest.fixture
def station(counter: Counter) -> Iterator[Station]:
    """The station; whatever lay on its readers afterwards is put right again."""
    release_holder(counter.rehearsal, counter.person.overseas_number)
    yield counter.rehearsal.station
    counter.rehearsal.bench.take_passport()
    counter.rehearsal.bench.insert_card(officer_card(counter.rehearsal))


@pytest.fixture
def consented(counter: Counter, station: Station) -> Case:
    """A case that may read the passport."""
    officer = counter.script.officer
    case = intake.open_case(station, officer)
    return intake.record_consent(station, officer, case, dict.fromkeys(intake.PURPOSES, True), "ko")


@pytest.fixture
def approved(counter: Counter, station: Station) -> Case:
    return counter.approved()


def person(rehearsal: Rehearsal, key: str) -> Applicant:
    return next(one for one in rehearsal.people if one.key == key)


def read(
    counter: Counter, case: Case, holder: Applicant, zone: str = "", kept: Kept | None = None
) -> Case:
    """Read what lies on the reader."""
    return document.read_document(
        counter.rehearsal.station,
        counter.script.officer,
        case,
        zone or "\n".join(holder.mrz_lines),
        True,
        lambda _step: None,
        kept,
    )


def test_wrong_mrz_digit(counter: Counter, station: Station, consented: Case) -> None:
    """One digit mistyped: the place is named, no chip is asked; the right zone works."""
    upper, lower = counter.person.mrz_lines
    digit = str((int(lower[9]) + 1) % 10)
    counter.rehearsal.bench.lay_passport(passport_of(counter.rehearsal, counter.person))

    with refused(station, consented, "MRZ-03"):
        read(counter, consented, counter.person, f"{upper}\n{lower[:9]}{digit}{lower[10:]}")

    assert read(counter, consented, counter.person).state is State.DOCUMENT_CHECKED


class PulledChip:
    """A chip that somebody takes off the reader after so many answers."""

    def __init__(self, chip: Chip, answers: int, pull: Callable[[], None]) -> None:
        self._chip, self._left, self._pull = chip, answers, pull

    @property
    def atr(self) -> bytes:
        return self._chip.atr

    def reset(self) -> None:
        self._chip.reset()

    def transmit(self, apdu: bytes) -> bytes:
        self._left -= 1
        if self._left == 0:
            self._pull()
        return self._chip.transmit(apdu)


@pytest.mark.parametrize("answers", [3, 6, 10])
def test_passport_pulled(counter: Counter, station: Station, consented: Case, answers: int) -> None:
    """Taken away at the access protocol, in a small file, in the picture: laid back, it reads."""
    bench = counter.rehearsal.bench
    whole = passport_of(counter.rehearsal, counter.person)
    bench.lay_passport(PulledChip(whole, answers, bench.take_passport))

    with refused(station, consented, "CHIP-01"):
        read(counter, consented, counter.person)

    bench.lay_passport(whole)
    assert read(counter, consented, counter.person).state is State.DOCUMENT_CHECKED


def test_passport_swapped(counter: Counter, station: Station, consented: Case) -> None:
    """Pulled in the picture, and another laid down: that is told; the right one is gone on with."""
    bench, kept = counter.rehearsal.bench, Kept()
    whole = passport_of(counter.rehearsal, counter.person)
    bench.lay_passport(PulledChip(whole, 15, bench.take_passport))
    with refused(station, consented, "CHIP-01"):
        read(counter, consented, counter.person, kept=kept)
    other = next(one for one in counter.rehearsal.people if one.key != counter.person.key)
    bench.lay_passport(passport_of(counter.rehearsal, other))

    with refused(station, consented, "CHIP-10"):
        read(counter, consented, counter.person, kept=kept)

    bench.lay_passport(whole)
    case = read(counter, consented, counter.person, kept=kept)
    assert case.state is State.DOCUMENT_CHECKED


def assert_found(case: Case, code: str, result: Result) -> None:
    assert case.document is not None
    found = {one.code: one for one in case.document.findings if one.result is result}
    assert code in found, [(one.code, one.result) for one in case.document.findings]
    assert_worded(code, dict(found[code].facts))


def assert_not_eligible(counter: Counter, case: Case) -> Case:
    """No rule book accepts it; the officer refuses, and the case has its end."""
    station, officer = counter.rehearsal.station, counter.script.officer
    case = deciding.confirm_in_person(station, officer, case)
    case = deciding.decide(station, officer, case)
    with refused(station, case, "CASE-05"):
        deciding.accept(station, officer, case)
    return intake.refuse(station, officer, case, "document", document.worst_code(case))


def test_altered_picture(counter: Counter, station: Station, consented: Case) -> None:
    """Another picture than the signed one is a finding, and nothing is issued on it."""
    forger = next(one for one in counter.rehearsal.people if one.altered_dg2)
    counter.rehearsal.bench.lay_passport(passport_of(counter.rehearsal, forger))

    case = read(counter, consented, forger)

    assert case.document is not None and case.document.overall is Result.FAILED
    assert not document.may_go_on(case)
    assert_found(case, "PA-DG-02", Result.FAILED)
    assert assert_not_eligible(counter, case).state is State.REFUSED


def test_unknown_signer(counter: Counter, station: Station, consented: Case) -> None:
    """A security object under a country certificate nobody trusts is not genuine for us."""
    stranger = csca.create(utc_now(), name="Training CSCA of nowhere")
    holder = counter.person
    counter.rehearsal.bench.lay_passport(stranger.personalise(holder.mrz_lines, holder.portrait()))

    case = read(counter, consented, holder)

    assert case.document is not None and case.document.overall is not Result.PASSED
    worst = case.document.overall
    codes = [one.code for one in case.document.findings if one.result is worst]
    assert any(code.startswith("PA-CHAIN") for code in codes), codes
    assert_found(case, next(c for c in codes if c.startswith("PA-CHAIN")), worst)
    assert assert_not_eligible(counter, case).state is State.REFUSED


def two_people(rehearsal: Rehearsal) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Two stills side by side, each cut to the middle half."""
    frames = [still_frame(one) for one in rehearsal.people[:2]]
    quarter = frames[0].shape[1] // 4
    return np.hstack([frame[:, quarter:-quarter] for frame in frames])


@pytest.mark.parametrize("faces", [0, 2])
def test_not_one_face(counter: Counter, station: Station, consented: Case, faces: int) -> None:
    """Nobody, or two people, before the camera: not ready, and no comparison is made."""
    script, rehearsal = counter.script, counter.rehearsal
    rehearsal.bench.lay_passport(passport_of(rehearsal, counter.person))
    case = script._decide(read(counter, consented, counter.person))
    frame = two_people(rehearsal) if faces else np.full((480, 640, 3), 190, dtype=np.uint8)

    quality = judge(script.finder.find(frame), frame)
    with refused(station, case, SeveralFaces.code if faces else NoFace.code):
        facing.judge_face(
            station, script.officer, case, frame, quality, Judgement.SAME, script.matcher
        )

    assert quality.face_count == faces
    assert not any(check.ok for check in quality.checks)
    assert script._judge(case, counter.person).state is State.FACE_CHECKED


def spare_card(rehearsal: Rehearsal) -> PivCard:
    """A copy of the officer's card: what is done to it harms no other test."""
    return PivCard.from_state(officer_card(rehearsal).state())


def test_wrong_pin_last_try_blocked(counter: Counter, station: Station, consented: Case) -> None:
    """Two wrong PINs, then the last try is asked for; used up, the card is blocked. Another
    card of the officer approves the case."""
    script, officer = counter.script, counter.script.officer
    rehearsal = counter.rehearsal
    rehearsal.bench.lay_passport(passport_of(rehearsal, counter.person))
    case = script._judge(script._decide(read(counter, consented, counter.person)), counter.person)
    case = approving.ready_for_approval(station, officer, case)
    for item in flagged_items(case):
        case = approving.open_item(station, officer, case, item.key)
    rehearsal.bench.insert_card(card := spare_card(rehearsal))

    def approve(pin: str, *, last: bool = False) -> Case:
        return approving.sign_as_preparer(
            station, officer, case, bytearray(pin, "ascii"), case_digest(case), last
        )

    for left in (2, 1):
        with refused(station, case, "CARD-02"):
            approve("999999")
        assert card.pin_tries == left
    with refused(station, case, "CARD-03"):
        approve(TRAINING_PIN)
    assert card.pin_tries == 1, "the last try is never used without a word"
    with refused(station, case, "CARD-05"):
        approve("999999", last=True)
    with refused(station, case, "CARD-05"):
        approve(TRAINING_PIN, last=True)

    rehearsal.bench.insert_card(officer_card(rehearsal))
    assert approve(TRAINING_PIN).state is State.APPROVED


def board_code(station: Station) -> str | None:
    return (
        doctor.check_all(station, lambda: "camera", lambda: "printer")
        .check(CheckKey.OFFICER_CARD)
        .code
    )


@pytest.mark.parametrize(("age", "code"), [(None, "CARD-08"), (-730, "CARD-09"), (30, "CARD-10")])
def test_signer_certificate(
    counter: Counter, station: Station, approved: Case, age: int | None, code: str
) -> None:
    """A card without a signer certificate, with an old one, with one of next month: the board
    says so in the morning, and so does the card when it shall sign."""
    rehearsal = counter.rehearsal
    card = spare_card(rehearsal)
    if age is None:
        card.install(Slot.SIGNATURE, None, None)
    else:
        since = utc_now() + timedelta(days=age)
        pair = rehearsal.authority.issue_card("spare", utc_now(), signer_since=since).slots[
            SIGNATURE
        ]
        card.install(Slot.SIGNATURE, pair.private, pair.der)
    rehearsal.bench.insert_card(card)

    assert board_code(station) == code
    with refused(station, approved, code):
        signing.case_signer(station)

    rehearsal.bench.insert_card(officer_card(rehearsal))
    signing.case_signer(station).lock()


def test_clock_before_the_certificate(counter: Counter, station: Station, approved: Case) -> None:
    """A clock two years behind: the card does not sign, the board names the clock."""
    behind = replace(station, now=lambda: utc_now() - timedelta(days=730))

    with refused(station, approved, "CARD-10"):
        signing.case_signer(behind)

    found = doctor.check_all(behind, lambda: "camera", lambda: "printer")
    clock = found.check(CheckKey.CLOCK)
    assert clock.code == "CLOCK-01"
    assert_worded("CLOCK-01", dict(clock.facts))
    signing.case_signer(station).lock()


def test_five_wrong_issuance_pins(counter: Counter, station: Station, approved: Case) -> None:
    """The fifth wrong PIN ends the offer; with a new one the case goes on to its end."""
    with Holder(counter.rehearsal.authority) as holder:
        case = counter.offer(approved)
        assert case.offer is not None
        for left in (4, 3, 2, 1):
            wrong = holder.take(case.offer.uri, WRONG_PIN).exception()
            assert isinstance(wrong, PinWrong)
            assert wrong.facts["tries_left"] == left
            assert_worded("OFFER-01", {"tries_left": left})
        over = holder.take(case.offer.uri, WRONG_PIN).exception()
        too_late = holder.take(case.offer.uri, PIN).exception()

        ended = counter.attend(case, lambda known: known.offer is None)

        assert isinstance(over, PinTriesOver)
        assert isinstance(too_late, OfferWithdrawn)
        assert ended.state is State.APPROVED and ended.held is None
        assert ended.approvals == approved.approvals
        assert_worded("OFFER-02")
        assert counter.finish(ended, holder).state is State.PROVEN


def test_one_qr_two_phones(counter: Counter, station: Station, approved: Case) -> None:
    """A second phone reads the QR: the case is held until the officer has looked, and
    neither phone gets anything for that QR."""
    authority = counter.rehearsal.authority
    with Holder(authority) as first, Holder(authority) as second:
        case = counter.offer(approved)
        assert case.offer is not None
        uri = case.offer.uri
        first.phone.scan(uri)
        second.phone.scan(uri)

        held = counter.attend(case, lambda known: known.offer is None)

        assert held.state is State.APPROVED and held.held == "qr_read_twice"
        assert_worded("OFFER-03")
        for phone in (first, second):
            late = phone.take(uri).exception()
            assert isinstance(late, OfferWithdrawn)
            assert_worded(late.code)
        released = offering.release(station, counter.script.officer, held)
        assert counter.finish(released, first).state is State.PROVEN
        assert not second.cards


def test_second_phone_after_delivery(counter: Counter, station: Station, approved: Case) -> None:
    """Once the first phone has its credential, the same QR gives nobody anything."""
    authority = counter.rehearsal.authority
    with Holder(authority) as first, Holder(authority) as second:
        case = counter.deliver(approved, first)
        assert case.offer is not None

        late = second.take(case.offer.uri).exception()
        case = counter.finish(counter.attend(case, lambda _known: True), first)

        assert isinstance(late, OfferUsed)
        assert_worded(late.code)
        assert not second.cards
        assert case.state is State.PROVEN


def test_offer_expired(counter: Counter, station: Station, approved: Case) -> None:
    """A phone that comes too late gets nothing; a new QR goes on."""
    life = timedelta(minutes=station.settings.enrollment.offer_minutes)
    slow = replace(station, now=lambda: utc_now() - life + timedelta(seconds=0.5))
    with Holder(counter.rehearsal.authority) as holder:
        case = offering.place_offer(slow, counter.script.officer, approved, PIN)
        assert case.offer is not None

        ended = counter.attend(case, lambda known: known.offer is None)
        late = holder.take(case.offer.uri).exception()

        assert isinstance(late, OfferExpired)
        assert ended.state is State.APPROVED
        assert_worded("OFFER-04")
        assert kinds(counter.rehearsal, case.offer.offer_id) == ["expired"]
        assert counter.finish(ended, holder).state is State.PROVEN


def test_service_down(counter: Counter, station: Station, approved: Case, unused_port: int) -> None:
    """No service: no QR is made, the board says so; when it answers the case goes on."""
    key = key_file(Path(station.home) / "station.key")
    with HttpLink(f"http://127.0.0.1:{unused_port}", key) as dead:
        cut_off = replace(station, link=dead)

        with refused(station, approved, "ENROLL-01"):
            offering.place_offer(cut_off, counter.script.officer, approved, PIN)
        found = doctor.check_all(cut_off, lambda: "camera", lambda: "printer")

        assert found.check(CheckKey.ENROLLMENT_SERVICE).code == "ENROLL-01"
        assert found.check(CheckKey.QUEUE).state is CheckState.NOT_DONE
        case = counter.offer(approved)
        # Ending an offer needs nobody's leave: the service hears of it when it can.
        ended = offering.withdraw(cut_off, counter.script.officer, case, "new_qr")
    assert ended.state is State.APPROVED
    assert station.load(approved.number) == ended


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def full_disk(station: Station) -> Iterator[None]:
    """The records may not grow by a page: what SQLite says when the disk is full."""

    def limit(connection: Any, *_rest: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    def lift(connection: Any, *_rest: Any) -> None:
        connection.execute("PRAGMA max_page_count = 4294967294").fetchone()

    engine = station.store.engine
    event.listen(engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(engine, "checkout", limit)
        event.listen(engine, "checkout", lift)


def test_disk_full(counter: Counter, station: Station, consented: Case) -> None:
    """No room for what was read: nothing of it is kept in part; with room it reads again."""
    rehearsal = counter.rehearsal
    rehearsal.bench.lay_passport(passport_of(rehearsal, counter.person))

    with full_disk(station), refused(station, consented, "STORE-04"):
        read(counter, consented, counter.person)

    assert read(counter, consented, counter.person).state is State.DOCUMENT_CHECKED


def test_every_code_has_words() -> None:
    """Every trouble that these journeys have loaded stands in the table."""

    def kinds_of(kind: type[Trouble]) -> Iterator[type[Trouble]]:
        family = kind.__subclasses__()
        for one in family:
            yield from kinds_of(one)
        if not family and kind.__module__.startswith("desk."):
            yield kind

    for kind in kinds_of(Trouble):
        assert kind.code in WORDS, kind
