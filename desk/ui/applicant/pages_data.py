"""04: the data as the phone will show them, checked by the one they belong to."""

from __future__ import annotations

from datetime import timedelta

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.applicant.drawings import paint_mark, pen
from desk.ui.applicant.frame import Foot, Press
from desk.ui.applicant.kit import Kit, Run
from desk.ui.applicant.page import Context, PageView, card, ruled
from desk.ui.applicant.parts import ShowButton, Tag, TagKind
from desk.ui.applicant.snapshot import PersonData
from desk.ui.applicant.text import Say, Stack, inline
from desk.ui.look import rounded
from desk.ui.parts import box
from desk.ui.theme import Type

SHOWN_MS = 5000
"""Longest time a number stays open under the finger, in milliseconds."""
UNTOUCHED = timedelta(seconds=60)
CARD, EDGE = 244, 10
"""Width of the card in the picture of the phone, and what it leaves free, in units."""
LABEL, VALUE = 280, 272
"""Width of a label, and of a value beside the phone's picture, in units."""
ROOM, ROOM_LOW = 4, 2
"""So many lines more than one a row fit beside the phone's picture."""
DOT = "•"


def masked_passport(number: str) -> str:
    """The first three and the last two signs."""
    return number[:3] + DOT * max(0, len(number) - 5) + number[-2:]


def masked_resident(number: str) -> str:
    """Birth date and the first sign of the second part."""
    head, _, tail = number.partition("-")
    return f"{head}-{tail[:1]}{DOT * max(0, len(tail) - 1)}"


def hidden(text: str) -> str:
    """Every letter and digit covered."""
    return "".join(DOT if c.isalnum() else c for c in text)


class PhonePicture(QWidget):
    """How the credential looks on the phone; cut off by the footer like a phone in a hand."""

    def __init__(self, kit: Kit, data: PersonData, card_facts: list[tuple[Run, Run]]) -> None:
        super().__init__()
        self._kit, self._data, self._facts = kit, data, card_facts
        self._picture = QImage.fromData(data.portrait) if data.portrait else QImage()
        self._masked = False
        self.setFixedWidth(kit.px(280))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        tag = Tag(kit, TagKind.PREPARED, self._prepared())
        caption = kit.pair("data.on_phone")
        caption = (caption[0], None) if kit.low else caption
        below = Stack(kit, caption, align=Qt.AlignmentFlag.AlignHCenter, line=27)
        tag_row = kit.row(None, tag, None)
        self.setLayout(
            kit.column(
                kit.pick(40, 30),
                tag_row,
                kit.pick(16, 8),
                _CardRoom(kit, self),
                kit.pick(14, 4),
                below,
                None,
                margins=(18, 0, 18, 0),
            )
        )
        self.setAccessibleName(kit.say("data.on_phone"))

    def _prepared(self) -> Run:
        kit = self._kit
        first = kit.main("state.prepared")
        second = kit.other("state.prepared")
        words = first.text if second is None else f"{first.text} · {second.text}"
        return Run(words, kit.language)

    def set_masked(self, masked: bool) -> None:
        self._masked = masked
        self.update()
        for child in self.findChildren(_CardRoom):
            child.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self._kit, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = kit.px(8)
        box = QRectF(self.rect()).adjusted(edge / 2, edge / 2, -edge / 2, kit.px(60))
        painter.setPen(pen(kit["text"], edge))
        painter.setBrush(kit["background"])
        painter.drawRoundedRect(box, kit.px(40), kit.px(40))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(kit["text"])
        bar = QRectF((self.width() - kit.px(56)) / 2, kit.px(18), kit.px(56), kit.px(7))
        painter.drawRoundedRect(bar, kit.px(4), kit.px(4))

    def paint_card(self, painter: QPainter, box: QRectF) -> None:
        """The dark card: mark, portrait, name, two facts."""
        kit, unit = self._kit, self._kit.unit
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        rounded(painter, box, kit.px(8), kit["rail"], None)
        mark = QRectF(17 * unit, 23 * unit, 38 * unit, 38 * unit)
        paint_mark(painter, mark, kit["rail-text"], kit["rail"], kit["accent"])
        for number, text in enumerate(kit.say("service.panel").split("\n")):
            run = Run(text, "ko", "rail-text", True)
            self._line(painter, run, 66, 29 + 26 * number)
        self._portrait(painter, QRectF(16 * unit, 82 * unit, 104 * unit, 124 * unit))
        name = hidden(self._data.name) if self._masked else self._data.name
        latin = hidden(self._data.latin) if self._masked else self._data.latin
        self._line(painter, Run(name, "ko", "rail-text", True), 16, 234, Type.WIDE_LEAD_STRONG)
        self._line(painter, Run(latin, "en", "rail-muted"), 16, 265)
        for number, (label, value) in enumerate(self._facts):
            middle = 293 + 26 * number
            self._line(painter, label.coloured("rail-muted"), 16, middle)
            text = hidden(value.text) if self._masked else value.text
            self._line(painter, Run(text, "en", "rail-muted"), 96, middle)

    def _line(
        self,
        painter: QPainter,
        run: Run,
        x: float,
        middle: float,
        kind: Type = Type.WIDE_BODY,
    ) -> None:
        kit = self._kit
        painter.setFont(kit.font(kind, run.lang, bool(run.strong)))
        painter.setPen(kit[run.token])
        high = kit.px(kind.line)
        wide = (CARD - EDGE - x) * kit.unit
        place = QRectF(x * kit.unit, middle * kit.unit - high / 2, wide, high)
        middle_left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        fits = painter.fontMetrics().elidedText(run.text, Qt.TextElideMode.ElideRight, int(wide))
        painter.drawText(place, middle_left, fits)

    def _portrait(self, painter: QPainter, box: QRectF) -> None:
        kit = self._kit
        path = QPainterPath()
        path.addRoundedRect(box, kit.px(6), kit.px(6))
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(box, kit["well"])
        if not self._picture.isNull() and not self._masked:
            image = self._picture
            scale = max(box.width() / image.width(), box.height() / image.height())
            wide, high = box.width() / scale, box.height() / scale
            source = QRectF((image.width() - wide) / 2, (image.height() - high) / 3, wide, high)
            painter.drawImage(box, image, source)
        else:
            side = kit.px(64)
            icon = QRectF(box.center().x() - side / 2, box.center().y() - side / 2, side, side)
            kit.paint_icon(painter, "user-round", "muted", icon)
        painter.restore()
        painter.setPen(pen(kit["rail-text"], 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)


class _CardRoom(QWidget):
    """Where the card is painted inside the phone."""

    def __init__(self, kit: Kit, phone: PhonePicture) -> None:
        super().__init__()
        self._phone = phone
        self.setFixedHeight(kit.px(348))
        self.setAccessibleName(kit.say("service.name"))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        self._phone.paint_card(QPainter(self), QRectF(self.rect()))


class DataPage(PageView):
    """Passport and resident number open only under the finger; all masked when nobody has
    touched the window for a minute."""

    top, bottom = 20, 0

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        self._values: dict[str, tuple[Say, str]] = {}
        self._open: str | None = None
        self._masked = False
        self._closer = QTimer(self)
        self._closer.setSingleShot(True)
        self._closer.setInterval(SHOWN_MS)
        self._closer.timeout.connect(self._close)
        data = self.facts.data
        rows = self._rows(data) if data is not None else []
        table = card(kit, kit.column(*ruled(kit, rows), margins=(24, 7, 24, 7)))
        items: list[QWidget] = []
        self._phone: PhonePicture | None = None
        if data is not None and not kit.larger and self._fits_beside():
            self._phone = PhonePicture(kit, data, self._card_facts(data))
            items.append(self._phone)
        table_room = QWidget()
        table_room.setLayout(kit.column(table, margins=(0, 0, 0, 7)))
        self.setLayout(kit.row(*items, table_room, gap=24))

    def _fits_beside(self) -> bool:
        """Long values need the phone's place: what is to be confirmed is never cut off."""
        kit = self.kit
        more = [value.sizeHint().width() // kit.px(VALUE) for value, _ in self._values.values()]
        return sum(more) <= kit.pick(ROOM, ROOM_LOW)

    def _card_facts(self, data: PersonData) -> list[tuple[Run, Run]]:
        """In Korean, as the wallet shows the credential whatever its own language."""
        words = self.kit.look.words
        return [
            (Run(words.text(f"data.{key}", "ko"), "ko"), Run(f"{day:%Y.%m.%d}.", "en"))
            for key, day in (("birth", data.birth_date), ("valid_until", data.valid_until))
        ]

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("data.title")

    def _rows(self, data: PersonData) -> list[QWidget]:
        kit = self.kit
        nation = data.nationality
        if nation == "KOR":
            nation = f"{kit.say('data.korea')} KOR"
        plain = {
            "name": data.name,
            "latin": data.latin,
            "birth": kit.day(data.birth_date),
            "nationality": nation,
        }
        rows = [self._row(key, value) for key, value in plain.items()]
        rows.append(self._row("passport", masked_passport(data.passport_number), show=True))
        rows.append(self._row("resident", masked_resident(data.resident_number), show=True))
        rows.append(self._row("address", data.address))
        rows.append(self._row("post", data.post))
        rows.append(self._row("valid_until", kit.day(data.valid_until)))
        return rows

    def _row(self, key: str, shown: str, *, show: bool = False) -> QWidget:
        kit = self.kit
        label = Say(kit, inline(kit.pair(f"data.{key}"), strong=False))
        value = Say(kit, self._value_run(shown), anywhere=True)
        self._values[key] = (value, shown)
        items: list[box.Item] = [label, kit.column(None, value, None)]
        if show:
            name = f"{kit.say(f'data.{key}')}, {kit.say('data.show')}"
            button = ShowButton(kit, kit.say("data.show"), name)
            button.pressed.connect(lambda key=key: self._show(key))
            button.released.connect(self._close)
            items.append(button)
        holder = QWidget()
        holder.setLayout(kit.row(*items, margins=(0, 0, 0, 1)))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        label.setFixedWidth(max(kit.px(LABEL), label.sizeHint().width() + kit.px(12)))
        return holder

    def _value_run(self, text: str) -> list[Run]:
        lang = self.kit.language if self.kit.language == "zh" else "ko"
        return [Run(text, lang, "text", True, True)]

    def _full(self, key: str) -> str:
        data = self.facts.data
        if data is None:
            return ""
        return {"passport": data.passport_number, "resident": data.resident_number}[key]

    def _show(self, key: str) -> None:
        self._unmask()
        self._open = key
        self._values[key][0].set_runs(self._value_run(self._full(key)))
        self._closer.start()
        self.context.acts.number_shown.emit(key)

    def _close(self) -> None:
        self._closer.stop()
        if self._open is not None:
            value, shown = self._values[self._open]
            value.set_runs(self._value_run(hidden(shown) if self._masked else shown))
            self._open = None

    def tick(self) -> None:
        touched = self.context.visit.touched_at
        now = self.context.now()
        if touched is not None and now - touched >= UNTOUCHED:
            self._mask()
        elif self._masked:
            self._unmask()

    def _mask(self) -> None:
        if self._masked:
            return
        self._masked = True
        self._close()
        for value, shown in self._values.values():
            value.set_runs(self._value_run(hidden(shown)))
        if self._phone is not None:
            self._phone.set_masked(True)
        self.context.refresh()

    def _unmask(self) -> None:
        if not self._masked:
            return
        self._masked = False
        for value, shown in self._values.values():
            value.set_runs(self._value_run(shown))
        if self._phone is not None:
            self._phone.set_masked(False)
        self.context.refresh()

    def foot(self) -> Foot:
        acts = self.context.acts
        wrong = Press("button.wrong", acts.data_wrong.emit)
        right = Press("button.right", acts.data_confirmed.emit, filled=True, icon="check")
        presses = (wrong, right)
        if self._masked:
            return Foot("data.touch", "eye-off", presses)
        return Foot("data.not_issued", "hourglass", presses)

    # Qt's own
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange and not self.isEnabled():
            self._close()
