"""The bench runs: what it prints can be believed to be about whole issuances."""

from __future__ import annotations

import os
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
