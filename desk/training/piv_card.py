"""A PIV card that answers APDUs, for training and for tests.

It follows NIST SP 800-73-4 part 2 at the byte level and is strict where cards of the
field are: slot 9C wants VERIFY directly before each signature, P1 must name the slot's
algorithm, hashes must have the curve's length. Keys and certificates come from the
caller. Everything durable (tries left above all) is in `PivCard.state`, and ``on_change``
is called before the answer leaves, so that killing the program gives no try back.
It protects nothing: keys and PIN stand in the state as they are.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import ClassVar, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from desk.cards.piv import (
    GLOBAL_PIN_REFERENCE,
    INS_CHANGE_REFERENCE_DATA,
    INS_GENERAL_AUTHENTICATE,
    INS_GENERATE,
    INS_GET_DATA,
    INS_PUT_DATA,
    INS_RESET_RETRY_COUNTER,
    INS_SELECT,
    INS_VERIFY,
    PIN_REFERENCE,
    PUK_REFERENCE,
    management_cipher,
)
from desk.cards.piv_data import (
    PIV_AID,
    TAG_CHUID,
    TAG_DATA,
    TAG_DISCOVERY,
    Chuid,
    KeyType,
    ManagementAlgorithm,
    PinPolicy,
    PrivateKey,
    Slot,
    certificate_object,
    public_key_template,
)
from desk.iso7816 import tlv
from desk.iso7816.apdu import SHORT_LE_MAX, CommandApdu, ResponseApdu
from desk.iso7816.connection import INS_GET_RESPONSE
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import TlvError

State = dict[str, object]

TRAINING_ATR = bytes.fromhex("3B8B01") + b"TRAININGPIV" + b"\xc5"
"""T=1 and eleven historical bytes that no card of the field has; the checksum stands last."""
TRAINING_MANAGEMENT_KEY = bytes.fromhex("010203040506070801020304050607080102030405060708")
"""The published default management key of PIV cards; protects nothing, as meant here."""
FULL_TRIES = 3

_COMMAND_MAX = 8 * 1024
_PIN_OBJECTS = frozenset({0x5FC103, 0x5FC108, 0x5FC109, 0x5FC121})
_SIGNING_SLOTS = frozenset({Slot.AUTHENTICATION, Slot.SIGNATURE, Slot.CARD_AUTHENTICATION})


class _Refused(Exception):
    def __init__(self, sw: int) -> None:
        self.sw = sw


class PivCard:
    """The card: `transmit` is its contacts, `reset` its power.

    ``strict`` False is a card that signs on after one VERIFY, as some do. With ``global_pin``
    the card wants that one first, and its discovery object says so. ``keys`` are P-256,
    P-384 or RSA-2048; ``certificates`` are DER. As a context it is reset on the way in and out.
    """

    def __init__(
        self,
        keys: Mapping[Slot, PrivateKey] | None = None,
        certificates: Mapping[Slot, bytes] | None = None,
        *,
        pin: str = "123456",
        puk: str = "12345678",
        global_pin: str | None = None,
        management_key: bytes = TRAINING_MANAGEMENT_KEY,
        management_algorithm: ManagementAlgorithm = ManagementAlgorithm.AES192,
        guid: bytes | None = None,
        strict: bool = True,
        atr: bytes = TRAINING_ATR,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        self.atr = atr
        self.strict = strict
        self.on_change = on_change
        self._keys = {Slot(slot): key for slot, key in (keys or {}).items()}
        self._secrets = {PIN_REFERENCE: _padded(pin), PUK_REFERENCE: _padded(puk)}
        if global_pin is not None:
            self._secrets[GLOBAL_PIN_REFERENCE] = _padded(global_pin)
        self._tries = dict.fromkeys(self._secrets, FULL_TRIES)
        self._management = (management_key, management_algorithm)
        chuid = Chuid(_TRAINING_FASCN, guid or secrets.token_bytes(16), "20391231")
        self._objects = {TAG_CHUID: chuid.encode()}
        for slot, der in (certificates or {}).items():
            self._objects[Slot(slot).certificate_tag] = certificate_object(der)
        self.reset()

    # --- the outside ----------------------------------------------------------------

    def transmit(self, apdu: bytes) -> bytes:
        """One command APDU in, data and status word out; never raises for a command's sake."""
        try:
            response = self._answer(CommandApdu.parse(apdu))
        except _Refused as refused:
            response = ResponseApdu(b"", refused.sw)
        except TlvError:
            response = ResponseApdu(b"", StatusWord.WRONG_DATA)
        except ValueError:
            response = ResponseApdu(b"", StatusWord.WRONG_LENGTH)
        return response.encode()

    def reset(self) -> None:
        """Power off and on: whatever was proven to the card is forgotten."""
        self._selected = False
        self._pin_verified = False
        self._pin_is_fresh = False
        self._management_done = False
        self._witness: bytes | None = None
        self._challenge: bytes | None = None
        self._chain: tuple[bytes, bytes] | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        self.reset()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.reset()

    @property
    def pin_tries(self) -> int:
        return self._tries[PIN_REFERENCE]

    @property
    def tries(self) -> tuple[int, ...]:
        """Of the PIN, the PUK and, where the card has one, the global PIN."""
        return tuple(self._tries.values())

    @property
    def puk_tries(self) -> int:
        return self._tries[PUK_REFERENCE]

    def install(self, slot: Slot, key: PrivateKey | None, certificate: bytes | None) -> None:
        """Give a slot another key and certificate (None: nothing), as if at the issuer."""
        self._keys.pop(slot, None)
        self._objects.pop(slot.certificate_tag, None)
        if key is not None:
            self._keys[slot] = key
        if certificate is not None:
            self._objects[slot.certificate_tag] = certificate_object(certificate)
        self._changed()

    def state(self) -> State:
        """Everything durable, as values JSON can hold."""
        return {
            "atr": self.atr.hex(),
            "strict": self.strict,
            "secrets": {f"{ref:02X}": value.hex() for ref, value in self._secrets.items()},
            "tries": {f"{ref:02X}": left for ref, left in self._tries.items()},
            "management": [self._management[0].hex(), int(self._management[1])],
            "keys": {f"{slot:02X}": _key_text(key) for slot, key in self._keys.items()},
            "objects": {f"{tag:X}": _b64(value) for tag, value in self._objects.items()},
        }

    @classmethod
    def from_state(cls, state: State, on_change: Callable[[], None] | None = None) -> PivCard:
        """The card as `state` left it, unpowered. Raises ValueError for another structure."""
        card = cls(on_change=on_change)
        card.atr = bytes.fromhex(_text(state["atr"]))
        card.strict = bool(state["strict"])
        card._secrets = {
            int(ref, 16): bytes.fromhex(_text(value)) for ref, value in _items(state, "secrets")
        }
        card._tries = {int(ref, 16): int(_text(left)) for ref, left in _items(state, "tries")}
        management = state["management"]
        if not isinstance(management, list):
            raise ValueError("management")
        card._management = (bytes.fromhex(management[0]), ManagementAlgorithm(management[1]))
        card._keys = {
            Slot(int(slot, 16)): _key_of(_text(text)) for slot, text in _items(state, "keys")
        }
        card._objects = {
            int(tag, 16): base64.b64decode(_text(text)) for tag, text in _items(state, "objects")
        }
        return card

    # --- commands -------------------------------------------------------------------

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        if command.ins == INS_GET_RESPONSE:
            return self._next_piece(command)
        self._rest = b""
        if command.cla not in (0x00, 0x10):
            self._chain = None
            raise _Refused(StatusWord.CLA_NOT_SUPPORTED)
        whole = self._joined(command)
        if whole is None:
            return ResponseApdu(b"", StatusWord.OK)
        fresh, self._pin_is_fresh = self._pin_is_fresh, False
        data = self._execute(whole, fresh)
        return self._first_piece(data, command)

    def _joined(self, command: CommandApdu) -> CommandApdu | None:
        """The whole command at the end of a chain, None while more of it is to come."""
        header = bytes(command.header_octets[1:])
        before = self._chain[1] if self._chain and self._chain[0] == header else b""
        self._chain = None
        data = before + command.data
        if len(data) > _COMMAND_MAX:
            raise _Refused(StatusWord.WRONG_LENGTH)
        if command.is_chained:
            self._chain = (header, data)
            return None
        return CommandApdu(0x00, command.ins, command.p1, command.p2, data, command.le)

    def _first_piece(self, data: bytes, command: CommandApdu) -> ResponseApdu:
        self._rest = data
        return self._next_piece(command.with_le(command.le or SHORT_LE_MAX))

    def _next_piece(self, command: CommandApdu) -> ResponseApdu:
        wanted = command.le or SHORT_LE_MAX
        piece, self._rest = self._rest[:wanted], self._rest[wanted:]
        if not self._rest:
            return ResponseApdu(piece, StatusWord.OK)
        waiting = len(self._rest) if len(self._rest) < SHORT_LE_MAX else 0
        return ResponseApdu(piece, 0x6100 | waiting)

    def _execute(self, command: CommandApdu, pin_is_fresh: bool) -> bytes:
        if command.ins == INS_SELECT:
            return self._select(command)
        if not self._selected:
            raise _Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        if command.ins == INS_GENERAL_AUTHENTICATE:
            return self._general_authenticate(command, pin_is_fresh)
        handler = self._handlers.get(command.ins)
        if handler is None:
            raise _Refused(StatusWord.INS_NOT_SUPPORTED)
        return handler(self, command)

    def _select(self, command: CommandApdu) -> bytes:
        if (command.p1, command.p2) != (0x04, 0x00):
            raise _Refused(StatusWord.WRONG_P1_P2)
        if len(command.data) < 5 or not PIV_AID.startswith(command.data):
            raise _Refused(StatusWord.NOT_FOUND)
        self.reset()
        self._selected = True
        authority = tlv.encode(0x79, tlv.encode(0x4F, PIV_AID[:5]))
        label = tlv.encode(0x50, b"Training officer card")
        return tlv.encode(0x61, tlv.encode(0x4F, PIV_AID[5:]), authority, label)

    def _get_data(self, command: CommandApdu) -> bytes:
        _require_p1_p2(command, 0x3F, 0xFF)
        tag = int.from_bytes(tlv.parse_one(command.data, 0x5C).value)
        if tag == TAG_DISCOVERY:
            has_global = GLOBAL_PIN_REFERENCE in self._secrets
            policy = PinPolicy(global_pin=has_global, global_first=has_global)
            return tlv.encode(TAG_DISCOVERY, policy.encode())
        if tag in _PIN_OBJECTS and not self._pin_verified:
            raise _Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if tag not in self._objects:
            raise _Refused(StatusWord.NOT_FOUND)
        return tlv.encode(TAG_DATA, self._objects[tag])

    # --- PIN and PUK ----------------------------------------------------------------

    def _verify(self, command: CommandApdu) -> bytes:
        if command.p2 == PUK_REFERENCE or command.p2 not in self._secrets:
            raise _Refused(StatusWord.REFERENCE_NOT_FOUND)
        if command.p1 == 0xFF and not command.data:
            self._pin_verified = False
            return b""
        if command.p1 != 0x00:
            raise _Refused(StatusWord.WRONG_P1_P2)
        if not command.data:
            return self._tell_tries(command.p2)
        self._present(command.p2, command.data)
        self._pin_verified = self._pin_is_fresh = True
        return b""

    def _tell_tries(self, reference: int) -> bytes:
        left = self._tries[reference]
        if not left:
            raise _Refused(StatusWord.AUTHENTICATION_BLOCKED)
        if not self._pin_verified:
            raise _Refused(0x63C0 | left)
        return b""

    def _present(self, reference: int, value: bytes) -> None:
        """Compare a secret; a spent try is durable before the answer leaves."""
        if len(value) != 8 or not _is_well_formed(value):
            raise _Refused(StatusWord.WRONG_DATA)
        if not self._tries[reference]:
            raise _Refused(StatusWord.AUTHENTICATION_BLOCKED)
        if secrets.compare_digest(value, self._secrets[reference]):
            self._set_tries(reference, FULL_TRIES)
            return
        if reference != PUK_REFERENCE:
            self._pin_verified = False
        self._set_tries(reference, self._tries[reference] - 1)
        raise _Refused(0x63C0 | self._tries[reference])

    def _change_reference(self, command: CommandApdu) -> bytes:
        if command.p1 != 0x00 or command.p2 not in self._secrets:
            raise _Refused(StatusWord.REFERENCE_NOT_FOUND)
        old, new = _halves(command.data)
        self._present(command.p2, old)
        self._secrets[command.p2] = new
        if command.p2 != PUK_REFERENCE:
            self._pin_verified = True
        self._changed()
        return b""

    def _reset_counter(self, command: CommandApdu) -> bytes:
        _require_p1_p2(command, 0x00, PIN_REFERENCE)
        puk, new_pin = _halves(command.data)
        self._present(PUK_REFERENCE, puk)
        self._secrets[PIN_REFERENCE] = new_pin
        self._set_tries(PIN_REFERENCE, FULL_TRIES)
        self._pin_verified = False
        self._changed()
        return b""

    # --- keys -----------------------------------------------------------------------

    def _general_authenticate(self, command: CommandApdu, pin_is_fresh: bool) -> bytes:
        parts = {item.tag: item.value for item in tlv.parse_one(command.data, 0x7C).children}
        if command.p2 == Slot.MANAGEMENT:
            return self._authenticate_management(command.p1, parts)
        key = self._keys.get(_slot(command.p2))
        if key is None or KeyType.of(key) != command.p1:
            raise _Refused(StatusWord.WRONG_P1_P2)
        self._require_pin(_slot(command.p2), pin_is_fresh)
        result = self._use(_slot(command.p2), key, parts)
        return tlv.encode(0x7C, tlv.encode(0x82, result))

    def _require_pin(self, slot: Slot, pin_is_fresh: bool) -> None:
        if slot is Slot.CARD_AUTHENTICATION:
            return
        always = slot is Slot.SIGNATURE and self.strict
        if not self._pin_verified or (always and not pin_is_fresh):
            raise _Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)

    def _use(self, slot: Slot, key: PrivateKey, parts: Mapping[int, bytes]) -> bytes:
        if parts.get(0x82) != b"":
            raise _Refused(StatusWord.WRONG_DATA)
        if isinstance(key, rsa.RSAPrivateKey):
            return _exponentiate(key, parts.get(0x81, b""))
        if slot in _SIGNING_SLOTS and 0x81 in parts:
            return _sign_digest(key, parts[0x81])
        if slot is Slot.KEY_MANAGEMENT and 0x85 in parts:
            return _agree(key, parts[0x85])
        raise _Refused(StatusWord.WRONG_DATA)

    def _authenticate_management(self, algorithm: int, parts: Mapping[int, bytes]) -> bytes:
        key, own = self._management
        if algorithm != own and (algorithm, own) != (0, ManagementAlgorithm.TDES):
            raise _Refused(StatusWord.WRONG_P1_P2)
        cipher = management_cipher(key, own)
        encrypt = cipher.encryptor()
        witness, self._witness = self._witness, None
        challenge, self._challenge = self._challenge, None
        if parts.get(0x80) == b"":  # the card is asked for a witness: mutual authentication
            self._witness = secrets.token_bytes(own.block)
            return tlv.encode(0x7C, tlv.encode(0x80, encrypt.update(self._witness)))
        if parts.get(0x81) == b"":  # the card is asked for a challenge: one-sided
            self._challenge = secrets.token_bytes(own.block)
            return tlv.encode(0x7C, tlv.encode(0x81, self._challenge))
        if witness is not None and secrets.compare_digest(parts.get(0x80, b""), witness):
            self._management_done = True
            answer = encrypt.update(_block(parts.get(0x81, b""), own.block))
            return tlv.encode(0x7C, tlv.encode(0x82, answer))
        if challenge is not None:
            expected = encrypt.update(challenge)
            if secrets.compare_digest(parts.get(0x82, b""), expected):
                self._management_done = True
                return b""
        self._management_done = False
        raise _Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)

    # --- provisioning ---------------------------------------------------------------

    def _generate(self, command: CommandApdu) -> bytes:
        slot = _slot(command.p2)
        if command.p1 != 0x00 or slot is Slot.MANAGEMENT:
            raise _Refused(StatusWord.WRONG_P1_P2)
        self._require_management()
        wanted = tlv.parse_one(command.data, 0xAC).get(0x80)
        if len(wanted) != 1 or wanted[0] not in set(KeyType):
            raise _Refused(StatusWord.WRONG_DATA)
        key = generate_key(KeyType(wanted[0]))
        self._keys[slot] = key
        self._changed()
        return public_key_template(key.public_key())

    def _put_data(self, command: CommandApdu) -> bytes:
        _require_p1_p2(command, 0x3F, 0xFF)
        self._require_management()
        items = tlv.parse(command.data)
        tag = int.from_bytes(tlv.get(items, 0x5C))
        contents = tlv.get(items, TAG_DATA)
        self._objects.pop(tag, None)
        if contents:
            self._objects[tag] = contents
        self._changed()
        return b""

    def _require_management(self) -> None:
        if not self._management_done:
            raise _Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)

    def _set_tries(self, reference: int, left: int) -> None:
        if self._tries[reference] != left:
            self._tries[reference] = left
            self._changed()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    _handlers: ClassVar[dict[int, Callable[[PivCard, CommandApdu], bytes]]] = {
        INS_VERIFY: _verify,
        INS_CHANGE_REFERENCE_DATA: _change_reference,
        INS_RESET_RETRY_COUNTER: _reset_counter,
        INS_GENERATE: _generate,
        INS_GET_DATA: _get_data,
        INS_PUT_DATA: _put_data,
    }


# Agency code 9999: no federal issuer, so the GUID tells cards apart (SP 800-73-4 part 1, 3.1.2).
_TRAINING_FASCN = bytes.fromhex("D4E739DA739CED39CE739D836858210842108421C84210C3EB")


def generate_key(key_type: KeyType) -> PrivateKey:
    """A new private key of that kind."""
    if (curve := key_type.curve) is not None:
        return ec.generate_private_key(curve)
    return rsa.generate_private_key(65537, key_type.size * 8)


def _padded(secret: str) -> bytes:
    return secret.encode("ascii").ljust(8, b"\xff")


def _is_well_formed(value: bytes) -> bool:
    """Six to eight characters, then FF (part 2, 2.4.3)."""
    return len(value.rstrip(b"\xff")) >= 6 and b"\xff" not in value.rstrip(b"\xff")


def _halves(data: bytes) -> tuple[bytes, bytes]:
    old, new = data[:8], data[8:]
    if len(data) != 16 or not _is_well_formed(new):
        raise _Refused(StatusWord.WRONG_DATA)
    return old, new


def _require_p1_p2(command: CommandApdu, p1: int, p2: int) -> None:
    if (command.p1, command.p2) != (p1, p2):
        raise _Refused(StatusWord.WRONG_P1_P2)


def _slot(reference: int) -> Slot:
    try:
        return Slot(reference)
    except ValueError:
        raise _Refused(StatusWord.WRONG_P1_P2) from None


def _block(value: bytes, size: int) -> bytes:
    if len(value) != size:
        raise _Refused(StatusWord.WRONG_DATA)
    return value


def _sign_digest(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    algorithm = hashes.SHA384() if key.curve.key_size == 384 else hashes.SHA256()
    return key.sign(_block(digest, algorithm.digest_size), ec.ECDSA(Prehashed(algorithm)))


def _agree(key: ec.EllipticCurvePrivateKey, encoded: bytes) -> bytes:
    try:
        peer = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, encoded)
    except ValueError:
        raise _Refused(StatusWord.WRONG_DATA) from None
    return key.exchange(ec.ECDH(), peer)


def _exponentiate(key: rsa.RSAPrivateKey, block: bytes) -> bytes:
    """The bare RSA operation, by the Chinese remainder theorem: the card pads nothing."""
    numbers = key.private_numbers()
    size = key.key_size // 8
    value = int.from_bytes(_block(block, size))
    if value >= numbers.public_numbers.n:
        raise _Refused(StatusWord.WRONG_DATA)
    m1 = pow(value, numbers.dmp1, numbers.p)
    m2 = pow(value, numbers.dmq1, numbers.q)
    h = (numbers.iqmp * (m1 - m2)) % numbers.p
    return (m2 + h * numbers.q).to_bytes(size)


def _key_text(key: PrivateKey) -> str:
    return _b64(
        key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _key_of(text: str) -> PrivateKey:
    key = serialization.load_der_private_key(base64.b64decode(text), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("no key a card holds")
    return key


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _text(value: object) -> str:
    return str(value)


def _items(state: State, name: str) -> list[tuple[str, object]]:
    value = state[name]
    if not isinstance(value, dict):
        raise ValueError(name)
    return list(value.items())
