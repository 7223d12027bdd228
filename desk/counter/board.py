"""What the home page shows: is the desk ready to open, and how today's cases stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from desk.counter.station import Station
from desk.issuance.case import Case, CaseKind, State
from desk.store import cases, journal, status
from desk.store.session import Session
from desk.store.status import Validity
from desk.trouble import Trouble


class CheckKey(StrEnum):
    """The parts that must be ready, in the order in which trouble would show.

    The board has one ``line`` for several of them and shows the worst.
    """

    CARD_SERVICE = "card_service"
    PASSPORT_READER = "passport_reader"
    OFFICER_CARD = "officer_card"
    RECORDS_CARDS = "records_cards"
    OFFICERS = "officers"
    CAMERA = "camera"
    PRINTER = "printer"
    ENROLLMENT_SERVICE = "enrollment_service"
    QUEUE = "queue"
    STATUS_LIST = "status_list"
    VERIFIER = "verifier"
    TRUST_LIST = "trust_list"
    REVOCATIONS = "revocations"
    REGISTER = "register"
    DISK = "disk"
    COPIES = "copies"
    CLOCK = "clock"

    @property
    def line(self) -> CheckKey:
        return _LINES.get(self, self)


_LINES = {
    CheckKey.RECORDS_CARDS: CheckKey.CLOCK,
    CheckKey.OFFICERS: CheckKey.OFFICER_CARD,
    CheckKey.QUEUE: CheckKey.ENROLLMENT_SERVICE,
    CheckKey.STATUS_LIST: CheckKey.ENROLLMENT_SERVICE,
    CheckKey.VERIFIER: CheckKey.ENROLLMENT_SERVICE,
    CheckKey.REVOCATIONS: CheckKey.TRUST_LIST,
    CheckKey.DISK: CheckKey.CLOCK,
    CheckKey.COPIES: CheckKey.CLOCK,
}
LINES = tuple(key for key in CheckKey if key.line is key)
"""The board's lines."""


class CheckState(StrEnum):
    """NOT_DONE: the part could not be asked, which is never taken for ready."""

    CHECKING = "checking"
    READY = "ready"
    NOT_DONE = "not_done"
    ATTENTION = "attention"
    UNUSABLE = "unusable"

    @property
    def rank(self) -> int:
        """The higher, the worse."""
        return tuple(CheckState).index(self)


@dataclass(frozen=True)
class BoardCheck:
    """``fact`` is the key of the sentence under the name, ``facts`` fill it; ``code`` names
    the trouble words with the one next step where the part is not ready."""

    key: CheckKey
    state: CheckState
    fact: str = ""
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    code: str | None = None


def lines(checks: Iterable[BoardCheck]) -> tuple[BoardCheck, ...]:
    """The worst check of each of the board's lines; it keeps its own key, facts and code."""
    worst: dict[CheckKey, BoardCheck] = {}
    for check in checks:
        line = check.key.line
        held = worst.get(line)
        # Among equals the part that gives the line its name speaks.
        if held is None or (check.state.rank, check.key is line) > (held.state.rank, False):
            worst[line] = check
    return tuple(worst[key] for key in LINES if key in worst)


class RowState(StrEnum):
    """The five columns of the day's books; every case stands in exactly one, as it ended."""

    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    NOT_PROVEN = "not_proven"
    USABLE = "usable"
    ENDED = "ended"


class Since(StrEnum):
    """What became of a credential after its case had made it usable."""

    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REPLACED = "replaced"


@dataclass(frozen=True)
class CaseRow:
    """``since``: the case ended well, and its credential is usable no more."""

    number: str
    name: str
    state: State
    row_state: RowState
    held: str | None
    opened_at: datetime
    closed_at: datetime | None
    officer_name: str
    window: str
    waits_until: datetime | None = None
    ending_reason: str | None = None
    kind: CaseKind = CaseKind.ISSUE
    since: Since | None = None

    @property
    def is_finished(self) -> bool:
        return self.closed_at is not None or self.row_state is RowState.ENDED


@dataclass(frozen=True)
class Board:
    checks: tuple[BoardCheck, ...]
    checked_at: datetime | None
    rows: tuple[CaseRow, ...]

    def count(self, state: RowState) -> int:
        """The cases that stand so now: what became usable and is so no more counts apart."""
        return sum(row.row_state is state and row.since is None for row in self.rows)

    @property
    def usable_no_more(self) -> int:
        """Cases that ended well and whose credential was suspended or revoked since."""
        return sum(row.since is not None for row in self.rows)

    @property
    def can_open(self) -> bool:
        """Attention does not keep the window shut; an unusable part does, and one that has not
        answered yet."""
        if any(check.state is CheckState.CHECKING for check in self.checks):
            return False
        return bool(self.checks) and all(
            check.state in (CheckState.READY, CheckState.ATTENTION) for check in lines(self.checks)
        )


_ROW_STATES: Mapping[State, RowState] = {
    State.OFFERED: RowState.WAITING,
    State.DELIVERED: RowState.NOT_PROVEN,
    State.PROVEN: RowState.USABLE,
    State.ACTIVATED: RowState.USABLE,
    State.REFUSED: RowState.ENDED,
    State.CANCELLED: RowState.ENDED,
    State.EXPIRED: RowState.ENDED,
}


class AtAnotherWindow(Trouble):
    """Another window is at work on the case: two would change it."""

    code = "CASE-07"


def bring(station: Station, number: str) -> Case:
    """A case that this window may open: its own, or one that nobody works on any more.

    Raises AtAnotherWindow and CaseMissing.
    """
    case = station.load(number)
    if case.window != station.settings.station.window and not row_of(case).is_finished:
        raise AtAnotherWindow(case=number, window=case.window)
    return case


def rows_since(station: Station, start: datetime) -> tuple[CaseRow, ...]:
    """The cases opened or changed since ``start``, and all that are open; the newest first."""
    with station.store.read() as session:
        found = cases.cases_since(session, start)
        since = _since(session, found)
        return tuple(row_of(case, since.get(case.number)) for case in found)


def _since(session: Session, found: Iterable[Case]) -> dict[str, Since]:
    """By number: what after-care did to what these cases made usable. A resume has no entries
    of its own: it stands as what it resumed."""
    usable = [case for case in found if _ROW_STATES.get(case.state) is RowState.USABLE]
    holders = {case.number: _holder(case) for case in usable}
    says = status.standing_of(session, tuple(set(holders.values())))
    became: dict[str, Since] = {}
    for number, holder in holders.items():
        if says.get(holder) is Validity.SUSPENDED:
            became[number] = Since.SUSPENDED
        elif says.get(holder) is Validity.INVALID:
            replaced = journal.tells(session, "CARE.REPLACED", holder)
            became[number] = Since.REPLACED if replaced else Since.REVOKED
    return became


def _holder(case: Case) -> str:
    return case.former if case.kind is CaseKind.RESUME and case.former else case.number


def row_of(case: Case, since: Since | None = None) -> CaseRow:
    """The table row of ``case``."""
    return CaseRow(
        number=case.number,
        name=case.name,
        state=case.state,
        row_state=_ROW_STATES.get(case.state, RowState.IN_PROGRESS),
        held=case.held,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        officer_name=case.officer_name,
        window=case.window,
        waits_until=_waits_until(case),
        ending_reason=case.ending.reason if case.ending else None,
        kind=case.kind,
        since=since,
    )


def _waits_until(case: Case) -> datetime | None:
    """When what the case waits for ends by itself: its offer, or the wait for a second card."""
    if case.state is State.PREPARED and case.request is not None:
        return case.request.expires_at
    return case.offer.expires_at if case.offer else None
