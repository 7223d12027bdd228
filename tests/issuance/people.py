"""Officers with cards, and a case that is ready to be signed, for the tests of four eyes.

The keys lie here in the open: the cards themselves are tested elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import NameOID

from desk.cards.certificates import raw_signature
from desk.cards.piv_data import KeyType, PrivateKey
from desk.issuance import approvals
from desk.issuance.case import (
    Act,
    Approval,
    Case,
    ComparedItem,
    Comparison,
    FaceCheck,
    Judgement,
    Purpose,
    advance,
    open_case,
)
from desk.issuance.digest import case_digest
from desk.issuance.officers import Officer
from desk.issuance.roles import Role
from tests.samples import ENTRY, PASSPORT

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
WAIT = timedelta(minutes=10)


@dataclass(frozen=True)
class KeyCard:
    """What slot 9A of a card holds."""

    key: PrivateKey
    certificate: bytes

    @classmethod
    def make(cls, name: str) -> KeyCard:
        return cls.of(ec.generate_private_key(ec.SECP256R1()), name)

    @classmethod
    def of(cls, key: PrivateKey, name: str) -> KeyCard:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=300))
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate.public_bytes(serialization.Encoding.DER))

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.certificate).hexdigest()

    def sign(self, data: bytes) -> bytes:
        """As :meth:`desk.cards.signer.CardSigner.sign` gives it."""
        kind = KeyType.of(self.key.public_key())
        assert kind is not None
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return raw_signature(self.key.sign(data, ec.ECDSA(kind.digest)), kind)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclass(frozen=True)
class Person:
    officer: Officer
    card: KeyCard = field(repr=False)

    @property
    def id(self) -> str:
        return self.officer.officer_id


def person(number: int, role: Role, post: str = "LA", sister_posts: tuple[str, ...] = ()) -> Person:
    officer_id = f"T-{number:03d}"
    card = KeyCard.make(officer_id)
    officer = Officer(
        officer_id=officer_id,
        name_ko=f"담당 {number}",
        name_en=f"Officer {number}",
        title_ko="영사",
        title_en="Consul",
        role=role,
        post=post,
        card=card.fingerprint,
        sister_posts=sister_posts,
    )
    return Person(officer, card)


LEE = person(1, Role.OFFICER)
PARK = person(2, Role.OFFICER)
JUNG = person(3, Role.APPROVER)
HEAD = person(4, Role.HEAD_OF_POST)
ADMINISTRATOR = person(5, Role.ADMINISTRATOR)
SISTER = person(6, Role.APPROVER, post="SF", sister_posts=("LA",))
STRANGER = person(7, Role.APPROVER, post="SE")
EVERYBODY = (LEE, PARK, JUNG, HEAD, ADMINISTRATOR, SISTER, STRANGER)


def listed(people: Iterable[Person] = EVERYBODY) -> dict[str, Officer]:
    """The list of officers, by card."""
    return {one.officer.card: one.officer for one in people}


def usable(_certificate: x509.Certificate, _now: datetime) -> None:
    """Every certificate is good."""


DIFFERENCE = ComparedItem(
    "passport_number", "A", "A", None, "B", Comparison.DIFFERENT, "renewed_not_reported"
)
FACE = FaceCheck(
    judgement=Judgement.SAME,
    judged_at=NOW,
    distance=0.38,
    band="similar",
    matcher="sample",
    matcher_version="1",
    limits=(0.45, 0.6),
    inter_eye_px=120.0,
    frame_sha256="00" * 32,
)


def checked_case(*rows: ComparedItem, preparers: tuple[str, ...] = (LEE.id,)) -> Case:
    """FACE_CHECKED, everything flagged opened by whoever prepared it."""
    case = open_case("LA-2026-000001", "LA", "3", LEE.id, "이서준", NOW - timedelta(minutes=9))
    case = advance(case, Act.CHECK_DOCUMENT, NOW, document=replace(PASSPORT, findings=()))
    case = advance(case, Act.FIND_ELIGIBLE, NOW, register=ENTRY)
    case = advance(case, Act.JUDGE_FACE, NOW, face=FACE)
    opened = tuple(f"difference:{row.item}" for row in rows)
    return replace(case, compared=rows, opened_items=opened, preparers=preparers)


def sign(
    case: Case,
    who: Person,
    purpose: Purpose,
    at: datetime = NOW,
    card: KeyCard | None = None,
) -> Approval:
    """An approval as this person's card (or another) signs it; nothing is checked."""
    card = card or who.card
    approval = approvals.draft(case_digest(case), who.officer, purpose, card.certificate, at)
    signature = card.sign(approvals.statement(case.number, approval))
    return replace(approval, signature=signature.hex())


def signed(case: Case, who: Person, purpose: Purpose, at: datetime = NOW) -> approvals.Signed:
    return approvals.Signed(case, sign(case, who, purpose, at), who.officer)
