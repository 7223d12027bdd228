"""Key proofs of OpenID4VCI 1.0, appendix F."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from desk.credential import jose
from desk.credential.attestation import UNREAD, AttestationPolicy
from desk.credential.attestation_use import AttestationUse
from desk.credential.holder import key_proof
from desk.credential.keys import Curve, DeviceKey, b64url
from desk.credential.proof import Proof, verify_proof, verify_proofs
from desk.credential.signer import LocalKey, LocalSigner
from desk.credential.troubles import NonceStale, ProofRefused
from desk.training.wallet_provider import WalletProvider

ISSUER = "https://desk.example/issuer"


def verify(jwt: str, now: datetime) -> str:
    return verify_proof(jwt, audience=ISSUER, nonce="n-1", now=now).thumbprint


@pytest.mark.parametrize("curve", list(Curve))
def test_a_proof_gives_its_key(now: datetime, curve: Curve) -> None:
    key = LocalKey.generate(curve)

    assert verify(key_proof(key, ISSUER, "n-1", now), now) == key.public.thumbprint


def test_a_proof_may_carry_a_certificate(now: datetime, signer: LocalSigner) -> None:
    header = {
        "alg": "ES256",
        "typ": "openid4vci-proof+jwt",
        "x5c": jose.x5c_header(signer.certificate_chain),
    }
    claims = {"aud": ISSUER, "iat": int(now.timestamp()), "nonce": "n-1"}

    jwt = jose.sign_compact(header, claims, signer)

    assert verify(jwt, now) == signer.public.thumbprint


_EC_KEY, _P256 = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d030107")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x04"),
        (_EC_KEY, _EC_KEY[:-1] + b"\x09"),
        (_P256, _P256[:-1] + b"\x17"),
        (b"\x03\x42\x00\x04", b"\x03\x42\x00\x05"),
    ],
    ids=["version 5", "unknown kind of key", "unknown curve", "no point"],
)
def test_a_certificate_that_nobody_reads_is_refused(
    now: datetime, signer: LocalSigner, old: bytes, new: bytes
) -> None:
    """Any phone can send one, to the service and through it to the desk."""
    odd = signer.certificate_chain[0].replace(old, new, 1)
    assert odd != signer.certificate_chain[0]
    header = {"alg": "ES256", "typ": "openid4vci-proof+jwt", "x5c": jose.x5c_header((odd,))}
    claims = {"aud": ISSUER, "iat": int(now.timestamp()), "nonce": "n-1"}

    with pytest.raises(ProofRefused):
        verify(jose.sign_compact(header, claims, signer), now)


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "JWT"}, {}),
        ({"typ": None}, {}),
        ({"alg": "none"}, {}),
        ({"alg": "ES384"}, {}),
        ({"alg": "HS256"}, {}),
        ({"jwk": None}, {}),
        ({"kid": "did:example:1"}, {}),
        ({"jwk": LocalKey.generate().public.jwk()}, {}),
        ({"crit": ["exp"]}, {}),
        ({}, {"aud": ISSUER + "/"}),
        ({}, {"aud": [ISSUER, "https://other.example"]}),
        ({}, {"aud": None}),
        ({}, {"iat": None}),
        ({}, {"iat": True}),
        ({}, {"iat": "1700000000"}),
        ({}, {"iat": 1_700_000_000}),
        ({}, {"iat": 4_000_000_000}),
        ({}, {"iat": float("1e300")}),
        ({}, {"iat": float("nan")}),
        ({}, {"exp": 1_700_000_000}),
        ({}, {"exp": None}),
        ({}, {"nbf": 4_000_000_000}),
        ({}, {"nbf": "today"}),
    ],
    ids=str,
)
def test_a_proof_of_another_form_is_refused(
    now: datetime, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    key = LocalKey.generate()
    good_header = {"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": key.public.jwk()}
    good_claims = {"aud": ISSUER, "iat": int(now.timestamp()), "nonce": "n-1"}

    jwt = jose.sign_compact({**good_header, **header}, {**good_claims, **claims}, key)

    with pytest.raises(ProofRefused) as refusal:
        verify(jwt, now)
    assert not isinstance(refusal.value, NonceStale)


def test_a_proof_may_say_how_long_it_holds(now: datetime) -> None:
    """RFC 7519, 4.1.4 and 4.1.5: bound to it, with the leeway that phones' clocks need."""
    key, moment = LocalKey.generate(), int(now.timestamp())
    header = {"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": key.public.jwk()}
    claims = {"aud": ISSUER, "iat": moment, "nbf": moment + 60, "exp": moment - 60}

    jwt = jose.sign_compact(header, {**claims, "nonce": "n-1"}, key)

    assert verify(jwt, now) == key.public.thumbprint


def test_a_proof_taken_apart_is_verified_all_the_same(now: datetime) -> None:
    key = LocalKey.generate()
    proof = Proof.parse(key_proof(key, ISSUER, "n-1", now))
    head, payload, _ = proof.compact.split(".")
    other = Proof.parse(f"{head}.{payload}.{b64url(bytes(64))}")

    def take(*proofs: Proof) -> tuple[DeviceKey, ...]:
        return verify_proofs({"jwt": [*proofs]}, audience=ISSUER, nonce="n-1", now=now, most=2)

    assert proof.claims["nonce"] == "n-1"
    assert take(proof) == (key.public,)
    for wrong in ((other,), (proof, proof), (proof, other)):
        with pytest.raises(ProofRefused):
            take(*wrong)


def test_a_private_key_in_the_header_is_refused(now: datetime) -> None:
    key = LocalKey.generate()
    header = {
        "alg": "ES256",
        "typ": "openid4vci-proof+jwt",
        "jwk": jose.private_jwk(key.private),
    }

    jwt = jose.sign_compact(header, {"aud": ISSUER, "iat": int(now.timestamp())}, key)

    with pytest.raises(ProofRefused):
        verify(jwt, now)


@pytest.mark.parametrize("nonce", ["n-2", "", None])
def test_another_nonce_is_told_apart(now: datetime, nonce: str | None) -> None:
    """The wallet is told to fetch a new nonce, not that its proof is bad."""
    with pytest.raises(NonceStale):
        verify(key_proof(LocalKey.generate(), ISSUER, nonce, now), now)


def test_a_clock_off_by_minutes_is_borne(now: datetime) -> None:
    key = LocalKey.generate()

    for minutes in (-9, 9):
        jwt = key_proof(key, ISSUER, "n-1", now + timedelta(minutes=minutes))
        assert verify(jwt, now) == key.public.thumbprint


@pytest.mark.parametrize("jwt", ["", "a.b.c", "e30.e30.AA", "." * 4, "x" * 2_000_000])
def test_junk_is_refused(now: datetime, jwt: str) -> None:
    with pytest.raises(ProofRefused):
        verify(jwt, now)


def test_proofs_name_each_key_once(now: datetime) -> None:
    keys = [LocalKey.generate() for _ in range(3)]
    jwts = [key_proof(key, ISSUER, "n-1", now) for key in keys]

    def take(proofs: dict[str, Any], most: int) -> int:
        return len(verify_proofs(proofs, audience=ISSUER, nonce="n-1", now=now, most=most))

    assert take({"jwt": jwts}, 3) == 3
    for proofs, most in (
        ({"jwt": jwts}, 2),
        ({"jwt": [jwts[0], jwts[0]]}, 2),
        ({"jwt": []}, 2),
        ({"jwt": jwts[0]}, 2),
        ({"attestation": jwts}, 3),
        ({"jwt": jwts, "di_vp": []}, 3),
        ({}, 1),
    ):
        with pytest.raises(ProofRefused):
            take(proofs, most)


def test_keys_of_one_phone_are_those_of_one_attestation(now: datetime) -> None:
    """A proof laid beside the phone's by somebody who knows the nonce is left out, with an
    attestation of its own or without."""
    provider = WalletProvider.create(now)
    own, more, stranger = keys = [LocalKey.generate() for _ in range(3)]
    both = provider.attest([own.public, more.public], now, nonce="n-1")
    other = provider.attest([stranger.public], now, nonce="n-1")
    bare = [key_proof(key, ISSUER, "n-1", now) for key in keys]
    told = [key_proof(key, ISSUER, "n-1", now, both) for key in (own, more)]
    policy = AttestationPolicy(AttestationUse.OPTIONAL, (provider.root,))

    def of_one_phone(proofs: list[str], attestations: AttestationPolicy = policy) -> list[str]:
        found = verify_proofs(
            {"jwt": proofs},
            audience=ISSUER,
            nonce="n-1",
            now=now,
            most=3,
            attestations=attestations,
            of_one_phone=True,
        )
        return [key.thumbprint for key in found]

    first, second, third = (key.public.thumbprint for key in keys)
    assert of_one_phone(bare, UNREAD) == of_one_phone(bare) == [first]
    assert of_one_phone(told) == of_one_phone(told[:1]) == [first, second]
    assert of_one_phone([*told, bare[2]]) == [first, second]
    assert of_one_phone([*told, key_proof(stranger, ISSUER, "n-1", now, other)]) == [first, second]
    assert of_one_phone([bare[2], *told]) == [third]
