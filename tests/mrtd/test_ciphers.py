"""desk.mrtd.ciphers against the worked examples of Doc 9303-11 and against refusals."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mrtd import ciphers

# ICAO Doc 9303-11 appendix D.1 and D.2: seed, keys of the document.
SEED = bytes.fromhex("239AB9CB282DAF66231DC5A4DF6BFBAE")
ENCRYPTION_KEY = bytes.fromhex("AB94FDECF2674FDFB9B391F85D7F76F2")
MAC_KEY = bytes.fromhex("7962D9ECE03D1ACD4C76089DCE131543")
# Appendix D.3: what the terminal encrypts and its code.
PLAIN = bytes.fromhex("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B")
SECRET = bytes.fromhex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
CODE = bytes.fromhex("5F1448EEA8AD90A7")


def test_keys_come_from_the_seed() -> None:
    suite = ciphers.triple_des_keys(SEED)

    assert suite.encryption_key == ENCRYPTION_KEY
    assert suite.mac_key == MAC_KEY


def test_triple_des_and_retail_mac() -> None:
    suite = ciphers.TripleDesSuite(ENCRYPTION_KEY, MAC_KEY)

    assert suite.encrypt(PLAIN, bytes(8)) == SECRET
    assert suite.decrypt(SECRET, bytes(8)) == PLAIN
    assert suite.mac(SECRET) == CODE


@pytest.mark.parametrize(("length", "name"), [(16, "sha1"), (24, "sha256"), (32, "sha256")])
def test_longer_keys_come_from_a_longer_hash(length: int, name: str) -> None:
    """Doc 9303-11 clause 9.7.1: SHA-1 for keys of 128 bits, SHA-256 for 192 and 256."""
    expected = hashlib.new(name, SEED + b"\x00\x00\x00\x02").digest()[:length]

    assert ciphers.derive(SEED, ciphers.MAC, length) == expected


def test_session_keys_of_pace_example() -> None:
    """Doc 9303-11 appendix G.1: AES-128 keys from the shared secret of generic mapping."""
    secret = bytes.fromhex("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925")

    suite = ciphers.aes_keys(secret, 16)

    assert suite.encryption_key.hex().upper() == "F5F0E35C0D7161EE6724EE513A0D9A7F"
    assert suite.mac_key.hex().upper() == "FE251C7858B356B24514B3BD5F4297D1"


@pytest.mark.parametrize("broken", [b"", bytes(8), b"\x01" * 8, b"\x80\x01"])
def test_wrong_padding_is_refused(broken: bytes) -> None:
    with pytest.raises(ciphers.PaddingWrong):
        ciphers.unpad(broken)


@given(st.binary(max_size=70), st.sampled_from([8, 16]))
def test_padding_comes_off_again(data: bytes, block: int) -> None:
    padded = ciphers.pad(data, block)

    assert len(padded) % block == 0
    assert ciphers.unpad(padded) == data


@given(st.binary(max_size=60), st.binary(min_size=16, max_size=16))
def test_aes_decrypts_what_it_encrypted_only_with_its_counter(data: bytes, counter: bytes) -> None:
    suite = ciphers.aes_keys(SEED, 16)
    padded = ciphers.pad(data, 16)

    secret = suite.encrypt(padded, counter)

    assert suite.decrypt(secret, counter) == padded
    other = bytes([counter[0] ^ 1]) + counter[1:]
    assert suite.decrypt(secret, other) != padded


@given(st.binary(min_size=16, max_size=16))
def test_parity_touches_the_lowest_bits_only(key: bytes) -> None:
    adjusted = ciphers.with_parity(key)

    assert all(byte.bit_count() % 2 == 1 for byte in adjusted)
    assert bytes(b & 0xFE for b in adjusted) == bytes(b & 0xFE for b in key)
