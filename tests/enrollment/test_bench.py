"""The bench runs: what it prints can be believed to be about whole issuances."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.enrollment import bench


def test_bench_measures_whole_issuances(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and without a slow card: both formats, everybody's share; the cores are given back."""
    monkeypatch.setattr(bench, "WARM_UP", 1)
    cores = os.sched_getaffinity(0) if sys.platform == "linux" else set()

    report = bench.measure(flows=3, card_ms=0, at_once=2)

    parts = ("", "_may_sleep", "_2_at_once", "_card_0_ms")
    for name in (f"{one}{part}" for one in bench.CONFIGURATIONS for part in parts):
        figures = report[name]
        assert isinstance(figures, dict)
        assert figures["per_second"] > 0
        assert figures["p99_ms"] >= figures["p50_ms"] > 0
    assert report["database"] == "SQLite"
    assert bench.table(report).count("per_second") == 8
    if sys.platform == "linux":
        assert os.sched_getaffinity(0) == cores


@pytest.mark.skipif(sys.platform != "linux", reason="cores are given by Linux's means")
def test_a_database_apart_leaves_the_services_core_for_a_while() -> None:
    ours = os.sched_getaffinity(0)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as server:
        with bench._shared_out([server.pid]):
            services, desks = os.sched_getaffinity(server.pid), os.sched_getaffinity(0)
            with bench._apart(server.pid):
                assert os.sched_getaffinity(server.pid) == desks
            assert os.sched_getaffinity(server.pid) == services == {max(ours)}
        assert os.sched_getaffinity(0) == ours
        server.communicate()
