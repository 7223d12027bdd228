"""Secrets: what is derived, what is sealed to whom, and the key file's mode."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from desk.enrollment import keys
from desk.enrollment.keys import StationKey, key_file, make_key_file, read_key_file
from desk.enrollment.trouble import KeyFileUnsafe

KEY = StationKey(b"k" * 32)


def test_what_is_sealed_opens_for_its_token_only() -> None:
    """Another token, another request, another byte: nothing opens."""
    token = keys.new_access_token("offer-1")
    sealed = keys.seal(b"secret", keys.public_bytes(keys.token_opener(token)), "request-1")

    assert keys.unseal(sealed, keys.token_opener(token), "request-1") == b"secret"
    for opener, bound_to in (
        (keys.token_opener(keys.new_access_token("offer-1")), "request-1"),
        (keys.token_opener(token), "request-2"),
    ):
        with pytest.raises(ValueError, match="another key or request"):
            keys.unseal(sealed, opener, bound_to)
    changed = sealed[:50] + bytes([sealed[50] ^ 1]) + sealed[51:]
    with pytest.raises(ValueError, match="another key or request"):
        keys.unseal(changed, keys.token_opener(token), "request-1")


def test_what_names_an_offer_is_taken_apart() -> None:
    """An offer's identifier may have dots, what follows has none."""
    names = [keys.carrying(offer_id, "a-_9") for offer_id in ("offer-1", "a.b.", ".", "x" * 64)]

    assert [keys.carrying(*keys.parted(name)) for name in names] == names
    assert {keys.parted(name)[1] for name in names} == {"a-_9"}


@pytest.mark.parametrize(
    "text",
    ["", ".", "x", "x.", ".x", "..x y", "한.x", "x.한", "x\0.y", "x.y\n", "x y.z", "x" * 65 + ".y"],
)
def test_what_names_no_offer(text: str) -> None:
    assert keys.parted(text) == ("", text)


def test_sealing_twice_gives_two_answers() -> None:
    """An ephemeral key each time, so that equal answers don't show as equal."""
    seal_to = keys.public_bytes(keys.token_opener("t"))

    assert keys.seal(b"x", seal_to, "r") != keys.seal(b"x", seal_to, "r")


def test_every_purpose_has_its_own_secret() -> None:
    """Handle, code, bearer and references follow from the key, and none from another."""
    handle = KEY.offer_handle("offer-1")
    derived = {
        handle,
        KEY.offer_handle("offer-2"),
        keys.code_secret(handle),
        KEY.desk_key(),
        keys.token_reference("t", "transaction", "r"),
        keys.token_reference("t", "notification", "r"),
        StationKey(b"l" * 32).offer_handle("offer-1"),
    }

    assert len(derived) == 7
    assert handle == KEY.offer_handle("offer-1")
    assert all(len(text) >= 32 for text in derived)


def test_secrets_are_derived_as_others_derive_them() -> None:
    """HKDF-SHA256 without a salt (RFC 5869), as a library makes it: a service of another
    version finds the same for an offer that is open."""

    def derived(secret: bytes, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret)

    handle = keys.to_base64url(derived(KEY.secret, "offer handle offer-1"))
    code = keys.to_base64url(derived(handle.encode(), "pre-authorized code"))

    assert KEY.desk_key() == derived(KEY.secret, "desk calls")
    assert KEY.offer_handle("offer-1") == handle
    assert keys.code_secret(handle) == code
    assert (
        keys.from_base64url(keys.token_reference("t", "transaction", "r"))
        == (derived(b"t", "transaction r")[:24])
    )


def test_pin_hash_depends_on_key_and_salt() -> None:
    """The same PIN of two offers, or of two stations, gives two hashes."""
    salt, other = b"s" * 16, b"t" * 16

    hashes = {
        KEY.pin_hash("482915", salt),
        KEY.pin_hash("482915", other),
        KEY.pin_hash("482916", salt),
        StationKey(b"l" * 32).pin_hash("482915", salt),
    }

    assert len(hashes) == 4
    assert KEY.pin_hash("482915", salt) in hashes


def test_secrets_do_not_show_in_texts() -> None:
    assert "kkk" not in repr(KEY)


def test_key_file(tmp_path: Path) -> None:
    """Made once, readable by its owner only, read again the same."""
    path = tmp_path / "station.key"

    made = key_file(path)

    assert key_file(path) == made == read_key_file(path)
    with pytest.raises(FileExistsError):
        make_key_file(path)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "station.key"
    make_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)

    with pytest.raises(KeyFileUnsafe) as caught:
        read_key_file(path)

    assert caught.value.facts == {"file": "station.key", "reason": "open_to_others"}


@pytest.mark.parametrize("text", ["", "short", "!" * 43, "ü"])
def test_malformed_key_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "station.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)

    with pytest.raises(KeyFileUnsafe):
        read_key_file(path)


def test_missing_key_file(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnsafe):
        read_key_file(tmp_path / "none")
