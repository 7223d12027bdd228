"""What needs no phone's key, made while the phone is on its way.

An applicant waits for all that happens after the phone's key has come, and most of that was
the portrait: its picture decoded in a process of its own and compressed until it fits. What
was made beforehand stands in memory only, one case's at a time, until the credentials are
delivered, the offer is withdrawn, or somebody turns to something else. Whoever signs says what
it has to be made of now; made of anything else it counts for nothing.
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


class Ready:
    """What was made of one case; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: Sources | None = None
        self._values: CredentialValues | None = None
        self._said: dict[Format, Said] = {}

    def make(self, sources: Sources, formats: Iterable[Format]) -> None:
        """Whatever of it is not there yet; raises ``PortraitUnusable``, ``ValueUnfit``."""
        with self._lock:
            values = self._made(sources)
            for fmt in formats:
                if fmt not in self._said:
                    self._said[fmt] = Said(fmt, sources.profile, values)

    def said(self, sources: Sources, fmt: Format, count: int) -> tuple[Said, ...]:
        """For so many credentials: what was made of exactly these is handed out once, the rest
        is made now and kept nowhere. Raises ``PortraitUnusable``, ``ValueUnfit``."""
        with self._lock:
            is_made = sources == self._sources
            values = self._values if is_made else None
            made = self._said.pop(fmt, None) if is_made else None
        said = [] if made is None else [made]
        if values is None and len(said) < count:
            values = sources.values()
        while values is not None and len(said) < count:
            said.append(Said(fmt, sources.profile, values))
        return tuple(said)

    @property
    def holds_anything(self) -> bool:
        """Whether something of somebody stands here."""
        with self._lock:
            return self._sources is not None or self._values is not None or bool(self._said)

    def forget(self) -> None:
        with self._lock:
            self._sources, self._values, self._said = None, None, {}

    def _made(self, sources: Sources) -> CredentialValues:
        if self._values is None or sources != self._sources:
            # What stood there counts no more, also where nothing comes in its place.
            self._sources, self._values, self._said = None, None, {}
            values = sources.values()
            self._sources, self._values = sources, values
        return self._values
