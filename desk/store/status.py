"""Status indexes: given out at random, once for ever, and what each says today.

An index is never used a second time (I3): rows are not deleted, not even by the purge,
and the table's key is list and position. Which validity may follow which stands here:
INVALID is final, and a credential begins SUSPENDED. Building and signing the published
list is ``desk.credential.statuslist``'s.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from desk.store import journal
from desk.store.journal import Stamp
from desk.store.models import IntentRow, StatusEntryRow, StatusListRow
from desk.store.troubles import ListFull, StatusFinal

# Beyond this share of a list a random draw meets a used index too often, and the set of
# free indexes would begin to tell which ones come next.
FILL_LIMIT = 0.9
DEFAULT_SIZE = 1 << 20
CHANGED = "STATUS.CHANGED"
# The least difference of two times that the records keep.
_TICK = timedelta(microseconds=1)
# So many cases are asked for in one statement: every SQLite takes 999 values.
_AT_ONCE = 400


class Validity(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    SUSPENDED = "suspended"

    @property
    def bits(self) -> int:
        """The two bits of the published list (token status list, §7.1: 0, 1, 2)."""
        return {"valid": 0, "invalid": 1, "suspended": 2}[self.value]


_BEST = (Validity.VALID, Validity.SUSPENDED, Validity.INVALID).index


@dataclass(frozen=True)
class StatusSlot:
    """One index of one list."""

    list_name: str
    index: int


@dataclass(frozen=True)
class StatusEntry:
    slot: StatusSlot
    case_number: str
    validity: Validity
    changed_at: datetime


@dataclass(frozen=True)
class ListContent:
    """What has to be published: ``values`` holds the indexes that are not VALID."""

    name: str
    size: int
    values: dict[int, Validity]
    changed_at: datetime
    published_at: datetime | None
    signed_at: datetime | None

    @property
    def is_due(self) -> bool:
        return self.published_at != self.changed_at


@dataclass(frozen=True)
class Pointing:
    """Credentials of this list say that it is at ``uri``."""

    list_name: str
    uri: str


def open_list(session: Session, stamp: Stamp, name: str, size: int = DEFAULT_SIZE) -> None:
    """Begin a list of ``size`` indexes; nothing happens where it exists already."""
    if session.get(StatusListRow, name) is not None:
        return
    session.add(
        StatusListRow(name=name, size=size, used=0, opened_at=stamp.at, changed_at=stamp.at)
    )
    journal.append(session, stamp, "STATUS.LIST_OPENED", list=name, count=size)


def begin_list(session: Session, stamp: Stamp, size: int = DEFAULT_SIZE) -> str:
    """Open the list that new indexes are taken from; its name. The name is drawn: posts that
    share a service never meet in one, and nobody reads a post out of it."""
    name = secrets.token_hex(8)
    open_list(session, stamp, name, size)
    return name


def current_list(session: Session) -> str | None:
    """The list that new indexes are taken from."""
    query = select(StatusListRow.name).where(StatusListRow.closed_at.is_(None))
    return session.scalar(query.order_by(StatusListRow.opened_at.desc()).limit(1))


def take(session: Session, stamp: Stamp, case_number: str) -> StatusSlot:
    """A random free index of the current list, SUSPENDED from the start. A full list is
    closed, and the next one of its size begun: its entries stay where they are."""
    name = current_list(session) or begin_list(session, stamp)
    try:
        return allocate(session, stamp, name, case_number)
    except ListFull:
        full = session.get_one(StatusListRow, name)
        full.closed_at = stamp.at
        return allocate(session, stamp, begin_list(session, stamp, full.size), case_number)


def allocate(session: Session, stamp: Stamp, list_name: str, case_number: str) -> StatusSlot:
    """Take a random free index of one list, SUSPENDED from the start.

    Raises :class:`ListFull` when the list is filled to :data:`FILL_LIMIT`. Writes no event
    of its own: an index is taken together with its intent, whose event names it.
    """
    row = session.get_one(StatusListRow, list_name)
    if row.used >= max(1, int(row.size * FILL_LIMIT)):
        raise ListFull(list_name, list=list_name, size=row.size)
    index = _draw(session, row)
    session.add(
        StatusEntryRow(
            list_name=list_name,
            position=index,
            case_number=case_number,
            validity=Validity.SUSPENDED,
            allocated_at=stamp.at,
            changed_at=stamp.at,
        )
    )
    row.used += 1
    _note_changed(row, stamp.at)
    session.flush()
    return StatusSlot(list_name, index)


def set_validity(
    session: Session, stamp: Stamp, slot: StatusSlot, validity: Validity, reason: str
) -> None:
    """Change what an index says. Raises :class:`StatusFinal` once it says INVALID."""
    row = session.get_one(StatusEntryRow, (slot.list_name, slot.index))
    if row.validity == validity:
        return
    if row.validity == Validity.INVALID:
        raise StatusFinal(list=slot.list_name, position=slot.index)
    before, row.validity, row.changed_at = row.validity, validity.value, stamp.at
    _note_changed(session.get_one(StatusListRow, slot.list_name), stamp.at)
    journal.append(
        session,
        stamp,
        CHANGED,
        row.case_number,
        list=slot.list_name,
        position=slot.index,
        **{"from": before, "to": validity.value},
        reason=reason,
    )


def entry(session: Session, slot: StatusSlot) -> StatusEntry:
    return _entry(session.get_one(StatusEntryRow, (slot.list_name, slot.index)))


def entries_of(session: Session, case_number: str) -> tuple[StatusEntry, ...]:
    query = select(StatusEntryRow).where(StatusEntryRow.case_number == case_number)
    ordered = query.order_by(StatusEntryRow.allocated_at, StatusEntryRow.position)
    return tuple(_entry(row) for row in session.scalars(ordered))


def standing_of(session: Session, case_numbers: Sequence[str]) -> dict[str, Validity]:
    """What the entries of each of these cases say together: the best of them. A case without
    entries is not among the answers."""
    query = select(StatusEntryRow.case_number, StatusEntryRow.validity).distinct()
    found: dict[str, Validity] = {}
    for start in range(0, len(case_numbers), _AT_ONCE):
        some = StatusEntryRow.case_number.in_(case_numbers[start : start + _AT_ONCE])
        for number, validity in session.execute(query.where(some)):
            found[number] = min(found.get(number, Validity.INVALID), Validity(validity), key=_BEST)
    return found


def content(session: Session, list_name: str) -> ListContent:
    """The list as it has to be published now."""
    row = session.get_one(StatusListRow, list_name)
    query = select(StatusEntryRow.position, StatusEntryRow.validity).where(
        StatusEntryRow.list_name == list_name, StatusEntryRow.validity != Validity.VALID
    )
    known = {validity.value: validity for validity in Validity}
    values = {position: known[validity] for position, validity in session.execute(query)}
    return ListContent(row.name, row.size, values, row.changed_at, row.published_at, row.signed_at)


def signed_times(session: Session) -> dict[str, datetime | None]:
    """When each list went out last; the oldest list first."""
    query = select(StatusListRow.name, StatusListRow.signed_at).order_by(StatusListRow.opened_at)
    return {name: signed_at for name, signed_at in session.execute(query)}


def list_names(session: Session) -> tuple[str, ...]:
    return tuple(session.scalars(select(StatusListRow.name).order_by(StatusListRow.opened_at)))


def pointing(session: Session, now: datetime) -> tuple[Pointing, ...]:
    """Where the credentials that have not run out say that their lists are, revoked ones too:
    looking up what each of them says takes longer than all the rest."""
    place = IntentRow.list_name, IntentRow.status_uri
    found = session.execute(select(*place).where(_may_be_checked(now)).distinct().order_by(*place))
    return tuple(Pointing(name, uri) for name, uri in found if uri is not None)


def standing_at(session: Session, now: datetime, uris: Collection[str]) -> int:
    """How many credentials that stand say that their list is at one of these addresses."""
    same = (StatusEntryRow.list_name == IntentRow.list_name) & (
        StatusEntryRow.position == IntentRow.position
    )
    query = select(func.count()).select_from(IntentRow).join(StatusEntryRow, same)
    stands = StatusEntryRow.validity != Validity.INVALID
    there = _may_be_checked(now) & IntentRow.status_uri.in_(uris)
    return session.scalar(query.where(there, stands)) or 0


def _may_be_checked(now: datetime) -> ColumnElement[bool]:
    """It left the desk, or may have, and what it says of itself has not run out."""
    unended = IntentRow.valid_until.is_(None) | (IntentRow.valid_until > now)
    return IntentRow.state.in_(("signed", "delivered")) & unended


def due_lists(session: Session) -> tuple[str, ...]:
    """The lists with changes that are not out yet."""
    due = StatusListRow.published_at.is_distinct_from(StatusListRow.changed_at)
    query = select(StatusListRow.name).where(due).order_by(StatusListRow.opened_at)
    return tuple(session.scalars(query))


def note_published(
    session: Session, stamp: Stamp, content: ListContent, signed_at: datetime | None = None
) -> None:
    """Remember that ``content`` is out, as signed then. What changed since stays due."""
    row = session.get_one(StatusListRow, content.name)
    row.published_at = content.changed_at
    row.signed_at = signed_at or stamp.at
    journal.append(session, stamp, "STATUS.PUBLISHED", list=content.name, count=len(content.values))


def _note_changed(row: StatusListRow, at: datetime) -> None:
    """The list says something else from now on. Its time rises with every change, whatever the
    clocks say: two changes of one time would be taken for one, and whoever publishes compares
    no clocks. The writers' lock keeps the changes of all desks in a row."""
    row.changed_at = max(at, row.changed_at + _TICK)


def _draw(session: Session, row: StatusListRow) -> int:
    while True:
        index = secrets.randbelow(row.size)
        if session.get(StatusEntryRow, (row.name, index)) is None:
            return index


def _entry(row: StatusEntryRow) -> StatusEntry:
    return StatusEntry(
        slot=StatusSlot(row.list_name, row.position),
        case_number=row.case_number,
        validity=Validity(row.validity),
        changed_at=row.changed_at,
    )
