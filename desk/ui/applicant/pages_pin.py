"""05: the issuance PIN. Only dots are seen; the officer learns how many digits there are."""

from __future__ import annotations

from datetime import timedelta

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from desk.ui.applicant.frame import Foot, Press
from desk.ui.applicant.keypad import PinCells, PinPad
from desk.ui.applicant.kit import Run
from desk.ui.applicant.page import Context, PageView, card, icon_row, notice
from desk.ui.applicant.parts import GlyphSpot, IconSpot, Tile
from desk.ui.applicant.pin_entry import Notice, PinEntry
from desk.ui.applicant.text import Say, Stack, inline
from desk.ui.glyphs import Glyph

FORGOTTEN = timedelta(seconds=60)
LISTED = ("no_birth", "no_row", "no_repeat", "no_document")


class PinPage(PageView):
    """Choose, then repeat. What was typed lives in the visit's buffer, not in the page."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        self._cells = PinCells(kit)
        self._count: Say | None = None
        self._middle = QWidget()
        self._middle_shape: tuple[bool, Notice] | None = None
        self._left = kit.column(self._cells, 12)
        self._left.addWidget(self._middle)
        self._left.addStretch(1)
        self.pad = PinPad(kit, self.facts.keypad)
        self.pad.digit.connect(self._pressed)
        self.pad.dropped.connect(self._dropped)
        self.pad.cleared.connect(self._cleared)
        upper = kit.row(self._left, kit.column(self.pad, None), gap=32)
        if kit.larger:
            self.setLayout(kit.column(upper, None))
        else:
            layout = kit.column(upper, kit.pick(20, 14), self._secret(), None)
            self.setLayout(layout)
        self.follow()

    def title(self) -> tuple[Run, Run | None]:
        key = "pin.repeat" if self.context.visit.pin.stage_repeat else "pin.title"
        return self.kit.pair(key)

    def _secret(self) -> Tile:
        kit = self.kit
        first, second = kit.pair("pin.secret")
        words = Stack(kit, (first.weighted(True), second), wrap=True)
        layout = kit.row(
            IconSpot(kit, "eye-off", 36), 16, kit.column(None, words, None), margins=(21, 8, 20, 8)
        )
        tile = card(kit, layout, "accent-soft", "accent-line")
        tile.setFixedHeight(kit.px(kit.pick(90, 76)))
        return tile

    def _count_runs(self) -> list[Run]:
        return inline(self.kit.pair("pin.count", n=self.context.visit.pin.count))

    # What is shown beneath the cells
    def _fill_middle(self) -> None:
        pin = self.context.visit.pin
        shape = (pin.stage_repeat, pin.notice)
        if shape == self._middle_shape:
            return
        self._middle_shape = shape
        fresh = QWidget()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        fresh.setSizePolicy(policy)
        fresh.setLayout(self.kit.column(*self._middle_items(pin)))
        self._left.replaceWidget(self._middle, fresh)
        self._middle.hide()
        self._middle.deleteLater()
        self._middle = fresh

    def _middle_items(self, pin: PinEntry) -> list[QWidget | int]:
        self._count = None
        gap = self.kit.pick(16, 10, 16)
        if pin.notice is not Notice.NONE:
            cleared = pin.notice is Notice.CLEARED
            told = self._emptied() if cleared else self._why(pin.notice)
            return (
                [told] if self.kit.low and not self.kit.larger else [told, 12, self._short_list()]
            )
        self._count = Say(self.kit, self._count_runs())
        if pin.stage_repeat:
            return [self._count, gap + 6, self._usable(), gap + 6, self._remember()]
        return [self._count, gap, self._list()]

    def _list(self) -> Tile:
        kit = self.kit
        rows: list[QWidget] = [Say(kit, inline(kit.pair("pin.refused_list")))]
        for key in LISTED:
            holder = QWidget()
            words = Say(kit, inline(kit.pair(f"pin.{key}"), strong=False))
            layout = kit.row(IconSpot(kit, "ban", 24, "danger"), 12, words, None)
            holder.setLayout(layout)
            rows.append(holder)
        tile = card(
            kit,
            kit.column(
                *rows, gap=kit.pick(8, 4, 8), margins=(20, kit.pick(16, 10), 16, kit.pick(16, 10))
            ),
        )
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return tile

    def _short_list(self) -> Tile:
        kit = self.kit
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(kit.px(18))
        grid.setVerticalSpacing(0)
        for place, key in enumerate(("no_birth", "no_row", "no_document", "no_repeat")):
            run = kit.main(f"pin.{key}")
            dotted = [Run("· ", "ko"), run]
            grid.addWidget(Say(kit, dotted), place // 2, place % 2)
        grid.setColumnStretch(1, 1)
        head = Say(kit, inline(kit.pair("pin.refused_list")))
        tile = card(kit, kit.column(head, 4, grid, margins=(20, 10, 12, 10)))
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return tile

    def _why(self, why: Notice) -> Tile:
        kit = self.kit
        sign = QWidget()
        sign.setLayout(kit.column(GlyphSpot(kit, Glyph.FAILED, 36), None))
        sentence = kit.pair(f"pin.{why.value}")
        second = sentence[1].coloured("text") if sentence[1] else None
        body = Stack(kit, (sentence[0], second), wrap=True)
        items: list[QWidget] = [body]
        if why.is_refusal:
            title = kit.main("pin.refused", "danger").weighted(True)
            items.insert(0, Say(kit, title, wrap=True))
        layout = kit.row(sign, 16, kit.column(*items), margins=(20, 12, 12, 12))
        tile = card(kit, layout, "danger-soft", "danger-line")
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        tile.setAccessibleName(sentence[0].text)
        return tile

    def _emptied(self) -> Tile:
        kit = self.kit
        sign = GlyphSpot(kit, Glyph.ATTENTION, 36)
        pair = kit.pair("pin.cleared")
        tile = notice(kit, pair, "warning", sign, margins=(20, 10, 12, 10))
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return tile

    def _usable(self) -> Tile:
        kit = self.kit
        first = Run(
            f"{kit.say('pin.first')} · {kit.say('pin.usable')}", kit.language, "success", True
        )
        second = None
        if kit.second is not None:
            words = kit.look.words
            parts = [words.text(f"pin.{key}", kit.second) for key in ("first", "usable")]
            second = Run(": ".join(parts), kit.second)
        layout = kit.row(
            GlyphSpot(kit, Glyph.PASSED, 36),
            16,
            Stack(kit, (first, second), wrap=True),
            margins=(20, 16, 12, 16),
        )
        tile = card(kit, layout, "success-soft", "success-line")
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return tile

    def _remember(self) -> QWidget:
        return icon_row(self.kit, "brain", self.kit.pair("pin.remember"), size=32)

    # What is pressed
    def _pressed(self, digit: int) -> None:
        visit = self.context.visit
        visit.key_at = self.context.now()
        refused_before = visit.pin.notice
        visit.pin.press(digit, self.facts.pin_facts)
        if visit.pin.notice is not refused_before and visit.pin.notice.is_refusal:
            self.context.acts.pin_refused.emit(visit.pin.notice.value)
        self._told()

    def _dropped(self) -> None:
        self.context.visit.key_at = self.context.now()
        self.context.visit.pin.drop()
        self._told()

    def _cleared(self) -> None:
        self.context.visit.pin.clear()
        self._told()

    def _again(self) -> None:
        self.context.visit.pin.restart()
        self._told()

    def _taken(self) -> None:
        pin = self.context.visit.pin.take()
        if pin is None:
            return
        self._told()
        self.context.acts.pin_chosen.emit(pin)

    def _told(self) -> None:
        self.context.acts.pin_progress.emit(self.context.visit.pin.count)
        self.context.refresh()

    # The frame's questions
    def follow(self) -> None:
        pin = self.context.visit.pin
        self._cells.show_count(pin.count)
        self._fill_middle()
        if self._count is not None:
            self._count.set_runs(self._count_runs())

    def tick(self) -> None:
        visit = self.context.visit
        if visit.pin.is_empty or visit.key_at is None:
            return
        if self.context.now() - visit.key_at >= FORGOTTEN:
            visit.pin.expire()
            self._told()

    def key(self, event: QKeyEvent) -> bool:
        text = event.text()
        if text.isascii() and text.isdigit() and len(text) == 1:
            self._pressed(int(text))
        elif event.key() == Qt.Key.Key_Backspace:
            self._dropped()
        elif text == "*":
            self._cleared()
        else:
            return False
        return True

    def foot(self) -> Foot:
        pin = self.context.visit.pin
        go = Press(
            "button.next", self._taken, filled=True, after="arrow-right", enabled=pin.is_ready
        )
        presses = (Press("button.again", self._again), go) if pin.stage_repeat else (go,)
        if self.kit.larger and not pin.stage_repeat:
            return Foot("pin.secret", "eye-off", presses)
        return Foot("pin.once", "smartphone", presses)

    def first_focus(self) -> QWidget | None:
        return self.pad.keys[0]
