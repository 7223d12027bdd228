"""How the training chip shows that it is no copy: active authentication (Doc 9303-11, 6.1).

The private keys never leave here, so a chip made of copied files cannot answer. What the
answers are worth is the terminal's judgement.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.status import StatusWord
from desk.mrtd import active_authentication
from desk.training.chip_access import Step


@dataclass(frozen=True)
class ActiveKey:
    """The key of active authentication and how the chip signs with it.

    ``der`` answers an ECDSA signature as a structure instead of r and s side by side, as
    some chips of the field do.
    """

    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(repr=False)
    hash: str = "sha256"
    der: bool = False

    def sign(self, challenge: bytes) -> bytes:
        """The answer to the terminal's eight bytes."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return active_authentication.sign_rsa(self.private, challenge, self.hash)
        return active_authentication.sign_ecdsa(self.private, challenge, self.hash, der=self.der)


def internal_authenticate(key: ActiveKey | None, command: CommandApdu) -> Step:
    """INTERNAL AUTHENTICATE (clause 6.1.2)."""
    if key is None:
        return Step.refused(StatusWord.INS_NOT_SUPPORTED)
    if len(command.data) != active_authentication.CHALLENGE:
        return Step.refused(StatusWord.WRONG_LENGTH)
    return Step(ResponseApdu(key.sign(command.data), StatusWord.OK))
