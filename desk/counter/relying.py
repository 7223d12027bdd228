"""The relying services' own requests, held against what a case's phone has.

Per service: what its request asks, what the phone would show, what it lacks, and whether
the service would take it today. A service that has not said what it asks is never counted
as one that would accept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from desk.counter.slips.facts import ServiceUse
from desk.counter.station import Station
from desk.counter.values import FactsMissing, spoken_values
from desk.credential import dcql
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.dcql import Content, Path
from desk.credential.troubles import RequestRefused
from desk.issuance.case import Case
from desk.issuance.posts import RelyingService, Services, ServiceState, load_services
from desk.resources import resource

TRAINING = resource("training", "relying-services.toml")


class Outcome(StrEnum):
    """ACCEPTED: the request is answered, and the service is open. LACKING: it asks for what
    the credential does not say. NOT_OPEN: its date has not come. NOT_TOLD: posts' notices
    name it, but it has not said what it asks."""

    ACCEPTED = "accepted"
    LACKING = "lacking"
    NOT_OPEN = "not_open"
    NOT_TOLD = "not_told"


Names = Mapping[str, str]


@dataclass(frozen=True)
class Weighed:
    """One service; the claims by their names in each language, in the request's order."""

    service: RelyingService
    outcome: Outcome
    given: tuple[Names, ...] = ()
    lacking: tuple[Names, ...] = ()

    @property
    def asked(self) -> tuple[Names, ...]:
        return (*self.given, *self.lacking)


@dataclass(frozen=True)
class Readiness:
    """All services as the file names them; ``as_of`` is when the file was true."""

    as_of: date
    services: tuple[Weighed, ...]


def services_of(*, training: bool) -> Services:
    """The ministry's list; a rehearsal has exercises behind it."""
    listed = load_services()
    if not training:
        return listed
    return replace(listed, services=(*listed.services, *load_services(TRAINING).services))


def weigh(station: Station, case: Case) -> Readiness:
    """Every service against what this case delivers, or would. Reads the records only.

    Raises :class:`FactsMissing` before the case has what a credential must say.
    """
    listed = services_of(training=station.training)
    return readiness(listed, station.profile, _held(station, case), _today(station))


def uses(station: Station, case: Case) -> tuple[ServiceUse, ...]:
    """What the holder of this case is told of each service, on paper and on the window before
    him: nothing of one that would not take what he has, nor of an exercise."""
    listed = load_services()
    try:
        held = _held(station, case)
    except FactsMissing:
        # Nobody knows what the phone would show: who asks for something is not promised.
        held = ()
        silent = tuple(one for one in listed if one.request is None and not one.claims)
        listed = replace(listed, services=silent)
    found = readiness(listed, station.profile, held, _today(station))
    return tuple(
        ServiceUse(
            one.service.name,
            one.outcome is Outcome.ACCEPTED,
            one.service.opens,
            announced=one.outcome is Outcome.NOT_TOLD,
        )
        for one in found.services
        if one.outcome is not Outcome.LACKING
    )


def _held(station: Station, case: Case) -> tuple[Content, ...]:
    issued = [one.configuration for one in case.issued] or station.settings.enrollment.formats
    formats = list(dict.fromkeys(station.profile.format_of(name) for name in issued))
    return contents(station.profile, spoken_values(station, case), formats)


def _today(station: Station) -> date:
    return station.post.local(station.now()).date()


def readiness(
    listed: Services, profile: ClaimProfile, held: Sequence[Content], today: date
) -> Readiness:
    """The same of credentials that could show ``held``; raises ``RequestRefused`` for a
    request that is no DCQL query."""
    return Readiness(
        listed.as_of, tuple(_weigh(one, profile, held, today) for one in listed.services)
    )


def contents(
    profile: ClaimProfile, values: CredentialValues, formats: Sequence[Format]
) -> tuple[Content, ...]:
    """What credentials of these formats could show of ``values``."""
    return tuple(
        Content(
            fmt,
            profile.doctype if fmt is Format.MDOC else profile.vct,
            {
                claim.path_in(fmt): claim.to_mdoc(value)
                if fmt is Format.MDOC
                else claim.to_json(value)
                for claim, value in profile.collect(values)
                if claim.within(fmt)
            },
        )
        for fmt in formats
    )


def _weigh(
    service: RelyingService, profile: ClaimProfile, held: Sequence[Content], today: date
) -> Weighed:
    query = _query(service, profile, held)
    if query is None:
        closed = not service.open_on(today) or service.state is not ServiceState.LISTED
        return Weighed(service, Outcome.NOT_OPEN if closed else Outcome.NOT_TOLD)
    try:
        fits = dcql.choose(query, held)
    except RequestRefused:
        missing = dcql.lacking(query, held)
        shown = [path for path in dcql.asked(query) if path not in missing]
        return _named(service, Outcome.LACKING, profile, shown, missing)
    paths = [path for fit in fits.values() for path in fit.paths]
    outcome = Outcome.ACCEPTED if service.open_on(today) else Outcome.NOT_OPEN
    return _named(service, outcome, profile, paths, ())


def _query(
    service: RelyingService, profile: ClaimProfile, held: Sequence[Content]
) -> Mapping[str, Any] | None:
    """The service's own DCQL query, or one for the items it names, in any format held."""
    if service.request is not None:
        return service.request
    if not service.claims:
        return None
    query = profile.dcql([one.format for one in held])
    known = {claim.value: claim for claim in (*profile.claims, *profile.withheld)}
    for entry in query["credentials"]:
        fmt = Format(entry["format"])
        # An item that no claim of the profile is called is one no credential says.
        entry["claims"] = [
            {"path": list(known[value].path_in(fmt)) if value in known else [value]}
            for value in service.claims
        ]
    return query


def _named(
    service: RelyingService,
    outcome: Outcome,
    profile: ClaimProfile,
    given: Sequence[Path],
    missing: Sequence[Path],
) -> Weighed:
    known = (*profile.claims, *profile.withheld)
    names = {claim.path_in(fmt): claim.names for fmt in Format for claim in known}

    def named(paths: Sequence[Path]) -> tuple[Names, ...]:
        found = {_key(one): one for path in paths for one in [names.get(path) or _bare(path)]}
        return tuple(found.values())

    return Weighed(service, outcome, named(given), named(missing))


def _bare(path: Path) -> Names:
    """A claim this program has no words for is shown as the request writes it."""
    return dict.fromkeys(("ko", "en", "zh", "vi"), str(path[-1]))


def _key(names: Names) -> str:
    return names["ko"]
