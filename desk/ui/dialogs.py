"""Dialogs, only where something cannot be undone: refusal, cancelling, the last PIN try.

480 wide, the act right, the safe way focused and on Esc. They return an answer or None;
nothing is done here.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QDialog, QLayout, QWidget

from desk.counter import approving
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review_words import AREA as APPROVAL
from desk.ui.parts.above import Above
from desk.ui.parts.box import Scrolled, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Check, Choice, Labelled, Remark
from desk.ui.parts.qr import QrCode
from desk.ui.parts.ring import FocusRing
from desk.ui.parts.text import Text
from desk.ui.theme import Type

WIDTH = 480


class FramedDialog(Above):
    """As high as what it says, or as the screen is: then the fields scroll, and the buttons
    stay in view."""

    def __init__(
        self, look: Look, parent: QWidget | None, title: str, words: str, width: int
    ) -> None:
        super().__init__(look, parent, title)
        self.setFixedWidth(width)
        self.setAccessibleDescription(words)

    def lay_out(self, body: QLayout, foot: QLayout) -> None:
        """What is said and asked above, the buttons beneath."""
        self._parts = (holder(body), holder(foot))
        self._scroll = Scrolled(self._parts[0])
        layout = column(self._scroll, self._parts[1])
        layout.setStretch(0, 1)
        self.setLayout(layout)

    def fit(self) -> None:
        """As high as what it says now."""
        body, foot = (self._height_of(part) for part in self._parts)
        self.setFixedHeight(min(body + foot, self.room()))
        if self.isVisible():
            self.stay_on_screen()
            # What is scrolled to must stand in its place by then.
            for widget in (self, self._parts[0]):
                layout = widget.layout()
                if layout is not None:
                    layout.activate()
                self._parts[0].resize(self._parts[0].width(), body)
            self._scroll.show_focus()

    def _height_of(self, part: QWidget) -> int:
        layout, width = part.layout(), self.minimumWidth()
        assert layout is not None
        wraps = layout.hasHeightForWidth()
        return layout.heightForWidth(width) if wraps else layout.sizeHint().height()

    # Qt's own
    def showEvent(self, event: QShowEvent) -> None:
        self.fit()
        super().showEvent(event)
        self.stay_on_screen()


class Dialog(FramedDialog):
    """Title, sentence, room for fields, the safe way and the act."""

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        title: str,
        words: str,
        safe: str,
        act: str,
        *,
        danger: bool = True,
    ) -> None:
        super().__init__(look, parent, title, words, WIDTH)
        self._title = Text(look, title, Type.TITLE, wrap=True)
        self._words = Text(look, words, Type.BODY, wrap=True)
        self.fields = column(gap=12)
        self.safe = Button(look, safe, Kind.SECONDARY, height=40)
        self.act = Button(look, act, Kind.DANGER if danger else Kind.PRIMARY, height=40)
        self.safe.clicked.connect(self.reject)
        self.act.clicked.connect(self.accept)
        buttons = row(None, self.safe, self.act, gap=8, margins=(24, 0, 24, 24))
        said = column(self._title, 8, self._words, 16, self.fields, margins=(24, 24, 24, 24))
        self.lay_out(said, buttons)
        self._ring = FocusRing(look, self)
        self.safe.setFocus(Qt.FocusReason.OtherFocusReason)


class ReasonDialog(Dialog):
    """A dialog that asks for a reason and, where wished, the officer's own words.

    The act stays off until a reason is chosen. ``answer`` after ``exec``.
    """

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        title: str,
        words: str,
        safe: str,
        act: str,
        reasons: Sequence[tuple[str, str]],
        *,
        chosen: str = "",
        remark: bool = True,
        danger: bool = True,
    ) -> None:
        super().__init__(look, parent, title, words, safe, act, danger=danger)
        say = look.say
        self.reason = Choice(look)
        box = Labelled(look, self.reason)
        box.say(say("refuse.reason"))
        self.reason.offer(reasons, chosen, say("compare.choose_reason"))
        self.reason.chosen.connect(lambda key: self.act.setEnabled(bool(key)))
        self.act.setEnabled(bool(chosen))
        self.fields.addWidget(box)
        self.remark = Remark(look, 72)
        if remark:
            note = Labelled(look, self.remark)
            note.say(say("refuse.remark"))
            self.fields.addWidget(note)
        else:
            self.remark.setParent(self)
            self.remark.hide()

    def answer(self) -> tuple[str, str]:
        """Reason key and remark."""
        return self.reason.value(), self.remark.toPlainText().strip()


REFUSALS = (
    "content_changed",
    "chip_copied",
    "signer_unknown",
    "signer_revoked",
    "document_expired",
    "rule_not_met",
    "not_the_holder",
    "other",
)
CANCELS = ("applicant_left", "opened_by_mistake", "phone_not_usable", "other")
NOT_PROVEN = ("phone_off", "no_network", "app_trouble", "applicant_left", "other")
BARRED = ("barred", "applicant_left", "other")


def refusal_dialog(look: Look, parent: QWidget | None, chosen: str = "") -> ReasonDialog:
    """«발급 거절»: final, with its reason."""
    say = look.say
    reasons = [(key, say(f"refusal.{key}")) for key in REFUSALS]
    return ReasonDialog(
        look, parent, say("dialog.refuse"), say("dialog.refuse_more"), say("dialog.keep_open"),
        say("dialog.refuse_act"), reasons, chosen=chosen,
    )  # fmt: skip


def cancel_dialog(look: Look, parent: QWidget | None) -> ReasonDialog:
    """«발급 취소»: the case ends; a live QR ends with it."""
    say = look.say
    reasons = [(key, say(f"ending.{key}")) for key in CANCELS]
    return ReasonDialog(
        look, parent, say("dialog.cancel"), say("dialog.cancel_more"), say("dialog.keep_open"),
        say("dialog.cancel_act"), reasons,
    )  # fmt: skip


def return_dialog(look: Look, parent: QWidget | None) -> ReasonDialog:
    """«Return to the officer»: the approver says why."""
    say = OwnWords(look, APPROVAL)
    reasons = [(key, say(f"return_reason.{key}")) for key in approving.REASONS]
    return ReasonDialog(
        look, parent, say("approval_dialog.return"), say("approval_dialog.return_more"),
        say("approval_dialog.keep"), say("approval_dialog.return_act"), reasons, danger=False,
    )  # fmt: skip


def call_back_dialog(look: Look, parent: QWidget | None) -> Dialog:
    """«Take the request back»: the officer's signature falls."""
    say = OwnWords(look, APPROVAL)
    return Dialog(
        look, parent, say("approval_dialog.call_back"), say("approval_dialog.call_back_more"),
        say("approval_dialog.keep"), say("approval_dialog.call_back_act"), danger=False,
    )  # fmt: skip


def stop_dialog(look: Look, parent: QWidget | None) -> Dialog:
    """«건 멈추기»: kept as it stands, to be opened again from the board."""
    say = look.say
    return Dialog(
        look, parent, say("dialog.stop"), say("dialog.stop_more"), say("dialog.go_on"),
        say("dialog.stop_act"), danger=False,
    )  # fmt: skip


def not_proven_dialog(look: Look, parent: QWidget | None, barred: bool = False) -> ReasonDialog:
    """«확인할 수 없음»: stays delivered, not proven, with a reason. ``barred``: it must not become
    usable, whatever the phone shows."""
    say = look.say
    reasons = [(key, say(f"not_proven.{key}")) for key in (BARRED if barred else NOT_PROVEN)]
    more = "dialog.not_proven_barred" if barred else "dialog.not_proven_more"
    return ReasonDialog(
        look, parent, say("dialog.not_proven"), say(more),
        say("dialog.wait_on"), say("dialog.not_proven_act"), reasons, danger=False,
    )  # fmt: skip


def last_try_dialog(look: Look, parent: QWidget | None) -> Dialog:
    """The card's last PIN try: after it the card blocks."""
    say = look.say
    return Dialog(
        look, parent, say("dialog.last_try"), say("dialog.last_try_more"), say("dialog.not_now"),
        say("dialog.last_try_act"),
    )  # fmt: skip


class HandOverDialog(Dialog):
    """«인계»: who goes on, and whether the open case goes along. ``takes_case`` after it.

    ``case`` is the open case's number, empty for none; ``may_prepare`` says whether the one
    who comes may go on with it; ``bars`` that going on keeps from approving it.
    """

    def __init__(
        self,
        look: Look,
        parent: QWidget | None,
        title: str,
        words: str,
        act: str,
        *,
        case: str = "",
        may_prepare: bool = True,
        bars: bool = False,
    ) -> None:
        say = look.say
        super().__init__(look, parent, title, words, say("dialog.keep_open"), act, danger=False)
        self.goes_along = Check(look)
        self.goes_along.say(say("hand.goes_along", case=case))
        # Whoever could approve the case is not made its preparer by a click too many.
        self.goes_along.setChecked(may_prepare and not bars)
        self._note = Text(look, "", Type.SMALL, "muted", wrap=True)
        note = "" if may_prepare else say("hand.stays", case=case)
        self._note.say(say("hand.bars") if may_prepare and bars else note)
        self._offers = bool(case) and may_prepare
        if self._offers:
            self.fields.addWidget(self.goes_along)
        else:
            self.goes_along.setParent(self)
            self.goes_along.hide()
        if case and self._note.text():
            self.fields.addWidget(self._note)
        else:
            self._note.setParent(self)
            self._note.hide()

    @property
    def takes_case(self) -> bool:
        return self._offers and self.goes_along.isChecked()


def take_over_dialog(
    look: Look, parent: QWidget | None, case: str, whose: str, *, bars: bool
) -> Dialog:
    """A case on the board that a colleague has begun."""
    say = look.say
    more = say("hand.take_more", whose=whose)
    words = f"{more} {say('hand.bars')}" if bars else more
    return Dialog(
        look, parent, say("hand.take", case=case), words, say("dialog.keep_open"),
        say("hand.take_act"), danger=False,
    )  # fmt: skip


def close_all() -> None:
    """End every dialog that stands over a window, by its safe way: the window is covered, and
    what stands above it would still be read. One whose card is at work goes as well; what the
    card brings is its control's to keep."""
    for window in QApplication.topLevelWidgets():
        if isinstance(window, QDialog) and window.isVisible():
            window.done(QDialog.DialogCode.Rejected)


class LargeQr(Above):
    """F11: the QR as large as the screen allows; Esc or any key closes it."""

    def __init__(self, look: Look, parent: QWidget | None, text: str, name: str) -> None:
        super().__init__(look, parent, name)
        self.qr = QrCode(text, fit=True)
        self.qr.setAccessibleName(name)
        self.close_button = Button(look, look.say("dialog.close"), Kind.SECONDARY, icon="x")
        self.close_button.clicked.connect(self.reject)
        self.setLayout(
            column(self.qr, 16, row(None, self.close_button, None), margins=(24, 24, 24, 24))
        )
        if parent is not None:
            self.setGeometry(parent.window().geometry())

    def expire(self) -> None:
        """The QR is gone: gone is gone."""
        self.qr.show_text("")
        self.reject()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), Qt.GlobalColor.white)
