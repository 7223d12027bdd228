"""The deployment that ``desk enrollment serve --help`` tells of, done: the sample reverse proxy
under nginx with TLS, the service behind it below a path, a desk and a phone in front."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desk.credential.statuslist import Status
from desk.enrollment.calls import Calls
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.trouble import WrongAddress
from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from desk.training.phone import Phone
from tests.enrollment.conftest import started
from tests.enrollment.counter import PIN, Counter, now

INSTALLER = Path(__file__).parents[2] / "installer" / "enrollment"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin") or shutil.which("nginx")
FRAME = """
{user} worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{sample}
}}
"""
# Its workers leave the superuser's rights, and could not write into the test's folders.
_USER = "user root;" if os.name == "posix" and os.geteuid() == 0 else ""

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def certificate(folder: Path) -> Path:
    """The server's own, for this machine's address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(hours=1))
        .not_valid_after(now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain = folder / "fullchain.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain


def configured(folder: Path, port: int, service: int, allowed: str, *others: int) -> Path:
    """The sample with what its first lines say must be changed; ``others`` are the ports of
    more machines' services."""
    sample = (INSTALLER / "nginx.conf").read_text(encoding="utf-8")
    (line,) = re.findall(r"server 127.0.0.1:8443.*;", sample)
    lines = [line.replace("8443", str(one)) for one in (service, *others)]
    for old, new in {
        line: "\n".join(lines),
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "/etc/ssl/issue.example": str(folder),
        "/var/log/nginx": str(folder),
        "issue.example;": "127.0.0.1;",
        "192.0.2.0/24": allowed,
    }.items():
        assert old in sample, old
        sample = sample.replace(old, new)
    sample = re.sub(r"\n.*listen \[::\]:443.*", "", sample)
    file = folder / "nginx.conf"
    file.write_text(FRAME.format(user=_USER, folder=folder, sample=sample), encoding="utf-8")
    return file


@pytest.fixture(scope="module", params=["a post's", "a ministry's"])
def proxied(
    request: pytest.FixtureRequest,
    folder: Path,
    key: StationKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Path]]:
    """The proxy's address and its certificate; the desks' side is open to this machine. Behind
    it one process with a file, or two on a PostgreSQL."""
    here, port = tmp_path_factory.mktemp("nginx"), free_port()
    chain = certificate(here)
    public = f"https://127.0.0.1:{port}"
    database, processes = None, "1"
    if request.param == "a ministry's":
        database, processes = request.getfixturevalue("server_database").address, "2"
    options = ("--public-url", f"{public}/kr", "--wait", "8", "--processes", processes)
    process = started(folder, f"deployed-{processes}", *options, database=database)
    service = int(process.url.rsplit(":", 1)[1])
    file = configured(here, port, service, "127.0.0.1")
    nginx = subprocess.Popen([str(NGINX), "-c", str(file), "-e", f"{here}/error.log"])
    try:
        wait_for(port, nginx)
        yield public, chain
    finally:
        nginx.terminate()
        nginx.wait(10)
        process.stop()


def wait_for(port: int, nginx: subprocess.Popen[bytes]) -> None:
    while nginx.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except ConnectionRefusedError:
            continue
    raise AssertionError("nginx ended")


@pytest.fixture
def context(proxied: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Trusts the proxy's certificate; the desk's calls do too."""
    context = ssl.create_default_context(cafile=str(proxied[1]))
    monkeypatch.setattr(Calls, "_tls", lambda _calls: context)
    return context


@pytest.fixture
def counter(
    proxied: tuple[str, Path],
    key: StationKey,
    authority: TrainingAuthority,
    context: ssl.SSLContext,
) -> Iterator[Counter]:
    """Step 4: a desk whose ``[enrollment] url`` is the proxy's address."""
    with HttpLink(proxied[0], key) as link:
        yield Counter(link, authority)


@pytest.fixture
def web(context: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=15, verify=context) as client:
        yield client


def test_sample_is_what_nginx_understands(tmp_path: Path) -> None:
    certificate(tmp_path)
    file = configured(tmp_path, 8444, 8443, "192.0.2.0/24")

    said = subprocess.run(
        [str(NGINX), "-t", "-c", str(file), "-e", f"{tmp_path}/error.log"],
        capture_output=True,
        check=False,
        text=True,
    )

    assert said.returncode == 0, said.stderr
    assert "warn" not in said.stderr


def test_desk_and_phone_meet_through_the_proxy(
    counter: Counter, web: httpx.Client, authority: TrainingAuthority
) -> None:
    """Offer, PIN, keys, credential, status list: each through TLS and below the path."""
    offer = counter.place("mdoc", "sd-jwt")
    phone = Phone(
        web,
        now,
        anchors=(authority.iaca,),
        verifiers=(authority.relying_party_root,),
        on_event=lambda _event: None,
        patience=30,
    )

    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        cards = phone.redeem(PIN)
    counter.publish(Status.VALID)

    assert len(cards) == 2
    assert all(phone.status(card) is Status.VALID for card in cards)
    assert counter.kinds(offer.offer_id).count(EventKind.ACCEPTED) == 2
    assert counter.link.issuer.endswith("/kr")
    phone.close()


def test_metadata_stand_between_host_and_path(proxied: tuple[str, Path], web: httpx.Client) -> None:
    public, _ = proxied

    issuer = web.get(f"{public}/.well-known/openid-credential-issuer/kr")
    server = web.get(f"{public}/.well-known/oauth-authorization-server/kr")

    assert issuer.json()["credential_issuer"] == server.json()["issuer"] == f"{public}/kr"


def test_phones_are_counted_by_their_own_address(
    proxied: tuple[str, Path], web: httpx.Client
) -> None:
    """Whatever a phone writes into the header, the proxy says whom it saw."""
    public, _ = proxied

    answer = web.post(f"{public}/kr/nonce", headers={"X-Forwarded-For": "203.0.113.9"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/metrics", 404), ("/kr/metrics", 404), ("/kr/openapi.json", 200)]
)
def test_what_an_operator_counts_is_not_for_the_world(
    proxied: tuple[str, Path], web: httpx.Client, path: str, status: int
) -> None:
    assert web.get(f"{proxied[0]}{path}").status_code == status


@contextmanager
def proxy(folder: Path, *services: int, allowed: str = "127.0.0.1") -> Iterator[httpx.Client]:
    """The sample before services at those ports, and somebody who calls it."""
    port = free_port()
    chain = certificate(folder)
    file = configured(folder, port, services[0], allowed, *services[1:])
    nginx = subprocess.Popen([str(NGINX), "-c", str(file), "-e", f"{folder}/error.log"])
    try:
        wait_for(port, nginx)
        context = ssl.create_default_context(cafile=str(chain))
        base = f"https://127.0.0.1:{port}"
        with httpx.Client(trust_env=False, verify=context, base_url=base) as client:
            yield client
    finally:
        nginx.terminate()
        nginx.wait(10)


@pytest.mark.parametrize("path", ["/desk/health", "/desk/../desk/health", "//desk/health"])
def test_desks_side_is_for_the_posts_addresses(tmp_path: Path, path: str) -> None:
    """From anywhere else not even a signed call arrives."""
    with proxy(tmp_path, 9, allowed="192.0.2.0/24") as client:
        here = str(client.base_url).rstrip("/")
        assert client.get(f"{here}{path}").status_code == 403


def test_addresses_of_offers_stay_out_of_the_proxys_logs(tmp_path: Path) -> None:
    """Whoever has one has the code; also where the service is away, which is written down."""
    with proxy(tmp_path, free_port()) as client:
        assert client.get("/kr/offer/the-handle?and=more").status_code == 502

    logs = {file.name: file.read_text() for file in tmp_path.glob("*.log")}
    assert " GET 502 " in logs["issue.example.access.log"]
    assert not [name for name, text in logs.items() if "handle" in text or "127.0.0.1 " in text]


class _Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""


@contextmanager
def machine(port: int) -> Iterator[None]:
    with HTTPServer(("127.0.0.1", port), _Well) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_machines_may_be_restarted_one_after_another(tmp_path: Path) -> None:
    """The second as soon as the first is back."""
    first, second = free_port(), free_port()
    with proxy(tmp_path, first, second) as client:
        with machine(second):
            assert [client.get("/kr/x").status_code for _ in range(4)] == [200] * 4
        with machine(first):
            assert [client.get("/kr/x").status_code for _ in range(4)] == [200] * 4


@pytest.mark.usefixtures("context")
def test_desk_that_names_the_phones_path(proxied: tuple[str, Path], key: StationKey) -> None:
    """``url`` is the server's address; below the phones' path there is no desks' side,
    which was told as a QR that nobody knows."""
    with HttpLink(f"{proxied[0]}/kr", key) as link, pytest.raises(WrongAddress):
        link.health()
