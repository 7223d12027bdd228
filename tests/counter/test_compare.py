"""Four sources side by side: what differs stands out, what is only written otherwise doesn't."""

from __future__ import annotations

from dataclasses import replace

from desk.counter.compare import REASONS, compare_sources
from desk.issuance.case import Comparison, Document, RegisterFacts
from tests.samples import ENTRY, PASSPORT

TYPED = {
    "passport_number": "M123A4567",
    "latin_name": "KIM HANEUL",
    "birth_date": "1991-03-14",
    "sex": "F",
    "nationality": "KOR",
    "expiry_date": "2033-05-02",
}


def document() -> Document:
    return PASSPORT


def entry(**changes: str) -> RegisterFacts:
    return replace(ENTRY, given_names="HA NEUL", **changes)  # type: ignore[arg-type]


def test_an_old_passport_number_in_the_register_comes_first_as_a_difference() -> None:
    """The picture of the passport page: one real difference, spaces don't count."""
    rows = compare_sources(document(), TYPED, False, entry(passport_number="M45678901"))

    assert rows[0].item == "passport_number"
    assert rows[0].outcome is Comparison.DIFFERENT
    by_item = {row.item: row.outcome for row in rows}
    assert by_item["latin_name"] is Comparison.SPACING_ONLY
    assert by_item["hangul_name"] is Comparison.NOT_ON_CHIP
    assert by_item["expiry_date"] is Comparison.NOT_IN_REGISTER
    assert by_item["birth_date"] is Comparison.SAME


def test_what_a_person_typed_does_not_stand_in_the_printed_column() -> None:
    """Only a device that read the page fills the printed column."""
    typed = compare_sources(document(), TYPED, False, None)
    scanned = compare_sources(document(), TYPED, True, None)

    assert typed[0].printed is None
    assert typed[0].typed == "M123A4567"
    assert scanned[0].printed == "M123A4567"
    assert scanned[0].typed is None


def test_without_a_register_entry_nothing_is_called_the_same_as_the_register() -> None:
    """No entry: the items are not in the register, they are not «the same»."""
    rows = compare_sources(document(), TYPED, False, None)

    outcomes = {row.outcome for row in rows}
    assert outcomes == {Comparison.NOT_IN_REGISTER, Comparison.NOT_ON_CHIP}


def test_letters_of_the_register_as_the_zone_writes_them_are_no_difference() -> None:
    """Foreign names keep their letters in the register; the zone has none of those."""
    passport = replace(document(), surname="MUELLER")
    typed = TYPED | {"latin_name": "MUELLER HANEUL"}

    rows = compare_sources(passport, typed, False, entry(surname="MÜLLER"))

    by_item = {row.item: row.outcome for row in rows}
    assert by_item["latin_name"] is Comparison.TRANSLITERATED


def test_a_name_cut_by_the_zone_is_the_registers_longer_one() -> None:
    """Only where the zone is full; a shorter name anywhere else is another name."""
    surname, given_names = "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K"
    full = "P<KORNILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"
    zone = (full, document().mrz[1])
    cut = replace(document(), surname=surname, given_names=given_names, mrz=zone)
    short = replace(document(), surname=surname, given_names=given_names)
    typed = TYPED | {"latin_name": f"{surname} {given_names}"}
    register = replace(entry(surname=surname), given_names="CHAYAPA DEJTHAMRONG KRASUANG")

    outcomes = [
        {row.item: row.outcome for row in compare_sources(one, typed, False, register)}
        for one in (cut, short)
    ]

    assert outcomes[0]["latin_name"] is Comparison.TRUNCATED
    assert outcomes[1]["latin_name"] is Comparison.DIFFERENT


def test_a_hangul_name_on_the_chip_is_compared_with_the_registers() -> None:
    same = replace(document(), hangul_name="김하늘")
    other = replace(document(), hangul_name="김하날")

    rows = {row.item: row for row in compare_sources(same, TYPED, True, entry())}
    first = compare_sources(other, TYPED, True, entry())[0]

    assert (rows["hangul_name"].chip, rows["hangul_name"].outcome) == ("김하늘", Comparison.SAME)
    assert (first.item, first.outcome) == ("hangul_name", Comparison.DIFFERENT)
    assert REASONS["hangul_name"]
