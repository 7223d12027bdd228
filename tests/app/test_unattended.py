"""`desk rehearse --unattended`: one whole case through the real windows, and its evidence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import cbor2
import jsonschema
import pypdfium2
import pytest
import zxingcpp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from desk.counter.audit_commands import verify as audit_verify
from desk.credential.claims import load_profile
from desk.credential.verify import Trust, verify_mdoc, verify_sdjwt
from desk.mrtd import check_log

STATES = [
    "opened",
    "document_checked",
    "eligible",
    "face_checked",
    "approved",
    "offered",
    "signing",
    "delivered",
    "proven",
]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder one run has left."""
    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("out")
    command = [sys.executable, "-m", "desk", "--home", str(home), "rehearse"]
    done = subprocess.run(
        [*command, "--unattended", "--out", str(out)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def case_of(evidence: Path) -> dict[str, object]:
    return json.loads((evidence / "case.json").read_text(encoding="utf-8"))


def test_the_case_went_through_every_state_in_order(evidence: Path) -> None:
    """Each state with its time, rising, and the end is PROVEN and closed."""
    case = case_of(evidence)

    states = case["states"]
    assert [entry["state"] for entry in states] == STATES
    times = [datetime.fromisoformat(entry["at"]) for entry in states]
    assert times == sorted(times)
    assert case["closed_at"] is not None


def test_the_passports_check_log_is_left_and_valid(evidence: Path) -> None:
    """It outlives the closing of the case, knows the face's judgement and names the case."""
    log = json.loads((evidence / "passport-check-log.json").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(check_log.schema()).validate(log)
    assert log["case"] == case_of(evidence)["number"]
    assert log["overall"]["result"] == "passed"
    face = log["groups"]["holder"]["checks"][1]["findings"][0]
    assert face["code"] == "HOLD-13"


def test_the_audit_log_holds_and_one_changed_byte_shows(evidence: Path, tmp_path: Path) -> None:
    """The exported log verifies without records; a byte in its middle is found by line."""
    log = evidence / "audit.jsonl"
    raw = bytearray(log.read_bytes())
    place = raw.index(b"PHONE.KEY_TAKEN")
    raw[place] ^= 1
    changed = tmp_path / "changed.jsonl"
    changed.write_bytes(raw)

    good, bad = audit_verify(log), audit_verify(changed)

    assert good.status == 0
    assert bad.status != 0
    assert bad.facts["line"] == bytes(raw[:place]).count(b"\n") + 1


def test_both_credentials_chain_to_the_root_that_was_left(evidence: Path) -> None:
    """Read as a stranger would: the files and the root, nothing else."""
    root = x509.load_pem_x509_certificate((evidence / "iaca.pem").read_bytes())
    trust = Trust(anchors=(root.public_bytes(Encoding.DER),), now=datetime.now(UTC))
    profile = load_profile()

    mdoc_bytes = (evidence / "credential-mdoc.cbor").read_bytes()
    mdoc = verify_mdoc(mdoc_bytes, trust, doctype=profile.doctype)
    sdjwt_text = (evidence / "credential-sd-jwt.txt").read_text(encoding="ascii")
    sdjwt = verify_sdjwt(sdjwt_text, trust, vct=profile.vct)

    assert cbor2.loads(mdoc_bytes).keys() == {"nameSpaces", "issuerAuth"}
    assert mdoc.disclosed["org.iso.23220.1", "family_name"] == "KIM"
    assert sdjwt.disclosed["given_name",] == "HANEUL"
    keys = {entry["device_key"] for entry in case_of(evidence)["issued"]}
    assert keys == {mdoc.key.thumbprint, sdjwt.key.thumbprint}


def test_the_slips_qr_is_the_offer_that_was_redeemed(evidence: Path) -> None:
    """Decoded from the printed page, at the least resolution a printer would have."""
    page = pypdfium2.PdfDocument(evidence / "slip.pdf")[0]
    picture = page.render(scale=110 / 72).to_pil()

    texts = [found.text for found in zxingcpp.read_barcodes(picture)]

    assert case_of(evidence)["offer"] in texts


@pytest.mark.parametrize(
    "name",
    [
        "sign-in",
        "board",
        "passport-read",
        "locked",
        "eligibility",
        "face-live",
        "face-judge",
        "face-score",
        "review",
        "qr",
        "phone-key",
        "check-qr",
        "usable",
        "hand-over",
    ],
)
def test_every_page_left_its_picture(evidence: Path, name: str) -> None:
    """Both windows of the desk, page by page."""
    for window in ("desk", "applicant"):
        assert list((evidence / "pages").glob(f"*-{name}-{window}.png")), (name, window)
