"""Joins the page of the officers' list with the list in place and with taking one in.

Taking in needs no sign-in: the list's own signature says that it is the ministry's. Names
are shown only behind one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from desk.counter import officer_list
from desk.counter.officer_list import ListSource, Taken
from desk.issuance.officers import Officer, OfficerList
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.pages.officer_list import ListView, OfficerListPage, OfficerListView


class OfficerLists(QObject):
    """``source`` tells where the list lies and by whom it must be signed."""

    def __init__(
        self,
        desk: Desk,
        page: OfficerListPage,
        source: ListSource,
        way_out: Callable[[], str] = str,
        *,
        names: bool,
    ) -> None:
        super().__init__(page)
        self._desk, self._page, self._source = desk, page, source
        self._way_out, self._names = way_out, names
        self.ask_file: Callable[[], str] = self._ask_file
        self._list: OfficerList | None = None
        self._taken: Taken | None = None
        self._trouble: Trouble | None = None
        page.look_again.connect(self.read)
        page.take_asked.connect(self._take)
        desk.look.retranslated.connect(self.render)

    def enter(self) -> None:
        self._taken, self._trouble = None, None
        self.read()

    def read(self) -> None:
        """The list in place, also one that has run out."""
        source = self._source
        self.render()
        self._desk.work(Lane.RECORDS, lambda: officer_list.in_place(source), self._read, self._say)

    def _read(self, found: OfficerList | None) -> None:
        self._list = found
        self.render()

    def _take(self) -> None:
        self._taken, self._trouble = None, None
        chosen = self.ask_file()
        if not chosen:
            return
        source, station = self._source, self._desk.station

        def job() -> Taken:
            taken = officer_list.take(Path(chosen), source, station.post.code)
            if not taken.was_there:
                station.note(None, "OFFICERS.LIST_TAKEN", **officer_list.event_facts(taken))
            return taken

        self._desk.work(Lane.RECORDS, job, self._took, self._say)

    def _took(self, taken: Taken) -> None:
        self._taken = taken
        self._read(taken.list)
        # Somebody at the reader may be on the list now, or no longer.
        self._desk.ask_card.emit()

    def _say(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.render()

    def render(self) -> None:
        desk = self._desk
        self._page.render(
            OfficerListView(
                here=desk.here(),
                list=self._view(self._list) if self._list else None,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
                taken=self._words(self._taken) if self._taken else None,
                way_out=self._way_out(),
            )
        )

    def _view(self, found: OfficerList) -> ListView:
        station = self._desk.station
        own = found.of_post(station.post.code)
        return ListView(
            number=found.number,
            issued=f"{station.post.local(found.issued):%Y-%m-%d}",
            until=f"{station.post.local(found.valid_until):%Y-%m-%d}",
            holds=station.now() < found.valid_until,
            count=len(own),
            people=tuple(map(self._person, own)) if self._names else (),
        )

    def _person(self, officer: Officer) -> tuple[str, str]:
        role = self._desk.look.say(f"role.{officer.role.value}")
        posts = ", ".join(officer.sister_posts)
        more = self._page.say("officers.sisters", posts=posts) if posts else ""
        return self._desk.officer_name(officer), f"{role} · {more}" if more else role

    def _words(self, taken: Taken) -> tuple[str, str]:
        say, found = self._page.say, self._view(taken.list)
        title = "officers.same" if taken.was_there else "officers.done"
        text = say("officers.done_text", n=found.count, until=found.until)
        return say(title, number=found.number), text

    def _ask_file(self) -> str:
        title = self._page.say("officers.file")
        return QFileDialog.getOpenFileName(self._page, title, str(Path.home()))[0]
