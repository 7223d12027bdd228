"""Metadata plain and signed, the forms of an offer, and what browsers may read."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from desk.credential import chain, jose, type_metadata
from desk.credential.claims import load_profile
from desk.credential.keys import DeviceKey
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.pem import read_certificates, read_signer
from desk.enrollment.process import ServiceProcess
from desk.enrollment.publishing import Publishing
from desk.enrollment.service import Service, ServiceSettings
from desk.enrollment.trouble import CertificateFileUnusable
from desk.issuance.ports import OfferOrder, QrForm
from desk.training.authority import TrainingAuthority
from tests.enrollment.conftest import NewPhone, started
from tests.enrollment.counter import PIN, Counter, now
from tests.enrollment.station import StationAuth
from tests.enrollment.test_app import Inside

WELL_KNOWN = ".well-known/openid-credential-issuer"


@pytest.fixture(scope="module")
def signing_service(
    folder: Path, key: StationKey, authority: TrainingAuthority
) -> Iterator[ServiceProcess]:
    """A service that has a certificate to sign its metadata with."""
    authority.store(folder / "authority")
    verifier = str(folder / "authority" / "verifier.pem")
    process = started(folder, "signing", "--metadata-signer", verifier)
    yield process
    process.stop()


def test_signed_metadata_says_the_same(
    signing_service: ServiceProcess, authority: TrainingAuthority, web: httpx.Client
) -> None:
    """OpenID4VCI 1.0, 12.2.3: type, subject, time, and every member of the plain form."""
    url = f"{signing_service.url}/{WELL_KNOWN}"

    plain = web.get(url)
    signed = web.get(url, headers={"Accept": "application/jwt"})

    assert plain.headers["content-type"] == "application/json"
    assert signed.headers["content-type"] == "application/jwt"
    token = jose.parse_compact(signed.text)
    leaf = jose.x5c(token.header)[0]
    token.verify(DeviceKey.from_certificate(leaf))
    chain.verify((leaf,), (authority.relying_party_root,), now())
    assert token.header["typ"] == "openidvci-issuer-metadata+jwt"
    claims = token.claims()
    assert claims.pop("sub") == signing_service.issuer
    assert abs(claims.pop("iat") - now().timestamp()) < 60
    assert claims == plain.json()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json, application/jwt", "application/json"),
        ("application/jwt, application/json;q=0.5", "application/jwt"),
        ("*/*", "application/json"),
        ("application/jwt;q=0.1, application/json;q=0.2", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_form_of_the_metadata_by_accept(
    signing_service: ServiceProcess, web: httpx.Client, accept: str, kind: str
) -> None:
    """12.2.2: plain is always served, signed to those that like it better."""
    answer = web.get(f"{signing_service.url}/{WELL_KNOWN}", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


def test_issuer_that_ends_with_a_slash_is_found_either_way(tmp_path: Path) -> None:
    """RFC 8414 takes it away before the prefix is inserted, OpenID4VCI says nothing of it."""
    inside = Inside(tmp_path, issuer="https://issue.example/kr/")
    with closing(inside.service):
        for name in ("openid-credential-issuer", "oauth-authorization-server"):
            for end in ("kr", "kr/"):
                path = f"/.well-known/{name}/{end}"
                told = inside.call(lambda c, path=path: c.get(path, auth=None)).json()
                named = told.get("credential_issuer", told.get("issuer"))
                assert named == "https://issue.example/kr/"


def test_unsigned_where_there_is_no_certificate(service: ServiceProcess, web: httpx.Client) -> None:
    answer = web.get(f"{service.url}/{WELL_KNOWN}", headers={"Accept": "application/jwt"})

    assert answer.headers["content-type"] == "application/json"


def test_certificate_files_that_cannot_be_used(
    tmp_path: Path, authority: TrainingAuthority
) -> None:
    """Missing, no PEM, a certificate without its key: one coded trouble that names the file."""
    (tmp_path / "text.pem").write_text("nothing")
    (tmp_path / "bare.pem").write_bytes(authority.iaca_pem)

    for name in ("missing.pem", "text.pem", "bare.pem"):
        with pytest.raises(CertificateFileUnusable) as caught:
            read_signer(tmp_path / name)
        assert caught.value.facts == {"file": name}
    for name in ("missing.pem", "text.pem"):
        with pytest.raises(CertificateFileUnusable):
            read_certificates(tmp_path / name)
    (der,) = read_certificates(tmp_path / "bare.pem")
    assert der == authority.iaca
    assert x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.DER) == der


def test_key_that_is_not_its_certificates(tmp_path: Path, authority: TrainingAuthority) -> None:
    """Metadata signed with it would be refused by every wallet, and nobody would know why."""
    authority.store(tmp_path)
    mixed = tmp_path / "mixed.pem"
    own = (tmp_path / "verifier.pem").read_bytes()
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    mixed.write_bytes(b"".join(_pem_parts(own, b"CERTIFICATE")) + other)

    with pytest.raises(CertificateFileUnusable):
        read_signer(mixed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x04"),
        (bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030117")),
    ],
    ids=["version 5", "unknown curve"],
)
def test_odd_certificate_is_a_file_that_cannot_be_used(
    tmp_path: Path, authority: TrainingAuthority, old: bytes, new: bytes
) -> None:
    """The library raises for each something of its own; the service did not say why it ended."""
    authority.store(tmp_path)
    own = (tmp_path / "verifier.pem").read_bytes()
    (first, *_) = _pem_parts(own, b"CERTIFICATE")
    der = x509.load_pem_x509_certificate(first).public_bytes(serialization.Encoding.DER)
    odd = der.replace(old, new, 1)
    assert odd != der
    body = base64.encodebytes(odd)
    text = b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
    file = tmp_path / "odd.pem"
    file.write_bytes(own.replace(first, text))

    with pytest.raises(CertificateFileUnusable):
        read_signer(file)


def test_anchor_in_the_file_is_not_shown_to_wallets(
    tmp_path: Path, authority: TrainingAuthority
) -> None:
    """HAIP 1.0, section 4.1: x5c without the trust anchor."""
    authority.store(tmp_path)
    own = (tmp_path / "verifier.pem").read_bytes()
    full = tmp_path / "full.pem"
    full.write_bytes(own + authority.iaca_pem)

    assert (
        read_signer(full).certificate_chain
        == read_signer(tmp_path / "verifier.pem").certificate_chain
    )


def _pem_parts(text: bytes, kind: bytes) -> list[bytes]:
    pattern = rb"-----BEGIN %b-----.*?-----END %b-----\n?" % (kind, kind)
    return re.findall(pattern, text, re.DOTALL)


# Offers ---------------------------------------------------------------------------


def _order(name: str, qr: QrForm) -> OfferOrder:
    return OfferOrder(name, ("mdoc", "sd-jwt"), PIN, now() + timedelta(minutes=5), qr)


def test_four_forms_of_one_offer(counter: Counter, web: httpx.Client) -> None:
    """By reference or by value, for any wallet or behind HAIP's scheme: the same offer."""
    order = _order("forms-1", QrForm.REFERENCE)
    forms = [form for form in QrForm if form is not QrForm.PAGE]
    texts = {form: counter.link.place_offer(replace(order, qr=form)).uri for form in forms}

    said = []
    for form, text in texts.items():
        parts = urlsplit(text)
        scheme = "haip-vci" if form.value.startswith("haip") else "openid-credential-offer"
        assert (parts.scheme, parts.netloc, parts.path) == (scheme, "", "")
        ((name, (value,)),) = parse_qs(parts.query).items()
        if "reference" in form.value:
            assert name == "credential_offer_uri"
            answer = web.get(value, headers={"Accept-Language": "en"})
            assert answer.headers["content-type"] == "application/json"
            said.append(answer.json())
        else:
            assert name == "credential_offer"
            said.append(json.loads(value))
    assert all(offer == said[0] for offer in said)
    assert set(said[0]) == {"credential_issuer", "credential_configuration_ids", "grants"}


@pytest.mark.parametrize("form", [QrForm.VALUE, QrForm.HAIP_VALUE])
def test_offer_in_an_address_is_spelled_as_addresses_are(counter: Counter, form: QrForm) -> None:
    """RFC 3986: a wallet that undoes percent-encoding, and nothing else, reads the offer whole;
    and the QR is no longer than a form's spelling would make it."""
    text = counter.link.place_offer(_order(f"forms-3-{form.value}", form)).uri

    value = text.partition("?credential_offer=")[2]
    (grant,) = json.loads(unquote(value))["grants"].values()
    assert " " in grant["tx_code"]["description"]
    assert "+" not in grant["tx_code"]["description"]
    assert len(value) <= len(quote_plus(unquote(value)))


@pytest.mark.parametrize("form", list(QrForm))
def test_each_form_is_redeemed(counter: Counter, new_phone: NewPhone, form: QrForm) -> None:
    offer = counter.link.place_offer(_order(f"forms-2-{form.value}", form))
    phone = new_phone()

    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        cards = phone.redeem(PIN)

    assert len(cards) == 2


def test_order_with_a_form_nobody_knows(link: HttpLink, web: httpx.Client, key: StationKey) -> None:
    body = {
        "configurations": ["mdoc"],
        "tx_code": PIN,
        "expires_at": now().isoformat(),
        "qr": "poster",
    }

    answer = web.put(f"{link.issuer}/desk/offers/forms-3", json=body, auth=StationAuth(key, now))

    assert answer.json()["error"] == "invalid_order"


# Browsers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", WELL_KNOWN),
        ("GET", ".well-known/oauth-authorization-server"),
        ("GET", "offer/x"),
        ("POST", "token"),
        ("POST", "nonce"),
        ("POST", "credential"),
        ("POST", "deferred"),
        ("POST", "notification"),
        ("GET", "status/x"),
    ],
)
def test_a_wallet_in_a_browser_may_ask_and_read(
    service: ServiceProcess, web: httpx.Client, method: str, path: str
) -> None:
    """Preflight and answers, refusals too, name any origin; nothing rests on a cookie."""
    url, origin = f"{service.url}/{path}", {"Origin": "https://wallet.example"}

    asked = web.options(url, headers={**origin, "Access-Control-Request-Method": method})
    answer = web.request(method, url, headers=origin)

    assert asked.status_code == 204
    assert method in asked.headers["access-control-allow-methods"]
    assert "DPoP" in asked.headers["access-control-allow-headers"]
    for response in (asked, answer):
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers
    assert "DPoP-Nonce" in answer.headers["access-control-expose-headers"]


def test_the_desks_side_is_closed_to_browsers(service: ServiceProcess, web: httpx.Client) -> None:
    answer = web.options(f"{service.url}/desk/health", headers={"Origin": "https://x.example"})

    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


# Type metadata of the vct ---------------------------------------------------------


def test_type_metadata_are_served_as_hashed(counter: Counter, web: httpx.Client) -> None:
    """draft-ietf-oauth-sd-jwt-vc, 6.3 and 7: the bytes whose hash a credential names."""
    vct = counter.profile.vct

    answer = web.get(f"{counter.link.issuer}/type/{quote(vct)}")
    again = web.get(str(answer.url), headers={"If-None-Match": answer.headers["etag"]})

    assert answer.headers["content-type"] == "application/json"
    assert answer.content == type_metadata.document(counter.profile)
    assert answer.json()["vct"] == vct
    assert again.status_code == 304
    assert web.get(f"{counter.link.issuer}/type/urn:other").status_code == 404


def test_a_vct_of_this_address_is_answered_there(tmp_path: Path) -> None:
    """A ministry that names its type by an address finds the metadata at it."""
    issuer = "https://issue.example/kr"
    profile = replace(load_profile(), vct=f"{issuer}/types/identity")
    box = Mailbox(tmp_path / "mailbox.sqlite", now())
    service = Service(ServiceSettings(issuer), StationKey(b"k" * 32), box, profile)

    paths = Publishing(service).type_paths

    assert paths == (f"/kr/type/{profile.vct}", "/kr/types/identity")
    service.close()
