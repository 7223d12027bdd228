"""The hand-over page: the slip is made and printed, three things are said, the case closes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desk.counter import closing, holdings
from desk.counter.closing import PrintedSlip
from desk.counter.holdings import Deed, Holding
from desk.issuance.case import Case, State
from desk.store.slips import SlipKind
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.control.desk import Desk
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.pages.aftercare import AREA as CARE
from desk.ui.pages.hand_over import HandOverPage, HandOverView
from desk.ui.pages.own_words import OwnWords
from desk.ui.printing import PDF_FILE, Printers
from desk.words import Words

_KINDS = {
    State.PROVEN: SlipKind.HANDOVER,
    State.ACTIVATED: SlipKind.HANDOVER,
    State.DELIVERED: SlipKind.HANDOVER,
    State.REFUSED: SlipKind.REFUSAL,
}
_SECOND = ("en", "zh", "vi")


class HandOverControl(QObject):
    """``on_screen(bytes)``: the slip shall stand on the applicant's window."""

    on_screen = Signal(object)

    def __init__(self, desk: Desk, page: HandOverPage, printers: Printers) -> None:
        super().__init__(desk)
        self._desk, self._page, self._printers = desk, page, printers
        self._words, self._care = Words("desk"), OwnWords(desk.look, CARE)
        self._language = "en"
        self._slip: PrintedSlip | None = None
        self._printed_at = ""
        # What after-care knows of a delivered case; None until it is asked, and of any other.
        self._holding: Holding | None = None
        # Why no printer took a sheet, by its serial. That it came out nowhere the records know.
        self._jammed: dict[str, Trouble] = {}
        # What this program has put out: the records may not be told of it yet.
        self._came_out: set[str] = set()
        self._printing = self._closing = False
        self._trouble: Trouble | None = None
        # What is to be printed as soon as an officer is back at the desk.
        self._due: Callable[[], None] | None = None
        page.print_requested.connect(self._print)
        page.language_chosen.connect(self._choose_language)
        page.show_on_screen.connect(self._show_on_screen)
        page.close_requested.connect(self._close)
        desk.look.retranslated.connect(self.render)

    def enter(self, case: Case) -> None:
        """Make the slip once; a case that came here before keeps its serial."""
        self._slip, self._trouble, self._holding = None, None, None
        self._printed_at, self._due = "", None
        self._printing = self._closing = False
        offered = self._offered()
        self._language = case.language if case.language in offered else offered[0]
        self._page.forget()
        self._desk.show(Step.HAND_OVER, self._page)
        self.render()
        if case.state in _KINDS:
            self._find_or_print(case, _KINDS[case.state])

    def _find_or_print(self, case: Case, kind: SlipKind) -> None:
        """The sheet that counts, as it was printed; a first one where there is none."""
        desk = self._desk
        look = self._looking_at(case)

        def done(found: tuple[PrintedSlip | None, Holding | None]) -> None:
            if desk.case is None or desk.case.number != case.number:
                return
            kept, self._holding = found
            self.render()
            if kept is not None:
                self._show_kept(kept, closed=case.closed_at is not None)
            elif case.closed_at is None:
                self._once_open(lambda: self._print(self._printers.preferred(), self._language))

        desk.work(
            Lane.RECORDS,
            lambda: (closing.kept_slip(desk.station, case, kind), look()),
            done,
            look_at=case,
        )

    def _looking_at(self, case: Case) -> Callable[[], Holding | None]:
        """A job that asks what may still be done with what no phone presented."""
        if case.state is not State.DELIVERED:
            return lambda: None
        station, officer = self._desk.station, self._desk.officer
        return lambda: holdings.read(station, officer, case.number)

    def _show_kept(self, kept: PrintedSlip, *, closed: bool) -> None:
        """One that was numbered and never came out, because the desk ended before it did or
        another officer came back to it, comes out now."""
        self._slip, self._trouble = kept, self._jammed.get(kept.serial)
        is_out = closed or kept.is_out or kept.serial in self._came_out
        self._printed_at = says.clock(kept.printed_at, self._desk.here()) if is_out else ""
        self.render()
        if not is_out and self._trouble is None:
            self._once_open(lambda: self._put_out(self._printers.preferred(), kept))

    def _once_open(self, act: Callable[[], None]) -> None:
        """No sheet comes out beside an empty desk: behind the lock it waits for an officer."""
        if self._desk.is_open:
            act()
        else:
            self._due = act

    def come_back(self) -> None:
        """The officer is back at this page: what waited for that is printed."""
        due, self._due = self._due, None
        if due is not None:
            due()

    def is_printed(self) -> bool:
        """The slip is made and has left for printer or file."""
        return self._slip is not None and bool(self._printed_at)

    @property
    def slip(self) -> PrintedSlip | None:
        """The sheet that counts."""
        return self._slip

    def _offered(self) -> tuple[str, ...]:
        spoken = self._desk.station.post.languages
        return tuple(lang for lang in _SECOND if lang in spoken or lang == "en")

    def render(self) -> None:
        desk, case = self._desk, self._desk.case
        if case is None or desk.step is not Step.HAND_OVER:
            return
        say = desk.look.language
        holding = self._holding if case.state is State.DELIVERED else None
        self._page.render(
            HandOverView(
                here=desk.here(),
                case=case,
                slip=self._slip.pdf if self._slip else None,
                serial=self._slip.serial if self._slip else "",
                printed_at=self._printed_at,
                printing=self._printing,
                printers=self._printer_words(),
                printer=self._printers.preferred(),
                languages=tuple(
                    (lang, self._words.text(f"slip.{lang}", say)) for lang in self._offered()
                ),
                language=self._language,
                took=says.duration(desk.look, _seconds(case)),
                closing=self._closing,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
                may_activate=holding is not None and holding.may(Deed.ACTIVATE),
                bar=self._care(f"why.{holding.bar}") if holding and holding.bar else "",
            )
        )

    def _printer_words(self) -> tuple[tuple[str, str], ...]:
        file_words = self._words.text("slip.to_file", self._desk.look.language)
        return tuple(
            (name, file_words if name == PDF_FILE else name) for name in self._printers.names()
        )

    # Printing

    def _choose_language(self, language: str) -> None:
        self._language = language
        self.render()

    def _print(self, printer: str, language: str) -> None:
        """A new sheet with a new serial; a former one of this case is void from then on."""
        desk, case = self._desk, self._desk.the_case()
        kind = _KINDS.get(case.state)
        if kind is None or self._printing:
            return
        self._printing, self._trouble = True, None
        self._language = language
        self.render()
        station, officer = desk.station, desk.officer
        look = self._looking_at(case)

        def done(made: tuple[Holding | None, tuple[Case, PrintedSlip]]) -> None:
            holding, (printed, slip) = made
            if desk.takes_over(printed):
                self._slip, self._holding = slip, holding
                self.render()
                self._once_open(lambda: self._put_out(printer, slip))

        desk.work(
            Lane.RECORDS,
            lambda: (look(), closing.print_slip(station, officer, case, kind, language)),
            done,
            self._failed,
            of=case,
        )

    def _put_out(self, printer: str, slip: PrintedSlip) -> None:
        try:
            self._printers.print(printer, slip.serial, slip.pdf)
        except Trouble as reason:
            # The sheet before is void, whether it was printed or not.
            self._jammed[slip.serial], self._printed_at = reason, ""
            self._failed(reason)
            return
        self._printing = False
        self._came_out.add(slip.serial)
        desk, here = self._desk, self._desk.here()
        self._printed_at = says.clock(here.now, here)
        self.render()
        station, officer, case = desk.station, desk.officer, desk.the_case()
        desk.work(Lane.RECORDS, lambda: closing.note_out(station, officer, slip), of=case)

    def _show_on_screen(self) -> None:
        if self._slip is not None:
            self.on_screen.emit(self._slip.pdf)

    # Closing

    def _close(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        self._closing, self._trouble = True, None
        self.render()
        said = self._page.said
        desk.act(
            Lane.RECORDS,
            lambda: closing.close_case(desk.station, desk.officer, case, said),
            desk.to_board.emit,
            self._failed,
        )

    def _failed(self, trouble: Trouble) -> None:
        self._printing = self._closing = False
        self._trouble = trouble
        self.render()


def _seconds(case: Case) -> float:
    return (max(step.at for step in case.history) - case.opened_at).total_seconds()
