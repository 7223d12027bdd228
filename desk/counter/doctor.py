"""Is the desk ready to open? Each part is asked by itself; each answer names one next step.

A part that is not ready is an answer, never an exception: the home page must come up with
the service stopped, the reader unplugged and the disk full.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta

from desk.cards.troubles import NoCard, NoReader
from desk.cards.watcher import CardWorld
from desk.counter.board import BoardCheck, CheckKey, CheckState
from desk.counter.provisioning import REQUESTED, CertificateEnding, Roots, State, slot_status
from desk.counter.settings import TrustSettings
from desk.counter.station import Station
from desk.mrtd.trust import TrustStore
from desk.mrtd.trust_records import SourceKind
from desk.store import journal, register
from desk.trouble import Trouble

DISK_LEAST_BYTES = 500 * 1024 * 1024
SERVICE_SLOW_MS = 2000
CLOCK_SLACK = timedelta(minutes=2)


class CameraMissing(Trouble):
    """No camera is connected."""

    code = "CAMERA-02"


class PrinterMissing(Trouble):
    """No printer is set up; the slip can be shown on the applicant's screen."""

    code = "PRINT-01"


class TrustListOld(Trouble):
    """The master list is older than the settings allow."""

    code = "TRUST-30"


class TrustListMissing(Trouble):
    """No CSCA certificate is there: no passport can be judged."""

    code = "TRUST-31"


class RevocationListsOld(Trouble):
    """Revocation lists were imported longer ago than the settings allow."""

    code = "TRUST-32"


class RegisterOld(Trouble):
    """The register extract is older than the settings allow."""

    code = "REG-30"


class RegisterMissing(Trouble):
    """No register extract was imported."""

    code = "REG-31"


class ClockBehind(Trouble):
    """The clock stands before the last recorded event."""

    code = "CLOCK-01"


class DiskNearlyFull(Trouble):
    """Too little space is left for the records."""

    code = "DISK-01"


class ServiceSlow(Trouble):
    """The enrollment service answers, but slowly."""

    code = "LINK-30"


Probe = Callable[[], str | None]
"""Name of a device that is there, or None."""


def check_all(station: Station, camera: Probe, printer: Probe) -> tuple[BoardCheck, ...]:
    """Every part, in the order of the board. May take seconds: never on the window's thread."""
    world = station.readers.world()
    return (
        card_service(world),
        passport_reader(station, world),
        _guarded(CheckKey.OFFICER_CARD, lambda: _officer_card(station)),
        _guarded(CheckKey.CAMERA, lambda: _named(CheckKey.CAMERA, camera, CameraMissing())),
        _guarded(CheckKey.PRINTER, lambda: _named(CheckKey.PRINTER, printer, PrinterMissing())),
        _guarded(CheckKey.ENROLLMENT_SERVICE, lambda: _service(station)),
        _guarded(
            CheckKey.TRUST_LIST,
            lambda: trust_lists(station.trust, station.settings.trust, station.now()),
        ),
        _guarded(CheckKey.REGISTER, lambda: _register(station)),
        _guarded(CheckKey.CLOCK, lambda: _clock_and_disk(station)),
    )


# A missing printer or an old list leaves work possible; the others do not.
_STOPS = frozenset(
    {
        CheckKey.CARD_SERVICE,
        CheckKey.PASSPORT_READER,
        CheckKey.OFFICER_CARD,
        CheckKey.ENROLLMENT_SERVICE,
    }
)


def _guarded(key: CheckKey, check: Callable[[], BoardCheck]) -> BoardCheck:
    try:
        return check()
    except Trouble as reason:
        return _not_ready(key, reason)


def _not_ready(key: CheckKey, reason: Trouble) -> BoardCheck:
    state = CheckState.UNUSABLE if key in _STOPS else CheckState.ATTENTION
    facts = {name: value for name, value in reason.facts.items() if value is not None}
    return BoardCheck(key, state, "trouble", facts, reason.code)


def card_service(world: CardWorld) -> BoardCheck:
    """The machine's PC/SC service."""
    if not world.service_running:
        return BoardCheck(CheckKey.CARD_SERVICE, CheckState.UNUSABLE, "stopped", {}, "READER-01")
    facts = {"readers": len(world.readers)}
    return BoardCheck(CheckKey.CARD_SERVICE, CheckState.READY, "running", facts)


def passport_reader(station: Station, world: CardWorld) -> BoardCheck:
    """A reader besides the one that holds the officer's card."""
    wanted = station.settings.readers.passport
    names = [reader.name for reader in world.readers]
    if wanted and wanted in names:
        return BoardCheck(CheckKey.PASSPORT_READER, CheckState.READY, "ready", {"reader": wanted})
    free = [name for name in names if name != station.settings.readers.officer]
    if wanted or len(names) < 2 or not free:
        return _not_ready(CheckKey.PASSPORT_READER, NoReader())
    return BoardCheck(CheckKey.PASSPORT_READER, CheckState.READY, "ready", {"reader": free[0]})


def _officer_card(station: Station) -> BoardCheck:
    """Both certificates that the desk uses: whichever stands worse is told."""
    roots = Roots.of_station(station)
    try:
        with station.officer_card() as session:
            slots = [slot_status(session, slot, roots, station.now()) for slot in REQUESTED]
    except NoCard as reason:
        return _not_ready(CheckKey.OFFICER_CARD, reason)
    for status in slots:
        if status.trouble is not None and not status.state.is_usable:
            return _not_ready(CheckKey.OFFICER_CARD, status.trouble)
    soonest = min(slots, key=lambda status: status.days_left or 0)
    days = {"days": soonest.days_left or 0}
    if soonest.state is State.ENDING:
        code = CertificateEnding.code
        return BoardCheck(CheckKey.OFFICER_CARD, CheckState.ATTENTION, "ending", days, code)
    for status in slots:
        if status.trouble is not None:
            facts = {"days": int(status.trouble.facts["days"] or 0)}
            code = status.trouble.code
            return BoardCheck(CheckKey.OFFICER_CARD, CheckState.ATTENTION, "list_old", facts, code)
    return BoardCheck(CheckKey.OFFICER_CARD, CheckState.READY, "days_left", days)


def _named(key: CheckKey, probe: Probe, missing: Trouble) -> BoardCheck:
    name = probe()
    if name is None:
        raise missing
    return BoardCheck(key, CheckState.READY, "ready", {"name": name})


def _service(station: Station) -> BoardCheck:
    health = station.link.health()
    facts = {"ms": round(health.latency_ms), "queue": health.queue}
    if health.latency_ms > SERVICE_SLOW_MS:
        slow = ServiceSlow.code
        return BoardCheck(CheckKey.ENROLLMENT_SERVICE, CheckState.ATTENTION, "slow", facts, slow)
    return BoardCheck(CheckKey.ENROLLMENT_SERVICE, CheckState.READY, "answers", facts)


def trust_lists(trust: TrustStore, limits: TrustSettings, now: datetime) -> BoardCheck:
    """The master lists, and how long ago the revocation lists were asked for.

    A single certificate does not age while there is a list. Raises TrustListMissing and the
    store's troubles.
    """
    contents = trust.contents()
    if not contents.held:
        raise TrustListMissing()
    lists = contents.of_kind(SourceKind.MASTER_LIST) or contents.of_kind(SourceKind.CERTIFICATE)
    oldest = max(source.age_days(now) for source in lists)
    facts = {"certificates": len(contents.held), "days": oldest}
    if oldest > limits.warn_days:
        old = TrustListOld.code
        return BoardCheck(CheckKey.TRUST_LIST, CheckState.ATTENTION, "old", facts, old)
    asked = [(now - one.imported_at).days for one in contents.of_kind(SourceKind.REVOCATION_LIST)]
    if asked and max(asked) > limits.revocation_days:
        facts = {"lists": len(asked), "days": max(asked)}
        old = RevocationListsOld.code
        return BoardCheck(CheckKey.TRUST_LIST, CheckState.ATTENTION, "revocations_old", facts, old)
    return BoardCheck(CheckKey.TRUST_LIST, CheckState.READY, "fresh", facts)


def _register(station: Station) -> BoardCheck:
    with station.store.read() as session:
        state = register.state(session)
    if state is None:
        raise RegisterMissing()
    hours = int((station.now() - state.as_of).total_seconds() // 3600)
    facts = {"entries": state.entries, "hours": hours}
    if hours > station.settings.register.fresh_hours:
        old = RegisterOld.code
        return BoardCheck(CheckKey.REGISTER, CheckState.ATTENTION, "old", facts, old)
    return BoardCheck(CheckKey.REGISTER, CheckState.READY, "fresh", facts)


def _clock_and_disk(station: Station) -> BoardCheck:
    with station.store.read() as session:
        head = journal.head(session)
        last = journal.events(session, after=max(0, head.count - 1), limit=1)
    if last and last[-1].at > station.now() + CLOCK_SLACK:
        raise ClockBehind()
    free = shutil.disk_usage(station.home).free
    if free < DISK_LEAST_BYTES:
        raise DiskNearlyFull(megabytes=free // (1024 * 1024))
    return BoardCheck(CheckKey.CLOCK, CheckState.READY, "in_step")
