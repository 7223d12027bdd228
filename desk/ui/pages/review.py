"""Review: what needs eyes first, the facts in short, then one card signs one digest.

Signals: ``item_opened(str)`` (the evidence of a flagged item is on the screen),
``step_asked(int)`` (look back at a step), ``approve_requested(bytearray, bool)`` (PIN as
ASCII, wiped by the receiver; whether the last try is meant), ``refuse_requested``,
``go_on``; besides ``back``, ``stop_case``, ``remedy(str)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from desk.issuance.case import Case, Judgement
from desk.issuance.eligibility import RuleOutcome
from desk.mrtd.results import Result
from desk.ui import says
from desk.ui.findings import FindingWords
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Card, Line, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import PinEntry
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.person import Facts, Picture
from desk.ui.parts.qrcard import CheckWords
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import Badge, GlyphSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Remedy
from desk.ui.theme import Type
from desk.ui.troubles import Spoken, TroubleWords


class Flagged(Protocol):
    """An item that must be opened (``desk.issuance.flagged.FlaggedItem``)."""

    @property
    def key(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def facts(self) -> tuple[tuple[str, str], ...]: ...


@dataclass(frozen=True)
class ReviewView:
    """``digest`` is the case's in hex, ``words`` its four check words (Korean, English).

    ``opened_at`` gives the time of opening by item key, as words. ``covers`` counts facts,
    results and reasons under the digest. ``signing``: the card is at work.
    """

    here: says.Here
    case: Case
    flagged: Sequence[Flagged] = ()
    opened_at: tuple[tuple[str, str], ...] = ()
    picture: QImage | None = None
    digest: str = ""
    words: tuple[tuple[str, str], ...] = ()
    covers: tuple[int, int, int] = (0, 0, 0)
    card_present: bool = True
    tries: int | None = None
    on_pad: bool = False
    wrong: bool = False
    signing: bool = False
    can_refuse: bool = True
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    read_only: bool = False


class ReviewPage(Page):
    """Flagged items and facts left; what the credential will say, and the card, right."""

    item_opened = Signal(str)
    step_asked = Signal(int)
    approve_requested = Signal(object, bool)
    refuse_requested = Signal()
    go_on = Signal()

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self._troubles = troubles
        self._findings = FindingWords(look, troubles)
        self._view: ReviewView | None = None
        self.flagged = FlaggedCard(look)
        self.flagged.opened.connect(self.item_opened)
        self.facts = FactsCard(look)
        self.facts.step_asked.connect(self.step_asked)
        self.content_card = ContentCard(look)
        self.approval = ApprovalCard(look)
        self.approval.pin.pin_given.connect(self._give)
        self.approval.pin.ready_changed.connect(lambda _ready: self._footer_now())
        self._left_column = column(self.flagged, self.facts)
        self._left_column.setStretch(1, 1)
        self._right_column = column(self.content_card, self.approval)
        self._right_column.setStretch(1, 1)
        self._left, self._right = holder(self._left_column), holder(self._right_column)
        self._columns = row(self._left, self._right)
        self._columns.setStretch(0, 1)
        self.body.addLayout(self._columns, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        for layout in (self._columns, self._left_column, self._right_column):
            layout.setSpacing(self.gap)
        width = 352 if narrow else 400
        self._right.setMinimumWidth(0 if small else width)
        self._right.setMaximumWidth(16777215 if small else width)
        self.facts.set_narrow(narrow or small)
        self.content_card.set_narrow(narrow or small)
        self.approval.set_narrow(narrow or small)

    def render(self, view: ReviewView) -> None:
        self._view = view
        say = self.look.say
        opened = dict(view.opened_at)
        lines = [self._flag_line(view, item, opened) for item in view.flagged]
        self.flagged.render(lines)
        self.facts.render(self._fact_lines(view))
        self.content_card.render(view)
        self.approval.render(view)
        self.show_trouble(view.trouble, view.remedies)
        self._render_footer(view)
        self.say_head(say("step.review"), say("review.open_then_approve"))

    # Flagged items
    def _flag_line(self, view: ReviewView, item: Flagged, opened: dict[str, str]) -> FlagLine:
        facts = dict(item.facts)
        time = opened.get(item.key, "")
        is_open = bool(time) or item.key in view.case.opened_items
        if item.key.startswith("difference:"):
            title, fact, detail, glyph = self._difference(facts)
        elif item.key.startswith("finding:"):
            title, fact, detail, glyph = self._finding(item, facts)
        else:
            title, fact, detail, glyph = self._against(view)
        return FlagLine(item.key, glyph, title, fact, detail, is_open, time)

    def _difference(self, facts: dict[str, str]) -> tuple[str, str, str, Glyph]:
        say = self.look.say
        name = say(f"item.{facts.get('item', '')}")
        fact = say(
            "review.differs", chip=facts.get("chip") or "—", register=facts.get("register") or "—"
        )
        reason = facts.get("reason", "")
        words = say(f"reason.{reason}") if reason else say("review.no_reason")
        return (
            say("review.difference", name=name),
            fact,
            say("review.reason", reason=words),
            Glyph.FAILED,
        )

    def _finding(self, item: Flagged, facts: dict[str, str]) -> tuple[str, str, str, Glyph]:
        spoken = self._troubles.of(item.code, self.look.language, facts)
        glyph = Glyph.FAILED if item.level == Result.FAILED.value else Glyph.UNDECIDED
        return spoken.title, spoken.text, f"{item.code} · {spoken.next}", glyph

    def _against(self, view: ReviewView) -> tuple[str, str, str, Glyph]:
        say, face = self.look.say, view.case.face
        judged = say(f"judgement.{face.judgement.value}") if face else ""
        band = say(f"band.{face.band}") if face else ""
        fact = say("review.face_fact", judged=judged, band=band)
        return say("review.face_differs"), fact, say("review.face_again"), Glyph.ATTENTION

    # Facts
    def _fact_lines(self, view: ReviewView) -> list[FactLine]:
        case, say = view.case, self.look.say
        lines = [self._passport_line(view), self._rules_line(case), self._face_line(case)]
        if case.consent is not None:
            time = says.clock(case.consent.given_at, view.here)
            words = say("review.consent", version=case.consent.version, time=time)
            lines.append(FactLine(Glyph.PASSED, say("review.consent_name"), words, 0))
        if case.data_confirmed_at is not None:
            time = says.clock(case.data_confirmed_at, view.here)
            words = say("review.confirmed", time=time)
            lines.append(FactLine(Glyph.PASSED, say("review.confirmed_name"), words, 0))
        return lines

    def _passport_line(self, view: ReviewView) -> FactLine:
        say = self.look.say
        passed = self._findings.results(view.case).count(Result.PASSED)
        open_items = sum(item.key.split(":")[0] != "face" for item in view.flagged)
        if open_items:
            words = say("review.passport_open", n=passed, m=open_items)
            return FactLine(Glyph.ATTENTION, say("review.passport_name"), words, 1)
        words = say("review.passport_well", n=passed)
        return FactLine(Glyph.PASSED, say("review.passport_name"), words, 1)

    def _rules_line(self, case: Case) -> FactLine:
        say, verdict = self.look.say, case.verdict
        if verdict is None:
            return FactLine(Glyph.NOT_DONE, say("review.rules_name"), say("state.not_done"), 2)
        met = sum(rule.outcome is RuleOutcome.MET for rule in verdict.rules)
        key = "review.rules_all" if met == len(verdict.rules) else "review.rules_some"
        glyph = Glyph.PASSED if met == len(verdict.rules) else Glyph.ATTENTION
        words = say(key, n=met, of=len(verdict.rules), edition=verdict.edition)
        return FactLine(glyph, say("review.rules_name"), words, 2)

    def _face_line(self, case: Case) -> FactLine:
        say, face = self.look.say, case.face
        if face is None:
            return FactLine(Glyph.NOT_DONE, say("review.face_name"), say("state.not_done"), 3)
        words = say(
            "review.face",
            judged=say(f"judgement.{face.judgement.value}"),
            distance=f"{face.distance:.2f}",
            band=say(f"band.{face.band}"),
        )
        same = face.judgement is Judgement.SAME and face.band == "similar"
        return FactLine(
            Glyph.PASSED if same else Glyph.ATTENTION, say("review.face_name"), words, 3
        )

    # Trouble and footer
    def _footer_now(self) -> None:
        if self._view is not None:
            self._render_footer(self._view)

    def _unopened(self, view: ReviewView) -> int:
        times = dict(view.opened_at)
        keys = {item.key for item in view.flagged}
        return len(keys - set(times) - set(view.case.opened_items))

    def _render_footer(self, view: ReviewView) -> None:
        say = self.look.say
        if view.read_only:
            self.footer.show_others(())
            self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))
            return
        refuse = Other(
            "refuse", say("review.refuse"), Kind.DANGER_OUTLINE, enabled=not view.signing
        )
        others = (*self.leave_out(), refuse) if view.can_refuse else self.leave_out()
        self.footer.show_others(others)
        unopened = self._unopened(view)
        word = say("review.signing" if view.signing else "review.approve")
        may = self.approval.pin.is_ready() and not view.signing and not unopened
        self.footer.show_primary(
            Primary(word, may, self._why(view, unopened), ("Enter",) if may else (), "id-card")
        )

    def _why(self, view: ReviewView, unopened: int) -> str:
        say = self.look.say
        if view.signing:
            return say("review.signing_why")
        if unopened:
            return say("review.unopened", n=unopened)
        if not view.card_present:
            return say("review.card_first")
        return say("review.then_phone") if self.approval.pin.is_ready() else say("review.pin_first")

    def other_asked(self, key: str) -> None:
        if key == "refuse":
            self.refuse_requested.emit()

    def _give(self) -> None:
        view = self._view
        ready = view is not None and self.approval.pin.is_ready() and not view.read_only
        if view is not None and ready and not view.signing and not self._unopened(view):
            self.approve_requested.emit(self.approval.pin.take(), view.tries == 1)

    def primary_key(self) -> None:
        if self._view is not None and self._view.read_only:
            self.go_on.emit()
        else:
            self._give()

    def wipe(self) -> None:
        """Forget typed digits (lock, page left)."""
        self.approval.pin.wipe()

    def first_focus(self) -> QWidget | None:
        if self.flagged.first_unopened is not None:
            return self.flagged.first_unopened
        dots = self.approval.pin.dots
        return dots if dots.isEnabled() else self.footer.primary

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


@dataclass(frozen=True)
class FlagLine:
    key: str
    glyph: Glyph
    title: str
    fact: str
    detail: str
    opened: bool
    time: str


@dataclass(frozen=True)
class FactLine:
    glyph: Glyph
    name: str
    words: str
    step: int


class FlaggedCard(Card):
    """Items that must be opened; opening shows the evidence in the row itself."""

    opened = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 1))
        self.first_unopened: QWidget | None = None
        self._count = Badge(look)
        self.left.addWidget(self._count)
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._empty = Text(look, "", Type.BODY, "muted")
        self._empty_row = holder(
            row(GlyphSign(look, Glyph.PASSED, 20), 12, self._empty, None, margins=(16, 16, 16, 16))
        )
        self._rows: list[_FlagRow] = []
        self._shown: tuple[FlagLine, ...] = ()
        self.body.addWidget(self._empty_row)

    def render(self, lines: Sequence[FlagLine]) -> None:
        say = self._look.say
        self.name(say("review.look_first"))
        word = say("review.count", n=len(lines)) if lines else ""
        self._count.show_state(None, word, token="warning", ground="warning-soft")
        self._note.say(say("review.look_first_note"))
        shown(self._empty_row, not lines)
        self._empty.say(say("review.nothing_flagged"))
        if [line.key for line in lines] != [line.key for line in self._shown]:
            self._rebuild(lines)
        for widget, line in zip(self._rows, lines, strict=True):
            widget.render(line, last=line is lines[-1])
        self._shown = tuple(lines)
        waiting = [widget.button for widget in self._rows if not widget.is_open]
        self.first_unopened = waiting[0] if waiting else None

    def _rebuild(self, lines: Sequence[FlagLine]) -> None:
        for widget in self._rows:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        self._rows = [_FlagRow(self._look, line.key) for line in lines]
        for widget in self._rows:
            widget.opened.connect(self.opened)
            self.body.addWidget(widget)


class _FlagRow(QWidget):
    opened = Signal(str)

    def __init__(self, look: Look, key: str) -> None:
        super().__init__()
        self._look, self._key, self.is_open = look, key, False
        self._sign = GlyphSign(look, Glyph.UNDECIDED, 24)
        self._title = Text(look, "", Type.STRONG, line=21)
        self._fact = Text(look, "", Type.BODY, wrap=True, line=21)
        self._detail = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._seen_sign = GlyphSign(look, Glyph.PASSED, 16)
        self._seen = Text(look, "", Type.SMALL, "success")
        self.button = Button(look, "", Kind.SECONDARY, height=32)
        self.button.clicked.connect(lambda: self.opened.emit(self._key))
        words = column(self._title, self._fact, self._detail)
        line = row(
            column(None, self._sign, None), 16, words, 16,
            column(None, row(self._seen_sign, 8, self._seen, 16, self.button), None),
            margins=(17, 7, 16, 8),
        )  # fmt: skip
        line.setStretch(2, 1)
        self._line = Line(look)
        self.setLayout(column(line, self._line))

    def render(self, line: FlagLine, last: bool) -> None:
        say = self._look.say
        self.is_open = line.opened
        self._sign.show_state(line.glyph, say(f"state.{line.glyph.value}"))
        self._title.say(line.title)
        self._fact.say(line.fact if line.opened else say("review.not_opened"))
        self._fact.say(self._fact.text(), "text" if line.opened else "muted")
        self._detail.say(line.detail if line.opened else "")
        shown(self._detail, line.opened)
        seen = say("review.opened", time=line.time) if line.opened else say("review.closed")
        self._seen_sign.show_state(Glyph.PASSED if line.opened else Glyph.WAITING, seen)
        self._seen_sign._colour = "success" if line.opened else "warning"
        self._seen.say(seen, "success" if line.opened else "warning")
        self.button.say(say("review.open"))
        self.button.setAccessibleName(f"{say('review.open')}: {line.title}")
        shown(self.button, not line.opened)
        shown(self._line, not last)
        parts = (line.title, line.fact, line.detail, seen)
        self.setAccessibleName(", ".join(part for part in parts if part))


class FactsCard(Card):
    """One line a step: what it found, and the way back to it."""

    step_asked = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 8))
        self._narrow = False
        self._rows = RowList()
        self._rows.opened.connect(self._open)
        self._lines: list[FactLine] = []
        self._shown: object = None
        self.body.addWidget(self._rows)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._shown = None
        if self._lines:
            self.render(self._lines)

    def render(self, lines: Sequence[FactLine]) -> None:
        look, say = self._look, self._look.say
        self.name(say("review.facts"))
        state = (tuple(lines), look.language, self._narrow)
        if state == self._shown:
            return
        self._shown = state
        self._lines = list(lines)
        with self._rows.rebuilding():
            self._fill(lines)

    def _fill(self, lines: Sequence[FactLine]) -> None:
        look, say = self._look, self._look.say
        self._rows.empty()
        for line in lines:
            item = Row(
                look, 38 if self._narrow else 54, (36, 112, -1, 110),
                line=line is not lines[-1], clickable=line.step > 0,
            )  # fmt: skip
            item.put(0, GlyphSign(look, line.glyph, 20, say(f"state.{line.glyph.value}")))
            item.put(1, Text(look, line.name, Type.STRONG))
            item.put(2, Text(look, line.words, Type.BODY))
            if line.step:
                words = say("review.step", n=line.step)
                item.put(3, Text(look, words, Type.SMALL_STRONG, "accent"), right=True)
            item.setAccessibleName(f"{line.name}, {line.words}")
            self._rows.add(item)

    def _open(self, place: int) -> None:
        if self._lines[place].step:
            self.step_asked.emit(self._lines[place].step)


class ContentCard(Card):
    """What the credential will say, with the resident number masked."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 12, 17, 12))
        self._picture = Picture(look, 80, 104)
        self._upper = Facts(look, line=26, gap=12)
        self._lower = Facts(look, line=26, gap=16)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        head = row(column(self._picture, None), self._upper, gap=16)
        head.setStretch(1, 1)
        self.body.addLayout(head)
        self.body.addSpacing(12)
        self.body.addWidget(self._lower)

    def set_narrow(self, narrow: bool) -> None:
        self._picture.setFixedSize(74 if narrow else 80, 96 if narrow else 104)
        for facts in (self._upper, self._lower):
            facts.set_line(24 if narrow else 26)

    def render(self, view: ReviewView) -> None:
        look, say, case = self._look, self._look.say, view.case
        self.name(say("review.content"))
        self._picture.show_image(view.picture, say("passport.chip_picture"))
        document, entry = case.document, case.register
        if document is None:
            self._upper.show_facts([])
            self._lower.show_facts([])
            return
        sex = f"sex_word.{document.sex}"
        born = f"{document.birth_date} · {say(sex) if sex in look.words else document.sex}"
        self._upper.show_facts(
            [
                (say("content.name"), entry.name_hangul if entry else "—"),
                (say("content.latin"), document.latin_name),
                (say("content.born"), born),
                (say("item.nationality"), says.nation(look, document.nationality)),
            ]
        )
        until = document.expiry_date.isoformat()
        post = view.here.post.get(look.language, "")
        resident = says.masked_resident(entry.resident_number) if entry else "—"
        lower = [
            (say("item.passport_number"), say("content.until", number=document.number, date=until)),
            (say("content.overseas"), entry.overseas_number if entry else "—"),
            (say("content.post"), post),
            (say("content.resident"), say("content.masked", number=resident)),
        ]
        if case.expiry_date is not None:
            start = view.here.now.astimezone(view.here.zone).date().isoformat()
            words = say("content.valid_from_to", start=start, end=case.expiry_date.isoformat())
            lower.append((say("content.valid"), words))
        self._lower.show_facts(lower)


class ApprovalCard(Card):
    """Check words, the card's PIN, and what the signature covers."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._badge = Badge(look, Glyph.WAITING, " ")
        self.right.addWidget(self._badge)
        self._words_name = Text(look, "", Type.SMALL, "muted")
        self._words = CheckWords(look)
        self.pin = PinEntry(look)
        self._line = Line(look)
        self._facts = Facts(look)
        self._foot = holder(column(self._line, 8, self._facts))
        self._gap = holder(column())
        for item in (self._words_name, 8, self._words, self._gap, self.pin):
            if isinstance(item, int):
                self.body.addSpacing(item)
            else:
                self.body.addWidget(item)
        self.body.addStretch(1)
        self.body.addWidget(self._foot)

    def set_narrow(self, narrow: bool) -> None:
        shown(self._foot, not narrow)
        self._gap.setFixedHeight(11 if narrow else 16)
        edge = 12 if narrow else 16
        self.body.setContentsMargins(17, edge, 17, edge)

    def render(self, view: ReviewView) -> None:
        say = self._look.say
        self.name(say("review.approval"))
        glyph = Glyph.PASSED if view.card_present else Glyph.NOT_DONE
        word = say("card.present" if view.card_present else "card.absent")
        self._badge.show_state(
            Glyph.BUSY if view.signing else glyph, say("review.signing") if view.signing else word
        )
        self._words_name.say(say("review.words"))
        english = self._look.language != "ko"
        self._words.show_words(tuple((ko, en if english else "") for ko, en in view.words))
        shown(self.pin, not view.signing and not view.read_only)
        self.pin.show_tries(view.tries, view.wrong)
        self.pin.show_pad(view.on_pad)
        self.pin.show_note(say("review.pin_note"))
        self.pin.allow(view.card_present, "" if view.card_present else say("lock.pin_after_card"))
        digest = view.digest
        short = f"{digest[:4]} {digest[4:8]} … {digest[-4:]}" if digest else "—"
        facts, results, reasons = view.covers
        covers = say("review.covers", facts=facts, results=results, reasons=reasons)
        self._facts.show_facts([(say("review.digest"), short), (say("review.covers_name"), covers)])
