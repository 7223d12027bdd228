"""Why no card can be used: questions in the order in which the answer of one needs the last.

Service, readers, free, card, answer, known: the first question that fails names the fault,
and what comes after it was not asked. Evidence is gathered elsewhere
(`desk.counter.card_checks`); here it is only judged, so every branch can be tested.

Some faults look the same to every program. They share one code whose sentence says so:
a card put in upside down and one that is dead (until it was put in again and is still mute),
a reader that is not plugged in and one without driver (where the system does not list USB
devices), a stopped service and a missing reader (on Windows).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from desk.cards.machine import Machine
from desk.cards.watcher import CardWorld, ReaderState


class Question(StrEnum):
    """In the order of asking."""

    SERVICE = "service"
    READERS = "readers"
    FREE = "free"
    CARD = "card"
    ANSWERS = "answers"
    KNOWN = "known"


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    NOT_ASKED = "not_asked"


class Fault(StrEnum):
    """One code for each, and one next step."""

    SERVICE_STOPPED = "READER-01"
    NO_READER = "READER-02"
    HELD = "READER-06"
    EMPTY = "READER-04"
    CUT_OFF = "READER-07"
    UNSUPPORTED = "READER-12"
    DENIED = "READER-13"
    MUTE_OR_UPSIDE_DOWN = "READER-31"
    NO_DRIVER = "READER-32"
    REMOTE = "READER-33"
    UNPLUGGED_OR_NO_DRIVER = "READER-34"
    STILL_MUTE = "READER-35"
    OTHER_READERS = "READER-36"
    STOPPED_OR_NO_READER = "READER-37"
    ONE_READER = "READER-38"
    NO_CHIP = "READER-03"
    UNKNOWN = "CARD-01"


class Met(StrEnum):
    """What came of opening the card; NOT_TRIED where it was not, BROKEN where something else
    than these stood in the way."""

    NOT_TRIED = "not_tried"
    HELD = "held"
    MUTE = "mute"
    BROKEN = "broken"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Evidence:
    """``named`` is the reader of the settings, empty where they name none; ``reader`` the one
    that is asked. ``put_in_again``: a mute card was taken out and put back since."""

    world: CardWorld
    machine: Machine
    named: str = ""
    reader: str = ""
    met: Met = Met.NOT_TRIED
    put_in_again: bool = False

    @property
    def state(self) -> ReaderState | None:
        return self.world.reader(self.reader) if self.reader else None


@dataclass(frozen=True, slots=True)
class Judged:
    """The answers to all questions, and the fault that ended the asking."""

    answers: tuple[tuple[Question, Answer], ...]
    fault: Fault | None = None

    def answer(self, question: Question) -> Answer:
        return dict(self.answers)[question]


def judge(evidence: Evidence) -> Judged:
    """Ask in order until one question fails."""
    answers: list[tuple[Question, Answer]] = []
    fault: Fault | None = None
    for question, ask in _QUESTIONS.items():
        if fault is None:
            fault = ask(evidence)
            answers.append((question, Answer.NO if fault else Answer.YES))
        else:
            answers.append((question, Answer.NOT_ASKED))
    return Judged(tuple(answers), fault)


def _service_runs(evidence: Evidence) -> Fault | None:
    world, machine = evidence.world, evidence.machine
    if world.service_running:
        return None
    if machine.remote:
        return Fault.REMOTE
    if world.denied:
        return Fault.DENIED
    return Fault.STOPPED_OR_NO_READER if machine.stops_service else Fault.SERVICE_STOPPED


def _readers_are_seen(evidence: Evidence) -> Fault | None:
    world, machine = evidence.world, evidence.machine
    if evidence.named and world.readers and world.reader(evidence.named) is None:
        return Fault.OTHER_READERS
    if world.readers:
        return None
    if machine.remote:
        return Fault.REMOTE
    if machine.plugged is None:
        return Fault.UNPLUGGED_OR_NO_DRIVER
    return Fault.NO_DRIVER if machine.plugged else Fault.NO_READER


def _reader_is_free(evidence: Evidence) -> Fault | None:
    state = evidence.state
    held = evidence.met is Met.HELD or (state is not None and state.held)
    return Fault.HELD if held else None


def _card_is_in(evidence: Evidence) -> Fault | None:
    state = evidence.state
    return None if state is not None and state.present else Fault.EMPTY


def _card_answers(evidence: Evidence) -> Fault | None:
    state = evidence.state
    if evidence.met is Met.UNSUPPORTED:
        return Fault.UNSUPPORTED
    if evidence.met is Met.BROKEN:
        return Fault.CUT_OFF
    if evidence.met is Met.MUTE or (state is not None and state.mute):
        return Fault.STILL_MUTE if evidence.put_in_again else Fault.MUTE_OR_UPSIDE_DOWN
    return None


def _card_is_known(evidence: Evidence) -> Fault | None:
    return Fault.UNKNOWN if evidence.met is Met.UNKNOWN else None


_QUESTIONS: dict[Question, Callable[[Evidence], Fault | None]] = {
    Question.SERVICE: _service_runs,
    Question.READERS: _readers_are_seen,
    Question.FREE: _reader_is_free,
    Question.CARD: _card_is_in,
    Question.ANSWERS: _card_answers,
    Question.KNOWN: _card_is_known,
}


def passport_fault(evidence: Evidence, others: bool) -> Fault | None:
    """The same for the passport reader, which may be empty; ``others``: there is a reader
    besides the officer's."""
    for ask in (_service_runs, _readers_are_seen):
        if fault := ask(evidence):
            return fault
    if not others:
        return Fault.ONE_READER
    if fault := _reader_is_free(evidence):
        return fault
    state = evidence.state
    return Fault.NO_CHIP if state is not None and state.mute else None


class MuteMemory:
    """Remembers in which readers a card was mute, to tell «put in again and still mute».

    The service counts cards that come and go: another count with a mute card means that it
    was taken out and put back.
    """

    def __init__(self) -> None:
        self._first: dict[str, int] = {}

    def put_in_again(self, state: ReaderState) -> bool:
        """Note ``state``; True where its mute card has been mute before and was put back."""
        if not state.present:
            return False
        if not state.mute:
            self._first.pop(state.name, None)
            return False
        return self._first.setdefault(state.name, state.events) != state.events
