"""The published status lists: made from the records, signed with the machine's key.

A list goes out before the first credential that points to it, and again after every
change. What changed while it was being signed stays due. One list at a time goes out, from
the reading of its content until that is noted: whoever read it earlier must not lay it over
a newer one. Where lists are read is the station's :class:`StatusPlace`: the phone-facing
service, or a storage of files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

from desk.counter.station import Station
from desk.credential import chain, statuslist
from desk.credential.claims import Format
from desk.credential.terms import StatusReference
from desk.credential.troubles import CredentialTrouble, NotValidNow
from desk.issuance.ports import StatusForm, StatusPlace
from desk.store import status
from desk.store.status import StatusSlot, Validity
from desk.store.troubles import Busy
from desk.trouble import Trouble

PATIENCE_SECONDS = 10.0
"""So long another lane's or desk's publication is waited for; one list takes well under a
second where the place answers."""
TIME_TO_LIVE = timedelta(minutes=5)
_FORMS = {Format.MDOC: StatusForm.CWT, Format.SD_JWT: StatusForm.JWT}


class PublicationWaits(Trouble):
    """Another publication of this desk, or of one that shares the records, did not end. Fact:
    seconds waited."""

    code = "STATUS-35"


class StatusSignerOver(Trouble):
    """The certificate that signs the status lists is not valid now. Facts: since, until (days)."""

    code = "STATUS-36"


class StatusSignerUnknown(Trouble):
    """No root of the ministry issued the certificate that signs the status lists."""

    code = "STATUS-37"


def demand_signer(certificates: Sequence[bytes], anchors: Collection[bytes], at: datetime) -> None:
    """Whoever reads a list now takes its signer: ``certificates`` are DER, leaf first.

    Raises :class:`StatusSignerOver` and :class:`StatusSignerUnknown`.
    """
    try:
        chain.verify(certificates, anchors, at)
    except NotValidNow as reason:
        raise StatusSignerOver(since=reason.facts["since"], until=reason.facts["until"]) from reason
    except CredentialTrouble as reason:
        raise StatusSignerUnknown() from reason


def open_status_list(station: Station) -> None:
    """Make sure there is a list for new credentials."""
    with station.store.write() as session:
        if status.current_list(session) is None:
            status.begin_list(session, station.stamp())


def reference(station: Station, slot: StatusSlot, credential: Format) -> StatusReference:
    """What a credential says of its status: the list in the form that suits its own."""
    uri = station.status_place.uri(slot.list_name, _FORMS[credential])
    return StatusReference(uri, slot.index)


def is_published_at(place: StatusPlace, list_name: str, uri: str) -> bool:
    """Whether a credential that says so finds its list there. May ask the service for its
    address, and raise its troubles, where ``place`` is the service."""
    return any(uri == place.uri(list_name, form) for form in StatusForm)


def publish_status(station: Station, *, even_if_same: bool = False) -> bool:
    """Publish every list that is due, or all of them; True where one went out here. What
    another lane or desk publishes while this one waits for it does not go out twice.

    Raises the place's troubles, :class:`PublicationWaits` and what :func:`demand_signer`
    raises; what did not go out stays due.
    """
    with station.store.read() as session:
        signed = status.signed_times(session)
        names = tuple(signed) if even_if_same else status.due_lists(session)
    went_out = False
    for name in names:
        with _turn(station):
            with station.store.read() as session:
                content = status.content(session, name)
            if content.is_due or (even_if_same and content.signed_at == signed[name]):
                _publish(station, content)
                went_out = True
    return went_out


@contextmanager
def _turn(station: Station) -> Iterator[None]:
    with ExitStack() as turn:
        try:
            turn.enter_context(station.store.in_turn("publishing", PATIENCE_SECONDS))
        except Busy as reason:
            raise PublicationWaits(seconds=round(PATIENCE_SECONDS)) from reason
        yield


def _publish(station: Station, content: status.ListContent) -> None:
    listed = statuslist.StatusList(content.size)
    for validity in Validity:
        indexes = [index for index, one in content.values.items() if one is validity]
        listed.set_all(statuslist.Status(validity.bits), indexes)
    place, signer = station.status_place, station.authority.status_signer
    issued = station.now()
    demand_signer(signer.certificate_chain, station.authority.anchors, issued)
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
