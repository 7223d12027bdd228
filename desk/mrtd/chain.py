"""Who appointed a document signer, and were all in force (Doc 9303-12 clauses 6 and 7.1.1).

The signer's issuer is found by its key's identifier or by its compared name, and proven by
its signature. Where only an issuer's former key is trusted, link certificates that came
along with the document lead from the new key to it. Findings only; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.certificates import Certificate, issued
from desk.mrtd.results import Check, Fact, Finding, Group, Result
from desk.mrtd.signatures import SignatureWrong, Unsupported

_ICAO_USAGES = "2.23.136.1.1."
_MAX_LINKS = 4
_CLOCK_SLACK = timedelta(days=1)


@dataclass(frozen=True)
class Chain:
    """``anchor`` is the trusted end, None where there is none; ``links`` lie between."""

    findings: tuple[Finding, ...]
    anchor: Anchor | None = None
    links: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class _Issuers:
    """Anchors whose key signed a certificate; ``named`` says one was named by its key."""

    verified: tuple[Anchor, ...]
    named: bool
    unsupported: str


def judge(
    signer: Certificate | None,
    others: Iterable[Certificate],
    trust: AnchorSet,
    signed_at: datetime | None,
    at: datetime,
) -> Chain:
    """The chain of ``signer``; ``others`` are certificates that came along with it.

    ``signed_at`` is when it signed, by its own word.
    """
    if signer is None:
        return Chain((_found("PA-CHAIN-07", Result.NOT_DONE),))
    chain = _appointed(signer, tuple(others), trust, at)
    if chain.anchor is None:
        return chain
    issuers = (*chain.links, chain.anchor.certificate)
    more = (*_usage(signer), _validity(signer, issuers, signed_at, at))
    return Chain((*chain.findings, *more), chain.anchor, chain.links)


def _appointed(
    signer: Certificate, others: tuple[Certificate, ...], trust: AnchorSet, at: datetime
) -> Chain:
    facts: dict[str, Fact] = {"country": signer.issuer.country}
    if not len(trust):
        return Chain((_found("PA-CHAIN-03", Result.UNDECIDED, **facts),))
    direct = _issuers(signer, trust)
    if direct.verified:
        return _under(signer, _best(signer, direct.verified, at), (), at)
    linked = _over_links(signer, others, trust, at)
    if linked is not None:
        return linked
    if direct.unsupported:
        return Chain((_found("PA-CHAIN-05", Result.UNDECIDED, reason=direct.unsupported, **facts),))
    if direct.named:
        return Chain((_found("PA-CHAIN-04", Result.FAILED, **facts),))
    return Chain((_found("PA-CHAIN-02", Result.UNDECIDED, **facts),))


def _under(
    signer: Certificate, anchor: Anchor, links: tuple[Certificate, ...], at: datetime
) -> Chain:
    """Appointed by ``anchor``; a country appoints signers for its own documents only."""
    country, subject = signer.issuer.country, anchor.certificate.subject
    facts: dict[str, Fact] = {"country": country, "issuer": subject.label}
    if country != subject.country:
        return Chain((_found("PA-CHAIN-09", Result.FAILED, other=subject.country, **facts),))
    facts["age_days"] = max((at - anchor.as_of).days, 0)
    code = "PA-CHAIN-08" if links else "PA-CHAIN-01"
    return Chain((_found(code, Result.PASSED, **facts),), anchor, links)


def _issuers(certificate: Certificate, trust: AnchorSet) -> _Issuers:
    named = trust.by_key(certificate.authority_key_id)
    verified, unsupported = [], ""
    for anchor in dict.fromkeys((*named, *trust.by_name(certificate.issuer.key))):
        try:
            certificate.verify_issued_by(anchor.certificate)
        except SignatureWrong:
            continue
        except Unsupported as error:
            unsupported = error.reason
        else:
            verified.append(anchor)
    return _Issuers(tuple(verified), bool(named), unsupported)


def _over_links(
    signer: Certificate, others: tuple[Certificate, ...], trust: AnchorSet, at: datetime
) -> Chain | None:
    """From the signer over links among ``others`` to an anchor; the shortest way there is.

    Each link is tried once and only a few at all, since they are the chip's own word.
    """
    pending = [c for c in others if c.is_authority and c.signs_certificates][:_MAX_LINKS]
    paths: list[tuple[Certificate, ...]] = [(signer,)]
    while paths:
        paths = [(*path, link) for path in paths for link in _taken(pending, path[-1])]
        for path in paths:
            verified = _issuers(path[-1], trust).verified
            if verified:
                return _under(signer, _best(path[-1], verified, at), path[1:], at)
    return None


def _taken(pending: list[Certificate], certificate: Certificate) -> list[Certificate]:
    """Those of ``pending`` that issued ``certificate``, no longer pending then."""
    found = [link for link in pending if link != certificate and issued(certificate, link)]
    pending[:] = [link for link in pending if link not in found]
    return found


def _best(signer: Certificate, verified: Iterable[Anchor], at: datetime) -> Anchor:
    """One key may have several certificates; take one in force then and now if there is.

    Of those, a self-signed one before a link certificate, which lasts only as long as the
    former key.
    """

    def fitness(anchor: Anchor) -> tuple[bool, bool, bool, datetime]:
        certificate = anchor.certificate
        then, now = certificate.valid_at(signer.not_before), certificate.valid_at(at)
        return then, now, not certificate.is_link, certificate.not_after

    return max(verified, key=fitness)


def _usage(signer: Certificate) -> list[Finding]:
    """A country also appoints signers of lists and seals; those sign no passports."""
    if any(usage.startswith(_ICAO_USAGES) for usage in signer.extended_usage):
        return [_found("PA-CHAIN-06", Result.FAILED)]
    # The profile gives a document signer digital signature and no extended usage.
    if signer.extended_usage or not signer.signs_data or signer.is_authority:
        return [_found("PA-CHAIN-10", Result.UNDECIDED)]
    return []


def _validity(
    signer: Certificate,
    issuers: tuple[Certificate, ...],
    signed_at: datetime | None,
    at: datetime,
) -> Finding:
    """In force when they signed, and still so now."""
    chain = (signer, *issuers)
    if signed_at is not None and not signer.valid_at(signed_at):
        return _found("PA-VAL-02", Result.FAILED, signed=_day(signed_at))
    if any(not above.valid_at(below.not_before) for below, above in pairwise(chain)):
        return _found("PA-VAL-03", Result.FAILED, appointed=_day(signer.not_before))
    starts, ends = max(c.not_before for c in chain), min(c.not_after for c in chain)
    if at < starts:
        return _found("PA-VAL-04", Result.UNDECIDED, starts=_day(starts))
    if at > ends:
        return _found("PA-VAL-05", Result.UNDECIDED, ended=_day(ends))
    if signed_at is not None and signed_at > at + _CLOCK_SLACK:
        return _found("PA-VAL-06", Result.UNDECIDED, signed=_day(signed_at))
    if signed_at is not None and not _key_in_use(signer, signed_at):
        return _found("PA-VAL-07", Result.UNDECIDED, signed=_day(signed_at))
    return _found("PA-VAL-01", Result.PASSED, until=_day(signer.not_after))


def _key_in_use(signer: Certificate, signed_at: datetime) -> bool:
    """A signer's key is used for months, its certificate lasts as long as the passports."""
    begins, ends = signer.key_used_from, signer.key_used_until
    return (begins is None or signed_at >= begins - _CLOCK_SLACK) and (
        ends is None or signed_at <= ends + _CLOCK_SLACK
    )


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _found(code: str, result: Result, **facts: Fact) -> Finding:
    return Finding(code, result, Group.CONTENT, Check.SIGNER_CHAIN, facts)
