"""A wallet without a network: answers by script, and waits where it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from desk.credential.claims import Format
from desk.credential.statuslist import Status
from desk.trouble import Trouble

PIN = "482915"


class PinWrong(Trouble):
    code = "PHONE-06"


class Unreachable(Trouble):
    code = "PHONE-02"


class TakesTooLong(Trouble):
    code = "PHONE-10"


class Used(Trouble):
    code = "PHONE-04"


class CheckOver(Trouble):
    code = "PHONE-13"


@dataclass(frozen=True)
class FakeRow:
    path: tuple[str, ...]
    names: Mapping[str, str]
    value: str | int | bool


@dataclass(frozen=True)
class FakeCard:
    card_id: str
    format: Format
    issuer: str = "https://issue.example.org/la"
    names: Mapping[str, str] = field(default_factory=lambda: {"ko": "신원확인증", "en": "ID"})
    portrait: bytes | None = None

    @property
    def rows(self) -> tuple[FakeRow, ...]:
        def row(element: str, value: str, name: str) -> FakeRow:
            mdoc = self.format is Format.MDOC
            path = ("org.iso.23220.1", element) if mdoc else (element,)
            return FakeRow(path, {"ko": name, "en": element}, value)

        return (
            row("family_name", "KIM", "성"),
            row("given_name", "HANEUL", "이름"),
            row("name_hangul", "김하늘", "한글 성명"),
            row("jurisdiction_post", "주로스앤젤레스총영사관", "관할 공관"),
            row("expiry_date", "2029-11-22", "만료일"),
        )


@dataclass(frozen=True)
class FakeOffer:
    issuer: str = "https://issue.example.org/la"
    configurations: tuple[str, ...] = ("mdoc", "sd-jwt")
    names: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: {"mdoc": {"ko": "신원확인증", "en": "ID"}}
    )
    needs_pin: bool = True


@dataclass(frozen=True)
class FakeRequest:
    card: FakeCard
    verifier: str = "CN=훈련 창구 1\\, 로스앤젤레스,O=재외동포청,C=KR"
    known_verifier: bool = True
    asked: tuple[tuple[str, ...], ...] = (
        ("org.iso.23220.1", "family_name"),
        ("org.iso.23220.1", "portrait"),
        ("family_name",),
        ("picture",),
    )


@dataclass(frozen=True)
class FakeEvent:
    step: str
    facts: Mapping[str, str | int | None] = field(default_factory=dict)


class FakeWallet:
    """``troubles`` maps a call to what it raises next; ``gate`` holds back the credential."""

    def __init__(self) -> None:
        self.kept: list[FakeCard] = []
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self.troubles: dict[str, list[BaseException]] = {}
        self.statuses: dict[str, Status | None] = {}
        self.offer = FakeOffer()
        self.gate = threading.Event()
        self.gate.set()
        self.closed = threading.Event()
        self.on_event: Callable[[FakeEvent], None] = lambda _event: None
        self._tries = 5

    @property
    def cards(self) -> tuple[FakeCard, ...]:
        return tuple(reversed(self.kept))

    def close(self) -> None:
        self.closed.set()
        self.gate.set()

    def _called(self, name: str) -> None:
        self.calls.append(name)
        self.threads.add(threading.current_thread().name)
        if self.troubles.get(name):
            raise self.troubles[name].pop(0)

    def scan(self, text: str) -> FakeOffer | FakeRequest:
        self._called("scan")
        return FakeRequest(self.cards[0]) if text.startswith("openid4vp") else self.offer

    def redeem(self, tx_code: str) -> tuple[FakeCard, ...]:
        self._called("redeem")
        if self.offer.needs_pin and tx_code != PIN:
            self._tries -= 1
            raise PinWrong(tries_left=self._tries)
        self.on_event(FakeEvent("pin_right"))
        return self._collect()

    def resume(self) -> tuple[FakeCard, ...]:
        self._called("resume")
        return self._collect()

    def _collect(self) -> tuple[FakeCard, ...]:
        brought = []
        for number, fmt in enumerate((Format.MDOC, Format.SD_JWT)):
            self.on_event(FakeEvent("key_sent"))
            if not self.gate.is_set():
                self.on_event(FakeEvent("waiting"))
            self.gate.wait(timeout=30)
            if self.closed.is_set():
                raise TakesTooLong
            card = FakeCard(f"card-{len(self.kept)}-{number}", fmt)
            self.kept.append(card)
            self.statuses.setdefault(card.card_id, Status.SUSPENDED)
            brought.append(card)
            self.on_event(FakeEvent("card_kept"))
        return tuple(brought)

    def status(self, card: FakeCard) -> Status | None:
        self._called("status")
        return self.statuses[card.card_id]

    def present(self) -> None:
        self._called("present")

    def decline(self) -> None:
        self._called("decline")

    def say_all(self, status: Status | None) -> None:
        self.statuses = dict.fromkeys(self.statuses, status)
