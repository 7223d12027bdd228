"""What is done with a credential after its case: suspend, take back, revoke, activate.

A suspension is one press of the officer whose card is in the desk, by telephone too: the
records first, then the published list. A list that does not go out stays due and is tried
again; until then the answer says so. Revoking, making usable what no phone presented, and
setting aside that a holder died is done in the transaction that keeps the second card's
signature, or not at all.
Resuming and reissuing are cases of their own (``desk.counter.renewal``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress

from desk.cards.piv import Pin, wipe
from desk.counter import approving, card_signature, holdings, proving, sealing
from desk.counter.holdings import Deed, Holding, Standing
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.issuance import aftercare as rules
from desk.issuance import seals
from desk.issuance.aftercare import (
    Agreed,
    CareAct,
    CareTrouble,
    Channel,
    NothingStands,
    SetAside,
    StandsOtherwise,
    Statement,
    StatementChanged,
    StatementOver,
    SuspendReason,
    UndoOver,
)
from desk.issuance.case import Act, Activation, Approval, Case, Ending, State, advance
from desk.issuance.roles import Right, RoleMayNot
from desk.store import care, cases, journal, notices, status
from desk.store.care import CareState, KeptAct
from desk.store.journal import Stamp
from desk.store.notice_file import NoticeKind
from desk.store.notices import NoSuchNotice
from desk.store.session import Session
from desk.store.status import StatusSlot, Validity
from desk.store.troubles import CasePurged
from desk.trouble import Trouble

_log = logging.getLogger(__name__)


# One card, no PIN


def suspend(
    station: Station,
    officer: Officer,
    number: str,
    reason: SuspendReason,
    channel: Channel = Channel.PHONE,
    *,
    publish: bool = True,
) -> Holding:
    """Nothing of this case is usable from now on. What was never proven stays as it is, and
    is not made usable later. The answer's ``published`` tells whether the list is out; with
    ``publish`` off the caller sees to that (:func:`publish_due`).

    Raises :class:`~desk.issuance.roles.RoleMayNot`, :class:`NothingStands`,
    :class:`StandsOtherwise`.
    """
    officer.role.demand(Right.SUSPEND)
    stamp = station.stamp(officer)
    with station.store.write() as session:
        found = holdings.read_in(station, session, officer, number)
        _demand_possible(found, Deed.SUSPEND)
        before = journal.head(session)
        for slot in found.standing_slots:
            status.set_validity(session, stamp, slot, Validity.SUSPENDED, reason.value)
        count = len(found.standing_slots)
        care.note_suspended(session, stamp, number, reason, channel, count, since=before)
    _publish(station, publish)
    return holdings.read(station, officer, number)


def undo(station: Station, officer: Officer, number: str, *, publish: bool = True) -> Holding:
    """The suspension that this officer made a moment ago was meant for somebody else.

    Raises :class:`UndoOver` after :data:`~desk.counter.holdings.UNDO_FOR`, for another
    officer, and once anything else happened to the credential.
    """
    officer.role.demand(Right.SUSPEND)
    stamp = station.stamp(officer)
    with station.store.write() as session:
        if not holdings.read_in(station, session, officer, number).may(Deed.UNDO):
            raise UndoOver(case=number)
        changed = _usable_before(session, number)
        for slot in changed:
            status.set_validity(session, stamp, slot, Validity.VALID, "suspension_undone")
        journal.append(session, stamp, "CARE.SUSPENSION_UNDONE", number, count=len(changed))
    _publish(station, publish)
    return holdings.read(station, officer, number)


def _usable_before(session: Session, number: str) -> tuple[StatusSlot, ...]:
    """The entries that the last suspension took from VALID, and that nothing changed since."""
    taken = care.taken_from_valid(session, number)
    return tuple(
        one.slot
        for one in status.entries_of(session, number)
        if one.slot in taken and one.validity is Validity.SUSPENDED
    )


# Two persons' cards


def draw_up(
    station: Station, officer: Officer, number: str, act: CareAct, reason: str, basis: str = ""
) -> Statement:
    """What both cards would sign; nothing is kept yet.

    Raises RoleMayNot, :class:`StandsOtherwise`, :class:`NothingStands`,
    :class:`~desk.issuance.aftercare.ReasonNotGiven` and, where no death was told that could be
    set aside, :class:`~desk.store.notices.NoSuchNotice`.
    """
    officer.role.demand(Right.AFTER_CARE)
    places, papers = _concerned(station, officer, number, act)
    post = station.post.code
    return rules.draw_up(act, number, post, [*places], reason, basis, station.now(), papers)


def sign(
    station: Station,
    officer: Officer,
    statement: Statement,
    pin: Pin,
    allow_last_try: bool = False,
    *,
    publish: bool = True,
) -> KeptAct:
    """This officer's card signs the statement: as the first one, or as the second, and then
    it is done at once.

    Raises the family of :class:`~desk.issuance.aftercare.CareTrouble`, RoleMayNot,
    ``ApprovalBroken`` and the card's troubles; ``pin`` is wiped in any case, None is typed
    on the reader.
    """
    try:
        former = _demand_next(station, officer, statement)
        purpose = statement.act.purpose
        with station.officer_card() as session:
            approval = card_signature.sign(
                station,
                session,
                officer,
                statement.case_number,
                statement.digest,
                purpose,
                pin,
                allow_last_try,
            )
            kept = _keep(station, officer, statement, former, approval)
            by = sealing.by_session(session)
            number = statement.case_number
            sealing.try_to_seal(station, officer, seals.Purpose.APPROVAL, by, number)
    finally:
        wipe(pin)
    _publish(station, publish and kept.state is CareState.DONE)
    return kept


def why_not_next(station: Station, officer: Officer, statement: Statement) -> Trouble | None:
    """What keeps this officer's card from signing the statement now; None where nothing does.
    Asked before the PIN, of whoever's card is put in."""
    try:
        _demand_next(station, officer, statement)
    except (CareTrouble, RoleMayNot) as reason:
        return reason
    return None


def awaited(station: Station, statement: Statement) -> KeptAct | None:
    """How far this statement is: another desk's card may have signed it meanwhile."""
    with station.store.read() as session:
        return care.kept(session, statement.digest)


def give_up(station: Station, officer: Officer, statement: Statement) -> None:
    """The first signature shall lead to nothing. Raises RoleMayNot."""
    officer.role.demand(Right.AFTER_CARE)
    with station.store.write() as session:
        care.withdraw(session, station.stamp(officer), statement.digest)


def _demand_next(station: Station, officer: Officer, statement: Statement) -> tuple[Approval, ...]:
    """Everything that may refuse is asked before the card; the signatures so far, verified."""
    number = statement.case_number
    officer.role.demand(Right.AFTER_CARE)
    if rules.is_over(statement, station.now()):
        raise StatementOver(case=number)
    if _concerned(station, officer, number, statement.act) != _named(statement):
        raise StatementChanged(case=number)
    with station.store.read() as session:
        kept = care.kept(session, statement.digest)
    if kept is not None and kept.state is not CareState.ASKED:
        raise StatementOver(case=number)
    former = kept.approvals if kept else ()
    who = _signers(station, statement, former)
    rules.demand_signer(statement, officer, former, who)
    if statement.act is CareAct.ACTIVATE:
        approving.demand_approved(station, station.load(number))
    return former


def _signers(
    station: Station, statement: Statement, approvals: Sequence[Approval]
) -> tuple[Officer, ...]:
    usable = station.authority.revocations.check
    return rules.signers(statement, approvals, station.officers, usable, station.now())


def _keep(
    station: Station,
    officer: Officer,
    statement: Statement,
    former: tuple[Approval, ...],
    approval: Approval,
) -> KeptAct:
    """Keep the signature; with the second one, what both say is done."""
    stamp = station.stamp(officer)
    if not former:
        with station.store.write() as session:
            return care.ask(session, stamp, statement, approval)
    usable = station.authority.revocations.check
    both = rules.agreed(statement, (*former, approval), station.officers, usable, station.now())
    with station.store.write() as session:
        _demand_same(session, both)
        kept = care.do(session, stamp, statement, approval)
        _DO[statement.act](session, stamp, both)
    return kept


def _demand_same(session: Session, both: Agreed) -> None:
    """Nobody did anything in between, at this desk or another."""
    statement = both.statement
    kept = care.kept(session, statement.digest)
    if kept is None or kept.state is not CareState.ASKED:
        raise StatementOver(case=statement.case_number)
    if kept.approvals != both.approvals[:1]:
        raise StatementChanged(case=statement.case_number)
    number = statement.case_number
    papers = _papers(session, number) if statement.act is CareAct.SET_ASIDE else ()
    if (_standing(session, number), papers) != _named(statement):
        raise StatementChanged(case=number)


_Concerned = tuple[frozenset[tuple[str, int]], tuple[str, ...]]
"""Places in the status lists, and papers, that an act concerns."""


def _named(statement: Statement) -> _Concerned:
    return frozenset(statement.credentials), statement.papers


def _concerned(station: Station, officer: Officer, number: str, act: CareAct) -> _Concerned:
    """What the act would be about now; raises what keeps it from being done."""
    if act is CareAct.SET_ASIDE:
        with station.store.read() as session:
            return _standing(session, number), _papers(session, number)
    found = _demand(station, officer, number, Deed(act.value))
    return frozenset((one.list_name, one.index) for one in found.standing_slots), ()


def _standing(session: Session, number: str) -> frozenset[tuple[str, int]]:
    return frozenset(
        (one.slot.list_name, one.slot.index)
        for one in status.entries_of(session, number)
        if one.validity is not Validity.INVALID
    )


def _papers(session: Session, number: str) -> tuple[str, ...]:
    papers = notices.death_papers(session, number)
    if not papers:
        raise NoSuchNotice(case=number, kind=NoticeKind.DIED.value)
    return papers


def _revoke(session: Session, stamp: Stamp, both: Agreed) -> None:
    """INVALID for ever; a case that still waited for its proof is over."""
    statement = both.statement
    for name, index in statement.credentials:
        slot = StatusSlot(name, index)
        status.set_validity(session, stamp, slot, Validity.INVALID, statement.reason)
    journal.append(session, stamp, "CARE.REVOKED", statement.case_number, **_told(both))
    case = _open_case(session, statement.case_number)
    if case is not None:
        ended = advance(case, Act.CANCEL, stamp.at, ending=Ending("revoked"), closed_at=stamp.at)
        cases.save(session, stamp, ended, "CASE.CANCELLED", reason="revoked")


def _activate(session: Session, stamp: Stamp, both: Agreed) -> None:
    """VALID without a proof, and the case says by whom."""
    statement = both.statement
    case = cases.load(session, statement.case_number)
    activation = Activation(
        activated_at=stamp.at,
        officers=tuple(one.officer_id for one in both.officers),
        reason=statement.reason,
        digest=statement.digest.hex(),
    )
    active = advance(case, Act.ACTIVATE, stamp.at, activation=activation, held=None)
    proving.make_usable(session, stamp, case, "activated")
    cases.save(session, stamp, active, "CARE.ACTIVATED", **_told(both))


def _set_aside(session: Session, stamp: Stamp, both: Agreed) -> None:
    """The death that was told stands in nobody's way any more: the credential stays, or the
    applicant at the window counts as the register has them."""
    statement = both.statement
    who = [one.officer_id for one in both.officers]
    reason = SetAside(statement.reason)
    notices.put_death_aside(session, stamp, statement.case_number, reason, who)


_DO = {
    CareAct.REVOKE: _revoke,
    CareAct.ACTIVATE: _activate,
    CareAct.SET_ASIDE: _set_aside,
}


def _told(both: Agreed) -> dict[str, str | int]:
    return {
        "reason": both.statement.reason,
        "digest": both.statement.digest.hex(),
        "count": len(both.statement.credentials),
        "certificate": ",".join(one.certificate_sha256 for one in both.approvals),
    }


def _open_case(session: Session, number: str) -> Case | None:
    case = None
    with suppress(CasePurged):
        case = cases.load(session, number)
    return case if case is not None and case.state is State.DELIVERED else None


# Asked by each


def _demand(station: Station, officer: Officer, number: str, deed: Deed) -> Holding:
    found = holdings.read(station, officer, number)
    _demand_possible(found, deed)
    return found


def _demand_possible(found: Holding, deed: Deed) -> None:
    if found.standing is Standing.REVOKED:
        raise NothingStands(case=found.number)
    if not found.may(deed):
        raise StandsOtherwise(case=found.number, state=found.standing.value)


def publish_due(station: Station) -> bool:
    """What changed goes out; whether nothing is due any more."""
    try:
        publish_status(station)
    except Trouble as reason:
        _log.warning("status lists are still due: %s", reason.code)
        return False
    return True


def _publish(station: Station, now: bool) -> None:
    """Out at once; what does not go out stays due and is tried again."""
    if now:
        publish_due(station)


def end_rehearsed(station: Station, number: str) -> int:
    """A rehearsal ends a credential that nobody needs any more, without cards; how many
    entries were not INVALID before. A bug in live work."""
    if not station.training:
        raise RuntimeError("only a rehearsal revokes without cards")
    stamp = station.stamp()
    with station.store.write() as session:
        standing = [
            one
            for one in status.entries_of(session, number)
            if one.validity is not Validity.INVALID
        ]
        for one in standing:
            status.set_validity(session, stamp, one.slot, Validity.INVALID, "rehearsal")
    if standing:
        publish_status(station)
    return len(standing)
