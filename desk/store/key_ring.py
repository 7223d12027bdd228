"""The ring: the records' key wrapped to each enrolled officer's card and to a recovery card.

A ring holds public facts and wrapped keys only; its seal, made with the key itself, shows
every change by somebody who cannot open the records. While the key is being replaced the
ring holds both, the present key for the cards it had and the next one for those that stay:
whichever the records turn out to be encrypted with, a card opens it.

Where a ring lies is :mod:`desk.store.vault`'s business, when it changes
:mod:`desk.store.unlocking`'s. Members are named as in JWE (RFC 7516, 7.2.1) where it has
names for them.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from desk.cards import key_wrap
from desk.cards.certificates import BROKEN
from desk.cards.key_wrap import WrappedKey
from desk.cards.piv_data import KeyType, PublicKey
from desk.cards.session import CardSession
from desk.store.key import RecordsKey
from desk.store.troubles import CardNotEnrolled, KeyUnsound, RingAltered

FORMAT = "desk-records-keys-1"


class CardKind(StrEnum):
    """An officer's card opens the records at sign-in; the recovery card, kept by the head of
    post, only lets other cards in when officers' cards are lost."""

    OFFICER = "officer"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class EnrolledCard:
    """``key`` is the card's 9D public key (SubjectPublicKeyInfo, DER); ``holder`` the officer's
    id in the ministry's list, empty for a recovery card; ``by`` who enrolled it, as the log
    names people."""

    kind: CardKind
    key: bytes
    holder: str
    added: datetime
    by: str

    @property
    def public_key(self) -> PublicKey:
        return load_public_key(self.key)

    @property
    def fingerprint(self) -> str:
        return key_wrap.fingerprint(self.public_key)


@dataclass(frozen=True)
class Generation:
    """One key of the records, wrapped to cards by their fingerprint."""

    key_id: str
    made: datetime
    wrapped: Mapping[str, WrappedKey]


@dataclass(frozen=True)
class Ring:
    """``records`` names the records this ring belongs to; ``following`` is the next key while
    it replaces the present one; ``begun``: the records have been made; ``seal`` is made with
    the present key."""

    records: str
    cards: tuple[EnrolledCard, ...]
    present: Generation
    following: Generation | None = None
    begun: bool = False
    seal: str = ""

    def card(self, fingerprint: str) -> EnrolledCard | None:
        return next((card for card in self.cards if card.fingerprint == fingerprint), None)

    def of_kind(self, kind: CardKind) -> tuple[EnrolledCard, ...]:
        return tuple(card for card in self.cards if card.kind is kind)


@dataclass(frozen=True)
class OpenedRing:
    """A ring with the keys a card has opened; ``following`` where one is under way."""

    ring: Ring
    key: RecordsKey
    following: RecordsKey | None = None


# Making and changing ------------------------------------------------------------------


def enrolled(
    session: CardSession, kind: CardKind, holder: str, added: datetime, by: str
) -> EnrolledCard:
    """The card of ``session`` as an entry; asks for no PIN. Raises KeyUnusable,
    CertificateUnreadable."""
    info = public_bytes(key_wrap.recipient_key(session))
    return EnrolledCard(kind, info, holder, added, by)


def new_ring(records: str, key: RecordsKey, cards: Iterable[EnrolledCard], made: datetime) -> Ring:
    """A sealed ring with ``key`` wrapped to each of ``cards``."""
    held = tuple(cards)
    return sealed(Ring(records, held, _generation(records, key, held, made)), key)


def with_card(ring: Ring, key: RecordsKey, card: EnrolledCard) -> Ring:
    """The ring that lets ``card`` in too; one already in is replaced."""
    others = tuple(one for one in ring.cards if one.fingerprint != card.fingerprint)
    wrapped = {**ring.present.wrapped, card.fingerprint: _wrapped(ring.records, key, card)}
    present = replace(ring.present, wrapped=wrapped)
    return sealed(replace(ring, cards=(*others, card), present=present), key)


def with_following(
    ring: Ring, key: RecordsKey, following: RecordsKey, made: datetime, without: str = ""
) -> Ring:
    """The ring on the way to another key, which the card ``without`` does not get."""
    staying = tuple(card for card in ring.cards if card.fingerprint != without)
    generation = _generation(ring.records, following, staying, made)
    return sealed(replace(ring, cards=staying, following=generation), key)


def settled(ring: Ring, following: RecordsKey) -> Ring:
    """The ring when the records are encrypted with the following key."""
    if ring.following is None:
        raise ValueError("no key is under way")
    return sealed(replace(ring, present=ring.following, following=None), following)


def sealed(ring: Ring, key: RecordsKey) -> Ring:
    return replace(ring, seal=key.seal(_spelled(ring)))


def _generation(
    records: str, key: RecordsKey, cards: Iterable[EnrolledCard], made: datetime
) -> Generation:
    wrapped = {card.fingerprint: _wrapped(records, key, card) for card in cards}
    return Generation(key.key_id, made, wrapped)


def _wrapped(records: str, key: RecordsKey, card: EnrolledCard) -> WrappedKey:
    return key_wrap.wrap(card.public_key, key.secret, _context(records, key.key_id))


def _context(records: str, key_id: str) -> bytes:
    """What a wrapped key is bound to: these records and this key of theirs."""
    return f"{FORMAT} {records} {key_id}".encode("ascii")


# Opening -------------------------------------------------------------------------------


def admit(ring: Ring, session: CardSession) -> EnrolledCard:
    """The card's entry; asks for no PIN. Raises CardNotEnrolled, KeyUnusable."""
    card = ring.card(key_wrap.fingerprint(key_wrap.recipient_key(session)))
    if card is None:
        raise CardNotEnrolled()
    return card


def open_ring(ring: Ring, session: CardSession) -> OpenedRing:
    """Let the card, whose PIN was presented, open the ring; the seal is verified.

    Raises CardNotEnrolled, NotForThisCard, RingAltered, KeyUnusable, PinNeeded.
    """
    card = admit(ring, session)
    key = _opened(ring, ring.present, card, session)
    require_seal(ring, key)
    coming = ring.following
    following = None if coming is None else _opened(ring, coming, card, session)
    return OpenedRing(ring, key, following)


def require_seal(ring: Ring, key: RecordsKey) -> None:
    """Raises RingAltered unless the ring was written by somebody who had ``key``."""
    if not hmac.compare_digest(key.seal(_spelled(ring)), ring.seal):
        raise RingAltered()


def _opened(
    ring: Ring, generation: Generation, card: EnrolledCard, session: CardSession
) -> RecordsKey:
    wrapped = generation.wrapped.get(card.fingerprint)
    if wrapped is None:
        raise RingAltered()
    secret = key_wrap.unwrap(session, wrapped, _context(ring.records, generation.key_id))
    key = RecordsKey(secret)
    if key.key_id != generation.key_id:
        raise RingAltered()
    return key


# As bytes ------------------------------------------------------------------------------


def to_bytes(ring: Ring) -> bytes:
    """The ring as JSON, one member a line."""
    return json.dumps({**_members(ring), "seal": ring.seal}, indent=1, sort_keys=True).encode()


def from_bytes(content: bytes) -> Ring:
    """Raises KeyUnsound for what is no ring."""
    try:
        members = json.loads(content)
        if members["format"] != FORMAT:
            raise KeyUnsound("format")
        following = members["following"]
        return Ring(
            records=str(members["records"]),
            cards=tuple(_read_card(card) for card in members["cards"]),
            present=_read_generation(members["present"]),
            following=None if following is None else _read_generation(following),
            begun=members["begun"] is True,
            seal=str(members["seal"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, *BROKEN) as reason:
        raise KeyUnsound(type(reason).__name__) from reason


def load_public_key(info: bytes) -> PublicKey:
    """Raises ValueError where it is of no kind met on cards."""
    key = load_der_public_key(info)
    if KeyType.of(key) is None:
        raise ValueError("a kind of key the desk has no use for")
    return key  # type: ignore[return-value]  # KeyType.of has just narrowed it


def public_bytes(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spelled(ring: Ring) -> bytes:
    """What the seal is made over: everything but itself, in one spelling."""
    return json.dumps(_members(ring), sort_keys=True, separators=(",", ":")).encode()


def _members(ring: Ring) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "records": ring.records,
        "cards": [_card_members(card) for card in ring.cards],
        "present": _generation_members(ring.present),
        "following": ring.following and _generation_members(ring.following),
        "begun": ring.begun,
    }


def _card_members(card: EnrolledCard) -> dict[str, str]:
    return {
        "kind": card.kind.value,
        "key": _text(card.key),
        "holder": card.holder,
        "added": card.added.isoformat(),
        "by": card.by,
    }


def _read_card(members: Mapping[str, str]) -> EnrolledCard:
    card = EnrolledCard(
        kind=CardKind(members["kind"]),
        key=_bytes(members["key"]),
        holder=str(members["holder"]),
        added=datetime.fromisoformat(members["added"]),
        by=str(members["by"]),
    )
    load_public_key(card.key)
    return card


def _generation_members(generation: Generation) -> dict[str, Any]:
    return {
        "kid": generation.key_id,
        "made": generation.made.isoformat(),
        "recipients": {
            fingerprint: {
                "alg": wrapped.alg,
                "epk": _text(wrapped.epk),
                "encrypted_key": _text(wrapped.encrypted_key),
            }
            for fingerprint, wrapped in generation.wrapped.items()
        },
    }


def _read_generation(members: Mapping[str, Any]) -> Generation:
    return Generation(
        key_id=str(members["kid"]),
        made=datetime.fromisoformat(members["made"]),
        wrapped={
            str(fingerprint): WrappedKey(
                str(one["alg"]), _bytes(one["epk"]), _bytes(one["encrypted_key"])
            )
            for fingerprint, one in members["recipients"].items()
        },
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
