"""Four eyes: whose cards must sign a case before anything is issued on it.

Each card signs a statement over the canonical digest of the case; the statement names the
case, the person, the role, the card, the time and as what it is signed. A case is approved
when whoever prepared it has signed and, where the policy asks, somebody who had no hand in
it has signed the same digest with another card (FIPS 201-3, 2.7: nobody issues alone).

:class:`Approved` stands for that. It verifies everything when it is made and cannot be made
otherwise, so whatever takes one needs no check of its own: :func:`approve` moves a case on
only with one, and it is made again from the stored signatures before each credential is
signed. Asking cards, storing and showing are left to the counter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv_data import PublicKey
from desk.cards.troubles import CertificateUnreadable, SignatureMismatch
from desk.issuance.case import (
    Act,
    Approval,
    ApprovalRequest,
    Case,
    Judgement,
    NotPossible,
    Purpose,
    Returned,
    State,
    advance,
    unexplained,
)
from desk.issuance.digest import case_digest, check_words
from desk.issuance.flagged import FlaggedItem, flagged_items
from desk.issuance.jcs import canonical
from desk.issuance.officers import Officer
from desk.issuance.roles import Right
from desk.trouble import Trouble

PREFIX = b"desk-case-approval-2:"
"""Before every statement: no signature of the same key on anything else can pass for one."""

Usable = Callable[[x509.Certificate, datetime], None]
"""Raises the trouble that keeps a card's certificate from being used at a time."""


class ApprovalTrouble(Trouble):
    """What stands between a case and its approval."""


class NotAllOpened(ApprovalTrouble):
    """Flagged items have not been looked at yet. Fact: count."""

    code = "REVIEW-01"


class CaseChangedSince(ApprovalTrouble):
    """The case is not the one whose digest was shown or signed."""

    code = "REVIEW-02"


class PreparerMayNotApprove(ApprovalTrouble):
    """This person had a hand in the case."""

    code = "REVIEW-03"


class SameCard(ApprovalTrouble):
    """This card has signed the case already, in whoever's name."""

    code = "REVIEW-04"


class MayNotApprove(ApprovalTrouble):
    """The list of officers lets this person approve nothing at this post. Facts: role, post."""

    code = "REVIEW-05"


class MayNotPrepare(ApprovalTrouble):
    """The list of officers lets this person prepare nothing at this post. Facts: role, post."""

    code = "REVIEW-06"


class SecondCardMissing(ApprovalTrouble):
    """Not signed by as many cards as the policy asks."""

    code = "REVIEW-07"


class ApprovalBroken(ApprovalTrouble):
    """A stored signature does not hold. Fact: reason."""

    code = "REVIEW-08"


class RequestOver(ApprovalTrouble):
    """The time in which a second card was waited for is over."""

    code = "REVIEW-09"


class AnotherPerson(ApprovalTrouble):
    """The face was judged to be somebody else's: no number of cards approves that."""

    code = "REVIEW-10"


class ReasonMissing(ApprovalTrouble):
    """A difference lacks the officer's reason. Fact: count."""

    code = "REVIEW-11"


class ApprovalVoid(ApprovalTrouble):
    """An approval that was complete does not hold any more; the case is at its review."""

    code = "REVIEW-13"


class SecondCard(StrEnum):
    """When another person's card is asked for. Exceptions always; ALWAYS: every case."""

    EXCEPTIONS = "exceptions"
    ALWAYS = "always"


# Before a card is asked


def second_card_needed(case: Case, policy: SecondCard) -> bool:
    """Whether one card is not enough: the policy, or an exception in the case."""
    return policy is SecondCard.ALWAYS or bool(flagged_items(case))


def demand_preparer(case: Case, officer: Officer) -> None:
    """Whether this person may sign ``case`` as its preparer, before any PIN.

    Raises :class:`MayNotPrepare`, :class:`AnotherPerson`, :class:`ReasonMissing`,
    :class:`NotAllOpened`; :class:`CaseChangedSince` where the case does not name this
    person among its preparers yet.
    """
    if not officer.role.may(Right.PREPARE) or officer.post != case.post:
        raise MayNotPrepare(role=officer.role.value, post=officer.post)
    _demand_sound(case)
    _demand_opened(flagged_items(case), set(case.opened_items))
    if officer.officer_id not in case.preparers:
        raise CaseChangedSince(case=case.number)


def demand_approver(case: Case, officer: Officer) -> None:
    """Whether this person may approve ``case``, before any PIN.

    Raises :class:`PreparerMayNotApprove`, :class:`SameCard`, :class:`MayNotApprove`.
    """
    signed_by = {one.officer for one in case.approvals}
    if officer.officer_id in signed_by | set(case.preparers):
        raise PreparerMayNotApprove()
    if officer.card in {one.certificate_sha256 for one in case.approvals}:
        raise SameCard()
    if not officer.may_approve_at(case.post):
        raise MayNotApprove(role=officer.role.value, post=officer.post)


def demand_seen(case: Case, officer: Officer) -> None:
    """Whether this approver had every flagged item before him. Raises
    :class:`NotAllOpened`."""
    seen = (
        {one.key for one in case.request.seen if one.officer == officer.officer_id}
        if (case.request)
        else set()
    )
    _demand_opened(flagged_items(case), seen)


def _demand_sound(case: Case) -> None:
    """What no card may sign, however many there are."""
    if case.face is not None and case.face.judgement is Judgement.DIFFERENT:
        raise AnotherPerson()
    if missing := unexplained(case):
        raise ReasonMissing(count=len(missing))


def _demand_opened(flagged: tuple[FlaggedItem, ...], opened: set[str]) -> None:
    missing = {item.key for item in flagged} - opened
    if missing:
        raise NotAllOpened(count=len(missing))


# What a card signs


def draft(
    digest: bytes, officer: Officer, purpose: Purpose, certificate: bytes, at: datetime
) -> Approval:
    """What is about to be signed over the digest of whatever ``purpose`` is about; its
    signature is still empty."""
    return Approval(
        digest=digest.hex(),
        words=tuple(korean for korean, _ in check_words(digest)),
        officer=officer.officer_id,
        officer_name=officer.name_ko,
        certificate_sha256=hashlib.sha256(certificate).hexdigest(),
        signature="",
        approved_at=at,
        purpose=purpose,
        role=officer.role.value,
        post=officer.post,
        certificate=certificate.hex(),
    )


def statement(case_number: str, approval: Approval) -> bytes:
    """The bytes that the card signs: :data:`PREFIX`, then RFC 8785 JSON."""
    return PREFIX + canonical(
        {
            "at": approval.approved_at.astimezone(UTC).isoformat(timespec="microseconds"),
            "card": approval.certificate_sha256,
            "case": case_number,
            "digest": approval.digest,
            "officer": approval.officer,
            "post": approval.post,
            "purpose": approval.purpose.value,
            "role": approval.role,
        }
    )


def verify_statement(case_number: str, approval: Approval) -> None:
    """The signature against the certificate beside it; asks no list of officers.

    Raises :class:`ApprovalBroken`.
    """
    try:
        certificate = bytes.fromhex(approval.certificate)
        key = public_key_of(load_certificate(certificate))
        signature = _as_signed(key, bytes.fromhex(approval.signature))
        verify_signature(key, signature, statement(case_number, approval))
    except CertificateUnreadable as reason:
        raise ApprovalBroken(reason="certificate") from reason
    except (SignatureMismatch, ValueError) as reason:
        raise ApprovalBroken(reason="signature") from reason
    if hashlib.sha256(certificate).hexdigest() != approval.certificate_sha256:
        raise ApprovalBroken(reason="certificate")


def _as_signed(key: PublicKey, raw: bytes) -> bytes:
    """The form that a card gives: DER for ECDSA, RSA as it is."""
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return raw
    half = len(raw) // 2
    if not raw or len(raw) % 2:
        raise ValueError("not r || s")
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))


# What was signed


@dataclass(frozen=True)
class Signed:
    """One signature under ``case`` that holds, by somebody whom the list names.

    Making one raises :class:`ApprovalBroken`, :class:`CaseChangedSince`,
    :class:`MayNotPrepare`, :class:`MayNotApprove`.
    """

    case: Case = field(repr=False)
    approval: Approval
    officer: Officer

    def __post_init__(self) -> None:
        _demand_same_person(self.approval, self.officer)
        verify_statement(self.case.number, self.approval)
        if self.approval.digest != case_digest(self.case).hex():
            raise CaseChangedSince(case=self.case.number)
        _demand_right(self.case, self.approval.purpose, self.officer)


def _demand_same_person(approval: Approval, officer: Officer) -> None:
    told = (approval.officer, approval.certificate_sha256, approval.role, approval.post)
    if told != (officer.officer_id, officer.card, officer.role.value, officer.post):
        raise ApprovalBroken(reason="officer")


def _demand_right(case: Case, purpose: Purpose, officer: Officer) -> None:
    if purpose is Purpose.PREPARE:
        if not officer.role.may(Right.PREPARE) or officer.post != case.post:
            raise MayNotPrepare(role=officer.role.value, post=officer.post)
    elif purpose is not Purpose.APPROVE:
        raise ApprovalBroken(reason="purpose")
    elif not officer.may_approve_at(case.post):
        raise MayNotApprove(role=officer.role.value, post=officer.post)


@dataclass(frozen=True)
class Approved:
    """A case with all the signatures that the policy asks: the only leave to issue.

    Making one raises :class:`SecondCardMissing`, :class:`PreparerMayNotApprove`,
    :class:`SameCard`, :class:`ApprovalBroken`, :class:`AnotherPerson`,
    :class:`ReasonMissing`, :class:`NotAllOpened`.
    """

    case: Case = field(repr=False)
    policy: SecondCard
    signatures: tuple[Signed, ...]

    def __post_init__(self) -> None:
        _demand_sound(self.case)
        _demand_opened(flagged_items(self.case), set(self.case.opened_items))
        if any(one.case != self.case for one in self.signatures):
            raise CaseChangedSince(case=self.case.number)
        _demand_complete(self.case, self.policy, self.signatures)
        _demand_different(self.case, self.signatures)

    @property
    def digest(self) -> bytes:
        """What every signature covers."""
        return case_digest(self.case)


def _demand_complete(case: Case, policy: SecondCard, signatures: tuple[Signed, ...]) -> None:
    """One preparer; with him, where it is needed, one approver. Nothing beyond."""
    purposes = [one.approval.purpose for one in signatures]
    if purposes.count(Purpose.PREPARE) != 1 or purposes.count(Purpose.APPROVE) > 1:
        raise ApprovalBroken(reason="count")
    if second_card_needed(case, policy) and Purpose.APPROVE not in purposes:
        raise SecondCardMissing()


def _demand_different(case: Case, signatures: tuple[Signed, ...]) -> None:
    people = {one.officer.officer_id for one in signatures}
    cards = {one.approval.certificate_sha256 for one in signatures}
    if len(people) != len(signatures):
        raise PreparerMayNotApprove()
    if len(cards) != len(signatures):
        raise SameCard()
    for one in signatures:
        prepared = one.officer.officer_id in case.preparers
        if prepared != (one.approval.purpose is Purpose.PREPARE):
            raise PreparerMayNotApprove() if prepared else ApprovalBroken(reason="preparer")


def signatures(
    case: Case, officers: Mapping[str, Officer], usable: Usable, now: datetime
) -> tuple[Signed, ...]:
    """The stored signatures of ``case``, every one verified again.

    ``officers`` is the list by card as it stands now; a card that left it, or whose
    certificate ``usable`` refuses, signs for nobody any more. Raises what :class:`Signed`
    raises, and the troubles of ``usable``.
    """
    found = []
    for approval in case.approvals:
        officer = officers.get(approval.certificate_sha256)
        if officer is None:
            raise ApprovalBroken(reason="list")
        found.append(Signed(case, approval, officer))
        usable(load_certificate(bytes.fromhex(approval.certificate)), now)
    return tuple(found)


def verified(
    case: Case,
    policy: SecondCard,
    officers: Mapping[str, Officer],
    usable: Usable,
    now: datetime,
) -> Approved:
    """The approval of ``case`` from its stored signatures. Raises what :func:`signatures`
    and :class:`Approved` raise."""
    return Approved(case, policy, signatures(case, officers, usable, now))


# What follows


def prepare(signed: Signed, policy: SecondCard, wait: timedelta) -> Case:
    """The case with the preparing signature: PREPARED where a second card is to come,
    else APPROVED. Raises what :class:`Approved` raises."""
    case, at = signed.case, signed.approval.approved_at
    if not second_card_needed(case, policy):
        return approve(Approved(case, policy, (signed,)), at)
    if signed.approval.purpose is not Purpose.PREPARE:
        raise ApprovalBroken(reason="preparer")
    request = ApprovalRequest(asked_at=at, expires_at=at + wait)
    approvals = (signed.approval,)
    return advance(case, Act.PREPARE, at, approvals=approvals, request=request, returned=None)


def approve(approved: Approved, at: datetime) -> Case:
    """APPROVED, with the signatures that led there."""
    approvals = tuple(one.approval for one in approved.signatures)
    return advance(approved.case, Act.APPROVE, at, approvals=approvals, returned=None)


def give_back(case: Case, returned: Returned) -> Case:
    """FACE_CHECKED again: its officer's, with every signature gone."""
    return advance(case, Act.RETURN, returned.at, approvals=(), request=None, returned=returned)


def is_over(case: Case, now: datetime) -> bool:
    """Whether a second card was waited for long enough."""
    return (
        case.state is State.PREPARED and case.request is not None and now >= case.request.expires_at
    )


def demand_waiting(case: Case, now: datetime) -> None:
    """Raises :class:`NotPossible` unless the case waits for a second card, and
    :class:`RequestOver` when it has waited too long."""
    if case.state is not State.PREPARED:
        raise NotPossible(act=Act.APPROVE.value, state=case.state.value)
    if is_over(case, now):
        raise RequestOver()
