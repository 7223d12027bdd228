"""The same item in four sources: printed page, chip, what was typed, the register.

Values are compared as people would: spelling of Latin names without spaces, hyphens and
case. What differs needs the officer's reason before the case goes on.
"""

from __future__ import annotations

from desk.issuance.case import ComparedItem, Comparison, Document, RegisterFacts
from desk.mrtd.mrz import Mrz

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
    document: Document, typed: Mrz | None, scanned: bool, register: RegisterFacts | None
) -> tuple[ComparedItem, ...]:
    """The rows of the table, differences first, otherwise in the order of the page.

    ``typed`` is the MRZ that opened the chip; ``scanned`` says that a device read it from
    the printed page rather than a person.
    """
    chip = _of_document(document)
    entered = _of_mrz(typed) if typed is not None else {}
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


def _of_mrz(mrz: Mrz) -> dict[str, str]:
    return {
        "passport_number": mrz.document_number,
        "latin_name": f"{mrz.surname} {mrz.given_names}".strip(),
        "birth_date": mrz.birth_date.isoformat(),
        "sex": mrz.sex,
        "nationality": mrz.nationality,
        "expiry_date": mrz.expiry_date.isoformat(),
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
    return ComparedItem(item, printed, chip, typed, register, _outcome(item, printed, chip, typed, register))


def _outcome(item: str, *values: str | None) -> Comparison:
    if values[1] is None:
        return Comparison.NOT_ON_CHIP
    known = [value for value in values if value]
    if len({_plain(value) for value in known}) > 1:
        return Comparison.DIFFERENT
    if values[3] is None:
        return Comparison.NOT_IN_REGISTER
    return Comparison.SAME if len(set(known)) == 1 else Comparison.SPACING_ONLY


def _plain(value: str) -> str:
    return value.upper().replace(" ", "").replace("-", "").replace("<", "")
