"""Joins the page of the records' cards with what may be done with them.

An act begins with a card that allows it, whoever is signed in; acts with a second card ask
for it when the first has done its part. Where nobody is signed in, the records are closed
again afterwards: they stand open behind a sign-in only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QObject

from desk.cards.piv import Pin, PivSession, wipe
from desk.cards.troubles import NoCard, NoReader, OtherCard
from desk.counter import provisioning, record_cards
from desk.counter.record_cards import Allowed, ListedCard
from desk.counter.record_cards import Desk as Keeper
from desk.store.key_ring import CardKind
from desk.store.troubles import Busy
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.pages.records_cards import CardLine, RecordsCardsPage, RecordsCardsView
from desk.ui.two_cards import PresentCard, Stage, TwoCardsDialog

PATIENCE, PAUSE = 10.0, 0.1
"""Seconds to wait for jobs that use the records, and between two tries."""


class Act(StrEnum):
    """What is done; each of the first three needs a second card."""

    BEGIN = "begin"
    ADD_OFFICER = "add_officer"
    ADD_RECOVERY = "add_recovery"
    REMOVE = "remove"
    ROTATE = "rotate"

    @property
    def has_second(self) -> bool:
        return self not in (Act.REMOVE, Act.ROTATE)


_SECOND = {
    Act.BEGIN: record_cards.conclude,
    Act.ADD_OFFICER: record_cards.add_officer,
    Act.ADD_RECOVERY: record_cards.add_recovery,
}
_DONE = {Act.ADD_OFFICER: "add", Act.ADD_RECOVERY: "add"}


class RecordsCards(QObject):
    """``before`` is asked when an act with two cards begins: False leaves it to somebody else
    (a signed-in officer's card must leave the reader for it)."""

    def __init__(
        self,
        desk: Desk,
        page: RecordsCardsPage,
        way_out: Callable[[], str] = str,
        before: Callable[[str], bool] = lambda _work: True,
        *,
        names: bool,
    ) -> None:
        super().__init__(page)
        self._desk, self._page = desk, page
        self._way_out, self._before, self._names = way_out, before, names
        self.dialog: TwoCardsDialog | None = None
        self._act = Act.ROTATE
        self._without = ""
        self._allowed: Allowed | None = None
        self._first: str | None = None
        self._reads = 0
        self._cards: tuple[ListedCard, ...] | None = None
        self._trouble: Trouble | None = None
        self._done = ""
        page.look_again.connect(self.read)
        page.work_asked.connect(self._begin)
        page.removal_asked.connect(self._remove)
        desk.look.retranslated.connect(self.render)

    @property
    def _keeper(self) -> Keeper:
        return Keeper.of_station(self._desk.station)

    def enter(self) -> None:
        self._done, self._trouble = "", None
        self.read()

    def card_moved(self) -> None:
        if self.dialog is not None:
            self._look()

    # The list

    def read(self) -> None:
        """Whose cards they are; needs no card."""
        keeper = self._keeper
        self.render()
        self._desk.work(Lane.RECORDS, lambda: record_cards.listed(keeper), self._read, self._say)

    def _read(self, cards: tuple[ListedCard, ...]) -> None:
        self._cards = cards
        self.render()

    def render(self) -> None:
        desk, cards = self._desk, self._cards
        self._page.render(
            RecordsCardsView(
                here=desk.here(),
                cards=None if cards is None else tuple(map(self._line, cards)),
                begun=cards is None or bool(cards),
                trouble=desk.spoken(self._trouble) if self._trouble else None,
                done=self._done,
                way_out=self._way_out(),
            )
        )

    def _line(self, one: ListedCard) -> CardLine:
        card = one.card
        local = self._desk.station.post.local(card.added)
        recovery = card.kind is CardKind.RECOVERY
        return CardLine(card.fingerprint, self._who(one), f"{local:%Y-%m-%d}", recovery)

    def _who(self, one: ListedCard) -> str:
        say = self._page.say
        if one.card.kind is CardKind.RECOVERY:
            return say("records_cards.recovery")
        if not self._names:
            return say("records_cards.officer")
        if one.holder is None:
            return say("records_cards.unlisted")
        return self._desk.officer_name(one.holder)

    # An act begins

    def _begin(self, work: str) -> None:
        act = Act(work)
        if not act.has_second or self._before(work):
            self._open(act)

    def begin(self, work: str) -> None:
        """The act that somebody else left to this page."""
        self._open(Act(work))

    def _remove(self, fingerprint: str) -> None:
        self._without = fingerprint
        self._open(Act.REMOVE)

    def _open(self, act: Act) -> None:
        self._act, self._allowed, self._first = act, None, None
        self._done, self._trouble = "", None
        title = self._page.say(f"cards_ask.{act.value}")
        dialog = TwoCardsDialog(self._desk.look, self._page.window(), title, self._stage())
        dialog.given.connect(self._given)
        dialog.finished.connect(self._closed)
        dialog.finished.connect(dialog.deleteLater)
        self.dialog = dialog
        dialog.open()
        self._look()

    def _stage(self) -> Stage:
        """What the dialog says at the card whose turn it is."""
        say, act = self._page.say, self._act
        if self._allowed is not None:
            return Stage(say(f"cards_ask.second_{act.value}"), say("cards_ask.finish"))
        if act is Act.BEGIN:
            return Stage(say("cards_ask.first_begin"), say("cards_ask.begin_act"))
        if act is Act.REMOVE:
            one = next(one for one in self._cards or () if one.card.fingerprint == self._without)
            facts = {"who": self._who(one), "fingerprint": self._without[:16]}
            return Stage(say("cards_ask.only_remove", **facts), say("cards_ask.remove_act"), True)
        if act is Act.ROTATE:
            return Stage(say("cards_ask.only_allow"), say("cards_ask.rotate_act"), True)
        return Stage(say("cards_ask.first_allow"), say("cards_ask.allow"), True)

    # The card that is in now

    def _look(self) -> None:
        """What the present card tells before its PIN."""
        self._reads += 1
        turn, station = self._reads, self._desk.station

        def job() -> PresentCard:
            with station.roles.piv_card() as session:
                found = provisioning.pin_status(session)
                return PresentCard(_identity(session), found.tries_left, found.pin_pad)

        self._desk.work(
            Lane.CARD,
            job,
            lambda card: self._seen(turn, card),
            lambda trouble: self._unseen(turn, trouble),
        )

    def _seen(self, turn: int, card: PresentCard) -> None:
        if turn != self._reads or self.dialog is None:
            return
        if self._allowed is not None and card.identity == self._first:
            self.dialog.show_card(None, self._page.say("cards_ask.same"))
        else:
            self.dialog.show_card(card)

    def _unseen(self, turn: int, trouble: Trouble) -> None:
        if turn != self._reads or self.dialog is None:
            return
        absent = isinstance(trouble, NoCard | NoReader)
        self.dialog.show_card(None, "" if absent else self._desk.spoken(trouble).title)

    # Its PIN

    def _given(self, pin: Pin, last_try: bool, by_recovery: bool) -> None:
        dialog = self.dialog
        if dialog is None or dialog.card is None:
            wipe(pin)
            return
        dialog.show_busy()
        expected = dialog.card.identity
        if self._allowed is None:
            self._run(expected, pin, lambda card: self._allow(card, pin, last_try, by_recovery))
        else:
            self._run(expected, pin, lambda card: self._finish(card, pin, last_try))

    def _run(self, expected: str | None, pin: Pin, half: Callable[[PivSession], object]) -> None:
        station = self._desk.station

        def job() -> object:
            try:
                with station.roles.piv_card() as session:
                    if _identity(session) != expected:
                        raise OtherCard
                    return half(session)
            finally:
                wipe(pin)

        self._desk.work(Lane.CARD, job, self._half_done, self._refused)

    def _allow(
        self, session: PivSession, pin: Pin, last_try: bool, by_recovery: bool
    ) -> Allowed | None:
        """The first half; None where it was the whole act."""
        keeper, act = self._keeper, self._act
        if act is Act.BEGIN:
            return record_cards.begin(keeper, session, pin, last_try)
        allow = record_cards.allow_by_recovery if by_recovery else record_cards.allow
        allowed = allow(keeper, session, pin, last_try)
        if act is Act.REMOVE:
            _when_free(lambda: record_cards.remove(keeper, allowed, self._without))
        elif act is Act.ROTATE:
            _when_free(lambda: record_cards.rotate(keeper, allowed))
        else:
            return allowed
        return None

    def _finish(self, session: PivSession, pin: Pin, last_try: bool) -> None:
        assert self._allowed is not None
        _SECOND[self._act](self._keeper, self._allowed, session, pin, last_try)

    def _half_done(self, allowed: object) -> None:
        dialog = self.dialog
        if dialog is None:
            return
        if isinstance(allowed, Allowed):
            self._allowed = allowed
            self._first = dialog.card.identity if dialog.card else None
            dialog.show_stage(self._stage())
            self._look()
            return
        self._done = _DONE.get(self._act, self._act.value)
        dialog.accept()

    def _refused(self, trouble: Trouble) -> None:
        if self.dialog is None:
            self._say(trouble)
            return
        self.dialog.show_trouble(self._desk.spoken(trouble))
        self._look()

    def _closed(self) -> None:
        """Forget what was allowed; behind no sign-in the records do not stay open."""
        self.dialog, self._allowed, self._first = None, None, None
        if self._desk.sign_in is None:
            self._desk.work(Lane.CARD, self._desk.station.records.close)
        self.read()
        self._desk.ask_card.emit()

    def _say(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.render()


def _when_free(replace_key: Callable[[], object]) -> None:
    """A key is replaced only while no other job uses the records: wait for those under way.
    Raises Busy where they do not end."""
    patience_ends = time.monotonic() + PATIENCE
    while True:
        try:
            replace_key()
            return
        except Busy:
            if time.monotonic() > patience_ends:
                raise
        time.sleep(PAUSE)


def _identity(session: PivSession) -> str | None:
    found = session.identity()
    return found.hex() if found else None
