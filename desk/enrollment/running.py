"""The service running: socket, uvicorn, the ready line, a good end."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from desk import __version__
from desk.credential.attestation import UNREAD, AttestationPolicy
from desk.credential.attestation_use import AttestationUse
from desk.credential.claims import load_profile
from desk.enrollment.agreed import utc_now
from desk.enrollment.app import build_app
from desk.enrollment.keys import read_key_file
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.patience import impatient
from desk.enrollment.pem import read_certificates, read_signer
from desk.enrollment.policy import KNOWN_QUIRKS, Allowance, Quirk
from desk.enrollment.service import Service, ServiceSettings
from desk.enrollment.trouble import AddressTaken

_GRACE_SECONDS = 3


def run(args: argparse.Namespace) -> None:
    """Serve until told to stop; raises the troubles of starting."""
    key = read_key_file(args.key_file)
    listener = _listen(args.host, args.port)
    listeners = [listener]
    try:
        if args.metrics_port:
            listeners.append(_listen(args.host, args.metrics_port))
        settings = _settings(args, listener)
        mailbox = Mailbox(args.database, utc_now())
        signer = read_signer(args.metadata_signer) if args.metadata_signer else None
        profile = load_profile(args.claims, args.claim_option)
        service = Service(settings, key, mailbox, profile, signer)
        _run(service, listeners, args)
    finally:
        for one in listeners:
            one.close()


def _settings(args: argparse.Namespace, listener: socket.socket) -> ServiceSettings:
    return ServiceSettings(
        args.public_url or _address(args.host, listener),
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


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only
    # for sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name != "nt":
        # There the option would let two programs share one port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise AddressTaken(port=port) from error
    return listener


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def _run(service: Service, listeners: list[socket.socket], args: argparse.Namespace) -> None:
    config = uvicorn.Config(
        build_app(service, mint_at=args.mint_at, metrics_port=args.metrics_port),
        http=impatient(args.head_seconds),
        forwarded_allow_ips=["127.0.0.1", "::1", *args.proxy],
        limit_concurrency=args.connections,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    ready = {
        "url": _address(args.host, listeners[0]),
        "issuer": service.settings.issuer,
        "pid": os.getpid(),
        "version": __version__,
    }
    server = _Server(config, service, ready, as_json=args.json)
    if args.watch_stdin:
        threading.Thread(target=_end_with_stdin, args=(server,), daemon=True).start()
    try:
        with asyncio.Runner(loop_factory=_new_loop()) as runner:
            runner.run(server.serve(sockets=listeners))
    finally:
        service.close()


def _new_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the event loop: libuv's where there is one, or Python's own."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


class _Server(uvicorn.Server):
    """uvicorn's server that says when it is ready and wakes who waits when it ends."""

    def __init__(
        self, config: uvicorn.Config, service: Service, ready: dict[str, object], *, as_json: bool
    ) -> None:
        super().__init__(config)
        self._service = service
        self._ready = ready
        self._as_json = as_json

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not recorded as uvicorn would, who kills itself by it before the file is closed.
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        line = json.dumps(self._ready) if self._as_json else f"ready at {self._ready['url']}"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.bells.close()
        await super().shutdown(sockets)


def _end_with_stdin(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    server.should_exit = True
