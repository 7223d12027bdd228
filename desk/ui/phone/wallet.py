"""The wallet a phone window drives, as this package needs it, and its things as snapshots.

The training wallet (``desk.training.phone``) fits; nothing of it is imported here. What
several formats of one ID have in common is shown once: they are one card to the holder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable
from urllib.parse import urlsplit

from desk.credential.claims import Format
from desk.credential.statuslist import Status
from desk.ui.phone.snapshot import (
    CardState,
    CardView,
    ClaimLine,
    OfferView,
    RequestView,
)


class Row(Protocol):
    """One claim of a credential."""

    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def names(self) -> Mapping[str, str]: ...
    @property
    def value(self) -> str | int | bool: ...


class Card(Protocol):
    """A credential the wallet keeps."""

    @property
    def card_id(self) -> str: ...
    @property
    def format(self) -> Format: ...
    @property
    def issuer(self) -> str: ...
    @property
    def names(self) -> Mapping[str, str]: ...
    @property
    def rows(self) -> Sequence[Row]: ...
    @property
    def portrait(self) -> bytes | None: ...


@runtime_checkable
class Offer(Protocol):
    """What a QR offers."""

    @property
    def issuer(self) -> str: ...
    @property
    def configurations(self) -> Sequence[str]: ...
    @property
    def names(self) -> Mapping[str, Mapping[str, str]]: ...
    @property
    def needs_pin(self) -> bool: ...


@runtime_checkable
class Request(Protocol):
    """What a QR asks for."""

    @property
    def verifier(self) -> str: ...
    @property
    def known_verifier(self) -> bool: ...
    @property
    def card(self) -> Card: ...
    @property
    def asked(self) -> Sequence[tuple[str, ...]]: ...


class Event(Protocol):
    """What the wallet tells while it works; ``step`` is a word of ``Told``."""

    @property
    def step(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, str | int | None]: ...


C = TypeVar("C", bound=Card)


class Wallet(Protocol[C]):
    """Used from one thread, but for ``close``. Calls raise troubles with PHONE codes."""

    @property
    def cards(self) -> Sequence[C]: ...
    def scan(self, text: str) -> Offer | Request: ...
    def redeem(self, tx_code: str) -> Sequence[C]: ...
    def resume(self) -> Sequence[C]: ...
    def status(self, card: C) -> Status | None: ...
    def present(self) -> None: ...
    def decline(self) -> None: ...
    def close(self) -> None: ...


_FORMATS = {Format.MDOC: "mdoc", Format.SD_JWT: "SD-JWT VC"}
_PICTURES = ("portrait", "picture")
_SAME = {"picture": "portrait", "birthdate": "birth_date"}
_NAME_PART = re.compile(r"(?:^|,|\+)(CN|O)=((?:\\.|[^,+\\])*)")


@dataclass(frozen=True)
class Held:
    """The credentials of one ID, oldest first."""

    cards: tuple[Card, ...]

    @property
    def card_id(self) -> str:
        return self.cards[0].card_id

    def view(self, state: CardState, *, sent: bool) -> CardView:
        first = self.cards[0]
        values = {row.path[-1]: str(row.value) for row in first.rows}
        latin = " ".join(filter(None, (values.get("family_name"), values.get("given_name"))))
        return CardView(
            self.card_id,
            dict(first.names),
            place(first.issuer),
            state,
            tuple(_FORMATS.get(card.format, str(card.format)) for card in self.cards),
            hangul=values.get("name_hangul", ""),
            latin=latin,
            birth=values.get("birth_date") or values.get("birthdate", ""),
            post=values.get("jurisdiction_post", ""),
            until=values.get("expiry_date") or values.get("date_of_expiry", ""),
            portrait=next((card.portrait for card in self.cards if card.portrait), None),
            claims=tuple(ClaimLine(row.path[-1], dict(row.names), row.value) for row in first.rows),
            sent=sent,
        )


def held(cards: Sequence[Card], offers: Mapping[str, int]) -> tuple[Held, ...]:
    """The IDs among the wallet's cards (newest first), newest first. ``offers`` tells by
    card which offer brought it: the credentials of one offer are one ID."""
    groups: dict[object, list[Card]] = {}
    for card in reversed(cards):
        groups.setdefault(offers.get(card.card_id, card.card_id), []).append(card)
    return tuple(Held(tuple(group)) for group in reversed(groups.values()))


def state_of(statuses: Iterable[Status | None], *, was_usable: bool) -> CardState:
    """The state of an ID from what the lists say of its credentials.

    None stands for «not known». What was never usable reads prepared until every list
    says «valid».
    """
    found = tuple(statuses)
    if Status.INVALID in found:
        return CardState.REVOKED
    if found and all(status is Status.VALID for status in found):
        return CardState.USABLE
    if not was_usable:
        return CardState.PREPARED
    return CardState.SUSPENDED if Status.SUSPENDED in found else CardState.UNKNOWN


def offer_view(offer: Offer) -> OfferView:
    names = next((offer.names[name] for name in offer.configurations if name in offer.names), {})
    return OfferView(place(offer.issuer), dict(names), len(offer.configurations), offer.needs_pin)


def request_view(request: Request, card: CardView, cards: Sequence[Card]) -> RequestView:
    """What is asked for, each claim once although two formats may answer."""
    rows = {row.path: row for kept in reversed(cards) for row in kept.rows}
    lines: dict[str, ClaimLine] = {}
    for path in request.asked:
        element = _SAME.get(path[-1], path[-1])
        row = rows.get(tuple(path))
        value = row.value if row else None if element in _PICTURES else ""
        names = dict(row.names) if row else {}
        lines.setdefault(element, ClaimLine(element, names, value))
    return RequestView(
        readable(request.verifier), request.known_verifier, card, tuple(lines.values())
    )


def place(address: str) -> str:
    """Host and port of an issuer's address: what tells one from another."""
    return urlsplit(address).netloc or address


def readable(name: str) -> str:
    """The common name of a distinguished name (RFC 4514), else its organisation, else all."""
    parts = {kind: re.sub(r"\\(.)", r"\1", value) for kind, value in _NAME_PART.findall(name)}
    return parts.get("CN") or parts.get("O") or name
