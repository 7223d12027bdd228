"""Every page of the applicant's window as a picture, to be held beside the design.

``python -m tests.ui.applicant.gallery OUTDIR [part of a name]``
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from desk.ui import theme
from desk.ui.applicant.snapshot import LANGUAGES, ApplicantScreen, Page
from desk.ui.applicant.window import ApplicantWindow
from tests.ui.applicant import samples

Shot = tuple[str, ApplicantScreen, Callable[[ApplicantWindow], None]]


def _as_is(_window: ApplicantWindow) -> None:
    return


def _digits(text: str) -> Callable[[ApplicantWindow], None]:
    def type_digits(window: ApplicantWindow) -> None:
        page = window._page
        for digit in text:
            page._pressed(int(digit))  # type: ignore[union-attr]
            page = window._page

    return type_digits


def _agree(window: ApplicantWindow) -> None:
    for key in ("passport", "face", "phone"):
        window._page.buttons[key].setChecked(True)  # type: ignore[union-attr]


def _frame(window: ApplicantWindow) -> None:
    window.show_frame(_stand_in())


def _stand_in() -> QImage:
    """A drawn head and shoulders in the place of a camera frame."""
    image = QImage(640, 720, QImage.Format.Format_RGB32)
    image.fill(QColor("#757F93"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 0))
    painter.setBrush(QColor("#48536B"))
    painter.drawEllipse(QPointF(320, 790), 280, 260)
    painter.setBrush(QColor("#E2E7EE"))
    painter.drawEllipse(QPointF(320, 330), 120, 165)
    painter.end()
    return image


def _combine(*steps: Callable[[ApplicantWindow], None]) -> Callable[[ApplicantWindow], None]:
    def run(window: ApplicantWindow) -> None:
        for step in steps:
            step(window)

    return run


def shots() -> Iterator[Shot]:
    for lang in LANGUAGES:
        for page in Page:
            if page is Page.SLIP:
                continue
            yield from _of(page, lang)


def _of(page: Page, lang: str) -> Iterator[Shot]:
    screen = samples.screen(page, lang)
    if page is Page.DATA:
        data = replace(samples.PERSON, portrait=samples.portrait())
        screen = replace(screen, data=data)
    steps = {
        Page.CONSENT: _agree,
        Page.PIN: _digits("402"),
        Page.CAMERA: _frame,
    }
    step = steps.get(page, _as_is)
    yield f"{page.value}-{lang}", screen, step
    yield (
        f"{page.value}-{lang}-larger",
        screen,
        _combine(lambda w: w.set_larger(True), step),
    )
    if lang == "ko":
        yield (
            f"{page.value}-{lang}-contrast",
            screen,
            _combine(lambda w: w.set_contrast(True), step),
        )
    if page is Page.PIN:
        yield f"pin-refused-{lang}", screen, _digits("910314")
        yield f"pin-repeat-{lang}", screen, _digits("4027184027")
        yield f"pin-differ-{lang}", screen, _digits("402718111112")
        yield f"pin-ready-{lang}", screen, _digits("402718402718")
        yield (
            f"pin-refused-{lang}-larger",
            screen,
            _combine(lambda w: w.set_larger(True), _digits("910314")),
        )
        yield (
            f"pin-repeat-{lang}-larger",
            screen,
            _combine(lambda w: w.set_larger(True), _digits("4027184027")),
        )
    if page is Page.CAMERA:
        yield f"camera-hold-{lang}", replace(screen, camera=samples.HOLD), _frame
    if page is Page.QR:
        late = replace(samples.OFFER, expires_at=samples.NOW.replace(second=42))
        yield f"qr-ending-{lang}", replace(screen, qr=late), _as_is
        yield f"qr-large-{lang}", screen, lambda w: w._page._enlarge()  # type: ignore[union-attr]


def main() -> None:
    out = Path(sys.argv[1])
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    size = (1280, 800)
    if len(sys.argv) > 3:
        wide, high = sys.argv[3].split("x")
        size = (int(wide), int(high))
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    theme.load_fonts()
    for name, screen, step in shots():
        if wanted not in name:
            continue
        window = _window(screen, size)
        step(window)
        app.processEvents()
        window.grab().save(str(out / f"{name}.png"))
        window.close()
        window.deleteLater()
        app.processEvents()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}")


def _window(screen: ApplicantScreen, size: tuple[int, int]) -> ApplicantWindow:
    def now() -> datetime:
        return samples.NOW

    training = os.environ.get("TRAINING") == "1"
    window = ApplicantWindow(now, screen, training=training)
    window.resize(*size)
    window.show()
    return window


if __name__ == "__main__":
    main()
