"""The end of a visit: the sheet of paper, and what is wiped when the applicant leaves.

A sheet is numbered, drawn, kept and told of in one transaction: a sheet that cannot be drawn
takes no number and voids nothing. Sending it to a printer is the screen's work, which notes
when a sheet has come out: a desk that was started again puts out one that has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from desk.counter import holdings, relying
from desk.counter import slips as sheets
from desk.counter.offering import withdraw
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.values import FactsMissing
from desk.issuance.case import Case, NotPossible, State
from desk.store import cases, journal
from desk.store import slips as serials
from desk.store.cases import BlobKind
from desk.store.session import Session
from desk.store.slips import Slip, SlipKind
from desk.trouble import Trouble

PRINTABLE: Mapping[SlipKind, frozenset[State]] = {
    SlipKind.ENROLLMENT: frozenset({State.OFFERED}),
    SlipKind.HANDOVER: frozenset({State.PROVEN, State.ACTIVATED, State.DELIVERED}),
    SlipKind.REFUSAL: frozenset({State.REFUSED}),
}
CLOSABLE = frozenset({State.PROVEN, State.ACTIVATED, State.REFUSED, State.DELIVERED})
_BARRED = "barred"
"""What a sheet tells of a delivered case that may not become usable."""
_USABLE = (State.PROVEN, State.ACTIVATED)
_PDF = "application/pdf"


class NotGivenBack(Trouble):
    """The applicant's passport still lies at the desk. Facts: case."""

    code = "CLOSE-01"


@dataclass(frozen=True)
class PrintedSlip:
    """A numbered sheet, ready for a printer. ``is_out``: one has taken it."""

    serial: str
    kind: SlipKind
    language: str
    printed_at: datetime
    pdf: bytes = field(repr=False)
    is_out: bool = False


def print_slip(
    station: Station, officer: Officer, case: Case, kind: SlipKind, language: str
) -> tuple[Case, PrintedSlip]:
    """A new sheet of ``kind`` in Korean and ``language``; the former one is void.

    Raises :class:`NotPossible` where the case's state has no such sheet, the family of
    :class:`~desk.counter.slips.SlipTrouble`, and the link's troubles. An enrollment sheet
    whose QR was printed before is voided together with its offer and raises
    :class:`~desk.counter.slips.NewOfferNeeded`: the stored case is APPROVED then, and a new
    PIN makes the next QR.
    """
    case = station.touched(officer, case)
    _may_print(station, case, kind)
    if kind is SlipKind.ENROLLMENT:
        _end_printed_offer(station, officer, case)
    sheets.load()
    stamp = station.stamp(officer)
    offer = case.offer.offer_id if case.offer and kind is SlipKind.ENROLLMENT else None
    own = station.settings.station.serial
    with station.store.write() as session:
        told = _told_of(session, case)
        slip = serials.issue(session, stamp, own, case.number, kind, language, offer, state=told)
        pdf = _draw(station, case, slip, barred=told == _BARRED)
        printed = replace(case, slips=(*case.slips, slip.serial))
        cases.save(
            session,
            stamp,
            printed,
            "CASE.SLIP_PRINTED",
            slip=slip.serial,
            kind=kind.value,
            language=language,
        )
        cases.keep_blob(session, stamp, case.number, BlobKind.SLIP, _PDF, pdf)
    return printed, PrintedSlip(slip.serial, kind, language, slip.printed_at, pdf)


def kept_slip(station: Station, case: Case, kind: SlipKind) -> PrintedSlip | None:
    """The sheet that counts now, as it was printed; None where there is none of ``kind``, or
    only one that says of an open case what is no longer so."""
    with station.store.read() as session:
        printed = serials.slips_of(session, case.number)
        pdf = cases.blob(session, case.number, BlobKind.SLIP)
        slip = _standing(printed, kind)
        # Only the newest sheet of a case is kept as it was printed.
        if slip is None or pdf is None or slip != printed[-1]:
            return None
        told = serials.state_told(session, case.number, slip.serial)
        if case.closed_at is None and told != _told_of(session, case):
            return None
        is_out = serials.is_out(session, case.number, slip.serial)
    return PrintedSlip(slip.serial, kind, slip.language, slip.printed_at, pdf, is_out)


def note_out(station: Station, officer: Officer, slip: PrintedSlip) -> None:
    """The sheet came out: this is in the records, for whoever comes back to the case."""
    with station.store.write() as session:
        serials.note_out(session, station.stamp(officer), slip.serial)


def close_case(
    station: Station, officer: Officer, case: Case, returned: Mapping[str, bool]
) -> Case:
    """The visit ends: pictures and passport files are destroyed, the case gets its end.

    ``returned`` is what was given and said, by key (``passport``, ``slip``, ``loss``). Raises
    :class:`NotGivenBack` for a passport that was not handed back, :class:`NotPossible` for a
    case that still has something before it. A closed case is left as it is.
    """
    if case.closed_at is not None:
        return case
    if case.state not in CLOSABLE:
        raise NotPossible(f"close in {case.state}", act="close", state=case.state.value)
    case = station.touched(officer, case)
    if returned.get("passport") is False:
        raise NotGivenBack(case=case.number)
    stamp = station.stamp(officer)
    closed = replace(case, closed_at=stamp.at)
    given = ",".join(sorted(key for key, done in returned.items() if done))
    with station.store.write() as session:
        cases.wipe_blobs(session, stamp, case.number, cases.OF_THE_VISIT)
        cases.save(session, stamp, closed, "CASE.CLOSED", given=given)
        head = journal.head(session)
        journal.append(
            session, stamp, "AUDIT.HEAD_NOTED", case.number, seq=head.count, head=head.hash
        )
    # Until the log file is moved in and cut, the wiped pictures would lie in it.
    station.store.checkpoint()
    return closed


def _may_print(station: Station, case: Case, kind: SlipKind) -> None:
    live = case.offer is not None and case.offer.expires_at > station.now()
    possible = case.state in PRINTABLE[kind] and case.closed_at is None
    if not possible or (kind is SlipKind.ENROLLMENT and not live):
        act = f"print_{kind.value}"
        raise NotPossible(f"{act} in {case.state}", act=act, state=case.state.value)


def _told_of(session: Session, case: Case) -> str:
    """What a sheet printed now says of the case. Whether something still makes usable what was
    delivered is decided by what happened since, which its state does not tell."""
    delivered = case.state is State.DELIVERED
    return _BARRED if delivered and holdings.bar_in(session, case.number) else case.state.value


def _standing(printed: tuple[Slip, ...], kind: SlipKind) -> Slip | None:
    found = [slip for slip in printed if slip.kind is kind and slip.counts]
    return found[-1] if found else None


def _end_printed_offer(station: Station, officer: Officer, case: Case) -> None:
    """A QR that already lies on paper cannot be printed again: somebody may hold it."""
    with station.store.read() as session:
        former = _standing(serials.slips_of(session, case.number), SlipKind.ENROLLMENT)
    if former is None or case.offer is None or former.offer_id != case.offer.offer_id:
        return
    withdraw(station, officer, case, "reprinted")
    with station.store.write() as session:
        serials.void(session, station.stamp(officer), former.serial, "reprinted")
    raise sheets.NewOfferNeeded(slip=former.serial)


def _draw(station: Station, case: Case, slip: Slip, *, barred: bool) -> bytes:
    sheet = _sheet(station, case, slip)
    if slip.kind is SlipKind.HANDOVER:
        return sheets.handover_slip(replace(_handover(station, case, sheet), barred=barred))
    if slip.kind is SlipKind.REFUSAL:
        return sheets.refusal_slip(_refusal(station, case, sheet))
    return sheets.enrollment_slip(_enrollment(station, case, sheet))


def _sheet(station: Station, case: Case, slip: Slip) -> sheets.SheetFacts:
    document, register = case.document, case.register
    holder = sheets.Holder(
        hangul=register.name_hangul if register else "",
        surname=document.surname if document else "",
        given_names=document.given_names if document else "",
    )
    return sheets.SheetFacts(
        case_number=case.number,
        serial=slip.serial,
        holder=holder,
        post=station.post,
        printed_at=slip.printed_at,
        language=slip.language,
        training=station.training,
    )


def _handover(station: Station, case: Case, sheet: sheets.SheetFacts) -> sheets.HandoverFacts:
    until = case.last_day(station.post.zone)
    if until is None:
        raise FactsMissing(case=case.number)
    return sheets.HandoverFacts(
        sheet=sheet,
        usable_since=case.entered(case.state) if case.state in _USABLE else None,
        proven=case.state is not State.ACTIVATED,
        valid_until=until,
        services=relying.uses(station, case),
        loss=_loss(station),
        kind=case.kind,
    )


def _enrollment(station: Station, case: Case, sheet: sheets.SheetFacts) -> sheets.EnrollmentFacts:
    if case.offer is None:
        raise NotPossible("no offer", act="print_enrollment", state=case.state.value)
    return sheets.EnrollmentFacts(
        sheet=sheet,
        offer_uri=case.offer.uri,
        expires_at=case.offer.expires_at,
        services=relying.uses(station, case),
        loss=_loss(station),
    )


def _refusal(station: Station, case: Case, sheet: sheets.SheetFacts) -> sheets.RefusalFacts:
    ending = case.ending
    code = ending.code if ending and ending.reason == "rule_not_met" else ""
    return sheets.RefusalFacts(
        sheet=sheet,
        rule=next((rule.id for rule in station.rules.rules if rule.code == code), ""),
        rules=case.verdict.rules if case.verdict else (),
        book=station.rules,
        face_taken=case.face is not None,
        kept_days=station.settings.retention.closed_case_days,
        post_names={post.code: post.name for post in station.posts.posts},
    )


def _loss(station: Station) -> sheets.LossContact:
    return sheets.LossContact(day=station.post.contact.phone)
