"""What the two covering pages show: sign-in before anybody sits here, lock afterwards."""

from __future__ import annotations

from desk.counter.card_facts import CardFacts
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.control.desk import Desk
from desk.ui.glyphs import Glyph
from desk.ui.pages.locked import Hand, LockReason, LockView
from desk.ui.pages.sign_in import CardView, SignInView
from desk.ui.troubles import Spoken
from desk.words import Words


class SessionViews:
    """``reason`` and ``locked_at`` say why and since when the desk is locked."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._words = Words("desk")
        self.reason = LockReason.BY_OFFICER
        self.locked_at = desk.station.now()

    def locked(
        self, card: CardFacts | None, trouble: Trouble | None, busy: bool, hand: Hand
    ) -> LockView:
        desk, signed_in = self._desk, self._desk.sign_in
        own = None if card is None or signed_in is None else card.card == signed_in.card
        other = card.officer if card is not None and not own and card.refused is None else None
        return LockView(
            here=desk.here(),
            reason=self.reason,
            locked_at=says.clock_seconds(self.locked_at, desk.here()),
            officer=desk.officer_name(signed_in.officer) if signed_in else "",
            case_number=desk.case.number if desk.case else "",
            step=desk.look.say(f"step.{desk.step.key}") if desk.case and desk.step else "",
            own_card=own,
            may=_may(card),
            other=desk.officer_name(other) if other else "",
            hand=hand,
            tries=desk.tries_for(trouble),
            on_pad=desk.card_pad,
            wrong=desk.is_wrong_pin(trouble),
            busy=busy,
            trouble=self._spoken(trouble),
        )

    def sign_in(self, card: CardFacts | None, trouble: Trouble | None, busy: bool) -> SignInView:
        desk = self._desk
        return SignInView(
            here=desk.here(),
            card=self._card(card),
            facts=self._station(),
            states=self._states(),
            tries=desk.tries_for(trouble),
            on_pad=desk.card_pad,
            wrong=desk.is_wrong_pin(trouble),
            busy=busy,
            trouble=self._spoken(trouble),
        )

    def _card(self, card: CardFacts | None) -> CardView:
        say = self._say
        if card is None:
            return CardView(present=False)
        if card.officer is None:
            return CardView(True, "", say("card.unknown"), may=_may(card))
        name = self._desk.officer_name(card.officer)
        if card.days_left is None:
            words = say("card.no_signer")
            return CardView(True, name, "", words, certificate_ok=False, may=_may(card))
        words = say("card.days_left", n=card.days_left)
        ok = card.days_left > 0
        return CardView(True, name, "", words, certificate_ok=ok, may=_may(card))

    def _station(self) -> tuple[tuple[str, str], ...]:
        settings, say = self._desk.station.settings.station, self._say
        return ((say("station.window"), settings.window), (say("station.serial"), settings.serial))

    def _states(self) -> tuple[tuple[Glyph, str], ...]:
        world, say = self._desk.station.readers.world(), self._say
        if not world.service_running:
            return ((Glyph.FAILED, say("states.service_stopped")),)
        glyph = Glyph.PASSED if world.readers else Glyph.ATTENTION
        return ((glyph, say("states.readers", n=len(world.readers))),)

    def _spoken(self, trouble: Trouble | None) -> Spoken | None:
        return self._desk.spoken(trouble) if trouble is not None else None

    def _say(self, key: str, **facts: object) -> str:
        return self._words.text(key, self._desk.look.language, **facts)


def _may(card: CardFacts | None) -> bool:
    return card is not None and card.refused is None
