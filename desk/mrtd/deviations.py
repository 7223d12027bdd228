"""Deviation lists: what an issuer itself says is wrong with some of its documents.

Parsing, which documents a list speaks of, and what follows (Doc 9303-12 clause 10). A
production error that the issuer has announced is told apart from a forgery: what had
failed for that reason becomes undecided under a code of its own. It never becomes passed,
since a forger may choose just such a document. Why a list is believed is
`desk.mrtd.signed_list`'s matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar

from asn1crypto import algos, cms, core

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import certificates
from desk.mrtd.certificates import DEVIATION_LIST_SIGNER, Certificate
from desk.mrtd.der import MALFORMED
from desk.mrtd.results import Check, Fact, Finding, Result
from desk.mrtd.signed_list import Kind
from desk.mrtd.trust_troubles import NotTrustMaterial

DEVIATION_LIST = Kind("2.23.136.1.1.7", DEVIATION_LIST_SIGNER, "deviation list")
_PRINTABLE, _INTEGER, _PARAMETERS = 0x13, 0x02, 0xA0


class DefectKind(StrEnum):
    """What is wrong, by the last arcs of its object identifier; UNKNOWN for later ones."""

    CERTIFICATE = "1"
    SIGNER_SIGNATURE = "1.1"
    SIGNER_ENCODING = "1.2"
    COUNTRY_ENCODING = "1.3"
    ACTIVE_AUTHENTICATION_KEY = "1.4"
    FILES = "2"
    GROUP_MALFORMED = "2.1"
    GROUP_HASH = "2.2"
    SOD_SIGNATURE = "2.3"
    FILE_LIST = "2.4"
    ZONE = "3"
    ZONE_DATA = "3.1"
    ZONE_CHECK_DIGIT = "3.2"
    CHIP = "4"
    NATIONAL = "5"
    UNKNOWN = "?"


_KINDS = {kind.value: kind for kind in DefectKind}


@dataclass(frozen=True, slots=True)
class Defect:
    """``parameter`` is the data group (20 for EF.SOD, 21 for EF.COM) or field of the zone.

    ``announced`` is the day of the list that says so.
    """

    kind: DefectKind
    parameter: int | None = None
    announced: str = ""


@dataclass(frozen=True)
class DocumentFacts:
    """What a list can know a document by; ``issued`` is when its security object was signed."""

    signer: Certificate | None
    document_type: str | None = None
    number: str | None = field(default=None, repr=False)
    issued: datetime | None = None


@dataclass(frozen=True)
class Deviation:
    """Some documents and what is wrong with them. Criteria that are None are not asked.

    ``numbers`` is the encoded list of document numbers, which may be hundreds of thousands.
    """

    defects: tuple[Defect, ...]
    document_type: str | None = None
    signer: tuple[str, int] | None = None
    signer_key_id: bytes | None = None
    signer_digest: bytes | None = field(default=None, repr=False)
    issued: tuple[datetime, datetime] | None = None
    numbers: bytes | None = field(default=None, repr=False)

    def covers(self, document: DocumentFacts) -> bool:
        """Whether every criterion that is stated holds; one that cannot be told does not."""
        return (
            self._type_fits(document)
            and self._signer_fits(document.signer)
            and self._issue_fits(document.issued)
            and self._number_fits(document.number)
        )

    def _type_fits(self, document: DocumentFacts) -> bool:
        wanted = self.document_type
        return wanted is None or (document.document_type or "").startswith(wanted)

    def _signer_fits(self, signer: Certificate | None) -> bool:
        stated = (self.signer, self.signer_key_id, self.signer_digest)
        if stated == (None, None, None):
            return True
        if signer is None:
            return False
        actual = (
            (signer.issuer.key, signer.serial),
            signer.subject_key_id,
            sha256(signer.der).digest(),
        )
        return all(want in (None, has) for want, has in zip(stated, actual, strict=True))

    def _issue_fits(self, issued: datetime | None) -> bool:
        if self.issued is None:
            return True
        return issued is not None and self.issued[0] <= issued <= self.issued[1]

    def _number_fits(self, number: str | None) -> bool:
        """Looked up in the encoding: tag and length are no characters of a number."""
        if self.numbers is None:
            return True
        return number is not None and tlv.encode(_PRINTABLE, number.encode()) in self.numbers


@dataclass(frozen=True, eq=False)
class DeviationList:
    """A verified list of one country; ``as_of`` is when it was signed."""

    country: str
    as_of: datetime
    content: bytes = field(repr=False)

    @cached_property
    def deviations(self) -> tuple[Deviation, ...]:
        """Raises NotTrustMaterial where the bytes were damaged since."""
        return parse(self.content)


class _Numbers(core.SetOf):  # type: ignore[misc]
    _child_spec: ClassVar[Any] = core.PrintableString


class _Period(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [("first", core.GeneralizedTime), ("last", core.GeneralizedTime)]


class _SignerId(core.Choice):  # type: ignore[misc]
    _alternatives: ClassVar[list[Any]] = [
        ("issuer_and_serial", cms.IssuerAndSerialNumber, {"implicit": 1}),
        ("key_id", core.OctetString, {"implicit": 2}),
        ("digest", core.OctetString, {"implicit": 3}),
    ]


class _Documents(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("type", core.PrintableString, {"implicit": 0, "optional": True}),
        ("signer", _SignerId, {"optional": True}),
        ("issued", _Period, {"implicit": 4, "optional": True}),
        ("numbers", _Numbers, {"implicit": 5, "optional": True}),
    ]


class _Description(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("description", core.PrintableString, {"optional": True}),
        ("type", core.ObjectIdentifier),
        ("parameters", core.Any, {"explicit": 0, "optional": True}),
        ("national_use", core.Any, {"explicit": 1, "optional": True}),
    ]


class _Descriptions(core.SetOf):  # type: ignore[misc]
    _child_spec: ClassVar[Any] = _Description


class _Deviation(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [("documents", _Documents), ("descriptions", _Descriptions)]


class _Deviations(core.SetOf):  # type: ignore[misc]
    _child_spec: ClassVar[Any] = _Deviation


class _Content(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("version", core.Integer),
        ("digest", algos.DigestAlgorithm, {"optional": True}),
        ("deviations", _Deviations),
    ]


def parse(content: bytes) -> tuple[Deviation, ...]:
    """The deviations in a list's signed content; raises NotTrustMaterial."""
    try:
        return tuple(_deviation(item) for item in _Content.load(content, strict=True)["deviations"])
    except (*MALFORMED, TlvError) as error:
        raise NotTrustMaterial(f"list not readable: {type(error).__name__}") from error


def known(
    lists: Iterable[DeviationList], country: str, document: DocumentFacts
) -> tuple[Defect, ...]:
    """What the country's own lists say is wrong with ``document``."""
    own = (one for one in lists if one.country == country)
    return tuple(
        replace(defect, announced=one.as_of.date().isoformat())
        for one in own
        for deviation in one.deviations
        if deviation.covers(document)
        for defect in deviation.defects
    )


def told_apart(findings: Iterable[Finding], defects: Iterable[Defect]) -> tuple[Finding, ...]:
    """``findings`` with what the defects explain undecided instead of failed."""
    announced = tuple(defects)
    return tuple(_explained(finding, announced) for finding in findings)


def _explained(finding: Finding, defects: tuple[Defect, ...]) -> Finding:
    for defect in defects:
        code = _code(finding, defect)
        if code:
            told = {"instead": finding.code, "announced": defect.announced}
            facts: dict[str, Fact] = {**finding.facts, **told}
            return replace(finding, code=code, result=Result.UNDECIDED, facts=facts)
    return finding


def _code(finding: Finding, defect: Defect) -> str:
    """The code under which ``defect`` explains ``finding``; empty where it does not."""
    if defect.kind is DefectKind.ACTIVE_AUTHENTICATION_KEY:
        compromised = finding.check is Check.ACTIVE_AUTHENTICATION
        return "PA-DEV-05" if compromised and finding.result is Result.PASSED else ""
    if defect.kind is DefectKind.FILE_LIST:
        return "PA-DEV-04" if finding.code == "PA-COM-02" else ""
    if finding.result is not Result.FAILED:
        return ""
    if defect.kind is DefectKind.GROUP_HASH:
        hashed = finding.code == f"PA-DG-{defect.parameter or 0:02}"
        return "PA-DEV-03" if hashed else ""
    return next(
        (code for code, kinds, codes in _EXPLAINED if _fits(defect, finding, kinds, codes)), ""
    )


def _fits(defect: Defect, finding: Finding, kinds: set[DefectKind], codes: set[str]) -> bool:
    return defect.kind in kinds and finding.code in codes


_EXPLAINED: tuple[tuple[str, set[DefectKind], set[str]], ...] = (
    (
        "PA-DEV-01",
        {
            DefectKind.CERTIFICATE,
            DefectKind.SIGNER_SIGNATURE,
            DefectKind.SIGNER_ENCODING,
            DefectKind.COUNTRY_ENCODING,
        },
        {"PA-CHAIN-04", "PA-CHAIN-06", "PA-VAL-02", "PA-VAL-03", "DOC-08"},
    ),
    ("PA-DEV-02", {DefectKind.SOD_SIGNATURE}, {"PA-SIG-02", "PA-SIG-05"}),
    (
        "PA-DEV-06",
        {DefectKind.ZONE, DefectKind.ZONE_DATA, DefectKind.ZONE_CHECK_DIGIT},
        {"DOC-02", "DOC-11"},
    ),
)


def _deviation(item: Any) -> Deviation:
    documents = item["documents"]
    kind, signer = _signer_id(_present(documents["signer"]))
    period, numbers = _present(documents["issued"]), _present(documents["numbers"])
    type_ = _present(documents["type"])
    return Deviation(
        defects=tuple(_defect(description) for description in item["descriptions"]),
        document_type=None if type_ is None else type_.native.rstrip("< "),
        signer=_issuer_and_serial(signer) if kind == "issuer_and_serial" else None,
        signer_key_id=signer.native if kind == "key_id" else None,
        signer_digest=signer.native if kind == "digest" else None,
        issued=None if period is None else (_moment(period["first"]), _moment(period["last"])),
        numbers=None if numbers is None else numbers.contents,
    )


def _present(value: Any) -> Any | None:
    return None if isinstance(value, core.Void) else value


def _signer_id(value: Any | None) -> tuple[str, Any]:
    return ("", None) if value is None else (value.name, value.chosen)


def _issuer_and_serial(value: Any) -> tuple[str, int]:
    return certificates.name(value["issuer"].dump()).key, value["serial_number"].native


def _moment(value: Any) -> datetime:
    moment: datetime = value.native
    return moment.astimezone(UTC)


def _defect(description: Any) -> Defect:
    arcs = description["type"].dotted.removeprefix(f"{DEVIATION_LIST.content_type}.")
    kind = _KINDS.get(arcs, DefectKind.UNKNOWN)
    return Defect(kind, _parameter(_present(description["parameters"])))


def _parameter(value: Any | None) -> int | None:
    """The number of a data group or field; other parameters are not needed."""
    if value is None:
        return None
    inside = tlv.parse_one(value.dump(), _PARAMETERS).children
    return int.from_bytes(inside[0].value) if inside and inside[0].tag == _INTEGER else None
