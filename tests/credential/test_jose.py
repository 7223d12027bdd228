"""Compact JWS and JWE."""

from __future__ import annotations

import pytest

from desk.credential import jose
from desk.credential.keys import Curve, b64url
from desk.credential.signer import LocalKey
from desk.credential.troubles import Malformed, SignatureNotGenuine
from tests.jwes import jwe_with


@pytest.mark.parametrize("curve", list(Curve))
def test_a_signed_token_verifies(curve: Curve) -> None:
    key = LocalKey.generate(curve)

    token = jose.parse_compact(jose.sign_compact({"alg": key.algorithm}, {"이름": "값"}, key))

    token.verify(key.public)
    assert token.claims() == {"이름": "값"}
    with pytest.raises(SignatureNotGenuine):
        token.verify(LocalKey.generate(curve).public)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "e30.e30.AA.AA",
        f"{b64url(b'[]')}.e30.AA",
        b64url(b'{"alg":"ES256","alg":"none"}') + ".e30.AA",
        b64url(b'{"crit":[]}') + ".e30.AA",
        f"{b64url(b'[' * 100_000)}.e30.AA",
        "e30=.e30.AA",
        b64url(b'{"alg":"\\ud800"}') + ".e30.AA",
        b64url(b'{"\\uDC00\\uD800":1}') + ".e30.AA",
    ],
    ids=lambda text: text[:20],
)
def test_a_strange_token_is_refused(token: str) -> None:
    with pytest.raises(Malformed):
        jose.parse_compact(token)


def test_a_whole_surrogate_pair_is_text() -> None:
    assert jose.parse_json('["\\ud83d\\ude00", "\\\\ud800"]') == ["\U0001f600", "\\ud800"]


@pytest.mark.parametrize("enc", jose.CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize("curve", list(Curve))
def test_what_is_encrypted_opens_with_its_key_only(enc: str, curve: Curve) -> None:
    key = LocalKey.generate(curve)

    token = jose.encrypt(b"secret", key.public, enc=enc, kid="1", content_type="json")

    assert jose.decrypt(token, key.private) == b"secret"
    with pytest.raises(Malformed):
        jose.decrypt(token, LocalKey.generate(curve).private)
    with pytest.raises(Malformed):
        jose.decrypt(token, LocalKey.generate(next(c for c in Curve if c is not curve)).private)


def test_an_altered_token_does_not_open() -> None:
    key = LocalKey.generate()
    parts = jose.encrypt(b"secret", key.public).split(".")

    for place in range(5):
        changed = list(parts)
        changed[place] = b64url(b"other") if place else b64url(b'{"alg":"dir","enc":"A128GCM"}')
        with pytest.raises(Malformed):
            jose.decrypt(".".join(changed), key.private)


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"ECDH-ES","enc":"A128CBC-HS256"}',
        b'{"alg":"ECDH-ES","enc":"A128GCM"}',
        b'{"alg":"ECDH-ES","enc":"A128GCM","epk":{"kty":"EC"}}',
        b'{"alg":"ECDH-ES","enc":"A128GCM","epk":5}',
        b'{"alg":"RSA1_5","enc":"A128GCM"}',
    ],
)
def test_a_strange_jwe_header_is_refused(header: bytes) -> None:
    with pytest.raises(Malformed):
        jose.decrypt(f"{b64url(header)}..AAAA.AAAA.AAAA", LocalKey.generate().private)


def test_an_unknown_jwe_header_is_left_alone() -> None:
    """RFC 7516, 4, and the claims that RFC 7519, 5.3, lets stand there; not what is critical."""
    key = LocalKey.generate()
    known = {"iss": "https://wallet.example", "aud": ["x"], "sub": "y", "foo": {"bar": 1}}

    assert jose.decrypt(jwe_with(known, b"secret", key.public), key.private) == b"secret"
    with pytest.raises(Malformed):
        critical = {"crit": ["foo"], "foo": "bar"}
        jose.decrypt(jwe_with(critical, b"secret", key.public), key.private)


def test_another_content_encryption_is_refused() -> None:
    with pytest.raises(Malformed):
        jose.encrypt(b"", LocalKey.generate().public, enc="A128CBC-HS256")


def test_a_private_key_goes_both_ways() -> None:
    key = LocalKey.generate()
    jwk = jose.private_jwk(key.private)

    assert jose.from_private_jwk(jwk).private_numbers() == key.private.private_numbers()
    for wrong in (
        {**jwk, "d": b64url(bytes(32))},
        {**jwk, "d": jose.private_jwk(LocalKey.generate().private)["d"]},
        key.public.jwk(),
    ):
        with pytest.raises(Malformed):
            jose.from_private_jwk(wrong)
