"""The officer's desk on the screen: who is signed in, which case is open, which page shows.

Everything the controls share stands here. It holds the case as the last act left it and
knows no widget but the shell; work goes through the lanes, and troubles that no page
claims end in a banner of the page that is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desk import __version__
from desk.cards.troubles import (
    LastTry,
    NoPinPad,
    PinNotTyped,
    PinTrouble,
    WrongPinUncounted,
)
from desk.counter.officers import Officer, SignIn
from desk.counter.station import Station
from desk.issuance.case import Case
from desk.issuance.posts import SEOUL
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.control.late import LateTroubles
from desk.ui.control.steps import Step, current_step
from desk.ui.glyphs import Glyph
from desk.ui.lanes import Lane, Lanes
from desk.ui.look import Look
from desk.ui.navigation import Navigation, Place
from desk.ui.parts.frame import HeaderView, Page
from desk.ui.parts.rail import RailView, StepState
from desk.ui.renewals import kind_words
from desk.ui.shell import Shell
from desk.ui.steps import StepKey, step_marks
from desk.ui.troubles import Spoken, TroubleWords

_log = logging.getLogger(__name__)

CLOCK_MS = 1000
FIRST_LANGUAGE = "ko"
"""What the applicant's window speaks until somebody chooses."""
SLEPT = timedelta(seconds=30)
"""A tick that comes so much later than the last: the computer slept in between."""
LATE_SHOWN = 3
"""So many banners of what came late stand on a page at once; further ones follow these."""
_NOT_REFUSED = (LastTry, NoPinPad, PinNotTyped, WrongPinUncounted)


class Desk(QObject):
    """Signals: ``case_changed`` after every act, ``shown(Step | None)`` when another page
    stands (None: one of the rail's places), ``ticked`` each second; ``go_to(Step)``,
    ``to_board`` and ``refused`` ask the window for another page; ``card_changed`` tells that
    the officer's card was looked at, ``ask_card`` wishes it; ``woke(float)`` tells after how
    many seconds the computer came back from sleep."""

    case_changed = Signal()
    shown = Signal(object)
    ticked = Signal()
    go_to = Signal(object)
    to_board = Signal()
    refused = Signal()
    card_changed = Signal()
    ask_card = Signal()
    woke = Signal(float)

    def __init__(self, station: Station, look: Look, shell: Shell, lanes: Lanes) -> None:
        super().__init__()
        self.station = station
        self.look = look
        self.shell = shell
        self.lanes = lanes
        self.troubles = TroubleWords()
        self.sign_in: SignIn | None = None
        self.case: Case | None = None
        self.step: Step | None = None
        self.place: Place | None = Place.BOARD
        self.navigation = Navigation(self)
        self.next_language = FIRST_LANGUAGE
        self.is_locked = False
        self.is_lent = False
        self.devices_wrong = 0
        self.card_present = False
        self.card_tries: int | None = None
        self.card_pad = False
        self._late = LateTroubles()
        # How often a page was shown; and where which late troubles were told.
        self._visit = 0
        self._told: tuple[str, Step | None, tuple[str, ...]] | None = None
        self._applicant_words = ""
        self._ticked_at = station.now()
        self._clock = QTimer(self)
        self._clock.setInterval(CLOCK_MS)
        self._clock.timeout.connect(self._tick)
        look.retranslated.connect(self.refresh_frame)
        look.retranslated.connect(self.tell_late)
        self.navigation.changed.connect(self.refresh_frame)

    # Who, where, when

    @property
    def is_open(self) -> bool:
        """Somebody is signed in and the window is not locked."""
        return self.sign_in is not None and not self.is_locked

    @property
    def officer(self) -> Officer:
        """The signed-in officer; a page that asks before sign-in is a bug."""
        if self.sign_in is None:
            raise RuntimeError("nobody is signed in")
        return self.sign_in.officer

    def here(self) -> says.Here:
        station = self.station
        officer = self.sign_in.officer if self.sign_in else None
        return says.Here(
            post=dict(station.post.name),
            window=station.settings.station.window,
            zone=station.post.zone,
            now=station.now(),
            officer=self.officer_name(officer) if officer else "",
            version=__version__,
            training=station.training,
        )

    def officer_name(self, officer: Officer) -> str:
        """이서준 영사; Consul Lee Seojun."""
        if self.look.language == "ko":
            return f"{officer.name_ko} {officer.title_ko}"
        return f"{officer.title_en} {officer.name_en}"

    def officer_names(self) -> dict[str, str]:
        """The names alone, in the window's language, by the ids that the records hold."""
        korean = self.look.language == "ko"
        known = self.station.officers.values()
        return {one.officer_id: one.name_ko if korean else one.name_en for one in known}

    # The case

    def set_case(self, case: Case | None) -> None:
        """The case after an act; every page that shows it is told."""
        self.case = case
        self.case_changed.emit()
        self.refresh_frame()

    def takes_over(self, case: Case) -> bool:
        """Whether ``case`` is the open one, which it is then as an act has left it. The officer
        may have gone on to another, or to the board, in between; and what an act brings that
        was overtaken by another one's result does not lead back."""
        known = self.case
        if known is None or known.number != case.number:
            return False
        passed = len(case.history)
        if passed >= len(known.history) or known.history[:passed] != case.history:
            self.set_case(case)
        return True

    def is_at(self, case: Case) -> bool:
        """Whether ``case`` is the open one, still or again."""
        return self.case is not None and self.case.number == case.number

    def the_case(self) -> Case:
        if self.case is None:
            raise RuntimeError("no case is open")
        return self.case

    # Work

    def work(
        self,
        lane: Lane,
        job: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        trouble: Callable[[Trouble], None] | None = None,
        of: Case | None = None,
        look_at: Case | None = None,
    ) -> None:
        """Run ``job`` in ``lane``; a trouble nobody claims shows in the page's banner.

        What an act on the case ``of`` runs into when its page is left or covered is kept and
        told later, see :meth:`tell_late`. A look at the case ``look_at`` is made anew when the
        case is entered: what it ran into elsewhere is in the log alone.
        """
        told, case, visit = trouble or self.show_trouble, of or look_at, self._visit
        # One function makes one act of a case: by its name the next try of it is known.
        act = getattr(job, "__qualname__", "")

        def succeeded(result: Any) -> None:
            if of is not None and self._late.settle(of.number, act):
                self.tell_late()
            if done is not None:
                done(result)

        def failed(reason: Trouble) -> None:
            if case is None or self.is_at(case):
                told(reason)
            else:
                _log.warning("trouble %s", reason.code)
                if lane is Lane.CARD:
                    # How many tries the card has left holds for every case.
                    self.ask_card.emit()
            stands = self.shell.page is not None and visit == self._visit
            if of is not None and not (stands and self.is_at(of)):
                self._keep_late(of, act, reason)

        self.lanes.run(lane, job, succeeded, failed)

    def act(
        self,
        lane: Lane,
        job: Callable[[], Case],
        then: Callable[[], None] | None = None,
        trouble: Callable[[Trouble], None] | None = None,
    ) -> None:
        """Run an act on the open case and take over the case it returns; what it runs into is
        told as :meth:`work` does of a case."""
        acted_on = self.the_case()

        def done(case: Case) -> None:
            if self.takes_over(case) and then is not None:
                then()

        self.work(lane, job, done, trouble, of=acted_on)

    def spoken(self, reason: Trouble) -> Spoken:
        return self.troubles.of(reason.code, self.look.language, reason.facts)

    def is_wrong_pin(self, reason: Trouble | None) -> bool:
        """The card has refused the PIN that was given last, and says how many tries are left."""
        return isinstance(reason, PinTrouble) and not isinstance(reason, _NOT_REFUSED)

    def tries_for(self, reason: Trouble | None) -> int | None:
        """What the PIN field says of tries. A card that hides its count is treated as one at
        its last try: once it has been refused for that, the officer's consent is asked for."""
        return 1 if isinstance(reason, LastTry) else self.card_tries

    def show_trouble(self, reason: Trouble, of: Case | None = None) -> None:
        """The banner of the page that is shown. A trouble of the case ``of`` stands on no other
        one's page, where it would be taken for that applicant's: it is told later."""
        _log.warning("trouble %s", reason.code)
        page = self.shell.front
        if of is not None and not (self.is_at(of) and page is not None):
            self._keep_late(of, reason.code, reason)
        elif page is not None:
            page.show_trouble(self.spoken(reason))

    def _keep_late(self, of: Case, act: str, reason: Trouble) -> None:
        self._late.keep(of.number, act, reason)
        self.tell_late()

    def tell_late(self) -> None:
        """Let the page that is shown tell what acts ran into when nobody could be told: at home
        of every case, by its number; at a case of this one alone, and that is told then."""
        page = self.shell.page
        if page is None or not self.is_open:
            return
        if self.case is None:
            at_home = self.place is Place.BOARD
            page.show_late(tuple(self._late_at_home())[:LATE_SHOWN] if at_home else ())
            return
        kept = self._late.of(self.case.number)
        # Whoever's card is in a lent reader has typed no PIN that was refused before.
        acts = tuple(kept)[:LATE_SHOWN] if self.step is not None and not self.is_lent else ()
        page.show_late([(self.spoken(kept[act]), "") for act in acts])
        self._told = (self.case.number, self.step, acts) if acts else self._told

    def _late_at_home(self) -> Iterator[tuple[Spoken, str]]:
        for number, reason in self._late:
            spoken = self.spoken(reason)
            title = self.look.say("banner.of_case", number=number, title=spoken.title)
            yield replace(spoken, title=title), number

    def _forget_told(self) -> None:
        """What was told at a step of its case is over once the officer goes on from there."""
        if self._told is None:
            return
        number, step, acts = self._told
        if self.case is None or self.case.number != number or self.step is not step:
            for act in acts:
                self._late.settle(number, act)
            self._told = None

    def settle_trouble(self, code: str) -> None:
        """What the banner says under ``code`` is over."""
        page = self.shell.front
        if page is not None:
            page.settle_banner(code)

    # Pages

    def show(self, step: Step, page: Page) -> None:
        """Let ``page`` stand between rail and header, as a step of the open case."""
        self.step, self.place = step, None
        self._show(page)

    def show_place(self, place: Place, page: Page) -> None:
        """Let ``page`` stand there as one of the rail's places; no case is open then."""
        self.case, self.step, self.place = None, None, place
        self._show(page)

    def show_beside(self, place: Place, page: Page) -> None:
        """Let ``page`` stand there while the open case waits behind it, as it is."""
        self.step, self.place = None, place
        self._show(page)

    def _show(self, page: Page) -> None:
        self._visit += 1
        self._forget_told()
        if self.shell.is_covered:
            # It may have told of another case before the cover.
            page.show_late(())
        self.shell.show_page(page)
        self.tell_late()
        self.refresh_frame()
        self.shown.emit(self.step)

    def start_clock(self) -> None:
        self._ticked_at = self.station.now()
        self._clock.start()

    def stop_clock(self) -> None:
        self._clock.stop()

    def _tick(self) -> None:
        now = self.station.now()
        away, self._ticked_at = now - self._ticked_at, now
        if away > SLEPT:
            self.woke.emit(away.total_seconds())
        self._show_header()
        self.ticked.emit()

    def applicant_sees(self, words: str) -> None:
        """What the header says of the applicant's window."""
        self._applicant_words = words
        self._show_header()

    def refresh_frame(self) -> None:
        """Rail and header once more."""
        self._show_header()
        self.shell.show_rail(self._rail())

    def _show_header(self) -> None:
        now, zone = self.station.now(), self.station.post.zone
        self.shell.show_header(
            HeaderView(
                applicant=self._applicant_words,
                post_time=says.header_time(self.look, now, zone),
                seoul_time=says.header_time(self.look, now, SEOUL),
            )
        )

    def _rail(self) -> RailView:
        say = self.look.say
        officer = self.sign_in.officer if self.sign_in else None
        window = self.station.settings.station.window
        wrong = self.devices_wrong
        view = RailView(
            post=self.station.post.name[self.look.language],
            post_city=self.station.post.city[self.look.language],
            officer=self.officer_name(officer) if officer else "",
            role=say("rail.role_window", role=self._role(officer), window=window),
            devices=say("rail.attention", n=wrong) if wrong else say("rail.all_ready"),
            devices_glyph=Glyph.ATTENTION if wrong else Glyph.PASSED,
        )
        if self.step is None or self.case is None:
            entries = self.navigation.entries(self.look, officer, self.place)
            return replace(view, entries=entries)
        case = self.case
        hangul = case.register.name_hangul if case.register else ""
        latin = case.document.latin_name if case.document else ""
        name, second = says.person(self.look, hangul, latin)
        return replace(
            view,
            case_number=case.number,
            kind=kind_words(self.look, case.kind),
            name=name,
            second_name=second,
            steps=step_marks(
                self.look,
                case,
                self.here(),
                StepKey(self.step.key),
                trouble=StepState.ATTENTION if case.held and case.state.is_open else None,
            ),
        )

    def _role(self, officer: Officer | None) -> str:
        return self.look.say(f"role.{officer.role.value}") if officer else ""

    def current(self) -> Step:
        return current_step(self.the_case())
