"""Where and by whom the credential is issued and taken, without any case in hand.

Posts come with their wave, date and present time. A service's own request is held against
what this desk's credentials can say at all: which of its items they have, which they lack.
A service that has not said what it asks is shown as that, and as nothing better.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from desk.counter import relying
from desk.counter.relying import Names, Outcome, Weighed
from desk.counter.station import Station
from desk.credential.claims import ClaimProfile, Format
from desk.credential.dcql import Content
from desk.issuance.posts import Post


@dataclass(frozen=True)
class PostLine:
    """``live``: it issues on this day of its own calendar. ``own``: this desk's post."""

    code: str
    name: Mapping[str, str]
    city: Mapping[str, str]
    live: bool
    live_from: date
    local: datetime
    languages: tuple[str, ...]
    own: bool


@dataclass(frozen=True)
class WaveLine:
    number: int
    name: Mapping[str, str]
    live_from: date
    posts: tuple[PostLine, ...]

    @property
    def live(self) -> int:
        """How many of its posts issue today."""
        return sum(post.live for post in self.posts)


class Cell(StrEnum):
    """An item and a service: given, asked for but not in the credential, or not asked."""

    GIVEN = "given"
    LACKING = "lacking"
    NOT_ASKED = "not_asked"
    NOT_TOLD = "not_told"


@dataclass(frozen=True)
class ItemLine:
    """One item that a service asks for: its names, and a cell for each service."""

    names: Names
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class PostsAndServices:
    """``services`` and the cells of ``items`` stand in the same order; both ``as_of`` tell
    when the files were true."""

    waves: tuple[WaveLine, ...]
    services: tuple[Weighed, ...]
    items: tuple[ItemLine, ...]
    posts_as_of: date
    services_as_of: date


def look(station: Station) -> PostsAndServices:
    """Raises :class:`~desk.issuance.posts.PostsUnsound` and
    :class:`~desk.credential.troubles.RequestRefused` for files that are wrong."""
    listed = relying.services_of(training=station.training)
    today = station.post.local(station.now()).date()
    held = can_say(station.profile, station.settings.enrollment.formats)
    weighed = relying.readiness(listed, station.profile, held, today)
    return PostsAndServices(
        waves=_waves(station),
        services=weighed.services,
        items=_items(weighed.services),
        posts_as_of=station.posts.as_of.date(),
        services_as_of=weighed.as_of,
    )


def can_say(profile: ClaimProfile, configurations: tuple[str, ...]) -> tuple[Content, ...]:
    """Every item that credentials of these configurations may hold, whoever's they are."""
    formats = dict.fromkeys(profile.format_of(name) for name in configurations)
    return tuple(
        Content(
            fmt,
            profile.doctype if fmt is Format.MDOC else profile.vct,
            {claim.path_in(fmt): True for claim in profile.claims if claim.within(fmt)},
        )
        for fmt in formats
    )


def _waves(station: Station) -> tuple[WaveLine, ...]:
    return tuple(
        WaveLine(
            wave.number,
            wave.name,
            wave.live_from,
            tuple(_post(station, post) for post in station.posts.posts if post.wave == wave.number),
        )
        for wave in station.posts.waves
    )


def _post(station: Station, post: Post) -> PostLine:
    local = post.local(station.now())
    return PostLine(
        code=post.code,
        name=post.name,
        city=post.city,
        live=post.live_on(local.date()),
        live_from=post.live_from,
        local=local,
        languages=post.languages,
        own=post.code == station.post.code,
    )


def _items(services: tuple[Weighed, ...]) -> tuple[ItemLine, ...]:
    """What any of the services asks for, in the order of the services' requests."""
    asked = {names["ko"]: names for service in services for names in service.asked}
    return tuple(
        ItemLine(names, tuple(_cell(service, key) for service in services))
        for key, names in asked.items()
    )


def _cell(service: Weighed, key: str) -> Cell:
    if any(names["ko"] == key for names in service.lacking):
        return Cell.LACKING
    if any(names["ko"] == key for names in service.given):
        return Cell.GIVEN
    silent = service.outcome in (Outcome.NOT_TOLD, Outcome.NOT_OPEN) and not service.asked
    return Cell.NOT_TOLD if silent else Cell.NOT_ASKED
