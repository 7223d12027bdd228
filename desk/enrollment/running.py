"""One process of the service running: uvicorn, word that it is ready, a good end."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import uvicorn

from desk.credential.attestation import UNREAD, AttestationPolicy
from desk.credential.attestation_use import AttestationUse
from desk.credential.claims import load_profile
from desk.enrollment.agreed import utc_now
from desk.enrollment.app import build_app
from desk.enrollment.exchange import connection
from desk.enrollment.keys import read_key_file
from desk.enrollment.lines import straight
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.patience import impatient, look_at
from desk.enrollment.pem import read_certificates, read_signer
from desk.enrollment.policy import KNOWN_QUIRKS, Allowance, Quirk
from desk.enrollment.processes import Place, address, endings
from desk.enrollment.service import Service, ServiceSettings
from desk.enrollment.sweeping import sweep
from desk.enrollment.waiting import listen

_GRACE_SECONDS = 3
_LOOK_SECONDS = 0.1
# uvicorn's server ticks ten times a second.
_TICKS_A_LOOK = 5


def serve(
    args: argparse.Namespace,
    place: Place,
    when_ready: Callable[[], None],
    watch: int | None,
) -> None:
    """Serve on the sockets of ``place`` until told to stop, or until the other end of the
    pipe ``watch`` is closed; raises the troubles of starting."""
    key = read_key_file(args.key_file)
    settings = _settings(args, place.listeners[0])
    signer = read_signer(args.metadata_signer) if args.metadata_signer else None
    profile = load_profile(args.claims, args.claim_option)
    mailbox = Mailbox(args.database, utc_now())
    service = Service(
        settings, key, mailbox, profile, signer, buckets=place.buckets, counts=place.counts
    )
    _run(service, place.listeners, args, when_ready, watch)


def _settings(args: argparse.Namespace, listener: socket.socket) -> ServiceSettings:
    return ServiceSettings(
        args.public_url or address(args.host, listener),
        wait_seconds=args.wait,
        batch_size=args.batch,
        quirks=_quirks(args.quirk),
        training=args.training,
        encryption=args.encryption,
        dpop=args.dpop,
        attestations=_attestations(args),
        address_limit=Allowance(args.address_limit, args.address_limit),
        offer_limit=Allowance(args.offer_limit, args.offer_limit),
    )


def _quirks(named: list[str] | None) -> frozenset[Quirk]:
    if named is None:
        return KNOWN_QUIRKS
    return frozenset(Quirk(name) for name in named if name != "none")


def _attestations(args: argparse.Namespace) -> AttestationPolicy:
    """Raises CertificateFileUnusable where attestations are read and no root is named."""
    if args.attestation is AttestationUse.OFF:
        return UNREAD
    return AttestationPolicy(
        args.attestation,
        read_certificates(args.attestation_roots or Path("--attestation-roots")),
        tuple(args.key_storage),
        tuple(args.user_authentication),
    )


def _run(
    service: Service,
    listeners: list[socket.socket],
    args: argparse.Namespace,
    when_ready: Callable[[], None],
    watch: int | None,
) -> None:
    connections = connection(["127.0.0.1", "::1", *args.proxy], in_fibres=service.mailbox.shared)
    config = uvicorn.Config(
        build_app(service, args.mint_at, args.metrics_port, straight(sys.stderr)),
        http=impatient(connections, args.head_seconds),
        # The connections look at what a proxy says by themselves.
        proxy_headers=False,
        limit_concurrency=max(1, args.connections // args.processes),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, service, when_ready)
    # What stands now stays: looking through it for what nobody needs any more would make a
    # phone wait now and then.
    gc.collect()
    gc.freeze()
    # A request leaves next to nothing behind that has to be looked for.
    gc.set_threshold(50_000, 20, 100)
    if watch is not None:
        threading.Thread(target=_end_with, args=(server, watch), daemon=True).start()
    try:
        with asyncio.Runner(loop_factory=_new_loop()) as runner:
            runner.run(server.serve(sockets=listeners))
    finally:
        service.close()


def _new_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the event loop: libuv's where there is one, or Python's own."""
    if sys.platform == "win32":
        # The one that Windows has by default cannot watch the database's line.
        return asyncio.SelectorEventLoop
    import uvloop

    return uvloop.new_event_loop


class _Server(uvicorn.Server):
    """uvicorn's server that says when it is ready and wakes who waits when it ends."""

    def __init__(
        self, config: uvicorn.Config, service: Service, when_ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._service = service
        self._when_ready = when_ready
        self._beside: list[asyncio.Task[None]] = []

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not recorded as uvicorn would, who kills itself by it before the file is closed.
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn's, and its end by SIGHUP like by the others."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with super().capture_signals():
            before = {one: signal.signal(one, self.handle_exit) for one in endings()}
            try:
                yield
            finally:
                for one, handler in before.items():
                    signal.signal(one, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        hears = asyncio.Event()
        listening = listen(self._service.mailbox, self._service.bells, hears)
        self._beside.append(asyncio.ensure_future(listening))
        while not hears.is_set():
            # Told to stop before it serves: by a signal, which wakes nobody here.
            if self.should_exit:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(hears.wait(), _LOOK_SECONDS)
        await super().startup(sockets)
        self._beside.append(asyncio.ensure_future(sweep(self._service)))
        self._when_ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_LOOK == 0:
            look_at(self.server_state.connections, time.monotonic())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.bells.close()
        for task in self._beside:
            task.cancel()
        await super().shutdown(sockets)


def _end_with(server: uvicorn.Server, watched: int) -> None:
    while os.read(watched, 4096):
        pass
    server.should_exit = True
