"""Cases as they were after their last act, the states they passed, and their pictures.

A case is stored whole, as plain JSON of the frozen record. What it may do next is
``desk.issuance.case``'s; when it is emptied, :mod:`desk.store.retention`'s.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from desk.issuance.audit import Fact
from desk.issuance.case import ENDS, Case, State
from desk.issuance.record import from_plain, to_plain
from desk.store import journal, meta
from desk.store.journal import Stamp
from desk.store.models import CaseBlobRow, CaseRow, CaseStepRow, StatusEntryRow
from desk.store.status import Validity
from desk.store.troubles import CaseChanged, CaseMissing, CasePurged

_APPROVED = frozenset(
    {
        State.APPROVED,
        State.OFFERED,
        State.SIGNING,
        State.DELIVERED,
        State.PROVEN,
        State.ACTIVATED,
    }
)
# No overseas number has a colon: a passport number never meets one of them.
_PASSPORT = "passport:"


class BlobKind(StrEnum):
    """What lies beside a case. Passport files keep the names of ICAO 9303-10."""

    PORTRAIT = "portrait"
    FACE = "face"
    SLIP = "slip"
    CHECK_LOG = "check-log"
    EF_CARD_SECURITY = "EF.CardSecurity"
    EF_SOD = "EF.SOD"
    EF_COM = "EF.COM"
    DG1 = "DG1"
    DG2 = "DG2"
    DG14 = "DG14"
    DG15 = "DG15"


OF_THE_VISIT = tuple(kind for kind in BlobKind if kind not in (BlobKind.SLIP, BlobKind.CHECK_LOG))
"""Pictures and passport files: destroyed when the applicant's visit ends, however it does."""


@dataclass(frozen=True)
class CaseTrail:
    """A state that a case entered: when, and by whom."""

    state: State
    at: datetime
    actor: str


def add(session: Session, stamp: Stamp, case: Case) -> None:
    """Store a new case together with its opening event."""
    row = CaseRow(
        number=case.number,
        post=case.post,
        window=case.window,
        officer=case.officer,
        opened_at=case.opened_at,
    )
    _fill(session, row, case, stamp)
    session.add(row)
    session.flush()
    _add_steps(session, case, stamp, known=0)
    facts: dict[str, Fact] = {"post": case.post, "window": case.window}
    if case.former is not None:
        facts |= {"kind": case.kind.value, "target": case.former, "reason": case.renewal_reason}
    journal.append(session, stamp, "CASE.OPENED", case.number, **facts)


def save(session: Session, stamp: Stamp, case: Case, event: str, /, **facts: Fact | float) -> None:
    """Store the case after an act, with the event that tells of it.

    Raises :class:`CaseChanged` unless the stored case is an earlier point of the same
    history: somebody else moved it in between, and their act must not be lost.
    """
    row = _row(session, case.number)
    steps = _steps(session, case.number)
    told = [(step.state.value, step.at) for step in case.history]
    if [(step.state, step.at) for step in steps] != told[: len(steps)]:
        raise CaseChanged(case.number, case=case.number)
    _fill(session, row, case, stamp)
    _add_steps(session, case, stamp, known=len(steps))
    journal.append(session, stamp, event, case.number, **{"state": case.state.value, **facts})


def load(session: Session, number: str) -> Case:
    """Raises :class:`CaseMissing`, :class:`CasePurged`,
    :class:`desk.issuance.record.RecordDamaged`."""
    return _case(_row(session, number))


def open_cases(session: Session) -> tuple[Case, ...]:
    """Cases that have not ended, the oldest first."""
    ends = [state.value for state in ENDS]
    query = select(CaseRow).where(CaseRow.state.not_in(ends), CaseRow.record.is_not(None))
    return tuple(_case(row) for row in session.scalars(query.order_by(CaseRow.opened_at)))


def left_unclosed(session: Session, before: datetime) -> tuple[str, ...]:
    """Numbers of cases that ended, were last changed before then, were never closed and still
    have something of the visit beside them; the oldest first."""
    ends = [state.value for state in ENDS]
    query = select(CaseRow.number).where(
        CaseRow.state.in_(ends),
        CaseRow.closed_at.is_(None),
        CaseRow.changed_at < before,
        CaseRow.number.in_(
            select(CaseBlobRow.case_number).where(CaseBlobRow.kind.in_(OF_THE_VISIT))
        ),
    )
    return tuple(session.scalars(query.order_by(CaseRow.opened_at)))


def in_state(session: Session, state: State) -> tuple[Case, ...]:
    """Cases that stand in ``state`` now, the oldest first."""
    query = select(CaseRow).where(CaseRow.state == state.value, CaseRow.record.is_not(None))
    return tuple(_case(row) for row in session.scalars(query.order_by(CaseRow.opened_at)))


def cases_since(session: Session, start: datetime) -> tuple[Case, ...]:
    """What the board shows: opened or changed since ``start``, and all that are open; the
    newest first. Cases already purged are not among them."""
    ends = [state.value for state in ENDS]
    query = select(CaseRow).where(
        CaseRow.record.is_not(None),
        or_(CaseRow.changed_at >= start, CaseRow.state.not_in(ends)),
    )
    return tuple(_case(row) for row in session.scalars(query.order_by(CaseRow.opened_at.desc())))


def held_elsewhere(
    session: Session, overseas_number: str, number: str, former: str | None = None
) -> tuple[str, ...]:
    """Numbers of other cases that gave this person a credential which is not revoked.

    A credential that is suspended, or about to be signed at another window, counts: one
    phone a person. ``former`` does not: the case that is being replaced or resumed. Found by
    a keyed digest, so that it still works after the purge.
    """
    return other_holdings(session, holder_digest(session, overseas_number), number, former)


def other_holdings(
    session: Session, holder: str | None, number: str, former: str | None = None
) -> tuple[str, ...]:
    """The same by the digest that the case itself carries."""
    query = (
        select(CaseRow.number)
        .join(StatusEntryRow, StatusEntryRow.case_number == CaseRow.number)
        .where(
            CaseRow.holder == holder,
            CaseRow.number.not_in((number, former or number)),
            StatusEntryRow.validity != Validity.INVALID,
        )
        .distinct()
        .order_by(CaseRow.number)
    )
    return tuple(session.scalars(query)) if holder else ()


def holder_digest(session: Session, overseas_number: str) -> str:
    """HMAC-SHA256 (hex) of the overseas number under a secret of these records."""
    return keyed_digest(pepper(session), overseas_number)


def passport_digest(session: Session, number: str) -> str | None:
    """The same of a passport number; None for an empty one."""
    return passport_digest_under(pepper(session), number)


def passport_digest_under(secret: bytes, number: str) -> str | None:
    return keyed_digest(secret, _PASSPORT + number) if number else None


def pepper(session: Session) -> bytes:
    """The secret that the digests of these records are keyed with."""
    return bytes.fromhex(meta.value(session, "holder_pepper") or "")


def keyed_digest(secret: bytes, text: str) -> str:
    return hmac.digest(secret, text.encode(), "sha256").hex()


def note_document(session: Session, row: CaseRow, case: Case) -> None:
    """Keep what an approved case's passport can be known by, also when its record is gone."""
    if case.document is None or case.state not in _APPROVED:
        return
    row.document = passport_digest(session, case.document.number)
    register = case.register
    row.register_document = passport_digest(session, register.passport_number if register else "")


def trail(session: Session, number: str) -> tuple[CaseTrail, ...]:
    """The states a case entered, in their order; also after the purge."""
    return tuple(CaseTrail(State(row.state), row.at, row.actor) for row in _steps(session, number))


def keep_blob(
    session: Session, stamp: Stamp, number: str, kind: BlobKind, media_type: str, data: bytes
) -> str:
    """Lay bytes beside the case, in place of earlier ones of that kind; SHA-256 in hex."""
    digest = hashlib.sha256(data).hexdigest()
    session.merge(
        CaseBlobRow(
            case_number=number,
            kind=kind,
            media_type=media_type,
            sha256=digest,
            kept_at=stamp.at,
            data=data,
        )
    )
    session.flush()
    journal.append(session, stamp, "CASE.FILE_KEPT", number, kind=kind.value, sha256=digest)
    return digest


def blob(session: Session, number: str, kind: BlobKind) -> bytes | None:
    row = session.get(CaseBlobRow, (number, kind))
    return None if row is None else row.data


def wipe_blobs(
    session: Session, stamp: Stamp, number: str, kinds: Iterable[BlobKind] | None = None
) -> int:
    """Destroy pictures and files of a case (all kinds by default); how many there were."""
    chosen = CaseBlobRow.case_number == number
    if kinds is not None:
        chosen &= CaseBlobRow.kind.in_([kind.value for kind in kinds])
    found = len(session.scalars(select(CaseBlobRow.kind).where(chosen)).all())
    if found:
        session.execute(delete(CaseBlobRow).where(chosen))
        journal.append(session, stamp, "CASE.FILES_WIPED", number, count=found)
    return found


def _row(session: Session, number: str) -> CaseRow:
    row = session.get(CaseRow, number)
    if row is None:
        raise CaseMissing(number, case=number)
    return row


def _case(row: CaseRow) -> Case:
    if row.record is None:
        raise CasePurged(row.number, case=row.number)
    return from_plain(Case, row.record)


def _fill(session: Session, row: CaseRow, case: Case, stamp: Stamp) -> None:
    row.state = case.state.value
    row.officer = case.officer
    row.changed_at = stamp.at
    row.closed_at = case.closed_at
    row.record = to_plain(case)
    row.ending = case.ending.reason if case.ending else None
    row.person = person_of(case)
    row.kind, row.former, row.expires_on = case.kind.value, case.former, case.expiry_date
    if case.register is not None:
        row.holder = holder_digest(session, case.register.overseas_number)
    note_document(session, row, case)


def person_of(case: Case) -> dict[str, str] | None:
    """What a search looks at: the names and the birth date, from the register if it is there."""
    source = case.register or case.document
    if source is None:
        return None
    return {
        "hangul": case.register.name_hangul if case.register else "",
        "surname": source.surname,
        "given_names": source.given_names,
        "birth_date": source.birth_date.isoformat(),
    }


def _steps(session: Session, number: str) -> list[CaseStepRow]:
    query = select(CaseStepRow).where(CaseStepRow.case_number == number)
    return list(session.scalars(query.order_by(CaseStepRow.position)))


def _add_steps(session: Session, case: Case, stamp: Stamp, known: int) -> None:
    for position, step in enumerate(case.history[known:], start=known):
        session.add(
            CaseStepRow(
                case_number=case.number,
                position=position,
                state=step.state.value,
                at=step.at,
                actor=stamp.actor,
            )
        )
