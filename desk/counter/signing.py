"""The phone's keys are here: verify each proof, write the intent, sign, answer.

What the service says of a request is not taken from it: the desk itself looks whether it is
of this offer, whether nonce and proof were made for it and just now, and that no nonce
serves twice.

The order is the point. The exact bytes are durable before the card sees them; after a
crash the same bytes are signed again, or the intent is void with its status index. What
was signed is durable before the service gets it, and the service may get it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from desk.cards.signer import CardSigner
from desk.counter import approving, offering, sealing
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.statuses import publish_status, reference
from desk.counter.values import sources
from desk.credential import intent as prepared_intent
from desk.credential.intent import Said
from desk.credential.keys import DeviceKey
from desk.credential.proof import WINDOW, verify_proofs
from desk.credential.terms import Validity, rounded_down
from desk.credential.troubles import CredentialTrouble, NonceStale, ProofRefused
from desk.issuance.approvals import Approved
from desk.issuance.case import Act, Case, IssuedCredential, State, advance
from desk.issuance.ports import EventKind, KeyRequest, OfferEvent
from desk.issuance.seals import Purpose
from desk.store import cases, intents, journal, status
from desk.store.cases import BlobKind
from desk.store.intents import Draft, Intent, IntentState, nonce_hash
from desk.store.session import Session
from desk.store.status import StatusSlot
from desk.store.troubles import CaseChanged
from desk.trouble import Trouble

# How far the service's clock may be from the desk's; the link says where it is further.
_CLOCKS = timedelta(seconds=60)
_PLACED, _REFUSED = "OFFER.PLACED", "PHONE.PROOF_REFUSED"


class CredentialOver(Trouble):
    """What is to be signed has come to its administrative end since it was approved."""

    code = "CASE-08"


@dataclass(frozen=True)
class CheckedRequest:
    """A phone's request whose proofs the desk itself has verified: one key or several of one
    phone, each of which gets a credential of its own. It may name more: an issuer need not
    give as many as are asked for (OpenID4VCI 1.0, 8.3)."""

    request: KeyRequest
    keys: tuple[DeviceKey, ...]


def case_signer(station: Station) -> CardSigner:
    """The officer's card as signer for one approved case; it holds the PIN once unlocked."""
    authority = station.authority
    return CardSigner(
        station.officer_card,
        issuing=authority.issuing,
        now=station.now,
        usable=authority.revocations.check,
    )


def take_requests(
    station: Station,
    officer: Officer | None,
    case: Case,
    waiting: Sequence[KeyRequest] | None = None,
) -> tuple[Case, tuple[CheckedRequest, ...]]:
    """Verify what phones sent for the live offer: SIGNING from the first good key on. A
    request with a bad proof is denied and leaves its event; the others stay. ``waiting`` is
    what came with the news of it; it is asked for where there was none."""
    if case.offer is None:
        return case, ()
    if waiting is None:
        waiting = station.link.requests(case.offer.offer_id)
    checked = []
    for request in waiting:
        try:
            checked.append(CheckedRequest(request, _verified(station, case, request)))
        except CredentialTrouble as reason:
            station.link.deny(request.request_id, "invalid_proof")
            case = station.revise(officer, case, _REFUSED, lambda known: known, code=reason.code)
    if checked and case.state is State.OFFERED:
        case = advance(case, Act.TAKE_KEY, station.now())
        case = station.save(officer, case, "PHONE.KEY_TAKEN", count=len(checked))
    return case, tuple(checked)


def refusal(station: Station, case: Case) -> ProofRefused | None:
    """Why the desk last told a phone no at the live offer, whichever round it was."""
    with station.store.read() as session:
        told = journal.of_kinds(session, case.number, (_PLACED, _REFUSED))
    if case.offer is None or not told or told[-1].kind != _REFUSED:
        return None
    kinds = {kind.code: kind for kind in (ProofRefused, NonceStale)}
    return kinds.get(str(told[-1].facts["code"]), ProofRefused)()


def _verified(station: Station, case: Case, request: KeyRequest) -> tuple[DeviceKey, ...]:
    taken_at = _taken_at(station, case, request) or station.now()
    _check_offer(case, request)
    _check_nonce(station, case, request, taken_at)
    return verify_proofs(
        {request.proof_type: list(request.proofs)},
        audience=station.link.issuer,
        nonce=request.nonce,
        now=taken_at,
        most=station.settings.enrollment.batch,
        attestations=station.authority.attestations,
        of_one_phone=not station.settings.enrollment.batch_unattested,
    )


def _taken_at(station: Station, case: Case, request: KeyRequest) -> datetime | None:
    """When this request was verified before: a desk that was down must not make it stale."""
    with station.store.read() as session:
        standing = intents.standing(session, case.number)
    same = (one.written_at for one in standing if one.draft.request_id == request.request_id)
    return next(same, None)


def _check_offer(case: Case, request: KeyRequest) -> None:
    """Asked for this case's own offer, and for something that it offers."""
    offer = case.offer
    if offer is None or request.offer_id != offer.offer_id:
        raise ProofRefused(reason="request of another offer")
    if request.configuration not in offer.configurations:
        raise ProofRefused(reason="request for what was not offered")


def _check_nonce(station: Station, case: Case, request: KeyRequest, taken_at: datetime) -> None:
    """Made under the station's key, after the offer and not long ago, for no other offer."""
    made, since = request.nonce_made_at, case.offer.placed_at if case.offer else taken_at
    if made is None:
        raise NonceStale(reason="no nonce of this station's service")
    if not max(since - _CLOCKS, taken_at - WINDOW) <= made <= taken_at + _CLOCKS:
        raise NonceStale(reason="nonce of another time")
    with station.store.read() as session:
        other = intents.other_use(session, nonce_hash(request.nonce), request.offer_id)
    if other:
        raise NonceStale(reason="nonce was used before")


def sign_request(
    station: Station, officer: Officer, case: Case, checked: CheckedRequest, card: CardSigner
) -> Case:
    """The credentials of one request: approval, intents, signatures, answer. Safe to call
    again after any trouble."""
    return sign_requests(station, officer, case, (checked,), card)


def sign_requests(
    station: Station,
    officer: Officer,
    case: Case,
    requests: Sequence[CheckedRequest],
    card: CardSigner,
) -> Case:
    """Every credential that was asked for, signed in one session with the card, then
    answered. One request's intents are signed before the next one's are written (I1). In
    the same session the card seals the log over what it has just signed.

    Raises what :func:`desk.counter.approving.demand_approved` raises: a case whose approval
    does not hold any more gets no intent and no signature.
    """
    case = station.touched(officer, case)
    approved = approving.demand_approved(station, case)
    with card.one_session():
        signed = [_signed_intents(station, officer, approved, one, card) for one in requests]
        sealing.try_to_seal(station, officer, Purpose.SIGNING, card.attest, case.number)
    for checked, intents_of in zip(requests, signed, strict=True):
        case = _answer(station, officer, case, checked, intents_of)
    return case


def _signed_intents(
    station: Station,
    officer: Officer,
    approved: Approved,
    checked: CheckedRequest,
    card: CardSigner,
) -> tuple[Intent, ...]:
    prepared = _standing_intents(station, approved.case, checked)
    if not prepared:
        _void_of_other_keys(station, approved.case, checked)
        prepared = _write_intents(station, officer, approved, checked, card)
    return _signed(station, officer, prepared, card)


def answer_signed(station: Station, case: Case) -> Case:
    """Answer what was signed before a crash and may not have been handed over: no card."""
    case, requests = take_requests(station, None, case)
    for checked in requests:
        prepared = _standing_intents(station, case, checked)
        if prepared and all(intent.credential is not None for intent in prepared):
            case = _answer(station, None, case, checked, prepared)
    return case


def answer_again(station: Station, case: Case) -> None:
    """A phone that lost what it was sent, and names a new key to encrypt to, asks once more,
    for as long as its token lives; after that its offer is nothing to ask about."""
    if offering.may_still_ask(station, case):
        answer_signed(station, case)


def _answer(
    station: Station,
    officer: Officer | None,
    case: Case,
    checked: CheckedRequest,
    signed: tuple[Intent, ...],
) -> Case:
    # The list carries the new indexes before anybody can look them up.
    publish_status(station)
    case = _note_issued(station, officer, case, signed)
    credentials = [(intent.credential or b"").decode("ascii") for intent in signed]
    station.link.answer(checked.request, credentials)
    return case


def _standing_intents(station: Station, case: Case, checked: CheckedRequest) -> tuple[Intent, ...]:
    """The intents written for these very keys before, in their order; none, where they are
    for others."""
    with station.store.read() as session:
        same = _of_its_kind(session, case, checked)
    by_key = {one.draft.device_key: one for one in same}
    wanted = [key.thumbprint for key in checked.keys]
    return tuple(by_key[one] for one in wanted) if set(by_key) == set(wanted) else ()


def _void_of_other_keys(station: Station, case: Case, checked: CheckedRequest) -> None:
    with station.store.write() as session:
        for intent in _of_its_kind(session, case, checked):
            intents.void(session, station.stamp(), intent.id, "other_key")


def _of_its_kind(session: Session, case: Case, checked: CheckedRequest) -> list[Intent]:
    standing = intents.standing(session, case.number)
    return [one for one in standing if one.draft.format == checked.request.configuration]


def _write_intents(
    station: Station,
    officer: Officer,
    approved: Approved,
    checked: CheckedRequest,
    card: CardSigner,
) -> tuple[Intent, ...]:
    """All of them or none, each with a status index of its own."""
    case = approved.case
    request, profile = checked.request, station.profile
    fmt = profile.format_of(request.configuration)
    now = station.now()
    lifetime = _lifetime(station, case, now)
    validity = Validity.of(now, lifetime, profile.rounding, card.certificate_chain[0])
    stamp = station.stamp(officer)
    # Before the records are locked for the others: a picture may have to be decoded first.
    said = station.ready.said(case.number, sources(station, case), fmt, len(checked.keys))

    def draft(key: DeviceKey, slot: StatusSlot, what: Said) -> Draft:
        place = reference(station, slot, fmt)
        prepared = what.prepare(
            key=key,
            issuer=card,
            validity=validity,
            status=place,
            issuer_uri=station.link.issuer,
        )
        return Draft(
            case_number=case.number,
            offer_id=request.offer_id,
            request_id=request.request_id,
            format=request.configuration,
            device_key=key.thumbprint,
            slot=slot,
            to_be_signed=prepared.to_be_signed,
            material=prepared.to_bytes(),
            valid_until=prepared.valid_until,
            status_uri=place.uri,
            nonce_hash=nonce_hash(request.nonce),
        )

    with station.store.write() as session:
        slots = [status.take(session, stamp, case.number) for _ in checked.keys]
        each = zip(checked.keys, slots, said, strict=True)
        drafts = [draft(key, slot, what) for key, slot, what in each]
        return tuple(intents.write(session, stamp, one) for one in drafts)


def _lifetime(station: Station, case: Case, now: datetime) -> timedelta:
    """Of a signature; none outlives what it says of itself (the last day counts whole, at the
    post). Raises :class:`CredentialOver`."""
    technical = timedelta(days=365 * station.settings.credential.technical_months // 12)
    if case.expiry_date is None:
        return technical
    following = datetime.combine(case.expiry_date + timedelta(days=1), time(), station.post.zone)
    left = rounded_down(following, station.profile.rounding) - now
    if left <= timedelta():
        raise CredentialOver(date=case.expiry_date.isoformat())
    return min(technical, left)


def _signed(
    station: Station, officer: Officer, prepared: tuple[Intent, ...], card: CardSigner
) -> tuple[Intent, ...]:
    """Every intent signed, in one session of the card; what was signed before stays."""
    live = [intent for intent in prepared if intent.state is IntentState.LIVE]
    if not live:
        return prepared
    signatures = card.sign_all([intent.draft.to_be_signed for intent in live])
    stamp, done = station.stamp(officer), {}
    with station.store.write() as session:
        for intent, signature in zip(live, signatures, strict=True):
            finished = prepared_intent.restore(intent.draft.material).credential(signature)
            done[intent.id] = intents.mark_signed(
                session, stamp, intent.id, signature, finished.encode("ascii")
            )
    return tuple(done.get(intent.id, intent) for intent in prepared)


def _note_issued(
    station: Station, officer: Officer | None, case: Case, signed: tuple[Intent, ...]
) -> Case:
    """Upon the case as the records have it: while one answer is made the phone may have fetched
    another."""
    issued = tuple(_issued(station, intent) for intent in signed)
    configuration = issued[0].configuration
    stamp = station.stamp(officer)
    with station.store.write() as session:
        known = cases.load(session, case.number)
        if known.offer != case.offer:
            raise CaseChanged(case.number, case=case.number)
        if {_slot(one) for one in known.issued}.issuperset(map(_slot, issued)):
            return known
        others = tuple(one for one in known.issued if one.configuration != configuration)
        noted = station.touched(officer, replace(known, issued=(*others, *issued)))
        cases.save(session, stamp, noted, "CASE.CREDENTIAL_SIGNED")
    return noted


def _slot(one: IssuedCredential) -> StatusSlot:
    return StatusSlot(one.status_list, one.status_index)


def _issued(station: Station, intent: Intent) -> IssuedCredential:
    draft = intent.draft
    return IssuedCredential(
        configuration=draft.format,
        device_key=draft.device_key,
        status_uri=reference(station, draft.slot, station.profile.format_of(draft.format)).uri,
        status_index=draft.slot.index,
        status_list=draft.slot.list_name,
        signed_at=intent.signed_at or station.now(),
        valid_until=prepared_intent.restore(intent.draft.material).valid_until,
    )


def note_delivery(station: Station, officer: Officer | None, case: Case, event: OfferEvent) -> Case:
    """The phone has fetched an answer: DELIVERED once it has every configuration. An event
    that was noted before changes nothing."""
    if event.kind is not EventKind.ANSWERED or case.offer is None:
        return case
    configuration = str(event.facts.get("configuration", ""))
    stamp = station.stamp(officer)
    with station.store.write() as session:
        # The card may be signing for the phone's other request at this very moment.
        known = cases.load(session, case.number)
        if known.offer != case.offer or configuration in _delivered(known):
            return known
        if offering.is_foreign(known, event):
            return known
        moved = _with_delivered(known, configuration, stamp.at)
        for intent in intents.standing(session, case.number):
            if intent.draft.format == configuration and intent.state is IntentState.SIGNED:
                intents.mark_delivered(session, stamp, intent.id)
        cases.save(session, stamp, moved, "CASE.ANSWERED", configuration=configuration)
        complete = moved.state is State.DELIVERED and known.state is not State.DELIVERED
        if complete:
            # The live picture served the comparison; it is not kept beyond the delivery.
            cases.wipe_blobs(session, stamp, case.number, (BlobKind.FACE,))
    if complete:
        station.ready.forget(case.number)
        station.store.checkpoint()
    return moved


def _delivered(case: Case) -> set[str]:
    return {one.configuration for one in case.issued if one.delivered_at is not None}


def _with_delivered(case: Case, configuration: str, at: datetime) -> Case:
    issued = tuple(
        replace(one, delivered_at=at)
        if one.configuration == configuration and one.delivered_at is None
        else one
        for one in case.issued
    )
    noted = replace(case, issued=issued)
    if case.offer is None or case.state is not State.SIGNING:
        return noted
    complete = _delivered(noted) >= set(case.offer.configurations)
    return advance(noted, Act.DELIVER, at) if complete else noted
