"""Builds a station from its home folder: settings, records, trust list, service, keys.

What is missing at a post (no authority yet, no officers) is a coded trouble that names
the file; the window shows it instead of a desk that half works.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from desk.app.home import Home
from desk.cards.revocation import Revocations
from desk.counter.officer_list import HeldOfficers, ListSource
from desk.counter.readers import ReaderRoles, Readers
from desk.counter.records import Records
from desk.counter.settings import Settings, load_settings
from desk.counter.station import Authority, Station
from desk.counter.statuses import open_status_list
from desk.credential.attestation import UNREAD, AttestationPolicy
from desk.credential.attestation_use import AttestationUse
from desk.credential.claims import load_profile
from desk.credential.signer import LocalSigner
from desk.enrollment.keys import key_file, read_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.pem import read_signer
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.enrollment.storage import status_storage
from desk.enrollment.trouble import CertificateFileUnusable
from desk.issuance.eligibility import load_rules
from desk.issuance.ports import StatusPlace
from desk.issuance.posts import load_posts
from desk.mrtd.trust import TrustStore
from desk.resources import resource
from desk.store.database import StoreKind
from desk.store.postgres import SharedDatabase
from desk.store.shared_vault import SharedVault
from desk.store.vault import FileVault, Vault
from desk.store.waiting import WaitingEvents
from desk.trouble import Trouble

PORT_SECONDS = 10.0
"""How long the service of a killed desk may hold its port; it ends with its desk's pipe."""


class AuthorityIncomplete(Trouble):
    """A file of the ministry's authority is missing, cannot be read, or its key is another
    certificate's."""

    code = "AUTH-01"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Opened:
    """A station with what has to be closed after it."""

    station: Station
    link: HttpLink
    service: ServiceProcess | None

    def close(self) -> None:
        self.station.readers.stop()
        self.link.close()
        if self.service is not None:
            self.service.stop()
        self.station.records.close()


def open_station(
    home: Home,
    readers: Readers,
    *,
    training: bool = False,
    settings: Settings | None = None,
    now: Callable[[], datetime] = utc_now,
    service_options: tuple[str, ...] = (),
    prepare: Callable[[Station], None] = open_status_list,
) -> Opened:
    """What stands before anybody signs in; the desk's own service is started where none is
    named. The records stay closed: `Station.open_records` opens them by a card, and
    ``prepare`` is called then."""
    settings = settings or load_settings(home.settings)
    posts = load_posts()
    authority = load_authority(home, settings)
    officers = HeldOfficers(list_source(home, settings, now))
    kind = StoreKind.TRAINING if training else StoreKind.LIVE
    records = Records(vault_of(home, settings, kind), WaitingEvents(home.folder))
    trust = TrustStore(home.trust, settings.trust.ages)
    # The first passport shall not wait for some 600 certificates. A damaged list is no
    # reason to stay closed: the home page tells of it.
    with suppress(Trouble):
        trust.anchors()
    told = ("--training",) if training else ()
    service, url = start_service(home, settings, (*service_options, *told))
    # One that is made here would be another than the service's that the settings name.
    key = read_key_file(home.station_key)
    link = HttpLink(url, key, now=now, issuer=phones_address(settings))
    station = Station(
        home=home.folder,
        settings=settings,
        post=posts.post(settings.station.post),
        posts=posts,
        now=now,
        records=records,
        readers=readers,
        roles=ReaderRoles(readers, settings.readers),
        trust=trust,
        officers=officers,
        authority=authority,
        profile=load_profile(
            resource(settings.credential.claim_profile), settings.credential.claim_options
        ),
        rules=load_rules(),
        link=link,
        training=training,
        prepare=prepare,
        status_storage=_status_storage(settings),
    )
    return Opened(station, link, service)


def _status_storage(settings: Settings) -> StatusPlace | None:
    wanted = settings.status
    return status_storage(wanted.publish_to, wanted.public_url, wanted.endpoint, wanted.region)


def vault_of(home: Home, settings: Settings, kind: StoreKind) -> Vault:
    """Where the records and the ring that opens them lie. Raises AddressWrong, Unprotected."""
    if settings.records.database:
        return SharedVault(SharedDatabase.at(settings.records.database), kind)
    return FileVault(home.records, kind)


def list_source(
    home: Home, settings: Settings, now: Callable[[], datetime] = utc_now
) -> ListSource:
    """Where the list of officers lies and by whom it must be signed."""
    revocations = load_revocations(home, settings)
    return ListSource(
        file=home.folder / settings.authority.officers,
        roots=lambda: officer_roots(home, settings),
        usable=revocations.check,
        now=now,
    )


def start_service(
    home: Home, settings: Settings, options: tuple[str, ...] = ()
) -> tuple[ServiceProcess | None, str]:
    """The service's address; started as a child where the settings name none."""
    if settings.enrollment.url:
        return None, settings.enrollment.url
    key_file(home.station_key)
    port = settings.enrollment.port or _kept_port(home)
    service = ServiceProcess(
        ServiceOrder(
            database=home.mailbox,
            key_file=home.station_key,
            log_file=home.service_log,
            port=port,
            public_url=settings.enrollment.public_url,
            extra=(*_service_arguments(home, settings), *options),
        )
    )
    url = service.start()
    home.service_port.write_text(url.rsplit(":", 1)[1], encoding="ascii")
    return service, url


def phones_address(settings: Settings) -> str:
    """Of a service that somebody else runs; empty where the desk starts its own, and may
    believe what that says."""
    asked = settings.enrollment
    return (asked.public_url or asked.url) if asked.url else ""


def _service_arguments(home: Home, settings: Settings) -> tuple[str, ...]:
    """What the settings decide of the desk's own service."""
    arguments = ["--claims", str(resource(settings.credential.claim_profile))]
    for option in settings.credential.claim_options:
        arguments += ["--claim-option", option]
    arguments += ["--encryption", settings.enrollment.encryption]
    arguments += ["--dpop", settings.enrollment.dpop]
    arguments += ["--batch", str(_keys_at_once(settings))]
    for quirk in settings.enrollment.quirks or ("none",):
        arguments += ["--quirk", quirk]
    if settings.enrollment.attestation != AttestationUse.OFF:
        roots = home.folder / settings.authority.attestation_roots
        arguments += ["--attestation", settings.enrollment.attestation]
        arguments += ["--attestation-roots", str(roots)]
        for level in settings.enrollment.key_storage:
            arguments += ["--key-storage", level]
        for level in settings.enrollment.user_authentication:
            arguments += ["--user-authentication", level]
    signer = home.folder / settings.authority.verifier
    if signer.exists():
        # The certificate by which phones know who asks them also says who issues.
        arguments += ["--metadata-signer", str(signer)]
    return tuple(arguments)


def _keys_at_once(settings: Settings) -> int:
    """What phones are told: more than one only where they may get more than one."""
    asked = settings.enrollment
    binds = asked.batch_unattested or asked.attestation != AttestationUse.OFF
    return asked.batch if binds else 1


def _kept_port(home: Home) -> int:
    """The port of the last time: credentials and waiting phones know that address."""
    if not home.service_port.exists():
        return 0
    return _once_free(int(home.service_port.read_text(encoding="ascii")))


def _once_free(port: int) -> int:
    """``port`` when the service of a killed desk has let go of it; 0 when nobody does.

    Bound as the service does it: the machine also gives the port to connections that programs
    make, and those answer nobody who asks whether they are there.
    """
    patience_ends = time.monotonic() + PORT_SECONDS
    while True:
        with suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            return port
        if time.monotonic() > patience_ends:
            return 0
        time.sleep(0.05)


def load_authority(home: Home, settings: Settings) -> Authority:
    """The ministry's certificates and the machine's keys. Raises :class:`AuthorityIncomplete`."""
    files = settings.authority
    roots = load_certificates(home.folder / files.iaca)
    return Authority(
        anchors=roots,
        issuing=roots,
        officer_roots=officer_roots(home, settings),
        revocations=load_revocations(home, settings),
        verifier=load_signer(home.folder / files.verifier),
        status_signer=load_signer(home.folder / files.status_signer),
        attestations=_attestations(home, settings),
    )


def _attestations(home: Home, settings: Settings) -> AttestationPolicy:
    """Raises :class:`AuthorityIncomplete` where attestations are read and no root is there."""
    asked, use = settings.enrollment, AttestationUse(settings.enrollment.attestation)
    if use is AttestationUse.OFF:
        return UNREAD
    roots = load_certificates(home.folder / settings.authority.attestation_roots)
    lists = None
    if asked.attestation_status:
        # Only here: the library that fetches is slow to load, and most desks never do.
        from desk.enrollment.provider_lists import ProviderLists

        lists = ProviderLists()
    return AttestationPolicy(use, roots, asked.key_storage, asked.user_authentication, lists)


def officer_roots(home: Home, settings: Settings) -> tuple[bytes, ...]:
    """Roots of the sign-in certificates, none where the post has no such file."""
    file = home.folder / settings.authority.officer_root
    return load_certificates(file) if file.exists() else ()


def load_revocations(home: Home, settings: Settings) -> Revocations:
    """The revocation lists of whoever issues for the officers' cards, kept or yet to come."""
    files = settings.authority
    iaca = home.folder / files.iaca
    signers = load_certificates(iaca) if iaca.exists() else ()
    return Revocations(home.folder / files.revocations, (*signers, *officer_roots(home, settings)))


def load_certificates(file: Path) -> tuple[bytes, ...]:
    try:
        loaded = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as reason:
        raise AuthorityIncomplete(str(reason), file=file.name) from reason
    return tuple(one.public_bytes(serialization.Encoding.DER) for one in loaded)


def load_signer(file: Path) -> LocalSigner:
    """A PEM file with a certificate chain (leaf first) and its private key. Raises
    :class:`AuthorityIncomplete`, also where the key is another certificate's."""
    try:
        return read_signer(file)
    except CertificateFileUnusable as reason:
        raise AuthorityIncomplete(file=file.name) from reason
