"""A credential on the training phone as its holder sees it: names, rows, portrait."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from cbor2 import CBORTag

from desk.credential.claims import Format
from desk.credential.holder import Held
from desk.credential.verify import VerifiedCredential

_PICTURE = "data:image/"


@dataclass(frozen=True)
class Row:
    """One claim: ``names`` by locale as the issuer's metadata gives them."""

    path: tuple[str, ...]
    names: Mapping[str, str]
    value: str | int | bool = field(repr=False)

    def name(self, locale: str) -> str:
        return named(self.names, locale) or self.path[-1]


@dataclass(frozen=True)
class Card:
    """A verified credential with its key; ``rows`` in the order of the metadata, ``more`` the
    others of its batch: the same claims for other keys, so that two services that see one
    each cannot tell that they saw the same phone."""

    card_id: str
    held: Held
    verified: VerifiedCredential
    issuer: str
    names: Mapping[str, str]
    rows: tuple[Row, ...] = field(repr=False)
    more: tuple[tuple[Held, VerifiedCredential], ...] = ()

    def turned(self) -> Card:
        """The same card, its next credential in front; the one of before comes last."""
        if not self.more:
            return self
        (held, verified), *rest = self.more
        more = (*rest, (self.held, self.verified))
        return replace(self, held=held, verified=verified, more=more)

    @property
    def format(self) -> Format:
        return self.held.format

    @property
    def portrait(self) -> bytes | None:
        """The picture (JPEG) that the credential holds."""
        pictures = (_picture(value) for value in self.verified.disclosed.values())
        return next((picture for picture in pictures if picture is not None), None)

    def name(self, locale: str) -> str:
        """What the credential is called; English, then any, where the locale is missing."""
        return named(self.names, locale) or self.verified.type

    def value(self, element: str) -> str | int | bool | None:
        """The value of the row whose path ends so: ``card.value("family_name")``."""
        return next((row.value for row in self.rows if row.path[-1] == element), None)


def named(names: Mapping[str, str], locale: str) -> str:
    return names.get(locale) or names.get("en") or next(iter(names.values()), "")


def names_by_locale(display: object) -> dict[str, str]:
    """Locale → name of a metadata ``display`` array."""
    if not isinstance(display, list):
        return {}
    return {str(entry.get("locale", "en")): str(entry.get("name", "")) for entry in display}


def shown_rows(verified: VerifiedCredential, claims: Sequence[Any]) -> tuple[Row, ...]:
    """The claims of a credential, named by the metadata; what it doesn't name comes last."""
    described = {
        tuple(str(part) for part in claim["path"]): names_by_locale(claim.get("display"))
        for claim in claims
    }
    unnamed = [path for path in verified.disclosed if path not in described]
    rows = (
        Row(path, described.get(path, {}), shown)
        for path in (*described, *unnamed)
        if path in verified.disclosed and (shown := _shown(verified.disclosed[path])) is not None
    )
    return tuple(rows)


def _shown(value: object) -> str | int | bool | None:
    """A value as text; None for pictures and other bytes."""
    if isinstance(value, CBORTag):
        value = value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str):
        return None if value.startswith(_PICTURE) else value
    return value if isinstance(value, int) else None


def _picture(value: object) -> bytes | None:
    if isinstance(value, bytes):
        return value if value.startswith(b"\xff\xd8") else None
    if isinstance(value, str) and value.startswith(_PICTURE):
        try:
            return base64.b64decode(value.partition(",")[2], validate=True)
        except binascii.Error:
            return None
    return None
