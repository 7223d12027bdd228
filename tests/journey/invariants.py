"""I1 to I10 of a case after its end, each by its name: what holds whatever died on the way.

:func:`hold` tries them all and gives their names for the printed table; what does not hold
fails with its name. I8 empties the case, so it comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from desk.app.rehearsal import TRAINING_PIN, Rehearsal, recovery_card
from desk.app.training_records import opening
from desk.credential.statuslist import Status
from desk.issuance import audit
from desk.issuance.case import Case, State
from desk.issuance.ports import EventKind
from desk.issuance.seals import SealedLog, trace
from desk.store import cases, journal, retention, seals, status, unlocking
from desk.store.cases import BlobKind
from desk.store.database import StoreKind
from desk.store.key import RecordsKey
from desk.store.models import CaseRow, IntentRow
from desk.store.status import StatusEntry
from desk.store.vault import FileVault
from tests.journey.sightings import pieces, planted, sightings
from tests.store.test_retention import decrypted

if TYPE_CHECKING:
    from tests.journey.acts import Holder

PICTURES = (BlobKind.PORTRAIT, BlobKind.FACE, BlobKind.DG2)


@dataclass
class Ended:
    """A case that has ended. ``signed`` are the SHA-256 (hex) of everything slot 9C has put
    its name to, None where nobody took note; ``service`` are the folders in which the
    service's database and log lie; ``wrong_guesses`` how many the phone was told of,
    ``offers`` those that led nowhere; ``pictures`` what the records hold of the face."""

    rehearsal: Rehearsal
    holder: Holder
    case: Case
    signed: set[str] | None = None
    service: Sequence[Path] = ()
    wrong_guesses: int = 0
    offers: Sequence[str] = ()
    formats: Sequence[str] = ("mdoc", "sd-jwt")
    intents: Sequence[IntentRow] = field(init=False)
    entries: tuple[StatusEntry, ...] = field(init=False)
    pictures: list[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        mine = IntentRow.case_number == self.case.number
        with self.rehearsal.station.store.read() as session:
            self.intents = session.scalars(select(IntentRow).where(mine)).all()
            self.entries = status.entries_of(session, self.case.number)
            kept = [cases.blob(session, self.case.number, kind) for kind in PICTURES]
        self.pictures = [picture for picture in kept if picture]

    @cached_property
    def events(self) -> dict[str, list[EventKind]]:
        """What happened to each of the case's offers, as the service tells it."""
        link = self.rehearsal.station.link
        return {
            offer: [event.kind for event in link.events(offer, 0, 0)] for offer in self._offers()
        }

    def _offers(self) -> set[str]:
        found = {one.offer_id for one in self.intents}
        return found | set(self.offers) | ({self.case.offer.offer_id} if self.case.offer else set())

    @property
    def standing(self) -> list[IntentRow]:
        return [one for one in self.intents if one.state != "void"]

    @property
    def valid(self) -> set[int]:
        return {one.slot.index for one in self.entries if one.validity == "valid"}


def one_live_intent(ended: Ended) -> None:
    """I1: one intent a key stands, and one phone's request a format."""
    standing = ended.standing
    assert len({(one.format, one.device_key) for one in standing}) == len(standing)
    phones = {(one.format, one.request_id) for one in standing}
    proven = ended.case.state is State.PROVEN
    assert sorted(name for name, _request in phones) == (sorted(ended.formats) if proven else [])


def intent_before_signature(ended: Ended) -> None:
    """I2: everything the card signed was durable before."""
    known = {one.to_be_signed_sha256 for one in ended.intents}
    assert ended.signed is None or ended.signed <= known


def index_used_once(ended: Ended) -> None:
    """I3: an index stands for one intent, and outside for one credential."""
    places = {one.position for one in ended.intents}
    assert len(places) == len(ended.intents) == len(ended.entries)
    assert places == {one.slot.index for one in ended.entries}
    seen: dict[int, str] = {}
    for card in ended.holder.cards:
        reference = card.verified.status
        assert reference is not None
        assert seen.setdefault(reference.index, card.held.credential) == card.held.credential


def bound_to_the_phone(ended: Ended) -> None:
    """I4: what was issued is for keys of the phone that holds it."""
    if ended.case.state is not State.PROVEN:
        return
    cards = ended.holder.cards
    own = [kept.verified for kept in cards]
    own += [verified for kept in cards for _held, verified in kept.more]
    keys = {one.key.thumbprint for one in own}
    assert {one.device_key for one in ended.case.issued} <= keys


def redeemed_once(ended: Ended) -> None:
    """I5: no code was redeemed twice; the one that led to the credentials was, once."""
    redeemed = {offer: kinds.count(EventKind.CODE_RIGHT) for offer, kinds in ended.events.items()}
    assert all(times <= 1 for times in redeemed.values())
    if ended.case.state is State.PROVEN:
        assert ended.case.offer is not None
        assert redeemed[ended.case.offer.offer_id] == 1


def guesses_counted(ended: Ended) -> None:
    """I6: each wrong guess counts, and none twice."""
    counted = [kind for kinds in ended.events.values() for kind in kinds]
    assert counted.count(EventKind.CODE_WRONG) == ended.wrong_guesses


def log_holds(ended: Ended) -> None:
    """I7: the chain verifies, and each card-signed head covers what lies before it."""
    station = ended.rehearsal.station
    with station.store.read() as session:
        lines = [line.encode() + b"\n" for line in journal.lines(session, station.now())]
        found = [kept.seal for kept in seals.seals(session)]
    watch = SealedLog(found)
    watch.end(audit.verify(lines, None, watch.take))
    for seal in found:
        trace(seal, station.authority.officer_roots)
        seal.verify()
    if ended.case.state is State.PROVEN:
        assert watch.sealed > 0


def nothing_left_after_the_purge(ended: Ended) -> None:
    """I8: no byte of the applicant is left in database, log and free pages."""
    station = ended.rehearsal.station
    with station.store.write() as session:
        retention.purge_case(session, station.stamp(), ended.case.number)
    station.store.checkpoint()
    with station.store.read() as session:
        row = session.get_one(CaseRow, ended.case.number)
        kept = [cases.blob(session, row.number, kind) for kind in BlobKind]
        mine = IntentRow.case_number == row.number
        intents = session.scalars(select(IntentRow).where(mine)).all()
        assert (row.record, row.person, *kept) == (None,) * (2 + len(kept))
    emptied = [(one.credential, one.material, one.to_be_signed) for one in intents]
    assert all(contents == (None, None, None) for contents in emptied)
    if not station.store.shared:
        left = decrypted(station.home / "records.db", _records_key(ended.rehearsal))
        assert not any(piece in left for picture in ended.pictures for piece in pieces(picture))


def _records_key(rehearsal: Rehearsal) -> RecordsKey:
    station = rehearsal.station
    vault = FileVault(station.home / "records.db", StoreKind.TRAINING)
    card = recovery_card(rehearsal.authority, station.home, TRAINING_PIN, station.now())
    with opening(card, TRAINING_PIN) as session:
        return unlocking.authorise(vault, session, "", station.stamp()).key


def service_names_nobody(ended: Ended) -> None:
    """I9: the service's database and log hold nothing of the applicant."""
    person = ended.rehearsal.people[0]
    secrets = planted(person, ended.pictures)
    assert [seen for folder in ended.service for seen in sightings(folder, secrets)] == []


def case_has_its_end(ended: Ended) -> None:
    """I10: active, voided or expired, in the records as on the published list; nothing waits."""
    case, station = ended.case, ended.rehearsal.station
    with station.store.read() as session:
        assert cases.load(session, case.number) == case
    assert not case.state.is_open
    proven = case.state is State.PROVEN
    assert ended.valid == ({one.status_index for one in case.issued} if proven else set())
    others = [one for one in ended.entries if one.slot.index not in ended.valid]
    assert all(one.validity == "invalid" for one in others)
    for card in ended.holder.cards:
        assert card.verified.status is not None
        stands = card.verified.status.index in ended.valid
        assert ended.holder.phone.status(card) is (Status.VALID if stands else Status.INVALID)
    assert case.offer is None or station.link.requests(case.offer.offer_id) == ()
    given = case.offer.offer_id if case.offer else ""
    others = [kinds for offer, kinds in ended.events.items() if offer != given]
    assert all({EventKind.VOIDED, EventKind.EXPIRED} & set(kinds) for kinds in others)


INVARIANTS: dict[str, Callable[[Ended], None]] = {
    "I1": one_live_intent,
    "I2": intent_before_signature,
    "I3": index_used_once,
    "I4": bound_to_the_phone,
    "I5": redeemed_once,
    "I6": guesses_counted,
    "I7": log_holds,
    "I9": service_names_nobody,
    "I10": case_has_its_end,
    "I8": nothing_left_after_the_purge,
}
OF_A_CASE = ("I1", "I2", "I3", "I4", "I5", "I7", "I10")
"""Those that look at the case alone, and leave it as it is."""


def hold(ended: Ended, *names: str) -> str:
    """Try the invariants named, all where none is; their names, or a failure with its name."""
    tried = names or tuple(INVARIANTS)
    for name in tried:
        try:
            INVARIANTS[name](ended)
        except AssertionError as wrong:
            raise AssertionError(f"{name} does not hold: {wrong}") from wrong
    return " ".join(sorted(tried, key=lambda name: int(name[1:])))
