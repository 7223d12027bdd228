"""Names as the machine readable zone writes them, and whether two spellings are one name.

Doc 9303-3 clauses 4.6 and 6: punctuation, transliteration of Latin national characters and
Cyrillic, and names cut to the zone's columns (9303-4 clause 4.2.3). The zone writes many
letters in one of several ways and the issuer chooses, so a name is compared in every way
it may have been written. Arabic script is left out: registers that keep names in it keep a
Latin spelling beside it. Which person is meant is left to whoever compares.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from itertools import islice, product

MAX_LENGTH = 200
_MAX_FORMS = 1024
"""A name of eight letters with two spellings each has 256."""

# Letters that have several spellings or no base letter; all other Latin ones lose their
# marks, as the table of clause 6.A has it.
_LATIN = {
    "Ä": ("AE", "A"),
    "Å": ("AA", "A"),
    "Æ": ("AE",),
    "Ð": ("D",),
    "Đ": ("D",),
    "Ħ": ("H",),
    "ı": ("I",),
    "Ĳ": ("IJ",),
    "Ł": ("L",),
    "Ŀ": ("L",),
    "Ñ": ("N", "NXX"),
    "Ŋ": ("N",),
    "Ö": ("OE", "O"),
    "Ø": ("OE", "O"),
    "Œ": ("OE",),
    "Ŧ": ("T",),
    "Þ": ("TH",),
    "Ü": ("UE", "UXX", "U"),
    "ẞ": ("SS",),
    "Ə": ("A", "E"),  # not in the table; Azerbaijani passports have both
}
# Clause 6.B with its exceptions by language as alternatives.
_CYRILLIC = {
    "Ё": ("E", "IO"),
    "Ђ": ("D",),
    "Є": ("IE", "YE"),
    "Ѕ": ("DZ",),
    "І": ("I",),
    "Ї": ("I", "YI"),
    "Ј": ("J",),
    "Љ": ("LJ",),
    "Њ": ("NJ",),
    "Ћ": ("C", "D"),
    "Ќ": ("K", "KJ"),
    "Ѓ": ("G", "GJ"),
    "Ў": ("U",),
    "Џ": ("DZ", "DJ"),
    "А": ("A",),
    "Б": ("B",),
    "В": ("V",),
    "Г": ("G", "H"),
    "Д": ("D",),
    "Е": ("E",),
    "Ж": ("ZH", "Z"),
    "З": ("Z",),
    "И": ("I", "Y"),
    "Й": ("I", "Y"),
    "К": ("K",),
    "Л": ("L",),
    "М": ("M",),
    "Н": ("N",),
    "О": ("O",),
    "П": ("P",),
    "Р": ("R",),
    "С": ("S",),
    "Т": ("T",),
    "У": ("U",),
    "Ф": ("F",),
    "Х": ("KH", "H"),
    "Ц": ("TS", "C"),
    "Ч": ("CH", "C"),
    "Ш": ("SH", "S"),
    "Щ": ("SHCH", "SHT"),
    "Ъ": ("IE", ""),
    "Ы": ("Y",),
    "Ь": ("",),
    "Э": ("E",),
    "Ю": ("IU", "YU"),
    "Я": ("IA", "YA"),
    "Ґ": ("G",),
    "Ғ": ("G", "GJ"),
}
_SPELLINGS = _LATIN | _CYRILLIC
_SEPARATORS = frozenset(" -<,\u2010\u2011\u2012\u2013\u2014")


class Match(StrEnum):
    """How two spellings of a name stand to each other, from nearest to farthest."""

    SAME = "same"
    SPACING = "spacing"
    """Case, spaces, hyphens and apostrophes apart."""
    TRANSLITERATED = "transliterated"
    CUT = "cut"
    """The zone has as much of it as fits."""
    DIFFERENT = "different"


def match(zone: str, other: str, *, cut: bool = False) -> Match:
    """Whether ``other`` is the name that a machine readable zone writes as ``zone``.

    Both with the surname first, components apart by spaces. ``cut`` says that the zone is
    full, so that components may be shortened or missing at the end.
    """
    if zone == other:
        return Match.SAME
    written, possible = components(zone), forms(other)
    if written and _joined(written) in {_joined(form) for form in possible}:
        return Match.SPACING if other.isascii() else Match.TRANSLITERATED
    if cut and any(_cut_from(written, form) for form in possible):
        return Match.CUT
    return Match.DIFFERENT


def components(name: str) -> tuple[str, ...]:
    """The components as the zone writes them first of all, such as VAN, DER, MUELLEN."""
    return forms(name)[0]


def forms(name: str) -> tuple[tuple[str, ...], ...]:
    """Every way in which the zone may write ``name``, the usual one first.

    One way of writing a letter is kept through the whole name, as issuers do.
    """
    text = unicodedata.normalize("NFC", name[:MAX_LENGTH]).upper().replace("ß", "ẞ")
    several = sorted({letter for letter in text if len(_SPELLINGS.get(letter, ())) > 1})
    ways = product(*(_SPELLINGS[letter] for letter in several))
    found = (_written(text, dict(zip(several, way, strict=True))) for way in ways)
    return tuple(dict.fromkeys(islice(found, _MAX_FORMS)))


def _written(text: str, chosen: dict[str, str]) -> tuple[str, ...]:
    letters = (_letter(letter, chosen) for letter in text)
    return tuple("".join(letters).split())


def _letter(letter: str, chosen: dict[str, str]) -> str:
    """One letter: a separator as a space, other punctuation not at all (clause 4.6)."""
    if letter in _SEPARATORS or letter.isspace():
        return " "
    if letter in _SPELLINGS:
        return chosen.get(letter, _SPELLINGS[letter][0])
    base = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in base if part.isascii() and part.isalnum()).upper()


def _joined(parts: tuple[str, ...]) -> str:
    return "".join(parts)


def _cut_from(zone: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Each component begins the one in its place, and none but the last ones are missing."""
    if _joined(whole).startswith(_joined(zone)):
        return bool(zone)
    if not zone or len(zone) > len(whole):
        return False
    return all(full.startswith(part) for part, full in zip(zone, whole, strict=False))
