"""Secure messaging: every command and answer encrypted and authenticated.

Doc 9303-11 clause 9.8, with 3DES (after BAC) and AES (after PACE or chip
authentication). `SecureMessaging` turns plain APDUs into protected ones and back, for
the terminal; the two functions for the chip's side serve the training chip.
`SecureChannel` lays it around a connection.
"""

from __future__ import annotations

from dataclasses import replace

from desk.iso7816 import tlv
from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.connection import CardConnection
from desk.iso7816.troubles import TlvError
from desk.mrtd.ciphers import MAC_LENGTH, CipherSuite, PaddingWrong, pad, same, unpad
from desk.mrtd.troubles import SessionBroken

SM_CLASS = 0x0C
DO_PLAIN, DO_PADDED, DO_LE, DO_STATUS, DO_MAC = 0x85, 0x87, 0x97, 0x99, 0x8E
_PADDING_INDICATOR = b"\x01"


class SecureMessaging:
    """Keys and send sequence counter of one session; every call counts one up.

    ``confirmed`` tells that the chip has answered under these keys, and so knows them.
    """

    def __init__(self, suite: CipherSuite, counter: bytes | None = None) -> None:
        """``counter`` is the value before the first command (zeros after PACE)."""
        self._suite = suite
        self._counter = int.from_bytes(counter or b"")
        self.confirmed = False

    @property
    def counter(self) -> bytes:
        return self._counter.to_bytes(self._suite.block)

    @property
    def block(self) -> int:
        return self._suite.block

    def protect(self, command: CommandApdu) -> CommandApdu:
        """The protected form of a plain command."""
        self._count()
        header = bytes([command.cla | SM_CLASS]) + command.header[1:]
        body = self._cryptogram(command.data, command.ins) + _expected(command)
        code = self._code(self._headed(header, body))
        return replace(
            command,
            cla=header[0],
            data=body + tlv.encode(DO_MAC, code),
            le=65_536 if command.is_extended else 256,
            extended=command.is_extended,
        )

    def unprotect(self, response: ResponseApdu) -> ResponseApdu:
        """The plain form of a protected answer; raises SessionBroken where it is not one."""
        self._count()
        objects = self._verified(response.data, b"")
        status = objects.get(DO_STATUS, b"")
        if len(status) != 2:
            raise SessionBroken("no status word in the protected answer")
        self.confirmed = True
        return ResponseApdu(self._decrypted(objects), int.from_bytes(status))

    def unprotect_command(self, command: CommandApdu) -> CommandApdu:
        """Chip's side: the plain form of a protected command; raises SessionBroken."""
        self._count()
        objects = self._verified(command.data, command.header)
        le = objects.get(DO_LE)
        wanted = None if le is None else int.from_bytes(le) or 1 << (8 * len(le))
        plain_class = command.cla & ~SM_CLASS
        return replace(command, cla=plain_class, data=self._decrypted(objects), le=wanted)

    def protect_response(self, response: ResponseApdu, ins: int = 0) -> ResponseApdu:
        """Chip's side: the protected form of a plain answer to instruction ``ins``."""
        self._count()
        body = self._cryptogram(response.data, ins)
        body += tlv.encode(DO_STATUS, response.sw.to_bytes(2))
        return ResponseApdu(body + tlv.encode(DO_MAC, self._code(body)), response.sw)

    def _count(self) -> None:
        self._counter = (self._counter + 1) % (1 << (8 * self.block))

    def _code(self, data: bytes) -> bytes:
        return self._suite.mac(self.counter + data)

    def _headed(self, header: bytes, body: bytes) -> bytes:
        """What a command's code covers: the header is padded where objects follow it."""
        return pad(header, self.block) + body if header and body else header + body

    def _cryptogram(self, data: bytes, ins: int) -> bytes:
        if not data:
            return b""
        encrypted = self._suite.encrypt(pad(data, self.block), self.counter)
        # An odd instruction carries TLV, which 7816-4 protects without an indicator.
        if ins & 1:
            return tlv.encode(DO_PLAIN, encrypted)
        return tlv.encode(DO_PADDED, _PADDING_INDICATOR, encrypted)

    def _verified(self, data: bytes, header: bytes) -> dict[int, bytes]:
        """The data objects of a message whose code fits."""
        try:
            items = tlv.parse(data)
        except TlvError as error:
            raise SessionBroken("protected message is not TLV") from error
        if not items or items[-1].tag != DO_MAC or len(items[-1].value) != MAC_LENGTH:
            raise SessionBroken("no code at the end of the message")
        objects = {item.tag: item.value for item in items}
        if len(objects) != len(items) or (DO_PLAIN in objects and DO_PADDED in objects):
            raise SessionBroken("data objects repeated")
        body = data[: -len(items[-1].raw)]
        if not same(self._code(self._headed(header, body)), items[-1].value):
            raise SessionBroken("code does not fit")
        return objects

    def _decrypted(self, objects: dict[int, bytes]) -> bytes:
        cryptogram = objects.get(DO_PLAIN, b"")
        if DO_PADDED in objects:
            indicator, cryptogram = objects[DO_PADDED][:1], objects[DO_PADDED][1:]
            if indicator != _PADDING_INDICATOR:
                raise SessionBroken("unknown padding indicator")
        if not cryptogram:
            return b""
        if len(cryptogram) % self.block:
            raise SessionBroken("cryptogram is not whole blocks")
        try:
            return unpad(self._suite.decrypt(cryptogram, self.counter))
        except PaddingWrong as error:
            raise SessionBroken("padding wrong") from error


class SecureChannel:
    """A connection whose commands travel protected.

    A chip that answers without protection has ended the session (9.8.4); its status
    word is handed up, and ``broken`` tells that the session is gone.
    """

    def __init__(self, inner: CardConnection, messaging: SecureMessaging) -> None:
        self._inner = inner
        self.messaging = messaging
        self.broken = False

    def restart(self, messaging: SecureMessaging) -> None:
        """Go on under the keys that chip authentication agreed on (9303-11 clause 6.2)."""
        self.messaging = messaging

    def transmit(self, apdu: bytes) -> bytes:
        if self.broken:
            raise SessionBroken("session already ended")
        protected = self.messaging.protect(CommandApdu.parse(apdu))
        answer = ResponseApdu.parse(self._inner.transmit(protected.encode()))
        if not answer.data:
            self.broken = True
            if answer.sw == 0x9000:
                raise SessionBroken("unprotected answer")
            return answer.encode()
        try:
            return self.messaging.unprotect(answer).encode()
        except SessionBroken:
            self.broken = True
            raise


def _expected(command: CommandApdu) -> bytes:
    if command.le is None:
        return b""
    size = 2 if command.is_extended else 1
    return tlv.encode(DO_LE, (command.le % (1 << (8 * size))).to_bytes(size))
