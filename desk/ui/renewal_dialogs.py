"""The two questions before a case that renews what a person holds, and one that ends it.

640 wide, as everything that is done with a credential after its delivery; the safe way has
the focus and Esc. They return an answer; opening the case is the caller's. Where such a case
is under way already they say how far it is and lead back to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QWidget

from desk.counter.renewal import ReissueReason, ResumeReason
from desk.ui.dialogs import NOT_PROVEN, ReasonDialog
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded
from desk.ui.pages.day_close_parts import Radio
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Box, Line, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.ring import FocusRing
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.renewals import AREA
from desk.ui.theme import Type

WIDTH = 640


@dataclass(frozen=True)
class Subject:
    """Whose credential it is: ``number`` of the case that gave it, ``valid_until`` its
    administrative end where somebody knows it."""

    number: str
    name: str
    second_name: str
    birth_date: date | None
    valid_until: date | None = None
    suspended: bool = False


@dataclass(frozen=True)
class CheckRow:
    """One of the three things a resume takes: key, glyph and how it stands, in words."""

    key: str
    glyph: Glyph
    words: str


class RenewalDialog(QDialog):
    """Icon, title, sentence; whose it is; the middle; the safe way, a note and the act."""

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        kind: str,
        icon: str,
        subject: Subject,
        under_way: str,
    ) -> None:
        super().__init__(parent)
        self._look, self.say = look, OwnWords(look, AREA)
        say = self.say
        title, words = say(f"{kind}.title"), say(f"{kind}.more")
        self.setModal(True)
        self.setWindowTitle(title)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint, True)
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(title)
        self.setAccessibleDescription(words)
        heads = column(
            Text(look, title, Type.TITLE, wrap=True),
            Text(look, words, Type.BODY, "muted", wrap=True),
        )
        head = row(IconSign(look, icon, 32, "accent"), 18, heads)
        head.setStretch(2, 1)
        self.middle = column(gap=12)
        self.safe = Button(look, say("renewal_dialog.leave"), Kind.SECONDARY, height=40)
        go_on = say("renewal_dialog.go_on", case=under_way)
        self.act = Button(
            look, go_on if under_way else say(f"{kind}.act"), Kind.PRIMARY, icon="arrow-right"
        )
        self.act.setMinimumWidth(200)
        self.note = Text(look, say(f"{kind}.note"), Type.SMALL, "muted")
        self.safe.clicked.connect(self.reject)
        self.act.clicked.connect(self.accept)
        foot = row(self.safe, None, self.note, self.act, gap=16, margins=(24, 16, 24, 16))
        body = column(head, 20, _band(look, subject), 12, self.middle, margins=(24, 22, 24, 16))
        self.setLayout(column(body, Line(look), foot))
        self._ring = FocusRing(look, self)
        self.safe.setFocus(Qt.FocusReason.OtherFocusReason)

    # Qt's own
    def showEvent(self, event: QShowEvent) -> None:
        layout = self.layout()
        if layout is not None:
            self.setFixedHeight(layout.totalHeightForWidth(WIDTH))
        super().showEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look["card"])
        rounded(painter, QRectF(self.rect()), 0, self._look["card"], self._look["line-strong"])


class _Reasons(QWidget):
    """Radio buttons beside each other, one chosen."""

    def __init__(self, look: Look, say: OwnWords, area: str, keys: Sequence[str]) -> None:
        super().__init__()
        self._say, self._area = say, area
        self.chosen = keys[0]
        self.buttons = {key: Radio(look, key) for key in keys}
        for key, button in self.buttons.items():
            button.clicked.connect(lambda _=False, one=key: self.choose(one))
        label = Text(look, say("renewal_dialog.reason"), Type.SMALL, "muted")
        line = row(*self.buttons.values(), gap=8)
        self.setLayout(column(label, 2, line))
        self.choose(self.chosen)

    def choose(self, key: str) -> None:
        self.chosen = key
        for one, button in self.buttons.items():
            button.show_answer(self._say(f"{self._area}.{one}"), one == key)


class ReissueDialog(RenewalDialog):
    """«새 휴대전화로 다시 발급»: what becomes of either phone, and why."""

    def __init__(
        self, look: Look, parent: QWidget | None, subject: Subject, under_way: str = ""
    ) -> None:
        super().__init__(look, parent, "reissue", "arrow-right-left", subject, under_way)
        say = self.say
        kept = "stays_suspended" if subject.suspended else "until_then"
        end = subject.valid_until
        until = say("reissue.same_end", date=end.isoformat()) if end else say("reissue.new_end")
        old = _phone(
            look, "danger", say("reissue.old"), say("reissue.old_ends"), say(f"reissue.{kept}")
        )
        new = _phone(look, "success", say("reissue.new"), say("reissue.new_usable"), until)
        phones = row(old, IconSign(look, "arrow-right", 20), new, gap=16)
        phones.setStretch(0, 1)
        phones.setStretch(2, 1)
        self.middle.addLayout(phones)
        self.reasons = _Reasons(look, say, "reissue_reason", [one.value for one in ReissueReason])
        if not under_way:
            self.middle.addWidget(self.reasons)
        else:
            self.reasons.setParent(self)
            self.reasons.hide()

    @property
    def reason(self) -> ReissueReason:
        return ReissueReason(self.reasons.chosen)


class ResumeDialog(RenewalDialog):
    """«재개»: the three things it takes, how far they are, and why."""

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        subject: Subject,
        checks: Sequence[CheckRow],
        under_way: str = "",
    ) -> None:
        super().__init__(look, parent, "resume", "circle-play", subject, under_way)
        self.middle.addWidget(_checks(look, self.say, checks))
        self.reasons = _Reasons(
            look, self.say, "resume_reason", [one.value for one in ResumeReason]
        )
        if not under_way:
            self.middle.addWidget(self.reasons)
        else:
            self.reasons.setParent(self)
            self.reasons.hide()

    @property
    def reason(self) -> ResumeReason:
        return ResumeReason(self.reasons.chosen)


def cannot_resume_dialog(look: Look, parent: QWidget | None) -> ReasonDialog:
    """The phone cannot show what it has: nothing changes, and the case ends."""
    say = OwnWords(look, AREA)
    reasons = [(key, say(f"not_proven.{key}")) for key in NOT_PROVEN]
    return ReasonDialog(
        look, parent, say("renewal_cannot.title"), say("renewal_cannot.more"),
        say("dialog.wait_on"), say("renewal_cannot.act"), reasons, danger=False,
    )  # fmt: skip


def _band(look: Look, subject: Subject) -> QWidget:
    """Whose credential it is, in one line."""
    name = Text(look, f"{subject.name} {subject.second_name}".strip() or "—", Type.STRONG)
    born = subject.birth_date.isoformat() if subject.birth_date else ""
    facts = " · ".join(part for part in (born, subject.number) if part)
    line = row(name, 16, Text(look, facts, Type.BODY, "muted"), None, margins=(16, 9, 16, 9))
    band = Box(look, "well", None, 8)
    band.setLayout(line)
    return band


def _phone(look: Look, token: str, title: str, words: str, more: str) -> QWidget:
    box = Box(look, "card", "line", 8)
    head = row(IconSign(look, "smartphone", 20, token), Text(look, title, Type.STRONG, token), None)
    head.setSpacing(8)
    box.setLayout(
        column(
            head,
            6,
            Text(look, words, Type.BODY, wrap=True),
            Text(look, more, Type.SMALL, "muted", wrap=True),
            None,
            margins=(16, 12, 16, 12),
        )
    )
    return box


def _checks(look: Look, say: OwnWords, checks: Sequence[CheckRow]) -> QWidget:
    box = Box(look, "card", "line", 8)
    lines = column(margins=(1, 1, 1, 1))
    for place, check in enumerate(checks):
        if place:
            lines.addWidget(Line(look))
        name = say(f"resume_check.{check.key}")
        words = Text(look, check.words, Type.BODY, check.glyph.token)
        line = holder(
            row(
                Text(look, name, Type.BODY),
                None,
                GlyphSign(look, check.glyph, 20, check.words),
                8,
                words,
                margins=(16, 10, 16, 10),
            )
        )
        line.setAccessibleName(f"{name}: {check.words}")
        lines.addWidget(line)
    box.setLayout(lines)
    return box
