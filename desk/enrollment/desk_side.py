"""The desk's side of the service: orders, events, answers. Below ``/desk``, with the key.

Every call names its object by an identifier that the desk made, and may be repeated: the
second time finds what the first one did.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

from starlette.responses import Response

from desk import __version__
from desk.credential.jose import compact_json, parse_compact
from desk.credential.troubles import CredentialTrouble
from desk.enrollment import keys, metadata, wire
from desk.enrollment.agreed import (
    HAIP_SCHEME,
    JWT,
    LANDING_PATH,
    LONGEST_POLL,
    OFFER_SCHEME,
    SEALED,
)
from desk.enrollment.languages import pin_description
from desk.enrollment.mailbox.driver import HeardBefore
from desk.enrollment.policy import Quirk
from desk.enrollment.presenting import response_mode
from desk.enrollment.records import (
    CheckView,
    NewCheck,
    NewOffer,
    News,
    OfferState,
    OfferView,
    RequestView,
)
from desk.enrollment.service import Service
from desk.enrollment.station_auth import Call, ClockApart, HeardCalls, NotTheStation
from desk.enrollment.trouble import AlreadyOtherwise, NotThere
from desk.enrollment.wire import Refusal, Request
from desk.issuance.ports import OfferEvent, QrForm

_IDENTIFIER = re.compile(rf"{keys.IDENTIFIER}\Z")
# It begins with its offer's.
_REQUEST_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,96}\Z")
# A check's identifier is its address as well, so it must not be guessable.
_CHECK_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{20,64}\Z")
_WORD = re.compile(r"[a-z0-9_-]{1,32}\Z")
_POST = re.compile(r"[A-Za-z0-9-]{1,16}\Z")
# What milliseconds since 1970 can say in any time zone.
_YEARS = range(2000, 9999)
_SEALING_KEY_LENGTH = 32
_MARK = re.compile(r"[0-9a-f]{64}\Z")
_PIN = re.compile(r"[0-9]{6}\Z")
_NUMBER = "desk.call_number"

_P = ParamSpec("_P")
_T = TypeVar("_T")


class DeskSide:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._known = frozenset(service.profile.configurations.values())
        self._heard = HeardCalls(service.key)

    async def admit(self, request: Request, limit: int) -> None:
        """Raises Refusal unless the station's key has signed this very call, just now, with a
        body of at most ``limit`` bytes. Who shows no signature of now has none read."""
        query = request.scope["query_string"]
        target = request.scope["raw_path"] + (b"?" + query if query else b"")
        shown = request.header(b"authorization")
        try:
            self._heard.expect(shown, self._service.now())
            call = Call(request.method, target, await wire.keep_body(request, limit))
            request.scope[_NUMBER] = self._heard.check(shown, call, self._service.now())
        except NotTheStation as error:
            raise _unknown_station() from error
        except ClockApart as error:
            members = {"time": self._service.now().isoformat()}
            raise Refusal(
                "clocks_apart", "signed at another time", status=401, members=members
            ) from error

    async def _run(
        self, request: Request, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """The first step of a call, which no other process may have heard either: that is
        found out with the step. Raises Refusal, and what the step raises."""
        service = self._service
        if not service.mailbox.shared:
            return await service.run(step, *args, **kwargs)
        number, by = request.scope[_NUMBER], secrets.token_hex(8)
        doing = partial(step, *args, **kwargs)
        try:
            return await service.run(service.mailbox.in_call, number, by, doing)
        except HeardBefore as error:
            raise _unknown_station() from error

    async def health(self, request: Request) -> Response:
        service = self._service
        now = service.now()
        queue = await self._run(request, service.mailbox.queue, now)
        await service.run(service.mailbox.check_room)
        settings = service.settings
        body = {"version": __version__, "queue": queue.length, "issuer": settings.issuer}
        waited = (now - queue.oldest).total_seconds() if queue.oldest else 0.0
        terms = {
            "encryption": settings.encryption,
            "dpop": settings.dpop,
            "batch": settings.batch_size,
            "attestation": settings.attestations.use,
        }
        return wire.answered({**body, "oldest_seconds": int(waited), "terms": terms, "time": now})

    # Offers

    async def place_offer(self, request: Request) -> Response:
        offer_id = _identifier(request, "offer_id")
        body = await wire.read_json(request, "invalid_order")
        pin = _matching(body, "tx_code", _PIN)
        expires_at = _moment(body, "expires_at")
        configurations, qr = _configurations(body, self._known), _qr_form(body)
        handle = self._service.key.offer_handle(offer_id)
        view = await self._store_offer(request, offer_id, handle, configurations, pin, expires_at)
        self._service.bells.ring(offer_id)
        uri = self._qr_text(view, handle, qr, _post_code(body))
        return wire.answered({"uri": uri, "expires_at": view.expires_at})

    def _qr_text(self, view: OfferView, handle: str, qr: QrForm, post: str) -> str:
        """The offer or its address, behind the scheme its wallets listen to (section 4.1), or
        behind the landing page, which understands the same parameter."""
        settings = self._service.settings
        scheme = HAIP_SCHEME if qr in (QrForm.HAIP_REFERENCE, QrForm.HAIP_VALUE) else OFFER_SCHEME
        if qr is QrForm.PAGE:
            scheme = settings.address(LANDING_PATH)
        # Colons and slashes may stand in a query (RFC 3986, 3.4); each one kept as it is makes
        # the longest of the QRs three characters less.
        bare = ":/" if qr is QrForm.PAGE else ""
        if qr in (QrForm.REFERENCE, QrForm.HAIP_REFERENCE, QrForm.PAGE):
            # A handle is base64url, which means itself in a query.
            quoted = f"{_quoted(settings.address('offer/'), bare)}{handle}"
            text = f"{scheme}?credential_offer_uri={quoted}"
        else:
            code = keys.carrying(view.offer_id, keys.code_secret(handle))
            # In one language: each letter of another script makes the QR larger.
            pin = pin_description("en")
            offer = metadata.credential_offer(settings, view.configurations, code, pin)
            # Bare is what the standard's own example leaves so. A space is no «+»: that is
            # a form's spelling, which a wallet that reads an address shows as it stands.
            text = f"{scheme}?credential_offer={quote(compact_json(offer), safe=':/,')}"
        return f"{text}&post={post}" if qr is QrForm.PAGE and post else text

    async def _store_offer(
        self,
        request: Request,
        offer_id: str,
        handle: str,
        configurations: tuple[str, ...],
        pin: str,
        expires_at: datetime,
    ) -> OfferView:
        service = self._service
        salt = secrets.token_bytes(keys.PIN_SALT_LENGTH)
        new = NewOffer(
            offer_id,
            keys.sha256(handle),
            keys.sha256(keys.code_secret(handle)),
            configurations,
            salt,
            service.key.pin_hash(pin, salt),
            expires_at,
        )
        view, is_new = await self._run(request, service.mailbox.place_offer, new, service.now())
        if not is_new:
            await self._refuse_other_order(view, new, pin)
        return view

    async def _refuse_other_order(self, view: OfferView, new: NewOffer, pin: str) -> None:
        """A repeated order is welcome, another one under the same identifier is not."""
        if view.state in (OfferState.VOID, OfferState.EXPIRED):
            raise AlreadyOtherwise(reason=view.state.value)
        same = view.configurations == new.configurations and view.expires_at == new.expires_at
        if same and view.pin_salt is not None and view.pin_hash is not None:
            found = self._service.key.pin_hash(pin, view.pin_salt)
            same = hmac.compare_digest(found, view.pin_hash)
        if not same:
            raise AlreadyOtherwise(reason="another_order")

    async def void_offer(self, request: Request) -> Response:
        offer_id = _identifier(request, "offer_id")
        body = await wire.read_json(request, "invalid_order")
        reason = _matching(body, "reason", _WORD)
        service = self._service
        await self._run(request, service.mailbox.void_offer, offer_id, reason, service.now())
        service.bells.ring(offer_id)
        return wire.done()

    async def events(self, request: Request) -> Response:
        """Events after ``after``, waited for up to ``wait`` seconds; and the phone's keys that
        await an answer, so that the desk need not ask for them when it hears that they came."""
        offer_id = _identifier(request, "offer_id")
        after = _count(request, "after")
        service, wait = self._service, _wait(request)

        if wait > 0:
            await service.filings.over(offer_id)
        found = await self._run(request, service.mailbox.news, offer_id, after, service.now())

        async def news() -> News | None:
            nonlocal found
            # Told at the end even without an event: what awaited an answer may have got it.
            found = await service.run(service.mailbox.news, offer_id, after, service.now())
            return found if found.events else None

        if not found.events and wait > 0:
            # Nobody rings when an offer's time runs out, so nobody sleeps past it.
            seconds = min(wait, self._until(found.ends_at))
            await service.bells.wait_for(offer_id, news, seconds)
        late = Quirk.NOTIFY_DEFERRED in service.settings.quirks
        events = [_event_body(entry) for entry in found.events]
        requests = [_request_body(entry, late) for entry in found.requests]
        return wire.answered({"events": events, "requests": requests})

    def _until(self, end: datetime | None) -> float:
        if end is None:
            return LONGEST_POLL
        return max((end - self._service.now()).total_seconds(), 0.0) + 0.001

    # Requests

    async def answer(self, request: Request) -> Response:
        request_id = _identifier(request, "request_id", _REQUEST_IDENTIFIER)
        sealed = await wire.read_body(request, wire.LARGE_BODY)
        terms = _terms(request)
        if not sealed:
            raise _unusable("an answer is missing")
        service = self._service
        view = await self._run(
            request,
            service.mailbox.answer,
            request_id,
            sealed,
            terms,
            service.now(),
            is_awaited=service.parked.is_there(request_id),
        )
        if view.sealed is not None:
            service.parked.hand(view)
        service.bells.ring(view.offer_id)
        return wire.done()

    async def deny(self, request: Request) -> Response:
        request_id = _identifier(request, "request_id", _REQUEST_IDENTIFIER)
        body = await wire.read_json(request, "invalid_order")
        _matching(body, "reason", _WORD)
        service = self._service
        offer_id = await self._run(request, service.mailbox.deny, request_id, service.now())
        service.bells.ring(offer_id)
        return wire.done()

    # Checks

    async def place_check(self, request: Request) -> Response:
        check_id = _identifier(request, "check_id", _CHECK_IDENTIFIER)
        body = await wire.read_json(request, "invalid_order", wire.LARGE_BODY)
        request_object = _text(body, "request_object")
        _check_request_object(request_object)
        seal_to = _bytes(body, "seal_to")
        if len(seal_to) != _SEALING_KEY_LENGTH:
            raise _unusable("seal_to is no X25519 key")
        new = NewCheck(check_id, request_object, _moment(body, "expires_at"), seal_to)
        service = self._service
        view = await self._run(request, service.mailbox.place_check, new)
        if view.request_object != request_object:
            raise AlreadyOtherwise(reason="another_order")
        return wire.answered({"expires_at": view.expires_at})

    async def check_answer(self, request: Request) -> Response:
        """The phone's answer, waited for up to ``wait`` seconds; 204 while there is none."""
        check_id = _identifier(request, "check_id", _CHECK_IDENTIFIER)
        service = self._service

        async def arrived() -> CheckView | None:
            return _answered(await service.run(service.mailbox.check, check_id))

        wait = _wait(request)
        view = _answered(await self._run(request, service.mailbox.check, check_id))
        if view is None and wait > 0:
            view = await service.bells.wait_for(check_id, arrived, wait)
        if view is None or view.received_at is None:
            return wire.done()
        body = {"response": view.response, "received_at": view.received_at}
        return wire.answered(body)

    # Status lists

    async def publish_status(self, request: Request) -> Response:
        name = _identifier(request, "name")
        body = await wire.read_json(request, "invalid_order", wire.LARGE_BODY)
        jwt, cwt = _text(body, "jwt"), _bytes(body, "cwt")
        service = self._service
        await self._run(request, service.mailbox.publish_status, name, jwt, cwt)
        return wire.done()


@lru_cache(maxsize=4)
def _quoted(address: str, bare: str) -> str:
    """For a query, once for all offers; what is ``bare`` stays as it is."""
    return quote(address, safe=bare)


def _unknown_station() -> Refusal:
    return Refusal("station_unknown", "the station's key is not accepted", status=401)


def _answered(view: CheckView | None) -> CheckView | None:
    """A check that has its answer; raises NotThere where there is no such check."""
    if view is None:
        raise NotThere
    return view if view.response is not None else None


def _event_body(entry: OfferEvent) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "kind": entry.kind.value,
        "at": entry.at,
        "facts": dict(entry.facts),
    }


def _request_body(entry: RequestView, notify_deferred: bool) -> dict[str, Any]:
    """``notify_deferred``: whether an answer that comes late has a notification_id too."""
    notified = notify_deferred or not entry.deferred
    return {
        "request_id": entry.request_id,
        "offer_id": entry.offer_id,
        "configuration": entry.configuration,
        "proofs": list(entry.proofs),
        "nonce": entry.nonce,
        "seal_to": base64.b64encode(entry.seal_to).decode(),
        "received_at": entry.received_at,
        "encryption": None if entry.encryption is None else asdict(entry.encryption),
        "notification_id": entry.notification_id if notified else None,
        "proof_type": entry.proof_type,
    }


def _terms(request: Request) -> str | None:
    """The mark of what an answer was encrypted for; None where it is sealed to the token."""
    media_type, mark = wire.content_type(request), wire.query(request).get("terms")
    if media_type == SEALED and mark is None:
        return None
    if media_type != JWT or mark is None or not _MARK.match(mark):
        raise _unusable("an answer of another form")
    return mark


def _identifier(request: Request, name: str, pattern: re.Pattern[str] = _IDENTIFIER) -> str:
    value = str(request.path_params[name])
    if not pattern.match(value):
        raise _unusable(f"{name} has another form")
    return value


def _configurations(body: Mapping[str, Any], offered: frozenset[str]) -> tuple[str, ...]:
    value = body.get("configurations")
    known = isinstance(value, list) and all(isinstance(e, str) and e in offered for e in value)
    if not isinstance(value, list) or not known or not value or len(set(value)) != len(value):
        raise _unusable("configurations are missing, unknown or doubled")
    return tuple(value)


def _post_code(body: Mapping[str, Any]) -> str:
    """The post that the landing page names; empty where the order names none."""
    return _matching(body, "post", _POST) if body.get("post") else ""


def _qr_form(body: Mapping[str, Any]) -> QrForm:
    try:
        return QrForm(body.get("qr", QrForm.REFERENCE))
    except ValueError as error:
        raise _unusable("qr is of no known form") from error


def _check_request_object(request_object: str) -> None:
    """It names who asks, and asks for an answer that this service can take."""
    try:
        client_id = parse_compact(request_object).claims().get("client_id")
    except CredentialTrouble as trouble:
        raise _unusable("request_object is not a JWT") from trouble
    if not isinstance(client_id, str) or response_mode(request_object) is None:
        raise _unusable("request_object without client_id or known response_mode")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise _unusable(f"{name} is missing")
    return value


def _matching(body: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(body, name)
    if not pattern.match(value):
        raise _unusable(f"{name} has another form")
    return value


def _bytes(body: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(_text(body, name), validate=True)
    except ValueError as error:
        raise _unusable(f"{name} is not base64") from error


def _moment(body: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(body, name))
    except ValueError as error:
        raise _unusable(f"{name} is not a time") from error
    if moment.tzinfo is None:
        raise _unusable(f"{name} has no time zone")
    if moment.year not in _YEARS:
        raise _unusable(f"{name} is out of range")
    # The mailbox keeps milliseconds; a repeated order must compare equal.
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _count(request: Request, name: str) -> int:
    value = wire.query(request).get(name, "0")
    if not value.isdecimal() or len(value) > 9:
        raise _unusable(f"{name} is not a number")
    return int(value)


def _wait(request: Request) -> float:
    value = wire.query(request).get("wait", "0")
    try:
        seconds = float(value)
    except ValueError as error:
        raise _unusable("wait is not a number") from error
    if not 0 <= seconds <= LONGEST_POLL:
        raise _unusable("wait is out of range")
    return seconds


def _unusable(description: str) -> Refusal:
    return Refusal("invalid_order", description)
