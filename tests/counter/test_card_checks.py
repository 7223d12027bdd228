"""Readers and card as the board sees them: the fault tree with evidence from scripted readers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.app.compose import AuthorityIncomplete
from desk.cards.machine import Machine
from desk.cards.revocation import Revocations
from desk.cards.troubles import CardUnsupported, MuteCard, NoCard, ReaderHeld
from desk.cards.watcher import CardWorld, ReaderState
from desk.counter import card_checks
from desk.counter.board import CheckKey, CheckState
from desk.counter.provisioning import Roots
from desk.counter.readers import ReaderRoles, ReaderSession
from desk.counter.settings import ReaderSettings
from desk.iso7816.troubles import TransportFailed
from desk.training.bench import CARD_READER, PASSPORT_READER, Bench
from desk.training.piv_card import PivCard
from desk.trouble import Trouble

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
FREE = ReaderSettings(passport="", officer="")
LOCAL = Machine(remote=False, plugged=2)
PASSPORT_AID = bytes.fromhex("A0000002471001")


class Chip:
    """Answers SELECT of the applications it has, and nothing else."""

    atr = b"\x3b\x80\x80\x01\x01"

    def __init__(self, *applications: bytes) -> None:
        self._applications = applications

    def transmit(self, apdu: bytes) -> bytes:
        known = any(one in apdu for one in self._applications)
        return b"\x90\x00" if known else b"\x6a\x82"

    def reset(self) -> None:
        """Nothing is remembered."""


class Scripted:
    """Readers of a world made up, whose opening ends in one trouble."""

    def __init__(self, world: CardWorld, refusal: Trouble | None = None) -> None:
        self._world, self._refusal = world, refusal
        self.opened: list[str] = []

    def world(self) -> CardWorld:
        return self._world

    def connect(self, reader: str) -> ReaderSession:
        self.opened.append(reader)
        raise self._refusal or NoCard()

    def watch(self, on_change: Callable[[CardWorld], None]) -> None:
        on_change(self._world)

    def stop(self) -> None:
        """Nothing runs."""


def roots() -> Roots:
    return Roots((), (), "KR", Revocations(Path("none"), ()))


def look(
    readers: Scripted | Bench, settings: ReaderSettings = FREE, roles: ReaderRoles | None = None
) -> card_checks.Seen:
    roles = roles or ReaderRoles(readers, settings)
    return card_checks.look(roles, readers.world(), LOCAL, roots, NOW)


def officer(seen: card_checks.Seen) -> tuple[CheckState, str | None]:
    check = card_checks.checks(seen)[2]
    assert check.key is CheckKey.OFFICER_CARD
    return check.state, check.code


CARD = ReaderState("Card", True, b"\x3b\x00")
PASSPORT = ReaderState("Passport", False)
BOTH = CardWorld(True, (CARD, PASSPORT))


def test_behind_a_stopped_service_nothing_is_asked_and_one_trouble_is_told() -> None:
    readers = Scripted(CardWorld(service_running=False))

    service, passport, card = card_checks.checks(look(readers))

    assert (service.state, service.code) == (CheckState.UNUSABLE, "READER-01")
    assert (passport.state, passport.code) == (CheckState.NOT_DONE, None)
    assert (card.state, card.code) == (CheckState.NOT_DONE, None)
    assert readers.opened == []


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (ReaderHeld(), "READER-06"),
        (MuteCard(), "READER-31"),
        (CardUnsupported(), "READER-12"),
        (TransportFailed(), "READER-07"),
    ],
)
def test_what_came_of_opening_the_card_is_told(refusal: Trouble, code: str) -> None:
    assert officer(look(Scripted(BOTH, refusal))) == (CheckState.UNUSABLE, code)


def test_a_card_that_is_mute_again_after_being_put_back_is_told_apart() -> None:
    """The first time it may be upside down; after that, card or reader is broken."""

    def mute(events: int) -> CardWorld:
        return CardWorld(True, (ReaderState("Card", True, mute=True, events=events), PASSPORT))

    roles = ReaderRoles(Scripted(BOTH), FREE)
    codes = []
    for events in (1, 1, 3):
        readers = Scripted(mute(events), MuteCard())
        roles._readers = readers
        codes.append(officer(look(readers, roles=roles))[1])

    assert codes == ["READER-31", "READER-31", "READER-35"]


def test_an_empty_reader_is_told_as_empty() -> None:
    empty = CardWorld(True, (ReaderState("Card", False), PASSPORT))

    assert officer(look(Scripted(empty)))[1] == "READER-04"


def test_a_named_reader_that_is_not_there_is_named() -> None:
    seen = look(Scripted(BOTH), ReaderSettings(passport="", officer="Another"))

    check = card_checks.checks(seen)[2]

    assert (check.code, check.facts) == ("READER-36", {"reader": "Another"})


def test_a_card_without_the_officers_application_is_unknown_and_a_passport_is_not() -> None:
    """Neither is named in the settings: a passport on its own is no officer's card gone wrong."""
    bench = Bench()
    bench.put(PASSPORT_READER, Chip(PASSPORT_AID))
    passport_only = look(bench)
    bench.put(CARD_READER, Chip())
    with_stranger = look(bench)

    assert officer(passport_only)[1] == "READER-04"
    assert officer(with_stranger)[1] == "CARD-01"
    assert with_stranger.evidence.reader == CARD_READER


def test_a_mute_passport_does_not_hide_the_officers_card() -> None:
    """Readers with a mute card are asked last."""
    bench = Bench()
    bench.put(CARD_READER, PivCard())
    bench.put(PASSPORT_READER, Chip(PASSPORT_AID))
    world = bench.world()
    states = {one.name: one for one in world.readers}
    mute = ReaderState(PASSPORT_READER, True, mute=True)
    bench.world = lambda: CardWorld(True, (mute, states[CARD_READER]))  # type: ignore[method-assign]

    seen = look(bench)

    assert seen.judged.fault is None
    assert card_checks.checks(seen)[1].code == "READER-03"


def test_a_card_without_certificates_is_told_by_its_certificates() -> None:
    bench = Bench()
    bench.put(CARD_READER, PivCard())

    service, passport, card = card_checks.checks(look(bench))

    assert service.facts == {"readers": 2}
    assert (passport.state, passport.facts) == (CheckState.READY, {"reader": PASSPORT_READER})
    assert card.code == "CARD-13"


def test_one_reader_alone_is_too_few() -> None:
    seen = look(Scripted(CardWorld(True, (CARD,))))

    assert card_checks.checks(seen)[1].code == "READER-38"


def test_a_desk_without_its_authority_says_so_only_once_the_card_is_open() -> None:
    """An empty reader comes first: it is what the officer can mend."""

    def missing() -> Roots:
        raise AuthorityIncomplete(file="iaca.pem")

    bench = Bench()
    empty = card_checks.look(ReaderRoles(bench, FREE), bench.world(), LOCAL, missing, NOW)
    bench.put(CARD_READER, PivCard())
    opened = card_checks.look(ReaderRoles(bench, FREE), bench.world(), LOCAL, missing, NOW)

    assert officer(empty)[1] == "READER-04"
    assert officer(opened)[1] == "AUTH-01"
    assert opened.judged.fault is None
