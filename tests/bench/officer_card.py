"""The officer's card: round trip, sign-in, two credentials signed; and what watching costs.

    python -m tests.bench.officer_card [TIMES]

The training card is laid behind a pcscd of the bench's own, through the virtual driver. The
time of the card (its arithmetic, in a thread of this process) is measured around the chip
and taken off, so that «host» is the desk's share without the service, and «service» what
carrying the commands costs. Real cards add 12.7 to 146 ms a signature (median 59 of 18
published cards).
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from desk.cards import pcsc
from desk.cards.piv import PivSession
from desk.cards.piv_data import TAG_CHUID, Slot
from desk.cards.session import CardSession
from desk.cards.signer import CardSigner
from desk.cards.watcher import Watcher
from desk.counter import officers
from desk.counter.officers import Officer, SignIn
from desk.credential import intent
from desk.credential.claims import CredentialValues, Format, load_profile
from desk.credential.signer import LocalKey
from desk.credential.terms import StatusReference, Validity
from desk.iso7816.connection import CardConnection
from desk.issuance.roles import Role
from desk.store import key_ring, unlocking
from desk.store.database import StoreKind
from desk.store.journal import Stamp
from desk.store.key import new_key
from desk.store.key_ring import CardKind
from desk.store.vault import FileVault
from desk.training.authority import TrainingAuthority
from desk.training.piv_card import PivCard
from tests.pcscd import Missing, PcscService, own_service
from tests.prepared import prepare

PIN = "246813"
WATCHED_SECONDS = 20.0
HOST_LIMIT_MS = 15.0
WATCHER_LIMIT = 1.0
"""Per cent of a core."""


class Timed:
    """A chip that adds up the time it takes itself."""

    def __init__(self, card: PivCard) -> None:
        self.card = card
        self.atr = card.atr
        self.seconds = 0.0
        self.commands = 0

    def transmit(self, apdu: bytes) -> bytes:
        begun = time.perf_counter()
        answer = self.card.transmit(apdu)
        self.seconds += time.perf_counter() - begun
        self.commands += 1
        return answer

    def reset(self) -> None:
        self.card.reset()


class OnTheWay:
    """Adds up the time between a command's leaving and its answer: service and card."""

    def __init__(self, inner: CardConnection) -> None:
        self._inner = inner
        self.seconds = 0.0

    def transmit(self, apdu: bytes) -> bytes:
        begun = time.perf_counter()
        answer = self._inner.transmit(apdu)
        self.seconds += time.perf_counter() - begun
        return answer


@dataclass(frozen=True)
class Sample:
    """Milliseconds; ``host`` is what is left when card and carrying are taken off."""

    whole: float
    card: float
    service: float
    host: float
    commands: int


class Bench:
    """One card in one reader, and what an act with it costs."""

    def __init__(self, reader: str, chip: Timed) -> None:
        self.reader, self.chip = reader, chip
        self._carried = 0.0

    @contextmanager
    def session(self) -> Iterator[PivSession]:
        """As `ReaderRoles` opens one. Opening and closing count as carrying."""
        begun = time.perf_counter()
        connection = pcsc.connect(self.reader)
        self._carried += time.perf_counter() - begun
        way = OnTheWay(connection)
        try:
            session = PivSession(way)
            session.select()
            yield session
        finally:
            self._carried += way.seconds
            begun = time.perf_counter()
            connection.close()
            self._carried += time.perf_counter() - begun

    def sample(self, act: Callable[[], object]) -> Sample:
        self.chip.seconds, self.chip.commands, self._carried = 0.0, 0, 0.0
        begun = time.perf_counter()
        act()
        whole = time.perf_counter() - begun
        card, carried = self.chip.seconds, self._carried
        parts = (whole, card, carried - card, whole - carried)
        return Sample(*(part * 1000 for part in parts), self.chip.commands)


def main(arguments: list[str]) -> int:
    times = int(arguments[0]) if arguments else 50
    try:
        with own_service() as service:
            return 0 if measure(service, times) else 1
    except Missing as reason:
        sys.stderr.write(f"{reason}\n")
        return 1


def measure(service: PcscService, times: int) -> bool:
    """Whether both limits hold."""
    now = datetime.now(UTC)
    made = TrainingAuthority.create(now).officers[0].slots
    keys = {Slot(slot): pair.private for slot, pair in made.items()}
    certificates = {Slot(slot): pair.der for slot, pair in made.items()}
    print(f"{times} times each, milliseconds: median (95th of a hundred)\n")
    print(f"{'':<34}{'commands':>9}{'whole':>15}{'card':>15}{'service':>15}{'host':>15}")
    with service.slot(0) as slot:
        chip = Timed(PivCard(keys, certificates, pin=PIN))
        bench = Bench(slot.lay(chip), chip)
        round_trips(bench, times)
        show("sign in", [bench.sample(lambda: sign_in(bench)) for _ in range(times)])
        with records_of(chip.card) as vault:
            opened = [bench.sample(lambda: sign_in(bench, vault)) for _ in range(times)]
            show("sign in that opens the records", opened)
        show("two credentials, a session each", signatures(bench, times, sign_apart))
        both = signatures(bench, times, sign_together)
        show("two credentials, one session", both)
        chip.card = PivCard(keys, certificates, pin=PIN, strict=False)
        show("the same, card that holds the PIN", signatures(bench, times, sign_together))
        whole = [bench.sample(lambda: issue(bench)) for _ in range(times)]
        show("the same with mdoc and SD-JWT made", whole)
        host = statistics.median(one.host for one in whole)
        print(f"\nhost time of two credentials: {host:.1f} ms, limit {HOST_LIMIT_MS:.0f} ms")
        return watching() < WATCHER_LIMIT and host < HOST_LIMIT_MS


def round_trips(bench: Bench, times: int) -> None:
    """GET DATA of the card's identifier, over an open connection."""
    with bench.session() as session:
        found = []
        for _ in range(times * 4):
            begun = time.perf_counter()
            session.get_data(TAG_CHUID)
            found.append((time.perf_counter() - begun) * 1000)
    print(f"{'one command there and back':<34}{1:>9}{spread(found):>15}")


@contextmanager
def records_of(card: PivCard) -> Iterator[FileVault]:
    """Empty records that the card opens."""
    now, key = datetime.now(UTC), new_key()
    with tempfile.TemporaryDirectory() as folder:
        vault = FileVault(Path(folder) / "records.db", StoreKind.TRAINING)
        with card:
            session = PivSession(card)
            session.select()
            entry = key_ring.enrolled(session, CardKind.OFFICER, "", now, "bench")
        vault.put_ring(key_ring.to_bytes(key_ring.new_ring("00" * 16, key, [entry], now)))
        vault.open(key).close()
        yield vault


def sign_in(bench: Bench, vault: FileVault | None = None) -> None:
    """As the sign-in page does it; with ``vault`` the records open in the same session."""
    now = datetime.now(UTC)

    def open_records(session: CardSession, signed_in: SignIn) -> None:
        if vault is not None:
            stamp = Stamp(now, "officer:T-001")
            unlocking.unlock(vault, session, signed_in.officer.officer_id, stamp).close()

    with bench.session() as session:
        card = officers.read_card_identity(session)
        known = Officer("T-001", "담당자", "Officer", "영사", "Consul", Role.OFFICER, "LA", card)
        pin = bytearray(PIN, "ascii")
        officers.sign_in(session, pin, {card: known}, "LA", lambda: now, after_pin=open_records)


def signatures(bench: Bench, times: int, act: Callable[[CardSigner], object]) -> list[Sample]:
    """The signer is unlocked before: what is measured begins with the first signature."""
    found = []
    for _ in range(times):
        with CardSigner(bench.session) as signer:
            signer.unlock(bytearray(PIN, "ascii"))
            found.append(bench.sample(lambda signer=signer: act(signer)))  # type: ignore[misc]
    return found


def sign_apart(signer: CardSigner) -> None:
    for data in CREDENTIALS:
        signer.sign(data)


def sign_together(signer: CardSigner) -> None:
    signer.sign_all(CREDENTIALS)


# As long as the bytes that are signed for an mdoc and for an SD-JWT of the desk's profile.
CREDENTIALS = (b"m" * 2_400, b"s" * 3_200)


def issue(bench: Bench) -> None:
    """Both credentials of an invented person from their values to their bytes: the intents,
    kept and restored as the desk does it, the signatures, the credentials."""
    now = datetime.now(UTC)
    profile = load_profile()
    key = LocalKey.generate().public
    status = StatusReference("https://issuer.example/status/1", 41_007)
    with CardSigner(bench.session) as signer:
        signer.unlock(bytearray(PIN, "ascii"))
        validity = Validity.of(
            now, timedelta(days=365), profile.rounding, signer.certificate_chain[0]
        )
        kept = [
            prepare(
                kind, profile, VALUES, key=key, issuer=signer, validity=validity, status=status
            ).to_bytes()
            for kind in Format
        ]
        prepared = [intent.restore(material) for material in kept]
        signatures = signer.sign_all([one.to_be_signed for one in prepared])
        for one, signature in zip(prepared, signatures, strict=True):
            one.credential(signature)


# Invented. The picture has the size of a passport's, and is of nobody.
VALUES = CredentialValues(
    family_name="HONG",
    given_name="YUNSEO",
    name_hangul="홍윤서",
    birth_date=date(1991, 3, 14),
    sex=2,
    portrait=b"\xff\xd8\xff" + bytes(20_000),
    issue_date=date(2026, 11, 23),
    expiry_date=date(2029, 11, 22),
    issuing_authority="재외동포청",
    overseas_number="LA-2019-000001",
    jurisdiction_post="주로스앤젤레스총영사관",
)


def watching() -> float:
    """Share of a core, in per cent, that this process takes while it only watches."""
    told: list[object] = []
    watcher = Watcher(told.append)
    watcher.start()
    time.sleep(2)
    begun, wall = processor_seconds(), time.perf_counter()
    time.sleep(WATCHED_SECONDS)
    used = processor_seconds() - begun
    share = used / (time.perf_counter() - wall) * 100
    watcher.stop()
    print(
        f"watcher, nothing happening for {WATCHED_SECONDS:.0f} s: "
        f"{used * 1000:.1f} ms of processor time, "
        f"{share:.3f} % of a core (limit {WATCHER_LIMIT:.0f} %)"
    )
    return share


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def show(name: str, samples: list[Sample]) -> None:
    columns = [
        spread([getattr(one, part) for one in samples])
        for part in ("whole", "card", "service", "host")
    ]
    cells = "".join(f"{column:>15}" for column in columns)
    print(f"{name:<34}{samples[-1].commands:>9}{cells}")


def spread(values: list[float]) -> str:
    late = sorted(values)[int(len(values) * 0.95)]
    return f"{statistics.median(values):.1f} ({late:.1f})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
