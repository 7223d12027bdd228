"""Eligibility: each rule with its fact, where the fact comes from and how old it is.

Signals: ``ask_again`` (look the register up and judge again), ``present_confirmed`` (the
applicant stands at the counter), ``aside_asked`` (what a file told is wrong),
``print_and_refuse`` (slip and end), ``go_on``; besides
``back``, ``stop_case``, ``remedy(str)``.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.issuance.case import Case
from desk.issuance.eligibility import RuleOutcome, RuleResult
from desk.issuance.eligibility import Verdict as Decision
from desk.issuance.posts import SEOUL
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Box, Card, HeadRow, Line, NumberDisc, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.person import Facts
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Remedy, Verdict
from desk.ui.rules import GLYPHS, RuleWords, in_order
from desk.ui.theme import Type
from desk.ui.troubles import Spoken


@dataclass(frozen=True)
class EligibilityView:
    """``decision`` None: the register is being asked (``busy``). ``fresh_hours``
    is how old a register extract may be (0: not said). ``may_set_aside``: a file told what
    stands in the way, and this officer may say that it is wrong."""

    here: says.Here
    case: Case
    decision: Decision | None
    busy: bool = False
    can_go_on: bool = False
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    other_language: str = "en"
    fresh_hours: int = 0
    read_only: bool = False
    may_set_aside: bool = False


class EligibilityPage(Page):
    """Rules left, the chosen one (or the way to yes) right."""

    ask_again = Signal()
    present_confirmed = Signal()
    aside_asked = Signal()
    print_and_refuse = Signal()
    go_on = Signal()

    def __init__(self, look: Look, rules: RuleWords) -> None:
        super().__init__(look)
        self._rules = rules
        self._view: EligibilityView | None = None
        self._ordered: tuple[RuleResult, ...] = ()
        self.verdict = Verdict(look)
        self._code = Text(look, "", Type.SMALL, "muted")
        self._list = RowList()
        self._lines: list[_RuleRow] = []
        self._card = Card(look, padding=(1, 0, 1, 4))
        self._edition = Text(look, "", Type.SMALL, "muted")
        self._card.right.addWidget(self._edition)
        self._head = HeadRow(look)
        self._head_row = Row(look, 31, _RuleRow.COLUMNS, line=False)
        self._head.setLayout(column(self._head_row, 1))
        for item in (self._head, self._list):
            self._card.body.addWidget(item)
        self._card.body.addStretch(1)
        self._chosen = ChosenRule(look, rules)
        self._chosen.present_confirmed.connect(self.present_confirmed)
        self._way = WayCard(look, rules)
        self._right = holder(column(self._chosen, self._way))
        self._columns = row(self._card, self._right, gap=16)
        self._columns.setStretch(0, 1)
        self.body.addWidget(self.verdict)
        self.body.addLayout(self._columns, 1)
        self._list.moved.connect(self._show_chosen)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        self.verdict.set_narrow(narrow or small)
        self._head.set_narrow(narrow or small)
        self._head_row.setFixedHeight(27 if narrow or small else 31)
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        for line in self._lines:
            line.setFixedHeight(52 if narrow or small else 68)
        self._set_right_width()

    def _set_right_width(self) -> None:
        refused = self._is_refused()
        width = (400 if self.narrow else 480) if refused else (352 if self.narrow else 400)
        self._right.setMinimumWidth(0 if self.small else width)
        self._right.setMaximumWidth(16777215 if self.small else width)

    def _is_refused(self) -> bool:
        decision = self._view.decision if self._view else None
        return decision is not None and decision.overall is RuleOutcome.NOT_MET

    def render(self, view: EligibilityView) -> None:
        self._view = view
        refused = self._is_refused()
        self._set_right_width()
        self._render_verdict(view)
        self._render_list(view)
        shown(self._chosen, not refused)
        shown(self._way, refused)
        if refused:
            self._way.render(self._ordered[0], view)
        else:
            self._show_chosen(self._list.current)
        self.show_trouble(view.trouble, view.remedies)
        self._render_footer(view)
        say = self.look.say
        key = "eligibility.failed_first" if refused else "eligibility.look_at_each"
        self.say_head(say("step.eligibility"), say(key))

    # Verdict
    def _render_verdict(self, view: EligibilityView) -> None:
        say, decision = self.look.say, view.decision
        self.verdict.show_right()
        if decision is None:
            glyph = Glyph.BUSY if view.busy else Glyph.WAITING
            self.verdict.show_state(
                glyph, say("eligibility.asking"), say("eligibility.asking_more")
            )
            return
        counts = {outcome: 0 for outcome in RuleOutcome}
        for rule in decision.rules:
            counts[rule.outcome] += 1
        overall = decision.overall
        if overall is RuleOutcome.MET:
            self.verdict.show_state(
                Glyph.PASSED, say("eligibility.yes"), self._oldest(view, decision)
            )
        elif overall is RuleOutcome.NOT_MET:
            self._verdict_refused(self._first(decision, overall))
        elif overall is RuleOutcome.UNDECIDED:
            title, n = say("eligibility.undecided"), counts[overall]
            words = say("eligibility.undecided_more", n=n)
            self.verdict.show_state(Glyph.UNDECIDED, title, words)
        else:
            title, n = say("eligibility.not_done"), counts[overall]
            self.verdict.show_state(Glyph.WAITING, title, say("eligibility.not_done_more", n=n))

    @staticmethod
    def _first(decision: Decision, outcome: RuleOutcome) -> RuleResult:
        return next(rule for rule in decision.rules if rule.outcome is outcome)

    def _verdict_refused(self, rule: RuleResult) -> None:
        look = self.look
        name = self._rules.name(rule, look.language)
        words = look.say("eligibility.no_more", rule=name)
        self.verdict.show_state(Glyph.FAILED, look.say("eligibility.no"), words)
        self.verdict.show_right(Text(look, self._rules.code(rule), Type.SMALL, "muted"))

    def _oldest(self, view: EligibilityView, decision: Decision) -> str:
        times = [rule.source_at for rule in decision.rules if rule.source_at]
        oldest = says.age(self.look, min(times), view.here.now) if times else ""
        n = len(decision.rules)
        if not oldest:
            return self.look.say("eligibility.all_met", n=n)
        return self.look.say("eligibility.all_met_oldest", n=n, age=oldest)

    # The list
    def _render_list(self, view: EligibilityView) -> None:
        say, decision = self.look.say, view.decision
        self._card.name(say("eligibility.rules"))
        self._head_row.empty()
        for place, name in enumerate(("outcome", "rule_and_fact", "source", "as_of")):
            text = Text(self.look, say(f"column.{name}"), Type.SMALL_STRONG, "muted")
            self._head_row.put(place, text, right=place == 3)
        if decision is None:
            self._edition.say("")
            self._ordered = ()
            self._list.empty()
            self._lines = []
            return
        day = decision.decided_at.astimezone(view.here.zone).date().isoformat()
        self._edition.say(say("eligibility.edition", edition=decision.edition, day=day))
        self._ordered = in_order(decision.rules)
        if len(self._lines) != len(self._ordered):
            self._rebuild()
        for place, (line, rule) in enumerate(zip(self._lines, self._ordered, strict=True)):
            line.show_rule(self._rules, rule, view.here, last=place == len(self._lines) - 1)
        self._show_grounds()

    def _rebuild(self) -> None:
        self._list.empty()
        height = 52 if self.narrow or self.small else 68
        self._lines = [_RuleRow(self.look, height) for _ in self._ordered]
        for line in self._lines:
            self._list.add(line)

    def _show_grounds(self) -> None:
        refused = self._is_refused()
        for place, (line, rule) in enumerate(zip(self._lines, self._ordered, strict=True)):
            current = place == self._list.current and not refused
            ground = "accent-soft" if current else None
            line.set_ground("danger-soft" if rule.outcome is RuleOutcome.NOT_MET else ground)

    def _show_chosen(self, place: int) -> None:
        if self._view is None or not self._ordered:
            self._chosen.show_nothing()
            return
        self._show_grounds()
        place = min(place, len(self._ordered) - 1)
        self._chosen.render(self._ordered[place], place + 1, len(self._ordered), self._view)

    # Trouble and footer
    def _render_footer(self, view: EligibilityView) -> None:
        say = self.look.say
        if view.read_only:
            self.footer.show_others(())
            self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))
            return
        refused = self._is_refused()
        word = "eligibility.register_again" if refused else "eligibility.judge_again"
        again = Other("again", say(word), icon="refresh-cw", enabled=not view.busy)
        aside = Other("aside", say("eligibility.aside"), enabled=not view.busy)
        told = (aside,) if refused and view.may_set_aside else ()
        self.footer.show_others((*self.leave_out(), again, *told))
        if refused:
            why = say("eligibility.slip_languages")
            primary = Primary(say("eligibility.print_and_refuse"), True, why, icon="printer")
        elif view.can_go_on:
            keys = ("↑", "↓", " " + say("eligibility.key_rules"), "Ctrl+Enter")
            more = say("eligibility.key_next")
            primary = Primary(say("footer.next_face"), True, "", keys, after_keys=more)
        else:
            primary = Primary(say("footer.next_face"), False, self._why_not(view))
        self.footer.show_primary(primary)

    def _why_not(self, view: EligibilityView) -> str:
        say = self.look.say
        if view.decision is None:
            return say("eligibility.wait")
        if view.decision.overall is RuleOutcome.NOT_DONE:
            return say("eligibility.confirm_present")
        return say("eligibility.undecided_stops")

    def other_asked(self, key: str) -> None:
        if key == "again":
            self.ask_again.emit()
        elif key == "aside":
            self.aside_asked.emit()

    def primary_key(self) -> None:
        if self._is_refused() and self._view is not None and not self._view.read_only:
            self.print_and_refuse.emit()
        else:
            self.go_on.emit()

    def refresh(self) -> None:
        if self._view is not None and not self._view.read_only:
            self.ask_again.emit()

    def first_focus(self) -> QWidget | None:
        return self._lines[0] if self._lines else self.footer.primary

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


class _RuleRow(Row):
    """68 high (52 narrow): outcome, rule and fact, source, age."""

    COLUMNS = (100, -1, 104, 77)

    def __init__(self, look: Look, height: int) -> None:
        super().__init__(look, height, self.COLUMNS, clickable=True)
        self.sign = GlyphSign(look, Glyph.WAITING, 20)
        self.word = Text(look, "", Type.BODY)
        told = row(self.sign, self.word, gap=7)
        told.setStretch(1, 1)
        outcome = holder(told)
        outcome.setFixedSize(98, 24)
        self.name = Text(look, "", Type.STRONG)
        self.fact = Text(look, "", Type.SMALL, "muted")
        words = holder(column(None, self.name, self.fact, None))
        words.setFixedHeight(44)
        words.setSizePolicy(self.sizePolicy())
        self.source = Text(look, "", Type.SMALL)
        self.age = Text(look, "", Type.SMALL, "muted")
        self.put(0, outcome)
        self.put(1, words)
        self.put(2, self.source)
        self.put(3, self.age, right=True)

    def show_rule(self, words: RuleWords, rule: RuleResult, here: says.Here, last: bool) -> None:
        look = self._look
        glyph = GLYPHS[rule.outcome]
        word = look.say(f"outcome.{rule.outcome.value}")
        not_met = rule.outcome is RuleOutcome.NOT_MET
        self.sign.show_state(glyph, word)
        self.word.say(word, glyph.token, Type.STRONG)
        name, fact = words.name(rule, look.language), words.fact(rule, look.language)
        self.name.say(name)
        self.fact.say(
            fact, "danger" if not_met else "muted", Type.SMALL_STRONG if not_met else Type.SMALL
        )
        source = look.say(f"source.{rule.source.value}")
        age = says.age(look, rule.source_at, here.now)
        self.source.say(source)
        self.age.say(age)
        self.setAccessibleName(", ".join(p for p in (name, word, fact, source, age) if p))
        self.set_line(not last)
        self._arrange()


class ChosenRule(Card):
    """The chosen rule: why it is there, the fact in full, source, age, law."""

    present_confirmed = Signal()

    def __init__(self, look: Look, rules: RuleWords) -> None:
        super().__init__(look)
        self._rules = rules
        self._place = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._place)
        self._sign = GlyphSign(look, Glyph.WAITING, 24)
        self._name = Text(look, "", Type.TITLE, wrap=True)
        self._why = Text(look, "", Type.BODY, wrap=True)
        self._well = Box(look, "well", None, 8)
        self._facts = Facts(look, wrap=True)
        self._well.setLayout(column(self._facts, margins=(16, 10, 16, 10)))
        self._more = Facts(look, wrap=True)
        self._confirm = Button(look, "", Kind.SECONDARY, icon="user-check")
        self._confirm.clicked.connect(self.present_confirmed)
        self._line = Line(look)
        self._note_sign = GlyphSign(look, Glyph.ATTENTION, 16)
        self._note = Text(look, "", Type.SMALL, wrap=True)
        self._note_row = holder(row(column(2, self._note_sign, None), self._note, gap=8))
        self._note_row.layout().setStretch(1, 1)  # type: ignore[union-attr]
        head = row(column(2, self._sign, None), self._name, gap=8)
        head.setStretch(1, 1)
        self.body.addLayout(head)
        for item in (10, self._why, 16, self._well, 16, self._more, 16, self._confirm):
            self.body.addSpacing(item) if isinstance(item, int) else self.body.addWidget(item)
        self.body.addStretch(1)
        self.body.addWidget(self._line)
        self.body.addSpacing(14)
        self.body.addWidget(self._note_row)
        self.show_nothing()

    def show_nothing(self) -> None:
        self.name(self._look.say("eligibility.chosen"))
        for widget in (
            self._sign, self._name, self._why, self._well, self._more,
            self._confirm, self._line, self._note_row, self._place,
        ):  # fmt: skip
            widget.hide()

    def render(self, rule: RuleResult, place: int, n: int, view: EligibilityView) -> None:
        look, say, lang = self._look, self._look.say, self._look.language
        self.name(say("eligibility.chosen"))
        for widget in (self._sign, self._name, self._why, self._well, self._more, self._place):
            shown(widget, True)
        self._place.say(f"{place} / {n}")
        self._sign.show_state(GLYPHS[rule.outcome], say(f"outcome.{rule.outcome.value}"))
        self._name.say(self._rules.name(rule, lang))
        self._why.say(self._rules.why(rule, lang))
        self._facts.show_facts(rule_facts(look, rule, view, self._rules.fact(rule, lang)))
        self._more.show_facts(self._sources(rule, view))
        asks = rule.outcome is RuleOutcome.NOT_DONE and rule.source.value == "officer"
        shown(self._confirm, asks and not view.read_only)
        self._confirm.say(say("eligibility.present"))
        explained = [one for one in view.case.compared if one.reason]
        noted = bool(explained) and rule.source.value == "register"
        shown(self._line, noted)
        shown(self._note_row, noted)
        items = "·".join(say(f"item.{one.item}") for one in explained)
        self._note.say(say("eligibility.explained", items=items) if noted else "")

    def _sources(self, rule: RuleResult, view: EligibilityView) -> list[tuple[str, str]]:
        say, lang = self._look.say, self._look.language
        lines = [(say("eligibility.source"), say(f"source_long.{rule.source.value}"))]
        if rule.source_at is not None:
            when = says.day_and_clock(rule.source_at, view.here)
            seoul = rule.source_at.astimezone(SEOUL).strftime("%m-%d %H:%M")
            words = say("eligibility.as_of_seoul", when=when, seoul=seoul)
            lines.append((say("column.as_of"), words))
        if view.fresh_hours and rule.source.value == "register" and rule.source_at is not None:
            old = int((view.here.now - rule.source_at).total_seconds() // 3600)
            left = max(0, view.fresh_hours - old)
            words = say("eligibility.fresh", n=view.fresh_hours, left=left)
            lines.append((say("eligibility.fresh_name"), words))
        law = self._rules.law(rule, lang)
        if law:
            lines.append((say("eligibility.law"), law))
        edition = view.decision.edition if view.decision else ""
        words = say("eligibility.rule_of", rule=rule.rule_id, edition=edition)
        lines.append((say("eligibility.rule"), words))
        return lines


def rule_facts(
    look: Look, rule: RuleResult, view: EligibilityView, sentence: str
) -> list[tuple[str, str]]:
    """The facts in the well: for the register its entry, otherwise the one sentence."""
    say, entry = look.say, view.case.register
    if rule.rule_id != "R-01" or entry is None:
        return [(say("eligibility.fact"), sentence)]
    state = say("register.alive" if entry.status == "alive" else "register.struck_off")
    if entry.status_date is not None and entry.status != "alive":
        state = f"{state} {entry.status_date.isoformat()}"
    lines = [(say("register.number"), entry.overseas_number)]
    if entry.registered_on is not None:
        lines.append((say("register.since"), entry.registered_on.isoformat()))
    lines.append((say("register.state"), state))
    differs = view.case.document is not None and entry.passport_number != view.case.document.number
    number = entry.passport_number or "—"
    word = say("register.differs", number=number) if differs else number
    lines.append((say("register.passport"), word))
    return lines


class WayCard(Card):
    """What would make it possible, and the same in the applicant's language."""

    def __init__(self, look: Look, rules: RuleWords) -> None:
        super().__init__(look)
        self._rules = rules
        self._preview = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._preview)
        self._sign = GlyphSign(look, Glyph.FAILED, 24)
        self._title = Text(look, "", Type.STRONG, wrap=True)
        self._fact = Text(look, "", Type.BODY, "muted", wrap=True)
        head = row(column(self._sign, None), column(self._title, self._fact), gap=12)
        head.setStretch(1, 1)
        self._ways = column(gap=14)
        self._well = Box(look, "well", None, 8)
        self._well_name = Text(look, "", Type.SMALL, "muted")
        self._well_text = Text(look, "", Type.SMALL, wrap=True)
        self._well.setLayout(column(self._well_name, 4, self._well_text, margins=(16, 10, 16, 10)))
        self._foot = Facts(look, wrap=True)
        self.body.addLayout(head)
        self.body.addSpacing(16)
        self.body.addLayout(self._ways)
        self.body.addSpacing(16)
        self.body.addWidget(self._well)
        self.body.addStretch(1)
        self.body.addWidget(self._foot)

    def render(self, rule: RuleResult, view: EligibilityView) -> None:
        look, say, lang = self._look, self._look.say, self._look.language
        other = view.other_language if view.other_language != lang else "ko"
        self.name(say("eligibility.way"))
        self._preview.say(say("eligibility.on_slip"))
        not_met = say("outcome.not_met")
        self._title.say(f"{self._rules.name(rule, lang)} · {not_met}")
        self._sign.show_state(Glyph.FAILED, say("outcome.not_met"))
        self._fact.say(self._rules.fact(rule, lang))
        clear(self._ways)
        for number, way in enumerate(self._rules.ways(rule, lang), 1):
            words = column(
                Text(look, way.title, Type.STRONG, wrap=True),
                *[Text(look, point, Type.BODY, wrap=True) for point in way.points],
            )
            line = row(column(NumberDisc(look, number), None), words, gap=12)
            line.setStretch(1, 1)
            self._ways.addLayout(line)
        self._well_name.say(say("eligibility.other_language", language=say(f"language.{other}")))
        ways = [way.title for way in self._rules.ways(rule, other)]
        ends = "。" if other == "zh" else "."
        self._well_text.say(" ".join(f"{title}{ends}" for title in ways))
        edition = view.decision.edition if view.decision else ""
        law = self._rules.law(rule, lang)
        basis = say("eligibility.rule_of", rule=rule.rule_id, edition=edition)
        self._foot.show_facts(
            [
                (say("eligibility.law"), f"{law} · {basis}" if law else basis),
                (say("eligibility.objection"), say("eligibility.objection_how")),
            ]
        )
