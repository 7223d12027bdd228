"""Passive authentication (Doc 9303-11 clause 5.1): is the chip's content genuine.

Four questions, each answered by findings of its own: does the signature of the security
object fit, was its signer appointed by a trusted country, when, and are the data groups
the signed ones. Whether the signer was revoked is `desk.mrtd.revocation`'s question.
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
from dataclasses import dataclass
from datetime import datetime

from desk.mrtd import revocation, signatures, sod
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.certificates import Certificate
from desk.mrtd.ciphers import same
from desk.mrtd.results import Check, Fact, Finding, Group, Result, aggregate, overall
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.signed_data import DigestWrong, SignedMessage
from desk.mrtd.sod import SignedHashes, SodMalformed

REQUIRED_GROUPS = (1, 2)
"""Every passport has them (Doc 9303-10 table 38), and nothing is known without them."""
_ICAO_USAGES = "2.23.136.1.1."


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
    """All findings, and what they were made from."""

    findings: tuple[Finding, ...]
    data_groups: Mapping[int, Result]
    message: SignedMessage | None = None
    signed: SignedHashes | None = None
    signer: Certificate | None = None
    anchor: Anchor | None = None

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
    findings = (*source.findings, *by_group.values())
    results = {number: finding.result for number, finding in by_group.items()}
    return PassiveResult(findings, results, message, signed, source.signer, source.anchor)


def signed_by(message: SignedMessage, trust: AnchorSet, at: datetime) -> SourceResult:
    """Who signed ``message`` (EF.SOD's or EF.CardSecurity's), and by whose appointment."""
    signer = message.signer_certificate
    findings = [_digest(message), _signature(message, signer)]
    chain, anchor = _chain(signer, trust, at)
    findings += chain
    if signer is not None and anchor is not None:
        findings.append(_validity(message, signer, anchor, at))
    findings.append(revocation.check(signer, anchor, trust, at))
    return SourceResult(tuple(findings), signer, anchor)


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
    return _found("PA-SIG-03", Result.PASSED, check, algorithm=label)


def _chain(
    signer: Certificate | None, trust: AnchorSet, at: datetime
) -> tuple[list[Finding], Anchor | None]:
    """Who appointed the signer: the anchor whose key signed its certificate."""
    if signer is None:
        return [_link("PA-CHAIN-07", Result.NOT_DONE)], None
    facts: dict[str, Fact] = {"country": signer.issuer.country}
    if not len(trust):
        return [_link("PA-CHAIN-03", Result.UNDECIDED, **facts)], None
    named = trust.by_key(signer.authority_key_id)
    candidates = dict.fromkeys((*named, *trust.by_name(signer.issuer.key)))
    verified, unsupported = _issuers(signer, candidates)
    if verified:
        anchor = _best(signer, verified, at)
        facts |= {"issuer": anchor.certificate.subject.label, "age_days": (at - anchor.as_of).days}
        findings = [_link("PA-CHAIN-01", Result.PASSED, **facts)]
        return findings + _usage(signer), anchor
    if unsupported:
        return [_link("PA-CHAIN-05", Result.UNDECIDED, reason=unsupported, **facts)], None
    if named:
        return [_link("PA-CHAIN-04", Result.FAILED, **facts)], None
    return [_link("PA-CHAIN-02", Result.UNDECIDED, **facts)], None


def _link(code: str, result: Result, **facts: Fact) -> Finding:
    return _found(code, result, Check.SIGNER_CHAIN, **facts)


def _issuers(signer: Certificate, candidates: Iterable[Anchor]) -> tuple[list[Anchor], str]:
    """The candidates whose key signed it, and why one could not be tried."""
    verified, unsupported = [], ""
    for anchor in candidates:
        try:
            signer.verify_issued_by(anchor.certificate)
        except SignatureWrong:
            continue
        except Unsupported as error:
            unsupported = error.reason
        else:
            verified.append(anchor)
    return verified, unsupported


def _best(signer: Certificate, verified: list[Anchor], at: datetime) -> Anchor:
    """One key may have several certificates; take one in force then and now if there is."""

    def fitness(anchor: Anchor) -> tuple[bool, bool, datetime]:
        certificate = anchor.certificate
        then, now = certificate.valid_at(signer.not_before), certificate.valid_at(at)
        return then, now, certificate.not_after

    return max(verified, key=fitness)


def _usage(signer: Certificate) -> list[Finding]:
    """A country also appoints signers of master lists and seals; those sign no passports."""
    if any(usage.startswith(_ICAO_USAGES) for usage in signer.extended_usage):
        return [_link("PA-CHAIN-06", Result.FAILED)]
    return []


def _validity(message: SignedMessage, signer: Certificate, anchor: Anchor, at: datetime) -> Finding:
    """In force when they signed, and still so now."""
    issuer, signed_at = anchor.certificate, message.signer.signing_time
    if signed_at is not None and not signer.valid_at(signed_at):
        return _link("PA-VAL-02", Result.FAILED, signed=_day(signed_at))
    if not issuer.valid_at(signer.not_before):
        return _link("PA-VAL-03", Result.FAILED, appointed=_day(signer.not_before))
    if at < signer.not_before or at < issuer.not_before:
        starts = max(signer.not_before, issuer.not_before)
        return _link("PA-VAL-04", Result.UNDECIDED, starts=_day(starts))
    if not signer.valid_at(at) or not issuer.valid_at(at):
        ended = min(signer.not_after, issuer.not_after)
        return _link("PA-VAL-05", Result.UNDECIDED, ended=_day(ended))
    return _link("PA-VAL-01", Result.PASSED, until=_day(signer.not_after))


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


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
