"""I7: the chain verifies, and any change of the exported file is refused with its line."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.issuance import audit
from desk.issuance.audit import (
    AuditBroken,
    AuditEvent,
    FactNotAllowed,
    HeadDiffers,
    LineAltered,
    LineMissing,
    LineUnreadable,
    TailMissing,
)

NOW = datetime(2026, 11, 23, 18, 28, tzinfo=UTC)


def chain(length: int) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    head = audit.START
    for number in range(length):
        at = NOW + timedelta(seconds=number)
        facts = {"count": number, "reason": "test", "outcome": None, "answer": True}
        event = audit.link(head, at, "officer:T-001", "TEST.EVENT", "LA-2026-000001", facts)
        events.append(event)
        head = event.head
    return events


def exported(length: int = 4) -> list[bytes]:
    events = chain(length)
    head = events[-1].head if events else audit.START
    lines = [event.line for event in events] + [audit.head_line(head, NOW)]
    return [line.encode("ascii") + b"\n" for line in lines]


def test_chain_verifies() -> None:
    head = audit.verify(exported())

    assert head == chain(4)[-1].head


def test_empty_chain_verifies() -> None:
    assert audit.verify(exported(0)) == audit.START


def test_hash_is_over_the_line_without_it() -> None:
    """Anybody can check it with another language: SHA-256 of the line's other members."""
    members = json.loads(exported()[0])

    told = members.pop("hash")

    spelled = json.dumps(members, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(spelled.encode()).hexdigest() == told
    assert members["prev"] == "0" * 64


def test_line_comes_back() -> None:
    event = chain(1)[0]

    assert audit.read_line(event.line) == event


def test_times_are_utc() -> None:
    korea = NOW.astimezone(timezone(timedelta(hours=9)))

    event = audit.link(audit.START, korea, "station:LA01", "TEST.EVENT", None, {})

    assert json.loads(event.line)["at"] == "2026-11-23T18:28:00.000000+00:00"


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_every_changed_byte_is_refused(data: st.DataObject) -> None:
    """Whatever single byte becomes whatever other: refused, at that line or the next."""
    content = bytearray(b"".join(exported()))
    place = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    line = content[:place].count(b"\n") + 1

    content[place] = other

    with pytest.raises(AuditBroken) as refused:
        audit.verify(audit.whole_lines([bytes(content)]))
    assert refused.value.line == line


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(1, 10_000))
def test_every_cut_tail_is_refused(cut: int) -> None:
    content = b"".join(exported())
    left = content[: -1 - cut % (len(content) - 1)]

    with pytest.raises(AuditBroken):
        audit.verify(audit.whole_lines([left]))


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_missing_line_is_named(gone: int) -> None:
    lines = exported()
    del lines[gone]

    with pytest.raises(LineMissing) as refused:
        audit.verify(lines)

    assert refused.value.line == gone + 1


def test_missing_last_event() -> None:
    """The head record tells of an event that is not there."""
    lines = exported()
    del lines[3]

    with pytest.raises(HeadDiffers) as refused:
        audit.verify(lines)

    assert refused.value.line == 4


def test_missing_head_record() -> None:
    with pytest.raises(TailMissing) as refused:
        audit.verify(exported()[:-1])

    assert refused.value.line == 5


def test_exchanged_lines() -> None:
    lines = exported()
    lines[1], lines[2] = lines[2], lines[1]

    with pytest.raises(LineMissing):
        audit.verify(lines)


def test_doubled_line() -> None:
    lines = exported()

    with pytest.raises(LineMissing):
        audit.verify([lines[0], *lines])


def test_something_after_the_head() -> None:
    lines = exported()

    with pytest.raises(HeadDiffers):
        audit.verify([*lines, lines[-1]])


def test_altered_content_with_its_old_hash() -> None:
    lines = exported()
    lines[1] = lines[1].replace(b'"count":1', b'"count":7')

    with pytest.raises(LineAltered) as refused:
        audit.verify(lines)

    assert refused.value.line == 2


def test_other_spelling_is_not_the_line() -> None:
    """The same members with a space: not as written, so not accepted."""
    lines = exported()
    lines[0] = lines[0].replace(b'":', b'": ', 1)

    with pytest.raises(LineUnreadable):
        audit.verify(lines)


def test_whole_file_forged_shows_by_a_noted_head() -> None:
    """A new chain is consistent in itself; the head noted elsewhere is not in it."""
    noted = chain(4)[2].hash
    forged = audit.link(audit.START, NOW, "officer:T-666", "TEST.EVENT", None, {})
    lines = [forged.line.encode() + b"\n", audit.head_line(forged.head, NOW).encode() + b"\n"]

    assert audit.verify(lines)
    assert audit.verify(exported(), noted)
    with pytest.raises(HeadDiffers):
        audit.verify(lines, noted)


@pytest.mark.parametrize(
    "junk",
    [b"\n", b"null\n", b"[]\n", b"{}\n", b"\xff\n", b'{"count":1}\n', b"[" * 9000 + b"\n", b"x"],
)
def test_junk_is_refused(junk: bytes) -> None:
    with pytest.raises(AuditBroken):
        audit.verify([junk])


@pytest.mark.parametrize(
    "members", ['"count":NaN', '"count":1e999,"head":"x"', '"count":-Infinity'], ids=str
)
def test_a_head_record_of_no_number_is_refused(members: str) -> None:
    """Python's reader takes them, and nothing writes them."""
    line = f'{{{members},"seal":"x"}}\n'.encode()

    with pytest.raises(LineUnreadable):
        audit.verify([line])


@pytest.mark.parametrize(
    "member",
    [
        {"seq": True},
        {"seq": 1.0},
        {"at": "2026-01-01T00:00:00.000000"},
        {"actor": None},
        {"kind": 5},
        {"case": []},
        {"facts": {"digest": {"of": 1}}},
    ],
    ids=str,
)
def test_a_line_of_another_shape_is_refused_though_its_hash_fits(member: dict[str, Any]) -> None:
    """A log or an evidence pack may come from anybody, and its events are looked through."""
    members = {
        "seq": 1,
        "at": "2026-01-01T00:00:00.000000+00:00",
        "actor": "station:LA01",
        "kind": "CASE.OPENED",
        "case": None,
        "facts": {},
        "prev": audit.GENESIS,
        **member,
    }
    hashed = hashlib.sha256(spelled(members)).hexdigest()

    with pytest.raises(LineUnreadable):
        audit.verify([spelled({**members, "hash": hashed}) + b"\n"], closed_by_record=False)


def spelled(members: dict[str, Any]) -> bytes:
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode("ascii")


def test_endless_line_does_not_fill_the_memory() -> None:
    pieces = (b"x" * 100_000 for _ in range(1000))

    with pytest.raises(LineUnreadable):
        audit.verify(audit.whole_lines(pieces))


@settings(max_examples=100, deadline=None)
@given(sizes=st.lists(st.integers(1, 300), min_size=1))
def test_lines_whatever_the_pieces(sizes: list[int]) -> None:
    content = b"".join(exported())
    pieces, place = [], 0
    for size in [*sizes, len(content)]:
        pieces.append(content[place : place + size])
        place += size

    assert list(audit.whole_lines(pieces)) == exported()


class TestWhitelist:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("name_hangul", "김하늘"),
            ("surname", "KIM"),
            ("passport_number", "M123A4567"),
            ("reason", "김하늘"),
            ("reason", "910314-2987654"),
            ("reason", "number 9103142987654 seen"),
            ("reason", "040719-X000000"),
            ("reason", "x" * 201),
            ("reason", "line\nbreak"),
        ],
    )
    def test_personal_data_are_refused(self, name: str, value: str) -> None:
        """Names that could hold them are not on the list, values that look like them fail,
        and the message does not repeat them."""
        with pytest.raises(FactNotAllowed) as refused:
            audit.link(audit.START, NOW, "station:LA01", "TEST.EVENT", None, {name: value})

        assert value not in str(refused.value)

    def test_figures_have_one_spelling(self) -> None:
        event = audit.link(
            audit.START, NOW, "station:LA01", "TEST.EVENT", None, {"distance": 0.123456789}
        )

        assert event.facts == {"distance": "0.123457"}

    def test_hashes_are_not_taken_for_numbers(self) -> None:
        digest = "9103142987654" + "a" * 51

        audit.link(audit.START, NOW, "station:LA01", "TEST.EVENT", None, {"sha256": digest})

    @pytest.mark.parametrize(
        ("actor", "kind", "case"),
        [("이서준", "TEST.EVENT", None), ("a", "test", None), ("a", "TEST.EVENT", "김하늘")],
    )
    def test_shapes(self, actor: str, kind: str, case: str | None) -> None:
        with pytest.raises(ValueError, match="shape"):
            audit.link(audit.START, NOW, actor, kind, case, {})
