"""Every code of desk.mrtd has its sentences, and the sentences' places have their facts."""

from __future__ import annotations

import re
import tomllib
from string import Formatter

import pytest

from desk.mrtd import mrz, troubles, trust_troubles
from desk.resources import resource
from desk.trouble import Trouble

CODE_ROOT = resource().parent / "desk"
SOURCES = [*sorted((CODE_ROOT / "mrtd").glob("*.py")), CODE_ROOT / "counter" / "holder.py"]
CODE = re.compile(r'"((?:MRZ|CHIP|DOC|BAC|PACE|CA|AA|PA-[A-Z]+|DG2|TRUST|HOLD)-\d\d)"')
FILES = sorted(resource("troubles").glob("passport*.toml"))
WORDS = {
    code: entry
    for file in FILES
    for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items()
}
LEVELS = {"stop", "attention", "info"}


def codes_in_use() -> set[str]:
    written = {code for path in SOURCES for code in CODE.findall(path.read_text())}
    return written | {f"PA-DG-{number:02}" for number in range(1, 17)}


def test_every_code_has_words_and_no_words_are_left_over() -> None:
    assert codes_in_use() == set(WORDS)


def test_no_code_has_two_entries() -> None:
    counts = [len(tomllib.loads(file.read_text(encoding="utf-8"))) for file in FILES]

    assert sum(counts) == len(WORDS)


@pytest.mark.parametrize("code", sorted(WORDS))
def test_an_entry_is_whole_in_both_languages(code: str) -> None:
    entry = WORDS[code]

    assert entry["level"] in LEVELS
    for language in ("ko", "en"):
        words = entry[language]
        assert set(words) == {"title", "text", "next"}
        assert words["title"]
        assert words["text"]
        assert "!" not in "".join(words.values())
        assert "오류가 발생" not in "".join(words.values())
        assert words["next"] or entry["level"] != "stop"
    assert places(entry["ko"]) == places(entry["en"])


def places(words: dict[str, str]) -> set[str]:
    return {name for text in words.values() for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    "trouble",
    [
        mrz.MrzShape(1, 2, mrz.Field.WHOLE),
        mrz.MrzCharacter(1, 2, mrz.Field.NAME),
        mrz.MrzCheckDigit(2, 10, mrz.Field.DOCUMENT_NUMBER),
        mrz.MrzDate(2, 14, mrz.Field.BIRTH),
        troubles.ChipLost("dg2", 12),
        troubles.ChipMoved("dg2", 12),
        troubles.ChipSwapped(),
        troubles.CanNotTaken(sw="6A82"),
        troubles.NotAPassport(),
        troubles.AccessRefused(sw="6300"),
        troubles.SessionBroken("x"),
        troubles.FileMissing("DG1", 0x6A82),
        troubles.FileMalformed("DG2", "x"),
        troubles.PartTooLong("DG2", 70_000),
        troubles.DataEndless("DG2", "x"),
        troubles.FileTooLarge("DG2", 50_000_000, 262_144),
        troubles.PortraitUnreadable("x"),
        trust_troubles.NotTrustMaterial("x"),
        trust_troubles.ListAltered(),
        trust_troubles.ListSignerUnknown("x"),
        trust_troubles.OutsideValidity("x", "2020-01-01", "2021-01-01", "2022-01-01"),
        trust_troubles.ListOlder("2020-01-01", "2021-01-01"),
        trust_troubles.CertificateUnusable("x"),
        trust_troubles.RootMissing(),
        trust_troubles.RevocationListRefused("KR", "x"),
        trust_troubles.SourceUnknown("x"),
        trust_troubles.ListSignerRevoked("KR", "2026-11-22"),
        trust_troubles.StoreDamaged("x"),
        trust_troubles.FileUnavailable("f", "x"),
    ],
)
def test_a_troubles_facts_fill_its_sentences(trouble: Trouble) -> None:
    for language in ("ko", "en"):
        for text in WORDS[trouble.code][language].values():
            assert "{" not in text.format(**trouble.facts)
