"""How often an address or an offer may be asked for: token buckets in memory.

Each process counts for itself; behind several processes the bound is their number times as
high, which is still a bound. Addresses are kept as keyed hashes for as long as their bucket
is not full again, and never written down.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections import OrderedDict

from starlette.requests import Request

from desk.enrollment.policy import Allowance
from desk.enrollment.wire import Refusal

_MOST_BUCKETS = 100_000
_IPV6_NETWORK = 64


class Limits:
    """One process's buckets; ``now`` is a monotonic clock in seconds, given with each call."""

    def __init__(self, address: Allowance, offer: Allowance) -> None:
        self._key = secrets.token_bytes(16)
        self._allowances = {"address": address, "offer": offer}
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def admit_address(self, request: Request, now: float) -> None:
        """Raises Refusal (429) for an address that asks too often.

        This machine itself is not counted: the desk, its rehearsals, and a proxy that does
        not say for whom it asks.
        """
        network = _network(request.client.host if request.client else "")
        if network is not None:
            self._admit("address", network, now)

    def admit_offer(self, secret: str, now: float) -> None:
        """Raises Refusal (429) for an offer, by its code or identifier, asked for too often."""
        self._admit("offer", secret, now)

    def _admit(self, kind: str, what: str, now: float) -> None:
        allowance = self._allowances[kind]
        if not allowance.burst:
            return
        place = hmac.digest(self._key, f"{kind} {what}".encode(), "sha256")[:16]
        left, since = self._buckets.pop(place, (float(allowance.burst), now))
        per_second = allowance.per_minute / 60
        left = min(float(allowance.burst), left + max(now - since, 0.0) * per_second)
        refused = left < 1
        self._buckets[place] = (left if refused else left - 1, now)
        self._forget()
        if refused:
            raise _too_many((1 - left) / per_second if per_second else 60.0)

    def _forget(self) -> None:
        """The bucket asked for longest ago goes first: it is the fullest."""
        while len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)


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
