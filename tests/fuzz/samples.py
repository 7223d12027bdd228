"""What the targets begin with: files, certificates and answers of our own making.

Holder, country and pictures are invented; everything is made anew at each start, so no
sample lies in the repository.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ObjectIdentifier
from PIL import Image

from desk.iso7816 import tlv
from desk.mrtd import active_authentication, certificates, der, domains, mrz, signed_data
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.security_infos import Mapping, SecurityInfo, encode
from desk.mrtd.trust import FILE_NAME, TrustStore
from desk.training import chip_files, csca
from desk.training.chip import PassportChip
from desk.training.chip_features import ActiveOffer, Features, Keys, PaceOffer
from desk.training.chip_files import DocumentDetails, PersonalDetails, PersonToNotify
from desk.training.csca import Manner, Pair, TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SIGNED_AT = NOW - timedelta(days=10)
_ECDSA_SHA256 = tlv.encode(der.OBJECT_ID, der.object_id("1.2.840.10045.4.3.2"))
_SPKI = PublicFormat.SubjectPublicKeyInfo
MASTER_LIST = bytes.fromhex("678108010102")
PASSPORT = mrz.compose_td3(
    "PM", "KOR", "KIM", "HANEUL", "M123A4567", "KOR", "910314", "F", "330502"
)
KEY = mrz.parse("\n".join(PASSPORT)).key
# Doc 9303-5 appendix A and 9303-6 appendix A: the specimens of Utopia.
TD1 = (
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
)
TD2 = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")


@lru_cache(maxsize=1)
def country() -> TrainingCsca:
    return csca.create(NOW, seed=b"fuzz")


@lru_cache(maxsize=1)
def rsa_signer() -> Pair:
    key = rsa.generate_private_key(65537, 2048)
    return Pair(key, csca.document_signer(country().country, key.public_key(), NOW))


@lru_cache(maxsize=1)
def list_signer() -> Pair:
    """Appointed by the training country to sign master lists."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.ExtendedKeyUsage([ObjectIdentifier(certificates.MASTER_LIST_SIGNER)])
    issuer = country().country
    return Pair(key, csca.document_signer(issuer, key.public_key(), NOW, extra=usage))


@lru_cache(maxsize=4)
def picture(format_: str = "JPEG") -> bytes:
    out = io.BytesIO()
    gradient = Image.linear_gradient("L").resize((48, 64))
    Image.merge("RGB", (gradient, gradient, gradient.rotate(180))).save(out, format_)
    return out.getvalue()


def pictures() -> list[bytes]:
    grey = io.BytesIO()
    Image.linear_gradient("L").resize((32, 40)).save(grey, "JPEG", progressive=True)
    return [picture(), picture("JPEG2000"), grey.getvalue()]


def portraits() -> list[bytes]:
    return [chip_files.dg2(picture()), chip_files.dg2(picture("JPEG2000")), _other_framing()]


def _other_framing() -> bytes:
    """The picture somewhere in an ASN.1 tree, as ISO/IEC 39794-5 has it."""
    tree = tlv.encode(0x65, tlv.encode(0xA0, tlv.encode(0xA1, tlv.encode(0x80, picture()))))
    template = tlv.encode(0x7F60, tlv.encode(0x7F2E, tree))
    return tlv.encode(0x75, tlv.encode(0x7F61, tlv.encode(0x02, b"\x01"), template))


@lru_cache(maxsize=1)
def features() -> Features:
    """A chip with every mapping of PACE, cheap groups first, chip and active authentication."""
    ways = (
        PaceOffer(parameter_id=12),
        PaceOffer(Mapping.CHIP_AUTHENTICATION, SessionCipher.AES_128, 12),
        PaceOffer(Mapping.INTEGRATED, SessionCipher.AES_256, 13),
        PaceOffer(Mapping.GENERIC, SessionCipher.TRIPLE_DES, 0),
    )
    person, issued, notify = _invented()
    return Features(
        pace=ways,
        active=ActiveOffer(),
        lengths=(4096, 4096),
        signatures=(picture()[:300],),
        personal=person,
        document=issued,
        optional=b"the issuer's own",
        notify=(notify, notify),
    )


@lru_cache(maxsize=1)
def _keys() -> Keys:
    return Keys.draw(features())


def mapping_key() -> int:
    mapping = _keys().mapping
    assert mapping is not None
    return mapping.private


@lru_cache(maxsize=1)
def root_files() -> dict[str, bytes]:
    return country().root_files(features(), _keys())


def chip(*, pace: bool = True, **changed: bytes) -> PassportChip:
    """The passport's chip at rest, some of its files changed; without ``pace``, BAC alone."""
    root = {name: changed.pop(name, content) for name, content in root_files().items()}
    files = passport_files() | changed
    return PassportChip(files, KEY, keys=_keys(), root=root if pace else {})


@lru_cache(maxsize=1)
def passport_files() -> dict[str, bytes]:
    return country().files(PASSPORT, picture(), features(), _keys())


def groups() -> dict[int, bytes]:
    files = passport_files()
    return {int(name[2:]): raw for name, raw in files.items() if name.startswith("DG")}


def security_objects() -> list[bytes]:
    """Signed with ECDSA, RSA and RSA-PSS."""
    manners = ((country().signer, Manner(signed_at=SIGNED_AT)),)
    manners += ((rsa_signer(), Manner("sha512")), (rsa_signer(), Manner("sha1", pss=True)))
    return [csca.build_sod(groups(), signer, manner) for signer, manner in manners]


def signed_messages() -> list[bytes]:
    return [tlv.parse_one(raw, 0x77).value for raw in security_objects()]


def certificate_files() -> list[bytes]:
    signers = [country().country, country().signer, rsa_signer(), list_signer()]
    successor = csca.create(NOW, seed=b"successor").country
    link = csca.link_certificate(country().country, successor, NOW)
    return [link, *(signer.certificate for signer in signers)]


def list_content(ders: Iterable[bytes]) -> bytes:
    return tlv.encode(0x30, b"\x02\x01\x00", tlv.encode(0x31, *ders))


def master_list(content: bytes) -> bytes:
    """``content`` under the signature of somebody trusted."""
    others = country().country.certificate
    return csca.signed_data(
        content, list_signer(), Manner(signed_at=SIGNED_AT), MASTER_LIST, others
    )


def list_contents() -> list[bytes]:
    return [list_content(certificate_files())]


def master_lists() -> list[bytes]:
    return [master_list(content) for content in list_contents()]


@lru_cache(maxsize=1)
def trust_file() -> bytes:
    """``trust.json`` after two imports, one certificate refused; indented by nothing."""
    with tempfile.TemporaryDirectory() as folder:
        store = TrustStore(Path(folder))
        signed = master_list(list_content(certificate_files()[:3]))
        store.import_master_list(signed, country().country.certificate, NOW)
        store.import_certificate(country().country.certificate, NOW)
        stored = json.loads((Path(folder) / FILE_NAME).read_text())
    return json.dumps(stored, separators=(",", ":")).encode()


def public_keys() -> list[bytes]:
    return [certificates.parse(der).spki for der in certificate_files()]


def algorithms() -> list[bytes]:
    """How certificates and signer infos were signed; RSA-PSS with all its parameters."""
    signed = [signed_data.parse(raw).signer.algorithm for raw in signed_messages()]
    return [certificates.parse(country().signer.certificate).algorithm, *signed]


def answers_to_reset() -> list[bytes]:
    # Specimens of ISO/IEC 7816-4 clause 12.1.1 and PC/SC part 3: made up of their rules.
    return [bytes.fromhex(text) for text in ("3B80800101", "3B85800180730140005C", "3B00", "3B")]


def atr_infos() -> list[bytes]:
    return [chip_files.atr_info(1_000, 2_000), chip_files.atr_info(65_535, 65_536)]


def _invented() -> tuple[PersonalDetails, DocumentDetails, PersonToNotify]:
    return (
        PersonalDetails(
            "KIM<<HANEUL", "910314", "19910314", "SEOUL<<KOR", "1 GIL", "+82 2", "BAKER", "DR", "-"
        ),
        DocumentDetails("MOFA", "20230502", "NONE", "NO", "20230502101112", "SYSTEM 1"),
        PersonToNotify("20230502", "KIM<<BADA", "+82 2", "1 GIL<<SEOUL"),
    )


def details() -> list[bytes]:
    """One of each kind behind the byte that chooses it."""
    names = ("DG7", "DG11", "DG12", "DG13", "DG16")
    return [bytes([number]) + passport_files()[name] for number, name in enumerate(names)]


def chip_keys() -> list[bytes]:
    """Static keys of chip authentication: a curve and a DH group, and a curve by its name."""
    numbered = [domains.STANDARDIZED[number] for number in (0, 2, 13)]
    keys = [domains.public_key_info(domain, domain.public_key(99)) for domain in numbered]
    return [*keys, certificates.parse(country().signer.certificate).spki]


def security_infos() -> list[bytes]:
    """A chip that offers everything, and one that offers a single way of PACE."""
    arc = "0.4.0.127.0.7.2.2."
    group = domains.algorithm_of(domains.STANDARDIZED[12])
    keys = [SecurityInfo(f"{arc}1.{2 - (i < 2)}", key) for i, key in enumerate(chip_keys())]
    everything = encode(
        _info(f"{arc}4.2.2", 2, 13),
        _info(f"{arc}4.4.4", 2, 12),
        _info(f"{arc}4.1.1", 2, 0),
        _info(f"{arc}4.6.3", 2, 16),
        _info(f"{arc}4.2.2", 2, 40),
        SecurityInfo(f"{arc}4.2", group, der.integer(40)),
        _info(f"{arc}3.2.2", 1, 1),
        _info(f"{arc}3.1.1", 1),
        _info(f"{arc}2", 1),
        SecurityInfo("2.23.136.1.1.5", der.integer(1), _ECDSA_SHA256),
        *keys,
    )
    return [everything, encode(_info(f"{arc}4.2.2", 2, 13))]


def _info(oid: str, *numbers: int) -> SecurityInfo:
    required, *optional = (der.integer(number) for number in numbers)
    return SecurityInfo(oid, required, b"".join(optional))


def chip_offers() -> list[bytes]:
    offers = [tlv.encode(0x6E, infos) for infos in security_infos()]
    return [passport_files()["DG14"], *offers]


def card_security() -> list[bytes]:
    object_ = der.object_id("0.4.0.127.0.7.3.2.1")
    manner = Manner(signed_at=SIGNED_AT)
    return [
        csca.signed_data(infos, country().signer, manner, object_) for infos in security_infos()
    ]


CHALLENGE = bytes(range(8))


@lru_cache(maxsize=1)
def small_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)


def representatives() -> list[bytes]:
    """What signatures of active authentication open to, one a trailer."""
    numbers = small_rsa_key().public_key().public_numbers()
    opened = []
    for name in ("sha1", "sha256", "sha384"):
        signature = active_authentication.sign_rsa(small_rsa_key(), CHALLENGE, name)
        representative = pow(int.from_bytes(signature), numbers.e, numbers.n)
        if representative & 0x0F != 0x0C:
            representative = numbers.n - representative
        opened.append(representative.to_bytes(128))
    return opened


def active_keys() -> list[bytes]:
    keys = (*public_keys(), small_rsa_key().public_key().public_bytes(Encoding.DER, _SPKI))
    return [tlv.encode(0x6F, key) for key in keys]


def curve_signatures() -> list[bytes]:
    key = country().signer.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    der = key.sign(CHALLENGE, ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    return [der, r.to_bytes(32) + s.to_bytes(32)]
