"""The one way out: every call to a store goes through here.

Checked addresses, no redirects, no proxies and no .netrc, a time limit for the whole call, a limit for the answer's
size. What goes wrong becomes one of the three families: it did not happen (TemporaryFailure), it will not happen
(PermanentFailure), or nobody knows (OutcomeUnknown, only for writes).
"""

import io
import ipaddress
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import connection as urllib3_connection

from backorder.domain.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure, WaitlineError
from connectors.lanes import lane
from connectors.purse import LocalPurses, Purses

CONNECT_SECONDS = 3.0
READ_SECONDS = 15.0
WHOLE_SECONDS = 20.0
BODY_LIMIT = 10 * 1024 * 1024
USER_AGENT = "Waitline"

# Canonicalised by hand: the standard library calls several of these "global" on the Python versions we support.
_DENIED = [
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
        "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
]  # fmt: skip
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(address: str) -> bool:
    """Whether an IP address may be dialled for a store: not loopback, private, link-local, mapped or reserved."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return not any(ip in net for net in _DENIED if net.version == ip.version)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Which addresses may be dialled. `addresses` maps a store's host name to "host:port" of a stand-in, which may
    speak TLS or plain HTTP; both only where private addresses are allowed.
    """

    allow_private: bool = False
    ca_bundle: str = ""
    addresses: Mapping[str, str] | None = None
    lanes: Path | None = None
    """Where processes of this machine agree on how many of them call a store at a time; `None`: they need not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status. `body` is at most 10 MB."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Junk in front of the first bracket (a byte order mark, notices of a broken plugin) is cut.

        Raises TemporaryFailure where there is no JSON: a page of the host, a truncated answer.
        """
        text = self.body.decode("utf-8", "replace")
        starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
        if starts:
            for start in (0, min(starts)):
                try:
                    return json.loads(text[start:])
                except ValueError:
                    continue
        raise TemporaryFailure(f"The store answered {self.status} with something that is not JSON.", 60)

    @property
    def retry_after(self) -> float | None:
        """The wait in seconds that the answer asks for, at most an hour. A day and time is held against the answer's
        own date: no two clocks need to agree.
        """
        value = self.headers.get("retry-after", "")
        if value.replace(".", "", 1).isdigit():
            return min(float(value), 3600.0)
        try:
            wait = parsedate_to_datetime(value) - parsedate_to_datetime(self.headers.get("date", ""))
        except (TypeError, ValueError):
            return None
        return min(max(wait.total_seconds(), 0.0), 3600.0)


class Transport:
    """Calls to stores. One `requests.Session` per thread; nothing is shared between stores but connections."""

    def __init__(self, outgoing: Outgoing | None = None, purses: Purses | None = None) -> None:
        self.outgoing = outgoing or Outgoing()
        self.purses = purses or LocalPurses()
        """What stores allow that count calls in points."""
        self._local = threading.local()
        self._speaks: dict[str, str] = {}
        logging.getLogger("urllib3.connectionpool").addFilter(_WITHOUT_QUERIES)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | str | None = None,
        auth: Any = None,
        write: bool | None = None,
    ) -> Reply:
        """Call and return whatever answer came. `write` (default: any method but GET) decides what a lost answer means.

        Raises TemporaryFailure when nothing was done, OutcomeUnknown when a write may have been, PermanentFailure
        when the address may not be dialled. No query stands in any of them: it may hold a key.
        """
        writes = method != "GET" if write is None else write
        told = self._call(method, self._permitted(url), headers, data, auth, writes)
        if isinstance(told, WaitlineError):
            # Raised here and not where it was noticed: the errors of the libraries, which know the whole URL, would
            # hang on it.
            raise told
        return told

    def lane(self, store: str, at_once: int) -> AbstractContextManager[None]:
        """The right to call this store, of which so many are there at a time. Raises TemporaryFailure."""
        return lane(self.outgoing.lanes, store, at_once) if self.outgoing.lanes is not None else nullcontext()

    def _call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        data: bytes | str | None,
        auth: Any,
        writes: bool,
    ) -> Reply | WaitlineError:
        """The answer, or what its absence means."""
        sent = {"User-Agent": USER_AGENT, **(headers or {})}
        try:
            with self._session().request(
                method,
                url,
                headers=sent,
                data=data,
                auth=auth,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=None, total=WHOLE_SECONDS),  # type: ignore[arg-type]
                allow_redirects=False,
                stream=True,
                verify=self.outgoing.ca_bundle or True,
            ) as answer:
                body = _read(answer)
                lowered = {name.lower(): value for name, value in answer.headers.items()}
                return Reply(answer.status_code, lowered, body)
        except _Denied as error:
            return PermanentFailure(str(error))
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            return TemporaryFailure(f"The store could not be reached ({type(error).__name__}).")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if _never_connected(error):
                return TemporaryFailure("The store could not be reached.")
            if writes:
                return OutcomeUnknown("The store did not answer in time.")
            return TemporaryFailure(f"The store did not answer ({type(error).__name__}).")

    def _permitted(self, url: str) -> str:
        """The URL, with the scheme that a stand-in speaks. Raises PermanentFailure for what is never dialled."""
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise PermanentFailure("A store's address names nobody in front of an @.")
        if not self.outgoing.allow_private and parts.scheme != "https":
            raise PermanentFailure("The store's address must begin with https://.")
        if not self.outgoing.allow_private and parts.port not in (None, 443):
            raise PermanentFailure("Only port 443 of a store is dialled.")
        stand_in = _stand_in(self.outgoing, parts.hostname or "")
        if stand_in is None:
            return url
        address = f"{stand_in[0]}:{stand_in[1]}"
        if address not in self._speaks:
            self._speaks[address] = "https" if _speaks_tls(stand_in) else "http"
        return parts._replace(scheme=self._speaks[address]).geturl()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = _Session()
            session.trust_env = False
            adapter = self._adapter()
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._local.session = session
        return session

    def _adapter(self) -> BaseAdapter:
        """Where the library opens its sockets."""
        return _CheckedAdapter(self.outgoing)


def _stand_in(outgoing: Outgoing, host: str) -> tuple[str, int] | None:
    """Where the calls to a host go instead, if it is one that is played by a stand-in."""
    address = (outgoing.addresses or {}).get(host.lower()) if outgoing.allow_private else None
    if address is None:
        return None
    name, _, port = address.rpartition(":")
    return name.strip("[]"), int(port)


def _speaks_tls(address: tuple[str, int]) -> bool:
    """Whether a stand-in answers a TLS greeting. Its certificate is checked later, by the call itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(address, CONNECT_SECONDS) as plain, context.wrap_socket(plain):
            return True
    except ssl.SSLError:
        return False
    except OSError as error:
        if isinstance(error, ConnectionResetError):
            return False
        raise TemporaryFailure("The store could not be reached.") from None


def _read(answer: requests.Response) -> bytes:
    """The body, within its limit."""
    chunks: list[bytes] = []
    size = 0
    while chunk := answer.raw.read1(65536, decode_content=True):
        size += len(chunk)
        if size > BODY_LIMIT:
            raise requests.exceptions.ContentDecodingError("the answer is too large")
        chunks.append(chunk)
    return b"".join(chunks)


def _never_connected(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
            return True
        reason = getattr(seen, "reason", None)
        args = [arg for arg in seen.args if isinstance(arg, BaseException)]
        seen = reason if isinstance(reason, BaseException) else (args[0] if args else seen.__cause__)
    return False


class _Session(requests.Session):
    """Redirects are answers. Not even prepared: one to no address at all would raise."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 -- the library's signature
        return None


class _Denied(Exception):
    """The host resolves to an address that no store has."""


class _WithoutQueries(logging.Filter):
    """Cuts queries off what the library under us logs of a call: some hosts take a key in the query only."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
        return True


_WITHOUT_QUERIES = _WithoutQueries()


class _InTime(io.RawIOBase):
    """What comes through a socket. Each byte begins the socket's own limit anew, so before each look at it that becomes
    what is left of the time of the whole call: its limit at first.
    """

    def __init__(self, connected: socket.socket, inner: io.RawIOBase) -> None:
        self._socket = connected
        self._inner = inner
        self._deadline = time.monotonic() + (connected.gettimeout() or WHOLE_SECONDS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._socket.settimeout(min(READ_SECONDS, left))
        return self._inner.readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer whose headers and body have come in time, or not at all."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_InTime(sock, self.fp.detach()))


class _Connection(HTTPConnection):
    """Resolves once, checks every answer and connects to the checked address; TLS still names the original host."""

    outgoing = Outgoing()
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        host, port = _stand_in(self.outgoing, self.host) or (self.host, self.port or 443)
        if not self.outgoing.allow_private and port != 443:
            raise _Denied("Only port 443 of a store is dialled.")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise urllib3.exceptions.NameResolutionError(host, self, error) from error  # type: ignore[arg-type]
        addresses = [str(entry[4][0]) for entry in found]
        if not self.outgoing.allow_private and not all(is_public(address) for address in addresses):
            raise _Denied("The store's address leads into a private network.")
        try:
            return urllib3_connection.create_connection(
                (addresses[0], port),
                self.timeout,
                source_address=self.source_address,
                socket_options=self.socket_options,
            )
        except TimeoutError as error:
            raise urllib3.exceptions.ConnectTimeoutError(self, "timed out") from error
        except OSError as error:
            raise urllib3.exceptions.NewConnectionError(self, "failed") from error


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _CheckedAdapter(HTTPAdapter):
    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        super().__init__(pool_connections=16, pool_maxsize=16, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)

        def pool(base: type[HTTPConnectionPool], connection: type[HTTPConnection]) -> type[HTTPConnectionPool]:
            checked = type(f"Checked{connection.__name__}", (connection,), {"outgoing": self._outgoing})
            return type(f"Checked{base.__name__}", (base,), {"ConnectionCls": checked})

        self.poolmanager.pool_classes_by_scheme = {
            "http": pool(HTTPConnectionPool, _Connection),
            "https": pool(HTTPSConnectionPool, _SecureConnection),
        }
