"""The machine readable zone (ICAO Doc 9303 parts 3 to 6): TD1, TD2 and TD3.

Text in, fields out, each error with its place. Names stay as printed: transliteration
back to other scripts and comparison with registers are left to others. Reading the
zone from a picture or a device is left to others too; `clean_burst` takes what a
keyboard-like reader types.

    Trouble
    └── MrzError             place: line, column (both from 1), field
        ├── MrzShape         not two lines of 36 or 44, nor three of 30
        ├── MrzCharacter     a character that its field cannot hold
        ├── MrzCheckDigit    a check digit that does not fit
        └── MrzDate          a date that no calendar has
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import ClassVar, NamedTuple

from desk.trouble import Trouble

FILLER = "<"
_WEIGHTS = (7, 3, 1)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)} | {FILLER: 0}


class Field(StrEnum):
    """Parts of the zone, as errors and screens name them."""

    WHOLE = "whole"
    DOCUMENT_CODE = "document_code"
    ISSUER = "issuer"
    NAME = "name"
    DOCUMENT_NUMBER = "document_number"
    NATIONALITY = "nationality"
    BIRTH = "birth"
    SEX = "sex"
    EXPIRY = "expiry"
    OPTIONAL = "optional"
    OPTIONAL_2 = "optional_2"
    COMPOSITE = "composite"


class MrzError(Trouble):
    """The zone does not read as Doc 9303 says. ``end`` is the last column of the place."""

    code: ClassVar[str] = "MRZ-00"

    def __init__(self, line: int, column: int, field: Field, end: int | None = None) -> None:
        super().__init__(
            f"{self.code} line {line} column {column} {field}",
            line=line,
            column=column,
            field=field.value,
        )
        self.line = line
        self.column = column
        self.field = field
        self.end = column if end is None else end


class MrzShape(MrzError):
    """Number or length of the lines is none that Doc 9303 knows."""

    code = "MRZ-01"


class MrzCharacter(MrzError):
    """A character that cannot stand in this field."""

    code = "MRZ-02"


class MrzCheckDigit(MrzError):
    """Field and check digit do not fit together; one of both is misread or altered."""

    code = "MRZ-03"


class MrzDate(MrzError):
    """Month or day out of the calendar."""

    code = "MRZ-04"


class MrzFormat(StrEnum):
    """Size of document; the value is its name in Doc 9303."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"


class Span(NamedTuple):
    """Place of a field: line and columns as zero-based slice."""

    line: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where Doc 9303 puts what. A check digit stands right behind its span."""

    format: MrzFormat
    lines: int
    length: int
    spans: dict[Field, Span]
    composite: tuple[Span, ...]
    composite_digit: Span
    long_number: Field | None
    optional_digit: bool


_TD1 = Layout(
    MrzFormat.TD1,
    3,
    30,
    {
        Field.DOCUMENT_CODE: Span(0, 0, 2),
        Field.ISSUER: Span(0, 2, 5),
        Field.DOCUMENT_NUMBER: Span(0, 5, 14),
        Field.OPTIONAL: Span(0, 15, 30),
        Field.BIRTH: Span(1, 0, 6),
        Field.SEX: Span(1, 7, 8),
        Field.EXPIRY: Span(1, 8, 14),
        Field.NATIONALITY: Span(1, 15, 18),
        Field.OPTIONAL_2: Span(1, 18, 29),
        Field.NAME: Span(2, 0, 30),
    },
    (Span(0, 5, 30), Span(1, 0, 7), Span(1, 8, 15), Span(1, 18, 29)),
    Span(1, 29, 30),
    Field.OPTIONAL,
    False,
)


def _two_lines(format_: MrzFormat, length: int, long: Field | None, optional_digit: bool) -> Layout:
    """TD2 and TD3 differ in length and in what stands behind the expiry date."""
    optional_stop = length - 2 if optional_digit else length - 1
    return Layout(
        format_,
        2,
        length,
        {
            Field.DOCUMENT_CODE: Span(0, 0, 2),
            Field.ISSUER: Span(0, 2, 5),
            Field.NAME: Span(0, 5, length),
            Field.DOCUMENT_NUMBER: Span(1, 0, 9),
            Field.NATIONALITY: Span(1, 10, 13),
            Field.BIRTH: Span(1, 13, 19),
            Field.SEX: Span(1, 20, 21),
            Field.EXPIRY: Span(1, 21, 27),
            Field.OPTIONAL: Span(1, 28, optional_stop),
        },
        (Span(1, 0, 10), Span(1, 13, 20), Span(1, 21, length - 1)),
        Span(1, length - 1, length),
        long,
        optional_digit,
    )


_TD2 = _two_lines(MrzFormat.TD2, 36, Field.OPTIONAL, optional_digit=False)
_TD3 = _two_lines(MrzFormat.TD3, 44, None, optional_digit=True)
_LAYOUTS = {(layout.lines, layout.length): layout for layout in (_TD1, _TD2, _TD3)}

_LETTERS = re.compile(r"[A-Z<]")
_DIGITS = re.compile(r"[0-9<]")
_STRICT_DIGITS = re.compile(r"[0-9]")
_ANY = re.compile(r"[A-Z0-9<]")
_SEX = re.compile(r"[MFX<]")
_ALLOWED = {
    Field.DOCUMENT_CODE: _ANY,
    Field.ISSUER: _LETTERS,
    Field.NAME: _LETTERS,
    Field.DOCUMENT_NUMBER: _ANY,
    Field.NATIONALITY: _LETTERS,
    Field.BIRTH: _DIGITS,
    Field.SEX: _SEX,
    Field.EXPIRY: _STRICT_DIGITS,
    Field.OPTIONAL: _ANY,
    Field.OPTIONAL_2: _ANY,
}


def check_digit(text: str) -> str:
    """The check digit over ``text`` (Doc 9303-3 clause 4.9): weights 7, 3, 1, modulo 10.

    Raises KeyError for a character outside the alphabet of the zone.
    """
    total = sum(_VALUES[c] * _WEIGHTS[i % 3] for i, c in enumerate(text))
    return str(total % 10)


@dataclass(frozen=True, slots=True)
class MrzKey:
    """What opens a chip by Basic Access Control: number and two dates, as in the zone.

    ``document_number`` without trailing fillers; ``birth`` and ``expiry`` are YYMMDD.
    Raises MrzCharacter where they could not stand in a zone.
    """

    document_number: str = field(repr=False)
    birth: str = field(repr=False)
    expiry: str = field(repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z0-9][A-Z0-9<]*", self.document_number):
            raise MrzCharacter(0, 0, Field.DOCUMENT_NUMBER)
        if not re.fullmatch(r"[0-9<]{6}", self.birth):
            raise MrzCharacter(0, 0, Field.BIRTH)
        if not re.fullmatch(r"[0-9]{6}", self.expiry):
            raise MrzCharacter(0, 0, Field.EXPIRY)

    @property
    def information(self) -> str:
        """MRZ_information of Doc 9303-11 clause 9.7.2: fields with their check digits."""
        fields = (self.document_number.ljust(9, FILLER), self.birth, self.expiry)
        return "".join(text + check_digit(text) for text in fields)

    @property
    def seed(self) -> bytes:
        """K_seed: the first 16 bytes of SHA-1 over the information (part 11, 9.7.2)."""
        return hashlib.sha1(self.information.encode(), usedforsecurity=False).digest()[:16]


@dataclass(frozen=True, slots=True)
class Mrz:
    """A zone that reads right: every character, date and check digit fits.

    Personal fields stay out of ``repr``, which ends up in logs. ``birth`` and ``expiry``
    are YYMMDD as printed; a birth date may have unknown parts as fillers.
    """

    format: MrzFormat
    lines: tuple[str, ...] = field(repr=False)
    document_code: str
    issuer: str
    surname: str = field(repr=False)
    given_names: str = field(repr=False)
    document_number: str = field(repr=False)
    nationality: str
    birth: str = field(repr=False)
    sex: str = field(repr=False)
    expiry: str = field(repr=False)
    optional: str = field(repr=False)
    optional_2: str = field(repr=False, default="")
    check_digits: int = 0
    """How many check digits were there and fit."""

    @property
    def text(self) -> str:
        """The lines without separator, as DG1 holds them."""
        return "".join(self.lines)

    @property
    def key(self) -> MrzKey:
        return MrzKey(self.document_number, self.birth, self.expiry)

    @property
    def name_may_be_cut(self) -> bool:
        """The name fills its field to the end, so part of it may be missing (9303-3, 4.6)."""
        span = _LAYOUTS[len(self.lines), len(self.lines[0])].spans[Field.NAME]
        return self.lines[span.line][span.stop - 1] != FILLER

    @property
    def is_passport(self) -> bool:
        """Document code P, whatever stands beside it (PM, PS, PR, PO for Korea)."""
        return self.document_code.startswith("P")

    def birth_date(self, today: date) -> date | None:
        """The latest such date not after ``today``; None where parts are unknown."""
        if not self.birth.isdecimal():
            return None
        century = today.year - today.year % 100
        for base in (century, century - 100):
            born = _calendar(base + int(self.birth[:2]), self.birth)
            if born is not None and born <= today:
                return born
        return None

    def expiry_date(self, today: date) -> date | None:
        """The date nearest to ``today`` within 50 years; None where it is none."""
        if not self.expiry.isdecimal():
            return None
        year = today.year - today.year % 100 + int(self.expiry[:2])
        year += 100 if year < today.year - 50 else -100 if year >= today.year + 50 else 0
        return _calendar(year, self.expiry)


def parse(text: str) -> Mrz:
    """The zone in ``text`` (lines apart by line breaks, or run together).

    Raises MrzError of the first thing that does not fit.
    """
    lines, layout = _shape(text)
    for error in _errors(lines, layout):
        raise error
    return _read(lines, layout)


def read(text: str) -> tuple[Mrz, tuple[MrzError, ...]]:
    """The fields as they stand, and everything that does not fit; for a chip's own zone.

    Raises MrzShape where there are no fields.
    """
    lines, layout = _shape(text)
    return _read(lines, layout), tuple(_errors(lines, layout))


def problems(text: str) -> tuple[MrzError, ...]:
    """Everything that does not fit, for marking it all at once; empty where `parse` works."""
    try:
        lines, layout = _shape(text)
    except MrzShape as error:
        return (error,)
    return tuple(_errors(lines, layout))


def split_name(text: str) -> tuple[str, str]:
    """Surname and given names of a name field; single fillers become spaces."""
    surname, _, given = text.strip(FILLER).partition(FILLER * 2)
    return _words(surname), _words(given)


def compose_td3(
    document_code: str,
    issuer: str,
    surname: str,
    given_names: str,
    document_number: str,
    nationality: str,
    birth: str,
    sex: str,
    expiry: str,
    optional: str = "",
) -> tuple[str, str]:
    """The two lines of a passport, check digits added; names cut to their 39 columns.

    Raises MrzError where a field cannot be written so.
    """
    name = f"{_fillers(surname)}<<{_fillers(given_names)}"
    first = f"{document_code:<2}{issuer:<3}{name:<39.39}".replace(" ", FILLER)
    parts = [document_number.ljust(9, FILLER), birth, expiry, optional.ljust(14, FILLER)]
    number, born, ends, other = (part + _digit_or_filler(part) for part in parts)
    second = f"{number}{nationality:<3}{born}{sex}{ends}{other}".replace(" ", FILLER)
    second += _digit_or_filler(number + born + ends + other)
    parse(f"{first}\n{second}")
    return first, second


_BURST_NOISE = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x20\x7f]")
_PREFIX_3M = re.compile(r"\x01.{1,3}OU\x02", re.DOTALL)
_AFTER_ETX = re.compile(r"\x03.*", re.DOTALL)


def clean_burst(burst: str) -> str:
    """Lines of a zone out of what a reader typed, apart by line feeds; empty for none.

    Takes DESKO's ``STX line CR line CR ETX``, the 3M style ``SOH length OU STX`` with
    ``_`` as padding and a check byte behind ETX, and plain lines with any line end.
    Case is lifted, since a reader behind a caps lock types small letters.
    """
    text = _AFTER_ETX.sub("", _PREFIX_3M.sub("", burst, count=1), count=1)
    text = re.sub(r"\r\n?", "\n", text).replace("_", FILLER).upper()
    lines = (_BURST_NOISE.sub("", line) for line in text.split("\n"))
    # 3M readers send a third line of padding only for two-line documents.
    return "\n".join(line for line in lines if line.strip(FILLER))


def _shape(text: str) -> tuple[tuple[str, ...], Layout]:
    lines = tuple(line.strip() for line in text.strip().splitlines() if line.strip())
    if len(lines) == 1:
        lines = _cut(lines[0])
    if not lines:
        raise MrzShape(1, 1, Field.WHOLE)
    layout = _LAYOUTS.get((len(lines), len(lines[0])))
    if layout is None:
        raise MrzShape(*_misshapen(lines), Field.WHOLE)
    for index, line in enumerate(lines):
        if len(line) != layout.length:
            raise MrzShape(index + 1, min(len(line), layout.length) + 1, Field.WHOLE)
    return lines, layout


def _cut(text: str) -> tuple[str, ...]:
    """Lines run together; a single odd line stays one."""
    for layout in _LAYOUTS.values():
        if len(text) == layout.lines * layout.length:
            return tuple(text[i : i + layout.length] for i in range(0, len(text), layout.length))
    return (text,)


def _misshapen(lines: tuple[str, ...]) -> tuple[int, int]:
    """Where the shape first departs from the format most like it: line and column."""
    wanted = {length for count, length in _LAYOUTS if count == len(lines)}
    if not wanted:
        return min(len(lines), 3), 1
    nearest = min(wanted, key=lambda length: abs(length - len(lines[0])))
    return 1, min(len(lines[0]), nearest) + 1


def _errors(lines: tuple[str, ...], layout: Layout) -> Iterator[MrzError]:
    bad_characters = list(_wrong_characters(lines, layout))
    if bad_characters:
        yield from bad_characters
        return  # check digits over what cannot be read tell nothing more
    yield from _wrong_check_digits(lines, layout)
    yield from _wrong_dates(lines, layout)


def _wrong_characters(lines: tuple[str, ...], layout: Layout) -> Iterator[MrzError]:
    for name, span in layout.spans.items():
        for column, character in enumerate(_at(lines, span), span.start):
            if not _ALLOWED[name].fullmatch(character):
                yield MrzCharacter(span.line + 1, column + 1, name)
    if not _at(lines, layout.spans[Field.DOCUMENT_CODE])[0].isalpha():
        yield MrzCharacter(1, 1, Field.DOCUMENT_CODE)
    if not _at(lines, layout.spans[Field.DOCUMENT_NUMBER]).strip(FILLER):
        span = layout.spans[Field.DOCUMENT_NUMBER]
        yield MrzCharacter(span.line + 1, span.start + 1, Field.DOCUMENT_NUMBER)
    for name in _digit_fields(layout):
        span = _digit_span(layout, name)
        if not _DIGITS.fullmatch(_at(lines, span)):
            yield MrzCharacter(span.line + 1, span.start + 1, name)


def _wrong_check_digits(lines: tuple[str, ...], layout: Layout) -> Iterator[MrzError]:
    wrong = False
    for name in _digit_fields(layout):
        if name is Field.COMPOSITE:
            continue
        if not _digit_fits(lines, layout, name):
            wrong = True
            digit = _digit_span(layout, name)
            yield MrzCheckDigit(digit.line + 1, digit.start + 1, name)
    composite = "".join(_at(lines, span) for span in layout.composite)
    digit = layout.composite_digit
    # A wrong digit inside makes the composite wrong too; the inner place says more.
    if not wrong and _at(lines, digit) != check_digit(composite):
        yield MrzCheckDigit(digit.line + 1, digit.start + 1, Field.COMPOSITE)


def _digit_fits(lines: tuple[str, ...], layout: Layout, name: Field) -> bool:
    text, digit = _at(lines, layout.spans[name]), _at(lines, _digit_span(layout, name))
    if name is Field.DOCUMENT_NUMBER and digit == FILLER:
        return _long_number(lines, layout) is not None
    if name is Field.OPTIONAL and digit == FILLER:
        return not text.strip(FILLER)
    return digit == check_digit(text)


def _wrong_dates(lines: tuple[str, ...], layout: Layout) -> Iterator[MrzError]:
    for name in (Field.BIRTH, Field.EXPIRY):
        span = layout.spans[name]
        text = _at(lines, span)
        if not _possible(text):
            yield MrzDate(span.line + 1, span.start + 3, name, span.stop)


def _possible(text: str) -> bool:
    """A day and month of some year, or unknown parts as whole pairs of fillers."""
    year, month, day = text[:2], text[2:4], text[4:]
    if any(FILLER in part and part != FILLER * 2 for part in (year, month, day)):
        return False
    month_number = 1 if FILLER in month else int(month)
    day_number = 1 if FILLER in day else int(day)
    try:
        date(2000 if FILLER in year else 2000 + int(year), month_number, day_number)
    except ValueError:
        return False
    return True


def _long_number(lines: tuple[str, ...], layout: Layout) -> str | None:
    """A number of more than nine characters, which runs on in the optional data.

    Doc 9303-5 clause 4.2.2.1 and 9303-6: a filler in the place of the check digit, then
    the rest, its check digit and a filler. None where that is not so.
    """
    if layout.long_number is None:
        return None
    head = _at(lines, layout.spans[Field.DOCUMENT_NUMBER])
    tail = _at(lines, layout.spans[layout.long_number]).split(FILLER)[0]
    number = head + tail[:-1]
    if len(tail) < 2 or FILLER in head or not _VALUES.keys() >= set(number):
        return None
    return number if check_digit(number) == tail[-1] else None


def _read(lines: tuple[str, ...], layout: Layout) -> Mrz:
    def at(name: Field) -> str:
        return _at(lines, layout.spans[name]) if name in layout.spans else ""

    surname, given_names = split_name(at(Field.NAME))
    number, optional = at(Field.DOCUMENT_NUMBER).rstrip(FILLER), at(Field.OPTIONAL)
    if _at(lines, _digit_span(layout, Field.DOCUMENT_NUMBER)) == FILLER:
        number = _long_number(lines, layout) or number
        optional = optional.partition(FILLER)[2]
    digits = (_at(lines, _digit_span(layout, name)) for name in _digit_fields(layout))
    return Mrz(
        format=layout.format,
        lines=lines,
        document_code=at(Field.DOCUMENT_CODE).rstrip(FILLER),
        issuer=at(Field.ISSUER).rstrip(FILLER),
        surname=surname,
        given_names=given_names,
        document_number=number,
        nationality=at(Field.NATIONALITY).rstrip(FILLER),
        birth=at(Field.BIRTH),
        sex=at(Field.SEX).replace(FILLER, "X"),
        expiry=at(Field.EXPIRY),
        optional=optional.strip(FILLER),
        optional_2=at(Field.OPTIONAL_2).strip(FILLER),
        check_digits=sum(digit != FILLER for digit in digits),
    )


def _digit_fields(layout: Layout) -> tuple[Field, ...]:
    fields = (Field.DOCUMENT_NUMBER, Field.BIRTH, Field.EXPIRY)
    optional = (Field.OPTIONAL,) if layout.optional_digit else ()
    return (*fields, *optional, Field.COMPOSITE)


def _digit_span(layout: Layout, name: Field) -> Span:
    if name is Field.COMPOSITE:
        return layout.composite_digit
    line, _, stop = layout.spans[name]
    return Span(line, stop, stop + 1)


def _at(lines: tuple[str, ...], span: Span) -> str:
    return lines[span.line][span.start : span.stop]


def _words(text: str) -> str:
    return " ".join(part for part in text.split(FILLER) if part)


def _fillers(text: str) -> str:
    return re.sub(r"[^A-Z]+", FILLER, text.upper().replace("'", ""))


def _digit_or_filler(text: str) -> str:
    """The check digit, or a filler that `parse` then refuses with the right place."""
    return check_digit(text) if all(c in _VALUES for c in text) else FILLER


def _calendar(year: int, text: str) -> date | None:
    try:
        return date(year, int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
