"""The sheet with the QR for the phone: one code, one phone, and a stub that stays.

It never says that something was issued: a paper is no credential, and the QR may run out
unused. The PIN is nowhere on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from desk.counter.slips import fonts
from desk.counter.slips.canvas import (
    AMBER,
    AMBER_TINT,
    BLUE,
    BLUE_TINT,
    GREEN,
    HAIR,
    INK,
    LEFT,
    LINE,
    MM,
    MUTED,
    NAVY,
    RIGHT,
)
from desk.counter.slips.facts import EnrollmentFacts, ServiceUse
from desk.counter.slips.fonts import SEMIBOLD, Style
from desk.counter.slips.parts import (
    Drawing,
    footer,
    head,
    loss_numbers,
    phone_sign,
    stamp_field,
)
from desk.counter.slips.words import Pair
from desk.issuance.posts import SEOUL

QR_WIDE, QR_QUIET = 69.0, 6.0
_STAMP = (150.0, 226.0, 44.0, 27.0)
_SERVICES_TOP, _SERVICES_END = 191.6, 218.6
_COLUMN, _MIDDLE = 36.0, 59.0


def enrollment_slip(facts: EnrollmentFacts) -> bytes:
    """The sheet as PDF. Raises :class:`~desk.counter.slips.troubles.SlipTrouble`."""
    drawing = Drawing(facts.sheet, "enrollment.title")
    head(drawing, "enrollment.title")
    _warning(drawing)
    _code(drawing, facts)
    _steps(drawing)
    _cautions(drawing)
    _services(drawing, facts.services)
    _loss(drawing, facts)
    _post(drawing)
    _stub(drawing)
    return drawing.page.finished()


def _warning(drawing: Drawing) -> None:
    page, said = drawing.page, drawing.words.say("enrollment.no_id")
    page.box(LEFT, 37.5, RIGHT - LEFT, 12.6, fill=AMBER_TINT, line=AMBER, weight=0.7)
    page.icon("triangle-alert", 20, 40.1, 6.6, AMBER)
    drawing.stacked(
        30, 42.86, said, Style(10.5, INK, SEMIBOLD), drawing.second(9.2, INK), 160, 4.51
    )


def _code(drawing: Drawing, facts: EnrollmentFacts) -> None:
    page, words = drawing.page, drawing.words
    page.box(LEFT, 54, 82, 112, line=LINE)
    page.qr(22.5, 60.5, QR_WIDE, facts.offer_uri)
    page.rule(LEFT, 134.5, 98, 134.5, LINE)
    page.icon("clock", 20, 137.6, 5.5, BLUE)
    until = words.say("enrollment.until")
    drawing.pair(28, 140.19, until, Style(9.5, MUTED), drawing.second(8.8), 68, 1.8)
    city = words.pick(facts.sheet.post.city)
    here = words.moment(facts.expires_at, drawing.zone)
    end = page.text(20, 147.11, here.ko, Style(13, INK, SEMIBOLD))
    page.text(end + 2.4, 147.0, city.ko, Style(10, INK, SEMIBOLD), 95 - end)
    page.text(20, 151.72, f"{here.other}  {city.other}", drawing.second(8.8), 76)
    korea, there = words.say("sheet.korea"), words.moment(facts.expires_at, SEOUL)
    end = page.text(20, 157.96, there.ko, Style(10.5, INK))
    page.text(end + 2.4, 157.97, korea.ko, Style(10, INK))
    page.text(20, 162.12, f"{there.other}  {korea.other}", drawing.second(8.8), 76)


def _steps(drawing: Drawing) -> None:
    page = drawing.page
    for number in range(1, 5):
        top = 56.6 + (number - 1) * 19.6
        if number == 4:
            page.icon("circle-check", 106, top, 10, GREEN)
        else:
            page.number(106, top, 10, number)
            page.rule(120, top + 14.8, RIGHT, top + 14.8, HAIR)
        _step(drawing, drawing.words.say(f"enrollment.step{number}"), top)


def _step(drawing: Drawing, said: Pair, top: float) -> None:
    """One Korean line; the second language may take two, and both move up for it."""
    page, style = drawing.page, drawing.second(10)
    lines = fonts.wrapped(said.other, style, 74 * MM)
    y = top + (4.23 if len(lines) == 1 else 1.8)
    page.text(120, y, said.ko, Style(12.5, INK, SEMIBOLD), 74)
    page.lines(120, y + 5.35, said.other, style, 74, 4.87)


def _cautions(drawing: Drawing) -> None:
    page, words = drawing.page, drawing.words
    page.box(106, 134.5, 88, 31.5, fill=BLUE_TINT)
    for icon, key, y in (("eye-off", "no_pin", 141.37), ("lock", "once", 155.37)):
        page.icon(icon, 109.8, y - 2.7, 6.8, BLUE)
        said = words.say(f"enrollment.{key}")
        drawing.stacked(120, y, said, Style(10, INK, SEMIBOLD), drawing.second(8.8), 71, 4.62)


# Where it can be used


@dataclass(frozen=True)
class _Line:
    """``before`` is the distance from the baseline above, in millimetres at full size."""

    words: str
    style: Style
    before: float
    beside: str = ""


def _services(drawing: Drawing, services: tuple[ServiceUse, ...]) -> None:
    page, words = drawing.page, drawing.words
    page.box(LEFT, 171, 86, 50, line=LINE)
    where = words.say("service.where")
    drawing.pair(20, 177.35, where, Style(11, INK, SEMIBOLD), drawing.second(9), 79)
    page.rule(LEFT, 179.6, 102, 179.6, LINE)
    page.rule(_MIDDLE, 179.6, _MIDDLE, 221, LINE)
    for x, key, icon, colour, listed in _columns(services):
        page.icon(icon, x, 182, 4.8, colour)
        label, korean = words.say(key), Style(9.8, colour, SEMIBOLD)
        drawing.stacked(x + 6.6, 185.1, label, korean, drawing.second(8.4), 31.5, 3.97)
        _column(drawing, x, listed, told=x < _MIDDLE)


def _columns(
    services: tuple[ServiceUse, ...],
) -> tuple[tuple[float, str, str, str, list[ServiceUse]], ...]:
    """Left what takes it after the check, right the others. Where nothing is known to take it,
    what is announced to stands left, under its own heading."""
    known = any(service.usable for service in services)
    left = [one for one in services if (one.usable if known else one.announced)]
    right = [one for one in services if one not in left]
    ready = ("service.after_check", "circle-check", GREEN)
    told = ("service.announced", "info", BLUE)
    mixed = any(one.announced for one in right)
    rest = "service.others" if mixed else "service.later"
    return (
        (20.0, *(told if left and not known else ready), left),
        (62.0, rest, "circle-dashed", MUTED, right),
    )


def _column(drawing: Drawing, x: float, services: list[ServiceUse], *, told: bool) -> None:
    """Names beneath each other, closer and smaller where there are many. ``told``: the heading
    says of all of them when they can be used."""
    lines = [line for service in services for line in _lines(drawing, service, told)]
    if lines:
        lines[0] = replace(lines[0], before=4.0)
    high = sum(line.before for line in lines)
    part = min(1.0, (_SERVICES_END - _SERVICES_TOP) / high) if high else 1.0
    y = _SERVICES_TOP
    for line in lines:
        y += line.before * part
        style = line.style.at(line.style.size * max(part, 0.8))
        end = drawing.page.text(x, y, line.words, style, _COLUMN)
        if line.beside:
            room = x + _COLUMN + 3 - end
            drawing.page.text(end + 1.6, y - 0.1, line.beside, drawing.second(8), room)


def _lines(drawing: Drawing, service: ServiceUse, told: bool) -> list[_Line]:
    words = drawing.words
    name, second = words.pick(service.name), drawing.second(8)
    lines = [_Line(name.ko, Style(9.5, INK, SEMIBOLD), 7.06 if told else 5.5)]
    for wrapped in fonts.wrapped(name.other, second, (_COLUMN + 2) * MM):
        lines.append(_Line(wrapped, second, 3.93 if len(lines) == 1 else 3.4))
    if told:
        return lines
    plain = Style(8.4, INK)
    if service.since is not None and not service.announced:
        lines.append(_Line(f"{service.since.isoformat()} ~", plain, 4.05))
    else:
        said = words.say("service.announced" if service.announced else "service.undated")
        lines.append(_Line(said.ko, plain, 4.05, said.other))
    return lines


# Loss, post, stub


def _loss(drawing: Drawing, facts: EnrollmentFacts) -> None:
    page, words = drawing.page, drawing.words
    page.box(106, 171, 88, 50, line=LINE)
    phone_sign(page, 109.6, 172.7, 6.2)
    title = words.say("loss.title")
    drawing.pair(117, 177.35, title, Style(11, INK, SEMIBOLD), drawing.second(9), 75)
    page.rule(106, 179.6, RIGHT, 179.6, LINE)
    said = words.say("loss.what")
    y = page.lines(110, 184.59, said.ko, Style(9.5, INK), 80, 4.62)
    page.lines(110, y - 0.11, said.other, drawing.second(8.4), 80, 4.09)
    places = ((110.0, 207.8), (153.0, 207.8))
    loss_numbers(drawing, places, facts.loss, 39, 12.5, beside=False)


def _post(drawing: Drawing) -> None:
    page, words, facts = drawing.page, drawing.words, drawing.facts
    contact, name = facts.post.contact, words.pick(facts.post.name)
    room = _STAMP[0] - LEFT - 4
    page.text(LEFT, 230.03, name.ko, Style(12, INK, SEMIBOLD), room)
    page.text(LEFT, 234.57, name.other, drawing.second(9.2), room)
    y = 240.0
    if contact.address:
        page.text(LEFT, y, contact.address, Style(9.6, INK, language=facts.second), room)
        y += 4.68
    if contact.hours:
        korean, other = words.hours(contact.hours)
        end = page.text(LEFT, y, korean, Style(9.6, INK), room)
        page.text(end + 2, y - 0.2, other, drawing.second(8.8), room - end + LEFT)
    footer(drawing, 249.57, room, up=False)
    stamp_field(drawing, *_STAMP)


def _stub(drawing: Drawing) -> None:
    """Stays at the post: who took the sheet, or that it was spoiled."""
    page, words, facts = drawing.page, drawing.words, drawing.facts
    page.icon("scissors", LEFT, 254.9, 4.2, MUTED)
    page.rule(22, 257, RIGHT, 257, MUTED, 0.6, dashed=True)
    stub = words.say("enrollment.stub")
    drawing.pair(LEFT, 263.77, stub, Style(10, NAVY, SEMIBOLD), drawing.second(8.6))
    page.text(LEFT, 269.53, facts.serial, Style(12, INK, SEMIBOLD))
    page.bars(LEFT + page.bars_width(facts.serial), 271.5, 7, facts.serial)
    said = words.say("enrollment.reprint")
    page.text(LEFT, 282.14, said.ko, Style(7.8, MUTED), 70)
    page.text(LEFT, 285.39, said.other, drawing.second(7.4), 70)
    for key, left, right in (
        ("signature", 72, 128),
        ("officer", 132, 162),
        ("time", 166, RIGHT),
    ):
        page.rule(left, 271, right, 271, INK, 0.6)
        label = words.say(f"enrollment.{key}")
        small = drawing.second(7.8)
        drawing.stacked(left, 275.05, label, Style(8.6, INK), small, right - left, 3.49)
    for key, x, room in (("handed", 132, 22), ("spoiled", 157, 35)):
        page.box(x, 280.0, 3.4, 3.4, line=INK, weight=0.7, radius=0.5)
        label = words.say(f"enrollment.{key}")
        page.text(x + 5, 282.85, label.ko, Style(8.6, INK), room - 5)
