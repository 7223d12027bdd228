"""Where it stops between this computer and the officer's card: one line for each question.

The questions of the fault tree, with both readers and the card's two certificates in their
places. The first line that fails names the trouble; what comes behind it was not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from desk.cards.fault_tree import Answer, Fault, Met, Question
from desk.cards.piv_data import Slot
from desk.counter.board import CheckState
from desk.counter.card_checks import Seen
from desk.counter.provisioning import State
from desk.trouble import Trouble

Facts = Mapping[str, str | int | float]


class Branch(StrEnum):
    """The lines from the top; what stands deeper needs what stands above it."""

    SERVICE = "service"
    READERS = "readers"
    PASSPORT = "passport"
    OFFICER = "officer"
    CARD = "card"
    ANSWERS = "answers"
    KNOWN = "known"
    SIGN_IN = "sign_in"
    SIGNER = "signer"

    @property
    def level(self) -> int:
        return _LEVELS.get(self, 3)


_LEVELS = {Branch.SERVICE: 0, Branch.READERS: 1, Branch.PASSPORT: 2, Branch.OFFICER: 2}
_QUESTIONS = {
    Branch.SERVICE: Question.SERVICE,
    Branch.READERS: Question.READERS,
    Branch.OFFICER: Question.FREE,
    Branch.CARD: Question.CARD,
    Branch.ANSWERS: Question.ANSWERS,
    Branch.KNOWN: Question.KNOWN,
}
_SLOTS = {Branch.SIGN_IN: Slot.AUTHENTICATION, Branch.SIGNER: Slot.SIGNATURE}


@dataclass(frozen=True)
class TreeLine:
    """``facts`` fill the sentence under the name, and the trouble's own where ``code`` is set."""

    branch: Branch
    state: CheckState
    facts: Facts = field(default_factory=dict)
    code: str | None = None


def tree(seen: Seen) -> tuple[TreeLine, ...]:
    """All lines from the top."""
    return tuple(_lines(seen))


def stopped_at(lines: tuple[TreeLine, ...]) -> TreeLine | None:
    """The line that keeps the desk from working, else the first that wants attention."""
    for state in (CheckState.UNUSABLE, CheckState.ATTENTION):
        for line in lines:
            if line.state is state:
                return line
    return None


def _lines(seen: Seen) -> Iterator[TreeLine]:
    for branch in Branch:
        if branch is Branch.PASSPORT:
            yield _passport(seen)
        elif branch in _SLOTS:
            yield _certificate(seen, branch)
        else:
            yield _asked(seen, branch)


def _asked(seen: Seen, branch: Branch) -> TreeLine:
    answer = seen.judged.answer(_QUESTIONS[branch])
    facts = _facts(seen, branch)
    if answer is Answer.NOT_ASKED:
        return TreeLine(branch, CheckState.NOT_DONE)
    if answer is Answer.YES:
        return TreeLine(branch, CheckState.READY, facts)
    fault = seen.judged.fault
    assert fault is not None
    # What stood in the way of opening the card says more than the question that it failed.
    if seen.trouble is not None and branch not in (Branch.SERVICE, Branch.READERS):
        return _troubled(branch, seen.trouble, facts)
    return TreeLine(branch, CheckState.UNUSABLE, facts, fault.value)


def _facts(seen: Seen, branch: Branch) -> Facts:
    if branch in (Branch.SERVICE, Branch.READERS):
        return {"readers": len(seen.world.readers)}
    return {"reader": seen.evidence.reader} if seen.evidence.reader else {}


def _passport(seen: Seen) -> TreeLine:
    readers = seen.judged.answer(Question.READERS)
    if readers is not Answer.YES:
        return TreeLine(Branch.PASSPORT, CheckState.NOT_DONE)
    facts = {"reader": seen.passport_reader} if seen.passport_reader else {}
    fault = seen.passport_fault
    if fault is None:
        return TreeLine(Branch.PASSPORT, CheckState.READY, facts)
    state = CheckState.ATTENTION if fault is Fault.NO_CHIP else CheckState.UNUSABLE
    return TreeLine(Branch.PASSPORT, state, facts, fault.value)


def _certificate(seen: Seen, branch: Branch) -> TreeLine:
    if seen.judged.answer(Question.KNOWN) is not Answer.YES:
        return TreeLine(branch, CheckState.NOT_DONE)
    if seen.evidence.met is not Met.KNOWN:
        return TreeLine(branch, CheckState.NOT_DONE)
    if seen.trouble is not None:
        # What certificates are checked against is missing: neither was asked.
        if branch is Branch.SIGN_IN:
            return _troubled(branch, seen.trouble, {})
        return TreeLine(branch, CheckState.NOT_DONE)
    status = next(one for one in seen.slots if one.slot is _SLOTS[branch])
    facts = {"days": status.days_left} if status.days_left is not None else {}
    if status.trouble is None:
        return TreeLine(branch, CheckState.READY, facts)
    line = _troubled(branch, status.trouble, facts)
    usable = status.state.is_usable and status.state is not State.READY
    return TreeLine(branch, CheckState.ATTENTION if usable else line.state, line.facts, line.code)


def _troubled(branch: Branch, trouble: Trouble, facts: Facts) -> TreeLine:
    told = {name: value for name, value in trouble.facts.items() if value is not None}
    return TreeLine(branch, CheckState.UNUSABLE, {**facts, **told}, trouble.code)
