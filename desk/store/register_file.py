"""Reading a register extract: one CSV line to one entry, or to what is wrong with it.

UTF-8 with or without byte order mark, comma separated, the header exactly
:data:`COLUMNS`. A bad line is named by number, column and reason, never by its content:
the content is personal data, and the message may be printed or logged.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from desk.trouble import Trouble

COLUMNS = (
    "overseas_number",
    "name_hangul",
    "surname",
    "given_names",
    "birth_date",
    "sex",
    "nationality",
    "resident_number",
    "passport_number",
    "post",
    "address",
    "status",
    "status_date",
    "status_reason",
)
ALIVE = "alive"
STRUCK_OFF = "struck_off"
_OLDEST = date(1890, 1, 1)
_OTHER_ENCODINGS = ("cp949", "utf-16")


class ExtractRefused(Trouble):
    """The extract cannot be imported; the records keep the one they had.

    ::

        ExtractRefused
        ├── ExtractUnreadable    REG-01
        ├── ExtractEncoding      REG-02   another encoding than UTF-8
        ├── ExtractHeader        REG-03   other columns
        ├── ExtractEmpty         REG-04   no line under the header
        ├── ExtractLines         REG-05   lines that cannot be right
        ├── ExtractOlder         REG-06   made before the one in use
        └── ExtractMisdated      REG-07   not made when somebody says it was
    """


class ExtractUnreadable(ExtractRefused):
    code = "REG-01"


class ExtractEncoding(ExtractRefused):
    code = "REG-02"


class ExtractHeader(ExtractRefused):
    code = "REG-03"


class ExtractEmpty(ExtractRefused):
    code = "REG-04"


class ExtractOlder(ExtractRefused):
    """Facts: made, in_use (days in Korea)."""

    code = "REG-06"


class ExtractMisdated(ExtractRefused):
    """Its own entries are newer, or the time is still to come. Facts: made and now (minutes in
    Korea), newest (a day)."""

    code = "REG-07"


class Reason(StrEnum):
    """What is wrong with a line. The words for it are the reader's business."""

    COLUMN_COUNT = "column_count"
    QUOTES = "quotes"
    ENCODING = "encoding"
    CONTROL_CHARACTER = "control_character"
    MISSING = "missing"
    TOO_LONG = "too_long"
    NOT_A_DATE = "not_a_date"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    NOT_A_NAME = "not_a_name"
    NOT_A_NUMBER = "not_a_number"
    UNKNOWN_VALUE = "unknown_value"
    UNKNOWN_POST = "unknown_post"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class BadLine:
    """``line`` counts from 1 with the header, as an editor shows it; ``column`` is empty
    where the whole line is meant. ``first_line`` is set for duplicates."""

    line: int
    column: str
    reason: Reason
    first_line: int | None = None


class ExtractLines(ExtractRefused):
    """``count`` bad lines; ``lines`` are the first of them, in their order."""

    code = "REG-05"

    def __init__(self, count: int, lines: tuple[BadLine, ...]) -> None:
        super().__init__(f"{count} bad lines", count=count, line=lines[0].line)
        self.lines = lines


@dataclass(frozen=True)
class Entry:
    """One line that is right. Text is NFC; dates are plain calendar dates."""

    line: int
    overseas_number: str
    name_hangul: str
    surname: str
    given_names: str
    birth_date: date
    sex: str
    nationality: str
    resident_number: str = field(repr=False)
    passport_number: str
    post: str
    address: str
    status: str
    status_date: date | None
    status_reason: str


def read_extract(
    path: Path, posts: Collection[str], today: date
) -> Iterator[Entry | tuple[BadLine, ...]]:
    """Each line as an entry, or as all that is wrong with it. Holds one line in memory.

    Raises :class:`ExtractUnreadable`, :class:`ExtractEncoding`, :class:`ExtractHeader`.
    """
    try:
        # Bytes that are not UTF-8 come through as surrogates, so that their line is known.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from _read_lines(csv.reader(file, strict=True), _Check(posts, today), path)
    except OSError as reason:
        raise ExtractUnreadable(path.name, file=path.name) from reason


def latin_key(surname: str, given_names: str) -> str:
    """The name as compared with a passport's: letters A to Z only, ``SURNAME<GIVEN``.

    Spaces, hyphens, apostrophes and accents do not count: registers write ``JUN HO`` where
    a passport has ``JUNHO`` or ``JUN-HO``.
    """
    return f"{_letters(surname)}<{_letters(given_names)}"


def hangul_key(name: str) -> str:
    """A name in Hangul as names are compared: its syllables alone, whatever stands between
    them; empty for a name without any."""
    return _NOT_A_SYLLABLE.sub("", unicodedata.normalize("NFC", name))


_NOT_A_LETTER = re.compile("[^A-Z]+")
_NOT_A_SYLLABLE = re.compile("[^가-힣]+")


def _letters(text: str) -> str:
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return _NOT_A_LETTER.sub("", plain.upper())


Row = list[str]


def _read_lines(
    reader: Iterator[Row], check: _Check, path: Path
) -> Iterator[Entry | tuple[BadLine, ...]]:
    header_seen = False
    while True:
        start = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            # From an open quote on nothing can be told apart any more.
            yield (BadLine(start, "", Reason.QUOTES),)
            return
        if not header_seen:
            _check_header(row, path)
            header_seen = True
        elif row:
            yield check.line(start, row, path)
    if not header_seen:
        raise ExtractEmpty(path.name, file=path.name)


def _check_header(row: Row, path: Path) -> None:
    if tuple(row) == COLUMNS:
        return
    _refuse_other_encoding(row, path)
    found = [name for name in row if name in COLUMNS]
    missing = [name for name in COLUMNS if name not in row]
    wrong = missing[0] if missing else ("order" if len(row) == len(COLUMNS) else "extra")
    raise ExtractHeader(path.name, file=path.name, column=wrong, found=len(found))


def _refuse_other_encoding(row: Row, path: Path) -> None:
    raw = ",".join(row).encode("utf-8", "surrogateescape")
    if b"\0" in raw or raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ExtractEncoding(path.name, file=path.name, found="UTF-16")
    if not _is_utf8(raw):
        raise ExtractEncoding(path.name, file=path.name, found=_guess(raw))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(raw: bytes) -> str:
    """CP949 where the bytes read as Hangul in it, else unknown."""
    try:
        text = raw.decode("cp949")
    except UnicodeDecodeError:
        return "unknown"
    return "CP949" if re.search("[가-힣]", text) else "unknown"


class _Check:
    """The rules of one column each, over all columns of a line."""

    def __init__(self, posts: Collection[str], today: date) -> None:
        self.posts = frozenset(posts)
        self.today = today
        self.utf8_seen = False
        self.readers: dict[str, Callable[[str], object]] = {
            "overseas_number": _matching(r"[A-Z0-9][A-Z0-9-]{0,31}", Reason.NOT_A_NUMBER),
            "name_hangul": _name,
            "surname": _latin,
            "given_names": lambda text: _latin(text) if text else "",
            "birth_date": self._date,
            "sex": _one_of("F", "M", "X"),
            "nationality": _matching(r"[A-Z]{3}", Reason.UNKNOWN_VALUE),
            "resident_number": _resident_number,
            "passport_number": _matching(r"[A-Z0-9]{0,9}", Reason.NOT_A_NUMBER),
            "post": self._post,
            "address": lambda text: _at_most(text, 300),
            "status": _one_of(ALIVE, STRUCK_OFF),
            "status_date": lambda text: self._date(text) if text else None,
            "status_reason": lambda text: _at_most(text, 200),
        }

    def line(self, number: int, row: Row, path: Path) -> Entry | tuple[BadLine, ...]:
        if len(row) != len(COLUMNS):
            return (BadLine(number, "", Reason.COLUMN_COUNT),)
        values: dict[str, object] = {}
        bad: list[BadLine] = []
        for column, text in zip(COLUMNS, row, strict=True):
            try:
                values[column] = self.readers[column](self._plain(text, path))
            except _Wrong as wrong:
                bad.append(BadLine(number, column, wrong.reason))
        if not bad and values["status"] == STRUCK_OFF and values["status_date"] is None:
            bad.append(BadLine(number, "status_date", Reason.MISSING))
        return tuple(bad) if bad else Entry(line=number, **values)  # type: ignore[arg-type]

    def _plain(self, text: str, path: Path) -> str:
        """NFC without blanks around; ASCII, the common case, is that already."""
        if text.isascii():
            if text.isprintable():
                return text.strip()
            raise _Wrong(Reason.CONTROL_CHARACTER)
        raw = text.encode("utf-8", "surrogateescape")
        if not _is_utf8(raw):
            # Broken UTF-8 may read as CP949; only a file without any good UTF-8 is one.
            if not self.utf8_seen and _guess(raw) == "CP949":
                raise ExtractEncoding(path.name, file=path.name, found="CP949")
            raise _Wrong(Reason.ENCODING)
        self.utf8_seen = True
        if not text.isprintable():
            raise _Wrong(Reason.CONTROL_CHARACTER)
        return unicodedata.normalize("NFC", text.strip())

    def _date(self, text: str) -> date:
        _demand(bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)), Reason.NOT_A_DATE, text)
        try:
            day = date.fromisoformat(text)
        except ValueError as reason:
            raise _Wrong(Reason.NOT_A_DATE) from reason
        _demand(_OLDEST <= day <= self.today, Reason.DATE_OUT_OF_RANGE, text)
        return day

    def _post(self, text: str) -> str:
        _demand(text in self.posts, Reason.UNKNOWN_POST, text)
        return text


class _Wrong(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def _demand(right: bool, reason: Reason, text: str) -> None:
    if not text:
        raise _Wrong(Reason.MISSING)
    if not right:
        raise _Wrong(reason)


def _matching(pattern: str, reason: Reason) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            _demand(False, reason, text)
        return text

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        _demand(text in choices, Reason.UNKNOWN_VALUE, text)
        return text

    return read


def _name(text: str) -> str:
    _demand(any(sign.isalpha() for sign in text), Reason.NOT_A_NAME, text)
    return _at_most(text, 60)


_LATIN_NAME = re.compile(r"[^\W\d_][^\W\d_ '.,-]*(?:[ '.,-]+[^\W\d_]+)*\.?")


def _latin(text: str) -> str:
    right = bool(_LATIN_NAME.fullmatch(text)) and bool(_letters(text))
    _demand(right, Reason.NOT_A_NAME, text)
    return _at_most(text, 80)


# Six digits of birth and seven more; X000000 in the second part stands for «has none».
_RESIDENT = re.compile(r"[0-9]{6}-?(?:[0-9]{7}|X000000)|X000000|")


def _resident_number(text: str) -> str:
    if not _RESIDENT.fullmatch(text):
        raise _Wrong(Reason.NOT_A_NUMBER)
    return text


def _at_most(text: str, length: int) -> str:
    if len(text) > length:
        raise _Wrong(Reason.TOO_LONG)
    return text
