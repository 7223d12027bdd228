"""A planted applicant is found nowhere outside the encrypted records (I9).

A whole journey with a deferred answer; at its most telling moments every file of the
training home is searched (the service's database with its write-ahead log, both logs,
the records themselves as they lie on the disk) for names, numbers, address and portrait
of the invented applicant, in the spellings that files and formats use.
"""

from __future__ import annotations

import base64
import json
import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk import cli
from desk.issuance.case import State
from desk.store import cases
from desk.store.cases import BlobKind
from desk.training.applicants import Applicant
from desk.training.phone import PhoneEvent, Step
from tests.journey.acts import PATIENCE, Counter, Holder, opened
from tests.journey.sightings import pieces, planted, sightings


@pytest.fixture
def desk_log(home: Path) -> Iterator[Path]:
    """Everything the program's own loggers say, however talkative they are."""
    target = home / "training" / "desk.log"
    handler = logging.FileHandler(target, encoding="utf-8")
    logger = logging.getLogger("desk")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield target
    logger.removeHandler(handler)
    logger.setLevel(level)
    handler.close()


def spoilt_settings(file: Path, person: Applicant) -> None:
    file.write_text(
        f'[station]\nwindow = "{person.hangul}"\nserial = "{person.passport_number}"\n'
        f'[printer]\nname = "{person.latin}"\n',
        encoding="utf-8",
    )


def spoilt_log(file: Path, person: Applicant) -> None:
    """Names and numbers at every place of a line, and in a traceback."""
    words = (person.hangul, person.latin, person.passport_number, person.resident_number)
    with file.open("a", encoding="utf-8") as log:
        for word in words:
            log.write(f"2026-11-22 09:12:03,123 WARNING desk.ui trouble READER-01 of {word}\n")
            log.write(f"2026-11-22 09:12:03,123 ERROR desk.{word} READER-01\n")
            log.write(f'  File "/home/{word}/{word}.py", line 3, in {word}\n{word}: {word}\n')
            log.write(f"ValueError: {word}\n")


def bundle_of(home: Path, file: Path) -> None:
    """The support bundle as the command saves it; it must not be an empty one."""
    cli.main(["--home", str(home), "doctor", "--bundle", str(file), "--yes"])
    content = file.read_bytes()
    assert b"READER-01" in content and b"ValueError" in content
    assert b'"post": "LA"' in content


def test_nothing_personal_outside_the_records(home: Path, desk_log: Path) -> None:
    waiting = threading.Event()

    def told(event: PhoneEvent) -> None:
        if event.step is Step.WAITING:
            waiting.set()

    with opened(home, service_options=("--wait", "0.2")) as rehearsal:
        counter = Counter.begin(rehearsal)
        with Holder(rehearsal.authority, told) as holder:
            case = counter.approved()
            with rehearsal.station.store.read() as session:
                pictures = [
                    cases.blob(session, case.number, kind)
                    for kind in (BlobKind.PORTRAIT, BlobKind.FACE, BlobKind.DG2)
                ]
            secrets = planted(counter.person, [one for one in pictures if one])
            case = counter.offer(case)
            assert case.offer is not None
            holder.take(case.offer.uri)
            assert waiting.wait(PATIENCE), "nothing was deferred"

            assert sightings(home, secrets) == []
            case = counter.deliver(case, holder)
            secrets["credential"] = {
                piece for card in holder.cards for piece in pieces(card.held.credential.encode())
            }
            secrets["portrait"] |= {
                piece for card in holder.cards for piece in pieces(card.portrait or b"")
            }
            assert (home / "training" / "enrollment.db-wal").stat().st_size > 0
            assert sightings(home, secrets) == []
            case = counter.prove(case, holder)
            assert sightings(home, secrets) == []

    assert case.state is State.PROVEN
    # Somebody's name written into settings and log is not the desk's doing, but stays out too.
    spill = home / "training"
    spoilt_settings(spill / "settings.toml", counter.person)
    spoilt_log(desk_log, counter.person)
    saved = home / "bundle"
    saved.mkdir()
    bundle_of(spill, saved / "support.zip")
    assert sightings(saved, secrets) == []
    (spill / "settings.toml").unlink()
    desk_log.write_text("", encoding="utf-8")
    assert sightings(home, secrets) == []
    names = {path.name for path in home.rglob("*") if path.is_file()}
    assert {"desk.log", "enrollment.log", "enrollment.db", "records.db"} <= names
    assert desk_log.exists()


def test_the_search_finds_what_is_there(home: Path) -> None:
    """Each spelling is found where it does stand: otherwise the search would prove nothing."""
    with opened(home) as rehearsal:
        person = rehearsal.people[0]
    picture = person.portrait()
    secrets = planted(person, [picture])
    folder = home / "spilt"
    spilt = {
        "Hangul name": json.dumps({"name": person.hangul}).encode(),
        "Latin name": f"case of {person.latin}".encode("utf-16-le"),
        "resident number": person.resident_number.encode().hex().encode(),
        "passport number": base64.b64encode(b"xy" + "\n".join(person.mrz_lines).encode()),
        "overseas number": f"x{person.overseas_number}x".encode(),
        "address": base64.urlsafe_b64encode(b"x" + person.address.encode()),
        "portrait": base64.b64encode(b"z" + picture),
    }

    for what, content in spilt.items():
        folder.mkdir()
        (folder / "file").write_bytes(content)
        assert what in {found for _, found in sightings(folder, secrets)}
        shutil.rmtree(folder)
