"""Every code a person may see has level, title, text and next step in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import desk
from desk.resources import resource
from desk.ui.troubles import LEVELS, TroubleWords

PLACE = re.compile(r"\{(\w+)")
CODE = re.compile(r'"((?:[A-Z][A-Z0-9]+-)+\d{2})"')
# Written like a code, but none. Codes ending in 00 belong to the roots of families, which are
# never raised themselves; a few have words nevertheless.
NO_CODES = {"UTF-16"}


@pytest.fixture(scope="module")
def words() -> TroubleWords:
    return TroubleWords()


def codes_in_the_program() -> dict[str, str]:
    """Every code that stands in the source, and where."""
    folder = Path(desk.__file__).parent
    return {
        code: path.name
        for path in sorted(folder.rglob("*.py"))
        for code in CODE.findall(path.read_text(encoding="utf-8"))
        if code not in NO_CODES and not code.endswith("-00")
    }


def test_every_code_of_the_program_has_words(words: TroubleWords) -> None:
    missing = {code: file for code, file in codes_in_the_program().items() if code not in words}

    assert missing == {}


def test_no_code_stands_in_two_files() -> None:
    """The later file would take the sentences of the earlier one without a word."""
    files = sorted(resource("troubles").glob("*.toml"))
    codes = [code for file in files for code in tomllib.loads(file.read_text(encoding="utf-8"))]

    assert sorted(codes) == sorted(set(codes))


def test_every_entry_speaks_both_languages(words: TroubleWords) -> None:
    for code in words:
        entry = words.entry(code)
        assert entry["level"] in LEVELS, code
        for lang in ("ko", "en"):
            assert entry[lang]["title"], (code, lang)
            assert "!" not in " ".join(entry[lang].values()), code


def test_both_languages_have_the_same_places(words: TroubleWords) -> None:
    for code in words:
        entry = words.entry(code)
        places = [set(PLACE.findall(" ".join(entry[lang].values()))) for lang in ("ko", "en")]
        assert places[0] == places[1], code


def test_a_missing_fact_and_an_unknown_code_still_show_something(words: TroubleWords) -> None:
    spoken = words.of("READER-08", "ko", {})

    assert "—" in spoken.text
    assert words.of("NOBODY-99", "en").code == "NOBODY-99"
    assert words.of("NOBODY-99", "ko").next
