"""A case driven by itself: what an officer and an applicant would do, without a window.

For the rehearsal's service mode, for load and for tests. Every step goes through the same
functions as the window's buttons; nothing is skipped and nothing is approved that the
rules would refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from desk.app.rehearsal import TRAINING_PIN, Rehearsal, officer_card, passport_of
from desk.cards.signer import CardSigner
from desk.counter import (
    approving,
    deciding,
    document,
    facing,
    intake,
    offering,
    signing,
    signing_in,
)
from desk.counter.officers import Officer
from desk.counter.values import make_ready
from desk.face.finder import FaceFinder
from desk.face.matcher import Matcher
from desk.face.quality import judge
from desk.issuance.case import Case, Comparison, Judgement, State
from desk.issuance.digest import case_digest
from desk.issuance.flagged import flagged_items
from desk.issuance.roles import Role
from desk.training.applicants import Applicant
from desk.training.officers import PEOPLE

APPROVER = next(place for place, one in enumerate(PEOPLE) if one.role is Role.APPROVER)
"""The place of the approver's card among the training cards."""


@dataclass
class Script:
    """Officer and applicant of a rehearsal that needs nobody."""

    rehearsal: Rehearsal
    officer: Officer

    # Loaded with the first face: a case that goes on behind it needs neither.

    @cached_property
    def finder(self) -> FaceFinder:
        return FaceFinder()

    @cached_property
    def matcher(self) -> Matcher:
        limits = self.rehearsal.station.settings.face
        return Matcher((limits.similar, limits.dissimilar))

    @classmethod
    def begin(cls, rehearsal: Rehearsal) -> Script:
        """Insert the training card and sign in with it."""
        station = rehearsal.station
        rehearsal.bench.insert_card(officer_card(rehearsal))
        with station.officer_card() as session:
            signed_in = signing_in.sign_in(station, session, bytearray(TRAINING_PIN, "ascii"))
        return cls(rehearsal, signed_in.officer)

    def approved_case(self, person: Applicant) -> Case:
        """From the empty window to APPROVED. Raises what the same acts raise for a person."""
        return self.to_approval(intake.open_case(self.rehearsal.station, self.officer), person)

    def to_approval(self, case: Case, person: Applicant) -> Case:
        """Go on with a case from where it stands, as after a restart, to APPROVED."""
        station, officer = self.rehearsal.station, self.officer
        if case.consent is None:
            agreed = dict.fromkeys(intake.PURPOSES, True)
            case = intake.record_consent(station, officer, case, agreed, "ko")
        if case.state is State.OPENED:
            case = self._read(case, person)
        if case.state is State.DOCUMENT_CHECKED:
            case = self._decide(case)
        if case.state is State.ELIGIBLE:
            case = self._judge(case, person)
        if case.state is State.FACE_CHECKED:
            case = self._approve(case)
        if case.state is State.PREPARED:
            case = self._approve_second(case)
        return case

    def _read(self, case: Case, person: Applicant) -> Case:
        station, officer = self.rehearsal.station, self.officer
        self.rehearsal.bench.lay_passport(passport_of(self.rehearsal, person))
        try:
            zone = "\n".join(person.mrz_lines)
            case = document.read_document(station, officer, case, zone, True, lambda _step: None)
        finally:
            self.rehearsal.bench.take_passport()
        return case

    def _decide(self, case: Case) -> Case:
        station, officer = self.rehearsal.station, self.officer
        for row in case.compared:
            if row.outcome is Comparison.DIFFERENT and not row.reason:
                case = document.explain(station, officer, case, row.item, "other_checked")
        case = deciding.confirm_in_person(station, officer, case)
        case = deciding.decide(station, officer, case)
        return deciding.accept(station, officer, case)

    def _judge(self, case: Case, person: Applicant) -> Case:
        frame = still_frame(person)
        quality = judge(self.finder.find(frame), frame)
        return facing.judge_face(
            self.rehearsal.station,
            self.officer,
            case,
            frame,
            quality,
            Judgement.SAME,
            self.matcher,
        )

    def _approve(self, case: Case) -> Case:
        station, officer = self.rehearsal.station, self.officer
        case = approving.ready_for_approval(station, officer, case)
        for item in flagged_items(case):
            case = approving.open_item(station, officer, case, item.key)
        pin = bytearray(TRAINING_PIN, "ascii")
        return approving.sign_as_preparer(station, officer, case, pin, case_digest(case))

    def _approve_second(self, case: Case) -> Case:
        """The approver puts another card in, looks at what is flagged, and signs."""
        station, bench = self.rehearsal.station, self.rehearsal.bench
        own = bench.card
        bench.insert_card(officer_card(self.rehearsal, APPROVER))
        try:
            with station.officer_card() as session:
                approver = approving.admit_approver(station, session, case)
            seen = {item.key: 1 for item in flagged_items(case)}
            case = approving.note_seen(station, approver, case, seen)
            pin = bytearray(TRAINING_PIN, "ascii")
            return approving.sign_as_approver(station, approver, case, pin, case_digest(case))
        finally:
            if own is not None:
                bench.insert_card(own)

    def offer(
        self, case: Case, tx_code: str, configurations: tuple[str, ...] | None = None
    ) -> Case:
        station = self.rehearsal.station
        case = offering.place_offer(station, self.officer, case, tx_code, configurations)
        make_ready(station, case)
        return case

    def unlocked_card(self) -> CardSigner:
        card = signing.case_signer(self.rehearsal.station)
        card.unlock(bytearray(TRAINING_PIN, "ascii"))
        return card

    def attend(self, case: Case, card: CardSigner, after: int, wait_s: float) -> tuple[Case, int]:
        """One round of the phone step: events, keys, signatures."""
        station = self.rehearsal.station
        if case.offer is None:
            return case, after
        news = station.link.news(case.offer.offer_id, after, wait_s)
        for event in news.events:
            after = event.seq
            case = offering.note_event(station, case, event)
            case = signing.note_delivery(station, self.officer, case, event)
        if case.state in (State.OFFERED, State.SIGNING):
            case, requests = signing.take_requests(station, self.officer, case, news.requests)
            case = signing.sign_requests(station, self.officer, case, requests, card)
        return case, after


def still_frame(person: Applicant) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """The frame in which the applicant sits still, as the camera gives it (RGB)."""
    with Image.open(person.frames_path / "still.jpg") as picture:
        return np.asarray(picture.convert("RGB"))
