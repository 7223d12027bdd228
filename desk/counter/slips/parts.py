"""What the sheets have in common: head, post with stamp field, loss numbers, footer."""

from __future__ import annotations

from datetime import datetime

from desk.counter.slips import fonts
from desk.counter.slips.canvas import (
    BLUE,
    INK,
    LEFT,
    LINE,
    MM,
    MUTED,
    NAVY,
    RIGHT,
    VIOLET,
    WHITE,
    Page,
)
from desk.counter.slips.facts import LossContact, SheetFacts
from desk.counter.slips.fonts import SEMIBOLD, Style
from desk.counter.slips.icons import outline_of
from desk.counter.slips.words import Pair, SlipWords
from desk.issuance.posts import SEOUL

TITLE = Style(20, NAVY, SEMIBOLD)
HEADING = Style(12, NAVY, SEMIBOLD)
_FOOTER_SMALLEST = 0.85


class Drawing:
    """A page together with the words and facts every part of it needs."""

    def __init__(self, facts: SheetFacts, title: str) -> None:
        self.facts = facts
        self.words = SlipWords(facts.second)
        self.page = Page(self.words.say(title).ko)
        self.zone = facts.post.zone

    def second(self, size: float, colour: str = MUTED) -> Style:
        """Letters of the second language."""
        return Style(size, colour, language=self.facts.second)

    def pair(
        self,
        x: float,
        y: float,
        words: Pair,
        korean: Style,
        second: Style,
        room: float = 0,
        gap: float = 2.0,
    ) -> float:
        """Both languages on one baseline; where they end. Both shrink alike into ``room``."""
        if room:
            wide = (fonts.width(words.ko, korean) + fonts.width(words.other, second)) / MM + gap
            part = min(1.0, max(room / wide, 0.72)) if wide else 1.0
            korean, second = korean.at(korean.size * part), second.at(second.size * part)
        end = self.page.text(x, y, words.ko, korean)
        return self.page.text(end + gap, y - 0.1, words.other, second)

    def stacked(
        self,
        x: float,
        y: float,
        words: Pair,
        korean: Style,
        second: Style,
        room: float,
        leading: float,
    ) -> None:
        """Korean with the second language beneath it, each on one line."""
        self.page.text(x, y, words.ko, korean, room)
        self.page.text(x, y + leading, words.other, second, room)


def head(drawing: Drawing, title: str) -> None:
    """Mark, service, title, serial with its bars, and the line beneath."""
    page, words, facts = drawing.page, drawing.words, drawing.facts
    _mark(page)
    left = RIGHT - max(40.2, page.bars_width(facts.serial)) - 4
    room = left - 33
    service = words.say("sheet.service").ko
    end = page.text(33, 15.79, service, Style(9.5, MUTED, SEMIBOLD), room)
    if facts.training:
        _rehearsed(drawing, end + 3)
    page.text(33, 24.15, words.say(title).ko, TITLE, room)
    page.text(33, 30.15, words.say(title).other, drawing.second(11), room)
    label = words.say("sheet.serial")
    begin = page.text_right(RIGHT, 15.41, label.other, drawing.second(8.5))
    page.text_right(begin - 1.6, 15.41, label.ko, Style(8.5, MUTED))
    page.text_right(RIGHT, 20.51, facts.serial, Style(13, INK, SEMIBOLD))
    page.bars(RIGHT, 22.5, 7.0, facts.serial)
    page.box(LEFT, 32.9, RIGHT - LEFT, 0.7, fill=NAVY, radius=0)


def _rehearsed(drawing: Drawing, x: float) -> None:
    """A sheet of a rehearsal must not pass for a real one."""
    page, said = drawing.page, drawing.words.say("sheet.training")
    end = page.text(x + 2, 15.79, said.ko, Style(8.4, VIOLET, SEMIBOLD))
    end = page.text(end + 1.4, 15.79, said.other, drawing.second(8.4, VIOLET))
    page.box(x, 12.5, end + 2 - x, 4.7, line=VIOLET, weight=0.8, radius=1.2)


# The service's mark in a box of 36 units: a card with a person and a tick.
_FRAME = "M9 1H27a8 8 0 0 1 8 8V27a8 8 0 0 1 -8 8H9a8 8 0 0 1 -8 -8V9a8 8 0 0 1 8 -8z"
_CARD = (
    "M10 9.5H26a3 3 0 0 1 3 3V23.5a3 3 0 0 1 -3 3H10a3 3 0 0 1 -3 -3V12.5a3 3 0 0 1 3 -3z"
    "M9.8 22.6C10.3 20.2 11.7 19.1 13.5 19.1C15.3 19.1 16.7 20.2 17.2 22.6"
    "M20.5 18.3L22.5 20.3L26.1 16.3"
)
_FACE = "M11.1 15.8a2.4 2.4 0 0 1 4.8 0a2.4 2.4 0 0 1 -4.8 0z"


def _mark(page: Page) -> None:
    scale = 13 * MM / 36
    page.outline(outline_of(_FRAME), LEFT, 13, scale, fill=NAVY)
    page.outline(outline_of(_CARD), LEFT, 13, scale, line=WHITE)
    page.outline(outline_of(_FACE), LEFT, 13, scale, fill=WHITE)


def post_block(
    drawing: Drawing, top: float, stamp: tuple[float, float, float, float], *, phone: bool
) -> None:
    """Who issued the sheet; beneath it who received it. ``stamp`` is the empty field."""
    page, words, facts = drawing.page, drawing.words, drawing.facts
    post, contact = facts.post, facts.post.contact
    room = stamp[0] - LEFT - 4
    name = words.pick(post.name)
    page.text(LEFT, top, name.ko, Style(12, INK, SEMIBOLD), room)
    page.text(LEFT, top + 4.86, name.other, drawing.second(9.5), room)
    y = top + 11.17
    step = 5.47
    if contact.address:
        page.text(LEFT, y, contact.address, Style(10, INK, language=facts.second), room)
        y += step
    hours, foreign = words.hours(contact.hours) if contact.hours else ("", "")
    if hours:
        page.text(LEFT, y, hours, Style(10, INK), room)
        y += 4.69
    if foreign:
        page.text(LEFT, y, foreign, drawing.second(9), room)
        y += 6.17
    if phone and contact.phone:
        telephone(drawing, y, contact.phone)
    stamp_field(drawing, *stamp)


# Narrower than the one for screens: on paper it stands beside large letters.
_PHONE = "M9 3h6a2 2 0 0 1 2 2v14a2 2 0 0 1 -2 2H9a2 2 0 0 1 -2 -2V5a2 2 0 0 1 2 -2zM11.5 18h1"


def phone_sign(page: Page, x: float, y: float, wide: float) -> None:
    page.outline(outline_of(_PHONE), x, y, wide * MM / 24, line=BLUE, weight=1.7)


def telephone(drawing: Drawing, y: float, number: str) -> None:
    page, label = drawing.page, drawing.words.say("post.phone")
    end = page.text(LEFT, y, label.ko, Style(9.5, MUTED))
    end = page.text(end + 3, y, label.other, drawing.second(9.5))
    page.text(end + 4.5, y + 0.23, number, Style(12.5, INK, SEMIBOLD))


def stamp_field(drawing: Drawing, x: float, y: float, wide: float, high: float) -> None:
    """Left empty for the post's stamp."""
    page, label = drawing.page, drawing.words.say("sheet.stamp")
    page.box(x, y, wide, high, line=LINE, weight=0.7, dashed=True)
    middle, centre = x + wide / 2, y + high / 2
    page.text_centred(middle, centre - 0.41, label.ko, Style(9.5, MUTED), wide - 4)
    page.text_centred(middle, centre + 3.61, label.other, drawing.second(8.5), wide - 4)


def footer(drawing: Drawing, y: float, room: float, *, edition: str = "", up: bool = True) -> None:
    """Masked name, case and the time of printing on both clocks; two lines where one is too
    short, the first above ``y`` or (``up=False``) the second beneath it."""
    style = Style(8.6, MUTED)
    words, facts = drawing.words, drawing.facts
    who = words.say("sheet.holder", name=facts.holder.masked).ko if facts.holder.masked else ""
    parts = [words.say("sheet.case", number=facts.case_number).ko]
    if edition:
        parts.append(words.say("sheet.edition", edition=edition).ko)
    parts.append(_printed(drawing, facts.printed_at))
    rest = "   ".join(parts)
    whole = f"{who}   {rest}" if who else rest
    page = drawing.page
    if fonts.width(whole, style) * _FOOTER_SMALLEST <= room * MM or not who:
        page.text(LEFT, y, whole, style, room)
        return
    first = y - 3.9 if up else y
    page.text(LEFT, first, who, style, room)
    page.text(LEFT, first + 3.9, rest, style, room)


def _printed(drawing: Drawing, at: datetime) -> str:
    here, seoul = at.astimezone(drawing.zone), at.astimezone(SEOUL)
    return drawing.words.say(
        "sheet.printed", here=f"{here:%Y-%m-%d %H:%M}", seoul=f"{seoul:%m-%d %H:%M}"
    ).ko


def loss_numbers(
    drawing: Drawing,
    places: tuple[tuple[float, float], tuple[float, float]],
    loss: LossContact,
    room: float,
    size: float,
    *,
    beside: bool,
) -> None:
    """Numbers for day and night at their places; where there is none, the honest line.
    ``beside`` sets the label's second language beside it instead of beneath."""
    page, words = drawing.page, drawing.words
    numbers = [(key, value) for key, value in (("day", loss.day), ("night", loss.night)) if value]
    if not numbers:
        ask = words.say("loss.ask")
        x, y = places[0]
        whole = RIGHT - 4 - x
        page.text(x, y, ask.ko, Style(10, INK, SEMIBOLD), whole)
        page.text(x, y + 4.2, ask.other, drawing.second(8.6), whole)
        return
    for (key, value), (x, y) in zip(numbers, places, strict=False):
        label = words.say(f"loss.{key}")
        if beside:
            drawing.pair(x, y, label, Style(9, INK, SEMIBOLD), drawing.second(8.4), room)
            page.text(x, y + 6.08, value, Style(size, INK, SEMIBOLD), room)
        else:
            drawing.stacked(x, y, label, Style(9, INK, SEMIBOLD), drawing.second(8.2), room, 3.7)
            page.text(x, y + 9.52, value, Style(size, INK, SEMIBOLD), room)
