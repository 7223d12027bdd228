"""Hand-over: the slip, what must be said and given, and the end of the case.

Signals: ``print_requested(printer, language)``, ``show_on_screen`` (the slip on the
applicant's screen), ``language_chosen(str)``, ``close_requested``; besides ``stop_case``,
``remedy(str)``. The preview is Qt's PDF view; the slip itself is made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QMargins, QObject, Qt, Signal
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPdfWidgets import QPdfView
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QWidget

from desk.issuance.case import Case, State
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Box, Card, Line, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Check, Choice, Labelled
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.sign import Badge, IconSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Remedy, Verdict
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

CHECKS = ("passport", "slip", "loss")
MARGIN = 16
POINTS_AN_INCH = 72


@dataclass(frozen=True)
class HandOverView:
    """``slip`` is the PDF's path, None while it is being made. ``printers`` and
    ``languages`` are (key, words) pairs. ``took`` is how long the case took, as words."""

    here: says.Here
    case: Case
    slip: Path | None = None
    serial: str = ""
    printed_at: str = ""
    printing: bool = False
    printers: tuple[tuple[str, str], ...] = ()
    printer: str = ""
    languages: tuple[tuple[str, str], ...] = ()
    language: str = ""
    took: str = ""
    closing: bool = False
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()


class HandOverPage(Page):
    """Preview left; state, printing, checklist and what closing does right."""

    print_requested = Signal(str, str)
    show_on_screen = Signal()
    language_chosen = Signal(str)
    close_requested = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._view: HandOverView | None = None
        self.slip = SlipCard(look)
        self.verdict = Verdict(look)
        self.printing = PrintCard(look)
        self.printing.print_requested.connect(self.print_requested)
        self.printing.language_chosen.connect(self.language_chosen)
        self.checks = ChecksCard(look)
        self.checks.changed.connect(self._footer_now)
        self.closing = ClosingCard(look)
        self._right_column = column(self.verdict, self.printing, self.checks, self.closing)
        self._right_column.setStretch(3, 1)
        self._right = holder(self._right_column)
        self._columns = row(self.slip, self._right)
        self._columns.setStretch(1, 1)
        self.body.addLayout(self._columns, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        tight = narrow or small
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._right_column.setSpacing(self.gap)
        width = 420 if tight else 524
        self.slip.setMinimumWidth(0 if small else width)
        self.slip.setMaximumWidth(16777215 if small else width)
        self.slip.setMinimumHeight(480 if small else 0)
        self.verdict.set_narrow(tight)
        self.checks.set_narrow(tight)
        self.printing.set_narrow(tight)
        self.closing.set_narrow(tight)

    def render(self, view: HandOverView) -> None:
        self._view = view
        say, case = self.look.say, view.case
        self.slip.render(view)
        proven = case.state is State.PROVEN
        at = case.entered(State.PROVEN)
        if proven and at is not None:
            words = say("hand_over.proven_at", time=says.clock(at, view.here))
            self.verdict.show_state(Glyph.PASSED, say("proof.usable"), words)
        else:
            words = say("hand_over.not_proven_more")
            self.verdict.show_state(Glyph.ATTENTION, say("case_state.delivered"), words)
        if view.took:
            self.verdict.show_clock(say("hand_over.took"), view.took)
        self.printing.render(view)
        number = case.document.number if case.document else ""
        self.checks.render(number, view.serial)
        self.closing.render()
        self._render_trouble(view)
        self._render_footer(view)
        self.say_head(say("step.hand_over"), say("hand_over.give_and_close"))

    def _render_trouble(self, view: HandOverView) -> None:
        if view.trouble is None:
            self.hide_banner()
            return
        spoken = view.trouble
        self.show_banner(
            glyph=spoken.glyph,
            title=spoken.title,
            sentence=spoken.text,
            next_step=spoken.next,
            code=spoken.code,
            remedies=view.remedies,
        )

    def _footer_now(self) -> None:
        if self._view is not None:
            self._render_footer(self._view)

    def _render_footer(self, view: HandOverView) -> None:
        say = self.look.say
        on_screen = Other(
            "screen", say("hand_over.on_screen"), icon="monitor", enabled=view.slip is not None
        )
        self.footer.show_others((on_screen,))
        left = self.checks.remaining()
        may = not left and not view.closing
        why = say("hand_over.checks_left", n=left) if left else ""
        word = say("hand_over.closing" if view.closing else "hand_over.close")
        keys = ("Ctrl+Enter",) if may else ()
        self.footer.show_primary(Primary(word, may, why, keys, icon="check"))

    def other_asked(self, key: str) -> None:
        if key == "screen":
            self.show_on_screen.emit()

    def primary_key(self) -> None:
        if self._view is not None and not self.checks.remaining() and not self._view.closing:
            self.close_requested.emit()

    def print_key(self) -> None:
        self.printing.ask()

    def first_focus(self) -> QWidget | None:
        return self.checks.first()

    def forget(self) -> None:
        """Another case: no box is ticked."""
        self.checks.forget()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


class SlipCard(Card):
    """The slip as it is printed, fitted to the card."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 1))
        self._badge = Badge(look, Glyph.WAITING, " ")
        self.right.addWidget(self._badge)
        self._is_ready = False
        self._document = QPdfDocument(self)
        self._pdf = QPdfView()
        self._pdf.setDocument(self._document)
        self._pdf.setZoomMode(QPdfView.ZoomMode.Custom)
        off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self._pdf.setVerticalScrollBarPolicy(off)
        self._pdf.setHorizontalScrollBarPolicy(off)
        self._pdf.setDocumentMargins(QMargins(MARGIN, MARGIN, MARGIN, MARGIN))
        self._pdf.setPageSpacing(0)
        self._document.statusChanged.connect(self._status_changed)
        self._pdf.setFrameShape(QFrame.Shape.NoFrame)
        self._pdf.setPageMode(QPdfView.PageMode.SinglePage)
        self._waiting = Text(look, "", Type.BODY, "muted", wrap=True)
        self._waiting_box = holder(column(None, row(None, self._waiting, None), None))
        self._path: Path | None = None
        self._well = Box(look, "well", None, 9)
        self._well.setLayout(column(self._pdf, self._waiting_box, margins=(0, 0, 0, 0)))
        self.body.addWidget(self._well, 1)
        self._pdf.viewport().installEventFilter(self)
        look.restyled.connect(self._restyle)
        self._restyle()

    def _status_changed(self, status: QPdfDocument.Status) -> None:
        # The document tells of its own end too; then it cannot be asked any more.
        if status == QPdfDocument.Status.Ready:
            self._is_ready = True
            self._fit()
        else:
            self._is_ready = False

    def _fit(self) -> None:
        """The whole page, as large as its place."""
        if not self._is_ready:
            return
        points = self._document.pagePointSize(0)
        view = self._pdf.viewport()
        inch = view.logicalDpiX() / POINTS_AN_INCH
        wide = (view.width() - 2 * MARGIN) / (points.width() * inch)
        high = (view.height() - 2 * MARGIN) / (points.height() * inch)
        self._pdf.setZoomFactor(max(0.1, min(wide, high)))

    def _restyle(self) -> None:
        palette = self._pdf.palette()
        palette.setColor(palette.ColorRole.Dark, self._look["well"])
        self._pdf.setPalette(palette)

    def render(self, view: HandOverView) -> None:
        say = self._look.say
        self.name(say("hand_over.slip"), view.serial)
        if view.printing:
            self._badge.show_state(Glyph.BUSY, say("hand_over.printing"))
        elif view.printed_at:
            words = say("hand_over.printed", time=view.printed_at)
            self._badge.show_state(Glyph.PASSED, words)
        else:
            self._badge.show_state(Glyph.WAITING, say("hand_over.not_printed"))
        self._waiting.say(say("hand_over.making"))
        shown(self._pdf, view.slip is not None)
        shown(self._waiting_box, view.slip is None)
        self._pdf.setAccessibleName(say("hand_over.preview", serial=view.serial))
        if view.slip != self._path:
            self._path = view.slip
            self._document.close()
            if view.slip is not None:
                self._document.load(str(view.slip))
                self._fit()

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False


class PrintCard(Card):
    """Printer and language of the slip; printing again voids the former slip."""

    print_requested = Signal(str, str)
    language_chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 12, 17, 12))
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._printer, self._language = Choice(look), Choice(look)
        self._printer_box = Labelled(look, self._printer)
        self._language_box = Labelled(look, self._language)
        self._button = Button(look, "", Kind.SECONDARY, icon="printer")
        self._button.clicked.connect(self.ask)
        self._language.chosen.connect(self.language_chosen)
        fields = row(self._printer_box, self._language_box, column(20, self._button), gap=16)
        fields.setStretch(0, 1)
        fields.setStretch(1, 1)
        self._void = Text(look, "", Type.SMALL, "muted")
        self._void_box = holder(row(IconSign(look, "info", 16), self._void, gap=8))
        self._void_box.layout().setStretch(1, 1)  # type: ignore[union-attr]
        self.body.addLayout(fields)
        self.body.addSpacing(12)
        self.body.addWidget(self._void_box)

    def set_narrow(self, narrow: bool) -> None:
        edge = 8 if narrow else 16
        self.body.setContentsMargins(17, edge, 17, edge)

    def render(self, view: HandOverView) -> None:
        say = self._look.say
        self.name(say("hand_over.print"))
        self._note.say(say("hand_over.one_sheet"))
        self._printer_box.say(say("hand_over.printer"))
        self._language_box.say(say("hand_over.language"))
        self._printer.offer(view.printers, view.printer, say("hand_over.no_printer"))
        self._printer.setEnabled(bool(view.printers))
        self._language.offer(view.languages, view.language)
        word = "hand_over.print_again" if view.printed_at else "hand_over.print_now"
        self._button.say(say(word))
        can = view.slip is not None and bool(view.printers) and not view.printing
        self._button.setEnabled(can)
        self._void.say(say("hand_over.voids", serial=view.serial) if view.printed_at else "")
        shown(self._void_box, bool(view.printed_at))

    def ask(self) -> None:
        if self._button.isEnabled():
            self.print_requested.emit(self._printer.value(), self._language.value())


class ChecksCard(Card):
    """What must be true before the case is closed; nothing is ticked beforehand."""

    changed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 0))
        self._count = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._count)
        self._boxes = {key: Check(look, detail=" ") for key in CHECKS}
        self._holders = []
        for key, box in self._boxes.items():
            line = holder(row(box, margins=(16, 7, 16, 7)))
            self._holders.append(line)
            self.body.addWidget(line)
            if key != CHECKS[-1]:
                self.body.addWidget(Line(look))
            box.toggled.connect(self._toggled)

    def set_narrow(self, narrow: bool) -> None:
        for line in self._holders:
            edge = 3 if narrow else 8
            line.layout().setContentsMargins(16, edge, 16, edge)

    def render(self, passport: str, serial: str) -> None:
        say = self._look.say
        self.name(say("hand_over.before"))
        details = {
            "passport": passport,
            "slip": say("hand_over.slip_detail", serial=serial),
            "loss": say("hand_over.loss_detail"),
        }
        for key, box in self._boxes.items():
            box.say(say(f"hand_over.check_{key}"), details[key])
        self._say_count()

    def _toggled(self, _on: bool) -> None:
        self._say_count()
        self.changed.emit()

    def _say_count(self) -> None:
        self._count.say(f"{len(CHECKS) - self.remaining()} / {len(CHECKS)}")

    def remaining(self) -> int:
        return sum(not box.isChecked() for box in self._boxes.values())

    def first(self) -> QWidget:
        unticked = [box for box in self._boxes.values() if not box.isChecked()]
        return unticked[0] if unticked else self._boxes[CHECKS[0]]

    def forget(self) -> None:
        for box in self._boxes.values():
            box.setChecked(False)


class ClosingCard(Card):
    """What happens when the case is closed."""

    LINES = (
        ("trash-2", "wiped"),
        ("lock", "shut"),
        ("history", "recorded"),
        ("monitor", "cleared"),
    )

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 12, 17, 12))
        self._texts = []
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._lines = []
        for icon, key in self.LINES:
            text = Text(look, "", Type.BODY)
            self._texts.append((key, text))
            line = row(IconSign(look, icon, 20), text, gap=12)
            line.setStretch(1, 1)
            self._lines.append(holder(line))
        self.body.addLayout(self._grid)
        self.body.addStretch(1)
        self.set_narrow(False)

    def set_narrow(self, narrow: bool) -> None:
        """Four lines under one another, in the narrow window two by two."""
        for place, line in enumerate(self._lines):
            across = 2 if narrow else 1
            self._grid.addWidget(line, place // across, place % across)
        self._grid.setVerticalSpacing(2 if narrow else 8)
        self.body.setContentsMargins(17, 8 if narrow else 14, 17, 4 if narrow else 8)

    def render(self) -> None:
        say = self._look.say
        self.name(say("hand_over.when_closed"))
        for key, text in self._texts:
            text.say(say(f"hand_over.when_{key}"))
