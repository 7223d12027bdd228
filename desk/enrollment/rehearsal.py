"""Only in the rehearsal without a window: whoever tries a wallet asks here for an offer.

The service holds no case, so it hands the question on to the desk that started it and
brings back what that answers. Only callers on this machine are heard. A service that was
not started with ``--mint-at`` has no such route.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from desk.enrollment import wire
from desk.enrollment.wire import Refusal, Request

PATH = "/rehearsal/offers"
_SECONDS = 60.0
_MOST_BYTES = 2048


def minting(desk_url: str) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that hands a question on to ``desk_url``."""

    async def rehearsal_offers(request: Request) -> Response:
        if not _is_local(request):
            raise Refusal("access_denied", "callers on this machine only", status=403)
        body = await wire.read_body(request, _MOST_BYTES)
        # Here, because only a rehearsal needs a client of its own.
        import httpx

        # Its client wants to be a task's, which answers a request from its first wait on.
        await asyncio.sleep(0)
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as desk:
            answer = await desk.post(desk_url, content=body)
        return Response(
            answer.content,
            status_code=answer.status_code,
            media_type="application/json",
            headers=wire.NO_STORE,
        )

    return rehearsal_offers


def _is_local(request: Request) -> bool:
    host = request.client.host if request.client else ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
