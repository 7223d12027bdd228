"""desk.mrtd.picture_process: pictures that mean harm end in their process, each in its way."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from desk.mrtd import judge, picture_child, picture_process
from desk.mrtd.picture_process import Limits, PictureProcess
from desk.mrtd.results import Result
from desk.mrtd.troubles import PictureFault, PortraitUnreadable


def fault_of(picture: bytes, limits: Limits | None = None) -> PictureFault:
    with pytest.raises(PortraitUnreadable) as caught:
        picture_process.decode(picture, limits)
    assert caught.value.code == "CHIP-07"
    return caught.value.fault


def encoded(image: Image.Image, format_: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def claiming(jpeg: bytes, width: int, height: int) -> bytes:
    """The picture with other sides in its frame header (ITU-T T.81, B.2.2)."""
    marker = b"\xff\xc0" if b"\xff\xc0" in jpeg else b"\xff\xc2"
    place = jpeg.index(marker) + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def many_scans(side: int, scans: int) -> bytes:
    """A progressive picture that goes over all its blocks again and again."""
    picture = encoded(Image.new("L", (side, side), 90), progressive=True)
    start = picture.rindex(b"\xff\xda")
    return picture[:start] + picture[start:-2] * scans + picture[-2:]


def test_the_pixels_are_those_that_went_in() -> None:
    gradient = np.linspace(0, 255, 90 * 60, dtype=np.uint8).reshape(90, 60)
    pixels = np.stack([gradient, gradient[::-1], gradient[:, ::-1]], axis=2)
    picture = encoded(Image.fromarray(pixels), "JPEG2000", irreversible=False)

    assert np.array_equal(picture_process.decode(picture), pixels)


def test_a_process_that_was_started_before_decodes_when_the_picture_is_there(
    jpeg: bytes,
) -> None:
    with PictureProcess() as process:
        found = judge.portrait(jpeg, process)

    assert (found.code, found.result) == ("DG2-01", Result.PASSED)


def test_a_process_that_nobody_used_is_gone() -> None:
    with PictureProcess() as process:
        child = process._child

    assert child is not None
    assert child.returncode is not None


def test_a_picture_that_ends_early(jpeg: bytes) -> None:
    assert fault_of(jpeg[: len(jpeg) // 2]) is PictureFault.BROKEN


@pytest.mark.parametrize(("width", "height"), [(65_500, 65_500), (4097, 16), (4096, 4096)])
def test_a_picture_that_claims_to_be_vast(jpeg: bytes, width: int, height: int) -> None:
    assert fault_of(claiming(jpeg, width, height)) is PictureFault.TOO_LARGE


def test_a_picture_without_a_side(jpeg: bytes) -> None:
    assert fault_of(claiming(jpeg, 0, 100)) is PictureFault.BROKEN


def test_a_picture_that_takes_too_long() -> None:
    """Each pass over 4 million points costs 12 bytes; a second of processor time ends it."""
    bomb = many_scans(1999, 15_000)

    assert len(bomb) < 256 * 1024
    assert fault_of(bomb) is PictureFault.OVER_LIMITS


def test_a_picture_that_takes_too_much_memory(jpeg: bytes) -> None:
    """3.8 million points; the process itself needs some 25 MB."""
    large = claiming(jpeg, 2000, 1900)

    assert fault_of(large, Limits(memory=40 << 20)) is PictureFault.OVER_LIMITS


def test_a_process_that_does_nothing_is_ended(jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    idle = (
        sys.executable,
        "-c",
        "import sys; sys.stdin.buffer.read()\nwhile 1: pass",
    )
    monkeypatch.setattr(picture_process, "child_command", lambda: idle)

    assert fault_of(jpeg, Limits(seconds=0.2)) is PictureFault.OVER_LIMITS


def test_a_process_that_answers_more_than_it_announced_is_not_listened_to(
    jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = "import sys\nwhile 1: sys.stdout.buffer.write(b'\\0' * 65536)"
    monkeypatch.setattr(picture_process, "child_command", lambda: (sys.executable, "-c", talk))

    assert fault_of(jpeg) is PictureFault.TOO_LARGE


def test_no_process_is_told_as_not_examined(jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = (str(Path("no") / "such" / "program"),)
    monkeypatch.setattr(picture_process, "child_command", lambda: nothing)

    found = judge.portrait(jpeg)

    assert (found.code, found.result) == ("DG2-05", Result.NOT_DONE)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda jpeg: jpeg[:400], "DG2-02"),
        (lambda jpeg: claiming(jpeg, 60_000, 60_000), "DG2-03"),
        (lambda jpeg: b"GIF89a" + jpeg, "DG2-02"),
    ],
)
def test_each_fault_is_a_finding_and_none_passes(
    jpeg: bytes, spoil: Callable[[bytes], bytes], code: str
) -> None:
    found = judge.portrait(spoil(jpeg))

    assert (found.code, found.result) == (code, Result.UNDECIDED)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of the POSIX kernel")
def test_the_process_can_open_nothing_and_start_nothing() -> None:
    probe = (
        "import runpy, sys\n"
        f"child = runpy.run_path({picture_child.__file__!r})\n"
        "child['limit'](200 << 20, 1)\n"
        "try:\n"
        "    open('/dev/null')\n"
        "except OSError:\n"
        "    sys.exit(7)\n"
    )

    ended = subprocess.run((sys.executable, "-I", "-c", probe), check=False)

    assert ended.returncode == 7


@settings(max_examples=150)
@given(st.data())
def test_a_spoilt_picture_has_pixels_or_a_reason(
    jpeg: bytes, jpeg2000: bytes, data: st.DataObject
) -> None:
    spoilt = bytearray(data.draw(st.sampled_from((jpeg, jpeg2000))))
    for _ in range(data.draw(st.integers(1, 8))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))

    outcome, width, height, pixels = picture_child.decode(bytes(spoilt))

    assert len(pixels) == width * height * 3
    assert bool(pixels) == (outcome == picture_child.DECODED)
