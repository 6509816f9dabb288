"""The transport without sockets fails as the real one does, so that tests of failures tell the truth."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from requests.auth import HTTPBasicAuth

from backorder.domain.errors import OutcomeUnknown, TemporaryFailure
from demo.stores.wire import Fault, LocalTransport, every_write

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

URL = "https://shop.example/path?a=1&b=%2C"


class Echo:
    """Answers with what it was asked, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body = environ["wsgi.input"].read().decode()
        told = [environ["REQUEST_METHOD"], environ["HTTP_HOST"], environ["PATH_INFO"], environ["QUERY_STRING"]]
        self.asked.append(" ".join([*told, environ.get("HTTP_AUTHORIZATION", "-"), body]))
        start_response("418 Teapot", [("X-Seen", "Yes"), ("Content-Type", "text/plain")])
        return [b"seen"]


@pytest.fixture
def shop() -> Echo:
    return Echo()


@pytest.fixture
def transport(shop: Echo) -> LocalTransport:
    return LocalTransport({"shop.example": shop})


def test_a_call_arrives_whole_and_its_answer_comes_back_whatever_its_status(
    transport: LocalTransport, shop: Echo
) -> None:
    reply = transport.request("POST", URL, data='{"x": "ü"}'.encode(), auth=HTTPBasicAuth("a", "b"))

    assert shop.asked == ['POST shop.example /path a=1&b=%2C Basic YTpi {"x": "ü"}']
    assert (reply.status, reply.headers["x-seen"], reply.body) == (418, "Yes", b"seen")


def test_a_host_without_a_stand_in_cannot_be_reached(transport: LocalTransport) -> None:
    with pytest.raises(TemporaryFailure):
        transport.request("POST", "https://other.example/")


@pytest.mark.parametrize(
    ("fault", "method", "family", "arrived"),
    [
        (Fault.UNREACHABLE, "GET", TemporaryFailure, 0),
        (Fault.UNREACHABLE, "POST", TemporaryFailure, 0),
        (Fault.LOST_CALL, "GET", TemporaryFailure, 0),
        (Fault.LOST_CALL, "POST", OutcomeUnknown, 0),
        (Fault.LOST_ANSWER, "GET", TemporaryFailure, 1),
        (Fault.LOST_ANSWER, "POST", OutcomeUnknown, 1),
    ],
)
def test_what_a_fault_means_depends_on_whether_the_call_writes(
    transport: LocalTransport, shop: Echo, fault: Fault, method: str, family: type[Exception], arrived: int
) -> None:
    transport.fail(fault)

    with pytest.raises(family):
        transport.request(method, URL)

    assert len(shop.asked) == arrived


def test_a_read_by_post_is_no_write(transport: LocalTransport) -> None:
    transport.fail(Fault.LOST_ANSWER)

    with pytest.raises(TemporaryFailure):
        transport.request("POST", URL, write=False)


def test_a_trouble_waits_for_the_call_that_it_concerns(transport: LocalTransport) -> None:
    transport.answer(429, b"slow down", [("Retry-After", "9")], concerns=every_write)

    assert [transport.request(method, URL).status for method in ("GET", "POST", "POST")] == [418, 429, 418]


def test_a_trouble_may_last(transport: LocalTransport) -> None:
    transport.answer(503, times=2)

    assert [transport.request("GET", URL).status for _ in range(3)] == [503, 503, 418]
