"""Who may work at the posts: the ministry's signed list of officers.

The list is one file: a compact JWS (RFC 7515) whose header carries the list signer's
certificate (``x5c``, 4.1.6) and whose payload follows
``resources/schemas/officer-list.schema.json``. The signer chains to the root of the sign-in
certificates and names the purpose :data:`LIST_SIGNING` among its extended key usages, which
no officer's card does: a card can never sign a list. ``number`` grows with every list;
keeping the newest in place is left to ``desk.counter.officer_list``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509

from desk.cards.signer import Usable
from desk.cards.troubles import SignerTrouble
from desk.credential import chain, jose
from desk.credential.keys import DeviceKey, load_certificate
from desk.credential.troubles import CredentialTrouble
from desk.issuance.roles import Right, Role
from desk.trouble import Trouble

LIST_TYPE = "desk-officers+jws"
LIST_VERSION = 1
LIST_SIGNING = x509.ObjectIdentifier("2.25.70747213510258285683090432669694645795")
"""Purpose of the list signer's certificate, under ITU-T X.667's arc for UUIDs:
35396aee-43db-48b5-9345-47e8d3295623."""
CLOCK_SLACK = timedelta(hours=1)
"""How far the desk's clock may stand behind the ministry's when the list was made."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")
_POST = re.compile(r"[A-Z0-9]{1,8}")
_CARD = re.compile(r"[0-9a-f]{64}")
_NAME_LENGTH = 80
_MEMBERS = frozenset({"version", "number", "issued", "valid_until", "officers"})
_NAMES = ("name_ko", "name_en", "title_ko", "title_en")
_REQUIRED = frozenset({"officer_id", *_NAMES, "role", "post", "card"})


class OfficersMissing(Trouble):
    """The list of officers is not there or cannot be opened."""

    code = "OFFICER-02"


class ListUnsound(Trouble):
    """Not a list of officers, or one that contradicts itself. Fact: reason."""

    code = "OFFICER-04"


class ListNotGenuine(Trouble):
    """Not signed by a list signer of the ministry's. Fact: reason."""

    code = "OFFICER-05"


class ListExpired(Trouble):
    """The list has run out; nobody signs in by it. Fact: until."""

    code = "OFFICER-06"


class ListFromTheFuture(Trouble):
    """The list was made later than the desk's clock says it is. Fact: issued."""

    code = "OFFICER-09"


@dataclass(frozen=True)
class Officer:
    """``card`` is the SHA-256 (hex) of the 9A certificate in DER; ``sister_posts`` are other
    posts whose cases this person may approve."""

    officer_id: str
    name_ko: str
    name_en: str
    title_ko: str
    title_en: str
    role: Role
    post: str
    card: str
    sister_posts: tuple[str, ...] = ()

    def may_approve_at(self, post: str) -> bool:
        """Whether this person may put the second card under a case of ``post``."""
        return self.role.may(Right.APPROVE) and post in (self.post, *self.sister_posts)


@dataclass(frozen=True)
class OfficerList:
    """One list that was verified; ``sha256`` (hex) is that of the file's text."""

    number: int
    issued: datetime
    valid_until: datetime
    officers: tuple[Officer, ...]
    sha256: str

    @cached_property
    def by_card(self) -> Mapping[str, Officer]:
        return {officer.card: officer for officer in self.officers}

    def of_post(self, post: str) -> tuple[Officer, ...]:
        return tuple(officer for officer in self.officers if officer.post == post)


def read_list(token: str, roots: Collection[bytes], usable: Usable, at: datetime) -> OfficerList:
    """A list that holds at ``at``. ``roots`` are DER.

    Raises what `verify_list` raises, :class:`ListFromTheFuture` and :class:`ListExpired`.
    """
    content = verify_list(token, roots, usable, at)
    check_time(content, at)
    return content


def verify_list(token: str, roots: Collection[bytes], usable: Usable, at: datetime) -> OfficerList:
    """Form, signature, content, signer, whatever the time is.

    ``usable`` says at ``at``, or the nearest moment in the list's own time, whether the
    signer's certificate was taken back. Raises :class:`ListUnsound`, :class:`ListNotGenuine`.
    """
    token = token.strip()
    signed = _taken_apart(token)
    signer = _signer(signed)
    content = _content(token, signed.payload)
    _check_signer(signer, content)
    moment = min(max(at, content.issued), content.valid_until)
    _check_chain(signed, signer, roots, usable, moment)
    return content


def check_time(content: OfficerList, at: datetime) -> None:
    """Raises :class:`ListFromTheFuture`, :class:`ListExpired`."""
    if content.issued > at + CLOCK_SLACK:
        raise ListFromTheFuture(issued=_spell(content.issued))
    if at >= content.valid_until:
        raise ListExpired(until=content.valid_until.date().isoformat())


def list_payload(
    number: int, issued: datetime, valid_until: datetime, officers: Collection[Officer]
) -> dict[str, Any]:
    """What whoever makes a list signs."""
    return {
        "version": LIST_VERSION,
        "number": number,
        "issued": _spell(issued),
        "valid_until": _spell(valid_until),
        "officers": [_entry(officer) for officer in officers],
    }


# Signer and signature


def _taken_apart(token: str) -> jose.Jws:
    try:
        signed = jose.parse_compact(token)
    except CredentialTrouble as broken:
        raise ListUnsound(reason="not a signed list") from broken
    if signed.header.get("typ") != LIST_TYPE:
        raise ListUnsound(reason="signed, but not as a list of officers")
    return signed


def _signer(signed: jose.Jws) -> x509.Certificate:
    """The certificate whose key has signed; whether it may comes afterwards."""
    try:
        leaf = jose.x5c(signed.header)[0]
        signed.verify(DeviceKey.from_certificate(leaf))
        return load_certificate(leaf)
    except CredentialTrouble as broken:
        raise ListNotGenuine(reason="signature") from broken


def _check_signer(signer: x509.Certificate, content: OfficerList) -> None:
    if not _may_sign_lists(signer):
        raise ListNotGenuine(reason="purpose")
    if content.issued < signer.not_valid_before_utc:
        raise ListNotGenuine(reason="older than its signer")
    if content.valid_until > signer.not_valid_after_utc:
        raise ListNotGenuine(reason="longer than its signer")


def _check_chain(
    signed: jose.Jws,
    signer: x509.Certificate,
    roots: Collection[bytes],
    usable: Usable,
    at: datetime,
) -> None:
    try:
        chain.verify(jose.x5c(signed.header), roots, at)
    except CredentialTrouble as broken:
        raise ListNotGenuine(reason="chain") from broken
    try:
        usable(signer, at)
    except SignerTrouble as broken:
        raise ListNotGenuine(reason="revoked") from broken


def _may_sign_lists(signer: x509.Certificate) -> bool:
    try:
        purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return list(purposes) == [LIST_SIGNING] and usage.digital_signature


# Content


def _content(token: str, payload: bytes) -> OfficerList:
    try:
        told = jose.parse_object(payload)
    except CredentialTrouble as broken:
        raise ListUnsound(reason="no JSON object") from broken
    if set(told) != _MEMBERS:
        raise ListUnsound(reason="members")
    if told["version"] != LIST_VERSION:
        raise ListUnsound(reason="version")
    number, entries = told["number"], told["officers"]
    if type(number) is not int or number < 1:
        raise ListUnsound(reason="number")
    if not isinstance(entries, list) or not entries:
        raise ListUnsound(reason="officers")
    issued, valid_until = _time(told["issued"]), _time(told["valid_until"])
    if valid_until <= issued:
        raise ListUnsound(reason="time")
    officers = tuple(_officer(entry, place) for place, entry in enumerate(entries, start=1))
    _check_unique(officers)
    digest = hashlib.sha256(token.encode()).hexdigest()
    return OfficerList(number, issued, valid_until, officers, digest)


def _officer(entry: object, place: int) -> Officer:
    if not isinstance(entry, dict) or not _is_sound(entry):
        raise ListUnsound(reason=f"officer {place}")
    role, sisters = Role(entry["role"]), entry.get("sister_posts", [])
    if sisters and not role.may(Right.APPROVE):
        raise ListUnsound(reason=f"officer {place}")
    return Officer(**{**entry, "role": role, "sister_posts": tuple(sisters)})


def _is_sound(entry: dict[str, Any]) -> bool:
    """All members there and of their form, and no others."""
    posts = [entry.get("post"), *_listed(entry.get("sister_posts", []))]
    return (
        set(entry) - {"sister_posts"} == _REQUIRED
        and _fits(_ID, entry["officer_id"])
        and all(_is_name(entry[name]) for name in _NAMES)
        and entry["role"] in tuple(Role)
        and all(_fits(_POST, post) for post in posts)
        and _fits(_CARD, entry["card"])
    )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [None]


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_name(text: object) -> bool:
    if not isinstance(text, str):
        return False
    return 0 < len(text) <= _NAME_LENGTH and text.isprintable() and text == text.strip()


def _check_unique(officers: tuple[Officer, ...]) -> None:
    """One person, one entry, one card: else two cards could be one person's."""
    for member in ("officer_id", "card"):
        if len({getattr(officer, member) for officer in officers}) != len(officers):
            raise ListUnsound(reason=f"{member} twice")


def _entry(officer: Officer) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "officer_id": officer.officer_id,
        **{name: getattr(officer, name) for name in _NAMES},
        "role": officer.role.value,
        "post": officer.post,
        "card": officer.card,
    }
    if officer.sister_posts:
        entry["sister_posts"] = list(officer.sister_posts)
    return entry


def _spell(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: object) -> datetime:
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as wrong:
        raise ListUnsound(reason="time") from wrong
