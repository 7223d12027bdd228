"""The training phone: a wallet that speaks OpenID4VCI 1.0 and OpenID4VP 1.0 over HTTP.

It knows nothing of the desk. It scans the text of a QR, redeems an offer with a key of
its own for each credential, verifies what it receives against the roots it was given,
keeps the cards, and presents one when asked. Without Qt: a window calls it from one
worker thread and is told by ``on_event`` what happens.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from desk.credential import chain, holder
from desk.credential.claims import Format
from desk.credential.keys import from_b64url, load_certificate
from desk.credential.statuslist import CWT_TYPE, Status, verify_cwt, verify_jwt
from desk.credential.troubles import CredentialTrouble
from desk.credential.verify import Trust, VerifiedCredential, verify_mdoc, verify_sdjwt
from desk.training.wallet_cards import Card, names_by_locale, shown_rows
from desk.training.wallet_http import WalletHttp, accepted, members, refusal
from desk.training.wallet_issuer import (
    MANNER,
    PRE_AUTHORIZED,
    Access,
    IssuerClient,
    Manner,
    Pending,
)
from desk.training.wallet_trouble import (
    CheckOver,
    CredentialBad,
    NotForThisPhone,
    NothingScanned,
    NotUnderstood,
    PhoneTrouble,
    PinWrong,
    RequestBad,
    TakesTooLong,
    Unreachable,
)

_PAGE_SCHEMES = ("https", "http")
_OFFER_SCHEMES = ("openid-credential-offer", "haip-vci")
_CHECK_SCHEMES = ("openid4vp", "haip-vp")
_REQUEST_OBJECT = "application/oauth-authz-req+jwt"
# A storage of files gives what it has at the address, whatever is asked for.
_STATUS_LIST = f"application/statuslist+jwt, {CWT_TYPE};q=0.9"
_LONGEST_INTERVAL = 30.0


class Step(StrEnum):
    """What the phone is doing or has just done."""

    OFFER_READ = "offer_read"
    PIN_WRONG = "pin_wrong"
    PIN_RIGHT = "pin_right"
    KEY_SENT = "key_sent"
    WAITING = "waiting"
    CARD_KEPT = "card_kept"
    REQUEST_READ = "request_read"
    PRESENTED = "presented"
    DECLINED = "declined"
    DELETED = "deleted"
    FAILED = "failed"


@dataclass(frozen=True)
class PhoneEvent:
    """``facts`` hold ``configuration``, ``tries_left`` or ``code`` where they apply."""

    step: Step
    facts: Mapping[str, str | int | None]


@dataclass(frozen=True)
class OfferShown:
    """An offer as the holder sees it before any PIN: who gives what."""

    issuer: str
    configurations: tuple[str, ...]
    names: Mapping[str, Mapping[str, str]]
    """Configuration → locale → the credential's name."""
    needs_pin: bool
    pin_length: int | None


@dataclass(frozen=True)
class RequestShown:
    """A presentation request as the holder sees it: who asks which card for what."""

    verifier: str
    known_verifier: bool
    card: Card
    asked: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Offer:
    shown: OfferShown
    code: str = field(repr=False)
    client: IssuerClient = field(repr=False)

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.client.metadata


@dataclass(frozen=True)
class _Check:
    request: holder.Request
    chosen: Mapping[str, tuple[holder.Held, frozenset[tuple[str, ...]]]]


class Phone:
    """One phone; not for several threads at once, except :meth:`close`.

    ``anchors`` are the IACA roots (DER) it trusts, ``verifiers`` the roots of those who
    may ask it. ``patience`` is how many seconds it keeps asking for a deferred credential.
    """

    def __init__(
        self,
        http: httpx.Client,
        now: Callable[[], datetime],
        *,
        anchors: Collection[bytes],
        verifiers: Collection[bytes] = (),
        on_event: Callable[[PhoneEvent], None] = lambda _event: None,
        patience: float = 900.0,
        manner: Manner = MANNER,
    ) -> None:
        self._web = WalletHttp(http, f"training-phone/{secrets.token_hex(4)}")
        self._now = now
        self._anchors = tuple(anchors)
        self._verifiers = tuple(verifiers)
        self._on_event = on_event
        self._patience = patience
        self._manner = manner
        self._closed = threading.Event()
        self._offer: _Offer | None = None
        self._access: Access | None = None
        self._pending: list[Pending] = []
        self._check: _Check | None = None
        self._cards: list[Card] = []

    @property
    def cards(self) -> tuple[Card, ...]:
        """What the phone keeps, newest first."""
        return tuple(reversed(self._cards))

    def close(self) -> None:
        """Stop waiting for a deferred credential; from any thread."""
        self._closed.set()

    # Scanning

    def scan(self, text: str) -> OfferShown | RequestShown:
        """Read the text of a QR and fetch what it points at.

        Raises NotForThisPhone, Unreachable, the offer's troubles, RequestBad, CheckOver.
        """
        parts = urlsplit(text.strip())
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._telling():
            if parts.scheme in _OFFER_SCHEMES and query:
                return self._read_offer(query)
            if parts.scheme in _PAGE_SCHEMES and "credential_offer_uri" in query:
                # The landing page's address carries the offer for a wallet's own scanner.
                return self._read_offer(query)
            if parts.scheme in _CHECK_SCHEMES and "request_uri" in query:
                return self._read_request(query)
            raise NotForThisPhone

    def _read_offer(self, query: Mapping[str, str]) -> OfferShown:
        if "credential_offer_uri" in query:
            body = accepted(self._web.get(query["credential_offer_uri"]), "offer")
        else:
            body = members(httpx.Response(200, text=query.get("credential_offer", "")), "offer")
        try:
            self._offer = self._understand_offer(body)
        except (KeyError, TypeError, AttributeError) as error:
            raise NotUnderstood(step="offer", status=200, error="") from error
        self._access, self._pending = None, []
        self._tell(Step.OFFER_READ)
        return self._offer.shown

    def _understand_offer(self, body: Mapping[str, Any]) -> _Offer:
        issuer = str(body["credential_issuer"])
        grant = body["grants"][PRE_AUTHORIZED]
        metadata = accepted(
            self._web.get(_well_known(issuer, "openid-credential-issuer")), "issuer"
        )
        server = accepted(
            self._web.get(_well_known(issuer, "oauth-authorization-server")), "server"
        )
        if metadata["credential_issuer"] != issuer or server["issuer"] != issuer:
            raise NotUnderstood(step="issuer", status=200, error="another issuer")
        supported = metadata["credential_configurations_supported"]
        configurations = tuple(str(name) for name in body["credential_configuration_ids"])
        pin = grant.get("tx_code")
        shown = OfferShown(
            issuer,
            configurations,
            {name: _names(supported[name]) for name in configurations},
            needs_pin=pin is not None,
            pin_length=pin.get("length") if pin else None,
        )
        client = IssuerClient(self._web, issuer, metadata, server, self._manner, self._now)
        return _Offer(shown, str(grant["pre-authorized_code"]), client)

    # Receiving

    def redeem(self, tx_code: str) -> tuple[Card, ...]:
        """Redeem the scanned offer; blocks until every credential is kept or refused.

        Raises NothingScanned, PinWrong (the offer may be tried again), PinTriesOver,
        OfferExpired, OfferUsed, OfferWithdrawn, Denied, CredentialBad, TakesTooLong,
        Unreachable, NotUnderstood.
        """
        with self._telling():
            if self._offer is None:
                raise NothingScanned
            offer = self._offer
            self._access = self._fetch_token(offer, tx_code)
            self._tell(Step.PIN_RIGHT)
            self._pending = [offer.client.pending(name) for name in offer.shown.configurations]
            return self._collect(offer, self._access)

    def resume(self) -> tuple[Card, ...]:
        """Go on after an interruption with the same token and keys: no second credential."""
        with self._telling():
            if self._offer is None or self._access is None or not self._pending:
                raise NothingScanned
            return self._collect(self._offer, self._access)

    def _fetch_token(self, offer: _Offer, tx_code: str) -> Access:
        pin = tx_code if offer.shown.needs_pin else None
        return offer.client.redeem(offer.code, pin, offer.shown.configurations)

    def _collect(self, offer: _Offer, access: Access) -> tuple[Card, ...]:
        """Ask for every credential once, then again for those that were deferred."""
        deadline = time.monotonic() + self._patience
        kept: list[Card] = []
        while self._pending:
            interval = 1.0
            for pending in list(self._pending):
                try:
                    body = self._ask(offer, access, pending)
                except Unreachable:
                    # A service that is being started again: its answer is not lost.
                    continue
                if "credentials" in body:
                    kept.append(self._keep(offer, access, pending, body))
                    self._pending.remove(pending)
                else:
                    interval = max(interval, _interval(body))
            self._pause(interval, deadline)
        return tuple(kept)

    def _pause(self, interval: float, deadline: float) -> None:
        if not self._pending:
            return
        if self._closed.is_set() or time.monotonic() + interval > deadline:
            raise TakesTooLong
        self._tell(Step.WAITING)
        self._closed.wait(interval)

    def _ask(self, offer: _Offer, access: Access, pending: Pending) -> dict[str, Any]:
        """One request for one credential: the answer's members, deferred or not."""
        if pending.transaction is None:
            self._tell(Step.KEY_SENT, configuration=pending.configuration)
        response, body = offer.client.ask(access, pending)
        if not response.is_success and body.get("error") == "invalid_transaction_id":
            # Delivered before, but lost on the way: the same key asks again.
            pending.transaction = None
            return {}
        if not response.is_success:
            self._pending.remove(pending)
            raise refusal(body, response.status_code, "credential")
        pending.transaction = body.get("transaction_id", pending.transaction)
        return body

    def _keep(
        self, offer: _Offer, access: Access, pending: Pending, body: Mapping[str, Any]
    ) -> Card:
        notification = body.get("notification_id")
        try:
            card = self._verified_card(offer, pending, body)
        except (CredentialTrouble, KeyError, TypeError, ValueError) as error:
            self._notify(offer, access, notification, "credential_failure")
            self._pending.remove(pending)
            code = error.code if isinstance(error, CredentialTrouble) else ""
            raise CredentialBad(reason=code) from error
        self._cards.append(card)
        self._notify(offer, access, notification, "credential_accepted")
        self._tell(Step.CARD_KEPT, configuration=pending.configuration)
        return card

    def _verified_card(self, offer: _Offer, pending: Pending, body: Mapping[str, Any]) -> Card:
        """The credentials of the answer: genuine, of the type offered, each for another of
        our keys. One card, whatever the number: they say the same."""
        terms = offer.metadata["credential_configurations_supported"][pending.configuration]
        fmt = Format(terms["format"])
        texts = [str(entry["credential"]) for entry in body["credentials"]]
        verified = [self._verify(fmt, text, terms) for text in texts]
        own = {key.public: key for key in pending.keys}
        # Neither for a key of another, nor two for one (8.3); fewer than asked is allowed.
        held = [
            holder.Held(fmt, text, own.pop(one.key))
            for text, one in zip(texts, verified, strict=True)
        ]
        (first, shown), *more = zip(held, verified, strict=True)
        metadata = terms.get("credential_metadata", {})
        return Card(
            secrets.token_hex(8),
            first,
            shown,
            offer.shown.issuer,
            _names(terms),
            shown_rows(shown, metadata.get("claims", [])),
            tuple(more),
        )

    def _verify(self, fmt: Format, text: str, terms: Mapping[str, Any]) -> VerifiedCredential:
        trust = Trust(self._anchors, self._now())
        if fmt is Format.MDOC:
            return verify_mdoc(from_b64url(text), trust, doctype=terms["doctype"])
        return verify_sdjwt(text, trust, vct=terms["vct"])

    def _notify(self, offer: _Offer, access: Access, notification: object, event: str) -> None:
        """Tell the issuer; a telling that gets lost changes nothing here."""
        if not isinstance(notification, str):
            return
        try:
            offer.client.notify(access, notification, event)
        except PhoneTrouble:
            return

    # Cards

    def status(self, card: Card) -> Status | None:
        """What the issuer's status list says of a card now; None where it names no list.

        Raises Unreachable, CredentialBad.
        """
        reference = card.verified.status
        if reference is None:
            return None
        response = self._web.get(reference.uri, _STATUS_LIST)
        if not response.is_success:
            raise NotUnderstood(step="status", status=response.status_code, error="")
        try:
            trust = Trust(self._anchors, self._now())
            if response.headers.get("content-type") == CWT_TYPE:
                statuses = verify_cwt(response.content, reference.uri, trust)
            else:
                statuses = verify_jwt(response.text, reference.uri, trust)
            return Status(statuses[reference.index])
        except (CredentialTrouble, ValueError) as error:
            raise CredentialBad(reason=getattr(error, "code", "")) from error

    def delete(self, card: Card) -> None:
        """Forget a card and its key."""
        self._cards = [kept for kept in self._cards if kept.card_id != card.card_id]
        self._tell(Step.DELETED)

    # Presenting

    def _read_request(self, query: Mapping[str, str]) -> RequestShown:
        response = self._web.get(query["request_uri"], _REQUEST_OBJECT)
        if not response.is_success:
            raise _check_trouble(response, "request")
        try:
            request = holder.read_request(response.text.strip(), query.get("client_id"))
            chosen = holder.choose(request, [card.held for card in self.cards])
        except (CredentialTrouble, KeyError, TypeError) as error:
            raise RequestBad from error
        self._check = _Check(request, chosen)
        shown = self._shown(self._check)
        self._tell(Step.REQUEST_READ)
        return shown

    def _shown(self, check: _Check) -> RequestShown:
        held, _paths = next(iter(check.chosen.values()))
        card = next(kept for kept in self.cards if kept.held is held)
        asked = [path for _held, paths in check.chosen.values() for path in sorted(paths)]
        certificate = load_certificate(check.request.signer)
        name = certificate.subject.rfc4514_string()
        return RequestShown(name, self._knows(check.request.signer), card, tuple(asked))

    def _knows(self, signer: bytes) -> bool:
        try:
            chain.verify((signer,), self._verifiers, self._now())
        except CredentialTrouble:
            return False
        return True

    def present(self) -> None:
        """Show what was asked for; raises NothingScanned, Unreachable, CheckOver, RequestBad."""
        with self._telling():
            check = self._taken_check()
            try:
                form = holder.answer(check.request, check.chosen, self._now())
            except CredentialTrouble as error:
                raise RequestBad from error
            self._post(check, form)
        shown = {id(held) for held, _paths in check.chosen.values()}
        # What one service has seen is not shown to the next while there are others.
        self._cards = [c.turned() if id(c.held) in shown else c for c in self._cards]
        self._tell(Step.PRESENTED)

    def decline(self) -> None:
        """Say no; raises as :meth:`present` does."""
        with self._telling():
            check = self._taken_check()
            self._post(check, holder.refusal(check.request))
        self._tell(Step.DECLINED)

    def _taken_check(self) -> _Check:
        if self._check is None:
            raise NothingScanned
        return self._check

    def _post(self, check: _Check, form: Mapping[str, str]) -> None:
        response = self._web.post_form(check.request.response_uri, form)
        if not response.is_success:
            raise _check_trouble(response, "response")
        self._check = None

    # Telling

    def _tell(self, step: Step, **facts: str | int | None) -> None:
        self._on_event(PhoneEvent(step, facts))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Let the window know why a step failed, before the trouble goes on to its caller."""
        try:
            yield
        except PinWrong as trouble:
            self._tell(Step.PIN_WRONG, tries_left=_whole(trouble.facts.get("tries_left")))
            raise
        except PhoneTrouble as trouble:
            self._tell(Step.FAILED, code=trouble.code)
            raise


def _well_known(issuer: str, name: str) -> str:
    """The name goes between host and path (OpenID4VCI 1.0 12.2.2)."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}/.well-known/{name}{parts.path.rstrip('/')}"


def _names(terms: Mapping[str, Any]) -> dict[str, str]:
    return names_by_locale(terms.get("credential_metadata", {}).get("display"))


def _interval(body: Mapping[str, Any]) -> float:
    interval = body.get("interval", 0)
    return min(float(interval), _LONGEST_INTERVAL) if type(interval) in (int, float) else 1.0


def _whole(value: object) -> int | None:
    return value if type(value) is int else None


def _check_trouble(response: httpx.Response, step: str) -> PhoneTrouble:
    """A request that is not there any more, or has its answer already."""
    if response.is_server_error:
        return NotUnderstood(step=step, status=response.status_code, error="")
    return CheckOver()
