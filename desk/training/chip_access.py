"""How the training chip lets a terminal in: Basic Access Control (Doc 9303-11 clause 4.3).

Commands in, an answer and the session that follows it out. The cryptograms are those of
`desk.mrtd.bac`; keeping sessions is `desk.training.chip`'s part.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.status import StatusWord
from desk.mrtd import bac
from desk.mrtd.bac import Half
from desk.mrtd.mrz import MrzKey
from desk.mrtd.secure_messaging import SecureMessaging
from desk.mrtd.troubles import SessionBroken
from desk.training.chip_system import status


@dataclass(frozen=True)
class Step:
    """An answer, and the session that holds from the next command on (None: as before)."""

    answer: ResponseApdu
    session: SecureMessaging | None = None

    @classmethod
    def refused(cls, sw: int) -> Step:
        return cls(status(sw))


class BasicAccess:
    """The chip's side of BAC: one challenge, one try at it."""

    def __init__(self, key: MrzKey) -> None:
        self._suite = bac.access_keys(key)
        self.reset()

    def reset(self) -> None:
        self._challenge: bytes | None = None

    def challenge(self, command: CommandApdu) -> Step:
        """GET CHALLENGE."""
        if command.le != bac.NONCE:
            return Step.refused(StatusWord.WRONG_LENGTH)
        self._challenge = secrets.token_bytes(bac.NONCE)
        return Step(ResponseApdu(self._challenge, StatusWord.OK))

    def authenticate(self, command: CommandApdu) -> Step:
        """EXTERNAL AUTHENTICATE, which answers with the chip's own half."""
        challenge, self._challenge = self._challenge, None
        if challenge is None:
            return Step.refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        try:
            terminal = bac.unseal(self._suite, command.data, challenge)
        except SessionBroken:
            return Step.refused(StatusWord.NO_INFORMATION_63)
        own = Half(challenge, secrets.token_bytes(bac.KEY_PART))
        sealed = bac.seal(self._suite, own, terminal.nonce)
        return Step(ResponseApdu(sealed, StatusWord.OK), bac.session(terminal, own))
