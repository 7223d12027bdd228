"""All of «set-up and checks»: its pages behind the sign-in, and those that stand before it.

Before it: the checks, the officer's card, the records' cards and the list of officers, without
names. Behind it the same for whoever may. An act for which the signed-in card must leave the
reader goes on outside: the desk locks, and nobody's session is used for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desk.counter.officer_list import HeldOfficers
from desk.issuance.roles import Right
from desk.ui.control.bundle import BundleControl
from desk.ui.control.card_setup import CardSetup
from desk.ui.control.checks import Checks
from desk.ui.control.desk import Desk
from desk.ui.control.diagnosis import DiagnosisControl
from desk.ui.control.officer_list import OfficerLists
from desk.ui.control.outside import Outside, Window
from desk.ui.control.records_cards import RecordsCards
from desk.ui.control.setup import CHECKS, SetupParts
from desk.ui.navigation import Place
from desk.ui.pages.card_setup import CardSetupPage
from desk.ui.pages.diagnosis import DiagnosisPage
from desk.ui.pages.officer_list import OfficerListPage
from desk.ui.pages.records_cards import RecordsCardsPage
from desk.ui.troubles import TroubleWords

CARD, RECORDS, OFFICERS = "card", "records", "officers"


class SetUp(QObject):
    """``set_pin`` opens the dialog for a card's PIN over a page; ``lock`` locks the desk."""

    def __init__(
        self,
        desk: Desk,
        checks: Checks,
        bundle: BundleControl,
        set_pin: Callable[[QWidget], None],
        lock: Callable[[], None],
    ) -> None:
        super().__init__(desk)
        self._desk, self._lock = desk, lock
        look, shell = desk.look, desk.shell
        self.outside = Outside(
            Window(look, shell, desk.here), checks, bundle.begin, lambda: desk.is_locked
        )
        self._parts = SetupParts(look, partial(desk.show_place, Place.SETUP), self)
        self._add_checks(checks, bundle)
        self._add_cards(set_pin)
        self._add_records()
        self._add_officers()
        desk.card_changed.connect(self._card_changed)
        desk.ticked.connect(self._tick)

    def enter(self) -> None:
        """Behind the sign-in: the part that was shown last."""
        self._parts.enter()

    def to_checks(self) -> None:
        self._parts.go(CHECKS)

    def cover(self) -> None:
        """The desk locks: no dialog of its own stays over the cover, nothing typed is kept."""
        for control in (self.card_setups[0], self.records_cards[0]):
            if control.dialog is not None:
                control.dialog.reject()

    def _add_checks(self, checks: Checks, bundle: BundleControl) -> None:
        desk = self._desk
        self.checks_page = DiagnosisPage(desk.look, TroubleWords())
        self.diagnosis = DiagnosisControl(
            desk.look,
            self.checks_page,
            checks,
            desk.here,
            lambda: desk.shell.page is self.checks_page,
            bundle.begin,
        )
        desk.shell.add_page(self.checks_page)
        self._parts.add(CHECKS, self.checks_page, self.diagnosis.enter)

    def _add_cards(self, set_pin: Callable[[QWidget], None]) -> None:
        desk, troubles = self._desk, TroubleWords()
        inside, before = (CardSetupPage(desk.look, troubles) for _ in range(2))
        way_out = self.outside.way_out
        self.card_setups = (
            CardSetup(desk, inside, partial(set_pin, inside)),
            CardSetup(desk, before, partial(set_pin, before), way_out),
        )
        desk.shell.add_page(inside)
        self._parts.add(CARD, inside, self.card_setups[0].enter)
        self.outside.add(CARD, before, self.card_setups[1].enter)

    def _add_records(self) -> None:
        desk = self._desk
        inside, before = RecordsCardsPage(desk.look), RecordsCardsPage(desk.look)
        self.records_cards = (
            RecordsCards(desk, inside, before=self._goes_on_outside, names=True),
            RecordsCards(desk, before, self.outside.way_out, names=False),
        )
        desk.shell.add_page(inside)
        may = partial(self._may, Right.RECORDS_CARDS)
        self._parts.add(RECORDS, inside, self.records_cards[0].enter, may)
        self.outside.add(RECORDS, before, self.records_cards[1].enter)

    def _add_officers(self) -> None:
        desk = self._desk
        if not isinstance(desk.station.officers, HeldOfficers):
            return
        source = desk.station.officers.source
        inside, before = OfficerListPage(desk.look), OfficerListPage(desk.look)
        self.officer_lists = (
            OfficerLists(desk, inside, source, names=True),
            OfficerLists(desk, before, source, self.outside.way_out, names=False),
        )
        desk.shell.add_page(inside)
        may = partial(self._may, Right.OFFICERS)
        self._parts.add(OFFICERS, inside, self.officer_lists[0].enter, may)
        self.outside.add(OFFICERS, before, self.officer_lists[1].enter)

    def _may(self, right: Right) -> bool:
        return self._desk.is_open and self._desk.officer.role.may(right)

    def _goes_on_outside(self, work: str) -> bool:
        """The card that allows must leave the reader: without a session to lock."""
        self._lock()
        self.outside.enter(RECORDS)
        self.records_cards[1].begin(work)
        return False

    def _card_changed(self) -> None:
        self.outside.card_moved()
        self.diagnosis.card_moved()
        for control in (*self.card_setups, *self.records_cards):
            control.card_moved()

    def _tick(self) -> None:
        if self.outside.is_shown():
            self.outside.refresh()
