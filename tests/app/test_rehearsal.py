"""The rehearsal's home is opened again and again, whatever happened to the clock in between."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from desk.app import rehearsal
from desk.app.compose import Opened, utc_now
from desk.app.home import Home
from desk.app.rehearsal import open_rehearsal


def test_a_clock_that_was_set_back_keeps_no_rehearsal_from_starting(tmp_path: Path) -> None:
    home = Home.make(tmp_path / "home")
    now = utc_now()
    open_rehearsal(home, now=lambda: now + timedelta(days=3)).close()

    again = open_rehearsal(home, now=lambda: now)

    assert again.station.trust.anchors()
    again.close()


def test_a_rehearsal_that_cannot_be_opened_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Opened] = []
    closed: list[Opened] = []
    close = Opened.close

    def note_and_close(one: Opened) -> None:
        closed.append(one)
        close(one)

    monkeypatch.setattr(Opened, "close", note_and_close)

    def refuse(rehearsing: rehearsal.Rehearsal) -> None:
        opened.append(rehearsing.opened)
        raise OSError("no room")

    monkeypatch.setattr(rehearsal, "_import_trust", refuse)

    with pytest.raises(OSError, match="no room"):
        open_rehearsal(Home.make(tmp_path / "home"))

    assert opened and closed == opened
