"""`desk enrollment serve`: the phone-facing service as a process of its own.

Prints one line when it is ready (JSON with ``--json``), ends on SIGTERM, on Ctrl-C and,
with ``--watch-stdin``, when whoever started it closes its end of the pipe: a service whose
desk was killed doesn't stay behind.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from desk.credential.attestation_use import LEVELS, AttestationUse
from desk.enrollment.lines import log_to_stderr
from desk.enrollment.policy import AN_ADDRESS, AN_OFFER, Demand, Quirk
from desk.resources import resource

DEFAULT_CLAIMS = resource("claims.toml")
DEPLOYMENT = """\
A service of its own for the desks of one post, behind a reverse proxy:
  1. copy a desk's station.key (0600) to the server
  2. installer/enrollment/desk-enrollment.service: set --public-url and paths, enable it
  3. installer/enrollment/nginx.conf: set names, certificates and the post's addresses
  4. settings.toml of each desk: [enrollment] url = its address, without a path
  5. watch /health, /ready and (at --metrics-port) /metrics
One for all posts: the same with --database postgresql://desk@db.example/mailbox --processes 4,
on as many machines as wanted; the tables make themselves.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``serve``."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--database", required=True, help="SQLite file, or postgresql://… of a server"
    )
    parser.add_argument(
        "--processes", type=_positive, default=1, help="several need a database server"
    )
    parser.add_argument("--key-file", type=Path, required=True, help="the station's key (0600)")
    parser.add_argument("--public-url", default="", help="address the phones use (https)")
    parser.add_argument("--claims", type=Path, default=DEFAULT_CLAIMS, help="the claim profile")
    parser.add_argument(
        "--claim-option", action="append", default=[], help="a choice of the claim profile"
    )
    parser.add_argument("--wait", type=float, default=5.0, help="seconds a phone's request waits")
    parser.add_argument("--batch", type=int, default=10, help="keys a request may bring")
    parser.add_argument(
        "--quirk",
        action="append",
        choices=[*Quirk, "none"],
        help="a way of wallets to put up with; without any: shared-nonce",
    )
    parser.add_argument(
        "--encryption",
        choices=list(Demand),
        type=Demand,
        default=Demand.OPTIONAL,
        help="of requests and answers, on top of TLS",
    )
    parser.add_argument(
        "--dpop",
        choices=list(Demand),
        type=Demand,
        default=Demand.OPTIONAL,
        help="tokens bound to a key of the phone (RFC 9449)",
    )
    parser.add_argument(
        "--attestation",
        choices=list(AttestationUse),
        type=AttestationUse,
        default=AttestationUse.OFF,
        help="key attestations of the wallets' providers (OpenID4VCI 1.0, annex D)",
    )
    parser.add_argument("--attestation-roots", type=Path, help="the providers' roots (PEM)")
    for option in ("--key-storage", "--user-authentication"):
        parser.add_argument(
            option, action="append", choices=LEVELS, default=[], help="a level that will do"
        )
    parser.add_argument(
        "--metadata-signer",
        type=Path,
        help="certificate chain and key (PEM) that sign the metadata",
    )
    parser.add_argument("--training", action="store_true", help="frame the landing page so")
    parser.add_argument(
        "--address-limit",
        type=int,
        default=AN_ADDRESS.burst,
        help="requests a minute of one address, 0: any",
    )
    parser.add_argument(
        "--offer-limit",
        type=int,
        default=AN_OFFER.burst,
        help="requests a minute for one offer, 0: any",
    )
    parser.add_argument(
        "--proxy", action="append", default=[], help="address of a proxy that says for whom it asks"
    )
    parser.add_argument(
        "--connections", type=int, default=1000, help="at once; beyond, callers are turned away"
    )
    parser.add_argument(
        "--head-seconds", type=float, default=10.0, help="time for a request's head"
    )
    parser.add_argument(
        "--metrics-port",
        type=int,
        default=0,
        help="of the same address, where /metrics is asked for; 0: nowhere",
    )
    parser.add_argument("--mint-at", default="", help=argparse.SUPPRESS)
    parser.add_argument("--watch-stdin", action="store_true", help="end when stdin closes")
    parser.add_argument("--json", action="store_true", help="say as JSON where it serves")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def serve(args: argparse.Namespace) -> int:
    """Run until told to stop; the exit status. Troubles are written as JSON to stderr."""
    log_to_stderr()
    # Here, because the whole command line needs the options and only this the rest.
    from desk.enrollment.processes import run, status_of

    return status_of(lambda: run(args))
