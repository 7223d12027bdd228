"""The Type Metadata of the vct: draft-ietf-oauth-sd-jwt-vc, sections 6 to 9."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

from desk.credential import jose, sdjwt, type_metadata
from desk.credential.claims import DATA_GROUPS, LOCALES, ClaimProfile, Format, load_profile
from desk.credential.holder import Held


def test_every_claim_is_named_in_every_language(profile: ClaimProfile) -> None:
    table = json.loads(type_metadata.document(profile))

    hidden = [claim for claim in table["claims"] if claim["sd"] == "always"]
    assert table["vct"] == profile.vct
    assert [one["locale"] for one in table["display"]] == list(LOCALES)
    assert [tuple(claim["path"]) for claim in hidden] == [claim.path for claim in profile.claims]
    for claim in hidden:
        assert [one["locale"] for one in claim["display"]] == list(LOCALES)


def test_a_credential_names_the_documents_hash(
    profile: ClaimProfile, issue: Callable[..., Held]
) -> None:
    """W3C Subresource Integrity: the algorithm, then base64 with padding."""
    jwt, _, _ = sdjwt.split(issue(Format.SD_JWT).credential)

    named = jose.parse_compact(jwt).claims()["vct#integrity"]

    digest = hashlib.sha256(type_metadata.document(profile)).digest()
    assert named == f"sha256-{base64.b64encode(digest).decode()}"


def test_what_stands_open_in_a_credential_is_told_as_never_hidden(
    profile: ClaimProfile, issue: Callable[..., Held]
) -> None:
    jwt, _, _ = sdjwt.split(issue(Format.SD_JWT).credential)

    told = json.loads(type_metadata.document(profile))["claims"]

    never = {claim["path"][0] for claim in told if claim["sd"] == "never"}
    open_claims = {name for name, value in jose.parse_compact(jwt).claims().items() if value}
    assert never <= open_claims


def test_the_passports_files_change_nothing_of_the_type(profile: ClaimProfile) -> None:
    """They are in the mdoc only, so no SD-JWT VC becomes another one by that option."""
    chosen = load_profile(options=[DATA_GROUPS])

    assert type_metadata.document(chosen) == type_metadata.document(profile)
