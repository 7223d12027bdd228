"""desk.enrollment.answers: what the desk sealed stands in an answer as it was meant."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desk.credential.jose import compact_json
from desk.enrollment.answers import entries

# JSON has no lone surrogates, and the desk's encoder refuses them.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@example([])
@example([""])
@example(["", ""])
@example(['"'])
@example(["\\"])
@example(['\\"'])
@example(['a","b'])
@given(st.lists(TEXT, max_size=3))
def test_texts_of_the_desk_are_the_phones(texts: list[str]) -> None:
    """Read by another JSON decoder than the one in use."""
    answer = compact_json({"credentials": entries(compact_json(texts))})

    assert json.loads(answer) == {"credentials": texts}


@pytest.mark.parametrize(
    "array",
    [rb'["a\"]', rb'["\\\"]', b'1"a"]', b'["a"', b'["a"}', b'{"a"}', b'["]', b'"', b"[", b""],
)
def test_what_is_no_array_gets_into_no_answer(array: bytes) -> None:
    """A desk that writes otherwise than this one: no phone gets what is no JSON."""
    with pytest.raises(ValueError):
        entries(array)
