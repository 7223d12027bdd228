"""A page of A4 measured in millimetres from its upper left corner.

Text, boxes, icons, QR and bars as filled paths; what stands where is the sheets' own. The
same facts give the same bytes: the file carries no time of its own.
"""

from __future__ import annotations

from io import BytesIO

import qrcode
from qrcode.exceptions import DataOverflowError
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from desk.counter.slips import fonts
from desk.counter.slips.fonts import SEMIBOLD, Style
from desk.counter.slips.icons import Outline, icon
from desk.counter.slips.troubles import CodeTooLong

INK, NAVY, MUTED = "14213D", "14284B", "5A6478"
GREEN, GREEN_TINT, GREEN_LINE = "1B6E3C", "F1F9F4", "A9D5B8"
AMBER, AMBER_TINT, AMBER_LINE = "8A5A00", "FFF9E8", "E6CD8A"
BLUE, BLUE_TINT = "1F5FBF", "EEF3FB"
RED = "A4262C"
VIOLET = "6A3AA8"
LINE, HAIR, WHITE, BLACK = "9AA5B8", "D9DEE7", "FFFFFF", "000000"

MM = 72 / 25.4
LEFT, RIGHT = 16.0, 194.0
ROUND = 2.5
_LONGEST_BARS = 72.0
_HEIGHT: float = A4[1]
_AUTHOR = "모바일 재외국민 신원확인증"


class Page:
    """One sheet being drawn. Positions are millimetres, sizes of letters points."""

    def __init__(self, title: str) -> None:
        self._bytes = BytesIO()
        fonts.load()
        # Without a first font of its own the file would name one that it does not embed.
        self._canvas = Canvas(
            self._bytes,
            pagesize=A4,
            invariant=1,
            lang="ko-KR",
            initialFontName=f"DeskSans-{fonts.REGULAR}",
        )
        self._canvas.setTitle(title)
        self._canvas.setAuthor(_AUTHOR)

    def finished(self) -> bytes:
        """The sheet as PDF."""
        self._canvas.showPage()
        self._canvas.save()
        return self._bytes.getvalue()

    # Letters

    def text(self, x: float, y: float, words: str, style: Style, room: float = 0) -> float:
        """Draw a line from ``x`` on the baseline ``y``; where it ends. With ``room`` (MM) a
        longer line is drawn smaller."""
        if room:
            style = fonts.fitted(words, style, room * MM)
        place = self._canvas.beginText(x * MM, _HEIGHT - y * MM)
        place.setFillColor(HexColor(f"#{style.colour}"))
        for run in fonts.runs(words, style):
            place.setFont(run.font, style.size)
            place.textOut(run.text)
        self._canvas.drawText(place)
        return x + fonts.width(words, style) / MM

    def text_right(self, x: float, y: float, words: str, style: Style, room: float = 0) -> float:
        """The same, ending at ``x``; where it begins."""
        if room:
            style = fonts.fitted(words, style, room * MM)
        begin = x - fonts.width(words, style) / MM
        self.text(begin, y, words, style)
        return begin

    def text_centred(self, x: float, y: float, words: str, style: Style, room: float = 0) -> None:
        if room:
            style = fonts.fitted(words, style, room * MM)
        self.text(x - fonts.width(words, style) / MM / 2, y, words, style)

    def lines(
        self, x: float, y: float, words: str, style: Style, room: float, leading: float
    ) -> float:
        """Draw a paragraph ``room`` wide, its first baseline at ``y``; the baseline behind."""
        for line in fonts.wrapped(words, style, room * MM):
            self.text(x, y, line, style)
            y += leading
        return y

    # Shapes

    def box(
        self,
        x: float,
        y: float,
        wide: float,
        high: float,
        *,
        fill: str | None = None,
        line: str | None = None,
        weight: float = 0.6,
        dashed: bool = False,
        radius: float = ROUND,
    ) -> None:
        """``weight`` in points."""
        self._canvas.saveState()
        self._pens(fill, line, weight)
        if dashed:
            self._canvas.setDash(2.2, 2.2)
        self._canvas.roundRect(
            x * MM,
            _HEIGHT - (y + high) * MM,
            wide * MM,
            high * MM,
            radius * MM,
            stroke=int(line is not None),
            fill=int(fill is not None),
        )
        self._canvas.restoreState()

    def rule(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        colour: str,
        weight: float = 0.5,
        *,
        dashed: bool = False,
    ) -> None:
        self._canvas.saveState()
        self._pens(None, colour, weight)
        if dashed:
            self._canvas.setDash(3, 2.4)
        self._canvas.line(x1 * MM, _HEIGHT - y1 * MM, x2 * MM, _HEIGHT - y2 * MM)
        self._canvas.restoreState()

    def disc(self, x: float, y: float, wide: float, colour: str) -> None:
        """A filled circle ``wide`` across, ``x`` and ``y`` its upper left corner."""
        radius = wide / 2
        self._canvas.saveState()
        self._pens(colour, None, 1)
        self._canvas.circle(
            (x + radius) * MM, _HEIGHT - (y + radius) * MM, radius * MM, stroke=0, fill=1
        )
        self._canvas.restoreState()

    def number(self, x: float, y: float, wide: float, digit: int) -> None:
        """A step's number in its disc."""
        self.disc(x, y, wide, NAVY)
        style = Style(14, WHITE, SEMIBOLD)
        self.text_centred(x + wide / 2, y + wide / 2 + 1.73, str(digit), style)

    def icon(self, name: str, x: float, y: float, wide: float, colour: str) -> None:
        """A line icon in a square box ``wide`` across."""
        self.outline(icon(name), x, y, wide * MM / 24, line=colour)

    def outline(
        self,
        shape: Outline,
        x: float,
        y: float,
        scale: float,
        *,
        line: str | None = None,
        fill: str | None = None,
        weight: float = 2,
    ) -> None:
        """A shape with its origin at ``x`` and ``y``, ``scale`` points a unit, lines ``weight``
        units thick."""
        self._canvas.saveState()
        self._canvas.translate(x * MM, _HEIGHT - y * MM)
        self._canvas.scale(scale, -scale)
        self._pens(fill, line, weight)
        self._canvas.setLineCap(1)
        self._canvas.setLineJoin(1)
        path = self._canvas.beginPath()
        for operation, points in shape.operations:
            if operation == "m":
                path.moveTo(*points[0])
            elif operation == "l":
                path.lineTo(*points[0])
            elif operation == "c":
                path.curveTo(*points[0], *points[1], *points[2])
            else:
                path.close()
        self._canvas.drawPath(path, stroke=int(line is not None), fill=int(fill is not None))
        self._canvas.restoreState()

    def _pens(self, fill: str | None, line: str | None, weight: float) -> None:
        if fill is not None:
            self._canvas.setFillColor(HexColor(f"#{fill}"))
        if line is not None:
            self._canvas.setStrokeColor(HexColor(f"#{line}"))
            self._canvas.setLineWidth(weight)

    # Codes

    def qr(self, x: float, y: float, wide: float, content: str) -> None:
        """A QR code ``wide`` across without its quiet zone, as one filled path, so that every
        printer draws its edges sharp. Raises :class:`CodeTooLong`."""
        rows = _modules(content)
        module = wide * MM / len(rows)
        left, top = x * MM, _HEIGHT - y * MM
        path = self._canvas.beginPath()
        for row, cells in enumerate(rows):
            for first, length in _stretches(cells):
                path.rect(left + first * module, top - (row + 1) * module, length * module, module)
        self._canvas.saveState()
        self._pens(BLACK, None, 0)
        self._canvas.drawPath(path, stroke=0, fill=1)
        self._canvas.restoreState()

    def bars(self, right: float, y: float, high: float, content: str) -> None:
        """Code 128 (ISO/IEC 15417) ending at ``right``, modules of 0.3 MM. Raises
        :class:`CodeTooLong`."""
        code = Code128(content, barWidth=0.3 * MM, barHeight=high * MM, quiet=0)
        if code.width > _LONGEST_BARS * MM:
            raise CodeTooLong(what="serial")
        begin = right * MM - code.width
        self._canvas.saveState()
        code.barFillColor = HexColor(f"#{INK}")
        code.drawOn(self._canvas, begin, _HEIGHT - (y + high) * MM)
        self._canvas.restoreState()

    def bars_width(self, content: str) -> float:
        return float(Code128(content, barWidth=0.3 * MM, quiet=0).width) / MM


def _modules(content: str) -> list[list[bool]]:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    code.add_data(content)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as reason:
        raise CodeTooLong(what="qr") from reason
    return [[bool(cell) for cell in row] for row in code.modules]


def _stretches(cells: list[bool]) -> list[tuple[int, int]]:
    """Dark stretches of a row as (first cell, length): fewer, seamless rectangles."""
    found: list[tuple[int, int]] = []
    for position, dark in enumerate(cells):
        if not dark:
            continue
        if found and sum(found[-1]) == position:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((position, 1))
    return found
