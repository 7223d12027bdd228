"""Review and approval: flagged items opened, then cards sign one digest of the case.

The preparing card signs first. Where the policy asks, another person's card signs the same
digest: at this desk, the card handed over and not the session, or at another desk of the
records. Each signing is one conversation with the card; everything that may refuse is asked
before its PIN, and again by the policy (`desk.issuance.approvals`) behind it. Both leave
their seal under the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

from desk.cards.certificates import load_certificate
from desk.cards.piv import Pin, wipe
from desk.cards.session import CardSession
from desk.counter import card_signature, sealing
from desk.counter.offering import withdraw
from desk.counter.officers import Officer, OfficerUnknown, read_card_identity
from desk.counter.station import Station
from desk.counter.values import administrative_expiry
from desk.issuance import approvals, seals
from desk.issuance.approvals import Approved, CaseChangedSince, SecondCard, Signed
from desk.issuance.case import Case, CaseKind, Purpose, Returned, SeenItem, State
from desk.issuance.digest import case_digest
from desk.store import cases, journal
from desk.store.troubles import CaseChanged

TIME_OVER = "time_over"
CALLED_BACK = "called_back"
VOID = "void"
REASONS = ("look_again", "explain_more", "evidence_missing", "other")
"""What an approver may give as the reason when a case goes back to its officer."""

# Events of somebody who looked at or approved a case are no hand in its preparation.
_NO_PREPARATION = ("APPROVAL.", "HISTORY.", "AUDIT.", "CASE.APPROVED")


def policy_of(station: Station) -> SecondCard:
    return SecondCard(station.settings.approval.second_card)


# The preparing officer


def open_item(station: Station, officer: Officer, case: Case, key: str) -> Case:
    """Note that the evidence of a flagged item was on the screen."""
    if key in case.opened_items:
        return case

    def opened(known: Case) -> Case:
        return replace(known, opened_items=tuple(dict.fromkeys((*known.opened_items, key))))

    act = key.split(":", maxsplit=1)[0]
    return station.revise(officer, case, "REVIEW.ITEM_OPENED", opened, act=act)


def ready_for_approval(station: Station, officer: Officer, case: Case) -> Case:
    """Fix what the approval covers besides what was found: how long the credential holds,
    and who had a hand in the case."""
    if case.document is None or case.state is not State.FACE_CHECKED:
        return case
    expiry = _expiry(station, case, case.document.expiry_date)
    preparers = _preparers(station, officer, case)
    if (expiry, preparers) == (case.expiry_date, case.preparers):
        return case
    return station.keep(officer, case, "REVIEW.BEGUN", expiry_date=expiry, preparers=preparers)


def _expiry(station: Station, case: Case, passport_expiry: date) -> date:
    """A reissue keeps the former day, unless the passport ends before it; a resume has nothing
    to write it into."""
    if case.expiry_date is None:
        today = station.now().astimezone(station.post.zone).date()
        years = station.settings.credential.administrative_years
        return administrative_expiry(today, passport_expiry, years)
    if case.kind is CaseKind.REISSUE:
        return min(case.expiry_date, passport_expiry)
    return case.expiry_date


def _preparers(station: Station, officer: Officer, case: Case) -> tuple[str, ...]:
    """Everybody in whose name the log tells of work on this case."""
    with station.store.read() as session:
        actors = journal.actors(session, case.number, but=_NO_PREPARATION)
    told = {actor.removeprefix("officer:") for actor in actors if actor.startswith("officer:")}
    return tuple(sorted(told | {officer.officer_id}))


def sign_as_preparer(
    station: Station,
    officer: Officer,
    case: Case,
    pin: Pin,
    shown_digest: bytes,
    allow_last_try: bool = False,
) -> Case:
    """The officer's card signs the digest that was shown: APPROVED, or PREPARED where
    another person's card is to follow.

    Raises the policy's troubles, OtherCard and the card's own; no refusal counts as a
    signature. ``pin`` is wiped in any case, None is typed on the reader.
    """
    policy = policy_of(station)
    wait = timedelta(minutes=station.settings.approval.request_minutes)

    def follow(signed: Signed) -> Case:
        return approvals.prepare(signed, policy, wait)

    try:
        approvals.demand_preparer(case, officer)
        _demand_shown(case, shown_digest)
        return _sign(station, officer, case, Purpose.PREPARE, pin, allow_last_try, follow)
    finally:
        wipe(pin)


def call_back(station: Station, officer: Officer, case: Case) -> Case:
    """The preparing officer takes the request back, to change something: FACE_CHECKED."""
    back = approvals.give_back(case, Returned(CALLED_BACK, station.now(), officer.officer_id))
    return station.save(officer, back, "APPROVAL.CALLED_BACK")


# The approver


def waiting(station: Station, officer: Officer) -> tuple[Case, ...]:
    """What waits for this person's card, the oldest request first; what waited too long has
    gone back to its officer."""
    return_overdue(station)
    with station.store.read() as session:
        found = cases.in_state(session, State.PREPARED)
    mine = (
        case
        for case in found
        if officer.may_approve_at(case.post) and officer.officer_id not in case.preparers
    )
    return tuple(sorted(mine, key=lambda case: case.entered(State.PREPARED) or case.opened_at))


def admit_approver(station: Station, session: CardSession, case: Case) -> Officer:
    """Whose card this is, and whether it may approve ``case``, before any PIN.

    Raises :class:`~desk.counter.officers.OfficerUnknown`, the policy's troubles and those of
    the certificate.
    """
    officer = station.officers.get(read_card_identity(session))
    if officer is None:
        raise OfficerUnknown()
    approvals.demand_waiting(case, station.now())
    approvals.demand_approver(case, officer)
    certificate = load_certificate(card_signature.certificate_of(session, officer))
    station.authority.revocations.check(certificate, station.now())
    return officer


def note_seen(station: Station, approver: Officer, case: Case, seconds: Mapping[str, int]) -> Case:
    """Note how long the evidence of each flagged item was on this approver's screen.

    Raises :class:`~desk.issuance.approvals.RequestOver`, NotPossible and the policy's
    troubles for somebody who may not approve.
    """
    approvals.demand_waiting(case, station.now())
    approvals.demand_approver(case, approver)
    case = station.load(case.number)
    if case.request is None:
        raise CaseChangedSince(case=case.number)
    now = station.now()
    mine = {one.key: one for one in case.request.seen if one.officer == approver.officer_id}
    fresh = [
        SeenItem(key, approver.officer_id, mine[key].at if key in mine else now, spent)
        for key, spent in seconds.items()
        if key not in mine or mine[key].seconds != spent
    ]
    if not fresh:
        return case
    changed = {one.key for one in fresh}
    others = tuple(
        one
        for one in case.request.seen
        if one.officer != approver.officer_id or one.key not in changed
    )
    noted = replace(case, request=replace(case.request, seen=(*others, *fresh)))
    with station.store.write() as session:
        stamp = station.stamp(approver)
        cases.save(session, stamp, noted, "APPROVAL.ITEMS_SEEN", count=len(fresh))
        for one in fresh:
            journal.append(
                session,
                stamp,
                "APPROVAL.ITEM_SEEN",
                case.number,
                act=one.key,
                seconds=one.seconds,
            )
    return noted


def sign_as_approver(
    station: Station,
    approver: Officer,
    case: Case,
    pin: Pin,
    shown_digest: bytes,
    allow_last_try: bool = False,
) -> Case:
    """Another person's card signs the digest that was shown: APPROVED.

    Raises the policy's troubles, OtherCard and the card's own; ``pin`` is wiped in any case.
    """

    def follow(signed: Signed) -> Case:
        both = Approved(case, policy_of(station), (*_signatures(station, case), signed))
        return approvals.approve(both, signed.approval.approved_at)

    try:
        approvals.demand_waiting(case, station.now())
        approvals.demand_approver(case, approver)
        approvals.demand_seen(case, approver)
        _demand_shown(case, shown_digest)
        return _sign(station, approver, case, Purpose.APPROVE, pin, allow_last_try, follow)
    finally:
        wipe(pin)


def return_case(
    station: Station, approver: Officer, case: Case, reason: str, remark: str = ""
) -> Case:
    """The approver gives the case back: FACE_CHECKED, its officer's again."""
    approvals.demand_approver(case, approver)
    returned = Returned(reason, station.now(), approver.officer_id, remark)
    back = approvals.give_back(case, returned)
    return station.save(approver, back, "APPROVAL.RETURNED", prepares=False, reason=reason)


def return_overdue(station: Station) -> tuple[Case, ...]:
    """What waited too long for a second card goes back to its officer."""
    now = station.now()
    with station.store.read() as session:
        found = cases.in_state(session, State.PREPARED)
    over = [
        approvals.give_back(case, Returned(TIME_OVER, now))
        for case in found
        if approvals.is_over(case, now)
    ]
    for case in over:
        # Another desk of the post may be giving it back as well, or its approver was faster.
        with suppress(CaseChanged):
            station.save(None, case, "APPROVAL.TIME_OVER")
    return tuple(over)


# Before each credential


def demand_approved(station: Station, case: Case) -> Approved:
    """The complete approval of ``case`` as it stands now, every signature verified again
    with its certificate and the list of officers.

    Raises the policy's troubles and those of the certificates.
    """
    return approvals.verified(
        case,
        policy_of(station),
        station.officers,
        station.authority.revocations.check,
        station.now(),
    )


def take_back_approval(station: Station, officer: Officer, case: Case, code: str) -> Case:
    """An approval that does not hold any more is none: a live offer ends with all that was
    prepared for it, and the case stands at its review, to be signed anew."""
    if case.offer is not None:
        case = withdraw(station, officer, case, "approval_void")
    back = approvals.give_back(case, Returned(VOID, station.now()))
    return station.save(officer, back, "APPROVAL.VOID", code=code)


# One conversation with a card


def _sign(
    station: Station,
    officer: Officer,
    case: Case,
    purpose: Purpose,
    pin: Pin,
    allow_last_try: bool,
    follow: Callable[[Signed], Case],
) -> Case:
    """The right card signs, what follows from it is stored, and the log is sealed."""
    with station.officer_card() as session:
        digest = case_digest(case)
        approval = card_signature.sign(
            station, session, officer, case.number, digest, purpose, pin, allow_last_try
        )
        signed = Signed(case, approval, officer)
        after = _keep(station, officer, follow(signed), signed)
        sign = sealing.by_session(session)
        sealing.try_to_seal(station, officer, seals.Purpose.APPROVAL, sign, case.number)
    return after


def _keep(station: Station, officer: Officer, after: Case, signed: Signed) -> Case:
    """The case with the signature, and the events that tell of it."""
    approval = signed.approval
    kind = "CASE.APPROVED" if after.state is State.APPROVED else "CASE.PREPARED"
    return station.save(
        officer,
        after,
        kind,
        digest=approval.digest,
        certificate=approval.certificate_sha256,
        purpose=approval.purpose.value,
    )


def _signatures(station: Station, case: Case) -> tuple[Signed, ...]:
    """What other cards have signed of ``case``, verified."""
    return approvals.signatures(
        case, station.officers, station.authority.revocations.check, station.now()
    )


def _demand_shown(case: Case, shown_digest: bytes) -> None:
    if case_digest(case) != shown_digest:
        raise CaseChangedSince(case=case.number)
