"""Nonces for key proofs: made without writing anything down, used up when a proof comes.

A nonce is its time of issue, random bytes and a MAC over both, so that asking for a
million of them costs the service nothing. That one is used only once is the mailbox's
part (OpenID4VCI 1.0 section 7), by a mark that whoever comes again cannot change.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime, timedelta

from desk.enrollment import keys
from desk.enrollment.keys import from_base64url, sha256, to_base64url
from desk.enrollment.records import timed

NONCE_LIFE = timedelta(minutes=5)
_RANDOM, _TIME, _MAC = 16, 6, 16
# The service's own clock may be set back a little between handing out and taking in.
_SKEW = timedelta(seconds=5)
_HOUR_MS = 3_600_000


def new_nonce(key: bytes, now: datetime) -> str:
    """A nonce with 128 random bits, good for ``NONCE_LIFE``."""
    moment = _to_ms(now).to_bytes(_TIME, "big")
    head = moment + secrets.token_bytes(_RANDOM)
    return to_base64url(head + _mac(key, head))


def is_own_nonce(key: bytes, nonce: str, now: datetime) -> bool:
    """Whether this service made the nonce, and not too long ago."""
    made = made_at(key, nonce)
    return made is not None and -_SKEW <= now - made <= NONCE_LIFE


def made_at(key: bytes, nonce: str) -> datetime | None:
    """When the nonce was made, by its own word; None where it was not made under ``key``."""
    try:
        raw = from_base64url(nonce)
    except ValueError:
        return None
    head, mac = raw[: _TIME + _RANDOM], raw[_TIME + _RANDOM :]
    if not hmac.compare_digest(mac, _mac(key, head)) or to_base64url(raw) != nonce:
        return None
    return datetime.fromtimestamp(int.from_bytes(head[:_TIME], "big") / 1000, UTC)


def use_mark(nonce: str) -> str:
    """By what the mailbox knows a nonce of this service again."""
    made = int.from_bytes(from_base64url(nonce)[:_TIME], "big")
    return _in_hour(made, sha256(nonce))


def use_marks(used_at: datetime, digest: str) -> list[str]:
    """The same of what came with a nonce then, whichever it was: one, and about the end of an
    hour two, always in this order. Two who came while one nonce was good have one in common."""
    times = (_to_ms(used_at - NONCE_LIFE), _to_ms(used_at + _SKEW))
    return sorted({_in_hour(made, digest) for made in times})


def _in_hour(made: int, digest: str) -> str:
    """By hours, so that all that are good at one time have two marks at most."""
    return timed(made - made % _HOUR_MS, digest)


def _to_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _mac(key: bytes, head: bytes) -> bytes:
    return keys.mac(key, head)[:_MAC]
