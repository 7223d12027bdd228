"""What anybody may ask for: status lists in either form (Token Status List draft-20, section 8),
the Type Metadata of the ``vct`` (draft-ietf-oauth-sd-jwt-vc, section 6.3) and the service's
own description.

A ``vct`` that is an https address of this service is answered there; any other, a URN for
one, is found behind ``/type/``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import lru_cache

from starlette.responses import Response

from desk.credential import type_metadata
from desk.enrollment import wire
from desk.enrollment.agreed import JSON
from desk.enrollment.description import description
from desk.enrollment.service import Service
from desk.enrollment.wire import Refusal, Request

JWT_TYPE = "application/statuslist+jwt"
CWT_TYPE = "application/statuslist+cwt"


class Publishing:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._type = type_metadata.document(service.profile)
        told = description(service.settings, service.profile)
        self._description = json.dumps(told, ensure_ascii=False).encode()

    @property
    def type_paths(self) -> tuple[str, ...]:
        """Where the Type Metadata are found."""
        settings, vct = self._service.settings, self._service.profile.vct
        own = settings.address("")
        told = (f"{settings.path}/{vct.removeprefix(own)}",) if vct.startswith(own) else ()
        return (f"{settings.path}/type/{vct}", *told)

    async def status_list(self, request: Request) -> Response:
        """One list by name; without a preference the JWT form. Lists of former times are not
        kept (8.4)."""
        if "time" in request.query_params:
            raise Refusal("not_implemented", "only the list of now is known", status=501)
        service = self._service
        view = await service.run(service.mailbox.status, request.path_params["name"])
        if view is None:
            raise Refusal("not_found", "there is no such status list", status=404)
        media_type = _preferred(request.headers.get("accept", ""))
        body = view.jwt.encode() if media_type == JWT_TYPE else view.cwt
        # How long the list may be believed stands in its own ttl and exp.
        headers = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Encoding"}
        if wire.takes_gzip(request.headers.get("accept-encoding", "")):
            # The JWT form by a quarter, which is what base64 made it longer (8.2: should).
            body = _packed(body)
            headers["Content-Encoding"] = wire.GZIP
        return _unless_known(request, body, media_type, headers)

    async def type_metadata(self, request: Request) -> Response:
        """The document whose hash stands in each SD-JWT VC; the very bytes that were hashed."""
        headers = {"Cache-Control": "public, max-age=3600"}
        return _unless_known(request, self._type, type_metadata.MEDIA_TYPE, headers)

    async def openapi(self, request: Request) -> Response:
        """What this service answers, for other people's programs (OpenAPI 3.1)."""
        return _unless_known(request, self._description, JSON, {"Cache-Control": "no-cache"})


@lru_cache(maxsize=32)
def _packed(body: bytes) -> bytes:
    """Once for each list: thousands ask for the same one."""
    return gzip.compress(body, mtime=0)


def _unless_known(
    request: Request, body: bytes, media_type: str, headers: dict[str, str]
) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    tagged = {**headers, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=tagged)
    return Response(body, media_type=media_type, headers=tagged)


def _preferred(accept: str) -> str:
    """The form the caller likes best; raises Refusal (406) when it takes neither."""
    if best := wire.preferred(accept, (JWT_TYPE, CWT_TYPE)):
        return best
    raise Refusal("not_acceptable", f"{JWT_TYPE} or {CWT_TYPE}", status=406)
