"""The page for a phone that reads the QR with its own camera app.

The QR then holds an https address with the same ``credential_offer_uri`` as every offer
(OpenID4VCI 1.0 section 4.1.3), so that a wallet's scanner understands it as well. Looking
at the page redeems nothing and is no look at the offer: only a wallet's fetch counts. The
address names the post, because the service keeps nothing of whose offer it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from desk.enrollment import keys, landing_page, wire
from desk.enrollment.landing_page import Install, LandingView, PageState, Store
from desk.enrollment.languages import LANGUAGES, preferred
from desk.enrollment.records import OfferLook, OfferState
from desk.enrollment.service import Service
from desk.enrollment.wire import Refusal, Request
from desk.issuance.posts import Post, Posts, UnknownPost, load_posts
from desk.resources import resource

OFFER_PARAMETER = "credential_offer_uri"
_SCHEME = "openid-credential-offer://"
_LONGEST_ADDRESS = 512
# Asked too often, or the mailbox cannot be asked.
_PASSING = (429, 503)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Language",
}


class Landing:
    """``GET /get?credential_offer_uri=…&post=…`` and, for links on the page itself, ``lang``
    and ``refresh=off``."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._offers = service.settings.address("offer/")
        self._posts = load_posts()
        self._app = load_app()

    async def page(self, request: Request) -> Response:
        """The page in the phone's language, in the state its offer is in."""
        look = await self._look(_address(request))
        ends_at = look.expires_at if look else None
        return self._answer(
            self._view(request, _state(look), ends_at), 404 if look is None else 200
        )

    def refused(self, request: Request, refusal: Refusal) -> Response:
        """What people see where the page cannot be given just now: that they may ask again;
        all else is no person's doing."""
        if refusal.status not in _PASSING:
            return wire.refused(refusal)
        view = self._view(request, PageState.BUSY)
        return self._answer(view, refusal.status, refusal.headers)

    def _view(
        self, request: Request, state: PageState, ends_at: datetime | None = None
    ) -> LandingView:
        asked, address = request.query_params, _address(request)
        lang = _language(asked.get("lang"), request.headers.get("accept-language", ""))
        post = _post(self._posts, asked.get("post", ""))
        refreshes = state in landing_page.REFRESHING and asked.get("refresh") != "off"
        link = _links({OFFER_PARAMETER: address}, post)
        return LandingView(
            lang=lang,
            state=state,
            install=self._app.here(lang, post.country if post else ""),
            wallet_link=f"{_SCHEME}?{urlencode({OFFER_PARAMETER: address})}",
            links={one: link(one, refreshes) for one in LANGUAGES},
            refresh_link=link(lang, not refreshes),
            refreshes=refreshes,
            ends_at=ends_at,
            post=post,
            training=self._service.settings.training,
        )

    async def _look(self, address: str) -> OfferLook | None:
        handle = address.removeprefix(self._offers)
        if handle == address:
            return None
        service = self._service
        return await service.run(service.mailbox.look_at_offer, keys.sha256(handle), service.now())

    def _answer(
        self, view: LandingView, status: int, more: Mapping[str, str] | None = None
    ) -> Response:
        policy = (
            f"default-src 'none'; style-src {landing_page.style_source()}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {**_HEADERS, **(more or {}), "Content-Security-Policy": policy}
        headers["Content-Language"] = view.lang
        if view.refreshes:
            # Can be turned off on the page, as WCAG 2.2.1 asks of what changes by itself.
            headers["Refresh"] = str(landing_page.REFRESH_SECONDS)
        return HTMLResponse(landing_page.render(view), status_code=status, headers=headers)


def _address(request: Request) -> str:
    return request.query_params.get(OFFER_PARAMETER, "")[:_LONGEST_ADDRESS]


def _state(look: OfferLook | None) -> PageState:
    if look is None:
        return PageState.ENDED
    if look.redeemed:
        return PageState.USED
    states = {OfferState.OPEN: PageState.OFFER, OfferState.EXPIRED: PageState.EXPIRED}
    return states.get(look.state, PageState.ENDED)


def _links(offer: Mapping[str, str], post: Post | None) -> Callable[[str, bool], str]:
    def link(lang: str, refreshes: bool) -> str:
        query = {**offer, "lang": lang}
        if post is not None:
            query["post"] = post.code
        if not refreshes:
            query["refresh"] = "off"
        return "?" + urlencode(query)

    return link


def _post(posts: Posts, code: str) -> Post | None:
    try:
        return posts.post(code)
    except UnknownPost:
        return None


def _language(chosen: str | None, accepted: str) -> str:
    """The chosen language, else the first that phone and page share, else English."""
    return chosen if chosen in LANGUAGES else preferred(accepted) or "en"


# The wallet to be named -----------------------------------------------------------


class App:
    """What ``resources/landing/app.toml`` says of the wallet and of where people get it."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._name: Mapping[str, str] = dict(table["app"]["name"])
        self._stores = [
            (Store(one["name"], one["url"]), frozenset(one["not_in"]))
            for one in table["store"]
            if one["url"].startswith("https://")
        ]
        self._notes: Mapping[str, Mapping[str, str]] = dict(table.get("note", {}))

    def here(self, lang: str, country: str) -> Install:
        """For one language and country; an empty country knows no exception."""
        stores = tuple(store for store, not_in in self._stores if country not in not_in)
        return Install(self._name[lang], stores, self._notes.get(country, {}).get(lang, ""))


def load_app(path: Path | None = None) -> App:
    """The wallet of a file, by default of ``resources/landing/app.toml``."""
    path = path or resource("landing", "app.toml")
    return App(tomllib.loads(path.read_text(encoding="utf-8")))
