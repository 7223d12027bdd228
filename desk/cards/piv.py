"""A client of the PIV card application, NIST SP 800-73-4 part 2.

It asks the card what it can do and never its brand. It sends no vendor command, counts
no tries of its own (the card's count is the only one) and keeps no PIN: whoever holds
the bytearray wipes it; None in its place lets the PIN be typed on the reader's own pad.
A transport that fails is raised as such and tells nothing about tries; ask
`PivSession.tries_left` again. Which certificates are trusted is left to others.
"""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from desk.cards.certificates import certified_key_type, prove_by
from desk.cards.pin_pad import PinPad
from desk.cards.piv_data import (
    SELECT_AID,
    TAG_CHUID,
    TAG_DATA,
    TAG_DISCOVERY,
    Chuid,
    KeyType,
    ManagementAlgorithm,
    PinPolicy,
    PublicKey,
    Slot,
    certificate_in,
    certificate_object,
    public_key_in,
)
from desk.cards.troubles import (
    CertificateUnreadable,
    KeyUnusable,
    LastTry,
    ManagementRefused,
    NoPinPad,
    NotOfficerCard,
    PinBlocked,
    PinFormat,
    PinNeeded,
    PukBlocked,
    WrongPin,
    WrongPinUncounted,
    WrongPuk,
)
from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.connection import CardConnection, CommandChaining, Logged, ResponseChaining, send
from desk.iso7816.status import StatusWord, tries_left
from desk.iso7816.troubles import CardAnswered, TlvError

INS_VERIFY: Final = 0x20
INS_CHANGE_REFERENCE_DATA: Final = 0x24
INS_RESET_RETRY_COUNTER: Final = 0x2C
INS_GENERATE: Final = 0x47
INS_GENERAL_AUTHENTICATE: Final = 0x87
INS_SELECT: Final = 0xA4
INS_GET_DATA: Final = 0xCB
INS_PUT_DATA: Final = 0xDB

PIN_REFERENCE: Final = 0x80
PUK_REFERENCE: Final = 0x81
GLOBAL_PIN_REFERENCE: Final = 0x00
PIN_LENGTHS: Final = range(6, 9)
REFERENCE_LENGTH: Final = 8

_TAG_TEMPLATE = 0x7C
_TAG_WITNESS = 0x80
_TAG_CHALLENGE = 0x81
_TAG_RESPONSE = 0x82
_TAG_EXPONENTIATION = 0x85
_LE_ALL = 256
_WITNESS_WANTED = tlv.encode(_TAG_TEMPLATE, tlv.encode(_TAG_WITNESS, b""))
# DigestInfo of RFC 8017, 9.2 note 1, up to the SHA-256 value.
DIGEST_INFO_SHA256 = bytes.fromhex("3031300D060960864801650304020105000420")


Pin = bytearray | None
"""A PIN as typed here, or None: it is typed on the reader's pad."""


def wipe(secret: Pin) -> None:
    """Overwrite a PIN in place. Copies the interpreter made on the way out are beyond reach."""
    if secret is not None:
        secret[:] = bytes(len(secret))


class PivSession:
    """One conversation with the PIV application over a connection; `select` comes first.

    Every method raises TransportFailed (or a subclass) when bytes are lost and CardAnswered
    for a status word that has no trouble of its own.
    """

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection
        self._card = ResponseChaining(CommandChaining(Logged(connection)))
        self._policy: PinPolicy | None = None
        self._pad: PinPad | None = None
        self._pad_asked = False
        self._certificates: dict[Slot, bytes | None] = {}
        self._pin_shown = False
        self._pin_each_time: set[Slot] = set()

    # --- what the card is -----------------------------------------------------------

    def select(self) -> None:
        """Open the application (part 2, 3.1.1). Raises NotOfficerCard where there is none."""
        command = CommandApdu(0x00, INS_SELECT, 0x04, 0x00, SELECT_AID, _LE_ALL)
        if self._send(command).sw != StatusWord.OK:
            raise NotOfficerCard

    def get_data(self, tag: int) -> bytes | None:
        """The contents of a data object (part 2, 3.1.2), None where the card has none."""
        request = tlv.encode(0x5C, tlv.tag_bytes(tag))
        response = self._send(CommandApdu(0x00, INS_GET_DATA, 0x3F, 0xFF, request, _LE_ALL))
        if response.sw in (StatusWord.NOT_FOUND, StatusWord.REFERENCE_NOT_FOUND):
            return None
        outer = TAG_DISCOVERY if tag == TAG_DISCOVERY else TAG_DATA
        return tlv.parse_one(response.require(), outer).value

    def chuid(self) -> Chuid | None:
        """The card's identifier; None on a card that has none (yet)."""
        contents = self.get_data(TAG_CHUID)
        return Chuid.parse(contents) if contents else None

    def identity(self) -> bytes | None:
        """What tells this card from others without a PIN: its GUID; None where it has none."""
        chuid = self.chuid()
        return chuid.guid if chuid and any(chuid.guid) else None

    def certificate(self, slot: Slot) -> bytes | None:
        """The slot's DER certificate, read once a session; None where the object is empty.

        Raises CertificateUnreadable.
        """
        if slot not in self._certificates:
            try:
                contents = self.get_data(Slot(slot).certificate_tag)
                self._certificates[slot] = certificate_in(contents) if contents else None
            except TlvError as error:
                raise CertificateUnreadable from error
        return self._certificates[slot]

    def key_type(self, slot: Slot) -> KeyType:
        """The kind of key in the slot, by its certificate. Raises KeyUnusable without one."""
        return certified_key_type(self.certificate(slot), slot)

    # --- PIN and PUK ----------------------------------------------------------------

    def pin_policy(self) -> PinPolicy:
        """Which PIN the card wants, by its discovery object; the standard's own without one.

        Raises CardAnswered and TlvError for an answer that may hide the object: a PIN sent
        under the wrong reference would cost a try.
        """
        if self._policy is None:
            try:
                contents = self.get_data(TAG_DISCOVERY)
                self._policy = PinPolicy.parse(contents) if contents else PinPolicy()
            except CardAnswered as answered:
                if answered.sw not in _NO_SUCH_OBJECT:
                    raise
                self._policy = PinPolicy()
        return self._policy

    def pin_pad(self) -> PinPad | None:
        """The reader's own keys for the PIN, None where it has none."""
        if not self._pad_asked:
            self._pad = PinPad.of(self._connection, PIN_LENGTHS)
            self._pad_asked = True
        return self._pad

    def has_pin_pad(self) -> bool:
        """Whether a PIN can be typed on the reader (None in its place)."""
        return self.pin_pad() is not None

    def tries_left(self) -> int | None:
        """The card's own count for the PIN; None where it does not tell.

        A card does not tell while the PIN counts as verified (its count is then full).
        """
        return _tries_in(self._ask_tries())

    def verify_pin(self, pin: Pin, allow_last_try: bool = False) -> None:
        """Present the PIN (part 2, 3.2.1); ``pin`` is read, not kept, and the caller wipes it.

        Raises PinFormat and LastTry before anything is sent, PinBlocked, WrongPin, where the
        card tells no count WrongPinUncounted; with None: NoPinPad, PinNotTyped.
        """
        if pin is not None:
            _check_pin(pin)
        self._guard_last_try(allow_last_try)
        self._present_pin(INS_VERIFY, pin)
        self._pin_shown = True

    def change_pin(self, old: Pin, new: Pin, allow_last_try: bool = False) -> None:
        """Replace the PIN (part 2, 3.2.2); both None: typed on the pad, the new one twice.

        Raises like `verify_pin`, and NewPinsDiffer.
        """
        if old is not None and new is not None:
            _check_pin(old, new)
        self._guard_last_try(allow_last_try)
        self._present_pin(INS_CHANGE_REFERENCE_DATA, old, new)

    def unblock(self, puk: Pin, new_pin: Pin) -> None:
        """Set a new PIN by the PUK (part 2, 3.2.3), which makes the PIN's tries full again.

        Both None: typed on the pad. Raises PinFormat, WrongPuk, PukBlocked, and what the pad
        has to say. Cards have no way to ask for the PUK's tries.
        """
        if puk is not None and new_pin is not None:
            _check_puk(puk)
            _check_pin(new_pin)
        sw = self._exchange(INS_RESET_RETRY_COUNTER, self._reference(), puk, new_pin)
        _require_puk(sw)

    def change_puk(self, old: bytearray, new: bytearray) -> None:
        """Replace the PUK. Raises PinFormat, WrongPuk, PukBlocked."""
        _check_puk(old, new)
        _require_puk(self._exchange(INS_CHANGE_REFERENCE_DATA, PUK_REFERENCE, old, new))

    # --- keys -----------------------------------------------------------------------

    def sign(self, slot: Slot, data: bytes, key_type: KeyType | None = None) -> bytes:
        """A signature over ``data``: DER (ECDSA) or PKCS #1 v1.5 (RSA), hashed here.

        SHA-256 for P-256 and RSA, SHA-384 for P-384; without ``key_type`` the slot's
        certificate is read first. For 9C use `verify_and_sign`: strict cards want nothing
        between PIN and signature. Raises PinNeeded, KeyUnusable.
        """
        key_type = key_type or self.key_type(slot)
        digest = hashes.Hash(key_type.digest)
        digest.update(data)
        block = digest.finalize()
        if key_type is KeyType.RSA2048:
            block = _pkcs1_block(block, key_type.size)
        return self._authenticate(slot, key_type, _TAG_CHALLENGE, block)

    def verify_and_sign(
        self,
        slot: Slot,
        data: bytes,
        pin: Pin,
        key_type: KeyType | None = None,
        allow_last_try: bool = False,
    ) -> bytes:
        """A signature, the PIN presented as often as this card asks for it in a session.

        The first time `verify_pin` goes directly before. Each next one is asked for without: a
        card that wants the PIN every time answers so, gets it, and is remembered until the
        session ends. Raises what `verify_pin` and `sign` raise.
        """
        key_type = key_type or self.key_type(slot)
        if self._pin_shown and slot not in self._pin_each_time:
            try:
                return self.sign(slot, data, key_type)
            except PinNeeded:
                self._pin_each_time.add(slot)
        self.verify_pin(pin, allow_last_try)
        return self.sign(slot, data, key_type)

    def prove(self, slot: Slot = Slot.AUTHENTICATION) -> bytes:
        """Let the slot's key answer a random challenge; the certificate (DER) it agreed with.

        Raises NoSignInCertificate, SignatureMismatch, and what `sign` raises.
        """
        return prove_by(self.certificate(slot), slot, lambda challenge: self.sign(slot, challenge))

    def ecdh(self, slot: Slot, peer_point: bytes) -> bytes:
        """The shared secret (x coordinate) of the slot's key and an uncompressed point.

        Raises PinNeeded, KeyUnusable.
        """
        key_type = self.key_type(slot)
        if key_type.curve is None:
            raise KeyUnusable(slot=f"{slot:02X}")
        return self._authenticate(slot, key_type, _TAG_EXPONENTIATION, peer_point)

    def decipher(self, slot: Slot, block: bytes) -> bytes:
        """The bare RSA operation of the slot's key; padding is undone by the caller (part 1,
        5.1: the card does no padding).

        Raises PinNeeded, KeyUnusable.
        """
        key_type = self.key_type(slot)
        if key_type is not KeyType.RSA2048 or len(block) != key_type.size:
            raise KeyUnusable(slot=f"{slot:02X}")
        return self._authenticate(slot, key_type, _TAG_CHALLENGE, block)

    # --- provisioning ---------------------------------------------------------------

    def management_algorithm(self, key_length: int) -> ManagementAlgorithm:
        """The cipher of the card's management key, found by asking with each of that length.

        Raises ManagementRefused where the card knows none of them.
        """
        for algorithm in ManagementAlgorithm:
            if algorithm.key_length == key_length and self._gives_witness(algorithm):
                return algorithm
        raise ManagementRefused("no cipher with a key of this length")

    def authenticate_management(
        self, key: bytes, algorithm: ManagementAlgorithm | None = None
    ) -> None:
        """Mutual authentication with the management key (part 2, appendix A.1).

        Without ``algorithm`` the card is asked. Raises ManagementRefused where either side
        does not have the key.
        """
        algorithm = algorithm or self.management_algorithm(len(key))
        if len(key) != algorithm.key_length:
            raise ManagementRefused("management key of another length")
        cipher = management_cipher(key, algorithm)
        witness = self._management_step(algorithm, _WITNESS_WANTED, _TAG_WITNESS)
        if len(witness) != algorithm.block:
            raise ManagementRefused
        decryptor = cipher.decryptor()
        opened = decryptor.update(witness) + decryptor.finalize()
        challenge = secrets.token_bytes(algorithm.block)
        request = tlv.encode(
            _TAG_TEMPLATE, tlv.encode(_TAG_WITNESS, opened), tlv.encode(_TAG_CHALLENGE, challenge)
        )
        answer = self._management_step(algorithm, request, _TAG_RESPONSE)
        encryptor = cipher.encryptor()
        if not secrets.compare_digest(answer, encryptor.update(challenge) + encryptor.finalize()):
            raise ManagementRefused("the card did not prove that it has the key")

    def _gives_witness(self, algorithm: ManagementAlgorithm) -> bool:
        try:
            self._management_step(algorithm, _WITNESS_WANTED, _TAG_WITNESS)
        except ManagementRefused:
            return False
        return True

    def generate(self, slot: Slot, key_type: KeyType) -> PublicKey:
        """Make a new key inside the card (part 2, 3.3.2); the old one is gone.

        Raises ManagementRefused without management authentication, KeyUnusable.
        """
        template = tlv.encode(0xAC, tlv.encode(0x80, bytes([key_type])))
        response = self._send(CommandApdu(0x00, INS_GENERATE, 0x00, slot, template, _LE_ALL))
        self._certificates.pop(slot, None)
        return public_key_in(self._provisioned(response, slot), key_type)

    def put_certificate(self, slot: Slot, der: bytes, *, compress: bool = False) -> None:
        """Write the slot's certificate. Raises ManagementRefused."""
        self.put_object(Slot(slot).certificate_tag, certificate_object(der, compress=compress))

    def put_object(self, tag: int, contents: bytes) -> None:
        """Write a data object (part 2, 3.3.1); empty contents delete it.

        Raises ManagementRefused.
        """
        data = tlv.encode(0x5C, tlv.tag_bytes(tag)) + tlv.encode(TAG_DATA, contents)
        self._provisioned(self._send(CommandApdu(0x00, INS_PUT_DATA, 0x3F, 0xFF, data)))
        self._certificates.clear()

    # --- steps ----------------------------------------------------------------------

    def _send(self, command: CommandApdu) -> ResponseApdu:
        return send(self._card, command)

    def _reference(self) -> int:
        """The PIN the card wants for this application."""
        return GLOBAL_PIN_REFERENCE if self.pin_policy().global_first else PIN_REFERENCE

    def _ask_tries(self) -> int:
        return self._send(CommandApdu(0x00, INS_VERIFY, 0x00, self._reference())).sw

    def _guard_last_try(self, allowed: bool) -> None:
        sw = self._ask_tries()
        left = _tries_in(sw)
        if left == 0:
            raise PinBlocked
        # 9000 means «verified already»: the count is full. Any other answer tells nothing,
        # so the next try may be the last one.
        if left in (1, None) and sw != StatusWord.OK and not allowed:
            raise LastTry

    def _present_pin(self, ins: int, *secrets_: Pin) -> None:
        sw = self._exchange(ins, self._reference(), *secrets_)
        left = _tries_in(sw)
        if left is None and sw != StatusWord.NO_INFORMATION_63:
            ResponseApdu(b"", sw).require()
            return
        self._pin_shown = False
        if left is None:
            # «Verification failed», and nothing of how often still: the card may say when asked.
            left = self.tries_left()
        if left is None:
            raise WrongPinUncounted
        raise WrongPin(left) if left else PinBlocked

    def _exchange(self, ins: int, reference: int, *secrets_: Pin) -> int:
        """Send secrets, or let them be typed where they are None; the status word."""
        given = [secret for secret in secrets_ if secret is not None]
        if len(given) != len(secrets_):
            return self._type_on_pad(ins, reference, len(secrets_))
        padded = _padded(*given)
        try:
            return self._send(CommandApdu(0x00, ins, 0x00, reference, bytes(padded))).sw
        finally:
            wipe(padded)

    def _type_on_pad(self, ins: int, reference: int, secrets_: int) -> int:
        pad = self.pin_pad()
        if pad is None or (secrets_ > 1 and not pad.can_change):
            raise NoPinPad
        frame = CommandApdu(0x00, ins, 0x00, reference, b"\xff" * REFERENCE_LENGTH * secrets_)
        return pad.verify(frame.encode()) if secrets_ == 1 else pad.modify(frame.encode())

    def _authenticate(self, slot: Slot, key_type: KeyType, tag: int, value: bytes) -> bytes:
        template = tlv.encode(_TAG_TEMPLATE, tlv.encode(_TAG_RESPONSE, b""), tlv.encode(tag, value))
        command = CommandApdu(0x00, INS_GENERAL_AUTHENTICATE, key_type, slot, template, _LE_ALL)
        response = self._send(command)
        if response.sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED:
            raise PinNeeded
        if response.sw in _NO_SUCH_KEY:
            raise KeyUnusable(slot=f"{slot:02X}", sw=f"{response.sw:04X}")
        return tlv.parse_one(response.require(), _TAG_TEMPLATE).get(_TAG_RESPONSE)

    def _management_step(self, algorithm: ManagementAlgorithm, request: bytes, tag: int) -> bytes:
        command = CommandApdu(
            0x00, INS_GENERAL_AUTHENTICATE, algorithm, Slot.MANAGEMENT, request, _LE_ALL
        )
        response = self._send(command)
        if response.sw != StatusWord.OK:
            raise ManagementRefused(sw=f"{response.sw:04X}")
        return tlv.parse_one(response.data, _TAG_TEMPLATE).get(tag)

    def _provisioned(self, response: ResponseApdu, slot: Slot | None = None) -> bytes:
        if response.sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED:
            raise ManagementRefused(sw=f"{response.sw:04X}")
        if slot is not None and response.sw in _NO_SUCH_KEY:
            raise KeyUnusable(slot=f"{slot:02X}", sw=f"{response.sw:04X}")
        return response.require()


# Older cards know no object 7E and say so in each of these ways (6A82 is GET DATA's own).
_NO_SUCH_OBJECT = (
    StatusWord.WRONG_DATA,
    StatusWord.FUNCTION_NOT_SUPPORTED,
    StatusWord.WRONG_P1_P2,
    StatusWord.INS_NOT_SUPPORTED,
)

# Cards name a missing key or an algorithm it has not in each of these ways.
_NO_SUCH_KEY = (
    StatusWord.WRONG_DATA,
    StatusWord.FUNCTION_NOT_SUPPORTED,
    StatusWord.NOT_FOUND,
    StatusWord.WRONG_P1_P2,
    StatusWord.REFERENCE_NOT_FOUND,
)


def management_cipher(key: bytes, algorithm: ManagementAlgorithm) -> Cipher[modes.ECB]:
    """One block of the management key's cipher, as the standard's challenge wants it."""
    # ECB on one random block is what SP 800-73-4 prescribes; 3DES is what older cards have.
    if algorithm is ManagementAlgorithm.TDES:
        return Cipher(TripleDES(key), modes.ECB())
    return Cipher(algorithms.AES(key), modes.ECB())


def _check_pin(*pins: bytearray) -> None:
    if any(len(pin) not in PIN_LENGTHS or not pin.isdigit() for pin in pins):
        raise PinFormat


def _tries_in(sw: int) -> int | None:
    """Tries left by a status word. YubiKeys of the NEO kind leave the C out of 63CX."""
    if sw != StatusWord.NO_INFORMATION_63 and sw & 0xFFF0 == StatusWord.NO_INFORMATION_63:
        return sw & 0xF
    return tries_left(sw)


def _require_puk(sw: int) -> None:
    left = _tries_in(sw)
    if left is not None:
        raise WrongPuk(left) if left else PukBlocked
    ResponseApdu(b"", sw).require()


def _check_puk(*puks: bytearray) -> None:
    if any(len(puk) not in PIN_LENGTHS for puk in puks):
        raise PinFormat


def _padded(*secrets_: bytearray) -> bytearray:
    """Each filled up to 8 bytes with FF, in one buffer the caller wipes."""
    padded = bytearray(b"\xff" * REFERENCE_LENGTH * len(secrets_))
    for place, secret in enumerate(secrets_):
        begin = place * REFERENCE_LENGTH
        padded[begin : begin + len(secret)] = secret
    return padded


def _pkcs1_block(digest: bytes, size: int) -> bytes:
    """EMSA-PKCS1-v1_5 (RFC 8017, 9.2): the card only exponentiates."""
    info = DIGEST_INFO_SHA256 + digest
    return b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
