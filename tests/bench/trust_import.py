"""The published German master list into an empty store, and the published SODs judged by it.

    python -m tests.bench.trust_import [RUNS]

Each run is a process of its own, so that nothing parsed before is still in memory. Prints
the time of the import from reading the file to the store on disk, by the clock and of the
processor (a busy machine stretches the first), each certificate that
was refused with its reason, and what became of each security object.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from desk.mrtd import passive
from desk.mrtd.results import Check
from desk.mrtd.trust import TrustStore
from tests.conftest import SHARED_DATA

ROOT = SHARED_DATA / "DE_ROOT_CA_CSCA07.cer"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def run_once() -> None:
    """One import in this process; prints its seconds, then what it says."""
    (file,) = SHARED_DATA.glob("DE_ML_*.ml")
    with tempfile.TemporaryDirectory() as folder:
        store = TrustStore(Path(folder))
        begun, busy = time.perf_counter(), time.process_time()
        (imported,) = store.import_file(file, ROOT, NOW).imported
        print(f"{time.perf_counter() - begun:.3f} {time.process_time() - busy:.3f}")
        countries = len({held.country for held in imported.held})
        print(f"{imported.read} read, {len(imported.held)} usable, {countries} countries")
        for refused in imported.source.refused:
            print(f"  {refused.code} {refused.country} {refused.label}: {refused.reason}")
        _judge(TrustStore(Path(folder)))


def _judge(store: TrustStore) -> None:
    begun = time.perf_counter()
    anchors = store.anchors()
    print(f"{1000 * (time.perf_counter() - begun):.0f} ms to load the store")
    for file in sorted((SHARED_DATA / "sods").glob("*.bin")):
        begun = time.perf_counter()
        result = passive.verify(file.read_bytes(), {}, anchors, NOW)
        milliseconds = 1000 * (time.perf_counter() - begun)
        checks = (Check.SOD_SIGNATURE, Check.SIGNER_CHAIN, Check.REVOCATION)
        told = " ".join(f"{check.value}={result.of(check).value}" for check in checks)
        codes = " ".join(f.code for f in result.findings if f.check in checks)
        print(f"{file.name}: {told} in {milliseconds:.0f} ms ({codes})")


def main(runs: int) -> None:
    seconds: list[float] = []
    busy: list[float] = []
    told = ""
    for _ in range(runs):
        command = [sys.executable, "-m", "tests.bench.trust_import", "once"]
        first, _, told = subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.partition("\n")
        both = first.split()
        seconds.append(float(both[0]))
        busy.append(float(both[1]))
    print(f"import: median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s", end="")
    print(f" of {runs} runs; {statistics.median(busy):.2f} s of processor")
    print(told, end="")


if __name__ == "__main__":
    argument = sys.argv[1] if len(sys.argv) > 1 else "5"
    run_once() if argument == "once" else main(int(argument))
