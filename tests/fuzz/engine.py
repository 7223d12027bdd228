"""Runs one target for a while in this process: by coverage where atheris is installed, else
by chance.

    python -m tests.fuzz.engine NAME SECONDS FOLDER

``FOLDER/corpus`` is read and grows, ``FOLDER/crashes`` gets each input that broke
something new. A crash does not end the run: the next one stands behind it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

HAS_ATHERIS = importlib.util.find_spec("atheris") is not None


def main(name: str, seconds: float, folder: Path) -> None:
    corpus, crashes = folder / "corpus", folder / "crashes"
    for made in (corpus, crashes):
        made.mkdir(parents=True, exist_ok=True)
    if HAS_ATHERIS:
        _by_coverage(name, seconds, corpus, crashes)
    else:
        _by_chance(name, seconds, corpus, crashes)


def _by_coverage(name: str, seconds: float, corpus: Path, crashes: Path) -> None:
    import atheris

    # Whatever parses is imported here, so that its branches are seen.
    with atheris.instrument_imports(include=["desk", "asn1crypto"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.mutations import mutated

    target = TARGETS[name]
    _lay_out(target.samples(), corpus)

    def alter(data: bytes, most: int, seed: int) -> bytes:
        if seed % 2:
            altered = mutated(data, seed)
            if len(altered) <= most:
                return altered
        return bytes(atheris.Mutate(data, most))

    options = [
        f"-max_total_time={seconds:.0f}",
        f"-max_len={target.most}",
        f"-artifact_prefix={crashes}/",
        f"-seed={random.randrange(1, 1 << 31)}",
        "-rss_limit_mb=1200",
        "-timeout=300",
        # By the clock, which a busy machine stretches; `limits` measures the processor's time.
        "-report_slow_units=3600",
        "-print_final_stats=1",
    ]
    atheris.Setup([name, *options, str(corpus)], _watched(target, crashes), custom_mutator=alter)
    atheris.Fuzz()


def _by_chance(name: str, seconds: float, corpus: Path, crashes: Path) -> None:
    """Samples altered object by object; nothing is learnt from what they reach."""
    from tests.fuzz.mutations import mutated
    from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    _lay_out(target.samples(), corpus)
    known = [path.read_bytes() for path in sorted(corpus.iterdir())]
    once = _watched(target, crashes)
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        once(mutated(random.choice(known), random.randrange(1 << 62))[: target.most])
        count += 1
    sys.stderr.write(f"stat::number_of_executed_units: {count}\n")


def _watched(target: Callable[[bytes], None], crashes: Path) -> Callable[[bytes], None]:
    """The target within its limits; the first input for each place that breaks is kept."""
    from tests.fuzz.limits import TooMuch, limited

    seen: set[str] = set()

    def once(data: bytes) -> None:
        try:
            with limited():
                target(data)
        except (Exception, TooMuch) as error:
            place = _place(error)
            if place not in seen:
                seen.add(place)
                _keep(data, place, error, crashes)

    return once


def _place(error: BaseException) -> str:
    """Kind of error and the innermost line of ours that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/desk/" in frame.filename] or list(frames)
    return f"{type(error).__name__} {Path(ours[-1].filename).name}:{ours[-1].lineno}"


def _keep(data: bytes, place: str, error: BaseException, crashes: Path) -> None:
    name = hashlib.sha256(data).hexdigest()[:12]
    (crashes / f"{name}.bin").write_bytes(data)
    report = "".join(traceback.format_exception(error))
    (crashes / f"{name}.txt").write_text(f"{place}\n\n{report}")
    sys.stderr.write(f"CRASH {place} {name}\n")
    sys.stderr.flush()


def _lay_out(samples: object, corpus: Path) -> None:
    for sample in samples:  # type: ignore[attr-defined]
        (corpus / hashlib.sha256(sample).hexdigest()[:16]).write_bytes(sample)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
