"""Pieces: buttons, glyphs, rows, QR, countdown, verdict, banner."""

from __future__ import annotations

import pytest
import zxingcpp
from PIL import Image
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.parts.above import Above, Veil
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.qr import QrCode
from desk.ui.parts.qrcard import Countdown, QrPlace, QrState
from desk.ui.parts.results import Branch, Leaf, ResultTree
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.text import Text, plain
from desk.ui.parts.verdict import Banner, Count, Remedy, Verdict
from desk.ui.theme import RESOURCES, Mode, Type
from tests.ui.officer import settle


def grey(glyph: Glyph, look: Look) -> bytes:
    """The glyph in black and white, 36 px."""
    image = QImage(36, 36, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    look.paint_glyph(painter, glyph, QRectF(0, 0, 36, 36))
    painter.end()
    return bytes(image.convertToFormat(QImage.Format.Format_Mono).constBits())


def test_every_glyph_has_its_own_outline_in_black_and_white(look: Look) -> None:
    drawings = {glyph: grey(glyph, look) for glyph in Glyph}

    assert len(set(drawings.values())) == len(Glyph)


def test_every_glyph_has_a_word(look: Look) -> None:
    for glyph in Glyph:
        assert look.say(f"state.{glyph.value}")


@pytest.mark.parametrize("mode", list(Mode))
def test_a_qr_is_black_on_white_in_both_modes_and_decodes(
    qtbot: QtBot, look: Look, mode: Mode
) -> None:
    look.set_mode(mode)
    text = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fx.example%2Fo%2F1"
    place = QrPlace(look)
    qtbot.addWidget(place)

    place.show_state(QrState.LIVE, text, "QR")
    place.set_module(9)
    place.show()
    settle()

    image = place.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    picture = Image.frombytes(
        "RGB", (image.width(), image.height()), bytes(image.constBits()), "raw", "RGB",
        image.bytesPerLine(),
    )  # fmt: skip
    found = zxingcpp.read_barcodes(picture)
    assert [one.text for one in found] == [text]
    look.set_mode(Mode.LIGHT)


def test_a_used_qr_is_gone_and_not_dimmed(qtbot: QtBot, look: Look) -> None:
    place = QrPlace(look)
    qtbot.addWidget(place)
    place.show_state(QrState.LIVE, "openid4vp://x", "QR")

    place.show_state(QrState.USED, "", "휴대전화 1대가 읽었습니다")

    assert place.qr.side == 0
    assert "openid4vp" not in place.qr.accessibleName()


def test_a_module_is_never_smaller_than_six_pixels(qtbot: QtBot, look: Look) -> None:
    place = QrPlace(look)
    qtbot.addWidget(place)

    place.set_module(3)

    assert place.width() == 53 * 6 + 2


def test_whole_pixels_a_module(qtbot: QtBot) -> None:
    code = QrCode("text", 7)
    qtbot.addWidget(code)

    assert code.sizeHint().width() % 7 == 0


def test_the_countdown_turns_amber_in_its_last_minute(qtbot: QtBot, look: Look) -> None:
    count = Countdown(look)
    qtbot.addWidget(count)

    count.show_left(61, 600)
    assert count._digits.token == "text"
    count.show_left(48, 600)
    assert count._digits.token == "warning"
    assert count._word.text() == "곧 끝남"
    count.show_left(0, 600)
    assert count._digits.text() == "00:00"
    assert count._digits.token == "muted"


def test_a_button_says_its_word_and_grows_with_it(qtbot: QtBot, look: Look) -> None:
    button = Button(look, "다음", Kind.PRIMARY, height=48).at_least(200)
    qtbot.addWidget(button)

    assert button.sizeHint().width() == 200
    button.say("Print the slip and refuse the application")

    assert button.sizeHint().width() > 200
    assert button.accessibleName() == button.text()


def test_words_that_do_not_fit_are_cut_and_shown_in_full_on_hover(qtbot: QtBot, look: Look) -> None:
    text = Text(look, "**중요** 아주 긴 문장이 여기에 있습니다", Type.BODY)
    qtbot.addWidget(text)
    text.resize(60, 24)
    text.show()
    text.grab()

    assert text.is_cut()
    assert text.toolTip() == plain("**중요** 아주 긴 문장이 여기에 있습니다")
    assert text.accessibleName() == text.toolTip()


def test_a_tool_tip_says_what_is_cut_now_and_leaves_anothers_alone(
    qtbot: QtBot, look: Look
) -> None:
    """It went on saying whose name had stood there before, and wiped what others had set."""
    text, told = Text(look, "남궁하늘빛나라 님의 신원확인증"), Text(look, "주LA")
    told.setToolTip("주로스앤젤레스 대한민국 총영사관")
    for one in (text, told):
        qtbot.addWidget(one)
        one.resize(40, 24)
        one.grab()
    assert text.toolTip() == text.text()
    assert told.toolTip() == "주로스앤젤레스 대한민국 총영사관"

    text.say("제갈별님달님해님 님의 신원확인증")
    assert text.toolTip() == ""
    text.grab()
    assert text.toolTip() == text.text()
    text.say("짧음")
    text.grab()
    assert text.toolTip() == ""


def test_rows_are_one_tab_stop_with_arrows_inside(qtbot: QtBot, look: Look) -> None:
    rows = RowList()
    qtbot.addWidget(rows)
    made = [rows.add(Row(look, 40, clickable=True)) for _ in range(3)]
    rows.show()
    opened: list[int] = []
    rows.opened.connect(opened.append)
    made[0].setFocus()

    qtbot.keyClick(made[0], Qt.Key.Key_Down)
    qtbot.keyClick(made[1], Qt.Key.Key_End)
    qtbot.keyClick(made[2], Qt.Key.Key_Return)

    assert rows.current == 2
    assert opened == [2]
    stops = [row for row in made if row.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert stops == [made[2]]


def test_a_verdict_keeps_its_callers_buttons_alive(qtbot: QtBot, look: Look) -> None:
    verdict, button = Verdict(look), Button(look, "다시 읽기")
    qtbot.addWidget(verdict)
    qtbot.addWidget(button)

    for _ in range(3):
        verdict.show_right(button)
        verdict.show_counts([Count(Glyph.PASSED, 8, "적합")])
        verdict.show_right()
        settle()

    assert button.text() == "다시 읽기"


def test_a_banner_shows_code_next_step_and_at_most_two_buttons(qtbot: QtBot, look: Look) -> None:
    banner = Banner(look)
    qtbot.addWidget(banner)
    asked: list[str] = []
    banner.asked.connect(asked.append)
    remedies = [Remedy(str(n), f"버튼 {n}") for n in range(3)]

    banner.show_trouble(Glyph.ATTENTION, "제목", "문장", "다음", "READER-03", remedies)
    buttons = banner.findChildren(Button)
    qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)

    assert len(buttons) == 2
    assert asked == ["0"]
    for words in ("제목", "문장", "다음", "READER-03"):
        assert words in banner.accessibleName()


def leaf(glyph: Glyph, name: str, next_step: str = "") -> Leaf:
    return Leaf(glyph, name, "", glyph.value, next=next_step, code="X-01" if next_step else "")


def test_a_full_tree_folds_what_passed_and_never_what_needs_eyes(qtbot: QtBot, look: Look) -> None:
    tree = ResultTree(look)
    qtbot.addWidget(tree)
    passed = [leaf(Glyph.PASSED, f"p{n}") for n in range(9)]
    odd = [leaf(Glyph.UNDECIDED, "odd", "next"), leaf(Glyph.NOT_DONE, "open")]
    branch = Branch("내용", Glyph.UNDECIDED, "판정 불가", (*passed, *odd))

    tree.set_narrow(True)
    tree.show_branches([], [branch])

    names = [row.accessibleName() for row in tree._lists[1].rows]
    assert any(name.startswith("odd") for name in names)
    assert any(name.startswith("open") for name in names)
    assert any("적합 9개" in name and "p0" in name for name in names)


def test_the_same_tree_again_keeps_its_rows(qtbot: QtBot, look: Look) -> None:
    tree = ResultTree(look)
    qtbot.addWidget(tree)
    branch = Branch("칩", Glyph.PASSED, "적합", (leaf(Glyph.PASSED, "a"),))
    tree.show_branches([branch], [])
    rows: list[QWidget] = list(tree._lists[0].rows)

    tree.show_branches([branch], [])

    assert list(tree._lists[0].rows) == rows


def test_every_line_icon_renders_in_the_colour_it_is_given(look: Look) -> None:
    folder = RESOURCES / "icons"
    names = sorted(path.stem for path in folder.glob("*.svg"))

    assert names
    assert "ISC License" in (folder / "LICENSE").read_text(encoding="utf-8")
    for name in names:
        image = look.icons.pixmap(name, look["danger"], 24, 2.0).toImage()
        strongest = max(
            (image.pixelColor(x, y) for x in range(48) for y in range(48)),
            key=lambda colour: colour.alpha(),
        )
        assert image.width() == 48
        assert abs(strongest.red() - look["danger"].red()) < 8, name


def test_an_unknown_icon_is_a_bug_and_says_so(look: Look) -> None:
    with pytest.raises(KeyError):
        look.icons.pixmap("no-such-icon", look["text"], 16)


@pytest.mark.parametrize("words", ["Eligibility gjpqy", "Eligibility gjpqy " * 9])
def test_what_hangs_below_the_letters_is_not_cut_in_a_low_line(
    qtbot: QtBot, look: Look, words: str
) -> None:
    """The header's title stands in 26 pixels and its line is 28 high."""

    def inked(height: int) -> int:
        text = Text(look, words, Type.TITLE)
        qtbot.addWidget(text)
        text.setFixedSize(300, height)
        image = QImage(text.size(), QImage.Format.Format_Grayscale8)
        image.fill(Qt.GlobalColor.white)
        text.render(image)
        rows = [
            any(image.pixelColor(x, y).value() < 128 for x in range(image.width()))
            for y in range(image.height())
        ]
        return sum(rows)

    assert inked(26) == inked(28) == inked(60)


def test_what_stands_above_a_window_dims_all_of_it_until_it_goes(qtbot: QtBot, look: Look) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.setStyleSheet("background: white")
    window.resize(400, 300)
    window.show()
    asked = Above(look, window, "asked")
    asked.show()
    settle()
    window.resize(700, 500)
    settle()

    dimmed = window.grab().toImage()
    asked.reject()
    settle()
    clear = window.grab().toImage()

    for x, y in ((5, 5), (690, 490)):
        assert clear.pixelColor(x, y) == QColor("white")
        # As in the pictures of the dialogs: white below the veil.
        seen = dimmed.pixelColor(x, y)
        assert (seen.red(), seen.green(), seen.blue()) == pytest.approx((126, 133, 148), abs=2)


def test_a_dialog_has_round_corners_after_each_change_of_its_size(qtbot: QtBot, look: Look) -> None:
    asked = Above(look, None, "asked")
    qtbot.addWidget(asked)

    for width, height in ((300, 200), (420, 260)):
        asked.resize(width, height)
        asked.show()
        seen, corners = asked.grab().toImage(), asked.mask()

        assert seen.pixelColor(0, 0).alpha() == 0
        assert seen.pixelColor(width // 2, height // 2) == look["card"]
        assert not corners.contains(QPoint(width - 1, height - 1))
        assert corners.contains(QPoint(width - 1, height // 2))


def test_the_same_dialog_dims_the_window_each_time_it_is_asked(qtbot: QtBot, look: Look) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    asked = Above(look, window, "asked")
    for _ in range(2):
        asked.show()
        assert len([one for one in window.findChildren(Veil) if one.isVisible()]) == 1
        asked.reject()
        assert not [one for one in window.findChildren(Veil) if one.isVisible()]
