"""The second way to a card: a PKCS #11 module. SoftHSM's token, and OpenSC's module on ours."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from desk.cards import key_wrap, token
from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv_data import KeyType, PrivateKey, Slot, point
from desk.cards.signer import CardSigner
from desk.cards.token import TokenSession, open_token, part_of
from desk.cards.troubles import (
    KeyUnusable,
    LastTry,
    ModuleMissing,
    NoCard,
    NoPinPad,
    NoSignInCertificate,
    NotForThisCard,
    NotOfficerCard,
    PinBlocked,
    PinFormat,
    PinNeeded,
    WrongPinUncounted,
)
from desk.iso7816.troubles import TransportFailed
from desk.training.authority import (
    AUTHENTICATION,
    KEY_MANAGEMENT,
    SIGNATURE,
    TrainingAuthority,
)
from desk.training.piv_card import PivCard, generate_key
from tests.cards.issue import NOW, pin
from tests.pcscd import PATIENCE, PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]

SOFTHSM = tuple(
    Path(folder) / "libsofthsm2.so"
    for folder in ("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib64/pkcs11")
)
OPENSC = tuple(
    Path(folder) / "opensc-pkcs11.so"
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")
)
LABEL = "Officer card"


def existing(places: tuple[Path, ...]) -> Path:
    found = next((place for place in places if place.exists()), None)
    if found is None:
        pytest.skip(f"{places[0].name} is not installed")
    return found


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(NOW)


class Hsm:
    """A SoftHSM folder of the test's own; tokens are filled by SoftHSM's and OpenSC's tools."""

    def __init__(self, folder: Path) -> None:
        self.module = existing(SOFTHSM)
        self.folder = folder
        (folder / "tokens").mkdir()
        settings = folder / "softhsm2.conf"
        settings.write_text(
            f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n"
            "log.level = ERROR\nslots.removable = false\n"
        )

    def token(self, label: str, slots: dict[int, tuple[PrivateKey, bytes]]) -> None:
        run("softhsm2-util", "--init-token", "--free", "--label", label, *_PINS)
        for number, (key, certificate) in slots.items():
            self._store(label, f"{number:02x}", key, certificate)

    def _store(self, label: str, identifier: str, key: PrivateKey, certificate: bytes) -> None:
        private = key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        opens = "--usage-decrypt" if isinstance(key, rsa.RSAPrivateKey) else "--usage-derive"
        use = opens if identifier == "9d" else "--usage-sign"
        self.write(label, identifier, "privkey", private, use)
        self.write(label, identifier, "cert", certificate)

    def write(self, label: str, identifier: str, kind: str, data: bytes, *more: str) -> None:
        file = self.folder / "object"
        file.write_bytes(data)
        token = ("--module", str(self.module), "--token-label", label, "--login", *_PINS[2:])
        what = ("--write-object", str(file), "--type", kind, "--id", identifier)
        run("pkcs11-tool", *token, *what, *more)


_PINS = ("--so-pin", "87654321", "--pin", "246813")


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory, authority: TrainingAuthority) -> Iterator[Hsm]:
    for tool in ("softhsm2-util", "pkcs11-tool"):
        if subprocess.run(("which", tool), capture_output=True, check=False).returncode:
            pytest.skip(f"{tool} is not installed")
    hsm = Hsm(tmp_path_factory.mktemp("softhsm"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOFTHSM2_CONF", str(hsm.folder / "softhsm2.conf"))
        slots = authority.officers[0].slots
        hsm.token(LABEL, {slot: (pair.private, pair.der) for slot, pair in slots.items()})
        yield hsm


@pytest.fixture
def session(hsm: Hsm) -> Iterator[TokenSession]:
    with open_token(hsm.module) as session:
        yield session


def test_parts_are_found_by_what_certificates_are_for(
    session: TokenSession, authority: TrainingAuthority
) -> None:
    slots = authority.officers[0].slots

    for slot in (AUTHENTICATION, SIGNATURE, KEY_MANAGEMENT):
        assert session.certificate(Slot(slot)) == slots[slot].der
    assert session.certificate(Slot.CARD_AUTHENTICATION) is None
    assert part_of(load_certificate(authority.iaca)) is None
    assert session.identity()
    assert "SoftHSM" in session.reader


def test_sign_in_challenge(session: TokenSession, authority: TrainingAuthority) -> None:
    with pytest.raises(PinNeeded):
        session.prove()
    session.verify_pin(pin())

    assert session.prove() == authority.officers[0].slots[AUTHENTICATION].der


def test_credentials_are_signed_by_the_same_signer(hsm: Hsm) -> None:
    with CardSigner(lambda: open_token(hsm.module), now=lambda: NOW) as signer:
        signer.unlock(pin())
        raw = signer.sign_all([b"first", b"second"])

    assert signer.algorithm == "ES256"
    key = public_key_of(load_certificate(signer.certificate_chain[0]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    for signature, data in zip(raw, (b"first", b"second"), strict=True):
        verify_signature(key, _der(signature), data)


def test_shared_secret_is_the_peers(session: TokenSession, authority: TrainingAuthority) -> None:
    peer = ec.generate_private_key(ec.SECP256R1())
    own = authority.officers[0].slots[KEY_MANAGEMENT].private.public_key()
    session.verify_pin(pin())

    secret = session.ecdh(Slot.KEY_MANAGEMENT, point(peer.public_key()))

    assert secret == peer.exchange(ec.ECDH(), own)


def test_the_records_key_opens_through_a_module(session: TokenSession) -> None:
    wrapped = key_wrap.wrap(key_wrap.recipient_key(session), bytes(32), b"context")
    with pytest.raises(PinNeeded):
        key_wrap.unwrap(session, wrapped, b"context")
    session.verify_pin(pin())

    assert key_wrap.unwrap(session, wrapped, b"context") == bytes(32)


def test_the_records_key_opens_through_a_module_with_an_rsa_key(hsm: Hsm) -> None:
    key = generate_key(KeyType.RSA2048)
    hsm.token("RSA 9D", {0x9D: (key, certificate_of(key, "key_encipherment"))})
    with open_token(hsm.module, "RSA 9D") as session:
        wrapped = key_wrap.wrap(key_wrap.recipient_key(session), bytes(32), b"context")
        session.verify_pin(pin())

        assert key_wrap.unwrap(session, wrapped, b"context") == bytes(32)
        with pytest.raises(NotForThisCard):
            key_wrap.unwrap(session, wrapped, b"other")
        with pytest.raises(KeyUnusable):
            session.decipher(Slot.KEY_MANAGEMENT, b"short")


def test_refused_pins_have_names(hsm: Hsm) -> None:
    with open_token(hsm.module) as session:
        with pytest.raises(WrongPinUncounted):
            session.verify_pin(pin("000000"))
        with pytest.raises(PinFormat):
            session.verify_pin(pin(""))
        with pytest.raises(NoPinPad):
            session.verify_pin(None)
        with pytest.raises(PinNeeded):
            session.sign(Slot.SIGNATURE, b"data")
        session.verify_pin(pin())
        assert session.tries_left() is None


def test_refused_signer_is_locked(hsm: Hsm) -> None:
    secret = pin("000000")
    with CardSigner(lambda: open_token(hsm.module), now=lambda: NOW) as signer:
        with pytest.raises(WrongPinUncounted):
            signer.unlock(secret)
        with pytest.raises(PinNeeded):
            signer.sign(b"data")

    assert secret == bytes(6)


@pytest.mark.parametrize("key_type", [KeyType.P384, KeyType.RSA2048])
def test_other_kinds_of_key(hsm: Hsm, key_type: KeyType) -> None:
    key = generate_key(key_type)
    hsm.token(f"Kind {key_type}", {0x9C: (key, signer_certificate(key))})
    with open_token(hsm.module, f"Kind {key_type}") as session:
        signature = session.verify_and_sign(Slot.SIGNATURE, b"data", pin())
        with pytest.raises(NoSignInCertificate):
            session.prove()
        with pytest.raises(KeyUnusable):
            session.ecdh(Slot.KEY_MANAGEMENT, b"")
        if key_type.curve is not None:
            with pytest.raises(KeyUnusable):
                session.ecdh(Slot.SIGNATURE, b"")

    verify_signature(key.public_key(), signature, b"data")


def test_key_without_its_certificates_name(hsm: Hsm, authority: TrainingAuthority) -> None:
    """A certificate whose private key is not on the token."""
    key = generate_key(KeyType.P256)
    hsm.token("Half", {})
    hsm.write("Half", "9c", "cert", signer_certificate(key))

    with open_token(hsm.module, "Half") as session, pytest.raises(KeyUnusable):
        session.verify_and_sign(Slot.SIGNATURE, b"data", pin())


def test_no_such_token_and_no_such_module(hsm: Hsm, tmp_path: Path) -> None:
    with pytest.raises(NotOfficerCard), open_token(hsm.module, "somebody else's"):
        pass
    with pytest.raises(ModuleMissing) as caught, open_token(tmp_path / "libvendor.so"):
        pass
    assert caught.value.facts == {"file": "libvendor.so"}


# --- OpenSC's module, through the smartcard service, on the training card -----------------


def officer_card(authority: TrainingAuthority, *, strict: bool = True) -> PivCard:
    slots = authority.officers[0].slots
    return PivCard(
        {Slot(slot): pair.private for slot, pair in slots.items()},
        {Slot(slot): pair.der for slot, pair in slots.items()},
        pin="246813",
        strict=strict,
    )


@pytest.mark.parametrize("strict", [True, False])
def test_module_of_another_maker_on_the_training_card(
    pcscd: PcscService, authority: TrainingAuthority, strict: bool
) -> None:
    """It marks 9C as wanting the PIN each time; both kinds of card sign both credentials."""
    module = existing(OPENSC)
    card = officer_card(authority, strict=strict)
    with pcscd.slot(0) as slot:
        reader = slot.lay(card)
        with open_token(module) as session:
            assert session.reader.startswith(reader[:60])
            session.verify_pin(pin())
            assert session.prove() == authority.officers[0].slots[AUTHENTICATION].der
            wrapped = key_wrap.wrap(key_wrap.recipient_key(session), bytes(32), b"context")
            assert key_wrap.unwrap(session, wrapped, b"context") == bytes(32)
        with CardSigner(lambda: open_token(module), now=lambda: NOW) as signer:
            signer.unlock(pin())
            signatures = signer.sign_all([b"first", b"second"])

    key = authority.officers[0].slots[SIGNATURE].private.public_key()
    for signature, data in zip(signatures, (b"first", b"second"), strict=True):
        verify_signature(key, _der(signature), data)


class Hesitant:
    """A card that, once ``armed``, answers the service's next look only when the module is
    being ended."""

    def __init__(self, card: PivCard) -> None:
        self._card = card
        self.armed, self.asked, self.ending = (threading.Event() for _ in range(3))
        self.transmit, self.reset = card.transmit, card.reset

    @property
    def atr(self) -> bytes:
        if self.armed.is_set():
            self.asked.set()
            self.ending.wait(PATIENCE)
        return self._card.atr


def test_a_module_that_ends_holds_nobody_up(
    pcscd: PcscService, authority: TrainingAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the service, the service for the reader, and the reader is a thread of this
    program: held up, none of them would ever go on, and neither would this test."""
    module = existing(OPENSC)
    card = Hesitant(officer_card(authority))
    real = token._end

    def end(library: object) -> None:
        card.armed.set()
        assert card.asked.wait(PATIENCE)
        card.ending.set()
        real(library)

    monkeypatch.setattr(token, "_end", end)
    with pcscd.slot(0) as slot:
        slot.lay(card)
        with open_token(module) as session:
            session.verify_pin(pin())
        card.armed.clear()
        monkeypatch.setattr(token, "_end", real)
        with open_token(module) as session:
            session.verify_pin(pin())


def test_what_a_module_says_at_its_end(hsm: Hsm) -> None:
    """Ended by somebody else meanwhile: the session says that its end failed, and the next one
    begins anew."""
    hsm.token("Ended", {})
    with pytest.raises(TransportFailed), open_token(hsm.module, "Ended"):
        assert token._functions(str(hsm.module)).finalize(None) == 0

    with open_token(hsm.module, "Ended") as session:
        assert session.certificate(Slot.SIGNATURE) is None


def test_last_try_behind_a_module(pcscd: PcscService, authority: TrainingAuthority) -> None:
    """The module tells only that it is the last one: that is enough to ask first."""
    module = existing(OPENSC)
    card = officer_card(authority)
    with pcscd.slot(0) as slot:
        slot.lay(card)
        for _ in range(2):
            with open_token(module) as session, pytest.raises(WrongPinUncounted):
                session.verify_pin(pin("000000"))
        with open_token(module) as session:
            assert session.tries_left() == 1
            with pytest.raises(LastTry):
                session.verify_pin(pin())
            assert card.pin_tries == 1
            with pytest.raises((WrongPinUncounted, PinBlocked)):
                session.verify_pin(pin("000000"), allow_last_try=True)
        with open_token(module) as session, pytest.raises(PinBlocked):
            session.verify_pin(pin())

    assert card.pin_tries == 0


def test_empty_reader_behind_a_module(pcscd: PcscService) -> None:
    with pytest.raises(NoCard), open_token(existing(OPENSC)):
        pass


def signer_certificate(key: PrivateKey) -> bytes:
    """A document signer certificate of its own making, for any kind of key."""
    return certificate_of(key, "digital_signature")


def certificate_of(key: PrivateKey, allowed: str) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test signer")])
    usage = {one: one == allowed for one in _USAGES}
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=100))
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.0.18013.5.1.2")]), critical=True
        )
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _der(raw: bytes) -> bytes:
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
