"""What happens to a credential after its case: for now only its end."""

from __future__ import annotations

from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.issuance.roles import Right
from desk.store import status
from desk.store.status import Validity


def revoke(station: Station, officer: Officer | None, number: str, reason: str) -> int:
    """Every credential of the case is INVALID from now on; how many were not before.

    Raises :class:`~desk.issuance.roles.RoleMayNot`."""
    if officer is not None:
        officer.role.demand(Right.AFTER_CARE)
    stamp = station.stamp(officer)
    with station.store.write() as session:
        ended = [
            entry
            for entry in status.entries_of(session, number)
            if entry.validity is not Validity.INVALID
        ]
        for entry in ended:
            status.set_validity(session, stamp, entry.slot, Validity.INVALID, reason)
    if ended:
        publish_status(station)
    return len(ended)
