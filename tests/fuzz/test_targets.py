"""Every target takes its own samples, and refuses whatever else in the words it may use.

Long runs are `python -m tests.fuzz`'s matter; here each target sees a few altered inputs
and every input that ever broke it (``found/NAME/*``).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.limits import limited
from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).parent / "found"
_ONCE_BROKEN = sorted(path for path in FOUND.glob("*/*") if path.is_file())


@pytest.mark.parametrize("name", TARGETS)
def test_samples_are_taken_as_they_are(name: str) -> None:
    """Or the target would turn away every input at the door."""
    target = TARGETS[name]

    for sample in target.samples():
        target.run(sample)
        assert len(sample) <= target.most


# The library warns of odd certificates that it will refuse in a later version.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", TARGETS)
def test_altered_samples_are_taken_or_refused(name: str) -> None:
    target = TARGETS[name]
    samples = target.samples()

    @settings(max_examples=target.examples, deadline=None, derandomize=True, database=None)
    @given(st.integers(0, len(samples) - 1), st.integers(0, 1 << 40))
    def altered(index: int, seed: int) -> None:
        with limited():
            target(mutated(samples[index], seed)[: target.most])

    altered()


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_taken_or_refused(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=target.examples // 2, deadline=None, derandomize=True, database=None)
    @given(st.binary(max_size=120))
    def anything(data: bytes) -> None:
        target(data)

    anything()


@pytest.mark.parametrize("path", _ONCE_BROKEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_once_broke_a_parser_breaks_it_no_more(path: Path) -> None:
    with limited():
        TARGETS[path.parent.name](path.read_bytes())
