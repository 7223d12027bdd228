"""The phone's keys are here: verify each proof, write the intent, sign, answer.

The order is the point. The exact bytes are durable before the card sees them; after a
crash the same bytes are signed again, or the intent is void with its status index. What
was signed is durable before the service gets it, and the service may get it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from desk.cards.signer import CardSigner
from desk.counter import approving
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.statuses import publish_status, reference
from desk.counter.values import credential_values
from desk.credential import intent as prepared_intent
from desk.credential.keys import DeviceKey
from desk.credential.proof import verify_proof
from desk.credential.terms import Validity
from desk.credential.troubles import CredentialTrouble
from desk.issuance.approvals import Approved
from desk.issuance.case import Act, Case, IssuedCredential, State, advance
from desk.issuance.ports import EventKind, KeyRequest, OfferEvent
from desk.store import cases, intents, status
from desk.store.cases import BlobKind
from desk.store.intents import Draft, Intent, IntentState
from desk.store.status import StatusSlot


@dataclass(frozen=True)
class CheckedRequest:
    """A phone's request whose proof the desk itself has verified."""

    request: KeyRequest
    key: DeviceKey


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
    station: Station, officer: Officer | None, case: Case
) -> tuple[Case, tuple[CheckedRequest, ...]]:
    """Fetch what phones sent for the live offer and verify it: SIGNING from the first good
    key on. A request with a bad proof is denied and leaves its event; the others stay."""
    if case.offer is None:
        return case, ()
    checked = []
    for request in station.link.requests(case.offer.offer_id):
        try:
            checked.append(CheckedRequest(request, _verified(station, case, request)))
        except CredentialTrouble as reason:
            station.link.deny(request.request_id, "invalid_proof")
            case = station.save(officer, case, "PHONE.PROOF_REFUSED", code=reason.code)
    if checked and case.state is State.OFFERED:
        case = advance(case, Act.TAKE_KEY, station.now())
        case = station.save(officer, case, "PHONE.KEY_TAKEN", count=len(checked))
    return case, tuple(checked)


def _verified(station: Station, case: Case, request: KeyRequest) -> DeviceKey:
    # One key a credential: batches come with a later setting, more proofs are ignored.
    return verify_proof(
        request.proofs[0],
        audience=station.link.issuer,
        nonce=request.nonce,
        now=_taken_at(station, case, request) or station.now(),
    )


def _taken_at(station: Station, case: Case, request: KeyRequest) -> datetime | None:
    """When this request was verified before: a desk that was down must not make it stale."""
    with station.store.read() as session:
        standing = intents.standing(session, case.number)
    same = (one.written_at for one in standing if one.draft.request_id == request.request_id)
    return next(same, None)


def sign_request(
    station: Station, officer: Officer, case: Case, checked: CheckedRequest, card: CardSigner
) -> Case:
    """One credential: approval, intent, signature, answer. Safe to call again after any
    trouble."""
    return sign_requests(station, officer, case, (checked,), card)


def sign_requests(
    station: Station,
    officer: Officer,
    case: Case,
    requests: Sequence[CheckedRequest],
    card: CardSigner,
) -> Case:
    """Every credential that was asked for, signed in one session with the card, then
    answered. One intent is signed before the next is written (I1).

    Raises what :func:`desk.counter.approving.demand_approved` raises: a case whose approval
    does not hold any more gets no intent and no signature.
    """
    approved = approving.demand_approved(station, case)
    with card.one_session():
        intents_of = [
            _signed_intent(station, officer, approved, checked, card) for checked in requests
        ]
    for checked, intent in zip(requests, intents_of, strict=True):
        case = _answer(station, officer, case, checked, intent)
    return case


def _signed_intent(
    station: Station,
    officer: Officer,
    approved: Approved,
    checked: CheckedRequest,
    card: CardSigner,
) -> Intent:
    intent = _standing_intent(station, approved.case, checked) or _write_intent(
        station, officer, approved, checked, card
    )
    if intent.state is IntentState.LIVE:
        intent = _sign(station, officer, intent, card)
    return intent


def answer_signed(station: Station, case: Case) -> Case:
    """Answer what was signed before a crash and may not have been handed over: no card."""
    case, requests = take_requests(station, None, case)
    for checked in requests:
        intent = _standing_intent(station, case, checked)
        if intent is not None and intent.credential is not None:
            case = _answer(station, None, case, checked, intent)
    return case


def _answer(
    station: Station, officer: Officer | None, case: Case, checked: CheckedRequest, intent: Intent
) -> Case:
    # The list carries the new index before anybody can look it up.
    publish_status(station)
    case = _note_issued(station, officer, case, intent)
    credential = (intent.credential or b"").decode("ascii")
    station.link.answer(checked.request, [credential])
    return case


def _standing_intent(station: Station, case: Case, checked: CheckedRequest) -> Intent | None:
    """The intent written for this very key before; another key's is void from now on."""
    with station.store.write() as session:
        for intent in intents.standing(session, case.number):
            if intent.draft.format != checked.request.configuration:
                continue
            if intent.draft.device_key == checked.key.thumbprint:
                return intent
            intents.void(session, station.stamp(), intent.id, "other_key")
    return None


def _write_intent(
    station: Station,
    officer: Officer,
    approved: Approved,
    checked: CheckedRequest,
    card: CardSigner,
) -> Intent:
    case = approved.case
    request, profile = checked.request, station.profile
    values = credential_values(station, case)
    lifetime = timedelta(days=365 * station.settings.credential.technical_months // 12)
    validity = Validity.of(station.now(), lifetime, profile.rounding, card.certificate_chain[0])
    stamp = station.stamp(officer)
    with station.store.write() as session:
        slot = status.take(session, stamp, case.number)
        prepared = prepared_intent.prepare(
            profile.format_of(request.configuration),
            profile,
            values,
            key=checked.key,
            issuer=card,
            validity=validity,
            status=reference(station, slot, profile.format_of(request.configuration)),
        )
        draft = Draft(
            case_number=case.number,
            offer_id=request.offer_id,
            request_id=request.request_id,
            format=request.configuration,
            device_key=checked.key.thumbprint,
            slot=slot,
            to_be_signed=prepared.to_be_signed,
            material=prepared.to_bytes(),
        )
        return intents.write(session, stamp, draft)


def _sign(station: Station, officer: Officer, intent: Intent, card: CardSigner) -> Intent:
    prepared = prepared_intent.restore(intent.draft.material)
    signature = card.sign(intent.draft.to_be_signed)
    credential = prepared.credential(signature).encode("ascii")
    with station.store.write() as session:
        return intents.mark_signed(
            session, station.stamp(officer), intent.id, signature, credential
        )


def _note_issued(station: Station, officer: Officer | None, case: Case, intent: Intent) -> Case:
    draft = intent.draft
    if any(StatusSlot(one.status_list, one.status_index) == draft.slot for one in case.issued):
        return case
    issued = IssuedCredential(
        configuration=intent.draft.format,
        device_key=intent.draft.device_key,
        status_uri=reference(station, draft.slot, station.profile.format_of(draft.format)).uri,
        status_index=draft.slot.index,
        status_list=draft.slot.list_name,
        signed_at=intent.signed_at or station.now(),
        valid_until=prepared_intent.restore(intent.draft.material).valid_until,
    )
    others = tuple(one for one in case.issued if one.configuration != issued.configuration)
    return station.keep(officer, case, "CASE.CREDENTIAL_SIGNED", issued=(*others, issued))


def note_delivery(station: Station, officer: Officer | None, case: Case, event: OfferEvent) -> Case:
    """The phone has fetched an answer: DELIVERED once it has every configuration. An event
    that was noted before changes nothing."""
    if event.kind is not EventKind.ANSWERED or case.offer is None:
        return case
    configuration = str(event.facts.get("configuration", ""))
    noted = {one.configuration for one in case.issued if one.delivered_at is not None}
    if configuration in noted:
        return case
    stamp = station.stamp(officer)
    issued = tuple(
        replace(one, delivered_at=stamp.at)
        if one.configuration == configuration and one.delivered_at is None
        else one
        for one in case.issued
    )
    done = {one.configuration for one in issued if one.delivered_at is not None}
    complete = done >= set(case.offer.configurations) and case.state is State.SIGNING
    with station.store.write() as session:
        for intent in intents.standing(session, case.number):
            if intent.draft.format == configuration and intent.state is IntentState.SIGNED:
                intents.mark_delivered(session, stamp, intent.id)
        moved = (
            advance(case, Act.DELIVER, stamp.at, issued=issued)
            if complete
            else replace(case, issued=issued)
        )
        cases.save(session, stamp, moved, "CASE.ANSWERED", configuration=configuration)
        if complete:
            # The live picture served the comparison; it is not kept beyond the delivery.
            cases.wipe_blobs(session, stamp, case.number, (BlobKind.FACE,))
    if complete:
        station.store.checkpoint()
    return moved
