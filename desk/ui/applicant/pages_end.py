"""The ends: usable, saved but not usable, hidden, refused, a slip shown on the screen."""

from __future__ import annotations

from datetime import timedelta

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtPdf import QPdfDocument
from PySide6.QtWidgets import QHBoxLayout, QLayout, QScrollArea, QSizePolicy, QWidget

from desk.ui.applicant.frame import Foot, Press
from desk.ui.applicant.kit import Kit, Run, tag_day
from desk.ui.applicant.page import HELP, HELP_ICON, Context, PageView, card, icon_row, notice
from desk.ui.applicant.pages_phone import step_row
from desk.ui.applicant.parts import (
    GlyphSpot,
    IconSpot,
    Rule,
    ScrollButton,
    Tag,
    TagKind,
    Tile,
)
from desk.ui.applicant.snapshot import Ending, LossContact, Page, Refusal, ServiceLine
from desk.ui.applicant.text import Say, Stack, inline
from desk.ui.glyphs import Glyph
from desk.ui.theme import Type

CLEARS = timedelta(seconds=60)


class _EndPage(PageView):
    """Clears itself after a minute, or by «마치기»."""

    counts = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        visit = context.visit
        if visit.ended_since is None:
            visit.ended_since = context.now()

    def left(self) -> int:
        """Seconds until the window clears itself."""
        since = self.context.visit.ended_since or self.context.now()
        left = CLEARS - (self.context.now() - since)
        return max(0, int(left.total_seconds() + 0.999))

    def tick(self) -> None:
        if self.left() == 0:
            self.context.visit.ended_since = None
            self.context.acts.finished.emit()
        elif self.counts:
            self.context.refresh()

    def finish(self) -> Press:
        return Press("button.finish", self.context.acts.finished.emit, filled=True)


def _rows(kit: Kit, rows: list[QWidget]) -> list[QWidget]:
    out: list[QWidget] = []
    for place, row in enumerate(rows):
        if place:
            out.append(Rule(kit))
        out.append(row)
    return out


def _two(kit: Kit, left: QLayout, right: QLayout) -> QHBoxLayout:
    """Two columns in the proportion 480 to 400, whatever they hold."""
    holders = []
    for layout in (left, right):
        holder = QWidget()
        holder.setLayout(layout)
        holder.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        holders.append(holder)
    row = kit.row(*holders, gap=24)
    row.setStretch(0, 480)
    row.setStretch(1, 400)
    return row


def service_row(kit: Kit, service: ServiceLine) -> QWidget:
    """Name in both languages; when it can be used, as a tag."""
    first, second = kit.given(service.name)
    words = Stack(kit, (first.weighted(True), second), wrap=True)
    if service.now:
        tag = Tag(kit, TagKind.LIVE, kit.main("state.from_now"))
    elif service.announced:
        tag = Tag(kit, TagKind.ANNOUNCED, kit.main("state.announced"))
    elif service.starts is not None:
        day = tag_day(service.starts, kit.language)
        tag = Tag(kit, TagKind.LATER, kit.main("state.from_date", d=day))
    else:
        tag = Tag(kit, TagKind.NO_DATE, kit.main("state.no_date"))
    holder = QWidget()
    edge = kit.pick(3, 1, 10)
    holder.setLayout(kit.row(words, 8, tag, margins=(24, edge, 24, edge)))
    holder.setMinimumHeight(kit.px(kit.pick(66, 58, 50)))
    return holder


def loss_card(kit: Kit, loss: LossContact) -> Tile:
    """What to do when the phone is lost; a number only where the post has given one."""
    head = QWidget()
    title = Stack(kit, _strong(kit.pair("loss.title")))
    head.setLayout(kit.row(title, None, margins=(24, 0, 24, 0)))
    head.setFixedHeight(kit.px(kit.pick(76, 62, 48)))
    items: list[QWidget | int | None] = [Stack(kit, kit.pair("loss.lead"), wrap=True)]
    for key, number in (("day", loss.day), ("night", loss.night)):
        if number:
            items += [kit.pick(10, 5), _number(kit, key, number)]
    if not loss.day and not loss.night:
        none = kit.pair("loss.none")
        items += [10, Stack(kit, none, wrap=True)]
    body = QWidget()
    body.setLayout(kit.column(*items, margins=(24, kit.pick(12, 7), 24, kit.pick(14, 8))))
    tile = card(kit, kit.column(head, Rule(kit), body, margins=(0, 1, 0, 1)))
    tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return tile


def _number(kit: Kit, key: str, number: str) -> QWidget:
    first, second = kit.pair(f"loss.{key}")
    runs = [first.coloured("muted")]
    if second is not None:
        runs += [Run(" · ", "en", "muted"), second]
    holder = QWidget()
    big = Say(kit, Run(number, "en").even(), Type.WIDE_LEAD_STRONG, line=36)
    holder.setLayout(kit.column(Say(kit, runs), big))
    return holder


def _strong(pair: tuple[Run, Run | None]) -> tuple[Run, Run | None]:
    return pair[0].weighted(True), pair[1]


def _remark(kit: Kit, icon: str, pair: tuple[Run, Run | None], *, strong: bool = False) -> Tile:
    words = Stack(kit, (pair[0].weighted(strong), pair[1]), wrap=True)
    sign = IconSpot(kit, icon, 36)
    layout = kit.row(
        sign, 16, kit.column(None, words, None), margins=(24, kit.pick(12, 8), 20, kit.pick(12, 8))
    )
    tile = card(kit, layout)
    tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return tile


class DonePage(_EndPage):
    """07: shown only after the status list carries «valid»."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit, ending = self.kit, self.ending
        left: list[QWidget | int | None] = []
        if ending.services:
            left += [self._services(ending), kit.pick(16, 12)]
        left.append(_remark(kit, "smartphone", kit.pair("end.one_phone")))
        right = kit.column(loss_card(kit, ending.loss), kit.pick(16, 12), self._valid(ending), None)
        self.setLayout(_two(kit, kit.column(*left, None), right))

    @property
    def ending(self) -> Ending:
        ending = self.facts.ending
        return ending if ending is not None else Ending(self.context.now().date())

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("done.title")

    def sign(self) -> QWidget:
        return GlyphSpot(self.kit, Glyph.PASSED, 64)

    def _services(self, ending: Ending) -> Tile:
        kit = self.kit
        head = QWidget()
        head.setLayout(
            kit.row(Say(kit, inline(kit.pair("done.where"))), None, margins=(24, 0, 24, 0))
        )
        head.setFixedHeight(kit.px(kit.pick(56, 46, 44)))
        rows = [service_row(kit, service) for service in ending.services]
        tile = card(kit, kit.column(*_rows(kit, [head, *rows]), margins=(0, 1, 0, 1)))
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return tile

    def _valid(self, ending: Ending) -> Tile:
        kit = self.kit
        first = kit.main("end.valid", d=kit.day(ending.valid_until))
        second = None
        if kit.second is not None:
            second = kit.other("end.valid", d=kit.day(ending.valid_until, kit.second))
        return _remark(kit, "calendar-check", (first, second), strong=True)

    def foot(self) -> Foot:
        remark: tuple[str, dict[str, object]] = ("end.clears", {"n": self.left()})
        return Foot("end.take", "book-user", (self.finish(),), strong=True, remark=remark)


class NotProvenPage(_EndPage):
    """07b: saved, not usable yet."""

    counts = False
    area = "not_proven"
    ways = ("charge", "come", "scan")

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        sign = GlyphSpot(kit, Glyph.ATTENTION, 36)
        reason = notice(
            kit,
            kit.pair(f"{self.area}.reason"),
            "warning",
            sign,
            margins=(20, kit.pick(15, 8), 20, kit.pick(15, 8)),
        )
        reason.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        rows = []
        for number, key in enumerate(self.ways, start=1):
            row = step_row(kit, number, kit.pair(f"{self.area}.{key}"), lead=False)
            room = QWidget()
            room.setLayout(kit.column(row, margins=(24, kit.pick(14, 6), 24, kit.pick(14, 6))))
            rows.append(room)
        steps = card(kit, kit.column(*_rows(kit, rows), margins=(0, 1, 0, 1)))
        steps.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setLayout(self._laid_out(kit.column(reason, 16, steps, None)))

    def _laid_out(self, left: QLayout) -> QLayout:
        ending = self.facts.ending or Ending(self.context.now().date())
        return _two(self.kit, left, self.kit.column(loss_card(self.kit, ending.loss), None))

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair(f"{self.area}.title")

    def sign(self) -> QWidget:
        return IconSpot(self.kit, "hourglass", 60, "warning", stroke=2)

    def foot(self) -> Foot:
        return Foot("end.take", "book-user", (self.finish(),), strong=True)


class BarredPage(NotProvenPage):
    """07c: saved, and nothing makes it usable any more; there is nothing to suspend either."""

    area = "barred"
    ways = ("ask", "new", "come")

    def _laid_out(self, left: QLayout) -> QLayout:
        return left

    def sign(self) -> QWidget:
        return GlyphSpot(self.kit, Glyph.ATTENTION, 60)


class HiddenPage(PageView):
    """08: the desk is locked; nothing personal."""

    full = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.setLayout(centred(self.kit, "eye-off", "hidden.title", "hidden.lead"))


def centred(kit: Kit, icon: str, title: str, lead: str | None, below: QWidget | None = None):  # type: ignore[no-untyped-def]
    """A large icon, title and sentence in the middle."""
    middle = Qt.AlignmentFlag.AlignHCenter
    items: list[QWidget | int | None] = [
        None,
        _middle(kit, IconSpot(kit, icon, 112)),
        16,
        Stack(kit, kit.pair(title), Type.WIDE_DISPLAY, wrap=True, align=middle, gap=8),
    ]
    if lead is not None:
        items += [
            24,
            Stack(kit, kit.pair(lead), Type.WIDE_LEAD, wrap=True, even=True, align=middle),
        ]
    if below is not None:
        items += [32, _middle(kit, below)]
    return kit.column(*items, None, margins=(40, 0, 40, 0))


def _middle(kit: Kit, widget: QWidget) -> QWidget:
    holder = QWidget()
    holder.setLayout(kit.row(None, widget, None))
    holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return holder


class NoticePage(_EndPage):
    """09a and 09b: neutral; no reason is shown."""

    full = True
    steps = False
    counts = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        if self.facts.page is Page.REGISTRATION_CHECK:
            self.setLayout(centred(kit, "user-round-search", "further.registration", None))
            return
        back = card(
            kit,
            kit.row(
                IconSpot(kit, "book-user", 36),
                14,
                Stack(kit, kit.pair("further.passport")),
                margins=(26, 16, 24, 16),
            ),
        )
        self.setLayout(centred(kit, "user-round-search", "further.title", "further.lead", back))

    def tick(self) -> None:
        if self.facts.page is not Page.REGISTRATION_CHECK:
            super().tick()

    def foot(self) -> Foot:
        return Foot(HELP, HELP_ICON)


class RefusedPage(_EndPage):
    """09: the reason and the way to yes."""

    steps = False
    counts = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        refusal = self.facts.refusal or Refusal({})
        self._refusal = refusal
        gap = kit.pick(16, 12)
        items: list[QWidget | int | None] = [self._reason(refusal), gap]
        if refusal.steps:
            items += [self._way(refusal), gap]
        trace = "refused.photo_goes" if refusal.face_taken else "refused.no_trace"
        items += [icon_row(kit, "trash-2", kit.pair(trace)), None]
        self.setLayout(kit.column(*items))

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("refused.title")

    def sign(self) -> QWidget:
        return IconSpot(self.kit, "circle-minus", 60, "warning", stroke=2)

    def _words(self, refusal: Refusal) -> tuple[Run, Run | None]:
        if isinstance(refusal.reason, str):
            return self.kit.pair(f"reason.{refusal.reason}")
        return self.kit.given(refusal.reason)

    def _reason(self, refusal: Refusal) -> Tile:
        kit = self.kit
        first, second = kit.pair("refused.reason_title")
        label = Stack(
            kit,
            (first.coloured("warning").weighted(True), second.coloured("text") if second else None),
        )
        why, other = self._words(refusal)
        words = Stack(
            kit, (why.weighted(True), other.coloured("text") if other else None), wrap=True
        )
        layout = kit.row(
            GlyphSpot(kit, Glyph.ATTENTION, 36),
            16,
            label,
            32,
            words,
            margins=(20, kit.pick(16, 8), 20, kit.pick(16, 8)),
        )
        tile = card(kit, layout, "warning-soft", "warning-line")
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return tile

    def _way(self, refusal: Refusal) -> Tile:
        kit = self.kit
        head = QWidget()
        head.setLayout(
            kit.row(Say(kit, inline(kit.pair("refused.way"))), None, margins=(24, 0, 24, 0))
        )
        head.setFixedHeight(kit.px(kit.pick(56, 46, 44)))
        rows: list[QWidget] = [head]
        for number, words in enumerate(refusal.steps, start=1):
            first, second = kit.given(words)
            row = step_row(kit, number, (first.weighted(True), second), lead=False)
            room = QWidget()
            room.setLayout(kit.column(row, margins=(24, kit.pick(14, 6), 24, kit.pick(14, 6))))
            rows.append(room)
        tile = card(kit, kit.column(*_rows(kit, rows), margins=(0, 1, 0, 1)))
        tile.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return tile

    def foot(self) -> Foot:
        key = "refused.slip" if self._refusal.slip_printed else "refused.slip_shown"
        return Foot(key, "printer", (self.finish(),))


class _Sheet(QWidget):
    """The slip's page as wide as the window."""

    def __init__(self, image: QImage, name: str) -> None:
        super().__init__()
        self._image = image
        self.setAccessibleName(name)
        self.setFixedSize(image.deviceIndependentSize().toSize())

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).drawImage(0, 0, self._image)


class SlipPage(_EndPage):
    """No printer works: the slip is shown here. It stays until it is finished."""

    counts = False
    steps = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        self._area = QScrollArea()
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.viewport().setAutoFillBackground(False)
        self._area.setAccessibleName(kit.say("slip.page"))
        self._area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        image = _page_image(self.facts.slip, kit.px(816))
        self._area.setWidget(_Sheet(image, kit.say("slip.page")))
        self.up, self.down = (
            ScrollButton(kit, f"arrow-{way}", kit.say(f"slip.{way}")) for way in ("up", "down")
        )
        self.up.clicked.connect(lambda: self._turn(-1))
        self.down.clicked.connect(lambda: self._turn(1))
        self.setLayout(kit.row(self._area, kit.column(self.up, 16, self.down, None), gap=24))
        bar = self._area.verticalScrollBar()
        bar.valueChanged.connect(self._ends)
        bar.rangeChanged.connect(self._ends)
        self._ends()

    def _turn(self, way: int) -> None:
        """Most of a view further; the last lines are seen again."""
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + way * round(bar.pageStep() * 0.8))

    def _ends(self) -> None:
        bar = self._area.verticalScrollBar()
        self.up.setEnabled(bar.value() > bar.minimum())
        self.down.setEnabled(bar.value() < bar.maximum())

    def tick(self) -> None:
        """No clearing under somebody who is reading."""

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("slip.title")

    def foot(self) -> Foot:
        key = "slip.no_photograph" if self.facts.slip_has_qr else "slip.photograph"
        return Foot(key, "smartphone", (self.finish(),))


def _page_image(pdf: bytes, width: int) -> QImage:
    """The first page of ``pdf``, ``width`` pixels wide."""
    buffer = QBuffer()
    buffer.setData(QByteArray(pdf))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    document = QPdfDocument()
    document.load(buffer)
    size = document.pagePointSize(0)
    height = round(width * size.height() / size.width()) if size.width() else width
    page = document.render(0, QSize(width, height))
    image = QImage(page.size(), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.drawImage(0, 0, page)
    painter.end()
    document.close()
    return image
