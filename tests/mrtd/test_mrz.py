"""desk.mrtd.mrz against the specimens of Doc 9303 and against what goes wrong in the field."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mrtd import mrz
from desk.mrtd.mrz import Field, MrzFormat, MrzKey

# ICAO Doc 9303 part 4 (8th edition), appendix B: specimen of a TD3 zone.
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
# ICAO Doc 9303 part 5, appendix B: specimen of a TD1 zone.
TD1 = (
    "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
)
# ICAO Doc 9303 part 6, appendix B: specimen of a TD2 zone.
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
# ICAO Doc 9303 part 11, appendix D.2: numbers of more than nine characters, both sizes.
TD2_LONG = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<\nD23145890<UTO3407127M95071227349<<<8"
TD1_LONG = (
    "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<"
)
# Invented; the number is of the form Korea prints since 2021-12-21.
KOREAN = (
    "PMKORKIM<<HANEUL<<<<<<<<<<<<<<<<<<<<<<<<<<<<\nM123A45674KOR9103144F3305027<<<<<<<<<<<<<<02"
)


def test_td3_gives_all_fields() -> None:
    zone = mrz.parse(TD3)

    assert zone.format is MrzFormat.TD3
    assert (zone.document_code, zone.issuer, zone.nationality) == ("P", "UTO", "UTO")
    assert (zone.surname, zone.given_names) == ("ERIKSSON", "ANNA MARIA")
    assert zone.document_number == "L898902C3"
    assert (zone.birth, zone.sex, zone.expiry) == ("740812", "F", "120415")
    assert zone.optional == "ZE184226B"
    assert zone.check_digits == 5


@pytest.mark.parametrize(("text", "format_"), [(TD1, MrzFormat.TD1), (TD2, MrzFormat.TD2)])
def test_cards_give_the_same_person(text: str, format_: MrzFormat) -> None:
    zone = mrz.parse(text)

    assert zone.format is format_
    assert (zone.surname, zone.given_names) == ("ERIKSSON", "ANNA MARIA")
    assert zone.document_number == "D23145890"
    assert (zone.birth, zone.sex, zone.expiry) == ("740812", "F", "120415")


@pytest.mark.parametrize("text", [TD1_LONG, TD2_LONG])
def test_a_long_number_runs_on_in_the_optional_data(text: str) -> None:
    zone = mrz.parse(text)

    assert zone.document_number == "D23145890734"
    assert zone.optional == ""
    # Doc 9303-11 appendix D.2 gives this seed for the number.
    assert zone.key.seed.hex() == "b366ad857ddca2b08c0e299811714730"


@pytest.mark.parametrize(
    ("text", "information"),
    [
        (TD2_LONG, "D23145890734934071279507122"),
        (
            "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL898902C<3UTO6908061F9406236<<<<<<<8",
            "L898902C<369080619406236",
        ),
        (TD1_LONG, "D23145890734934071279507122"),
        (
            "I<UTOL898902C<3<<<<<<<<<<<<<<<\n6908061F9406236UTO<<<<<<<<<<<1\n"
            "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            "L898902C<369080619406236",
        ),
    ],
)
def test_the_information_of_every_zone_of_the_worked_examples(text: str, information: str) -> None:
    """Doc 9303-11 appendix D.2; two of its zones are printed with another composite digit."""
    zone, errors = mrz.read(text)

    assert zone.key.information == information
    assert {error.field for error in errors} <= {Field.COMPOSITE}


@pytest.mark.parametrize("code", ["P<", "PM", "PS", "PR", "PO"])
def test_every_korean_document_code_is_a_passport(code: str) -> None:
    zone = mrz.parse(KOREAN.replace("PM", code, 1))

    assert zone.is_passport
    assert zone.document_number == "M123A4567"


def test_an_empty_optional_field_may_have_a_filler_as_digit() -> None:
    filler = KOREAN[:-2] + "<" + KOREAN[-1]

    zone = mrz.parse(filler)

    assert zone.check_digits == 4
    assert zone.optional == ""


def test_a_filled_optional_field_needs_its_digit() -> None:
    with pytest.raises(mrz.MrzCheckDigit) as caught:
        mrz.parse(TD3[:-2] + "<" + TD3[-1])

    assert (caught.value.line, caught.value.column) == (2, 43)
    assert caught.value.field is Field.OPTIONAL


def test_lines_run_together_are_cut() -> None:
    assert mrz.parse(TD3.replace("\n", "")).lines == mrz.parse(TD3).lines
    assert mrz.parse(TD1.replace("\n", "")).lines == mrz.parse(TD1).lines


@pytest.mark.parametrize(
    ("place", "letter", "kind", "line", "column", "field"),
    [
        (9, "1", mrz.MrzCheckDigit, 2, 10, Field.DOCUMENT_NUMBER),
        (2, "8", mrz.MrzCheckDigit, 2, 10, Field.DOCUMENT_NUMBER),
        (15, "1", mrz.MrzCheckDigit, 2, 20, Field.BIRTH),
        (22, "1", mrz.MrzCheckDigit, 2, 28, Field.EXPIRY),
        (43, "9", mrz.MrzCheckDigit, 2, 44, Field.COMPOSITE),
        (13, "O", mrz.MrzCharacter, 2, 14, Field.BIRTH),
        (20, "W", mrz.MrzCharacter, 2, 21, Field.SEX),
        (10, "0", mrz.MrzCharacter, 2, 11, Field.NATIONALITY),
        (0, "!", mrz.MrzCharacter, 2, 1, Field.DOCUMENT_NUMBER),
    ],
)
def test_the_error_names_its_place(
    place: int, letter: str, kind: type[mrz.MrzError], line: int, column: int, field: Field
) -> None:
    first, second = TD3.split("\n")
    broken = f"{first}\n{second[:place]}{letter}{second[place + 1 :]}"

    with pytest.raises(kind) as caught:
        mrz.parse(broken)

    assert (caught.value.line, caught.value.column, caught.value.field) == (line, column, field)
    assert caught.value.facts == {"line": line, "column": column, "field": field.value}


def test_a_digit_in_a_name_is_named_on_the_first_line() -> None:
    with pytest.raises(mrz.MrzCharacter) as caught:
        mrz.parse(TD3.replace("ANNA", "ANN4"))

    assert (caught.value.line, caught.value.column) == (1, 19)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        (TD3[:-1], 2, 44),
        (TD3 + "<", 2, 45),
        (TD3[1:], 1, 44),
        ("P<UTO", 1, 1),
        ("A\nB\nC\nD", 3, 1),
    ],
)
def test_a_wrong_shape_names_where_it_departs(text: str, line: int, column: int) -> None:
    with pytest.raises(mrz.MrzShape) as caught:
        mrz.parse(text)

    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_month_that_no_calendar_has_is_refused() -> None:
    birth = "741312"
    first, second = TD3.split("\n")
    second = second[:13] + birth + mrz.check_digit(birth) + second[20:43]
    second += mrz.check_digit(second[:10] + second[13:20] + second[21:43])

    with pytest.raises(mrz.MrzDate) as caught:
        mrz.parse(f"{first}\n{second}")

    assert (caught.value.column, caught.value.field) == (16, Field.BIRTH)


def test_all_problems_are_named_at_once() -> None:
    first, second = TD3.split("\n")
    broken = f"{first}\n{second[:9]}0{second[10:19]}9{second[20:]}"

    fields = [problem.field for problem in mrz.problems(broken)]

    assert fields == [Field.DOCUMENT_NUMBER, Field.BIRTH]
    assert mrz.problems(TD3) == ()
    assert [p.code for p in mrz.problems("x")] == ["MRZ-01"]


def test_the_key_is_that_of_the_worked_example() -> None:
    """Doc 9303-11 appendix D.2."""
    key = MrzKey("L898902C", "690806", "940623")

    assert key.information == "L898902C<369080619406236"
    assert key.seed.hex() == "239ab9cb282daf66231dc5a4df6bfbae"


@pytest.mark.parametrize(
    ("number", "birth", "expiry"),
    [("", "690806", "940623"), ("L8989 2C", "690806", "940623"), ("L8", "6908O6", "940623")],
)
def test_a_key_that_no_zone_could_hold_is_refused(number: str, birth: str, expiry: str) -> None:
    with pytest.raises(mrz.MrzCharacter):
        MrzKey(number, birth, expiry)


def test_personal_data_stay_out_of_repr() -> None:
    shown = repr(mrz.parse(TD3)) + repr(mrz.parse(TD3).key)

    for value in ("ERIKSSON", "ANNA", "L898902C", "740812", "ZE184226B", "120415"):
        assert value not in shown


@pytest.mark.parametrize(
    ("birth", "today", "expected"),
    [
        ("740812", date(2026, 11, 22), date(1974, 8, 12)),
        ("261122", date(2026, 11, 22), date(2026, 11, 22)),
        ("261123", date(2026, 11, 22), date(1926, 11, 23)),
        ("130229", date(2026, 11, 22), None),
        ("7408<<", date(2026, 11, 22), None),
    ],
)
def test_a_birth_date_is_the_latest_that_is_past(
    birth: str, today: date, expected: date | None
) -> None:
    zone, _ = mrz.read(TD3.replace("740812", birth))

    assert zone.birth_date(today) == expected


@pytest.mark.parametrize(
    ("expiry", "today", "expected"),
    [
        ("120415", date(2026, 11, 22), date(2012, 4, 15)),
        ("360101", date(2026, 11, 22), date(2036, 1, 1)),
        ("990101", date(2026, 11, 22), date(1999, 1, 1)),
        ("050101", date(2096, 1, 1), date(2105, 1, 1)),
    ],
)
def test_an_expiry_date_is_the_nearest(expiry: str, today: date, expected: date) -> None:
    zone, _ = mrz.read(TD3.replace("120415", expiry))

    assert zone.expiry_date(today) == expected


def test_a_name_to_the_last_column_may_be_cut() -> None:
    lines = mrz.compose_td3(
        "PM", "KOR", "A" * 20, "B" * 30, "M123A4567", "KOR", "910314", "F", "330502"
    )

    assert mrz.parse("\n".join(lines)).name_may_be_cut
    assert not mrz.parse(TD3).name_may_be_cut


def test_composing_gives_what_parsing_takes() -> None:
    lines = mrz.compose_td3(
        "PM", "KOR", "KIM", "HANEUL", "M123A4567", "KOR", "910314", "F", "330502"
    )

    assert "\n".join(lines) == KOREAN


@pytest.mark.parametrize(
    "burst",
    [
        # DESKO: STX line CR line CR ETX (facts of the vendor's keyboard wedge).
        "\x02{0}\r{1}\r\x03",
        # 3M style: SOH length OU STX, three lines ended by CR, padding, ETX and a check byte.
        "\x01\x5aOU\x02{0}\r{1}\r" + "_" * 44 + "\r\x03K",
        "{0}\r\n{1}\r\n",
        "{0}\n{1}",
        "\x02{0}\r{1}\x03",
    ],
)
def test_bursts_of_readers_become_lines(burst: str) -> None:
    first, second = KOREAN.split("\n")

    cleaned = mrz.clean_burst(burst.format(first, second))

    assert cleaned == KOREAN
    assert mrz.parse(cleaned).document_number == "M123A4567"


def test_underscores_are_padding_and_small_letters_are_lifted() -> None:
    assert mrz.clean_burst(KOREAN.replace("<", "_").lower()) == KOREAN


def test_an_empty_burst_is_empty() -> None:
    assert mrz.clean_burst("\x02\r\x03") == ""


def test_a_long_number_with_a_strange_character_is_read_with_its_error() -> None:
    """A chip may write any ASCII into its zone; the fields come out and the place is named."""
    zone = TD2_LONG.replace("D23145890<", "D23145\x0190<")
    assert zone != TD2_LONG

    found, errors = mrz.read(zone)

    assert found.document_number == "D23145\x0190"
    assert errors[0].field is mrz.Field.DOCUMENT_NUMBER


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        mrz.parse(mrz.clean_burst(text))
    except mrz.MrzError as error:
        assert error.line >= 1
        assert error.column >= 1


ZONES = st.sampled_from([TD1, TD2, TD3, KOREAN, TD1_LONG, TD2_LONG])


@given(ZONES, st.data())
def test_a_single_wrong_digit_never_passes_unseen(zone: str, data: st.DataObject) -> None:
    """Weights 7, 3, 1 see every single substitution of one digit by another."""
    places = [i for i, c in enumerate(zone) if c.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != zone[place]]))

    problems = mrz.problems(zone[:place] + other + zone[place + 1 :])

    assert problems


NAMES = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12)
DATES = st.dates(date(2001, 1, 1), date(2040, 12, 31)).map(lambda d: d.strftime("%y%m%d"))
NUMBERS = st.from_regex(r"[MSRGD][0-9]{3}[A-Z][0-9]{4}", fullmatch=True)


@given(NAMES, NAMES, NUMBERS, DATES, DATES, st.sampled_from("MFX<"))
def test_what_is_composed_reads_back(
    surname: str, given_names: str, number: str, birth: str, expiry: str, sex: str
) -> None:
    lines = mrz.compose_td3("PM", "KOR", surname, given_names, number, "KOR", birth, sex, expiry)

    zone = mrz.parse("\n".join(lines))

    assert (zone.surname, zone.given_names) == (surname, given_names)
    assert (zone.document_number, zone.birth, zone.expiry) == (number, birth, expiry)
