"""Files of notices: the published form, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desk.resources import resource
from desk.store.notice_file import (
    MOST_BYTES,
    Notice,
    NoticeKind,
    NoticesNotOfForm,
    NoticesUnreadable,
    NoticeWrong,
    read_notices,
)

TODAY = date(2026, 11, 24)
DELETED: dict[str, Any] = {
    "kind": "deleted",
    "overseas_number": "LA-2019-004318",
    "date": "2026-11-20",
    "document": "LA-REG-2026-118",
}
PASSPORT = DELETED | {"kind": "new_passport", "passport_number": "M987B6543"}
SCHEMA = json.loads(resource("schemas/register-changes.schema.json").read_text(encoding="utf-8"))


def whole(*notices: object) -> dict[str, Any]:
    return {"version": 1, "notices": list(notices)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "changes.json"


def fits(document: object) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


def read(file: Path, document: object) -> tuple[Notice, ...]:
    file.write_text(json.dumps(document), encoding="utf-8")
    return read_notices(file, TODAY)[0]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_good_notices_come_back(file: Path) -> None:
    first, second = read(file, whole(DELETED, PASSPORT))

    assert first == Notice(
        NoticeKind.DELETED, "LA-2019-004318", date(2026, 11, 20), "LA-REG-2026-118"
    )
    assert (second.kind, second.passport_number) == (NoticeKind.NEW_PASSPORT, "M987B6543")
    assert fits(whole(DELETED, PASSPORT))


def test_the_files_hash_is_told(file: Path) -> None:
    """In hexadecimal, as the log has it."""
    file.write_bytes(b'{"version": 1, "notices": []}')

    notices, sha256 = read_notices(file, TODAY)

    # Computed with sha256sum over these 29 bytes.
    assert notices == ()
    assert sha256 == "d41163787f8f7a291b14a0446822c87d96a4315a0bf550b94307f9b305257cc2"


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {},
        {"version": 2, "notices": []},
        {"version": 1},
        {"version": 1, "notices": {}},
        {"version": 1, "notices": [], "more": 1},
        "text",
        None,
    ],
)
def test_another_form_is_refused(file: Path, wrong: object) -> None:
    with pytest.raises(NoticesNotOfForm):
        read(file, wrong)

    assert not fits(wrong)


@pytest.mark.parametrize(
    ("member", "changes"),
    [
        ("", "text"),
        ("kind", {"kind": "missing"}),
        ("kind", {"kind": "moved"}),
        ("kind", {"kind": 3}),
        ("overseas_number", {"overseas_number": "la 1"}),
        ("overseas_number", {"overseas_number": ""}),
        ("date", {"date": "20.11.2026"}),
        ("date", {"date": None}),
        ("document", {"document": ""}),
        ("document", {"document": "문서"}),
        ("document", {"document": "D" * 61}),
        ("passport_number", {"passport_number": "M987B6543"}),
        ("passport_number", {"kind": "new_passport", "passport_number": "M 1"}),
        ("?", {"name": "KIM"}),
    ],
)
def test_a_wrong_notice_is_named_by_its_place(
    file: Path, member: str, changes: dict[str, Any] | str
) -> None:
    """Program and published schema refuse the same."""
    wrong = changes if isinstance(changes, str) else DELETED | changes

    with pytest.raises(NoticeWrong) as refused:
        read(file, whole(DELETED, wrong))

    assert refused.value.facts == {"place": 2, "member": member}
    assert not fits(whole(DELETED, wrong))


@pytest.mark.parametrize("day", ["2026-02-30", "2026-11-25"])
def test_no_such_day_or_one_to_come(file: Path, day: str) -> None:
    with pytest.raises(NoticeWrong) as refused:
        read(file, whole(DELETED | {"date": day}))

    assert refused.value.facts == {"place": 1, "member": "date"}


@pytest.mark.parametrize("member", sorted(DELETED))
def test_a_missing_member_is_named(file: Path, member: str) -> None:
    short = {name: value for name, value in DELETED.items() if name != member}

    with pytest.raises(NoticeWrong) as refused:
        read(file, whole(short))

    assert refused.value.facts["member"] == member
    assert not fits(whole(short))


def test_no_json_and_no_file(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"\xff\xfe{")

    with pytest.raises(NoticesNotOfForm):
        read_notices(file, TODAY)
    with pytest.raises(NoticesUnreadable):
        read_notices(tmp_path / "none.json", TODAY)


def test_deep_and_huge_files_are_refused(file: Path) -> None:
    file.write_text("[" * 200_000, encoding="ascii")
    with pytest.raises(NoticesNotOfForm):
        read_notices(file, TODAY)

    with file.open("wb") as big:
        big.truncate(MOST_BYTES + 1)
    with pytest.raises(NoticesNotOfForm):
        read_notices(file, TODAY)
