"""What the training phone shows: one frozen snapshot, made by its control.

The pictures and claims of a credential are personal data; their fields stay out of
``repr``. The language is the window's own, so words from outside come in all of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from desk.ui.glyphs import Glyph

PIN_LENGTH = 6


class Page(StrEnum):
    """The phone's pages."""

    HOME = "home"
    OFFER = "offer"
    PIN = "pin"
    PROGRESS = "progress"
    CARD = "card"
    REQUEST = "request"
    SENT = "sent"
    DECLINED = "declined"
    TROUBLE = "trouble"


class CardState(StrEnum):
    """What the issuer's status list says of an ID, as its holder reads it.

    PREPARED holds from delivery until the list says «valid» for the first time; the same
    entry afterwards reads SUSPENDED. UNKNOWN: the list could not be read.
    """

    PREPARED = "prepared"
    USABLE = "usable"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    UNKNOWN = "unknown"

    @property
    def glyph(self) -> Glyph:
        return _GLYPHS[self]


_GLYPHS = {
    CardState.PREPARED: Glyph.WAITING,
    CardState.USABLE: Glyph.PASSED,
    CardState.SUSPENDED: Glyph.ATTENTION,
    CardState.REVOKED: Glyph.FAILED,
    CardState.UNKNOWN: Glyph.UNDECIDED,
}

Names = Mapping[str, str]
"""A name by locale, as the issuer's metadata gives it."""


@dataclass(frozen=True)
class ClaimLine:
    """One claim: ``element`` is the last part of its path."""

    element: str
    names: Names
    value: str | int | bool | None = field(repr=False)
    """None where the value is a picture."""


@dataclass(frozen=True)
class CardView:
    """One ID as its holder sees it; several formats of one ID are one card."""

    card_id: str
    names: Names
    issuer: str
    state: CardState
    formats: tuple[str, ...]
    hangul: str = field(default="", repr=False)
    latin: str = field(default="", repr=False)
    birth: str = field(default="", repr=False)
    post: str = ""
    until: str = ""
    """ISO 8601 day of the administrative end."""
    portrait: bytes | None = field(default=None, repr=False)
    """JPEG."""
    claims: tuple[ClaimLine, ...] = field(default=(), repr=False)
    sent: bool = False
    """Presented by this phone; the desk has not made it usable yet."""


@dataclass(frozen=True)
class OfferView:
    """An offer before any PIN. ``formats`` counts the credentials of it."""

    issuer: str
    names: Names
    formats: int
    needs_pin: bool


@dataclass(frozen=True)
class PinView:
    """``wrong``: the PIN given last was not right; ``tries_left`` None: not told."""

    wrong: bool = False
    tries_left: int | None = None
    checking: bool = False


class Stage(StrEnum):
    """The steps of receiving, in their order."""

    PIN = "pin"
    KEY = "key"
    SIGNATURE = "signature"
    KEPT = "kept"


@dataclass(frozen=True)
class ProgressView:
    """``stage`` is under way. ``waiting``: the issuer has put the credential off until
    the officer signs."""

    stage: Stage
    waiting: bool = False
    kept: int = 0
    expected: int = 1
    with_pin: bool = True


@dataclass(frozen=True)
class RequestView:
    """Who asks for which claims of which card."""

    verifier: str
    known: bool
    card: CardView
    asked: tuple[ClaimLine, ...] = field(repr=False)
    sending: bool = False


class Again(StrEnum):
    """What ``retry`` does on the trouble page; NOTHING shows no button for it."""

    NOTHING = "nothing"
    SCAN = "scan"
    SAME = "same"
    PIN = "pin"
    CHECK = "check"


@dataclass(frozen=True)
class TroubleView:
    code: str
    facts: Mapping[str, object]
    again: Again


@dataclass(frozen=True)
class PhoneScreen:
    """The whole phone. ``cards`` are shown on HOME, newest first; ``card`` on CARD, SENT.

    ``reading``: a QR is being read. ``no_qr``: the desk shows none. ``just_kept``: CARD
    follows on receiving. ``asking``: the status is being asked for.
    """

    page: Page = Page.HOME
    cards: tuple[CardView, ...] = ()
    reading: bool = False
    no_qr: bool = False
    offer: OfferView | None = None
    pin: PinView = PinView()
    progress: ProgressView | None = None
    card: CardView | None = None
    just_kept: bool = False
    asking: bool = False
    request: RequestView | None = None
    trouble: TroubleView | None = None
