"""Status lists of the wallets' providers, fetched by the desk (Token Status List, section 8.1).

An address stands in a key attestation whose signature a known provider's root has confirmed,
so nobody else chooses where the desk calls. What comes is not judged here: the list's own
signature and times are ``credential``'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from desk.credential import statuslist
from desk.credential.jose import parse_compact
from desk.credential.troubles import CredentialTrouble
from desk.enrollment.trouble import ProviderUnreachable

_ACCEPT = f"application/{statuslist.JWT_TYPE}"
_SECONDS = 5.0
_LONGEST = 4 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# How long a list is used again: as its ttl says, within these bounds.
_LEAST, _USUAL, _MOST = 30, 300, 24 * 3600
_MOST_LISTS = 64


class ProviderLists:
    """One desk's lists; for one lane at a time. ``clock`` is monotonic, in seconds."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._clock = clock
        self._transport = transport
        self._kept: dict[str, tuple[float, str]] = {}

    def __call__(self, uri: str) -> str:
        """The token at ``uri``, fetched anew where its time to live is over.

        Raises ProviderUnreachable.
        """
        until, token = self._kept.get(uri, (0.0, ""))
        if not token or until <= self._clock():
            token = self._fetched(uri)
            if len(self._kept) >= _MOST_LISTS:
                self._kept.clear()
            self._kept[uri] = (self._clock() + _time_to_live(token), token)
        return token

    def _fetched(self, uri: str) -> str:
        host = _host(uri)
        try:
            with (
                httpx.Client(timeout=_SECONDS, transport=self._transport) as client,
                client.stream("GET", uri, headers={"Accept": _ACCEPT}) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise ProviderUnreachable(host=host, reason=f"status {answer.status_code}")
                return _text(answer, host)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderUnreachable(host=host, reason=type(error).__name__) from error


def _host(uri: str) -> str:
    """Raises ProviderUnreachable for an address that is not https, but for this machine's."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError as error:
        raise ProviderUnreachable(host="", reason="address") from error
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not host or not secure:
        raise ProviderUnreachable(host=host, reason="not https")
    return host


def _text(answer: httpx.Response, host: str) -> str:
    parts = bytearray()
    for part in answer.iter_bytes():
        parts += part
        if len(parts) > _LONGEST:
            raise ProviderUnreachable(host=host, reason="too long")
    return parts.decode("ascii", "replace").strip()


def _time_to_live(token: str) -> float:
    """Seconds; for a token that is none the least, so that it is not asked for at once."""
    try:
        told = parse_compact(token).claims().get("ttl")
    except CredentialTrouble:
        return _LEAST
    if not isinstance(told, int | float):
        return _USUAL
    return min(max(told, _LEAST), _MOST)
