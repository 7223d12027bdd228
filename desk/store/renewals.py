"""What a case that replaces or resumes a credential has to know of the case that gave it.

All of it outlives the purge: keys, status indexes and ends name nobody, and whether two cases
are the same person's is asked by their digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.issuance.case import ENDS, Case, IssuedCredential, State
from desk.issuance.record import from_plain
from desk.store import cases, status
from desk.store.models import CaseRow, IntentRow
from desk.store.status import StatusEntry, StatusSlot, Validity
from desk.store.troubles import CaseMissing, FormerPassport, HeldElsewhere, OtherHolder


@dataclass(frozen=True)
class Former:
    """``issued`` are the credentials that are not revoked, ``entries`` what the records say
    of each. ``expires_on`` is the administrative end, None where nobody noted it."""

    number: str
    state: State
    issued: tuple[IssuedCredential, ...]
    entries: tuple[StatusEntry, ...]
    expires_on: date | None


@dataclass(frozen=True)
class UnderWay:
    """An open case that replaces or resumes the same credential."""

    number: str
    window: str


def former(session: Session, number: str) -> Former:
    """Raises :class:`CaseMissing`."""
    row = _row(session, number)
    known = from_plain(Case, row.record) if row.record is not None else None
    entries = tuple(
        one for one in status.entries_of(session, number) if one.validity is not Validity.INVALID
    )
    standing = {one.slot for one in entries}
    issued = known.issued if known is not None else _issued(session, number)
    return Former(
        number=number,
        state=State(row.state),
        issued=tuple(
            one for one in issued if StatusSlot(one.status_list, one.status_index) in standing
        ),
        entries=entries,
        expires_on=known.expiry_date if known is not None else row.expires_on,
    )


def _issued(session: Session, number: str) -> tuple[IssuedCredential, ...]:
    """From the intents of a case whose record is gone. One that was written before its end
    was kept cannot be told of."""
    query = select(IntentRow).where(
        IntentRow.case_number == number,
        IntentRow.signed_at.is_not(None),
        IntentRow.valid_until.is_not(None),
        IntentRow.status_uri.is_not(None),
    )
    return tuple(
        IssuedCredential(
            configuration=row.format,
            device_key=row.device_key,
            status_uri=row.status_uri or "",
            status_index=row.position,
            signed_at=row.signed_at or row.written_at,
            valid_until=row.valid_until or row.written_at,
            delivered_at=row.ended_at if row.state == "delivered" else None,
            status_list=row.list_name,
        )
        for row in session.scalars(query.order_by(IntentRow.written_at, IntentRow.position))
    )


def under_way(session: Session, number: str) -> UnderWay | None:
    """The open case that renews what ``number`` gave, where there is one."""
    ends = [state.value for state in ENDS]
    query = select(CaseRow.number, CaseRow.window).where(
        CaseRow.former == number, CaseRow.state.not_in(ends)
    )
    found = session.execute(query.order_by(CaseRow.opened_at).limit(1)).first()
    return None if found is None else UnderWay(found.number, found.window)


def demand_same_holder(
    session: Session, number: str, holder: str | None, former: str | None
) -> None:
    """Raises :class:`OtherHolder` where the former case was another person's. ``holder`` is
    the digest of the person of case ``number``."""
    if former is not None and (holder is None or _row(session, former).holder != holder):
        raise OtherHolder(number, case=number, former=former)


def demand_same_passport(session: Session, former: str, passport: str) -> None:
    """Whether the credential of case ``former`` was issued upon the passport with this number.
    Raises :class:`FormerPassport`. Of a case of a time that kept no digest nothing is known
    here (:func:`knows_passport`): there the phone is asked."""
    known = _row(session, former).document
    if known is not None and known != cases.passport_digest(session, passport):
        raise FormerPassport(former, case=former)


def knows_passport(session: Session, former: str) -> bool:
    """Whether it was kept upon which passport the credential of case ``former`` was issued."""
    return _row(session, former).document is not None


def demand_only_holding(session: Session, number: str, former: str | None) -> None:
    """Before something of case ``number`` becomes usable. Raises :class:`HeldElsewhere` where
    a third case gave this person something that stands."""
    others = others_held(session, number, former)
    if others:
        raise HeldElsewhere(number, case=number, other=others[0])


def others_held(session: Session, number: str, former: str | None) -> tuple[str, ...]:
    """Which third cases gave the person of case ``number`` something that stands. Raises
    CaseMissing."""
    return cases.other_holdings(session, _row(session, number).holder, number, former)


def _row(session: Session, number: str) -> CaseRow:
    row = session.get(CaseRow, number)
    if row is None:
        raise CaseMissing(number, case=number)
    return row
