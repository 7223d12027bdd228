"""Scenes of set-up and checks: what stops where, before and after sign-in."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QWidget

from desk.cards import fault_tree
from desk.cards.fault_tree import Evidence, Met
from desk.cards.machine import Machine
from desk.cards.piv_data import KeyType, PinPolicy, Slot
from desk.cards.revocation import RevocationState
from desk.cards.watcher import CardWorld, ReaderState
from desk.counter import card_checks
from desk.counter.board import BoardCheck, CheckKey, CheckState
from desk.counter.card_checks import Seen
from desk.counter.doctor import Diagnosis
from desk.counter.provisioning import (
    REQUESTED,
    CardStatus,
    CertificateEnding,
    PinStatus,
    SlotStatus,
    State,
)
from desk.issuance.posts import SEOUL
from desk.ui import says
from desk.ui.card_work import CardWorkView, InstallDialog, RequestDialog
from desk.ui.look import Look
from desk.ui.navigation import Navigation, Place
from desk.ui.pages.card_setup import CardSetupPage, CardSetupView
from desk.ui.pages.diagnosis import DiagnosisPage, DiagnosisView
from desk.ui.pages.officer_list import ListView, OfficerListPage, OfficerListView
from desk.ui.pages.records_cards import CardLine, RecordsCardsPage, RecordsCardsView
from desk.ui.pages.setup import SetupPage
from desk.ui.parts.frame import HeaderView
from desk.ui.parts.rail import RailView
from desk.ui.shell import Shell
from desk.ui.two_cards import PresentCard, Stage, TwoCardsDialog
from tests.ui import samples
from tests.ui.scenes import TROUBLES, Size, officer, rail_for, scene

PASSPORT, CARD = "Contactless reader 1", "Contact reader 1"
HERE = Machine(remote=False, plugged=2)
BOTH = CardWorld(True, (ReaderState(PASSPORT, False), ReaderState(CARD, True)))


def slots(days: int = 281) -> tuple[SlotStatus, ...]:
    """Both certificates; within sixty days of its end the signer's is told."""
    until = samples.local("08:58")
    ending = days <= 60
    return (
        SlotStatus(Slot.AUTHENTICATION, State.READY, None, KeyType.P256, "", "", until, 700),
        SlotStatus(
            Slot.SIGNATURE,
            State.ENDING if ending else State.READY,
            CertificateEnding(days=days) if ending else None,
            KeyType.P256,
            "",
            "",
            until,
            days,
        ),
    )


def seen(
    world: CardWorld = BOTH, met: Met = Met.KNOWN, *, days: int = 281, machine: Machine = HERE
) -> Seen:
    present = world.reader(CARD) is not None
    evidence = Evidence(world, machine, reader=CARD if present else "", met=met)
    passport = PASSPORT if world.reader(PASSPORT) else ""
    asked = Evidence(world, machine, reader=passport)
    return Seen(
        evidence=evidence,
        judged=fault_tree.judge(evidence),
        passport_reader=passport,
        passport_fault=fault_tree.passport_fault(asked, others=bool(passport)),
        slots=slots(days) if met is Met.KNOWN else (),
    )


def found(what: Seen, *others: BoardCheck) -> Diagnosis:
    """A diagnosis with everything else as on a fine morning, but for ``others``."""
    changed = {one.key: one for one in others}
    rest = [one for one in samples.board(trouble=False).checks[3:]]
    rest += [
        BoardCheck(CheckKey.QUEUE, CheckState.READY, "empty"),
        BoardCheck(CheckKey.STATUS_LIST, CheckState.READY, "fresh", {"hours": 2}),
        BoardCheck(CheckKey.REVOCATIONS, CheckState.READY, "fresh", {"lists": 21, "days": 1}),
    ]
    checks = {one.key: changed.get(one.key, one) for one in rest}
    ordered = tuple(checks[key] for key in CheckKey if key in checks)
    return Diagnosis((*card_checks.checks(what), *ordered), what, samples.local("08:58:04"))


def setup_shell(look: Look, size: Size, page: SetupPage, *, outside: bool = False) -> Shell:
    """The window with ``page`` as the rail's set-up entry, before sign-in or after it."""
    here = samples.here("08:58")
    shell = Shell(look)
    shell.resize(*size)
    ground = shell.outside if outside else shell
    ground.add_page(page)
    places = Navigation()
    for place in (Place.BOARD, Place.SETUP):
        places.add(place, lambda: None)
    header = HeaderView(
        "",
        says.header_time(look, here.now, here.zone),
        says.header_time(look, here.now, SEOUL),
    )
    say = page.say
    if outside:
        shell.outside.header.show_view(header)
        shell.outside.rail.render_view(
            RailView(
                post=here.post[look.language],
                officer=say("outside.nobody"),
                role=say("outside.insert"),
                devices=say("rail.all_ready"),
                entries=places.entries(look, None, Place.SETUP),
            )
        )
        shell.show_outside(page)
    else:
        shell.show_header(header)
        entries = places.entries(look, samples.OFFICER, Place.SETUP)
        shell.show_rail(replace(rail_for(look, here, None, None), entries=entries))
        shell.show_page(page)
    shell.show()
    return shell


def diagnosis(look: Look, size: Size, view: DiagnosisView, *, outside: bool = False) -> QWidget:
    page = DiagnosisPage(look, TROUBLES)
    way_out = page.say("outside.back") if outside else ""
    page.render(replace(view, way_out=way_out))
    page.show_sections(sections(page), "checks")
    return setup_shell(look, size, page, outside=outside)


def view(what: Diagnosis | None, **changes: object) -> DiagnosisView:
    base = DiagnosisView(samples.here("08:58"), what, seconds=1.2)
    return replace(base, **changes)  # type: ignore[arg-type]


# The officer's card ----------------------------------------------------------------


def card(look: Look, size: Size, *, outside: bool = False, **changes: object) -> Shell:
    page = CardSetupPage(look, TROUBLES)
    way_out = page.say("outside.back") if outside else ""
    base = CardSetupView(samples.here("08:58"), card=card_status(), way_out=way_out)
    page.render(replace(base, **changes))  # type: ignore[arg-type]
    page.show_sections(sections(page), "card")
    return setup_shell(look, size, page, outside=outside)


def sections(page: SetupPage) -> list[tuple[str, str]]:
    return [(key, page.say(f"section.{key}")) for key in ("checks", "card", "records", "officers")]


def card_status(tries: int | None = 3) -> CardStatus:
    """Signing ends soon, the list of revocations is known, the records' key is not there yet."""
    told = RevocationState(as_of=samples.local("08:00"), stale=False)
    until = samples.local("08:00", "2027-01-03")
    common = {"key_type": KeyType.P256, "revocation": told}
    return CardStatus(
        identity="d6a1b2c3d4e5f60718293a4b5c6d7e8f",
        pin=PinStatus(tries, PinPolicy(), False),
        slots=(
            SlotStatus(
                Slot.AUTHENTICATION,
                State.READY,
                subject="Officer 4F2A91C0",
                issuer="Officer Root 2024",
                until=samples.local("08:00", "2028-10-23"),
                days_left=700,
                **common,  # type: ignore[arg-type]
            ),
            SlotStatus(
                Slot.SIGNATURE,
                State.ENDING,
                CertificateEnding(days=41),
                subject="Document signer 91C04F2A",
                issuer="IACA Republic of Korea 2024",
                until=until,
                days_left=41,
                **common,  # type: ignore[arg-type]
            ),
            SlotStatus(Slot.KEY_MANAGEMENT, State.EMPTY),
        ),
    )


@scene("setup-card")
def card_there(look: Look, size: Size) -> QWidget:
    return card(look, size)


@scene("setup-card-none")
def card_none(look: Look, size: Size) -> QWidget:
    return card(look, size, outside=True, card=None)


@scene("setup-card-blocked")
def card_blocked(look: Look, size: Size) -> QWidget:
    return card(look, size, outside=True, card=card_status(0))


@scene("setup-card-requested")
def card_requested(look: Look, size: Size) -> QWidget:
    facts = (("file", "officer-card.csr"),)
    return card(look, size, done="request", done_facts=facts, kept=True)


@scene("setup-card-request-dialog")
def request_dialog(look: Look, size: Size) -> QWidget:
    view = CardWorkView(REQUESTED, Slot.SIGNATURE, 3, in_use=frozenset({Slot.SIGNATURE}))
    dialog = RequestDialog(look, None, view)
    dialog.show()
    return dialog


@scene("setup-card-install-dialog")
def install_dialog(look: Look, size: Size) -> QWidget:
    facts = {
        "subject": "CN=Document signer 91C04F2A,O=MOFA,C=KR",
        "issuer": "CN=IACA Republic of Korea 2024,C=KR",
        "until": "2028-02-20",
    }
    dialog = InstallDialog(look, None, CardWorkView(REQUESTED, Slot.SIGNATURE, 1), facts)
    dialog.show_trouble(TROUBLES.of("CARD-33", look.language, {"slot": "9C"}))
    dialog.show()
    return dialog


@scene("admin-06-diagnosis")
def mute(look: Look, size: Size) -> QWidget:
    world = CardWorld(True, (ReaderState(PASSPORT, False), ReaderState(CARD, True, mute=True)))
    return diagnosis(look, size, view(found(seen(world, Met.MUTE))), outside=True)


@scene("admin-06-diagnosis-stopped")
def stopped(look: Look, size: Size) -> QWidget:
    late = BoardCheck(
        CheckKey.TRUST_LIST,
        CheckState.ATTENTION,
        "old",
        {"certificates": 588, "days": 32},
        "TRUST-30",
    )
    what = seen(CardWorld(service_running=False), Met.NOT_TRIED)
    return diagnosis(look, size, view(found(what, late)), outside=True)


@scene("admin-06-diagnosis-fine")
def fine(look: Look, size: Size) -> QWidget:
    return diagnosis(look, size, view(found(seen())))


@scene("admin-06-diagnosis-ending")
def ending(look: Look, size: Size) -> QWidget:
    return diagnosis(look, size, view(found(seen(days=41))))


@scene("admin-06-diagnosis-checking")
def checking(look: Look, size: Size) -> QWidget:
    return diagnosis(look, size, view(None, checking=True))


@scene("admin-06-diagnosis-trust")
def trust(look: Look, size: Size) -> QWidget:
    late = BoardCheck(
        CheckKey.TRUST_LIST,
        CheckState.ATTENTION,
        "old",
        {"certificates": 588, "days": 32},
        "TRUST-30",
    )
    return diagnosis(look, size, view(found(seen(), late), part="trust_list"))


# The records' cards and the list of officers ------------------------------------------

ENROLLED = (
    CardLine("8f31c07d5a6b4e219a0b1c2d3e4f5061", "{officer}", "2026-09-01", False),
    CardLine("24ab8890cc1147f3b0d9e2a7c4415f0e", "{second}", "2026-09-01", False),
    CardLine("c9017732ef5a4b8d8c6d10293847abcd", "{recovery}", "2026-09-01", True),
)


def records_cards(look: Look, size: Size, *, outside: bool = False, **changes: object) -> Shell:
    page = RecordsCardsPage(look)
    who = {
        "officer": page.say("records_cards.officer") if outside else officer(look),
        "second": page.say("records_cards.unlisted"),
        "recovery": page.say("records_cards.recovery"),
    }
    lines = tuple(replace(one, who=one.who.format(**who)) for one in ENROLLED)
    way_out = page.say("outside.back") if outside else ""
    base = RecordsCardsView(samples.here("08:58"), lines, way_out=way_out)
    page.render(replace(base, **changes))  # type: ignore[arg-type]
    page.show_sections(sections(page), "records")
    return setup_shell(look, size, page, outside=outside)


@scene("setup-records")
def records_there(look: Look, size: Size) -> QWidget:
    return records_cards(look, size, done="rotate")


@scene("setup-records-none")
def records_none(look: Look, size: Size) -> QWidget:
    return records_cards(look, size, outside=True, cards=(), begun=False)


@scene("setup-records-dialog")
def records_dialog(look: Look, size: Size) -> QWidget:
    say = RecordsCardsPage(look).say
    stage = Stage(say("cards_ask.first_allow"), say("cards_ask.allow"), recovery=True)
    dialog = TwoCardsDialog(look, None, say("cards_ask.add_officer"), stage)
    dialog.show_card(PresentCard("d6a1", 3))
    dialog.show()
    return dialog


@scene("setup-officers")
def officers_list(look: Look, size: Size) -> QWidget:
    page = OfficerListPage(look)
    say, name = page.say, officer(look)
    people = (
        (name, say("role.officer")),
        (name, f"{say('role.approver')} · {say('officers.sisters', posts='san-francisco')}"),
        (name, say("role.head_of_post")),
    )
    found = ListView(14, "2026-11-02", "2027-02-02", True, 3, people)
    taken = (say("officers.done", number=14), say("officers.done_text", n=3, until="2027-02-02"))
    page.render(OfficerListView(samples.here("08:58"), found, taken=taken))
    page.show_sections(sections(page), "officers")
    return setup_shell(look, size, page)


@scene("setup-officers-none")
def officers_none(look: Look, size: Size) -> QWidget:
    page = OfficerListPage(look)
    trouble = TROUBLES.of("OFFICER-07", look.language, {"held": 14, "given": 12})
    view = OfficerListView(samples.here("08:58"), trouble=trouble, way_out=page.say("outside.back"))
    page.render(view)
    page.show_sections(sections(page), "officers")
    return setup_shell(look, size, page, outside=True)
