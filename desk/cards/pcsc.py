"""Readers and chips through the machine's PC/SC service; the only importer of pyscard.

It uses the service's own calls: pyscard's monitor threads end for good when the service
stops. A connection is one locked transaction: nobody else reaches the chip between PIN
and signature, and at its end the chip is restarted, so that nobody inherits a PIN that
was verified here. Keep connections short; some systems restart a chip whose transaction
idles for five seconds.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from smartcard import scard

from desk.cards.pin_pad import GET_FEATURE_REQUEST
from desk.cards.troubles import (
    AccessDenied,
    CardReset,
    CardUnsupported,
    MuteCard,
    NoCard,
    NoReader,
    ReaderGone,
    ReaderHeld,
    ServiceStopped,
)
from desk.iso7816.apdu import HEADER_LENGTH
from desk.iso7816.troubles import CardRemoved, CardTrouble, TransportFailed

HELD_AFTER = 5.0
"""Seconds to wait for another program's transaction to end before the reader counts as held."""

NOTICED_AFTER_MS = 600
"""How long a service may take to notice that a chip has gone; pcscd polls each 400 ms."""

NO_SMARTCARD = 0x8010000C
CANCELLED = 0x80100002
TIMED_OUT = 0x8010000A
NO_READERS = 0x8010002E
UNKNOWN_READERS = frozenset({0x80100009, 0x80100017})

FEATURE_REQUEST: int = scard.SCARD_CTL_CODE(GET_FEATURE_REQUEST)
_NO_FEATURES = frozenset(
    {
        0x80100022,  # SCARD_E_UNSUPPORTED_FEATURE, by pcscd
        0x8010001F,  # the same in older versions of pcscd
        0x80100004,  # SCARD_E_INVALID_PARAMETER
        0x80100016,  # SCARD_E_NOT_TRANSACTED: the driver refuses every control command
        0x00000001,  # ERROR_INVALID_FUNCTION, by Windows
        0x00000032,  # ERROR_NOT_SUPPORTED, by Windows
    }
)

STATE_PRESENT: int = scard.SCARD_STATE_PRESENT
STATE_MUTE: int = scard.SCARD_STATE_MUTE
STATE_EXCLUSIVE: int = scard.SCARD_STATE_EXCLUSIVE
STATE_CHANGED: int = scard.SCARD_STATE_CHANGED
STATE_UNAWARE: int = scard.SCARD_STATE_UNAWARE
NEW_READERS = "\\\\?PnP?\\Notification"
"""The name under which the service tells of readers that come and go."""

_TROUBLES: dict[int, type[CardTrouble]] = {
    0x8010001D: ServiceStopped,  # SCARD_E_NO_SERVICE
    0x8010001E: ServiceStopped,  # SCARD_E_SERVICE_STOPPED
    0x80100013: ServiceStopped,  # SCARD_F_COMM_ERROR: the way to the service broke
    0x80100003: ServiceStopped,  # SCARD_E_INVALID_HANDLE: the service is a new one
    NO_READERS: NoReader,
    0x80100009: ReaderGone,  # SCARD_E_UNKNOWN_READER
    0x80100017: ReaderGone,  # SCARD_E_READER_UNAVAILABLE
    NO_SMARTCARD: NoCard,
    0x80100069: CardRemoved,  # SCARD_W_REMOVED_CARD
    0x80100066: MuteCard,  # SCARD_W_UNRESPONSIVE_CARD
    0x80100067: MuteCard,  # SCARD_W_UNPOWERED_CARD
    0x8010000B: ReaderHeld,  # SCARD_E_SHARING_VIOLATION
    0x80100068: CardReset,  # SCARD_W_RESET_CARD
    0x8010000F: CardUnsupported,  # SCARD_E_PROTO_MISMATCH
    0x8010001C: CardUnsupported,  # SCARD_E_CARD_UNSUPPORTED
    0x80100065: CardUnsupported,  # SCARD_W_UNSUPPORTED_CARD
    0x8010006A: AccessDenied,  # SCARD_W_SECURITY_VIOLATION, by polkit on Linux
}


def trouble_for(result: int) -> CardTrouble:
    """The trouble that a PC/SC result stands for; TransportFailed for what has no name here."""
    result &= 0xFFFFFFFF
    kind = _TROUBLES.get(result, TransportFailed)
    return kind(f"PC/SC {result:08X}", result=f"{result:08X}")


def check(result: int) -> None:
    """Raises the trouble for ``result`` unless it is 0."""
    if result & 0xFFFFFFFF:
        raise trouble_for(result)


class Context:
    """One client of the service. Raises ServiceStopped where there is none."""

    def __init__(self) -> None:
        result, self.handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        check(result)

    def readers(self) -> tuple[str, ...]:
        """Names of the readers, empty where none is connected."""
        result, names = scard.SCardListReaders(self.handle, [])
        if result & 0xFFFFFFFF == NO_READERS:
            return ()
        check(result)
        return tuple(names)

    def changes(
        self, states: list[tuple[str, int]], timeout_ms: int
    ) -> tuple[int, list[tuple[str, int, bytes]]]:
        """Wait until a reader's state is not the given one: result code, (name, state, ATR).

        The state's upper 16 bits count the cards the service has seen come and go.
        """
        result, found = scard.SCardGetStatusChange(self.handle, timeout_ms, states)
        return result & 0xFFFFFFFF, [(name, state, bytes(atr)) for name, state, atr in found]

    def cancel(self) -> None:
        """End a wait in `changes`, from another thread."""
        scard.SCardCancel(self.handle)

    def release(self) -> None:
        scard.SCardReleaseContext(self.handle)


def readers() -> tuple[str, ...]:
    """Names of the connected readers. Raises ServiceStopped, AccessDenied."""
    context = Context()
    try:
        return context.readers()
    finally:
        context.release()


def connect(name: str) -> PcscConnection:
    """Open the chip on reader ``name`` and lock it for this program.

    Raises ServiceStopped, NoReader, ReaderGone, NoCard, MuteCard, CardUnsupported,
    AccessDenied, and ReaderHeld where another program keeps it for longer than HELD_AFTER.
    """
    # Both connecting and locking wait inside the service for another's transaction, for
    # ever and beyond cancelling; so they wait in a thread that may be left to itself.
    return _Opening(name).result(HELD_AFTER)


class PcscConnection:
    """A chip, locked. ``atr`` is its answer to reset. Ends with `close` or as a context."""

    def __init__(self, context: Context, card: int, protocol: int) -> None:
        self._context = context
        self._card = card
        self._protocol = protocol
        self._pci = (
            scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        )
        result, self.name, _state, _protocol, atr = scard.SCardStatus(card)
        check(result)
        self.atr = bytes(atr)
        self._open = True

    def transmit(self, apdu: bytes) -> bytes:
        """One command there and back. Raises CardRemoved, CardReset, ReaderGone,
        ServiceStopped, TransportFailed."""
        if self._protocol == scard.SCARD_PROTOCOL_T0:
            apdu = _without_le(apdu)
        result, answer = scard.SCardTransmit(self._card, self._pci, list(apdu))
        if result:
            raise self._why(result & 0xFFFFFFFF)
        return bytes(answer)

    def features(self) -> bytes:
        """What the reader can do besides (part 10, 2.2); empty where it knows the question not.

        Raises like `transmit` where the chip or the reader has gone.
        """
        result, answer = scard.SCardControl(self._card, FEATURE_REQUEST, [])
        if result & 0xFFFFFFFF in _NO_FEATURES:
            return b""
        if result:
            raise self._why(result & 0xFFFFFFFF)
        return bytes(answer)

    def control(self, code: int, data: bytes) -> bytes:
        """One control command to the reader; blocks while somebody types. Raises like
        `transmit`."""
        result, answer = scard.SCardControl(self._card, code, list(data))
        if result:
            raise self._why(result & 0xFFFFFFFF)
        return bytes(answer)

    def close(self) -> None:
        """Restart the chip, unlock and let go; troubles on the way out are of no use to anyone."""
        if self._open:
            self._open = False
            scard.SCardEndTransaction(self._card, scard.SCARD_RESET_CARD)
            scard.SCardDisconnect(self._card, scard.SCARD_LEAVE_CARD)
            self._context.release()

    def _why(self, result: int) -> CardTrouble:
        """A chip pulled in mid-session first shows as a failed transaction."""
        trouble = trouble_for(result)
        if isinstance(trouble, NoCard | MuteCard):
            return CardRemoved(result=f"{result:08X}")
        if type(trouble) is TransportFailed and self._is_empty():
            return CardRemoved(result=f"{result:08X}")
        return trouble

    def _is_empty(self) -> bool:
        """Whether the service sees, now or soon, that the chip has gone."""
        state = STATE_UNAWARE
        for wait_ms in (0, NOTICED_AFTER_MS):
            result, found = self._context.changes([(self.name, state)], wait_ms)
            if result == TIMED_OUT:
                return False
            check(result)
            state = found[0][1] & ~STATE_CHANGED
            if not state & STATE_PRESENT:
                return True
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Opening:
    """One attempt to open a chip, in a thread of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._abandoned = False
        self._connection: PcscConnection | None = None
        self._trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="pcsc-connect", daemon=True)

    def result(self, timeout: float) -> PcscConnection:
        self._thread.start()
        self._thread.join(timeout)
        with self._lock:
            if self._trouble is not None:
                raise self._trouble
            if self._connection is not None:
                return self._connection
            self._abandoned = True
        raise ReaderHeld

    def _run(self) -> None:
        try:
            connection = _open(self._name)
        except BaseException as trouble:
            with self._lock:
                self._trouble = trouble
            return
        with self._lock:
            if not self._abandoned:
                self._connection = connection
                return
        connection.close()


def _open(name: str) -> PcscConnection:
    context = Context()
    try:
        card, protocol = _connect_card(context, name)
        try:
            check(scard.SCardBeginTransaction(card))
            return PcscConnection(context, card, protocol)
        except BaseException:
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
            raise
    except BaseException:
        context.release()
        raise


def _connect_card(context: Context, name: str) -> tuple[int, int]:
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    result, card, protocol = scard.SCardConnect(
        context.handle, name, scard.SCARD_SHARE_SHARED, protocols
    )
    if result & 0xFFFFFFFF in UNKNOWN_READERS and not context.readers():
        raise NoReader
    check(result)
    return card, protocol


def _without_le(apdu: bytes) -> bytes:
    """T=0 carries no Le beside data: the chip answers 61XX and is asked (ISO 7816-3, 12.2.1)."""
    lc = apdu[HEADER_LENGTH] if len(apdu) > HEADER_LENGTH else 0
    return apdu[:-1] if lc and len(apdu) == HEADER_LENGTH + 1 + lc + 1 else apdu
