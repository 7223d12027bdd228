"""Parts of the passport page: holder, phases of reading, the zone's fields, refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.issuance.case import Case
from desk.ui import says
from desk.ui.findings import is_established
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Box, Card, HeadRow, NumberDisc, column, holder, row
from desk.ui.parts.fields import Choice, Field, Labelled, Problem, Remark
from desk.ui.parts.person import Facts, Picture
from desk.ui.parts.results import NameAndEvidence
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import Badge, GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

PICTURE_ALTERED = "PA-DG-02"
LINE_LENGTH = 44
"""Characters in a line of a passport's zone (TD3, Doc 9303-4 clause 4.2.2)."""
SHOWN_CODES = 4
REFUSAL_REASONS = (
    "content_changed",
    "chip_copied",
    "signer_unknown",
    "signer_revoked",
    "document_expired",
    "other",
)


class PhaseState(StrEnum):
    """ABSENT: passed over, because the chip has nothing for it."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ABSENT = "absent"


@dataclass(frozen=True)
class PhaseLine:
    """One phase of reading: ``done`` of ``total`` bytes, and how long it took."""

    key: str
    state: PhaseState
    done: int = 0
    total: int | None = None
    seconds: float | None = None

    @property
    def is_running(self) -> bool:
        return self.state is PhaseState.RUNNING

    @property
    def is_done(self) -> bool:
        return self.state is PhaseState.DONE


class HolderCard(Card):
    """The passport's person: portrait from the chip, names, what its picture is worth."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 16, 17, 8))
        self._narrow = False
        self.picture = Picture(look)
        self._name = Text(look, "", Type.TITLE)
        self._second = Text(look, "", Type.BODY)
        self._ghost = Box(look, "well", None, 4)
        self._ghost.setFixedSize(72, 12)
        self._badge = Badge(look)
        self._facts = Facts(look)
        names = column(self._name, self._second, self._ghost, 8, self._badge, None)
        self._head = row(self.picture, holder(names), gap=16)
        self._head.setStretch(1, 1)
        self._gap = holder(column())
        self.body.addLayout(self._head)
        self.body.addWidget(self._gap)
        self.body.addWidget(self._facts)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        self.picture.setFixedSize(88 if narrow else 112, 112 if narrow else 144)
        self.body.setContentsMargins(13 if narrow else 17, 12 if narrow else 16, 17, 8)
        self._gap.setFixedHeight(4 if narrow else 8)
        self._narrow = narrow

    def show_case(
        self,
        here: says.Here,
        case: Case,
        picture: QImage | None,
        read: bool,
        refused: bool,
        typed: Mapping[str, str],
    ) -> None:
        look, say, document = self._look, self._look.say, case.document
        self.name(say("passport.holder"))
        hangul = case.register.name_hangul if case.register and not refused else ""
        latin = document.latin_name if document else typed.get("latin_name", "")
        name, second = says.person(look, hangul, latin)
        self._name.say(name)
        self._second.say(say("passport.name_of_chip") if refused else second)
        self._second.say(self._second.text(), "muted" if refused else "text")
        shown(self._second, bool(second) or refused)
        shown(self._ghost, not read and not second)
        ribbon = _ribbon(look, case) if refused else ""
        reading = bool(typed) and not read
        waiting = say("passport.picture_waiting" if reading else "passport.picture_none")
        self.picture.show_image(picture, say("passport.chip_picture"), waiting, ribbon)
        self._show_badge(case, read, refused)
        self._show_facts(here, case, typed)

    def _show_badge(self, case: Case, read: bool, refused: bool) -> None:
        """Unaltered only where the issuer vouches for the picture."""
        say = self._look.say
        if refused:
            self._badge.show_state(Glyph.FAILED, say("passport.picture_untrusted"))
        elif read and is_established(case):
            self._badge.show_state(Glyph.PASSED, say("passport.picture_unaltered"))
        elif read:
            self._badge.show_state(Glyph.UNDECIDED, say("passport.picture_open"))
        else:
            self._badge.show_state(Glyph.WAITING, say("passport.not_checked_yet"))

    def _show_facts(self, here: says.Here, case: Case, typed: Mapping[str, str]) -> None:
        look, say, document = self._look, self._look.say, case.document
        if document is None:
            known = {key: value or "—" for key, value in typed.items()}
            sex, nation = say_sex(look, known.get("sex", "")), known.get("nationality", "")
            known["sex_nationality"] = f"{sex} · {nation}" if sex else "—"
            keys = ("passport_number", "birth_date", "sex_nationality", "expiry_date")
            shown = [(say(f"item.{key}"), known.get(key, "—")) for key in keys]
            self._facts.show_facts(shown[:3] if self._narrow else shown)
            return
        years = says.years_old(document.birth_date, here.now, here.zone)
        nation = says.nation(look, document.nationality)
        facts = [
            (say("item.passport_number"), document.number),
            (say("item.birth_date"), say("passport.born", date=document.birth_date, n=years)),
            (say("item.sex_nationality"), f"{say_sex(look, document.sex)} · {nation}"),
            (say("item.expiry_date"), document.expiry_date.isoformat()),
        ]
        self._facts.show_facts(facts[:3] if self._narrow else facts)


def _ribbon(look: Look, case: Case) -> str:
    """Across the picture of a refused passport: altered, where it is the picture that was."""
    findings = case.document.findings if case.document else ()
    altered = any(one.code == PICTURE_ALTERED for one in findings)
    return look.say("passport.changed_picture" if altered else "passport.doubtful_picture")


def say_sex(look: Look, letter: str) -> str:
    """The word alone, without the letter of the zone."""
    key = f"sex_word.{letter.upper()}"
    return look.say(key) if key in look.words else letter


class PhaseTable(Card):
    """The phases of reading, each in its place: state, bytes, time."""

    COLUMNS = (23, -1, 140, 189, 90)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 8))
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._head = HeadRow(look)
        self._head_row = Row(look, 31, (-1, 140, 189, 90), line=False)
        self._head.setLayout(column(self._head_row, 1))
        self._rows = RowList()
        self._lines: list[_PhaseRow] = []
        self._narrow, self._count = False, 7
        self.body.addWidget(self._head)
        self.body.addWidget(self._rows)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._head.set_narrow(narrow)
        self._head_row.setFixedHeight(27 if narrow else 31)
        self.body.setContentsMargins(1, 0, 1, 0 if narrow else 6)
        for line in self._lines:
            line.setFixedHeight(self._row_height())

    def _row_height(self) -> int:
        """As high as all phases fit into the card."""
        room, most = (192, 26) if self._narrow else (248, 35)
        return min(most, room // max(1, self._count))

    def show_phases(self, phases: Sequence[PhaseLine]) -> None:
        say = self._look.say
        self.name(say("passport.phases"))
        self._head_row.empty()
        for place, name in enumerate(("phase", "state", "bytes", "time")):
            text = Text(self._look, say(f"column.{name}"), Type.SMALL_STRONG, "muted")
            self._head_row.put(place, text, right=place >= 2)
        if len(phases) != len(self._lines):
            self._rows.empty()
            self._count = len(phases)
            height = self._row_height()
            self._lines = [_PhaseRow(self._look, n, height) for n in range(1, len(phases) + 1)]
            for line in self._lines:
                self._rows.add(line)
        for line, phase in zip(self._lines, phases, strict=True):
            line.show_phase(phase, last=line is self._lines[-1])
        place = next((n for n, p in enumerate(phases, 1) if p.is_running), 0)
        note = say("passport.phase_of", place=place, n=len(phases)) if place else ""
        self._note.say(note)


class _PhaseRow(Row):
    GLYPHS = {  # noqa: RUF012
        PhaseState.WAITING: (Glyph.WAITING, "state.waiting"),
        PhaseState.RUNNING: (Glyph.BUSY, "passport.phase_running"),
        PhaseState.DONE: (Glyph.PASSED, "passport.phase_done"),
        PhaseState.ABSENT: (Glyph.NOT_SUPPORTED, "passport.phase_absent"),
    }

    def __init__(self, look: Look, number: int, height: int) -> None:
        super().__init__(look, height, PhaseTable.COLUMNS)
        self.put(0, Text(look, str(number), Type.SMALL, "muted"))
        self._name = NameAndEvidence(look, "", "", False)
        self._sign = GlyphSign(look, Glyph.WAITING, 16)
        self._word = Text(look)
        self._bytes = Text(look)
        self._time = Text(look, "", Type.BODY, "muted")
        words = row(self._sign, self._word, gap=8)
        words.setStretch(1, 1)
        state = holder(words)
        state.setFixedSize(116, 24)
        self.put(1, self._name)
        self.put(2, state)
        self.put(3, self._bytes, right=True)
        self.put(4, self._time, right=True)

    def show_phase(self, phase: PhaseLine, last: bool) -> None:
        say = self._look.say
        glyph, key = self.GLYPHS[phase.state]
        running = phase.is_running
        name, detail = say(f"phase.{phase.key}"), say(f"phase_detail.{phase.key}")
        self._name.say(name, detail, running)
        self._sign.show_state(glyph, say(key))
        self._word.say(say(key), glyph.token, Type.STRONG if running else Type.BODY)
        total = phase.total if phase.total is not None else phase.done
        figures = f"{phase.done:,} / {total:,}" if phase.done or phase.total else ""
        self._bytes.say(figures)
        seconds = say("duration.tenths", n=f"{phase.seconds:.1f}") if phase.seconds else ""
        self._time.say(seconds)
        self.set_ground("accent-soft" if running else None)
        self.set_line(not last)
        self.setAccessibleName(", ".join(p for p in (name, say(key), figures) if p))
        self._arrange()


class MrzEntry(QWidget):
    """The zone's two lines, typed or filled by a reader. ``entered`` on Enter in the last."""

    changed = Signal()
    entered = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.first = Field(look, kind=Type.MRZ, plain_keys=True)
        self.second = Field(look, kind=Type.MRZ, plain_keys=True)
        self._label = Text(look, "", Type.SMALL, "muted")
        self._hint = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._problem = Problem(look)
        for field in (self.first, self.second):
            field.setMaxLength(LINE_LENGTH)
            field.textEdited.connect(self._edited)
            field.setMinimumWidth(460)
        self.first.returnPressed.connect(self.second.setFocus)
        self.second.returnPressed.connect(self.entered)
        fields = column(self._label, 4, self.first, 8, self.second, 6, self._problem, None)
        hint = column(24, self._hint, None)
        outer = row(fields, 24, hint, margins=(16, 12, 16, 8))
        outer.setStretch(0, 3)
        outer.setStretch(2, 2)
        self.setLayout(outer)

    def render(self, lines: Sequence[str], problem: Spoken | None) -> None:
        say = self._look.say
        self._label.say(say("mrz.label"))
        self.first.name(say("mrz.line", n=1))
        self.second.name(say("mrz.line", n=2))
        self._hint.say(say("mrz.hint"))
        typing = self.first.hasFocus() or self.second.hasFocus()
        if lines and not (typing and problem is None):
            for field, line in zip((self.first, self.second), lines, strict=False):
                if field.text() != line:
                    field.setText(line)
        words = f"{problem.title} · {problem.code}" if problem else ""
        self._problem.show_text(words)
        self.second.mark_wrong(problem is not None)

    def text(self) -> str:
        return f"{self.first.text()}\n{self.second.text()}"

    def is_complete(self) -> bool:
        return len(self.first.text()) == LINE_LENGTH and len(self.second.text()) == LINE_LENGTH

    def _edited(self, _text: str) -> None:
        field = self.sender()
        if isinstance(field, Field):
            place = field.cursorPosition()
            field.setText(field.text().upper().replace(" ", "<"))
            field.setCursorPosition(place)
            if field is self.first and len(field.text()) == LINE_LENGTH:
                self.second.setFocus()
        self.second.mark_wrong(False)
        self._problem.show_text("")
        self.changed.emit()


class RefusalCards(QWidget):
    """What to say and do when the document is refused, and what is written down."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._todo = Card(look, padding=(16, 16, 16, 16))
        self._code = Text(look, "", Type.SMALL, "muted")
        self._todo.right.addWidget(self._code)
        self._steps = [(Text(look, "", Type.STRONG), Text(look, "", wrap=True)) for _ in range(3)]
        self._other = Text(look, "", Type.BODY, "muted", wrap=True)
        self._short_steps: list[QBoxLayout] = []
        for number, (title, text) in enumerate(self._steps, 1):
            extra: list[QWidget] = [self._other] if number == 1 else []
            words = column(title, text, *extra)
            if number > 1:
                self._short_steps.append(words)
            line = row(column(NumberDisc(look, number), None), words, gap=12)
            line.setStretch(1, 1)
            self._todo.body.addLayout(line)
            self._todo.body.addSpacing(8)
        self._todo.body.addStretch(1)
        self._record = Card(look)
        self.reason = Choice(look)
        self._reason = Labelled(look, self.reason)
        self.remark = Remark(look)
        self._remark = Labelled(look, self.remark)
        self._screen = Text(look, "", Type.SMALL, "muted")
        screen = row(IconSign(look, "monitor", 16), self._screen, gap=8)
        screen.setStretch(1, 1)
        self._screen_row = holder(screen)
        self._record.body.addWidget(self._reason)
        self._record.body.addSpacing(8)
        self._record.body.addWidget(self._remark)
        self._record.body.addSpacing(8)
        self._record.body.addWidget(self._screen_row)
        self._record.body.addStretch(1)
        self._row = row(self._todo, self._record, gap=16)
        self._row.setStretch(0, 720)
        self._row.setStretch(1, 432)
        self.setLayout(self._row)

    def set_narrow(self, narrow: bool) -> None:
        """Steps of one sentence in one line; the header says already what the applicant sees."""
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        for words in self._short_steps:
            words.setDirection(across if narrow else down)
            words.setSpacing(12 if narrow else 0)
            words.setStretch(1, 1 if narrow else 0)
        shown(self._screen_row, not narrow)
        self.remark.setFixedHeight(56 if narrow else 64)
        for card in (self._todo, self._record):
            card.body.setContentsMargins(16, 8 if narrow else 16, 16, 8 if narrow else 16)

    def set_small(self, small: bool) -> None:
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._row.setDirection(down if small else across)

    def render(self, codes: Sequence[str]) -> None:
        """``codes`` of what failed, the gravest first."""
        say, code = self._look.say, next(iter(codes), "")
        self._todo.name(say("refuse.procedure"))
        self._code.say(" · ".join(dict.fromkeys(codes[:SHOWN_CODES])))
        for number, (title, text) in enumerate(self._steps, 1):
            title.say(say(f"refuse.step{number}"))
            text.say(say(f"refuse.step{number}_text"), "text" if number == 1 else "muted")
        self._other.say(say("refuse.step1_english"))
        self._record.name(say("refuse.record"))
        self._reason.say(say("refuse.reason"))
        entries = [(key, say(f"refusal.{key}")) for key in REFUSAL_REASONS]
        self.reason.offer(entries, self.reason.value() or _likely(code))
        self._remark.say(say("refuse.remark"))
        self.remark.setPlaceholderText(say("refuse.remark_hint"))
        self._screen.say(say("refuse.applicant_sees"))

    def answer(self) -> tuple[str, str]:
        """The chosen reason and the officer's own words."""
        return self.reason.value(), self.remark.toPlainText().strip()


def _likely(code: str) -> str:
    """The reason that a finding's code suggests; the officer may choose another."""
    starts = {
        "PA-DG": "content_changed",
        "PA-SIG": "content_changed",
        "PA-SOD": "content_changed",
        "PA-CHAIN": "signer_unknown",
        "PA-VAL": "signer_unknown",
        "PA-CRL": "signer_revoked",
        "CA": "chip_copied",
        "AA": "chip_copied",
        "DOC-04": "document_expired",
        "DOC-08": "signer_unknown",
        "DOC-11": "content_changed",
    }
    return next((key for start, key in starts.items() if code.startswith(start)), "other")
