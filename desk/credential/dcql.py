"""Which credentials answer a query, and what of them would be shown: DCQL.

OpenID4VP 1.0, clauses 6 and 6.4. Used by the phone to answer and by the desk to say before
what a relying service would get. Asking the holder is left to the phone; what narrows a
query by issuer (``trusted_authorities``) is left to the verifier's own check.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cbor2 import CBORTag

from desk.credential.claims import Format
from desk.credential.troubles import RequestRefused

Path = tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """What one credential could show: document type or ``vct``, and every claim by path."""

    format: Format
    type: str
    disclosed: Mapping[Path, Any] = field(repr=False)


@dataclass(frozen=True)
class Fit:
    """A credential (its place among those given) that answers one query, and the paths."""

    place: int
    paths: tuple[Path, ...]


def choose(query: Mapping[str, Any], contents: Sequence[Content]) -> dict[str, Fit]:
    """Query id → what answers it, for every query that must be answered (6.4.2).

    Raises ``RequestRefused`` where what is there can't answer, or the query is none.
    """
    try:
        fits = _fitting(query, contents)
        wanted = _ids_wanted(query, fits)
    except (KeyError, TypeError, AttributeError, IndexError) as broken:
        raise RequestRefused(reason="dcql_query of another form") from broken
    return {query_id: fits[query_id] for query_id in wanted}


def lacking(query: Mapping[str, Any], contents: Sequence[Content]) -> tuple[Path, ...]:
    """What the queries ask that no credential of the right type has, each path once.

    Raises ``RequestRefused`` for a query that is none.
    """
    try:
        missing: dict[Path, None] = {}
        for entry in query["credentials"]:
            fitting = [one for one in contents if _is_of_type(entry, one)]
            for claim in entry.get("claims", []):
                if not any(_has(claim, one) for one in fitting):
                    missing[tuple(claim["path"])] = None
    except (KeyError, TypeError, AttributeError) as broken:
        raise RequestRefused(reason="dcql_query of another form") from broken
    return tuple(missing)


def asked(query: Mapping[str, Any]) -> tuple[Path, ...]:
    """Every path the queries name, in their order, each once; raises ``RequestRefused``."""
    try:
        paths = [
            tuple(c["path"]) for entry in query["credentials"] for c in entry.get("claims", [])
        ]
    except (KeyError, TypeError, AttributeError) as broken:
        raise RequestRefused(reason="dcql_query of another form") from broken
    return tuple(dict.fromkeys(paths))


def _fitting(query: Mapping[str, Any], contents: Sequence[Content]) -> dict[str, Fit]:
    """For each query the first credential that has all it asks."""
    fits = {}
    for entry in query["credentials"]:
        for place, one in enumerate(contents):
            paths = _paths_asked(entry, one)
            if paths is not None:
                fits[entry["id"]] = Fit(place, paths)
                break
    return fits


def _paths_asked(entry: Mapping[str, Any], one: Content) -> tuple[Path, ...] | None:
    """None where ``one`` doesn't answer the query (6.4.1)."""
    if not _is_of_type(entry, one):
        return None
    claims = entry.get("claims", [])
    if "claim_sets" not in entry:
        sets = [claims]
    else:
        by_id = {claim["id"]: claim for claim in claims}
        sets = [[by_id[name] for name in names] for names in entry["claim_sets"]]
    for wanted in sets:
        if all(_has(claim, one) for claim in wanted):
            paths = (path for claim in wanted for path in _meant(claim, one))
            return tuple(dict.fromkeys(paths))
    return None


def _is_of_type(entry: Mapping[str, Any], one: Content) -> bool:
    meta = entry.get("meta", {})
    types = meta.get("vct_values") or [meta.get("doctype_value")]
    return bool(entry.get("format") == one.format and one.type in types)


def _meant(claim: Mapping[str, Any], one: Content) -> tuple[Path, ...]:
    """The claims that a path selects: one, or in JSON all that an object holds (clause 7.1)."""
    path = tuple(claim["path"])
    if path in one.disclosed or one.format is not Format.SD_JWT:
        return (path,) if path in one.disclosed else ()
    return tuple(held for held in one.disclosed if path and held[: len(path)] == path)


def _has(claim: Mapping[str, Any], one: Content) -> bool:
    path, meant = tuple(claim["path"]), _meant(claim, one)
    if meant != (path,):
        # An object is not compared with values, which are plain ones (clause 6.3).
        return bool(meant) and "values" not in claim
    value = one.disclosed[path]
    plain = value.value if isinstance(value, CBORTag) else value
    # JSON's true and 1 are two values, Python's are one.
    return any(type(one) is type(plain) and one == plain for one in claim.get("values", [plain]))


def _ids_wanted(query: Mapping[str, Any], fits: Collection[str]) -> list[str]:
    """Without credential_sets every query must be answered; with them one option a set."""
    sets = query.get("credential_sets")
    if not sets:
        sets = [{"options": [[entry["id"] for entry in query["credentials"]]]}]
    wanted: list[str] = []
    for entry in sets:
        option = next((ids for ids in entry["options"] if set(ids) <= set(fits)), None)
        if option is None and entry.get("required", True):
            raise RequestRefused(reason="no credential fits the request")
        wanted += [query_id for query_id in option or [] if query_id not in wanted]
    return wanted
