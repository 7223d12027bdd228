"""What needs no phone's key, made while the phone is on its way.

An applicant waits for all that happens after the phone's key has come, and most of that was
the portrait: its picture decoded in a process of its own and compressed until it fits. What
was made beforehand stands in memory only, of few cases, until the credentials are delivered,
the offer is withdrawn, or somebody turns to something else. Whoever signs says what it has to
be made of now; made of anything else it counts for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from PIL import Image

from desk.credential import portrait
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.intent import Said
from desk.credential.portrait import PortraitSize
from desk.mrtd.portrait import portrait_rgb

KEPT = 4
"""Cases: a window has one, a rehearsal that mints offers some beside each other."""


@dataclass(frozen=True)
class Sources:
    """All that a case's credentials are made of. ``spoken`` are the values without the
    portrait, ``picture`` the desk's own frame where it is ``live``, else the chip's."""

    profile: ClaimProfile
    spoken: CredentialValues
    picture: bytes = field(repr=False)
    live: bool
    size: PortraitSize

    def values(self) -> CredentialValues:
        """With the portrait; raises ``PortraitUnusable``. The chip's picture is decoded in a
        process of its own."""
        source = self.picture if self.live else Image.fromarray(portrait_rgb(self.picture))
        return replace(self.spoken, portrait=portrait.prepare(source, size=self.size))


@dataclass
class _Made:
    sources: Sources
    values: CredentialValues
    said: dict[Format, Said] = field(default_factory=dict)


class Ready:
    """What was made of each case, by its number; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # In the order in which they came.
        self._cases: dict[str, _Made] = {}

    def make(self, case: str, sources: Sources, formats: Iterable[Format]) -> None:
        """Whatever of it is not there yet; raises ``PortraitUnusable``, ``ValueUnfit``."""
        with self._lock:
            made = self._made(case, sources)
            for fmt in formats:
                if fmt not in made.said:
                    made.said[fmt] = Said(fmt, sources.profile, made.values)

    def said(self, case: str, sources: Sources, fmt: Format, count: int) -> tuple[Said, ...]:
        """For so many credentials: what was made of exactly these is handed out once, the rest
        is made now and kept nowhere. Raises ``PortraitUnusable``, ``ValueUnfit``."""
        with self._lock:
            made = self._cases.get(case)
            if made is not None and made.sources != sources:
                made = None
            values = made.values if made else None
            first = made.said.pop(fmt, None) if made else None
        said = [] if first is None else [first]
        if values is None and len(said) < count:
            values = sources.values()
        while values is not None and len(said) < count:
            said.append(Said(fmt, sources.profile, values))
        return tuple(said)

    @property
    def holds_anything(self) -> bool:
        """Whether something of somebody stands here."""
        with self._lock:
            return bool(self._cases)

    def forget(self, case: str | None = None) -> None:
        """What was made of this case, or of all."""
        with self._lock:
            if case is None:
                self._cases.clear()
            else:
                self._cases.pop(case, None)

    def _made(self, case: str, sources: Sources) -> _Made:
        made = self._cases.get(case)
        if made is None or made.sources != sources:
            # What stood there counts no more, also where nothing comes in its place.
            self._cases.pop(case, None)
            made = self._cases[case] = _Made(sources, sources.values())
            while len(self._cases) > KEPT:
                del self._cases[next(iter(self._cases))]
        return made
