"""What the type of an SD-JWT VC is: its Type Metadata document and the document's hash.

draft-ietf-oauth-sd-jwt-vc, sections 6 to 9: names and descriptions by language, colours,
which claims there are and that each can be disclosed by itself. A credential names the
hash (``vct#integrity``), so nobody between issuer and reader can exchange the document.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

import pybase64

from desk.credential.claims import LOCALES, Claim, ClaimProfile, Format

MEDIA_TYPE = "application/json"
# What a verifier needs whatever is shown stands in the open (section 3.2.2.2).
_OPEN = ("vct", "vct#integrity", "nbf", "exp", "cnf", "status")


@lru_cache(maxsize=4)
def document(profile: ClaimProfile) -> bytes:
    """The Type Metadata document of the profile's ``vct``; the same bytes each time."""
    table = {
        "vct": profile.vct,
        "name": f"{profile.scope} {profile.version}",
        "display": [_display(dict(shown)) for shown in profile.display],
        "claims": [
            *({"path": [name], "sd": "never"} for name in _OPEN),
            *(_claim(claim) for claim in profile.claims if claim.within(Format.SD_JWT)),
        ],
    }
    return json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=4)
def integrity(profile: ClaimProfile) -> str:
    """The document's hash as W3C Subresource Integrity writes it: ``sha256-…``."""
    digest = hashlib.sha256(document(profile)).digest()
    return f"sha256-{pybase64.b64encode_as_string(digest)}"


def _display(shown: dict[str, str]) -> dict[str, Any]:
    simple = {name: shown.pop(name) for name in ("background_color", "text_color")}
    return {**shown, "rendering": {"simple": simple}}


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "path": list(claim.path),
        "display": [{"locale": locale, "label": claim.names[locale]} for locale in LOCALES],
        "mandatory": claim.mandatory,
        "sd": "always",
    }
