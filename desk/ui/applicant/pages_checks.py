"""While passport and face are checked: these pages inform; only the camera guides."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.applicant.drawings import Drawing, passport_moved, passport_on_reader
from desk.ui.applicant.frame import Foot
from desk.ui.applicant.kit import Kit, Run
from desk.ui.applicant.page import Context, PageView, card, icon_row, notice, ruled
from desk.ui.applicant.parts import GlyphSpot, IconSpot, Rule, Tag, TagKind, Tile
from desk.ui.applicant.snapshot import CameraView, Page, Progress, Reading, Spoken
from desk.ui.applicant.text import Say, Stack, inline
from desk.ui.glyphs import Glyph
from desk.ui.look import rounded
from desk.ui.theme import Type

LEFT = 400
_GLYPHS = {
    Progress.WAITING: (Glyph.WAITING, TagKind.WAITING, "state.waiting"),
    Progress.NOW: (Glyph.BUSY, TagKind.NOW, "state.now"),
    Progress.DONE: (Glyph.PASSED, TagKind.DONE, "state.done"),
}


class PhaseRow(QWidget):
    """Glyph, both languages, the state as a tag. ``person`` shows the half disc instead of
    the arc: a person is busy, not the machine."""

    def __init__(
        self, kit: Kit, key: str, *, height: int = 66, lead: bool = False, person: bool = False
    ) -> None:
        super().__init__()
        self._kit, self._key, self._person, self._lead = kit, key, person, lead
        self._spot = GlyphSpot(kit, Glyph.WAITING, 40 if lead else 36)
        kind = Type.WIDE_LEAD_STRONG if lead else Type.WIDE_STRONG
        self._words = Stack(kit, kit.pair(key), kind, wrap=True, line=36 if lead else None)
        self._tag = Tag(kit, TagKind.WAITING, kit.main("state.waiting"))
        layout = kit.row(
            self._spot, 20 if not lead else 24, kit.column(None, self._words, None), 8, self._tag
        )
        self.setLayout(layout)
        self.setMinimumHeight(kit.px(min(height, 56)))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_progress(self, progress: Progress) -> None:
        kit = self._kit
        glyph, kind, word = _GLYPHS[progress]
        if self._person and progress is Progress.NOW:
            glyph = Glyph.HALF
        self._spot.show_glyph(glyph)
        self._tag.show_tag(kind, kit.main(word))
        token = "accent" if progress is Progress.NOW and not self._person else "text"
        strong = True
        if self._lead and progress is Progress.WAITING:
            token, strong = "muted", False
        first, second = kit.pair(self._key)
        self._words.set_pair((first.coloured(token).weighted(strong), second))
        self.setAccessibleName(f"{kit.say(self._key)}, {kit.say(word)}")


class Bar(QWidget):
    """How much is done, 0 to 1."""

    def __init__(self, kit: Kit, height: int = 16) -> None:
        super().__init__()
        self._kit, self._share, self._token = kit, 0.0, "accent"
        self.setFixedHeight(kit.px(height))

    def show_share(self, share: float, name: str, token: str = "accent") -> None:
        self._share, self._token = max(0.0, min(1.0, share)), token
        self.setAccessibleName(name)
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self._kit, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = self.height() / 2
        box = QRectF(self.rect())
        track = kit["disabled-bg"]
        rounded(painter, box, radius, track, kit["line"] if kit.contrast else None)
        if self._share > 0:
            clip = QPainterPath()
            clip.addRoundedRect(box, radius, radius)
            painter.setClipPath(clip)
            box.setWidth(max(box.height(), box.width() * self._share))
            rounded(painter, box, radius, kit[self._token], None)


class PassportPage(PageView):
    """02: percent follows bytes and never runs back."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        self._percent = 0
        picture = Drawing(kit, passport_on_reader, (400, 384), kit.say("passport.title"))
        left = card(kit, kit.column(picture))
        left.setFixedWidth(kit.px(LEFT if not kit.larger else 300))
        self._number = Say(kit, Run("0%", "en", "accent"), Type.WIDE_LEAD_STRONG)
        lead = Stack(kit, kit.pair("passport.lead"), Type.WIDE_LEAD)
        number = kit.column(None, self._number)
        top = QWidget()
        top.setLayout(kit.row(lead, None, number))
        top.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._bar = Bar(kit)
        self._rows = [
            PhaseRow(kit, f"passport.{name}") for name in ("open", "details", "photo", "genuine")
        ]
        phases = card(kit, kit.column(*ruled(kit, list(self._rows)), margins=(24, 1, 24, 1)))
        right = kit.column(top, 12, self._bar, 20, phases)
        right.setStretch(4, 1)
        upper = kit.row(left, right, gap=32)
        layout = kit.column(upper, 16, self._told())
        layout.setStretch(0, 1)
        layout.setContentsMargins(0, 0, 0, kit.px(kit.pick(19, 0)))
        self.setLayout(layout)
        self.follow()

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("passport.title")

    def _told(self) -> QWidget:
        kit = self.kit
        first, second = kit.pair("passport.read")
        words = Stack(kit, (first, second))
        head = kit.main("passport.read_title").weighted(True)
        words.first.set_runs([head, Run("  ", "ko"), first])
        fingers = Stack(kit, kit.pair("passport.fingers"))
        layout = kit.row(
            IconSpot(kit, "eye", 32),
            16,
            words,
            None,
            Rule(kit, standing=True),
            24,
            IconSpot(kit, "fingerprint-pattern", 32, "muted"),
            16,
            fingers,
            margins=(24, 1, 24, 1),
        )
        tile = card(kit, layout)
        tile.setFixedHeight(kit.px(86 if not kit.larger else 60))
        return tile

    def follow(self) -> None:
        reading = self.facts.reading or Reading(0, (Progress.WAITING,) * 4)
        self._percent = max(self._percent, reading.percent)
        self._number.set_runs([Run(f"{self._percent}%", "en", "accent")])
        self._bar.show_share(self._percent / 100, self.kit.say("passport.percent", n=self._percent))
        for row, progress in zip(self._rows, reading.phases, strict=True):
            row.show_progress(progress)


class MovedPage(PageView):
    """02b: the passport moved; back to 02 by itself."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        picture = Drawing(kit, passport_moved, (400, 432), kit.say("moved.title"))
        left = card(kit, kit.column(picture))
        left.setFixedWidth(kit.px(LEFT if not kit.larger else 320))
        sign = _topped(kit, GlyphSpot(kit, Glyph.ATTENTION, 36))
        warning = notice(kit, kit.pair("moved.lead"), "warning", sign, margins=(20, 16, 20, 16))
        warning.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        rows = [
            self._row("book", "closed"),
            self._row("focus", "middle"),
            self._row("smartphone-nfc", "nothing_beside"),
        ]
        hints = card(kit, kit.column(*ruled(kit, rows), margins=(24, 1, 24, 1)))
        right = kit.column(warning, 20, hints)
        right.setStretch(2, 1)
        bottom = kit.pick(72, 0)
        layout = kit.row(left, right, gap=32, margins=(0, 0, 0, bottom))
        self.setLayout(layout)

    def _row(self, icon: str, key: str) -> QWidget:
        kit = self.kit
        words = Stack(kit, kit.pair(f"moved.{key}"), Type.WIDE_STRONG, wrap=True)
        holder = QWidget()
        holder.setLayout(kit.row(IconSpot(kit, icon, 36), 20, kit.column(None, words, None)))
        return holder

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("moved.title")


def _topped(kit: Kit, sign: QWidget) -> QWidget:
    holder = QWidget()
    holder.setLayout(kit.column(sign, None))
    return holder


class CheckingPage(PageView):
    """After the passport, and 03c: officer and approver are looking."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        passport = self.facts.page is Page.PASSPORT_DONE
        icon = IconSpot(kit, "badge-check" if passport else "user-round-search", 160)
        picture = card(kit, kit.column(None, kit.row(None, icon, None), None))
        picture.setFixedWidth(kit.px(LEFT if not kit.larger else 300))
        rows = self._rows(passport)
        steps = card(kit, kit.column(*ruled(kit, rows), margins=(24, 1, 24, 1)))
        steps.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        right: list[QWidget | int | None] = []
        if not passport:
            lead = Stack(kit, kit.pair("checking.lead"), Type.WIDE_LEAD, wrap=True, even=True)
            right += [lead, 20]
        layout = kit.row(
            picture,
            kit.column(*right, steps, None),
            gap=32,
            margins=(0, 0, 0, kit.pick(84, 0)),
        )
        self.setLayout(layout)

    def _rows(self, passport: bool) -> list[QWidget]:
        kit = self.kit
        states = [("checking.read", Progress.DONE, False)]
        if passport:
            states.append(("checking.entitled", Progress.NOW, True))
        else:
            if self.facts.face_taken:
                states.append(("checking.taken", Progress.DONE, False))
            states.append(("checking.officer", Progress.NOW, True))
        rows: list[QWidget] = []
        for key, progress, person in states:
            row = PhaseRow(kit, key, person=person)
            row.setMinimumHeight(kit.px(66))
            row.show_progress(progress)
            rows.append(row)
        return rows

    def title(self) -> tuple[Run, Run | None]:
        passport = self.facts.page is Page.PASSPORT_DONE
        return self.kit.pair("checking.passport_done" if passport else "checking.title")


_ARROWS = {
    Spoken.HEAD_LEFT: "arrow-left",
    Spoken.HEAD_RIGHT: "arrow-right",
    Spoken.CLOSER: "maximize-2",
    Spoken.BACK: "arrow-down",
    Spoken.CHIN_UP: "arrow-up",
    Spoken.GLASSES: "sun",
    Spoken.DARK_SIDE: "sun",
    Spoken.ONE_PERSON: "users",
    Spoken.NO_FACE: "user",
    Spoken.NO_CAMERA: "hourglass",
}


class LivePicture(QWidget):
    """The mirrored camera picture, 432×496, with the oval to fit into."""

    def __init__(self, kit: Kit, name: str, mirror: Run) -> None:
        super().__init__()
        self._kit, self._mirror = kit, mirror
        self._frame: QImage | None = None
        self._spoken = Spoken.NO_FACE
        self.setAccessibleName(f"{name}, {mirror.text}")
        policy = QSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setSizePolicy(policy)
        self.setFixedWidth(kit.px(432 if not kit.larger else 330))

    def show_frame(self, frame: QImage | None) -> None:
        """The newest frame as the camera gives it; mirrored here."""
        self._frame = frame
        self.update()

    def show_guidance(self, spoken: Spoken) -> None:
        self._spoken = spoken
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self._kit, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        clip = QPainterPath()
        clip.addRoundedRect(box, kit.px(10), kit.px(10))
        painter.save()
        painter.setClipPath(clip)
        painter.fillRect(box, kit["muted"])
        if self._frame is not None and not self._frame.isNull():
            self._paint_frame(painter, box, self._frame)
        self._paint_oval(painter, box)
        painter.restore()
        self._paint_mirror(painter, box)
        self._paint_sign(painter, box)
        painter.setPen(QPen(kit["text"], max(2.0, kit.line_width)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, kit.px(10), kit.px(10))

    def _paint_frame(self, painter: QPainter, box: QRectF, frame: QImage) -> None:
        scale = max(box.width() / frame.width(), box.height() / frame.height())
        wide, high = box.width() / scale, box.height() / scale
        source = QRectF((frame.width() - wide) / 2, (frame.height() - high) / 2, wide, high)
        painter.save()
        painter.translate(box.center())
        painter.scale(-1, 1)
        painter.translate(-box.center())
        painter.drawImage(box, frame, source)
        painter.restore()

    def _paint_oval(self, painter: QPainter, box: QRectF) -> None:
        kit = self._kit
        high = box.height() * 0.64
        wide = high * 0.805
        middle = QPointF(box.center().x(), box.y() + box.height() * 0.448)
        oval = QRectF(middle.x() - wide / 2, middle.y() - high / 2, wide, high)
        if self._spoken.good:
            painter.setPen(QPen(kit["success-line"], 5 * kit.unit))
        else:
            dashed = QPen(kit["on-accent"], 4 * kit.unit, Qt.PenStyle.CustomDashLine)
            dashed.setDashPattern([3.0, 2.2])
            dashed.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(dashed)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(oval)

    def _paint_mirror(self, painter: QPainter, box: QRectF) -> None:
        kit = self._kit
        from PySide6.QtGui import QFontMetricsF

        font = kit.font(Type.WIDE_BODY, self._mirror.lang)
        words = QFontMetricsF(font).horizontalAdvance(self._mirror.text)
        tag = QRectF(
            box.x() + kit.px(13),
            box.bottom() - kit.px(13 + 36),
            words + kit.px(12 + 22 + 8 + 12),
            kit.px(36),
        )
        rounded(painter, tag, kit.px(8), kit["rail"], None)
        side = kit.px(22)
        icon = QRectF(tag.x() + kit.px(12), tag.y() + kit.px(7), side, side)
        kit.paint_icon(painter, "flip-vertical", "rail-text", icon)
        painter.setPen(kit["rail-text"])
        painter.setFont(font)
        place = tag.adjusted(kit.px(12 + 22 + 8), 0, 0, 0)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, middle, self._mirror.text)

    def _paint_sign(self, painter: QPainter, box: QRectF) -> None:
        """An arrow on the side to turn to, or the tick."""
        kit = self._kit
        if self._spoken.good:
            side = kit.px(68)
            place = QRectF(box.right() - kit.px(24) - side, box.y() + kit.px(26), side, side)
            kit.look.paint_glyph(painter, Glyph.PASSED, place)
            return
        x = {Spoken.HEAD_LEFT: 0.163, Spoken.HEAD_RIGHT: 0.837}.get(self._spoken)
        if x is None:
            return
        radius = kit.px(36)
        middle = QPointF(box.x() + box.width() * x, box.y() + box.height() * 0.45)
        painter.setPen(QPen(kit["warning"], 2))
        painter.setBrush(kit["warning-soft"])
        painter.drawEllipse(middle, radius, radius)
        side = kit.px(44)
        icon = QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side)
        kit.paint_icon(painter, _ARROWS[self._spoken], "warning", icon, 2.4)


class GuidanceBox(Tile):
    """One sentence, read aloud by the officer word for word."""

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit, "warning-soft", "warning-line")
        self._spoken: Spoken | None = None
        self._icon: QWidget | None = None
        self._words = Stack(
            kit, kit.pair("spoken.no_face"), Type.WIDE_LEAD_STRONG, wrap=True, even=True
        )
        self._spot = kit.row()
        self.setLayout(
            kit.row(self._spot, 24, kit.column(None, self._words, None), margins=(25, 8, 24, 8))
        )
        self.setFixedHeight(kit.px(kit.pick(146, 126, 100)))

    def show_guidance(self, spoken: Spoken) -> None:
        if spoken is self._spoken:
            return
        kit, self._spoken = self._kit, spoken
        tone = "success" if spoken.good else "warning"
        self.colour(f"{tone}-soft", f"{tone}-line")
        first, second = kit.pair(f"spoken.{spoken.value}")
        self._words.set_pair((first.coloured(tone), second.coloured("text") if second else None))
        self.setAccessibleName(first.text)
        if self._icon is not None:
            self._spot.removeWidget(self._icon)
            self._icon.deleteLater()
        self._icon = (
            GlyphSpot(kit, Glyph.PASSED, 52)
            if spoken.good
            else IconSpot(kit, _ARROWS[spoken], 44, "warning", stroke=2.3)
        )
        self._spot.addWidget(self._icon)


class CameraPage(PageView):
    """03: one sentence at a time; the officer takes the picture."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        self.live = LivePicture(kit, kit.say("camera.view"), kit.main("camera.mirror"))
        self._guidance = GuidanceBox(kit)
        self._tags: dict[str, Tag] = {}
        rows = [self._row(name) for name in ("one_person", "distance", "light", "direction")]
        checks = card(kit, kit.column(*ruled(kit, rows), margins=(24, 1, 24, 1)))
        checks.setFixedHeight(kit.px(kit.pick(214, 190)))
        use = icon_row(kit, "trash-2", kit.pair("camera.use"))
        right = kit.column(self._guidance, 16, checks, kit.pick(20, 12), use, None)
        bottom = kit.pick(8, 0)
        self.setLayout(kit.row(self.live, right, gap=32, margins=(0, 0, 0, bottom)))
        self.follow()

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("camera.title")

    def _row(self, name: str) -> QWidget:
        kit = self.kit
        tag = Tag(kit, TagKind.WAITING, kit.main("state.waiting"))
        self._tags[name] = tag
        holder = QWidget()
        words = Say(kit, inline(kit.pair(f"camera.{name}")))
        holder.setLayout(kit.row(words, None, tag))
        return holder

    def follow(self) -> None:
        kit, view = self.kit, self.facts.camera or CameraView(Spoken.NO_FACE)
        self._guidance.show_guidance(view.guidance)
        self.live.show_guidance(view.guidance)
        states = {
            "one_person": view.one_person,
            "distance": view.distance,
            "light": view.light,
            "direction": view.direction,
        }
        for name, good in states.items():
            if good is None:
                self._tags[name].show_tag(TagKind.WAITING, kit.main("state.waiting"))
            elif good:
                self._tags[name].show_tag(TagKind.GOOD, kit.main("state.good"))
            else:
                icon = _ARROWS.get(view.guidance)
                self._tags[name].show_tag(TagKind.ADJUST, kit.main("state.adjust"), icon)

    def foot(self) -> Foot:
        return Foot("camera.height", "accessibility")
