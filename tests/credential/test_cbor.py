"""Strict CBOR with the bytes kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from cbor2 import CBORTag
from hypothesis import given
from hypothesis import strategies as st

from desk.credential import cbor
from desk.credential.troubles import Malformed

SIMPLE = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.binary(max_size=300), st.text(max_size=40), st.booleans()
)
ANY = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(ANY)
def test_what_is_encoded_decodes(value: Any) -> None:
    assert cbor.decode(cbor.encode(value)) == value


@given(st.lists(ANY, max_size=6))
def test_slices_of_an_array_are_its_bytes(members: list[Any]) -> None:
    data = cbor.encode(members)

    slices = cbor.array_slices(data)

    assert [cbor.decode(one) for one in slices] == members
    assert cbor.join_array(slices) == data


@given(st.dictionaries(st.text(max_size=8), ANY, max_size=30))
def test_slices_of_a_map_are_its_bytes(members: dict[str, Any]) -> None:
    data = cbor.encode(members)

    slices = cbor.map_slices(data)

    assert {key: cbor.decode(one) for key, one in slices.items()} == members
    assert cbor.join_map(slices) == data


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (cbor.decode, cbor.array_slices, cbor.map_slices, cbor.inner):
        try:
            read(data)
        except Malformed:
            continue


def test_tags_stay_tags() -> None:
    value = {"a": CBORTag(0, "2026-11-22T00:00:00Z"), "b": CBORTag(1004, "2026-11-22")}

    assert cbor.decode(cbor.encode(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x02",
        b"\x42\x00",
        b"\x9f\x01\xff",
        b"\x5f\x41\x00\xff",
        b"\x1c",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xa2\x01\x02\x01\x03",
        b"\x81" * 40 + b"\x01",
        b"\x62\xff\xff",
        b"\xc0\x81" * 4000 + b"\x01",
    ],
    ids=[
        "nothing",
        "two items",
        "cut",
        "indefinite array",
        "indefinite bytes",
        "reserved head",
        "huge array",
        "key twice",
        "too deep",
        "not UTF-8",
        "tags too deep",
    ],
)
def test_broken_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        cbor.decode(data)


def test_map_slices_refuse_a_repeated_key() -> None:
    with pytest.raises(Malformed):
        cbor.map_slices(b"\xa2\x01\x02\x01\x03")


def test_times_go_both_ways() -> None:
    moment = datetime(2026, 11, 22, 3, 4, 5, 678, tzinfo=UTC)

    assert cbor.tdate(moment).value == "2026-11-22T03:04:05Z"
    assert cbor.read_tdate(cbor.tdate(moment)) == moment.replace(microsecond=0)
    assert cbor.read_full_date(cbor.full_date(date(2026, 11, 22))) == date(2026, 11, 22)


@pytest.mark.parametrize(
    "value", [None, "2026-11-22", CBORTag(0, "today"), CBORTag(0, 5), CBORTag(0, "2026-11-22")]
)
def test_other_times_are_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        cbor.read_tdate(value)


def test_a_tag_is_taken_off_only_where_it_fits() -> None:
    tagged = cbor.encode(CBORTag(18, [1]))

    assert cbor.untagged(tagged, 18) == cbor.encode([1])
    assert cbor.untagged(tagged, 17) == tagged
