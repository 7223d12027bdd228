"""`desk doctor`: the board's checks without a window and without an open station.

Nothing is started and nothing is changed. What only an open desk can answer (its own
enrollment service, records that are not there yet) stands as not done.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from desk.app.compose import (
    list_source,
    load_certificates,
    load_revocations,
    load_signer,
    officer_roots,
    phones_address,
    utc_now,
    vault_of,
)
from desk.app.home import Home
from desk.app.pcsc_readers import ReadersNow
from desk.cards.machine import look_around
from desk.cards.watcher import look_now
from desk.counter import bundle, doctor
from desk.counter.doctor import Diagnosis, Patient, ScreenAway, ServiceAsleep
from desk.counter.doctor_commands import answer
from desk.counter.officer_list import HeldOfficers
from desk.counter.provisioning import Roots
from desk.counter.readers import ReaderRoles
from desk.counter.records import Records, RecordsClosed
from desk.counter.settings import Settings, load_settings
from desk.credential.claims import ISSUING_COUNTRY
from desk.enrollment.keys import read_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.trouble import ServiceDown
from desk.issuance.ports import ServiceHealth, StatusPlace
from desk.mrtd.trust import TrustStore
from desk.store.database import Store, StoreKind
from desk.store.key_ring import EnrolledCard

if TYPE_CHECKING:
    from desk.ui.devices import DeviceNames


def run(home: Home, args: argparse.Namespace) -> int:
    """The command: tell the diagnosis, or show the support bundle and save it."""
    settings = load_settings(home.settings)
    found = diagnose(home, settings)
    told = answer(found, args.language)
    if args.bundle is None:
        text = json.dumps(told.facts, ensure_ascii=False) if args.json else told.text
        sys.stdout.write(text + "\n")
        return told.status
    made = bundle.make(found, settings, home.log, training=home.is_training)
    sys.stdout.write(made.text)
    if args.yes or not sys.stdin.isatty() or _agreed():
        made.save(args.bundle)
        sys.stdout.write(f"\n{args.bundle}\n")
    return told.status


def _agreed() -> bool:
    sys.stdout.write("\nThis is all that goes in. Save it? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def diagnose(
    home: Home, settings: Settings, devices: Callable[[], DeviceNames] | None = None
) -> Diagnosis:
    """Ask every part; whatever is wrong is an answer. ``devices`` tells camera and printer
    where they were listed before: Qt does so on one thread only."""
    return doctor.examine(_patient(home, settings, devices))


def _patient(home: Home, settings: Settings, listed: Callable[[], DeviceNames] | None) -> Patient:
    devices = listed or cache(lambda: _screen_devices(home, settings))
    return Patient(
        home=home.folder,
        settings=settings,
        now=utc_now,
        world=look_now,
        machine=look_around,
        roles=ReaderRoles(ReadersNow(), settings.readers),
        roots=lambda: _roots(home, settings),
        revocations=lambda: load_revocations(home, settings),
        officers=HeldOfficers(list_source(home, settings)).held,
        trust=TrustStore(home.trust, settings.trust.ages),
        cards=lambda: _cards(home, settings),
        store=_records,
        status_signer=lambda: _certificates(home, settings.authority.status_signer),
        verifier=lambda: _certificates(home, settings.authority.verifier),
        place=_no_place,
        health=lambda: _health(home, settings),
        camera=lambda: devices().camera,
        printer=lambda: devices().printer,
    )


def _roots(home: Home, settings: Settings) -> Roots:
    return Roots(
        signer=load_certificates(home.folder / settings.authority.iaca),
        sign_in=officer_roots(home, settings),
        country=ISSUING_COUNTRY,
        revocations=load_revocations(home, settings),
    )


def _certificates(home: Home, signer: str) -> tuple[bytes, ...]:
    return load_signer(home.folder / signer).certificate_chain


def _cards(home: Home, settings: Settings) -> tuple[EnrolledCard, ...]:
    kind = StoreKind.TRAINING if home.is_training else StoreKind.LIVE
    return Records(vault_of(home, settings, kind)).cards()


def _records() -> Store:
    """Only an officer's card opens them, and a check asks for no PIN."""
    raise RecordsClosed()


def _no_place() -> StatusPlace:
    """Only the records know what is published, and for whom."""
    raise RecordsClosed()


def _health(home: Home, settings: Settings) -> ServiceHealth:
    """The ministry's service, or the desk's own while the desk is open."""
    url, own = settings.enrollment.url, not settings.enrollment.url
    if own:
        if not home.service_port.exists():
            raise ServiceAsleep()
        url = f"http://127.0.0.1:{home.service_port.read_text(encoding='ascii').strip()}"
    if own and not home.station_key.exists():
        raise ServiceAsleep()
    try:
        key, issuer = read_key_file(home.station_key), phones_address(settings)
        with HttpLink(url, key, now=utc_now, issuer=issuer) as link:
            return link.health()
    except ServiceDown:
        if own:
            raise ServiceAsleep() from None
        raise


def _screen_devices(home: Home, settings: Settings) -> DeviceNames:
    """Raises ScreenAway where Qt's libraries do not load."""
    try:
        from desk.ui.devices import device_names

        return device_names(settings.camera.device, settings.printer.name, home.folder / "slips")
    except ImportError as reason:
        raise ScreenAway(str(reason)) from reason
