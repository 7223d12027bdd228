"""Is the desk ready to open? Each part is asked by itself; each answer names one next step.

A part that is not ready is an answer, never an exception: the home page must come up with
the service stopped, the reader unplugged and the disk full. The board of the window and
`desk doctor` ask the same; the command has no open station, so it asks what can be asked
without one, and the rest stands as not done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from desk.cards.machine import Machine, look_around
from desk.cards.revocation import Revocations
from desk.cards.watcher import CardWorld
from desk.counter import card_checks, copies, freshness, sealing
from desk.counter.board import BoardCheck, CheckKey, CheckState
from desk.counter.card_checks import Seen
from desk.counter.copies import CopyFailed, NoSecondPlace
from desk.counter.officer_list import list_in_place
from desk.counter.provisioning import Roots
from desk.counter.readers import ReaderRoles
from desk.counter.records import RecordsClosed
from desk.counter.settings import CheckSettings, EnrollmentSettings, Settings
from desk.counter.station import Station
from desk.counter.statuses import StatusSignerOver, StatusSignerUnknown
from desk.issuance.officers import OfficerList
from desk.issuance.ports import ServiceHealth, StatusPlace
from desk.mrtd.trust import TrustStore
from desk.store import journal, register, status
from desk.store.database import Store
from desk.store.key_ring import CardKind, EnrolledCard
from desk.store.troubles import (
    AddressWrong,
    DeskRefused,
    NotBegun,
    ServerReadOnly,
    Unprotected,
    Unreachable,
)
from desk.trouble import Trouble


class CameraMissing(Trouble):
    """No camera is connected."""

    code = "CAMERA-02"


class PrinterMissing(Trouble):
    """No printer is set up; the slip can be shown on the applicant's screen."""

    code = "PRINT-01"


class ServiceSlow(Trouble):
    """The enrollment service answers, but slowly."""

    code = "LINK-30"


class PhonesWait(Trouble):
    """A phone waits long for its answer. Fact: minutes."""

    code = "LINK-31"


class TermsDiffer(Trouble):
    """The service that the settings name speaks otherwise with phones than they say. Facts:
    entries (of [enrollment]), theirs (the same with the service's values)."""

    code = "LINK-32"


class NotAskable(Trouble):
    """The part cannot be asked now; that says neither good nor bad of it."""

    code = "CHECK-00"


class ServiceAsleep(NotAskable):
    """The desk's own enrollment service runs only while the desk is open."""

    code = "CHECK-01"


class NoRecoveryCard(Trouble):
    """The records open with officers' cards alone: once these are lost, they are."""

    code = "KEYS-12"


class ScreenAway(NotAskable):
    """Cameras and printers cannot be listed: no part of the window system works here."""

    code = "CHECK-03"


Probe = Callable[[], str | None]
"""Name of a device that is there, or None. Raises ScreenAway where none can be listed."""


@dataclass(frozen=True)
class Patient:
    """What is asked. Every callable may raise a Trouble, which becomes that part's answer."""

    home: Path
    settings: Settings
    now: Callable[[], datetime]
    world: Callable[[], CardWorld]
    machine: Callable[[], Machine]
    roles: ReaderRoles
    roots: Callable[[], Roots]
    revocations: Callable[[], Revocations]
    officers: Callable[[], OfficerList]
    trust: TrustStore
    cards: Callable[[], Sequence[EnrolledCard]]
    store: Callable[[], Store]
    status_signer: Callable[[], Sequence[bytes]]
    verifier: Callable[[], Sequence[bytes]]
    place: Callable[[], StatusPlace]
    health: Callable[[], ServiceHealth]
    camera: Probe
    printer: Probe

    @classmethod
    def of_station(cls, station: Station, camera: Probe, printer: Probe) -> Patient:
        return cls(
            home=station.home,
            settings=station.settings,
            now=station.now,
            world=station.readers.world,
            machine=look_around,
            roles=station.roles,
            roots=lambda: Roots.of_station(station),
            revocations=lambda: station.authority.revocations,
            officers=lambda: list_in_place(station.officers),
            trust=station.trust,
            cards=station.records.cards,
            store=lambda: station.store,
            status_signer=lambda: station.authority.status_signer.certificate_chain,
            verifier=lambda: station.authority.verifier.certificate_chain,
            place=lambda: station.status_place,
            health=station.link.health,
            camera=camera,
            printer=printer,
        )


@dataclass(frozen=True)
class Diagnosis:
    """All answers in the board's order, and what was seen of the readers."""

    checks: tuple[BoardCheck, ...]
    seen: Seen
    at: datetime

    def check(self, key: CheckKey) -> BoardCheck:
        return next(check for check in self.checks if check.key is key)

    @property
    def worst(self) -> CheckState:
        return max((check.state for check in self.checks), key=lambda state: state.rank)


def check_all(station: Station, camera: Probe, printer: Probe) -> Diagnosis:
    """Every part of an open station. May take seconds: never on the window's thread."""
    return examine(Patient.of_station(station, camera, printer))


def examine(patient: Patient) -> Diagnosis:
    """Every part, in the order of the board."""
    now = patient.now()
    seen = card_checks.look(patient.roles, patient.world(), patient.machine(), patient.roots, now)
    checks = (
        *card_checks.checks(seen),
        _guarded(CheckKey.RECORDS_CARDS, lambda: _records_cards(patient)),
        _guarded(CheckKey.OFFICERS, lambda: _officers(patient, now)),
        _guarded(CheckKey.CAMERA, lambda: _device(CheckKey.CAMERA, patient.camera)),
        _guarded(CheckKey.PRINTER, lambda: _device(CheckKey.PRINTER, patient.printer)),
        *_service(patient),
        _guarded(CheckKey.STATUS_LIST, lambda: _status_lists(patient, now)),
        _guarded(CheckKey.VERIFIER, lambda: freshness.verifier(patient.verifier(), now)),
        *_trust(patient, now),
        _guarded(CheckKey.REGISTER, lambda: _register(patient, now)),
        _guarded(CheckKey.DISK, lambda: freshness.disk(patient.home, patient.settings.checks)),
        _guarded(CheckKey.COPIES, lambda: _copies(patient)),
        _guarded(CheckKey.CLOCK, lambda: _clock(patient, now)),
    )
    return Diagnosis(checks, seen, now)


# A missing printer or an old list leaves work possible; the others do not.
_STOPS = frozenset(
    {
        CheckKey.CARD_SERVICE,
        CheckKey.PASSPORT_READER,
        CheckKey.OFFICER_CARD,
        CheckKey.OFFICERS,
        CheckKey.ENROLLMENT_SERVICE,
    }
)
_MISSING: dict[CheckKey, Trouble] = {
    CheckKey.CAMERA: CameraMissing(),
    CheckKey.PRINTER: PrinterMissing(),
}


def _guarded(key: CheckKey, check: Callable[[], BoardCheck]) -> BoardCheck:
    try:
        return check()
    except Trouble as reason:
        return _not_ready(key, reason)


# Records on another machine that cannot be used: nobody signs in, whatever part asked.
_RECORDS_AWAY = (Unreachable, DeskRefused, Unprotected, AddressWrong, ServerReadOnly)
# Nothing can be issued: no list with a new index in it would count.
_NO_SIGNER = (StatusSignerOver, StatusSignerUnknown)


def _not_ready(key: CheckKey, reason: Trouble) -> BoardCheck:
    stops = key in _STOPS or isinstance(reason, (*_RECORDS_AWAY, *_NO_SIGNER))
    state = CheckState.UNUSABLE if stops else CheckState.ATTENTION
    if isinstance(reason, NotAskable | RecordsClosed):
        state = CheckState.NOT_DONE
    facts = {name: value for name, value in reason.facts.items() if value is not None}
    return BoardCheck(key, state, "trouble", facts, reason.code)


def _device(key: CheckKey, probe: Probe) -> BoardCheck:
    name = probe()
    if name is None:
        raise _MISSING[key]
    return BoardCheck(key, CheckState.READY, "ready", {"name": name})


def _officers(patient: Patient, now: datetime) -> BoardCheck:
    """How long the ministry's list of officers holds; without one nobody signs in."""
    post = patient.settings.station.post
    return freshness.officer_list(patient.officers(), post, patient.settings.checks, now)


def _service(patient: Patient) -> tuple[BoardCheck, BoardCheck]:
    """Whether it answers, as this desk expects it, and how long phones have waited there."""
    try:
        health = patient.health()
    except Trouble as reason:
        queue = BoardCheck(CheckKey.QUEUE, CheckState.NOT_DONE, "not_asked")
        return _not_ready(CheckKey.ENROLLMENT_SERVICE, reason), queue
    limits, own = patient.settings.checks, patient.settings.enrollment
    return terms(health, own) or service(health, limits), queue_age(health, limits)


def terms(health: ServiceHealth, own: EnrollmentSettings) -> BoardCheck | None:
    """What the settings say otherwise than the service they name; what it does not tell, and
    the desk's own, which is started with these very settings, are not compared."""
    ours = asdict(own)
    apart = {
        name: theirs
        for name, theirs in health.terms.items()
        if name in ours and theirs != ours[name]
    }
    if not own.url or not apart:
        return None
    facts = {
        **_answered(health),
        "entries": ", ".join(apart),
        "theirs": ", ".join(f"{name} = {theirs}" for name, theirs in apart.items()),
    }
    key = CheckKey.ENROLLMENT_SERVICE
    return BoardCheck(key, CheckState.ATTENTION, "answers", facts, TermsDiffer.code)


def service(health: ServiceHealth, limits: CheckSettings) -> BoardCheck:
    facts, key = _answered(health), CheckKey.ENROLLMENT_SERVICE
    if health.latency_ms > limits.service_ms:
        return BoardCheck(key, CheckState.ATTENTION, "slow", facts, ServiceSlow.code)
    return BoardCheck(key, CheckState.READY, "answers", facts)


def _answered(health: ServiceHealth) -> dict[str, str | int]:
    return {"ms": round(health.latency_ms), "queue": health.queue}


def queue_age(health: ServiceHealth, limits: CheckSettings) -> BoardCheck:
    """How long the phone at the head of the queue has waited."""
    if not health.queue:
        return BoardCheck(CheckKey.QUEUE, CheckState.READY, "empty")
    waited = timedelta(seconds=health.oldest_seconds)
    facts = {"queue": health.queue, "minutes": waited // timedelta(minutes=1)}
    if waited > timedelta(minutes=limits.queue_minutes):
        return BoardCheck(CheckKey.QUEUE, CheckState.ATTENTION, "old", facts, PhonesWait.code)
    return BoardCheck(CheckKey.QUEUE, CheckState.READY, "waiting", facts)


def _status_lists(patient: Patient, now: datetime) -> BoardCheck:
    """The lists, whether they are where credentials point to, and whether their signer still
    counts, which can be asked of closed records too: whichever stands worst."""
    signer = freshness.status_signer(patient.status_signer(), patient.roots().signer, now)
    lists = _guarded(CheckKey.STATUS_LIST, lambda: _signed_lists(patient, now))
    places = _guarded(CheckKey.STATUS_LIST, lambda: _places(patient, now))
    return max(lists, places, signer, key=lambda check: check.state.rank)


def _places(patient: Patient, now: datetime) -> BoardCheck:
    with patient.store().read() as session:
        pointing = status.pointing(session, now)
    left = freshness.left_addresses(pointing, patient.place())
    with patient.store().read() as session:
        count = status.standing_at(session, now, left) if left else 0
    return freshness.status_addresses(left, count)


def _signed_lists(patient: Patient, now: datetime) -> BoardCheck:
    with patient.store().read() as session:
        lists = [status.content(session, name) for name in status.list_names(session)]
    return freshness.status_lists(lists, patient.settings, now)


def _trust(patient: Patient, now: datetime) -> tuple[BoardCheck, BoardCheck]:
    limits = patient.settings.trust
    try:
        contents = patient.trust.contents()
    except Trouble as reason:
        unknown = BoardCheck(CheckKey.REVOCATIONS, CheckState.NOT_DONE, "not_asked")
        return _not_ready(CheckKey.TRUST_LIST, reason), unknown
    return (
        _guarded(CheckKey.TRUST_LIST, lambda: freshness.trust_list(contents, limits, now)),
        freshness.revocations(contents, limits, now),
    )


def _register(patient: Patient, now: datetime) -> BoardCheck:
    with patient.store().read() as session:
        state = register.state(session)
    return freshness.register_extract(state, patient.settings.register, now)


def _records_cards(patient: Patient) -> BoardCheck:
    """Whether the loss of a card could lose the records; the ring tells without a card."""
    kinds = [card.kind for card in patient.cards()]
    if not kinds:
        raise NotBegun()
    recovery = kinds.count(CardKind.RECOVERY)
    if not recovery:
        raise NoRecoveryCard()
    facts = {"cards": len(kinds) - recovery, "recovery": recovery}
    return BoardCheck(CheckKey.RECORDS_CARDS, CheckState.READY, "enrolled", facts)


def _copies(patient: Patient) -> BoardCheck:
    """Whether the last seal was made and the second place has every one, as the records know;
    it is not asked here."""
    if not patient.settings.audit.copies:
        raise NoSecondPlace()
    sealing.demand_sealed(patient.store())
    state = copies.state(patient.store())
    if state.waiting:
        raise CopyFailed(waiting=state.waiting)
    facts = {"size": state.size}
    return BoardCheck(CheckKey.COPIES, CheckState.READY, "sent" if state.size else "none", facts)


def _clock(patient: Patient, now: datetime) -> BoardCheck:
    """Against everything signed that can be read; what cannot be read is told elsewhere."""
    statements: list[datetime] = []
    for source in (_recorded_times, _trusted_times, _revoked_times, _listed_times):
        try:
            statements += source(patient)
        except Trouble:
            continue
    return freshness.clock(statements, patient.settings.checks, now)


def _recorded_times(patient: Patient) -> list[datetime]:
    """The last recorded event, and when the status lists were signed."""
    with patient.store().read() as session:
        head = journal.head(session)
        last = journal.events(session, after=max(0, head.count - 1), limit=1)
        lists = [status.content(session, name) for name in status.list_names(session)]
    return [event.at for event in last] + [one.signed_at for one in lists if one.signed_at]


def _trusted_times(patient: Patient) -> list[datetime]:
    return freshness.signed_times(patient.trust.contents())


def _listed_times(patient: Patient) -> list[datetime]:
    return [patient.officers().issued]


def _revoked_times(patient: Patient) -> list[datetime]:
    return list(patient.revocations().signed_times())
