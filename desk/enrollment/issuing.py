"""The phone's way to its credential: offer, nonce, credential, deferred, notification.

OpenID4VCI 1.0 sections 4 and 7 to 12; the token between them is ``authorizing``'s. Every
answer and every refusal follows a durable step of the mailbox. Left out on purpose: what a
credential says and whether a proof is believed are the desk's; this service only turns away
what no desk would take.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from starlette.responses import Response

from desk.enrollment import encryption, keys, metadata, proofs, wire
from desk.enrollment.access import Access
from desk.enrollment.agreed import JSON, JWT
from desk.enrollment.answers import entries
from desk.enrollment.authorizing import client_mark, credential_identifier
from desk.enrollment.dpop import Dpop
from desk.enrollment.encryption import Message, MessageEncryption
from desk.enrollment.languages import pin_description
from desk.enrollment.nonces import new_nonce, use_mark
from desk.enrollment.policy import Quirk
from desk.enrollment.records import (
    Filing,
    Holder,
    NewRequest,
    OfferState,
    RequestState,
    RequestView,
)
from desk.enrollment.service import Service
from desk.enrollment.wire import Refusal, Request
from desk.issuance.ports import EventKind

_REPORTS: Final = {
    "credential_accepted": EventKind.ACCEPTED,
    "credential_failure": EventKind.FAILED,
    "credential_deleted": EventKind.DELETED,
}


class Issuing:
    """The endpoints of one service; each is a coroutine from request to response."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._configurations = frozenset(service.profile.configurations.values())
        self._dpop = Dpop(service)
        self._access = Access(service, self._dpop)
        self._encryption = MessageEncryption(service.settings, service.key)
        self._issuer = metadata.issuer_metadata(
            service.settings, service.profile, self._encryption.metadata()
        )
        self._authorization = metadata.authorization_metadata(service.settings)

    # Metadata

    async def issuer_metadata(self, request: Request) -> Response:
        """Plain, or signed for a wallet that likes ``application/jwt`` better (12.2.2)."""
        signer, accept = self._service.metadata_signer, request.headers.get("accept", "*/*")
        if signer is None or wire.preferred(accept, (JSON, JWT)) != JWT:
            return wire.answered(self._issuer)
        signed = metadata.signed_metadata(self._issuer, signer, self._service.now())
        return wire.answered_jwt(signed.encode("ascii"))

    async def authorization_metadata(self, _request: Request) -> Response:
        return wire.answered(self._authorization)

    # Offer (section 4)

    async def offer(self, request: Request) -> Response:
        """The offer behind the QR, while it may still be redeemed."""
        service, handle = self._service, request.path_params["handle"]
        secret = keys.code_secret(handle)
        service.limits.admit_offer(secret, time.monotonic())
        client = client_mark(service, secret, request)
        view = await service.run(
            service.mailbox.fetch_offer, keys.sha256(handle), client, service.now()
        )
        if view is None:
            raise Refusal("not_found", "there is no such offer", status=404)
        service.bells.ring(view.offer_id)
        if view.state is not OfferState.OPEN:
            raise _offer_over(view.state)
        code = keys.carrying(view.offer_id, secret)
        pin = pin_description(request.header(b"accept-language"))
        offered = metadata.credential_offer(service.settings, view.configurations, code, pin)
        return wire.answered(offered)

    # Nonce (section 7)

    async def nonce(self, _request: Request) -> Response:
        service = self._service
        answer = wire.answered({"c_nonce": new_nonce(service.key.nonce_key(), service.now())})
        # 7.2: a wallet may take the nonce of its next DPoP proof from here as well.
        self._dpop.tell_nonce(answer)
        return answer

    # Credential (section 8)

    async def credential(self, request: Request) -> Response:
        """Queue the phone's key for the desk and hold the line for its answer."""
        token, holder = await self._access.holder(request)
        message = await self._encryption.read(request)
        configuration = self._configuration(message.body, token, holder)
        if holder.state is OfferState.VOID:
            raise _denied()
        opener = self._service.openers.take(token)
        new = self._new_request(token, holder, configuration, message, opener)
        # Listening from before the desk can know of the request: no answer to it is missed.
        with self._service.bells.listening(holder.offer_id) as rung:
            view = await self._file(new, rung)
            taken = await self._await_answer(view, rung)
        return await self._hand_over(token, taken, opener, deferred=False)

    def _configuration(self, body: dict[str, Any], token: str, holder: Holder) -> str:
        by_id, by_name = body.get("credential_configuration_id"), body.get("credential_identifier")
        if (by_id is None) == (by_name is None):
            raise _bad_request("exactly one of configuration id and credential identifier")
        if by_name is not None:
            return _identified(by_name, token, holder)
        if holder.details is not None:
            raise _bad_request("the token came with credential identifiers, use one of them")
        if not isinstance(by_id, str) or by_id not in self._configurations:
            raise Refusal("unknown_credential_configuration", "no such configuration")
        if by_id not in holder.configurations:
            raise self._access.refusal(
                "insufficient_scope",
                "not part of this offer",
                is_dpop=holder.dpop_key is not None,
                status=403,
            )
        return by_id

    def _new_request(
        self,
        token: str,
        holder: Holder,
        configuration: str,
        message: Message,
        opener: X25519PrivateKey,
    ) -> NewRequest:
        service = self._service
        presented = proofs.take_in(
            message.body, service.settings, service.key.nonce_key(), service.now()
        )
        request_id = keys.carrying(holder.offer_id, secrets.token_urlsafe(16))
        return NewRequest(
            request_id,
            holder.offer_id,
            configuration,
            presented.thumbprints,
            presented.proofs,
            presented.nonce,
            keys.public_bytes(opener),
            message.encryption,
            keys.token_reference(token, "notification", request_id),
            presented.proof_type,
            Quirk.SHARED_NONCE in service.settings.quirks,
        )

    async def _file(self, new: NewRequest, rung: asyncio.Event) -> RequestView:
        service, use = self._service, use_mark(new.nonce)
        with service.filings.going_on(new.offer_id):
            outcome, view = await service.run(service.mailbox.file_request, new, use, service.now())
        if outcome is Filing.NONCE_USED:
            raise Refusal("invalid_nonce", "the nonce was used before, fetch a new one")
        if outcome is Filing.OTHER_KEY:
            raise Refusal("credential_request_denied", "this offer is bound to another key")
        if view is None:
            raise _denied()
        decided = rung.is_set() or view.state is not RequestState.WAITING
        service.bells.ring(new.offer_id)
        if not decided:
            # What rang was this request itself.
            rung.clear()
        return view

    async def _await_answer(self, view: RequestView, rung: asyncio.Event) -> RequestView:
        """The request once it is decided, its answer taken for the phone, or as it stands when
        the time is over."""

        service = self._service
        with service.parked.park(view.request_id, rung) as parked:

            async def taken() -> RequestView | None:
                current = parked.taken or await self._take(view)
                return current if current.state is not RequestState.WAITING else None

            return await service.bells.wait_at(rung, taken, service.settings.wait_seconds) or view

    async def _take(self, view: RequestView) -> RequestView:
        """The request as it stands; an answer is taken out for the phone, which the desk is
        told of."""
        service = self._service
        taken = await service.run(service.mailbox.deliver, view.request_id, service.now())
        if taken.state is RequestState.DELIVERED:
            service.bells.ring(view.offer_id)
        return taken

    async def _hand_over(
        self, token: str, view: RequestView, opener: X25519PrivateKey, *, deferred: bool
    ) -> Response:
        """Credentials, or when to ask again, or a final no."""
        if view.state is RequestState.WAITING:
            view = await self._defer(view)
        if view.state is RequestState.DENIED:
            raise _denied()
        if view.state is not RequestState.DELIVERED:
            return self._come_back(token, view)
        if view.sealed is None:
            raise _denied("the credential was handed over before")
        return self._answer(view, view.sealed, opener, deferred=deferred)

    async def _defer(self, view: RequestView) -> RequestView:
        service = self._service
        view = await service.run(service.mailbox.defer, view.request_id, service.now())
        service.bells.ring(view.offer_id)
        return view

    def _come_back(self, token: str, view: RequestView) -> Response:
        body = {
            "transaction_id": _transaction_id(token, view.request_id),
            "interval": self._service.settings.poll_interval,
        }
        return encryption.answer(body, view.encryption, status=202)

    def _answer(
        self, view: RequestView, sealed: bytes, opener: X25519PrivateKey, *, deferred: bool
    ) -> Response:
        if view.encryption is not None:
            return wire.answered_jwt(sealed)
        opened = entries(keys.unseal(sealed, opener, view.request_id))
        body: dict[str, Any] = {"credentials": [{"credential": entry} for entry in opened]}
        if not deferred or Quirk.NOTIFY_DEFERRED in self._service.settings.quirks:
            body["notification_id"] = view.notification_id
        return wire.answered(body)

    # Deferred (section 9)

    async def deferred(self, request: Request) -> Response:
        """Ask again for a credential that was not ready; a delivered one is gone from here."""
        token, holder = await self._access.holder(request)
        message = await self._encryption.read(request)
        wanted = message.body.get("transaction_id")
        if wanted is None:
            raise _bad_request("transaction_id is missing")
        view = await self._find(token, holder, wanted)
        if view is None or not view.deferred or view.state is RequestState.DELIVERED:
            raise Refusal("invalid_transaction_id", "unknown or already used")
        if view.encryption != message.encryption:
            view = await self._ask_again(view, message)
        else:
            view = await self._take(view)
        return await self._hand_over(token, view, keys.token_opener(token), deferred=True)

    async def _find(self, token: str, holder: Holder, wanted: object) -> RequestView | None:
        """The request that the token's holder means by its transaction's identifier."""
        if not isinstance(wanted, str) or not wanted.isascii():
            return None
        views = await self._service.run(self._service.mailbox.requests_of, holder.offer_id)
        return next(
            (v for v in views if hmac.compare_digest(_transaction_id(token, v.request_id), wanted)),
            None,
        )

    async def _ask_again(self, view: RequestView, message: Message) -> RequestView:
        """The key named now is the one to answer to, whatever the first request named (9.1)."""
        service = self._service
        view = await service.run(
            service.mailbox.encrypt_otherwise, view.request_id, message.encryption, service.now()
        )
        with service.bells.listening(view.offer_id) as rung:
            service.bells.ring(view.offer_id)
            return await self._await_answer(view, rung)

    # Notification (section 11)

    async def notification(self, request: Request) -> Response:
        """What the wallet did with the credential; repeating it changes nothing."""
        token, holder = await self._access.holder(request)
        body = await wire.read_json(request, "invalid_notification_request")
        wanted, kind = body.get("notification_id"), _REPORTS.get(str(body.get("event")))
        if not isinstance(wanted, str) or kind is None:
            raise Refusal("invalid_notification_request", "id or event missing or unknown")
        if not await self._report(token, holder, wanted, kind):
            raise Refusal("invalid_notification_id", "unknown notification_id")
        self._service.bells.ring(holder.offer_id)
        return wire.done()

    async def _report(self, token: str, holder: Holder, wanted: str, kind: EventKind) -> bool:
        def meant(request_id: str) -> bool:
            return hmac.compare_digest(_notification_id(token, request_id), wanted)

        service = self._service
        return wanted.isascii() and await service.run(
            service.mailbox.report, holder.offer_id, meant, kind, service.now()
        )


def _identified(wanted: object, token: str, holder: Holder) -> str:
    """The configuration that a credential identifier of this token stands for (8.2)."""
    if isinstance(wanted, str) and wanted.isascii():
        for name in holder.details or ():
            if hmac.compare_digest(credential_identifier(token, name), wanted):
                return name
    raise Refusal("unknown_credential_identifier", "no such credential identifier")


def _transaction_id(token: str, request_id: str) -> str:
    return keys.token_reference(token, "transaction", request_id)


def _notification_id(token: str, request_id: str) -> str:
    return keys.token_reference(token, "notification", request_id)


def _offer_over(state: OfferState) -> Refusal:
    """OpenID4VCI names no error for an offer that is over: 410 with a word of our own."""
    words = {
        OfferState.CLAIMED: ("offer_used", "this offer was already used"),
        OfferState.EXPIRED: ("offer_expired", "this offer has expired"),
        OfferState.VOID: ("offer_void", "this offer was withdrawn"),
    }
    error, description = words[state]
    return Refusal(error, description, status=410)


def _bad_request(description: str) -> Refusal:
    return Refusal("invalid_credential_request", description)


def _denied(description: str = "the desk does not issue this credential") -> Refusal:
    return Refusal("credential_request_denied", description)
