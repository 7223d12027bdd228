"""Finding whose credential it is: by name and birth date, as somebody says them on the phone.

The name may be in Hangul or in Latin letters, whatever spaces, hyphens, accents or order.
It is looked for in three ways, because each alone would miss somebody. The words that the
case itself was issued upon are kept as keyed digests, which survive the purge without
saying who it was. The register extract in use may know another name by now, and leads by
its overseas number to the same digest of the holder. Cases of a time before such digests
are read themselves, while they can be.

What is found is the case's number, and under it what was given; changing what a status says
is :mod:`desk.store.status`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from desk.issuance.case import Case, CaseKind, RegisterFacts, State
from desk.issuance.record import from_plain
from desk.store import cases, register
from desk.store.models import CaseRow, CaseStepRow, HolderKeyRow, IntentRow, StatusEntryRow
from desk.store.register_file import hangul_key, latin_key
from desk.store.status import StatusSlot, Validity
from desk.store.troubles import CaseMissing


@dataclass(frozen=True)
class Person:
    """Whose credential it is. ``hangul`` or ``latin`` is empty where nobody says it any more."""

    hangul: str
    latin: str
    birth_date: date


@dataclass(frozen=True)
class Credential:
    """One that was signed and not voided: its place in the status list, what that says, the
    thumbprint (RFC 7638) of the phone's key it was issued to, the end of its signature, and
    where it says that its list is; both None where nobody noted that."""

    configuration: str
    slot: StatusSlot
    validity: Validity
    changed_at: datetime
    key: str
    signed_at: datetime | None
    valid_until: datetime | None
    status_uri: str | None = None


@dataclass(frozen=True)
class CaseFacts:
    """What is known of a case after its purge too. ``former`` is the case it renews,
    ``expires_on`` its administrative end, None where nobody noted it."""

    state: State
    kind: CaseKind
    former: str | None
    purged: bool
    delivered_at: datetime | None
    expires_on: date | None


def remember(session: Session, number: str) -> None:
    """Keep by which words the holder of this case is found again; once a case."""
    kept = select(HolderKeyRow.key).where(HolderKeyRow.case_number == number).limit(1)
    if session.scalars(kept).first() is not None:
        return
    row = session.get_one(CaseRow, number)
    if row.record is not None:
        for key in _keys_of(session, from_plain(Case, row.record)):
            session.add(HolderKeyRow(case_number=number, key=key))


def forget(session: Session, number: str) -> None:
    """The case is purged: unless one of its credentials stands, nobody will look for it."""
    stands = select(StatusEntryRow.position).where(
        StatusEntryRow.case_number == number, StatusEntryRow.validity != Validity.INVALID
    )
    if session.scalars(stands.limit(1)).first() is None:
        session.execute(delete(HolderKeyRow).where(HolderKeyRow.case_number == number))


def find(session: Session, name: str, birth_date: date) -> dict[str, Person]:
    """Cases that signed a credential for this person, by number, and the person as far as
    case, register or the words looked for say it."""
    typed = _typed(name, birth_date)
    if typed is None:
        return {}
    found: dict[str, Person] = {}
    for number in _by_key(session, typed):
        found[number] = typed
    for entry in _in_register(session, name, birth_date):
        person = _as_registered(entry)
        digest = cases.holder_digest(session, entry.overseas_number)
        found.update(dict.fromkeys(_of_holder(session, digest), person))
    for case in _never_kept(session):
        if set(_words_of(case)) & set(_words(typed)) and _born(case) == birth_date:
            found[case.number] = typed
    return {number: person_of(session, number) or person for number, person in found.items()}


def person_of(session: Session, number: str) -> Person | None:
    """The holder as the case itself says; None once it is purged."""
    row = session.get(CaseRow, number)
    if row is None or row.record is None:
        return None
    case = from_plain(Case, row.record)
    born = _born(case)
    if born is None:
        return None
    latin = case.document.latin_name if case.document else ""
    return Person(case.register.name_hangul if case.register else "", latin, born)


def credentials_of(session: Session, number: str) -> tuple[Credential, ...]:
    """What this case gave, in the order in which it was taken up."""
    query = (
        select(IntentRow, StatusEntryRow)
        .join(
            StatusEntryRow,
            (StatusEntryRow.list_name == IntentRow.list_name)
            & (StatusEntryRow.position == IntentRow.position),
        )
        .where(IntentRow.case_number == number, IntentRow.state.in_(("signed", "delivered")))
        .order_by(IntentRow.written_at, IntentRow.id)
    )
    return tuple(
        Credential(
            configuration=intent.format,
            slot=StatusSlot(entry.list_name, entry.position),
            validity=Validity(entry.validity),
            changed_at=entry.changed_at,
            key=intent.device_key,
            signed_at=intent.signed_at,
            valid_until=intent.valid_until,
            status_uri=intent.status_uri,
        )
        for intent, entry in session.execute(query)
    )


def case_facts(session: Session, number: str) -> CaseFacts:
    """Raises :class:`~desk.store.troubles.CaseMissing`."""
    row = session.get(CaseRow, number)
    if row is None:
        raise CaseMissing(number, case=number)
    query = select(CaseStepRow.at).where(
        CaseStepRow.case_number == number, CaseStepRow.state == State.DELIVERED.value
    )
    steps = session.scalars(query.order_by(CaseStepRow.position.desc()).limit(1))
    return CaseFacts(
        state=State(row.state),
        kind=CaseKind(row.kind),
        former=row.former,
        purged=row.purged_at is not None,
        delivered_at=steps.first(),
        expires_on=row.expires_on,
    )


# The words a person is found by


def is_hangul(name: str) -> bool:
    return bool(hangul_key(name))


def _plain(name: str) -> str:
    """One spelling of a name: Hangul syllables alone, or the letters A to Z alone."""
    if is_hangul(name):
        return hangul_key(name)
    return latin_key(name, "").rstrip("<")


def _typed(name: str, birth_date: date) -> Person | None:
    plain = _plain(name)
    if len(plain) < 2:
        return None
    shown = " ".join(name.split())
    return Person(shown, "", birth_date) if is_hangul(name) else Person("", shown, birth_date)


def _words(person: Person) -> tuple[str, ...]:
    return tuple(_plain(one) for one in (person.hangul, person.latin) if one)


def _words_of(case: Case) -> Iterator[str]:
    """Each name the case knows, Latin ones with either name first."""
    for hangul in (
        case.register.name_hangul if case.register else "",
        case.document.hangul_name if case.document else "",
    ):
        if is_hangul(hangul):
            yield _plain(hangul)
    for source in (case.register, case.document):
        if source is not None:
            yield _plain(source.surname + source.given_names)
            yield _plain(source.given_names + source.surname)


def _born(case: Case) -> date | None:
    source = case.document or case.register
    return source.birth_date if source else None


def _keys_of(session: Session, case: Case) -> frozenset[str]:
    born = _born(case)
    if born is None:
        return frozenset()
    return frozenset(_key(session, word, born) for word in _words_of(case) if word)


def _key(session: Session, word: str, birth_date: date) -> str:
    told = f"name:{word}:{birth_date.isoformat()}"
    return cases.keyed_digest(cases.pepper(session), told)


# The three ways


def _by_key(session: Session, typed: Person) -> tuple[str, ...]:
    keys = [_key(session, word, typed.birth_date) for word in _words(typed)]
    query = select(HolderKeyRow.case_number).where(HolderKeyRow.key.in_(keys)).distinct()
    return tuple(session.scalars(query))


def _in_register(session: Session, name: str, birth_date: date) -> tuple[RegisterFacts, ...]:
    if is_hangul(name):
        return register.by_hangul(session, name, birth_date)
    words = name.replace(",", " ").split()
    splits = [(words[:1], words[1:]), (words[-1:], words[:-1])] if len(words) > 1 else []
    found: dict[str, RegisterFacts] = {}
    for surname, given in splits:
        for entry in register.by_name(session, " ".join(surname), " ".join(given), birth_date):
            found[entry.overseas_number] = entry
    return tuple(found.values())


def _as_registered(entry: RegisterFacts) -> Person:
    latin = f"{entry.surname} {entry.given_names}".strip()
    return Person(entry.name_hangul, latin, entry.birth_date)


def _of_holder(session: Session, digest: str) -> tuple[str, ...]:
    query = (
        select(CaseRow.number)
        .join(IntentRow, IntentRow.case_number == CaseRow.number)
        .where(CaseRow.holder == digest, IntentRow.state != "void")
        .distinct()
    )
    return tuple(session.scalars(query))


def _never_kept(session: Session) -> Iterator[Case]:
    """Cases with a credential that stands, signed before anything was kept to find them by."""
    kept = select(HolderKeyRow.case_number)
    standing = select(StatusEntryRow.case_number).where(StatusEntryRow.validity != Validity.INVALID)
    query = select(CaseRow).where(
        CaseRow.number.in_(standing), CaseRow.number.not_in(kept), CaseRow.record.is_not(None)
    )
    for row in session.scalars(query):
        yield from_plain(Case, row.record)
