"""The service searched for a planted applicant after a hundred issuances (I9).

    python -m tests.enrollment.blindness [--issuances 100] [--database file|server]

First phones that encrypt: names, numbers and portrait must be nowhere, neither in the service's
memory nor in its database and log. Then phones that do not: nowhere at rest. Without
``--database`` both kinds of database are searched: a file with its write-ahead log, and a
PostgreSQL with its dump, its files and its write-ahead log. Prints a table; ends with 1 where
something was found.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from desk.credential import jose
from desk.credential.claims import CredentialValues
from desk.credential.signer import LocalKey
from desk.enrollment.keys import make_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.training.authority import TrainingAuthority
from desk.training.phone import Phone
from desk.training.wallet_issuer import Manner
from tests.enrollment.counter import PIN, Counter, invented_values, now
from tests.enrollment.steps import Steps
from tests.enrollment.test_presenting import ask
from tests.postgres import Database, PostgresServer, own_server

FORMATS = ("mdoc", "sd-jwt")


def applicant() -> CredentialValues:
    """An invented applicant whose names are too long to stand anywhere by chance."""
    return replace(
        invented_values(),
        family_name="MAENGKKONGI",
        given_name="CHORONGBULBIT",
        name_hangul="맹꽁이초롱불빛",
    )


def planted(counter: Counter) -> dict[str, set[bytes]]:
    """What must be nowhere, in the spellings the formats use, by what it is."""
    values = counter.values
    names = [values.family_name, values.given_name, values.name_hangul or ""]
    numbers = [values.document_number, values.travel_document_number, values.overseas_number]
    return {
        "name": set[bytes]().union(*map(_spellings, names)),
        "number": set[bytes]().union(*map(_spellings, filter(None, numbers))),
        "birth date": _spellings(values.birth_date.isoformat()),
        "portrait": {piece for piece in _pieces(values.portrait)},
    }


def _spellings(text: str) -> set[bytes]:
    """As it is, as json.dumps writes what is not ASCII, and both in base64."""
    plain = {text.encode(), json.dumps(text).strip('"').encode()}
    return plain | set[bytes]().union(*map(in_base64, plain))


def _pieces(picture: bytes) -> set[bytes]:
    """A part of the coded content, raw and in base64."""
    piece = picture[200:230]
    return {piece} | in_base64(piece)


def in_base64(text: bytes) -> set[bytes]:
    """The parts of ``text`` that stay the same wherever it begins in a base64 text."""
    spellings = set()
    for before in range(3):
        padded = b"\0" * before + text
        first, after = -(-8 * before // 6), 8 * len(padded) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            spellings.add(encode(padded)[first:after])
    # Fewer characters stand in any large text by chance.
    return {one for one in spellings if len(one) >= 8}


def found(content: bytes, secrets: Mapping[str, set[bytes]]) -> list[str]:
    """What of the planted applicant stands in ``content``; never the secret itself."""
    return [what for what, spelled in secrets.items() if any(one in content for one in spelled)]


# Issuances


@dataclass
class Place:
    """A running service, its desk, and where its data lie."""

    counter: Counter
    process: ServiceProcess
    folder: Path
    stored: Callable[[], bytes]

    def at_rest(self) -> bytes:
        """The database with all that belongs to it, and the log."""
        logs = b"".join(path.read_bytes() for path in self.folder.glob("*.log"))
        return self.stored() + logs

    def memory(self) -> bytes:
        return memory_of(self.process.pid or 0)


def issue(counter: Counter, issuances: int, encrypts: bool) -> str:
    """So many issuances, both formats in turn, the first by a whole phone that presents what
    it got; the last offer's identifier."""
    offer_id = ""
    with httpx.Client(trust_env=False, timeout=15) as web:
        for number in range(issuances):
            configuration = FORMATS[number % len(FORMATS)]
            steps = Steps(web, counter, counter.place(configuration))
            offer_id = steps.offer.offer_id
            if number == 0:
                _whole_phone(steps, encrypts)
            elif encrypts:
                _encrypted(steps, configuration)
            else:
                _plain(steps, configuration)
    return offer_id


def _whole_phone(steps: Steps, encrypts: bool) -> None:
    """From the offer to the presentation at the counter."""
    counter, authority = steps.counter, steps.counter.authority
    phone = Phone(
        steps.web,
        now,
        anchors=(authority.iaca,),
        verifiers=(authority.relying_party_root,),
        manner=Manner(encrypt=encrypts),
    )
    with counter.answering(steps.offer.offer_id):
        phone.scan(steps.offer.uri)
        (card,) = phone.redeem(PIN)
    _, check = ask(counter, card.format)
    phone.scan(check.uri)
    phone.present()
    assert counter.link.check_answer(check.check_id, 5) is not None


def _encrypted(steps: Steps, configuration: str) -> None:
    token, opener = steps.token(), LocalKey.generate()
    body = steps.request_body(credential_configuration_id=configuration)
    later = steps.encrypted(token, body, opener=opener)
    transaction = _opened(later, opener)["transaction_id"]
    assert steps.counter.answer_all(steps.offer.offer_id) == 1
    asked = {"transaction_id": transaction}
    answer = steps.encrypted(token, asked, "deferred", opener=opener)
    assert _opened(answer, opener)["credentials"]


def _opened(answer: httpx.Response, opener: LocalKey) -> dict[str, str]:
    assert answer.headers["content-type"] == "application/jwt"
    opened: dict[str, str] = json.loads(jose.decrypt(answer.text, opener.private))
    return opened


def _plain(steps: Steps, configuration: str) -> None:
    token = steps.token()
    later = steps.credential(token, credential_configuration_id=configuration)
    assert steps.counter.answer_all(steps.offer.offer_id) == 1
    asked = {"transaction_id": later.json()["transaction_id"]}
    assert steps.post("deferred", token, json=asked).json()["credentials"]


# Services and where their data lie


@contextmanager
def place(server: PostgresServer | None, authority: TrainingAuthority) -> Iterator[Place]:
    """A service that defers at once, with a file or on a PostgreSQL."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        key = make_key_file(folder / "station.key")
        database = server.database() if server else None
        order = ServiceOrder(
            database.address if database else folder / "mailbox.sqlite",
            folder / "station.key",
            folder / "service.log",
            extra=("--wait", "0"),
        )
        process = ServiceProcess(order)
        stack.callback(process.stop)
        link = stack.enter_context(HttpLink(process.start(), key))

        def stored() -> bytes:
            if server is not None and database is not None:
                return on_server(server, database)
            return b"".join(path.read_bytes() for path in folder.glob("mailbox.sqlite*"))

        yield Place(Counter(link, authority, values=applicant()), process, folder, stored)


def on_server(server: PostgresServer, database: Database) -> bytes:
    """The dump, the tables with what is removed but not yet overwritten, the log."""
    with database.connect() as connection:
        connection.execute("CHECKPOINT")
        query = "SELECT oid::text FROM pg_database WHERE datname = current_database()"
        ((oid,),) = connection.execute(query).fetchall()
    files = [file for file in server.files() if file.parent.name in (oid, "pg_wal")]
    return server.dump(database) + b"".join(file.read_bytes() for file in files)


def memory_of(pid: int) -> bytes:
    """All that a process has written to: heaps, stacks, mapped files of its own."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *rest = line.split()
            if not rights.startswith("rw") or rest[-1] in ("[vvar]", "[vsyscall]"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            memory.seek(start)
            try:
                parts.append(memory.read(end - start))
            except OSError:
                continue
    return b"".join(parts)


@dataclass(frozen=True)
class Looked:
    """One search: ``sees`` says that it found what does stand there."""

    phones: str
    where: str
    size: int
    sees: bool
    seen: list[str]

    @property
    def line(self) -> str:
        verdict = ", ".join(self.seen) or "nothing" if self.sees else "the search is blind"
        return f"{self.phones:<12} {self.where:<9} {self.size / 1e6:8.1f} MB  {verdict}"


def search(
    server: PostgresServer | None, authority: TrainingAuthority, issuances: int
) -> Iterator[Looked]:
    """Both kinds of phones, each at a service of its own."""
    for encrypts, phones in ((True, "encrypting"), (False, "plain")):
        with place(server, authority) as made:
            secrets = planted(made.counter)
            known = issue(made.counter, issuances, encrypts).encode()
            parts = {"database": made.at_rest()}
            if encrypts:
                parts["memory"] = made.memory()
        for where, content in parts.items():
            yield Looked(phones, where, len(content), known in content, found(content, secrets))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.enrollment.blindness")
    parser.add_argument("--issuances", type=int, default=100)
    parser.add_argument("--database", choices=("file", "server"))
    args = parser.parse_args(arguments)
    authority, right = TrainingAuthority.create(now()), True
    for kind in [args.database] if args.database else ["file", "server"]:
        with ExitStack() as stack:
            server = stack.enter_context(own_server()) if kind == "server" else None
            sys.stdout.write(f"{kind}, {args.issuances} issuances each\n")
            for looked in search(server, authority, args.issuances):
                sys.stdout.write(looked.line + "\n")
                right = right and looked.sees and not looked.seen
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
