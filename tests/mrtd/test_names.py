"""desk.mrtd.names: transliteration and truncation of the standard's own examples."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mrtd import mrz, names
from desk.mrtd.names import Match


def zone_name(field: str) -> str:
    """The name in a field of the zone, as the desk keeps it."""
    surname, given_names = mrz.split_name(field)
    return f"{surname} {given_names}".strip()


# Origin: ICAO Doc 9303-4 (8th edition) clause 4.2.3.1, names as on the page and in the zone.
WHOLE = [
    ("ERIKSSON, ANNA MARIA", "ERIKSSON<<ANNA<MARIA"),
    ("HENG, DEBORAH MING LO", "HENG<<DEBORAH<MING<LO"),
    ("SMITH-JONES, SUSIE MARGARET", "SMITH<JONES<<SUSIE<MARGARET"),
    ("O'CONNOR, ENYA SIOBHAN", "OCONNOR<<ENYA<SIOBHAN"),
    ("VAN DER MUELLEN, MARTIN", "VAN<DER<MUELLEN<<MARTIN"),
    ("ARKFREITH", "ARKFREITH"),
    # 9303-3 clause 4.6, and appendix B.
    ("D'ARTAGNAN, MARIE-ELISE", "DARTAGNAN<<MARIE<ELISE"),
    ("D\u2019Artagnan", "DARTAGNAN"),
    ("CAÑON, Térèsa", "CANXXON<<TERESA"),
]


@pytest.mark.parametrize(("page", "field"), WHOLE)
def test_the_standards_names_are_the_same_name(page: str, field: str) -> None:
    assert names.match(zone_name(field), page) not in (Match.CUT, Match.DIFFERENT)


# Origin: the same part, clauses 4.2.3.2 and 4.2.3.3 (TD3), and 9303-6 clause 4.2.3 (TD2).
NILAVADHANANANDA = "NILAVADHANANANDA CHAYAPA DEJTHAMRONG KRASUANG"
ARNPOL = "NILAVADHANANANDA ARNPOL PETCH CHARONGUANG"
BENNELONG = "BENNELONG WOOLOOMOOLOO WARRANDYTE WARNAMBOOL DINGO POTOROO"
CUT = [
    (NILAVADHANANANDA, "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"),
    (ARNPOL, "NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU"),
    (BENNELONG, "BENNELONG<WOOLOOMOOLOO<WARRANDYTE<W<<DI"),
    (BENNELONG, "BENNELONG<WOOLOOM<WARRAND<WARNAM<<DINGO"),
    (BENNELONG, "BENNEL<WOOLOO<WARRAN<WARNAM<<DINGO<POTO"),
    (NILAVADHANANANDA, "NILAVADHANANANDA<<CHAYAPA<DEJ<K"),
    (BENNELONG, "BENNELONG<WOOLOOMOOLOO<W<W<<D<P"),
]


@pytest.mark.parametrize(("whole", "field"), CUT)
def test_cut_names_are_the_whole_ones_where_the_field_is_full(whole: str, field: str) -> None:
    cut = zone_name(field)

    assert names.match(cut, whole, cut=True) is Match.CUT
    assert names.match(cut, whole) is Match.DIFFERENT


def test_a_name_that_just_fits_is_not_cut() -> None:
    """9303-4 clause 4.2.3.4: the last column holds a letter and nothing is missing."""
    whole = "PAPANDROPOULOUS JONATHON WARREN TREVOR"

    assert names.match(zone_name("PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR"), whole, cut=True) is (
        Match.SAME
    )


@pytest.mark.parametrize(
    "other",
    [
        "BENNELONG WOOLOOMOOLOO WARRANDYTE DINGO",
        "BENNELONG WOOLOOMOOLOO WARRANDYTE XARNAMBOOL DINGO POTOROO",
        "WOOLOOMOOLOO BENNELONG WARRANDYTE WARNAMBOOL DINGO POTOROO",
        "",
    ],
)
def test_another_name_is_not_the_cut_one(other: str) -> None:
    cut = zone_name("BENNELONG<WOOLOOM<WARRAND<WARNAM<<DINGO")

    assert names.match(cut, other, cut=True) is Match.DIFFERENT


@pytest.mark.parametrize(
    ("zone", "other"),
    [
        ("MUELLER", "MÜLLER"),
        ("MULLER", "Müller"),
        ("MUXXLLER", "MÜLLER"),
        ("GOESSMANN", "Gößmann"),
        ("OESTERGAARD SOEREN", "Østergård Søren"),
        ("AASE", "ÅSE"),
        ("THORSDOTTIR", "ÞÓRSDÓTTIR"),
        ("LODZ", "ŁÓDŹ"),
        ("NGUYEN THI", "NGUYỄN THỊ"),
        ("IJSSEL", "ĲSSEL"),
        ("TSOI VIKTOR", "ЦОЙ ВИКТОР"),
        ("KHAN IURII", "ХАН ЮРИЙ"),
        ("KIM YULIYA", "КИМ ЮЛИЯ"),
        ("SHCHERBAKOV", "ЩЕРБАКОВ"),
    ],
)
def test_letters_in_every_way_the_zone_may_write_them(zone: str, other: str) -> None:
    """Clause 6; a decomposed letter (NFD) counts as the composed one."""
    assert names.match(zone, other) is Match.TRANSLITERATED
    assert names.match(zone, unicodedata.normalize("NFD", other)) is Match.TRANSLITERATED


@pytest.mark.parametrize(
    ("zone", "other", "expected"),
    [
        ("KIM HANEUL", "KIM HANEUL", Match.SAME),
        ("KIM HANEUL", "KIM HA NEUL", Match.SPACING),
        ("KIM HANEUL", "Kim Ha-neul", Match.SPACING),
        ("KIM HANEUL", "KIM HANEUI", Match.DIFFERENT),
        ("KIM HANEUL", "KIM", Match.DIFFERENT),
        ("KIM", "KIM HANEUL", Match.DIFFERENT),
        ("MULLER", "MUELLER", Match.DIFFERENT),
        ("", "KIM", Match.DIFFERENT),
        ("KIM", "", Match.DIFFERENT),
        ("KIM", "김", Match.DIFFERENT),
    ],
)
def test_spelling_apart_a_letter_more_or_less_is_another_name(
    zone: str, other: str, expected: Match
) -> None:
    assert names.match(zone, other) is expected


def test_one_way_of_writing_is_kept_through_a_name() -> None:
    assert names.match("MUELLER GUENTER", "MÜLLER GÜNTER") is Match.TRANSLITERATED
    assert names.match("MUELLER GUNTER", "MÜLLER GÜNTER") is Match.DIFFERENT


def test_a_name_made_to_be_spelt_in_endless_ways_costs_little() -> None:
    letters = "ÄÅÑÖØÜƏЁЄЇЌЃЋЏГЖИЙХЦЧШЩЪЮЯҒ"

    assert len(names.forms(letters * 10)) <= 1024


@given(st.text(max_size=60))
def test_a_name_is_itself_whatever_it_is(name: str) -> None:
    assert names.match(name, name) is Match.SAME


@given(st.text(max_size=60), st.text(max_size=60), st.booleans())
def test_any_two_texts_compare(zone: str, other: str, cut: bool) -> None:
    assert isinstance(names.match(zone, other, cut=cut), Match)


@given(st.text(alphabet="ABCXYZ -'", max_size=40))
def test_forms_hold_letters_of_the_zone_only(name: str) -> None:
    for form in names.forms(name):
        assert all(part.isascii() and part.isalpha() for part in form)
