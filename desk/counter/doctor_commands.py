"""What stands behind `desk doctor`: a diagnosis in, an answer for people and machines out.

Exit status: 0 every part is ready, 1 a part is unusable, 4 a part wants attention or could
not be asked; 2 (wrong arguments) and 3 (trouble) are the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from desk.cards.fault_tree import Answer as TreeAnswer
from desk.cards.watcher import ReaderState
from desk.counter.board import BoardCheck, CheckState
from desk.counter.doctor import Diagnosis
from desk.words import TroubleWords, Words

EXIT_READY, EXIT_UNUSABLE, EXIT_NOT_READY = 0, 1, 4
_EXITS = {CheckState.READY: EXIT_READY, CheckState.UNUSABLE: EXIT_UNUSABLE}
_INDENT = " " * 4


@dataclass(frozen=True)
class Answer:
    """``status`` for the shell, ``facts`` for machines, ``text`` for the terminal."""

    status: int
    facts: dict[str, Any]
    text: str


def answer(found: Diagnosis, language: str) -> Answer:
    """The whole diagnosis in ``language``, ko or en."""
    status = _EXITS.get(found.worst, EXIT_NOT_READY)
    return Answer(status, plain(found, language), "\n".join(told(found, language)))


def plain(found: Diagnosis, language: str) -> dict[str, Any]:
    """The diagnosis as plain data."""
    return {
        "at": f"{found.at:%Y-%m-%dT%H:%M:%SZ}",
        "state": found.worst.value,
        "checks": [_check(check, language) for check in found.checks],
        "readers": [_reader(found, reader) for reader in found.seen.world.readers],
        "officer_card": {
            "reader": found.seen.evidence.reader,
            "questions": {one.value: said.value for one, said in found.seen.judged.answers},
        },
    }


def _check(check: BoardCheck, language: str) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "part": check.key.value,
        "state": check.state.value,
        "fact": check.fact,
        "facts": dict(check.facts),
    }
    if check.code is None:
        return plain
    spoken = TroubleWords().of(check.code, language, check.facts)
    return {**plain, "code": spoken.code, "title": spoken.title, "next": spoken.next}


def _reader(found: Diagnosis, reader: ReaderState) -> dict[str, Any]:
    return {
        "name": reader.name,
        "part": part_of(found, reader.name),
        "card": reader.present,
        "mute": reader.mute,
        "held": reader.held,
    }


def part_of(found: Diagnosis, reader: str) -> str:
    """Which part a reader plays, as far as it is known."""
    if reader == found.seen.evidence.reader:
        return "officer"
    return "passport" if reader == found.seen.passport_reader else ""


def told(found: Diagnosis, language: str) -> list[str]:
    """Line by line: each part; under what is not ready its sentence, next step and code."""
    words, troubles = Words("officer"), TroubleWords()
    lines: list[str] = []
    for check in found.checks:
        state = words.text(f"device.{check.state.value}", language)
        name = words.text(f"part.{check.key.value}", language)
        fact = fact_words(words, check, language)
        lines.append(f"{state} · {name}" + (f" · {fact}" if fact else ""))
        if check.code is not None:
            spoken = troubles.of(check.code, language, check.facts)
            lines.append(f"{_INDENT}{spoken.code}: {spoken.title}. {spoken.text}")
            lines.append(f"{_INDENT}-> {spoken.next}")
    return lines + _reader_lines(found, words, language)


def fact_words(words: Words, check: BoardCheck, language: str) -> str:
    """The fact under a part's name, empty where its trouble says everything."""
    key = f"part_fact.{check.key.value}_{check.fact}"
    return words.text(key, language, **dict(check.facts)) if key in words else ""


def _reader_lines(found: Diagnosis, words: Words, language: str) -> list[str]:
    lines = []
    for reader in found.seen.world.readers:
        part = part_of(found, reader.name)
        named = words.text(f"reader_part.{part}", language) if part else ""
        state = words.text(f"reader_state.{_state(reader)}", language)
        lines.append(" · ".join(one for one in (reader.name, named, state) if one))
    answers = found.seen.judged.answers
    asked = [words.text(f"question.{one.value}", language) for one, said in answers if _yes(said)]
    failed = [one for one, said in answers if said is TreeAnswer.NO]
    if failed:
        asked.append(words.text(f"question_failed.{failed[0].value}", language))
    return [*lines, " > ".join(asked)]


def _yes(said: TreeAnswer) -> bool:
    return said is TreeAnswer.YES


def _state(reader: ReaderState) -> str:
    if reader.held:
        return "held"
    if reader.mute:
        return "mute"
    return "filled" if reader.present else "empty"
