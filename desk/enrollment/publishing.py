"""Status lists for anybody who asks, in either form: Token Status List draft-20, section 8."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from desk.enrollment import wire
from desk.enrollment.service import Service
from desk.enrollment.wire import Refusal

JWT_TYPE = "application/statuslist+jwt"
CWT_TYPE = "application/statuslist+cwt"


class Publishing:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def status_list(self, request: Request) -> Response:
        """One list by name; without a preference the JWT form."""
        service = self._service
        view = await service.run(service.mailbox.status, request.path_params["name"])
        if view is None:
            raise Refusal("not_found", "there is no such status list", status=404)
        media_type = _preferred(request.headers.get("accept", "*/*"))
        body = view.jwt.encode() if media_type == JWT_TYPE else view.cwt
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            "ETag": tag,
            # How long the list may be believed stands in its own ttl and exp.
            "Cache-Control": "no-cache",
            "Vary": "Accept",
        }
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=media_type, headers=headers)


def _preferred(accept: str) -> str:
    """The form the caller likes best; raises Refusal (406) when it takes neither."""
    if best := wire.preferred(accept, (JWT_TYPE, CWT_TYPE)):
        return best
    raise Refusal("not_acceptable", f"{JWT_TYPE} or {CWT_TYPE}", status=406)
