"""The harness itself: it notices what it is there to notice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError
from tests.fuzz import __main__ as command
from tests.fuzz import engine, limits
from tests.fuzz.limits import TooMuch, limited
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS


def target(run: object) -> Target:
    return Target("test", run, (TlvError,), lambda: [b""])  # type: ignore[arg-type]


def test_a_refusal_is_no_crash_and_another_error_is_kept_once(tmp_path: Path) -> None:
    def parser(data: bytes) -> None:
        if data == b"refused":
            raise TlvError("no")
        if data.startswith(b"broken"):
            raise KeyError("place")

    once = engine._watched(target(parser), tmp_path)
    for data in (b"fine", b"refused", b"broken 1", b"broken 2"):
        once(data)

    (kept,) = tmp_path.glob("*.bin")
    assert kept.read_bytes() == b"broken 1"
    assert "KeyError" in kept.with_suffix(".txt").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no interval timers")
def test_an_endless_input_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.05)

    def endless(_: bytes) -> None:
        while True:
            try:
                sum(range(1000))
            except Exception:  # a parser that catches everything must not go on
                continue

    engine._watched(target(endless), tmp_path)(b"slow")

    (report,) = tmp_path.glob("*.txt")
    assert report.read_text().startswith("TooMuch")


@pytest.mark.skipif(not limits._HAS_PEAK, reason="the system does not tell the most memory held")
def test_a_leap_in_memory_is_noticed() -> None:
    with limited():
        bytes(b"x" * 50_000_000)
    with pytest.raises(TooMuch, match="MB"), limited():
        bytes(b"x" * 300_000_000)


def test_a_block_within_its_limits_passes() -> None:
    with limited():
        done = sum(range(10))

    assert done == 45
    assert not issubclass(TooMuch, Exception)


def test_what_is_altered_stays_half_right() -> None:
    """Most altered samples still parse outside and differ inside; the same seed, the same bytes."""
    sample = tlv.encode(0x60, tlv.encode(0x5F01, b"0107"), tlv.encode(0x5C, b"\x61\x75"))

    altered = [mutated(sample, seed) for seed in range(200)]

    assert altered == [mutated(sample, seed) for seed in range(200)]
    parsed = [data for data in altered if data != sample and _parses(data)]
    assert len(parsed) > 100
    assert len(set(altered)) > 120


def _parses(data: bytes) -> bool:
    try:
        tlv.parse_one(data)
    except TlvError:
        return False
    return True


def test_without_atheris_samples_are_altered_by_chance(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "HAS_ATHERIS", False)

    engine.main("answer_to_reset", 0.05, tmp_path)

    assert list((tmp_path / "corpus").iterdir())
    assert not list((tmp_path / "crashes").iterdir())
    assert int(capfd.readouterr().err.split(": ")[1]) > 10


def test_the_command_knows_its_targets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fuzz", "list"])
    assert command.main() == 0
    assert set(capsys.readouterr().out.split()) == set(TARGETS)

    monkeypatch.setattr(sys, "argv", ["fuzz", "no-such-parser"])
    assert command.main() == 2
