"""The service described for other people's programs: OpenAPI 3.1, at ``/openapi.json``.

What is described stands in ``resources/enrollment/openapi.json``, written for what stands
there; here it is only set to the addresses and the claim profile of one service.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from desk.credential.claims import ClaimProfile
from desk.enrollment.service import ServiceSettings
from desk.resources import resource

FILE = resource("enrollment", "openapi.json")
_WELL_KNOWN = "/.well-known/"


def description(settings: ServiceSettings, profile: ClaimProfile) -> dict[str, Any]:
    """The OpenAPI document of a service at ``settings.issuer``."""
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    parts = urlsplit(settings.issuer)
    document["servers"] = [{"url": f"{parts.scheme}://{parts.netloc}"}]
    below = parts.path.rstrip("/")
    document["paths"] = {
        _placed(path, item, below): item for path, item in document["paths"].items()
    }
    schemas = document["components"]["schemas"]
    schemas["Configuration"]["enum"] = sorted(profile.configurations.values())
    return document


def _placed(path: str, item: dict[str, Any], below: str) -> str:
    """Where a path of the file stands: phones' addresses begin with the issuer's path, but
    behind a well-known prefix it comes last (OpenID4VCI 12.2.2, RFC 8414 section 3.1)."""
    if path.startswith(_WELL_KNOWN):
        return path + below
    is_for_phones = any("phone" in operation["tags"] for operation in item.values())
    return below + path if is_for_phones else path
