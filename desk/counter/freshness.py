"""How old is what the desk judges by, and does its clock stand behind what was signed.

Each check takes what it looks at and the settings' limits, and returns one answer of the
board; what cannot be looked at is raised and told by the doctor.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from desk.counter.board import BoardCheck, CheckKey, CheckState
from desk.counter.provisioning import ENDING_DAYS
from desk.counter.settings import CheckSettings, RegisterSettings, Settings, TrustSettings
from desk.counter.statuses import demand_signer, is_published_at
from desk.credential import chain
from desk.credential.keys import load_certificate
from desk.credential.troubles import NotValidNow
from desk.issuance.officers import OfficerList
from desk.issuance.ports import StatusPlace
from desk.mrtd.trust_records import Contents, SourceKind
from desk.store.register import RegisterState
from desk.store.status import ListContent, Pointing
from desk.trouble import Trouble

_MEGABYTE = 1024 * 1024
_HOUR = timedelta(hours=1)
_SIGNED = (SourceKind.MASTER_LIST, SourceKind.REVOCATION_LIST, SourceKind.DEVIATION_LIST)


class TrustListOld(Trouble):
    """The master list is older than the settings allow."""

    code = "TRUST-30"


class TrustListMissing(Trouble):
    """No CSCA certificate is there: no passport can be judged."""

    code = "TRUST-31"


class RevocationListsOld(Trouble):
    """Revocation lists were imported longer ago than the settings allow."""

    code = "TRUST-32"


class RevocationListsMissing(Trouble):
    """No revocation list was imported: whether a signer was revoked stays undecided."""

    code = "TRUST-33"


class RegisterOld(Trouble):
    """The register extract is older than the settings allow."""

    code = "REG-30"


class RegisterMissing(Trouble):
    """No register extract was imported."""

    code = "REG-31"


class OfficerListEnding(Trouble):
    """The list of officers runs out soon. Fact: days."""

    code = "OFFICER-14"


class StatusListOld(Trouble):
    """The published status list was signed longer ago than the settings allow. Facts: hours
    since, and how many of them (``lifetime``) it may be used."""

    code = "STATUS-30"


class StatusListEnded(Trouble):
    """The published status list's signature has run out. Facts: hours since it was signed, and
    how many of them (``lifetime``) it could be used."""

    code = "STATUS-31"


class StatusListMissing(Trouble):
    """The status list was never published."""

    code = "STATUS-32"


class StatusSignerEnding(Trouble):
    """The certificate that signs the status lists ends soon. Fact: days."""

    code = "STATUS-38"


class StatusListMoved(Trouble):
    """Credentials point to an address where their status list is no longer published. Facts:
    count, address (of one of them)."""

    code = "STATUS-39"


class VerifierOver(Trouble):
    """The certificate by which phones know who asks them is not valid now. Facts: since, until
    (days)."""

    code = "AUTH-02"


class VerifierEnding(Trouble):
    """The certificate by which phones know who asks them ends soon. Fact: days."""

    code = "AUTH-03"


class ClockBehind(Trouble):
    """The clock stands before the newest signed or recorded time. Facts: at, minutes."""

    code = "CLOCK-01"


class DiskNearlyFull(Trouble):
    """Too little space is left for the records. Fact: megabytes."""

    code = "DISK-01"


def officer_list(
    content: OfficerList, post: str, limits: CheckSettings, now: datetime
) -> BoardCheck:
    """How long the ministry's list of officers still holds."""
    days = max(0, (content.valid_until - now).days)
    facts = {"number": content.number, "officers": len(content.of_post(post)), "days": days}
    if days < limits.officers_days:
        return _attention(CheckKey.OFFICERS, "ending", facts, OfficerListEnding)
    return BoardCheck(CheckKey.OFFICERS, CheckState.READY, "held", facts)


def trust_list(contents: Contents, limits: TrustSettings, now: datetime) -> BoardCheck:
    """The master lists; a single certificate does not age while there is a list.

    Raises TrustListMissing.
    """
    if not contents.held:
        raise TrustListMissing()
    lists = contents.of_kind(SourceKind.MASTER_LIST) or contents.of_kind(SourceKind.CERTIFICATE)
    oldest = max((source.age_days(now) for source in lists), default=0)
    facts = {"certificates": len(contents.held), "days": oldest}
    if oldest > limits.warn_days:
        return _attention(CheckKey.TRUST_LIST, "old", facts, TrustListOld)
    return BoardCheck(CheckKey.TRUST_LIST, CheckState.READY, "fresh", facts)


def revocations(contents: Contents, limits: TrustSettings, now: datetime) -> BoardCheck:
    """How long ago the revocation lists of passports' signers were asked for."""
    key = CheckKey.REVOCATIONS
    if not contents.held:
        return BoardCheck(key, CheckState.NOT_DONE, "not_asked")
    asked = [(now - one.imported_at).days for one in contents.of_kind(SourceKind.REVOCATION_LIST)]
    if not asked:
        return _attention(key, "none", {}, RevocationListsMissing)
    facts = {"lists": len(asked), "days": max(asked)}
    if max(asked) > limits.revocation_days:
        return _attention(key, "old", facts, RevocationListsOld)
    return BoardCheck(key, CheckState.READY, "fresh", facts)


def register_extract(
    state: RegisterState | None, limits: RegisterSettings, now: datetime
) -> BoardCheck:
    """Raises RegisterMissing."""
    if state is None:
        raise RegisterMissing()
    hours = int((now - state.as_of).total_seconds() // 3600)
    facts = {"entries": state.entries, "hours": hours}
    if hours > limits.fresh_hours:
        return _attention(CheckKey.REGISTER, "old", facts, RegisterOld)
    return BoardCheck(CheckKey.REGISTER, CheckState.READY, "fresh", facts)


def status_lists(lists: Iterable[ListContent], settings: Settings, now: datetime) -> BoardCheck:
    """When the status lists were signed last; one without an entry need not be out yet.

    Raises StatusListMissing, StatusListEnded.
    """
    signed = [one.signed_at for one in lists if one.signed_at or one.values]
    if not signed:
        return BoardCheck(CheckKey.STATUS_LIST, CheckState.READY, "none")
    if None in signed:
        raise StatusListMissing()
    age = now - min(at for at in signed if at is not None)
    lifetime = settings.status.lifetime
    facts = {"hours": max(0, age // _HOUR), "lifetime": lifetime // _HOUR}
    # To the second, as its readers take it (``exp``: not on or after).
    if age >= lifetime:
        raise StatusListEnded(**facts)
    if age > timedelta(hours=settings.checks.status_hours):
        return _attention(CheckKey.STATUS_LIST, "old", facts, StatusListOld)
    return BoardCheck(CheckKey.STATUS_LIST, CheckState.READY, "fresh", facts)


def left_addresses(pointing: Iterable[Pointing], place: StatusPlace) -> list[str]:
    """Where credentials say that their list is, and ``place`` publishes none. Raises what the
    service raises where it has to be asked for its address."""
    return [one.uri for one in pointing if not is_published_at(place, one.list_name, one.uri)]


def status_addresses(left: Sequence[str], count: int) -> BoardCheck:
    """``count`` credentials that stand say that their list is at an address that was ``left``.

    Raises StatusListMoved.
    """
    if count:
        raise StatusListMoved(count=count, address=urlsplit(left[0]).netloc)
    return BoardCheck(CheckKey.STATUS_LIST, CheckState.READY)


def status_signer(
    certificates: Sequence[bytes], anchors: Collection[bytes], now: datetime
) -> BoardCheck:
    """How long whoever reads a status list still takes its signer; ``certificates`` as DER,
    leaf first. Raises StatusSignerOver, StatusSignerUnknown."""
    demand_signer(certificates, anchors, now)
    days = _days_left(certificates, now)
    if days > ENDING_DAYS:
        return BoardCheck(CheckKey.STATUS_LIST, CheckState.READY)
    return _attention(CheckKey.STATUS_LIST, "signer_ending", {"days": days}, StatusSignerEnding)


def verifier(certificates: Sequence[bytes], now: datetime) -> BoardCheck:
    """How long phones still take the certificate that asks them; ``certificates`` as DER, leaf
    first. Their roots are the wallets' matter and not known here. Raises VerifierOver."""
    try:
        for one in certificates:
            chain.check_time(load_certificate(one), now)
    except NotValidNow as reason:
        raise VerifierOver(since=reason.facts["since"], until=reason.facts["until"]) from reason
    facts = {"days": _days_left(certificates, now)}
    if facts["days"] > ENDING_DAYS:
        return BoardCheck(CheckKey.VERIFIER, CheckState.READY, "held", facts)
    return _attention(CheckKey.VERIFIER, "ending", facts, VerifierEnding)


def _days_left(certificates: Sequence[bytes], now: datetime) -> int:
    return (min(load_certificate(one).not_valid_after_utc for one in certificates) - now).days


def signed_times(contents: Contents) -> list[datetime]:
    """When the trust lists held were signed by their issuers."""
    return [source.as_of for source in contents.of_kind(*_SIGNED)]


def clock(statements: Iterable[datetime], limits: CheckSettings, now: datetime) -> BoardCheck:
    """Whoever signed or recorded something did so before now. Raises ClockBehind.

    ``statements`` are the times in what the desk holds signed; without any there is nothing
    to hold the clock against.
    """
    newest = max(statements, default=None)
    if newest is None:
        return BoardCheck(CheckKey.CLOCK, CheckState.NOT_DONE, "nothing_signed")
    behind = newest - now
    facts = {"at": f"{newest:%Y-%m-%d %H:%M}"}
    if behind > timedelta(seconds=limits.clock_seconds):
        raise ClockBehind(minutes=behind // timedelta(minutes=1), **facts)
    return BoardCheck(CheckKey.CLOCK, CheckState.READY, "in_step", facts)


def disk(home: Path, limits: CheckSettings) -> BoardCheck:
    """Room for the records. Raises DiskNearlyFull."""
    free = shutil.disk_usage(home).free // _MEGABYTE
    if free < limits.disk_megabytes:
        raise DiskNearlyFull(megabytes=free)
    return BoardCheck(CheckKey.DISK, CheckState.READY, "free", {"megabytes": free})


def _attention(
    key: CheckKey, fact: str, facts: dict[str, int], trouble: type[Trouble]
) -> BoardCheck:
    return BoardCheck(key, CheckState.ATTENTION, fact, facts, trouble.code)
