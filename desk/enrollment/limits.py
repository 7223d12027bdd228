"""How often an address or an offer may be asked for.

Counted together by all processes of a service on one machine (``buckets``); behind several
machines the bound is their number times as high, which is still a bound. Addresses are never
written down.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from desk.enrollment import wire
from desk.enrollment.buckets import Buckets
from desk.enrollment.policy import Allowance
from desk.enrollment.wire import Refusal, Request

_IPV6_NETWORK = 64
# A phone asks some ten times in a row.
_CALLERS = 1024


class Limits:
    """The allowances of one service; ``now`` is a monotonic clock in seconds, given with each
    call."""

    def __init__(self, address: Allowance, offer: Allowance, buckets: Buckets) -> None:
        self._address, self._offer, self._buckets = address, offer, buckets

    def admit_address(self, request: Request, now: float) -> None:
        """Raises Refusal (429) for an address that asks too often.

        This machine itself is not counted: the desk, its rehearsals, and a proxy that does
        not say for whom it asks.
        """
        network = _network(wire.caller(request))
        if network is not None:
            self._admit(f"address {network}", self._address, now)

    def admit_offer(self, secret: str, now: float) -> None:
        """Raises Refusal (429) for an offer, by its code or identifier, asked for too often."""
        self._admit(f"offer {secret}", self._offer, now)

    def _admit(self, what: str, allowance: Allowance, now: float) -> None:
        seconds = self._buckets.take(what, allowance, now)
        if seconds:
            raise _too_many(seconds)


@lru_cache(maxsize=_CALLERS)
def _network(address: str) -> str | None:
    """What counts as one caller: an IPv4 address, an IPv6 network; None for this machine."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address or None
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return None
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
    return str(parsed)


def _too_many(seconds: float) -> Refusal:
    """RFC 6585 section 4; the standards of issuance have no word of their own for it."""
    headers = {"Retry-After": str(max(1, round(seconds + 0.5)))}
    return Refusal("too_many_requests", "asked too often", status=429, headers=headers)
