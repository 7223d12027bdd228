"""How the training chip shows that it is no copy (Doc 9303-11 clauses 6.1 and 6.2).

Active authentication signs a challenge; chip authentication, version 1, begins secure
messaging anew under keys that only the owner of the static key can agree on.

The private keys never leave here, so a chip made of copied files cannot answer. What the
answers are worth is the terminal's judgement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import TlvError
from desk.mrtd import active_authentication, der
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.domains import DomainParameters, KeyInvalid
from desk.mrtd.secure_messaging import SecureMessaging
from desk.training.chip_access import Step

KEY_AGREEMENT, AUTHENTICATION = (0x41, 0xA6), (0x41, 0xA4)
"""P1 and P2 of MANAGE SECURITY ENVIRONMENT: set for computation."""
_PROTOCOL, _KEY_REFERENCE, _EPHEMERAL_KEY = 0x80, 0x84, 0x91
_DYNAMIC_DATA, _PUBLIC_KEY = 0x7C, 0x80
_CHIP_AUTHENTICATION = "0.4.0.127.0.7.2.2.3."


@dataclass(frozen=True)
class StaticKey:
    """A key pair for agreement, with the cipher of the session that follows."""

    domain: DomainParameters
    private: int = field(repr=False)
    cipher: SessionCipher
    key_id: int | None = None

    @classmethod
    def draw(
        cls, domain: DomainParameters, cipher: SessionCipher, key_id: int | None = None
    ) -> Self:
        return cls(domain, domain.draw(), cipher, key_id)

    @property
    def public(self) -> bytes:
        return self.domain.public_key(self.private)

    def session(self, ephemeral: bytes) -> SecureMessaging:
        """Secure messaging after agreement with the terminal's key; raises KeyInvalid."""
        secret = self.domain.shared_secret(self.private, ephemeral)
        return SecureMessaging(self.cipher.suite(secret))


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


class ChipAuthentication:
    """The chip's side of version 1: one command with 3DES, two with AES (clause 6.2.4)."""

    def __init__(self, keys: Iterable[StaticKey]) -> None:
        self._keys = tuple(keys)
        self.reset()

    def reset(self) -> None:
        self._chosen: StaticKey | None = None

    def manage(self, command: CommandApdu) -> Step:
        """MSE:Set KAT agrees at once; MSE:Set AT names protocol and key."""
        self.reset()
        try:
            objects = {item.tag: item.value for item in tlv.parse(command.data)}
            cipher = _cipher_of(objects.get(_PROTOCOL, b""))
        except TlvError:
            return Step.refused(StatusWord.WRONG_DATA)
        reference = objects.get(_KEY_REFERENCE)
        if (command.p1, command.p2) == KEY_AGREEMENT:
            key = self._key(reference, SessionCipher.TRIPLE_DES)
            return _agreed(key, objects.get(_EPHEMERAL_KEY, b""), b"")
        self._chosen = self._key(reference, cipher)
        found = self._chosen is not None
        return Step.refused(StatusWord.OK if found else StatusWord.REFERENCE_NOT_FOUND)

    def authenticate(self, command: CommandApdu) -> Step:
        """GENERAL AUTHENTICATE with the terminal's ephemeral key."""
        key, self._chosen = self._chosen, None
        try:
            dynamic = tlv.parse_one(command.data, _DYNAMIC_DATA)
            return _agreed(key, dynamic.get(_PUBLIC_KEY), tlv.encode(_DYNAMIC_DATA))
        except TlvError:
            return Step.refused(StatusWord.WRONG_DATA)

    def _key(self, reference: bytes | None, cipher: SessionCipher | None) -> StaticKey | None:
        """The key of this cipher, and of this reference where one is given."""
        wanted = None if reference is None else int.from_bytes(reference)
        fitting = [key for key in self._keys if key.cipher is cipher]
        if wanted is not None:
            fitting = [key for key in fitting if key.key_id == wanted]
        return fitting[0] if fitting else None


def _agreed(key: StaticKey | None, ephemeral: bytes, answer: bytes) -> Step:
    """The answer in the old session, and the session that both have agreed on."""
    if key is None:
        return Step.refused(StatusWord.REFERENCE_NOT_FOUND)
    try:
        session = key.session(ephemeral)
    except KeyInvalid:
        return Step.refused(StatusWord.NO_INFORMATION_63)
    return Step(ResponseApdu(answer, StatusWord.OK), session)


def _cipher_of(protocol: bytes) -> SessionCipher | None:
    """By the last arc of chip authentication's identifier; raises TlvError for no identifier."""
    oid = der.dotted(protocol) if protocol else ""
    if not oid.startswith(_CHIP_AUTHENTICATION):
        return None
    return SessionCipher.of_arc(int(oid.rsplit(".", 1)[1]))
