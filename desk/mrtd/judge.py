"""Findings about document and chip, beside those of passive authentication.

Each function answers one leaf of the result tree (BSI TR-03135). None raises: a file
that does not parse is a finding where the reading can go on without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from desk.mrtd import countries, lds, results
from desk.mrtd import portrait as pictures
from desk.mrtd.certificates import Certificate
from desk.mrtd.details import Details
from desk.mrtd.mrz import Mrz, MrzError, MrzKey
from desk.mrtd.picture_process import PictureProcess
from desk.mrtd.results import GROUP_OF, Check, Fact, Finding, Group, Result, aggregate
from desk.mrtd.sod import SignedHashes
from desk.mrtd.troubles import FileMalformed, PictureFault, PortraitUnreadable

REQUIRED = (
    Check.MRZ_CHECK_DIGITS,
    Check.EXPIRY,
    Check.MRZ_EQUALS_CHIP,
    Check.ACCESS,
    Check.SOD_SIGNATURE,
    Check.SIGNER_CHAIN,
    Check.REVOCATION,
    Check.DATA_GROUP,
    Check.PORTRAIT,
)
"""What must have passed before a passport passes; the rest may be not done or not offered.

A signer nobody asked about is as open as one asked about too long ago."""
CHIP_PROOFS = (Check.CHIP_AUTHENTICATION, Check.ACTIVE_AUTHENTICATION)
"""That the chip is no copy. Older passports offer none; of those that do, one must pass."""


def overall(findings: Iterable[Finding]) -> Result:
    """The result over document, chip and content; the holder is told apart from them."""
    found = [finding for finding in findings if finding.group is not Group.HOLDER]
    required = [result_of(found, check) for check in REQUIRED]
    return results.overall((f.result for f in found), [*required, *_chip_proof(found)])


def branch(group: Group, findings: Iterable[Finding]) -> Result:
    """The result of one branch of the tree; what is required and missing keeps it from passing."""
    mine = [finding for finding in findings if finding.group is group]
    result = aggregate(finding.result for finding in mine)
    needed = [result_of(mine, check) for check in REQUIRED if GROUP_OF[check] is group]
    if result is Result.PASSED and {*needed, *_chip_proof(mine)} - {Result.PASSED}:
        return Result.NOT_DONE
    return result


def _chip_proof(found: Iterable[Finding]) -> tuple[Result, ...]:
    """What is required of the proofs: nothing where none is offered, else the best of them."""
    offered = {finding.result for finding in found if finding.check in CHIP_PROOFS}
    offered -= {Result.NOT_SUPPORTED}
    if not offered:
        return ()
    return (Result.PASSED if Result.PASSED in offered else Result.NOT_DONE,)


def result_of(findings: Iterable[Finding], check: Check) -> Result:
    """All findings of one check taken together; not done where there is none."""
    return aggregate(finding.result for finding in findings if finding.check is check)


def document(
    mrz: Mrz, errors: tuple[MrzError, ...], typed: Mrz | None, key: MrzKey | None, today: date
) -> tuple[Finding, ...]:
    """The chip's zone reads right, has not expired and is the one that was typed.

    ``key`` is None where the access number opened the chip; ``today`` is the day where the
    passport is shown.
    """
    return _check_digits(mrz, errors), _expiry(mrz, today), _equals(mrz, typed, key)


def issuer_country(mrz: Mrz, signer: Certificate | None) -> Finding:
    """The state in the zone is the one whose signer signed (Doc 9303-12 clause 7.1.1.2).

    A trusted signer of one state must not vouch for passports of another.
    """
    check = Check.ISSUER_COUNTRY
    if signer is None:
        return _document("DOC-09", Result.NOT_DONE, check)
    facts: dict[str, Fact] = {"zone": mrz.issuer, "signer": signer.issuer.country}
    same = countries.same_state(mrz.issuer, signer.issuer.country)
    if same is None:
        return _document("DOC-10", Result.UNDECIDED, check, **facts)
    if not same:
        return _document("DOC-08", Result.FAILED, check, **facts)
    return _document("DOC-07", Result.PASSED, check, **facts)


def file_list(com: bytes | None, signed: SignedHashes | None) -> Finding:
    """The chip's own list of groups names no other groups than the signed one."""
    if com is None or signed is None:
        return _content("PA-COM-03", Result.NOT_DONE, Check.FILE_LIST)
    try:
        listed = set(lds.parse_com(com).groups)
    except FileMalformed:
        return _content("PA-COM-02", Result.UNDECIDED, Check.FILE_LIST)
    if listed != set(signed.by_group):
        return _content("PA-COM-02", Result.UNDECIDED, Check.FILE_LIST)
    return _content("PA-COM-01", Result.PASSED, Check.FILE_LIST)


def portrait(picture: bytes, process: PictureProcess | None = None) -> Finding:
    """The picture can be decoded, in ``process`` where one was started beforehand.

    With whose face is not asked here.
    """
    try:
        pixels = pictures.portrait_rgb(picture, process)
    except PortraitUnreadable as error:
        code, result = _PICTURE_FAULTS[error.fault]
        return _content(code, result, Check.PORTRAIT)
    height, width = pixels.shape[:2]
    return _content("DG2-01", Result.PASSED, Check.PORTRAIT, width=width, height=height)


def details(read: Details) -> tuple[Finding, ...]:
    """Groups of free text that do not read as the standard has them; nothing rests on them."""
    return tuple(
        _content("DOC-13", Result.NOT_DONE, Check.UNREAD_GROUP, group=number)
        for number in read.unreadable
    )


_PICTURE_FAULTS = {
    PictureFault.UNKNOWN_KIND: ("DG2-02", Result.UNDECIDED),
    PictureFault.BROKEN: ("DG2-02", Result.UNDECIDED),
    PictureFault.TOO_LARGE: ("DG2-03", Result.UNDECIDED),
    PictureFault.OVER_LIMITS: ("DG2-04", Result.UNDECIDED),
    PictureFault.NOT_EXAMINED: ("DG2-05", Result.NOT_DONE),
}


def _check_digits(mrz: Mrz, errors: tuple[MrzError, ...]) -> Finding:
    check = Check.MRZ_CHECK_DIGITS
    if not errors:
        return _document("DOC-01", Result.PASSED, check, count=mrz.check_digits)
    first = errors[0]
    facts: dict[str, Fact] = {"field": first.field.value, "line": first.line}
    return _document("DOC-02", Result.FAILED, check, column=first.column, **facts)


def _expiry(mrz: Mrz, today: date) -> Finding:
    """Valid through the day of expiry itself, which begins and ends where it is shown."""
    check = Check.EXPIRY
    expiry = mrz.expiry_date(today)
    if expiry is None:
        return _document("DOC-05", Result.UNDECIDED, check)
    if expiry < today:
        return _document("DOC-04", Result.FAILED, check, until=expiry.isoformat())
    return _document("DOC-03", Result.PASSED, check, until=expiry.isoformat())


def _equals(mrz: Mrz, typed: Mrz | None, key: MrzKey | None) -> Finding:
    """The whole zone where it was typed or scanned, else the fields of the key."""
    check = Check.MRZ_EQUALS_CHIP
    if typed is None and key is None:
        return _document("DOC-12", Result.NOT_DONE, check)
    if typed is None and key is not None:
        equal = (mrz.document_number, mrz.birth, mrz.expiry) == (
            key.document_number.rstrip("<"),
            key.birth,
            key.expiry,
        )
        compared = "key"
    else:
        equal, compared = typed is not None and mrz.lines == typed.lines, "zone"
    code, result = ("DOC-06", Result.PASSED) if equal else ("DOC-11", Result.FAILED)
    return _document(code, result, check, compared=compared)


def _document(code: str, result: Result, check: Check, **facts: Fact) -> Finding:
    return Finding(code, result, Group.DOCUMENT, check, facts)


def _content(code: str, result: Result, check: Check, **facts: Fact) -> Finding:
    return Finding(code, result, Group.CONTENT, check, facts)
