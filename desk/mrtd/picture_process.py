"""Decoding a picture in a process of its own, with bounded memory and time.

The bytes of DG2 come from whoever made the chip, and decoders are where such bytes have
always found a way in. So none runs in the desk's own process: `PictureProcess` starts
`desk.mrtd.picture_child`, gives it the picture and takes back pixels, or a reason why
there are none. It may be started before the picture is there, so that its start costs
nothing while the chip is still read.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from desk.mrtd import picture_child
from desk.mrtd.troubles import PictureFault, PortraitUnreadable

Rgb = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]

_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP")
_FAULTS = {
    picture_child.UNKNOWN_KIND: PictureFault.UNKNOWN_KIND,
    picture_child.TOO_LARGE: PictureFault.TOO_LARGE,
    picture_child.BROKEN: PictureFault.BROKEN,
    picture_child.OUT_OF_MEMORY: PictureFault.OVER_LIMITS,
}


@dataclass(frozen=True)
class Limits:
    """``memory`` in bytes of address space, ``cpu_seconds`` of processor time; ``seconds``
    by the clock, for a process that hangs without working (a portrait of the field takes
    0.02 s of processor time and some 30 MB).
    """

    memory: int = 160 * 1024 * 1024
    cpu_seconds: int = 1
    seconds: float = 10.0


def child_command() -> tuple[str, ...]:
    """The decoding process, from a checkout or from a package."""
    if getattr(sys, "frozen", False):
        return (sys.executable, "passport", "decode-picture")
    # -I: neither the folder it starts in nor the environment adds code.
    return (sys.executable, "-I", str(Path(picture_child.__file__)))


class PictureProcess:
    """One process for one picture; leave the context, used or not, and it is gone."""

    def __init__(self, limits: Limits | None = None) -> None:
        """Starts the process; one that cannot be started is told by :meth:`decode`."""
        self._limits = limits or Limits()
        arguments = (str(self._limits.memory), str(self._limits.cpu_seconds))
        self._child: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._child = subprocess.Popen(
                (*child_command(), *arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        child = self._child
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        child.wait()

    def decode(self, picture: bytes) -> Rgb:
        """The pixels, uint8, height x width x 3; once for each process.

        Raises PortraitUnreadable with its fault.
        """
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise PortraitUnreadable("no process", PictureFault.NOT_EXAMINED)
        watch = threading.Timer(self._limits.seconds, child.kill)
        watch.daemon = True
        watch.start()
        try:
            _give(child.stdin, picture)
            return _taken(child.stdout)
        finally:
            watch.cancel()
            self.close()


def decode(picture: bytes, limits: Limits | None = None) -> Rgb:
    """As :meth:`PictureProcess.decode`, in a process started now."""
    with PictureProcess(limits) as process:
        return process.decode(picture)


def _environment() -> dict[str, str]:
    """Nothing of the desk's own; only where the system's libraries lie."""
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}


def _give(pipe: IO[bytes], picture: bytes) -> None:
    # A process that ended before it had read everything is told by what it did not answer.
    with contextlib.suppress(OSError):
        pipe.write(picture)
        pipe.close()


def _taken(pipe: IO[bytes]) -> Rgb:
    """What it answered; never more than its head announces and the limits allow."""
    head = pipe.read(picture_child.HEAD.size)
    if len(head) < picture_child.HEAD.size:
        raise PortraitUnreadable("decoder ended", PictureFault.OVER_LIMITS)
    outcome, width, height = picture_child.HEAD.unpack(head)
    if outcome != picture_child.DECODED:
        fault = _FAULTS.get(outcome, PictureFault.BROKEN)
        raise PortraitUnreadable(fault.value, fault)
    if not 0 < width * height <= picture_child.MAX_PIXELS:
        raise PortraitUnreadable(f"{width}x{height} pixels", PictureFault.TOO_LARGE)
    pixels = pipe.read(width * height * 3)
    if len(pixels) < width * height * 3:
        raise PortraitUnreadable("decoder ended", PictureFault.OVER_LIMITS)
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
