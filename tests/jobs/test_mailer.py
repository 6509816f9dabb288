"""A message has exactly the headers that were put in, and its three outcomes are told apart."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller

from backorder.domain.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure
from jobs.mailer import HEADERS, Message, SmtpMailer, as_bytes

MESSAGE = Message(
    sender_name="Harbour Outfitters",
    sender="orders@shop.example",
    recipient="ada@example.com",
    reply_to="help@shop.example",
    subject="Your order 100",
    text="Hello Ada",
    html="<p>Hello Ada</p>",
    message_id="notice-1-1@waitline.example",
    at=datetime(2026, 1, 5, 12, tzinfo=UTC),
)

HOSTILE = [
    "Mug\r\nBcc: all@example.com",
    "Mug\nX-Other: 1",
    "=?utf-8?q?hi=0ABcc:_e@e.e?=",
    "Mug\u2028Bcc: all@example.com",
    "Mug\x85Bcc: all@example.com",
    "Mug\x00Bcc: all@example.com",
    "a" * 10_000,
    '"Shop" <evil@example.com>, other@example.com',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_in_subject_or_sender_can_add_a_header(text: str) -> None:
    raw = as_bytes(replace(MESSAGE, subject=text, sender_name=text))
    found = message_from_bytes(raw, policy=policy.default)
    assert sorted(found.keys()) == sorted(HEADERS)
    assert [address.addr_spec for address in found["From"].addresses] == ["orders@shop.example"]


@pytest.mark.parametrize(
    "address", ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "a@b.example\x00", "<a@b.example>"]
)
def test_an_address_that_is_not_exactly_one_is_refused(address: str) -> None:
    with pytest.raises(PermanentFailure):
        as_bytes(replace(MESSAGE, recipient=address))


class Server:
    """A mail server that answers as it is told."""

    def __init__(self) -> None:
        self.rcpt = self.data = "250 OK"
        self.taken = 0

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope) -> str:
        self.taken += self.data.startswith("250")
        return self.data


@pytest.fixture
def server() -> Iterator[Server]:
    handler = Server()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    handler.url = f"smtp://127.0.0.1:{port}"
    yield handler
    controller.stop()


def test_a_message_that_the_server_takes_is_sent(server: Server) -> None:
    SmtpMailer(server.url).send(MESSAGE)
    assert server.taken == 1


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_not(server: Server, stage: str) -> None:
    setattr(server, stage, "451 Later")
    with pytest.raises(TemporaryFailure):
        SmtpMailer(server.url).send(MESSAGE)
    setattr(server, stage, "550 No")
    with pytest.raises(PermanentFailure):
        SmtpMailer(server.url).send(MESSAGE)


def test_a_server_that_is_not_there_was_handed_nothing() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(TemporaryFailure):
        SmtpMailer(f"smtp://127.0.0.1:{port}").send(MESSAGE)


def test_a_server_that_falls_silent_after_the_message_leaves_the_outcome_unknown() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as wire:
            wire.write(b"220 hello\r\n")
            for answer in (b"250 me", b"250 from", b"250 to", b"354 go on"):
                wire.readline()
                wire.write(answer + b"\r\n")
            while wire.readline() != b".\r\n":
                pass

    thread = threading.Thread(target=talk)
    thread.start()
    with pytest.raises(OutcomeUnknown):
        SmtpMailer(f"smtp://127.0.0.1:{listener.getsockname()[1]}").send(MESSAGE)
    thread.join()
    listener.close()
