"""The invented officers of the rehearsal, and their list as the training ministry signs it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from desk.credential.jose import sign_compact, x5c_header
from desk.credential.signer import Signer
from desk.issuance.officers import LIST_TYPE, Officer, list_payload
from desk.issuance.roles import Role

LIST_LIFE = timedelta(days=180)


@dataclass(frozen=True)
class Person:
    """Nobody of this name works anywhere."""

    officer_id: str
    name_ko: str
    name_en: str
    title_ko: str
    title_en: str
    role: Role


PEOPLE = (
    Person("T-001", "이서준", "Lee Seojun", "영사", "Consul", Role.OFFICER),
    Person("T-002", "정유나", "Jung Yuna", "영사", "Consul", Role.OFFICER),
    Person("T-003", "한도윤", "Han Doyun", "영사", "Consul", Role.APPROVER),
    Person("T-004", "박선영", "Park Sunyoung", "총영사", "Consul General", Role.HEAD_OF_POST),
    Person("T-005", "오민재", "Oh Minjae", "행정관", "Administrator", Role.ADMINISTRATOR),
)
"""In the order of their cards."""


def officers_of(post: str, cards: Sequence[str]) -> tuple[Officer, ...]:
    """The people at ``post``, each with the card (SHA-256 of its 9A certificate) given."""
    return tuple(
        Officer(
            officer_id=person.officer_id,
            name_ko=person.name_ko,
            name_en=person.name_en,
            title_ko=person.title_ko,
            title_en=person.title_en,
            role=person.role,
            post=post,
            card=card,
        )
        for person, card in zip(PEOPLE, cards, strict=True)
    )


def sign_list(
    signer: Signer,
    officers: Collection[Officer],
    number: int,
    now: datetime,
    life: timedelta = LIST_LIFE,
) -> str:
    """The list as a file's text; it ends no later than ``life`` after ``now``."""
    header = {
        "alg": signer.algorithm,
        "typ": LIST_TYPE,
        "x5c": x5c_header(signer.certificate_chain),
    }
    return sign_compact(header, list_payload(number, now, now + life, officers), signer)
