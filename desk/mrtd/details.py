"""What a passport may say beyond its zone (Doc 9303-10): DG7, DG11, DG12, DG13, DG16.

Bytes in, values out. All of it is the issuer's free text: absent fields are empty, what
is no UTF-8 or may not stand on a screen shows as the replacement character, and nothing
here is checked against the zone. Whether it is genuine is `desk.mrtd.passive`'s matter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from desk.iso7816 import tlv
from desk.iso7816.tlv import Tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd.troubles import FileMalformed, malformed

_Value = TypeVar("_Value")
_FILLER, _REPLACEMENT = "<", "\N{REPLACEMENT CHARACTER}"
_COUNT, _CONTENT_CLASS = 0x02, 0xA0
_SIGNATURE_IMAGE = 0x5F43
_MONTHS, _DAYS = range(1, 13), range(1, 32)
_PACKED_DATE, _PACKED_MOMENT = 4, 7
_UNKNOWN_DIGITS = "<xX"
_LONGEST = 4096
"""Bytes of one text that are read. Composing letters takes the square of their number, and a
file has room for minutes of it."""


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which month or day may be unknown (None), as Doc 9303 allows for births."""

    year: int
    month: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        parts = (f"{self.year:04}", *(f"{p:02}" for p in (self.month, self.day) if p is not None))
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class Name:
    """Primary and secondary identifier; the whole name stands in ``primary`` where undivided."""

    primary: str = field(repr=False)
    secondary: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """DG11, additional personal details (clause 4.7.11)."""

    name: Name | None = field(default=None, repr=False)
    other_names: tuple[Name, ...] = field(default=(), repr=False)
    personal_number: str = field(default="", repr=False)
    birth: PartialDate | None = field(default=None, repr=False)
    birth_place: tuple[str, ...] = field(default=(), repr=False)
    address: tuple[str, ...] = field(default=(), repr=False)
    telephone: str = field(default="", repr=False)
    profession: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    summary: str = field(default="", repr=False)
    proof_of_citizenship: bytes = field(default=b"", repr=False)
    other_documents: tuple[str, ...] = field(default=(), repr=False)
    custody: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DocumentDetails:
    """DG12, additional document details (clause 4.7.12). ``personalised_at`` is
    YYYYMMDDhhmmss as the chip has it."""

    authority: str = ""
    issued: PartialDate | None = None
    other_persons: tuple[Name, ...] = field(default=(), repr=False)
    endorsements: str = field(default="", repr=False)
    tax_or_exit: str = field(default="", repr=False)
    front: bytes = field(default=b"", repr=False)
    rear: bytes = field(default=b"", repr=False)
    personalised_at: str = ""
    personalisation_system: str = ""


@dataclass(frozen=True, slots=True)
class PersonToNotify:
    """One template of DG16 (clause 4.7.16)."""

    recorded: PartialDate | None
    name: Name | None = field(repr=False)
    telephone: str = field(repr=False)
    address: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Details:
    """All of it together; ``unreadable`` are the groups that depart from the standard."""

    person: PersonDetails | None = None
    document: DocumentDetails | None = None
    signatures: tuple[bytes, ...] = field(default=(), repr=False)
    optional: bytes = field(default=b"", repr=False)
    notify: tuple[PersonToNotify, ...] = field(default=(), repr=False)
    unreadable: tuple[int, ...] = ()


def parse(files: Mapping[str, bytes]) -> Details:
    """Whatever of these groups is among ``files`` (by name). Never raises."""
    unreadable: list[int] = []

    def of(group: int, parser: Callable[[bytes], _Value], empty: _Value) -> _Value:
        raw = files.get(f"DG{group}")
        if raw is None:
            return empty
        try:
            return parser(raw)
        except FileMalformed:
            unreadable.append(group)
            return empty

    return Details(
        signatures=of(7, parse_dg7, ()),
        person=of(11, parse_dg11, None),
        document=of(12, parse_dg12, None),
        optional=of(13, parse_dg13, b""),
        notify=of(16, parse_dg16, ()),
        unreadable=tuple(unreadable),
    )


def parse_dg7(raw: bytes) -> tuple[bytes, ...]:
    """Displayed signatures or usual marks, pictures as they lie there. Raises FileMalformed."""
    items = _content("DG7", raw, 0x67)
    return tuple(item.value for item in items if item.tag == _SIGNATURE_IMAGE)


def parse_dg11(raw: bytes) -> PersonDetails:
    """Raises FileMalformed."""
    items = _content("DG11", raw, 0x6B)
    one = _values(items)
    return PersonDetails(
        name=_name(one.get(0x5F0E)),
        other_names=_names("DG11", items, 0x5F0F),
        personal_number=_text(one.get(0x5F10)),
        birth=_date(one.get(0x5F2B)),
        birth_place=_lines(one.get(0x5F11)),
        address=_lines(one.get(0x5F42)),
        telephone=_text(one.get(0x5F12)),
        profession=_text(one.get(0x5F13)),
        title=_text(one.get(0x5F14)),
        summary=_text(one.get(0x5F15)),
        proof_of_citizenship=one.get(0x5F16, b""),
        other_documents=_lines(one.get(0x5F17)),
        custody=_text(one.get(0x5F18)),
    )


def parse_dg12(raw: bytes) -> DocumentDetails:
    """Raises FileMalformed."""
    items = _content("DG12", raw, 0x6C)
    one = _values(items)
    return DocumentDetails(
        authority=_text(one.get(0x5F19)),
        issued=_date(one.get(0x5F26)),
        other_persons=_names("DG12", items, 0x5F1A),
        endorsements=_text(one.get(0x5F1B)),
        tax_or_exit=_text(one.get(0x5F1C)),
        front=one.get(0x5F1D, b""),
        rear=one.get(0x5F1E, b""),
        personalised_at=_digits(one.get(0x5F55), _PACKED_MOMENT),
        personalisation_system=_text(one.get(0x5F56)),
    )


def parse_dg13(raw: bytes) -> bytes:
    """The issuer's own bytes, whose meaning no standard tells. Raises FileMalformed."""
    try:
        return tlv.parse_one(raw, 0x6D).value
    except TlvError as error:
        raise malformed("DG13", error) from error


def parse_dg16(raw: bytes) -> tuple[PersonToNotify, ...]:
    """Persons to notify, in the order of their templates A1, A2, ... Raises FileMalformed."""
    items = _content("DG16", raw, 0x70)
    templates = [i for i in items if i.tag & 0xF0 == _CONTENT_CLASS and i.tag != _CONTENT_CLASS]
    return tuple(_person(template) for template in templates)


def _person(template: Tlv) -> PersonToNotify:
    one = _values(_children("DG16", template))
    return PersonToNotify(
        recorded=_date(one.get(0x5F50)),
        name=_name(one.get(0x5F51)),
        telephone=_text(one.get(0x5F52)),
        address=_lines(one.get(0x5F53)),
    )


def _content(label: str, raw: bytes, tag: int) -> tuple[Tlv, ...]:
    try:
        return tlv.parse_one(raw, tag).children
    except TlvError as error:
        raise malformed(label, error) from error


def _children(label: str, item: Tlv) -> tuple[Tlv, ...]:
    try:
        return item.children
    except TlvError as error:
        raise malformed(label, error) from error


def _values(items: Iterable[Tlv]) -> dict[int, bytes]:
    """The first value of each tag."""
    found: dict[int, bytes] = {}
    for item in items:
        found.setdefault(item.tag, item.value)
    return found


def _names(label: str, items: Iterable[Tlv], tag: int) -> tuple[Name, ...]:
    """Names that may repeat: inside A0 behind their number, or bare, as some issuers do."""
    found: list[Name | None] = []
    for item in items:
        if item.tag == tag:
            found.append(_name(item.value))
        elif item.tag == _CONTENT_CLASS:
            found += [_name(i.value) for i in _children(label, item) if i.tag == tag]
    return tuple(name for name in found if name is not None)


def _text(value: bytes | None) -> str:
    """Shown as it is, single fillers as spaces."""
    return " ".join(_decoded(value).replace(_FILLER, " ").split())


def _lines(value: bytes | None) -> tuple[str, ...]:
    """Components parted by fillers."""
    parts = (" ".join(part.split()) for part in _decoded(value).split(_FILLER))
    return tuple(part for part in parts if part)


def _name(value: bytes | None) -> Name | None:
    primary, _, secondary = _decoded(value).strip(_FILLER).partition(_FILLER * 2)
    words = (" ".join(part.replace(_FILLER, " ").split()) for part in (primary, secondary))
    name = Name(*words)
    return name if name.primary or name.secondary else None


def _decoded(value: bytes | None) -> str:
    """UTF-8, composed as Korean is written; what would steer a screen is replaced."""
    kept = (value or b"")[:_LONGEST].decode("utf-8", "replace")
    text = unicodedata.normalize("NFC", kept)
    return "".join(_REPLACEMENT if _steers(character) else character for character in text)


def _steers(character: str) -> bool:
    """Control, direction and private characters (categories C), spaces aside."""
    return not character.isspace() and unicodedata.category(character).startswith("C")


def _date(value: bytes | None) -> PartialDate | None:
    """YYYYMMDD in digits or packed; shorter, or with 00 or fillers where unknown.

    None where it is absent or no date.
    """
    digits = _digits(value, _PACKED_DATE)
    if len(digits) not in (4, 6, 8) or not digits[:4].isdecimal() or not int(digits[:4]):
        return None
    month, day = _part(digits[4:6], _MONTHS), _part(digits[6:8], _DAYS)
    if month is None or day is None:
        return None
    # A day without its month tells nothing.
    return PartialDate(int(digits[:4]), month or None, (day or None) if month else None)


def _part(digits: str, allowed: range) -> int | None:
    """Month or day; 0 where unknown, None where it is no such number."""
    if not digits.strip("0"):
        return 0
    return int(digits) if digits.isdecimal() and int(digits) in allowed else None


def _digits(value: bytes | None, packed: int) -> str:
    """Decimal digits, written out or packed two to a byte; unknown ones as 0."""
    if not value:
        return ""
    if len(value) == packed and not value.isdigit():
        text = value.hex()
    else:
        text = value.decode("ascii", "replace")
    return "".join("0" if digit in _UNKNOWN_DIGITS else digit for digit in text)
