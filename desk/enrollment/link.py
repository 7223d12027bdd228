"""The desk's way to the phone-facing service: outbound HTTP, one client, coded troubles.

Satisfies ``desk.issuance.ports.EnrollmentLink``. Blocking, to be called from the desk's
network lane. Credentials are sealed to the phone's token here, before they are sent: the
service stores what it cannot open.
"""

from __future__ import annotations

import base64
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from desk.credential.jose import compact_json, parse_compact
from desk.credential.presentation import request_link
from desk.enrollment import keys, nonces
from desk.enrollment.agreed import (
    HAIP_SCHEME,
    JSON,
    JWT,
    LANDING_PATH,
    LONGEST_POLL,
    OFFER_SCHEME,
    SEALED,
    utc_now,
)
from desk.enrollment.answers import encrypted, terms_mark
from desk.enrollment.calls import Caller, Calls, Distrusted, Reply, Unreached
from desk.enrollment.keys import StationKey
from desk.enrollment.station_auth import Call, authorization
from desk.enrollment.trouble import (
    AlreadyOtherwise,
    AnswerUnusable,
    CertificateRefused,
    ClocksApart,
    MailboxAway,
    MailboxBroken,
    MailboxFull,
    NotLetThrough,
    NotThere,
    OrderUnusable,
    OtherIssuer,
    ServiceDown,
    StationRefused,
    WrongAddress,
)
from desk.issuance.ports import (
    Check,
    CheckAnswer,
    CheckOrder,
    EventKind,
    KeyRequest,
    Offer,
    OfferEvent,
    OfferNews,
    OfferOrder,
    QrForm,
    ResponseEncryption,
    ServiceHealth,
)
from desk.trouble import Trouble

# Expiry times are the desk's; a service further ahead would end a QR noticeably early.
CLOCK_TOLERANCE_SECONDS = 30
_ANSWER_SECONDS = 10.0
_HEALTH = "/desk/health"
# After the last event that an offer can have.
_NO_EVENTS = 999_999_999


class HttpLink:
    """One service at ``base_url``; ``calls`` carries its calls, over HTTP where nothing else is
    given. Calls are signed by the machine's clock, whatever time the desk rehearses.
    ``issuer`` is the address that phones know it by, without a path any at that host; left out,
    the service is believed in that.
    Close it when done."""

    def __init__(
        self,
        base_url: str,
        key: StationKey,
        *,
        now: Callable[[], datetime] = utc_now,
        machine_clock: Callable[[], datetime] = utc_now,
        calls: Caller | None = None,
        issuer: str = "",
    ) -> None:
        self._key = key
        self._now = now
        self._machine_clock = machine_clock
        self._expected = issuer
        self._issuer: str | None = None
        # One at a time: whatever did not seal by then is as good for the next answer.
        self._ephemeral: deque[X25519PrivateKey] = deque(maxlen=1)
        self._calls = calls or Calls(base_url)

    def close(self) -> None:
        self._calls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # The service itself

    def health(self) -> ServiceHealth:
        """Whether it serves, and how fast; raises LinkTrouble, OtherIssuer and ClocksApart among
        them."""
        started = time.perf_counter()
        body = self._call("GET", "/health")
        latency = (time.perf_counter() - started) * 1000
        with _understood:
            self._issuer = self._checked_issuer(str(body["issuer"]))
            self._compare_clocks(datetime.fromisoformat(body["time"]))
            return ServiceHealth(
                True,
                str(body["version"]),
                int(body["queue"]),
                latency,
                int(body.get("oldest_seconds", 0)),
                dict(body.get("terms", {})),
            )

    def _checked_issuer(self, said: str) -> str:
        if self._expected and not _is_at(said, self._expected):
            raise OtherIssuer(said=said, expected=self._expected)
        return said

    @property
    def issuer(self) -> str:
        """The address phones use: the audience of their proofs. Asked once."""
        if self._issuer is None:
            self.health()
        assert self._issuer is not None
        return self._issuer

    def response_uri(self, check_id: str) -> str:
        """Where a phone posts its answer to a check: goes into the request object."""
        return f"{self.issuer.rstrip('/')}/present/{check_id}"

    def status_uri(self, name: str) -> str:
        """Where a status list is published: goes into the credentials."""
        return f"{self.issuer.rstrip('/')}/status/{name}"

    def _compare_clocks(self, theirs: datetime) -> None:
        ahead = round((theirs - self._now()).total_seconds())
        if abs(ahead) > CLOCK_TOLERANCE_SECONDS:
            raise ClocksApart(seconds=ahead)

    # Offers

    def place_offer(self, order: OfferOrder) -> Offer:
        """Mint the offer; the same order again gives the same QR. Raises LinkTrouble,
        OtherIssuer where that leads elsewhere."""
        body = self._call(
            "PUT",
            f"/offers/{_part(order.offer_id)}",
            {
                "configurations": list(order.configurations),
                "tx_code": order.tx_code,
                "expires_at": order.expires_at.isoformat(),
                "qr": order.qr.value,
                "post": order.post,
            },
        )
        with _understood:
            uri = str(body["uri"])
            self._check_offer(uri, order)
            return Offer(order.offer_id, uri, _moment(body["expires_at"]))

    def _check_offer(self, uri: str, order: OfferOrder) -> None:
        """A phone that scans it comes to this service and this offer, whatever it reads of it
        first (OpenID4VCI 1.0, 4.1)."""
        before, _, query = uri.partition("?")
        members = parse_qs(query)
        home = self.issuer.rstrip("/")
        begins = f"{home}/{LANDING_PATH}" if order.qr is QrForm.PAGE else _SCHEMES[order.qr]
        if before != begins:
            raise OtherIssuer(said=before, expected=begins)
        if order.qr is QrForm.PAGE:
            members.pop("post", None)
        ((name, (value,)),) = members.items()
        if order.qr in (QrForm.VALUE, QrForm.HAIP_VALUE):
            wanted, known = "credential_offer", self.issuer
            leads = str(orjson.loads(value)["credential_issuer"]) if name == wanted else name
        else:
            wanted = "credential_offer_uri"
            leads, known = value, f"{home}/offer/{self._key.offer_handle(order.offer_id)}"
        if (name, leads) != (wanted, known):
            raise OtherIssuer(said=leads, expected=known)

    def void_offer(self, offer_id: str, reason: str) -> None:
        """End an offer; ``reason`` is one lower-case word, never a sentence."""
        self._call("POST", f"/offers/{_part(offer_id)}/void", {"reason": reason})

    def news(self, offer_id: str, after: int, wait_s: float) -> OfferNews:
        """What happened since event ``after``, waited for up to ``wait_s`` seconds, and the
        phone's keys that await an answer then."""
        wait = min(max(wait_s, 0.0), LONGEST_POLL)
        path = f"/offers/{_part(offer_id)}/events?after={after}&wait={wait}"
        body = self._call("GET", path, wait=wait)
        with _understood:
            return OfferNews(
                tuple(_event(entry) for entry in body["events"]),
                tuple(self._key_request(entry) for entry in body["requests"]),
            )

    def events(self, offer_id: str, after: int, wait_s: float) -> tuple[OfferEvent, ...]:
        """What happened since event ``after``; waits up to ``wait_s`` seconds for it."""
        return self.news(offer_id, after, wait_s).events

    def get_ready(self) -> None:
        """Make the key that seals the next answer: it takes as long as all else of the seal."""
        if not self._ephemeral:
            self._ephemeral.append(X25519PrivateKey.generate())

    # Requests

    def requests(self, offer_id: str) -> tuple[KeyRequest, ...]:
        """The phone's keys that await an answer."""
        return self.news(offer_id, _NO_EVENTS, 0).requests

    def _key_request(self, entry: Mapping[str, Any]) -> KeyRequest:
        """The nonce is looked at here, with the station's key, whatever the service says."""
        nonce = str(entry["nonce"])
        return KeyRequest(
            request_id=str(entry["request_id"]),
            offer_id=str(entry["offer_id"]),
            configuration=str(entry["configuration"]),
            proofs=tuple(entry["proofs"]),
            nonce=nonce,
            seal_to=base64.b64decode(entry["seal_to"], validate=True),
            received_at=_moment(entry["received_at"]),
            encryption=_response_encryption(entry.get("encryption")),
            notification_id=entry.get("notification_id"),
            proof_type=str(entry.get("proof_type", "jwt")),
            nonce_made_at=nonces.made_at(self._key.nonce_key(), nonce),
        )

    def answer(self, request: KeyRequest, credentials: Sequence[str]) -> None:
        """Send the credentials, one for each proof in its order, encrypted to the phone: by
        the key it named, or sealed to the token it holds."""
        path = f"/requests/{_part(request.request_id)}/answer"
        if request.encryption is not None:
            path = f"{path}?terms={terms_mark(request.encryption)}"
            jwe = encrypted(_answer(request, credentials), request.encryption)
            self._send("PUT", path, jwe.encode("ascii"), JWT)
        else:
            plain = compact_json(list(credentials))
            sealed = keys.seal(plain, request.seal_to, request.request_id, self._taken())
            self._send("PUT", path, sealed, SEALED)

    def _taken(self) -> X25519PrivateKey | None:
        """What was made beforehand, for one seal alone; any thread may ask."""
        try:
            return self._ephemeral.pop()
        except IndexError:
            return None

    def deny(self, request_id: str, reason: str) -> None:
        """Refuse a request for good; ``reason`` is one lower-case word."""
        self._call("PUT", f"/requests/{_part(request_id)}/denial", {"reason": reason})

    # Checks

    def place_check(self, order: CheckOrder) -> Check:
        """Put a signed presentation request where the phone fetches it.

        ``check_id`` (20 to 64 characters, unguessable) is part of its address. What phones are
        shown is made here: the service chooses neither who asks nor where.
        """
        client_id = str(parse_compact(order.request_object).claims()["client_id"])
        opener = self._key.check_opener(order.check_id)
        body = self._call(
            "PUT",
            f"/checks/{_part(order.check_id)}",
            {
                "request_object": order.request_object,
                "expires_at": order.expires_at.isoformat(),
                "seal_to": base64.b64encode(keys.public_bytes(opener)).decode(),
            },
        )
        with _understood:
            expires_at = min(_moment(body["expires_at"]), order.expires_at)
        where = f"{self.response_uri(order.check_id)}/request"
        return Check(order.check_id, request_link(client_id, where), expires_at)

    def check_answer(self, check_id: str, wait_s: float) -> CheckAnswer | None:
        """The phone's answer (a JWE, or JSON when it was asked for in clear), or None yet."""
        wait = min(max(wait_s, 0.0), LONGEST_POLL)
        body = self._call("GET", f"/checks/{_part(check_id)}/answer?wait={wait}", wait=wait)
        if not body:
            return None
        with _understood:
            response = self._opened(check_id, str(body["response"]))
            return CheckAnswer(check_id, response, _moment(body["received_at"]))

    def _opened(self, check_id: str, response: str) -> str:
        """A JWE has dots and a JSON text braces; what has neither was sealed on the way."""
        if "." in response or response.startswith("{"):
            return response
        sealed = keys.from_base64url(response)
        return keys.unseal(sealed, self._key.check_opener(check_id), check_id).decode()

    # Status lists

    def publish_status(self, name: str, jwt: str, cwt: bytes) -> None:
        """Publish both forms of a status list under one name; the latest stays."""
        body = {"jwt": jwt, "cwt": base64.b64encode(cwt).decode()}
        self._call("PUT", f"/status/{_part(name)}", body)

    # One call

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        wait: float = 0.0,
    ) -> dict[str, Any]:
        if body is None:
            return self._send(method, path, wait=wait)
        return self._send(method, path, compact_json(body), JSON, wait=wait)

    def _send(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        media_type: str = "",
        *,
        wait: float = 0.0,
    ) -> dict[str, Any]:
        path = f"/desk{path}"
        call = Call(method, self._calls.target(path), content)
        headers = {"Authorization": authorization(self._key, call, self._machine_clock())}
        if media_type:
            headers["Content-Type"] = media_type
        try:
            reply = self._calls.send(method, path, headers, content, _ANSWER_SECONDS + wait)
        except Distrusted as error:
            raise CertificateRefused(reason=str(error)) from error
        except Unreached as error:
            raise ServiceDown from error
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return _json_object(reply) if reply.body else {}
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self._compare_signed_time(reply)
        raise _trouble_of(reply, path)

    def _compare_signed_time(self, reply: Reply) -> None:
        """Raises ClocksApart where the call was refused for its time alone."""
        body = _json_object(reply) if reply.body else {}
        if body.get("error") == "clocks_apart":
            with _understood:
                theirs = _moment(body["time"])
            raise ClocksApart(seconds=round((theirs - self._machine_clock()).total_seconds()))


def _trouble_of(reply: Reply, path: str) -> Trouble:
    status = reply.status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _failure(reply)
    if _is_elsewhere(reply, path):
        return WrongAddress(status=status)
    if status == HTTPStatus.FORBIDDEN:
        # The service itself refuses a desk with 401 only.
        return NotLetThrough()
    body = _json_object(reply) if reply.body else {}
    if status == HTTPStatus.UNAUTHORIZED:
        return StationRefused()
    if status == HTTPStatus.NOT_FOUND:
        return NotThere()
    if status == HTTPStatus.CONFLICT:
        return AlreadyOtherwise(reason=str(body.get("reason", "")))
    if body.get("error") == "invalid_order":
        return OrderUnusable(reason=str(body.get("error_description", "")))
    return AnswerUnusable(status=status)


def _is_elsewhere(reply: Reply, path: str) -> bool:
    """Whether no desk's side of a service answered: one leads nowhere else, has its health, and
    tells in JSON what it has not got."""
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        return True
    if reply.status != HTTPStatus.NOT_FOUND:
        return False
    return path == _HEALTH or not reply.body.startswith(b"{")


def _failure(reply: Reply) -> Trouble:
    """What the service says of its own failure; a proxy before it says so in a page of HTML."""
    try:
        code = _json_object(reply).get("code")
    except AnswerUnusable:
        code = None
    for trouble in (MailboxFull, MailboxBroken, MailboxAway):
        if code == trouble.code:
            return trouble()
    return ServiceDown(status=reply.status)


def _json_object(reply: Reply) -> dict[str, Any]:
    try:
        value = orjson.loads(reply.body)
    except ValueError as error:
        raise AnswerUnusable(status=reply.status) from error
    if not isinstance(value, dict):
        raise AnswerUnusable(status=reply.status)
    return value


class _Understood:
    """Turns an answer of unexpected shape into its trouble; a time may be spelled rightly and lie
    beyond every calendar."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        if isinstance(error, KeyError | TypeError | ValueError | OverflowError):
            raise AnswerUnusable from error


_understood = _Understood()
_SCHEMES = {
    QrForm.REFERENCE: OFFER_SCHEME,
    QrForm.VALUE: OFFER_SCHEME,
    QrForm.HAIP_REFERENCE: HAIP_SCHEME,
    QrForm.HAIP_VALUE: HAIP_SCHEME,
}
_PORTS = {"http": 80, "https": 443}
_KINDS = {kind.value: kind for kind in EventKind}


def _event(entry: Mapping[str, Any]) -> OfferEvent:
    return OfferEvent(
        int(entry["seq"]), _KINDS[entry["kind"]], _moment(entry["at"]), dict(entry["facts"])
    )


def _response_encryption(entry: Mapping[str, Any] | None) -> ResponseEncryption | None:
    return None if entry is None else ResponseEncryption(**entry)


def _answer(request: KeyRequest, credentials: Sequence[str]) -> dict[str, Any]:
    """The credential response that the phone decrypts (OpenID4VCI 1.0, 8.3)."""
    body: dict[str, Any] = {"credentials": [{"credential": entry} for entry in credentials]}
    if request.notification_id is not None:
        body["notification_id"] = request.notification_id
    return body


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _is_at(address: str, expected: str) -> bool:
    """Whether both lead to the same place, however they are spelled: to the same host, for whom
    TLS vouches, where ``expected`` names no more. Raises ValueError for a wrong port."""
    told, known = urlsplit(address), urlsplit(expected)
    if told.query or told.fragment or "@" in told.netloc:
        return False
    places = [
        (one.scheme, one.hostname, one.port or _PORTS.get(one.scheme)) for one in (told, known)
    ]
    return places[0] == places[1] and known.path.rstrip("/") in ("", told.path.rstrip("/"))


@lru_cache(maxsize=64)
def _part(identifier: str) -> str:
    """Of an address: an offer is asked for again and again."""
    return quote(identifier, safe="")
