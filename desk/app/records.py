"""`desk records …`: everything that opens the records asks for a card and its PIN before.

The card is found and its PIN asked as by `desk card …`; who holds it, and that it may, is
found out as at the window's sign-in. Acts with two cards ask for the second when the first
has done its part, so that one reader is enough.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from desk.app.cards import Command, training_card
from desk.app.compose import list_source, utc_now, vault_of
from desk.app.home import Home
from desk.app.pcsc_readers import ReadersNow
from desk.cards.piv import PivSession
from desk.cards.session import CardSession
from desk.cards.troubles import OtherCard
from desk.counter import officers, record_cards
from desk.counter.officer_list import HeldOfficers
from desk.counter.officers import SignIn
from desk.counter.readers import ReaderRoles
from desk.counter.record_cards import Allowed, Desk
from desk.counter.records import Records
from desk.issuance.posts import load_posts
from desk.issuance.roles import Right
from desk.store import commands, sharing
from desk.store.commands import Answer
from desk.store.database import StoreKind
from desk.store.journal import Stamp
from desk.store.postgres import SharedDatabase
from desk.store.vault import FileVault
from desk.store.waiting import WaitingEvents


@dataclass(frozen=True)
class OpenDesk:
    """The records of a command with whoever opened them."""

    records: Records
    sign_in: SignIn

    @property
    def stamp(self) -> Stamp:
        return Stamp(utc_now(), f"officer:{self.sign_in.officer.officer_id}")


class SecondCard(Command):
    """The card that comes second: in a reader of its own, or in the place of the first."""

    def __init__(self, home: Home, args: argparse.Namespace, what: str, recovery: bool) -> None:
        own = {**vars(args), "reader": args.new_reader or args.reader}
        super().__init__(home, argparse.Namespace(**own))
        self._recovery = recovery
        exchanged = not self.training and not args.new_reader
        if exchanged and sys.stdin.isatty():
            sys.stderr.write(f"Take the card out, put {what} in, then press Enter. ")
            sys.stderr.flush()
            sys.stdin.readline()

    @contextmanager
    def card(self) -> Iterator[PivSession]:
        if not self.training:
            with super().card() as session:
                yield session
            return
        number = None if self._recovery else self.args.new_officer
        with training_card(self.home, number) as session:
            yield session


def desk_of(command: Command) -> Desk:
    """What this home's records need to be opened; nothing is opened."""
    kind = StoreKind.TRAINING if command.training else StoreKind.LIVE
    return Desk(
        records=Records(
            vault_of(command.home, command.settings, kind), WaitingEvents(command.home.folder)
        ),
        officers=HeldOfficers(list_source(command.home, command.settings)),
        post=load_posts().post(command.settings.station.post).code,
        roots=command.roots(),
        now=utc_now,
    )


@contextmanager
def opened(command: Command) -> Iterator[OpenDesk]:
    """The records, open until the end. Raises what signing in and opening raise."""
    prepare(command)
    desk = desk_of(command)

    def open_records(session: CardSession, signed_in: SignIn) -> None:
        officer = signed_in.officer
        desk.records.open(session, officer.officer_id, desk.stamp(officer))

    identity = introduced(command)
    try:
        with command.pins("card PIN") as (pin,), same_card(command, identity) as session:
            signed_in = officers.sign_in(
                session,
                pin,
                desk.officers,
                desk.post,
                desk.now,
                command.args.last_try,
                desk.roots.revocations.check,
                before_pin=desk.records.admit,
                after_pin=open_records,
            )
        yield OpenDesk(desk.records, signed_in)
    finally:
        desk.records.close()


@contextmanager
def _card(command: Command) -> Iterator[CardSession]:
    """As the window finds it: through the vendor's module where the settings name one."""
    if command.training or not command.settings.readers.module:
        with command.card() as session:
            yield session
    else:
        with ReaderRoles(ReadersNow(), command.settings.readers).officer_card() as token:
            yield token


def introduced(command: Command) -> bytes | None:
    """As `Command.introduced`; a vendor's module tells nothing of its PIN's rules."""
    if not command.training and command.settings.readers.module:
        with _card(command) as session:
            return session.identity()
    return command.introduced()


@contextmanager
def same_card(command: Command, identity: bytes | None) -> Iterator[CardSession]:
    """As `Command.same_card`. Raises OtherCard."""
    with _card(command) as session:
        if session.identity() != identity:
            raise OtherCard
        yield session


def prepare(command: Command, *, ring: bool = True) -> None:
    """A rehearsal's home has its list, its cards and their ring before its first window."""
    if command.training:
        from desk.app.rehearsal import prepare_home

        prepare_home(command.home, command.settings, utc_now, ring=ring)


def run(home: Home, args: argparse.Namespace) -> int:
    """One of the commands by the name in ``args.verb``; its exit status."""
    answer = _VERBS[args.verb](home, args)
    text = json.dumps(answer.facts, ensure_ascii=False) if args.json else answer.text
    sys.stdout.write(text + "\n")
    return answer.status


def _import_register(home: Home, args: argparse.Namespace) -> Answer:
    with opened(Command(home, args)) as desk:
        return commands.import_register(args.file, desk.records.store, desk.stamp, as_of=args.as_of)


def _import_changes(home: Home, args: argparse.Namespace) -> Answer:
    with opened(Command(home, args)) as desk:
        desk.sign_in.officer.role.demand(Right.AFTER_CARE)
        return commands.import_changes(args.file, desk.records.store, desk.stamp)


def _changes(home: Home, args: argparse.Namespace) -> Answer:
    with opened(Command(home, args)) as desk:
        desk.sign_in.officer.role.demand(Right.READ_HISTORY)
        return commands.changes(desk.records.store)


def _share(home: Home, args: argparse.Namespace) -> Answer:
    """The desk's own records become those that its post shares, opened by the same cards."""
    command = Command(home, args)
    prepare(command, ring=False)
    kind = StoreKind.TRAINING if command.training else StoreKind.LIVE
    shared = SharedDatabase.at(command.settings.records.database)
    own = FileVault(command.home.records, kind)
    waiting = WaitingEvents(command.home.folder)
    desk = replace(desk_of(command), records=Records(own, waiting))
    try:
        allowed = _first_half(command, desk, record_cards.allow)
    finally:
        desk.records.close()
    key = allowed.opened.key
    own.demand_alone(key)
    with closing(own.open(key)) as store:
        ring = own.ring()
        assert ring is not None
        rows = sharing.share(store, shared, key, ring, kind, allowed.stamp)
    aside = own.lay_aside()
    text = (
        f"{rows} rows are shared now. What was this desk's own lies in {aside.name}: destroy it "
        "when the shared records are backed up"
    )
    return Answer(0, text, {"rows": rows, "aside": aside.name})


# The cards that open the records ---------------------------------------------------------


def _begin(home: Home, args: argparse.Namespace) -> Answer:
    command = Command(home, args)
    prepare(command, ring=False)
    desk = desk_of(command)
    begun = _first_half(command, desk, record_cards.begin)
    second = SecondCard(home, args, "the recovery card", recovery=True)
    try:
        _second_half(second, desk, begun, record_cards.conclude)
        return _listing(desk)
    finally:
        desk.records.close()


def _list(home: Home, args: argparse.Namespace) -> Answer:
    command = Command(home, args)
    prepare(command)
    return _listing(desk_of(command))


def _add(home: Home, args: argparse.Namespace) -> Answer:
    def act(desk: Desk, allowed: Allowed) -> None:
        what = "the new recovery card" if args.recovery else "the officer's card to let in"
        second = SecondCard(home, args, what, args.recovery)
        add = record_cards.add_recovery if args.recovery else record_cards.add_officer
        _second_half(second, desk, allowed, add)

    return _changed(home, args, act)


def _remove(home: Home, args: argparse.Namespace) -> Answer:
    return _changed(home, args, lambda desk, held: record_cards.remove(desk, held, args.card))


def _rotate(home: Home, args: argparse.Namespace) -> Answer:
    return _changed(home, args, record_cards.rotate)


def _changed(
    home: Home, args: argparse.Namespace, act: Callable[[Desk, Allowed], object]
) -> Answer:
    """One act by whoever may, with an officer's card or the recovery card; the new list."""
    command = Command(home, args)
    prepare(command)
    desk = desk_of(command)
    try:
        if args.by_recovery:
            first: Command = _ByRecovery(home, args)
            allowed = _first_half(first, desk, record_cards.allow_by_recovery)
        else:
            allowed = _first_half(command, desk, record_cards.allow)
        act(desk, allowed)
        return _listing(desk)
    finally:
        desk.records.close()


class _ByRecovery(Command):
    """The recovery card lies in the reader instead of an officer's."""

    @contextmanager
    def card(self) -> Iterator[PivSession]:
        way = training_card(self.home, None) if self.training else super().card()
        with way as session:
            yield session


def _first_half(command: Command, desk: Desk, act: Callable[..., Allowed]) -> Allowed:
    identity = introduced(command)
    with command.pins("card PIN") as (pin,), same_card(command, identity) as session:
        return act(desk, session, pin, command.args.last_try)


def _second_half(
    command: Command, desk: Desk, allowed: Allowed, act: Callable[..., object]
) -> None:
    identity = introduced(command)
    with command.pins("second card's PIN") as (pin,), same_card(command, identity) as session:
        act(desk, allowed, session, pin, command.args.last_try)


def _listing(desk: Desk) -> Answer:
    """Every card: its fingerprint's beginning, what it is, whose, since when, by whom."""
    lines, cards = [], []
    for one in record_cards.listed(desk):
        card, holder = one.card, one.holder
        name = f"{holder.title_en} {holder.name_en}" if holder else ""
        since = f"since {card.added:%Y-%m-%d}, by {card.by}"
        whose = name or ("head of post" if card.kind == "recovery" else "not on the list")
        lines.append(f"{card.fingerprint[:16]}  {card.kind}  {whose}  {since}")
        cards.append(
            {
                "card": card.fingerprint,
                "kind": card.kind.value,
                "officer": holder.officer_id if holder else None,
                "added": card.added.isoformat(),
                "by": card.by,
            }
        )
    return Answer(0, "\n".join(lines) or "no card opens any records here", {"cards": cards})


_VERBS: dict[str, Callable[[Home, argparse.Namespace], Answer]] = {
    "import-register": _import_register,
    "import-changes": _import_changes,
    "changes": _changes,
    "share": _share,
    "begin": _begin,
    "list": _list,
    "add": _add,
    "remove": _remove,
    "rotate": _rotate,
}
