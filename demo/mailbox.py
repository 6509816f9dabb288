"""A mail server that keeps what it is given, and a page to read it: where the demo's mails go.

For this machine only: it listens on loopback, takes mail from anybody for anybody, and forgets all when it stops.
"""

import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from flask import Flask, Response, abort, jsonify, render_template_string
from werkzeug.serving import WSGIRequestHandler, make_server

HOST = "127.0.0.1"
KEPT = 1000
"""How many mails are kept; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it came in. `received` is in UTC, in ISO format."""

    number: int
    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    received: str


class Mailbox:
    """Takes mails from entering to leaving the context. A port of 0 means any free one."""

    def __init__(
        self, *, smtp_port: int = 0, http_port: int = 0, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._clock = clock
        self._kept: deque[Mail] = deque(maxlen=KEPT)
        self._count = 0
        self._smtp_port = smtp_port or _free_port()
        self._smtp = Controller(_Handler(self._take), hostname=HOST, port=self._smtp_port)
        self._http = make_server(HOST, http_port, _pages(self), threaded=True, request_handler=SilentRequests)
        self._thread = threading.Thread(target=self._http.serve_forever, name="mailbox", daemon=True)

    @property
    def smtp_url(self) -> str:
        """Where mails are handed over, as WAITLINE_SMTP_URL takes it."""
        return f"smtp://{HOST}:{self._smtp_port}"

    @property
    def url(self) -> str:
        """Where a person reads them."""
        return f"http://{HOST}:{self._http.server_port}"

    @property
    def mails(self) -> list[Mail]:
        """What has come in, oldest first."""
        return list(self._kept)

    def _take(self, recipients: list[str], content: bytes) -> None:
        message = message_from_bytes(content, policy=policy.default)
        bodies = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
        texts = {kind: str(body.get_content()).replace("\r\n", "\n") if body else "" for kind, body in bodies.items()}
        self._count += 1
        self._kept.append(
            Mail(
                number=self._count,
                to=", ".join(recipients),
                subject=str(message["Subject"] or ""),
                text=texts["plain"],
                html=texts["html"],
                headers={name: str(value) for name, value in message.items()},
                received=self._clock().isoformat(timespec="seconds"),
            )
        )

    def __enter__(self) -> "Mailbox":
        self._smtp.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._smtp.stop()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Handler:
    """What the mail server calls with each mail."""

    def __init__(self, take: Callable[[list[str], bytes], None]) -> None:
        self._take = take

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002 - its names
        self._take(list(envelope.rcpt_tos), envelope.original_content)
        return "250 OK"


class SilentRequests(WSGIRequestHandler):
    """Serves without a line per call on the terminal."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """The demo's own lines are what is to be read on the terminal."""


def _pages(mailbox: Mailbox) -> Flask:
    pages = Flask(__name__)

    @pages.get("/")
    def index() -> str:
        return render_template_string(_INDEX, mails=mailbox.mails[::-1])

    @pages.get("/messages.json")
    def messages() -> Response:
        return jsonify([asdict(mail) for mail in mailbox.mails])

    @pages.get("/messages/<int:number>")
    def message(number: int) -> str:
        mail = next((mail for mail in mailbox.mails if mail.number == number), None)
        if mail is None:
            abort(404)
        return render_template_string(_MESSAGE, mail=mail)

    @pages.after_request
    def guard(response: Response) -> Response:
        # A mail is shown as mail programs do: no scripts, nothing fetched from elsewhere.
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        response.headers["Cache-Control"] = "no-store"
        return response

    return pages


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
  table { border-collapse: collapse; width: 100% }
  td, th { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #ddd; overflow-wrap: anywhere }
  iframe { width: 100%; height: 32rem; border: 1px solid #ddd }
  pre { white-space: pre-wrap; background: #f6f6f6; padding: 1rem }
</style>
"""
_INDEX = (
    """{% set title = "Mailbox of the demo" %}"""
    + _HEAD
    + """<h1>Mailbox of the demo</h1>
{% if mails %}
<table>
  <tr><th scope="col">To</th><th scope="col">Subject</th><th scope="col">Received (UTC)</th></tr>
  {% for mail in mails %}
  <tr>
    <td>{{ mail.to }}</td>
    <td><a href="/messages/{{ mail.number }}">{{ mail.subject or "(no subject)" }}</a></td>
    <td>{{ mail.received[:19] | replace("T", " ") }}</td>
  </tr>
  {% endfor %}
</table>
{% else %}
<p>No mail has come in yet. Load the page again in a moment.</p>
{% endif %}
"""
)
_MESSAGE = (
    """{% set title = mail.subject %}"""
    + _HEAD
    + """<p><a href="/">All mails</a></p>
<h1>{{ mail.subject }}</h1>
<p>To {{ mail.to }}, received {{ mail.received[:19] | replace("T", " ") }} UTC</p>
{% if mail.html %}
<iframe title="The mail" sandbox="allow-popups allow-popups-to-escape-sandbox"
  srcdoc="{{ '<base target=_blank>' ~ mail.html }}"></iframe>
{% endif %}
<h2>As plain text</h2>
<pre>{{ mail.text }}</pre>
"""
)
