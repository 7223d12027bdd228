"""An officer's card behind its vendor's PKCS #11 module; the only importer of python-pkcs11.

For cards that no published command set reaches. `TokenSession` is a `CardSession`: the same
signer and the same sign-in stand on it. Which key plays which part is read from what its
certificate may be used for, never from labels, which each vendor chooses. Whether a key
wants the PIN each time, the module says (CKA_ALWAYS_AUTHENTICATE). The PIN is handed over
as text, of which no copy can be wiped. Provisioning stays with the vendor's own tools.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, ObjectClass, TokenFlag, exceptions

from desk.cards.certificates import certified_key_type, load_certificate, prove_by
from desk.cards.piv import DIGEST_INFO_SHA256, Pin
from desk.cards.piv_data import KeyType, Slot
from desk.cards.troubles import (
    CertificateUnreadable,
    KeyUnusable,
    LastTry,
    ModuleMissing,
    NoCard,
    NoPinPad,
    NotOfficerCard,
    PinBlocked,
    PinFormat,
    PinNeeded,
    PinNotTyped,
    WrongPinUncounted,
)
from desk.iso7816.troubles import CardRemoved, CardTrouble, TransportFailed

_DOCUMENT_SIGNER = x509.ObjectIdentifier("1.0.18013.5.1.2")
_TROUBLES: dict[type[Exception], type[CardTrouble]] = {
    exceptions.PinIncorrect: WrongPinUncounted,
    exceptions.PinLocked: PinBlocked,
    exceptions.PinLenRange: PinFormat,
    exceptions.PinInvalid: PinFormat,
    exceptions.FunctionCancelled: PinNotTyped,
    exceptions.UserNotLoggedIn: PinNeeded,
    exceptions.TokenNotPresent: CardRemoved,
    exceptions.DeviceRemoved: CardRemoved,
    exceptions.TokenNotRecognised: NotOfficerCard,
    exceptions.NoSuchKey: KeyUnusable,
    exceptions.KeyTypeInconsistent: KeyUnusable,
    exceptions.MechanismInvalid: KeyUnusable,
}
# A module is one for the whole program, and so is what it knows of who has logged in.
_one_at_a_time = threading.RLock()


@contextmanager
def open_token(module: Path, label: str = "") -> Iterator[TokenSession]:
    """A session with the token that holds an officer's certificate, or with the one labelled.

    Nothing of it stays: the module is ended with the session, and the PIN counts as untold.
    Raises ModuleMissing, NoCard, NotOfficerCard.
    """
    with _one_at_a_time:
        library = _library(module)
        session = None
        try:
            with _named():
                session = _choose(library, label)
            yield session
        finally:
            if session is not None:
                session.close()
            _end(library)


class TokenSession:
    """One conversation with a token. Raises the troubles that `PivSession` raises, and
    WrongPinUncounted where a PIN is not the card's: modules tell no number."""

    def __init__(self, slot: Any) -> None:
        self._slot = slot
        self._reading = slot.get_token().open()
        self._logged_in: Any = None

    @property
    def reader(self) -> str:
        """The slot's description: most modules give the reader's name, cut at 64 bytes."""
        return str(self._slot.slot_description).strip()

    def identity(self) -> bytes | None:
        """The token's serial number; None where it has none, or only zeros."""
        serial = bytes(self._slot.get_token().serial).strip(b" \x00")
        return serial if serial.strip(b"0") else None

    def certificate(self, slot: Slot) -> bytes | None:
        """The DER certificate of the key that plays the part of ``slot``, None without one.

        Raises CertificateUnreadable.
        """
        with _named():
            found = self._certificates.get(Slot(slot))
        return found[0] if found else None

    def key_type(self, slot: Slot) -> KeyType:
        """The kind of key, by its certificate. Raises KeyUnusable without one."""
        return certified_key_type(self.certificate(slot), slot)

    # --- PIN ------------------------------------------------------------------------

    def has_pin_pad(self) -> bool:
        """Whether the PIN is typed elsewhere (CKF_PROTECTED_AUTHENTICATION_PATH)."""
        return bool(self._flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH)

    def tries_left(self) -> int | None:
        """0 and 1 where the module says so; it tells no other number."""
        if self._flags & TokenFlag.USER_PIN_LOCKED:
            return 0
        return 1 if self._flags & TokenFlag.USER_PIN_FINAL_TRY else None

    def verify_pin(self, pin: Pin, allow_last_try: bool = False) -> None:
        """Log in. Raises LastTry, PinBlocked, WrongPinUncounted, PinFormat, NoPinPad."""
        left = self.tries_left()
        if left == 0:
            raise PinBlocked
        if left == 1 and not allow_last_try:
            raise LastTry
        if pin is None and not self.has_pin_pad():
            raise NoPinPad
        if pin is not None and not pin:
            raise PinFormat
        self._log_out()
        with _named():
            given = pkcs11.PROTECTED_AUTH if pin is None else pin.decode("ascii", "replace")
            self._logged_in = self._slot.get_token().open(user_pin=given)

    # --- keys -----------------------------------------------------------------------

    def sign(self, slot: Slot, data: bytes, pin: Pin = None) -> bytes:
        """A signature as `PivSession.sign` makes it; ``pin`` for a key that wants it each time.

        Raises PinNeeded, KeyUnusable.
        """
        key_type = self.key_type(slot)
        with _named(slot):
            key = self._private_key(slot)
            if not hasattr(key, "sign"):
                raise KeyUnusable(slot=f"{slot:02X}")
            again = _text(pin) if _wants_pin_each_time(key) else None
            return _sign(key, key_type, data, again)

    def verify_and_sign(
        self,
        slot: Slot,
        data: bytes,
        pin: Pin,
        key_type: KeyType | None = None,
        allow_last_try: bool = False,
    ) -> bytes:
        """`verify_pin` where this session has not yet, then `sign`."""
        if key_type not in (None, self.key_type(slot)):
            raise KeyUnusable(slot=f"{slot:02X}")
        if self._logged_in is None:
            self.verify_pin(pin, allow_last_try)
        return self.sign(slot, data, pin)

    def prove(self, slot: Slot = Slot.AUTHENTICATION) -> bytes:
        """As `PivSession.prove`."""
        return prove_by(self.certificate(slot), slot, lambda challenge: self.sign(slot, challenge))

    def ecdh(self, slot: Slot, peer_point: bytes) -> bytes:
        """The shared secret (x coordinate) of the key and an uncompressed point.

        Raises PinNeeded, KeyUnusable.
        """
        key_type = self.key_type(slot)
        if key_type.curve is None:
            raise KeyUnusable(slot=f"{slot:02X}")
        with _named(slot):
            key = self._private_key(slot)
            # The library gives a key only the functions that its attributes allow.
            if not hasattr(key, "derive_key"):
                raise KeyUnusable(slot=f"{slot:02X}")
            derived = key.derive_key(
                pkcs11.KeyType.GENERIC_SECRET,
                key_type.size * 8,
                mechanism=pkcs11.Mechanism.ECDH1_DERIVE,
                mechanism_param=(pkcs11.KDF.NULL, None, peer_point),
                template={Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False},
            )
            return bytes(derived[Attribute.VALUE])

    def decipher(self, slot: Slot, block: bytes) -> bytes:
        """As `PivSession.decipher`; a module may refuse the bare operation: KeyUnusable."""
        key_type = self.key_type(slot)
        if key_type is not KeyType.RSA2048 or len(block) != key_type.size:
            raise KeyUnusable(slot=f"{slot:02X}")
        with _named(slot):
            key = self._private_key(slot)
            if not hasattr(key, "decrypt"):
                raise KeyUnusable(slot=f"{slot:02X}")
            return bytes(key.decrypt(block, mechanism=pkcs11.Mechanism.RSA_X_509))

    def close(self) -> None:
        """Log out and let go; troubles on the way out are of no use to anyone."""
        self._log_out()
        try:
            self._reading.close()
        except exceptions.PKCS11Error:
            return

    # --- steps ----------------------------------------------------------------------

    @property
    def _flags(self) -> TokenFlag:
        with _named():
            flags: TokenFlag = self._slot.get_token().flags
        return flags

    @cached_property
    def _certificates(self) -> dict[Slot, tuple[bytes, bytes]]:
        """Certificate and CKA_ID by part; the first of each kind counts."""
        found: dict[Slot, tuple[bytes, bytes]] = {}
        for one in self._reading.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
            der, identifier = bytes(one[Attribute.VALUE]), bytes(one[Attribute.ID])
            part = part_of(load_certificate(der))
            if part is not None:
                found.setdefault(part, (der, identifier))
        return found

    def _private_key(self, slot: Slot) -> Any:
        if self._logged_in is None:
            raise PinNeeded
        identifier = self._certificates[slot][1]
        wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: identifier}
        key = next(iter(self._logged_in.get_objects(wanted)), None)
        if key is None:
            raise KeyUnusable(slot=f"{slot:02X}")
        return key

    def _log_out(self) -> None:
        session, self._logged_in = self._logged_in, None
        if session is not None:
            try:
                session.close()
            except exceptions.PKCS11Error:
                return


def part_of(certificate: x509.Certificate) -> Slot | None:
    """Which of the card's parts a certificate is for, by its key usage (RFC 5280, 4.2.1.3).

    Document signers sign credentials; other signers sign in; key agreement keeps the records'
    key. None for authorities and the rest.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    if usage.key_cert_sign:
        return None
    if usage.digital_signature:
        return Slot.SIGNATURE if _is_document_signer(certificate) else Slot.AUTHENTICATION
    manages = usage.key_agreement or usage.key_encipherment
    return Slot.KEY_MANAGEMENT if manages else None


def _is_document_signer(certificate: x509.Certificate) -> bool:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return _DOCUMENT_SIGNER in purposes


def _library(module: Path) -> Any:
    try:
        library = pkcs11.lib(str(module))
        library.initialize()
    except exceptions.PKCS11Error as reason:
        raise ModuleMissing(str(reason), file=module.name) from reason
    return library


class _Functions(ctypes.Structure):
    """The beginning of what C_GetFunctionList leads to (CK_FUNCTION_LIST, PKCS #11 section 3.6),
    which is packed on Windows (section 2.1)."""

    if sys.platform == "win32":
        # Said with it from Python 3.14 on.
        _layout_, _pack_ = "ms", 1
    _fields_: ClassVar = [
        ("version", ctypes.c_ubyte * 2),
        ("initialize", ctypes.c_void_p),
        ("finalize", ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)),
    ]


@cache
def _functions(module: str) -> _Functions:
    found = ctypes.POINTER(_Functions)()
    ctypes.CDLL(module).C_GetFunctionList(ctypes.byref(found))
    functions: _Functions = found.contents
    return functions


def _end(library: Any) -> None:
    """End the module, without the interpreter's lock.

    python-pkcs11 keeps that lock here, and nowhere else while it waits for a module. The module
    lets go of the reader meanwhile, which may take as long as the reader likes, and for ever
    where the reader's other end is a thread of this program, as the rehearsal's is.
    """
    answer = _functions(library.so).finalize(None)
    # So that the library knows as well: the module has nothing left to do and says so at once.
    with suppress(exceptions.PKCS11Error):
        library.finalize()
    if answer:
        raise TransportFailed(f"C_Finalize {answer:#x}")


def _choose(library: Any, label: str) -> TokenSession:
    slots = library.get_slots(token_present=True)
    known = [slot for slot in slots if _label(slot) is not None]
    if not known:
        raise NotOfficerCard if slots else NoCard
    for slot in known:
        if label and _label(slot) != label:
            continue
        session = TokenSession(slot)
        if label or _holds_officer(session):
            return session
        session.close()
    raise NotOfficerCard


def _label(slot: Any) -> str | None:
    """None for what the module does not know."""
    try:
        return str(slot.get_token().label).strip()
    except (exceptions.TokenNotRecognised, exceptions.TokenNotPresent):
        return None


def _holds_officer(session: TokenSession) -> bool:
    try:
        return session.certificate(Slot.AUTHENTICATION) is not None
    except CertificateUnreadable:
        return False


def _wants_pin_each_time(key: Any) -> bool:
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except exceptions.AttributeTypeInvalid:
        return False


def _text(pin: Pin) -> str:
    if pin is None:
        # The library cannot ask the pad a second time within one login.
        raise PinNeeded
    return pin.decode("ascii", "replace")


def _sign(key: Any, key_type: KeyType, data: bytes, pin: str | None) -> bytes:
    if key_type is KeyType.RSA2048:
        block = DIGEST_INFO_SHA256 + hashlib.sha256(data).digest()
        return bytes(key.sign(block, mechanism=pkcs11.Mechanism.RSA_PKCS, pin=pin))
    digest = hashes.Hash(key_type.digest)
    digest.update(data)
    raw = bytes(key.sign(digest.finalize(), mechanism=pkcs11.Mechanism.ECDSA, pin=pin))
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))


@contextmanager
def _named(slot: Slot | None = None) -> Iterator[None]:
    """What the module says, as the desk's troubles."""
    try:
        yield
    except exceptions.PKCS11Error as reason:
        kind = next((t for known, t in _TROUBLES.items() if isinstance(reason, known)), None)
        facts = {"slot": f"{slot:02X}"} if slot is not None else {}
        raise (kind or TransportFailed)(type(reason).__name__, **facts) from reason
