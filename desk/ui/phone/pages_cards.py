"""The ID and what is asked of it: card, request, sent, declined; and every trouble."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desk.ui.glyphs import Glyph
from desk.ui.parts.box import column, holder, row
from desk.ui.parts.button import Button
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.phone.look import PhoneLook
from desk.ui.phone.page import Context, PhonePage
from desk.ui.phone.parts import IdCard, Note, big, fact, portrait, ruled, second, title
from desk.ui.phone.snapshot import Again, CardState, CardView, ClaimLine, RequestView
from desk.ui.theme import Type

_TONES = {
    CardState.PREPARED: "accent",
    CardState.USABLE: "success",
    CardState.SUSPENDED: "warning",
    CardState.REVOKED: "danger",
    CardState.UNKNOWN: "warning",
}


def state_note(look: PhoneLook, card: CardView) -> Note:
    """What the state means for the holder, and what to do."""
    state = card.state
    waits = state is CardState.PREPARED and card.sent
    return Note(
        look,
        look.say(f"state.{state.value}"),
        look.say("state_more.sent" if waits else f"state_more.{state.value}"),
        tone=_TONES[state],
        glyph=state.glyph,
    )


class CardPage(PhonePage):
    """The ID, its state in words, and everything it says."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look, card = self.look, context.screen.card
        if card is None:
            return
        if context.screen.just_kept:
            self.fill(title(look, look.say("card.kept_title")), 16)
        self.fill(
            IdCard(look, card),
            12,
            state_note(look, card),
            24,
            Text(look, look.say("card.held"), Type.STRONG),
            8,
            ruled(look, self._claims(card), 10),
            None,
        )
        self.scan = big(look, look.say("button.scan"), icon="scan-qr-code")
        self.scan.clicked.connect(lambda: self.acts.scan_requested.emit(""))
        self.status = second(look, look.say("button.status"), icon="refresh-cw")
        self.status.clicked.connect(self.acts.retry)
        self.status.setEnabled(not context.screen.asking)
        self.scan.setEnabled(not context.screen.reading)
        self.buttons(self.scan, self.status)

    def _claims(self, card: CardView) -> list[QWidget]:
        look = self.look
        rows = [
            fact(look, look.claim_name(claim), look.claim_value(claim), strong=False)
            for claim in card.claims
            if claim.value is not None
        ]
        rows.append(fact(look, look.say("card.formats"), " · ".join(card.formats), strong=False))
        rows.append(fact(look, look.say("card.issuer"), card.issuer, strong=False))
        return rows

    def first_focus(self) -> QWidget:
        return self.scan

    def announcement(self) -> str:
        card = self.snapshot.card
        return self.look.say(f"state.{card.state.value}") if card else ""


class RequestPage(PhonePage):
    """Who asks for what; nothing is sent before «submit»."""

    back = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look, request = self.look, context.screen.request
        if request is None:
            return
        self.fill(
            title(look, look.say("request.title")),
            16,
            self._who(request),
            20,
            Text(look, look.say("request.what", n=len(request.asked)), Type.STRONG),
            8,
            ruled(look, [self._claim(request, claim) for claim in request.asked], 10),
            8,
            Text(look, look.say("request.only"), Type.SMALL, "muted", wrap=True),
            None,
        )
        words = look.say("request.sending" if request.sending else "button.submit")
        self.submit = big(look, words)
        self.decline = second(look, look.say("button.decline"))
        self.submit.clicked.connect(self.acts.present_accepted)
        self.decline.clicked.connect(self.acts.present_declined)
        for button in (self.submit, self.decline):
            button.setEnabled(not request.sending)
        self.buttons(self.submit, self.decline)

    def _who(self, request: RequestView) -> QWidget:
        look = self.look
        glyph = Glyph.PASSED if request.known else Glyph.ATTENTION
        token = "success" if request.known else "warning"
        words = look.say("request.known" if request.known else "request.not_known")
        known = row(
            column(2, GlyphSign(look, glyph, 20, ""), None),
            8,
            Text(look, words, Type.SMALL_STRONG, token, wrap=True),
        )
        known.setStretch(2, 1)
        who = holder(column(fact(look, look.say("request.who"), request.verifier), 6, known))
        return ruled(look, (who,))

    def _claim(self, request: RequestView, claim: ClaimLine) -> QWidget:
        look = self.look
        name = look.claim_name(claim)
        if claim.value is not None:
            return fact(look, name, look.claim_value(claim))
        picture = portrait(look, request.card, 56, 72)
        line = holder(row(column(Text(look, name, Type.SMALL, "muted"), None), None, picture))
        line.setAccessibleName(name)
        return line

    def first_focus(self) -> QWidget:
        return self.decline

    def announcement(self) -> str:
        return self.look.say("request.title")


class SentPage(PhonePage):
    """The answer is with the desk; the ID turns usable under the holder's eyes."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look, card = self.look, context.screen.card
        usable = card is not None and card.state is CardState.USABLE
        key = "usable_" if usable else ""
        sign = GlyphSign(look, Glyph.PASSED, 56, "") if usable else IconSign(
            look, "circle-check", 56, "accent"
        )  # fmt: skip
        self.fill(row(sign, None), 16)
        self.fill(title(look, look.say(f"sent.{key}title"), look.say(f"sent.{key}lead")), 24)
        if card is not None:
            self.fill(IdCard(look, card))
        self.fill(None)
        self.home = big(look, look.say("button.home"))
        self.home.clicked.connect(self.acts.home_wanted)
        self.buttons(self.home)

    def first_focus(self) -> QWidget:
        return self.home

    def announcement(self) -> str:
        card = self.snapshot.card
        usable = card is not None and card.state is CardState.USABLE
        return self.look.say("sent.usable_title" if usable else "sent.title")


class DeclinedPage(PhonePage):
    """Nothing was sent."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look = self.look
        self.fill(row(IconSign(look, "ban", 56, "muted"), None), 16)
        self.fill(
            title(look, look.say("sent.declined_title"), look.say("sent.declined_lead")), None
        )
        self.home = big(look, look.say("button.home"))
        self.home.clicked.connect(self.acts.home_wanted)
        self.buttons(self.home)

    def first_focus(self) -> QWidget:
        return self.home

    def announcement(self) -> str:
        return self.look.say("sent.declined_title")


_AGAIN = {
    Again.SCAN: ("button.scan", "scan-qr-code"),
    Again.SAME: ("button.again", "rotate-cw"),
    Again.PIN: ("button.pin_again", "key-round"),
    Again.CHECK: ("button.check_again", "refresh-cw"),
}


class TroublePage(PhonePage):
    """A trouble: what is, what still holds, what to do; its code for the officer."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look, trouble = self.look, context.screen.trouble
        if trouble is None:
            return
        spoken = context.troubles.of(trouble.code, look.language, trouble.facts)
        self._said = f"{spoken.title}. {spoken.text} {spoken.next}"
        word = {"stop": "failed", "info": "note"}.get(spoken.level, "attention")
        self.fill(
            row(GlyphSign(look, spoken.glyph, 48, look.say(f"state.{word}")), None),
            16,
            Text(look, spoken.title, Type.TITLE, wrap=True),
            8,
            Text(look, spoken.text, Type.BODY, wrap=True),
            20,
            Note(look, look.say("trouble.next"), spoken.next, icon="arrow-right", kind=Type.BODY),
            12,
            Text(look, look.say("trouble.code", code=trouble.code), Type.SMALL, "muted"),
            None,
        )
        self._add_buttons(trouble.again)

    def _add_buttons(self, again: Again) -> None:
        look = self.look
        self.home: Button
        self.again: Button | None = None
        if again is Again.NOTHING:
            self.home = big(look, look.say("button.home"))
            self.buttons(self.home)
        else:
            words, icon = _AGAIN[again]
            self.again = big(look, look.say(words), icon=icon)
            self.again.clicked.connect(self.acts.retry)
            self.again.setEnabled(not self.snapshot.reading)
            self.home = second(look, look.say("button.home"))
            self.buttons(self.again, self.home)
        self.home.clicked.connect(self.acts.home_wanted)

    def first_focus(self) -> QWidget:
        return self.again or self.home

    def announcement(self) -> str:
        return self._said
