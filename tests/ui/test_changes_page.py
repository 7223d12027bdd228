"""The page of what must change: what it says, leads to and sets aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pytestqt.qtbot import QtBot

from desk.counter.notices import Listing
from desk.counter.officers import SignIn
from desk.counter.station import Station
from desk.issuance.aftercare import CareAct, SetAside, Statement
from desk.issuance.case import Approval
from desk.issuance.roles import Role
from desk.store import journal
from desk.store.care import CareState, KeptAct
from desk.store.notice_file import NoticeKind
from desk.ui.aftercare_dialogs import TwoCardsActDialog
from desk.ui.control.aftercare_cards import TwoCardsAct
from desk.ui.control.changes import ChangesControl
from desk.ui.control.desk import Desk
from desk.ui.control.session import Session
from desk.ui.glyphs import Glyph
from desk.ui.lanes import Lane, Lanes
from desk.ui.look import Look
from desk.ui.pages.changes import PAGE, ChangesPage, ChangesView
from desk.ui.parts.text import Text
from desk.ui.shell import Shell
from tests.counter.sealed import NUMBER, officer, station_in
from tests.counter.test_history import SECRETS, proven
from tests.samples import ENTRY
from tests.ui.officer import drop
from tests.ui.scenes import TROUBLES
from tests.ui.scenes_history import changes_view

PATIENCE = 20_000
NOW = datetime(2026, 11, 23, 19, 21, tzinfo=UTC)


def _raise(reason: BaseException) -> None:
    raise reason


def words_of(page: ChangesPage) -> list[str]:
    return [text.text() for text in page.findChildren(Text)]


@pytest.fixture
def page(look: Look) -> Iterator[ChangesPage]:
    made = ChangesPage(look)
    made.resize(1216, 836)
    yield made
    drop(made)


class TestPage:
    def test_thousands_of_lines_stand_on_pages_and_the_chosen_one_stays_chosen(
        self, page: ChangesPage, look: Look
    ) -> None:
        """An extract of a part of the register concerns every credential of the rest; a thousand
        rows held the window for eight seconds."""
        view = changes_view(look)
        assert view.listing is not None
        one = view.listing.standing[0]
        many = tuple(replace(one, number=f"LA-2026-{place:06d}") for place in range(1, 3001))
        page.render(replace(view, listing=replace(view.listing, standing=many)))
        assert len(page.rows.rows) == PAGE and page.pager.isVisibleTo(page)
        assert "1 / 60쪽" in words_of(page)

        page.pager.next.click()
        page.rows.choose(3)
        assert page.line is not None and page.line.number == "LA-2026-000054"
        settled = replace(view.listing, standing=many[10:])
        page.render(replace(view, listing=settled))
        assert page.line.number == "LA-2026-000054"
        page.render(replace(view, listing=settled, shows_aside=True))
        assert page.line == settled.aside[0] and not page.pager.isVisibleTo(page)

    def test_what_could_not_be_read_is_not_said_to_be_read_yet(
        self, page: ChangesPage, look: Look
    ) -> None:
        """The arc went on turning although nothing ran."""
        spoken = TROUBLES.of("STORE-06", "ko", {})
        page.render(ChangesView(changes_view(look).here, trouble=spoken))

        assert page.verdict.title.text() == "읽지 못했습니다"
        assert page.verdict.sign.accessibleName() and "F5" in page.verdict.sentence.text()

    def test_lines_say_what_happened_and_what_to_do(self, page: ChangesPage, look: Look) -> None:
        page.render(changes_view(look))

        words = words_of(page)
        assert page.verdict.title.text() == "바뀌어야 할 신원확인증 5건"
        assert {"재외국민등록 말소", "2026-11-12부터", "LA-REG-2026-118", "폐지"} <= set(words)
        assert "개인정보 삭제됨" in words and "살펴보기" in words

    def test_nothing_compared_is_not_nothing_to_change(self, page: ChangesPage, look: Look) -> None:
        page.render(changes_view(look, listing=Listing()))
        bare, told = page.verdict.sign.glyph, words_of(page)
        as_of = changes_view(look).here.now
        page.render(changes_view(look, listing=Listing((), (), as_of)))

        assert (bare, page.verdict.sign.glyph) == (Glyph.NOT_DONE, Glyph.PASSED)
        assert ("아직 견주지 않았습니다" in told, "바뀌어야 할 것이 없습니다" in told) == (
            True,
            False,
        )

    def test_the_chosen_line_is_opened_or_set_aside(self, page: ChangesPage, look: Look) -> None:
        opened: list[str] = []
        aside: list[tuple[str, str]] = []
        page.open_asked.connect(opened.append)
        page.aside_asked.connect(lambda number, kind: aside.append((number, kind)))
        page.render(changes_view(look))

        page.rows.choose(2)
        page.primary_key()
        page.other_asked("aside")

        assert opened == ["LA-2026-001777"]
        assert aside == [("LA-2026-001777", "new_passport")]

    def test_what_was_set_aside_can_only_be_looked_at(self, page: ChangesPage, look: Look) -> None:
        page.render(changes_view(look, shows_aside=True))

        buttons = page.footer.controls()
        assert [button.isEnabled() for button in buttons] == [True, False, True, True]
        assert "다른 곳에서 처리함" in words_of(page)

    def test_who_may_not_act_sees_it_all(self, page: ChangesPage, look: Look) -> None:
        page.render(changes_view(look, may_act=False))

        buttons = page.footer.controls()
        assert [button.isEnabled() for button in buttons] == [True, False, False, True]
        assert len(page.rows.rows) == 5

    def test_what_waits_for_its_second_card_says_whose_has_signed(
        self, page: ChangesPage, look: Look
    ) -> None:
        view = changes_view(look)
        assert view.listing is not None
        line = view.listing.standing[1]
        first = Approval("00" * 32, (), "T-002", "정유나", "ab" * 32, "00", NOW)
        told = (line.number, "LA", (("1", 7),), "notice_wrong", "FAM-1", NOW, (line.document,))
        waiting = KeptAct(Statement(CareAct.SET_ASIDE, *told), (first,), CareState.ASKED, None)
        listing = replace(view.listing, standing=(replace(line, asked=waiting),))

        page.render(replace(view, listing=listing))

        assert "정유나 서명, 둘째 카드 대기" in words_of(page)
        assert "둘째 카드…" in [button.text() for button in page.footer.controls()]

    def test_language_changes_at_once(self, page: ChangesPage, look: Look) -> None:
        page.render(changes_view(look))

        look.set_language("en")

        assert page.verdict.title.text() == "5 credentials must change"
        assert "Struck off the register" in words_of(page)


class Desktop:
    """A desk at which somebody is signed in, with this page alone."""

    def __init__(self, station: Station, look: Look, bot: QtBot, role: Role) -> None:
        self.bot = bot
        self.shell = Shell(look)
        self.lanes = Lanes(_raise)
        self.desk = Desk(station, look, self.shell, self.lanes)
        self.desk.sign_in = SignIn(officer(role=role), "00" * 32, station.now())
        self.page = ChangesPage(look)
        self.shell.add_page(self.page)
        self.led: list[str] = []
        session = cast(Session, SimpleNamespace(lend=lambda: None, take_back=lambda: None))
        self.cards = TwoCardsAct(self.desk, session)
        self.control = ChangesControl(self.desk, self.page, self.led.append, self.cards)
        self.shell.show()

    def enter(self) -> None:
        self.control.enter()
        self.bot.waitUntil(lambda: self.control._listing is not None, timeout=PATIENCE)

    def take(self, file: Path, count: int) -> None:
        self.control.ask_file = lambda: str(file)
        self.page.other_asked("take")
        self.bot.waitUntil(lambda: self.control.count == count, timeout=PATIENCE)


@pytest.fixture
def desktop(tmp_path: Path, look: Look, qtbot: QtBot) -> Iterator[Desktop]:
    with station_in(tmp_path) as station:
        proven(station)
        made = Desktop(station, look, qtbot, Role.OFFICER)
        yield made
        made.lanes.close()
        drop(made.shell)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return told(tmp_path, NoticeKind.DELETED)


def told(tmp_path: Path, kind: NoticeKind) -> Path:
    made = tmp_path / "changes.json"
    notice = {
        "kind": kind.value,
        "overseas_number": ENTRY.overseas_number,
        "date": "2026-11-20",
        "document": "D-17",
    }
    made.write_text(json.dumps({"version": 1, "notices": [notice]}), encoding="utf-8")
    return made


class TestControl:
    def test_a_file_brings_lines_and_a_line_leads_to_after_care(
        self, desktop: Desktop, file: Path
    ) -> None:
        counted: list[int] = []
        desktop.control.counted.connect(lambda: counted.append(desktop.control.count))
        desktop.enter()

        desktop.take(file, 1)
        desktop.bot.waitUntil(lambda: bool(desktop.page.rows.rows), timeout=PATIENCE)
        words = words_of(desktop.page)
        desktop.page.primary_key()

        assert counted == [1] and desktop.led == [NUMBER]
        assert "새 알림 1건을 들여왔습니다. 이미 있던 것 0건." in words
        assert not [secret for secret in SECRETS if any(secret in word for word in words)]

    def test_setting_aside_needs_a_reason(self, desktop: Desktop, file: Path) -> None:
        """The safe way changes nothing; with a reason the line goes to the other list."""
        desktop.enter()
        desktop.take(file, 1)
        desktop.bot.waitUntil(lambda: bool(desktop.page.rows.rows), timeout=PATIENCE)

        desktop.page.other_asked("aside")
        assert desktop.control.dialog is not None and not desktop.control.dialog.act.isEnabled()
        desktop.control.dialog.safe.click()
        assert desktop.control.count == 1
        desktop.page.other_asked("aside")
        dialog = desktop.control.dialog
        dialog.reason.setCurrentIndex(dialog.reason.findData(SetAside.OTHER_PERSON.value))
        dialog.reason.chosen.emit(dialog.reason.value())
        dialog.act.click()
        desktop.bot.waitUntil(lambda: desktop.control.count == 0, timeout=PATIENCE)

        listing = desktop.control._listing
        assert listing is not None
        assert [(one.kind, one.end_reason) for one in listing.aside] == [
            (NoticeKind.DELETED, "other_person")
        ]

    def test_a_death_asks_for_two_persons_cards(self, desktop: Desktop, tmp_path: Path) -> None:
        """The dialog names whose it is, that no other is meant; the look is in the log."""
        desktop.enter()
        desktop.take(told(tmp_path, NoticeKind.DIED), 1)
        desktop.bot.waitUntil(lambda: bool(desktop.page.rows.rows), timeout=PATIENCE)
        why = [text for text in words_of(desktop.page) if "두 사람의 카드로만" in text]

        desktop.page.other_asked("aside")
        desktop.bot.waitUntil(lambda: desktop.cards.dialog is not None, timeout=PATIENCE)
        dialog = desktop.cards.dialog
        assert dialog is not None
        words = {text.text() for text in dialog.findChildren(Text)}
        dialog.safe.click()

        assert why and desktop.control.dialog is None
        assert {"김하늘 KIM HANEUL", "사망 자료를 제쳐 두고 그대로 둡니다."} <= words
        assert dialog.care_act is CareAct.SET_ASIDE
        with desktop.desk.station.store.read() as session:
            assert journal.newest(session, 1)[0].kind == "CARE.LOOKED"
        assert desktop.control.count == 1

    def test_pressed_twice_it_asks_once(self, desktop: Desktop, tmp_path: Path) -> None:
        """The dialog comes when the records have answered: a second press was too early."""
        desktop.enter()
        desktop.take(told(tmp_path, NoticeKind.DIED), 1)
        desktop.bot.waitUntil(lambda: bool(desktop.page.rows.rows), timeout=PATIENCE)
        done: list[object] = []

        desktop.page.other_asked("aside")
        desktop.page.other_asked("aside")
        desktop.desk.work(Lane.RECORDS, lambda: None, done.append)
        desktop.bot.waitUntil(lambda: bool(done), timeout=PATIENCE)
        asking = [one for one in desktop.shell.findChildren(TwoCardsActDialog) if one.isVisible()]
        assert desktop.cards.dialog is not None
        desktop.cards.dialog.safe.click()

        assert len(asking) == 1

    def test_a_refused_file_is_told_with_its_code(self, desktop: Desktop, file: Path) -> None:
        desktop.enter()
        file.write_text("{}", encoding="utf-8")
        desktop.control.ask_file = lambda: str(file)

        desktop.page.other_asked("take")
        desktop.bot.waitUntil(lambda: desktop.page.banner.code.text() != "", timeout=PATIENCE)

        assert desktop.page.banner.code.text() == "NOTICE-02"

    def test_the_lock_leaves_no_line(self, desktop: Desktop, file: Path) -> None:
        desktop.enter()
        desktop.take(file, 1)
        desktop.bot.waitUntil(lambda: bool(desktop.page.rows.rows), timeout=PATIENCE)

        desktop.control.cover()

        assert desktop.page.rows.rows == () and desktop.control._listing is None

    def test_what_was_asked_when_the_desk_locked_is_not_brought_behind_it(
        self, desktop: Desktop, file: Path
    ) -> None:
        done: list[object] = []
        desktop.enter()
        desktop.take(file, 1)
        desktop.bot.waitUntil(lambda: bool(desktop.page.rows.rows), timeout=PATIENCE)

        desktop.page.refresh()
        desktop.desk.is_locked = True
        desktop.control.cover()
        desktop.desk.work(Lane.RECORDS, lambda: None, done.append)
        desktop.bot.waitUntil(lambda: bool(done), timeout=PATIENCE)

        assert desktop.page.rows.rows == () and desktop.control._listing is None

    def test_the_count_is_known_without_the_page(self, desktop: Desktop, file: Path) -> None:
        """After-care shows it; nobody has opened the list."""
        desktop.enter()
        desktop.take(file, 1)
        desktop.control.count = 0

        with desktop.bot.waitSignal(desktop.control.counted, timeout=PATIENCE):
            desktop.control.recount()

        assert desktop.control.count == 1
