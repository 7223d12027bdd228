"""The published status lists: made from the records, signed with the machine's key.

A list goes out before the first credential that points to it, and again after every
change. What changed while it was being signed stays due. Where lists are read is the
station's :class:`StatusPlace`: the phone-facing service, or a storage of files.
"""

from __future__ import annotations

from datetime import timedelta

from desk.counter.station import Station
from desk.credential import statuslist
from desk.credential.claims import Format
from desk.credential.terms import StatusReference
from desk.issuance.ports import StatusForm
from desk.store import status
from desk.store.status import StatusSlot, Validity

TIME_TO_LIVE = timedelta(minutes=5)
_FORMS = {Format.MDOC: StatusForm.CWT, Format.SD_JWT: StatusForm.JWT}


def open_status_list(station: Station) -> None:
    """Make sure there is a list for new credentials."""
    with station.store.write() as session:
        if status.current_list(session) is None:
            status.begin_list(session, station.stamp())


def reference(station: Station, slot: StatusSlot, credential: Format) -> StatusReference:
    """What a credential says of its status: the list in the form that suits its own."""
    uri = station.status_place.uri(slot.list_name, _FORMS[credential])
    return StatusReference(uri, slot.index)


def publish_status(station: Station, *, even_if_same: bool = False) -> bool:
    """Publish every list that is due; True where one went out. Raises the place's troubles."""
    with station.store.read() as session:
        names = status.list_names(session) if even_if_same else status.due_lists(session)
        due = [status.content(session, name) for name in names]
    for content in due:
        _publish(station, content)
        _publish_newer(station, content.name)
    return bool(due)


def _publish_newer(station: Station, name: str) -> None:
    """Another desk that shares the records may have published a newer list while this one was
    being signed, which has now been laid over it."""
    while station.store.shared:
        with station.store.read() as session:
            if name not in status.due_lists(session):
                return
            content = status.content(session, name)
        _publish(station, content)


def _publish(station: Station, content: status.ListContent) -> None:
    listed = statuslist.StatusList(content.size)
    for validity in Validity:
        indexes = [index for index, one in content.values.items() if one is validity]
        listed.set_all(statuslist.Status(validity.bits), indexes)
    place, signer = station.status_place, station.authority.status_signer
    issued = station.now()
    expires = issued + station.settings.status.lifetime

    def terms(form: StatusForm) -> statuslist.ListTerms:
        uri = place.uri(content.name, form)
        return statuslist.ListTerms(uri, issued, expires, TIME_TO_LIVE)

    place.publish(
        content.name,
        statuslist.sign_jwt(listed, terms(StatusForm.JWT), signer),
        statuslist.sign_cwt(listed, terms(StatusForm.CWT), signer),
    )
    with station.store.write() as session:
        status.note_published(session, station.stamp(), content, issued)
