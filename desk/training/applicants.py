"""The invented applicants of the training mode, read from ``resources/training``.

One applicant is the source of everything that must agree about a person: the machine
readable zone and the chip of the passport, the line of the register extract, the
portrait and the frames the training camera plays. The people do not exist; their
pictures are rendered (``resources/training/ORIGIN.md``).

Left to others: building the chip (``chip``), importing the register (``desk.store``).
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from desk.trouble import Trouble


class UnknownApplicant(Trouble):
    """No applicant has this key. Facts: key."""

    code = "TRAIN-31"


TRAINING = Path(__file__).resolve().parents[2] / "resources" / "training"
NAME_LENGTH = 39  # ICAO 9303-4 §4.2.2.1: upper line, positions 6 to 44
STATE = "KOR"

REGISTER_COLUMNS = (
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


class Story(StrEnum):
    """What a case with this applicant teaches."""

    PLAIN = "plain"
    UNDER_AGE = "under_age"
    ELDEST = "eldest"
    PASSPORT_EXPIRED = "passport_expired"
    STRUCK_OFF = "struck_off"
    NO_RESIDENT_NUMBER = "no_resident_number"
    CHIP_ALTERED = "chip_altered"
    OTHER_POST = "other_post"
    LONG_NAME = "long_name"
    ANOTHER_FACE = "another_face"
    PASSPORT_RENEWED = "passport_renewed"
    NOT_REGISTERED = "not_registered"


class RegisterStatus(StrEnum):
    ALIVE = "alive"
    STRUCK_OFF = "struck_off"
    ABSENT = "absent"


class PortraitCoding(StrEnum):
    """Coding of the picture in DG2; the value is the file name's ending."""

    JPEG = "jpg"
    JPEG2000 = "jp2"


@dataclass(frozen=True)
class Applicant:
    """One invented person. Dates are plain calendar dates, numbers are text.

    ``resident_number`` is written with its hyphen; ``X000000`` stands for somebody who
    has none. ``register`` holds only the columns in which the register differs from the
    passport. ``live`` is the key of the face that sits before the camera.
    """

    key: str
    story: Story
    hangul: str
    surname: str
    given: str
    birth_date: date
    sex: str
    passport_number: str
    document_code: str
    issued: date
    expiry: date
    resident_number: str
    overseas_number: str
    register_status: RegisterStatus
    post: str
    address: str
    phone: str
    languages: tuple[str, ...]
    live: str
    portrait_coding: PortraitCoding = PortraitCoding.JPEG
    altered_dg2: bool = False
    keeps_age: int | None = None
    status_date: date | None = None
    status_reason: str = ""
    register: Mapping[str, str] = field(default_factory=dict)

    @property
    def latin(self) -> str:
        """``KIM HANEUL``: the name as people write it."""
        return f"{self.surname} {self.given}"

    @property
    def mrz_lines(self) -> tuple[str, str]:
        """The two lines of 44 characters (ICAO 9303-4 §4.2.2, TD3)."""
        return _upper_line(self), _lower_line(self)

    @property
    def mrz_name_truncated(self) -> bool:
        """The name does not fit its 39 places, so the passport shows only a part."""
        return len(_mrz_name(self)) > NAME_LENGTH

    @property
    def portrait_path(self) -> Path:
        """The signed portrait as it lies in DG2 (JPEG or JPEG2000)."""
        return TRAINING / "portraits" / f"{self.key}.{self.portrait_coding.value}"

    @property
    def altered_portrait_path(self) -> Path:
        """The portrait a forger put on the chip; only where ``altered_dg2``."""
        return TRAINING / "portraits" / f"{self.key}-altered.jpg"

    @property
    def frames_path(self) -> Path:
        """Folder of the frames the camera sees, named by what they show."""
        return TRAINING / "frames" / self.live

    def portrait(self) -> bytes:
        """The signed portrait's bytes."""
        return self.portrait_path.read_bytes()

    def altered_portrait(self) -> bytes:
        """The forger's portrait's bytes."""
        return self.altered_portrait_path.read_bytes()

    def age_on(self, day: date) -> int:
        """Completed years on ``day``."""
        before = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before

    def as_of(self, today: date) -> Applicant:
        """The applicant whose story is true on ``today``.

        Only those whose story hangs on an age are moved, by whole years, resident
        number included; everybody else is returned unchanged.
        """
        if self.keeps_age is None:
            return self
        birth = _shifted(self.birth_date, self.age_on(today) - self.keeps_age)
        number = f"{birth:%y%m%d}{self.resident_number[6:]}"
        return replace(self, birth_date=birth, resident_number=number)

    def register_row(self) -> dict[str, str] | None:
        """The applicant's line of the register extract; None if not registered."""
        if self.register_status is RegisterStatus.ABSENT:
            return None
        return {
            "overseas_number": self.overseas_number,
            "name_hangul": self.hangul,
            "surname": self.surname,
            "given_names": self.register.get("given", self.given),
            "birth_date": self.birth_date.isoformat(),
            "sex": self.sex,
            "nationality": STATE,
            "resident_number": self.resident_number,
            "passport_number": self.register.get("passport_number", self.passport_number),
            "post": self.post,
            "address": self.address,
            "status": self.register_status.value,
            "status_date": self.status_date.isoformat() if self.status_date else "",
            "status_reason": self.status_reason,
        }


def write_register(target: TextIO, people: Iterable[Applicant]) -> int:
    """Write the register extract (comma separated, one header line) and count its lines.

    Columns are ``REGISTER_COLUMNS``: dates ISO 8601, ``sex`` F or M, ``nationality`` the
    three letters of ICAO 9303-3, ``resident_number`` with hyphen, ``status`` ``alive`` or
    ``struck_off``; ``status_date`` and ``status_reason`` are empty while alive. Open the
    file as UTF-8 with ``newline=""``.
    """
    writer = csv.DictWriter(target, REGISTER_COLUMNS, lineterminator="\n")
    writer.writeheader()
    rows = [row for row in (person.register_row() for person in people) if row is not None]
    writer.writerows(rows)
    return len(rows)


@cache
def load(path: Path = TRAINING / "applicants.toml") -> tuple[Applicant, ...]:
    """All applicants in the order of the file."""
    with path.open("rb") as file:
        entries = tomllib.load(file)["applicant"]
    return tuple(_applicant(entry) for entry in entries)


def applicants(today: date) -> tuple[Applicant, ...]:
    """All applicants with stories true on ``today``."""
    return tuple(person.as_of(today) for person in APPLICANTS)


def applicant(key: str, today: date | None = None) -> Applicant:
    """The applicant of this key. Raises ``UnknownApplicant``."""
    for person in APPLICANTS:
        if person.key == key:
            return person.as_of(today) if today else person
    raise UnknownApplicant(key=key)


def check_digit(text: str) -> str:
    """ICAO 9303-3 §4.9: weights 7, 3, 1; letters count from A = 10, filler is 0."""
    values = (0 if sign == "<" else int(sign, 36) for sign in text)
    return str(sum(value * (7, 3, 1)[i % 3] for i, value in enumerate(values)) % 10)


def _applicant(entry: dict[str, Any]) -> Applicant:
    known = {name: entry[name] for name in entry if name not in {"chip", "portrait"}}
    known |= {
        "story": Story(entry["story"]),
        "register_status": RegisterStatus(entry["register_status"]),
        "languages": tuple(entry["languages"]),
        "live": entry.get("live", entry["key"]),
        "portrait_coding": PortraitCoding[entry["portrait"].upper()],
        "altered_dg2": entry.get("chip") == "altered_dg2",
    }
    return Applicant(**known)


def _upper_line(person: Applicant) -> str:
    name = _mrz_name(person)[:NAME_LENGTH].ljust(NAME_LENGTH, "<")
    return f"{person.document_code:<<2}{STATE}{name}"


def _lower_line(person: Applicant) -> str:
    number = _with_check(f"{person.passport_number:<<9}")
    birth = _with_check(f"{person.birth_date:%y%m%d}")
    expiry = _with_check(f"{person.expiry:%y%m%d}")
    optional = "<" * 14
    # An empty optional field may carry filler or zero as its check digit (9303-4
    # §4.2.2.2, note to position 43); Korean books print zero.
    personal = optional + "0"
    whole = check_digit(number + birth + expiry + personal)
    return f"{number}{STATE}{birth}{person.sex}{expiry}{personal}{whole}"


def _mrz_name(person: Applicant) -> str:
    return f"{person.surname}<<{person.given}".replace(" ", "<").replace("-", "<")


def _with_check(text: str) -> str:
    return text + check_digit(text)


def _shifted(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February in a year without one
        return day.replace(year=day.year + years, day=28)


APPLICANTS = load()
