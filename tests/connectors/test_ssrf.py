"""No store's address leads us into a private network. Nothing here dials: a socket that is asked to notes where."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from backorder.domain.errors import PermanentFailure, TemporaryFailure
from connectors.http import Transport, is_public

PUBLIC = "93.184.216.34"
REAL = socket.getaddrinfo
Answers = list[str]


class Net:
    """A resolver that knows what it is told, and sockets that reach nobody."""

    def __init__(self) -> None:
        self.names: dict[str, list[Answers]] = {}
        self.asked: list[str] = []
        self.dialled: list[tuple[str, int]] = []

    def resolve(self, host: str, port: int, *args: Any, **named: Any) -> list[Any]:
        if host not in self.names:
            # A number in any spelling: the machine's own resolver reads it, and asks nobody.
            named["flags"] = socket.AI_NUMERICHOST
            return REAL(host, port, *args, **named)
        self.asked.append(host)
        answers = self.names[host].pop(0) if len(self.names[host]) > 1 else self.names[host][0]
        return [entry for answer in answers for entry in REAL(answer, port, type=socket.SOCK_STREAM)]

    def dial(self, address: Any) -> None:
        self.dialled.append(address[:2])
        raise ConnectionRefusedError


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    found = Net()
    monkeypatch.setattr(socket, "getaddrinfo", found.resolve)
    monkeypatch.setattr(socket.socket, "connect", lambda _socket, address: found.dial(address))
    return found


def call(url: str, **named: Any) -> Callable[[], object]:
    return lambda: Transport().request("GET", url, **named)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "192.0.0.9", "192.88.99.1", "198.18.0.1", "255.255.255.255", "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1",
        "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1", "fc00::1", "fe80::1", "fec0::1",
        "5f00::1", "ff02::1", "4000::1", "100::1",
    ],
)  # fmt: skip
def test_a_name_that_stands_for_a_private_address_is_not_dialled(net: Net, address: str) -> None:
    net.names["shop.example"] = [[address]]

    with pytest.raises(PermanentFailure):
        call("https://shop.example/")()

    assert (is_public(address), net.dialled) == (False, [])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_a_number_in_any_spelling_is_not_dialled(net: Net, host: str) -> None:
    with pytest.raises(PermanentFailure):
        call(f"https://{host}/")()

    assert net.dialled == []


def test_one_private_address_among_public_ones_is_enough(net: Net) -> None:
    net.names["shop.example"] = [[PUBLIC, "10.0.0.1"]]

    with pytest.raises(PermanentFailure):
        call("https://shop.example/")()

    assert net.dialled == []


def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_dialled(net: Net) -> None:
    net.names["shop.example"] = [[PUBLIC], ["127.0.0.1"]]

    with pytest.raises(TemporaryFailure):
        call("https://shop.example/")()

    assert (net.asked, net.dialled) == (["shop.example"], [(PUBLIC, 443)])


def test_a_store_with_an_address_of_the_newer_kind_only_is_dialled(net: Net) -> None:
    net.names["shop.example"] = [["2606:2800:220:1:248:1893:25c8:1946"]]

    with pytest.raises(TemporaryFailure):
        call("https://shop.example/")()

    assert net.dialled == [("2606:2800:220:1:248:1893:25c8:1946", 443)]


@pytest.mark.parametrize("host", ["shop.example.", "bücher.example", "SHOP.example"])
def test_however_a_name_is_written_what_it_stands_for_is_checked(net: Net, host: str) -> None:
    for name in ("shop.example.", "xn--bcher-kva.example", "shop.example", "SHOP.example"):
        net.names[name] = [["10.0.0.1"]]

    with pytest.raises(PermanentFailure):
        call(f"https://{host}/")()

    assert (len(net.asked), net.dialled) == (1, [])


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "https://shop.example:22/",
        "https://shop.example:6379/",
        "https://shop.example:80/",
        "https://admin@shop.example/",
        "https://shop.example@10.0.0.1/",
        "https://shop.example:443\\@10.0.0.1:22/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "gopher://shop.example:443/",
    ],
)
def test_only_port_443_of_a_name_is_dialled(net: Net, url: str) -> None:
    net.names["shop.example"] = [[PUBLIC]]

    with pytest.raises(PermanentFailure):
        call(url)()

    assert net.dialled == []


def test_a_name_that_nobody_knows_is_no_reason_to_stop_for_good(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(TemporaryFailure):
        call("https://shop.example/")()

    assert net.dialled == []


def test_proxies_and_passwords_of_the_machine_are_not_used(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("ALL_PROXY", "http://10.0.0.1:3128")
    net.names["shop.example"] = [[PUBLIC]]

    with pytest.raises(TemporaryFailure):
        call("https://shop.example/")()

    assert net.dialled == [(PUBLIC, 443)]
