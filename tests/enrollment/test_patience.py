"""desk.enrollment.patience: how long a connection may wait for what, by a clock of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from starlette.responses import Response
from uvicorn.server import ServerState

from desk.enrollment.exchange import connection
from desk.enrollment.patience import LONGEST_HEAD, impatient, look_at
from desk.enrollment.routing import Route, Routes
from desk.enrollment.wire import Request

HEAD_SECONDS, PAUSE_SECONDS = 10.0, 30
AT_ONCE, SLOWLY = b"GET /now HTTP/1.1\r\n\r\n", b"GET /later HTTP/1.1\r\n\r\n"


class Line(asyncio.Transport):
    """The other side of a connection, which only listens."""

    def __init__(self) -> None:
        super().__init__()
        self.heard, self.closed = b"", False
        self.untaken, self.aborted = 0, False

    def write(self, data: Any) -> None:
        self.heard += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def get_write_buffer_size(self) -> int:
        return self.untaken

    def is_closing(self) -> bool:
        return self.closed


class Scene:
    """One connection of a service that answers at once, or when ``answer`` is set."""

    def __init__(self) -> None:
        self.answer = asyncio.Event()
        lost = Route("", self._now)
        routes = Routes([Route("/now", self._now), Route("/later", self._later)], lost, self._noted)
        kind = impatient(connection([], in_fibres=False), HEAD_SECONDS)
        config = uvicorn.Config(routes, http=kind, timeout_keep_alive=PAUSE_SECONDS, lifespan="off")
        self.state, self.line = ServerState(), Line()
        self.connection = kind(config, self.state, {})
        self.connection.connection_made(self.line)

    def is_open_at(self, now: float) -> bool:
        look_at(self.state.connections, now)
        return not self.line.closed

    def comes(self, data: bytes) -> None:
        self.connection.data_received(data)

    async def _now(self, _request: Request) -> Response:
        return Response(b"now")

    async def _later(self, _request: Request) -> Response:
        await self.answer.wait()
        return Response(b"later")

    @staticmethod
    def _noted(*_told: object) -> None:
        pass


def played(play: Callable[[Scene], Any]) -> None:
    async def within_a_loop() -> None:
        waited_for = play(Scene())
        if waited_for is not None:
            await waited_for

    asyncio.run(within_a_loop())


@pytest.mark.parametrize("begun", [b"", b"GET /now HT"])
def test_head_is_waited_for_so_long_and_no_longer(begun: bytes) -> None:
    def play(scene: Scene) -> None:
        scene.comes(begun)
        assert scene.is_open_at(100.0)
        assert scene.is_open_at(109.9)
        assert not scene.is_open_at(110.0)

    played(play)


def test_a_head_that_comes_in_drops_has_no_more_time() -> None:
    def play(scene: Scene) -> None:
        scene.comes(b"GET ")
        assert scene.is_open_at(0.0)
        scene.comes(b"/now")
        assert scene.is_open_at(9.0)
        scene.comes(b" HTTP/1.1\r\n")
        assert not scene.is_open_at(10.0)

    played(play)


def test_a_pause_is_longer_than_a_head_and_each_request_has_its_own() -> None:
    def play(scene: Scene) -> None:
        for start in (0.0, 40.0):
            scene.comes(AT_ONCE)
            assert scene.is_open_at(start)
            assert scene.is_open_at(start + 29.9)
        assert scene.line.heard.count(b"HTTP/1.1 200 OK") == 2
        assert not scene.is_open_at(70.0)

    played(play)


def test_the_next_head_has_its_own_time_whatever_came_with_its_beginning() -> None:
    def play(scene: Scene) -> None:
        scene.comes(AT_ONCE[:9])
        assert scene.is_open_at(0.0)
        scene.comes(AT_ONCE[9:] + AT_ONCE[:9])
        assert scene.is_open_at(9.0)
        assert scene.is_open_at(18.9)
        assert not scene.is_open_at(19.0)

    played(play)


def test_who_waits_for_the_service_may_wait() -> None:
    """And the pause begins with the answer."""

    async def play(scene: Scene) -> None:
        scene.comes(SLOWLY)
        assert scene.is_open_at(0.0)
        assert scene.is_open_at(1000.0)
        scene.answer.set()
        while not scene.line.heard:
            await asyncio.sleep(0)
        assert scene.is_open_at(2000.0)
        assert scene.is_open_at(2029.9)
        assert not scene.is_open_at(2030.0)

    played(play)


@pytest.mark.parametrize("request_", [AT_ONCE, b"GET /now HTTP/1.0\r\n\r\n", AT_ONCE + b"GET /n"])
def test_who_takes_nothing_of_an_answer_is_cut_off(request_: bytes) -> None:
    """Closing alone would wait for it for ever."""

    def play(scene: Scene) -> None:
        scene.comes(request_)
        scene.line.untaken = 500
        for now, untaken in ((0.0, 500), (29.0, 500), (30.0, 499), (59.9, 499)):
            scene.line.untaken = untaken
            look_at(scene.state.connections, now)
            assert not scene.line.aborted
        look_at(scene.state.connections, 60.0)
        assert scene.line.aborted

    played(play)


def test_after_its_answer_was_taken_a_connection_has_its_pause() -> None:
    def play(scene: Scene) -> None:
        scene.comes(AT_ONCE)
        scene.line.untaken = 500
        assert scene.is_open_at(0.0)
        scene.line.untaken = 0
        assert scene.is_open_at(29.0)
        assert scene.is_open_at(58.9)
        assert not scene.is_open_at(59.0)
        assert not scene.line.aborted

    played(play)


CHUNKED = AT_ONCE[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"


def test_a_body_may_be_longer_than_a_head_and_trailers_may_not() -> None:
    """And each request's are counted for themselves, from the body's end on."""
    piece, half = b"4000\r\n" + b"a" * 0x4000 + b"\r\n", b"a" * (LONGEST_HEAD // 2)

    async def play(scene: Scene) -> None:
        for done in (1, 2, 3):
            scene.comes(CHUNKED)
            scene.comes(piece[:9])
            scene.comes(piece[9:])
            scene.comes(piece * 2 + b"0\r\nA: ")
            scene.comes(half)
            scene.comes(b"\r\n\r\n")
            while scene.line.heard.count(b"HTTP/1.1 200 OK") < done:
                await asyncio.sleep(0)
        scene.comes(CHUNKED + b"0\r\nA: ")
        scene.comes(half)
        assert not scene.line.closed
        scene.comes(half + b"a")
        assert scene.line.closed

    played(play)


def test_trailers_that_come_in_drops_have_a_pauses_time() -> None:
    """From the answer on, where nobody waited for them."""

    async def play(scene: Scene) -> None:
        scene.comes(CHUNKED + b"0\r\n")
        while not scene.line.heard:
            await asyncio.sleep(0)
        for now in (0.0, 10.0, 20.0, 29.9):
            assert scene.is_open_at(now)
            scene.comes(b"A: b\r\n")
        assert not scene.is_open_at(30.0)

    played(play)
