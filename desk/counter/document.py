"""The passport step: open the chip, judge it, find the person in the register, compare.

Reading again throws away everything that was judged on the former reading.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from desk.counter import checklog
from desk.counter.compare import REASONS, compare_sources
from desk.counter.officers import Officer
from desk.counter.station import Station, as_kept
from desk.issuance.case import Act, Case, Document, RegisterFacts, advance, unexplained
from desk.mrtd import check_log
from desk.mrtd import mrz as zone
from desk.mrtd.mrz import Mrz
from desk.mrtd.reader import Kept, PassportReading, ReadProgress, read_passport
from desk.mrtd.results import Check, Result, gravest
from desk.store import cases, notices, register
from desk.store.cases import BlobKind
from desk.trouble import Trouble

_KEPT_FILES = {
    "COM": BlobKind.EF_COM,
    "SOD": BlobKind.EF_SOD,
    "CardSecurity": BlobKind.EF_CARD_SECURITY,
    "DG1": BlobKind.DG1,
    "DG2": BlobKind.DG2,
    "DG14": BlobKind.DG14,
    "DG15": BlobKind.DG15,
}
"""What a later look at the case needs. Of the further groups (address, personal number,
persons to notify, scanned pages) only what was found about them is kept, not they."""


_PERSON_DETAILS = 11
_HANGUL = re.compile(r"[가-힣]{2,40}")


class ReasonUnknown(Trouble):
    """No such reason can be given for this item."""

    code = "CASE-03"


class ConsentMissing(Trouble):
    """The applicant has not agreed to the passport being read."""

    code = "CASE-06"


class DatesUnreadable(Trouble):
    """The passport's own dates do not name a day."""

    code = "CASE-04"


def read_document(
    station: Station,
    officer: Officer,
    case: Case,
    mrz_text: str,
    scanned: bool,
    progress: Callable[[ReadProgress], None],
    kept: Kept | None = None,
) -> Case:
    """Read and judge the passport on the reader: DOCUMENT_CHECKED.

    ``mrz_text`` is the machine readable zone as typed or as scanned; ``kept`` lets an
    attempt go on where the one before was interrupted. Raises MrzError with
    the place, ConsentMissing, RoleMayNot, the chip's and the transport's troubles; then the
    case stands as before.
    """
    case = station.touched(officer, case)
    typed = zone.parse(mrz_text)
    if case.consent is None:
        raise ConsentMissing(case=case.number)
    with station.roles.passport_chip() as connection:
        reading = read_passport(
            connection,
            typed.key,
            trust=station.trust,
            at=station.now(),
            progress=progress,
            typed=typed,
            atr=connection.atr,
            kept=kept,
            today=today_at(station),
        )
    return _take_reading(station, officer, case, typed, scanned, reading)


def _take_reading(
    station: Station,
    officer: Officer,
    case: Case,
    typed: Mrz,
    scanned: bool,
    reading: PassportReading,
) -> Case:
    document = _document(station, reading)
    found = register_entries(station, document)
    entry = found[0] if found else None
    stamp = station.stamp(officer)
    checked = advance(
        case,
        Act.CHECK_DOCUMENT,
        stamp.at,
        typed_mrz=typed.lines,
        document=document,
        register=entry,
        compared=compare_sources(document, zone_values(typed, today_at(station)), scanned, entry),
        verdict=None,
        face=None,
        opened_items=(),
    )
    with station.store.write() as session:
        for kind, media_type, data in _kept_files(reading):
            cases.keep_blob(session, stamp, case.number, kind, media_type, data)
        cases.keep_blob(session, stamp, case.number, *checklog.entry(checked, stamp.at))
        cases.save(
            session,
            stamp,
            checked,
            "DOCUMENT.CHECKED",
            overall=document.overall.value,
            seconds=round(document.seconds, 1),
            bytes=document.bytes_read,
        )
    return checked


def today_at(station: Station) -> date:
    """The day at the post, by which passports expire and ages count."""
    return station.post.local(station.now()).date()


def _document(station: Station, reading: PassportReading) -> Document:
    today, mrz = today_at(station), reading.mrz
    birth, expiry = mrz.birth_date(today), mrz.expiry_date(today)
    if birth is None or expiry is None:
        raise DatesUnreadable()
    return Document(
        document_code=mrz.document_code,
        number=mrz.document_number,
        surname=mrz.surname,
        given_names=mrz.given_names,
        birth_date=birth,
        sex=mrz.sex,
        nationality=mrz.nationality,
        issuing_state=mrz.issuer,
        expiry_date=expiry,
        mrz=mrz.lines,
        overall=reading.overall,
        findings=reading.findings,
        access=str(reading.access),
        portrait_type=reading.portrait_type,
        portrait_sha256=hashlib.sha256(reading.portrait).hexdigest(),
        read_at=reading.read_at,
        seconds=reading.seconds,
        bytes_read=reading.bytes_read,
        protocols=reading.protocols,
        files=check_log.sizes(reading),
        commands=reading.commands,
        sent=reading.sent,
        received=reading.received,
        hangul_name=_hangul_name(reading),
    )


def _hangul_name(reading: PassportReading) -> str:
    """The name in DG11 where it is written in Hangul and as the issuer signed it."""
    signed = any(
        finding.check is Check.DATA_GROUP
        and finding.result is Result.PASSED
        and finding.facts.get("group") == _PERSON_DETAILS
        for finding in reading.findings
    )
    person = reading.details.person
    if not signed or person is None or person.name is None:
        return ""
    name = f"{person.name.primary}{person.name.secondary}".replace(" ", "")
    return name if _HANGUL.fullmatch(name) else ""


def zone_values(typed: Mrz, today: date) -> dict[str, str]:
    """A typed or scanned zone as the comparison's items."""
    birth, expiry = typed.birth_date(today), typed.expiry_date(today)
    return {
        "passport_number": typed.document_number,
        "latin_name": f"{typed.surname} {typed.given_names}".strip(),
        "birth_date": birth.isoformat() if birth else typed.birth,
        "sex": typed.sex,
        "nationality": typed.nationality,
        "expiry_date": expiry.isoformat() if expiry else typed.expiry,
    }


def register_entries(station: Station, document: Document) -> tuple[RegisterFacts, ...]:
    """The register's entries that may be this person, those that are alive first; with what
    was told of them since the extract was made."""
    with station.store.read() as session:
        found = register.find(
            session,
            document.number,
            document.surname,
            document.given_names,
            document.birth_date,
            cut=zone.read("\n".join(document.mrz))[0].name_may_be_cut,
        )
        return notices.overlaid(session, found)


def _kept_files(reading: PassportReading) -> Iterator[tuple[BlobKind, str, bytes]]:
    """What lies beside the case: the raw files, and the picture on its own."""
    for name, kind in _KEPT_FILES.items():
        if name in reading.files:
            yield kind, "application/octet-stream", reading.files[name]
    yield BlobKind.PORTRAIT, reading.portrait_type, reading.portrait


def explain(station: Station, officer: Officer, case: Case, item: str, reason: str) -> Case:
    """Write down why an item differs. Raises :class:`ReasonUnknown`."""
    if reason not in REASONS.get(item, ()):
        raise ReasonUnknown(item=item, reason=reason)
    stamp = station.stamp(officer)
    with station.store.write() as session:
        known = station.touched(officer, as_kept(session, case))
        rows = (replace(row, reason=reason) if row.item == item else row for row in known.compared)
        changed = replace(known, compared=tuple(rows))
        cases.keep_blob(session, stamp, case.number, *checklog.entry(changed, stamp.at))
        cases.save(session, stamp, changed, "DOCUMENT.DIFFERENCE_EXPLAINED", reason=reason)
    return changed


def may_go_on(case: Case) -> bool:
    """Content and chip are as they should be, and every difference has its reason.

    What could not be decided does not stop the case here: it stays flagged, is opened at
    the review, and no rule that needs it is met.
    """
    return (
        case.document is not None
        and case.document.overall is not Result.FAILED
        and not unexplained(case)
    )


def worst_code(case: Case) -> str:
    """The code of the finding that a refusal names: the gravest that failed."""
    findings = case.document.findings if case.document else ()
    return next((one.code for one in gravest(findings, Result.FAILED)), "")
