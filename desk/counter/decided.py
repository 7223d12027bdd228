"""Whether a proof was decided: what a phone showed was right, and the records say VALID.

That the published list and the case say so too may still be to come.
"""

from __future__ import annotations

from desk.issuance.case import Case, CaseKind
from desk.store import journal, status
from desk.store.session import Session
from desk.store.status import StatusSlot, Validity

PROOF_DECIDED = "PROOF.DECIDED"
"""Of a resume: its entries belong to the former case, and only this tells which one decided."""


def slots(case: Case) -> tuple[StatusSlot, ...]:
    """Where the status of what this case gave, or resumes, stands."""
    return tuple(StatusSlot(one.status_list, one.status_index) for one in case.issued)


def is_decided(session: Session, case: Case) -> bool:
    """Decided, and nothing was taken back since."""
    if case.kind is CaseKind.RESUME and not was_decided(session, case):
        return False
    entries = [status.entry(session, slot) for slot in slots(case)]
    return bool(entries) and all(one.validity is Validity.VALID for one in entries)


def was_decided(session: Session, case: Case) -> bool:
    """Of a resume: whether it was once, whatever became of it."""
    return journal.tells(session, PROOF_DECIDED, case.number)
