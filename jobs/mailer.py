"""Sending one message, with the three outcomes told apart: sent, not sent, nobody knows."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from backorder.domain.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure
from backorder.domain.policy import plausible_address

HEADERS = (
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Message:
    """One mail to one recipient."""

    sender_name: str
    sender: str
    recipient: str
    reply_to: str
    subject: str
    text: str
    html: str
    message_id: str
    at: datetime


class Mailer(Protocol):
    """Hands one message to a mail server."""

    def send(self, message: Message) -> None:
        """Return when the server took it. Raises TemporaryFailure, PermanentFailure or OutcomeUnknown."""


def as_bytes(message: Message) -> bytes:
    """The message as it goes over the wire.

    Raises PermanentFailure where an address or a header could say more than it should: the standard library of
    supported Python versions lets an encoded word smuggle a header in (CVE-2024-6923), so the bytes are read back
    and must hold exactly the headers that were put in.
    """
    for address in (message.sender, message.recipient, message.reply_to):
        if address and not plausible_address(address):
            raise PermanentFailure("The address is not one that a mail can be sent to.")
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = Address(one_line(message.sender_name), addr_spec=message.sender)
    mail["To"] = Address(addr_spec=message.recipient)
    if message.reply_to:
        mail["Reply-To"] = Address(addr_spec=message.reply_to)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{message.message_id}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    raw = mail.as_bytes()
    found = message_from_bytes(raw, policy=policy.default)
    expected = [name for name in HEADERS if name != "Reply-To" or message.reply_to]
    if sorted(found.keys()) != sorted(expected) or found.defects or len(found["To"].addresses) != 1:
        raise PermanentFailure("The message would carry headers that nobody put in.")
    return raw


def one_line(text: str) -> str:
    """Text that cannot end a header line: no controls, no encoded words, at most 200 characters."""
    kept = "".join(" " if ord(char) < 32 or char in "\x7f\x85\u2028\u2029" else char for char in text)
    return " ".join(kept.replace("=?", "= ?").split())[:200]


class NoMailer:
    """For an operator who has set no mail server: every message fails with the sentence that says so."""

    def send(self, message: Message) -> None:
        del message
        raise PermanentFailure("No mail server is set (WAITLINE_SMTP_URL).")


class SmtpMailer:
    """Sends by SMTP: smtp://host:port (STARTTLS where offered) or smtps://user:password@host:port."""

    def __init__(self, url: str, seconds: float = 15.0) -> None:
        self._url = urlsplit(url)
        self._seconds = seconds

    def send(self, message: Message) -> None:
        raw = as_bytes(message)
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise TemporaryFailure(f"The mail server could not be reached ({type(error).__name__}).", 60) from None
        handed_over = False
        try:
            with server:
                _raise_unless(server.mail(message.sender), {250})
                _raise_unless(server.rcpt(message.recipient), {250, 251})
                handed_over = True
                _raise_unless(server.data(raw), {250})
        except smtplib.SMTPDataError as error:
            # The server refused to take the content: it answered, so nothing was sent.
            raise _refusal(error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException) as error:
            if handed_over:
                raise OutcomeUnknown("The mail server took the message and did not answer.") from None
            raise TemporaryFailure(f"The mail server broke off ({type(error).__name__}).", 60) from None

    def _connect(self) -> smtplib.SMTP:
        host, port = self._url.hostname or "localhost", self._url.port
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port or 465, timeout=self._seconds, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, port or 25, timeout=self._seconds)
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if self._url.username:
            server.login(unquote(self._url.username), unquote(self._url.password or ""))
        return server


def _raise_unless(answer: tuple[int, bytes], good: set[int]) -> None:
    code, said = answer
    if code not in good:
        raise _refusal(code, said)


def _refusal(code: int, said: bytes | str) -> TemporaryFailure | PermanentFailure:
    """4xx: try again later. 5xx: never. What the server said is cut: it may quote addresses."""
    del said
    if 400 <= code < 500:
        return TemporaryFailure(f"The mail server asks to try later ({code}).", 300)
    return PermanentFailure(f"The mail server refused the message ({code}).")


class MemoryMailer:
    """Keeps what was sent, for runs without a mail server."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        as_bytes(message)
        self.sent.append(message)
