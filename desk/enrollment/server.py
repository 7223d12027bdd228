"""`desk enrollment serve`: the phone-facing service as a process of its own.

Prints one line when it is ready (JSON with ``--json``), ends on SIGTERM, on Ctrl-C and,
with ``--watch-stdin``, when whoever started it closes its end of the pipe: a service whose
desk was killed doesn't stay behind.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from desk import core_dumps
from desk.credential.attestation_use import LEVELS, AttestationUse
from desk.enrollment.lines import log_to_stderr
from desk.enrollment.policy import AN_ADDRESS, AN_OFFER, Demand, Quirk
from desk.resources import resource

_MOST_PORTS = 65535
_LONGEST_SECONDS = 60
DEFAULT_CLAIMS = resource("claims.toml")
DEPLOYMENT = """\
A service of its own for the desks of one post, behind a reverse proxy:
  1. on the server: this program in /opt/desk, and there: bash installer/enrollment/install.sh
  2. station.key from one desk's home folder (made when it is opened without url): to
     /etc/desk-enrollment/ (0600), and to each other desk's home folder
  3. installer/enrollment/desk-enrollment.service: set --public-url and paths, enable it
  4. installer/enrollment/nginx.conf: set names, certificates and the post's addresses
  5. settings.toml of each desk: [enrollment] url = its address, without a path; encryption,
     dpop, batch and attestation as they are given here (quirks count here only)
Watch /health, /ready and, at --metrics-port, /metrics (alarms: installer/enrollment/alerts.yml).
One for all posts: the same with --processes 4 and a database, on as many machines as wanted:
  --database "postgresql://desk@db.example/mailbox?sslrootcert=/etc/ssl/certs/ca-certificates.crt"
The tables make themselves; with a standby, name both hosts: db1.example,db2.example.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``serve``."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=_whole(0, _MOST_PORTS), default=0, help="0 takes a free one")
    parser.add_argument(
        "--database", required=True, help="SQLite file, or postgresql://… of a server"
    )
    parser.add_argument(
        "--processes", type=_whole(1), default=1, help="several need a database server"
    )
    parser.add_argument("--key-file", type=Path, required=True, help="the station's key (0600)")
    parser.add_argument("--public-url", default="", help="address the phones use (https)")
    parser.add_argument("--claims", type=Path, default=DEFAULT_CLAIMS, help="the claim profile")
    parser.add_argument(
        "--claim-option", action="append", default=[], help="a choice of the claim profile"
    )
    parser.add_argument(
        "--wait", type=_seconds, default=5.0, help="seconds a phone's request waits"
    )
    parser.add_argument("--batch", type=_whole(1), default=10, help="keys a request may bring")
    parser.add_argument(
        "--quirk",
        action="append",
        choices=[*(one.value for one in Quirk), "none"],
        help="a way of wallets to put up with; without any: shared-nonce",
    )
    parser.add_argument(
        "--encryption",
        choices=list(Demand),
        type=_one_of(Demand),
        default=Demand.OPTIONAL,
        help="of requests and answers, on top of TLS",
    )
    parser.add_argument(
        "--dpop",
        choices=list(Demand),
        type=_one_of(Demand),
        default=Demand.OPTIONAL,
        help="tokens bound to a key of the phone (RFC 9449); required: only those, as "
        "OpenID4VCI 13.8 has it for tokens of an hour, but wallets without it get nothing",
    )
    parser.add_argument(
        "--attestation",
        choices=list(AttestationUse),
        type=_one_of(AttestationUse),
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
        type=_whole(0),
        default=AN_ADDRESS.burst,
        help="requests a minute of one address, 0: any",
    )
    parser.add_argument(
        "--offer-limit",
        type=_whole(0),
        default=AN_OFFER.burst,
        help="requests a minute for one offer, 0: any",
    )
    parser.add_argument(
        "--proxy",
        action="append",
        type=_network,
        default=[],
        help="address or network of a proxy on another machine, which says for whom it asks",
    )
    parser.add_argument(
        "--connections",
        type=_whole(1),
        default=1000,
        help="at once; beyond, callers are turned away",
    )
    parser.add_argument(
        "--head-seconds", type=_seconds, default=10.0, help="time for a request's head"
    )
    parser.add_argument(
        "--metrics-port",
        type=_whole(0, _MOST_PORTS),
        default=0,
        help="of the same address, where /metrics is asked for; 0: nowhere",
    )
    parser.add_argument("--mint-at", default="", help=argparse.SUPPRESS)
    parser.add_argument("--watch-stdin", action="store_true", help="end when stdin closes")
    parser.add_argument("--json", action="store_true", help="say as JSON where it serves")


def _whole(least: int, most: int = 1_000_000_000) -> Callable[[str], int]:
    """Whole numbers of a range; anything else is a wrong argument, said in words."""

    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if not least <= number <= most:
            bounds = f"{least} or more" if most > _MOST_PORTS else f"{least} to {most}"
            raise argparse.ArgumentTypeError(f"a whole number is needed, {bounds}: {text!r}")
        return number

    return read


def _one_of(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    def read(text: str) -> StrEnum:
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(kind)
            raise argparse.ArgumentTypeError(f"one of {known} is needed: {text!r}") from None

    return read


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        words = f"an IP address or network is needed, no name: {text!r}"
        raise argparse.ArgumentTypeError(words) from None
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"seconds are needed, 0 to {_LONGEST_SECONDS}: {text!r}")
    return seconds


def _fill_standard_lines() -> None:
    """In the place of those that were closed, whose numbers sockets would get otherwise."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Open to the end of the program.
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def serve(args: argparse.Namespace) -> int:
    """Run until told to stop; the exit status. Troubles are written to stderr, in words or
    with ``--json`` as JSON."""
    core_dumps.forbid()
    _fill_standard_lines()
    log_to_stderr()
    # Here, because the whole command line needs the options and only this the rest.
    from desk.enrollment.processes import run, status_of

    return status_of(lambda: run(args), sys.stderr.write, as_json=args.json)
