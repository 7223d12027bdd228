"""What each forged passport costs the desk: time until its verdict, memory at the most.

    python -m tests.bench.forgeries [KEY ...] [--together]

Every forgery is read in a process of its own; ``--together`` reads all of them in this one,
one after another, and prints JSON. Limits of the design: 2 s and 200 MB each, for the
reading process and for the one that decodes pictures.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from desk.mrtd.mrz import parse
from desk.mrtd.reader import read_passport
from desk.mrtd.troubles import PassportTrouble
from desk.mrtd.trust import TrustStore
from desk.training import csca, forgeries
from desk.training.applicants import applicant
from desk.training.forgeries import Book, Forgery, Workshop

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECONDS, MEGABYTES = 2.0, 200.0


@dataclass(frozen=True)
class Figures:
    """Of one forgery: the codes it ended in, seconds, peaks of this and the picture process."""

    key: str
    codes: tuple[str, ...]
    seconds: float
    megabytes: float
    picture_megabytes: float


def main() -> int:
    options = _options()
    kinds = options.kinds or list(Forgery)
    if options.together:
        sys.stdout.write(json.dumps([asdict(figures) for figures in measure(kinds)]) + "\n")
        return 0
    rows = [_in_a_process(kind) for kind in kinds]
    sys.stdout.write(f"{'forgery':<16}{'ends in':<22}{'s':>7}{'MB':>8}{'picture MB':>12}\n")
    for row in rows:
        codes = " ".join(row["codes"])
        sys.stdout.write(
            f"{row['key']:<16}{codes:<22}{row['seconds']:>7.2f}{row['megabytes']:>8.0f}"
            f"{row['picture_megabytes']:>12.0f}\n"
        )
    slow = any(row["seconds"] > SECONDS for row in rows)
    large = any(max(row["megabytes"], row["picture_megabytes"]) > MEGABYTES for row in rows)
    return int(slow or large)


def measure(kinds: list[Forgery]) -> list[Figures]:
    """Read each of ``kinds`` in this process."""
    workshop = Workshop.create(csca.create(NOW), NOW)
    person, other = applicant("haneul"), applicant("jian")
    book = Book(person.mrz_lines, person.portrait(), other.portrait())
    with tempfile.TemporaryDirectory() as folder:
        trust = TrustStore(Path(folder))
        workshop.country.trust_in(trust, NOW)
        workshop.trust_in(trust, NOW)
        return [_one(kind, workshop, book, trust) for kind in kinds]


def _one(kind: Forgery, workshop: Workshop, book: Book, trust: TrustStore) -> Figures:
    chip = forgeries.forge(kind, workshop, book)
    zone = parse("\n".join(forgeries.printed(kind, book.mrz_lines)))
    begun = time.perf_counter()
    try:
        reading = read_passport(chip, zone.key, trust, NOW, typed=zone, atr=chip.atr)
        codes = tuple(f.code for f in reading.findings if f.result in ("failed", "undecided"))
    except PassportTrouble as trouble:
        codes = (trouble.code,)
    seconds = time.perf_counter() - begun
    return Figures(kind.key, codes, seconds, _own_peak(), _peak(resource.RUSAGE_CHILDREN))


def _own_peak() -> float:
    """Megabytes. Linux's getrusage counts what the starting process had before exec, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return _peak(resource.RUSAGE_SELF)
    (line,) = (text for text in status.read_text().splitlines() if text.startswith("VmHWM"))
    return int(line.split()[1]) / (1 << 10)


def _peak(who: int) -> float:
    """Megabytes; Linux counts kilobytes, macOS bytes."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(who).ru_maxrss / unit


def _in_a_process(kind: Forgery) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.bench.forgeries", kind.key, "--together"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (row,) = json.loads(done.stdout)
    return dict(row)


def _kind(key: str) -> Forgery:
    try:
        return Forgery.of(key)
    except KeyError:
        raise argparse.ArgumentTypeError(", ".join(kind.key for kind in Forgery)) from None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", type=_kind, metavar="KEY")
    parser.add_argument("--together", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
