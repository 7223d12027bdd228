"""Opening a passport's chip: PACE as the chip announces it, else BAC (Doc 9303-11 clause 4.2).

`Door.open` finds the way in and `Door.again` goes it once more where a session was lost.
How each way is done stands in `desk.mrtd.pace` and `desk.mrtd.bac`; what it is worth that
a chip was opened without PACE is judged in `desk.mrtd.access_findings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from desk.iso7816.connection import CardConnection
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import CardAnswered
from desk.mrtd import bac, files, lds, pace
from desk.mrtd.files import ClearChannel, FileReader, MasterFile
from desk.mrtd.lengths import ReadLength
from desk.mrtd.pace import PaceOpened
from desk.mrtd.pace_steps import CanKey, MappingProof, Password
from desk.mrtd.secure_messaging import SecureChannel
from desk.mrtd.security_infos import PaceInfo, SecurityInfos
from desk.mrtd.troubles import (
    AccessNotOffered,
    AccessRefused,
    CanNotTaken,
    FileMalformed,
    FileMissing,
    NotAPassport,
    PassportTrouble,
    SessionBroken,
)

_TRIES = 2
"""At PACE, by its two best ways or twice by the only one, before a step down: an answer lost
is none of the chip's choice."""
_NOTHING = SecurityInfos(())
_NO_APPLICATION = {
    StatusWord.NOT_FOUND,
    StatusWord.FUNCTION_NOT_SUPPORTED,
    StatusWord.WRONG_P1_P2,
    StatusWord.INS_NOT_SUPPORTED,
    StatusWord.CLA_NOT_SUPPORTED,
    StatusWord.CONDITIONS_NOT_SATISFIED,
}


class Access(StrEnum):
    """How the chip was opened."""

    BAC = "BAC"
    PACE = "PACE"


class WithoutPace(StrEnum):
    """Why a chip was opened without PACE.

    NOT_ANNOUNCED: no EF.CardAccess, or none that names PACE. UNREADABLE: EF.CardAccess may
    be there and does not read. UNKNOWN: announced in no way that the desk knows. REFUSED:
    announced, tried and refused.
    """

    NOT_ANNOUNCED = "not_announced"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True)
class Announcement:
    """What EF.CardAccess says. ``raw`` is empty and ``missing`` says why where it does not."""

    raw: bytes = field(default=b"", repr=False)
    infos: SecurityInfos = field(default=_NOTHING)
    missing: WithoutPace | None = None
    sw: str = ""


@dataclass(frozen=True)
class Opening:
    """How a chip was opened.

    By PACE: ``pace`` is the way taken and ``proofs`` what chip authentication mapping gave
    with it, one a session, since another chip may have taken the place of the first
    between two. By BAC: ``without_pace`` says why, ``sw`` what the chip said instead.
    """

    access: Access
    announced: Announcement
    by_can: bool = False
    pace: PaceInfo | None = None
    proofs: tuple[MappingProof, ...] = field(default=(), repr=False)
    without_pace: WithoutPace | None = None
    sw: str = ""

    @property
    def label(self) -> str:
        """Such as «PACE ECDH-GM AES-128 brainpoolP256r1»."""
        return self.access.value if self.pace is None else f"{self.access.value} {self.pace.label}"


class Door:
    """The way into one chip with one password.

    ``uncut`` carries long commands whole, where ``connection`` may cut them: in PACE a chain
    is its steps and nothing else (Doc 9303-11 clause 4.4.4.3).
    """

    def __init__(
        self, connection: CardConnection, password: Password, uncut: CardConnection | None = None
    ) -> None:
        self._connection = connection
        self._uncut = uncut or connection
        self._password = password
        self._inside = False
        self.opening: Opening | None = None

    def open(self) -> SecureChannel:
        """A session by the best way that the chip takes.

        After PACE the master file is selected still and `enter` comes next, after BAC the
        application is. Raises AccessRefused, AccessNotOffered, CanNotTaken, NotAPassport,
        SessionBroken, CardAnswered.
        """
        announced = announcement(self._connection)
        refusal: PassportTrouble | None = None
        ways = pace.offers(announced.infos)[:_TRIES]
        for info in (*ways, *ways)[:_TRIES]:
            if refusal is not None:
                files.select_master_file(self._connection)
            try:
                return self._entered_by_pace(info, announced)
            except (AccessNotOffered, SessionBroken) as error:
                refusal = error
            except AccessRefused as error:
                refusal = error
                break  # another way ends the same with the same password
        return self._entered_by_bac(announced, refusal)

    def enter(self, channel: SecureChannel) -> None:
        """Select the application where that is still to do. Raises NotAPassport, CardAnswered."""
        if not self._inside:
            _select(channel)
            self._inside = True

    def again(self) -> SecureChannel:
        """A new session by the way that led in before, and as far in as before.

        Raises SessionBroken where the chip does not open any more: a refusal now is the
        session's and not the password's.
        """
        opening = self.opening
        try:
            if opening is None or opening.pace is None:
                return self._by_bac()
            files.select_master_file(self._connection)
            opened = self._by_pace(opening.pace)
            self.opening = replace(opening, proofs=(*opening.proofs, *_proofs(opened)))
            channel = self._channel(opened)
            if self._inside:
                _select(channel)
        except (AccessRefused, AccessNotOffered, NotAPassport, CardAnswered) as error:
            raise SessionBroken("the chip does not open again") from error
        return channel

    def _entered_by_pace(self, info: PaceInfo, announced: Announcement) -> SecureChannel:
        opened = self._by_pace(info)
        by_can = isinstance(self._password, CanKey)
        self.opening = Opening(Access.PACE, announced, by_can, info, _proofs(opened))
        return self._channel(opened)

    def _entered_by_bac(
        self, announced: Announcement, refusal: PassportTrouble | None
    ) -> SecureChannel:
        """BAC, where the password allows it; else the trouble that PACE ended in."""
        if isinstance(self._password, CanKey):
            raise refusal or CanNotTaken(sw=announced.sw)
        try:
            channel = self._by_bac()
        except (AccessNotOffered, AccessRefused, NotAPassport) as error:
            # That the password is wrong says more than that a way is closed.
            if refusal is None or isinstance(error, AccessRefused):
                raise
            raise refusal from None
        without = WithoutPace.REFUSED if refusal else announced.missing or WithoutPace.UNKNOWN
        sw = str(refusal.facts.get("sw", "")) if refusal else announced.sw
        self.opening = Opening(Access.BAC, announced, without_pace=without, sw=sw)
        return channel

    def _by_pace(self, info: PaceInfo) -> PaceOpened:
        return pace.open_session(self._uncut, info, self._password)

    def _channel(self, opened: PaceOpened) -> SecureChannel:
        return SecureChannel(self._connection, opened.messaging)

    def _by_bac(self) -> SecureChannel:
        if isinstance(self._password, CanKey):
            raise CanNotTaken
        _select(self._connection)
        messaging = bac.open_session(self._connection, self._password)
        self._inside = True
        return SecureChannel(self._connection, messaging)


def announcement(connection: CardConnection) -> Announcement:
    """EF.CardAccess, read in the clear before anything else.

    Chips differ in what they say where they have none, and some refuse every read of the
    master file before access control: neither stops the reading.
    """
    clear = ClearChannel(connection)
    reader = FileReader(clear, lambda: clear, ReadLength(), lambda *_: None)
    try:
        raw = reader.read(MasterFile.CARD_ACCESS)
        infos = lds.parse_card_access(raw)
    except FileMissing as error:
        sw = str(error.facts["sw"])
        absent = sw == f"{StatusWord.NOT_FOUND:04X}"
        why = WithoutPace.NOT_ANNOUNCED if absent else WithoutPace.UNREADABLE
        return Announcement(missing=why, sw=sw)
    except CardAnswered as error:
        return Announcement(missing=WithoutPace.UNREADABLE, sw=f"{error.sw:04X}")
    except (FileMalformed, SessionBroken):
        return Announcement(missing=WithoutPace.UNREADABLE)
    if not infos.offers_pace:
        return Announcement(raw, infos, WithoutPace.NOT_ANNOUNCED)
    return Announcement(raw, infos)


def _proofs(opened: PaceOpened) -> tuple[MappingProof, ...]:
    return () if opened.proof is None else (opened.proof,)


def _select(connection: CardConnection) -> None:
    answer = files.select_application(connection)
    if answer.sw in _NO_APPLICATION:
        raise NotAPassport(sw=f"{answer.sw:04X}")
    answer.require()
