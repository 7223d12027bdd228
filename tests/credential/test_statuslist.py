"""The status list and its two tokens."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cbor2 import CBORTag
from hypothesis import given
from hypothesis import strategies as st

from desk.credential import cbor, cose, jose, statuslist
from desk.credential.keys import Curve, b64url
from desk.credential.signer import LocalSigner
from desk.credential.statuslist import ListTerms, Status, StatusList
from desk.credential.troubles import Malformed, StatusListRefused, StatusUnknown, ValueUnfit
from desk.credential.verify import Trust
from desk.training.authority import TrainingAuthority

Vectors = Callable[[str], dict[str, Any]]
URI = "https://issuer.example/status/1"


@pytest.fixture
def terms(now: datetime) -> ListTerms:
    return ListTerms(URI, now, now + timedelta(days=1), timedelta(minutes=5))


@pytest.fixture
def listed() -> StatusList:
    made = StatusList(1 << 12)
    made.set(17, Status.SUSPENDED)
    made.set(4095, Status.INVALID)
    return made


def test_the_drafts_examples_decode(vectors: Vectors) -> None:
    for vector in vectors("small")["status_list"]:
        entries = dict(vector["entries"])

        decoded = statuslist.decode({"bits": vector["bits"], "lst": vector["lst"]})

        changed = StatusList(decoded.size, decoded.bits)
        for index, status in entries.items():
            assert decoded[index] == status
            changed.set(index, status)
        assert decoded.to_bytes() == changed.to_bytes()
        assert decoded.size == vector.get("size", decoded.size)
        assert decoded.to_bytes().hex() == vector.get("bytes", decoded.to_bytes().hex())


def test_the_drafts_examples_are_made_alike(vectors: Vectors) -> None:
    """Compressors may differ in their blocks; the arrays inside must not."""
    for vector in vectors("small")["status_list"]:
        theirs = statuslist.decode({"bits": vector["bits"], "lst": vector["lst"]})
        ours = StatusList(theirs.size, vector["bits"])
        for index, status in vector["entries"]:
            ours.set(index, status)

        assert ours.to_bytes() == theirs.to_bytes()
        assert StatusList.from_compressed(ours.compressed(), ours.bits)[0] == theirs[0]


@given(st.dictionaries(st.integers(0, 255), st.integers(0, 3), max_size=60))
def test_entries_do_not_touch_each_other(entries: dict[int, int]) -> None:
    listed = StatusList(256)
    for index in entries:
        listed.set(index, 3)
    for index, status in entries.items():
        listed.set(index, status)

    again = StatusList(256, 2, listed.to_bytes())
    at_once = StatusList(256)
    for status in range(4):
        at_once.set_all(status, [index for index, one in entries.items() if one == status])

    assert at_once.to_bytes() == listed.to_bytes()
    assert [again[i] for i in range(256)] == [entries.get(i, 0) for i in range(256)]


def test_both_tokens_carry_the_list(
    listed: StatusList, terms: ListTerms, authority: TrainingAuthority, trust: Trust
) -> None:
    signer = authority.status_signer

    jwt = statuslist.sign_jwt(listed, terms, signer)
    cwt = statuslist.sign_cwt(listed, terms, signer)

    for read in (
        statuslist.verify_jwt(jwt, URI, trust),
        statuslist.verify_cwt(cwt, URI, trust),
    ):
        assert read.to_bytes() == listed.to_bytes()
        assert (read[0], read[17], read[4095]) == (0, 2, 1)
    assert cwt[0] == 0xD2  # COSE_Sign1 with its tag
    token = jose.parse_compact(jwt)
    assert token.header["typ"] == "statuslist+jwt"
    assert token.claims()["ttl"] == 300


def test_what_lies_outside_is_unknown(listed: StatusList) -> None:
    for index in (-1, 4096):
        with pytest.raises(StatusUnknown):
            listed[index]
        with pytest.raises(StatusUnknown):
            listed.set(index, 0)
        with pytest.raises(StatusUnknown):
            listed.set_all(0, [index])
    with pytest.raises(ValueError, match="does not fit"):
        listed.set(0, 4)
    with pytest.raises(ValueError, match="does not fit"):
        listed.set_all(4, [])


@pytest.mark.parametrize(("size", "bits"), [(0, 2), (5, 2), (8, 3), (-4, 2)])
def test_a_list_fills_whole_bytes(size: int, bits: int) -> None:
    with pytest.raises(ValueError, match="whole bytes"):
        StatusList(size, bits)


def test_terms_that_never_hold_are_refused(now: datetime) -> None:
    with pytest.raises(ValueUnfit):
        ListTerms(URI, now, now, timedelta())


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"bits": 2},
        {"bits": True, "lst": "eNo76fITAAPfAgc"},
        {"bits": 3, "lst": "eNo76fITAAPfAgc"},
        {"bits": 2, "lst": "AAAA"},
        {"bits": 2, "lst": "eNo76fITAAPf"},
        {"bits": 2, "lst": b64url(zlib.compress(b""))},
        {"bits": 2, "lst": 7},
    ],
    ids=str,
)
def test_a_broken_list_is_refused(entry: Any) -> None:
    with pytest.raises(Malformed):
        statuslist.decode(entry)


def test_a_decompression_bomb_is_refused() -> None:
    bomb = zlib.compress(bytes((1 << 26) + 1), level=9)

    with pytest.raises(Malformed):
        StatusList.from_compressed(bomb, 2)


def test_a_list_of_another_address_or_time_is_refused(
    listed: StatusList, terms: ListTerms, authority: TrainingAuthority, trust: Trust
) -> None:
    jwt = statuslist.sign_jwt(listed, terms, authority.status_signer)
    cwt = statuslist.sign_cwt(listed, terms, authority.status_signer)
    later = replace(trust, now=trust.now + timedelta(days=2))
    earlier = replace(trust, now=trust.now - timedelta(minutes=10))

    for uri, at in ((URI + "/", trust), (URI, later), (URI, earlier)):
        with pytest.raises(StatusListRefused):
            statuslist.verify_jwt(jwt, uri, at)
        with pytest.raises(StatusListRefused):
            statuslist.verify_cwt(cwt, uri, at)


def test_a_list_of_a_stranger_is_refused(
    listed: StatusList, terms: ListTerms, authority: TrainingAuthority, trust: Trust, now: datetime
) -> None:
    stranger = TrainingAuthority.create(now).status_signer
    own = authority.status_signer
    mixed = LocalSigner(stranger.private, own.certificate_chain)

    for signer in (stranger, mixed):
        with pytest.raises(StatusListRefused):
            statuslist.verify_jwt(statuslist.sign_jwt(listed, terms, signer), URI, trust)
        with pytest.raises(StatusListRefused):
            statuslist.verify_cwt(statuslist.sign_cwt(listed, terms, signer), URI, trust)


def test_a_token_of_another_type_is_refused(
    authority: TrainingAuthority, trust: Trust, now: datetime
) -> None:
    signer = authority.status_signer
    header = {"alg": "ES256", "x5c": jose.x5c_header(signer.certificate_chain)}
    claims = {"sub": URI, "iat": int(now.timestamp()), "status_list": {"bits": 2, "lst": "eA"}}
    payload = cbor.encode({2: URI, 6: int(now.timestamp())})
    protected = cose.protected_header(Curve.P256, {33: signer.certificate_chain[0]})
    signature = signer.sign(cose.to_be_signed(protected, payload))

    for typ in ("jwt", None):
        with pytest.raises(StatusListRefused):
            statuslist.verify_jwt(
                jose.sign_compact({**header, "typ": typ}, claims, signer), URI, trust
            )
    with pytest.raises(StatusListRefused):
        statuslist.verify_cwt(
            cbor.encode(CBORTag(18, [protected, {}, payload, signature])), URI, trust
        )
    for junk in ("", "a.b.c", "...", "ä.ö.ü"):
        with pytest.raises(StatusListRefused):
            statuslist.verify_jwt(junk, URI, trust)
    with pytest.raises(StatusListRefused):
        statuslist.verify_cwt(b"\x80", URI, trust)


def test_two_bits_cost_little_more_than_one() -> None:
    """facts: 4 to 5 % at 1 to 2 % revoked; here only the order of magnitude."""
    sizes = []
    for bits in (1, 2):
        listed = StatusList(1 << 17, bits)
        for index in range(0, 1 << 17, 97):
            listed.set((index * 7919) % (1 << 17), Status.INVALID)
        sizes.append(len(listed.compressed()))

    assert sizes[1] < 1.3 * sizes[0]
