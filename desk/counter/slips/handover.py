"""The sheet to take home: usable since when, where, how, and what to do when the phone is
lost. A credential that is saved but not proven gets the same sheet with the way to the end;
one that may not become usable a sheet that promises nothing of it.
"""

from __future__ import annotations

from desk.counter.slips.canvas import (
    AMBER,
    AMBER_LINE,
    AMBER_TINT,
    BLUE,
    GREEN,
    GREEN_LINE,
    GREEN_TINT,
    INK,
    LEFT,
    LINE,
    MUTED,
    NAVY,
    RIGHT,
)
from desk.counter.slips.facts import HandoverFacts, ServiceUse
from desk.counter.slips.fonts import SEMIBOLD, Style
from desk.counter.slips.parts import (
    HEADING,
    Drawing,
    footer,
    head,
    loss_numbers,
    phone_sign,
    post_block,
)
from desk.counter.slips.words import Pair
from desk.issuance.case import CaseKind
from desk.issuance.posts import SEOUL

_WIDE = RIGHT - LEFT
_TABLE_TOP, _TABLE_ROOM, _ROW = 95.5, 46.0, 11.5
_FIRST, _SECOND = 92.53, 152.53
"""Baselines of the headings of the two parts beneath the verdict."""
_STAMP = (148.0, 247.0, 46.0, 40.0)


def handover_slip(facts: HandoverFacts) -> bytes:
    """The sheet as PDF. Raises :class:`~desk.counter.slips.troubles.SlipTrouble`."""
    usable = facts.usable_since is not None
    title = "handover.title" if usable else f"handover.title_{_saved(facts)}"
    drawing = Drawing(facts.sheet, title)
    head(drawing, title)
    _verdict(drawing, facts)
    if facts.barred:
        # There is no place to use it at, and nothing that a loss call would stop.
        _how_to(drawing, facts, _FIRST)
    else:
        _services(drawing, facts)
        _how_to(drawing, facts, _SECOND)
        _loss(drawing, facts)
    _never_ask(drawing)
    post_block(drawing, 251.53, _STAMP, phone=True)
    footer(drawing, 286.2, _STAMP[0] - LEFT - 3)
    return drawing.page.finished()


def _saved(facts: HandoverFacts) -> str:
    """What is saved and not usable, in the keys of the words."""
    return "barred" if facts.barred else "unproven"


def _verdict(drawing: Drawing, facts: HandoverFacts) -> None:
    page, words = drawing.page, drawing.words
    usable = facts.usable_since is not None
    colour, tint, line = (
        (GREEN, GREEN_TINT, GREEN_LINE) if usable else (AMBER, AMBER_TINT, AMBER_LINE)
    )
    page.box(LEFT, 38, _WIDE, 44, fill=tint, line=colour, weight=0.8)
    page.icon("circle-check" if usable else "circle-alert", 22, 45, 14, colour)
    state = words.say("handover.usable" if usable else f"handover.{_saved(facts)}")
    size = Style(20 if usable else 15, colour, SEMIBOLD)
    drawing.pair(42, 50.55, state, size, drawing.second(11, colour), 148, 3.0)
    said = words.say(_checked(facts) if usable else f"handover.{_saved(facts)}_more")
    if usable:
        drawing.pair(42, 57.36, said, Style(10.5, INK), drawing.second(9), 148, 2.6)
    else:
        page.text(42, 55.8, said.ko, Style(9.5, INK), 148)
        page.text(42, 59.7, said.other, drawing.second(8.4), 148)
    page.rule(42, 61.4, 190, 61.4, line)
    _since(drawing, facts)
    if facts.barred:
        return
    valid = words.say("handover.valid_until")
    drawing.pair(126, 66.8, valid, Style(9, MUTED), drawing.second(8.6), 64, 1.5)
    page.text(126, 72.13, f"{facts.valid_until:%Y-%m-%d}", Style(12, INK, SEMIBOLD))


def _checked(facts: HandoverFacts) -> str:
    """How it became usable."""
    if not facts.proven:
        return "handover.checked_by_two"
    kind = facts.kind
    return "handover.checked" if kind is CaseKind.ISSUE else f"handover.checked_{kind.value}"


def _since(drawing: Drawing, facts: HandoverFacts) -> None:
    page, words = drawing.page, drawing.words
    if facts.usable_since is None:
        label, moment = words.say("handover.seen"), facts.sheet.printed_at
    else:
        label, moment = words.say("handover.since"), facts.usable_since
    drawing.pair(42, 66.8, label, Style(9, MUTED), drawing.second(8.6), 80, 1.5)
    city = words.pick(facts.sheet.post.city)
    here = words.moment(moment, drawing.zone).ko
    end = page.text(42, 72.13, here, Style(12, INK, SEMIBOLD))
    page.text(end + 2, 71.95, city.ko, Style(9.5, INK), 122 - end)
    korea = words.say("sheet.korea")
    line = f"{words.moment(moment, SEOUL).ko}  {korea.ko}"
    end = page.text(42, 76.99, line, Style(9.5, INK))
    page.text(end + 2, 76.9, korea.other, drawing.second(9))


def _services(drawing: Drawing, facts: HandoverFacts) -> None:
    page = drawing.page
    where = drawing.words.say("service.where")
    drawing.pair(LEFT, _FIRST, where, HEADING, drawing.second(9.5), _WIDE)
    if not facts.services:
        return
    row = min(_ROW, _TABLE_ROOM / len(facts.services))
    page.box(LEFT, _TABLE_TOP, _WIDE, row * len(facts.services), line=LINE)
    for position, service in enumerate(facts.services):
        top = _TABLE_TOP + position * row
        if position:
            page.rule(LEFT, top, RIGHT, top, LINE)
        _service(drawing, service, top, row, facts.usable_since is not None)


def _service(drawing: Drawing, service: ServiceUse, top: float, row: float, proven: bool) -> None:
    page = drawing.page
    part = row / _ROW
    now = service.usable and proven
    middle = top + row / 2
    size = 5.6 * part
    icon, colour = use_icon(service, now)
    page.icon(icon, 20, middle - size / 2, size, colour)
    name = drawing.words.pick(service.name)
    first, second = middle - 0.4 * part, middle + 3.5 * part
    page.text(29, first, name.ko, Style(10.5 * part, INK, SEMIBOLD), 100)
    page.text(29, second, name.other, drawing.second(8.6 * part), 100)
    state = use_words(drawing, service, proven)
    korean = Style(10 * part, GREEN, SEMIBOLD) if now else Style(10 * part, INK)
    page.text_right(190, first - 0.19, state.ko, korean, 58)
    page.text_right(190, second - 0.08, state.other, drawing.second(8.4 * part), 58)


def use_icon(service: ServiceUse, now: bool) -> tuple[str, str]:
    """The sign before a service, and its colour; a tick only for one that takes it ``now``."""
    if service.announced:
        return "info", BLUE
    return ("circle-check", GREEN) if now else ("circle-dashed", MUTED)


def use_words(drawing: Drawing, service: ServiceUse, proven: bool) -> Pair:
    """When a service can be used, in words."""
    if service.usable:
        return drawing.words.say("service.now" if proven else "service.after_check")
    if service.announced:
        return drawing.words.say("service.announced")
    if service.since is None:
        return drawing.words.say("service.undated")
    return drawing.words.say("service.from", date=service.since.isoformat())


def _how_to(drawing: Drawing, facts: HandoverFacts, top: float) -> None:
    page, words = drawing.page, drawing.words
    usable = facts.usable_since is not None
    room = 108.0 if facts.help_uri else _WIDE
    heading = words.say("handover.how" if usable else "handover.how_unproven")
    drawing.pair(LEFT, top, heading, HEADING, drawing.second(9.5), room)
    kind = "step" if usable else f"{_saved(facts)}_step"
    for number in range(1, 4):
        y = top + 3.57 + (number - 1) * 12.4
        page.number(LEFT, y, 9, number)
        step = words.say(f"handover.{kind}{number}")
        drawing.stacked(
            29, y + 3.55, step, Style(11, INK, SEMIBOLD), drawing.second(9), room - 13, 4.45
        )
    if facts.help_uri:
        page.box(128, top - 3.53, 66, 38, line=LINE)
        page.qr(132.5, top + 0.97, 29, facts.help_uri)
        label = words.say("handover.help")
        page.text(165, top + 10.56, label.ko, Style(9.5, INK, SEMIBOLD), 27)
        page.text(165, top + 15.37, label.other, drawing.second(8.4), 27)


def _loss(drawing: Drawing, facts: HandoverFacts) -> None:
    page, words = drawing.page, drawing.words
    page.box(LEFT, 197.8, _WIDE, 34.4, line=NAVY, weight=1.1)
    phone_sign(page, 19.0, 200.0, 8.4)
    drawing.pair(29, 204.93, words.say("loss.title"), HEADING, drawing.second(9.4), 88)
    said = words.say("loss.what")
    y = page.lines(29, 210.15, said.ko, Style(9.4, INK), 83, 4.57)
    page.lines(29, y - 0.07, said.other, drawing.second(8.4), 83, 4.09)
    places = ((122.0, 204.8), (122.0, 219.8))
    loss_numbers(drawing, places, facts.loss, 68, 14, beside=True)


def _never_ask(drawing: Drawing) -> None:
    page, words = drawing.page, drawing.words
    page.icon("lock", LEFT, 235.1, 5.2, BLUE)
    said = words.say("handover.never_ask")
    page.text(23.5, 238, said.ko, Style(9, INK), 170)
    page.text(23.5, 241.9, said.other, drawing.second(8.2), 170)
    page.rule(LEFT, 244.5, RIGHT, 244.5, NAVY, 0.8)
