"""One applicant, one case: its states, what may follow what, and the facts it carries.

A case is a value. Every act makes a new one through :func:`advance`, which asks the
transition table first; what is not in the table is not possible. Storing, devices and
screens are others' work. Pictures are not part of a case: they lie beside it in the
store and are wiped by the retention rule, the case keeps their SHA-256 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from desk.issuance.eligibility import Verdict
from desk.mrtd.results import Finding, Result
from desk.trouble import Trouble


class NotPossible(Trouble):
    """The case's state does not allow this act."""

    code = "CASE-01"


class State(StrEnum):
    """Where a case stands. The last three are ends that issue nothing."""

    OPENED = "opened"
    DOCUMENT_CHECKED = "document_checked"
    ELIGIBLE = "eligible"
    FACE_CHECKED = "face_checked"
    PREPARED = "prepared"
    """Signed by whoever prepared it; another person's card is still to come."""
    APPROVED = "approved"
    OFFERED = "offered"
    SIGNING = "signing"
    DELIVERED = "delivered"
    PROVEN = "proven"
    ACTIVATED = "activated"
    """Made usable by two persons' cards; no phone has presented it."""
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        return self not in ENDS


PREPARING = frozenset({State.OPENED, State.DOCUMENT_CHECKED, State.ELIGIBLE, State.FACE_CHECKED})
"""Whoever acts on a case in these states has prepared what is approved afterwards."""

ENDS = frozenset({State.PROVEN, State.ACTIVATED, State.REFUSED, State.CANCELLED, State.EXPIRED})


class Act(StrEnum):
    """What moves a case from one state to another."""

    CHECK_DOCUMENT = "check_document"
    FIND_ELIGIBLE = "find_eligible"
    JUDGE_FACE = "judge_face"
    PREPARE = "prepare"
    APPROVE = "approve"
    RETURN = "return"
    OFFER = "offer"
    TAKE_KEY = "take_key"
    DELIVER = "deliver"
    PROVE = "prove"
    ACTIVATE = "activate"
    WITHDRAW_OFFER = "withdraw_offer"
    GO_BACK = "go_back"
    REFUSE = "refuse"
    CANCEL = "cancel"
    EXPIRE = "expire"


_WORKING = (
    State.OPENED,
    State.DOCUMENT_CHECKED,
    State.ELIGIBLE,
    State.FACE_CHECKED,
    State.PREPARED,
    State.APPROVED,
    State.OFFERED,
    State.SIGNING,
    State.DELIVERED,
)

# Reading the document again is possible until the approval: everything judged on the
# former reading falls with it.
TRANSITIONS: Mapping[tuple[State, Act], State] = {
    (State.OPENED, Act.CHECK_DOCUMENT): State.DOCUMENT_CHECKED,
    (State.DOCUMENT_CHECKED, Act.CHECK_DOCUMENT): State.DOCUMENT_CHECKED,
    (State.DOCUMENT_CHECKED, Act.FIND_ELIGIBLE): State.ELIGIBLE,
    (State.ELIGIBLE, Act.JUDGE_FACE): State.FACE_CHECKED,
    (State.FACE_CHECKED, Act.PREPARE): State.PREPARED,
    (State.FACE_CHECKED, Act.APPROVE): State.APPROVED,
    (State.PREPARED, Act.APPROVE): State.APPROVED,
    (State.PREPARED, Act.RETURN): State.FACE_CHECKED,
    (State.APPROVED, Act.RETURN): State.FACE_CHECKED,
    (State.APPROVED, Act.OFFER): State.OFFERED,
    (State.OFFERED, Act.TAKE_KEY): State.SIGNING,
    (State.SIGNING, Act.DELIVER): State.DELIVERED,
    (State.DELIVERED, Act.PROVE): State.PROVEN,
    (State.DELIVERED, Act.ACTIVATE): State.ACTIVATED,
    (State.OFFERED, Act.WITHDRAW_OFFER): State.APPROVED,
    (State.SIGNING, Act.WITHDRAW_OFFER): State.APPROVED,
    (State.DELIVERED, Act.WITHDRAW_OFFER): State.APPROVED,
    (State.ELIGIBLE, Act.GO_BACK): State.DOCUMENT_CHECKED,
    (State.FACE_CHECKED, Act.GO_BACK): State.ELIGIBLE,
    **{(state, Act.REFUSE): State.REFUSED for state in _WORKING[:6]},
    **{(state, Act.CANCEL): State.CANCELLED for state in _WORKING},
    **{(state, Act.EXPIRE): State.EXPIRED for state in _WORKING},
}


class CaseKind(StrEnum):
    """What a case is for.

    REISSUE: a credential for another phone, which ends that of the former case. RESUME: the
    suspended credential of the former case is usable again on its own phone; nothing is signed.
    """

    ISSUE = "issue"
    REISSUE = "reissue"
    RESUME = "resume"


_WITH_OFFER = frozenset({State.OFFERED, State.SIGNING, State.DELIVERED})

# A resume needs no offer: the phone holds the key already, and only has to show it.
RESUMING: Mapping[tuple[State, Act], State] = {
    **{
        (state, act): target
        for (state, act), target in TRANSITIONS.items()
        if state not in _WITH_OFFER and act is not Act.OFFER
    },
    (State.APPROVED, Act.PROVE): State.PROVEN,
}


class Judgement(StrEnum):
    """What the officer sees before any score is shown; final once given."""

    SAME = "same"
    UNSURE = "unsure"
    DIFFERENT = "different"


class Comparison(StrEnum):
    """How the sources of one item stand to each other."""

    SAME = "same"
    SPACING_ONLY = "spacing_only"
    TRANSLITERATED = "transliterated"
    """The same name, its letters written as a machine readable zone may write them."""
    TRUNCATED = "truncated"
    """The same name as far as the machine readable zone has room for it."""
    DIFFERENT = "different"
    NOT_IN_REGISTER = "not_in_register"
    NOT_ON_CHIP = "not_on_chip"


@dataclass(frozen=True)
class ComparedItem:
    """One item in four sources; ``None`` where a source does not hold it.

    ``reason`` is the key of the officer's reason for a difference; without it the case
    does not go on.
    """

    item: str
    printed: str | None
    chip: str | None
    typed: str | None
    register: str | None
    outcome: Comparison
    reason: str | None = None


@dataclass(frozen=True)
class Document:
    """What was read from the passport, and how it was judged.

    ``findings`` come in the order in which they were made; ``portrait_sha256`` names the
    picture beside the case (hex). ``files`` are the sizes of what was read, by name in the
    order of reading; ``commands``, ``sent`` and ``received`` (bytes) what went over the
    reader, 0 in records of a time when nobody counted. ``hangul_name`` is empty unless the
    chip's DG11 holds it, which few do.
    """

    document_code: str
    number: str
    surname: str
    given_names: str
    birth_date: date
    sex: str
    nationality: str
    issuing_state: str
    expiry_date: date
    mrz: tuple[str, ...]
    overall: Result
    findings: tuple[Finding, ...]
    access: str
    portrait_type: str
    portrait_sha256: str
    read_at: datetime
    seconds: float
    bytes_read: int
    protocols: tuple[str, ...] = ()
    files: Mapping[str, int] = field(default_factory=dict)
    commands: int = 0
    sent: int = 0
    received: int = 0
    hangul_name: str = ""

    @property
    def latin_name(self) -> str:
        return f"{self.surname} {self.given_names}".strip()


@dataclass(frozen=True)
class RegisterFacts:
    """The register entry as it stood when the case used it. ``resident_number`` is shown
    masked only, and kept only inside the encrypted store."""

    overseas_number: str
    name_hangul: str
    surname: str
    given_names: str
    birth_date: date
    sex: str
    nationality: str
    resident_number: str = field(repr=False)
    passport_number: str
    post: str
    address: str
    status: str
    status_date: date | None
    status_reason: str
    as_of: datetime
    registered_on: date | None = None


@dataclass(frozen=True)
class FaceCheck:
    """The officer's judgement first, then the machine's figures (Euclidean distance)."""

    judgement: Judgement
    judged_at: datetime
    distance: float
    band: str
    matcher: str
    matcher_version: str
    limits: tuple[float, float]
    inter_eye_px: float
    frame_sha256: str


@dataclass(frozen=True)
class Consent:
    """What the applicant agreed to: purposes, text version, language, time, who pressed."""

    purposes: tuple[str, ...]
    version: str
    language: str
    given_at: datetime
    given_by: str = "applicant"


class Purpose(StrEnum):
    """As what a card signs: the first two a case, the others an act on what it issued
    (:mod:`desk.issuance.aftercare`)."""

    PREPARE = "prepare"
    APPROVE = "approve"
    REVOKE = "revoke"
    ACTIVATE = "activate"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True)
class Approval:
    """One card's signature (hex: raw r || s, or RSA) over the statement that
    :func:`desk.issuance.approvals.statement` makes of the other members.

    ``digest`` is that of the case (SHA-256 of RFC 8785 JSON, hex), ``words`` its check words.
    ``certificate`` is the 9A certificate in DER (hex), ``role`` and ``post`` what the list of
    officers said of its holder. The last four are missing in records of a time when only one
    card signed.
    """

    digest: str
    words: tuple[str, ...]
    officer: str
    officer_name: str
    certificate_sha256: str
    signature: str
    approved_at: datetime
    purpose: Purpose = Purpose.PREPARE
    role: str = ""
    post: str = ""
    certificate: str = ""


@dataclass(frozen=True)
class SeenItem:
    """The evidence of a flagged item was on an approver's screen, so long in all."""

    key: str
    officer: str
    at: datetime
    seconds: int


@dataclass(frozen=True)
class ApprovalRequest:
    """A second card is asked for; after ``expires_at`` the case returns to its officer."""

    asked_at: datetime
    expires_at: datetime
    seen: tuple[SeenItem, ...] = ()


@dataclass(frozen=True)
class Returned:
    """Why an approver gave the case back: a reason key and his own words. ``officer`` is
    empty where nobody did: the time was over."""

    reason: str
    at: datetime
    officer: str = ""
    remark: str = ""


@dataclass(frozen=True)
class OfferFacts:
    """The live offer. The issuance PIN is never part of it."""

    offer_id: str
    uri: str
    configurations: tuple[str, ...]
    placed_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class IssuedCredential:
    """One signed credential: which key it names and where its status stands."""

    configuration: str
    device_key: str
    status_uri: str
    status_index: int
    signed_at: datetime
    valid_until: datetime
    delivered_at: datetime | None = None
    status_list: str = "1"
    """The list's name; before there were several, all were called so."""


@dataclass(frozen=True)
class UseProof:
    """The phone presented what it received: when, which, and when the list said valid."""

    proven_at: datetime
    configurations: tuple[str, ...]
    published_at: datetime


@dataclass(frozen=True)
class Activation:
    """Two persons made usable what no phone presented: who, why, and over which digest."""

    activated_at: datetime
    officers: tuple[str, ...]
    reason: str
    digest: str


@dataclass(frozen=True)
class Ending:
    """Why a case ended without a credential: a reason key, the rule or code behind it,
    and the officer's own words."""

    reason: str
    code: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Step:
    """A state and when the case entered it."""

    state: State
    at: datetime


@dataclass(frozen=True)
class Case:
    """``number`` is post-year-running number; ``history`` begins with OPENED. ``officer`` is
    whose case it is now, ``preparers`` everybody who had a hand in it before the approval.
    ``former`` is the number of the case whose credential this one replaces or resumes, and
    ``renewal_reason`` the key of the reason for it; None and empty in an ordinary case."""

    number: str
    post: str
    window: str
    officer: str
    officer_name: str
    opened_at: datetime
    state: State = State.OPENED
    history: tuple[Step, ...] = ()
    language: str = "ko"
    typed_mrz: tuple[str, ...] = ()
    document: Document | None = None
    register: RegisterFacts | None = None
    compared: tuple[ComparedItem, ...] = ()
    in_person_at: datetime | None = None
    consent: Consent | None = None
    verdict: Verdict | None = None
    face: FaceCheck | None = None
    opened_items: tuple[str, ...] = ()
    data_confirmed_at: datetime | None = None
    preparers: tuple[str, ...] = ()
    request: ApprovalRequest | None = None
    returned: Returned | None = None
    approvals: tuple[Approval, ...] = ()
    expiry_date: date | None = None
    pin_set_at: datetime | None = None
    offer: OfferFacts | None = None
    issued: tuple[IssuedCredential, ...] = ()
    proof: UseProof | None = None
    activation: Activation | None = None
    slips: tuple[str, ...] = ()
    held: str | None = None
    ending: Ending | None = None
    closed_at: datetime | None = None
    kind: CaseKind = CaseKind.ISSUE
    former: str | None = None
    renewal_reason: str = ""

    @property
    def name(self) -> str:
        """The name people use: in Hangul from the register, else as the chip writes it."""
        if self.register is not None:
            return self.register.name_hangul
        return self.document.latin_name if self.document else ""

    @property
    def issued_configurations(self) -> tuple[str, ...]:
        """What was issued, each once: a phone may have got one of a kind for several keys."""
        return tuple(dict.fromkeys(one.configuration for one in self.issued))

    def last_day(self, zone: tzinfo) -> date | None:
        """As :func:`last_day` of what was issued; before it was, its administrative end."""
        return last_day(self.expiry_date, (one.valid_until for one in self.issued), zone)

    def entered(self, state: State) -> datetime | None:
        """When the case last entered ``state``, if it ever did."""
        times = [step.at for step in self.history if step.state is state]
        return times[-1] if times else None


def last_day(
    administrative: date | None, signatures: Iterable[datetime], zone: tzinfo
) -> date | None:
    """The last day in ``zone`` on which a credential can be used to its end: that of its
    administrative life or of the signatures' (``valid_until`` each), whichever comes first.
    None where neither is known."""
    days = [(end.astimezone(zone) - timedelta(microseconds=1)).date() for end in signatures]
    return min([*days, *([administrative] if administrative else [])], default=None)


def open_case(
    number: str, post: str, window: str, officer: str, officer_name: str, at: datetime
) -> Case:
    """A new case in OPENED."""
    return Case(
        number=number,
        post=post,
        window=window,
        officer=officer,
        officer_name=officer_name,
        opened_at=at,
        history=(Step(State.OPENED, at),),
        preparers=(officer,),
    )


def touched(case: Case, officer: str) -> Case:
    """``case`` after an act of ``officer``, who has prepared it if nobody has signed it yet."""
    if case.state not in PREPARING or officer in case.preparers:
        return case
    return replace(case, preparers=(*case.preparers, officer))


def handed_over(case: Case, officer: str, officer_name: str) -> Case:
    """``case`` as ``officer``'s, who goes on with it; whoever prepared it stays known."""
    return replace(touched(case, officer), officer=officer, officer_name=officer_name)


def advance(case: Case, act: Act, at: datetime, **facts: object) -> Case:
    """The case after ``act``, with ``facts`` set on it. Raises :class:`NotPossible`."""
    table = RESUMING if case.kind is CaseKind.RESUME else TRANSITIONS
    target = table.get((case.state, act))
    if target is None:
        raise NotPossible(f"{act} in {case.state}", act=act.value, state=case.state.value)
    history = (*case.history, Step(target, at))
    return replace(case, state=target, history=history, **facts)  # type: ignore[arg-type]


def unexplained(case: Case) -> tuple[ComparedItem, ...]:
    """Differences that still lack the officer's reason."""
    return tuple(
        item for item in case.compared if item.outcome is Comparison.DIFFERENT and not item.reason
    )
