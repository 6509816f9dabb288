"""The one way out: what may be dialled, what an answer is, and what a silence means."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from backorder.domain.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure
from connectors.http import Outgoing, Transport, is_public

HOST = "demo.myshopify.com"


class Answers(BaseHTTPRequestHandler):
    """Answers as its server was told to."""

    def do_GET(self) -> None:
        self.server.told(self)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        """Say nothing."""


Serve = Callable[..., int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server on loopback that does what it is told with each call; its port."""
    servers = []

    def start(told: Callable[[BaseHTTPRequestHandler], None], tls: ssl.SSLContext | None = None) -> int:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        server.handle_error = lambda *_: None
        server.told = told
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return int(server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def says(status: int, body: bytes = b"{}", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def told(call: BaseHTTPRequestHandler) -> None:
        call.send_response(status)
        for name, value in headers.items():
            call.send_header(name.replace("_", "-"), value)
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        call.wfile.write(body)

    return told


def host_of(call: BaseHTTPRequestHandler) -> None:
    says(200, call.headers["Host"].encode())(call)


def hang_up(call: BaseHTTPRequestHandler) -> None:
    call.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "192.0.0.9",
        "192.88.99.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%eth0",
        "fec0::1", "fc00::1", "5f00::1", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_that_no_store_has_are_not_public(address: str) -> None:
    assert is_public(address) is False


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(address) is True


@pytest.mark.parametrize(
    "url", ["http://shop.example/", "https://shop.example:8443/", "https://127.0.0.1/", "https://[::1]/"]
)
def test_what_is_not_a_public_store_over_tls_is_never_dialled(url: str) -> None:
    with pytest.raises(PermanentFailure):
        Transport().request("GET", url)


def open_to(port: int, **settings: str) -> Transport:
    return Transport(Outgoing(allow_private=True, addresses={HOST: f"127.0.0.1:{port}"}, **settings))


def test_a_stand_in_that_speaks_plain_http_is_called_by_the_stores_own_name(serve: Serve) -> None:
    reply = open_to(serve(host_of)).request("GET", f"https://{HOST}/admin")
    assert (reply.status, reply.body) == (200, HOST.encode())


def test_a_stand_in_that_speaks_tls_must_have_a_certificate_that_we_trust(serve: Serve, tmp_path: Path) -> None:
    context, bundle = _certificate(tmp_path)
    port = serve(host_of, context)
    assert open_to(port, ca_bundle=bundle).request("GET", f"https://{HOST}/").body == HOST.encode()
    with pytest.raises(TemporaryFailure):
        open_to(port).request("GET", f"https://{HOST}/")


def test_a_stand_in_is_not_dialled_where_private_addresses_are_not_allowed() -> None:
    with pytest.raises(PermanentFailure):
        Transport(Outgoing(addresses={"127.0.0.1": "127.0.0.1:1"})).request("GET", "https://127.0.0.1/")


def test_redirects_are_answers_and_not_followed(serve: Serve) -> None:
    reply = open_to(serve(says(301, Location="http://elsewhere.example/"))).request("GET", f"http://{HOST}/")
    assert reply.status == 301


def test_a_read_that_breaks_off_did_not_happen_and_a_write_may_have(serve: Serve) -> None:
    transport = open_to(serve(hang_up))
    transport._speaks = {f"127.0.0.1:{transport.outgoing.addresses[HOST].rpartition(':')[2]}": "http"}
    with pytest.raises(TemporaryFailure):
        transport.request("GET", f"http://{HOST}/")
    with pytest.raises(OutcomeUnknown):
        transport.request("POST", f"http://{HOST}/", data=b"{}")


def test_a_store_that_is_not_there_was_told_nothing() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(TemporaryFailure):
        Transport(Outgoing(allow_private=True)).request("POST", f"http://127.0.0.1:{port}/", data=b"{}")


@pytest.mark.parametrize(
    ("begins", "goes_on", "encrypted"),
    [
        (b"X-Slow: ", b"x", False),
        (b"X-Slow: ", b"x", True),
        (b"Content-Length: 9999\r\n\r\n{", b" ", True),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"0", False),
    ],
    ids=["headers", "headers over TLS", "a body over TLS", "the length of a chunk"],
)
def test_what_trickles_keeps_nobody_longer_than_a_call_may_take(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: bytes, goes_on: bytes, encrypted: bool
) -> None:
    over = threading.Event()

    def trickle(call: BaseHTTPRequestHandler) -> None:
        call.wfile.write(b"HTTP/1.1 200 OK\r\n" + begins)
        while not over.wait(0.02):
            call.wfile.write(goes_on)

    monkeypatch.setattr("connectors.http.WHOLE_SECONDS", 0.3)
    transport, scheme = open_to(serve(trickle)), "http"
    if encrypted:
        server, bundle = _certificate(tmp_path)
        transport, scheme = open_to(serve(trickle, server), ca_bundle=bundle), "https"
    try:
        with pytest.raises(OutcomeUnknown):
            transport.request("POST", f"{scheme}://{HOST}/", data=b"{}")
    finally:
        over.set()


def test_an_answer_that_is_too_large_is_cut_off(serve: Serve) -> None:
    port = serve(says(200, b" " * (10 * 1024 * 1024 + 1)))
    with pytest.raises(TemporaryFailure):
        open_to(port).request("GET", f"http://{HOST}/")


@pytest.mark.parametrize("body", [b'\xef\xbb\xbf{"a": 1}', b'<b>Notice</b>: oops\n{"a": 1}', b'{"a": 1}'])
def test_junk_before_the_json_is_cut(serve: Serve, body: bytes) -> None:
    assert open_to(serve(says(200, body))).request("GET", f"http://{HOST}/").json() == {"a": 1}


def test_a_page_that_is_not_json_is_a_failure_for_now(serve: Serve) -> None:
    reply = open_to(serve(says(200, b"<html>"))).request("GET", f"http://{HOST}/")
    with pytest.raises(TemporaryFailure):
        reply.json()


def _certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server's context with a certificate of its own for the store's name, and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate = folder / "certificate.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = folder / "key.pem"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return context, str(certificate)
