"""DCQL of OpenID4VP 1.0, clause 6: which credentials answer, and with what."""

from __future__ import annotations

from typing import Any

import pytest
from cbor2 import CBORTag

from desk.credential import dcql
from desk.credential.claims import Format
from desk.credential.dcql import Content
from desk.credential.troubles import RequestRefused

MDOC = Content(
    Format.MDOC,
    "org.example.id",
    {("n", "name"): "A", ("n", "born"): CBORTag(1004, "1990-01-01"), ("n", "adult"): True},
)
SD_JWT = Content(Format.SD_JWT, "urn:example:id", {("name",): "A", ("home", "town"): "B"})
HELD = (MDOC, SD_JWT)


def mdoc(*claims: dict[str, Any], **members: Any) -> dict[str, Any]:
    meta = {"doctype_value": "org.example.id"}
    entry = {"id": "m", "format": "mso_mdoc", "meta": meta}
    return {**entry, **({"claims": list(claims)} if claims else {}), **members}


def sd_jwt(*paths: list[str]) -> dict[str, Any]:
    meta = {"vct_values": ["urn:other", "urn:example:id"]}
    return {"id": "s", "format": "dc+sd-jwt", "meta": meta, "claims": [{"path": p} for p in paths]}


def claim(element: str, **members: Any) -> dict[str, Any]:
    return {"path": ["n", element], **members}


def test_every_query_must_be_answered_where_no_sets_say_otherwise() -> None:
    query = {"credentials": [mdoc(claim("name")), sd_jwt(["home", "town"])]}

    fits = dcql.choose(query, HELD)

    assert {name: HELD[fit.place].format for name, fit in fits.items()} == {
        "m": Format.MDOC,
        "s": Format.SD_JWT,
    }
    assert fits["s"].paths == (("home", "town"),)
    with pytest.raises(RequestRefused):
        dcql.choose(query, [MDOC])


def test_of_a_set_the_first_option_that_can_be_answered_is_taken() -> None:
    sets = [{"options": [["s"], ["m"]]}]
    query = {"credentials": [mdoc(claim("name")), sd_jwt(["name"])], "credential_sets": sets}

    assert list(dcql.choose(query, HELD)) == ["s"]
    assert list(dcql.choose(query, [MDOC])) == ["m"]


def test_a_set_that_is_not_required_may_stay_empty() -> None:
    sets = [{"options": [["m"]]}, {"options": [["s"]], "required": False}]
    query = {"credentials": [mdoc(claim("name")), sd_jwt(["none"])], "credential_sets": sets}

    assert list(dcql.choose(query, HELD)) == ["m"]


def test_of_claim_sets_the_first_that_can_be_answered_is_taken() -> None:
    """6.4.1: the verifier's order is its wish."""
    claims = [claim("tall", id="a"), claim("name", id="b"), claim("adult", id="c")]
    query = {"credentials": [mdoc(*claims, claim_sets=[["a", "b"], ["b", "c"]])]}

    assert dcql.choose(query, HELD)["m"].paths == (("n", "name"), ("n", "adult"))


def test_a_query_without_claims_shows_none() -> None:
    assert dcql.choose({"credentials": [mdoc()]}, HELD)["m"].paths == ()


@pytest.mark.parametrize(
    ("member", "answered"),
    [
        (claim("born", values=["1990-01-01", "1991-01-01"]), True),
        (claim("born", values=["1991-01-01"]), False),
        (claim("adult", values=[True]), True),
        (claim("adult", values=[False]), False),
        (claim("adult", values=[1]), False),
    ],
)
def test_values_are_compared_as_json_writes_them(member: dict[str, Any], answered: bool) -> None:
    query = {"credentials": [mdoc(member)]}

    if answered:
        assert "m" in dcql.choose(query, HELD)
    else:
        with pytest.raises(RequestRefused):
            dcql.choose(query, HELD)
        assert dcql.lacking(query, HELD) == (tuple(member["path"]),)


def test_what_is_lacking_is_named_once() -> None:
    query = {"credentials": [mdoc(claim("name"), claim("tall"), claim("tall")), sd_jwt(["x"])]}

    assert dcql.lacking(query, HELD) == (("n", "tall"), ("x",))
    assert dcql.asked(query) == (("n", "name"), ("n", "tall"), ("x",))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"credentials": None},
        {"credentials": [{}]},
        {"credentials": [mdoc({"id": "x"})]},
        {"credentials": [mdoc(claim("name"), claim_sets=[["unknown"]])]},
        {"credentials": [mdoc(claim("name"))], "credential_sets": [{}]},
    ],
)
def test_a_query_of_another_form_is_refused(query: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused):
        dcql.choose(query, HELD)


def test_a_path_to_an_object_selects_all_it_holds() -> None:
    """Clause 7.1 walks down a JSON credential and takes what it finds; an mdoc's path names one
    element of a namespace (7.2)."""
    held = Content(
        Format.SD_JWT,
        "urn:example:id",
        {("home", "town"): "B", ("home", "street"): "C", ("homely",): "D"},
    )
    street_and_all = {"credentials": [sd_jwt(["home", "street"], ["home"])]}

    assert dcql.choose({"credentials": [sd_jwt(["home"])]}, [held])["s"].paths == (
        ("home", "town"),
        ("home", "street"),
    )
    assert dcql.choose(street_and_all, [held])["s"].paths == (("home", "street"), ("home", "town"))
    for nothing in (["town"], ["home", "town", "name"], []):
        assert dcql.lacking({"credentials": [sd_jwt(nothing)]}, [held]) == (tuple(nothing),)
    assert dcql.lacking({"credentials": [mdoc({"path": ["n"]})]}, HELD) == (("n",),)


def test_an_object_is_no_value_to_compare_with() -> None:
    entry = {**sd_jwt(["home"]), "claims": [{"path": ["home"], "values": ["B"]}]}

    assert dcql.lacking({"credentials": [entry]}, HELD) == (("home",),)
