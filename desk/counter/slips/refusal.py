"""The sheet for a visit that ends without a credential: why, what would make it yes, what was
checked, how to object, what is kept.

Only a rule of eligibility is named as the reason. Where document or person need a closer
look, the sheet says no more than that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    RED,
    RIGHT,
)
from desk.counter.slips.facts import RefusalFacts
from desk.counter.slips.fonts import SEMIBOLD, Style
from desk.counter.slips.parts import Drawing, footer, head, post_block
from desk.counter.slips.troubles import DoesNotFit
from desk.counter.slips.words import Pair
from desk.issuance.eligibility import RuleCheck, RuleOutcome, RuleResult

_WIDE = RIGHT - LEFT
_MIDDLE = 105.0
_NOTES_TOP, _NOTES_HIGH = 215.6, 25.5
_ROW = 10.4
_STAMP = (148.0, 246.2, 46.0, 40.0)
_SMALLEST = 0.7
_UNKNOWN = "–"
# A chip that did not hold is a matter for the officer, not for a slip.
_NOT_TOLD = frozenset({(RuleCheck.PASSPORT, "failed")})
_WORST_FIRST = (
    RuleOutcome.NOT_MET,
    RuleOutcome.UNDECIDED,
    RuleOutcome.NOT_DONE,
    RuleOutcome.MET,
)
_SIGNS: Mapping[RuleOutcome, tuple[str, str]] = {
    RuleOutcome.NOT_MET: ("circle-x", RED),
    RuleOutcome.UNDECIDED: ("circle-question-mark", AMBER),
    RuleOutcome.NOT_DONE: ("circle-dashed", MUTED),
    RuleOutcome.MET: ("circle-check", GREEN),
}


@dataclass(frozen=True)
class _Step:
    title: Pair
    points: tuple[Pair, ...]


def refusal_slip(facts: RefusalFacts) -> bytes:
    """The sheet as PDF. Raises :class:`~desk.counter.slips.troubles.SlipTrouble`."""
    behind = _told(facts)
    title = "refusal.title" if behind else "refusal.title_neutral"
    drawing = Drawing(facts.sheet, title)
    head(drawing, title)
    today = drawing.words.say("refusal.today")
    drawing.page.text(LEFT, 42.13, today.ko, Style(12, INK, SEMIBOLD), _WIDE)
    drawing.page.text(LEFT, 47.3, today.other, drawing.second(9.8), _WIDE)
    y = _reason(drawing, facts, behind)
    rules = _rules(facts) if behind else ()
    table_top = _NOTES_TOP - 4 - _ROW * -(-len(rules) // 2)
    heading = drawing.words.say("refusal.to_do" if behind else "refusal.next")
    drawing.pair(LEFT, y + 8.48, heading, Style(14, NAVY, SEMIBOLD), drawing.second(10), _WIDE, 2.6)
    _steps(drawing, _what_to_do(drawing, facts, behind), y + 12.6, table_top - 6.5)
    if rules:
        _table(drawing, facts, rules, table_top)
    _notes(drawing, facts)
    drawing.page.rule(LEFT, 243.2, RIGHT, 243.2, NAVY, 0.8)
    post_block(drawing, 250.72, _STAMP, phone=True)
    edition = facts.book.edition if behind else ""
    footer(drawing, 286.2, _STAMP[0] - LEFT - 3, edition=edition)
    return drawing.page.finished()


def _told(facts: RefusalFacts) -> RuleResult | None:
    """The answer that the sheet may give as the reason."""
    behind = facts.behind
    if behind is None:
        return None
    check = facts.book.rule(behind.rule_id).check
    return None if (check, behind.fact) in _NOT_TOLD else behind


def _rules(facts: RefusalFacts) -> tuple[RuleResult, ...]:
    """All rules of the book, the worst first; one without an answer was not done."""
    answers = {result.rule_id: result for result in facts.rules}
    every = [
        answers.get(rule.id, RuleResult(rule.id, RuleOutcome.NOT_DONE, ""))
        for rule in facts.book.rules
    ]
    return tuple(sorted(every, key=lambda result: _WORST_FIRST.index(result.outcome)))


# The reason


def _reason(drawing: Drawing, facts: RefusalFacts, behind: RuleResult | None) -> float:
    """Draw the card; where it ends."""
    page, words = drawing.page, drawing.words
    detail = _detail(drawing, facts, behind)
    high = 23.4 if detail else 19.4
    page.box(LEFT, 51, _WIDE, high, fill=AMBER_TINT, line=AMBER, weight=0.7)
    icon = "circle-x" if behind else "circle-alert"
    page.icon(icon, 20.5, 51 + high / 2 - 4.75, 9.5, AMBER)
    label = words.say("refusal.reason")
    drawing.pair(35, 56.6, label, Style(9, AMBER, SEMIBOLD), drawing.second(8.8, AMBER), gap=1.6)
    why = _why(drawing, facts, behind)
    page.text(35, 62.31, why.ko, Style(13, INK, SEMIBOLD), 110)
    page.text(35, 67.3, why.other, drawing.second(9.8, INK), 155)
    if detail:
        drawing.pair(35, 71.67, detail, Style(9.2, INK), drawing.second(8.4), 155, 2.4)
    if behind is not None:
        source = _source(drawing, facts, behind)
        page.text_right(190, 56.37, source.ko, Style(8.4, MUTED), 90)
        page.text_right(190, 60.22, source.other, drawing.second(8.0), 44)
    return 51 + high


def _key(facts: RefusalFacts, result: RuleResult) -> str:
    return f"{facts.book.rule(result.rule_id).check.value}_{result.fact}"


def _why(drawing: Drawing, facts: RefusalFacts, behind: RuleResult | None) -> Pair:
    words = drawing.words
    if behind is None:
        return words.say("refusal.neutral")
    key = f"why.{_key(facts, behind)}"
    if words.has(key):
        return words.say(key)
    name = words.pick(facts.book.rule(behind.rule_id).name)
    outcome = words.say(f"outcome.{behind.outcome.value}")
    return Pair(f"{outcome.ko}: {name.ko}", f"{outcome.other}: {name.other}")


def _detail(drawing: Drawing, facts: RefusalFacts, behind: RuleResult | None) -> Pair | None:
    """What more may be said: only sentences made for paper, so that no number slips in."""
    if behind is None:
        return None
    key = f"detail.{_key(facts, behind)}"
    if not drawing.words.has(key):
        return None
    korean, other = dict(behind.facts), dict(behind.facts)
    if "date" in other:
        other["date"] = drawing.words.day(str(other["date"]))
    code = str(behind.facts.get("post", ""))
    if code in facts.post_names:
        name = drawing.words.pick(facts.post_names[code])
        korean["post"], other["post"] = name.ko, name.other
    told = Pair(drawing.words.say(key, **korean).ko, drawing.words.say(key, **other).other)
    # The register knows its reasons in Korean only.
    reason = str(behind.facts.get("reason", _UNKNOWN))
    return told if reason == _UNKNOWN else Pair(f"{told.ko} · {reason}", told.other)


def _source(drawing: Drawing, facts: RefusalFacts, behind: RuleResult) -> Pair:
    words = drawing.words
    source = words.say(f"source.{behind.source.value}")
    if behind.source_at is None:
        return Pair(
            words.say("refusal.source_only", source=source.ko).ko,
            words.say("refusal.source_only", source=source.other).other,
        )
    age = words.age(behind.source_at, facts.sheet.printed_at)
    return Pair(
        words.say("refusal.source", source=source.ko, age=age.ko).ko,
        words.say("refusal.source", source=source.other, age=age.other).other,
    )


# What to do


def _what_to_do(
    drawing: Drawing, facts: RefusalFacts, behind: RuleResult | None
) -> list[list[_Step]]:
    """Steps in groups, one for each rule that is not met, the rule behind first."""
    if behind is None:
        return [_own_steps(drawing, "neutral")]
    if behind.outcome is not RuleOutcome.NOT_MET:
        return [_own_steps(drawing, "open")]
    seen: set[str] = set()
    groups = []
    for result in (behind, *(rule for rule in facts.rules if rule != behind)):
        if result.outcome is not RuleOutcome.NOT_MET:
            continue
        group = []
        for advice in facts.book.rule(result.rule_id).possible:
            title = drawing.words.pick(advice.title)
            if title.ko not in seen:
                seen.add(title.ko)
                group.append(_Step(title, tuple(drawing.words.pick(p) for p in advice.points)))
        groups.append(group)
    return groups


def _own_steps(drawing: Drawing, kind: str) -> list[_Step]:
    say = drawing.words.say
    return [
        _Step(say(f"refusal.{kind}_step{n}"), (say(f"refusal.{kind}_point{n}"),)) for n in (1, 2)
    ]


def _fitting(drawing: Drawing, groups: list[list[_Step]], room: float) -> list[_Step]:
    """As many groups as the sheet has room for; the counter explains the others. The first
    group is the reason's own and stands in any case."""
    every = [step for group in groups for step in group]
    if _all_high(every) * _SMALLEST <= room:
        return every
    more = _Step(drawing.words.say("refusal.more"), ())
    steps = groups[0]
    for group in groups[1:]:
        if _all_high([*steps, *group, more]) * _SMALLEST <= room:
            steps = [*steps, *group]
    if _all_high([*steps, more]) * _SMALLEST > room:
        raise DoesNotFit(sheet="refusal")
    return [*steps, more]


def _steps(drawing: Drawing, groups: list[list[_Step]], top: float, end: float) -> None:
    """Numbered steps from ``top`` down, everything above ``end``."""
    page = drawing.page
    steps = _fitting(drawing, groups, end - top)
    high = _all_high(steps)
    part = min(1.0, (end - top) / high) if high else 1.0
    for position, step in enumerate(steps):
        if position:
            line = top - 2.0 * part
            page.rule(31, line, RIGHT, line, HAIR)
        _step(drawing, step, position + 1, top, part)
        top += _high(step) * part


def _all_high(steps: Sequence[_Step]) -> float:
    return sum(_high(step) for step in steps)


def _high(step: _Step) -> float:
    """Millimetres down to the next step at full size."""
    return 12.38 + 10.65 * len(step.points) - 1.06 if step.points else 14.2


def _step(drawing: Drawing, step: _Step, number: int, top: float, part: float) -> None:
    page = drawing.page
    size = 10 * max(part, 0.8)
    page.number(LEFT, top, size, number)
    title = Style(13 * part, INK, SEMIBOLD)
    drawing.pair(31, top + 5.71 * part, step.title, title, drawing.second(10 * part), 163, 2.6)
    for position, point in enumerate(step.points):
        y = top + (12.38 + 10.65 * position) * part
        page.disc(31.4, y - 2.0 * part, 1.3 * part, BLUE)
        page.text(35, y, point.ko, Style(10.2 * part, INK), 159)
        page.text(35, y + 4.44 * part, point.other, drawing.second(8.8 * part), 159)


# What was checked


def _table(
    drawing: Drawing, facts: RefusalFacts, rules: tuple[RuleResult, ...], top: float
) -> None:
    page = drawing.page
    heading = drawing.words.say("refusal.checked")
    drawing.pair(LEFT, top - 2.5, heading, Style(11, INK, SEMIBOLD), drawing.second(9), _WIDE)
    rows = -(-len(rules) // 2)
    page.box(LEFT, top, _WIDE, rows * _ROW, line=LINE)
    page.rule(_MIDDLE, top, _MIDDLE, top + rows * _ROW, LINE)
    for position, result in enumerate(rules):
        column, row = divmod(position, rows)
        y = top + row * _ROW
        left, right = (LEFT, 101.0) if column == 0 else (_MIDDLE, 190.0)
        if row:
            page.rule(left, y, _MIDDLE if column == 0 else RIGHT, y, LINE)
        _rule(drawing, facts, result, left, right, y)


def _rule(
    drawing: Drawing, facts: RefusalFacts, result: RuleResult, left: float, right: float, y: float
) -> None:
    page = drawing.page
    icon, colour = _SIGNS[result.outcome]
    page.icon(icon, left + 4, y + 2.4, 5.6, colour)
    name = drawing.words.pick(facts.book.rule(result.rule_id).name)
    word = drawing.words.say(f"outcome.{result.outcome.value}")
    text, korean = left + 13, Style(10, colour, SEMIBOLD)
    room = right - 3 - text
    begin = page.text_right(right, y + 4.66, word.ko, korean)
    page.text(text, y + 4.66, name.ko, Style(10, INK, SEMIBOLD), min(room, begin - 2 - text))
    begin = page.text_right(right, y + 8.42, word.other, drawing.second(8.3))
    page.text(text, y + 8.42, name.other, drawing.second(8.3), min(room, begin - 2 - text))


# How to object, what is kept


def _notes(drawing: Drawing, facts: RefusalFacts) -> None:
    say = drawing.words.say
    face = say("refusal.face_goes" if facts.face_taken else "refusal.no_face")
    kept = say("refusal.kept", n=facts.kept_days)
    space = "" if facts.sheet.second == "zh" else " "
    data = Pair(f"{face.ko} {kept.ko}", f"{face.other}{space}{kept.other}")
    _note(drawing, LEFT, say("refusal.wrong"), say("refusal.object"))
    _note(drawing, 107, say("refusal.data"), data)


def _note(drawing: Drawing, x: float, title: Pair, said: Pair) -> None:
    page = drawing.page
    page.box(x, _NOTES_TOP, 87, _NOTES_HIGH, fill=BLUE_TINT)
    y = _NOTES_TOP + 5.55
    drawing.pair(x + 4, y, title, Style(9.8, INK, SEMIBOLD), drawing.second(8.2), 79, 1.8)
    part = _note_size(drawing, said)
    korean, second = Style(9 * part, INK), drawing.second(8 * part)
    y = page.lines(x + 4, y + 4.83, said.ko, korean, 79, 4.38 * part)
    page.lines(x + 4, y - 0.17, said.other, second, 79, 3.89 * part)


def _note_size(drawing: Drawing, said: Pair) -> float:
    """The largest size at which both languages fit beneath the title."""
    part = 1.0
    while part >= _SMALLEST:
        korean = len(fonts.wrapped(said.ko, Style(9 * part, INK), 79 * MM))
        other = len(fonts.wrapped(said.other, drawing.second(8 * part), 79 * MM))
        if (korean * 4.38 + other * 3.89) * part <= 17.3:
            return part
        part -= 0.04
    raise DoesNotFit(sheet="refusal")
