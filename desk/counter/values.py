"""From an approved case to what its credential says."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

from desk.counter.readying import Sources
from desk.counter.station import Station
from desk.credential.claims import CredentialValues
from desk.credential.portrait import PortraitSize
from desk.issuance.case import Case, State
from desk.mrtd import lds
from desk.store import cases
from desk.store.cases import BlobKind
from desk.trouble import Trouble

_log = logging.getLogger(__name__)

AUTHORITY = "Ministry of Foreign Affairs of the Republic of Korea"
_NO_PICTURE = b"\xff\xd8\xff\xd9"
_FILES = (BlobKind.DG1, BlobKind.DG2, BlobKind.EF_SOD)
_SEXES = {"M": 1, "F": 2}


class FactsMissing(Trouble):
    """The case lacks what a credential must say."""

    code = "CASE-02"


def administrative_expiry(issued: date, passport_expiry: date, years: int) -> date:
    """``years`` after ``issued``, or the passport's end, whichever comes first."""
    try:
        anniversary = issued.replace(year=issued.year + years)
    except ValueError:  # 29 February
        anniversary = issued.replace(year=issued.year + years, day=28)
    return min(anniversary, passport_expiry)


def sources(station: Station, case: Case) -> Sources:
    """Everything the claim profile may take from this case. Raises :class:`FactsMissing`."""
    chosen = station.settings.credential
    live = chosen.portrait == "live"
    return Sources(
        profile=station.profile,
        spoken=spoken_values(station, case),
        picture=_picture(station, case, BlobKind.FACE if live else BlobKind.PORTRAIT),
        live=live,
        size=PortraitSize(chosen.portrait_width, chosen.portrait_bytes),
    )


def make_ready(station: Station, case: Case) -> None:
    """While the phone of the live offer is awaited, make what its key is not needed for. What
    cannot be made is told of when it has to be signed."""
    try:
        awaiting = _awaiting_phone(station, case)
        if awaiting is None or awaiting.offer is None:
            return
        station.link.get_ready()
        formats = [station.profile.format_of(one) for one in awaiting.offer.configurations]
        station.ready.make(case.number, sources(station, awaiting), formats)
        if _awaiting_phone(station, case) is None:
            # Whoever ended the offer meanwhile may have forgotten before there was anything.
            station.ready.forget(case.number)
    except Trouble as trouble:
        station.ready.forget(case.number)
        _log.warning("case %s: not made ready: %s", case.number, trouble.code)


def _awaiting_phone(station: Station, case: Case) -> Case | None:
    """The case as the records have it now, where a phone is awaited at its offer."""
    known = station.load(case.number)
    awaits = known.offer is not None and known.state in (State.OFFERED, State.SIGNING)
    return known if awaits else None


def spoken_values(station: Station, case: Case) -> CredentialValues:
    """What a credential says but for the portrait, whose place an empty JPEG holds.

    Raises :class:`FactsMissing`.
    """
    document, register = case.document, case.register
    if document is None or register is None or case.expiry_date is None:
        raise FactsMissing(case=case.number)
    return CredentialValues(
        family_name=document.surname,
        given_name=document.given_names,
        name_hangul=register.name_hangul,
        birth_date=document.birth_date,
        sex=_SEXES.get(document.sex, 9),
        portrait=_NO_PICTURE,
        issue_date=_approved_on(station, case),
        expiry_date=case.expiry_date,
        issuing_authority=AUTHORITY,
        overseas_number=register.overseas_number,
        jurisdiction_post=station.post.name["ko"],
        travel_document_number=document.number,
        resident_number=register.resident_number,
        **_passport_files(station, case),
    )


def _passport_files(station: Station, case: Case) -> dict[str, Any]:
    """The chip's files as they were read, and what annex C of TS 23220-4 wants beside them."""
    if not station.settings.credential.passport_data_groups:
        return {}
    with station.store.read() as session:
        dg1, dg2, sod = (cases.blob(session, case.number, kind) for kind in _FILES)
    if dg1 is None or dg2 is None or sod is None:
        raise FactsMissing(case=case.number)
    zone = lds.zone_of_dg1(dg1)
    return {
        "dg1": dg1,
        "dg2": dg2,
        "sod": sod,
        "travel_document_mrz": zone,
        "travel_document_type": zone[:2].rstrip("<"),
    }


def _picture(station: Station, case: Case, kind: BlobKind) -> bytes:
    with station.store.read() as session:
        picture = cases.blob(session, case.number, kind)
    if picture is None:
        raise FactsMissing(case=case.number)
    return picture


def _approved_on(station: Station, case: Case) -> date:
    approved = case.approvals[-1].approved_at if case.approvals else station.now()
    return approved.astimezone(station.post.zone).date()
