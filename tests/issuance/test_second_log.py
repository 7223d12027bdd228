"""The verifier of another transparency log accepts our checkpoints and proofs, and no others.

Sigstore's (npm, @sigstore/verify) reads what Rekor signs: signed notes with ECDSA keys and
RFC 6962 proofs. Run `npm install` in tests/issuance/node once; without it these tests skip.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from desk.issuance import merkle, notes
from desk.issuance.checkpoints import Checkpoint
from desk.issuance.notes import SignedNote

FOLDER = Path(__file__).parent / "node"
ORIGIN = "desk-audit/0123456789abcdef0123456789abcdef"
KEY = ec.generate_private_key(ec.SECP256R1())
ENTRIES = tuple(f"event {number}".encode() for number in range(21))


def verdicts(proofs: list[dict[str, Any]]) -> list[int | str]:
    """The size of the log where it accepts, its complaint where it does not."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    if not (FOLDER / "node_modules").is_dir():
        pytest.skip("npm install was not run in tests/issuance/node")
    spki = KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    given = {"name": ORIGIN, "spki": base64.b64encode(spki).decode(), "proofs": proofs}
    ran = subprocess.run(
        [program, "verify.mjs"],
        input=json.dumps(given),
        capture_output=True,
        cwd=FOLDER,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    told: list[int | str] = json.loads(ran.stdout)
    return told


def proof_of(index: int, size: int) -> dict[str, Any]:
    tree = merkle.Tree(merkle.leaf_hash(entry) for entry in ENTRIES[:size])
    text = Checkpoint(ORIGIN, size, merkle.root(tree.node, size)).text
    signature = KEY.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    note = SignedNote(text, (notes.sign_with(ORIGIN, KEY.public_key(), signature),))
    path = merkle.inclusion_proof(tree.node, index, size)
    return {
        "entry": base64.b64encode(ENTRIES[index]).decode(),
        "index": index,
        "path": [base64.b64encode(one).decode() for one in path],
        "checkpoint": note.whole,
    }


def test_every_entry_of_logs_of_many_sizes() -> None:
    wanted = [(index, size) for size in (1, 2, 7, 8, 21) for index in range(size)]

    found = verdicts([proof_of(index, size) for index, size in wanted])

    assert found == [size for _, size in wanted]


def test_it_refuses_what_is_not_so() -> None:
    """The same judge says no: otherwise its yes would mean nothing."""
    other_entry = {**proof_of(4, 21), "entry": proof_of(5, 21)["entry"]}
    other_place = {**proof_of(4, 21), "index": 5}
    other_size = proof_of(4, 21)
    other_size["checkpoint"] = other_size["checkpoint"].replace("\n21\n", "\n20\n")

    found = verdicts([other_entry, other_place, other_size])

    assert all(isinstance(one, str) for one in found)
    assert found[2] == "invalid checkpoint signature"
