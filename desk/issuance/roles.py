"""What each kind of officer may do, and which entries of the rail each may see.

One table for acts, one for entries; who holds which role comes from the ministry's signed
list. That two different persons prepare and approve one case is not decided by roles: it
is the approval's own rule. Nobody issues alone (FIPS 201-3, 2.7), and whoever administers
the desk has no part in a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from desk.trouble import Trouble


class RoleMayNot(Trouble):
    """This officer's role does not allow the act. Facts: role, right."""

    code = "OFFICER-10"


class Role(StrEnum):
    OFFICER = "officer"
    APPROVER = "approver"
    HEAD_OF_POST = "head_of_post"
    ADMINISTRATOR = "administrator"

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self]

    def demand(self, right: Right) -> None:
        """Raises :class:`RoleMayNot`."""
        if not self.may(right):
            raise RoleMayNot(role=self.value, right=right.value)


class Right(StrEnum):
    """An act that not everybody may do.

    PREPARE: open a case and carry it, from the passport to the hand-over. APPROVE: put the
    second card under a case that somebody else has prepared. SUSPEND: answer a loss call.
    AFTER_CARE: resume, reissue, revoke. CLOSE_DAY: sign the day's books. READ_HISTORY: search
    past cases. READ_AUDIT: look into the audit log; SEE_PATTERNS: odd patterns in it.
    RECORDS_CARDS: say whose cards open the records. OFFICERS: put another list of officers
    in place. LIFT_LOCK: let a locked-out card or station sign in again.
    """

    PREPARE = "prepare"
    APPROVE = "approve"
    SUSPEND = "suspend"
    AFTER_CARE = "after_care"
    CLOSE_DAY = "close_day"
    READ_HISTORY = "read_history"
    READ_AUDIT = "read_audit"
    SEE_PATTERNS = "see_patterns"
    RECORDS_CARDS = "records_cards"
    OFFICERS = "officers"
    LIFT_LOCK = "lift_lock"


_COUNTER = frozenset(
    {
        Right.PREPARE,
        Right.SUSPEND,
        Right.AFTER_CARE,
        Right.CLOSE_DAY,
        Right.READ_HISTORY,
        Right.READ_AUDIT,
    }
)
_UPKEEP = frozenset({Right.RECORDS_CARDS, Right.OFFICERS, Right.LIFT_LOCK})

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OFFICER: _COUNTER,
    Role.APPROVER: _COUNTER | {Right.APPROVE},
    Role.HEAD_OF_POST: _COUNTER | _UPKEEP | {Right.APPROVE, Right.SEE_PATTERNS},
    Role.ADMINISTRATOR: _UPKEEP | {Right.READ_HISTORY, Right.READ_AUDIT},
}
"""Who may do what."""


class Entry(StrEnum):
    """The entries of the rail, in the order in which they stand there."""

    HOME = "home"
    APPROVALS = "approvals"
    HISTORY = "history"
    AFTER_CARE = "after_care"
    DAY_CLOSE = "day_close"
    AUDIT = "audit"
    POSTS = "posts"
    DIAGNOSIS = "diagnosis"
    TRAINING = "training"


_FOR_UPKEEP = frozenset({Role.HEAD_OF_POST, Role.ADMINISTRATOR})
_ONLY_FOR: Mapping[Entry, frozenset[Role]] = {Entry.POSTS: _FOR_UPKEEP}


def entries(role: Role | None, *, training: bool = False) -> tuple[Entry, ...]:
    """What somebody of this role may see in the rail; None: nobody is signed in.

    Whether an entry's page is there at all is left to the window.
    """
    if role is None:
        return (Entry.DIAGNOSIS,)
    seen = [entry for entry in Entry if role in _ONLY_FOR.get(entry, Role)]
    seen.remove(Entry.TRAINING)
    return (Entry.TRAINING, *seen) if training else (*seen, Entry.TRAINING)
