"""Posts and services: who issues since when, who takes the credential, what they ask for.

Signal: ``look_again`` (F5 and the primary).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.counter.posts_view import Cell, ItemLine, PostLine, PostsAndServices, WaveLine
from desk.counter.relying import Outcome, Weighed
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Card, HeadRow, Line, clear, column, holder, row
from desk.ui.parts.frame import Page, Primary
from desk.ui.parts.rows import Row
from desk.ui.parts.sign import Badge, GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

AREA = "posts"
_OUTCOMES = {
    Outcome.ACCEPTED: Glyph.PASSED,
    Outcome.LACKING: Glyph.ATTENTION,
    Outcome.NOT_OPEN: Glyph.WAITING,
    Outcome.NOT_TOLD: Glyph.NOTE,
}
_CELLS = {Cell.GIVEN: Glyph.PASSED, Cell.LACKING: Glyph.ATTENTION}
_POST = (27, -1, 74, 58)
_SERVICE = (-1, 178)
_NAME_SHARE = -150
_CELL_WIDTHS = {1: 150, 2: 116}
_CELL_WIDTH = 76
_TRAINING = 4
"""So many columns of services have room; a rehearsal's exercises come behind the ministry's."""


@dataclass(frozen=True)
class PostsView:
    """``found`` is None until it was read."""

    here: says.Here
    found: PostsAndServices | None = None
    trouble: Spoken | None = None


class PostsPage(Page):
    """Waves and their posts left, services and their items right."""

    look_again = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.say = OwnWords(look, AREA)
        self._view: PostsView | None = None
        self._shown: object = None
        self._waves = row(gap=16)
        self._note = Text(look, "", Type.SMALL, "muted", wrap=True)
        left = column(self._waves, 8, self._note, None)
        self._left = holder(left)
        self.services = Card(look, padding=(1, 0, 1, 0))
        self._as_of = Text(look, "", Type.SMALL, "muted")
        self.services.right.addWidget(self._as_of)
        self._service_rows = column()
        self.services.body.addLayout(self._service_rows)
        self.items = Card(look, padding=(1, 0, 1, 8))
        self._legend = Text(look, "", Type.SMALL, "muted")
        self.items.right.addWidget(self._legend)
        self._item_rows = column()
        self.items.body.addLayout(self._item_rows)
        self._right = column(self.services, self.items, None, gap=16)
        self._right_box = holder(self._right)
        self._columns = row(self._left, self._right_box, gap=16)
        self._columns.setStretch(0, 1)
        self.body.addLayout(self._columns)
        self.body.addStretch(1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._waves.setDirection(down if narrow and not small else across)
        for layout in (self._columns, self._waves, self._right):
            layout.setSpacing(self.gap)
        width = 520 if narrow else 440
        self._right_box.setMinimumWidth(0 if small else width)
        self._right_box.setMaximumWidth(16777215 if small else width)

    def render(self, view: PostsView) -> None:
        self._view = view
        say, found = self.say, view.found
        self.show_trouble(view.trouble)
        self._note.say(say("post.note"))
        self.services.name(say("services.title"))
        self.items.name(say("items.title"))
        self._legend.say(say("items.legend") if found and found.items else "")
        why = ""
        if found is not None:
            why = say("act.why", posts=found.posts_as_of, services=found.services_as_of)
            self._as_of.say(say("services.as_of", day=found.services_as_of))
        minute = view.here.now.replace(second=0, microsecond=0)
        state = (found and (found.services, found.items), minute, self.look.language)
        if found is not None and state != self._shown:
            self._shown = state
            self._show_waves(found, view.here)
            self._show_services(found)
            self._show_items(found)
        self.footer.show_others(())
        again = Primary(say("act.again"), True, why, ("F5",), icon="refresh-cw")
        self.footer.show_primary(again)
        self.say_head(say("title"), say("lead"))

    # Posts

    def _show_waves(self, found: PostsAndServices, here: says.Here) -> None:
        clear(self._waves)
        for wave in found.waves:
            self._waves.addWidget(self._wave(wave, here), 1, Qt.AlignmentFlag.AlignTop)

    def _wave(self, wave: WaveLine, here: says.Here) -> QWidget:
        say, look = self.say, self.look
        title = say("wave.title", name=self._named(wave.name), n=len(wave.posts))
        card = Card(look, title, padding=(1, 0, 1, 0))
        begun = wave.live > 0
        key = "wave.since" if begun else "wave.planned"
        glyph = Glyph.PASSED if begun else Glyph.WAITING
        card.right.addWidget(Badge(look, glyph, say(key, day=wave.live_from)))
        for post in wave.posts:
            card.body.addWidget(self._post(post, wave, here))
        self._end(card.body)
        return card

    def _end(self, rows: QBoxLayout) -> None:
        """The last row stands at the card's own edge."""
        item = rows.itemAt(rows.count() - 1)
        last = item.widget() if item else None
        if isinstance(last, Row):
            last.set_line(False)

    def _post(self, post: PostLine, wave: WaveLine, here: says.Here) -> Row:
        say, look = self.say, self.look
        line = Row(look, 32, _POST, padding=12)
        state = say("post.live") if post.live else say("post.planned", day=post.live_from)
        # The full names differ only at their end in English.
        name = self._named(post.name if look.language == "ko" else post.city)
        clock, today = post.local.strftime("%H:%M"), here.now.astimezone(here.zone).date()
        time = say("post.time", time=clock)
        if post.local.date() != today:
            time = say("post.other_day", day=post.local.day, time=clock)
        # Everybody's notices are in Korean; English is on every paper.
        spoken = " ".join(post.languages)
        line.put(0, GlyphSign(look, Glyph.PASSED if post.live else Glyph.WAITING, 16, state))
        told = name if post.live_from == wave.live_from else f"{name}  __{post.live_from}__"
        words = Text(look, told, Type.STRONG if post.own else Type.BODY)
        words.setToolTip(self._named(post.name))
        line.put(1, words)
        time_text = Text(look, time, Type.SMALL, "muted", align=Qt.AlignmentFlag.AlignRight)
        line.put(2, time_text, right=True)
        line.put(3, Text(look, spoken, Type.SMALL, "muted"))
        if post.own:
            line.set_ground("accent-soft")
        own = say("post.own") if post.own else ""
        named = self._named(post.name)
        line.setAccessibleName(", ".join(one for one in (named, own, state, time, spoken) if one))
        return line

    # Services

    def _show_services(self, found: PostsAndServices) -> None:
        clear(self._service_rows)
        for place, one in enumerate(found.services):
            if place:
                self._service_rows.addWidget(Line(self.look))
            self._service_rows.addWidget(self._service(one))

    def _service(self, one: Weighed) -> Row:
        say, look = self.say, self.look
        line = Row(look, 56, _SERVICE, line=False)
        word, glyph = say(f"services.{one.outcome.value}"), _OUTCOMES[one.outcome]
        name, told = self._named(one.service.name), self._asks(one)
        since = self._since(one)
        left = holder(column(Text(look, name, Type.STRONG), Text(look, told, Type.SMALL, "muted")))
        left.setFixedHeight(44)
        mark = row(None, GlyphSign(look, glyph, 16, word), Text(look, word, Type.SMALL_STRONG,
                   glyph.token), gap=8)  # fmt: skip
        below = Text(look, since, Type.SMALL, "muted", align=Qt.AlignmentFlag.AlignRight)
        right = holder(column(holder(mark), below))
        right.setFixedSize(178, 44)
        line.put(0, left)
        line.put(1, right, right=True)
        line.setAccessibleName(", ".join((name, told, word, since)))
        return line

    def _asks(self, one: Weighed) -> str:
        say = self.say
        if one.lacking:
            return say("services.misses", n=len(one.lacking))
        return say("services.asks", n=len(one.given)) if one.given else say("services.silent")

    def _since(self, one: Weighed) -> str:
        say, service = self.say, one.service
        if service.opens is not None:
            closed = one.outcome is Outcome.NOT_OPEN
            return say("services.planned" if closed else "services.opens", day=service.opens)
        if service.listed:
            return say("services.listed", month=service.listed)
        return say("services.no_day")

    # Items

    def _show_items(self, found: PostsAndServices) -> None:
        clear(self._item_rows)
        look, say = self.look, self.say
        if not found.items:
            none = Text(look, say("items.none"), Type.SMALL, "muted", wrap=True)
            self._item_rows.addWidget(holder(column(none, margins=(16, 12, 16, 8))))
            return
        asking = [place for place, one in enumerate(found.services) if one.asked][:_TRAINING]
        width = _CELL_WIDTHS.get(len(asking), _CELL_WIDTH)
        columns = (_NAME_SHARE, *(width for _ in asking))
        head = HeadRow(look)
        names = Row(look, 31, columns, line=False)
        for at, place in enumerate(asking, start=1):
            name = self._named(found.services[place].service.name)
            names.put(at, Text(look, name, Type.SMALL_STRONG, "muted"))
        head.setLayout(column(names, 1))
        self._item_rows.addWidget(head)
        for item in found.items:
            self._item_rows.addWidget(self._item(item, asking, columns, found))
        self._end(self._item_rows)

    def _item(
        self,
        item: ItemLine,
        asking: list[int],
        columns: tuple[float, ...],
        found: PostsAndServices,
    ) -> Row:
        look, say = self.look, self.say
        line = Row(look, 32, columns)
        name = self._named(item.names)
        line.put(0, Text(look, name, Type.BODY))
        spoken = [name]
        for at, place in enumerate(asking, start=1):
            cell = item.cells[place]
            word = say(f"items.{cell.value}")
            sign: QWidget = Text(look, "–", Type.SMALL, "muted")
            if cell in _CELLS:
                sign = GlyphSign(look, _CELLS[cell], 16, word)
            line.put(at, sign)
            spoken.append(f"{self._named(found.services[place].service.name)} {word}")
        line.setAccessibleName(", ".join(spoken))
        return line

    def _named(self, names: Mapping[str, str]) -> str:
        return names.get(self.look.language) or names["en"]

    def primary_key(self) -> None:
        self.look_again.emit()

    def refresh(self) -> None:
        self.look_again.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)
