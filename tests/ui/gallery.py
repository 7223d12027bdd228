"""Pictures of every page and state with sample data, beside the pictures they aim at.

    python -m tests.ui.gallery OUTDIR [--size 1440x900] [--dark] [--lang en] [--only NAME]
        [--beside FOLDER]

With ``--beside`` each picture is put next to FOLDER/desk-NAME.png where there is one.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from desk.ui import theme
from desk.ui.look import Look
from desk.ui.theme import Mode
from tests.ui import (
    scenes_aftercare,
    scenes_approval,
    scenes_audit,
    scenes_case,
    scenes_desk,
    scenes_history,
    scenes_passport,
    scenes_renewal,
    scenes_setup,
)
from tests.ui.scenes import SCENES

# Nested layouts settle one level a pass.
LAYOUT_PASSES = 6


def main() -> int:
    options = _options()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    theme.load_fonts()
    width, height = (int(part) for part in options.size.split("x"))
    options.out.mkdir(parents=True, exist_ok=True)
    look = Look(mode=Mode.DARK if options.dark else Mode.LIGHT, language=options.lang)
    look.reduced_motion = True
    look.dress()
    if options.slip:
        scenes_case.SLIP = options.slip
    for name, build in SCENES.items():
        if options.only and not any(name.startswith(one) for one in options.only.split(",")):
            continue
        window = build(look, (width, height))
        for _ in range(LAYOUT_PASSES):
            app.processEvents()
        picture = window.grab().toImage()
        file = options.out / f"{name}{_suffix(options)}.png"
        picture.save(str(file))
        if options.beside:
            _beside(picture, options.beside / f"{_aim(name)}{_suffix(options)}.png", file)
        window.close()
        window.deleteLater()
        print(file)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--lang", default="ko")
    parser.add_argument("--only", default="")
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--slip", type=Path, help="a PDF for the preview of the hand-over page")
    return parser.parse_args()


def _aim(name: str) -> str:
    return name if name.startswith("admin-") else f"desk-{name}"


def _suffix(options: argparse.Namespace) -> str:
    parts = []
    if options.size != "1440x900":
        parts.append(options.size)
    if options.dark:
        parts.append("dark")
    if options.lang != "ko":
        parts.append(options.lang)
    return "".join(f"-{part}" for part in parts)


def _beside(picture: QImage, target: Path, file: Path) -> None:
    """Ours above, the target beneath."""
    if not target.is_file():
        return
    aim = QImage(str(target))
    both = QImage(picture.width(), picture.height() + aim.height() + 8, picture.format())
    both.fill(0)
    painter = QPainter(both)
    painter.drawImage(0, 0, picture)
    painter.drawImage(0, picture.height() + 8, aim)
    painter.end()
    both.save(str(file.with_name(f"beside-{file.name}")))


ALL = (
    scenes_aftercare,
    scenes_approval,
    scenes_audit,
    scenes_case,
    scenes_desk,
    scenes_history,
    scenes_passport,
    scenes_renewal,
    scenes_setup,
)

if __name__ == "__main__":
    raise SystemExit(main())
