"""Print how far the rendered people are apart for the matcher (the table of ORIGIN.md).

python resources/training/distances.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from desk.face.matcher import Matcher
from desk.training.applicants import APPLICANTS, TRAINING

OTHERS = ("stranger", "brother")


def describe(matcher: Matcher, path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return matcher.describe(np.asarray(picture.convert("RGB")))


def main() -> None:
    matcher = Matcher()
    frames = [*(person.key for person in APPLICANTS), *OTHERS]
    lives = [describe(matcher, TRAINING / "frames" / key / "still.jpg") for key in frames]
    print("| chip \\ live | " + " | ".join(frames) + " |")
    print("|---" * (len(frames) + 1) + "|")
    for person in APPLICANTS:
        chip = describe(matcher, person.portrait_path)
        row = [f"{np.linalg.norm(chip - live):.2f}" for live in lives]
        print(f"| {person.key} | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
