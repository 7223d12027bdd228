"""What the applicant's window may know, and nothing else.

Frozen values without Qt. Personal values are kept out of ``repr`` because a snapshot may
end in a traceback. Times are UTC; the window turns them into post time and Korea time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from desk.issuance.pin_rules import PinFacts

LANGUAGES = ("ko", "en", "zh", "vi")
TRIES = 5
"""Wrong PINs on the phone until the offer is void."""


class Page(StrEnum):
    """The pages, in the order of the journey."""

    IDLE = "idle"
    WELCOME = "welcome"
    CONSENT = "consent"
    PASSPORT = "passport"
    PASSPORT_MOVED = "passport_moved"
    PASSPORT_DONE = "passport_done"
    CAMERA = "camera"
    CHECKING = "checking"
    DATA = "data"
    PIN = "pin"
    QR = "qr"
    SENDING = "sending"
    WRONG_PIN = "wrong_pin"
    EXPIRED = "expired"
    NO_TRIES = "no_tries"
    PROVE = "prove"
    DONE = "done"
    NOT_PROVEN = "not_proven"
    BARRED = "barred"
    HIDDEN = "hidden"
    REGISTRATION_CHECK = "registration_check"
    REFUSED = "refused"
    FURTHER_CHECK = "further_check"
    SLIP = "slip"

    @property
    def step(self) -> int | None:
        """The step of the panel, 1 to 7; none where the panel shows no current step."""
        return _STEPS.get(self)


_STEPS = {
    Page.WELCOME: 1,
    Page.CONSENT: 1,
    Page.PASSPORT: 2,
    Page.PASSPORT_MOVED: 2,
    Page.PASSPORT_DONE: 2,
    Page.CAMERA: 3,
    Page.CHECKING: 3,
    Page.DATA: 4,
    Page.PIN: 5,
    Page.QR: 6,
    Page.SENDING: 6,
    Page.WRONG_PIN: 6,
    Page.EXPIRED: 6,
    Page.NO_TRIES: 6,
    Page.PROVE: 6,
    Page.DONE: 7,
    Page.NOT_PROVEN: 7,
    Page.BARRED: 7,
}


ALL_STEPS = (1, 2, 3, 4, 5, 6, 7)
RESUMING = (1, 2, 3, 6, 7)
"""Without the data that go onto a phone, and without the PIN for it."""


class Progress(StrEnum):
    """State of one phase."""

    WAITING = "waiting"
    NOW = "now"
    DONE = "done"


@dataclass(frozen=True)
class PostFacts:
    """``name`` in Korean as on its seal; ``city`` by language; ``zone`` an IANA name."""

    name: str
    city: Mapping[str, str]
    zone: str


class Kept(StrEnum):
    """How long something is kept; ``count`` fills the number of years or days."""

    RECORD_YEARS = "record_years"
    ENCRYPTED_YEARS = "encrypted_years"
    ENCRYPTED_DAYS = "encrypted_days"
    DAYS_AFTER = "days_after"
    VISIT_END = "visit_end"
    CREDENTIAL_END = "credential_end"


@dataclass(frozen=True)
class Purpose:
    """One row of the consent page. ``key``: passport, face, phone, reminder, resident.

    ``asked`` is false for what the law settles: it is told, not asked.
    """

    key: str
    kept: Kept
    count: int = 0
    required: bool = True
    asked: bool = True


@dataclass(frozen=True)
class Reading:
    """The passport's chip: ``percent`` follows bytes; four phases in the order open,
    details, photo, genuine."""

    percent: int
    phases: tuple[Progress, Progress, Progress, Progress]


class Spoken(StrEnum):
    """One guidance at a time, the worst first; words in ``applicant.toml``, «spoken»."""

    HEAD_LEFT = "head_left"
    HEAD_RIGHT = "head_right"
    CLOSER = "closer"
    BACK = "back"
    CHIN_UP = "chin_up"
    GLASSES = "glasses"
    DARK_SIDE = "dark_side"
    ONE_PERSON = "one_person"
    NO_FACE = "no_face"
    NO_CAMERA = "no_camera"
    HOLD = "hold"
    TAKEN = "taken"

    @property
    def good(self) -> bool:
        return self in (Spoken.HOLD, Spoken.TAKEN)


@dataclass(frozen=True)
class CameraView:
    """``None`` for a check that was not made: it shows as waiting, never as good."""

    guidance: Spoken
    one_person: bool | None = None
    distance: bool | None = None
    light: bool | None = None
    direction: bool | None = None


@dataclass(frozen=True)
class PersonData:
    """What the phone will show. ``portrait`` is an encoded picture (JPEG or PNG)."""

    name: str = field(repr=False)
    latin: str = field(repr=False)
    birth_date: date = field(repr=False)
    nationality: str = field(repr=False)
    passport_number: str = field(repr=False)
    resident_number: str = field(repr=False)
    address: str = field(repr=False)
    post: str
    valid_until: date
    portrait: bytes = field(default=b"", repr=False)


class LiveState(StrEnum):
    """How far the phone is, in order."""

    WAITING = "waiting"
    SCANNED = "scanned"
    PIN_OK = "pin_ok"
    PHONE_READY = "phone_ready"
    SIGNING = "signing"
    SAVED = "saved"


@dataclass(frozen=True)
class QrFacts:
    """A QR on this window: enrollment or check. Nothing of it is kept once it is gone."""

    text: str = field(repr=False)
    started_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class ServiceLine:
    """A service that accepts the credential; ``starts``: a date, ``now`` or not set.
    ``announced``: it is said to, but has not said itself what it asks for."""

    name: Mapping[str, str]
    now: bool = False
    starts: date | None = None
    announced: bool = False


@dataclass(frozen=True)
class LossContact:
    """Empty where the post has not configured a number; then no number is shown."""

    day: str = ""
    night: str = ""


@dataclass(frozen=True)
class Ending:
    """Pages 07, 07b and 07c."""

    valid_until: date
    services: tuple[ServiceLine, ...] = ()
    loss: LossContact = LossContact()


@dataclass(frozen=True)
class Refusal:
    """Page 09: why and what would make it yes, each by language.

    ``reason`` is a key below «reason» in ``applicant.toml`` («registered.struck_off») or
    words by language. ``face_taken`` chooses the true sentence about pictures.
    """

    reason: str | Mapping[str, str]
    steps: tuple[Mapping[str, str], ...] = ()
    face_taken: bool = False
    slip_printed: bool = True


@dataclass(frozen=True)
class ApplicantScreen:
    """One moment of the window. ``case_key`` is opaque and changes with the case: what
    was typed or ticked for one case never survives into another.

    ``language`` is followed when it changes from one snapshot to the next; the applicant's
    own choice stands in between. ``step`` is needed for HIDDEN only. ``resumes``: the phone
    has it already, and only shows it again.
    """

    page: Page
    post: PostFacts
    language: str = "ko"
    case_key: str = ""
    step: int | None = None
    consent: tuple[Purpose, ...] = ()
    reading: Reading | None = None
    camera: CameraView | None = None
    face_taken: bool = True
    data: PersonData | None = None
    pin_facts: PinFacts = field(default_factory=PinFacts)
    keypad: str = "1234567890"
    qr: QrFacts | None = None
    live: LiveState = LiveState.WAITING
    tries_left: int = TRIES
    ended_at: datetime | None = None
    ending: Ending | None = None
    refusal: Refusal | None = None
    slip: bytes = field(default=b"", repr=False)
    slip_has_qr: bool = False
    resumes: bool = False

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of the panel that this visit has."""
        return RESUMING if self.resumes else ALL_STEPS

    @property
    def shown_step(self) -> int | None:
        return self.step if self.step is not None else self.page.step
