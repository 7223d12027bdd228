"""The ministry's signed list of officers: what holds, and every way in which one does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from jsonschema import Draft202012Validator

from desk.cards.certificates import check_validity
from desk.cards.troubles import CertificateRevoked
from desk.credential.jose import sign_compact, x5c_header
from desk.credential.keys import b64url, from_b64url
from desk.credential.signer import LocalSigner
from desk.issuance.officers import (
    LIST_TYPE,
    ListExpired,
    ListFromTheFuture,
    ListNotGenuine,
    ListUnsound,
    Officer,
    list_payload,
    read_list,
)
from desk.issuance.roles import Role
from desk.resources import resource
from desk.training.authority import AUTHENTICATION, SIGNATURE, TrainingAuthority
from desk.training.officers import LIST_LIFE, PEOPLE, officers_of, sign_list
from desk.trouble import Trouble

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
CARDS = [f"{number:064x}" for number in range(1, len(PEOPLE) + 1)]
OFFICERS = officers_of("LA", CARDS)


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(NOW)


def signed(authority: TrainingAuthority, payload: Any = None, **header: Any) -> str:
    told = payload or list_payload(7, NOW, NOW + LIST_LIFE, OFFICERS)
    signer = authority.list_signer
    head = {"alg": "ES256", "typ": LIST_TYPE, "x5c": x5c_header(signer.certificate_chain)}
    return sign_compact(head | header, told, signer)


def read(authority: TrainingAuthority, token: str, at: datetime = NOW) -> Any:
    return read_list(token, [authority.officer_root], check_validity, at)


def test_a_list_gives_every_officer_with_role_post_and_card(authority: TrainingAuthority) -> None:
    sister = replace(OFFICERS[2], officer_id="S-1", card="f" * 64, post="SF", sister_posts=("LA",))
    token = sign_list(authority.list_signer, (*OFFICERS, sister), 7, NOW)

    found = read(authority, token + "\n")

    assert (found.number, found.issued, found.valid_until) == (7, NOW, NOW + LIST_LIFE)
    assert found.officers == (*OFFICERS, sister)
    assert found.by_card[CARDS[3]].role is Role.HEAD_OF_POST
    assert found.of_post("SF") == (sister,)


def test_a_sister_approver_may_approve_at_both_posts_and_an_officer_at_none() -> None:
    sister = replace(OFFICERS[2], post="SF", sister_posts=("LA",))

    assert sister.may_approve_at("LA") and sister.may_approve_at("SF")
    assert not sister.may_approve_at("NY")
    assert OFFICERS[2].may_approve_at("LA") and not OFFICERS[2].may_approve_at("SF")
    assert not OFFICERS[0].may_approve_at("LA")


def test_the_list_follows_its_published_schema(authority: TrainingAuthority) -> None:
    schema = json.loads(resource("schemas", "officer-list.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    sister = replace(OFFICERS[2], officer_id="S-1", card="f" * 64, post="SF", sister_posts=("LA",))

    Draft202012Validator(schema).validate(
        list_payload(7, NOW, NOW + LIST_LIFE, (*OFFICERS, sister))
    )


Change = Callable[[dict[str, Any]], None]


def entry(**changes: Any) -> Change:
    return lambda payload: payload["officers"][1].update(changes)


def top(**changes: Any) -> Change:
    return lambda payload: payload.update(changes)


def without(name: str, place: int | None = None) -> Change:
    def change(payload: dict[str, Any]) -> None:
        (payload if place is None else payload["officers"][place]).pop(name)

    return change


UNSOUND: dict[str, Change] = {
    "no number": without("number"),
    "number as text": top(number="7"),
    "number true": top(number=True),
    "number zero": top(number=0),
    "another version": top(version=2),
    "a member nobody knows": top(comment="x"),
    "no officers": top(officers=[]),
    "officers no list": top(officers={"a": 1}),
    "time without zone": top(issued="2026-11-22T09:30:00"),
    "time as number": top(valid_until=1795339800),
    "ends before it begins": top(valid_until="2026-11-22T09:29:59Z"),
    "an officer who is none": top(officers=["x"]),
    "an unknown role": entry(role="ambassador"),
    "role as a list": entry(role=["officer"]),
    "id with a blank": entry(officer_id="T 2"),
    "empty name": entry(name_ko=""),
    "name with a line end": entry(name_en="A\nB"),
    "name as number": entry(title_ko=5),
    "too long a name": entry(name_ko="가" * 81),
    "post in small letters": entry(post="la"),
    "card too short": entry(card="ab"),
    "card in capitals": entry(card="F" * 64),
    "no card": without("card", 1),
    "an unknown member": entry(pin="123456"),
    "sister posts as text": entry(sister_posts="SF", role="approver"),
    "sister post that is none": entry(sister_posts=[5], role="approver"),
    "sister posts for who may not approve": entry(sister_posts=["SF"]),
    "one card for two": entry(card=CARDS[0]),
    "one person twice": entry(officer_id="T-001"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_a_list_that_breaks_its_form_is_refused(authority: TrainingAuthority, name: str) -> None:
    payload = list_payload(7, NOW, NOW + LIST_LIFE, OFFICERS)
    UNSOUND[name](payload)

    with pytest.raises(ListUnsound):
        read(authority, signed(authority, payload))


@pytest.mark.parametrize("name", [name for name in UNSOUND if " twice" not in name])
def test_the_schema_refuses_the_same_but_for_what_no_schema_can_say(name: str) -> None:
    beyond = {
        "ends before it begins",
        "name with a line end",
        "sister posts for who may not approve",
        "one card for two",
    }
    schema = json.loads(resource("schemas", "officer-list.schema.json").read_text())
    payload = list_payload(7, NOW, NOW + LIST_LIFE, OFFICERS)
    UNSOUND[name](payload)

    assert Draft202012Validator(schema).is_valid(payload) is (name in beyond)


def test_other_signed_things_are_no_list(authority: TrainingAuthority) -> None:
    for token in ("", "x", "a.b", "a.b.c", signed(authority, typ="JWT")):
        with pytest.raises(ListUnsound):
            read(authority, token)


def test_every_altered_part_is_seen(authority: TrainingAuthority) -> None:
    head, payload, signature = signed(authority).split(".")
    told = json.loads(from_b64url(payload))
    told["officers"][0]["role"] = "head_of_post"
    raw = bytearray(from_b64url(signature))
    raw[-1] ^= 1

    for token in (
        f"{head}.{b64url(json.dumps(told).encode())}.{signature}",
        f"{head}.{payload}.{b64url(bytes(raw))}",
        signed(authority, alg="ES384"),
        signed(authority, x5c=[]),
    ):
        with pytest.raises(ListNotGenuine) as refused:
            read(authority, token)
        assert refused.value.facts == {"reason": "signature"}


@pytest.mark.parametrize("slot", [AUTHENTICATION, SIGNATURE])
def test_an_officers_own_card_signs_no_list(authority: TrainingAuthority, slot: int) -> None:
    """The card's chain leads to the same root; its purpose is another."""
    card = authority.officers[0].slots[slot].signer

    with pytest.raises(ListNotGenuine) as refused:
        read(authority, sign_list(card, OFFICERS, 7, NOW))
    assert refused.value.facts == {"reason": "purpose"}


def test_another_ministrys_list_is_refused(authority: TrainingAuthority) -> None:
    stranger = TrainingAuthority.create(NOW, ())

    with pytest.raises(ListNotGenuine) as refused:
        read(authority, sign_list(stranger.list_signer, OFFICERS, 7, NOW))
    assert refused.value.facts == {"reason": "chain"}


def test_a_certificate_of_somebody_else_beside_the_signature(authority: TrainingAuthority) -> None:
    stranger = TrainingAuthority.create(NOW, ())
    forged = LocalSigner(stranger.list_signer.private, authority.list_signer.certificate_chain)

    with pytest.raises(ListNotGenuine) as refused:
        read(authority, sign_list(forged, OFFICERS, 7, NOW))
    assert refused.value.facts == {"reason": "signature"}


def test_a_list_lives_within_its_signers_time(authority: TrainingAuthority) -> None:
    early = sign_list(authority.list_signer, OFFICERS, 7, NOW - timedelta(days=2))
    late = sign_list(authority.list_signer, OFFICERS, 7, NOW, timedelta(days=460))

    for token, reason in ((early, "older than its signer"), (late, "longer than its signer")):
        with pytest.raises(ListNotGenuine) as refused:
            read(authority, token)
        assert refused.value.facts == {"reason": reason}


def test_a_signer_that_was_taken_back_is_refused(authority: TrainingAuthority) -> None:
    def revoked(_certificate: x509.Certificate, _at: datetime) -> None:
        raise CertificateRevoked(NOW)

    with pytest.raises(ListNotGenuine) as refused:
        read_list(signed(authority), [authority.officer_root], revoked, NOW)
    assert refused.value.facts == {"reason": "revoked"}


@pytest.mark.parametrize(
    ("at", "trouble"),
    [
        (NOW - timedelta(hours=2), ListFromTheFuture),
        (NOW - timedelta(minutes=59), None),
        (NOW + LIST_LIFE - timedelta(seconds=1), None),
        (NOW + LIST_LIFE, ListExpired),
        (NOW + timedelta(days=900), ListExpired),
    ],
)
def test_a_list_counts_in_its_own_time_only(
    authority: TrainingAuthority, at: datetime, trouble: type[Trouble] | None
) -> None:
    if trouble is None:
        assert read(authority, signed(authority), at).number == 7
        return
    with pytest.raises(trouble):
        read(authority, signed(authority), at)


def test_an_officer_holds_a_role_and_not_a_word(authority: TrainingAuthority) -> None:
    assert all(isinstance(one, Officer) and type(one.role) is Role for one in OFFICERS)
