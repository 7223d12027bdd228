"""The ``claims`` of authorization details: OpenID4VCI 1.0, annexes B and C."""

from __future__ import annotations

from typing import Any

import pytest

from desk.credential.claims import Format
from desk.enrollment.claim_paths import check_claims
from desk.enrollment.wire import Refusal


def paths(*named: Any) -> list[Any]:
    return [{"path": path} for path in named]


@pytest.mark.parametrize(
    ("fmt", "claims"),
    [
        (Format.SD_JWT, paths(["name"], ["address"], ["address", "city"], ["list", None, "x"])),
        (Format.SD_JWT, paths(["list", 0], ["list", 1])),
        (Format.SD_JWT, [{"path": ["name"], "mandatory": True, "other": 1}]),
        (Format.MDOC, paths(["n", "a"], ["n", "b"], ["m", "a", -1])),
    ],
)
def test_right_ones(fmt: Format, claims: list[Any]) -> None:
    check_claims(claims, fmt)


@pytest.mark.parametrize(
    ("fmt", "claims"),
    [
        (Format.SD_JWT, []),
        (Format.SD_JWT, "name"),
        (Format.SD_JWT, {"path": ["name"]}),
        (Format.SD_JWT, ["name"]),
        (Format.SD_JWT, [{}]),
        (Format.SD_JWT, paths([])),
        (Format.SD_JWT, paths("name")),
        (Format.SD_JWT, paths([None])),
        (Format.SD_JWT, paths(["a", True])),
        (Format.SD_JWT, paths(["a", 1.5])),
        (Format.SD_JWT, paths(["a", {}])),
        (Format.SD_JWT, paths(["a", -1])),
        (Format.SD_JWT, paths(["a"] * 17)),
        (Format.SD_JWT, paths(*([str(n)] for n in range(300)))),
        (Format.SD_JWT, [{"path": ["a"], "mandatory": "yes"}]),
        (Format.SD_JWT, [{"path": ["a"], "mandatory": None}]),
        (Format.SD_JWT, [{"path": ["a"]}, {"path": ["a"], "mandatory": True}]),
        (Format.SD_JWT, paths(["a", None], ["a", 1])),
        (Format.SD_JWT, paths(["a", None, "x"], ["a", "b"])),
        (Format.SD_JWT, paths(["a", 0], ["a", "b"])),
        (Format.MDOC, paths(["a"])),
        (Format.MDOC, paths(["a", 0])),
    ],
    ids=str,
)
def test_wrong_ones(fmt: Format, claims: Any) -> None:
    """B.3: what is repeated or contradictory ends it, as does what has no form."""
    with pytest.raises(Refusal, match="invalid_authorization_details"):
        check_claims(claims, fmt)
