"""The service's processes: one, or several that share sockets, limits and a database server.

Several are children of one that does nothing but watch them. It holds the listening sockets,
so that a connection waits for the next child where one has died; it starts a new one in a dead
one's place, and ends where none serves any more and the new one cannot: callers are refused
then and go elsewhere, instead of waiting for nobody. It says «ready» when all of them are. Told
to end, it lets go of the pipe that each child holds the other end of: they answer whom they are
serving and end, also where this process was killed and could tell nobody.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from desk import __version__
from desk.enrollment.buckets import Buckets
from desk.enrollment.counts import Counts
from desk.enrollment.mailbox.place import SERVER_SCHEMES
from desk.enrollment.supervisor import tell_ready
from desk.enrollment.trouble import AddressTaken, AddressUnusable, ProcessesNeedServer
from desk.trouble import Trouble
from desk.words import TroubleWords

log = logging.getLogger("desk.enrollment")

EXIT_TROUBLE = 3
# Longer than a child takes to answer whom it is serving.
_END_SECONDS = 8.0
# A child that dies before it serves, again and again, is left alone longer each time.
_PAUSES = (0.0, 0.5, 2.0, 5.0)
_READY = "ready\n"
# So much of a pipe is read as it was written.
_LONGEST_WORD = 4096
_BACKLOG = 2048


@dataclass(frozen=True)
class Place:
    """What the processes of a service have in common, ``counts`` as one of them sees it."""

    listeners: list[socket.socket]
    counts: Counts
    buckets: Buckets = field(default_factory=Buckets)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; the exit status. Raises the troubles of starting."""
    with _listeners(args) as listeners:
        ready = _ready_line(args, listeners[0])
        place = Place(listeners, Counts(args.processes))
        if args.processes == 1:
            watch = sys.stdin.fileno() if args.watch_stdin else None
            _serve(args, place, lambda: _say(ready), watch)
            return 0
        if sys.platform == "win32" or not args.database.startswith(SERVER_SCHEMES):
            raise ProcessesNeedServer
        return _Family(args, place).run(lambda: _say(ready))


def status_of(act: Callable[[], int], say: Callable[[str], object], *, as_json: bool) -> int:
    """The exit status of ``act``; ``say`` is told of its troubles, in words or as JSON."""
    try:
        return act()
    except Trouble as trouble:
        said = TroubleWords().of(trouble.code, "en", trouble.facts)
        line = f"{said.code}: {said.title}. {said.text} {said.next}"
        if as_json:
            line = json.dumps({"code": trouble.code, "facts": trouble.facts})
        say(line + "\n")
        return EXIT_TROUBLE


def _serve(
    args: argparse.Namespace,
    place: Place,
    when_ready: Callable[[], None],
    watch: int | None = None,
) -> None:
    """One process, here; ``watch`` is what it ends with when the other end is closed."""
    # Here, because a mistake is said without loading all that serves.
    from desk.enrollment.running import serve

    serve(args, place, when_ready, watch)


def _say(line: str) -> None:
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        # Nobody reads it, or it has no room. Where it stays unwritten the end would fail by it.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
    tell_ready()


def _ready_line(args: argparse.Namespace, listener: socket.socket) -> str:
    url = address(args.host, listener)
    if not args.json:
        return f"ready at {url}"
    said: Mapping[str, object] = {
        "url": url,
        "issuer": args.public_url or url,
        "pid": os.getpid(),
        "version": __version__,
    }
    return json.dumps(said)


# Sockets ---------------------------------------------------------------------------


@contextmanager
def _listeners(args: argparse.Namespace) -> Iterator[list[socket.socket]]:
    """Where phones and desks call, and where the operator asks; raises AddressTaken,
    AddressUnusable."""
    opened = [_listen(args.host, args.port)]
    try:
        if args.metrics_port:
            opened.append(_listen(args.host, args.metrics_port))
        yield opened
    finally:
        for one in opened:
            one.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as opened:
        try:
            # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off
            # only for sockets that say they are TCP.
            listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            opened.enter_context(listener)
            if os.name != "nt":
                # There the option would let two programs share one port.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            # At once: of two programs at one port the second is told here, and not later.
            listener.listen(_BACKLOG)
        # The latter two of a name that cannot be one.
        except (OSError, UnicodeError, TypeError) as error:
            if reason := _unusable(error):
                raise AddressUnusable(host=host, port=port, reason=reason) from error
            raise AddressTaken(port=port) from error
        opened.pop_all()
    return listener


def _unusable(error: Exception) -> str:
    """What is wrong with an address itself; empty where it is taken."""
    if isinstance(error, socket.gaierror) or not isinstance(error, OSError):
        return "unknown"
    if error.errno == errno.EADDRINUSE:
        return ""
    if error.errno == errno.EACCES:
        # Windows says so of a port that somebody else has for himself.
        return "" if sys.platform == "win32" else "forbidden"
    # Another machine's, or of a kind that this one does not have.
    return "elsewhere"


def address(host: str, listener: socket.socket) -> str:
    """Where a socket is to be called."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def endings() -> tuple[signal.Signals, ...]:
    """The signals that are a good end: told to stop, Ctrl-C, and a terminal that went away,
    unless whoever started this wants it to outlive that (nohup)."""
    ends: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGINT)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ends = (*ends, signal.SIGHUP)
    return ends


# Several processes -------------------------------------------------------------------

if sys.platform != "win32":

    @dataclass
    class _Child:
        """``number`` is its place among them, and then of the one in its stead. ``news`` is
        read: ready, then nothing until its end. ``life`` is held open for as long as it shall
        live."""

        number: int
        pid: int
        news: int
        life: int
        is_ready: bool = False

    class _Family:
        """The process that watches the others."""

        def __init__(self, args: argparse.Namespace, place: Place) -> None:
            self._args, self._place = args, place
            self._children: list[_Child] = []
            self._deaths = 0
            self._ending = False
            self._has_served = self._has_told = False
            self._ends = endings()
            # One that takes a closed or redirected stdin as well.
            self._selector = selectors.PollSelector()

        def run(self, when_ready: Callable[[], None]) -> int:
            """Until told to stop, or until a child says why it cannot start."""
            with self._told_to_stop():
                # Loaded once for all: a child, and one in a dead one's place, serves at once.
                importlib.import_module("desk.enrollment.running")
                for number in range(self._args.processes):
                    self._start(number)
                try:
                    return self._watch(when_ready)
                finally:
                    self._end()

        def _watch(self, when_ready: Callable[[], None]) -> int:
            while not self._ending:
                for key, _events in self._selector.select():
                    child = key.data
                    if child is None:
                        self._ending = self._ending or not os.read(key.fd, 4096)
                    elif said := os.read(child.news, _LONGEST_WORD):
                        self._hear(child, said, when_ready)
                    else:
                        status = self._bury(child)
                        if not (self._ending or self._serves_beside(child)):
                            return status or EXIT_TROUBLE
                        if not self._ending:
                            log.warning("process %d ended: %s", child.pid, _end_of(status))
                            self._replace(child)
            return 0

        def _serves_beside(self, dead: _Child) -> bool:
            """Whether it is known that somebody can serve: another does, or the dead one did."""
            return self._has_served and any(one.is_ready for one in (dead, *self._children))

        def _hear(self, child: _Child, said: bytes, when_ready: Callable[[], None]) -> None:
            """That a child is ready, or why it is not: what hinders all is said by one."""
            words = said.decode()
            if not words.startswith(_READY):
                # Before the first one is seen to end, others may have said the same.
                if self._has_served or not self._has_told:
                    sys.stderr.write(words)
                self._has_told = True
                return
            child.is_ready = True
            self._deaths = 0
            if not self._has_served and all(one.is_ready for one in self._children):
                self._has_served = True
                when_ready()

        def _replace(self, dead: _Child) -> None:
            time.sleep(_PAUSES[min(self._deaths, len(_PAUSES) - 1)])
            self._deaths += 1
            self._start(dead.number)

        def _start(self, number: int) -> None:
            news, told = os.pipe()
            held, life = os.pipe()
            pid = os.fork()
            if pid == 0:
                self._be_child(number, told, held, (news, life))
            os.close(told)
            os.close(held)
            child = _Child(number, pid, news, life)
            self._children.append(child)
            self._selector.register(news, selectors.EVENT_READ, child)

        def _be_child(self, number: int, told: int, held: int, others: tuple[int, ...]) -> NoReturn:
            status = 1
            try:
                self._forget_family(others)
                place = replace(self._place, counts=self._place.counts.of(number))

                def serve() -> int:
                    _serve(self._args, place, partial(_tell, told, _READY), held)
                    return 0

                status = status_of(serve, partial(_tell, told), as_json=self._args.json)
            finally:
                sys.stderr.flush()
                os._exit(status)

        def _forget_family(self, others: tuple[int, ...]) -> None:
            """A child that kept its sisters' ends open would keep them alive."""
            signal.set_wakeup_fd(-1)
            for number in self._ends:
                signal.signal(number, signal.SIG_DFL)
            self._selector.close()
            for end in (*others, *(end for one in self._children for end in (one.news, one.life))):
                os.close(end)
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.close(nothing)

        def _bury(self, child: _Child) -> int:
            self._selector.unregister(child.news)
            self._children.remove(child)
            os.close(child.news)
            os.close(child.life)
            return os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])

        @contextmanager
        def _told_to_stop(self) -> Iterator[None]:
            """Signals, and the end of stdin where that means to stop."""
            woken, wakes = os.pipe()
            os.set_blocking(wakes, False)
            self._selector.register(woken, selectors.EVENT_READ)
            if self._args.watch_stdin:
                self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)

            def stop(_number: int, _frame: FrameType | None) -> None:
                self._ending = True

            signal.set_wakeup_fd(wakes)
            before = {one: signal.signal(one, stop) for one in self._ends}
            try:
                yield
            finally:
                signal.set_wakeup_fd(-1)
                for number, handler in before.items():
                    signal.signal(number, handler)
                self._selector.close()
                os.close(woken)
                os.close(wakes)

        def _end(self) -> None:
            """Let all of them end; by force those that do not."""
            self._ending = True
            # Nobody takes what comes from now on: refused, a caller goes elsewhere at once, and
            # does not wait in the queue of a socket that is closed in the end.
            for listener in self._place.listeners:
                listener.close()
            for child in self._children:
                os.close(child.life)
            deadline = time.monotonic() + _END_SECONDS
            for child in self._children:
                with suppress(ChildProcessError):
                    _wait(child.pid, deadline)
                os.close(child.news)

    def _end_of(status: int) -> str:
        return f"status {status}" if status >= 0 else f"signal {-status}"

    def _wait(pid: int, deadline: float) -> None:
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return
            time.sleep(0.01)

    def _tell(told: int, word: str) -> None:
        os.write(told, word.encode())
