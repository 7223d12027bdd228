"""desk.mrtd.chip_proofs: a proof counts once its key is bound, and never before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from desk.iso7816 import tlv
from desk.mrtd import chip_proofs, lds, passive
from desk.mrtd.active_authentication import Answer, sign_ecdsa
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.chip_authentication import Attempt
from desk.mrtd.ciphers import aes_keys
from desk.mrtd.domains import STANDARDIZED, public_key_info
from desk.mrtd.pace_steps import MappingProof, proof_number
from desk.mrtd.passive import PassiveResult
from desk.mrtd.results import Check, Finding, Group, Result
from desk.mrtd.secure_messaging import SecureMessaging
from desk.mrtd.security_infos import ChipPublicKey, Mapping
from desk.training import chip_files, csca
from desk.training.chip_features import Features, Keys, PaceOffer
from desk.training.csca import TrainingCsca
from tests.mrtd import named_curve
from tests.mrtd.conftest import LINES, NOW, anchors_of

CHALLENGE = bytes(range(8))
CURVE = STANDARDIZED[13]
KEY = ec.derive_private_key(11, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(12, ec.SECP256R1())


def personalised(
    country: TrainingCsca, jpeg: bytes, dg15: bytes, dg14: bytes | None = None
) -> dict[str, bytes]:
    dg14 = named_curve.dg14(KEY.public_key()) if dg14 is None else dg14
    groups = {1: chip_files.dg1(LINES), 2: chip_files.dg2(jpeg), 14: dg14, 15: dg15}
    files = {f"DG{number}": content for number, content in groups.items()}
    return files | {"SOD": country.sod(groups)}


def judged(files: dict[str, bytes], anchors: AnchorSet) -> PassiveResult:
    groups = {n: files[f"DG{n}"] for n in (1, 2, 14, 15) if f"DG{n}" in files}
    return passive.verify(files["SOD"], groups, anchors, NOW)


@pytest.fixture(scope="module")
def files(country: TrainingCsca, jpeg: bytes) -> dict[str, bytes]:
    return personalised(country, jpeg, chip_files.dg15(KEY.public_key()))


@pytest.fixture(scope="module")
def content(files: dict[str, bytes], anchors: AnchorSet) -> PassiveResult:
    return judged(files, anchors)


def answered(key: ec.EllipticCurvePrivateKey = KEY) -> Answer:
    return Answer(CHALLENGE, sign_ecdsa(key, CHALLENGE, "sha256"))


def test_a_chip_that_signs_with_its_bound_key(
    files: dict[str, bytes], content: PassiveResult
) -> None:
    finding = chip_proofs.active_authentication(files, answered(), content)

    assert (finding.code, finding.result) == ("AA-01", Result.PASSED)
    assert finding.facts == {"algorithm": "ECDSA plain SHA-256"}


def test_a_chip_that_signs_with_another_key(
    files: dict[str, bytes], content: PassiveResult
) -> None:
    finding = chip_proofs.active_authentication(files, answered(OTHER_KEY), content)

    assert (finding.code, finding.result) == ("AA-05", Result.FAILED)


@pytest.mark.parametrize("sw", [0x6985, 0x6982, 0x6A88, 0x6D00, 0x6300, 0x6F00])
def test_a_chip_that_refuses_to_sign(
    files: dict[str, bytes], content: PassiveResult, sw: int
) -> None:
    finding = chip_proofs.active_authentication(files, Answer(CHALLENGE, b"", sw), content)

    assert (finding.code, finding.result) == ("AA-06", Result.FAILED)
    assert finding.facts == {"sw": f"{sw:04X}"}


@pytest.mark.parametrize("sw", [0x6700, 0x6C80])
def test_a_signature_longer_than_the_reader_takes(
    files: dict[str, bytes], content: PassiveResult, sw: int
) -> None:
    finding = chip_proofs.active_authentication(files, Answer(CHALLENGE, b"", sw), content)

    assert (finding.code, finding.result) == ("AA-07", Result.UNDECIDED)


def test_a_session_lost_over_the_signature(files: dict[str, bytes], content: PassiveResult) -> None:
    finding = chip_proofs.active_authentication(files, Answer(b"", b"", 0x6988), content)

    assert (finding.code, finding.result) == ("AA-09", Result.UNDECIDED)


def test_a_chip_that_was_not_asked(files: dict[str, bytes], content: PassiveResult) -> None:
    finding = chip_proofs.active_authentication(files, None, content)

    assert (finding.code, finding.result) == ("AA-02", Result.NOT_DONE)


def test_a_chip_without_a_key(country: TrainingCsca, jpeg: bytes, anchors: AnchorSet) -> None:
    files = country.files(LINES, jpeg)

    finding = chip_proofs.active_authentication(files, None, judged(files, anchors))

    assert (finding.code, finding.result) == ("AA-03", Result.NOT_SUPPORTED)


def test_a_signed_key_that_the_chip_does_not_give(
    files: dict[str, bytes], anchors: AnchorSet
) -> None:
    """A copy without DG15 is not a passport without active authentication."""
    without = {name: raw for name, raw in files.items() if name != "DG15"}

    finding = chip_proofs.active_authentication(without, None, judged(without, anchors))

    assert (finding.code, finding.result) == ("AA-02", Result.NOT_DONE)


@pytest.mark.parametrize(
    "dg15", [b"", b"\x6f\x00", tlv.encode(0x6F, tlv.encode(0x30, b"\x05\x00")), b"\x6e\x00"]
)
def test_a_key_that_does_not_read(
    country: TrainingCsca, jpeg: bytes, anchors: AnchorSet, dg15: bytes
) -> None:
    files = personalised(country, jpeg, dg15)

    finding = chip_proofs.active_authentication(files, answered(), judged(files, anchors))

    assert (finding.code, finding.result) == ("AA-04", Result.UNDECIDED)


def test_a_forgers_own_key_proves_nothing(files: dict[str, bytes], anchors: AnchorSet) -> None:
    """DG15 replaced after signing: the chip signs well, with a key nobody vouches for."""
    forged = files | {"DG15": chip_files.dg15(OTHER_KEY.public_key())}

    finding = chip_proofs.active_authentication(
        forged, answered(OTHER_KEY), judged(forged, anchors)
    )

    assert (finding.code, finding.result) == ("AA-08", Result.UNDECIDED)


def test_a_signer_nobody_trusts_binds_no_key(files: dict[str, bytes]) -> None:
    finding = chip_proofs.active_authentication(files, answered(), judged(files, AnchorSet(())))

    assert (finding.code, finding.result) == ("AA-08", Result.UNDECIDED)


def test_a_revoked_signer_binds_no_key(files: dict[str, bytes], content: PassiveResult) -> None:
    revoked = Finding("PA-CRL-99", Result.FAILED, Group.CONTENT, Check.REVOCATION)
    content = replace(content, findings=(*content.findings, revoked))

    finding = chip_proofs.active_authentication(files, answered(), content)

    assert (finding.code, finding.result) == ("AA-08", Result.UNDECIDED)


@pytest.mark.parametrize("stated", ["04007f00070101040104", "04007f00070101040199", ""])
def test_the_hash_that_dg14_states_is_only_where_to_begin(
    files: dict[str, bytes], content: PassiveResult, stated: str
) -> None:
    """SHA-384 stated, an unknown one, none: the chip signed with SHA-256."""
    oid = tlv.encode(0x06, bytes.fromhex(stated)) if stated else b""
    info = tlv.encode(0x30, bytes.fromhex("0606678108010105020101"), oid)
    dg14 = tlv.encode(0x6E, tlv.encode(0x31, info))

    finding = chip_proofs.active_authentication(files | {"DG14": dg14}, answered(), content)

    assert finding.code == "AA-01"


def tried(files: dict[str, bytes], *, confirmed: bool = True, sw: int = 0x9000) -> Attempt:
    """An attempt with the chip's key, and whether its first answer fitted."""
    (key,) = lds.parse_dg14(files["DG14"]).chip_keys
    messaging = SecureMessaging(aes_keys(bytes(16), 16))
    messaging.confirmed = confirmed
    return Attempt("ECDH AES-128", key, messaging if sw == 0x9000 else None, sw)


def test_a_chip_that_answers_under_the_new_keys(
    files: dict[str, bytes], content: PassiveResult
) -> None:
    finding = chip_proofs.chip_authentication(files, tried(files), content)

    assert (finding.code, finding.result) == ("CA-01", Result.PASSED)
    assert finding.facts == {"algorithm": "ECDH AES-128"}


def test_a_chip_that_never_does(files: dict[str, bytes], content: PassiveResult) -> None:
    finding = chip_proofs.chip_authentication(files, tried(files, confirmed=False), content)

    assert (finding.code, finding.result) == ("CA-05", Result.FAILED)


@pytest.mark.parametrize(
    ("sw", "code", "result"),
    [
        (0x6A80, "CA-06", Result.FAILED),
        (0x6A88, "CA-06", Result.FAILED),
        (0x6D00, "CA-06", Result.FAILED),
        (0x6300, "CA-06", Result.FAILED),
        (0x6988, "CA-16", Result.UNDECIDED),
        (0x6987, "CA-16", Result.UNDECIDED),
        (0x6700, "CA-10", Result.UNDECIDED),
        (0x6883, "CA-10", Result.UNDECIDED),
        (0x6884, "CA-10", Result.UNDECIDED),
    ],
)
def test_a_chip_that_refuses_the_agreement(
    files: dict[str, bytes], content: PassiveResult, sw: int, code: str, result: Result
) -> None:
    finding = chip_proofs.chip_authentication(files, tried(files, sw=sw), content)

    assert (finding.code, finding.result) == (code, result)


def test_what_the_desk_cannot_try(files: dict[str, bytes], content: PassiveResult) -> None:
    attempt = Attempt("", reason="domain parameter 99")

    finding = chip_proofs.chip_authentication(files, attempt, content)

    assert (finding.code, finding.result) == ("CA-07", Result.UNDECIDED)


def test_chip_authentication_not_tried(files: dict[str, bytes], content: PassiveResult) -> None:
    finding = chip_proofs.chip_authentication(files, None, content)

    assert (finding.code, finding.result) == ("CA-02", Result.NOT_DONE)


def test_a_forgers_own_key_in_dg14_proves_nothing(
    files: dict[str, bytes], anchors: AnchorSet
) -> None:
    forged = files | {"DG14": named_curve.dg14(OTHER_KEY.public_key())}

    finding = chip_proofs.chip_authentication(forged, tried(forged), judged(forged, anchors))

    assert (finding.code, finding.result) == ("CA-08", Result.UNDECIDED)


def test_a_key_that_is_not_in_the_signed_file_proves_nothing(
    files: dict[str, bytes], content: PassiveResult
) -> None:
    """A DG14 shown for the agreement and another one read for the hash."""
    stranger = ChipPublicKey(
        None, CURVE.agreement, public_key_info(CURVE, CURVE.public_key(CURVE.draw()))
    )

    finding = chip_proofs.chip_authentication(files, replace(tried(files), key=stranger), content)

    assert (finding.code, finding.result) == ("CA-08", Result.UNDECIDED)


def test_a_signer_nobody_trusts_binds_no_key_in_dg14(files: dict[str, bytes]) -> None:
    content = judged(files, AnchorSet(()))

    finding = chip_proofs.chip_authentication(files, tried(files), content)

    assert (finding.code, finding.result) == ("CA-08", Result.UNDECIDED)


def test_a_dg14_that_offers_none_or_does_not_read(
    country: TrainingCsca, jpeg: bytes, anchors: AnchorSet
) -> None:
    dg15 = chip_files.dg15(KEY.public_key())
    for dg14, code in ((tlv.encode(0x6E, b"\x31\x00"), "CA-03"), (b"\x6e\x00", "CA-04")):
        files = personalised(country, jpeg, dg15, dg14)

        finding = chip_proofs.chip_authentication(files, None, judged(files, anchors))

        assert finding.code == code


def test_a_signed_dg14_that_the_chip_does_not_give(
    files: dict[str, bytes], anchors: AnchorSet
) -> None:
    without = {name: raw for name, raw in files.items() if name != "DG14"}

    finding = chip_proofs.chip_authentication(without, None, judged(without, anchors))

    assert (finding.code, finding.result) == ("CA-09", Result.NOT_DONE)


def test_a_passport_without_dg14(country: TrainingCsca, jpeg: bytes, anchors: AnchorSet) -> None:
    groups = {1: chip_files.dg1(LINES), 2: chip_files.dg2(jpeg)}
    files = {f"DG{n}": raw for n, raw in groups.items()} | {"SOD": country.sod(groups)}

    finding = chip_proofs.chip_authentication(files, None, judged(files, anchors))

    assert (finding.code, finding.result) == ("CA-03", Result.NOT_SUPPORTED)


MAPPING = Features(pace=(PaceOffer(Mapping.CHIP_AUTHENTICATION),))


@pytest.fixture(scope="module")
def mapping_keys() -> Keys:
    return Keys.draw(MAPPING)


@pytest.fixture(scope="module")
def card_security(country: TrainingCsca, mapping_keys: Keys) -> bytes:
    return country.root_files(MAPPING, mapping_keys)["CardSecurity"]


def proven(private: int) -> MappingProof:
    """What a chip that holds ``private`` leaves of PACE."""
    mapping = CURVE.draw()
    number = proof_number(CURVE, private, mapping)
    return MappingProof(CURVE, CURVE.parameter_id, CURVE.public_key(mapping), number)


@pytest.fixture(scope="module")
def genuine(mapping_keys: Keys) -> MappingProof:
    assert mapping_keys.mapping is not None
    return proven(mapping_keys.mapping.private)


def test_a_proof_within_pace_by_a_signed_key(
    card_security: bytes, genuine: MappingProof, content: PassiveResult, anchors: AnchorSet
) -> None:
    finding = chip_proofs.chip_authentication_mapping(
        card_security, (genuine,), content, anchors, NOW
    )

    assert finding is not None
    assert (finding.code, finding.result) == ("CA-11", Result.PASSED)


def test_no_proof_within_pace_is_no_finding(
    card_security: bytes, content: PassiveResult, anchors: AnchorSet
) -> None:
    assert chip_proofs.chip_authentication_mapping(card_security, (), content, anchors, NOW) is None


def test_a_proof_by_another_key_or_none(
    card_security: bytes, genuine: MappingProof, content: PassiveResult, anchors: AnchorSet
) -> None:
    for proof in (proven(CURVE.draw()), replace(genuine, number=None)):
        finding = chip_proofs.chip_authentication_mapping(
            card_security, (proof,), content, anchors, NOW
        )

        assert finding is not None
        assert (finding.code, finding.result) == ("CA-12", Result.FAILED)


def test_a_proof_whose_key_is_signed_by_nobody_trusted(
    card_security: bytes, genuine: MappingProof, content: PassiveResult
) -> None:
    stranger = csca.create(NOW, seed=b"another country")
    trust = anchors_of(stranger.country.certificate)

    finding = chip_proofs.chip_authentication_mapping(
        card_security, (genuine,), content, trust, NOW
    )

    assert finding is not None
    assert (finding.code, finding.result) == ("CA-13", Result.UNDECIDED)


def test_a_proof_beside_content_that_nobody_signed(
    card_security: bytes, genuine: MappingProof, files: dict[str, bytes], anchors: AnchorSet
) -> None:
    """Without the signer of the rest, nothing says that both are one passport's."""
    content = passive.verify(b"", {}, anchors, NOW)

    finding = chip_proofs.chip_authentication_mapping(
        card_security, (genuine,), content, anchors, NOW
    )

    assert finding is not None
    assert (finding.code, finding.result) == ("CA-13", Result.UNDECIDED)


def test_a_file_of_keys_altered_after_signing(
    card_security: bytes, genuine: MappingProof, content: PassiveResult, anchors: AnchorSet
) -> None:
    """Only PACE's cipher is changed: the key still fits the proof."""
    oid = bytes.fromhex("04007f00070202040602")
    altered = card_security.replace(oid, oid[:-1] + b"\x04", 1)

    finding = chip_proofs.chip_authentication_mapping(altered, (genuine,), content, anchors, NOW)

    assert altered != card_security
    assert finding is not None
    assert (finding.code, finding.result) == ("CA-15", Result.FAILED)


@pytest.mark.parametrize("raw", [None, b"", b"\x30\x00"])
def test_a_file_of_keys_that_is_missing_or_does_not_read(
    raw: bytes | None, genuine: MappingProof, content: PassiveResult, anchors: AnchorSet
) -> None:
    finding = chip_proofs.chip_authentication_mapping(raw, (genuine,), content, anchors, NOW)

    assert finding is not None
    assert (finding.code, finding.result) == ("CA-14", Result.UNDECIDED)


def test_a_file_of_keys_without_one_for_this_group(
    country: TrainingCsca, genuine: MappingProof, content: PassiveResult, anchors: AnchorSet
) -> None:
    other = Features(pace=(PaceOffer(Mapping.CHIP_AUTHENTICATION, parameter_id=12),))
    raw = country.root_files(other, Keys.draw(other))["CardSecurity"]

    finding = chip_proofs.chip_authentication_mapping(raw, (genuine,), content, anchors, NOW)

    assert finding is not None
    assert (finding.code, finding.result) == ("CA-14", Result.UNDECIDED)
