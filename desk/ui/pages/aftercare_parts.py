"""The cards of after-care: the loss call, what a person holds, what may be done with it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.counter.holdings import Deed, Holding, Moment, Standing
from desk.issuance.aftercare import CareAct
from desk.issuance.case import CaseKind, State
from desk.store.holders import Person
from desk.store.notice_file import NoticeKind
from desk.store.notices import ENDING, Source
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Box, Card, Line, Scrolled, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Field, Labelled
from desk.ui.parts.person import Facts
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import Badge, GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

GLYPHS = {
    Standing.USABLE: Glyph.PASSED,
    Standing.SUSPENDED: Glyph.ATTENTION,
    Standing.UNPROVEN: Glyph.UNDECIDED,
    Standing.IN_PROGRESS: Glyph.HALF,
    Standing.REVOKED: Glyph.FAILED,
}
_MOMENTS = {
    "CASE.ANSWERED": Glyph.WAITING,
    "PROOF.POSTPONED": Glyph.ATTENTION,
    "CARE.SUSPENDED": Glyph.ATTENTION,
    "CARE.REVOKED": Glyph.FAILED,
    "CARE.REPLACED": Glyph.FAILED,
}
_OUTCOMES = {"FACE.JUDGED": "judgement", "DOCUMENT.CHECKED": "overall"}
ICONS = {
    Deed.SUSPEND: "circle-pause",
    Deed.RESUME: "circle-play",
    Deed.REISSUE: "arrow-right-left",
    Deed.ACTIVATE: "triangle-alert",
    Deed.REVOKE: "ban",
}
TWO_CARDS = {Deed.REVOKE: CareAct.REVOKE, Deed.ACTIVATE: CareAct.ACTIVATE}
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")


def day_of(text: str) -> date | None:
    """1991-03-14, 19910314 or 1991.3.14; None for anything that is no day."""
    parts = re.split(r"\D+", text.strip().strip("."))
    if len(parts) == 1 and (found := _DAY.fullmatch(parts[0])):
        parts = list(found.groups())
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day) if year >= 1900 else None
    except ValueError:
        return None


def is_whole_day(text: str) -> bool:
    """Whether as many digits were typed as a day has, whatever they say."""
    return len(re.sub(r"\D", "", text)) >= 8


def key_print(thumbprint: str) -> str:
    """The first four bytes of a key's thumbprint (RFC 7638, base64url): 7F3A 91C2."""
    raw = base64.urlsafe_b64decode(thumbprint + "=" * (-len(thumbprint) % 4))
    text = raw.hex().upper()
    return f"{text[:4]} {text[4:8]}"


def title_key(holding: Holding) -> str:
    return f"standing.{holding.standing.value}"


class CallCard(Card):
    """Two fields and a clock that runs from the first key. ``asked(str, date)`` once both are
    complete, ``begun`` at the first key of a call."""

    asked = Signal(str, object)
    begun = Signal()

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=16)
        self._say = say
        self._last: tuple[str, date] | None = None
        self.left.insertWidget(0, IconSign(look, "phone-call", 20, "accent"))
        self._since = Text(look, "", Type.SMALL, "muted")
        self.clock = Text(look, "", Type.TITLE)
        self._goal = Text(look, "", Type.SMALL, "muted")
        for widget in (self._since, self.clock, self._goal):
            self.right.addWidget(widget)
        self.name_field = Field(look)
        self.born = Field(look, plain_keys=True)
        self._name_box, self._born_box = Labelled(look, self.name_field), Labelled(look, self.born)
        self._sign = GlyphSign(look, Glyph.WAITING, 20)
        self._told = Text(look, "", Type.STRONG, "muted")
        told = row(self._sign, self._told, gap=8)
        told_box = holder(column(20, row(told, None, margins=(0, 8, 0, 0))))
        self._born_box.setMaximumWidth(176)
        line = row(self._name_box, self._born_box, told_box, gap=12)
        line.setStretch(0, 5)
        line.setStretch(1, 3)
        line.setStretch(2, 4)
        self.body.addLayout(line)
        for field in (self.name_field, self.born):
            field.textEdited.connect(lambda _text: self.begun.emit())
            field.returnPressed.connect(self._entered)
        # A day is whole with its eighth digit; a name when its field is left.
        self.born.textEdited.connect(lambda text: self._ask() if is_whole_day(text) else None)
        self.name_field.editingFinished.connect(self._name_left)

    @property
    def typed(self) -> tuple[str, date] | None:
        """Name and day, once both are complete."""
        name, born = self.name_field.text().strip(), day_of(self.born.text())
        return (name, born) if len(name) >= 2 and born is not None else None

    @property
    def is_another(self) -> bool:
        """Other words stand there than were looked for."""
        return self.typed != self._last

    def let_go(self) -> None:
        """What was found by these words is shown no more: the same ones search again."""
        self._last = None

    def forget(self) -> None:
        """A new call: nothing of the last one stays."""
        self._last = None
        self.name_field.clear()
        self.born.clear()
        self.born.mark_wrong(False)

    def show_person(self, name: str, born: date) -> None:
        """Whom somebody looks at already; nothing is searched."""
        self.name_field.setText(name)
        self.born.setText(born.isoformat())
        self._last = (name, born)

    def render(self, seconds: int | None, glyph: Glyph, told: str) -> None:
        say = self._say
        self.name(say("call.title"))
        self._since.say(say("call.since"))
        self._goal.say(say("call.goal"))
        over = seconds is not None and seconds > 30
        minutes = f"{(seconds or 0) // 60}:{(seconds or 0) % 60:02d}"
        self.clock.say(minutes, "warning" if over else "text")
        for widget in (self._since, self.clock):
            shown(widget, seconds is not None)
        self._name_box.say(say("call.name"))
        self._born_box.say(say("call.born"))
        self.born.setPlaceholderText(say("call.born_shape"))
        wrong = is_whole_day(self.born.text()) and day_of(self.born.text()) is None
        self.born.mark_wrong(wrong)
        if wrong:
            glyph, told = Glyph.ATTENTION, say("call.no_day")
        self._sign.show_state(glyph, told)
        self._told.say(told, glyph.token)

    def _name_left(self) -> None:
        if self.isVisible() and is_whole_day(self.born.text()):
            self._ask()

    def _entered(self) -> None:
        if self.typed is None:
            target = self.born if self.name_field.text().strip() else self.name_field
            target.setFocus(Qt.FocusReason.TabFocusReason)
            return
        self._last = None
        self._ask()

    def _ask(self) -> None:
        if self.typed is not None and self.typed != self._last:
            self._last = self.typed
            self.asked.emit(*self.typed)


class HoldingCard(Card):
    """Whose it is, what it is, and what it went through."""

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=(1, 1, 1, 1))
        self._say = say
        self._shown: object = None
        self.badge = Badge(look, Glyph.WAITING, " ")
        self.right.addWidget(self.badge)
        # Whose it is must be read whole before anything is done to it.
        self.person = Text(look, "", Type.TITLE, wrap=True)
        self._second = Text(look, "", Type.BODY, "muted", wrap=True)
        self._note = Text(look, "", Type.SMALL, "muted", wrap=True)
        icon = Box(look, "well", None, 8)
        icon.setFixedSize(72, 72)
        icon.setLayout(column(None, row(None, IconSign(look, "id-card", 28), None), None))
        names = column(self.person, self._second, self._note, None, gap=0)
        head = row(icon, 16, names)
        head.setStretch(2, 1)
        self._facts = Facts(look, line=28, gap=40, wrap=True)
        self._so_far = Text(look, "", Type.STRONG)
        self._moments = column(gap=0)
        self._empty = Text(look, "", Type.BODY, "muted", wrap=True)
        told = holder(column(head, 8, self._facts, margins=(16, 16, 16, 12)))
        past = holder(column(self._so_far, 8, self._moments, None, margins=(16, 8, 16, 8)))
        self._whole = holder(column(told, Line(look), past, None))
        self._empty_box = holder(column(self._empty, None, margins=(16, 16, 16, 16)))
        inner = holder(column(self._whole, self._empty_box, None))
        self.body.addWidget(Scrolled(inner, least=240), 1)

    def render(self, holding: Holding | None, here: says.Here, names: Mapping[str, str]) -> None:
        say = self._say
        self.name(say("card.title"))
        shown(self._whole, holding is not None)
        shown(self._empty_box, holding is None)
        self._empty.say(say("card.empty"))
        if holding is None:
            self.badge.show_state(None, "")
            return
        self.badge.show_state(GLYPHS[holding.standing], say(title_key(holding)))
        self._show_person(holding)
        self._facts.show_facts(self._known(holding, here))
        self._so_far.say(say("card.so_far"))
        key = (holding.moments, self._look.language, here.zone)
        if key != self._shown:
            self._shown = key
            self._show_moments(holding.moments, here, names)

    def _show_person(self, holding: Holding) -> None:
        say, person = self._say, holding.person
        name, second = person_names(self._look, person)
        self.person.say(name or say("card.nobody"))
        self._second.say(second)
        shown(self._second, bool(second))
        note = "card.searched" if person is not None and holding.purged else "card.no_picture"
        self._note.say(say(note))

    def _known(self, holding: Holding, here: says.Here) -> tuple[tuple[str, str], ...]:
        say, person, keys = self._say, holding.person, holding.keys
        issued = holding.issued_at
        phone = say("card.unknown")
        if keys:
            word = "phone_one" if len(keys) == 1 else "phone_batch"
            phone = say(f"card.{word}", mark=key_print(keys[0]), n=len(keys))
        until = say("card.unknown")
        if holding.valid_until is not None:
            until = say("card.until_day", day=holding.valid_until.isoformat())
        return (
            (say("card.born"), person.birth_date.isoformat() if person else say("card.unknown")),
            (say("card.case"), holding.number),
            *self._renewed(holding),
            (say("card.issued"), _stamp(issued, here) if issued else say("card.unknown")),
            (say("card.until"), until),
            (say("card.phone"), phone),
            (say("card.formats"), " · ".join(_format(one) for one in holding.configurations)),
            (say("card.slip"), holding.slip or say("card.none")),
        )

    def _renewed(self, holding: Holding) -> tuple[tuple[str, str], ...]:
        """The case that this one's credential took the place of."""
        if holding.kind is not CaseKind.REISSUE or holding.former is None:
            return ()
        ended = holding.state in (State.PROVEN, State.ACTIVATED)
        word = "card.former_ended" if ended else "card.former"
        return ((self._say(word), holding.former),)

    def _show_moments(
        self, moments: Sequence[Moment], here: says.Here, names: Mapping[str, str]
    ) -> None:
        clear(self._moments)
        for moment in moments:
            self._moments.addWidget(self._moment(moment, here, names))

    def _moment(self, moment: Moment, here: says.Here, names: Mapping[str, str]) -> QWidget:
        say, look = self._say, self._look
        parts = [say(f"moment.{moment.kind}")]
        reason = f"suspend_reason.{moment.facts.get('reason')}"
        if moment.kind == "CARE.SUSPENDED" and reason in say:
            parts.append(say(reason))
        if moment.kind in ("CARE.REPLACED", "CARE.RESUMED") and moment.facts.get("target"):
            parts.append(str(moment.facts["target"]))
        more = f"outcome.{moment.facts.get(_OUTCOMES.get(moment.kind, ''))}"
        if more in say:
            parts.append(say(more))
        if moment.kind in ("CASE.APPROVED", "CARE.ACTIVATED", "CARE.REVOKED"):
            parts += [names.get(one, one) for one in moment.actors]
        words = " · ".join(parts)
        sign = GlyphSign(look, _MOMENTS.get(moment.kind, Glyph.PASSED), 16, words)
        time = Text(look, says.day_and_clock(moment.at, here), Type.SMALL, "muted")
        time.setFixedWidth(time.sizeHint().width())
        # How a check ended is read whole, on two lines where it must.
        told = Text(look, words, Type.BODY, wrap=True)
        line = row(column(4, sign, None), 12, told, 8, column(2, time, None))
        line.setStretch(2, 1)
        line.setContentsMargins(0, 6, 0, 6)
        return holder(line)


def person_names(look: Look, person: Person | None) -> tuple[str, str]:
    """The name people use and the one beneath it; empty where nobody says it any more."""
    if person is None:
        return "", ""
    return says.person(look, person.hangul, person.latin)


def _format(configuration: str) -> str:
    """mdoc and SD-JWT VC as everybody writes them."""
    return {"sd-jwt": "SD-JWT VC"}.get(configuration, configuration)


def _stamp(at: datetime, here: says.Here) -> str:
    return at.astimezone(here.zone).strftime("%Y-%m-%d %H:%M")


class NoticeBar(Box):
    """What was told of the holder since and nobody has settled: what, since when, by which
    paper, and what has to be done."""

    HEIGHT, NARROW = 64, 48

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look)
        self._say = say
        self.sign = GlyphSign(look, Glyph.ATTENTION, 24)
        self.title = Text(look, "", Type.STRONG)
        self.sentence = Text(look, "", Type.BODY)
        words = column(None, self.title, self.sentence, None)
        self._line = row(self.sign, 16, words, margins=(25, 0, 25, 0))
        self._line.setStretch(2, 1)
        self.setLayout(self._line)
        self.set_narrow(False)

    def set_narrow(self, narrow: bool) -> None:
        self.setFixedHeight(self.NARROW if narrow else self.HEIGHT)
        side = 17 if narrow else 25
        self._line.setContentsMargins(side, 0, side, 0)
        self.sentence.say(self.sentence.text(), kind=Type.SMALL if narrow else Type.BODY)

    def render(self, holding: Holding) -> None:
        """The gravest; how many there are besides."""
        say, told = self._say, holding.notices
        first, more = told[0], len(told) - 1
        since = first.effective_on
        parts = (
            say(f"notice.{first.kind.value}"),
            say("notice.since", day=since.isoformat()) if since else "",
            first.document if first.source is Source.FILE else say("notice.register"),
            say("notice.more", n=more) if more else "",
        )
        glyph = Glyph.FAILED if first.kind in ENDING else Glyph.ATTENTION
        self.paint_with(glyph.ground, f"{glyph.token}-line")
        title = " · ".join(part for part in parts if part)
        sentence = say(f"notice.{_due(holding, first.kind)}")
        self.sign.show_state(glyph, title)
        self.title.say(title, glyph.token)
        self.sentence.say(sentence)
        self.setAccessibleName(f"{title}. {sentence}")


def _due(holding: Holding, kind: NoticeKind) -> str:
    """What an officer has to do; only what was usable once can be reissued."""
    if kind in ENDING:
        return "due_revoke"
    if kind is NoticeKind.MISSING:
        return "due_look"
    return "due_renew" if holding.standing is Standing.UNPROVEN else "due_reissue"


class DeedRow(QWidget):
    """One thing that may be done: icon, three lines, a button. As tall as there is room for;
    where that is little, the line in the middle stands back."""

    LEAST, WHOLE, TALLEST = 46, 76, 100

    def __init__(self, look: Look, say: OwnWords, deed: Deed) -> None:
        super().__init__()
        self._look, self._say, self.deed = look, say, deed
        self._may = False
        danger = deed is Deed.REVOKE
        self._icon = IconSign(look, ICONS[deed], 28, "danger" if danger else "accent")
        self._name = Text(look, "", Type.STRONG)
        self._text = Text(look, "", Type.BODY)
        self._how = Text(look, "", Type.SMALL, "muted")
        kind = Kind.DANGER_OUTLINE if danger else Kind.SECONDARY
        self.button = Button(look, "", kind, height=40)
        words = column(None, self._name, self._text, self._how, None)
        line = row(self._icon, 16, words, 16, self.button, margins=(16, 0, 16, 0))
        line.setStretch(2, 1)
        self.setLayout(line)
        self.setMinimumHeight(self.LEAST)
        self.setMaximumHeight(self.TALLEST)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def render(self, holding: Holding, here: says.Here, names: Mapping[str, str]) -> None:
        say, key = self._say, self.deed.value
        why = holding.why_not.get(self.deed, "")
        token = "danger" if self.deed is Deed.REVOKE else "accent"
        self._icon.show_icon(ICONS[self.deed], "muted" if why else token)
        self._name.say(say(f"deeds.{key}"))
        self._text.say(say(f"deeds.{key}_text"))
        how, act = say(f"deeds.{key}_how"), say(f"deeds.{key}_act")
        asked = holding.asked
        if asked is not None and TWO_CARDS.get(self.deed) is asked.statement.act and not why:
            first = asked.approvals[0]
            who = names.get(first.officer, first.officer_name)
            how = say("deeds.waits", who=who, time=says.clock(first.approved_at, here))
            act = say("deeds.second_card")
        self._how.say(say(f"why.{why}") if why else how)
        self.button.say(act)
        self._may = not why
        self.button.setAccessibleDescription(self._how.text())

    def rest(self, busy: bool) -> None:
        """Something is under way: nothing else is begun meanwhile."""
        self.button.setEnabled(self._may and not busy)

    # Qt's own
    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.TALLEST)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        shown(self._text, event.size().height() >= self.WHOLE)


class DeedsCard(Card):
    """What can be done. ``asked(str)``: the deed whose button was pressed."""

    asked = Signal(str)
    ROWS = (Deed.SUSPEND, Deed.RESUME, Deed.REISSUE, Deed.ACTIVATE, Deed.REVOKE)

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=(1, 0, 1, 1))
        self._say = say
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self.rows = {deed: DeedRow(look, say, deed) for deed in self.ROWS}
        self._lines = {deed: Line(look) for deed in self.ROWS[1:]}
        for deed, one in self.rows.items():
            if deed in self._lines:
                self.body.addWidget(self._lines[deed])
            self.body.addWidget(one)
            one.button.clicked.connect(lambda _=False, key=deed.value: self.asked.emit(key))
        self.body.addStretch(1)

    def render(
        self,
        holding: Holding,
        offered: frozenset[Deed],
        here: says.Here,
        names: Mapping[str, str],
        *,
        busy: bool = False,
    ) -> None:
        self.name(self._say("deeds.title"))
        self._note.say(self._say("deeds.note"))
        for deed, one in self.rows.items():
            there = deed in offered and (
                deed is not Deed.ACTIVATE or holding.standing is Standing.UNPROVEN
            )
            shown(one, there)
            if deed in self._lines:
                shown(self._lines[deed], there)
            one.render(holding, here, names)
            one.rest(busy)


class FoundCard(Card):
    """Several credentials: one is chosen by its number, by arrows and Enter or the mouse.

    ``chosen(str)``: the case number."""

    chosen = Signal(str)
    COLUMNS = (-1, 160)

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=(1, 1, 1, 8))
        self._say = say
        self._found: tuple[Holding, ...] = ()
        self._state: object = None
        self.rows = RowList()
        self.rows.opened.connect(self._opened)
        self.body.addWidget(Scrolled(holder(column(self.rows, None)), least=240), 1)

    def render(self, found: tuple[Holding, ...], here: says.Here) -> None:
        say, look = self._say, self._look
        self.name(say("list.title"))
        state = (tuple((one.number, one.standing) for one in found), look.language)
        if state == self._state:
            return
        self._state, self._found = state, found
        with self.rows.rebuilding():
            self.rows.empty()
            for one in found:
                self.rows.add(self._row(one, here))

    def _row(self, holding: Holding, here: says.Here) -> Row:
        say, look = self._say, self._look
        line = Row(look, 56, self.COLUMNS, clickable=True)
        name, second = person_names(look, holding.person)
        issued = _stamp(holding.issued_at, here)[:10] if holding.issued_at else "—"
        about = say("list.line", case=holding.number, day=issued)
        who = " ".join(part for part in (name, second) if part) or say("card.nobody")
        word = say(title_key(holding))
        badge = Badge(look, GLYPHS[holding.standing], word)
        # The day of issue is what is asked for: it stands whole, and so does a long name.
        told = holder(column(Text(look, who, Type.STRONG), Text(look, about, Type.SMALL, "muted")))
        told.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        told.setFixedHeight(44)
        line.put(0, told)
        line.put(1, badge, right=True)
        line.setAccessibleName(f"{who}. {about}. {word}")
        return line

    def _opened(self, place: int) -> None:
        if 0 <= place < len(self._found):
            self.chosen.emit(self._found[place].number)


class NobodyCard(Card):
    """Nobody was found: what to do next, in this order."""

    STEPS = ("first", "second", "third")

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=16)
        self._say = say
        self._lines = [(Text(look, "", Type.STRONG), Text(look, "", Type.BODY, "muted", wrap=True))
                       for _ in self.STEPS]  # fmt: skip
        for number, (name, text) in enumerate(self._lines, start=1):
            sign = Text(look, f"{number}.", Type.STRONG, "accent")
            line = row(column(sign, None), 12, column(name, text))
            line.setStretch(2, 1)
            self.body.addLayout(line)
            self.body.addSpacing(12)
        self.body.addStretch(1)

    def render(self) -> None:
        say = self._say
        self.name(say("none.title"))
        for step, (name, text) in zip(self.STEPS, self._lines, strict=True):
            name.say(say(f"none.{step}"))
            text.say(say(f"none.{step}_text"))
