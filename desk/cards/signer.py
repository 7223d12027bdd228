"""The officer's card as the signer of credentials.

`CardSigner` reads the chain from the card once and presents the PIN as often as the card
asks for it: strict cards want it directly before each use of 9C. Every signature is
verified with the card's own certificate before it leaves. What is signed, and that the
intent is stored first, is left to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from cryptography import x509

from desk.cards.certificates import (
    build_chain,
    certified_key_type,
    check_validity,
    load_certificate,
    public_key_of,
    raw_signature,
    verify_signature,
)
from desk.cards.piv import Pin, wipe
from desk.cards.piv_data import KeyType, Slot
from desk.cards.session import CardSession
from desk.cards.troubles import (
    CertificateUnreadable,
    NoPinPad,
    NoSignerCertificate,
    NoSignInCertificate,
    OtherCard,
    PinNeeded,
    PinTrouble,
)

SessionFactory = Callable[[], AbstractContextManager[CardSession]]
"""Opens a session with the application selected; leaving it ends the connection."""

Usable = Callable[[x509.Certificate, datetime], None]
"""Raises the trouble that keeps a certificate from being used at a time."""

_JOSE_NAMES = {KeyType.P256: "ES256", KeyType.P384: "ES384", KeyType.RSA2048: "RS256"}


class CardSigner:
    """A signer whose key never leaves the card; one for each approved case.

    Used as a context, or ended by `lock`: the PIN is then wiped. ``certificate_chain`` is
    DER, leaf first, without the anchor; ``algorithm`` is the JOSE name (ES256, ES384, RS256).

    ``usable`` is asked at construction and before each signature: by itself the certificate's
    time, with the authority's lists its revocation too (`desk.cards.revocation`).

    Raises on construction: NoSignerCertificate (9A: NoSignInCertificate),
    CertificateUnreadable, CertificateExpired, CertificateNotYetValid, ChainBroken, and what
    opening a session and ``usable`` raise.
    """

    def __init__(
        self,
        session_factory: SessionFactory,
        slot: Slot = Slot.SIGNATURE,
        *,
        issuing: Sequence[bytes] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        usable: Usable = check_validity,
    ) -> None:
        self._open = session_factory
        self._slot = Slot(slot)
        self._now = now
        self._usable = usable
        self._pin: Pin = bytearray()
        self._shared: ExitStack | None = None
        self._session: CardSession | None = None
        with session_factory() as session:
            self._leaf = self._read_leaf(session)
            self._identity = session.identity()
        self._certificate = load_certificate(self._leaf)
        usable(self._certificate, now())
        self._public_key = public_key_of(self._certificate)
        key_type = KeyType.of(self._public_key)
        if key_type is None:
            raise CertificateUnreadable
        self._key_type = key_type
        self.certificate_chain: tuple[bytes, ...] = build_chain(self._leaf, issuing)
        self.algorithm: str = _JOSE_NAMES[key_type]

    def unlock(self, pin: Pin, allow_last_try: bool = False) -> None:
        """Check the PIN with the card now and keep it for this case's signatures.

        The bytearray changes hands: it is wiped by `lock`, and at once when it is refused.
        None: the PIN is typed on the reader's pad, when a signature asks for it.
        Raises OtherCard, WrongPin, LastTry, PinBlocked, PinFormat, NoPinPad.
        """
        self.lock()
        try:
            with self._open() as session:
                self._require_same_card(session)
                if pin is not None:
                    session.verify_pin(pin, allow_last_try)
                elif not session.has_pin_pad():
                    raise NoPinPad
        except BaseException:
            wipe(pin)
            raise
        self._pin = pin

    def sign(self, data: bytes) -> bytes:
        """A signature over ``data``: raw r || s (RSA: as it is), verified before it leaves.

        Raises PinNeeded when locked, CertificateExpired, OtherCard, SignatureMismatch, and
        the PIN's and transport's troubles. After a transport that failed the PIN is still
        there: the same bytes may be signed again.
        """
        return self.sign_all((data,))[0]

    def sign_all(self, data: Sequence[bytes]) -> tuple[bytes, ...]:
        """`sign` for each of ``data`` in one session: all signatures, or the trouble.

        A card that holds a verified PIN gets it once, a strict one before each.
        """
        if self._pin is not None and not self._pin:
            raise PinNeeded
        self._usable(self._certificate, self._now())
        with self._conversation() as session:
            return tuple(self._sign_one(session, one) for one in data)

    @contextmanager
    def one_session(self) -> Iterator[None]:
        """What is signed inside is signed in one session, opened for the first signature.

        Keep it short: the reader belongs to it alone, and a card that is left waiting in it
        may be reset (Windows does so after five seconds).
        """
        with ExitStack() as stack:
            self._shared = stack
            try:
                yield
            finally:
                self._shared = self._session = None

    @contextmanager
    def _conversation(self) -> Iterator[CardSession]:
        if self._shared is None:
            with self._open() as session:
                yield session
            return
        if self._session is None:
            self._session = self._shared.enter_context(self._open())
        yield self._session

    def _sign_one(self, session: CardSession, data: bytes) -> bytes:
        self._require_same_card(session)
        signature = self._verify_and_sign(session, data, self._slot, self._key_type)
        verify_signature(self._public_key, signature, data)
        return raw_signature(signature, self._key_type)

    def attest(self, data: bytes) -> tuple[bytes, bytes]:
        """The card's sign-in certificate (9A, DER) and its key's signature over ``data``, as
        the card makes it, verified. The PIN is the one held for this signer's own slot.

        Raises NoSignInCertificate and what `sign` raises.
        """
        if self._pin is not None and not self._pin:
            raise PinNeeded
        slot = Slot.AUTHENTICATION
        with self._conversation() as session:
            self._require_same_card(session)
            certificate = session.certificate(slot)
            if certificate is None:
                raise NoSignInCertificate(slot=f"{slot:02X}")
            key_type = certified_key_type(certificate, slot)
            signature = self._verify_and_sign(session, data, slot, key_type)
        verify_signature(public_key_of(load_certificate(certificate)), signature, data)
        return certificate, signature

    def lock(self) -> None:
        """Wipe the PIN; signing needs `unlock` again."""
        wipe(self._pin)
        self._pin = bytearray()

    def _verify_and_sign(
        self, session: CardSession, data: bytes, slot: Slot, key_type: KeyType
    ) -> bytes:
        try:
            return session.verify_and_sign(slot, data, self._pin, key_type)
        except PinTrouble:
            # A PIN the card has just refused must not cost a second try.
            self.lock()
            raise

    def _require_same_card(self, session: CardSession) -> None:
        """By its identity, one short answer; by the certificate on a card that has none."""
        if self._identity is None:
            same = session.certificate(self._slot) == self._leaf
        else:
            same = session.identity() == self._identity
        if not same:
            raise OtherCard

    def _read_leaf(self, session: CardSession) -> bytes:
        leaf = session.certificate(self._slot)
        if leaf is None and self._slot is Slot.AUTHENTICATION:
            raise NoSignInCertificate(slot=f"{self._slot:02X}")
        if leaf is None:
            raise NoSignerCertificate(slot=f"{self._slot:02X}")
        return leaf

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.lock()
