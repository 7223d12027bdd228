"""Keys in their three spellings."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.credential.keys import Curve, DeviceKey, b64url, from_b64url
from desk.credential.signer import LocalKey
from desk.credential.troubles import Malformed, SignatureNotGenuine

Vectors = Callable[[str], dict[str, Any]]


def test_thumbprint_is_the_published_one(vectors: Vectors) -> None:
    for vector in vectors("small")["thumbprint"]:
        assert DeviceKey.from_jwk(vector["jwk"]).thumbprint == vector["value"]


@pytest.mark.parametrize("curve", list(Curve))
def test_a_key_survives_each_spelling(curve: Curve) -> None:
    key = LocalKey.generate(curve).public

    assert DeviceKey.from_jwk(key.jwk()) == key
    assert DeviceKey.from_cose(key.cose()) == key
    assert DeviceKey.from_public_key(key.public_key()) == key


def test_coordinates_keep_their_leading_zeros() -> None:
    """One key in 128 has a coordinate that begins with a zero byte."""
    key = next(k for k in (LocalKey.generate().public for _ in range(5000)) if k.x[0] == 0)

    assert len(key.cose()[-2]) == 32  # type: ignore[arg-type]
    assert DeviceKey.from_jwk(key.jwk()).x == key.x


def test_a_signature_covers_its_data_only() -> None:
    key = LocalKey.generate()
    signature = key.sign(b"these bytes")

    key.public.verify(signature, b"these bytes")
    with pytest.raises(SignatureNotGenuine):
        key.public.verify(signature, b"those bytes")
    with pytest.raises(SignatureNotGenuine):
        key.public.verify(signature[:-1], b"these bytes")
    with pytest.raises(SignatureNotGenuine):
        key.public.verify(bytes(64), b"these bytes")


def jwk_without(name: str) -> dict[str, str]:
    jwk = LocalKey.generate().public.jwk()
    del jwk[name]
    return jwk


@pytest.mark.parametrize(
    "jwk",
    [
        jwk_without("x"),
        jwk_without("crv"),
        LocalKey.generate().public.jwk() | {"kty": "RSA"},
        LocalKey.generate().public.jwk() | {"crv": "P-521"},
        LocalKey.generate().public.jwk() | {"d": "AAAA"},
        LocalKey.generate().public.jwk() | {"x": b64url(bytes(32))},
        LocalKey.generate().public.jwk() | {"x": b64url(bytes(31))},
        LocalKey.generate().public.jwk() | {"x": 7},
    ],
    ids=["no x", "no curve", "RSA", "other curve", "private", "off curve", "short", "number"],
)
def test_an_unfit_jwk_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        DeviceKey.from_jwk(jwk)


@pytest.mark.parametrize(
    "change", [{1: 1}, {-1: 3}, {-2: bytes(32)}, {-2: b"short"}, {-3: True}], ids=str
)
def test_an_unfit_cose_key_is_refused(change: dict[int, Any]) -> None:
    with pytest.raises(Malformed):
        DeviceKey.from_cose(LocalKey.generate().public.cose() | change)


@given(st.binary(max_size=40))
def test_base64url_goes_both_ways(data: bytes) -> None:
    assert from_b64url(b64url(data)) == data


@given(st.text("-_AQgw+/=\n한", max_size=9))
def test_no_second_text_stands_for_the_same_bytes(text: str) -> None:
    try:
        data = from_b64url(text)
    except Malformed:
        return
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize("text", ["a", "abcde", "ab==", "a+b/", "AB\n", "AB", "한글", b"AA", None])
def test_other_base64_is_refused(text: Any) -> None:
    """`AB` has bits left over, so two texts would stand for one byte."""
    with pytest.raises(Malformed):
        from_b64url(text)
