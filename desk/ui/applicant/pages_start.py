"""Before the passport: greeting, what will happen, consent for each purpose."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from desk.ui.applicant.drawings import paint_mark
from desk.ui.applicant.frame import Foot, Press
from desk.ui.applicant.kit import Kit, Run
from desk.ui.applicant.page import HELP, HELP_ICON, Context, PageView, card, icon_row
from desk.ui.applicant.parts import IconSpot, Rule, Touch, check_mark
from desk.ui.applicant.snapshot import LANGUAGES, Purpose
from desk.ui.applicant.text import SPACE, Say, Stack, inline
from desk.ui.look import rounded
from desk.ui.theme import Type


class Mark(QWidget):
    """The program's mark, 84 units."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self._kit = kit
        self.setFixedSize(kit.px(84), kit.px(84))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit = self._kit
        tick = kit["rail-muted"]
        paint_mark(QPainter(self), QRectF(self.rect()), kit["rail"], kit["rail-text"], tick)


class LanguageTile(Touch):
    """A language in its own words, with its greeting; 112 high."""

    def __init__(self, kit: Kit, lang: str) -> None:
        words = kit.look.words
        super().__init__(kit, words.text(f"language.{lang}", lang))
        self.lang = lang
        self._greeting = words.text("idle.title", lang)
        self.setCheckable(True)
        self.setChecked(lang == kit.language)
        self.setAccessibleDescription(self._greeting)
        self.setFixedHeight(kit.px(112))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    # Qt's own
    def nextCheckState(self) -> None:
        """The window decides which language holds."""

    def sizeHint(self) -> QSize:
        return QSize(self.kit.px(190), self.kit.px(112))

    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter, on = self.kit, QPainter(self), self.isChecked()
        ground, line = ("accent-soft", "accent") if on else ("card", "line-strong")
        width = max(2.0, kit.line_width + (1 if on and kit.contrast else 0))
        box = QRectF(self.rect())
        rounded(painter, box, kit.px(10), kit[ground], kit[line], width)
        left = kit.px(26)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setPen(kit["text"])
        painter.setFont(kit.font(Type.WIDE_LEAD_STRONG, self.lang))
        painter.drawText(QRectF(left, kit.px(23), box.width(), kit.px(38)), middle, self.text())
        painter.setPen(kit["muted"])
        painter.setFont(kit.font(Type.WIDE_BODY, self.lang))
        place = QRectF(left, kit.px(59), box.width(), kit.px(28))
        painter.drawText(place, middle, self._greeting)


class IdlePage(PageView):
    """00: greeting and language; no case."""

    full = True
    languages = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        title = Stack(kit, kit.pair("idle.title"), Type.WIDE_DISPLAY, gap=8)
        counter = Stack(kit, kit.pair("idle.counter"), Type.WIDE_LEAD, wrap=True)
        choose = kit.row(IconSpot(kit, "languages", 28), 12, Say(kit, self._choose()), None)
        self.tiles = [LanguageTile(kit, lang) for lang in LANGUAGES]
        for tile in self.tiles:
            lang = tile.lang
            tile.clicked.connect(lambda _on=False, lang=lang: self._chosen(lang))
        gaps = (0, 8, 8, 12) if kit.larger else (0, 14, 20, 34)
        start = () if kit.larger else (Mark(kit), 20)
        self.setLayout(
            kit.column(
                gaps[0],
                None,
                *start,
                title,
                gaps[2],
                counter,
                gaps[3],
                choose,
                20,
                kit.row(*self.tiles, gap=16),
                None,
                margins=(40, 8, 40, 8),
            )
        )

    def _choose(self) -> list[Run]:
        words, kit = self.kit.look.words, self.kit
        first = kit.main("idle.choose").weighted(True)
        others = [lang for lang in LANGUAGES if lang != kit.language]
        runs = [first]
        for place, lang in enumerate(others):
            runs.append(SPACE if not place else Run(" · ", "en", "muted"))
            runs.append(Run(words.text("idle.choose", lang), lang, "muted"))
        return runs

    def _chosen(self, lang: str) -> None:
        self.context.acts.language_chosen.emit(lang)

    def foot(self) -> Foot:
        return Foot("idle.soon", "user-round")

    def first_focus(self) -> QWidget | None:
        return next(tile for tile in self.tiles if tile.isChecked())


class WelcomePage(PageView):
    """01: four things, and what to have ready; three where the phone has it already."""

    top, bottom = 16, 32

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        resumes = self.facts.resumes
        lead = Stack(
            kit, kit.pair("welcome.resume_lead" if resumes else "welcome.lead"), Type.WIDE_LEAD
        )
        cards = kit.row(
            self._card("passport", "book-user"), self._card("face", "scan-face"), gap=16
        )
        if not resumes:
            cards.addWidget(self._card("pin", "keyboard"))
        cards.addWidget(self._card("shown" if resumes else "phone", "smartphone"))
        for place in range(cards.count()):
            cards.setStretch(place, 1)
        layout = kit.column(lead, kit.pick(20, 12), cards, kit.pick(16, 12), self._ready())
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def title(self) -> tuple[Run, Run | None]:
        resumes = self.facts.resumes
        return self.kit.pair("welcome.resume_title" if resumes else "welcome.title")

    def _card(self, name: str, icon: str) -> QWidget:
        kit = self.kit
        title = Say(kit, kit.main(f"welcome.{name}_title").weighted(True), wrap=True)
        text = Say(kit, kit.main(f"welcome.{name}_text"), wrap=True)
        size = kit.pick(48, 40, 48)
        items: list[QWidget | int | None] = [
            IconSpot(kit, icon, size),
            kit.pick(14, 6),
            title,
            text,
        ]
        second = kit.second
        if second is not None:
            words = kit.look.words
            bold = words.text(f"welcome.{name}_title", second) + ". "
            rest = words.text(f"welcome.{name}_text", second) + "."
            runs = [Run(bold, second, "muted", True), Run(rest, second, "muted", False)]
            items += [kit.pick(10, 4), Say(kit, runs, wrap=True)]
        return card(
            kit, kit.column(*items, None, margins=(19, kit.pick(20, 10), 19, kit.pick(10, 6)))
        )

    def _ready(self) -> QWidget:
        kit = self.kit
        head = Stack(kit, _strong(kit.pair("ready.title")))
        parts: list[QWidget | int | None] = [head, 24, Rule(kit, standing=True), None]
        for name, icon in (("passport", "book-user"), ("phone", "smartphone"), ("app", "id-card")):
            words = Stack(kit, _strong(kit.pair(f"ready.{name}")))
            parts += [kit_row(kit, IconSpot(kit, icon, 36), words), None]
        parts.pop()
        tile = card(kit, kit.row(*parts, margins=(25, kit.pick(14, 8), 24, kit.pick(14, 8))))
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return tile

    def foot(self) -> Foot:
        go = Press("button.next", self._go_on, filled=True, after="arrow-right")
        return Foot(HELP, HELP_ICON, (go,))

    def _go_on(self) -> None:
        if self.context.visit.looks_back:
            self.context.visit.looks_back = False
            self.context.refresh()
            return
        self.context.acts.started.emit()


def kit_row(kit: Kit, sign: QWidget, words: QWidget) -> QWidget:
    holder = QWidget()
    holder.setLayout(kit.row(sign, 14, words))
    holder.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
    return holder


def _strong(pair: tuple[Run, Run | None]) -> tuple[Run, Run | None]:
    return pair[0].weighted(True), pair[1]


class ConsentButton(Touch):
    """Answers on the whole button; nothing is ticked beforehand."""

    def __init__(self, kit: Kit, name: str, agreed: bool) -> None:
        super().__init__(kit, name)
        self.setCheckable(True)
        self.setChecked(agreed)
        self.setFixedHeight(kit.px(kit.pick(56, 52, 48)))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    # Qt's own
    def sizeHint(self) -> QSize:
        kit = self.kit
        from PySide6.QtGui import QFontMetricsF

        metrics = QFontMetricsF(kit.font(Type.WIDE_STRONG, kit.language))
        words = max(
            metrics.horizontalAdvance(kit.say(f"consent.{word}")) for word in ("agree", "agreed")
        )
        return QSize(max(kit.px(150), int(words) + kit.px(50 + 14)), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter, on = self.kit, QPainter(self), self.isChecked()
        fill = "accent" if on else "card"
        word = "on-accent" if on else "accent"
        rounded(
            painter, QRectF(self.rect()), kit.px(8), kit[fill], kit["accent"], max(2, kit.unit * 2)
        )
        side = kit.px(24)
        mark = QRectF(kit.px(14), round((self.height() - side) / 2), side, side)
        rounded(painter, mark, kit.px(4), None, kit[word], 2)
        if on:
            check_mark(painter, mark.adjusted(6, 6, -6, -6), kit[word], 2.4)
        painter.setPen(kit[word])
        painter.setFont(kit.font(Type.WIDE_STRONG, kit.language))
        place = QRectF(kit.px(50), 0, self.width(), self.height())
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        text = kit.say("consent.agreed" if on else "consent.agree")
        painter.drawText(place, middle, text)


class ConsentPage(PageView):
    """01b: what is used, why, for how long; each purpose on its own."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        self.buttons: dict[str, ConsentButton] = {}
        self._grid = QGridLayout()
        self._grid.setSpacing(0)
        self._grid.setContentsMargins(1, 1, 1, 1)
        for column, name in enumerate(("what", "why", "kept", "consent")):
            self._put(0, column, Say(kit, inline(kit.pair(f"consent.{name}"))))
        for number, purpose in enumerate(self.facts.consent, start=1):
            self._row(2 * number, purpose)
        for column, width in enumerate((228, 258, 240, 150)):
            self._grid.setColumnMinimumWidth(column, kit.px(width))
            self._grid.setColumnStretch(column, 0 if column == 3 else width)
        table = _Table(kit, self._grid)
        note = icon_row(kit, "info", kit.pair("consent.refuse"))
        self.setLayout(kit.column(table, kit.pick(16, 12), note, None))

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("consent.title")

    def _put(self, row: int, column: int, widget: QWidget, height: int = 45) -> None:
        holder = QWidget()
        right = 12 if column == 3 else 2
        left = 14
        holder.setLayout(self.kit.row(widget, None, margins=(left, 0, right, 0)))
        if height != 45:
            height = self.kit.pick(height, 64, 60)
        holder.setFixedHeight(self.kit.px(height))
        self._grid.addWidget(holder, row, column)

    def _row(self, row: int, purpose: Purpose) -> None:
        kit = self.kit
        self._grid.addWidget(Rule(kit), row - 1, 0, 1, 4)
        self._put(row, 0, self._name(purpose), 77)
        self._put(row, 1, Stack(kit, kit.pair(f"consent.why_{purpose.key}")), 77)
        kept = kit.pair(f"kept.{purpose.kept.value}", n=purpose.count)
        self._put(row, 2, Stack(kit, kept), 77)
        if not purpose.asked:
            self._put(row, 3, Stack(kit, kit.pair("consent.not_asked")), 77)
            return
        name = f"{kit.say(f'consent.name_{purpose.key}')}: {kit.say('consent.agree')}"
        button = ConsentButton(kit, name, purpose.key in self.context.visit.agreed)
        button.toggled.connect(lambda on, key=purpose.key: self._toggled(key, on))
        self.buttons[purpose.key] = button
        self._put(row, 3, button, 77)

    def _name(self, purpose: Purpose) -> Stack:
        kit = self.kit
        first, second = kit.pair(f"consent.name_{purpose.key}")
        if not purpose.asked:
            return Stack(kit, (first.weighted(True), second))
        need = "consent.required" if purpose.required else "consent.optional"
        stack = Stack(kit, (first, second))
        dot = Run(" · ", "en", "muted")
        stack.first.set_runs([first.weighted(True), dot, kit.main(need, "muted")])
        if stack.second is not None:
            stack.second.set_runs([second, dot, kit.other(need)])
        return stack

    def _toggled(self, key: str, on: bool) -> None:
        agreed = self.context.visit.agreed
        (agreed.add if on else agreed.discard)(key)
        self.context.refresh()

    def _look_back(self) -> None:
        """Only what is shown goes back; the case and what was ticked stay."""
        self.context.visit.looks_back = True
        self.context.refresh()

    def _may_go(self) -> bool:
        needed = {p.key for p in self.facts.consent if p.asked and p.required}
        return needed <= self.context.visit.agreed

    def _given(self) -> None:
        asked = {purpose.key for purpose in self.facts.consent if purpose.asked}
        self.context.acts.consent_given.emit(tuple(sorted(asked & self.context.visit.agreed)))

    def foot(self) -> Foot:
        back = Press("button.back", self._look_back)
        go = Press(
            "button.next",
            self._given,
            filled=True,
            after="arrow-right",
            enabled=self._may_go(),
        )
        return Foot(HELP, HELP_ICON, (back, go))

    def first_focus(self) -> QWidget | None:
        return next(iter(self.buttons.values()), None)


class _Table(QWidget):
    """A card whose first row is tinted."""

    def __init__(self, kit: Kit, grid: QGridLayout) -> None:
        super().__init__()
        self._kit = kit
        self.setLayout(grid)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter, box = self._kit, QPainter(self), QRectF(self.rect())
        radius = kit.px(10)
        rounded(painter, box, radius, kit["card"], None)
        painter.save()
        painter.setClipRect(QRectF(0, 0, box.width(), kit.px(46)))
        rounded(painter, box, radius, kit["well"], None)
        painter.restore()
        rounded(painter, box, radius, None, kit["line"], kit.line_width)
