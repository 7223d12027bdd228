"""The card «where it can be used»: each relying service's request against this credential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from PySide6.QtWidgets import QWidget

from desk.counter.relying import Outcome, Readiness, Weighed
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Card, HeadRow, column, holder, row
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

_FEW = 3
# Heights of a row: roomy and narrow window, for a few services and for more.
_HEIGHTS = {(False, False): 64, (True, False): 48, (False, True): 48, (True, True): 38}
_ROOM = 4
_THREE_LINES = 60
_OUTCOMES = {
    Outcome.ACCEPTED: (Glyph.PASSED, "accepted"),
    Outcome.LACKING: (Glyph.NOT_SUPPORTED, "lacking"),
    Outcome.NOT_OPEN: (Glyph.NOT_DONE, "not_open"),
    Outcome.NOT_TOLD: (Glyph.NOTE, "not_told"),
}


class ServicesCard(Card):
    """What each service asks, what it would get, whether it takes it, and since when."""

    COLUMNS = (-216, -152, 112, 106)

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
        for place, name in enumerate(("service", "asks_for", "outcome_word", "since")):
            text = Text(look, say(f"column.{name}"), Type.SMALL_STRONG, "muted")
            self._head_row.put(place, text)
        self._rows.empty()
        services = readiness.services if readiness else ()
        for weighed in services:
            last = weighed is services[-1]
            height = _HEIGHTS[self._narrow, len(services) > _ROOM]
            self._rows.add(self._row(weighed, usable, height, last))

    def _row(self, weighed: Weighed, usable: bool, height: int, last: bool) -> Row:
        look, service = self._look, weighed.service
        glyph, word = self._outcome(weighed, usable)
        line = Row(look, height, self.COLUMNS, line=not last)
        name = service.name.get(look.language, service.name["ko"])
        line.put(0, Text(look, name, Type.STRONG))
        line.put(1, self._asks(weighed, height))
        outcome = holder(
            row(GlyphSign(look, glyph, 20, word), Text(look, word, Type.STRONG, glyph.token), gap=7)
        )
        outcome.layout().setStretch(1, 1)  # type: ignore[union-attr]
        outcome.setFixedSize(112, 24)
        line.put(2, outcome)
        since, known = self._since(service.opens, service.listed)
        line.put(3, Text(look, since, Type.SMALL, "text" if known else "muted"))
        told = self._told(weighed)
        line.setToolTip(told)
        line.setAccessibleName(", ".join((name, word, told, since)))
        return line

    def _asks(self, weighed: Weighed, height: int) -> QWidget:
        """Some names and the count; beneath, what would be missing, alone in a low row."""
        look, say = self._look, self._say
        if not weighed.asked:
            return Text(look, say("check.asks_unknown"), Type.SMALL, "muted")
        names = self._names(weighed.asked)
        few = "·".join(names[:_FEW])
        asks = say("relying.asks", names=few, n=len(names)) if len(names) > _FEW else few
        first = Text(look, asks, Type.SMALL, "muted")
        if not weighed.lacking:
            return first
        lacks = self._lacks(weighed)
        return lacks if height < _THREE_LINES else holder(column(first, lacks, gap=0))

    def _lacks(self, weighed: Weighed) -> Text:
        """The first that is missing, in two lines, and the count of the others."""
        first, *others = self._names(weighed.lacking)
        names = f"{first} +{len(others)}" if others else first
        words = self._say("relying.lacks", names=names)
        return Text(self._look, words, Type.SMALL_STRONG, "text", wrap=True, line=18)

    def _told(self, weighed: Weighed) -> str:
        """Everything, for who points at the row or hears it."""
        say = self._say
        if not weighed.asked:
            return say("check.asks_unknown")
        parts = []
        if weighed.given:
            parts.append(say("relying.gives", names=", ".join(self._names(weighed.given))))
        if weighed.lacking:
            parts.append(say("relying.lacks", names=", ".join(self._names(weighed.lacking))))
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
