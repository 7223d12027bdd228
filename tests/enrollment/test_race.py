"""Two phones race for one QR: forty seeds each way here, a thousand by
``python -m tests.enrollment.race``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from desk.training.authority import TrainingAuthority
from tests.enrollment.race import STAGES, table, track
from tests.postgres import PostgresServer

SEEDS = 40


@pytest.mark.parametrize("kind", ["file", "server"])
def test_one_of_two_phones_wins(
    kind: str, tmp_path: Path, authority: TrainingAuthority, request: pytest.FixtureRequest
) -> None:
    """Each time exactly one wins, the loser is told, and the desk sees one key: the winner's
    (I4, I5, I6). On a server each phone has another process before it."""
    place: Path | str = tmp_path / "mailbox.sqlite"
    if kind == "server":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        place = postgres.database().address
    started = time.monotonic()
    with track(place, 1 if kind == "file" else 2, authority) as made:
        results = [made.race(seed) for seed in range(SEEDS)]

    sys.stdout.write(table(kind, results, time.monotonic() - started))
    assert [one for one in results if one.faults] == []
    assert {one.stage for one in results} == set(STAGES)
