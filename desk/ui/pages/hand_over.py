"""Hand-over: the slip, what must be said and given, and the end of the case.

Signals: ``print_requested(printer, language)`` (again: the former slip becomes void),
``show_on_screen`` (the slip on the applicant's screen), ``language_chosen(str)``,
``close_requested`` (``said`` tells what was confirmed), ``activate_asked``, ``aftercare_asked``;
besides ``stop_case``, ``remedy(str)``. The preview is Qt's PDF view; the slip itself is made
elsewhere.

The page follows the case's state: usable (hand-over slip), refused (refusal slip),
delivered but not proven (that it is not usable yet, or cannot become so), cancelled or expired
(no slip, and nothing to wait for).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QEvent, QIODevice, QMargins, QObject, Qt, Signal
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPdfWidgets import QPdfView
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QHBoxLayout, QWidget

from desk.issuance.case import Case, CaseKind, State
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Box, Card, Line, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Check, Choice, Labelled
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.sign import Badge, IconSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Remedy, Verdict
from desk.ui.renewals import AREA as RENEWAL
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

CHECKS = ("passport", "slip", "loss")
BY_STATE = {
    State.PROVEN: CHECKS,
    State.ACTIVATED: CHECKS,
    State.REFUSED: ("passport", "slip", "again"),
    State.DELIVERED: ("passport", "slip", "visit"),
}
"""What is confirmed before the end; where a case ended before, the passport alone."""
BARRED = ("passport", "slip", "barred")
"""The same where what was delivered may not become usable."""
WITH_SLIP = (State.PROVEN, State.ACTIVATED, State.DELIVERED, State.REFUSED)
MARGIN = 16
POINTS_AN_INCH = 72


@dataclass(frozen=True)
class HandOverView:
    """``slip`` is the PDF (or its path), None while it is being made. ``printers`` and
    ``languages`` are (key, words) pairs. ``took`` is how long the case took, as words.
    ``may_activate``: this officer may ask two cards to make usable what no phone presented.
    ``bar``: why what was delivered may not become usable, in after-care's words; else empty."""

    here: says.Here
    case: Case
    slip: bytes | Path | None = None
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
    may_activate: bool = False
    bar: str = ""

    @property
    def has_slip(self) -> bool:
        """Whether the case gives a slip at all."""
        return self.case.state in WITH_SLIP


class HandOverPage(Page):
    """Preview left; state, printing, checklist and what closing does right."""

    print_requested = Signal(str, str)
    show_on_screen = Signal()
    language_chosen = Signal(str)
    close_requested = Signal()
    activate_asked = Signal()
    aftercare_asked = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._say, self._renewal = OwnWords(look), OwnWords(look, RENEWAL)
        self._view: HandOverView | None = None
        self._on_screen = ""
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
        """Show ``view``; what did not change does not move."""
        self._view = view
        say, case = self._say, view.case
        self.slip.render(view)
        self._render_verdict(view)
        if view.took:
            self.verdict.show_clock(say("hand_over.took"), view.took)
        shown(self.printing, view.has_slip)
        self.printing.render(view)
        number = case.document.number if case.document else ""
        asked = BARRED if view.bar else BY_STATE.get(case.state, CHECKS[:1])
        kinds = () if case.closed_at else asked
        self.checks.render(kinds, number, view.serial)
        shown(self.checks, bool(kinds))
        self.closing.render(case, barred=bool(view.bar))
        shown(self.closing, case.closed_at is None)
        self.show_trouble(view.trouble, view.remedies)
        self._render_footer(view)
        self.say_head(say("step.hand_over"), self._head(view))

    def _head(self, view: HandOverView) -> str:
        case = view.case
        if case.closed_at is not None:
            return self._say("end.head_closed")
        if view.bar:
            return self._say("end.head_barred")
        key = {
            State.PROVEN: "hand_over.give_and_close",
            State.ACTIVATED: "hand_over.give_and_close",
            State.REFUSED: "end.head_refused",
            State.DELIVERED: "end.head_delivered",
        }
        return self._say(key.get(case.state, "end.head_ended"))

    def _render_verdict(self, view: HandOverView) -> None:
        say, case = self._say, view.case
        at = case.entered(case.state)
        time = says.clock(at, view.here) if at else "—"
        if case.state is State.PROVEN:
            words = self._proven_words(case, time)
            self.verdict.show_state(Glyph.PASSED, say("proof.usable"), words)
        elif case.state is State.ACTIVATED:
            words = say("hand_over.activated_at", time=time)
            self.verdict.show_state(Glyph.ATTENTION, _as_title(say("case_state.activated")), words)
        elif case.state is State.DELIVERED:
            barred = f"{say('proof.barred')} · {view.bar}"
            words = barred if view.bar else say("hand_over.not_proven_more")
            self.verdict.show_state(Glyph.ATTENTION, _as_title(say("case_state.delivered")), words)
        elif case.state is State.REFUSED:
            title = say("verdict.refuse", why=self._why_ended(case, "refusal"))
            words = say("end.refused", time=time)
            self.verdict.show_state(Glyph.FAILED, title, words)
        else:
            why = self._why_ended(case, "ending")
            title = " · ".join(part for part in (say("end.over"), why) if part)
            self.verdict.show_state(Glyph.NOT_DONE, title, say("end.nothing_issued", time=time))

    def _proven_words(self, case: Case, time: str) -> str:
        if case.kind is CaseKind.RESUME:
            return self._renewal("renewal_hand_over.resumed_at", time=time)
        if case.kind is CaseKind.REISSUE:
            return self._renewal("renewal_hand_over.reissued_at", time=time, former=case.former)
        return self._say("hand_over.proven_at", time=time)

    def _why_ended(self, case: Case, area: str) -> str:
        """The reason a case ended, in words; its key where the table has none."""
        if case.ending is None:
            return self._say(f"case_state.{case.state.value}")
        for table in (area, "ending", "refusal"):
            key = f"{table}.{case.ending.reason}"
            if key in self._say:
                return self._say(key)
        return case.ending.reason

    def _footer_now(self) -> None:
        if self._view is not None:
            self._render_footer(self._view)

    def _render_footer(self, view: HandOverView) -> None:
        say = self._say
        on_screen = Other(
            "screen", say("hand_over.on_screen"), icon="monitor", enabled=view.slip is not None
        )
        activate = Other("activate", say("hand_over.activate"), icon="triangle-alert")
        aftercare = Other("aftercare", say("proof.to_aftercare"), icon="tablet")
        others = (
            *((on_screen,) if view.has_slip else ()),
            *((activate,) if view.may_activate else ()),
            *((aftercare,) if view.bar else ()),
        )
        self.footer.show_others(others)
        if view.case.closed_at is not None:
            why = say("end.closed_at", time=says.clock(view.case.closed_at, view.here))
            self.footer.show_primary(Primary(say("hand_over.close"), False, why, icon="check"))
            return
        why = self._why_not(view)
        word = say("hand_over.closing" if view.closing else self._close_word(view))
        keys = () if why or view.closing else ("Ctrl+Enter",)
        self.footer.show_primary(Primary(word, self._may_close(), why, keys, icon="check"))

    @staticmethod
    def _close_word(view: HandOverView) -> str:
        return "end.leave" if view.case.state is State.DELIVERED else "hand_over.close"

    def _why_not(self, view: HandOverView) -> str:
        """What is still missing before the case may end."""
        if view.printing:
            return self._say("end.wait_printing")
        seen = bool(view.printed_at) or (view.serial and self._on_screen == view.serial)
        if view.has_slip and not seen:
            return self._say("end.slip_first")
        left = self.checks.remaining()
        return self._say("hand_over.checks_left", n=left) if left else ""

    def _may_close(self) -> bool:
        view = self._view
        return (
            view is not None
            and view.case.closed_at is None
            and not view.closing
            and not self._why_not(view)
        )

    @property
    def said(self) -> dict[str, bool]:
        """Which of the confirmations of this case's state are ticked, by key."""
        return self.checks.said()

    def other_asked(self, key: str) -> None:
        if key == "activate":
            self.activate_asked.emit()
        elif key == "aftercare":
            self.aftercare_asked.emit()
        elif key == "screen" and self._view is not None:
            self._on_screen = self._view.serial
            self.show_on_screen.emit()
            self._footer_now()

    def primary_key(self) -> None:
        if self._may_close():
            self.close_requested.emit()

    def print_key(self) -> None:
        self.printing.ask()

    def first_focus(self) -> QWidget | None:
        return self.checks.first() or self.footer.primary

    def forget(self) -> None:
        """Another case: no box is ticked."""
        self._on_screen = ""
        self.checks.forget()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


def _as_title(words: str) -> str:
    """The words of a table's cell, which begin small in English."""
    return words[:1].upper() + words[1:]


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
        self._loaded: bytes | Path | None = None
        self._bytes = QBuffer(self)
        self._say = OwnWords(look)
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
        say = self._say
        self.name(say("end.no_slip" if not view.has_slip else "hand_over.slip"), view.serial)
        if not view.has_slip:
            self._badge.show_state(None, "")
        elif view.printing:
            self._badge.show_state(Glyph.BUSY, say("hand_over.printing"))
        elif view.printed_at:
            words = say("hand_over.printed", time=view.printed_at)
            self._badge.show_state(Glyph.PASSED, words)
        else:
            self._badge.show_state(Glyph.WAITING, say("hand_over.not_printed"))
        self._waiting.say(self._instead(view))
        shown(self._pdf, view.slip is not None)
        shown(self._waiting_box, view.slip is None)
        self._pdf.setAccessibleName(say("hand_over.preview", serial=view.serial))
        if view.slip != self._loaded:
            self._load(view.slip)

    def _instead(self, view: HandOverView) -> str:
        """What stands in the slip's place while there is none."""
        if view.has_slip:
            failed = view.trouble is not None and not view.printing
            return self._say("end.slip_not_made" if failed else "hand_over.making")
        return self._say("end.no_slip_more")

    def _load(self, slip: bytes | Path | None) -> None:
        self._loaded = slip
        self._document.close()
        self._bytes.close()
        if isinstance(slip, Path):
            self._document.load(str(slip))
        elif slip is not None:
            self._bytes.setData(slip)
            self._bytes.open(QIODevice.OpenModeFlag.ReadOnly)
            self._document.load(self._bytes)
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
        self._say = OwnWords(look)
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
        self.body.addWidget(self._void_box)

    def set_narrow(self, narrow: bool) -> None:
        self.body.setSpacing(4 if narrow else 12)
        edge = 8 if narrow else 16
        self.body.setContentsMargins(17, edge, 17, edge)

    def render(self, view: HandOverView) -> None:
        say = self._say
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
        # The note keeps its line, so that nothing below moves when the sheet is out.
        again = bool(view.printed_at and view.serial)
        note = say("hand_over.voids", serial=view.serial) if again else say("end.numbered")
        self._void.say(note)

    def ask(self) -> None:
        if self._button.isEnabled():
            self.print_requested.emit(self._printer.value(), self._language.value())


class ChecksCard(Card):
    """What must be true before the case is closed; nothing is ticked beforehand."""

    changed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 0))
        self._say = OwnWords(look)
        self._count = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._count)
        every = dict.fromkeys(key for keys in (*BY_STATE.values(), BARRED) for key in keys)
        order = sorted(every, key=("passport", "slip", "visit", "barred", "again", "loss").index)
        self._boxes = {key: Check(look, detail=" ") for key in order}
        self._rows: dict[str, QWidget] = {}
        self._edges: list[QHBoxLayout] = []
        self._kinds: tuple[str, ...] = ()
        self._serial = ""
        self._lines = {key: Line(look) for key in order}
        for key, box in self._boxes.items():
            self._edges.append(row(box, margins=(16, 7, 16, 7)))
            self._rows[key] = holder(self._edges[-1])
            self.body.addWidget(self._lines[key])
            self.body.addWidget(self._rows[key])
            box.toggled.connect(self._toggled)

    def set_narrow(self, narrow: bool) -> None:
        edge = 3 if narrow else 8
        for line in self._edges:
            line.setContentsMargins(16, edge, 16, edge)

    def render(self, kinds: tuple[str, ...], passport: str, serial: str) -> None:
        say = self._say
        self._kinds = kinds
        self.name(say("hand_over.before"))
        details = {
            "passport": passport,
            "slip": say("hand_over.slip_detail", serial=serial or "—"),
            "loss": say("hand_over.loss_detail"),
            "visit": say("end.visit_detail"),
            "barred": say("end.barred_detail"),
            "again": say("end.again_detail"),
        }
        for key, box in self._boxes.items():
            word = f"hand_over.check_{key}" if f"hand_over.check_{key}" in say else f"end.{key}"
            box.say(say(word), details[key])
            shown(self._rows[key], key in kinds)
            shown(self._lines[key], key in kinds[1:])
        if serial != self._serial:
            # Another sheet: what was confirmed of the former one is void with it.
            self._serial = serial
            self._boxes["slip"].setChecked(False)
        self._say_count()

    def _toggled(self, _on: bool) -> None:
        self._say_count()
        self.changed.emit()

    def _say_count(self) -> None:
        self._count.say(f"{len(self._kinds) - self.remaining()} / {len(self._kinds)}")

    def said(self) -> dict[str, bool]:
        """The confirmations asked for, and whether they are ticked."""
        return {key: self._boxes[key].isChecked() for key in self._kinds}

    def remaining(self) -> int:
        return sum(not ticked for ticked in self.said().values())

    def first(self) -> QWidget | None:
        """The first that is not ticked, or the first of all."""
        open_ = [self._boxes[key] for key, ticked in self.said().items() if not ticked]
        every = [self._boxes[key] for key in self._kinds]
        return next(iter(open_ or every), None)

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
    OPEN_LINES = (
        ("lock", "stays_suspended"),
        ("calendar-clock", "goes_on_later"),
        ("history", "noted"),
        ("monitor", "cleared"),
    )
    """Delivered, not proven: the case waits for another visit."""
    BARRED_LINES = (OPEN_LINES[0], ("tablet", "waits_for_aftercare"), *OPEN_LINES[2:])
    """The same where no visit makes it usable."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 12, 17, 12))
        self._say = OwnWords(look)
        self._icons: list[IconSign] = []
        self._texts: list[Text] = []
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setColumnStretch(0, 1)
        self._lines = []
        for icon, _key in self.LINES:
            self._icons.append(IconSign(look, icon, 20))
            middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            self._texts.append(Text(look, "", Type.BODY, wrap=True, align=middle))
            line = row(self._icons[-1], self._texts[-1], gap=12)
            line.setStretch(1, 1)
            self._lines.append(holder(line))
        self.body.addLayout(self._grid)
        self.body.addStretch(1)
        self.set_narrow(False)

    def set_narrow(self, narrow: bool) -> None:
        """Four lines under one another, in the narrow window two by two, small and wrapped."""
        for text in self._texts:
            text.say(text.text(), kind=Type.SMALL if narrow else Type.BODY)
        for place, line in enumerate(self._lines):
            across = 2 if narrow else 1
            self._grid.addWidget(line, place // across, place % across)
        self._grid.setColumnStretch(1, 1 if narrow else 0)
        self._grid.setVerticalSpacing(2 if narrow else 8)
        self.body.setContentsMargins(17, 8 if narrow else 14, 17, 4 if narrow else 8)

    def render(self, case: Case, *, barred: bool = False) -> None:
        say, waits = self._say, case.state is State.DELIVERED
        self.name(say("end.when_left" if waits else "hand_over.when_closed"))
        waiting = self.BARRED_LINES if barred else self.OPEN_LINES
        lines = waiting if waits else self.LINES
        for (icon, key), sign, text in zip(lines, self._icons, self._texts, strict=True):
            sign.show_icon(icon)
            word = f"hand_over.when_{key}" if f"hand_over.when_{key}" in say else f"end.{key}"
            text.say(say(word))
