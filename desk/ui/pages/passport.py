"""Passport: the zone opens the chip, the chip is read, checked and compared.

Signals: ``mrz_entered(str)`` (two lines, line feed between; read now), ``stop_reading``,
``read_again``, ``difference_reason_chosen(item, reason)``, ``finding_opened(code)``,
``log_requested``, ``refuse_requested(reason, remark)``, ``go_on``; besides those of
:class:`desk.ui.parts.frame.Page` (``back``, ``stop_case``, ``remedy(str)``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QStackedWidget, QWidget

from desk.counter.compare import REASONS
from desk.issuance.case import Case, ComparedItem, Comparison
from desk.mrtd.results import Finding, Result
from desk.ui import says
from desk.ui.findings import FindingWords, chip_is_unproven, is_established
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.passport_parts import (
    HolderCard,
    MrzEntry,
    PhaseLine,
    PhaseTable,
    RefusalCards,
    say_sex,
)
from desk.ui.parts.box import Card, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.comparison import EMPTY, CompareLine, ComparisonTable
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.results import ResultTree
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Remedy, Verdict
from desk.ui.theme import Type
from desk.ui.troubles import Spoken, TroubleWords

ITEMS = (
    "passport_number",
    "latin_name",
    "hangul_name",
    "birth_date",
    "sex",
    "nationality",
    "expiry_date",
)
COLUMN_NAMES = ("item", "printed", "chip", "typed", "register", "result")


class Stage(StrEnum):
    """EMPTY: the zone is awaited. READING: the chip is read. READ: results are there."""

    EMPTY = "empty"
    READING = "reading"
    READ = "read"


@dataclass(frozen=True)
class PassportView:
    """``picture`` is the chip's portrait (None until it was read), ``typed`` the zone's
    lines, ``typed_values`` its items by key, ``scanned`` whether a device read them.
    ``mrz_problem`` says why the zone was not accepted. ``can_go_on``: the case allows it, and
    the chip that lay there last could be read.
    """

    here: says.Here
    case: Case
    stage: Stage = Stage.EMPTY
    picture: QImage | None = None
    phases: tuple[PhaseLine, ...] = ()
    typed: tuple[str, ...] = ()
    typed_values: Mapping[str, str] = field(default_factory=dict)
    scanned: bool = False
    mrz_problem: Spoken | None = None
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    can_go_on: bool = False
    read_only: bool = False


class PassportPage(Page):
    """Verdict, holder and checks, four sources; or, when refused, what to do and record."""

    mrz_entered = Signal(str)
    stop_reading = Signal()
    read_again = Signal()
    difference_reason_chosen = Signal(str, str)
    finding_opened = Signal(str)
    log_requested = Signal()
    refuse_requested = Signal(str, str)
    go_on = Signal()

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self._troubles = troubles
        self._words = FindingWords(look, troubles)
        self._view: PassportView | None = None
        self.verdict = Verdict(look)
        self._again = Button(look, "", Kind.SECONDARY, icon="rotate-ccw")
        self._again.clicked.connect(self.read_again)
        self.holder_card = HolderCard(look)
        self._phases = PhaseTable(look)
        self.tree = ResultTree(look)
        self.tree.opened.connect(self.finding_opened)
        self._checks = Card(look, padding=(9, 8, 9, 8))
        self._checks_note = Text(look, "", Type.SMALL, "muted")
        self._log = Button(look, "", Kind.LINK, height=24, small=True)
        self._log.clicked.connect(self.log_requested)
        self._checks.right.addWidget(self._checks_note)
        self._checks.right.addWidget(self._log)
        self._checks.body.addWidget(self.tree)
        self._middle = QStackedWidget()
        self._middle.addWidget(self._phases)
        self._middle.addWidget(self._checks)
        self.table = ComparisonTable(look)
        self.table.reason_chosen.connect(self.difference_reason_chosen)
        self.entry = MrzEntry(look)
        self.entry.changed.connect(self._footer_now)
        self.entry.entered.connect(self._enter)
        self._sources = Card(look, padding=(1, 0, 1, 0))
        self._zone = Text(look, "", Type.MRZ, "muted")
        self._sources.right.addWidget(self._zone)
        self._sources.body.addWidget(self.entry)
        self._sources.body.addWidget(self.table)
        self.refusal = RefusalCards(look)
        self._top_row = row(self.holder_card, self._middle)
        self._top = holder(self._top_row)
        self._top.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        low = column(self._sources, self.refusal)
        self._low = holder(low)
        self.body.addWidget(self.verdict)
        self.body.addWidget(self._top)
        self.body.addWidget(self._low, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "verdict"):
            return
        tight = narrow or small
        self.verdict.set_narrow(tight)
        self._top_row.setSpacing(16)
        direction = QBoxLayout.Direction.TopToBottom if small else QBoxLayout.Direction.LeftToRight
        self._top_row.setDirection(direction)
        self.holder_card.set_narrow(tight)
        self.holder_card.setMinimumWidth(0 if small else (304 if narrow else 344))
        self.holder_card.setMaximumWidth(16777215 if small else (304 if narrow else 344))
        height = 264 if tight else 328
        self._top.setMinimumHeight(0 if small else height)
        self._phases.set_narrow(tight)
        self.tree.set_narrow(tight)
        self.table.set_narrow(tight)
        self.refusal.set_narrow(narrow and not small)
        self.refusal.set_small(small)

    def render(self, view: PassportView) -> None:
        """Show ``view``; what did not change does not move."""
        self._view = view
        say, case = self.look.say, view.case
        refused = self._is_refused(view)
        self._render_verdict(view)
        read = view.stage is Stage.READ
        self.holder_card.show_case(view.here, case, view.picture, read, refused, view.typed_values)
        self._middle.setCurrentWidget(self._checks if view.stage is Stage.READ else self._phases)
        self._phases.show_phases(view.phases)
        self._render_checks(view)
        shown(self._sources, not refused)
        shown(self.refusal, refused)
        note = say("passport.differences_first") if view.stage is Stage.READ else ""
        self._sources.name(say("passport.sources"), note)
        self._render_sources(view)
        if refused:
            self.refusal.render([finding.code for finding in self._words.failed(case)])
        self.show_trouble(view.trouble, view.remedies)
        self._render_footer(view)
        self.say_head(say("step.passport"), self._instruction(view, refused))

    @staticmethod
    def _is_refused(view: PassportView) -> bool:
        document = view.case.document
        failed = document is not None and document.overall is Result.FAILED
        return view.stage is Stage.READ and failed

    def _instruction(self, view: PassportView, refused: bool) -> str:
        say = self.look.say
        if view.stage is Stage.EMPTY:
            return say("passport.lay_down")
        if view.stage is Stage.READING:
            return say("passport.leave_it" if view.scanned else "passport.leave_it_typed")
        return say("passport.cannot_issue" if refused else "passport.check_and_explain")

    # Verdict
    def _render_verdict(self, view: PassportView) -> None:
        if view.stage is Stage.EMPTY:
            self._verdict_empty(view)
        elif view.stage is Stage.READING:
            self._verdict_reading(view)
        else:
            self._verdict_read(view)

    def _verdict_empty(self, view: PassportView) -> None:
        say = self.look.say
        self.verdict.show_right()
        if view.trouble is not None:
            self.verdict.show_state(Glyph.WAITING, say("passport.waiting_chip"), "")
            self.verdict.show_progress(0, say("passport.nothing_read"))
            return
        self.verdict.show_state(
            Glyph.WAITING, say("passport.put_on_reader"), say("passport.put_on_reader_more")
        )

    def _verdict_reading(self, view: PassportView) -> None:
        say = self.look.say
        running = next((p for p in view.phases if p.is_running), None)
        name = say(f"phase.{running.key}") if running else ""
        self.verdict.show_state(Glyph.BUSY, say("passport.reading", phase=name), "")
        share, figures = 0.0, ""
        if running is not None and running.total:
            share = running.done / running.total
            done = f"{running.done:,}"
            figures = say(
                "passport.bytes", done=done, total=f"{running.total:,}", percent=int(share * 100)
            )
        elif view.phases:
            share = sum(p.is_done for p in view.phases) / len(view.phases)
        self.verdict.show_progress(share, figures)
        self.verdict.show_hint("book-open", say("passport.do_not_move"), say("passport.moment"))

    def _verdict_read(self, view: PassportView) -> None:
        say, case = self.look.say, view.case
        failed, unsettled = self._words.failed(case), self._words.unsettled(case)
        if failed:
            title = say("verdict.refuse", why=self._words.reason(failed))
            self.verdict.show_state(Glyph.FAILED, title, self._why_refused(failed))
            self._again.say(say("passport.read_again"))
            self.verdict.show_right() if view.read_only else self.verdict.show_right(self._again)
            return
        if unsettled or not self._has_passed(case):
            title = say("verdict.look_closer_at", why=self._words.reason(unsettled))
            sentence = self._look_closer(case, len(unsettled))
            self.verdict.show_state(Glyph.ATTENTION, title, sentence)
        else:
            key = "all_well_unproven" if chip_is_unproven(case) else "all_well"
            self.verdict.show_state(Glyph.PASSED, say("verdict.go_on"), say(f"passport.{key}"))
        self.verdict.show_counts(self._words.counts(case))

    def _why_refused(self, failed: Sequence[Finding]) -> str:
        """The gravest in full; where other questions failed too, what they say."""
        first = failed[0]
        others = [finding for finding in failed if finding.check is not first.check]
        if others:
            return self.look.say("passport.also", what=self._words.titles(others))
        return self._troubles.of(first.code, self.look.language, first.facts).text

    @staticmethod
    def _has_passed(case: Case) -> bool:
        return case.document is not None and case.document.overall is Result.PASSED

    def _look_closer(self, case: Case, unsettled: int) -> str:
        """What is established, and how much is left to look at."""
        say = self.look.say
        differing = sum(one.outcome is Comparison.DIFFERENT for one in case.compared)
        undecided = unsettled - bool(differing)
        if differing and undecided:
            what = say("passport.closer_both", n=differing, m=undecided)
        elif differing:
            what = say("passport.closer_differ", n=differing)
        else:
            what = say("passport.closer_undecided", n=undecided)
        key = "closer_genuine" if is_established(case) else "closer_open"
        return say(f"passport.{key}", what=what)

    # Cards
    def _render_checks(self, view: PassportView) -> None:
        say, document = self.look.say, view.case.document
        self._checks.name(say("passport.checks"))
        if document is None:
            return
        size = says.kilobytes(document.bytes_read)
        self._checks_note.say(say("passport.read_in", seconds=f"{document.seconds:.1f}", size=size))
        self._log.say(say("passport.log"))
        self.tree.show_branches(*self._words.branches(view.case))

    def _render_sources(self, view: PassportView) -> None:
        say = self.look.say
        empty = view.stage is Stage.EMPTY
        shown(self.entry, empty)
        shown(self.table, not empty)
        shown(self._zone, not empty)
        self.entry.render(view.typed, view.mrz_problem)
        lines = view.case.document.mrz if view.case.document else view.typed
        self._zone.say("\n".join(lines))
        self.table.show_head([say(f"column.{name}") for name in COLUMN_NAMES])
        if view.stage is Stage.READ and view.case.compared:
            rows: Sequence[CompareLine] = [self._compared(view, one) for one in view.case.compared]
        else:
            rows = [self._pending(view, item) for item in ITEMS]
        self.table.show_lines(rows)

    def _pending(self, view: PassportView, item: str) -> CompareLine:
        say = self.look.say
        value = self._value(item, view.typed_values.get(item))
        printed, typed = (value, EMPTY) if view.scanned else (EMPTY, value)
        later = say("compare.after_chip")
        values = (printed, EMPTY, typed, later)
        word = say("state.waiting")
        return CompareLine(
            item,
            say(f"item.{item}"),
            values,
            Glyph.WAITING,
            word,
            quiet=frozenset({3}),
            remark=item in ("passport_number", "latin_name", "birth_date"),
        )

    def _compared(self, view: PassportView, one: ComparedItem) -> CompareLine:
        say = self.look.say
        raw = (one.printed, one.chip, one.typed, one.register)
        values = (
            self._value(one.item, one.printed),
            self._value(one.item, one.chip),
            self._value(one.item, one.typed),
            self._register_value(one.item, one.register),
        )
        differs = one.outcome is Comparison.DIFFERENT
        glyph = {
            Comparison.DIFFERENT: Glyph.ATTENTION,
            Comparison.NOT_ON_CHIP: Glyph.NOT_SUPPORTED,
        }.get(one.outcome, Glyph.PASSED)
        reasons = tuple((key, say(f"reason.{key}")) for key in REASONS.get(one.item, ()))
        return CompareLine(
            one.item,
            say(f"item.{one.item}"),
            values,
            glyph,
            say(f"compare.{one.outcome.value}"),
            differs=_alone(raw) if differs else frozenset(),
            reasons=reasons if differs and not view.read_only else (),
            reason=one.reason or "",
            remark=one.outcome not in (Comparison.SAME, Comparison.NOT_IN_REGISTER),
        )

    def _value(self, item: str, value: str | None) -> str:
        if not value:
            return EMPTY
        if item == "sex":
            return says.sex(self.look, value)
        return value

    def _register_value(self, item: str, value: str | None) -> str:
        """The register's codes as the words it uses."""
        if value and item == "sex":
            return say_sex(self.look, value)
        if value and item == "nationality":
            return says.nation(self.look, value)
        return value or EMPTY

    # Trouble and footer
    def _footer_now(self) -> None:
        if self._view is not None:
            self._render_footer(self._view)

    def _render_footer(self, view: PassportView) -> None:
        if view.read_only:
            self._footer_read_only()
        elif view.stage is Stage.EMPTY:
            self._footer_empty()
        elif view.stage is Stage.READING:
            self._footer_reading()
        elif self._is_refused(view):
            self._footer_refused()
        else:
            self._footer_read(view)

    def _footer_read_only(self) -> None:
        say = self.look.say
        self.footer.show_others(())
        self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))

    def _footer_empty(self) -> None:
        say = self.look.say
        self.footer.show_others(self.leave_out())
        ready = self.entry.is_complete()
        why = "" if ready else say("passport.type_zone")
        keys = ("Ctrl+Enter",) if ready else ()
        self.footer.show_primary(Primary(say("passport.read_chip"), ready, why, keys))

    def _footer_reading(self) -> None:
        say = self.look.say
        stop = Other("stop_reading", say("passport.stop_reading"), icon="x", cap="Esc")
        self.footer.show_others((stop,))
        self.footer.show_primary(
            Primary(say("footer.next_eligibility"), False, say("passport.results_follow"))
        )

    def _footer_refused(self) -> None:
        say = self.look.say
        self.footer.show_others(self.leave_out())
        self.footer.show_primary(
            Primary(say("refuse.confirm"), True, say("refuse.final"), icon="ban", kind=Kind.DANGER)
        )

    def _footer_read(self, view: PassportView) -> None:
        say = self.look.say
        again = Other("again", say("passport.read_again"), icon="rotate-ccw")
        self.footer.show_others((*self.leave_out(), again))
        missing = sum(
            one.outcome is Comparison.DIFFERENT and not one.reason for one in view.case.compared
        )
        given = sum(bool(one.reason) for one in view.case.compared)
        why = say("passport.reasons_given", n=given) if given else ""
        if missing:
            why = say("passport.reasons_missing", n=missing)
        keys = ("Ctrl+Enter",) if view.can_go_on else ()
        self.footer.show_primary(Primary(say("footer.next_eligibility"), view.can_go_on, why, keys))

    # What the keys and buttons do
    def other_asked(self, key: str) -> None:
        if key == "stop_reading":
            self.stop_reading.emit()
        elif key == "again":
            self.read_again.emit()

    def _enter(self) -> None:
        if self.entry.is_complete():
            self.mrz_entered.emit(self.entry.text())

    def primary_key(self) -> None:
        view = self._view
        if view is None or view.read_only:
            self.go_on.emit()
        elif view.stage is Stage.EMPTY:
            self._enter()
        elif self._is_refused(view):
            self.refuse_requested.emit(*self.refusal.answer())
        elif view.stage is Stage.READ and view.can_go_on:
            self.go_on.emit()

    def escape(self) -> None:
        if self._view is not None and self._view.stage is Stage.READING:
            self.stop_reading.emit()

    def refresh(self) -> None:
        view = self._view
        if view is not None and view.stage is Stage.READ and not view.read_only:
            self.read_again.emit()
        elif view is not None and view.stage is Stage.EMPTY:
            self._enter()

    def first_focus(self) -> QWidget | None:
        view = self._view
        if view is None or view.stage is Stage.EMPTY:
            return self.entry.first
        unanswered = [choice for choice in self.table.choices() if not choice.value()]
        return unanswered[0] if unanswered else self.footer.primary

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


def _alone(values: Sequence[str | None]) -> frozenset[int]:
    """The places whose value stands against the majority of the others."""
    known = [value for value in values if value]
    counts = {value: known.count(value) for value in known}
    if not counts:
        return frozenset()
    most = max(counts.values())
    usual = next(value for value in known if counts[value] == most)
    return frozenset(n for n, value in enumerate(values) if value and value != usual)
