"""The training desk asks and shows; it moves nothing itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from desk.training.applicants import Story
from desk.training.camera import Scene
from desk.ui.parts.text import Text
from desk.ui.phone.bench import SCENES, BenchView, BenchWindow
from tests.ui.phone import samples


@pytest.fixture
def bench(qtbot: QtBot) -> BenchWindow:
    window = BenchWindow()
    qtbot.addWidget(window)
    window.show()
    window.show_view(samples.benches()["00-empty"])
    return window


def lines(bench: BenchWindow) -> set[str]:
    return {one.text() for one in bench.findChildren(QLabel) if one.isVisibleTo(bench)}


def test_everything_the_devices_know_has_words(bench: BenchWindow) -> None:
    assert set(SCENES) == {scene.value for scene in Scene}
    for language in ("ko", "en"):
        for story in Story:
            assert bench.look.words.text(f"story.{story.value}", language)
        for scene in SCENES:
            assert bench.look.words.text(f"camera.{scene}", language)


def test_an_applicant_is_chosen_and_the_passport_laid(bench: BenchWindow, qtbot: QtBot) -> None:
    assert not bench.lay.isEnabled()
    assert not bench.scan.isEnabled()
    with qtbot.waitSignal(bench.applicant_chosen) as chosen:
        bench.people[2].click()
    assert chosen.args == ["sunrye"]

    bench.show_view(replace(samples.benches()["00-empty"], chosen="sunrye"))
    with qtbot.waitSignal(bench.passport_laid):
        bench.lay.click()
    with qtbot.waitSignal(bench.mrz_scanned):
        bench.scan.click()

    bench.show_view(replace(samples.benches()["00-empty"], chosen="sunrye", passport="sunrye"))
    assert "황보순례의 여권이 놓여 있습니다" in lines(bench)
    assert not bench.lay.isEnabled()
    with qtbot.waitSignal(bench.passport_taken):
        bench.take.click()


def test_a_forgery_is_chosen_and_laid(bench: BenchWindow, qtbot: QtBot) -> None:
    """The same person's passport can be laid again once it is another kind."""
    laid = replace(samples.benches()["00-empty"], chosen="haneul", passport="haneul")
    bench.show_view(laid)
    assert not bench.lay.isEnabled()

    with qtbot.waitSignal(bench.passport_chosen) as chosen:
        bench.passports[1].click()
    assert chosen.args == ["clone"]

    bench.show_view(replace(laid, kind="clone"))
    assert bench.lay.isEnabled()
    bench.show_view(replace(laid, kind="clone", laid="clone"))
    assert not bench.lay.isEnabled()
    assert "김하늘의 위조 여권이 놓여 있습니다: 열쇠 없이 복제한 칩" in lines(bench)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_passport_says_in_full_what_it_teaches(
    bench: BenchWindow, qtbot: QtBot, language: str
) -> None:
    bench.set_language(language)

    words = [one for row in bench.passports for one in row.findChildren(Text)]
    assert bench.passports[0].passport.is_genuine
    assert {row.passport.code for row in bench.passports} <= {one.text() for one in words}
    qtbot.waitUntil(lambda: all(one.advance() <= one.width() for one in words))


def test_one_of_two_cards_is_inserted_and_pulled(bench: BenchWindow, qtbot: QtBot) -> None:
    assert not bench.pull.isEnabled()
    bench.cards[1].click()
    with qtbot.waitSignal(bench.card_inserted) as inserted:
        bench.insert.click()
    assert inserted.args == [1]

    bench.show_view(replace(samples.benches()["00-empty"], card=1))
    assert "정유나 영사의 카드가 꽂혀 있습니다" in lines(bench)
    with qtbot.waitSignal(bench.card_pulled):
        bench.pull.click()


def test_the_scene_is_chosen_by_its_own_word(bench: BenchWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bench.scene_chosen) as chosen:
        bench.scene.setCurrentIndex(1)
        bench.scene.activated.emit(1)

    assert chosen.args == ["two_faces"]


def test_it_speaks_two_languages_and_names_every_control(bench: BenchWindow) -> None:
    bench.set_language("en")

    assert "Training desk" in bench.windowTitle()
    assert "KIM HANEUL" in lines(bench)
    unnamed = [
        one
        for one in bench.findChildren(QWidget)
        if one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and one.isVisibleTo(bench)
        and not one.accessibleName()
    ]
    assert not unnamed


def test_a_picture_that_cannot_be_read_shows_a_stand_in(bench: BenchWindow) -> None:
    person = replace(samples.people()[0], picture=b"no picture")

    bench.show_view(BenchView(people=(person,)))

    assert bench.people[0]._image is None


def test_another_phone_is_taken_in_hand(bench: BenchWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bench.phone_chosen) as chosen:
        bench.phone.chosen.emit("1")
    assert chosen.args == [1]

    bench.show_view(replace(samples.benches()["00-empty"], phone=1))
    assert bench.phone.currentText() == "휴대전화 2"
