"""How the desk shows that a call is its own: signed with the station's key, each for itself.

What is signed names the method, the address from ``/desk`` on, the body, the time and a
number used once. The key never travels, and a call that somebody recorded is worth nothing:
changed it does not fit its signature, unchanged it was heard before.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from desk.enrollment.keys import StationKey, mac, to_base64url
from desk.enrollment.records import timed

SCHEME = "Desk"
# Desk and service tell each other when their clocks differ by half of this.
WINDOW = timedelta(seconds=60)
_WINDOW_SECONDS = WINDOW.total_seconds()
_MARK = b"/desk/"
_LONGEST = 256


class Call(NamedTuple):
    """What a signature is about; ``target`` is the address as sent, with its query."""

    method: str
    target: bytes
    body: bytes

    def signature(self, key: StationKey, moment: str, number: str) -> str:
        address = self.target[max(self.target.rfind(_MARK), 0) :]
        # The body comes last: what stands before it has no lines of its own.
        said = (self.method.encode(), address, moment.encode(), number.encode(), self.body)
        return to_base64url(mac(key.desk_key(), b"\n".join(said)))


def authorization(key: StationKey, call: Call, now: datetime) -> str:
    """The ``Authorization`` header of one call, good once and about ``now``."""
    moment, number = str(int(now.timestamp() * 1000)), secrets.token_urlsafe(16)
    return f"{SCHEME} {moment}.{number}.{call.signature(key, moment, number)}"


class NotTheStation(Exception):
    """The call is not signed by the station's key, or was heard before."""


class ClockApart(Exception):
    """Signed, but not at about this time."""


class HeardCalls:
    """The service's side: one process's memory of the numbers it has heard.

    What is older than the window is refused by its time, so no number is kept for longer.
    Several processes tell each other through their database.
    """

    def __init__(self, key: StationKey) -> None:
        self._key = key
        # Unlike a plain one, it finds its first entry as fast after many were taken out.
        self._heard: OrderedDict[str, float] = OrderedDict()

    def expect(self, shown: str, now: datetime) -> None:
        """What can be told before the call's body has come; raises NotTheStation where
        ``shown`` is no signature at all, ClockApart where it is none of about now."""
        moment, _, _ = _parts(shown)
        _check_time(moment, now)

    def check(self, shown: str, call: Call, now: datetime) -> str:
        """The call's number behind the time it was signed at, heard for the first time; raises
        NotTheStation, ClockApart."""
        moment, number, signature = _parts(shown)
        wanted = call.signature(self._key, moment, number)
        if not hmac.compare_digest(wanted, signature):
            raise NotTheStation
        at = _check_time(moment, now)
        self._forget(now.timestamp() - 2 * _WINDOW_SECONDS)
        if number in self._heard:
            raise NotTheStation
        self._heard[number] = at
        return timed(int(moment), number)

    def _forget(self, until: float) -> None:
        """The first heard stand first; one clock's numbers come about in their order."""
        while self._heard:
            if self._heard[next(iter(self._heard))] > until:
                return
            self._heard.popitem(last=False)


def _parts(shown: str) -> tuple[str, str, str]:
    scheme, _, rest = shown.partition(" ")
    parts = rest.split(".")
    if scheme != SCHEME or len(parts) != 3 or len(shown) > _LONGEST or not shown.isascii():
        raise NotTheStation
    moment, number, signature = parts
    if not moment.isdecimal() or len(moment) > 15 or not number:
        raise NotTheStation
    return moment, number, signature


def _check_time(moment: str, now: datetime) -> float:
    """In seconds since 1970; raises ClockApart."""
    at = int(moment) / 1000
    if abs(now.timestamp() - at) > _WINDOW_SECONDS:
        raise ClockApart
    return at
