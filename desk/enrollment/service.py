"""What all endpoints share: addresses and limits, the mailbox, the bells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit

from desk.credential.attestation import UNREAD, AttestationPolicy
from desk.credential.claims import ClaimProfile
from desk.credential.signer import Signer
from desk.enrollment.agreed import utc_now
from desk.enrollment.buckets import Buckets
from desk.enrollment.counts import Counts
from desk.enrollment.keys import StationKey
from desk.enrollment.limits import Limits
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.openers import Openers
from desk.enrollment.policy import AN_ADDRESS, AN_OFFER, KNOWN_QUIRKS, Allowance, Demand, Quirk
from desk.enrollment.server_steps import ServerSteps
from desk.enrollment.trouble import PublicUrlUnusable
from desk.enrollment.waiting import Bells, Filings, ParkedPhones

_P = ParamSpec("_P")
_T = TypeVar("_T")

# No part of an address, or of its query, its fragment or its user.
_STRANGE = frozenset(' "<>\\^`{|}?#@')
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# The desks' side, to which a proxy lets no phone.
_DESKS = "/desk/"


@dataclass(frozen=True)
class ServiceSettings:
    """``issuer`` is the address phones use; it is compared byte for byte (OpenID4VCI 12.2.1).

    ``wait_seconds`` is how long a phone's request is held for the desk's answer: some
    wallets' HTTP clients give up after ten seconds. ``token_life`` bounds a deferral: the offer
    ends with it. It is the same for tokens that are not bound, though OpenID4VCI 13.8 gives
    those five minutes, because a desk that is locked or at its next applicant answers later;
    who wants the letter of it demands ``dpop``.
    ``batch_size`` is how many keys one request may bring. ``quirks`` are the wallets' ways
    that are put up with. ``training`` frames what people see of it. ``encryption`` is of
    requests and answers together, ``dpop``
    binds tokens to a key of the phone.
    """

    issuer: str
    wait_seconds: float = 5.0
    poll_interval: int = 2
    token_life: timedelta = timedelta(hours=1)
    batch_size: int = 10
    quirks: frozenset[Quirk] = KNOWN_QUIRKS
    training: bool = False
    encryption: Demand = Demand.OPTIONAL
    dpop: Demand = Demand.OPTIONAL
    attestations: AttestationPolicy = UNREAD
    address_limit: Allowance = AN_ADDRESS
    offer_limit: Allowance = AN_OFFER

    def __post_init__(self) -> None:
        if not _is_usable(self.issuer):
            raise PublicUrlUnusable(url=self.issuer)

    @property
    def path(self) -> str:
        """The path below which the phones' endpoints stand, without a last slash; read as
        requests' paths are, with what stands encoded in the address."""
        return unquote(urlsplit(self.issuer).path.rstrip("/"))

    def address(self, relative: str) -> str:
        """The address of an endpoint: ``address("token")``."""
        return f"{self.issuer.rstrip('/')}/{relative}"


def _is_usable(issuer: str) -> bool:
    """Scheme, host and, where wanted, port and path (OpenID4VCI 12.2.1), as RFC 3986 writes
    them: wallets compare them as they stand. The desks' own path is none for phones."""
    try:
        parts = urlsplit(issuer)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    whole = issuer.isascii() and issuer.isprintable() and not _STRANGE & set(issuer)
    path = unquote(parts.path)
    # Encoded braces would be the places of a route's template.
    free = not f"{path}/".startswith(_DESKS) and not set("{}") & set(path)
    return secure and whole and free and bool(host) and port != 0


@dataclass(frozen=True)
class Service:
    """Built once, passed to every endpoint."""

    settings: ServiceSettings
    key: StationKey
    mailbox: Mailbox
    profile: ClaimProfile
    metadata_signer: Signer | None = None
    now: Callable[[], datetime] = utc_now
    bells: Bells = field(default_factory=Bells)
    parked: ParkedPhones = field(default_factory=ParkedPhones)
    filings: Filings = field(default_factory=Filings)
    openers: Openers = field(default_factory=Openers)
    buckets: Buckets = field(default_factory=Buckets)
    counts: Counts = field(default_factory=Counts)
    limits: Limits = field(init=False)
    _steps: ServerSteps = field(default_factory=ServerSteps, init=False, repr=False)

    def __post_init__(self) -> None:
        settings = self.settings
        limits = Limits(settings.address_limit, settings.offer_limit, self.buckets)
        object.__setattr__(self, "limits", limits)

    async def run(self, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """One step of the mailbox.

        Here and now on a file, which has one writer at a time: a thread of its own would make
        nobody wait less, and handing over to it costs more than the step. On a server in a
        fibre, because a server may let its callers wait; one that is away is asked again for
        as long as a phone waits.
        """
        if not self.mailbox.shared:
            return step(*args, **kwargs)
        return await self._steps.run(lambda: step(*args, **kwargs))

    async def run_now(self, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The same without waiting for a server that is away."""
        if not self.mailbox.shared:
            return step(*args, **kwargs)
        return await self._steps.run(lambda: step(*args, **kwargs), patient=False)

    def close(self) -> None:
        """End the database; waiting phones were woken before."""
        self.bells.close()
        self._steps.close()
        self.mailbox.close()
