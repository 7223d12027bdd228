"""The support bundle: what it tells, and that everything else stays out whoever wrote it."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.cards.fault_tree import Evidence, judge
from desk.cards.machine import Machine
from desk.cards.watcher import CardWorld, ReaderState
from desk.counter import bundle
from desk.counter.board import BoardCheck, CheckKey, CheckState
from desk.counter.card_checks import Seen
from desk.counter.doctor import Diagnosis
from desk.counter.settings import Settings, load_settings

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
# Invented. Each stands somewhere where only numbers, days and codes are expected.
NAME, NUMBER = "김하늘", "M123A4567"
LOG = f"""\
2026-11-22 09:12:03,123 WARNING desk.ui.control.desk trouble READER-01
2026-11-22 09:12:04,000 INFO desk.app.serve offer for LA-2026-001842 at {NAME}
2026-11-22 09:12:05,000 WARNING desk.{NAME} trouble READER-02
2026-11-22 09:12:06,000 ERROR desk.ui.program bug 0a1b2c3d
Traceback (most recent call last):
  File "/home/{NAME}/desk/counter/intake.py", line 12, in open_case
    number = "{NUMBER}"
  File "/usr/lib/python3/{NUMBER}.py", line 1, in {NUMBER}
desk.store.troubles.{NAME}: {NUMBER}
ValueError: {NAME} {NUMBER}
{NAME}: READER-04
2026-11-22 09:12:07,000 INFO desk.counter.settling case {NUMBER} is not settled: ENROLL-01
2026-11-22 09:12:08,000 INFO desk.counter.settling code {NUMBER}-01
"""


def diagnosis() -> Diagnosis:
    checks = (
        BoardCheck(CheckKey.CAMERA, CheckState.READY, "ready", {"name": NAME}),
        BoardCheck(CheckKey.CLOCK, CheckState.READY, "in_step", {"at": "2026-11-22 09:29"}),
        BoardCheck(
            CheckKey.OFFICER_CARD,
            CheckState.UNUSABLE,
            "fault",
            {"file": NUMBER, "days": 3, "until": NAME},
            "AUTH-01",
        ),
    )
    evidence = Evidence(
        CardWorld(True, (ReaderState("Contact reader 1", True, b"\x3b"),)), Machine(False, 1)
    )
    return Diagnosis(checks, Seen(evidence, judge(evidence), "", None), NOW)


def settings() -> Settings:
    """Names in every text a person may write."""
    made = load_settings()
    return replace(
        made,
        station=replace(made.station, window=NAME, serial=NUMBER, post=NAME),
        printer=replace(made.printer, name=NAME),
        camera=replace(made.camera, device=NAME),
        readers=replace(made.readers, officer=NAME),
    )


@pytest.fixture
def made(tmp_path: Path) -> bundle.Bundle:
    log = tmp_path / "desk.log"
    log.write_text(LOG, encoding="utf-8")
    return bundle.make(diagnosis(), settings(), log, training=True)


def test_nothing_that_somebody_wrote_gets_in(made: bundle.Bundle) -> None:
    assert NAME not in made.text
    assert NUMBER not in made.text
    assert "LA-2026-001842" not in made.text


def test_what_helps_is_told(made: bundle.Bundle) -> None:
    parts = dict(made.parts)
    checks = json.loads(parts["checks.json"])["checks"]
    readers = json.loads(parts["readers.json"])
    told = json.loads(parts["settings.json"])
    system = json.loads(parts["system.json"])

    assert [one["facts"] for one in checks] == [{}, {"at": "2026-11-22 09:29"}, {"days": 3}]
    assert checks[2]["code"] == "AUTH-01"
    assert readers["readers"][0]["name"] == "Contact reader 1"
    assert readers["officer_card"]["card"] == "no"
    assert told["printer"] == {"name": "set"}
    assert told["readers"] == {"passport": "empty", "officer": "set", "module": "empty"}
    assert told["trust"]["warn_days"] == 30
    assert (system["training"], system["post"]) == (True, None)
    assert system["packages"]["pyscard"]


def test_of_the_log_times_places_and_known_codes_remain(made: bundle.Bundle) -> None:
    assert dict(made.parts)["log.txt"].splitlines() == [
        "2026-11-22 09:12:03 WARNING desk.ui.control.desk READER-01",
        "2026-11-22 09:12:04 INFO desk.app.serve",
        "2026-11-22 09:12:06 ERROR desk.ui.program bug 0a1b2c3d",
        "    desk/counter/intake.py:12 open_case",
        "    ValueError",
        "2026-11-22 09:12:07 INFO desk.counter.settling ENROLL-01",
        "2026-11-22 09:12:08 INFO desk.counter.settling",
    ]


def test_a_long_log_is_told_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "desk.log"
    line = "2026-11-22 09:12:03,123 WARNING desk.ui trouble READER-01\n"
    log.write_text(line * 20_000 + line.replace("READER-01", "READER-02"), encoding="utf-8")

    parts = dict(bundle.make(diagnosis(), settings(), log, training=False).parts)

    lines = parts["log.txt"].splitlines()
    assert len(lines) == bundle.LOG_LINES
    assert lines[-1].endswith("READER-02")


def test_a_missing_log_is_an_empty_one(tmp_path: Path) -> None:
    parts = dict(bundle.make(diagnosis(), settings(), tmp_path / "none", training=False).parts)

    assert parts["log.txt"].strip() == ""


def test_the_saved_zip_holds_what_was_shown_and_can_be_searched(
    made: bundle.Bundle, tmp_path: Path
) -> None:
    file = tmp_path / made.file_name
    made.save(file)

    with zipfile.ZipFile(file) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == dict(
            made.parts
        )
    assert b"desk/counter/intake.py:12" in file.read_bytes()
    assert made.file_name == "desk-support-20261122-093000.zip"
    assert sorted(tmp_path.iterdir()) == sorted([file, tmp_path / "desk.log"])


def test_a_folder_that_cannot_be_written_is_a_trouble(made: bundle.Bundle, tmp_path: Path) -> None:
    with pytest.raises(bundle.BundleNotSaved) as caught:
        made.save(tmp_path / "none" / "file.zip")

    assert caught.value.facts == {"file": "file.zip"}
