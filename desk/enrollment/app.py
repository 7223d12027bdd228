"""The routes of the service, and what every answer goes through: log line and refusals.

The log names the endpoint, never the address asked for (an offer's address is a secret),
and no name, code, PIN or token ever reaches it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from starlette.responses import Response

from desk.enrollment import dpop, keys, rehearsal, wire
from desk.enrollment.agreed import LANDING_PATH
from desk.enrollment.authorizing import Authorizing
from desk.enrollment.desk_side import DeskSide
from desk.enrollment.issuing import Issuing
from desk.enrollment.landing import Landing
from desk.enrollment.lines import logged
from desk.enrollment.meters import Meters
from desk.enrollment.presenting import Presenting
from desk.enrollment.publishing import Publishing
from desk.enrollment.routing import Answered, Endpoint, Route, Routes
from desk.enrollment.service import Service
from desk.enrollment.trouble import AlreadyOtherwise, MailboxTrouble, NotThere
from desk.enrollment.wire import Refusal, Request
from desk.trouble import Trouble

log = logging.getLogger("desk.enrollment")

_SCHEMES = ("bearer", dpop.SCHEME.lower())
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


def build_app(
    service: Service,
    mint_at: str = "",
    metrics_port: int = 0,
    say: Callable[[str], None] = logged,
) -> Routes:
    """Everything the service answers, built from its parts; ``mint_at`` is the rehearsing
    desk's address, empty in all other cases. ``metrics_port`` is where an operator asks,
    ``say`` writes a line for each answer."""
    meters = Meters(service, metrics_port)
    routes = [
        *_phone_routes(service),
        *_desk_routes(service),
        *_rehearsal_routes(mint_at),
        *(_route(f"/{_name(act)}", act) for act in (meters.health, meters.ready, meters.metrics)),
    ]
    lost = _route("", _lost, *_METHODS)
    meters.expect(route.name for route in (*routes, lost))

    def noted(answered: Answered) -> None:
        request, route, response, seconds = answered
        method, name, status = request.scope["method"], route.name, response.status_code
        meters.note(name, status, seconds)
        say(f"{method} {name} {status} {seconds * 1000:.1f} ms")

    return Routes(routes, lost, noted)


def _rehearsal_routes(mint_at: str) -> list[Route]:
    return [_route(rehearsal.PATH, rehearsal.minting(mint_at), "POST")] if mint_at else []


def _phone_routes(service: Service) -> list[Route]:
    path = service.settings.path
    issuing, presenting = Issuing(service), Presenting(service)
    authorizing, publishing = Authorizing(service), Publishing(service)
    landing = Landing(service)
    well_known = "/.well-known"

    def shared(place: str, act: Endpoint, *methods: str) -> Route:
        return _route(place, _counted(service, act), *methods, shared=True)

    def holders(place: str, act: Endpoint) -> Route:
        return _route(place, _counted(service, act, _holds_token), "POST", shared=True)

    # Inserted between host and path (OpenID4VCI 12.2.2, RFC 8414 section 3.1). A last slash of
    # the issuer goes before that by the second; the first says nothing of it.
    ends = (path, f"{path}/") if service.settings.issuer.endswith("/") else (path,)
    return [
        *(
            shared(f"{well_known}/{name}{end}", told)
            for name, told in (
                ("openid-credential-issuer", issuing.issuer_metadata),
                ("oauth-authorization-server", issuing.authorization_metadata),
            )
            for end in ends
        ),
        shared(f"{path}/offer/{{handle}}", issuing.offer),
        _route(f"{path}/{LANDING_PATH}", _counted(service, landing.page), tell=landing.refused),
        shared(f"{path}/token", authorizing.token, "POST"),
        shared(f"{path}/nonce", issuing.nonce, "POST"),
        holders(f"{path}/credential", issuing.credential),
        holders(f"{path}/deferred", issuing.deferred),
        holders(f"{path}/notification", issuing.notification),
        shared(f"{path}/present/{{check_id}}/request", presenting.request_object, "GET", "POST"),
        shared(f"{path}/present/{{check_id}}", presenting.response, "POST"),
        shared(f"{path}/status/{{name}}", publishing.status_list),
        *(shared(place, publishing.type_metadata) for place in publishing.type_paths),
        shared(f"{path}/openapi.json", publishing.openapi),
    ]


def _desk_routes(service: Service) -> list[Route]:
    desk = DeskSide(service)
    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "/desk/health", desk.health),
        ("PUT", "/desk/offers/{offer_id}", desk.place_offer),
        ("POST", "/desk/offers/{offer_id}/void", desk.void_offer),
        ("GET", "/desk/offers/{offer_id}/events", desk.events),
        ("PUT", "/desk/requests/{request_id}/answer", desk.answer),
        ("PUT", "/desk/requests/{request_id}/denial", desk.deny),
        ("PUT", "/desk/checks/{check_id}", desk.place_check),
        ("GET", "/desk/checks/{check_id}/answer", desk.check_answer),
        ("PUT", "/desk/status/{name}", desk.publish_status),
    ]
    large = (desk.answer, desk.place_check, desk.publish_status)
    return [
        _route(
            path, _admitted(desk, act, wire.LARGE_BODY if act in large else wire.SMALL_BODY), method
        )
        for method, path, act in table
    ]


def _admitted(desk: DeskSide, act: Endpoint, limit: int) -> Endpoint:
    async def admitted(request: Request) -> Response:
        await desk.admit(request, limit)
        return await act(request)

    admitted.__name__ = f"desk_{_name(act)}"
    return admitted


def _told(_request: Request, refusal: Refusal) -> Response:
    return wire.refused(refusal)


def _route(
    path: str,
    act: Endpoint,
    *methods: str,
    shared: bool = False,
    tell: Callable[[Request, Refusal], Response] = _told,
) -> Route:
    """Where ``act`` answers, its refusals and failures included, which ``tell`` words.
    ``shared`` with wallets made of web pages: no answer there follows from a cookie, so any
    origin may read it (Fetch standard, CORS protocol)."""
    allowed, name = methods or ("GET",), _name(act)
    taken = {*allowed, "HEAD"} if "GET" in allowed else {*allowed}

    async def endpoint(request: Request) -> Response:
        method = request.scope["method"]
        try:
            if method in taken:
                response = await act(request)
            elif shared and method == "OPTIONS":
                response = wire.preflight(allowed)
            else:
                raise _wrong_method(allowed)
        except Exception as error:
            response = tell(request, _refusal(name, error))
        if shared:
            response.raw_headers.extend(wire.ANY_ORIGIN)
        return response

    return Route(path, endpoint, name)


def _nobody(_service: Service, _request: Request) -> bool:
    return False


def _counted(
    service: Service, act: Endpoint, is_free: Callable[[Service, Request], bool] = _nobody
) -> Endpoint:
    """An endpoint that an address may ask only so often, but for who ``is_free`` of that."""

    async def counted(request: Request) -> Response:
        if not is_free(service, request):
            service.limits.admit_address(request, time.monotonic())
        return await act(request)

    counted.__name__ = _name(act)
    return counted


def _holds_token(service: Service, request: Request) -> bool:
    """Whether ``access`` will bound the request by its offer: phones that share one address
    and wait for their credentials would otherwise use up each other's requests. A token that
    has to be looked for first is counted like none."""
    scheme, _, token = request.header(b"authorization").partition(" ")
    if scheme.lower() not in _SCHEMES:
        return False
    offer_id, secret = keys.parted(token.strip())
    return service.mailbox.known_holder(offer_id, keys.sha256(secret), service.now()) is not None


def _name(act: Endpoint) -> str:
    return str(getattr(act, "__name__", "endpoint")).lstrip("_")


def _refusal(name: str, error: Exception) -> Refusal:
    """What is answered to what was raised, which is told in the log."""
    if isinstance(error, Refusal):
        log.info("%s refused: %s", name, error.error)
        return error
    if isinstance(error, Trouble):
        log.warning("%s: %s", name, error.code)
        return _as_refusal(error)
    log.error("%s failed", name, exc_info=error)
    return Refusal("server_error", "the service failed", status=500)


def _wrong_method(allowed: tuple[str, ...]) -> Refusal:
    headers = {"Allow": ", ".join(allowed)}
    return Refusal("invalid_request", "method not allowed", status=405, headers=headers)


def _as_refusal(trouble: Trouble) -> Refusal:
    members: dict[str, str | int] = {"code": trouble.code}
    if isinstance(trouble, NotThere):
        return Refusal("not_found", "nothing of that identifier", status=404, members=members)
    if isinstance(trouble, AlreadyOtherwise):
        members["reason"] = str(trouble.facts.get("reason", ""))
        return Refusal("conflict", "already otherwise", status=409, members=members)
    if isinstance(trouble, MailboxTrouble):
        return Refusal(
            "temporarily_unavailable",
            "the service cannot store anything now",
            status=503,
            headers={"Retry-After": "5"},
            members=members,
        )
    return Refusal("server_error", "the service failed", status=500, members=members)


async def _lost(_request: Request) -> Response:
    raise Refusal("not_found", "there is nothing at this address", status=404)
