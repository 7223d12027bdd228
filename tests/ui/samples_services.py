"""Relying services as a proof page may show them: the list as shipped, with invented requests."""

from __future__ import annotations

from dataclasses import replace

from desk.counter.relying import Readiness, contents, readiness, services_of
from desk.credential.claims import Format, load_profile
from desk.issuance.posts import load_services
from tests.enrollment.counter import invented_values

_ASKED = {
    "gov24": ("family_name", "given_name", "birth_date", "portrait", "overseas_number"),
    "g4k": ("name_hangul", "travel_document_number", "resident_number"),
}


def shipped() -> Readiness:
    """As the ministry's file stands: nobody has said what they ask."""
    return _weighed({})


def told() -> Readiness:
    """One that would take it, one that asks too much, one that is silent, one to come."""
    return _weighed(_ASKED)


def exercises() -> Readiness:
    """What a rehearsal shows: the shipped list with the exercises behind it."""
    held = contents(load_profile(), invented_values(), list(Format))
    listed = services_of(training=True)
    return readiness(listed, load_profile(), held, listed.as_of)


def _weighed(asked: dict[str, tuple[str, ...]]) -> Readiness:
    listed, profile = load_services(), load_profile()
    services = tuple(replace(one, claims=asked.get(one.id, ())) for one in listed)
    held = contents(profile, invented_values(), list(Format))
    return readiness(replace(listed, services=services), profile, held, listed.as_of)
