"""A transport without sockets: calls to a store run its stand-in in this process.

It keeps every promise of `connectors.http.Transport` about answers and failures, and lets a test say what goes
wrong with the next calls.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from werkzeug.test import Client

from backorder.domain.errors import OutcomeUnknown, TemporaryFailure
from connectors.http import USER_AGENT, Outgoing, Reply, Transport

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

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
        self._clients = {host: Client(app, use_cookies=False) for host, app in apps.items()}
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
        reply = Reply(status, {name.lower(): value for name, value in headers}, body)
        self._troubles.extend([_Trouble(reply, concerns)] * times)

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
        writes = method != "GET" if write is None else write
        trouble = self._trouble_for(method, url)
        client = self._clients.get(urlsplit(url).hostname or "")
        if client is None or trouble is Fault.UNREACHABLE:
            raise TemporaryFailure("The store could not be reached.")
        if isinstance(trouble, Reply):
            return trouble
        if trouble is not Fault.LOST_CALL:
            reply = _run(client, method, url, {"User-Agent": USER_AGENT, **(headers or {})}, data, auth)
            if trouble is None:
                return reply
        if writes:
            raise OutcomeUnknown("The store did not answer in time.")
        raise TemporaryFailure("The store did not answer (ReadTimeout).")

    def _trouble_for(self, method: str, url: str) -> Fault | Reply | None:
        for trouble in self._troubles:
            if trouble.concerns(method, url):
                self._troubles.remove(trouble)
                return trouble.what
        return None


def _run(
    client: Client, method: str, url: str, headers: Mapping[str, str], data: bytes | str | None, auth: Any
) -> Reply:
    """Prepare the call as `requests` would (authentication, encoding) and hand it to the application."""
    prepared = requests.Request(method, url, headers=dict(headers), data=data, auth=auth).prepare()
    parts = urlsplit(prepared.url or url)
    answer = client.open(
        parts.path,
        base_url=f"{parts.scheme}://{parts.netloc}",
        query_string=parts.query,
        method=method,
        headers={name: value for name, value in prepared.headers.items() if name.lower() != "content-length"},
        data=prepared.body,
    )
    return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.data)
