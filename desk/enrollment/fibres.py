"""Waiting for a server without keeping the loop from others, in functions that are not async.

A step of the mailbox is a plain function, the same on a file and on a server. Where it is a
server a request begins in a fibre, a greenlet of the loop's thread: where a step in it waits for
the database's word, the loop goes on with other requests, and the fibre goes on as soon as the
word has come. A thread for each step, or a task that awaits it, does the same and has to be woken
each time: issuances one after another take about a twentieth longer then. A word that comes
before anything else is not even told to the loop. Outside of a fibre waiting is just waiting.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import ClassVar, NamedTuple, TypeVar

from greenlet import getcurrent, greenlet

from desk.enrollment.readable import Line, readable

_T = TypeVar("_T")
_FirstOf = Callable[[float], list[tuple[int, int]]]

_MOMENT_SECONDS = 0.003
"""For so long at most in one of its rounds the loop is kept waiting beside a line: for that long
it does not come to what is no line yet known to it (calls for now, timers, a line just added)."""
# The cheapest that takes any number of a line.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


def inside() -> bool:
    """Whether this runs in a fibre."""
    return getcurrent().parent is not None


def begin(act: Callable[[], _T], loop: asyncio.AbstractEventLoop) -> asyncio.Future[_T]:
    """Run ``act`` in a fibre: now, as far as it goes without waiting, and later to its end,
    also where nobody waits for that any more. Not in a fibre, whom nothing would wake."""
    if inside():
        raise RuntimeError("a fibre in a fibre")
    done: asyncio.Future[_T] = loop.create_future()

    def whole() -> None:
        try:
            result = act()
        except BaseException as error:
            if not done.done():
                done.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            if not done.done():
                done.set_result(result)

    greenlet(whole).switch()
    return done


def in_thread(act: Callable[[], _T]) -> _T:
    """``act``, which waits in its own way, without keeping the loop where this is a fibre."""
    if not inside():
        return act()
    fibre = getcurrent()
    done = asyncio.get_running_loop().run_in_executor(None, act)
    done.add_done_callback(lambda _: fibre.switch())
    _let_others_go_on(fibre)
    return done.result()


def pause(seconds: float) -> None:
    if not inside():
        time.sleep(seconds)
        return
    fibre = getcurrent()
    asyncio.get_running_loop().call_later(seconds, fibre.switch)
    _let_others_go_on(fibre)


class Places:
    """So many fibres at once may have one; the others wait, in the order in which they came."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[greenlet] = deque()

    def __enter__(self) -> None:
        if self._free > 0:
            self._free -= 1
            return
        fibre = getcurrent()
        self._waiting.append(fibre)
        _let_others_go_on(fibre)

    def __exit__(self, *_how: object) -> None:
        if self._waiting:
            # Its place is the next one's.
            asyncio.get_running_loop().call_soon(self._waiting.popleft().switch)
        else:
            self._free += 1


class _Round(NamedTuple):
    """One of a loop's, and when it has been kept waiting for long enough."""

    loop: asyncio.AbstractEventLoop
    ends: float


class Hearing:
    """What waits for the word of the other end of a line, for ``patience`` seconds and in a fibre
    for twice as long at most."""

    _round: ClassVar[_Round | None] = None

    def __init__(self, line: Line, patience: float) -> None:
        self.patience = patience
        self._line = line.fileno()
        self._has_come = readable(line)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._beside: asyncio.AbstractEventLoop | None = None
        # Waits for either, so many milliseconds.
        self._first_of_both: _FirstOf | None = None
        # Lets the fibre go on that waits.
        self._go_on: Callable[[], object] | None = None
        self._sleeps = 0
        self._watch: asyncio.TimerHandle | None = None
        self._is_late = False

    def has_come(self) -> bool:
        """Whether there is something to hear; an end is something too. Raises OSError,
        ValueError."""
        return bool(self._has_come(0))

    def wait(self) -> None:
        """Until something has come; raises TimeoutError where nothing does."""
        if not inside():
            if not self._has_come(int(self.patience * 1000)):
                raise TimeoutError
            return
        if self._comes_first():
            return
        # Asked before, because of a line that has failed libuv tells once and never again; and
        # after, because the loop may tell once more of what was heard meanwhile.
        while not self._has_come(0):
            self._sleep(self._listen())

    def _comes_first(self) -> bool:
        """Whether something comes before the loop has anything to do: a word that comes alone
        needs no way through the loop."""
        loop = asyncio.get_running_loop()
        if self._beside is not loop:
            self._beside, self._first_of_both = loop, _beside(loop, self._line)
        if self._first_of_both is None:
            return False
        left = self._left_of_round(loop)
        if left <= 0:
            return False
        return any(line == self._line for line, _ in self._first_of_both(left * 1000))

    @classmethod
    def _left_of_round(cls, loop: asyncio.AbstractEventLoop) -> float:
        """Seconds."""
        now = time.monotonic()
        if cls._round is None or cls._round.loop is not loop:
            cls._round = _Round(loop, now + _MOMENT_SECONDS)
            loop.call_soon(cls._end_round)
        return cls._round.ends - now

    @classmethod
    def _end_round(cls) -> None:
        cls._round = None

    def wait_to_speak(self) -> None:
        """Until the line takes more, or something has come, or the loop says so; raises
        TimeoutError as :meth:`wait` does."""
        if not inside():
            with _Selector() as line:
                line.register(self._line, selectors.EVENT_READ | selectors.EVENT_WRITE)
                if not line.select(self.patience):
                    raise TimeoutError
            return
        loop = self._listen()
        loop.add_writer(self._line, self._wake)
        try:
            self._sleep(loop)
        finally:
            loop.remove_writer(self._line)

    def leave(self) -> None:
        """The line is about to be closed: its number may soon be another one's."""
        loop, self._loop = self._loop, None
        # A loop that is closed has forgotten it.
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._line)
            if self._watch is not None:
                self._watch.cancel()
        self._watch = None

    def _listen(self) -> asyncio.AbstractEventLoop:
        """Once for all, because that costs more than being woken."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self.leave()
            loop.add_reader(self._line, self._wake)
            self._loop = loop
        return loop

    def _sleep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until woken; raises TimeoutError where nobody does."""
        fibre = getcurrent()
        # Not from where a line is told of: libuv keeps pointers into its own frame then, and a
        # fibre's frames may come to lie over that one.
        self._go_on = partial(loop.call_soon, fibre.switch)
        self._sleeps += 1
        if self._watch is None:
            self._watch_over(loop)
        _let_others_go_on(fibre)
        if self._is_late:
            self._is_late = False
            raise TimeoutError

    def _watch_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look once the patience for this sleep is over. One timer serves for many a word: one
        for each would cost a phone's issuance a fortieth."""
        self._watch = loop.call_later(self.patience, self._look, self._sleeps, loop)

    def _look(self, sleep: int, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = None
        if self._go_on is None:
            return
        if self._sleeps != sleep:
            # A later one, which has only begun.
            self._watch_over(loop)
            return
        # After a pause of the whole machine the timer is told of before the word that came.
        self._is_late = not self._has_come(0)
        self._wake()

    def _wake(self) -> None:
        go_on, self._go_on = self._go_on, None
        if go_on is None:
            # Said unasked: whoever takes the line up looks before he speaks.
            self.leave()
        else:
            go_on()


def _beside(loop: asyncio.AbstractEventLoop, line: int) -> _FirstOf | None:
    """What waits for ``line`` and for all lines that ``loop`` waits for; None of a loop that does
    not tell by what it waits. libuv's does, by what uvloop keeps for its own tests."""
    backend = getattr(loop, "_get_backend_id", None)
    if backend is None:
        return None
    both = select.poll()
    both.register(line, select.POLLIN)
    both.register(backend(), select.POLLIN)
    return both.poll


def _let_others_go_on(fibre: greenlet) -> None:
    assert fibre.parent is not None
    fibre.parent.switch()
