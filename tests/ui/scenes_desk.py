"""Scenes without a case: sign-in, board, lock, dialogs."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from desk.counter.board import Board
from desk.issuance.posts import SEOUL
from desk.ui import dialogs, says
from desk.ui.card_pin import CardPinDialog, CardPinView
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.board import BoardPage, BoardView
from desk.ui.pages.locked import Hand, LockedPage, LockReason, LockView
from desk.ui.pages.sign_in import CardView, SignInPage, SignInView
from desk.ui.parts.frame import HeaderView
from desk.ui.parts.rail import NavEntry
from desk.ui.shell import Shell
from tests.ui import samples
from tests.ui.scenes import TROUBLES, Size, officer, rail_for, scene
from tests.ui.scenes_case import type_pin


def full(look: Look, size: Size, page: QWidget, training: bool = False) -> Shell:
    shell = Shell(look, training=training)
    shell.resize(*size)
    shell.add_full_page(page)
    shell.show_full(page)
    shell.show()
    return shell


def sign_in_view(look: Look, **changes: object) -> SignInView:
    say = look.say
    view = SignInView(
        samples.here("08:52"),
        CardView(
            True,
            officer(look),
            f"{say('role.officer')} · {samples.POST[look.language]}",
            say("day.until", year=2027, month=say("month.8"), day=31, left=281),
        ),
        facts=(
            (say("sign_in.window"), say("sign_in.window_value", n="3")),
            (say("sign_in.station"), "LA-03"),
            (say("sign_in.live"), "2024-07-03"),
        ),
        states=((Glyph.PASSED, say("part.card_service")),),
        tries=3,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


@scene("01-sign-in")
def sign_in(look: Look, size: Size) -> QWidget:
    page = SignInPage(look)
    page.render(sign_in_view(look))
    shell = full(look, size, page)
    type_pin(page.pin.dots)
    return shell


@scene("01b-sign-in-training")
def sign_in_training(look: Look, size: Size) -> QWidget:
    page = SignInPage(look)
    page.render(sign_in_view(look, tries=2, wrong=True))
    return full(look, size, page, training=True)


@scene("01c-sign-in-no-card")
def sign_in_no_card(look: Look, size: Size) -> QWidget:
    page = SignInPage(look)
    trouble = TROUBLES.of("READER-02", look.language)
    page.render(sign_in_view(look, card=CardView(False), tries=None, trouble=trouble))
    return full(look, size, page)


@scene("01d-sign-in-not-enrolled")
def sign_in_not_enrolled(look: Look, size: Size) -> QWidget:
    """An officer's card that was never let in to the records: told before its PIN."""
    page = SignInPage(look)
    page.render(sign_in_view(look, trouble=TROUBLES.of("KEYS-01", look.language)))
    return full(look, size, page)


def board_shell(look: Look, size: Size, view: BoardView, training: bool = False) -> Shell:
    page = BoardPage(look, TROUBLES)
    page.render(view)
    shell = Shell(look, training=training)
    shell.resize(*size)
    shell.add_page(page)
    here = view.here
    shell.show_header(
        HeaderView(
            look.say("header.idle"),
            says.header_time(look, here.now, here.zone),
            says.header_time(look, here.now, SEOUL),
        )
    )
    rail = rail_for(look, here, None, None)
    entry = NavEntry("board", look.say("rail.board"), "layout-dashboard", current=True)
    shell.show_rail(
        replace(
            rail,
            entries=(entry,),
            devices=look.say("rail.attention", n=1),
            devices_glyph=Glyph.ATTENTION,
        )
    )
    shell.show()
    shell.show_page(page)
    return shell


@scene("02-board")
def board(look: Look, size: Size) -> QWidget:
    return board_shell(look, size, BoardView(samples.here("10:20"), samples.board()))


@scene("02-board-training")
def board_training(look: Look, size: Size) -> QWidget:
    view = BoardView(samples.here("10:20"), samples.board(trouble=False))
    return board_shell(look, size, view, training=True)


@scene("02-board-empty")
def board_empty(look: Look, size: Size) -> QWidget:
    view = BoardView(samples.here("08:55"), Board((), None, ()), checking=True)
    return board_shell(look, size, view)


@scene("02-board-reader")
def board_reader(look: Look, size: Size) -> QWidget:
    return board_shell(look, size, BoardView(samples.here("08:57"), samples.board_without_reader()))


@scene("02-board-service")
def board_service(look: Look, size: Size) -> QWidget:
    view = BoardView(samples.here("08:57"), samples.board_without_service())
    return board_shell(look, size, view)


@scene("02-board-late")
def board_late(look: Look, size: Size) -> QWidget:
    """What an act on a case ran into after it was left."""
    view = BoardView(samples.here("10:20"), samples.board(trouble=False))
    shell = board_shell(look, size, view)
    assert shell.page is not None
    number, spoken = "LA-2026-001839", TROUBLES.of("STORE-04", look.language, {})
    title = look.say("banner.of_case", number=number, title=spoken.title)
    shell.page.show_late([(replace(spoken, title=title), number)])
    return shell


@scene("15-locked")
def locked(look: Look, size: Size) -> QWidget:
    page = LockedPage(look)
    page.render(
        LockView(
            samples.here("10:35"),
            LockReason.CARD_REMOVED,
            "10:34:52",
            officer(look),
            "LA-2026-001842",
            look.say("step.review"),
            minutes_left=15,
        )
    )
    return full(look, size, page)


@scene("15-locked-card-back")
def locked_back(look: Look, size: Size) -> QWidget:
    page = LockedPage(look)
    page.render(
        LockView(
            samples.here("10:35"),
            LockReason.CARD_REMOVED,
            "10:34:52",
            officer(look),
            "LA-2026-001842",
            look.say("step.review"),
            own_card=True,
            tries=3,
        )
    )
    return full(look, size, page)


@scene("15-locked-other-officer")
def locked_other(look: Look, size: Size) -> QWidget:
    """A colleague's card is in the reader and the hand-over was agreed to."""
    page = LockedPage(look)
    page.render(
        LockView(
            samples.here("10:35"),
            LockReason.CARD_REMOVED,
            "10:34:52",
            officer(look),
            "LA-2026-001842",
            look.say("step.review"),
            own_card=False,
            other="정유나 영사" if look.language == "ko" else "Consul Jung Yuna",
            hand=Hand.AGREED,
            tries=3,
        )
    )
    return full(look, size, page)


@scene("17-dialog-hand-over")
def hand_over_dialog(look: Look, size: Size) -> QWidget:
    korean = look.language == "ko"
    names = {
        "to": "한도윤 영사" if korean else "Consul Han Doyun",
        "from": officer(look),
    }
    dialog = dialogs.HandOverDialog(
        look,
        None,
        look.say("hand.title", to=names["to"]),
        look.say("hand.more", **names),
        look.say("hand.act"),
        case="LA-2026-001842",
        bars=True,
    )
    dialog.show()
    return dialog


@scene("17-dialog-refuse")
def refuse(look: Look, size: Size) -> QWidget:
    dialog = dialogs.refusal_dialog(look, None, "content_changed")
    dialog.show()
    return dialog


@scene("17-dialog-last-try")
def last_try(look: Look, size: Size) -> QWidget:
    dialog = dialogs.last_try_dialog(look, None)
    dialog.show()
    return dialog


@scene("17-dialog-card-pin")
def card_pin(look: Look, size: Size) -> QWidget:
    dialog = CardPinDialog(look, None, CardPinView(blocked=False, tries=1))
    dialog.show()
    return dialog


@scene("17-dialog-unblock")
def unblock(look: Look, size: Size) -> QWidget:
    dialog = CardPinDialog(look, None, CardPinView(blocked=True, tries=0))
    dialog.show()
    return dialog
