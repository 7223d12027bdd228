"""The history's page and its control: masks, half a minute, one case at a time, keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desk.counter.history import RevealReason
from desk.counter.officers import SignIn
from desk.counter.station import Station
from desk.issuance.case import State
from desk.store import journal
from desk.store.history import Outcome
from desk.ui.control.desk import Desk
from desk.ui.control.history import HistoryControl
from desk.ui.lanes import Lane, Lanes
from desk.ui.look import Look
from desk.ui.navigation import Place
from desk.ui.pages.history import HistoryPage, HistoryView
from desk.ui.pages.history_parts import Period
from desk.ui.parts.text import Text
from desk.ui.shell import Shell
from tests.counter.sealed import NUMBER, officer, station_in
from tests.counter.test_history import SECRETS, kept, proven
from tests.ui.officer import drop
from tests.ui.scenes import TROUBLES
from tests.ui.scenes_history import history_view

OTHER = "LA-2026-001841"
PATIENCE = 20_000


def _raise(reason: BaseException) -> None:
    raise reason


def words_of(page: HistoryPage) -> list[str]:
    return [text.text() for text in page.findChildren(Text)]


@pytest.fixture
def page(look: Look) -> Iterator[HistoryPage]:
    made = HistoryPage(look)
    made.resize(1216, 836)
    yield made
    drop(made)


class TestPage:
    def test_the_list_and_the_case(self, page: HistoryPage, look: Look) -> None:
        page.render(history_view(look))

        words = words_of(page)
        assert len(page.list.rows.rows) == 11
        assert "정지 · 분실 신고" in words and "폐지 · 등록 말소" in words
        assert "사용 가능 · 확인 없이" in words
        assert "이서준 · 정유나 카드 서명" in words
        assert "접수에서 종결까지 19분" in words
        assert "1,842건 중 214건 · 0.004초" in words and "1 / 20쪽" in words

    def test_nothing_is_unmasked_without_a_reason(self, page: HistoryPage, look: Look) -> None:
        asked: list[tuple[str, str]] = []
        page.reveal_asked.connect(lambda number, reason: asked.append((number, reason)))
        page.render(history_view(look))
        assert not page.case.act.isEnabled()

        page.case.reason.setCurrentIndex(0)
        page.case.reason.chosen.emit(page.case.reason.value())
        page.case.act.click()

        assert asked == [(NUMBER, RevealReason.HOLDER_ASKS.value)]

    def test_another_case_asks_for_its_own_reason(self, page: HistoryPage, look: Look) -> None:
        view = history_view(look)
        page.render(view)
        page.case.reason.setCurrentIndex(0)
        assert view.found is not None and view.detail is not None
        line = view.found.lines[4]

        detail = replace(view.detail, line=line)
        page.render(replace(view, chosen=line.number, detail=detail))

        assert page.case.reason.value() == "" and not page.case.act.isEnabled()

    def test_what_is_typed_and_chosen_is_looked_for(
        self, page: HistoryPage, look: Look, qtbot: QtBot
    ) -> None:
        page.render(history_view(look))

        with qtbot.waitSignal(page.find_asked, timeout=PATIENCE):
            qtbot.keyClicks(page.bar.field, "KIM")
        page.bar.outcome.setCurrentIndex(1)
        page.bar.officer.setCurrentIndex(2)
        page.bar.period.setCurrentIndex(list(Period).index(Period.MONTH))

        wanted = page.wanted
        assert (wanted.text, wanted.page) == ("KIM", 0)
        assert (wanted.outcome, wanted.officer) == (Outcome.IN_PROGRESS.value, "T-002")
        looked = wanted.wanted(history_view(look).here)
        assert looked.since is not None and looked.since.isoformat().startswith("2026-11-01T00:00")

    @pytest.mark.parametrize(
        ("day", "week", "thirty", "year"),
        [
            (date(2026, 12, 1), "2026-11-25 ~ 12-01", "2026-11-02 ~ 12-01", "2026-01-01 ~ 12-01"),
            (date(2027, 1, 1), "2026-12-26 ~ 01-01", "2026-12-03 ~ 01-01", "2027-01-01 ~ 01-01"),
        ],
    )
    def test_periods_are_told_on_the_first_day_of_a_month_too(
        self, page: HistoryPage, look: Look, day: date, week: str, thirty: str, year: str
    ) -> None:
        """A month or a year of one day is no other word: from the 1st to the 1st."""
        view = history_view(look)
        now = datetime.combine(day, time(10, 27), view.here.zone)

        page.render(replace(view, here=replace(view.here, now=now)))

        offered = page.bar.period
        told = {Period(offered.itemData(n)): offered.itemText(n) for n in range(offered.count())}
        assert told == {
            Period.ALL: "기간 전체",
            Period.TODAY: "기간 오늘",
            Period.WEEK: f"기간 {week}",
            Period.MONTH: f"기간 {day} ~ {day:%m-%d}",
            Period.DAYS30: f"기간 {thirty}",
            Period.YEAR: f"기간 {year}",
        }
        # The covered page is rendered too, of no search.
        page.render(HistoryView(here=replace(view.here, now=now)))
        look.set_language("en")
        assert offered.itemText(list(Period).index(Period.MONTH)) == (
            f"Period: {day} – {day:%m-%d}"
        )

    def test_pages_are_turned(self, page: HistoryPage, look: Look) -> None:
        view = history_view(look)
        assert view.found is not None
        page.render(replace(view, found=replace(view.found, page=19)))
        asked: list[int] = []
        page.find_asked.connect(lambda: asked.append(page.wanted.page))

        page.list.pager.before.click()

        assert asked == [18] and not page.list.pager.next.isEnabled()

    def test_a_purged_case_says_so(self, page: HistoryPage, look: Look) -> None:
        view = history_view(look)
        assert view.found is not None and view.detail is not None
        line = view.found.lines[-1]
        detail = replace(view.detail, line=line, passport="", resident="", holding="")

        page.render(replace(view, chosen=line.number, detail=detail))

        assert "개인정보 삭제됨" in words_of(page)
        assert page.case.well.parentWidget().isHidden()
        assert not page.footer.primary.isEnabled()

    def test_a_history_that_could_not_be_read_is_not_said_to_be_searched(
        self, page: HistoryPage, look: Look
    ) -> None:
        view = history_view(look)
        page.render(HistoryView(view.here, trouble=TROUBLES.of("STORE-06", "ko", {})))

        assert "읽지 못했습니다. F5로 다시 찾으십시오" in words_of(page)

    def test_language_changes_at_once(self, page: HistoryPage, look: Look) -> None:
        page.render(history_view(look))

        look.set_language("en")

        assert "Suspended · loss reported" in words_of(page)
        assert page.bar.outcome.currentText() == "Outcome: all"


class Desktop:
    """A desk at which somebody is signed in, with the history's page alone."""

    def __init__(self, station: Station, look: Look, bot: QtBot) -> None:
        self.bot, self.now = bot, station.now()
        self.station = replace(station, now=lambda: self.now)
        self.shell = Shell(look)
        self.lanes = Lanes(_raise)
        self.desk = Desk(self.station, look, self.shell, self.lanes)
        self.desk.sign_in = SignIn(officer(), "00" * 32, self.now)
        self.page = HistoryPage(look)
        self.shell.add_page(self.page)
        self.led: list[str] = []
        self.control = HistoryControl(self.desk, self.page, self.led.append)
        self.shell.show()

    def enter(self) -> None:
        self.control.enter()
        self.bot.waitUntil(lambda: self.control._detail is not None, timeout=PATIENCE)

    def reveal(self) -> None:
        number = self.control._chosen
        self.page.reveal_asked.emit(number, RevealReason.COMPLAINT.value)
        self.bot.waitUntil(lambda: self.control._revealed is not None, timeout=PATIENCE)

    def shown_secrets(self) -> list[str]:
        words = words_of(self.page)
        return [secret for secret in SECRETS if any(secret in word for word in words)]


@pytest.fixture
def desktop(tmp_path: Path, look: Look, qtbot: QtBot) -> Iterator[Desktop]:
    with station_in(tmp_path) as station:
        kept(station, OTHER, state=State.CANCELLED)
        proven(station)
        made = Desktop(station, look, qtbot)
        yield made
        # Its half minute would end among later tests.
        made.control.mask()
        made.lanes.close()
        drop(made.shell)


class TestControl:
    def test_half_a_minute_and_the_masks_are_back(self, desktop: Desktop) -> None:
        desktop.enter()
        hidden = desktop.shown_secrets()

        desktop.reveal()
        shown = desktop.shown_secrets()
        desktop.now += timedelta(seconds=29)
        desktop.desk.ticked.emit()
        still = desktop.shown_secrets()
        desktop.now += timedelta(seconds=1)
        desktop.desk.ticked.emit()

        assert hidden == [] and desktop.shown_secrets() == []
        assert shown == still == list(SECRETS)

    @pytest.mark.parametrize("way", ["other case", "escape", "lock", "button"])
    def test_what_else_brings_them_back(self, desktop: Desktop, way: str) -> None:
        desktop.enter()
        desktop.reveal()

        if way == "other case":
            desktop.control.choose(next(n for n in (NUMBER, OTHER) if n != desktop.control._chosen))
        elif way == "escape":
            desktop.page.escape()
        elif way == "lock":
            desktop.control.cover()
        else:
            desktop.page.case.act.click()

        assert desktop.shown_secrets() == []

    def test_the_lock_leaves_nothing_in_memory(self, desktop: Desktop) -> None:
        desktop.enter()
        desktop.page.bar.field.setText("김하늘")

        desktop.control.cover()

        assert len(desktop.control._index) == 0
        assert desktop.control._found is None and desktop.page.bar.field.text() == ""

    def test_what_was_looked_for_when_the_desk_locked_is_not_brought_behind_it(
        self, desktop: Desktop
    ) -> None:
        done: list[object] = []
        desktop.enter()

        desktop.page.refresh()
        desktop.control.cover()
        desktop.desk.work(Lane.RECORDS, lambda: None, done.append)
        desktop.bot.waitUntil(lambda: bool(done), timeout=PATIENCE)

        assert desktop.control._found is None and desktop.page.list.rows.rows == ()

    def test_search_while_typing(self, desktop: Desktop) -> None:
        desktop.enter()

        desktop.bot.keyClicks(desktop.page.bar.field, "001841")
        desktop.bot.waitUntil(lambda: desktop.control._chosen == OTHER, timeout=PATIENCE)

        found = desktop.control._found
        assert found is not None and [one.number for one in found.lines] == [OTHER]

    def test_the_case_leads_to_after_care(self, desktop: Desktop) -> None:
        desktop.enter()
        desktop.control.choose(NUMBER)
        desktop.bot.waitUntil(desktop.page.footer.primary.isEnabled, timeout=PATIENCE)

        desktop.page.primary_key()

        assert desktop.led == [NUMBER]

    def test_a_pack_that_nothing_seals_yet_is_told(self, desktop: Desktop, tmp_path: Path) -> None:
        desktop.enter()
        desktop.control.ask_place = lambda name: str(tmp_path / name)

        desktop.page.other_asked("pack")
        desktop.bot.waitUntil(lambda: desktop.page.banner.code.text() != "", timeout=PATIENCE)

        assert desktop.page.banner.code.text() == "AUDIT-34"
        assert list(tmp_path.glob("*.zip")) == []

    def test_looking_at_the_list_is_no_event_and_unmasking_is(self, desktop: Desktop) -> None:
        desktop.enter()
        with desktop.station.store.read() as session:
            before = journal.head(session).count
        desktop.reveal()

        with desktop.station.store.read() as session:
            told = journal.events(session, after=before)

        assert [one.kind for one in told] == ["HISTORY.REVEALED"]
        assert desktop.desk.place is Place.HISTORY
