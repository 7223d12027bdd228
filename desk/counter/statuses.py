"""The published status list: made from the records, signed with the machine's key.

A list goes out before the first credential that points to it, and again after every
change. What changed while it was being signed stays due.
"""

from __future__ import annotations

from datetime import timedelta

from desk.counter.station import STATUS_LIST, Station
from desk.credential import statuslist
from desk.store import status

LIFETIME = timedelta(hours=24)
TIME_TO_LIVE = timedelta(minutes=5)


def open_status_list(station: Station) -> None:
    """Make sure the list for new credentials exists."""
    with station.store.write() as session:
        status.open_list(session, station.stamp(), STATUS_LIST)


def publish_status(station: Station, *, even_if_same: bool = False) -> bool:
    """Publish every list that is due; True where one went out. Raises the link's troubles."""
    with station.store.read() as session:
        lists = [status.content(session, name) for name in status.list_names(session)]
    due = [content for content in lists if even_if_same or content.is_due]
    for content in due:
        _publish(station, content)
    return bool(due)


def _publish(station: Station, content: status.ListContent) -> None:
    listed = statuslist.StatusList(content.size)
    for index, validity in content.values.items():
        listed.set(index, statuslist.Status(validity.bits))
    terms = statuslist.ListTerms(
        uri=station.link.status_uri(content.name),
        issued=station.now(),
        expires=station.now() + LIFETIME,
        time_to_live=TIME_TO_LIVE,
    )
    signer = station.authority.status_signer
    jwt = statuslist.sign_jwt(listed, terms, signer)
    cwt = statuslist.sign_cwt(listed, terms, signer)
    station.link.publish_status(content.name, jwt, cwt)
    with station.store.write() as session:
        status.note_published(session, station.stamp(), content)
