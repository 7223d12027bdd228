"""The station's settings: one TOML file over commented defaults.

``resources/settings.toml`` holds every key with its default and unit; the home folder's
``settings.toml`` overrides single keys. A key that the defaults do not know, or a value of
another type, is refused by name: a misspelt policy must not pass unnoticed.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from desk.credential.attestation_use import LEVELS
from desk.credential.claims import DATA_GROUPS
from desk.issuance.approvals import SecondCard
from desk.issuance.ports import QrForm
from desk.mrtd.anchors import Ages
from desk.resources import resource
from desk.trouble import Trouble


class SettingsWrong(Trouble):
    """The settings file cannot be used; ``key`` says where."""

    code = "SETTINGS-01"


@dataclass(frozen=True)
class StationSettings:
    post: str
    window: str
    serial: str
    language: str


@dataclass(frozen=True)
class ReaderSettings:
    passport: str
    officer: str
    module: str = ""


@dataclass(frozen=True)
class CameraSettings:
    device: str


@dataclass(frozen=True)
class PrinterSettings:
    name: str


@dataclass(frozen=True)
class EnrollmentSettings:
    url: str
    public_url: str
    port: int
    formats: tuple[str, ...]
    qr: str
    encryption: str
    dpop: str
    batch: int
    batch_unattested: bool
    attestation: str
    attestation_status: bool
    quirks: tuple[str, ...]
    key_storage: tuple[str, ...]
    user_authentication: tuple[str, ...]
    offer_minutes: int
    check_minutes: int


@dataclass(frozen=True)
class CredentialSettings:
    administrative_years: int
    technical_months: int
    portrait: str
    portrait_width: int
    portrait_bytes: int
    passport_data_groups: bool
    claim_profile: str

    @property
    def claim_options(self) -> tuple[str, ...]:
        """The options of the claim profile that are taken."""
        return (DATA_GROUPS,) if self.passport_data_groups else ()


@dataclass(frozen=True)
class AuthoritySettings:
    iaca: str
    officer_root: str
    revocations: str
    verifier: str
    attestation_roots: str
    status_signer: str
    officers: str


@dataclass(frozen=True)
class RecordsSettings:
    database: str


@dataclass(frozen=True)
class TrustSettings:
    warn_days: int
    revocation_days: int
    revocation_issue_days: int

    @property
    def ages(self) -> Ages:
        return Ages(self.revocation_days, self.revocation_issue_days)


@dataclass(frozen=True)
class StatusSettings:
    publish_to: str
    public_url: str
    endpoint: str
    region: str
    lifetime_hours: int

    @property
    def lifetime(self) -> timedelta:
        return timedelta(hours=self.lifetime_hours)


@dataclass(frozen=True)
class RegisterSettings:
    fresh_hours: int


@dataclass(frozen=True)
class FaceSettings:
    similar: float
    dissimilar: float
    inter_eye_px: int


@dataclass(frozen=True)
class LockSettings:
    idle_minutes: int
    idle_warning_seconds: int
    pause_after: int
    pause_seconds: int
    pause_minutes_most: int
    station_failures: int


@dataclass(frozen=True)
class RetentionSettings:
    closed_case_days: int


@dataclass(frozen=True)
class AuditSettings:
    copies: str


@dataclass(frozen=True)
class ApprovalSettings:
    second_card: str
    request_minutes: int


@dataclass(frozen=True)
class CheckSettings:
    officers_days: int
    service_ms: int
    queue_minutes: int
    status_hours: int
    disk_megabytes: int
    clock_seconds: int


@dataclass(frozen=True)
class Settings:
    station: StationSettings
    readers: ReaderSettings
    camera: CameraSettings
    printer: PrinterSettings
    enrollment: EnrollmentSettings
    credential: CredentialSettings
    authority: AuthoritySettings
    records: RecordsSettings
    trust: TrustSettings
    status: StatusSettings
    register: RegisterSettings
    face: FaceSettings
    lock: LockSettings
    retention: RetentionSettings
    audit: AuditSettings
    approval: ApprovalSettings
    checks: CheckSettings


def load_settings(file: Path | None = None) -> Settings:
    """The defaults with the keys of ``file`` over them. Raises :class:`SettingsWrong`."""
    merged = _read(resource("settings.toml"))
    if file is not None and file.exists():
        for section, values in _read(file).items():
            _overlay(merged, section, values)
    _refuse_unknown_words(merged)
    _refuse_out_of_bounds(merged)
    _refuse_unusable_addresses(merged["enrollment"])
    return Settings(
        **{
            section.name: _SECTIONS[section.name](**_frozen(merged[section.name]))
            for section in fields(Settings)
        }
    )


_SECTIONS: dict[str, Any] = {
    "station": StationSettings,
    "readers": ReaderSettings,
    "camera": CameraSettings,
    "printer": PrinterSettings,
    "enrollment": EnrollmentSettings,
    "credential": CredentialSettings,
    "authority": AuthoritySettings,
    "records": RecordsSettings,
    "trust": TrustSettings,
    "status": StatusSettings,
    "register": RegisterSettings,
    "face": FaceSettings,
    "lock": LockSettings,
    "retention": RetentionSettings,
    "audit": AuditSettings,
    "approval": ApprovalSettings,
    "checks": CheckSettings,
}

_PRINTABLE = re.compile(r"[!-~]+")
_DEMANDS = frozenset({"off", "optional", "required"})
_WORDS: dict[tuple[str, str], frozenset[str]] = {
    ("enrollment", "qr"): frozenset(QrForm),
    ("enrollment", "encryption"): _DEMANDS,
    ("enrollment", "dpop"): _DEMANDS,
    ("enrollment", "attestation"): _DEMANDS,
    ("enrollment", "key_storage"): frozenset(LEVELS),
    ("enrollment", "user_authentication"): frozenset(LEVELS),
    ("enrollment", "quirks"): frozenset({"shared-nonce", "notify-deferred", "draft-15-encryption"}),
    ("credential", "portrait"): frozenset({"chip", "live"}),
    ("approval", "second_card"): frozenset(SecondCard),
}
"""Settings that are one word out of a few, or a list of such words."""

_BOUNDS: dict[tuple[str, str], range] = {
    ("enrollment", "port"): range(65_536),
    # As many as a key attestation may name.
    ("enrollment", "batch"): range(1, 101),
    # Signed anew every few hours while a desk is open, and not at all over holidays; a copy of
    # a list that somebody held back is believed for as long.
    ("status", "lifetime_hours"): range(24, 745),
}
"""Numbers that have to lie within bounds."""


def _refuse_unknown_words(merged: dict[str, Any]) -> None:
    for (section, key), words in _WORDS.items():
        value = merged[section][key]
        if not words.issuperset(value if isinstance(value, list) else [value]):
            place = f"{section}.{key}"
            raise SettingsWrong(f"{place} is none of {', '.join(sorted(words))}", key=place)


def _refuse_out_of_bounds(merged: dict[str, Any]) -> None:
    for (section, key), bounds in _BOUNDS.items():
        if merged[section][key] not in bounds:
            place = f"{section}.{key}"
            raise SettingsWrong(f"{place} is not {bounds[0]} to {bounds[-1]}", key=place)


def _refuse_unusable_addresses(enrollment: dict[str, Any]) -> None:
    """Where no service could be reached; whether one is there is asked later."""
    for key in ("url", "public_url"):
        if enrollment[key] and not _is_address(enrollment[key]):
            raise SettingsWrong(f"enrollment.{key} is no http address", key=f"enrollment.{key}")


def _is_address(text: str) -> bool:
    """Whether it names a host by http or https as it goes on the wire (RFC 3986, 3.2): a name
    outside ASCII stands as its DNS writes it."""
    try:
        parts = urlsplit(text)
        named = parts.scheme in ("http", "https") and bool(parts.hostname)
        return named and parts.port != 0 and _PRINTABLE.fullmatch(text) is not None
    except ValueError:
        # A port that is no number or beyond 65535, or half a pair of brackets.
        return False


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise SettingsWrong(f"{file.name}: {reason}", key=file.name) from reason


def _overlay(merged: dict[str, Any], section: str, values: Any) -> None:
    if section not in merged or not isinstance(values, dict):
        raise SettingsWrong(f"unknown section [{section}]", key=section)
    for key, value in values.items():
        default = merged[section].get(key)
        if type(value) is not type(default) and not _widens(value, default):
            place = f"{section}.{key}"
            raise SettingsWrong(f"{place} is not as in the defaults", key=place)
        merged[section][key] = value


def _widens(value: object, default: object) -> bool:
    return isinstance(default, float) and type(value) is int


def _frozen(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
