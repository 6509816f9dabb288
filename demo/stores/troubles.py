"""What goes wrong with the next calls to a stand-in store: the same words for every platform.

A trouble is told beforehand and meets the next calls that it concerns. Over a socket it is real: the connection hangs,
breaks off or trickles. In one process, where there is no socket, what a caller would meet is raised: TimeoutError or
ConnectionResetError (`demo.stores.wire` turns them into what a real transport raises).
"""

import contextlib
import gzip
import io
import json
import os
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HANG_SECONDS = 30.0
"""How long a connection hangs where the caller does not give up before: longer than any caller of ours waits."""
TRICKLE_SECONDS = 0.25
"""Between two bytes of a slow body."""


class Broken(StrEnum):
    """What can happen to the connection of a call."""

    TIMEOUT_BEFORE = "timeout_before"
    """No answer in time, and nothing was done."""
    TIMEOUT_AFTER = "timeout_after"
    """The work was done; its answer does not come in time."""
    RESET_BEFORE = "reset_before"
    """The connection breaks off, and nothing was done."""
    RESET_AFTER = "reset_after"
    """The work was done; the connection breaks off before the answer."""
    SLOW = "slow"
    """The work was done; its answer comes byte by byte, for longer than anybody waits."""
    TRUNCATED = "truncated"
    """The work was done; the answer is well-formed HTTP with half of its body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of something that stands before the store, or of a store that does not do the work.

    With `done` it comes after the work, as that of a proxy that gave up waiting.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    done: bool = False


def page(status: int, words: str, done: bool = False, **headers: str) -> Answer:
    """A page of HTML, as hosts and proxies answer."""
    body = f"<!DOCTYPE html><html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body.encode(), {"Content-Type": "text/html; charset=utf-8", **named}, done)


def said(status: int, told: Any, **headers: str) -> Answer:
    """An answer in JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(told).encode(), {"Content-Type": "application/json", **named})


def bomb() -> Answer:
    """64 MB of blanks in 64 kB, as JSON: more than a caller may take. Put together from equal pieces."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return Answer(200, gzip.compress(b" " * 2**20) * 64, headers, done=True)


ANSWERS: Mapping[str, Answer] = {
    "429": page(429, "Too Many Requests", Retry_After="2"),
    "500": page(500, "Internal Server Error"),
    "502": page(502, "Bad Gateway"),
    "503": page(503, "Service Unavailable"),
    "504": page(504, "Gateway Timeout"),
    "500_after": page(500, "Internal Server Error", done=True),
    "502_after": page(502, "Bad Gateway", done=True),
    "504_after": page(504, "Gateway Timeout", done=True),
    "html": page(200, "One moment, please"),
    "moved": page(302, "Found", Location="/moved"),
    "bomb": bomb(),
}
"""What every platform's calls can meet. A store adds its own words, such as that for a revoked key."""


@dataclass
class Trouble:
    """What goes wrong, how often, and with which calls. Everything that is empty or `None` concerns all."""

    what: Broken | Answer
    times: int | None = 1
    """`None`: until it is mended."""
    method: str = ""
    path: str = ""
    """A part of the path with its query."""
    operation: str = ""
    """The name of a GraphQL operation."""
    writes: bool | None = None
    """Only calls that change something, or only those that do not."""

    def concerns(self, call: "Call") -> bool:
        """Whether it goes wrong with this call."""
        return (
            self.method in ("", call.method)
            and self.path in call.path
            and self.operation in ("", call.operation)
            and self.writes in (None, call.writes)
        )


@dataclass(frozen=True, slots=True)
class Call:
    """A call as far as troubles look at it."""

    method: str
    path: str
    operation: str
    writes: bool


class Troubles:
    """The troubles of one store, in the order in which they were told. They meet calls to paths that begin with `api`
    only: buttons, and pages for people, always work. `names` are the store's own answers.
    """

    def __init__(self, api: str = "/", names: Mapping[str, Answer] | None = None) -> None:
        self._api = api
        self.hang_seconds = HANG_SECONDS
        self.names: dict[str, Broken | Answer] = {word.value: word for word in Broken} | {**ANSWERS, **(names or {})}
        self.waiting: list[Trouble] = []
        self.met: list[tuple[str, str]] = []
        """What went wrong so far: the word for it, and the operation or the path that it met."""
        self._lock = threading.Lock()

    def fail(
        self,
        what: "str | Broken | Answer",
        times: int | None = 1,
        *,
        method: str = "",
        path: str = "",
        operation: str = "",
        writes: bool | None = None,
    ) -> None:
        """Let the next calls of that kind go wrong. Raises KeyError for a word that the store does not know."""
        known = what if isinstance(what, Broken | Answer) else self.names[what]
        with self._lock:
            self.waiting.append(Trouble(known, times, method.upper(), path, operation, writes))

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self.waiting.clear()

    def play(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", store: "WSGIApplication"
    ) -> Iterable[bytes]:
        """Answer a call, with what is to go wrong with it."""
        if not self.waiting or not environ.get("PATH_INFO", "").startswith(self._api):
            return store(environ, start_response)
        call = _call(environ)
        what = self._next(call)
        if what is None:
            return store(environ, start_response)
        if isinstance(what, Answer):
            if what.done:
                run(store, environ)
            return _start(start_response, what)
        line = _Line(environ.get("werkzeug.socket"), self.hang_seconds)
        if what in (Broken.TIMEOUT_BEFORE, Broken.RESET_BEFORE):
            line.break_off(hang=what is Broken.TIMEOUT_BEFORE)
        answer = run(store, environ)
        if what in (Broken.TIMEOUT_AFTER, Broken.RESET_AFTER):
            line.break_off(hang=what is Broken.TIMEOUT_AFTER)
        if what is Broken.SLOW:
            return line.trickle(answer, start_response)
        return _start(start_response, Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers))

    def blueprint(self) -> Blueprint:
        """`POST /_control/fail` and `POST /_control/mend`."""
        blueprint = Blueprint("troubles", __name__, url_prefix="/_control")
        blueprint.add_url_rule("/fail", "fail", self._fail, methods=["POST"])
        blueprint.add_url_rule("/mend", "mend", self._mend, methods=["POST"])
        return blueprint

    def _fail(self) -> tuple[Response, int]:
        asked = dict(request.get_json())
        what = asked.pop("what", "")
        if what not in self.names:
            return jsonify({"error": f"There is no trouble {what}. There are: {', '.join(sorted(self.names))}."}), 400
        if unknown := asked.keys() - {"times", "method", "path", "operation", "writes"}:
            return jsonify({"error": f"A trouble has no {', '.join(sorted(unknown))}."}), 400
        self.fail(what, asked.pop("times", 1), **asked)
        return jsonify({}), 200

    def _mend(self) -> Response:
        self.mend()
        return jsonify({"met": self.met})

    def _next(self, call: Call) -> Broken | Answer | None:
        with self._lock:
            for trouble in self.waiting:
                if trouble.concerns(call):
                    if trouble.times is not None:
                        trouble.times -= 1
                        if trouble.times <= 0:
                            self.waiting.remove(trouble)
                    word = trouble.what.value if isinstance(trouble.what, Broken) else str(trouble.what.status)
                    self.met.append((word, call.operation or call.path))
                    return trouble.what
        return None


class _Line:
    """The connection of a call: a socket, or none where caller and store are one process."""

    def __init__(self, connection: socket.socket | None, hang_seconds: float) -> None:
        self._connection = connection
        self._hang_seconds = hang_seconds

    def break_off(self, *, hang: bool) -> None:
        """End without an answer, at once or after nobody waits any more. Never returns."""
        if self._connection is None:
            raise TimeoutError("The store does not answer.") if hang else ConnectionResetError("The store broke off.")
        if hang:
            # A caller that gives up closes its side: then there is something to read.
            select.select([self._connection], [], [], self._hang_seconds)
        else:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                os.close(self._connection.detach())
        raise ConnectionResetError("This call is not answered.")

    def trickle(self, answer: Answer, start_response: "StartResponse") -> Iterable[bytes]:
        """The answer's headers at once, its body a byte at a time."""
        if self._connection is None:
            raise TimeoutError("The store answers too slowly.")
        return _trickling(_start(start_response, answer), self._hang_seconds)


def _trickling(body: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    over = time.monotonic() + seconds
    for byte in b"".join(body):
        if time.monotonic() > over:
            raise ConnectionResetError("The rest is not sent.")
        time.sleep(TRICKLE_SECONDS)
        yield bytes((byte,))


def _call(environ: "WSGIEnvironment") -> Call:
    """Look at a call; its body can be read again."""
    method = environ["REQUEST_METHOD"]
    query = environ.get("QUERY_STRING", "")
    path = environ.get("PATH_INFO", "") + (f"?{query}" if query else "")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    if not environ.get("PATH_INFO", "").endswith("/graphql.json"):
        # An empty POST changes nothing: an app asks by it whether it may write.
        return Call(method, path, "", method != "GET" and (method, body) != ("POST", b"{}"))
    try:
        asked = json.loads(body)
    except ValueError:
        return Call(method, path, "", writes=False)
    name = str(asked.get("operationName") or "") if isinstance(asked, dict) else ""
    text = str(asked.get("query") or "") if isinstance(asked, dict) else ""
    mutation = rf"\bmutation\s+{name}\b" if name else r"^\s*mutation\b"
    return Call(method, path, name, re.search(mutation, text) is not None)


def run(store: "WSGIApplication", environ: "WSGIEnvironment") -> Answer:
    """Let the store do the work, and keep its answer."""
    began: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], object]:
        began.append((status, headers))
        return lambda _data: None

    given = store(environ, start)
    try:
        body = b"".join(given)
    finally:
        close: Callable[[], object] | None = getattr(given, "close", None)
        if close is not None:
            close()
    status, headers = began[-1]
    return Answer(int(status.split()[0]), body, dict(headers))


def _start(start_response: "StartResponse", answer: Answer) -> Iterable[bytes]:
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() != "content-length"]
    start_response(f"{answer.status} Answer", [*headers, ("Content-Length", str(len(answer.body)))])
    return [answer.body]
