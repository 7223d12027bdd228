"""Every page of the training phone and of the training desk as pictures.

python -m tests.ui.phone.gallery OUTDIR [--lang ko,en] [--only NAME] [--sheet]

``--sheet`` also puts all pages of a language side by side on one picture.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from desk.ui import theme
from desk.ui.phone.bench import BenchWindow
from desk.ui.phone.window import SIZE, PhoneWindow
from tests.ui.phone import samples

COLUMNS = 5


def main() -> int:
    options = _options()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    theme.load_fonts()
    options.out.mkdir(parents=True, exist_ok=True)
    for language in options.lang.split(","):
        pictures = []
        for name, window in _windows(language, options.only):
            for _ in range(3):  # a wrapped text asks for its height only once it has a width
                app.processEvents()
            picture = window.grab().toImage()
            file = options.out / f"{name}-{language}.png"
            picture.save(str(file))
            if isinstance(window, PhoneWindow):
                pictures.append(picture)
            window.close()
            window.deleteLater()
            app.processEvents()
        if options.sheet:
            _sheets(pictures, options.out, language)
        print(f"{language}: {len(pictures)} pictures in {options.out}")
    return 0


def _windows(language: str, only: str) -> Iterator[tuple[str, QWidget]]:
    for name, screen in samples.SCREENS.items():
        if only and only not in name:
            continue
        window = PhoneWindow(language)
        window.look.reduced_motion = True
        window.look.dress()
        window.resize(*SIZE)
        window.show()
        window.show_screen(screen)
        if name == "02-pin" and window.page is not None:
            for digit in (4, 7, 1):
                window.page._pressed(digit)  # type: ignore[attr-defined]
        yield f"phone-{name}", window
    yield from _benches(language, only)


def _benches(language: str, only: str) -> Iterator[tuple[str, QWidget]]:
    """The trainer's panel speaks Korean and English."""
    if language not in ("ko", "en"):
        return
    for name, view in samples.benches().items():
        if only and only not in f"bench-{name}":
            continue
        window = BenchWindow(language)
        window.look.dress()
        window.show()
        window.show_view(view)
        yield f"bench-{name}", window


def _sheets(pictures: list[QImage], out: Path, language: str) -> None:
    """Rows of five pages, a picture for every row."""
    for start in range(0, len(pictures), COLUMNS):
        part = pictures[start : start + COLUMNS]
        width = sum(one.width() + 12 for one in part)
        sheet = QImage(width, max(one.height() for one in part), QImage.Format.Format_RGB32)
        sheet.fill(0xFF888888)
        painter, x = QPainter(sheet), 0
        for one in part:
            painter.drawImage(x, 0, one)
            x += one.width() + 12
        painter.end()
        sheet.save(str(out / f"sheet-{language}-{start // COLUMNS}.png"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--lang", default="ko,en")
    parser.add_argument("--only", default="")
    parser.add_argument("--sheet", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
