"""Printed sheets: their serial numbers, and which of them still count.

The sheet itself is drawn elsewhere; here is what the post must account for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.issuance.audit import AuditEvent
from desk.store import journal, sequences
from desk.store.journal import Stamp
from desk.store.models import SlipRow

_ISSUED, _OUT, _PRINTED = "SLIP.ISSUED", "SLIP.CAME_OUT", "CASE.SLIP_PRINTED"
OUTDATED = "outdated"
"""Why a sheet is void that told of an earlier state of its case."""


class SlipKind(StrEnum):
    ENROLLMENT = "enrollment"
    HANDOVER = "handover"
    REFUSAL = "refusal"


@dataclass(frozen=True)
class Slip:
    """``offer_id`` names the offer whose QR an enrollment slip carries."""

    serial: str
    case_number: str
    kind: SlipKind
    language: str
    offer_id: str | None
    printed_at: datetime
    printed_by: str
    voided_at: datetime | None
    void_reason: str | None
    replaced_by: str | None

    @property
    def counts(self) -> bool:
        return self.voided_at is None


def issue(
    session: Session,
    stamp: Stamp,
    station: str,
    case_number: str,
    kind: SlipKind,
    language: str,
    offer_id: str | None = None,
    *,
    state: str = "",
) -> Slip:
    """A new serial for a sheet about to be printed, which tells of ``state`` of its case. The
    former sheet of this kind in this case is void from here on; its offer has to be voided by
    the caller."""
    serial = sequences.next_slip_serial(session, station)
    replaced = [slip for slip in _rows(session, case_number, kind) if slip.voided_at is None]
    for former in replaced:
        told = state_told(session, case_number, former.serial)
        # What was right when it was given lies where it was given to.
        _void(former, stamp, "reprinted" if told in (None, state) else OUTDATED, serial)
    row = SlipRow(
        serial=serial,
        case_number=case_number,
        kind=kind,
        language=language,
        offer_id=offer_id,
        printed_at=stamp.at,
        printed_by=stamp.actor,
    )
    session.add(row)
    session.flush()
    journal.append(
        session,
        stamp,
        _ISSUED,
        case_number,
        slip=serial,
        kind=kind.value,
        replaced=replaced[-1].serial if replaced else None,
        state=state,
    )
    return _slip(row)


def void(session: Session, stamp: Stamp, serial: str, reason: str) -> Slip:
    """Spoiled, taken back, or its QR is used up. The first reason stays."""
    row = session.get_one(SlipRow, serial)
    if row.voided_at is None:
        _void(row, stamp, reason, None)
        journal.append(session, stamp, "SLIP.VOIDED", row.case_number, slip=serial, reason=reason)
    return _slip(row)


def note_out(session: Session, stamp: Stamp, serial: str) -> None:
    """A printer or a file took the sheet: only then may somebody have it in hand."""
    row = session.get_one(SlipRow, serial)
    journal.append(session, stamp, _OUT, row.case_number, slip=serial)


def is_out(session: Session, case_number: str, serial: str) -> bool:
    """Whether the log says that the sheet came out; it does not of those that an earlier
    version printed, which named no state when they were issued."""
    told = {event.kind: event for event in _told(session, case_number, serial, (_ISSUED, _OUT))}
    return _OUT in told or (_ISSUED in told and "state" not in told[_ISSUED].facts)


def state_told(session: Session, case_number: str, serial: str) -> str | None:
    """What a sheet tells of its case, as it was named when it was issued; one of an earlier
    version tells of the state that the case had then."""
    told = {
        event.kind: event.facts.get("state")
        for event in _told(session, case_number, serial, (_ISSUED, _PRINTED))
    }
    state = told.get(_ISSUED) or told.get(_PRINTED)
    return None if state is None else str(state)


def _told(
    session: Session, case_number: str, serial: str, kinds: Sequence[str]
) -> list[AuditEvent]:
    found = journal.of_kinds(session, case_number, kinds)
    return [event for event in found if event.facts.get("slip") == serial]


def slips_of(session: Session, case_number: str) -> tuple[Slip, ...]:
    """All sheets of a case, void ones too, in the order of printing."""
    return tuple(_slip(row) for row in _rows(session, case_number))


def _rows(session: Session, case_number: str, kind: SlipKind | None = None) -> list[SlipRow]:
    query = select(SlipRow).where(SlipRow.case_number == case_number)
    if kind is not None:
        query = query.where(SlipRow.kind == kind)
    return list(session.scalars(query.order_by(SlipRow.printed_at, SlipRow.serial)))


def _void(row: SlipRow, stamp: Stamp, reason: str, replaced_by: str | None) -> None:
    row.voided_at, row.void_reason, row.replaced_by = stamp.at, reason, replaced_by


def _slip(row: SlipRow) -> Slip:
    return Slip(
        serial=row.serial,
        case_number=row.case_number,
        kind=SlipKind(row.kind),
        language=row.language,
        offer_id=row.offer_id,
        printed_at=row.printed_at,
        printed_by=row.printed_by,
        voided_at=row.voided_at,
        void_reason=row.void_reason,
        replaced_by=row.replaced_by,
    )
