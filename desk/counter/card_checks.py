"""The smartcard service, the passport reader and the officer's card, asked for the doctor.

Evidence for the fault tree (`desk.cards.fault_tree`) is gathered here: the readers as the
service sees them, and what came of opening the card. No PIN is asked and none is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from desk.cards import fault_tree
from desk.cards.fault_tree import Answer, Evidence, Fault, Judged, Met, Question
from desk.cards.machine import Machine
from desk.cards.troubles import CardUnsupported, MuteCard, NoCard, NotOfficerCard, ReaderHeld
from desk.cards.watcher import CardWorld
from desk.counter.board import BoardCheck, CheckKey, CheckState
from desk.counter.provisioning import (
    REQUESTED,
    CertificateEnding,
    Roots,
    SlotStatus,
    State,
    slot_status,
)
from desk.counter.readers import ReaderRoles
from desk.trouble import Trouble

_MET: dict[type[Trouble], Met] = {
    ReaderHeld: Met.HELD,
    MuteCard: Met.MUTE,
    CardUnsupported: Met.UNSUPPORTED,
    NotOfficerCard: Met.UNKNOWN,
    NoCard: Met.NOT_TRIED,
}


@dataclass(frozen=True)
class Seen:
    """Readers and officer's card at one moment. ``trouble`` stood in the way besides the
    tree's faults; ``slots`` are the certificates where the card was opened."""

    evidence: Evidence
    judged: Judged
    passport_reader: str
    passport_fault: Fault | None
    slots: tuple[SlotStatus, ...] = ()
    trouble: Trouble | None = None

    @property
    def world(self) -> CardWorld:
        return self.evidence.world


def look(
    roles: ReaderRoles,
    world: CardWorld,
    machine: Machine,
    roots: Callable[[], Roots],
    now: datetime,
) -> Seen:
    """Everything about readers and card; what is not ready is an answer, nothing is raised."""
    opened = _open(roles, roots, now) if world.readers else _Opened(Met.NOT_TRIED)
    evidence = _evidence(roles, world, machine, opened)
    return Seen(
        evidence=evidence,
        judged=fault_tree.judge(evidence),
        passport_reader=_passport_reader(roles, world),
        passport_fault=_passport_fault(roles, world, machine),
        slots=opened.slots,
        trouble=opened.trouble,
    )


@dataclass(frozen=True)
class _Opened:
    """What came of opening the card on ``reader``."""

    met: Met
    reader: str = ""
    slots: tuple[SlotStatus, ...] = ()
    trouble: Trouble | None = None


def _open(roles: ReaderRoles, roots: Callable[[], Roots], now: datetime) -> _Opened:
    met = Met.BROKEN
    try:
        with roles.officer_card() as session:
            met = Met.KNOWN
            known = roots()
            slots = tuple(slot_status(session, slot, known, now) for slot in REQUESTED)
        return _Opened(met, roles.officer_reader, slots)
    except tuple(_MET) as reason:
        return _refused(roles, _MET[type(reason)])
    except Trouble as reason:
        return _Opened(met, roles.asked, trouble=reason)


def _refused(roles: ReaderRoles, met: Met) -> _Opened:
    """Which reader the attempt was about, and whether a stranger's card lies in one."""
    if met is not Met.NOT_TRIED or roles.named_officer:
        return _Opened(met, roles.asked)
    try:
        stranger = roles.stranger()
    except Trouble:
        stranger = ""
    return _Opened(Met.UNKNOWN, stranger) if stranger else _Opened(met)


def _evidence(roles: ReaderRoles, world: CardWorld, machine: Machine, opened: _Opened) -> Evidence:
    again = [one.name for one in world.readers if roles.mute.put_in_again(one)]
    reader = opened.reader or roles.named_officer
    return Evidence(world, machine, roles.named_officer, reader, opened.met, reader in again)


def _passport_reader(roles: ReaderRoles, world: CardWorld) -> str:
    """The named one, else the first that is not the officer's; empty where there is none."""
    if roles.named_passport:
        return roles.named_passport if world.reader(roles.named_passport) else ""
    if len(world.readers) < 2:
        return ""
    return next(one.name for one in world.readers if one.name != roles.officer_reader)


def _passport_fault(roles: ReaderRoles, world: CardWorld, machine: Machine) -> Fault | None:
    reader = _passport_reader(roles, world)
    evidence = Evidence(world, machine, roles.named_passport, reader)
    return fault_tree.passport_fault(evidence, others=bool(reader))


# As checks of the board ------------------------------------------------------------------


def checks(seen: Seen) -> tuple[BoardCheck, BoardCheck, BoardCheck]:
    """Service, passport reader, officer's card; what was not asked stands as not done."""
    return _service(seen), _passport(seen), _officer(seen)


def _service(seen: Seen) -> BoardCheck:
    if seen.judged.answer(Question.SERVICE) is Answer.NO:
        return _faulty(CheckKey.CARD_SERVICE, seen.judged.fault)
    facts = {"readers": len(seen.world.readers)}
    return BoardCheck(CheckKey.CARD_SERVICE, CheckState.READY, "running", facts)


def _passport(seen: Seen) -> BoardCheck:
    key = CheckKey.PASSPORT_READER
    if not seen.world.service_running:
        return BoardCheck(key, CheckState.NOT_DONE, "not_asked")
    facts = {"reader": seen.passport_reader}
    if seen.passport_fault is Fault.NO_CHIP:
        return BoardCheck(key, CheckState.ATTENTION, "fault", facts, Fault.NO_CHIP.value)
    if seen.passport_fault is not None:
        return _faulty(key, seen.passport_fault, seen.passport_reader)
    return BoardCheck(key, CheckState.READY, "ready", facts)


def _officer(seen: Seen) -> BoardCheck:
    key, judged = CheckKey.OFFICER_CARD, seen.judged
    if judged.answer(Question.SERVICE) is Answer.NO:
        return BoardCheck(key, CheckState.NOT_DONE, "not_asked")
    if judged.answer(Question.READERS) is Answer.NO:
        return _faulty(key, judged.fault, seen.evidence.reader)
    if seen.trouble is not None:
        return _troubled(key, seen.trouble)
    if judged.fault is not None:
        return _faulty(key, judged.fault, seen.evidence.reader)
    return certificates(seen.slots)


def certificates(slots: tuple[SlotStatus, ...]) -> BoardCheck:
    """Both certificates that the desk uses: whichever stands worse is told."""
    key = CheckKey.OFFICER_CARD
    for status in slots:
        if status.trouble is not None and not status.state.is_usable:
            return _troubled(key, status.trouble)
    soonest = min(slots, key=lambda status: status.days_left or 0)
    days = {"days": soonest.days_left or 0}
    if soonest.state is State.ENDING:
        return BoardCheck(key, CheckState.ATTENTION, "ending", days, CertificateEnding.code)
    for status in slots:
        if status.trouble is not None:
            facts = {"days": int(status.trouble.facts["days"] or 0)}
            code = status.trouble.code
            return BoardCheck(key, CheckState.ATTENTION, "list_old", facts, code)
    return BoardCheck(key, CheckState.READY, "days_left", days)


def _faulty(key: CheckKey, fault: Fault | None, reader: str = "") -> BoardCheck:
    assert fault is not None
    facts = {"reader": reader} if reader else {}
    return BoardCheck(key, CheckState.UNUSABLE, "fault", facts, fault.value)


def _troubled(key: CheckKey, reason: Trouble) -> BoardCheck:
    facts = {name: value for name, value in reason.facts.items() if value is not None}
    return BoardCheck(key, CheckState.UNUSABLE, "fault", facts, reason.code)
