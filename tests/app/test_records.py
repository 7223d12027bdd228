"""`desk records …` as a person at a shell meets it: which cards open the records, and whose."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from desk import cli
from desk.app.compose import utc_now
from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, kept_card, open_rehearsal, prepare_home
from desk.app.training_records import RECOVERY_FILE, opening, recovery_card
from desk.counter.settings import load_settings
from desk.store import unlocking
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp, events
from desk.store.key import RecordsKey
from desk.store.postgres import SharedDatabase
from desk.store.shared_vault import SharedVault
from desk.store.vault import FileVault
from desk.training.authority import TrainingAuthority
from tests.postgres import PostgresServer
from tests.samples import NOW
from tests.store.conftest import template

HEAD, ADMINISTRATOR = "4", "5"
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "home")


@pytest.fixture
def run(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on training cards; ``pins`` come on standard input, in their order."""

    def run(*arguments: str, pins: tuple[str, ...] = (TRAINING_PIN,)) -> tuple[int, Any]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{pin}\n" for pin in pins)))
        whole = ["--home", str(home.folder), "records", *arguments, "--training", "--json"]
        status = cli.main(whole)
        said = capsys.readouterr()
        told = [line for line in said.err.splitlines() if line.startswith("{")]
        return status, json.loads(told[-1] if status == cli.EXIT_TROUBLE else said.out)

    return run


def key_of(home: Home, number: int = 0) -> RecordsKey:
    training = home.training
    authority = TrainingAuthority.load(training.folder / "authority")
    vault = FileVault(training.records, StoreKind.TRAINING)
    with opening(kept_card(authority, training.folder, number), TRAINING_PIN) as session:
        return unlocking.authorise(vault, session, "", Stamp(NOW, "test")).key


def kinds(home: Home, key: RecordsKey) -> list[tuple[str, str]]:
    store = Store.open(home.training.records, key, StoreKind.TRAINING)
    with store.read() as session:
        told = [(event.kind, event.actor) for event in events(session)]
    store.close()
    return told


def test_records_are_begun_by_an_officers_card_and_the_recovery_card(home: Home, run: Run) -> None:
    """Two cards, two PINs; a second beginning is refused before any PIN."""
    status, answer = run("begin", pins=(TRAINING_PIN, TRAINING_PIN))

    assert status == 0
    assert [(one["kind"], one["officer"]) for one in answer["cards"]] == [
        ("officer", "T-001"),
        ("recovery", None),
    ]
    told = kinds(home, key_of(home))
    assert told[0] == ("RECORDS.KEY_MADE", "officer:T-001")
    status, refusal = run("begin", pins=("999999", "999999"))
    assert (status, refusal["code"]) == (cli.EXIT_TROUBLE, "KEYS-03")
    assert run("begin", pins=())[1]["code"] == "CARD-38"


def test_a_recovery_card_that_is_an_officers_begins_nothing(home: Home, run: Run) -> None:
    """The trainee's second card takes the place of the recovery card."""
    training = home.training
    authority = prepare_home(training, load_settings(), utc_now, ring=False)
    kept_card(authority, training.folder, 1)
    (training.folder / "card-2.json").replace(training.folder / RECOVERY_FILE)

    status, refusal = run("begin", pins=(TRAINING_PIN, TRAINING_PIN))

    assert (status, refusal["code"]) == (cli.EXIT_TROUBLE, "KEYS-10")
    assert not training.records.exists()


def test_only_who_may_changes_the_cards(home: Home, run: Run) -> None:
    """An officer at the counter may not; no PIN is spent on finding that out."""
    status, refusal = run("cards", "rotate", "--officer", "1", pins=("999999",))

    assert (status, refusal["code"]) == (cli.EXIT_TROUBLE, "OFFICER-10")
    authority = TrainingAuthority.load(home.training.folder / "authority")
    assert kept_card(authority, home.training.folder, 0).pin_tries == 3


def test_a_card_is_taken_out_with_another_key_and_let_in_again(home: Home, run: Run) -> None:
    """What the desk's list tells is what opens; the log says who did it."""
    before = run("cards", "list", pins=())[1]["cards"]
    lost = next(one for one in before if one["officer"] == "T-002")
    run("import-register", "nothing.csv")
    old = key_of(home)

    status, answer = run("cards", "remove", lost["card"][:12], "--officer", ADMINISTRATOR)

    assert status == 0
    assert lost["card"] not in {one["card"] for one in answer["cards"]}
    assert len(answer["cards"]) == len(before) - 1
    assert key_of(home) != old
    told = kinds(home, key_of(home))
    assert ("RECORDS.CARD_REMOVED", "officer:T-005") in told
    # The rehearsal would let its own card in again at the next start; here nobody starts it.


def test_another_key_by_the_recovery_card_when_every_officers_card_is_lost(
    home: Home, run: Run
) -> None:
    run("import-register", "nothing.csv")
    old = key_of(home)

    status, _ = run("cards", "rotate", "--by-recovery")

    assert status == 0
    new = key_of(home)
    assert new != old
    assert kinds(home, new)[-1] == ("RECORDS.KEY_REPLACED", "card:recovery")


def test_an_officers_card_is_not_the_recovery_card(home: Home, run: Run) -> None:
    prepare_home(home.training, load_settings(), utc_now)
    (home.training.folder / RECOVERY_FILE).write_bytes(
        (home.training.folder / "card-1.json").read_bytes()
    )

    status, refusal = run("cards", "rotate", "--by-recovery", pins=("999999",))

    assert (status, refusal["code"]) == (cli.EXIT_TROUBLE, "KEYS-11")


def test_a_card_let_in_is_refused_a_second_time(home: Home, run: Run) -> None:
    run("import-register", "nothing.csv")

    status, refusal = run(
        "cards", "add", "--officer", HEAD, "--new-officer", "2", pins=(TRAINING_PIN,) * 2
    )

    assert (status, refusal["code"]) == (cli.EXIT_TROUBLE, "KEYS-06")


def test_a_new_recovery_card_takes_the_place_of_the_old_one(home: Home, run: Run) -> None:
    """Another card is let in first, then the old one may go."""
    training = home.training
    run("import-register", "nothing.csv")
    old = next(one for one in run("cards", "list", pins=())[1]["cards"] if not one["officer"])
    refusal = run("cards", "remove", old["card"], "--officer", HEAD)[1]
    assert refusal["code"] == "KEYS-07"
    (training.folder / RECOVERY_FILE).rename(training.folder / "old.json")

    status, _ = run("cards", "add", "--recovery", "--officer", HEAD, pins=(TRAINING_PIN,) * 2)
    assert status == 0
    status, answer = run("cards", "remove", old["card"], "--officer", HEAD)

    assert status == 0
    assert len([one for one in answer["cards"] if one["kind"] == "recovery"]) == 1


def test_a_card_from_elsewhere_is_not_let_in(home: Home, run: Run) -> None:
    """A recovery card whose 9D certificate nobody known has issued."""
    training = home.training
    run("import-register", "nothing.csv")
    stranger = TrainingAuthority.create(utc_now(), ())
    (training.folder / RECOVERY_FILE).rename(training.folder / "old.json")
    recovery_card(stranger, training.folder, TRAINING_PIN, utc_now())

    arguments = ("cards", "add", "--recovery", "--officer", HEAD)
    status, refusal = run(*arguments, pins=(TRAINING_PIN, "999999"))

    assert (status, refusal["code"]) == (cli.EXIT_TROUBLE, "CARD-34")


def test_what_happened_while_the_records_were_closed_is_logged_when_they_open(
    home: Home, run: Run
) -> None:
    """A refused PIN and the end of the program in between; then somebody signs in."""
    first = open_rehearsal(home, whole=False)
    first.station.note(None, "SESSION.PIN_REFUSED", code="CARD-02")
    first.close()

    run("import-register", "nothing.csv")

    assert ("SESSION.PIN_REFUSED", first.station.actor) in kinds(home, key_of(home))


def test_a_rehearsal_of_an_earlier_version_goes_on_and_its_key_file_is_destroyed(
    home: Home, run: Run
) -> None:
    """Its records had their key in a file; all training cards open them from now on."""
    content, key = template()
    training = home.training
    training.records.write_bytes(content)
    (training.folder / "records.key").write_bytes(key.secret)

    open_rehearsal(home).close()

    assert not (training.folder / "records.key").exists()
    assert key_of(home, 4) != key
    assert [one["kind"] for one in run("cards", "list", pins=())[1]["cards"]].count("recovery") == 1
    assert "RECORDS.KEY_TAKEN_OVER" in dict(kinds(home, key_of(home)))


def test_no_such_card(run: Run) -> None:
    run("import-register", "nothing.csv")

    assert run("cards", "remove", "zz", "--officer", HEAD)[1]["code"] == "KEYS-08"


def test_the_key_stands_in_no_file_no_log_and_no_environment(
    home: Home, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """After the window's whole way of opening, while everything is open and after it."""
    caplog.set_level(logging.DEBUG)
    rehearsal = open_rehearsal(home)
    rehearsal.station.note(None, "TEST.EVENT")
    keys = [key_of(home)]
    while_open = places_of(home, keys[0])
    rehearsal.close()
    run("cards", "rotate", "--officer", HEAD)
    keys.append(key_of(home))

    assert keys[0] != keys[1]
    assert not while_open
    for key in keys:
        assert not places_of(home, key)
        said = caplog.text.encode() + repr(dict(os.environ)).encode()
        assert not [form for form in forms(key) if form in said]


def test_a_disk_without_a_card_gives_nothing(home: Home, run: Run) -> None:
    """Everything on the disk but the training cards themselves, which stand for plastic: no
    bytes of it are the key, and what is wrapped opens with no key that lies there."""
    run("import-register", "nothing.csv")
    key = key_of(home)
    disk = [
        file.read_bytes()
        for file in home.folder.rglob("*")
        if file.is_file() and not file.name.startswith("card-")
    ]

    candidates = {content[place : place + 32] for content in disk for place in _steps(content)}

    assert key.secret not in candidates
    assert not any(form in content for form in forms(key) for content in disk)


def _steps(content: bytes) -> range:
    """Every place in what is small; the encrypted file is searched as a whole."""
    return range(len(content) - 31) if len(content) < 20_000 else range(0)


def forms(key: RecordsKey) -> list[bytes]:
    """The key raw, in hexadecimal, in base64 of both alphabets."""
    secret = key.secret
    texts = [secret.hex(), secret.hex().upper()]
    coded = [base64.b64encode(secret)[:42], base64.urlsafe_b64encode(secret)[:42]]
    return [secret, *(text.encode() for text in texts), *coded]


def places_of(home: Home, key: RecordsKey) -> list[str]:
    return [
        file.name
        for file in home.folder.rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in forms(key))
    ]


def test_own_records_become_those_of_the_post(
    home: Home, run: Run, postgres: PostgresServer
) -> None:
    """The same cards open them, nothing is lost, and the desk's own file is laid aside."""
    database = postgres.database()
    run("import-register", "nothing.csv")
    key = key_of(home)
    before = kinds(home, key)
    settings = home.training.settings
    settings.write_text(f'[records]\ndatabase = "{database.url}"\n', encoding="utf-8")

    refused = run("share", "--officer", "1", pins=("999999",))
    status, answer = run("share", "--officer", ADMINISTRATOR)
    again = run("share", "--officer", ADMINISTRATOR)

    assert (refused[0], refused[1]["code"]) == (cli.EXIT_TROUBLE, "OFFICER-10")
    assert status == 0
    assert answer["aside"] == "records-moved.db"
    assert not home.training.records.exists()
    assert (again[0], again[1]["code"]) == (cli.EXIT_TROUBLE, "KEYS-09")
    shared = SharedVault(SharedDatabase.at(database.url), StoreKind.TRAINING)
    with closing(shared.open(key)) as store, store.read() as session:
        told = [(event.kind, event.actor) for event in events(session)]
    assert told[: len(before)] == before
    assert told[-1] == ("RECORDS.SHARED", "officer:T-005")
    assert run("cards", "rotate", "--officer", ADMINISTRATOR)[0] == 0
    postgres.drop(database)


def test_changes_of_the_register_are_taken_by_whoever_does_after_care(
    run: Run, tmp_path: Path
) -> None:
    """An administrator looks at the list, and takes no file in."""
    file = tmp_path / "changes.json"
    file.write_text('{"version": 1, "notices": []}', encoding="utf-8")

    taken = run("import-changes", str(file))
    listed = run("changes", "--officer", ADMINISTRATOR)
    refused = run("import-changes", str(file), "--officer", ADMINISTRATOR)

    assert taken[0] == 0 and taken[1]["new"] == 0
    assert listed == (0, {"must_change": []})
    assert (refused[0], refused[1]["code"]) == (cli.EXIT_TROUBLE, "OFFICER-10")
