"""The audit log: does the chain hold, its lines newest first, the seals cards put on it.

Signals: ``check_again`` (F5 and the primary), ``find_asked(str, str)`` (filter, words),
``pack_asked(str)`` (case number), ``export_asked``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.counter.audit_view import Filter, LogLine, LogReport, SealLine
from desk.counter.patterns import Oddity
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.audit_parts import CopyCard, LogCard, PatternsCard, SealsCard, number
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import column, holder, row
from desk.ui.parts.button import Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Verdict
from desk.ui.theme import Type
from desk.ui.troubles import Spoken, TroubleWords

AREA = "audit"


@dataclass(frozen=True)
class AuditView:
    """``report`` is None until the first check has ended. ``names`` are officers' names by
    identifier. ``oddities`` None: not for this officer. ``saved``: name of the file that was
    just written."""

    here: says.Here
    report: LogReport | None = None
    checking: bool = False
    lines: tuple[LogLine, ...] = ()
    chosen: Filter = Filter.ALL
    seals: tuple[SealLine, ...] = ()
    oddities: tuple[Oddity, ...] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    saved: str = ""
    trouble: Spoken | None = None


class AuditPage(Page):
    """Verdict; the log left, seals and copy right."""

    check_again = Signal()
    find_asked = Signal(str, str)
    pack_asked = Signal(str)
    export_asked = Signal()

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self.say = OwnWords(look, AREA)
        self._troubles = troubles
        self._view: AuditView | None = None
        self.verdict = Verdict(look)
        self._times = Text(look, "", Type.SMALL, "muted")
        self.verdict.show_right(self._times)
        self.log = LogCard(look, self.say)
        self.seals = SealsCard(look, self.say)
        self.copy = CopyCard(look, self.say)
        self.patterns = PatternsCard(look, self.say)
        self._right = column(self.seals, self.copy, self.patterns, None, gap=16)
        self._right_box = holder(self._right)
        self._columns = row(self.log, self._right_box, gap=16)
        self._columns.setStretch(0, 1)
        self.body.addWidget(self.verdict)
        self.body.addLayout(self._columns, 1)
        self.log.field.paused.connect(self._find)
        self.log.filter_chosen.connect(self._filter)
        self.log.moved.connect(self._show_acts)
        self.patterns.asked.connect(self._show_one)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._right.setSpacing(self.gap)
        width = 320 if narrow else 384
        self._right_box.setMinimumWidth(0 if small else width)
        self._right_box.setMaximumWidth(16777215 if small else width)
        self.verdict.set_narrow(narrow or small)
        self.log.set_size(narrow, small)
        self.seals.set_narrow(narrow or small)

    def render(self, view: AuditView) -> None:
        self._view = view
        say = self.say
        self._show_verdict(view)
        self.log.render(view.lines, view.here, view.names, view.report, view.chosen)
        self.log.show_filters(view.chosen, view.oddities)
        self.seals.render(view.seals, view.here, view.names)
        report = view.report
        spoken = None
        if report is not None and report.copy_code:
            facts = {"waiting": report.copy.waiting if report.copy else None}
            spoken = self._troubles.of(report.copy_code, self.look.language, facts)
        self.copy.render(report.copy if report else None, spoken, view.here)
        self.patterns.render(view.oddities, view.here, view.names)
        shown(self.copy, report is not None)
        self.show_trouble(view.trouble)
        self._show_acts()
        self.say_head(say("title"), say("lead"))

    def _show_verdict(self, view: AuditView) -> None:
        say, report = self.say, view.report
        self._times.say(say("verdict.times"))
        if report is None and not view.checking and view.trouble is not None:
            self.verdict.show_state(
                Glyph.NOT_DONE, say("verdict.unread"), say("verdict.unread_text")
            )
            return
        if report is None or view.checking:
            self.verdict.show_state(
                Glyph.BUSY, say("verdict.checking"), say("verdict.checking_text")
            )
            return
        facts = {
            "n": number(report.events),
            "seals": report.seals,
            "time": says.clock(report.at, view.here),
            "seconds": f"{report.seconds:.1f}",
        }
        if not report.holds:
            self._show_broken(report)
        elif not report.traced:
            title, text = say("verdict.untraced"), say("verdict.untraced_text", **facts)
            self.verdict.show_state(Glyph.UNDECIDED, title, text)
        else:
            title, text = say("verdict.holds"), say("verdict.holds_text", **facts)
            self.verdict.show_state(Glyph.PASSED, title, text)

    def _show_broken(self, report: LogReport) -> None:
        say = self.say
        spoken = self._troubles.of(report.code, self.look.language, report.facts)
        title = (
            say("verdict.broken_seal")
            if report.broken is None
            else say("verdict.broken", line=number(report.broken))
        )
        self.verdict.show_state(Glyph.FAILED, title, f"{spoken.text}  {spoken.code}")

    def _show_acts(self) -> None:
        """Footer: what may be done with the line that is chosen."""
        view, say = self._view, self.say
        if view is None:
            return
        ready = not view.checking
        case = self.log.case
        pack = Other("pack", say("act.pack"), icon="file-down", enabled=ready and bool(case))
        export = Other("export", say("act.export"), Kind.QUIET, "file-text", enabled=ready)
        self.footer.show_others((pack, export))
        why = say("act.why") if case else say("act.choose_case")
        if view.saved:
            why = say("act.saved", file=view.saved)
        self.footer.show_primary(Primary(say("act.again"), ready, why, ("F5",), icon="refresh-cw"))

    def _filter(self, key: str) -> None:
        self.find_asked.emit(key, self.log.field.text())

    def _find(self) -> None:
        chosen = self._view.chosen if self._view else Filter.ALL
        self.find_asked.emit(chosen.value, self.log.field.text())

    def _show_one(self, seq: int) -> None:
        self.log.field.setText(str(seq))
        self.find_asked.emit(Filter.ALL.value, str(seq))

    def search(self) -> None:
        """Ctrl+F: the search field takes the focus."""
        self.log.field.ask()

    def first_focus(self) -> QWidget | None:
        return self.log.field

    def other_asked(self, key: str) -> None:
        if key == "pack" and self.log.case:
            self.pack_asked.emit(self.log.case)
        elif key == "export":
            self.export_asked.emit()

    def primary_key(self) -> None:
        self.check_again.emit()

    def refresh(self) -> None:
        if self._view is not None and not self._view.checking:
            self.check_again.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)
