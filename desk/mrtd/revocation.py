"""Was the document signer revoked: its country's revocation list asked, and how old it is.

A list speaks of every certificate that its issuer ever issued, also under former keys and
former names (Doc 9303-12 clauses 7.1.1.5 and 7.1.4). Being found in a list counts however old
the list is; not being found counts only while the list is fresh.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from desk.mrtd.anchors import Ages, Anchor, AnchorSet, KnownList
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.crl import RevocationListUnreadable, Revoked
from desk.mrtd.results import Check, Fact, Finding, Group, Result

_CLOCK_SLACK = timedelta(days=1)


def check(
    signer: Certificate | None,
    anchor: Anchor | None,
    trust: AnchorSet,
    at: datetime,
    links: Iterable[Certificate] = (),
) -> Finding:
    """One finding for `Check.REVOCATION`.

    ``anchor`` is who appointed ``signer``, over ``links``; without one there is no list to
    ask.
    """
    if signer is None or anchor is None:
        return _found("PA-CRL-04", Result.NOT_DONE)
    country = signer.issuer.country
    lists = _lists(signer, anchor, trust)
    if not lists:
        return _found("PA-CRL-01", Result.NOT_DONE, country=country)
    entry = _entry(signer, lists)
    if entry is not None:
        return _revoked("PA-CRL-02", country, entry)
    for link in (*links, anchor.certificate):
        entry = _entry(link, lists) if link.is_link else None
        if entry is not None:
            return _revoked("PA-CRL-06", country, entry)
    return _age(country, max(lists, key=lambda known: known.list.this_update), trust.ages, at)


def _lists(signer: Certificate, anchor: Anchor, trust: AnchorSet) -> list[KnownList]:
    """The lists that speak of ``signer``: by its issuer's names over time, or by its key."""
    names = _names(signer.issuer.key, trust.of_country(signer.issuer.country))
    found = []
    for known in trust.revocations_of(signer.issuer.country):
        try:
            listed = known.list
        except RevocationListUnreadable:
            continue
        same_key = anchor.key_id is not None and anchor.key_id == listed.authority_key_id
        if same_key or names & {listed.issuer.key, *listed.former_names}:
            found.append(known)
    return found


def _names(first: str, anchors: Iterable[Anchor]) -> set[str]:
    """Every name that link certificates tie to ``first``, in either direction."""
    pairs = []
    for anchor in anchors:
        try:
            pairs.append({anchor.name_key, anchor.certificate.issuer.key})
        except CertificateUnreadable:
            continue
    names = {first}
    while grown := [pair for pair in pairs if pair & names and not pair <= names]:
        names = names.union(*grown)
    return names


def _entry(certificate: Certificate, lists: Iterable[KnownList]) -> Revoked | None:
    entries = (known.list.revoked.get(certificate.serial) for known in lists)
    return next((entry for entry in entries if entry is not None), None)


def _revoked(code: str, country: str, entry: Revoked) -> Finding:
    since = entry.since.date().isoformat()
    return _found(code, Result.FAILED, country=country, since=since, reason=entry.reason or None)


def _age(country: str, known: KnownList, ages: Ages, at: datetime) -> Finding:
    """Fresh enough, or why nothing follows from the signer's absence."""
    issued, ends = known.list.this_update, known.list.next_update
    facts: dict[str, Fact] = {
        "country": country,
        "age_days": max((at - issued).days, 0),
        "asked_days": max((at - known.fetched_at).days, 0),
    }
    if issued > at + _CLOCK_SLACK:
        return _found("PA-CRL-05", Result.UNDECIDED, issued=_day(issued), **facts)
    limit = ages.revocation_issue_days
    if (ends is not None and at > ends) or at - issued > timedelta(days=limit):
        due = min(filter(None, (ends, issued + timedelta(days=limit))))
        return _found("PA-CRL-03", Result.UNDECIDED, due=_day(due), **facts)
    if at - known.fetched_at > timedelta(days=ages.revocation_days):
        return _found("TRUST-07", Result.UNDECIDED, limit_days=ages.revocation_days, **facts)
    return _found("PA-CRL-00", Result.PASSED, **facts)


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _found(code: str, result: Result, **facts: Fact) -> Finding:
    return Finding(code, result, Group.CONTENT, Check.REVOCATION, facts)
