"""The same item in four sources: printed page, chip, what was typed, the register.

Values are compared as people would: spelling of Latin names without spaces, hyphens and
case. What differs needs the officer's reason before the case goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

from desk.issuance.case import ComparedItem, Comparison, Document, RegisterFacts

# What an officer may give as the reason of a difference, by item; the words stand in the
# officer's word table.
REASONS: dict[str, tuple[str, ...]] = {
    "passport_number": ("renewed_not_reported", "register_error", "other_checked"),
    "latin_name": ("spelling_changed", "truncated_in_mrz", "register_error", "other_checked"),
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
    rows = [
        _row(
            item,
            printed=entered.get(item) if scanned else None,
            chip=chip.get(item),
            typed=None if scanned else entered.get(item),
            register=entry.get(item),
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


def _row(
    item: str, printed: str | None, chip: str | None, typed: str | None, register: str | None
) -> ComparedItem:
    outcome = _outcome(printed, chip, typed, register)
    return ComparedItem(item, printed, chip, typed, register, outcome)


def _outcome(
    printed: str | None, chip: str | None, typed: str | None, register: str | None
) -> Comparison:
    if chip is None:
        return Comparison.NOT_ON_CHIP
    known = [value for value in (printed, chip, typed, register) if value]
    if len({_plain(value) for value in known}) > 1:
        return Comparison.DIFFERENT
    if register is None:
        return Comparison.NOT_IN_REGISTER
    return Comparison.SAME if len(set(known)) == 1 else Comparison.SPACING_ONLY


def _plain(value: str) -> str:
    return value.upper().replace(" ", "").replace("-", "").replace("<", "")
