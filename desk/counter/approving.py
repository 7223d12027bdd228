"""The review: what needs eyes first, then one card signs one digest of the case.

Every flagged item must have been opened before the card is asked. The signature goes over
the digest with a prefix of its own, so that it can never pass for another kind of signature
of the same key. A second card for exceptions comes with the four-eyes rule; until then a
case with such an exception says so in its approval.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from desk.cards.piv import Pin
from desk.cards.piv_data import Slot
from desk.cards.signer import CardSigner
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.values import administrative_expiry
from desk.issuance.case import Act, Approval, Case, Comparison, Judgement, advance
from desk.issuance.digest import case_digest, check_words
from desk.mrtd.results import Result
from desk.trouble import Trouble

SIGNATURE_PREFIX = b"desk-case-approval-1:"


class NotAllOpened(Trouble):
    """Flagged items have not been looked at yet."""

    code = "REVIEW-01"


class CaseChangedSince(Trouble):
    """The case is not the one whose digest was shown."""

    code = "REVIEW-02"


@dataclass(frozen=True)
class FlaggedItem:
    """``key`` names the item, ``code`` its words where it is a finding; ``level`` is a
    result of the passport check or ``different`` or ``against_band``."""

    key: str
    level: str
    code: str = ""
    facts: tuple[tuple[str, str], ...] = ()


def flagged_items(case: Case) -> tuple[FlaggedItem, ...]:
    """What the officer must open: differences, findings that are not passed, and a
    judgement that stands against the machine's band."""
    return (*_differences(case), *_findings(case), *_face(case))


def _differences(case: Case) -> tuple[FlaggedItem, ...]:
    return tuple(
        FlaggedItem(
            key=f"difference:{row.item}",
            level="different",
            facts=(
                ("item", row.item),
                ("chip", row.chip or ""),
                ("register", row.register or ""),
                ("reason", row.reason or ""),
            ),
        )
        for row in case.compared
        if row.outcome is Comparison.DIFFERENT
    )


def _findings(case: Case) -> tuple[FlaggedItem, ...]:
    if case.document is None:
        return ()
    return tuple(
        FlaggedItem(
            key=f"finding:{number}:{finding.code}",
            level=finding.result.value,
            code=finding.code,
            facts=tuple((name, str(value)) for name, value in finding.facts.items()),
        )
        for number, finding in enumerate(case.document.findings)
        if finding.result in (Result.FAILED, Result.UNDECIDED)
    )


def _face(case: Case) -> tuple[FlaggedItem, ...]:
    if case.face is None or case.face.judgement is not Judgement.SAME:
        return ()
    if case.face.band == "similar":
        return ()
    return (FlaggedItem("face:band", "against_band", facts=(("band", case.face.band),)),)


def open_item(station: Station, officer: Officer, case: Case, key: str) -> Case:
    """Note that the evidence of a flagged item was on the screen."""
    if key in case.opened_items:
        return case
    changed = replace(case, opened_items=(*case.opened_items, key))
    return station.save(officer, changed, "REVIEW.ITEM_OPENED", act=key.split(":", maxsplit=1)[0])


def ready_for_approval(station: Station, officer: Officer, case: Case) -> Case:
    """Fix what the approval covers besides what was found: how long the credential holds."""
    if case.expiry_date is not None or case.document is None:
        return case
    today = station.now().astimezone(station.post.zone).date()
    years = station.settings.credential.administrative_years
    expiry = administrative_expiry(today, case.document.expiry_date, years)
    return station.keep(officer, case, "REVIEW.BEGUN", expiry_date=expiry)


def approve(
    station: Station,
    officer: Officer,
    case: Case,
    pin: Pin,
    shown_digest: bytes,
    allow_last_try: bool = False,
) -> Case:
    """The officer's card signs the digest that was shown: APPROVED.

    Raises :class:`NotAllOpened`, :class:`CaseChangedSince` and the card's troubles; no
    refusal counts as a signature. ``pin`` is wiped in any case, None is typed on the reader.
    """
    missing = {item.key for item in flagged_items(case)} - set(case.opened_items)
    if missing:
        raise NotAllOpened(count=len(missing))
    digest = case_digest(case)
    if digest != shown_digest:
        raise CaseChangedSince(case=case.number)
    card = CardSigner(
        station.officer_card,
        Slot.AUTHENTICATION,
        now=station.now,
        usable=station.authority.revocations.check,
    )
    with card:
        card.unlock(pin, allow_last_try)
        signature = card.sign(SIGNATURE_PREFIX + digest)
    approval = Approval(
        digest=digest.hex(),
        words=tuple(korean for korean, _ in check_words(digest)),
        officer=officer.officer_id,
        officer_name=officer.name_ko,
        certificate_sha256=hashlib.sha256(card.certificate_chain[0]).hexdigest(),
        signature=signature.hex(),
        approved_at=station.now(),
    )
    approved = advance(case, Act.APPROVE, approval.approved_at, approvals=(approval,))
    return station.save(
        officer,
        approved,
        "CASE.APPROVED",
        digest=approval.digest,
        certificate=approval.certificate_sha256,
    )
