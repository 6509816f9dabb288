"""A transport without sockets: calls to a store run its stand-in in this process.

Only the socket is replaced: what `requests` prepares, what can be raised and what `connectors.http.Transport` makes of
it are the real ones. A test says what goes wrong with the next calls here, or on the store (`demo.stores.troubles`).
"""

import io
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter

from connectors.http import Outgoing, Reply, Transport
from demo.stores.troubles import run

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Concerns = Callable[[str, str], bool]
"""Whether a trouble concerns a call, by its method and its whole URL."""


class Fault(StrEnum):
    """What can happen to a call."""

    UNREACHABLE = "unreachable"
    """It never left: nothing was done, and the caller knows it."""
    LOST_CALL = "lost_call"
    """It left and never arrived: nothing was done, and nobody knows."""
    LOST_ANSWER = "lost_answer"
    """The store did the work and its answer was lost."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    what: Fault | Reply
    concerns: Concerns


def every_call(method: str, url: str) -> bool:
    """A trouble for whatever comes next."""
    return bool(method or url)


def every_write(method: str, url: str) -> bool:
    """A trouble for the next call that is not a GET. Not for platforms that read by POST."""
    return bool(url) and method != "GET"


class LocalTransport(Transport):
    """Calls the stand-in that `apps` names for the host. A host without one cannot be reached."""

    def __init__(self, apps: Mapping[str, "WSGIApplication"]) -> None:
        super().__init__(Outgoing(allow_private=True))
        self._apps = dict(apps)
        self._troubles: deque[_Trouble] = deque()
        self.calls: list[tuple[str, str]] = []
        """Every call tried so far: method and URL."""

    def fail(self, what: Fault, *, times: int = 1, concerns: Concerns = every_call) -> None:
        """Let the next calls of that kind go wrong, once each."""
        self._troubles.extend([_Trouble(what, concerns)] * times)

    def answer(
        self,
        status: int,
        body: bytes = b"",
        headers: Iterable[tuple[str, str]] = (),
        *,
        times: int = 1,
        concerns: Concerns = every_call,
    ) -> None:
        """Let the next calls of that kind get this answer from something that stands before the store."""
        self._troubles.extend([_Trouble(Reply(status, dict(headers), body), concerns)] * times)

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
        """As promised by `Transport.request`, with the troubles that were asked for."""
        self.calls.append((method, url))
        return super().request(method, url, headers=headers, data=data, auth=auth, write=write)

    def carry(self, call: requests.PreparedRequest) -> Reply:
        """The store's answer to a prepared call. Raises what a socket to it would make `requests` raise."""
        method, url = str(call.method), str(call.url)
        trouble = self._trouble_for(method, url)
        app = self._apps.get(urlsplit(url).hostname or "")
        if app is None or trouble is Fault.UNREACHABLE:
            pool = urllib3.HTTPConnectionPool("stand-in")
            refused = urllib3.exceptions.NewConnectionError(pool, "refused")  # type: ignore[arg-type]
            raise requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, url, refused))
        if isinstance(trouble, Reply):
            return trouble
        try:
            answer = None if trouble is Fault.LOST_CALL else run(app, _environ(call))
        except TimeoutError as error:
            raise requests.ReadTimeout(str(error)) from None
        except ConnectionError as error:
            raise requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", error)) from None
        if answer is None or trouble is Fault.LOST_ANSWER:
            raise requests.ReadTimeout("Read timed out.")
        return Reply(answer.status, answer.headers, answer.body)

    def _adapter(self) -> BaseAdapter:
        return _Adapter(self)

    def _trouble_for(self, method: str, url: str) -> Fault | Reply | None:
        for trouble in self._troubles:
            if trouble.concerns(method, url):
                self._troubles.remove(trouble)
                return trouble.what
        return None


class _Adapter(BaseAdapter):
    """Where `requests` would open a socket."""

    def __init__(self, transport: LocalTransport) -> None:
        super().__init__()
        self._transport = transport

    def send(self, request: requests.PreparedRequest, *_how: Any, **_named: Any) -> requests.Response:
        reply = self._transport.carry(request)
        answer = requests.Response()
        answer.status_code = reply.status
        answer.headers.update(reply.headers)
        answer.raw = urllib3.HTTPResponse(
            io.BytesIO(reply.body), reply.headers, reply.status, preload_content=False, decode_content=False
        )
        answer.url = str(request.url)
        answer.request = request
        return answer

    def close(self) -> None:
        """There is nothing to close."""


def _environ(call: requests.PreparedRequest) -> "WSGIEnvironment":
    """A prepared call as a WSGI server hands it to its application."""
    parts = urlsplit(str(call.url))
    body = call.body.encode() if isinstance(call.body, str) else call.body or b""
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": str(call.method),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in call.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ
