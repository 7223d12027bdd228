"""Posts and waves, and the services that accept the credential, from ``resources/``.

A person may edit the two files; what is wrong in them is said with file and entry at the
start, not when the first slip is printed.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from desk.resources import resource
from desk.trouble import Trouble

SEOUL = ZoneInfo("Asia/Seoul")
"""The zone of the ministry and its register, told beside that of a post."""


class PostsUnsound(Trouble):
    """posts.toml or relying-services.toml cannot be used. Facts: file, entry, reason."""

    code = "POST-01"


class UnknownPost(Trouble):
    """No post has this code. Facts: post."""

    code = "POST-02"


@dataclass(frozen=True)
class Contact:
    """For slips and the loss line; empty text where the post has not filled it in."""

    phone: str = ""
    address: str = ""
    hours: str = ""


@dataclass(frozen=True)
class Wave:
    number: int
    live_from: date
    name: Mapping[str, str]


@dataclass(frozen=True)
class Post:
    """``name`` and ``city`` by language; ``serves`` are the codes of posts whose
    registrants come here, its own among them."""

    code: str
    wave: int
    live_from: date
    country: str
    zone: ZoneInfo
    languages: tuple[str, ...]
    name: Mapping[str, str]
    city: Mapping[str, str]
    serves: tuple[str, ...]
    contact: Contact

    def live_on(self, day: date) -> bool:
        """Whether the post issues on this day of its own calendar."""
        return day >= self.live_from

    def local(self, at: datetime) -> datetime:
        """The moment on the post's clock."""
        return at.astimezone(self.zone)


@dataclass(frozen=True)
class Posts:
    """All posts in the file's order; ``as_of`` is when the list was true."""

    posts: tuple[Post, ...]
    waves: tuple[Wave, ...]
    as_of: datetime

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(post.code for post in self.posts)

    def post(self, code: str) -> Post:
        """Raises :class:`UnknownPost`."""
        for post in self.posts:
            if post.code == code:
                return post
        raise UnknownPost(code, post=code)

    def live_on(self, day: date) -> tuple[Post, ...]:
        return tuple(post for post in self.posts if post.live_on(day))


class ServiceState(StrEnum):
    LISTED = "listed"
    ANNOUNCED = "announced"


@dataclass(frozen=True)
class RelyingService:
    """``listed`` is the month (``2025-01``) of the notice that names it, ``opens`` the day
    from which it takes the credential where one is known. What it asks is its own query
    (``request``, DCQL of OpenID4VP 1.0) or the items it names; neither where it hasn't said.
    """

    id: str
    name: Mapping[str, str]
    state: ServiceState
    listed: str
    claims: tuple[str, ...]
    opens: date | None = None
    request: Mapping[str, Any] | None = None

    def open_on(self, day: date) -> bool:
        """Whether it takes the credential on this day: promised without a day is not yet."""
        if self.opens is not None:
            return day >= self.opens
        return self.state is ServiceState.LISTED


@dataclass(frozen=True)
class Services:
    """The services in the file's order; ``as_of`` is when the list was true."""

    as_of: date
    services: tuple[RelyingService, ...]

    def __iter__(self) -> Iterator[RelyingService]:
        return iter(self.services)


def load_posts(path: Path | None = None) -> Posts:
    """Raises :class:`PostsUnsound`."""
    path = path or resource("posts.toml")
    content = _read(path)
    entry = "wave"
    try:
        waves = tuple(Wave(**wave) for wave in content["wave"])
        dates = {wave.number: wave.live_from for wave in waves}
        posts = []
        for found in content["post"]:
            entry = str(found.get("code", "post"))
            posts.append(_post(found, dates))
        entry = "as_of"
        as_of = datetime.combine(content["as_of"], time(), UTC)
    except (KeyError, TypeError, ValueError, AttributeError, ZoneInfoNotFoundError) as reason:
        raise PostsUnsound(path.name, file=path.name, entry=entry) from reason
    loaded = Posts(tuple(posts), waves, as_of)
    if len(loaded.codes) != len(posts):
        raise PostsUnsound(path.name, file=path.name, entry="code")
    return loaded


def load_services(path: Path | None = None) -> Services:
    """Raises :class:`PostsUnsound`."""
    path = path or resource("relying-services.toml")
    content = _read(path)
    try:
        services = tuple(_service(found, path.parent) for found in content["service"])
        if not isinstance(content["as_of"], date):
            raise TypeError("as_of")
        return Services(content["as_of"], services)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as reason:
        raise PostsUnsound(path.name, file=path.name, entry="service") from reason


def _service(found: dict[str, Any], folder: Path) -> RelyingService:
    opens, request = found.get("opens"), found.get("request", "")
    if opens is not None and type(opens) is not date:
        raise TypeError("opens")
    return RelyingService(
        id=found["id"],
        name=_named(found["name"]),
        state=ServiceState(found["state"]),
        listed=found["listed"],
        claims=tuple(found["claims"]),
        opens=opens,
        request=_query(folder / request) if request else None,
    )


def _query(path: Path) -> Mapping[str, Any]:
    query = json.loads(path.read_text(encoding="utf-8"))
    if not all(entry["id"] and entry["format"] for entry in query["credentials"]):
        raise ValueError("credentials")
    return dict(query)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise PostsUnsound(path.name, file=path.name, entry="") from reason


def _post(found: dict[str, Any], waves: Mapping[int, date]) -> Post:
    live_from = found.get("live_from", waves[found["wave"]])
    if not isinstance(live_from, date):
        raise TypeError("live_from")
    return Post(
        code=found["code"],
        wave=found["wave"],
        live_from=live_from,
        country=found["country"],
        zone=ZoneInfo(found["zone"]),
        languages=tuple(found["languages"]),
        name=_named(found["name"]),
        city=_named(found["city"]),
        serves=(found["code"], *found["serves"]),
        contact=Contact(**found["contact"]),
    )


def _named(words: Mapping[str, str]) -> Mapping[str, str]:
    """Words in Korean and English at least."""
    if not words["ko"] or not words["en"]:
        raise ValueError("a name without words")
    return dict(words)
