"""`desk card …`: finds the card, asks for secrets, and hands both to the commands.

Secrets are asked on the terminal without echo; where standard input is no terminal they
come from it, one a line in the order of asking. Nothing secret is an argument, because
arguments are seen by every process of the machine.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from desk.app.compose import load_certificates, load_revocations, officer_roots, utc_now
from desk.app.home import Home
from desk.app.pcsc_readers import ReadersNow
from desk.cards.piv import Pin, PivSession, wipe
from desk.cards.piv_data import KeyType, Slot
from desk.cards.troubles import ManagementRefused, NewPinsDiffer, OtherCard
from desk.counter import card_commands, provisioning
from desk.counter.card_commands import Answer, FileUnusable
from desk.counter.provisioning import Roots
from desk.counter.readers import ReaderRoles
from desk.counter.settings import ReaderSettings, Settings, load_settings
from desk.credential.claims import ISSUING_COUNTRY
from desk.trouble import Trouble
from desk.words import TroubleWords


class SecretMissing(Trouble):
    """A command needs a secret that nobody gave. Fact: what."""

    code = "CARD-38"


class Command:
    """One command: its home, the card it means and the secrets it asks for."""

    def __init__(self, home: Home, args: argparse.Namespace) -> None:
        self.args = args
        self.training: bool = args.training
        self.home = home.training if self.training else home
        self.settings: Settings = load_settings(self.home.settings)
        self.now = utc_now()
        self._piped = None if sys.stdin.isatty() else sys.stdin

    def roots(self) -> Roots:
        iaca = self.home.folder / self.settings.authority.iaca
        return Roots(
            signer=load_certificates(iaca) if iaca.exists() else (),
            sign_in=officer_roots(self.home, self.settings),
            country=ISSUING_COUNTRY,
            revocations=load_revocations(self.home, self.settings),
        )

    def introduced(self) -> bytes | None:
        """Tell what a PIN of this card must be and how many tries are left, before anybody
        types one; the card's identity. The card is let go while somebody types."""
        with self.card() as session:
            told = card_commands.policy_text(provisioning.pin_status(session))
            sys.stderr.write(told + "\n")
            return session.identity()

    @contextmanager
    def same_card(self, identity: bytes | None) -> Iterator[PivSession]:
        """Raises OtherCard where another one lies there by now: it gets no PIN."""
        with self.card() as session:
            if session.identity() != identity:
                raise OtherCard
            yield session

    @contextmanager
    def card(self) -> Iterator[PivSession]:
        """The card in the named reader, or in the first that holds an officer's card."""
        if self.training:
            with training_card(self.home, self.args.officer) as session:
                yield session
            return
        named = self.args.reader or self.settings.readers.officer
        roles = ReaderRoles(ReadersNow(), ReaderSettings(self.settings.readers.passport, named))
        with roles.piv_card() as session:
            yield session

    def secret(self, what: str) -> bytearray:
        """One secret, from the terminal or the next line of standard input."""
        if self._piped is None:
            text = getpass.getpass(f"{what}: ")
        else:
            text = self._piped.readline().rstrip("\r\n")
        if not text:
            raise SecretMissing(what=what)
        return bytearray(text, "utf-8")

    @contextmanager
    def pins(self, *what: str) -> Iterator[list[Pin]]:
        """The PINs asked for, wiped at the end; None where they are typed on the reader. At a
        terminal a new one is asked twice."""
        given: list[Pin] = []
        try:
            for name in what:
                given.append(None if self.args.pad else self.secret(name))
            if len(what) > 1 and self._piped is None and not self.args.pad:
                given.append(self.secret(f"{what[-1]}, again"))
                if given[-1] != given[-2]:
                    raise NewPinsDiffer
            yield given[: len(what)]
        finally:
            for pin in given:
                wipe(pin)

    def management_key(self) -> bytes:
        """From the file given, from the training card's maker, or asked for; in hexadecimal."""
        if self.args.management_key is not None:
            try:
                text = self.args.management_key.read_text(encoding="ascii")
            except (OSError, ValueError) as reason:
                raise FileUnusable(file=self.args.management_key.name) from reason
        elif self.training:
            from desk.training.piv_card import TRAINING_MANAGEMENT_KEY

            return TRAINING_MANAGEMENT_KEY
        else:
            text = self.secret("management key (hexadecimal)").decode("ascii", "replace")
        try:
            return bytes.fromhex(text.strip().replace(":", ""))
        except ValueError as reason:
            raise ManagementRefused("not hexadecimal") from reason


def run(home: Home, args: argparse.Namespace) -> int:
    """One of the commands by the name in ``args.verb``; its exit status."""
    command = Command(home, args)
    answer = _VERBS[args.verb](command)
    text = json.dumps(answer.facts, ensure_ascii=False) if args.json else answer.text
    sys.stdout.write(text + "\n")
    return answer.status


def _status(command: Command) -> Answer:
    with command.card() as session:
        return card_commands.status(session, command.roots(), command.now, _say)


def _request(command: Command) -> Answer:
    args = command.args
    slot = Slot(int(args.slot, 16))
    subject = provisioning.subject_for(slot, ISSUING_COUNTRY, args.organisation, args.name)
    card = command.introduced()
    with command.pins("card PIN") as (pin,):
        management_key = command.management_key()
        with command.same_card(card) as session:
            return card_commands.request(
                session,
                slot,
                KeyType[args.key],
                subject,
                (pin, management_key),
                args.out,
                command.now,
                over_old=args.over_old,
                last_try=args.last_try,
            )


def _install(command: Command) -> Answer:
    args = command.args
    card = command.introduced()
    with command.pins("card PIN") as (pin,):
        management_key = command.management_key()
        with command.same_card(card) as session:
            return card_commands.install(
                session,
                Slot(int(args.slot, 16)),
                args.file,
                command.roots(),
                (pin, management_key),
                command.now,
                last_try=args.last_try,
                say=_say,
            )


def _change_pin(command: Command) -> Answer:
    card = command.introduced()
    with (
        command.pins("present card PIN", "new card PIN") as (old, new),
        command.same_card(card) as session,
    ):
        session.change_pin(old, new, command.args.last_try)
        return card_commands.changed(session.tries_left())


def _unblock(command: Command) -> Answer:
    card = command.introduced()
    with command.pins("PUK", "new card PIN") as (puk, new), command.same_card(card) as session:
        session.unblock(puk, new)
        return card_commands.changed(session.tries_left())


def _revocations(command: Command) -> Answer:
    return card_commands.revocations(command.args.file, command.roots(), command.now)


_VERBS: dict[str, Callable[[Command], Answer]] = {
    "status": _status,
    "request": _request,
    "install": _install,
    "change-pin": _change_pin,
    "unblock": _unblock,
    "revocations": _revocations,
}


def _say(trouble: Trouble) -> str:
    spoken = TroubleWords().of(trouble.code, "en", trouble.facts)
    return f"{spoken.code}: {spoken.title}. {spoken.next}"


@contextmanager
def training_card(home: Home, number: int | None) -> Iterator[PivSession]:
    """The training card of officer ``number`` as the rehearsal left it; None: the recovery
    card."""
    from desk.app.rehearsal import TRAINING_PIN, kept_card
    from desk.app.training_records import recovery_card
    from desk.training.authority import TrainingAuthority

    authority = TrainingAuthority.load_or_create(home.folder / "authority", utc_now())
    if number is None:
        made = recovery_card(authority, home.folder, TRAINING_PIN, utc_now())
    else:
        made = kept_card(authority, home.folder, number - 1)
    with made as card:
        session = PivSession(card)
        session.select()
        yield session


def sign_request(home: Home, args: argparse.Namespace) -> int:
    """`desk rehearse sign-request`: the training authority answers a request."""
    from desk.training.authority import TrainingAuthority
    from desk.training.card_authority import certify

    folder = home.training.folder / "authority"
    authority = TrainingAuthority.load_or_create(folder, utc_now())
    try:
        certificate = certify(authority, args.file.read_bytes(), utc_now())
        args.out.write_bytes(certificate)
    except OSError as reason:
        raise FileUnusable(file=Path(str(reason.filename)).name) from reason
    sys.stdout.write(f"{args.out}\n")
    return 0


def revoke(home: Home, args: argparse.Namespace) -> int:
    """`desk rehearse revoke`: the training authority takes a certificate back."""
    from desk.training.authority import TrainingAuthority
    from desk.training.card_authority import revocation_list

    folder = home.training.folder / "authority"
    authority = TrainingAuthority.load_or_create(folder, utc_now())
    der = card_commands.read_certificate(args.file)
    try:
        args.out.write_bytes(revocation_list(authority, der, utc_now()))
    except OSError as reason:
        raise FileUnusable(file=args.out.name) from reason
    sys.stdout.write(f"{args.out}\n")
    return 0
