"""Acts on a credential after its delivery: what they are, who may do them, what is signed.

A suspension takes one officer and no signature: whoever has lost a phone cannot wait. To
revoke, to make usable what no phone presented, and to set aside that a holder was told to have
died, takes two persons' cards. Both sign one
canonical statement (RFC 8785) by way of its digest, exactly as a case is approved
(:mod:`desk.issuance.approvals`): only what the digest is made of, and as what the card
signs, are other.

:class:`Agreed` stands for both signatures. It verifies everything when it is made and
cannot be made otherwise. Doing what was agreed is ``desk.counter.aftercare``'s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from desk.cards.certificates import load_certificate
from desk.issuance.approvals import ApprovalBroken, Usable, verify_statement
from desk.issuance.case import Approval, Purpose
from desk.issuance.jcs import canonical
from desk.issuance.officers import Officer
from desk.issuance.roles import Right
from desk.trouble import Trouble

FORMAT = "desk-after-care/1"
LONGEST_BASIS = 60
STATEMENT_HOLDS = timedelta(minutes=30)
"""So long the second card may follow the first."""


class CareTrouble(Trouble):
    """What stands between a credential and an act on it."""


class NothingStands(CareTrouble):
    """No credential of this case stands any more. Fact: case."""

    code = "CARE-01"


class StandsOtherwise(CareTrouble):
    """The credential's state allows this act no more. Facts: case, state."""

    code = "CARE-02"


class ReasonNotGiven(CareTrouble):
    """The act takes a reason, and to revoke or to set aside takes what it rests upon too."""

    code = "CARE-03"


class SamePersonAgain(CareTrouble):
    """The second signature must be another person's, with another card."""

    code = "CARE-04"


class NobodyApproves(CareTrouble):
    """Neither of the two may approve at this post. Fact: post."""

    code = "CARE-05"


class StatementChanged(CareTrouble):
    """The credential is no longer as the statement says that was shown or signed. Fact: case."""

    code = "CARE-06"


class StatementOver(CareTrouble):
    """The time in which the second card was waited for is over. Fact: case."""

    code = "CARE-07"


class UndoOver(CareTrouble):
    """The suspension can no longer simply be taken back. Fact: case."""

    code = "CARE-08"


class ReportedLost(CareTrouble):
    """The phone that holds this credential was reported: it becomes usable no more. Fact:
    case."""

    code = "CARE-09"


class SuspendReason(StrEnum):
    LOSS_CALL = "loss_call"
    OWN_REQUEST = "own_request"
    SUSPICIOUS_USE = "suspicious_use"


class RevokeReason(StrEnum):
    STRUCK_OFF = "struck_off"
    DIED = "died"
    OWN_REQUEST = "own_request"
    PHONE_LOST = "phone_lost"
    ISSUED_WRONGLY = "issued_wrongly"


class ActivateReason(StrEnum):
    """Why the phone could not present what it has."""

    APP_CANNOT = "app_cannot"
    NO_NETWORK = "no_network"
    SERVICE_DOWN = "service_down"


class SetAside(StrEnum):
    """Why a credential stays as it is all the same, whatever was told of its holder."""

    OTHER_PERSON = "other_person"
    NOTICE_WRONG = "notice_wrong"
    SETTLED_ELSEWHERE = "settled_elsewhere"
    LOOKED_AND_STAYS = "looked_and_stays"


class Channel(StrEnum):
    """How a suspension was asked for."""

    PHONE = "phone"
    COUNTER = "counter"


class CareAct(StrEnum):
    """The acts that take two persons' cards."""

    REVOKE = "revoke"
    ACTIVATE = "activate"
    SET_ASIDE = "set_aside"
    """A notice of the holder's death: it stands in nobody's way any more."""

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.value)

    @property
    def reasons(self) -> type[RevokeReason | ActivateReason | SetAside]:
        return _REASONS[self]

    @property
    def wants_basis(self) -> bool:
        """Whether it has to be said upon what it rests."""
        return self is not CareAct.ACTIVATE


_REASONS: Mapping[CareAct, type[RevokeReason | ActivateReason | SetAside]] = {
    CareAct.REVOKE: RevokeReason,
    CareAct.ACTIVATE: ActivateReason,
    CareAct.SET_ASIDE: SetAside,
}


@dataclass(frozen=True)
class Statement:
    """What both cards sign. ``credentials`` are the places in the status lists (name, index)
    that the act changes, or leaves as they are; ``basis`` is the number of the document it
    rests upon. ``papers`` are the numbers of the notices that are set aside."""

    act: CareAct
    case_number: str
    post: str
    credentials: tuple[tuple[str, int], ...]
    reason: str
    basis: str
    asked_at: datetime
    papers: tuple[str, ...] = ()

    @property
    def facts(self) -> bytes:
        """RFC 8785 JSON."""
        # What was signed before notices were has no such member, and keeps its digest.
        papers = {"papers": list(self.papers)} if self.papers else {}
        return canonical(
            {
                "act": self.act.value,
                "asked_at": self.asked_at.astimezone(UTC).isoformat(timespec="microseconds"),
                "basis": self.basis,
                "case": self.case_number,
                "credentials": [[name, index] for name, index in self.credentials],
                "format": FORMAT,
                "post": self.post,
                "reason": self.reason,
                **papers,
            }
        )

    @property
    def digest(self) -> bytes:
        """SHA-256 (32 bytes) over the facts."""
        return hashlib.sha256(self.facts).digest()


def draw_up(
    act: CareAct,
    case_number: str,
    post: str,
    credentials: Sequence[tuple[str, int]],
    reason: str,
    basis: str,
    asked_at: datetime,
    papers: Sequence[str] = (),
) -> Statement:
    """The statement of an act. Raises :class:`NothingStands`, :class:`ReasonNotGiven`."""
    basis = " ".join(basis.split())
    if not credentials and not papers:
        raise NothingStands(case=case_number)
    if reason not in set(act.reasons) or len(basis) > LONGEST_BASIS:
        raise ReasonNotGiven()
    if act.wants_basis and not basis:
        raise ReasonNotGiven()
    places, told = tuple(sorted(credentials)), tuple(sorted(papers))
    return Statement(act, case_number, post, places, reason, basis, asked_at, told)


def read_statement(facts: bytes) -> Statement:
    """The statement of kept facts, exactly these bytes. Raises
    :class:`~desk.issuance.approvals.ApprovalBroken`."""
    try:
        told = json.loads(facts)
        statement = Statement(
            act=CareAct(told["act"]),
            case_number=str(told["case"]),
            post=str(told["post"]),
            credentials=tuple((str(name), int(index)) for name, index in told["credentials"]),
            reason=str(told["reason"]),
            basis=str(told["basis"]),
            asked_at=datetime.fromisoformat(told["asked_at"]),
            papers=tuple(str(one) for one in told.get("papers", ())),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as reason:
        raise ApprovalBroken(reason="statement") from reason
    if statement.facts != facts:
        raise ApprovalBroken(reason="statement")
    return statement


def is_over(statement: Statement, now: datetime) -> bool:
    """Whether the second card was waited for long enough."""
    return now >= statement.asked_at + STATEMENT_HOLDS


# Who may sign


def demand_signer(
    statement: Statement, officer: Officer, former: Sequence[Approval], officers: Sequence[Officer]
) -> None:
    """Whether this person's card may sign next, before any PIN. ``officers`` are those who
    have signed already.

    Raises :class:`~desk.issuance.roles.RoleMayNot`, :class:`SamePersonAgain`,
    :class:`NobodyApproves`.
    """
    officer.role.demand(Right.AFTER_CARE)
    if any(
        officer.officer_id == one.officer or officer.card == one.certificate_sha256
        for one in former
    ):
        raise SamePersonAgain()
    if former and not _one_approves(statement, (*officers, officer)):
        raise NobodyApproves(post=statement.post)


def _one_approves(statement: Statement, officers: Sequence[Officer]) -> bool:
    return any(one.may_approve_at(statement.post) for one in officers)


# What was signed


@dataclass(frozen=True)
class Agreed:
    """A statement that two persons signed: the only leave to do what it says.

    Making one raises :class:`SamePersonAgain`, :class:`NobodyApproves`,
    :class:`~desk.issuance.approvals.ApprovalBroken` and RoleMayNot.
    """

    statement: Statement
    approvals: tuple[Approval, ...]
    officers: tuple[Officer, ...]

    def __post_init__(self) -> None:
        if len(self.approvals) != 2 or len(self.officers) != 2:
            raise ApprovalBroken(reason="count")
        for place, (approval, officer) in enumerate(
            zip(self.approvals, self.officers, strict=True)
        ):
            _verify(self.statement, approval, officer)
            former = self.approvals[:place]
            demand_signer(self.statement, officer, former, self.officers[:place])


def _verify(statement: Statement, approval: Approval, officer: Officer) -> None:
    told = (approval.officer, approval.certificate_sha256, approval.role, approval.post)
    if told != (officer.officer_id, officer.card, officer.role.value, officer.post):
        raise ApprovalBroken(reason="officer")
    if approval.purpose is not statement.act.purpose:
        raise ApprovalBroken(reason="purpose")
    if approval.digest != statement.digest.hex():
        raise StatementChanged(case=statement.case_number)
    verify_statement(statement.case_number, approval)


def signers(
    statement: Statement,
    approvals: Sequence[Approval],
    officers: Mapping[str, Officer],
    usable: Usable,
    now: datetime,
) -> tuple[Officer, ...]:
    """Who made the kept signatures, each verified again; ``officers`` is the list by card as
    it stands now. Raises :class:`~desk.issuance.approvals.ApprovalBroken`,
    :class:`StatementChanged` and the troubles of ``usable``."""
    found = []
    for approval in approvals:
        officer = officers.get(approval.certificate_sha256)
        if officer is None:
            raise ApprovalBroken(reason="list")
        _verify(statement, approval, officer)
        usable(load_certificate(bytes.fromhex(approval.certificate)), now)
        found.append(officer)
    return tuple(found)


def agreed(
    statement: Statement,
    approvals: Sequence[Approval],
    officers: Mapping[str, Officer],
    usable: Usable,
    now: datetime,
) -> Agreed:
    """Both signatures, verified again. Raises what :func:`signers` and :class:`Agreed` do."""
    who = signers(statement, approvals, officers, usable, now)
    return Agreed(statement, tuple(approvals), who)
