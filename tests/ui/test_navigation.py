"""The rail's places: those that have a page and are for whoever sits there, in their order."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desk.counter.officers import Officer
from desk.issuance.roles import Role
from desk.ui.look import Look
from desk.ui.navigation import Navigation, Place, shows

NOBODY = None


def officer(role: Role) -> Officer:
    return Officer("1", "이서준", "LEE Seojun", "영사", "Consul", role, "los-angeles", "00")


def keys(navigation: Navigation, look: Look, who: Officer | None) -> list[str]:
    return [one.key for one in navigation.entries(look, who, None)]


def test_an_entry_appears_only_when_its_page_was_added(look: Look) -> None:
    navigation = Navigation()
    navigation.add(Place.SETUP, lambda: None)

    assert keys(navigation, look, officer(Role.OFFICER)) == ["setup"]
    navigation.add(Place.BOARD, lambda: None)
    assert keys(navigation, look, officer(Role.OFFICER)) == ["board", "setup"]


def test_the_rail_is_told_when_a_place_is_added(qtbot: QtBot) -> None:
    navigation = Navigation()

    with qtbot.waitSignal(navigation.changed):
        navigation.add(Place.AUDIT, lambda: None)


def test_the_current_place_and_its_count_are_marked(look: Look) -> None:
    navigation = Navigation()
    navigation.add(Place.BOARD, lambda: None)
    navigation.add(Place.APPROVALS, lambda: None, lambda: 2)

    board, approvals = navigation.entries(look, officer(Role.OFFICER), Place.APPROVALS)

    assert (board.current, board.count) == (False, 0)
    assert (approvals.current, approvals.count, approvals.name) == (True, 2, "승인 요청")


@pytest.mark.parametrize("place", list(Place))
def test_before_sign_in_only_the_checks_are_reachable(look: Look, place: Place) -> None:
    navigation = Navigation()
    navigation.add(place, lambda: None)

    assert navigation.leads_to(place, NOBODY) is (place is Place.SETUP)
    assert keys(navigation, look, NOBODY) == (["setup"] if place is Place.SETUP else [])


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_administer_see_posts_and_services(role: Role) -> None:
    seen = {place for place in Place if shows(place, officer(role))}

    hidden = {Place.POSTS} if role in (Role.OFFICER, Role.APPROVER) else set()
    assert seen == set(Place) - hidden


def test_every_place_has_its_own_drawing_and_a_name_in_both_languages(look: Look) -> None:
    navigation = Navigation()
    for place in Place:
        navigation.add(place, lambda: None)

    entries = navigation.entries(look, officer(Role.HEAD_OF_POST), None)

    assert len({one.icon for one in entries}) == len(entries) == len(Place)
    for one in entries:
        assert not look.icons.pixmap(one.icon, look["rail-text"], 20).isNull()
        assert set(look.words.entry(f"place.{one.key}")) == {"ko", "en"}
