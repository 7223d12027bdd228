"""Builds the fonts of ``resources/fonts``; run by hand when a source font changes.

The program needs one family for Hangul, Latin, Vietnamese and Han, as TrueType
outlines (reportlab refuses CFF), with tabular digits (``tnum``):

* ``DeskSans`` (400 and 600): Pretendard 1.3.9 (npm ``pretendard``) plus the Han
  glyphs of Noto Sans CJK in their Korean form (Debian ``fonts-noto-cjk``).
* ``DeskSans Hans`` (400 and 600): the same letters plus the Han glyphs in their
  Simplified Chinese form, and Chinese punctuation, for texts in Chinese.
* ``OCR-B``: Debian ``fonts-ocr-b`` as TrueType, for MRZ lines.

Both sources are under the SIL Open Font License 1.1; «Pretendard», «Inter» and
«Source» are reserved names, hence the new family name. The texts of the licences
are copied beside the fonts. Needs only fonttools, which is not a dependency of
the program::

    python installer/fonts.py --pretendard package/dist \\
        --noto /usr/share/fonts/opentype/noto --ocrb /usr/share/fonts/opentype/ocr-b
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

KOREAN_FACE, CHINESE_FACE = 1, 2
WEIGHTS = {"Regular": ("Regular", 400), "SemiBold": ("Bold", 600)}
"""Our weight: the weight of Noto that stands nearest (Debian ships 400 and 700), and its number."""
QUADRATIC_ERROR = 0.8
"""Greatest distance, in units of a 1000-unit em, of the quadratic outline from the cubic one."""


def gb2312() -> set[int]:
    return _decoded("gb2312", range(0xA1, 0xF8))


def ksx1001() -> set[int]:
    return _decoded("euc_kr", range(0xA1, 0xFE))


def _decoded(encoding: str, rows: Iterable[int]) -> set[int]:
    found = set()
    for row in rows:
        for cell in range(0xA1, 0xFF):
            try:
                text = bytes((row, cell)).decode(encoding)
            except UnicodeDecodeError:
                continue
            if len(text) == 1:
                found.add(ord(text))
    return found


def is_han(code: int) -> bool:
    return 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF


def is_chinese_punctuation(code: int) -> bool:
    """Full-width marks that sit differently in Chinese; quotes stay proportional."""
    return 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF5E


def is_hangul_syllable(code: int) -> bool:
    return 0xAC00 <= code <= 0xD7A3


def merge(base: TTFont, han: TTFont, codes: Iterable[int]) -> None:
    """Draws the glyphs of ``codes`` from ``han`` (CFF) into ``base`` (TrueType)."""
    scale = base["head"].unitsPerEm / han["head"].unitsPerEm
    source, names = han.getGlyphSet(), han.getBestCmap()
    order = list(base.getGlyphOrder())
    drawn: dict[str, str] = {}
    for code in sorted(codes):
        origin = names.get(code)
        if origin is None:
            continue
        if origin not in drawn:
            drawn[origin] = name = f"han{code:04X}"
            base["glyf"].glyphs[name] = _quadratic(source, origin, scale)
            width, bearing = han["hmtx"][origin]
            base["hmtx"][name] = (round(width * scale), round(bearing * scale))
            order.append(name)
        for table in base["cmap"].tables:
            if table.isUnicode() and (code <= 0xFFFF or table.format == 12):
                table.cmap[code] = drawn[origin]
    base.setGlyphOrder(order)
    base["glyf"].glyphOrder = order
    base["maxp"].numGlyphs = len(order)


def _quadratic(source, origin: str, scale: float):  # type: ignore[no-untyped-def]
    pen = TTGlyphPen(None)
    error = QUADRATIC_ERROR * scale
    source[origin].draw(
        TransformPen(Cu2QuPen(pen, error, reverse_direction=True), (scale, 0, 0, scale, 0, 0))
    )
    return pen.glyph()


def rename(font: TTFont, family: str, style: str, weight: int, notice: str) -> None:
    """One family with two weights: 600 stands as its own style name (IDs 16, 17)."""
    postscript = f"{family.replace(' ', '')}-{style}"
    table = font["name"]
    table.names = []
    legacy = family if style == "Regular" else f"{family} {style}"
    values = {
        0: notice,
        1: legacy,
        2: "Regular",
        3: f"desk;{postscript}",
        4: f"{family} {style}",
        5: "Version 1.000",
        6: postscript,
        13: "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
        14: "https://openfontlicense.org",
        16: family,
        17: style,
    }
    for name_id, value in values.items():
        table.setName(value, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight


def letters(path: Path, keep: set[int] | None) -> TTFont:
    """Pretendard without the features nothing here uses; ``keep`` limits the characters."""
    font = TTFont(path)
    options = subset.Options()
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "calt", "case"]
    options.hinting = False
    options.notdef_outline = True
    options.glyph_names = True
    options.drop_tables += ["DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=keep if keep is not None else set(font.getBestCmap()))
    subsetter.subset(font)
    return font


def save(font: TTFont, path: Path) -> None:
    # Names of 15,000 glyphs help nobody at run time: format 3 leaves them out.
    post = font["post"]
    post.formatType = 3.0
    font.recalcTimestamp = False
    font["head"].modified = font["head"].created
    font.save(path)
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {len(font.getBestCmap())} characters")


NOTICE = (
    "Copyright 2023 Kil Hyung-jin, with Reserved Font Name Pretendard; "
    "Copyright 2014-2021 Adobe, with Reserved Font Name Source; "
    "Copyright 2016 The Inter Project Authors. Merged and renamed for desk."
)


def build_sans(pretendard: Path, noto: Path, out: Path) -> None:
    folder = pretendard / "public/static/alternative"
    for style, (noto_weight, weight) in WEIGHTS.items():
        collection = noto / f"NotoSansCJK-{noto_weight}.ttc"
        base = letters(folder / f"Pretendard-{style}.ttf", None)
        wanted = (gb2312() | ksx1001()) - set(base.getBestCmap())
        merge(base, TTFont(collection, fontNumber=KOREAN_FACE), wanted)
        rename(base, "DeskSans", style, weight, NOTICE)
        save(base, out / f"DeskSans-{style}.ttf")


def build_hans(pretendard: Path, noto: Path, out: Path) -> None:
    folder = pretendard / "public/static/alternative"
    for style, (noto_weight, weight) in WEIGHTS.items():
        path = folder / f"Pretendard-{style}.ttf"
        common = {code for code in ksx1001() if is_hangul_syllable(code)}
        kept = {
            code
            for code in TTFont(path).getBestCmap()
            if (not is_hangul_syllable(code) or code in common) and not is_chinese_punctuation(code)
        }
        base = letters(path, kept)
        wanted = {code for code in gb2312() if is_han(code) or is_chinese_punctuation(code)}
        merge(
            base, TTFont(noto / f"NotoSansCJK-{noto_weight}.ttc", fontNumber=CHINESE_FACE), wanted
        )
        rename(base, "DeskSans Hans", style, weight, NOTICE)
        save(base, out / f"DeskSansHans-{style}.ttf")


def build_ocrb(source: Path, out: Path) -> None:
    """OCR-B: public domain (Skala) on freely usable drawings (Schwarz)."""
    font = TTFont(source / "OCRB.otf")
    glyphs, names = font.getGlyphSet(), font.getGlyphOrder()
    glyf = newTable("glyf")
    glyf.glyphs = {name: _quadratic(glyphs, name, 1.0) for name in names}
    glyf.glyphOrder = names
    font["glyf"], font["loca"] = glyf, newTable("loca")
    for table in ("CFF ", "FFTM", "GDEF", "GPOS", "GSUB"):
        if table in font:
            del font[table]
    maxp = newTable("maxp")
    maxp.tableVersion = 0x00010000
    for field in [
        "maxZones",
        "maxTwilightPoints",
        "maxStorage",
        "maxFunctionDefs",
        "maxInstructionDefs",
        "maxStackElements",
        "maxSizeOfInstructions",
        "maxComponentElements",
        "maxPoints",
        "maxContours",
        "maxCompositePoints",
        "maxCompositeContours",
        "maxComponentDepth",
    ]:
        setattr(maxp, field, 0)
    maxp.maxZones, maxp.numGlyphs = 1, len(names)
    font["maxp"] = maxp
    font.sfntVersion = "\000\001\000\000"
    font["head"].glyphDataFormat = 0
    font["post"].formatType = 3.0
    font.save(out / "OCRB.ttf")


OCRB_NOTICE = """\
OCRB.ttf is the font OCRB.otf of Debian's package fonts-ocr-b (upstream: OCR, by
Matthew Skala, https://tsukurimashou.osdn.jp/ocr.php) with its outlines turned
into TrueType outlines; nothing else was changed.

Files: *
Copyright: 2012 Matthew Skala
License: public-domain
  This file is released to the public domain by its author, Matthew Skala.

Files: msk-ocrb*.mp (the drawings)
Copyright: 1995, 2010 Norbert Schwarz
License: permissive
  You may freely use, modify and/or distribute this file, without limitation.
"""


NOTO_NOTICE = """\
Copyright 2014-2021 Adobe (http://www.adobe.com/), with Reserved Font Name 'Source'.
Noto is a trademark of Google Inc.
"""


def copy_licences(pretendard: Path, out: Path) -> None:
    """Both sources carry the same licence text under different copyright lines."""
    text = (pretendard / "LICENSE.txt").read_text(encoding="utf-8")
    (out / "OFL-Pretendard.txt").write_text(text, encoding="utf-8")
    body = text[text.index("This Font Software is licensed") :]
    (out / "OFL-NotoSansCJK.txt").write_text(NOTO_NOTICE + "\n" + body, encoding="utf-8")
    (out / "LICENCE-OCRB.txt").write_text(OCRB_NOTICE, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretendard", type=Path, required=True, help="dist folder of the package")
    parser.add_argument("--noto", type=Path, default=Path("/usr/share/fonts/opentype/noto"))
    parser.add_argument("--ocrb", type=Path, default=Path("/usr/share/fonts/opentype/ocr-b"))
    parser.add_argument("--out", type=Path, default=Path("resources/fonts"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    build_sans(arguments.pretendard, arguments.noto, arguments.out)
    build_hans(arguments.pretendard, arguments.noto, arguments.out)
    build_ocrb(arguments.ocrb, arguments.out)
    copy_licences(arguments.pretendard, arguments.out)


if __name__ == "__main__":
    main()
