"""The card «where it can be used»: each relying service's request against this credential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from desk.counter.relying import Outcome, Readiness, Weighed
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Card, HeadRow, column, holder, row
from desk.ui.parts.rows import GAP, Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

# Of a service that is silent the row's height, of one that asks what is above and below its
# lines: roomy and narrow window, for a few services and for more.
_HEIGHTS = {(False, False): 56, (True, False): 48, (False, True): 48, (True, True): 34}
_MARGINS = {(False, False): 11, (True, False): 4, (False, True): 4, (True, True): 1}
_ROOM = 4
_FIRST = 24
_OUTCOMES = {
    Outcome.ACCEPTED: (Glyph.PASSED, "accepted"),
    Outcome.LACKING: (Glyph.NOT_SUPPORTED, "lacking"),
    Outcome.NOT_OPEN: (Glyph.NOT_DONE, "not_open"),
    Outcome.NOT_TOLD: (Glyph.NOTE, "not_told"),
}


class _AskingRow(Row):
    """One line in columns; beneath, over the whole width, as many as ``told`` takes."""

    def __init__(self, look: Look, told: Text, margin: int, *, line: bool) -> None:
        super().__init__(look, _FIRST, ServicesCard.ASKING, line=line)
        self._told, self._margin = told, margin
        told.setParent(self)

    def put(self, column: int, widget: QWidget, *, right: bool = False, top: int = -1) -> QWidget:
        """Into the first line."""
        middle = self._margin + (_FIRST - widget.sizeHint().height()) // 2
        return super().put(column, widget, right=right, top=middle if top < 0 else top)

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() - 2 * self._padding
        high = self._told.heightForWidth(wide)
        self._told.setGeometry(self._padding, self._margin + _FIRST, wide, high)
        self.setFixedHeight(2 * self._margin + _FIRST + high)


class ServicesCard(Card):
    """Whether each service takes it, since when, and beneath what it would get or miss."""

    COLUMNS = (-208, -128, 128, 106)
    ASKING = (-1, 128, 106)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 8))
        self._say = OwnWords(look)
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._head = HeadRow(look)
        self._head_row = Row(look, 31, self.COLUMNS, line=False)
        self._head.setLayout(column(self._head_row, 1))
        self._rows = RowList()
        self._narrow = False
        self._shown: object = None
        self._last: tuple[Readiness | None, bool] = (None, False)
        for widget in (self._head, self._rows):
            self.body.addWidget(widget)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self.render(*self._last)

    def render(self, readiness: Readiness | None, usable: bool) -> None:
        """Show ``readiness``; None while it is not weighed yet."""
        look, say = self._look, self._look.say
        self._last = (readiness, usable)
        state = (readiness, usable, look.language, self._narrow)
        if state == self._shown:
            return
        self._shown = state
        self.name(say("proof.services"))
        day = readiness.as_of.isoformat() if readiness else ""
        self._note.say(say("proof.services_of", day=day) if readiness else "")
        self._head_row.empty()
        for place, name in ((0, "service"), (2, "outcome_word"), (3, "since")):
            text = Text(look, say(f"column.{name}"), Type.SMALL_STRONG, "muted")
            self._head_row.put(place, text)
        self._rows.empty()
        services = readiness.services if readiness else ()
        for weighed in services:
            last = weighed is services[-1]
            self._rows.add(self._row(weighed, usable, (self._narrow, len(services) > _ROOM), last))

    def _row(self, weighed: Weighed, usable: bool, room: tuple[bool, bool], last: bool) -> Row:
        look, service = self._look, weighed.service
        glyph, word = self._outcome(weighed, usable)
        told = Text(look, self._told(weighed), Type.SMALL, "muted", wrap=bool(weighed.asked))
        line: Row
        if weighed.asked:
            told.strong_token = "text"
            line, place = _AskingRow(look, told, _MARGINS[room], line=not last), 1
        else:
            line, place = Row(look, _HEIGHTS[room], self.COLUMNS, line=not last), 2
            line.put(1, told)
        name = service.name.get(look.language, service.name["ko"])
        line.put(0, Text(look, name, Type.STRONG))
        outcome = holder(
            row(GlyphSign(look, glyph, 20, word), Text(look, word, Type.STRONG, glyph.token), gap=7)
        )
        outcome.layout().setStretch(1, 1)  # type: ignore[union-attr]
        outcome.setFixedSize(int(self.COLUMNS[2]) - GAP, _FIRST)
        line.put(place, outcome)
        since, known = self._since(service.opens, service.listed)
        line.put(place + 1, Text(look, since, Type.SMALL, "text" if known else "muted"))
        line.setAccessibleName(", ".join((name, word, told.text(), since)))
        return line

    def _told(self, weighed: Weighed) -> str:
        """Everything it asks for: what it would miss stands first and out."""
        say = self._say
        if not weighed.asked:
            return say("relying.silent")
        parts = []
        if weighed.lacking:
            lacks = say("relying.lacks", names=", ".join(self._names(weighed.lacking)))
            parts.append(f"**{lacks}**")
        if weighed.given:
            parts.append(say("relying.gives", names=", ".join(self._names(weighed.given))))
        return " · ".join(parts)

    def _names(self, names: Sequence[Mapping[str, str]]) -> list[str]:
        return [one.get(self._look.language, one["ko"]) for one in names]

    def _since(self, opens: date | None, listed: str) -> tuple[str, bool]:
        say = self._say
        if opens is not None:
            return say("relying.opens", day=opens.isoformat()), True
        if listed:
            return say("proof.since", month=listed), True
        return say("proof.no_date"), False

    def _outcome(self, weighed: Weighed, usable: bool) -> tuple[Glyph, str]:
        glyph, word = _OUTCOMES[weighed.outcome]
        if weighed.outcome is Outcome.ACCEPTED and not usable:
            return Glyph.WAITING, self._say("service.before")
        return glyph, self._say(f"relying.{word}")
