"""The phone presents what it received; only then the credential becomes valid.

The very keys just issued to must answer, with the claims that were approved. The status
turns VALID in the records first and on the published list before anything says «usable». What
a reissue replaces turns INVALID in the same transaction, so that a person never has two, and
never none. A resume asks the phone for what it has had all the time.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from desk.counter import approving, intake, signing
from desk.counter.decided import PROOF_DECIDED, is_decided, slots, was_decided
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.credential import presentation
from desk.credential.claims import Format
from desk.credential.presentation import CheckRequest, Presented
from desk.credential.verify import Trust
from desk.issuance.aftercare import ReportedLost
from desk.issuance.case import Act, Case, CaseKind, State, UseProof, advance
from desk.issuance.ports import CheckOrder
from desk.store import care, cases, journal, notices, renewals, status
from desk.store.cases import BlobKind
from desk.store.journal import Stamp
from desk.store.status import Validity
from desk.store.troubles import FormerPassport, StatusFinal, StoreTrouble
from desk.trouble import Trouble

_ID_BYTES = 16
PASSPORT_NUMBER = "travel_document_number"


class ProofRefused(Trouble):
    """What the phone presented is genuine, but not what was just issued."""


class OtherKey(ProofRefused):
    """The credential names a key this case did not issue to."""

    code = "PROOF-01"


class OtherPerson(ProofRefused):
    """The claims are not those that were approved."""

    code = "PROOF-02"


class NotEverything(ProofRefused):
    """Some of the credentials that were delivered did not come back."""

    code = "PROOF-03"


class ListNotOut(Trouble):
    """The proof was right and the records say VALID since ``decided_at``; the list that says so
    could not be published. Facts: case, reason (the code of what kept it)."""

    code = "PROOF-04"

    def __init__(self, decided_at: datetime, **facts: str) -> None:
        super().__init__(**facts)
        self.decided_at = decided_at


@dataclass(frozen=True)
class OpenCheck:
    """A placed check: the text of its QR and what reading the answer needs.
    ``asks_passport``: only the phone can tell upon which passport it was issued."""

    check_id: str
    uri: str
    expires_at: datetime
    request: CheckRequest
    asks_passport: bool = False


def place_check(station: Station, officer: Officer, case: Case) -> OpenCheck:
    """Ask the phone to present everything this case delivered, or resumes.

    For a resume raises what :func:`desk.counter.approving.demand_approved` raises, and
    :class:`~desk.store.troubles.StatusFinal` once the credential was revoked. For anything else
    what :func:`make_usable` raises for reasons that no answer changes.
    """
    case = station.touched(officer, case)
    if case.kind is CaseKind.RESUME:
        _demand_resumable(station, case)
    else:
        _demand_provable(station, case)
    check_id = secrets.token_urlsafe(_ID_BYTES)
    formats = [station.profile.format_of(name) for name in case.issued_configurations]
    asks_passport = _asks_passport(station, case)
    query = _query(station, formats, [PASSPORT_NUMBER] if asks_passport else [])
    request = presentation.build_request(
        query, station.authority.verifier, station.link.response_uri(check_id)
    )
    expires_at = station.now() + timedelta(minutes=station.settings.enrollment.check_minutes)
    check = station.link.place_check(CheckOrder(check_id, request.object, expires_at))
    station.save(officer, case, "PROOF.ASKED", count=len(formats))
    return OpenCheck(check_id, check.uri, check.expires_at, request, asks_passport)


def _demand_resumable(station: Station, case: Case) -> None:
    advance(case, Act.PROVE, station.now())
    approving.demand_approved(station, case)
    with station.store.read() as session:
        for slot in slots(case):
            if status.entry(session, slot).validity is Validity.INVALID:
                raise StatusFinal(list=slot.list_name, position=slot.index)


def _demand_provable(station: Station, case: Case) -> None:
    with station.store.read() as session:
        # What was decided may still wait for its list: it is shown once more, not decided.
        if not is_decided(session, case):
            _demand_allowed(session, case)


def _asks_passport(station: Station, case: Case) -> bool:
    """A resume of what was issued when nobody kept a digest of the passport: what is not known
    is not taken for the same, so the phone says which passport its credential names."""
    if case.kind is not CaseKind.RESUME or case.former is None:
        return False
    with station.store.read() as session:
        return not renewals.knows_passport(session, case.former)


def _query(station: Station, formats: Sequence[Format], also: Sequence[str] = ()) -> dict[str, Any]:
    """The profile's counter check and ``also``, which each delivered credential must answer.

    The portrait is asked of the first only: it is the same picture in all of them.
    """
    first, *others = formats
    asked = [*station.profile.counter_check, *also]
    named = [name for name in asked if name != "portrait"]
    query = station.profile.dcql([first], asked)
    for other in others:
        query["credentials"] += station.profile.dcql([other], named)["credentials"]
    return query


def take_answer(
    station: Station, officer: Officer, case: Case, check: OpenCheck, wait_s: float
) -> Case | None:
    """PROVEN once the phone has answered rightly; None while it has not answered.

    Raises :class:`ProofRefused`, :class:`~desk.store.troubles.FormerPassport` where the phone
    holds what was issued upon another passport than the one at the window, and the
    credential's own troubles; then nothing is valid, and a new check can be placed. A phone
    that was reported lost proves nothing any more:
    :class:`~desk.issuance.aftercare.ReportedLost`. Where only the list that says VALID could
    not go out: :class:`ListNotOut`; :func:`conclude` goes on from there without the phone.
    """
    case = station.touched(officer, case)
    answer = station.link.check_answer(check.check_id, wait_s)
    if answer is None:
        signing.answer_again(station, case)
        return None
    trust = Trust(anchors=station.authority.anchors, now=station.now())
    shown = presentation.verify_answer(check.request, answer.response, station.profile, trust)
    _compare(case, shown, station)
    return _make_valid(station, officer, case)


def _compare(case: Case, shown: tuple[Presented, ...], station: Station) -> None:
    # Of several credentials of one kind the phone shows one: their keys are of one phone, for
    # which its provider vouched (``signing.CheckedRequest``).
    expected = {(one.configuration, one.device_key): one for one in case.issued}
    seen = set()
    for presented in shown:
        configuration = station.profile.configurations[presented.format]
        issued = expected.get((configuration, presented.key_thumbprint))
        place = presented.status
        if issued is None:
            raise OtherKey(configuration=configuration)
        if place is None or (place.uri, place.index) != (issued.status_uri, issued.status_index):
            raise OtherKey(configuration=configuration)
        _compare_person(case, presented, configuration)
        seen.add(configuration)
    missing = set(case.issued_configurations) - seen
    if missing:
        raise NotEverything(count=len(missing))


def _compare_person(case: Case, presented: Presented, configuration: str) -> None:
    document = case.document
    approved = {
        "family_name": document.surname if document else None,
        "given_name": document.given_names if document else None,
        "birth_date": document.birth_date if document else None,
    }
    for name, value in approved.items():
        if name in presented.values and presented.values[name] != value:
            raise OtherPerson(configuration=configuration)
    number = document.number if document else None
    if presented.values.get(PASSPORT_NUMBER, number) != number:
        raise FormerPassport(case.number, case=case.former or case.number)


def _make_valid(station: Station, officer: Officer, case: Case) -> Case:
    """VALID in the records, then on the list, then the case says so (in this order)."""
    with station.store.read() as session:
        decided = is_decided(session, case)
    if decided:
        # Asked again while its list could not go out: what was decided is not decided twice.
        return conclude(station, case)
    stamp = station.stamp(officer)
    if case.kind is CaseKind.RESUME:
        approving.demand_approved(station, case)
    with station.store.write() as session:
        if case.kind is CaseKind.RESUME and was_decided(session, case):
            # Taken back since then: that takes another resume.
            raise ReportedLost(case=case.former or case.number)
        make_usable(session, stamp, case, "proven")
    return _note_proven(station, officer, case, stamp.at)


def make_usable(session: Any, stamp: Stamp, case: Case, reason: str) -> None:
    """In the caller's transaction: VALID for what this case gave or resumes, and INVALID for
    what it replaces, in one.

    Raises :class:`~desk.store.troubles.StatusFinal` where one of the first was revoked,
    :class:`~desk.store.troubles.HeldElsewhere` where the person got another meanwhile,
    :class:`~desk.issuance.aftercare.ReportedLost` where its phone was reported,
    :class:`~desk.store.troubles.MustBeRevoked` and
    :class:`~desk.store.troubles.FormerPassport` where the holder's register or passport
    changed meanwhile.
    """
    _demand_allowed(session, case)
    if case.kind is CaseKind.REISSUE and case.former is not None:
        for entry in renewals.former(session, case.former).entries:
            status.set_validity(session, stamp, entry.slot, Validity.INVALID, "reissued")
        journal.append(session, stamp, "CARE.REPLACED", case.former, target=case.number)
    for slot in slots(case):
        status.set_validity(session, stamp, slot, Validity.VALID, reason)
    if case.kind is CaseKind.RESUME:
        # The entries belong to the former case: only this tells which case decided.
        journal.append(session, stamp, PROOF_DECIDED, case.number, target=case.former)
        journal.append(session, stamp, "CARE.RESUMED", case.former, target=case.number)


def _demand_allowed(session: Any, case: Case) -> None:
    """Nothing was told since that forbids what the phone has, or will have."""
    if care.is_reported(session, case.number):
        raise ReportedLost(case=case.number)
    resumed = case.former if case.kind is CaseKind.RESUME else None
    notices.demand_none_ends(session, resumed or case.number)
    if resumed is not None:
        notices.demand_same_passport(session, resumed)
    renewals.demand_only_holding(session, case.number, case.former)


def conclude(station: Station, case: Case) -> Case:
    """Finish a proof that was cut off behind its decision: what is VALID in the records was
    presented rightly, only the list or the case do not say so yet. A case that was not decided
    comes back as it is. Raises :class:`ListNotOut`."""
    resumes = case.kind is CaseKind.RESUME
    if case.state is not (State.APPROVED if resumes else State.DELIVERED):
        return case
    with station.store.read() as session:
        if not is_decided(session, case):
            return case
        decided_at = max(status.entry(session, slot).changed_at for slot in slots(case))
    return _note_proven(station, None, case, decided_at)


def _note_proven(
    station: Station, officer: Officer | None, case: Case, proven_at: datetime
) -> Case:
    try:
        publish_status(station)
    except StoreTrouble:
        raise
    except Trouble as away:
        raise ListNotOut(proven_at, case=case.number, reason=away.code) from away
    proof = UseProof(
        proven_at=proven_at,
        configurations=case.issued_configurations,
        published_at=station.now(),
    )
    with station.store.write() as session:
        known = cases.load(session, case.number)
        if known.state is not case.state:
            # Somebody else waited for the list as well, or the case was ended meanwhile.
            return known
        # As the records have it: a colleague may have taken it over while the list went out.
        # Whose visit had ended unproven is at the counter again, to be given the sheet that
        # says so.
        proven = advance(known, Act.PROVE, station.now(), proof=proof, held=None, closed_at=None)
        proven = station.touched(officer, proven)
        cases.save(session, station.stamp(officer), proven, "PROOF.GIVEN", count=len(case.issued))
    if case.kind is CaseKind.RESUME:
        _wipe_live_picture(station, officer, case)
    return proven


def _wipe_live_picture(station: Station, officer: Officer | None, case: Case) -> None:
    """It served the comparison. Where something is delivered, it goes with the delivery."""
    with station.store.write() as session:
        cases.wipe_blobs(session, station.stamp(officer), case.number, (BlobKind.FACE,))
    station.store.checkpoint()


def leave_unproven(station: Station, officer: Officer, case: Case, reason: str) -> Case:
    """The phone cannot present now: it stays DELIVERED, suspended, and waits for a visit. What it
    has shown already is PROVEN all the same. Raises :class:`ListNotOut`."""
    known = conclude(station, case)
    if known.state is State.PROVEN:
        return known
    return station.save(officer, replace(case, held="not_proven"), "PROOF.POSTPONED", reason=reason)


def leave_suspended(
    station: Station, officer: Officer, case: Case, remark: str, reason: str = "not_resumed"
) -> Case:
    """A resume ends without a proof, what the phone has stays suspended. What it has shown
    already is PROVEN all the same. Raises :class:`ListNotOut`."""
    known = conclude(station, case)
    if known.state is State.PROVEN:
        return known
    return intake.cancel(station, officer, case, reason, remark)
