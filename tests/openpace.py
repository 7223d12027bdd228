"""OpenPACE's library driven through its C interface: a second PACE and chip authentication.

Debian's package libeac3 (https://frankmorgner.github.io/openpace). It parses
EF.CardAccess by itself, does the steps of either side, and protects messages; nothing of
`desk.mrtd` is used for it. Tests take the fixture ``openpace``, which skips where the
library is missing.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_int, c_size_t, c_ubyte, c_ulong, c_void_p
from typing import Any

import pytest

LIBRARY = "libeac.so.3"
MRZ, CAN = 1, 2
_PACE, _CHIP_AUTHENTICATION = 0, 1


class _Buffer(Structure):
    """BUF_MEM of OpenSSL."""

    _fields_ = [
        ("length", c_size_t),
        ("data", c_void_p),
        ("max", c_size_t),
        ("flags", c_ulong),
    ]


class _Agreement(Structure):
    """KA_CTX, as far as the tests look into it."""

    _fields_ = [
        *((name, c_void_p) for name in ("md", "md_engine", "cmac", "cipher", "engine", "iv")),
        ("mac_length", c_int),
        ("encryption_length", c_int),
        *((name, c_void_p) for name in ("generate", "compute", "key")),
        *((name, POINTER(_Buffer)) for name in ("secret", "encryption_key", "mac_key")),
    ]


class _Chip(Structure):
    """CA_CTX."""

    _fields_ = [
        ("version", c_ubyte),
        ("protocol", c_int),
        ("id", c_int),
        ("flags", c_int),
        ("agreement", POINTER(_Agreement)),
    ]


class _Context(Structure):
    """EAC_CTX."""

    _fields_ = [
        ("version", c_int),
        *((name, c_void_p) for name in ("numbers", "digest", "cipher", "pace", "paces")),
        *((name, c_void_p) for name in ("ri", "ris", "terminal")),
        ("chip", POINTER(_Chip)),
    ]


_BUFFERS = (
    "BUF_MEM_create_init",
    "KA_CTX_generate_key",
    "PACE_STEP1_enc_nonce",
    "PACE_STEP3A_generate_mapping_data",
    "PACE_STEP3B_generate_ephemeral_key",
    "PACE_STEP3D_compute_authentication_token",
    "EAC_encrypt",
    "EAC_decrypt",
    "EAC_authenticate",
)


class Refused(AssertionError):
    """The library says no; the message names its function."""


class OpenPace:
    """The library, loaded and made ready."""

    def __init__(self) -> None:
        self.lib: Any = ctypes.CDLL(LIBRARY)
        self.lib.EAC_CTX_new.restype = POINTER(_Context)
        self.lib.PACE_SEC_new.restype = c_void_p
        for name in _BUFFERS:
            getattr(self.lib, name).restype = POINTER(_Buffer)
        self.lib.EAC_init()

    def side(self, security_infos: bytes) -> Side:
        """Terminal or chip that goes by EF.CardAccess (DER)."""
        return Side(self, security_infos)

    def buffer(self, content: bytes) -> Any:
        return self.lib.BUF_MEM_create_init(c_char_p(content), c_size_t(len(content)))

    def must(self, function: str, *arguments: Any) -> Any:
        """Call ``function``; raises Refused where it answers zero, less, or nothing."""
        answer = getattr(self.lib, function)(*arguments)
        if not answer or (isinstance(answer, int) and answer < 0):
            raise Refused(function)
        return answer

    def bytes_of(self, function: str, *arguments: Any) -> bytes:
        """What ``function`` puts into a buffer of its own."""
        buffer = self.must(function, *arguments)
        content = _content(buffer)
        self.lib.BUF_MEM_clear_free(buffer)
        return content


class Side:
    """One side's state; messages are bytes as they stand in the data objects."""

    def __init__(self, library: OpenPace, security_infos: bytes) -> None:
        self._library = library
        self._context = library.must("EAC_CTX_new")
        size = c_size_t(len(security_infos))
        self._must("EAC_CTX_init_ef_cardaccess", c_char_p(security_infos), size, self._context)

    def close(self) -> None:
        self._library.lib.EAC_CTX_clear_free(self._context)

    # --- PACE ---------------------------------------------------------------------------

    def password(self, secret: str, kind: int) -> Any:
        """``secret`` is the whole TD1 zone's head for MRZ (see `zone_of`), digits for CAN."""
        raw = secret.encode()
        return c_void_p(self._must("PACE_SEC_new", c_char_p(raw), c_size_t(len(raw)), kind))

    def sealed_nonce(self, password: Any) -> bytes:
        return self._bytes("PACE_STEP1_enc_nonce", self._context, password)

    def take_nonce(self, password: Any, sealed: bytes) -> None:
        self._must("PACE_STEP2_dec_nonce", self._context, password, self._buffer(sealed))

    def mapping_data(self) -> bytes:
        return self._bytes("PACE_STEP3A_generate_mapping_data", self._context)

    def map(self, other: bytes) -> None:
        self._must("PACE_STEP3A_map_generator", self._context, self._buffer(other))

    def ephemeral_key(self) -> bytes:
        return self._bytes("PACE_STEP3B_generate_ephemeral_key", self._context)

    def agree(self, other: bytes) -> None:
        self._must("PACE_STEP3B_compute_shared_secret", self._context, self._buffer(other))
        self._must("PACE_STEP3C_derive_keys", self._context)

    def token(self, other: bytes) -> bytes:
        function = "PACE_STEP3D_compute_authentication_token"
        return self._bytes(function, self._context, self._buffer(other))

    def check_token(self, token: bytes) -> None:
        """Raises Refused where the other side does not know the password."""
        function = "PACE_STEP3D_verify_authentication_token"
        self._must(function, self._context, self._buffer(token))

    # --- chip authentication ------------------------------------------------------------

    def hold_key(self, private: bytes, public: bytes) -> None:
        """Be the chip with this static key."""
        self._must(
            "CA_set_key",
            self._context,
            c_char_p(private),
            c_size_t(len(private)),
            c_char_p(public),
            c_size_t(len(public)),
        )

    def draw_key(self) -> bytes:
        """Be a terminal: the public key of a fresh pair."""
        numbers = c_void_p(self._context.contents.numbers)
        return self._bytes("KA_CTX_generate_key", self._agreement, numbers)

    def agree_with_chip(self, other: bytes) -> bytes:
        """The shared secret of chip authentication; keys are derived as in version 1."""
        self._must("CA_STEP4_compute_shared_secret", self._context, self._buffer(other))
        digest = c_void_p(self._context.contents.digest)
        self._must("KA_CTX_derive_keys", self._agreement, None, digest)
        return _content(self._agreement.contents.secret)

    @property
    def _agreement(self) -> Any:
        return self._context.contents.chip.contents.agreement

    # --- secure messaging ---------------------------------------------------------------

    def protect_by(self, *, chip_authentication: bool = False) -> None:
        """Messages are protected by the keys of PACE, or of chip authentication."""
        which = _CHIP_AUTHENTICATION if chip_authentication else _PACE
        self._must("EAC_CTX_set_encryption_ctx", self._context, which)

    def encrypt(self, data: bytes, counter: int) -> bytes:
        return self._counted("EAC_encrypt", data, counter)

    def decrypt(self, data: bytes, counter: int) -> bytes:
        return self._counted("EAC_decrypt", data, counter)

    def authenticate(self, data: bytes, counter: int) -> bytes:
        """The code over counter and ``data``."""
        return self._counted("EAC_authenticate", data, counter)

    def _counted(self, function: str, data: bytes, counter: int) -> bytes:
        self._must("EAC_set_ssc", self._context, c_ulong(counter))
        return self._bytes(function, self._context, self._buffer(data))

    def _must(self, function: str, *arguments: Any) -> Any:
        return self._library.must(function, *arguments)

    def _bytes(self, function: str, *arguments: Any) -> bytes:
        return self._library.bytes_of(function, *arguments)

    def _buffer(self, content: bytes) -> Any:
        return self._library.buffer(content)


def zone_of(second_line: str) -> str:
    """The library reads zones of TD1 only: number, birth and expiry where it looks for them."""
    number, birth, expiry = second_line[0:10], second_line[13:20], second_line[21:28]
    return f"I<UTO{number}".ljust(30, "<") + birth + "F" + expiry.ljust(52, "<")


def _content(buffer: Any) -> bytes:
    return ctypes.string_at(buffer.contents.data, buffer.contents.length)


@pytest.fixture(scope="session")
def openpace() -> OpenPace:
    """The library, or a skip with its reason."""
    try:
        return OpenPace()
    except OSError:
        pytest.skip(f"{LIBRARY} is not installed (Debian: libeac3)")
