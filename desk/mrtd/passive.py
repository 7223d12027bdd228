"""Passive authentication (Doc 9303-11 clause 5.1): is the chip's content genuine.

Four questions, each answered by findings of its own: does the signature of the security
object fit, was its signer appointed by a trusted country, when, and are the data groups
the signed ones. The signer's chain is judged by `desk.mrtd.chain`, whether it was revoked
by `desk.mrtd.revocation`, errors that issuers announced by `desk.mrtd.deviations`.
Nothing here raises for a document's sake.

How results are told apart:

* failed: the bytes contradict each other. A digest or signature that does not fit, a
  certificate that its named issuer's key did not sign, a signature outside the time for
  which its certificate was made.
* undecided: what would decide is missing here: the issuer's certificate, an algorithm,
  a clock that is right, a certificate that has not yet run out.
* not done: nobody asked. Such as a data group that was not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from desk.mrtd import chain as chains
from desk.mrtd import deviations, lds, revocation, signatures, sod
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.certificates import Certificate
from desk.mrtd.ciphers import same
from desk.mrtd.deviations import Defect, DocumentFacts
from desk.mrtd.mrz import Mrz, MrzError
from desk.mrtd.results import Check, Fact, Finding, Group, Result, aggregate, overall
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.signed_data import DigestWrong, SignedMessage
from desk.mrtd.sod import SignedHashes, SodMalformed
from desk.mrtd.troubles import FileMalformed

REQUIRED_GROUPS = (1, 2)
"""Every passport has them (Doc 9303-10 table 38), and nothing is known without them."""


@dataclass(frozen=True)
class SourceResult:
    """Where a signed message comes from: signature, chain, validity and revocation."""

    findings: tuple[Finding, ...]
    signer: Certificate | None = None
    anchor: Anchor | None = None

    def of(self, check: Check) -> Result:
        return aggregate(f.result for f in self.findings if f.check == check)

    @property
    def is_genuine(self) -> bool:
        """A trusted country's signer signed it, and is not known as revoked."""
        required = (self.of(Check.SOD_SIGNATURE), self.of(Check.SIGNER_CHAIN))
        revoked = self.of(Check.REVOCATION) is Result.FAILED
        return all(result is Result.PASSED for result in required) and not revoked


@dataclass(frozen=True)
class PassiveResult:
    """All findings, and what they were made from.

    ``defects`` are what the issuer has announced of documents like this one; they bear on
    the findings of others too (`deviations.told_apart`).
    """

    findings: tuple[Finding, ...]
    data_groups: Mapping[int, Result]
    message: SignedMessage | None = None
    signed: SignedHashes | None = None
    signer: Certificate | None = None
    anchor: Anchor | None = None
    defects: tuple[Defect, ...] = ()

    def of(self, check: Check) -> Result:
        return aggregate(f.result for f in self.findings if f.check == check)

    def vouches_for(self, group: int) -> bool:
        """Whether the issuer vouches for data group ``group``, and so for a key therein."""
        source = SourceResult(self.findings, self.signer, self.anchor)
        return source.is_genuine and self.data_groups.get(group) is Result.PASSED

    @property
    def overall(self) -> Result:
        """Passed only where signature, chain and the data groups 1 and 2 have passed."""
        groups = [self.data_groups.get(n, Result.NOT_DONE) for n in REQUIRED_GROUPS]
        required = [self.of(Check.SOD_SIGNATURE), self.of(Check.SIGNER_CHAIN), *groups]
        return overall((f.result for f in self.findings), required)


def verify(
    raw_sod: bytes,
    groups: Mapping[int, bytes],
    trust: AnchorSet,
    at: datetime,
    absent: Iterable[int] = (),
) -> PassiveResult:
    """Passive authentication of ``groups`` (whole files by number) as of ``at``.

    ``absent`` are groups that were asked for and that the chip did not give.
    """
    try:
        message = sod.message(raw_sod)
    except SodMalformed as error:
        return _unreadable(groups, error.reason)
    source = signed_by(message, trust, at)
    signed, by_group = _content(message, groups, set(absent))
    defects = _known_defects(message, source.signer, groups, trust)
    findings = deviations.told_apart(
        (*source.findings, *_document_type(source.signer, groups), *by_group.values()), defects
    )
    last = findings[len(findings) - len(by_group) :]
    results = {number: finding.result for number, finding in zip(by_group, last, strict=True)}
    return PassiveResult(findings, results, message, signed, source.signer, source.anchor, defects)


def signed_by(message: SignedMessage, trust: AnchorSet, at: datetime) -> SourceResult:
    """Who signed ``message`` (EF.SOD's or EF.CardSecurity's), and by whose appointment."""
    signer = message.signer_certificate or _published(message, trust)
    signed_at = message.signer.signing_time
    chain = chains.judge(signer, message.certificates, trust, signed_at, at)
    findings = (
        _digest(message),
        _signature(message, signer),
        *chain.findings,
        revocation.check(signer, chain.anchor, trust, at, chain.links),
    )
    return SourceResult(findings, signer, chain.anchor)


def _published(message: SignedMessage, trust: AnchorSet) -> Certificate | None:
    """The signer's certificate from the directory, where the document came without.

    Of several of one name, the one whose key signed.
    """
    found = trust.signers(message.signer)
    for certificate in found:
        with suppress(SignatureWrong, Unsupported):
            message.verify_signature(certificate)
            return certificate
    return next(iter(found), None)


def _found(code: str, result: Result, check: Check, **facts: Fact) -> Finding:
    return Finding(code, result, Group.CONTENT, check, facts)


def _unreadable(groups: Mapping[int, bytes], reason: str) -> PassiveResult:
    """A security object that cannot be read proves nothing and is none of an issuer's."""
    findings = [
        _found("PA-SOD-01", Result.FAILED, Check.SOD_SIGNATURE, reason=reason),
        _found("PA-CHAIN-07", Result.NOT_DONE, Check.SIGNER_CHAIN),
    ]
    results = dict.fromkeys(sorted(groups), Result.NOT_DONE)
    findings += [_unread(number) for number in results]
    return PassiveResult(tuple(findings), results)


def _digest(message: SignedMessage) -> Finding:
    check = Check.SOD_SIGNATURE
    try:
        message.verify_digest()
    except DigestWrong:
        return _found("PA-SIG-02", Result.FAILED, check)
    except Unsupported as error:
        return _found("PA-SIG-04", Result.UNDECIDED, check, reason=error.reason)
    return _found("PA-SIG-01", Result.PASSED, check)


def _signature(message: SignedMessage, signer: Certificate | None) -> Finding:
    check = Check.SOD_SIGNATURE
    if signer is None:
        return _found("PA-SIG-06", Result.UNDECIDED, check)
    try:
        label = message.signer.scheme.label
        message.verify_signature(signer)
    except SignatureWrong:
        return _found("PA-SIG-05", Result.FAILED, check, algorithm=label)
    except Unsupported as error:
        return _found("PA-SIG-04", Result.UNDECIDED, check, reason=error.reason)
    code = "PA-SIG-03" if signer in message.certificates else "PA-SIG-07"
    return _found(code, Result.PASSED, check, algorithm=label)


def _document_type(signer: Certificate | None, groups: Mapping[int, bytes]) -> list[Finding]:
    """A signer of other kinds of document, such as visas, signs no passports.

    Compared by the first letter, which says the kind; states list their types loosely.
    """
    zone = _zone(groups)
    if signer is None or zone is None or not signer.document_types:
        return []
    if any(code[:1] == zone.document_code[:1] for code in signer.document_types):
        return []
    return [_found("PA-CHAIN-11", Result.UNDECIDED, Check.SIGNER_CHAIN)]


def _known_defects(
    message: SignedMessage,
    signer: Certificate | None,
    groups: Mapping[int, bytes],
    trust: AnchorSet,
) -> tuple[Defect, ...]:
    """What the issuer itself has announced to be wrong with documents like this one."""
    if signer is None or not trust.deviations:
        return ()
    zone = _zone(groups)
    document = DocumentFacts(
        signer,
        None if zone is None else zone.document_code,
        None if zone is None else zone.document_number,
        message.signer.signing_time,
    )
    return deviations.known(trust.deviations, signer.issuer.country, document)


def _zone(groups: Mapping[int, bytes]) -> Mrz | None:
    try:
        return lds.parse_dg1(groups[1])[0]
    except (KeyError, FileMalformed, MrzError):
        return None


def _content(
    message: SignedMessage, groups: Mapping[int, bytes], absent: set[int]
) -> tuple[SignedHashes | None, dict[int, Finding]]:
    """The signed hashes, and one finding a group that is signed or was read, by number."""
    try:
        signed = sod.hashes(message.content)
    except SodMalformed:
        numbers = sorted(groups)
        return None, {n: _group("PA-DG-22", Result.UNDECIDED, n) for n in numbers}
    numbers = sorted({*signed.by_group, *groups})
    return signed, {n: _data_group(signed, n, groups, absent) for n in numbers}


def _data_group(
    hashes: SignedHashes, number: int, groups: Mapping[int, bytes], absent: set[int]
) -> Finding:
    signed, read = hashes.by_group.get(number), groups.get(number)
    if signed is None:
        return _group("PA-DG-21", Result.FAILED, number)
    if read is None:
        if number in absent:
            return _group("PA-DG-23", Result.UNDECIDED, number)
        return _unread(number)
    try:
        actual = signatures.digest(hashes.algorithm, read)
    except Unsupported:
        return _group("PA-DG-22", Result.UNDECIDED, number)
    if same(actual, signed):
        return _group("PA-DG-00", Result.PASSED, number)
    return _group(
        f"PA-DG-{number:02}",
        Result.FAILED,
        number,
        signed=_short(signed),
        read=_short(actual),
    )


def _group(code: str, result: Result, number: int, **facts: Fact) -> Finding:
    return _found(code, result, Check.DATA_GROUP, group=number, **facts)


def _unread(number: int) -> Finding:
    """A group nobody read; of the mandatory ones the content's check itself is open."""
    check = Check.DATA_GROUP if number in REQUIRED_GROUPS else Check.UNREAD_GROUP
    return _found("PA-DG-20", Result.NOT_DONE, check, group=number)


def _short(digest: bytes) -> str:
    """Both ends of a hash, for the eye: a hash of DG1 alone could be searched for a person."""
    return f"{digest[:2].hex()}…{digest[-1:].hex()}"
