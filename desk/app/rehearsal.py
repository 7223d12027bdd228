"""The rehearsal: the same program on training devices, in a home of its own.

What a post receives from outside (authority, officers, trust list, register extract) is
made once by the training authorities and laid where the program expects it. From there
on nothing knows that it is a rehearsal but the frame around the windows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography.exceptions import InvalidSignature

from desk.app.compose import Opened, list_source, open_station, utc_now, vault_of
from desk.app.home import Home
from desk.app.training_records import enrol, open_whole, recovery_card, write_private
from desk.cards.certificates import load_certificate
from desk.cards.piv import PivSession
from desk.cards.piv_data import Slot
from desk.cards.troubles import CertificateUnreadable, NoReader
from desk.cards.watcher import CardWorld
from desk.counter.officer_list import in_place
from desk.counter.readers import Readers
from desk.counter.settings import AuditSettings, Settings, load_settings
from desk.counter.station import Station
from desk.counter.statuses import open_status_list
from desk.issuance.officers import OfficerList
from desk.issuance.posts import load_posts
from desk.mrtd.trust_troubles import ListOlder
from desk.store import register
from desk.store.database import StoreKind
from desk.training import applicants, csca, forgeries
from desk.training.applicants import Applicant
from desk.training.authority import TrainingAuthority
from desk.training.bench import CARD_READER, PASSPORT_READER, Bench, Chip
from desk.training.chip import PassportChip
from desk.training.chip_features import MODERN, Features
from desk.training.forgeries import Book, Forgery, Workshop
from desk.training.officers import PEOPLE, officers_of, sign_list
from desk.training.piv_card import PivCard

TRAINING_PIN = "123456"
REGISTER_AGE = timedelta(hours=12)
LIST_RENEWAL = timedelta(days=30)
"""A signed list so old is signed anew, long before it runs out."""
SEEN_SECONDS = 10.0
_CURRENT_MODEL = date(2021, 12, 21)
"""First day of the polycarbonate book with numbers of the form M123A4567."""


@dataclass
class Rehearsal:
    """The opened station with what a trainee may lay on its readers."""

    opened: Opened
    bench: Desktop
    people: tuple[Applicant, ...]
    authority: TrainingAuthority
    csca: csca.TrainingCsca
    workshop: Workshop

    @property
    def station(self) -> Station:
        return self.opened.station

    def close(self) -> None:
        self.opened.close()
        self.bench.close()


def open_rehearsal(
    home: Home,
    *,
    now: Callable[[], datetime] = utc_now,
    pcsc: tuple[int, int] | None = None,
    settings: Settings | None = None,
    service_options: tuple[str, ...] = (),
    whole: bool = True,
) -> Rehearsal:
    """Prepare the training home where needed, and open the station on it, ``whole`` with its
    records; else a trainee's sign-in opens them.

    ``pcsc`` gives the two ports of the virtual reader driver: passport, officer card. The
    chips then answer through the machine's own smartcard service.
    """
    training = home.training
    settings = _with_copies(settings or load_settings(training.settings))
    authority = prepare_home(training, settings, now)
    passport_authority = csca.load_or_create(training.folder / "csca", now())
    workshop = Workshop.load_or_create(training.folder / "forger", passport_authority, now())
    bench = Desktop.virtual(pcsc) if pcsc else Desktop.in_process()
    people = applicants.applicants(now().date())
    try:
        opened = open_station(
            training,
            bench.readers,
            training=True,
            settings=settings,
            now=now,
            service_options=service_options,
            prepare=partial(_prepare, people),
        )
    except BaseException:
        bench.readers.stop()
        raise
    rehearsal = Rehearsal(
        opened,
        bench,
        people,
        authority,
        passport_authority,
        workshop,
    )
    try:
        _import_trust(rehearsal)
        if whole:
            recovery = recovery_card(authority, training.folder, TRAINING_PIN, now())
            open_whole(opened.station, recovery, TRAINING_PIN)
    except BaseException:
        rehearsal.close()
        raise
    return rehearsal


def _with_copies(settings: Settings) -> Settings:
    """Trainees see the second place at work: a folder of the training home."""
    if settings.audit.copies:
        return settings
    return replace(settings, audit=AuditSettings("audit-copies"))


def prepare_home(
    training: Home, settings: Settings, now: Callable[[], datetime], *, ring: bool = True
) -> TrainingAuthority:
    """The training ministry's authority, list and cards, and the ring that lets them in."""
    authority = TrainingAuthority.load_or_create(training.folder / "authority", now())
    _write_officers(training, authority, settings, now)
    cards = {
        person.officer_id: kept_card(authority, training.folder, place)
        for place, person in enumerate(PEOPLE)
    }
    recovery = recovery_card(authority, training.folder, TRAINING_PIN, now())
    vault = vault_of(training, settings, StoreKind.TRAINING)
    if ring:
        enrol(vault, cards, recovery, TRAINING_PIN, now())
    return authority


def _prepare(people: tuple[Applicant, ...], station: Station) -> None:
    """What a post's records hold before the first applicant comes."""
    _import_register(station, people)
    open_status_list(station)


class Desktop:
    """The bench in front of the trainee: lay a passport down, take the card out."""

    def __init__(self, readers: Readers, put: Callable[[str, Chip | None], None]) -> None:
        self.readers = readers
        self._put = put
        self._closers: list[Callable[[], None]] = []
        self.card: PivCard | None = None

    @classmethod
    def in_process(cls) -> Desktop:
        bench = Bench()

        def put(reader: str, chip: Chip | None) -> None:
            if chip is None:
                bench.take(reader)
            else:
                bench.put(reader, chip)

        return cls(bench, put)

    @classmethod
    def virtual(cls, ports: tuple[int, int]) -> Desktop:
        """Behind pcscd, through the virtual reader driver listening at ``ports``."""
        from desk.app.pcsc_readers import PcscReaders
        from desk.training.vpcd import VirtualSlot

        slots = {PASSPORT_READER: VirtualSlot(ports[0]), CARD_READER: VirtualSlot(ports[1])}
        readers = PcscReaders()
        places = _Places(readers)

        def put(reader: str, chip: Chip | None) -> None:
            slot, place = slots[reader], list(slots).index(reader)
            if slot.chip is not None:
                slot.remove()
                places.wait(place, filled=False)
            if chip is not None:
                slot.insert(chip)
                places.wait(place, filled=True)

        desktop = cls(readers, put)
        desktop._closers.extend(slot.remove for slot in slots.values())
        return desktop

    def lay_passport(self, chip: Chip) -> None:
        self._put(PASSPORT_READER, chip)

    def take_passport(self) -> None:
        self._put(PASSPORT_READER, None)

    def insert_card(self, card: PivCard) -> None:
        self.card = card
        self._put(CARD_READER, card)

    def pull_card(self) -> None:
        self._put(CARD_READER, None)

    def close(self) -> None:
        for closer in self._closers:
            closer()


class _Places:
    """What the machine's smartcard service has seen of the virtual slots, in their order.

    It asks the driver every 0.4 s: a chip that was changed faster would go unnoticed.
    """

    def __init__(self, readers: Readers) -> None:
        self._changed = threading.Condition()
        self._world: CardWorld | None = None
        readers.watch(self._told)

    def _told(self, world: CardWorld) -> None:
        with self._changed:
            self._world = world
            self._changed.notify_all()

    def wait(self, place: int, *, filled: bool) -> None:
        """Raises NoReader when the service does not see it in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is(place, filled), SEEN_SECONDS):
                raise NoReader()

    def _is(self, place: int, filled: bool) -> bool:
        readers = self._world.readers if self._world else ()
        return place < len(readers) and readers[place].present == filled


def officer_card(rehearsal: Rehearsal, position: int = 0) -> PivCard:
    """An officer's training card as it was left: its counted tries survive the program."""
    return kept_card(rehearsal.authority, rehearsal.station.home, position)


def kept_card(authority: TrainingAuthority, folder: Path, position: int) -> PivCard:
    """The card of the officer at ``position``, kept in ``folder``; every change is kept."""
    made = authority.officers[position]
    file = folder / f"card-{position + 1}.json"

    def keep() -> None:
        write_private(file, json.dumps(card.state()).encode())

    if file.exists():
        card = PivCard.from_state(json.loads(file.read_bytes()), keep)
        if card_matches(card, authority):
            return card
    card = PivCard(
        {Slot(slot): pair.private for slot, pair in made.slots.items()},
        {Slot(slot): pair.der for slot, pair in made.slots.items()},
        pin=TRAINING_PIN,
        on_change=keep,
    )
    keep()
    return card


def card_matches(card: PivCard, authority: TrainingAuthority) -> bool:
    """Whether a kept card is still one of this authority: its 9A and 9C, as far as they are
    there, were issued by its roots. A trainee may have put new ones on it."""
    roots = {Slot.AUTHENTICATION: authority.officer_root, Slot.SIGNATURE: authority.iaca}
    held = {slot: certificate_on(card, slot) for slot in roots}
    return all(der is None or _issued(der, roots[slot]) for slot, der in held.items())


def _issued(der: bytes, root: bytes) -> bool:
    try:
        load_certificate(der).verify_directly_issued_by(load_certificate(root))
    except (CertificateUnreadable, ValueError, TypeError, InvalidSignature):
        return False
    return True


def certificate_on(card: PivCard, slot: Slot) -> bytes | None:
    """A certificate on a card that lies on no reader."""
    with card:
        session = PivSession(card)
        session.select()
        return session.certificate(slot)


def passport_of(
    rehearsal: Rehearsal, person: Applicant, forgery: Forgery | None = None
) -> PassportChip:
    """The chip in this applicant's passport: as the training authorities made it, or forged."""
    if forgery is not None:
        return forgeries.forge(forgery, rehearsal.workshop, _book(rehearsal, person))
    return rehearsal.csca.personalise(
        person.mrz_lines,
        person.portrait(),
        altered=(person.altered_portrait() if person.altered_dg2 else None),
        features=_features(person),
    )


def _book(rehearsal: Rehearsal, person: Applicant) -> Book:
    """What a forger begins with, always a book with PACE; the other face is the next one's."""
    people = rehearsal.people
    other = people[(people.index(person) + 1) % len(people)]
    return Book(person.mrz_lines, person.portrait(), other.portrait())


def _features(person: Applicant) -> Features:
    """Books of the current model do PACE, those issued before it open by BAC alone."""
    return MODERN if person.issued >= _CURRENT_MODEL else Features()


def _write_officers(
    home: Home, authority: TrainingAuthority, settings: Settings, now: Callable[[], datetime]
) -> None:
    """Who may sign in: whoever's certificate is on the cards as they were left.

    The training ministry signs a new list only where the one in place says something else.
    """
    source = list_source(home, settings, now)
    officers = officers_of(settings.station.post, _card_identities(home.folder, authority))
    held = in_place(source)
    if held is not None and held.officers == officers and _is_young(held, now()):
        return
    number = held.number + 1 if held is not None else 1
    write_private(source.file, sign_list(authority.list_signer, officers, number, now()).encode())


def _is_young(held: OfficerList, now: datetime) -> bool:
    return held.issued <= now < held.issued + LIST_RENEWAL


def _card_identities(folder: Path, authority: TrainingAuthority) -> list[str]:
    cards = (kept_card(authority, folder, place) for place in range(len(PEOPLE)))
    found = (certificate_on(card, Slot.AUTHENTICATION) or b"" for card in cards)
    return [hashlib.sha256(certificate).hexdigest() for certificate in found]


def _import_trust(rehearsal: Rehearsal) -> None:
    store, now = rehearsal.station.trust, rehearsal.station.now()
    # A clock set back since the last rehearsal leaves what was taken in then in force.
    for training in (rehearsal.csca, rehearsal.workshop):
        with contextlib.suppress(ListOlder):
            training.trust_in(store, now)


def _import_register(station: Station, people: tuple[Applicant, ...]) -> None:
    """A fresh extract of the invented applicants, at most half a day old."""
    with station.store.read() as session:
        state = register.state(session)
    if state is not None and station.now() - state.as_of < REGISTER_AGE:
        return
    file = station.home / "register.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        applicants.write_register(target, people)
    stamp = station.stamp()
    try:
        # Of the stamp's moment: a clock read later would make it an extract of the future.
        register.import_extract(station.store, file, stamp, load_posts().codes, as_of=stamp.at)
    finally:
        # The extract holds (invented) personal data: it stays in the encrypted records only.
        file.unlink()
