"""Everything with a window: pages, pieces, the controller and the lanes of the devices.

Qt is imported here and nowhere else.
"""

from __future__ import annotations

import ctypes
import sys

_FOR_EVER = 1 << 60


def _keep_constants_alive() -> None:
    """Give the constants the refcount of immortal objects, as Python 3.12 does by itself.

    The stable-ABI wheels of PySide6 6.12 return None without counting the reference, which
    is right from 3.12 on (PEP 683). On 3.11 every such call takes one away, and after some
    thousand calls the interpreter ends with «deallocating None» or «True or False».
    """
    if sys.version_info < (3, 12) and sys.implementation.name == "cpython":
        for constant in (None, True, False, NotImplemented, Ellipsis):
            ctypes.c_ssize_t.from_address(id(constant)).value = _FOR_EVER


_keep_constants_alive()
