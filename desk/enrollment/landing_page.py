"""The landing page as HTML: one view in, one document out. No script, no foreign host.

Words come from ``resources/words/landing.toml``, the style sheet from
``resources/landing/style.css``, line icons from ``resources/icons``. Which offer it is
about, and what became of it, is said by ``landing``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from html import escape

from desk.enrollment.languages import LANGUAGES
from desk.issuance.posts import SEOUL, Post
from desk.resources import resource
from desk.words import Words

REFRESH_SECONDS = 60
# The Han glyphs are drawn in their simplified form only where a page says so.
_TAGS = {"ko": "ko", "en": "en", "zh": "zh-Hans", "vi": "vi"}
_DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_MARK = (
    '<rect x="5" y="9" width="30" height="22" rx="4"/>'
    '<circle cx="13.5" cy="17" r="2.5" fill="currentColor" stroke="none"/>'
    '<path d="M8.5 26.5c0-6 10-6 10 0"/><path d="m23 21 2.7 2.7 5-5.4" stroke="#1f5fbf"/>'
)


class PageState(StrEnum):
    """What the page says of the QR."""

    OFFER = "offer"
    EXPIRED = "expired"
    USED = "used"
    ENDED = "ended"
    BUSY = "busy"


REFRESHING = (PageState.OFFER, PageState.BUSY)
"""What may have changed a minute later."""


@dataclass(frozen=True)
class Store:
    name: str
    url: str


@dataclass(frozen=True)
class Install:
    """The wallet's name, where to get it here, and the country's own note instead."""

    name: str
    stores: tuple[Store, ...]
    note: str


@dataclass(frozen=True)
class LandingView:
    """``ends_at`` is None where nothing is known of the offer, ``post`` None where the QR
    names none; ``wallet_link`` opens the wallet; ``links`` are this page in each language,
    ``refresh_link`` this page with its refreshing turned over."""

    lang: str
    state: PageState
    install: Install
    wallet_link: str
    links: Mapping[str, str]
    refresh_link: str
    refreshes: bool
    ends_at: datetime | None = None
    post: Post | None = None
    training: bool = False


def render(view: LandingView) -> str:
    """The whole document."""
    say = _Say(view.lang)
    bodies = {
        PageState.OFFER: _offer,
        PageState.EXPIRED: _expired,
        PageState.ENDED: _expired,
        PageState.USED: _used,
        PageState.BUSY: _busy,
    }
    band = f'<p class="band">{say("training.band")}</p>' if view.training else ""
    parts = [_header(say), _languages(view, say), f"<main>{bodies[view.state](view, say)}</main>"]
    body = "".join([band, *parts, _footer(view, say)])
    frame = ' class="training"' if view.training else ""
    return (
        f'<!doctype html><html lang="{_TAGS[view.lang]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{say(f'{view.state}.title')}</title><style>{style()}</style></head>"
        f"<body{frame}>{body}</body></html>"
    )


@cache
def style() -> str:
    """The style sheet, as it stands in the page."""
    return resource("landing", "style.css").read_text(encoding="utf-8").replace("\n", "")


@cache
def style_source() -> str:
    """What a content security policy admits: this very style sheet and no other."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"'sha256-{digest}'"


class _Say:
    """The words of one language, ready to stand in HTML."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._words = _words()

    def __call__(self, key: str, **facts: object) -> str:
        return escape(self._words.text(key, self.lang, **facts))

    def named(self, names: Mapping[str, str]) -> str:
        """A name in this language; in English, marked so, where there is none."""
        if self.lang in names:
            return escape(names[self.lang])
        return f'<span lang="en">{escape(names["en"])}</span>'

    def moment(self, city: str, at: datetime) -> str:
        """``city`` (ready HTML) with date and time of a clock there."""
        month = self._words.text(f"month.m{at.month}", self.lang)
        date = self._words.text("time.date", self.lang, month=month, day=at.day)
        said = self._words.text("time.when", self.lang, city="\0", date=date, time=f"{at:%H:%M}")
        return escape(said).replace("\0", city)


@cache
def _words() -> Words:
    return Words("landing")


@cache
def _icon(name: str) -> str:
    """A line icon; its word stands beside it, so it is not spoken."""
    text = resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    drawing = _DRAWING.search(text)
    assert drawing is not None, name
    inner = re.sub(r"\s*\n\s*", "", drawing[1])
    return f'<svg viewBox="0 0 24 24" aria-hidden="true">{inner}</svg>'


# Parts of every page --------------------------------------------------------------


def _header(say: _Say) -> str:
    mark = f'<svg viewBox="3 3 34 34" aria-hidden="true">{_MARK}</svg>'
    return (
        f'<header><div class="mark">{mark}</div><div>'
        f'<b lang="ko">{say("header.name")}</b><span>{say("header.second")}</span></div></header>'
    )


def _languages(view: LandingView, say: _Say) -> str:
    entries = []
    for lang in LANGUAGES:
        here = ' aria-current="true"' if lang == view.lang else ""
        entries.append(
            f'<li><a href="{escape(view.links[lang])}" lang="{_TAGS[lang]}"'
            f' hreflang="{_TAGS[lang]}"{here}>{say(f"language.{lang}")}</a></li>'
        )
    return f'<nav aria-label="{say("header.languages")}"><ul>{"".join(entries)}</ul></nav>'


def _footer(view: LandingView, say: _Say) -> str:
    lines = [_contact(view.post, say) if view.post else ""]
    lines.append(f'<p class="side">{say("foot.privacy")}</p>')
    if view.state in REFRESHING:
        key = "foot.refresh_off" if view.refreshes else "foot.refresh_on"
        notice = f"{say('foot.refreshes')} " if view.refreshes else ""
        link = f'<a href="{escape(view.refresh_link)}">{say(key)}</a>'
        lines.append(f'<p class="side">{notice}{link}</p>')
    return f"<footer>{''.join(lines)}</footer>"


def _contact(post: Post, say: _Say) -> str:
    name = f'<p class="bold">{say.named(post.name)}</p>'
    if not post.contact.phone:
        return name
    hours = f" · {escape(post.contact.hours)}" if post.contact.hours else ""
    return (
        f'{name}<p class="side line">{_icon("phone")}'
        f"<span>{escape(post.contact.phone)}{hours}</span></p>"
    )


def _card(kind: str, icon: str, title: str, text: str) -> str:
    return f'<div class="card {kind}">{_icon(icon)}<div><h2>{title}</h2><p>{text}</p></div></div>'


def _time(view: LandingView, say: _Say, title: str, icon: str) -> str:
    """When it ends, by the post's clock and by Korea's; nothing where nobody knows."""
    if view.ends_at is None:
        return ""
    korea = say.moment(say("time.korea"), view.ends_at.astimezone(SEOUL))
    lines = f'<p class="bold">{korea}</p>'
    if view.post is not None and view.post.zone != SEOUL:
        here = say.moment(say.named(view.post.city), view.post.local(view.ends_at))
        lines = f'<p class="bold">{here}</p><p class="side">{korea}</p>'
    return (
        f'<div class="card time">{_icon(icon)}<div><p class="side">{title}</p>{lines}</div></div>'
    )


def _call(view: LandingView, say: _Say, kind: str) -> str:
    phone = view.post.contact.phone if view.post else ""
    if not phone:
        return ""
    number = "".join(char for char in phone if char.isdigit() or char == "+")
    return (
        f'<a class="button {kind}" href="tel:{number}">{_icon("phone")}'
        f'<span>{say("foot.call")} <span class="number">{escape(phone)}</span></span></a>'
    )


def _tag(kind: str, icon: str, word: str) -> str:
    return f'<div class="tag {kind}">{_icon(icon)}<span>{word}</span></div>'


# The states -----------------------------------------------------------------------


def _offer(view: LandingView, say: _Say) -> str:
    open_in = say("offer.open", app=view.install.name)
    button = (
        f'<a class="button" href="{escape(view.wallet_link)}">{_icon("external-link")}'
        f"<span>{open_in}</span></a>"
    )
    return "".join(
        [
            f"<h1>{say('offer.title')}</h1><p>{say('offer.lead')}</p>",
            _time(view, say, say("offer.until"), "clock"),
            _card("warn", "shield-question-mark", say("offer.ask"), say("offer.sent")),
            button,
            _steps(say),
            _install(view, say),
        ]
    )


def _steps(say: _Say) -> str:
    entries = "".join(
        f'<li><i aria-hidden="true">{n}</i><div><p class="bold">{say(f"offer.step{n}")}</p>'
        f'<p class="side">{say(f"offer.step{n}_note")}</p></div></li>'
        for n in (1, 2, 3)
    )
    return f'<ol class="steps">{entries}</ol>'


def _install(view: LandingView, say: _Say) -> str:
    install = view.install
    how = escape(install.note) or say("install.back" if install.stores else "install.counter")
    text = f'<div><h2>{say("install.title")}</h2><p class="side">{how}</p></div>'
    stores = "".join(
        f'<a class="button line" lang="en" rel="noreferrer" href="{escape(store.url)}">'
        f"{escape(store.name)}</a>"
        for store in install.stores
    )
    return text + (f'<div class="stores">{stores}</div>' if stores else "")


def _expired(view: LandingView, say: _Say) -> str:
    state = view.state
    icon = "timer-off" if state is PageState.EXPIRED else "ban"
    time = _time(view, say, say("expired.at"), "clock-alert")
    return "".join(
        [
            _tag("warn", icon, say(f"{state}.tag")),
            f"<h1>{say(f'{state}.title')}</h1><p>{say(f'{state}.lead')}</p>",
            time if state is PageState.EXPIRED else "",
            _card("", "store", say("expired.here"), say("expired.here_note")),
            _card("", "footprints", say("expired.left"), say("expired.left_note")),
            _call(view, say, "line"),
        ]
    )


def _used(view: LandingView, say: _Say) -> str:
    return "".join(
        [
            _tag("bad", "ban", say("used.tag")),
            f"<h1>{say('used.title')}</h1><p>{say('used.lead')}</p>",
            _card("good", "circle-check", say("used.mine"), say("used.mine_note")),
            _card("bad", "shield-alert", say("used.other"), say("used.other_note")),
            _call(view, say, "red"),
        ]
    )


def _busy(view: LandingView, say: _Say) -> str:
    again = escape(view.links[view.lang])
    return "".join(
        [
            _tag("warn", "hourglass", say("busy.tag")),
            f"<h1>{say('busy.title')}</h1><p>{say('busy.lead')}</p>",
            _card("good", "circle-check", say("busy.kept"), say("busy.kept_note")),
            f'<a class="button" href="{again}">{_icon("refresh-cw")}'
            f"<span>{say('busy.again')}</span></a>",
            _call(view, say, "line"),
        ]
    )
