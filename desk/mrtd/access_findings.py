"""Findings about how the chip was opened: by PACE, or without it and why.

BAC is weaker and being dropped, so an attacker who can choose chooses BAC: a silent step
down is itself a finding (Doc 9303-11 clauses 4.2 and 9.2.11). EF.CardAccess, which offers
PACE, is signed by nobody. What it says is compared with DG14, which counts once passive
authentication has bound it.
"""

from __future__ import annotations

from collections.abc import Mapping

from desk.mrtd import lds
from desk.mrtd.access import Access, Opening, WithoutPace
from desk.mrtd.passive import PassiveResult
from desk.mrtd.results import Check, Fact, Finding, Group, Result
from desk.mrtd.security_infos import SecurityInfo, SecurityInfos
from desk.mrtd.troubles import FileMalformed

_DG14 = 14
_PACE = "0.4.0.127.0.7.2.2.4."


def access(opening: Opening, files: Mapping[str, bytes], content: PassiveResult) -> list[Finding]:
    """Access passed, or nothing would have been read; then PACE, and what announced it.

    ``files`` are whole files by name, ``content`` the result of passive authentication
    over them.
    """
    signed = _signed_infos(files, content)
    if opening.access is Access.PACE:
        return [_opened(opening), _by_pace(opening), *_announced_as_signed(opening, signed)]
    return [_opened(opening), _without_pace(opening, signed)]


def _opened(opening: Opening) -> Finding:
    facts: dict[str, Fact] = {"access": opening.access.value}
    if opening.access is Access.BAC:
        return _finding("BAC-01", Result.PASSED, Check.ACCESS, **facts)
    code = "PACE-09" if opening.by_can else "PACE-08"
    return _finding(code, Result.PASSED, Check.ACCESS, **facts)


def _by_pace(opening: Opening) -> Finding:
    label = "" if opening.pace is None else opening.pace.label
    return _finding("PACE-01", Result.PASSED, Check.PACE, algorithm=label)


def _without_pace(opening: Opening, signed: SecurityInfos | None) -> Finding:
    """Opened by BAC. What the issuer signed tells a step down that the chip keeps silent on."""
    check, why = Check.PACE, opening.without_pace
    facts: dict[str, Fact] = {"sw": opening.sw or "-"}
    if why is WithoutPace.REFUSED:
        return _finding("PACE-04", Result.UNDECIDED, check, **facts)
    if why is WithoutPace.UNKNOWN:
        return _finding("PACE-06", Result.NOT_DONE, check)
    if signed is not None and signed.offers_pace:
        return _finding("PACE-05", Result.UNDECIDED, check, **facts)
    if why is WithoutPace.UNREADABLE:
        return _finding("PACE-02", Result.NOT_DONE, check, **facts)
    return _finding("PACE-03", Result.NOT_SUPPORTED, check)


def _announced_as_signed(opening: Opening, signed: SecurityInfos | None) -> list[Finding]:
    """The ways of PACE in EF.CardAccess are those that the issuer signed in DG14.

    Chips that were issued before this was asked for repeat none of them there.
    """
    if signed is None or not signed.offers_pace:
        return [_finding("PACE-11", Result.NOT_DONE, Check.PACE)]
    announced = opening.announced.infos
    if set(_ways(announced)) != set(_ways(signed)):
        return [_finding("PACE-07", Result.UNDECIDED, Check.PACE)]
    return [_finding("PACE-10", Result.PASSED, Check.PACE)]


def _ways(infos: SecurityInfos) -> list[SecurityInfo]:
    return [item for item in infos.items if item.oid.startswith(_PACE)]


def _signed_infos(files: Mapping[str, bytes], content: PassiveResult) -> SecurityInfos | None:
    """DG14 where the issuer vouches for it, else None."""
    if "DG14" not in files or not content.vouches_for(_DG14):
        return None
    try:
        return lds.parse_dg14(files["DG14"])
    except FileMalformed:
        return None


def _finding(code: str, result: Result, check: Check, **facts: Fact) -> Finding:
    return Finding(code, result, Group.CHIP, check, facts)
