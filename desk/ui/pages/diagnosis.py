"""Set-up and checks: how far it works and where it stops, from the top.

One part is looked at closely at a time; readers and card as a tree, the others line by line.
The right card says one finding and what to try, the likeliest first. The page is the same
before sign-in, while the desk is locked, and where it cannot open at all.

Signals: ``check_again`` (F5 and the primary), ``part_chosen(str)``, ``bundle_asked``,
and those of `SetupPage`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout

from desk.cards.fault_tree import Fault
from desk.counter.board import BoardCheck, CheckKey, CheckState
from desk.counter.doctor import Diagnosis
from desk.counter.doctor_commands import fact_words
from desk.counter.reader_tree import Branch, TreeLine, stopped_at, tree
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.diagnosis_parts import (
    Codes,
    FindingCard,
    PartMark,
    Strip,
    Told,
    Tree,
    Twig,
    held,
)
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.setup import SetupPage
from desk.ui.parts.box import Card, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.frame import Other, Primary
from desk.ui.parts.sign import Badge
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.troubles import TroubleWords

READERS, RECORDS = "readers", "records"
_IN_READERS = (CheckKey.CARD_SERVICE, CheckKey.PASSPORT_READER, CheckKey.OFFICER_CARD)
_IN_RECORDS = (CheckKey.RECORDS_CARDS, CheckKey.DISK, CheckKey.COPIES)
STATES = {
    CheckState.CHECKING: Glyph.WAITING,
    CheckState.READY: Glyph.PASSED,
    CheckState.NOT_DONE: Glyph.NOT_DONE,
    CheckState.ATTENTION: Glyph.ATTENTION,
    CheckState.UNUSABLE: Glyph.FAILED,
}
_DRAWN = frozenset(
    {Fault.EMPTY, Fault.MUTE_OR_UPSIDE_DOWN, Fault.STILL_MUTE, Fault.UNKNOWN, Fault.NO_CHIP}
)
_FAULTS = sorted(Fault, key=lambda one: one.value)
_IN_BUNDLE = ("versions", "codes", "readers")
_NOT_IN_BUNDLE = ("no_persons", "no_pin", "no_cases")


def part_of(key: CheckKey) -> str:
    """The part of the strip a check belongs to."""
    if key in _IN_READERS:
        return READERS
    return RECORDS if key in _IN_RECORDS else key.line.value


def _last(part: str) -> int:
    return max(place for place, key in enumerate(CheckKey) if part_of(key) == part)


PARTS = tuple(sorted({part_of(key) for key in CheckKey}, key=_last))
"""In the order in which the last check of each is asked."""


@dataclass(frozen=True)
class DiagnosisView:
    """``found`` is None until the first check has ended; ``seconds`` it took. ``part`` is
    looked at closely. ``way_out``: the word of the button that leads back to the covering
    page, empty where none covers the desk."""

    here: says.Here
    found: Diagnosis | None = None
    checking: bool = False
    seconds: float = 0.0
    part: str = READERS
    way_out: str = ""


class DiagnosisPage(SetupPage):
    """Strip of parts; tree left, finding and bundle right; the codes below."""

    check_again = Signal()
    part_chosen = Signal(str)
    bundle_asked = Signal()

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self.troubles = troubles
        self._view: DiagnosisView | None = None
        self.strip = Strip(look)
        self.strip.chosen.connect(self.part_chosen)
        self.tree = Tree(look)
        self.finding = FindingCard(look)
        self._support = _SupportCard(look, self.say)
        self._support.preview.clicked.connect(self.bundle_asked)
        self._right = column(self.finding, self._support, None, gap=16)
        self._right_box = holder(self._right)
        self._columns = row(self.tree, self._right_box, gap=16)
        self._columns.setStretch(0, 4)
        self._columns.setStretch(1, 3)
        self.codes = Codes(look)
        self.body.addWidget(self.strip)
        self.body.addLayout(self._columns)
        self.body.addWidget(self.codes)
        self.body.addStretch(1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "codes"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._right.setSpacing(self.gap)
        self.strip.set_small(small)
        self.tree.set_narrow(narrow or small)

    def render(self, view: DiagnosisView) -> None:
        self._view = view
        say = self.say
        self.strip.show_parts(tuple(self._marks(view)), view.part)
        twigs = tuple(self._twigs(view))
        fine = not any(twig.loud for twig in twigs)
        self.tree.name(say("check.where_fine" if fine else "check.where"))
        self.tree.clock.say(self._clock(view))
        self.tree.show_twigs(twigs)
        told = self._told(view)
        room = not self.narrow and not self.small and view.part == READERS
        shown(self.codes, room)
        self.finding.tell(told)
        self._support.render(view.found is not None and not view.checking)
        self.codes.name(say("check.codes"))
        self.codes.hint(say("check.codes_note"))
        self.codes.show_codes(
            [(one.value, say(f"fault.{one.value}")) for one in _FAULTS], told.code
        )
        self._show_footer(view)
        self.say_head(say("head.checks", part=self._part_name(view.part)), say("head.checks_lead"))

    def _show_footer(self, view: DiagnosisView) -> None:
        say = self.say
        ready = view.found is not None and not view.checking
        bundle = Other("bundle", say("bundle.save"), icon="file-text", enabled=ready)
        self.footer.show_others(self.ways(view.way_out, bundle))
        word = say("check.checking" if view.checking else "check.again")
        why = say("check.wait" if view.checking else "check.by_itself")
        self.footer.show_primary(Primary(word, not view.checking, why, ("F5",), icon="refresh-cw"))

    # Parts

    def _marks(self, view: DiagnosisView) -> Iterator[PartMark]:
        for part in PARTS:
            state = worst(view.found, part) if view.found else CheckState.CHECKING
            word = self.say(f"device.{state.value}")
            yield PartMark(part, self._part_name(part), STATES[state], word)

    def _part_name(self, part: str) -> str:
        if part == READERS:
            return self.say("check.readers")
        key = f"strip.{part}"
        return self.say(key if key in self.say else f"part.{part}")

    def _clock(self, view: DiagnosisView) -> str:
        if view.found is None:
            return ""
        time = says.clock_seconds(view.found.at, view.here)
        return self.say("check.took", time=time, seconds=f"{view.seconds:.1f}")

    # Lines

    def _twigs(self, view: DiagnosisView) -> Iterator[Twig]:
        if view.part == READERS:
            found = tree(view.found.seen) if view.found else ()
            lines = found or tuple(TreeLine(one, CheckState.CHECKING) for one in Branch)
            yield from map(self._branch, lines)
        else:
            yield from map(self._check, checks_of(view.found, view.part))

    def _branch(self, line: TreeLine) -> Twig:
        say, key = self.say, f"tree.{line.branch.value}"
        answers = {
            CheckState.READY: "yes",
            CheckState.UNUSABLE: "no",
            CheckState.ATTENTION: "look" if f"{key}.look" in say else "no",
        }
        answer = answers.get(line.state, "ask")
        fact = ""
        if line.state is CheckState.NOT_DONE:
            fact = say("check.behind")
        elif f"{key}.fact" in say and (line.facts or line.branch is Branch.SERVICE):
            fact = say(f"{key}.fact", **dict(line.facts))
        return Twig(
            level=line.branch.level,
            glyph=STATES[line.state],
            word=say(f"device.{line.state.value}"),
            name=say(f"{key}.{answer}", **dict(line.facts)),
            fact=fact,
            code=line.code or "",
        )

    def _check(self, check: BoardCheck) -> Twig:
        fact = fact_words(self.look.words, check, self.look.language)
        if not fact and check.code:
            fact = self.troubles.of(check.code, self.look.language, check.facts).title
        return Twig(
            level=0,
            glyph=STATES[check.state],
            word=self.say(f"device.{check.state.value}"),
            name=self.say(f"part.{check.key.value}"),
            fact=fact,
            code=check.code or "",
        )

    # The finding

    def _told(self, view: DiagnosisView) -> Told:
        say = self.say
        if view.found is None:
            word = say("device.checking")
            return Told(Glyph.WAITING, word, say("check.checking"), say("check.wait"))
        stop = self._stop(view.found, view.part)
        state = worst(view.found, view.part)
        if stop is not None:
            return self._trouble(stop)
        word = say(f"device.{state.value}")
        if state is CheckState.NOT_DONE:
            return Told(STATES[state], word, say("check.not_asked"), say("check.not_asked_text"))
        return Told(STATES[state], word, say("check.fine"), say("check.fine_text"))

    def _stop(self, found: Diagnosis, part: str) -> BoardCheck | TreeLine | None:
        if part == READERS:
            return stopped_at(tree(found.seen))
        checks = sorted(checks_of(found, part), key=lambda one: -one.state.rank)
        return next((one for one in checks if one.code is not None), None)

    def _trouble(self, stop: BoardCheck | TreeLine) -> Told:
        code = stop.code or ""
        spoken = self.troubles.of(code, self.look.language, stop.facts)
        steps = tuple(self._steps(code)) or ((spoken.next, ""),)
        return Told(
            glyph=STATES[stop.state],
            word=self.say(f"device.{stop.state.value}"),
            title=spoken.title,
            text=spoken.text,
            code=code,
            steps=steps,
            drawn=code in _DRAWN and stop.state is CheckState.UNUSABLE,
        )

    def _steps(self, code: str) -> Iterator[tuple[str, str]]:
        number = 1
        while (key := f"steps.{code}.{number}") in self.say:
            yield self.say(key), self.say(f"{key}_why")
            number += 1

    # What may be asked of the page

    def other_asked(self, key: str) -> None:
        if key == "bundle":
            self.bundle_asked.emit()

    def primary_key(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        if self._view is not None and not self._view.checking:
            self.check_again.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


def checks_of(found: Diagnosis | None, part: str) -> tuple[BoardCheck, ...]:
    """The checks of one part, in the order of asking; all «checking» before the first end."""
    if found is None:
        keys = (key for key in CheckKey if part_of(key) == part)
        return tuple(BoardCheck(key, CheckState.CHECKING) for key in keys)
    return tuple(check for check in found.checks if part_of(check.key) == part)


def worst(found: Diagnosis, part: str) -> CheckState:
    """How a part stands: as its worst check does."""
    states = [check.state for check in checks_of(found, part)]
    return max(states, key=lambda state: state.rank, default=CheckState.NOT_DONE)


class _SupportCard(Card):
    """What a support bundle holds and what it never does; the way to its preview."""

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look)
        self._say = say
        self._in = [Badge(look) for _ in _IN_BUNDLE]
        self._out = [Badge(look) for _ in _NOT_IN_BUNDLE]
        self._lead = Text(look, "", Type.SMALL, "muted", wrap=True)
        self.preview = Button(look, "", Kind.SECONDARY, height=32, icon="eye")
        foot = row(self._lead, 16, self.preview)
        foot.setStretch(0, 1)
        self.body.addWidget(held(*self._in))
        self.body.addSpacing(8)
        self.body.addWidget(held(*self._out))
        self.body.addSpacing(12)
        self.body.addLayout(foot)

    def render(self, ready: bool) -> None:
        say = self._say
        self.name(say("support.title"))
        for badge, key in zip(self._in, _IN_BUNDLE, strict=True):
            badge.show_state(Glyph.PASSED, say(f"support.{key}"))
        for badge, key in zip(self._out, _NOT_IN_BUNDLE, strict=True):
            badge.show_state(Glyph.NOT_SUPPORTED, say(f"support.{key}"))
        self._lead.say(say("support.lead"))
        self.preview.say(say("support.preview"))
        self.preview.setEnabled(ready)
