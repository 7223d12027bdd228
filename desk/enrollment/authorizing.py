"""The phone's way to an access token: OpenID4VCI 1.0 section 6 with RFC 6749 and RFC 9396.

A code is redeemed once, with the PIN; a wrong PIN costs a try and never the code. What is
malformed in a request costs neither, because it is looked at first.
"""

from __future__ import annotations

import hmac
import time
from typing import Any, Final

from starlette.responses import Response

from desk.credential.jose import parse_json
from desk.credential.troubles import Malformed
from desk.enrollment import dpop, keys, metadata, wire
from desk.enrollment.claim_paths import check_claims
from desk.enrollment.dpop import Dpop
from desk.enrollment.records import Claim, Grant, Redemption
from desk.enrollment.service import Service
from desk.enrollment.wire import Refusal, Request

_LONGEST_SECRET = 256
_MOST_DETAILS = 16


class Authorizing:
    """The token endpoint of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._dpop = Dpop(service)
        self._configurations = frozenset(service.profile.configurations.values())

    async def token(self, request: Request) -> Response:
        """Redeem a code: judge the PIN, and claim or count, in one step."""
        form = await wire.read_form(request)
        code, pin = _token_parameters(form)
        details = self._details(form.get("authorization_details"))
        offer_id, secret = keys.parted(code)
        self._service.limits.admit_offer(secret, time.monotonic())
        await self._require_code(request, offer_id, secret)
        bound_to = await self._dpop.key_for_token(request)
        token = keys.new_access_token(offer_id)
        grant = self._grant(token, details, bound_to)
        outcome = await self._redeem(request, offer_id, secret, pin, grant)
        if outcome.obstacle is not None:
            raise _refused(outcome.obstacle, outcome.tries_left)
        self._service.openers.make_soon(token)
        names = outcome.configurations if details is None else details
        scope = self._scope(names) if "scope" in form else None
        return self._granted(token, grant, scope)

    async def _require_code(self, request: Request, offer_id: str, secret: str) -> None:
        """A proof is written down as used, which an invented code is not worth."""
        service = self._service
        if not request.header(b"dpop"):
            return
        if not await service.run(
            service.mailbox.is_code, offer_id, keys.sha256(secret), service.now()
        ):
            raise _refused(Claim.UNKNOWN, 0)

    def _details(self, text: str | None) -> tuple[str, ...] | None:
        """The configurations named one by one; None where the request names none."""
        if text is None:
            return None
        try:
            entries = parse_json(text)
        except Malformed as broken:
            raise _bad_details("authorization_details is not JSON") from broken
        if not isinstance(entries, list) or not 0 < len(entries) <= _MOST_DETAILS:
            raise _bad_details("authorization_details must be a non-empty array")
        # Asked for twice it is still one thing (a dict keeps the order).
        return tuple(dict.fromkeys(self._detail(entry) for entry in entries))

    def _detail(self, entry: Any) -> str:
        if not isinstance(entry, dict) or entry.get("type") != metadata.DETAILS_TYPE:
            raise _bad_details("type must be openid_credential")
        name, locations = entry.get("credential_configuration_id"), entry.get("locations")
        if not isinstance(name, str) or name not in self._configurations:
            raise _bad_details("no such credential configuration")
        if locations is not None and self._service.settings.issuer not in _list(locations):
            raise _bad_details("locations name another issuer")
        if "claims" in entry:
            check_claims(entry["claims"], self._service.profile.format_of(name))
        return name

    def _grant(self, token: str, details: tuple[str, ...] | None, bound_to: str | None) -> Grant:
        life = self._service.settings.token_life
        return Grant(keys.sha256(keys.parted(token)[1]), life, details, bound_to)

    async def _redeem(
        self, request: Request, offer_id: str, secret: str, pin: str, grant: Grant
    ) -> Redemption:
        service = self._service

        def fits(salt: bytes, wanted: bytes) -> bool:
            return hmac.compare_digest(service.key.pin_hash(pin, salt), wanted)

        client, code_hash = client_mark(service, secret, request), keys.sha256(secret)
        outcome = await service.run(
            service.mailbox.redeem, offer_id, code_hash, client, fits, grant, service.now()
        )
        if outcome.offer_id is not None:
            service.bells.ring(outcome.offer_id)
        return outcome

    def _scope(self, names: tuple[str, ...]) -> str:
        """What the token is for, in the words of the metadata. A wallet that asked for anything
        else is told so (RFC 6749, 3.3); scopes that nobody knows are no error (VCI, 5.1.2)."""
        known = self._service.profile.credential_configurations()
        return " ".join(known[name]["scope"] for name in names)

    def _granted(self, token: str, grant: Grant, scope: str | None) -> Response:
        body: dict[str, Any] = {
            "access_token": token,
            "token_type": "Bearer" if grant.dpop_key is None else dpop.SCHEME,
            "expires_in": int(grant.life.total_seconds()),
        }
        if scope is not None:
            body["scope"] = scope
        if grant.details is not None:
            body["authorization_details"] = [_detail(token, name) for name in grant.details]
        answer = wire.answered(body)
        # RFC 6749, 5.1, asks for it in each answer that holds a token.
        answer.raw_headers.append((b"pragma", b"no-cache"))
        if grant.dpop_key is not None:
            # Of the next proof; who has an unbound token shows none.
            self._dpop.tell_nonce(answer)
        return answer


def client_mark(service: Service, secret: str, request: Request) -> str:
    """A mark that tells two phones at one offer apart, made of its code's secret and no kept
    address."""
    agent = request.header(b"user-agent")
    return service.key.client_mark(secret, wire.caller(request), agent)


def credential_identifier(token: str, configuration: str) -> str:
    """The one credential of that configuration, in the holder's own words (section 3.3.4)."""
    return keys.token_reference(token, "credential", configuration)


def _detail(token: str, configuration: str) -> dict[str, Any]:
    return {
        "type": metadata.DETAILS_TYPE,
        "credential_configuration_id": configuration,
        "credential_identifiers": [credential_identifier(token, configuration)],
    }


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _token_parameters(form: dict[str, str]) -> tuple[str, str]:
    """Code and PIN of a token request; what is missing costs no try."""
    grant = form.get("grant_type")
    if grant is None:
        raise Refusal("invalid_request", "grant_type is missing")
    if grant != metadata.PRE_AUTHORIZED:
        raise Refusal("unsupported_grant_type", "only the pre-authorized code grant is served")
    code, pin = form.get("pre-authorized_code"), form.get("tx_code")
    if code is None:
        raise Refusal("invalid_request", "pre-authorized_code is missing")
    if pin is None:
        raise Refusal("invalid_request", "tx_code is missing")
    if len(code) > _LONGEST_SECRET or len(pin) > _LONGEST_SECRET:
        raise Refusal("invalid_request", "a parameter is too long")
    return code, pin


_CODE_WORDS: Final = {
    Claim.UNKNOWN: "the code is not known here",
    Claim.USED: "the code was already used",
    Claim.VOID: "the offer was withdrawn",
    Claim.EXPIRED: "the offer has expired",
    Claim.TOO_MANY_TRIES: "too many wrong transaction codes",
}


def _refused(obstacle: Claim, left: int) -> Refusal:
    if obstacle is Claim.NOT_OFFERED:
        return _bad_details("not part of this offer")
    if obstacle is Claim.WRONG_CODE and left > 0:
        words = f"the transaction code is wrong, {left} tries left"
        told: dict[str, str | int] = {"reason": obstacle.value, "tries_left": left}
        return Refusal("invalid_grant", words, members=told)
    if obstacle is Claim.WRONG_CODE:
        obstacle = Claim.TOO_MANY_TRIES
    members: dict[str, str | int] = {"reason": obstacle.value}
    return Refusal("invalid_grant", _CODE_WORDS[obstacle], members=members)


def _bad_details(description: str) -> Refusal:
    return Refusal("invalid_authorization_details", description)
