"""A small desk for tests: it orders offers, verifies proofs, signs and answers.

It does over ``HttpLink`` what the counter does, with a training signer in place of the
officer's card, and can be told not to answer.
"""

from __future__ import annotations

import io
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from PIL import Image

from desk.credential.attestation import UNREAD, AttestationPolicy
from desk.credential.claims import ClaimProfile, CredentialValues, load_profile
from desk.credential.intent import Said
from desk.credential.keys import DeviceKey
from desk.credential.proof import verify_proofs
from desk.credential.signer import LocalSigner
from desk.credential.statuslist import ListTerms, Status, StatusList, sign_cwt, sign_jwt
from desk.credential.terms import StatusReference, Validity
from desk.enrollment.link import HttpLink
from desk.issuance.ports import EventKind, KeyRequest, Offer, OfferEvent, OfferOrder
from desk.training.authority import SIGNATURE, TrainingAuthority

PIN = "482915"
WRONG_PIN = "111111"
INDEX = 4_711


def now() -> datetime:
    """The real clock: the service under test is another process."""
    return datetime.now(UTC)


def invented_values() -> CredentialValues:
    """An invented applicant; the name and numbers are the canary of the blindness tests."""
    picture = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((240, 320)).save(picture, "JPEG")
    return CredentialValues(
        family_name="MAENG",
        given_name="CHORONG",
        name_hangul="맹초롱",
        birth_date=date(1988, 7, 21),
        sex=2,
        portrait=picture.getvalue(),
        issue_date=now().date(),
        expiry_date=now().date() + timedelta(days=1000),
        issuing_authority="재외동포청",
        document_number="KR-0009-5512",
        travel_document_number="M00000932",
        overseas_number="2026-0000932",
        jurisdiction_post="주베트남 대한민국 대사관",
    )


@dataclass
class Counter:
    """One desk at one service."""

    link: HttpLink
    authority: TrainingAuthority
    profile: ClaimProfile = field(default_factory=load_profile)
    values: CredentialValues = field(default_factory=invented_values)
    attestations: AttestationPolicy = UNREAD
    batch: int = 10

    @property
    def signer(self) -> LocalSigner:
        return self.authority.officers[0].slots[SIGNATURE].signer

    def place(
        self, *configurations: str, pin: str = PIN, life: timedelta = timedelta(minutes=10)
    ) -> Offer:
        order = OfferOrder(
            secrets.token_urlsafe(24), configurations or ("mdoc",), pin, now() + life
        )
        return self.link.place_offer(order)

    def credential(self, request: KeyRequest) -> str:
        """Verify the proof, then sign a credential for its key."""
        return self.credentials(request)[0]

    def credentials(self, request: KeyRequest, *ready: Said) -> list[str]:
        """Verify the proofs, then sign a credential for each key; what was made ``ready`` for
        one is taken first."""
        found = verify_proofs(
            {request.proof_type: list(request.proofs)},
            audience=self.link.issuer,
            nonce=request.nonce,
            now=now(),
            most=self.batch,
            attestations=self.attestations,
        )
        said = [*ready, *(self._say(request.configuration) for _ in found[len(ready) :])]
        return [self._signed(said[n], key, INDEX + n) for n, key in enumerate(found)]

    def get_ready(self, configuration: str) -> Said:
        """What needs no key of the phone's, while it is on its way."""
        self.link.get_ready()
        return self._say(configuration)

    def _say(self, configuration: str) -> Said:
        return Said(self.profile.format_of(configuration), self.profile, self.values)

    def _signed(self, said: Said, key: DeviceKey, index: int) -> str:
        leaf = self.signer.certificate_chain[0]
        prepared = said.prepare(
            key=key,
            issuer=self.signer,
            validity=Validity.of(now(), timedelta(days=365), self.profile.rounding, leaf),
            status=StatusReference(self.link.status_uri("1"), index),
        )
        return prepared.credential(self.signer.sign(prepared.to_be_signed))

    def answer_all(self, offer_id: str) -> int:
        """Answer what waits; how many were answered."""
        return self.answer(self.link.requests(offer_id))

    def answer(self, requests: Sequence[KeyRequest], *ready: Said) -> int:
        for request in requests:
            self.link.answer(request, self.credentials(request, *ready))
            ready = ()
        return len(requests)

    def kinds(self, offer_id: str) -> list[EventKind]:
        return [event.kind for event in self.link.events(offer_id, 0, 0)]

    def wait_for(self, offer_id: str, kind: EventKind, count: int = 1) -> list[OfferEvent]:
        """All events up to the ``count``-th of ``kind``, by long polls."""
        seen: list[OfferEvent] = []
        for _ in range(60):
            seen += self.link.events(offer_id, seen[-1].seq if seen else 0, 5)
            if sum(event.kind is kind for event in seen) >= count:
                return seen
        raise AssertionError(f"no {kind} among {[event.kind for event in seen]}")

    def publish(self, status: Status) -> None:
        statuses = StatusList(10_000)
        statuses.set(INDEX, status)
        uri = self.link.status_uri("1")
        terms = ListTerms(uri, now(), now() + timedelta(days=1), timedelta(minutes=5))
        signer = self.authority.status_signer
        self.link.publish_status(
            "1", sign_jwt(statuses, terms, signer), sign_cwt(statuses, terms, signer)
        )

    @contextmanager
    def answering(self, offer_id: str) -> Iterator[None]:
        """Answer this offer's requests from a thread of its own, as they come."""
        ended = threading.Event()
        thread = threading.Thread(target=self._attend, args=(offer_id, ended))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _attend(self, offer_id: str, ended: threading.Event) -> None:
        after = 0
        while not ended.is_set():
            for event in self.link.events(offer_id, after, 0.3):
                after = event.seq
                if event.kind is EventKind.KEY_RECEIVED:
                    self.answer_all(offer_id)
