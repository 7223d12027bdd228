"""Whose request it is: access tokens shown as Bearer (RFC 6750) or with DPoP (RFC 9449)."""

from __future__ import annotations

import time

from desk.enrollment import dpop, keys, wire
from desk.enrollment.dpop import Dpop
from desk.enrollment.records import Holder
from desk.enrollment.service import Service
from desk.enrollment.wire import Refusal, Request

_BEARER = 'Bearer realm="credential"'
_LONGEST_TOKEN = 256


class Access:
    """The tokens of one service."""

    def __init__(self, service: Service, proofs: Dpop) -> None:
        self._service = service
        self._dpop = proofs

    async def holder(self, request: Request) -> tuple[str, Holder]:
        """The access token of the request and whose it is; raises Refusal."""
        scheme, _, token = request.header(b"authorization").partition(" ")
        token, is_dpop = token.strip(), scheme.lower() == dpop.SCHEME.lower()
        if not token or not (is_dpop or scheme.lower() == "bearer"):
            raise self.refusal(None, "an access token is needed", is_dpop=is_dpop)
        holder = await self._known(token)
        if holder is None:
            description = "the access token is unknown or expired"
            raise self.refusal("invalid_token", description, is_dpop=is_dpop)
        self._service.limits.admit_offer(holder.offer_id, time.monotonic())
        if (holder.dpop_key is not None) != is_dpop:
            # 7.2: a bound token is worth nothing as Bearer, nor an unbound one with DPoP.
            raise self.refusal("invalid_token", "the token is of another type", is_dpop=is_dpop)
        if holder.dpop_key is not None:
            await self._dpop.require(request, token, holder.dpop_key)
        return token, holder

    async def _known(self, token: str) -> Holder | None:
        if len(token) > _LONGEST_TOKEN:
            return None
        service, (offer_id, secret) = self._service, keys.parted(token)
        token_hash = keys.sha256(secret)
        known = service.mailbox.known_holder(offer_id, token_hash, service.now())
        if known is not None:
            return known
        return await service.run(service.mailbox.holder, offer_id, token_hash, service.now())

    def refusal(
        self, error: str | None, description: str, *, is_dpop: bool, status: int = 401
    ) -> Refusal:
        """A refusal about the access token: its error stands in the challenge of the scheme that
        the token was shown in (RFC 6750, 3; RFC 9449, 7.1), the other scheme is only named."""
        is_dpop = is_dpop and self._dpop.is_offered
        challenges = [wire.challenge(_BEARER, None if is_dpop else error, description)]
        if self._dpop.is_offered:
            shown = dpop.challenge(error if is_dpop else None, description)
            challenges.insert(0 if is_dpop else 1, shown)
        headers = {"WWW-Authenticate": ", ".join(challenges)}
        return Refusal(error or "invalid_token", description, status=status, headers=headers)
