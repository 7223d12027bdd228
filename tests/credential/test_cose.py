"""COSE_Sign1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cbor2 import CBORTag

from desk.credential import cbor, cose
from desk.credential.keys import Curve, DeviceKey
from desk.credential.signer import LocalKey
from desk.credential.troubles import Malformed, SignatureNotGenuine

Vectors = Callable[[str], dict[str, Any]]


def test_published_messages_verify(vectors: Vectors) -> None:
    for vector in vectors("small")["cose"]:
        message = cose.parse(bytes.fromhex(vector["message"]))

        message.verify(DeviceKey.from_jwk(vector["jwk"]))

        assert message.payload is not None
        signed = cose.to_be_signed(message.protected, message.payload)
        assert signed == bytes.fromhex(vector["to_be_signed"])


def signed(key: LocalKey, protected: bytes, payload: bytes | None, over: bytes) -> bytes:
    signature = key.sign(cose.to_be_signed(protected, over))
    return cbor.encode([protected, {}, payload, signature])


def test_the_algorithm_must_be_the_keys_own() -> None:
    """Otherwise an attacker could choose how his signature is checked."""
    key = LocalKey.generate()
    message = cose.parse(signed(key, cose.protected_header(Curve.P384), b"x", b"x"))

    with pytest.raises(SignatureNotGenuine):
        message.verify(key.public)


def test_both_names_of_an_algorithm_are_known() -> None:
    """-9 is ES256 with its curve (RFC 9864), -7 the older name."""
    key = LocalKey.generate()
    message = cose.parse(signed(key, cbor.encode({1: -9}), b"x", b"x"))

    message.verify(key.public)


@pytest.mark.parametrize("critical", [[-70_001], [1, "made-up"], 5, {}], ids=str)
def test_a_critical_header_that_nobody_knows_is_refused(critical: Any) -> None:
    """RFC 9052 3.1: who does not understand it must not go by the rest."""
    key = LocalKey.generate()
    message = cose.parse(signed(key, cbor.encode({1: -7, 2: critical}), b"x", b"x"))

    with pytest.raises(Malformed):
        message.verify(key.public)


def test_a_critical_header_that_is_known_is_borne() -> None:
    key = LocalKey.generate()
    protected = cbor.encode({1: -7, 2: [16, 33], 16: "any", 33: b"any"})

    cose.parse(signed(key, protected, b"x", b"x")).verify(key.public)


def test_a_detached_payload_is_given_once() -> None:
    key = LocalKey.generate()
    protected = cose.protected_header(Curve.P256)
    detached = cose.parse(signed(key, protected, None, b"x"))
    attached = cose.parse(signed(key, protected, b"x", b"x"))

    detached.verify(key.public, detached=b"x")
    with pytest.raises(Malformed):
        detached.verify(key.public)
    with pytest.raises(Malformed):
        attached.verify(key.public, detached=b"x")


@pytest.mark.parametrize(
    "value",
    [
        [b"", {}, b""],
        ["", {}, b"", b""],
        [b"", [], b"", b""],
        [b"", {}, "", b""],
        [b"", {}, b"", None],
        CBORTag(17, [b"", {}, b"", b""]),
        7,
    ],
    ids=str,
)
def test_other_structures_are_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        cose.parse(cbor.encode(value))


@pytest.mark.parametrize("chain", [None, [], "text", ["text"], 5], ids=str)
def test_a_missing_chain_is_refused(chain: Any) -> None:
    message = cose.parse(cbor.encode([b"", {33: chain}, b"", b""]))

    with pytest.raises(Malformed):
        message.x5chain()


def test_a_single_certificate_stands_alone() -> None:
    assert cose.x5chain_value((b"one",)) == b"one"
    assert cose.x5chain_value((b"one", b"two")) == [b"one", b"two"]
