"""Fibres by themselves: who waits keeps nobody else, in libuv's loop and in Python's own."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

import pytest

from desk.enrollment import fibres

Run = Callable[[Callable[[], Awaitable[None]]], None]
Pair = tuple[socket.socket, socket.socket]
PATIENCE = 60.0


def _libuv() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        pytest.skip("libuv's loop is not used on Windows")
    import uvloop

    return uvloop.new_event_loop()


@pytest.fixture(params=[_libuv, asyncio.SelectorEventLoop])
def run(request: pytest.FixtureRequest) -> Run:
    def in_loop(scene: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            await asyncio.wait_for(scene(), 30)

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(whole())

    return in_loop


@pytest.fixture
def lines() -> Iterator[list[Pair]]:
    pairs = [socket.socketpair() for _ in range(3)]
    yield pairs
    for ends in pairs:
        for end in ends:
            end.close()


def hear(line: socket.socket) -> bytes:
    hearing = fibres.Hearing(line, PATIENCE)
    try:
        hearing.wait()
        return line.recv(100)
    finally:
        hearing.leave()


def test_each_goes_on_when_its_own_word_has_come(run: Run, lines: list[Pair]) -> None:
    heard: list[bytes] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        waiting = [
            fibres.begin(lambda line=ours: heard.append(hear(line)), loop)  # type: ignore[misc]
            for ours, _ in lines
        ]
        assert heard == []
        for number in (2, 0, 1):
            lines[number][1].send(b"%d" % number)
            await waiting[number]

    run(scene)

    assert heard == [b"2", b"0", b"1"]


def test_what_waits_for_nothing_is_over_at_once(run: Run) -> None:
    async def scene() -> None:
        done = fibres.begin(fibres.inside, asyncio.get_running_loop())
        assert done.done()
        assert done.result() is True
        assert fibres.inside() is False

    run(scene)


def test_there_is_none_in_another(run: Run) -> None:
    """Whoever waits in it would never be woken."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="a fibre in a fibre"):
            await fibres.begin(lambda: fibres.begin(fibres.inside, loop), loop)

    run(scene)


def test_its_error_reaches_who_waits(run: Run, lines: list[Pair]) -> None:
    ours, theirs = lines[0]

    def fail() -> None:
        hear(ours)
        raise LookupError("nothing there")

    async def scene() -> None:
        going = fibres.begin(fail, asyncio.get_running_loop())
        theirs.send(b"!")
        with pytest.raises(LookupError, match="nothing there"):
            await going

    run(scene)


def test_goes_to_its_end_where_nobody_waits_any_more(run: Run, lines: list[Pair]) -> None:
    ours, theirs = lines[0]
    heard: list[bytes] = []

    async def scene() -> None:
        over = asyncio.Event()

        def act() -> None:
            heard.append(hear(ours))
            over.set()

        going = fibres.begin(act, asyncio.get_running_loop())
        waiter = asyncio.ensure_future(asyncio.shield(going))
        await asyncio.sleep(0)
        waiter.cancel()
        going.cancel()
        theirs.send(b"late")
        await over.wait()

    run(scene)

    assert heard == [b"late"]


def test_a_word_in_many_parts_is_taken_and_given(run: Run, lines: list[Pair]) -> None:
    """More than a line takes at once: its end waits until there is room again."""
    ours, theirs = lines[0]
    ours.setblocking(False)
    theirs.setblocking(False)
    much = bytes(range(256)) * 20_000
    taken = bytearray()

    def speak() -> None:
        hearing, left = fibres.Hearing(ours, PATIENCE), memoryview(much)
        while left:
            try:
                left = left[ours.send(left) :]
            except BlockingIOError:
                hearing.wait_to_speak()
        hearing.leave()

    def listen() -> None:
        hearing = fibres.Hearing(theirs, PATIENCE)
        while len(taken) < len(much):
            hearing.wait()
            taken.extend(theirs.recv(1 << 16))
        hearing.leave()

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        speaking = fibres.begin(speak, loop)
        assert not speaking.done()
        await asyncio.gather(speaking, fibres.begin(listen, loop))

    run(scene)

    assert taken == much


def test_a_line_that_fails_between_two_words_is_not_waited_for(run: Run) -> None:
    """As a server's that says goodbye and is gone: of its end libuv tells once."""
    heard: list[bytes | type[OSError]] = []

    async def scene() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            ours = socket.create_connection(server.getsockname())
            theirs, _ = server.accept()
        ours.setblocking(False)

        def listen() -> None:
            hearing = fibres.Hearing(ours, PATIENCE)
            ours.send(b"never read")
            for _ in range(2):
                hearing.wait()
                try:
                    heard.append(ours.recv(100))
                except OSError as error:
                    heard.append(type(error))
            hearing.leave()

        going = fibres.begin(listen, asyncio.get_running_loop())
        theirs.send(b"goodbye")
        theirs.close()
        await going
        ours.close()

    run(scene)

    assert heard == [b"goodbye", ConnectionResetError]


def test_what_it_does_to_other_lines_harms_no_loop(run: Run) -> None:
    """A fibre that a task began lies where libuv's own frames lie when it tells of lines."""

    def deep(more: int, act: Callable[[], None]) -> int:
        # Through the interpreter's C code each time, which is what uses the stack.
        return act() or 0 if more == 0 else max([more], key=lambda _: deep(more - 1, act))

    async def far(more: int, act: Callable[[], Awaitable[None]]) -> None:
        await (act() if more == 0 else far(more - 1, act))

    async def scene() -> None:
        loop = asyncio.get_running_loop()

        async def once(depth: int) -> None:
            (ours, theirs), (other, end) = socket.socketpair(), socket.socketpair()
            hearing = fibres.Hearing(ours, PATIENCE)
            loop.add_reader(other, lambda: None)

            def act() -> None:
                hearing.wait()
                loop.remove_reader(other)
                loop.add_reader(other, lambda: None)
                hearing.leave()

            going = fibres.begin(lambda: deep(depth, act), loop)
            theirs.send(b"!")
            await going
            loop.remove_reader(other)
            for line in (ours, theirs, other, end):
                line.close()

        for depth in (0, 20, 60, 120):
            for awaits in (0, 5, 12, 20):
                await asyncio.ensure_future(far(awaits, partial(once, depth)))

    run(scene)


def test_a_word_that_does_not_come_is_not_waited_for_without_end(
    run: Run, lines: list[Pair]
) -> None:
    """In a fibre and outside of one, whatever came before; and what comes later is heard."""
    ours, theirs = lines[0]
    hearing = fibres.Hearing(ours, 0.5)

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        first = fibres.begin(hearing.wait, loop)
        theirs.send(b"!")
        await first
        ours.recv(100)
        with pytest.raises(TimeoutError):
            await fibres.begin(hearing.wait, loop)
        hearing.patience = PATIENCE
        last = fibres.begin(hearing.wait, loop)
        theirs.send(b"late")
        await last
        hearing.leave()

    with pytest.raises(TimeoutError):
        hearing.wait()
    run(scene)

    assert ours.recv(100) == b"late"


def test_a_line_that_takes_nothing_is_not_waited_for_without_end(
    run: Run, lines: list[Pair]
) -> None:
    ours, _ = lines[0]
    ours.setblocking(False)
    hearing = fibres.Hearing(ours, 0.01)

    async def scene() -> None:
        with pytest.raises(TimeoutError):
            await fibres.begin(hearing.wait_to_speak, asyncio.get_running_loop())
        hearing.leave()

    with suppress(BlockingIOError):
        while True:
            ours.send(bytes(1 << 16))
    with pytest.raises(TimeoutError):
        hearing.wait_to_speak()
    run(scene)


def test_what_is_said_unasked_is_found_by_who_looks(run: Run, lines: list[Pair]) -> None:
    """And wakes nobody again and again meanwhile."""
    ours, theirs = lines[0]

    async def scene() -> None:
        loop, hearing = asyncio.get_running_loop(), fibres.Hearing(ours, PATIENCE)
        going = fibres.begin(hearing.wait, loop)
        theirs.send(b"asked")
        await going
        ours.recv(100)
        assert not hearing.has_come()

        theirs.send(b"unasked")
        loop.add_reader(theirs, lambda: None)
        while hearing._loop is not None:
            await asyncio.sleep(0)
        loop.remove_reader(theirs)
        assert hearing.has_come()
        ours.recv(100)

        again = fibres.begin(hearing.wait, loop)
        theirs.send(b"asked again")
        await again
        hearing.leave()

    run(scene)


def test_places_are_given_in_turn(run: Run, lines: list[Pair]) -> None:
    places = fibres.Places(2)
    order: list[int] = []
    most = there = 0

    async def scene() -> None:
        loop = asyncio.get_running_loop()

        def act(number: int) -> None:
            nonlocal most, there
            with places:
                order.append(number)
                there += 1
                most = max(most, there)
                fibres.pause(0)
                there -= 1

        await asyncio.gather(*(fibres.begin(partial(act, number), loop) for number in range(7)))
        assert places._free == 2

    run(scene)

    assert order == list(range(7))
    assert most == 2


def test_who_fails_leaves_the_place(run: Run) -> None:
    places = fibres.Places(1)

    def fail() -> None:
        with places:
            fibres.pause(0)
            raise LookupError

    def enter() -> bool:
        with places:
            return True

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        failing, after = fibres.begin(fail, loop), fibres.begin(enter, loop)
        with pytest.raises(LookupError):
            await failing
        assert await after

    run(scene)


def test_what_nothing_interrupts_keeps_only_its_own(run: Run) -> None:
    """It is done in a thread; there and elsewhere outside waiting is just waiting."""
    let_go, threads = threading.Event(), list[threading.Thread]()

    def act() -> str:
        threads.append(threading.current_thread())
        assert not fibres.inside()
        fibres.pause(0)
        assert let_go.wait(20)
        return "done"

    async def scene() -> None:
        going = fibres.begin(lambda: fibres.in_thread(act), asyncio.get_running_loop())
        # Only the loop can let it go.
        asyncio.get_running_loop().call_soon(let_go.set)
        assert await going == "done"

    run(scene)

    assert threads != [threading.current_thread()]
    assert fibres.in_thread(threading.current_thread) is threading.current_thread()


def test_a_word_that_comes_first_needs_no_loop(
    run: Run, lines: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In libuv's; Python's own does not tell by what it waits."""
    monkeypatch.setattr(fibres, "_MOMENT_SECONDS", 60.0)
    ours, theirs = lines[0]
    listens, passed = threading.Event(), list[str]()

    def answer() -> None:
        assert listens.wait(20)
        theirs.send(b"first")

    def listen() -> None:
        listens.set()
        passed.append(hear(ours).decode())

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(passed.append, "loop")
        is_libuv = type(loop).__module__.startswith("uvloop")
        assert (fibres._beside(loop, ours.fileno()) is not None) == is_libuv
        going = fibres.begin(listen, loop)
        assert going.done() or not is_libuv
        await going

    answering = threading.Thread(target=answer)
    answering.start()
    run(scene)
    answering.join()

    assert sorted(passed) == ["first", "loop"]


def test_who_comes_before_the_word_is_not_kept(
    run: Run, lines: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a word may be waited for beside the loop."""
    monkeypatch.setattr(fibres, "_MOMENT_SECONDS", 60.0)
    (ours, theirs), (other, caller) = lines[:2]
    heard: list[bytes] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()

        def serve() -> None:
            heard.append(other.recv(100))
            theirs.send(b"word")

        loop.add_reader(other, serve)
        # The loop is told of a new line when it comes round.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        caller.send(b"call")
        await fibres.begin(lambda: heard.append(hear(ours)), loop)
        loop.remove_reader(other)

    run(scene)

    assert heard == [b"call", b"word"]


def test_what_has_no_line_waits_for_a_moment(run: Run, lines: list[Pair]) -> None:
    """A call that the loop was asked for already is not seen beside it."""
    ours, theirs = lines[0]
    heard: list[bytes] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(theirs.send, b"word")
        await fibres.begin(lambda: heard.append(hear(ours)), loop)

    run(scene)

    assert heard == [b"word"]


def test_in_each_round_the_loop_waits_for_one_moment(
    run: Run, lines: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many words there are to be waited for, and whoever waits for them."""
    clock, waited = [100.0], list[float]()
    monkeypatch.setattr(fibres, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(fibres, "_MOMENT_SECONDS", 2.0)
    monkeypatch.setattr(fibres, "_beside", lambda *_: lambda left: waited.append(left) or [])

    def listen(line: Pair) -> None:
        for _ in range(2):
            line[1].send(b"!")
            assert hear(line[0]) == b"!"
            clock[0] += 0.75

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        for line in lines:
            await fibres.begin(partial(listen, line), loop)
        assert waited == [2000, 1250, 500]
        await asyncio.sleep(0)
        await fibres.begin(partial(listen, lines[0]), loop)

    run(scene)

    assert waited == [2000, 1250, 500, 2000, 1250]
