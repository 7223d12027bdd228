"""PIV data objects: certificate containers, CHUID, public key templates."""

from __future__ import annotations

import zlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from desk.cards import piv_data
from desk.cards.piv_data import Chuid, KeyType, PinPolicy, Slot
from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError
from desk.training.piv_card import generate_key

# Origin: UART log of a CanoKey in the documentation of the public repository
# diverta/onecard-fido (folder CCID), answer to GET DATA 5FC102 without its 53 wrapping.
CHUID = bytes.fromhex(
    "3019D4E739DA739CED39CE739D836858210842108421C84210C3EB"
    "34107F0563C809A4CF5E04D618AF5D67CBE8350832303330303130313E00FE00"
)


def test_chuid_of_a_real_card() -> None:
    chuid = Chuid.parse(CHUID)

    assert chuid.guid.hex() == "7f0563c809a4cf5e04d618af5d67cbe8"
    assert chuid.expires == "20300101"
    assert len(chuid.fascn) == 25
    assert chuid.encode() == chuid.raw == CHUID


# SP 800-73-4 part 1, 3.3.2: usage policy and which PIN comes first.
@pytest.mark.parametrize(
    ("policy", "meaning"),
    [
        ("4000", PinPolicy()),
        ("6010", PinPolicy(global_pin=True)),
        ("6020", PinPolicy(global_pin=True, global_first=True)),
        ("7020", PinPolicy(global_pin=True, biometric=True, global_first=True)),
    ],
)
def test_discovery_object(policy: str, meaning: PinPolicy) -> None:
    contents = bytes.fromhex("4F0BA0000003080000100001005F2F02" + policy)

    assert PinPolicy.parse(contents) == meaning
    assert meaning.encode() == contents


def test_first_global_pin_without_a_global_pin_is_none() -> None:
    """A policy that contradicts itself sends no PIN to a reference the card has not."""
    contents = bytes.fromhex("4F0BA0000003080000100001005F2F024020")

    assert not PinPolicy.parse(contents).global_first
    with pytest.raises(TlvError):
        PinPolicy.parse(contents[:-1] + b"")
    with pytest.raises(TlvError):
        PinPolicy.parse(tlv.encode(0x5F2F, b"\x40"))


def test_chuid_without_guid_is_refused() -> None:
    with pytest.raises(TlvError, match="34"):
        Chuid.parse(tlv.encode(0x30, bytes(25)) + tlv.encode(0x35, b"20300101"))


# SP 800-73-4 part 1, table 3.
@pytest.mark.parametrize(
    ("slot", "tag"), [(0x9A, 0x5FC105), (0x9C, 0x5FC10A), (0x9D, 0x5FC10B), (0x9E, 0x5FC101)]
)
def test_slots_name_their_objects(slot: int, tag: int) -> None:
    assert Slot(slot).certificate_tag == tag


@pytest.mark.parametrize("compress", [False, True])
def test_certificate_object_there_and_back(compress: bool) -> None:
    der = bytes(range(256)) * 3

    contents = piv_data.certificate_object(der, compress=compress)

    assert piv_data.certificate_in(contents) == der
    assert tlv.get(tlv.parse(contents), 0x71) == bytes([compress])


def test_zlib_as_some_cards_have_it() -> None:
    contents = tlv.encode(0x70, zlib.compress(b"certificate")) + tlv.encode(0x71, b"\x01")

    assert piv_data.certificate_in(contents) == b"certificate"


@pytest.mark.parametrize("contents", [b"", tlv.encode(0x70, b"") + tlv.encode(0x71, b"\x00")])
def test_empty_object_holds_no_certificate(contents: bytes) -> None:
    assert piv_data.certificate_in(contents) is None


def test_inflating_has_a_limit() -> None:
    """A small object that inflates to megabytes is refused, not unpacked."""
    bomb = piv_data.certificate_object(bytes(4_000_000), compress=True)

    with pytest.raises(TlvError, match="too long"):
        piv_data.certificate_in(bomb)


def test_damaged_compression_is_refused() -> None:
    contents = tlv.encode(0x70, b"\x1f\x8bnothing") + tlv.encode(0x71, b"\x01")

    with pytest.raises(TlvError):
        piv_data.certificate_in(contents)


@pytest.mark.parametrize("key_type", list(KeyType))
def test_public_key_template_there_and_back(key_type: KeyType) -> None:
    public = generate_key(key_type).public_key()

    again = piv_data.public_key_in(piv_data.public_key_template(public), key_type)

    assert again == public
    assert KeyType.of(public) is KeyType.of(again) is key_type


@pytest.mark.parametrize(
    ("text", "key_type"),
    [("7F49028600", KeyType.P256), ("7F4903860104", KeyType.P384), ("7F4900", KeyType.RSA2048)],
)
def test_broken_public_key_is_refused(text: str, key_type: KeyType) -> None:
    with pytest.raises(TlvError):
        piv_data.public_key_in(bytes.fromhex(text), key_type)


def test_other_keys_have_no_type() -> None:
    assert KeyType.of(ec.generate_private_key(ec.SECP521R1())) is None
    assert KeyType.of(rsa.generate_private_key(65537, 1024)) is None
    assert KeyType.of("key") is None
