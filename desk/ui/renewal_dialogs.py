"""The two questions before a case that renews what a person holds, and one that ends it.

They are dialogs of after-care; an answer is all they return, opening the case is the caller's.
Where such a case is under way already they say how far it is and lead back to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from PySide6.QtWidgets import QWidget

from desk.counter.holdings import Holding, Standing
from desk.counter.renewal import ReissueReason, ResumeReason
from desk.store.notice_file import NoticeKind
from desk.ui.aftercare_dialogs import ROOM, CareDialog
from desk.ui.dialogs import CANCELS, NOT_PROVEN, ReasonDialog
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Box, Line, column, holder, row
from desk.ui.parts.radio import Radio
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.renewals import AREA
from desk.ui.theme import Type

KEEP = "keep"
GAP = 8


@dataclass(frozen=True)
class CheckRow:
    """One of the three things a resume takes: key, glyph and how it stands, in words."""

    key: str
    glyph: Glyph
    words: str


class RenewalDialog(CareDialog):
    """``under_way`` is the number of a case to go on with, empty where one shall be opened."""

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        holding: Holding,
        kind: str,
        icon: str,
        under_way: str,
    ) -> None:
        say = OwnWords(look, AREA)
        opens = say(f"{kind}.act")
        super().__init__(
            look,
            parent,
            holding.whose,
            icon=icon,
            title=say(f"{kind}.title"),
            words=say(f"{kind}.more"),
            act=say("renewal_dialog.go_on", case=under_way) if under_way else opens,
            token="accent",
            leads=True,
        )
        self.words = say
        self.show_why(say(f"{kind}.note"))


class _Reasons(QWidget):
    """Answers beside each other, one chosen; in two rows where their words need it."""

    def __init__(self, look: Look, say: OwnWords, area: str, keys: Sequence[str]) -> None:
        super().__init__()
        self.buttons = {key: Radio(look, key, say(f"{area}.{key}")) for key in keys}
        label = Text(look, say("renewal_dialog.reason"), Type.SMALL, "muted")
        many = list(self.buttons.values())
        width = sum(one.minimumSizeHint().width() + GAP for one in many) - GAP
        half = len(many) if width <= ROOM else (len(many) + 1) // 2
        rows = [row(*many[place : place + half], gap=GAP) for place in range(0, len(many), half)]
        self.setLayout(column(label, 2, column(*rows, gap=GAP)))
        self.choose(keys[0])

    @property
    def chosen(self) -> str:
        return next(key for key, button in self.buttons.items() if button.isChecked())

    def choose(self, key: str) -> None:
        self.buttons[key].setChecked(True)


class ReissueDialog(RenewalDialog):
    """«새 휴대전화로 다시 발급»: what becomes of either phone, and why."""

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        holding: Holding,
        end: date | None,
        under_way: str = "",
    ) -> None:
        """``end`` is the day that the new one keeps, None where it gets one of its own."""
        super().__init__(look, parent, holding, "reissue", "arrow-right-left", under_way)
        say = self.words
        suspended = holding.standing is Standing.SUSPENDED
        kept = "stays_suspended" if suspended else "until_then"
        until = say("reissue.same_end", date=end.isoformat()) if end else say("reissue.new_end")
        old = _phone(
            look, "danger", say("reissue.old"), say("reissue.old_ends"), say(f"reissue.{kept}")
        )
        new = _phone(look, "success", say("reissue.new"), say("reissue.new_usable"), until)
        phones = row(old, IconSign(look, "arrow-right", 20), new, gap=16)
        phones.setStretch(0, 1)
        phones.setStretch(2, 1)
        self.fields.addLayout(phones)
        self.reasons = _Reasons(look, say, "reissue_reason", [one.value for one in ReissueReason])
        if any(one.kind is NoticeKind.NEW_PASSPORT for one in holding.notices):
            self.reasons.choose(ReissueReason.NEW_PASSPORT)
        if not under_way:
            self.fields.addWidget(self.reasons)
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
        holding: Holding,
        checks: Sequence[CheckRow],
        under_way: str = "",
    ) -> None:
        super().__init__(look, parent, holding, "resume", "circle-play", under_way)
        self.fields.addWidget(_checks(look, self.words, checks))
        self.reasons = _Reasons(
            look, self.words, "resume_reason", [one.value for one in ResumeReason]
        )
        if not under_way:
            self.fields.addWidget(self.reasons)
        else:
            self.reasons.setParent(self)
            self.reasons.hide()

    @property
    def reason(self) -> ResumeReason:
        return ResumeReason(self.reasons.chosen)


def stop_renewal_dialog(look: Look, parent: QWidget | None) -> ReasonDialog:
    """«건 멈추기» of a renewal: kept for later, or ended, since a second one cannot be opened
    beside it. Its answer is :data:`KEEP` or a reason to cancel."""
    say = OwnWords(look, AREA)
    ends = [(key, say("renewal_stop.ends", why=say(f"ending.{key}"))) for key in CANCELS]
    return ReasonDialog(
        look, parent, say("dialog.stop"), say("renewal_stop.more"), say("dialog.go_on"),
        say("dialog.stop_act"), [(KEEP, say("renewal_stop.keep")), *ends], chosen=KEEP,
        danger=False,
    )  # fmt: skip


def cannot_resume_dialog(look: Look, parent: QWidget | None) -> ReasonDialog:
    """The phone cannot show what it has: nothing changes, and the case ends."""
    say = OwnWords(look, AREA)
    reasons = [(key, say(f"not_proven.{key}")) for key in NOT_PROVEN]
    return ReasonDialog(
        look, parent, say("renewal_cannot.title"), say("renewal_cannot.more"),
        say("dialog.wait_on"), say("renewal_cannot.act"), reasons, danger=False,
    )  # fmt: skip


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
