"""How far a reading has come, as the lines of the page: noted in the reader's lane, shown on
the window's thread. A step that the chip has nothing for says so and is never called done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from desk.mrtd.reader import ReadPhase, ReadProgress
from desk.ui.pages.passport_parts import PhaseLine, PhaseState

LINES = tuple(ReadPhase)


@dataclass(frozen=True)
class _Step:
    """``before`` are the bytes of the step's earlier files."""

    begun: float
    before: int = 0
    done: int = 0
    total: int | None = None

    def onwards(self, progress: ReadProgress) -> _Step:
        """A phase told without a size begins another file of the same step."""
        if progress.total is None:
            return _Step(self.begun, self.before + self.done)
        return _Step(self.begun, self.before, progress.done, progress.total)


class ReadingTrack:
    """One reading; begins empty."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steps: dict[ReadPhase, _Step] = {}

    def note(self, progress: ReadProgress) -> None:
        """Called in the reader's lane; a dictionary's assignment is whole for other threads."""
        step = self._steps.get(progress.phase) or _Step(self._clock())
        self._steps[progress.phase] = step.onwards(progress)

    def lines(self) -> tuple[PhaseLine, ...]:
        steps = dict(self._steps)
        reached = max((LINES.index(line) for line in steps), default=-1)
        return tuple(self._line(n, line, reached, steps) for n, line in enumerate(LINES))

    def _line(
        self, number: int, line: ReadPhase, reached: int, steps: dict[ReadPhase, _Step]
    ) -> PhaseLine:
        if number > reached:
            return PhaseLine(line.value, PhaseState.WAITING)
        step = steps.get(line)
        if step is None:
            return PhaseLine(line.value, PhaseState.ABSENT)
        later = [steps[other].begun for other in LINES[number + 1 :] if other in steps]
        ended = min(later, default=self._clock())
        state = PhaseState.RUNNING if number == reached else PhaseState.DONE
        total = None if step.total is None else step.before + step.total
        return PhaseLine(line.value, state, step.before + step.done, total, ended - step.begun)
