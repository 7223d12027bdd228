"""The bundled fonts cover every script of the four languages.

Qt would take a missing glyph from some system font and reportlab would print
nothing; both are found here and not at the counter.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QFont, QFontDatabase, QRawFont

FONTS = Path(__file__).parents[2] / "resources" / "fonts"
SANS = ("DeskSans-Regular.ttf", "DeskSans-SemiBold.ttf")
HANS = ("DeskSansHans-Regular.ttf", "DeskSansHans-SemiBold.ttf")
VIETNAMESE = (
    "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ"
    "AÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬEÈẺẼÉẸÊỀỂỄẾỆIÌỈĨÍỊOÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢUÙỦŨÚỤƯỪỬỮỨỰYỲỶỸÝỴĐ"
)
MARKS = "·•–—…‘’“”«»×→←①€₩〈〉"


def _charset(encoding: str, first: int, last: int) -> set[str]:
    """Every character of a two-byte set in its EUC form."""
    found = set()
    for row in range(first, last + 1):
        for cell in range(0xA1, 0xFF):
            text = bytes((row, cell)).decode(encoding, errors="ignore")
            if len(text) == 1:
                found.add(text)
    return found


def _missing(file: str, wanted: set[str]) -> set[str]:
    font = QRawFont(str(FONTS / file), 20.0)
    assert font.isValid()
    return {c for c in wanted if not font.supportsCharacter(ord(c))}


@pytest.mark.parametrize("file", SANS + HANS)
def test_latin_and_vietnamese_are_complete(qapp: object, file: str) -> None:
    latin = {chr(c) for c in (*range(0x20, 0x7F), *range(0xA1, 0x180))} - {
        "\xad",
        "\u0149",
    }  # soft hyphen; deprecated

    assert not _missing(file, latin | set(VIETNAMESE) | set(MARKS))


@pytest.mark.parametrize("file", SANS)
def test_all_hangul_and_the_han_of_korea_and_china(qapp: object, file: str) -> None:
    hangul = {chr(c) for c in range(0xAC00, 0xD7A4)}
    # Rows B0 to F7 are the Han of GB 2312; rows CA to FD those of KS X 1001.
    han = _charset("gb2312", 0xB0, 0xF7) | _charset("euc_kr", 0xCA, 0xFD)

    assert not _missing(file, hangul | han)


@pytest.mark.parametrize("file", HANS)
def test_the_chinese_family_covers_gb2312_and_everyday_hangul(qapp: object, file: str) -> None:
    wanted = _charset("gb2312", 0xB0, 0xF7) | _charset("euc_kr", 0xB0, 0xC8)

    assert not _missing(file, wanted | set("，。、；：？！（）《》"))


def test_ocrb_covers_the_mrz(qapp: object) -> None:
    """ICAO 9303-3, 4.3: A to Z, 0 to 9 and the filler."""
    assert not _missing("OCRB.ttf", set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"))


@pytest.mark.parametrize("file", SANS + HANS)
def test_the_files_are_small_and_truetype(file: str) -> None:
    data = (FONTS / file).read_bytes()

    assert data[:4] == b"\x00\x01\x00\x00"  # reportlab refuses the CFF form («OTTO»)
    assert len(data) < 8_000_000


@pytest.mark.parametrize("family", ["DeskSans", "DeskSans Hans"])
def test_one_family_has_two_weights_and_tabular_digits(qapp: object, family: str) -> None:
    for file in SANS + HANS:
        QFontDatabase.addApplicationFont(str(FONTS / file))
    font = QFont(family)
    font.setPixelSize(40)
    font.setFeature(QFont.Tag("tnum"), 1)
    font.setWeight(QFont.Weight.DemiBold)
    raw = QRawFont.fromFont(font)

    assert raw.familyName().startswith(family)
    assert raw.weight() == 600
    from PySide6.QtGui import QFontMetricsF

    metrics = QFontMetricsF(font)
    assert metrics.horizontalAdvance("1111") == pytest.approx(metrics.horizontalAdvance("0000"))


@pytest.mark.parametrize("name", ["OFL-Pretendard.txt", "OFL-NotoSansCJK.txt"])
def test_the_licences_travel_with_the_fonts(name: str) -> None:
    text = (FONTS / name).read_text(encoding="utf-8")

    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Reserved Font Name" in text
