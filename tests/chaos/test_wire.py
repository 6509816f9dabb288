"""What the proxy does to a call, and what the mailer says about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from demo.mailbox import HOST, SilentRequests
from tests.chaos.proxy import Proxy, Trouble
from tests.chaos.scenarios.post import broken_off

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ANSWER = b"x" * 2000


@dataclass
class Store:
    """Answers and counts what arrives."""

    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        self.bodies.append(Request(environ).get_data())
        return Response(ANSWER)(environ, start_response)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def proxy(store: Store) -> Iterator[Proxy]:
    server = make_server(HOST, 0, store, threaded=True, request_handler=SilentRequests)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    with Proxy(server.server_port, slow_seconds=0.3) as between:
        yield between
    server.shutdown()
    thread.join()
    server.server_close()


def call(proxy: Proxy) -> str:
    """One call through the proxy: "answered", or how it failed."""
    try:
        answer = requests.post(f"http://{HOST}:{proxy.port}/", data=b"hello", timeout=1)
    except requests.RequestException as error:
        return type(error).__name__
    return "answered" if answer.content == ANSWER else "otherwise"


@pytest.mark.parametrize(
    ("trouble", "said", "arrived"),
    [
        (Trouble.NONE, "answered", 1),
        (Trouble.REFUSED, "ConnectionError", 0),
        (Trouble.LOST_REQUEST, "ConnectionError", 0),
        (Trouble.LOST_ANSWER, "ConnectionError", 1),
        (Trouble.CUT_ANSWER, "ChunkedEncodingError", 1),
        (Trouble.SLOW, "answered", 1),
    ],
)
def test_a_trouble_decides_what_arrives_and_what_is_answered(
    proxy: Proxy, store: Store, trouble: Trouble, said: str, arrived: int
) -> None:
    with proxy.troubled(trouble):
        assert call(proxy) == said
    assert store.bodies == [b"hello"] * arrived
    assert proxy.struck.total() == (trouble is not Trouble.NONE)


def test_after_a_trouble_calls_are_answered_again(proxy: Proxy, store: Store) -> None:
    with proxy.troubled(Trouble.LOST_REQUEST):
        call(proxy)
    assert (call(proxy), store.bodies) == ("answered", [b"hello"])


def test_a_mail_whose_link_breaks_is_never_said_to_have_failed_after_it_left() -> None:
    assert [(e.sentence, e.holds) for e in broken_off()] == [
        ("lost request: unknown, 0 mails came", True),
        ("lost answer: unknown, 1 mails came", True),
        ("cut after answer: sent, 1 mails came", True),
    ]
