"""The phone's pages: what they say, what they ask for, what they keep to themselves."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desk.resources import resource
from desk.ui.phone.look import LANGUAGES
from desk.ui.phone.snapshot import Again, CardState, Page, PhoneScreen, PinView
from desk.ui.phone.window import PhoneWindow
from desk.ui.phone.words import HolderTroubles
from tests.ui.phone import samples

USABLE_WORDS = {"ko": "사용 가능", "en": "Usable", "zh": "可以使用", "vi": "Dùng được"}
CODES = [f"PHONE-{number:02}" for number in range(1, 15)]


@pytest.fixture
def window(qtbot: QtBot) -> PhoneWindow:
    shown = PhoneWindow()
    qtbot.addWidget(shown)
    shown.show()
    return shown


def words(window: PhoneWindow) -> list[str]:
    """Everything that is written or spoken on the page."""
    assert window.page is not None
    labels = [one.text() for one in window.page.findChildren(QLabel) if one.isVisibleTo(window)]
    return labels + [one.accessibleName() for one in window.page.findChildren(QWidget)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_control_of_every_page_has_a_name(window: PhoneWindow, language: str) -> None:
    window.set_language(language)
    for name, screen in samples.SCREENS.items():
        window.show_screen(screen)

        controls = [
            one
            for one in window.findChildren(QWidget)
            if isinstance(one, QAbstractButton | QLineEdit)
            or one.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]

        assert len(controls) >= 5
        assert not [one for one in controls if not one.accessibleName()], name
        assert window.accessibleName() == window.windowTitle() != ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_the_phone(
    window: PhoneWindow, language: str, qapp: QApplication
) -> None:
    """No line runs out of the page or is cut, in no language."""
    window.set_language(language)
    for name, screen in samples.SCREENS.items():
        window.show_screen(screen)
        page = window.page
        assert page is not None
        for _ in range(3):  # a wrapped text asks for its height once it has a width
            qapp.processEvents()

        assert page.content.minimumSizeHint().width() <= 390, name
        assert not [
            one.text()
            for one in page.findChildren(QLabel)
            if one.isVisibleTo(window) and getattr(one, "is_cut", bool)()
        ], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_usable_is_said_of_usable_ids_only(window: PhoneWindow, language: str) -> None:
    window.set_language(language)

    for state in CardState:
        card = replace(samples.CARD, state=state)
        for screen in (PhoneScreen(cards=(card,)), PhoneScreen(Page.CARD, card=card)):
            window.show_screen(screen)
            said = [word for word in words(window) if USABLE_WORDS[language] in word]
            assert bool(said) is (state is CardState.USABLE)


def test_the_language_changes_in_place_and_keeps_what_was_typed(
    window: PhoneWindow, qtbot: QtBot
) -> None:
    window.show_screen(samples.PIN)
    QTest.keyClicks(window, "482")

    with qtbot.waitSignal(window.language_chosen) as chosen:
        window._tabs._tabs[1].click()

    assert chosen.args == ["en"]
    assert "Enter your issuance PIN" in words(window)
    assert window._digits.count == 3
    assert window.windowTitle() == "Training phone"


def test_the_pin_goes_out_once_and_stays_nowhere(window: PhoneWindow, qtbot: QtBot) -> None:
    window.show_screen(samples.PIN)
    QTest.keyClicks(window, "48")
    QTest.keyClick(window, Qt.Key.Key_Backspace)
    for digit in "82915":
        next(key for key in window.page.keypad.keys if key.text() == digit).click()  # type: ignore[union-attr]
    assert not [word for word in words(window) if "482915" in word]

    with qtbot.waitSignal(window.pin_entered) as sent:
        QTest.keyClick(window, Qt.Key.Key_Return)

    assert sent.args == [bytearray(b"482915")]
    assert window._digits.count == 0


def test_five_digits_are_no_pin(window: PhoneWindow, qtbot: QtBot) -> None:
    window.show_screen(samples.PIN)
    QTest.keyClicks(window, "48291")

    with qtbot.assertNotEmitted(window.pin_entered):
        QTest.keyClick(window, Qt.Key.Key_Return)

    assert not window.page.confirm.isEnabled()  # type: ignore[union-attr]


@pytest.mark.parametrize("away", ["page", "hidden", "closed"])
def test_leaving_wipes_what_was_typed(window: PhoneWindow, away: str) -> None:
    window.show_screen(samples.PIN)
    QTest.keyClicks(window, "4829")

    {
        "page": lambda: window.show_screen(samples.HOME),
        "hidden": window.hide,
        "closed": window.close,
    }[away]()

    assert window._digits.count == 0
    assert not any(window._digits._digits)


def test_tries_left_are_told(window: PhoneWindow) -> None:
    window.show_screen(replace(samples.PIN, pin=PinView(wrong=True, tries_left=3)))
    assert "비밀번호가 맞지 않습니다. 3번 남았습니다." in words(window)

    window.show_screen(replace(samples.PIN, pin=PinView(wrong=True, tries_left=None)))
    assert not [word for word in words(window) if "번 남았습니다" in word]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_trouble_speaks_every_language(window: PhoneWindow, language: str) -> None:
    window.set_language(language)
    facts = {"tries_left": 3, "step": "token", "status": 500, "reason": "CRED-03"}
    table = HolderTroubles()
    for code in CODES:
        window.show_screen(samples.trouble(code, Again.NOTHING, **facts))

        spoken = table.of(code, language, facts)
        assert {spoken.title, spoken.text, spoken.next} <= set(words(window))
        assert "—" not in spoken.text
        assert "{" not in spoken.title + spoken.text + spoken.next


def test_both_tables_of_troubles_have_the_same_codes_and_levels() -> None:
    def table(*path: str) -> dict[str, dict[str, object]]:
        return tomllib.loads(resource("troubles", *path).read_text(encoding="utf-8"))

    all_codes = table("enrollment.toml")
    holder = table("holder", "phone.toml")

    phone_codes = {code for code in all_codes if code.startswith("PHONE-")}
    assert set(holder) == phone_codes
    for code, entry in holder.items():
        assert entry["level"] == all_codes[code]["level"]
        for language in ("zh", "vi"):
            assert set(entry[language]) == {"title", "text", "next"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("name", "button", "signal"),
    [
        ("00-home-empty", "scan", "scan_requested"),
        ("01-offer", "go_on", "offer_accepted"),
        ("01-offer", "stop", "home_wanted"),
        ("05-request", "submit", "present_accepted"),
        ("05-request", "decline", "present_declined"),
        ("04-card-kept", "status", "retry"),
        ("06-sent", "home", "home_wanted"),
        ("07c-unreachable", "again", "retry"),
        ("07b-used", "home", "home_wanted"),
    ],
)
def test_each_button_says_what_it_does(
    window: PhoneWindow, qtbot: QtBot, name: str, button: str, signal: str
) -> None:
    window.show_screen(samples.SCREENS[name])

    with qtbot.waitSignal(getattr(window, signal)):
        getattr(window.page, button).click()


def test_a_card_of_the_list_opens(window: PhoneWindow, qtbot: QtBot) -> None:
    window.show_screen(samples.SCREENS["00d-home-cards"])
    assert window.page is not None
    tile = next(
        one
        for one in window.page.findChildren(QAbstractButton)
        if one.accessibleName().endswith("열기")
    )

    with qtbot.waitSignal(window.card_opened) as opened:
        tile.click()

    assert opened.args == ["card-1"]


def test_the_text_of_a_qr_can_be_typed(window: PhoneWindow, qtbot: QtBot) -> None:
    page = window.page
    assert page is not None
    page.open_text.click()  # type: ignore[attr-defined]
    QTest.keyClicks(page.field, "openid4vp://?x")  # type: ignore[attr-defined]

    with qtbot.waitSignal(window.scan_requested) as asked:
        QTest.keyClick(page.field, Qt.Key.Key_Return)  # type: ignore[attr-defined]

    assert asked.args == ["openid4vp://?x"]


def test_nothing_is_sent_twice_while_it_is_under_way(window: PhoneWindow) -> None:
    window.show_screen(samples.SCREENS["05b-request-not-known"])

    assert not window.page.submit.isEnabled()  # type: ignore[union-attr]
    assert not window.page.decline.isEnabled()  # type: ignore[union-attr]


def test_pictures_and_claims_stay_out_of_repr() -> None:
    shown = repr(PhoneScreen(Page.REQUEST, cards=(samples.CARD,), request=samples.REQUEST))

    assert "HANEUL" not in shown
    assert "1991" not in shown
    assert "김하늘" not in shown
