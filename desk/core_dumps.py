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

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
