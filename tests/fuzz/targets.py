"""Every target by its name."""

from __future__ import annotations

from tests.fuzz import card_targets, file_targets, reading_targets, session_targets, trust_targets
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *file_targets.TARGETS,
        *trust_targets.TARGETS,
        *session_targets.TARGETS,
        *reading_targets.TARGETS,
        *card_targets.TARGETS,
    )
}
