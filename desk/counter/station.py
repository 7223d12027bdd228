"""One station: everything a case needs, built once and passed down.

Nothing here knows a window. Devices, clock and service are given by the composition root:
real ones at a post, training ones in a rehearsal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from desk.cards.revocation import Revocations
from desk.cards.session import CardSession
from desk.counter.officers import Officer, SignIn
from desk.counter.readers import ReaderRoles, Readers
from desk.counter.readying import Ready
from desk.counter.records import Records
from desk.counter.settings import Settings
from desk.credential.attestation import UNREAD, AttestationPolicy
from desk.credential.claims import ClaimProfile
from desk.credential.signer import LocalSigner
from desk.issuance.audit import Fact
from desk.issuance.case import Case, touched
from desk.issuance.eligibility import RuleBook
from desk.issuance.ports import EnrollmentLink, ServiceLists, StatusPlace
from desk.issuance.posts import Post, Posts
from desk.issuance.roles import Right
from desk.mrtd.trust import TrustStore
from desk.store import cases
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.session import Session
from desk.store.troubles import CaseChanged


@dataclass(frozen=True)
class Authority:
    """The ministry's certificates and the machine's own keys.

    ``anchors`` are IACA roots in DER; ``issuing`` what may stand between them and the
    officers' signer certificates; ``officer_roots`` issue for signing in; ``revocations``
    says what was taken back; ``attestations`` whose word on phones' keys counts.
    """

    anchors: tuple[bytes, ...]
    issuing: tuple[bytes, ...]
    officer_roots: tuple[bytes, ...]
    revocations: Revocations
    verifier: LocalSigner
    status_signer: LocalSigner
    attestations: AttestationPolicy = UNREAD


def _nothing_more(_station: Station) -> None: ...


@dataclass(frozen=True)
class Station:
    """``home`` holds the station's own files. ``prepare`` is called when the records have
    just opened. ``ready`` is what was made of cases whose phone is awaited."""

    home: Path
    settings: Settings
    post: Post
    posts: Posts
    now: Callable[[], datetime]
    records: Records
    readers: Readers
    roles: ReaderRoles
    trust: TrustStore
    officers: Mapping[str, Officer]
    authority: Authority
    profile: ClaimProfile
    rules: RuleBook
    link: EnrollmentLink
    training: bool = False
    status_storage: StatusPlace | None = None
    prepare: Callable[[Station], None] = _nothing_more
    ready: Ready = field(default_factory=Ready)

    @property
    def store(self) -> Store:
        """The open records. Raises :class:`~desk.counter.records.RecordsClosed`."""
        return self.records.store

    def open_records(self, session: CardSession, sign_in: SignIn) -> None:
        """Open the records with a card whose PIN was presented, where they are still closed."""
        if self.records.open(session, sign_in.officer.officer_id, self.stamp(sign_in.officer)):
            self.prepare(self)

    def note(self, officer: Officer | None, kind: str, **facts: Fact | float) -> None:
        """One event of no case for the log, which has it at the latest when the records open."""
        self.records.note(self.stamp(officer), kind, **facts)

    def stamp(self, officer: Officer | None = None) -> Stamp:
        """Now, in the name of ``officer`` or of the station itself."""
        actor = f"officer:{officer.officer_id}" if officer else self.actor
        return Stamp(self.now(), actor)

    @property
    def actor(self) -> str:
        return f"station:{self.settings.station.serial}"

    @property
    def status_place(self) -> StatusPlace:
        """Where everybody reads the status lists: a storage of files where the settings name
        one, else the service itself."""
        return self.status_storage or ServiceLists(self.link)

    def officer_card(self) -> AbstractContextManager[CardSession]:
        """A session with the officer's card, closed at the end."""
        return self.roles.officer_card()

    def touched(self, officer: Officer | None, case: Case) -> Case:
        """Before an act on ``case``: its officer may prepare cases, and is kept as having had
        a hand in this one. Raises :class:`~desk.issuance.roles.RoleMayNot`."""
        if officer is None:
            return case
        officer.role.demand(Right.PREPARE)
        return touched(case, officer.officer_id)

    def save(
        self,
        officer: Officer | None,
        case: Case,
        event: str,
        *,
        prepares: bool = True,
        **facts: str | float | None,
    ) -> Case:
        """Store ``case`` together with the event that tells of it. ``prepares``: it is an act
        of whoever carries the case, not of an approver who gives it back. Raises RoleMayNot."""
        case = self.touched(officer, case) if prepares else case
        with self.store.write() as session:
            cases.save(session, self.stamp(officer), case, event, **facts)
        return case

    def keep(self, officer: Officer | None, case: Case, event: str, **changes: Any) -> Case:
        """Store ``case`` with ``changes`` that leave its state as it is."""
        return self.revise(officer, case, event, lambda known: replace(known, **changes))

    def revise(
        self,
        officer: Officer | None,
        case: Case,
        event: str,
        change: Callable[[Case], Case],
        **facts: str | float | None,
    ) -> Case:
        """Store what ``change`` makes of the case as :func:`as_kept` has it. Raises RoleMayNot
        and what that raises."""
        with self.store.write() as session:
            changed = self.touched(officer, change(as_kept(session, case)))
            cases.save(session, self.stamp(officer), changed, event, **facts)
        return changed

    def load(self, number: str) -> Case:
        with self.store.read() as session:
            return cases.load(session, number)


def as_kept(session: Session, case: Case) -> Case:
    """The case as the records have it, in the caller's transaction: another act may have been
    kept since ``case`` was read, and in the same state it would be lost without a word.

    Raises :class:`~desk.store.troubles.CaseChanged` where the state is another one by now.
    """
    known = cases.load(session, case.number)
    if known.history != case.history:
        raise CaseChanged(case.number, case=case.number)
    return known
