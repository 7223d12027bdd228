"""`desk audit …`: finds the records or the roots, and hands them to the commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from desk.app.cards import Command
from desk.app.compose import load_certificates, officer_roots, utc_now
from desk.app.home import Home
from desk.app.records import opened
from desk.counter import audit_commands
from desk.counter.audit_commands import Answer
from desk.counter.settings import load_settings


def verify(home: Home, args: argparse.Namespace) -> Answer:
    """Needs no records; the home folder's root is used where none is named."""
    roots = _named_roots(args.root) if args.root else _own_roots(home, args.training)
    return audit_commands.verify(args.file, args.checkpoints, roots, args.head)


def export(home: Home, args: argparse.Namespace) -> Answer:
    with opened(Command(home, args)) as desk:
        return audit_commands.export(desk.records.store, args.file, utc_now())


def pack(home: Home, args: argparse.Namespace) -> Answer:
    with opened(Command(home, args)) as desk:
        store = desk.records.store
        return audit_commands.pack(store, args.case, args.out)


def _named_roots(files: Sequence[Path]) -> tuple[bytes, ...]:
    return tuple(der for file in files for der in _root(file))


def _root(file: Path) -> tuple[bytes, ...]:
    """Certificates in PEM, or one in DER. Raises AuthorityIncomplete."""
    try:
        one = x509.load_der_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return load_certificates(file)
    return (one.public_bytes(serialization.Encoding.DER),)


def _own_roots(home: Home, training: bool) -> tuple[bytes, ...]:
    own = home.training if training else home
    return officer_roots(own, load_settings(own.settings))
