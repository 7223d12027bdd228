"""The process that decodes one picture and ends (started by `desk.mrtd.picture_process`).

A decoder written in C meets bytes that anybody may have put on a chip. It meets them here:
in a process that holds no case and no key, with its memory and time bounded, unable to
open a file, a connection or another process. It is started as a file of its own and
imports nothing of the desk.

Standard input: the whole picture. Standard output: a head of nine bytes (outcome, width,
height), then for a picture that was decoded width x height x 3 bytes of RGB.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings

from PIL import Image, ImageFile, Jpeg2KImagePlugin, JpegImagePlugin

HEAD = struct.Struct(">BII")
DECODED, UNKNOWN_KIND, TOO_LARGE, BROKEN, OUT_OF_MEMORY = range(5)

MAX_SIDE = 4096
MAX_PIXELS = 4_000_000
"""A portrait of the field has some 0.2 to 2 million."""
JPEG = b"\xff\xd8\xff"
JPEG2000_FILE, JPEG2000_CODESTREAM = b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"


def decode(picture: bytes) -> tuple[int, int, int, bytes]:
    """Outcome, width, height, RGB row by row; sides and pixels only where DECODED.

    A size beyond the limits is refused before a pixel is decoded.
    """
    try:
        with warnings.catch_warnings():
            # What Pillow only warns of (a truncated segment, a bomb) is no picture to show.
            warnings.simplefilter("error")
            return _decoded(picture)
    except MemoryError:
        return OUT_OF_MEMORY, 0, 0, b""
    except (OSError, ValueError, TypeError, SyntaxError, IndexError, KeyError, Warning):
        return BROKEN, 0, 0, b""
    except (OverflowError, struct.error, Image.DecompressionBombError):
        return BROKEN, 0, 0, b""


def _decoded(picture: bytes) -> tuple[int, int, int, bytes]:
    opened = _opened(picture)
    if opened is None:
        return UNKNOWN_KIND, 0, 0, b""
    with opened as image:
        width, height = image.size
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            return TOO_LARGE, 0, 0, b""
        if min(width, height) < 1:
            return BROKEN, 0, 0, b""
        return DECODED, width, height, image.convert("RGB").tobytes()


def _opened(picture: bytes) -> ImageFile.ImageFile | None:
    """The plugin is chosen by the first bytes; Pillow's search through others is not asked."""
    if picture.startswith(JPEG):
        return JpegImagePlugin.JpegImageFile(io.BytesIO(picture))
    if picture.startswith((JPEG2000_FILE, JPEG2000_CODESTREAM)):
        return Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(picture))
    return None


def limit(memory: int, cpu_seconds: int) -> None:
    """Bind this process to ``memory`` bytes and ``cpu_seconds``, for good."""
    if sys.platform == "win32":
        _limit_by_job(memory, cpu_seconds)
    else:
        _limit_by_kernel(memory, cpu_seconds)


def _limit_by_kernel(memory: int, cpu_seconds: int) -> None:
    import contextlib
    import resource

    bounds = [(resource.RLIMIT_CPU, cpu_seconds), (resource.RLIMIT_AS, memory)]
    # No file beyond those that are open, no process, nothing written, no core left behind.
    bounds += [(resource.RLIMIT_NOFILE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NPROC, 0)]
    # See desk.core_dumps, of which this process knows nothing.
    bounds += [(resource.RLIMIT_CORE, 1)]
    for kind, bound in bounds:
        # A system may not know one of them, or already allow less.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (bound, bound))


def _limit_by_job(memory: int, cpu_seconds: int) -> None:
    """A job object around this process (Win32 SetInformationJobObject, extended limits)."""
    import ctypes
    from ctypes import wintypes

    class Basic(ctypes.Structure):
        _fields_ = (
            ("process_time", ctypes.c_int64),
            ("job_time", ctypes.c_int64),
            ("flags", wintypes.DWORD),
            ("least_set", ctypes.c_size_t),
            ("most_set", ctypes.c_size_t),
            ("processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority", wintypes.DWORD),
            ("scheduling", wintypes.DWORD),
        )

    class Extended(ctypes.Structure):
        _fields_ = (
            ("basic", Basic),
            ("io", ctypes.c_uint64 * 6),
            ("process_memory", ctypes.c_size_t),
            ("job_memory", ctypes.c_size_t),
            ("peak_process", ctypes.c_size_t),
            ("peak_job", ctypes.c_size_t),
        )

    process_time, active_process, process_memory, kill_on_close = 0x2, 0x8, 0x100, 0x2000
    wanted = Extended()
    wanted.basic.flags = process_time | active_process | process_memory | kill_on_close
    wanted.basic.process_time = cpu_seconds * 10_000_000
    wanted.basic.processes = 1
    wanted.process_memory = memory
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    kernel.CreateJobObjectW.restype = wintypes.HANDLE
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    job = wintypes.HANDLE(kernel.CreateJobObjectW(None, None))
    this = wintypes.HANDLE(kernel.GetCurrentProcess())
    extended_limits = 9
    kernel.SetInformationJobObject(
        job, extended_limits, ctypes.byref(wanted), ctypes.sizeof(wanted)
    )
    kernel.AssignProcessToJobObject(job, this)


def main(arguments: list[str]) -> int:
    """``arguments``: most bytes of memory, most seconds of processor time."""
    Image.MAX_IMAGE_PIXELS = None
    limit(int(arguments[0]), int(arguments[1]))
    outcome, width, height, pixels = decode(sys.stdin.buffer.read())
    sys.stdout.buffer.write(HEAD.pack(outcome, width, height) + pixels)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
