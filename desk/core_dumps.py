"""No memory of this program stays on a disk when it falls.

It holds what a passport says, PINs, and what a phone is just being given in clear; all that is
kept of it is kept encrypted. Where Windows reports errors, its own settings decide.
"""

from __future__ import annotations

import sys


def forbid() -> None:
    """For this process, and for those that it starts."""
    if sys.platform != "win32":
        import resource

        # Of one byte: nothing fits, and unlike nought it is also heeded where the system hands a
        # core to a program instead of writing a file (Linux, core(5)).
        most = 0 if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 else 1
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
