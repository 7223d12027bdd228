"""The same item in four sources: printed page, chip, what was typed, the register.

Values are compared as people would: Latin names whatever their spaces, hyphens and case, in
every way a machine readable zone may write their letters, and as far as it has room
(`desk.mrtd.names`). What differs needs the officer's reason before the case goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

from desk.issuance.case import ComparedItem, Comparison, Document, RegisterFacts
from desk.mrtd import mrz, names
from desk.mrtd.mrz import MrzError
from desk.mrtd.names import Match

# What an officer may give as the reason of a difference, by item; the words stand in the
# officer's word table.
REASONS: dict[str, tuple[str, ...]] = {
    "passport_number": ("renewed_not_reported", "register_error", "other_checked"),
    "latin_name": ("spelling_changed", "truncated_in_mrz", "register_error", "other_checked"),
    "hangul_name": ("spelling_changed", "register_error", "other_checked"),
    "birth_date": ("register_error", "other_checked"),
    "sex": ("register_error", "other_checked"),
    "nationality": ("register_error", "other_checked"),
    "expiry_date": ("register_error", "other_checked"),
}


def compare_sources(
    document: Document, entered: Mapping[str, str], scanned: bool, register: RegisterFacts | None
) -> tuple[ComparedItem, ...]:
    """The rows of the table, differences first, otherwise in the order of the page.

    ``entered`` is the zone that opened the chip, by item; ``scanned`` says that a device
    read it from the printed page rather than a person typing it.
    """
    chip = _of_document(document)
    entry = _of_register(register) if register is not None else {}
    cut = _may_be_cut(document)
    rows = [
        _row(
            item,
            printed=entered.get(item) if scanned else None,
            chip=chip.get(item),
            typed=None if scanned else entered.get(item),
            register=entry.get(item),
            cut=cut,
        )
        for item in _ITEMS
    ]
    return tuple(sorted(rows, key=lambda row: row.outcome is not Comparison.DIFFERENT))


_ITEMS = (
    "passport_number",
    "latin_name",
    "hangul_name",
    "birth_date",
    "sex",
    "nationality",
    "expiry_date",
)


def _of_document(document: Document) -> dict[str, str]:
    return {
        "passport_number": document.number,
        "latin_name": document.latin_name,
        **({"hangul_name": document.hangul_name} if document.hangul_name else {}),
        "birth_date": document.birth_date.isoformat(),
        "sex": document.sex,
        "nationality": document.nationality,
        "expiry_date": document.expiry_date.isoformat(),
    }


def _of_register(entry: RegisterFacts) -> dict[str, str]:
    return {
        "passport_number": entry.passport_number,
        "latin_name": f"{entry.surname} {entry.given_names}".strip(),
        "hangul_name": entry.name_hangul,
        "birth_date": entry.birth_date.isoformat(),
        "sex": entry.sex,
        "nationality": entry.nationality,
    }


def _may_be_cut(document: Document) -> bool:
    """Whether the name fills the zone, so that some of it may be missing."""
    try:
        return mrz.read("\n".join(document.mrz))[0].name_may_be_cut
    except MrzError:
        return False


def _row(
    item: str,
    printed: str | None,
    chip: str | None,
    typed: str | None,
    register: str | None,
    *,
    cut: bool,
) -> ComparedItem:
    others = [value for value in (printed, typed, register) if value]
    outcome = _outcome(item, chip, others, register is not None, cut)
    return ComparedItem(item, printed, chip, typed, register, outcome)


def _outcome(
    item: str, chip: str | None, others: list[str], registered: bool, cut: bool
) -> Comparison:
    if chip is None:
        return Comparison.NOT_ON_CHIP
    compared = _name if item == "latin_name" else _value
    outcomes = [compared(chip, other, cut) for other in others]
    worst = max(outcomes, key=_DISTANCE.index, default=Comparison.SAME)
    if worst is not Comparison.DIFFERENT and not registered:
        return Comparison.NOT_IN_REGISTER
    return worst


_DISTANCE = (
    Comparison.SAME,
    Comparison.SPACING_ONLY,
    Comparison.TRANSLITERATED,
    Comparison.TRUNCATED,
    Comparison.DIFFERENT,
)
_NAMES = {
    Match.SAME: Comparison.SAME,
    Match.SPACING: Comparison.SPACING_ONLY,
    Match.TRANSLITERATED: Comparison.TRANSLITERATED,
    Match.CUT: Comparison.TRUNCATED,
    Match.DIFFERENT: Comparison.DIFFERENT,
}


def _name(chip: str, other: str, cut: bool) -> Comparison:
    return _NAMES[names.match(chip, other, cut=cut)]


def _value(chip: str, other: str, cut: bool) -> Comparison:
    if chip == other:
        return Comparison.SAME
    same = _plain(chip) == _plain(other)
    return Comparison.SPACING_ONLY if same else Comparison.DIFFERENT


def _plain(value: str) -> str:
    return value.upper().replace(" ", "").replace("-", "").replace("<", "")
