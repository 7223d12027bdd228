"""Joins the audit log's page with the log: checks, searches, exports and packs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from desk.counter import audit_commands, audit_view, patterns
from desk.counter.audit_view import Filter, LogLine, LogReport, SealLine
from desk.counter.patterns import Oddity
from desk.issuance.roles import Right
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.audit import AuditPage, AuditView
from desk.ui.pages.audit_parts import SEALS_SHOWN


class AuditControl(QObject):
    """``ask_place`` gives the path to save under, empty where the officer thought better."""

    def __init__(self, desk: Desk, page: AuditPage) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._report: LogReport | None = None
        self._lines: tuple[LogLine, ...] = ()
        self._seals: tuple[SealLine, ...] = ()
        self._oddities: tuple[Oddity, ...] | None = None
        self._chosen, self._text = Filter.ALL, ""
        self._checking = False
        self._saved = ""
        self._trouble: Trouble | None = None
        self._turn = 0
        self.ask_place: Callable[[str], str] = self._ask_place
        page.check_again.connect(self.check)
        page.find_asked.connect(self._find)
        page.pack_asked.connect(self._pack)
        page.export_asked.connect(self._export)

    def enter(self) -> None:
        """The page in its place; everything is looked at anew."""
        self._trouble, self._saved = None, ""
        self._chosen, self._text = Filter.ALL, ""
        self._page.log.field.clear()
        self._desk.show_place(Place.AUDIT, self._page)
        self.render()
        self.check()

    def is_checked(self) -> bool:
        return self._report is not None and not self._checking

    def check(self) -> None:
        """Chain, seals and copy once more, and the newest lines with them."""
        self._list()
        if self._checking:
            return
        self._checking, self._trouble = True, None
        station = self._desk.station
        sees = self._desk.officer.role.may(Right.SEE_PATTERNS)

        def job() -> tuple[LogReport, tuple[SealLine, ...], tuple[Oddity, ...] | None]:
            return (
                audit_view.examine(station),
                audit_view.latest_seals(station, SEALS_SHOWN),
                patterns.odd_patterns(station) if sees else None,
            )

        self._desk.work(Lane.COPIES, job, self._checked, self._failed)
        self.render()

    def _checked(
        self, found: tuple[LogReport, tuple[SealLine, ...], tuple[Oddity, ...] | None]
    ) -> None:
        self._checking = False
        self._report, self._seals, self._oddities = found
        if self._chosen is Filter.PATTERNS:
            self._list()
        self.render()

    def _failed(self, trouble: Trouble) -> None:
        self._checking, self._trouble = False, trouble
        self.render()

    def _find(self, chosen: str, text: str) -> None:
        self._chosen, self._text = Filter(chosen), text.strip()
        self._list()
        self.render()

    def _list(self) -> None:
        """The lines that fit what is typed and chosen; only the last wish counts."""
        self._turn += 1
        turn, chosen, text = self._turn, self._chosen, self._text
        station, actors = self._desk.station, self._named(text)
        only = tuple(one.seq for one in self._oddities or ()) or (0,)
        wanted = only if chosen is Filter.PATTERNS else ()

        def done(lines: tuple[LogLine, ...]) -> None:
            if turn == self._turn:
                self._lines = lines
                self.render()

        self._desk.work(
            Lane.RECORDS,
            lambda: audit_view.lines(station, chosen, text, actors, wanted),
            done,
            self._failed,
        )

    def _named(self, text: str) -> tuple[str, ...]:
        """Actors of officers whose name holds ``text``."""
        wanted = text.lower()
        return tuple(
            f"officer:{one.officer_id}"
            for one in self._desk.station.officers.values()
            if wanted and (wanted in one.name_ko or wanted in one.name_en.lower())
        )

    def _pack(self, case: str) -> None:
        station = self._desk.station
        self._save(
            f"{case}.evidence.zip",
            lambda place: audit_commands.pack(station.store, case, place),
        )

    def _export(self) -> None:
        station = self._desk.station
        day = station.post.local(station.now()).date().isoformat()
        self._save(
            f"audit-{day}.jsonl",
            lambda place: audit_commands.export(station.store, place, station.now()),
        )

    def _save(self, name: str, write: Callable[[Path], object]) -> None:
        place = self.ask_place(name)
        if not place:
            return

        def done(_answer: object) -> None:
            self._saved, self._trouble = Path(place).name, None
            self.render()

        self._desk.work(Lane.RECORDS, lambda: write(Path(place)), done, self._failed)

    def _ask_place(self, name: str) -> str:
        title = self._page.say("act.export")
        start = str(Path.home() / name)
        return QFileDialog.getSaveFileName(self._page.window(), title, start)[0]

    def render(self) -> None:
        desk = self._desk
        if desk.place is not Place.AUDIT:
            return
        # They were looked for by whoever sat here then; the desk may have changed hands since.
        sees = desk.sign_in is not None and desk.officer.role.may(Right.SEE_PATTERNS)
        self._page.render(
            AuditView(
                here=desk.here(),
                report=self._report,
                checking=self._checking,
                lines=self._lines,
                chosen=self._chosen,
                seals=self._seals,
                oddities=self._oddities if sees else None,
                names=desk.officer_names(),
                saved=self._saved,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )
