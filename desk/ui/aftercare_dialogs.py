"""The dialogs of after-care: 640 wide, the safe way focused and on Esc, the act at the right.

`SuspendDialog` is one press. `TwoCardsActDialog` asks for reason and document, then for two
persons' cards, one after the other in the same reader. Nothing is done here: what was given
goes out by signals, and the PIN is the receiver's to wipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desk.counter.holdings import Holding, Whose
from desk.issuance.aftercare import LONGEST_BASIS, CareAct, Channel, SuspendReason
from desk.ui.dialogs import FramedDialog
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.aftercare import AREA
from desk.ui.pages.aftercare_parts import person_names
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Box, Line, column, holder, reveal, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Check, Choice, Field, Labelled, PinEntry, Problem
from desk.ui.parts.qrcard import CheckWords
from desk.ui.parts.radio import Radio
from desk.ui.parts.ring import FocusRing
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

WIDTH, MARGIN = 640, 24
ROOM = WIDTH - 2 * MARGIN
"""What is left for the fields."""


class CareDialog(FramedDialog):
    """Icon, title and sentence; whose credential; room for fields; safe way, why, act.
    ``leads``: the act does nothing itself, it leads to where it is done."""

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        whose: Whose,
        *,
        icon: str,
        title: str,
        words: str,
        act: str,
        token: str = "warning",
        danger: bool = False,
        leads: bool = False,
    ) -> None:
        super().__init__(look, parent, title, words, WIDTH)
        self.say = OwnWords(look, AREA)
        self._title = Text(look, title, Type.TITLE, wrap=True)
        self._words = Text(look, words, Type.BODY, "muted", wrap=True)
        said = column(self._title, self._words)
        head = row(column(IconSign(look, icon, 36, token), None), 16, said)
        head.setStretch(2, 1)
        self.fields = column(gap=12)
        self.safe = Button(look, self.say("ask.leave"), Kind.SECONDARY, height=40)
        kind = Kind.DANGER if danger else Kind.PRIMARY
        before, after = (None, "arrow-right") if leads else (icon, None)
        self.act = Button(look, act, kind, height=48, icon=before, after=after).at_least(200)
        self._why = Text(look, "", Type.SMALL, "muted", align=Qt.AlignmentFlag.AlignRight)
        self.safe.clicked.connect(self.reject)
        self.act.clicked.connect(self._act)
        foot = row(self.safe, 16, self._why, 16, self.act, margins=(MARGIN, 16, MARGIN, 16))
        foot.setStretch(2, 1)
        above = (head, 16, self._whose(whose), 16, self.fields)
        self.lay_out(column(*above, margins=(MARGIN, 24, MARGIN, 16)), column(Line(look), foot))
        self._ring = FocusRing(look, self)
        self.safe.setFocus(Qt.FocusReason.OtherFocusReason)

    def _whose(self, whose: Whose) -> QWidget:
        """Name, birth date and number, so that nobody else's is meant."""
        name, second = person_names(self._look, whose.person)
        born = whose.person.birth_date.isoformat() if whose.person else ""
        about = " · ".join(part for part in (born, whose.number) if part)
        who = " ".join(part for part in (name, second) if part) or self.say("card.nobody")
        box = Box(self._look, "well", None, 8)
        named = Text(self._look, who, Type.STRONG, wrap=True)
        beside = Text(self._look, about, Type.BODY, "muted")
        margins = (16, 8, 16, 8)
        room = ROOM - margins[0] - margins[2]
        if named.advance() + 16 + beside.advance() <= room:
            line = row(named, 16, beside, None, margins=margins)
            named.setMinimumWidth(named.sizeHint().width())
            box.setLayout(line)
        else:
            # A long name takes lines of its own: neither it nor the number is cut.
            box.setLayout(column(named, beside, margins=margins))
        return box

    def show_why(self, words: str) -> None:
        self._why.say(words)
        self.act.setAccessibleDescription(words)

    def _act(self) -> None:
        self.accept()


class SuspendDialog(CareDialog):
    """A reason and, on a call, that the caller was asked. ``answer`` after ``exec``."""

    def __init__(
        self, look: Look, parent: QWidget | None, holding: Holding, *, on_call: bool
    ) -> None:
        say = OwnWords(look, AREA)
        unproven = holding.state.is_open
        super().__init__(
            look,
            parent,
            holding.whose,
            icon="circle-pause",
            title=say("ask.suspend"),
            words=say("ask.suspend_unproven" if unproven else "ask.suspend_text"),
            act=say("ask.suspend_act"),
        )
        self._on_call = on_call
        self._reason = SuspendReason.LOSS_CALL if on_call else None
        self.reasons = {
            one: Radio(look, one.value, say(f"suspend_reason.{one.value}")) for one in SuspendReason
        }
        for one, button in self.reasons.items():
            button.setChecked(one is self._reason)
            button.clicked.connect(lambda _=False, reason=one: self._choose(reason))
        self.asked = Check(look, say("ask.asked"))
        self.asked.toggled.connect(lambda _on: self._ready())
        name = Text(look, say("ask.reason"), Type.SMALL, "muted")
        answers = row(*self.reasons.values(), gap=8)
        self.fields.addLayout(column(name, 4, answers))
        self.fields.addWidget(self.asked)
        self._ready()

    def answer(self) -> tuple[SuspendReason, Channel]:
        """Why, and how it was asked for."""
        assert self._reason is not None
        channel = Channel.PHONE if self._reason is SuspendReason.LOSS_CALL else Channel.COUNTER
        return self._reason, channel

    def _choose(self, reason: SuspendReason) -> None:
        self._reason = reason
        self._ready()

    def _ready(self) -> None:
        """Whoever suspends has asked the caller, or gives another reason."""
        asked = self._reason is not SuspendReason.LOSS_CALL or self.asked.isChecked()
        shown(self.asked, self._reason is None or self._reason is SuspendReason.LOSS_CALL)
        self.act.setEnabled(self._reason is not None and asked)
        why = "ask.no_pin" if self.act.isEnabled() else "ask.why_asked"
        self.show_why(self.say("ask.why_reason" if self._reason is None else why))
        if self.isVisible():
            self.fit()


@dataclass(frozen=True)
class Signer:
    """One of the two places: whose it is and how far they are. ``state`` is a word key of
    ``ask`` (later, waits, now, signed)."""

    name: str
    state: str


@dataclass(frozen=True)
class TwoCardsView:
    """``turn``: which card is asked for (0, 1). ``ready``: the card in the reader may sign
    next; ``why`` is the word key that says why none may. ``words`` are the check words of
    what is signed, none before the first signature."""

    signers: tuple[Signer, Signer]
    turn: int = 0
    ready: bool = False
    why: str = "why_first"
    tries: int | None = None
    on_pad: bool = False
    wrong: bool = False
    busy: bool = False
    words: Sequence[tuple[str, str]] = ()
    trouble: Spoken | None = None


_BASIS = {
    CareAct.REVOKE: "ask.basis",
    CareAct.ACTIVATE: "ask.basis_free",
    CareAct.SET_ASIDE: "ask.basis_checked",
}
_GLYPHS = {"later": Glyph.WAITING, "waits": Glyph.WAITING, "now": Glyph.HALF,
           "signed": Glyph.PASSED}  # fmt: skip


class TwoCardsActDialog(CareDialog):
    """Reason, document and (to revoke) the typed word; then two cards, one after the other.

    ``reasons`` are those that may be given here, all of the act's where it says none.
    ``sign_asked(object, bool)``: PIN or None, and whether the last try is meant.
    """

    sign_asked = Signal(object, bool)

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        whose: Whose,
        act: CareAct,
        reasons: Sequence[str] = (),
    ) -> None:
        say = OwnWords(look, AREA)
        revokes = act is CareAct.REVOKE
        super().__init__(
            look,
            parent,
            whose,
            icon="ban" if revokes else "triangle-alert",
            title=say(f"ask.{act.value}"),
            words=say(f"ask.{act.value}_text"),
            act=say(f"ask.{act.value}_act"),
            token="danger" if revokes else "warning",
            danger=revokes,
        )
        self.care_act = act
        self._view: TwoCardsView | None = None
        self._reasons = [
            (one.value, say(f"{act.value}_reason.{one.value}"))
            for one in act.reasons
            if not reasons or one.value in reasons
        ]
        self.reason = Choice(look)
        self.reason.offer(self._reasons, "", say("ask.choose"))
        self.basis = Field(look)
        self.basis.setMaxLength(LONGEST_BASIS)
        self.word = Field(look)
        self._add_fields(revokes)
        self._signers = [self._signer() for _ in range(2)]
        cards = row(*(box for box, *_ in self._signers), gap=12)
        cards.setStretch(0, 1)
        cards.setStretch(1, 1)
        self._cards_name = Text(look, say("ask.cards"), Type.SMALL, "muted")
        self.pin = PinEntry(look, room=20)
        self._words_name = Text(look, say("ask.check_words"), Type.SMALL, "muted")
        self.check_words = CheckWords(look)
        self._words_box = holder(column(self._words_name, 4, self.check_words))
        self.problem = Problem(look, 20)
        self.fields.addLayout(column(self._cards_name, 4, cards))
        for widget in (self._words_box, self.pin, self.problem):
            self.fields.addWidget(widget)
        self.reason.chosen.connect(lambda _key: self._ready())
        for field in (self.basis, self.word):
            field.textChanged.connect(lambda _text: self._ready())
        self.pin.ready_changed.connect(lambda _on: self._ready())
        self.pin.pin_given.connect(self._act)
        self.finished.connect(self.pin.wipe)

    def _add_fields(self, revokes: bool) -> None:
        say, look = self.say, self._look
        boxes = [Labelled(look, self.reason), Labelled(look, self.basis)]
        boxes[0].say(say("ask.reason"))
        boxes[1].say(say(_BASIS[self.care_act]))
        line = row(*boxes, gap=12)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        self.fields.addLayout(line)
        typed = Labelled(look, self.word)
        typed.say(say("ask.type_word", word=say("ask.word")))
        self.word.setMaximumWidth(220)
        self.fields.addWidget(typed)
        shown(typed, revokes)

    def _signer(self) -> tuple[QWidget, Text, Text, GlyphSign, Text]:
        look = self._look
        name, place = Text(look, "", Type.BODY), Text(look, "", Type.SMALL, "muted")
        sign, state = GlyphSign(look, Glyph.WAITING, 16), Text(look, "", Type.SMALL, "muted")
        box = Box(look, "card")
        told = column(None, name, place, None)
        line = row(IconSign(look, "id-card", 24), 12, told, 8, sign, 8, state,
                   margins=(14, 0, 14, 0))  # fmt: skip
        line.setStretch(2, 1)
        box.setLayout(line)
        box.setFixedHeight(64)
        return box, name, place, sign, state

    @property
    def given(self) -> tuple[str, str]:
        """Reason key and document."""
        return self.reason.value(), self.basis.text().strip()

    def show_given(self, reason: str, basis: str) -> None:
        """What a first card has signed already stays as it was signed."""
        self.reason.offer(self._reasons, reason)
        self.basis.setText(basis)

    def render(self, view: TwoCardsView) -> None:
        self._view = view
        say, at_pin = self.say, self.focusWidget() in (None, self.pin.dots, self)
        for place, (signer, parts) in enumerate(zip(view.signers, self._signers, strict=True)):
            _, name, role, sign, state = parts
            glyph = _GLYPHS[signer.state]
            name.say(signer.name)
            role.say(say("ask.first" if place == 0 else "ask.second"))
            sign.show_state(glyph, say(f"ask.{signer.state}"))
            state.say(say(f"ask.{signer.state}"), glyph.token)
        fixed = view.turn > 0 or view.busy
        for field in (self.reason, self.basis):
            field.setEnabled(not fixed)
        self.word.setEnabled(not view.busy)
        self.pin.show_tries(view.tries if view.ready else None, view.wrong)
        self.pin.show_pad(view.on_pad)
        self.pin.allow(view.ready and not view.busy, "" if view.ready else say(f"ask.{view.why}"))
        korean = self._look.language == "ko"
        words = tuple((one, "" if korean else other) for one, other in view.words)
        if words:
            self.check_words.show_words(words)
        shown(self._words_box, bool(words))
        spoken = view.trouble
        told = f"{spoken.title}. {spoken.text} {spoken.code}" if spoken else ""
        self.problem.show_text(told)
        shown(self.problem, bool(told))
        self.act.say(self._word(view))
        self.safe.setEnabled(not view.busy)
        self._ready()
        if self.isVisible() and at_pin:
            self._lead_to_pin()
        if self.isVisible():
            self.fit()
            if spoken is not None:
                # Why it does not go on is read first, in a low window too.
                reveal(self.problem)

    def _lead_to_pin(self) -> None:
        """A PIN that has come due has the focus, unless somebody is at something else. While
        none is asked for, nothing has it: the field would hand it on to «leave it»."""
        target = self.pin.dots if self.pin.dots.isEnabled() else self
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _word(self, view: TwoCardsView) -> str:
        """The first card only signs; the second one does it."""
        return self.say("ask.sign" if view.turn == 0 else f"ask.{self.care_act.value}_act")

    def _ready(self) -> None:
        view = self._view
        if view is None:
            return
        why = self._missing(view)
        self.act.setEnabled(not why)
        self.show_why(self.say(f"ask.{why}") if why else "")

    def _missing(self, view: TwoCardsView) -> str:
        """The word key of what is still missing, empty where nothing is."""
        reason, basis = self.given
        revokes = self.care_act is CareAct.REVOKE
        if view.busy:
            return "signing"
        if not reason or (self.care_act.wants_basis and not basis):
            return "why_fields" if self.care_act.wants_basis else "why_reason"
        if revokes and self.word.text().strip() != self.say("ask.word"):
            return "why_word"
        if not view.ready:
            return view.why
        return "" if self.pin.is_ready() else "why_pin"

    def _act(self) -> None:
        if self.act.isEnabled() and self._view is not None:
            self.sign_asked.emit(self.pin.take(), self._view.tries == 1)

    # Qt's own
    def reject(self) -> None:
        # What the card has begun is not left half seen.
        if self._view is None or not self._view.busy:
            super().reject()
