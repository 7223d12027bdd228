"""The phone's way to show its credential: OpenID4VP 1.0 sections 5, 8 and 14.

The desk signs the request object and reads the answer; this service hands the one out and
keeps the other. An encrypted answer (``direct_post.jwt``) stays encrypted to the desk; an
answer that the request asked for in clear is sealed to the desk before it is stored.
"""

from __future__ import annotations

import json

from starlette.responses import Response

from desk.credential.jose import parse_compact
from desk.credential.troubles import CredentialTrouble
from desk.enrollment import keys, wire
from desk.enrollment.records import CheckView
from desk.enrollment.service import Service
from desk.enrollment.wire import Refusal, Request

REQUEST_OBJECT_TYPE = "application/oauth-authz-req+jwt"
_ENCRYPTED, _CLEAR = "direct_post.jwt", "direct_post"
_JWE_DOTS = 4
_LONGEST_ERROR = 64


class Presenting:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def request_object(self, request: Request) -> Response:
        """The signed request; POST with ``wallet_nonce`` is answered like GET (5.10)."""
        view = await self._open_check(request)
        return Response(view.request_object, media_type=REQUEST_OBJECT_TYPE, headers=wire.NO_STORE)

    async def response(self, request: Request) -> Response:
        """The wallet's answer; the first one stays (section 8.2)."""
        view = await self._open_check(request)
        form = await wire.read_form(request, wire.LARGE_BODY)
        text = _answer_text(view, form)
        service = self._service
        kept = await service.run(service.mailbox.answer_check, view.check_id, text, service.now())
        if not kept:
            raise Refusal("invalid_request", "this request was answered before")
        service.bells.ring(view.check_id)
        return wire.answered({})

    async def _open_check(self, request: Request) -> CheckView:
        service = self._service
        view = await service.run(service.mailbox.check, request.path_params["check_id"])
        if view is None:
            raise Refusal("not_found", "there is no such request", status=404)
        if view.expires_at <= service.now():
            raise Refusal("request_expired", "this request has expired", status=410)
        return view


def _answer_text(view: CheckView, form: dict[str, str]) -> str:
    """What is kept for the desk: a JWE as it came, or a sealed JSON text."""
    if "error" in form:
        word = form["error"][:_LONGEST_ERROR]
        return json.dumps({"error": word, "state": form.get("state")})
    mode = response_mode(view.request_object)
    if mode == _ENCRYPTED and form.get("response", "").count(".") == _JWE_DOTS:
        return form["response"]
    if mode == _CLEAR and "vp_token" in form:
        clear = json.dumps({"vp_token": form["vp_token"], "state": form.get("state")})
        return keys.to_base64url(keys.seal(clear.encode(), view.seal_to, view.check_id))
    raise Refusal("invalid_request", "not the kind of answer that was asked for")


def response_mode(request_object: str) -> str | None:
    """What kind of answer a request object asks for; its signature is the wallet's to check."""
    try:
        mode = parse_compact(request_object).claims().get("response_mode")
    except CredentialTrouble:
        return None
    return mode if mode in (_ENCRYPTED, _CLEAR) else None
