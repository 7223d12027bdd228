"""Every key speaks every language of its table, and the grammar of places holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from desk.ui.theme import RESOURCES
from desk.words import Words

AREAS = sorted(path.stem for path in (RESOURCES / "words").glob("*.toml"))
PLACE = re.compile(r"\{(\w+)")


@pytest.mark.parametrize("area", AREAS)
def test_every_key_has_every_language_of_its_table(area: str) -> None:
    words = Words(area)
    languages = {lang for key in words for lang in words.entry(key)}

    missing = {key: languages - set(words.entry(key)) for key in words}

    assert languages >= {"ko", "en"}
    assert not {key: gap for key, gap in missing.items() if gap}


@pytest.mark.parametrize("area", AREAS)
def test_every_language_has_the_same_places(area: str) -> None:
    words = Words(area)

    for key in words:
        places = {frozenset(PLACE.findall(text)) for text in words.entry(key).values()}
        assert len(places) == 1, key


@pytest.mark.parametrize("area", AREAS)
def test_no_exclamation_marks_and_no_forbidden_words(area: str) -> None:
    words = Words(area)

    for key in words:
        for text in words.entry(key).values():
            assert "!" not in text, key
            assert "오류가 발생" not in text and "성공" not in text, key


def test_particles_and_plurals(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(
        'who = { ko = "{name:이/가}", en = "{n:try/tries} left" }\n'
        'way = { ko = "{name:으로/로}", en = "" }\n',
        encoding="utf-8",
    )
    words = Words("x", tmp_path)

    assert words.text("who", "ko", name="김하늘") == "김하늘이"
    assert words.text("who", "ko", name="박도우") == "박도우가"
    assert words.text("way", "ko", name="서울") == "서울로"
    assert words.text("way", "ko", name="부산") == "부산으로"
    assert words.text("who", "en", n=1) == "1 try left"
    assert words.text("who", "en", n=3) == "3 tries left"


def test_an_unknown_key_is_a_bug_and_says_so() -> None:
    with pytest.raises(KeyError):
        Words("officer").text("no.such.key", "ko")
