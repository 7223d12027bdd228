"""The claim profile: what a credential says, in both formats, from one file.

``resources/claims.toml`` lists the claims; ``ClaimProfile`` makes of them the signed
mdoc elements (ISO/IEC TS 23220-4 annex C), the SD-JWT VC claims, the ``claims`` arrays
and configurations of the OpenID4VCI metadata (appendix A.2, A.3 and C) and the DCQL
queries of OpenID4VP 1.0 (clause 6). Signing is left to ``mdoc`` and ``sdjwt``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pybase64
from cbor2 import CBORTag

from desk.credential import cbor
from desk.credential.keys import Curve
from desk.credential.troubles import Malformed, ProfileBroken, ValueUnfit
from desk.resources import resource

DEFAULT_PROFILE = resource("claims.toml")
LOCALES = ("ko", "en", "zh", "vi")
DATA_GROUPS = "passport-data-groups"
"""The option under which an mdoc carries the passport's own signed files."""
ISSUING_COUNTRY = "KR"
"""ISO 3166-1 alpha-2; the signer's certificate must say the same."""
_MAX_TEXT = 150
_AGE_OVER = re.compile(r"age_over_(\d\d)\Z")
_COUNTRY = re.compile(r"[A-Z]{2,3}\Z")
_JPEG = b"\xff\xd8\xff"
_JPEG_URI = "data:image/jpeg;base64,"
_SEXES = (0, 1, 2, 9)


class Format(StrEnum):
    """The credential formats of OpenID4VCI 1.0, appendix A."""

    MDOC = "mso_mdoc"
    SD_JWT = "dc+sd-jwt"


class Kind(StrEnum):
    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    FLAG = "flag"
    PICTURE = "picture"
    COUNTRY = "country"
    BYTES = "bytes"


@dataclass(frozen=True, kw_only=True)
class CredentialValues:
    """What is known of one applicant and one credential; None where there is nothing.

    Names are in Latin letters as in the passport, ``portrait`` is a JPEG made by
    ``portrait.prepare``, ``sex`` is 0, 1, 2 or 9 (ISO/IEC 5218), countries are ISO
    3166-1 alpha-2, ``jurisdiction_post`` is the post's Korean name. ``issue_date`` and
    ``expiry_date`` are the administrative dates, not those of the signature. ``dg1``,
    ``dg2`` and ``sod`` are the passport's files as they were read, the two
    ``travel_document`` texts stand in its machine readable zone.
    """

    family_name: str
    given_name: str
    birth_date: date
    portrait: bytes
    issue_date: date
    expiry_date: date
    issuing_authority: str
    overseas_number: str
    jurisdiction_post: str
    issuing_country: str = ISSUING_COUNTRY
    nationality: str | None = "KR"
    sex: int | None = None
    document_number: str | None = None
    name_hangul: str | None = None
    travel_document_number: str | None = None
    resident_number: str | None = None
    travel_document_type: str | None = None
    travel_document_mrz: str | None = None
    dg1: bytes | None = None
    dg2: bytes | None = None
    sod: bytes | None = None

    def value(self, name: str) -> Any:
        """The value of that name, ages computed on ``issue_date``; None where unknown."""
        if name in _FIELDS:
            return getattr(self, name)
        if name == "age_in_years":
            return self._age()
        if name == "age_birth_year":
            return self.birth_date.year
        over = _AGE_OVER.match(name)
        assert over is not None, "the profile knows no other names"
        return self._age() >= int(over[1])

    def _age(self) -> int:
        birth, on = self.birth_date, self.issue_date
        return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))

    def __repr__(self) -> str:
        return "CredentialValues(…)"


_FIELDS = frozenset(entry.name for entry in fields(CredentialValues))
_COMPUTED = frozenset({"age_in_years", "age_birth_year"})


@dataclass(frozen=True)
class Claim:
    """One claim with its name in each format; ``names`` by locale.

    An empty ``path`` keeps a claim out of the SD-JWT VC. ``option`` names the choice without
    which it is not issued at all, empty where there is no choice.
    """

    value: str
    namespace: str
    element: str
    path: tuple[str, ...]
    kind: Kind
    mandatory: bool
    issue: bool
    names: Mapping[str, str]
    option: str = ""

    def within(self, fmt: Format) -> bool:
        """Whether credentials of this format carry the claim."""
        return fmt is Format.MDOC or bool(self.path)

    def path_in(self, fmt: Format) -> tuple[str, ...]:
        """The path of metadata and DCQL: ``[namespace, element]`` in an mdoc."""
        return (self.namespace, self.element) if fmt is Format.MDOC else self.path

    def checked(self, value: Any) -> Any:
        """``value`` itself; raises ``ValueUnfit`` where it doesn't fit the kind."""
        if problem := _PROBLEMS[self.kind](value):
            raise ValueUnfit(item=self.value, reason=problem)
        if self.value == "sex" and value not in _SEXES:
            raise ValueUnfit(item=self.value, reason="not a code of ISO/IEC 5218")
        return value

    def to_mdoc(self, value: Any) -> Any:
        """The CBOR value of the element."""
        form = _CBOR_FORMS.get(self.kind)
        return form(value) if form else value

    def to_json(self, value: Any) -> Any:
        """The JSON value of the claim; a picture becomes a data URI."""
        form = _JSON_FORMS.get(self.kind)
        return form(value) if form else value

    def read(self, value: Any) -> Any:
        """The Python value of either format; raises ``Malformed``."""
        if self.kind is Kind.DATE and isinstance(value, CBORTag):
            return cbor.read_full_date(value)
        try:
            if self.kind is Kind.DATE:
                return date.fromisoformat(value)
            if self.kind is Kind.PICTURE and isinstance(value, str):
                return pybase64.b64decode(value.removeprefix(_JPEG_URI), validate=True)
        except (TypeError, ValueError) as broken:
            raise Malformed(reason=f"{self.element} has another form") from broken
        return value


def _data_uri(picture: bytes) -> str:
    return _JPEG_URI + pybase64.b64encode_as_string(picture)


_Form = Callable[[Any], Any]
_CBOR_FORMS: Mapping[Kind, _Form] = {Kind.DATE: cbor.full_date}
_JSON_FORMS: Mapping[Kind, _Form] = {Kind.DATE: date.isoformat, Kind.PICTURE: _data_uri}


def _text_problem(value: Any) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return "text expected"
    return f"more than {_MAX_TEXT} characters" if len(value) > _MAX_TEXT else None


def _is(kind: type, what: str) -> Callable[[Any], str | None]:
    return lambda value: None if type(value) is kind else f"{what} expected"


def _country_problem(value: Any) -> str | None:
    fits = isinstance(value, str) and _COUNTRY.match(value)
    return None if fits else "country code expected"


def _picture_problem(value: Any) -> str | None:
    fits = isinstance(value, bytes) and value.startswith(_JPEG)
    return None if fits else "JPEG expected"


_PROBLEMS: Mapping[Kind, Callable[[Any], str | None]] = {
    Kind.TEXT: _text_problem,
    Kind.DATE: _is(date, "date"),
    Kind.NUMBER: _is(int, "number"),
    Kind.FLAG: _is(bool, "flag"),
    Kind.PICTURE: _picture_problem,
    Kind.COUNTRY: _country_problem,
    Kind.BYTES: _is(bytes, "bytes"),
}


@dataclass(frozen=True, eq=False)
class ClaimProfile:
    """The claims that are issued, in the order of the file, with their names and types.

    One profile is one file read once: it is told from others by identity, so that what is
    made of it can be kept.
    ``withheld`` are those the file names but no credential says; ``issuer`` is how wallets
    name whoever issues, by language.
    """

    version: int
    doctype: str
    vct: str
    rounding: timedelta
    claims: tuple[Claim, ...]
    counter_check: tuple[str, ...]
    configurations: Mapping[Format, str]
    scope: str
    display: tuple[Mapping[str, str], ...]
    withheld: tuple[Claim, ...] = ()
    issuer: Mapping[str, str] = field(default_factory=dict)

    def claim(self, value: str) -> Claim:
        """The issued claim of that value; raises ``ProfileBroken``."""
        for claim in self.claims:
            if claim.value == value:
                return claim
        raise ProfileBroken(item=value, reason="not in the claim profile")

    def format_of(self, configuration: str) -> Format:
        """The format of a configuration id; raises ``ProfileBroken``."""
        for fmt, name in self.configurations.items():
            if name == configuration:
                return fmt
        raise ProfileBroken(item=configuration, reason="no such configuration")

    def collect(self, values: CredentialValues) -> tuple[tuple[Claim, Any], ...]:
        """Each claim there is a value for; raises ``ValueUnfit`` for a mandatory one without."""
        collected = []
        for claim in self.claims:
            value = values.value(claim.value)
            if value is not None:
                collected.append((claim, claim.checked(value)))
            elif claim.mandatory:
                raise ValueUnfit(item=claim.value, reason="missing")
        return tuple(collected)

    def mdoc_elements(self, values: CredentialValues) -> dict[str, list[tuple[str, Any]]]:
        """Namespace → element names with their CBOR values."""
        namespaces: dict[str, list[tuple[str, Any]]] = {}
        for claim, value in self.collect(values):
            element = (claim.element, claim.to_mdoc(value))
            namespaces.setdefault(claim.namespace, []).append(element)
        return namespaces

    def sdjwt_claims(self, values: CredentialValues) -> dict[tuple[str, ...], Any]:
        """Path → JSON value."""
        return {
            claim.path: claim.to_json(value) for claim, value in self.collect(values) if claim.path
        }

    def named(self, fmt: Format, disclosed: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
        """Disclosed elements by value name, as Python values; unknown ones are left out."""
        return {
            claim.value: claim.read(disclosed[claim.path_in(fmt)])
            for claim in self.claims
            if claim.path_in(fmt) in disclosed
        }

    # Metadata and queries -------------------------------------------------------------

    def claims_metadata(self, fmt: Format) -> list[dict[str, Any]]:
        """The ``claims`` array of OpenID4VCI 1.0, appendix B."""
        return [
            {
                "path": list(claim.path_in(fmt)),
                "mandatory": claim.mandatory,
                "display": [{"name": claim.names[loc], "locale": loc} for loc in LOCALES],
            }
            for claim in self.claims
            if claim.within(fmt)
        ]

    def configuration(self, fmt: Format) -> dict[str, Any]:
        """One entry of ``credential_configurations_supported`` (OpenID4VCI 1.0, 12.2.4)."""
        proof_algorithms = [curve.algorithm for curve in Curve]
        entry: dict[str, Any] = {
            "format": fmt.value,
            "scope": f"{self.scope}.{self.configurations[fmt]}",
            "proof_types_supported": {
                "jwt": {"proof_signing_alg_values_supported": proof_algorithms}
            },
            "credential_metadata": {
                "display": [dict(shown) for shown in self.display],
                "claims": self.claims_metadata(fmt),
            },
        }
        if fmt is Format.MDOC:
            entry |= {
                "doctype": self.doctype,
                "cryptographic_binding_methods_supported": ["cose_key"],
                "credential_signing_alg_values_supported": [c.cose_algorithms[0] for c in Curve],
            }
        else:
            entry |= {
                "vct": self.vct,
                "cryptographic_binding_methods_supported": ["jwk"],
                "credential_signing_alg_values_supported": proof_algorithms,
            }
        return entry

    def credential_configurations(self) -> dict[str, Any]:
        """``credential_configurations_supported`` whole."""
        return {name: self.configuration(fmt) for fmt, name in self.configurations.items()}

    def dcql(
        self, formats: Sequence[Format], values: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """A DCQL query for ``values`` (by default the counter check) in any of ``formats``.

        With several formats one credential of either answers the query. Raises
        ``ProfileBroken`` for a value that some of them do not carry.
        """
        wanted = [self.claim(value) for value in values or self.counter_check]
        for claim in wanted:
            if not all(claim.within(fmt) for fmt in formats):
                raise ProfileBroken(item=claim.value, reason="not in every format asked for")
        credentials = [self._credential_query(fmt, wanted) for fmt in formats]
        query: dict[str, Any] = {"credentials": credentials}
        if len(credentials) > 1:
            query["credential_sets"] = [{"options": [[entry["id"]] for entry in credentials]}]
        return query

    def _credential_query(self, fmt: Format, wanted: Sequence[Claim]) -> dict[str, Any]:
        if fmt is Format.MDOC:
            meta: dict[str, Any] = {"doctype_value": self.doctype}
            claims = [{"path": list(c.path_in(fmt)), "intent_to_retain": False} for c in wanted]
        else:
            meta = {"vct_values": [self.vct]}
            claims = [{"path": list(c.path_in(fmt))} for c in wanted]
        return {"id": QUERY_IDS[fmt], "format": fmt.value, "meta": meta, "claims": claims}


QUERY_IDS: Mapping[Format, str] = {Format.MDOC: "mdoc", Format.SD_JWT: "sd_jwt"}


# Reading the file -----------------------------------------------------------------


def load_profile(path: Path = DEFAULT_PROFILE, options: Collection[str] = ()) -> ClaimProfile:
    """Read and check a claim profile; raises ``ProfileBroken``.

    ``options`` are the choices of the file that are taken: ``DATA_GROUPS``.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as broken:
        raise ProfileBroken(item=path.name, reason="cannot be read") from broken
    try:
        return _profile(table, frozenset(options))
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        raise ProfileBroken(item=path.name, reason=f"{type(broken).__name__} {broken}") from broken


def _profile(table: Mapping[str, Any], options: frozenset[str]) -> ClaimProfile:
    claims = tuple(_claim(entry) for entry in table["claim"])
    _refuse_doubles(claims)
    if unknown := options - {claim.option for claim in claims}:
        raise ProfileBroken(item=min(unknown), reason="no claim has this option")
    rounding = timedelta(minutes=table["rounding_minutes"])
    if not timedelta(minutes=1) <= rounding <= timedelta(days=1):
        raise ProfileBroken(item="rounding_minutes", reason="1 to 1440 expected")
    issued = tuple(c for c in claims if c.issue and (not c.option or c.option in options))
    profile = ClaimProfile(
        version=table["version"],
        doctype=table["doctype"],
        vct=table["vct"],
        rounding=rounding,
        claims=issued,
        counter_check=tuple(table["counter_check"]),
        configurations={
            Format.MDOC: table["configurations"]["mdoc"],
            Format.SD_JWT: table["configurations"]["sd-jwt"],
        },
        scope=table["scope"],
        display=_display(table["display"]),
        withheld=tuple(claim for claim in claims if claim not in issued),
        issuer=_names(table["issuer"]["name"], "issuer"),
    )
    for value in profile.counter_check:
        profile.claim(value)
    return profile


def _claim(entry: Mapping[str, Any]) -> Claim:
    value = entry["value"]
    if value not in _FIELDS | _COMPUTED and not _AGE_OVER.match(value):
        raise ProfileBroken(item=value, reason="no such value")
    return Claim(
        value=value,
        namespace=entry["namespace"],
        element=entry["element"],
        path=_path(entry),
        kind=Kind(entry["kind"]),
        mandatory=entry.get("mandatory", False),
        issue=entry.get("issue", True),
        names=_names(entry["name"], value),
        option=entry.get("option", ""),
    )


def _names(names: Mapping[str, str], item: str) -> dict[str, str]:
    if missing := [locale for locale in LOCALES if not names.get(locale)]:
        raise ProfileBroken(item=item, reason=f"no name in {', '.join(missing)}")
    return dict(names)


def _path(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Empty for a claim of the mdoc only; bytes have no form in JSON."""
    only = entry.get("only", "")
    if only not in ("", "mdoc") or (not only and entry["kind"] == Kind.BYTES):
        raise ProfileBroken(item=entry["value"], reason="no such format for this claim")
    if only and "path" in entry:
        raise ProfileBroken(item=entry["value"], reason="path of a claim of the mdoc only")
    path = () if only else tuple(entry["path"])
    if not only and not path:
        raise ProfileBroken(item=entry["value"], reason="path is empty")
    return path


def _refuse_doubles(claims: Sequence[Claim]) -> None:
    for fmt in Format:
        paths = [claim.path_in(fmt) for claim in claims if claim.within(fmt)]
        for path in paths:
            if not path or not all(path) or paths.count(path) > 1:
                raise ProfileBroken(item=".".join(path), reason="path is empty or stands twice")
            if any(path != other and other[: len(path)] == path for other in paths):
                raise ProfileBroken(item=".".join(path), reason="path is part of another")


def _display(table: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    shared = {name: table[name] for name in ("background_color", "text_color")}
    return tuple(
        {
            "name": table["name"][locale],
            "description": table["description"][locale],
            "locale": locale,
            **shared,
        }
        for locale in LOCALES
    )
