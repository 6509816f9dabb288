"""The demo's mailbox, with mails handed over as a mail program does."""

import json
import smtplib
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest

from demo.mailbox import Mailbox

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox(clock=lambda: AT) as mailbox:
        yield mailbox


def send(mailbox: Mailbox, subject: str, html: str) -> None:
    message = EmailMessage()
    message["From"] = "shop@example.com"
    message["To"] = "ada@example.org"
    message["Subject"] = subject
    message.set_content("Your order waits until 3 December.")
    message.add_alternative(html, subtype="html")
    where = urlsplit(mailbox.smtp_url)
    with smtplib.SMTP(where.hostname or "", where.port or 0) as server:
        server.send_message(message)


def get(mailbox: Mailbox, path: str) -> str:
    with urllib.request.urlopen(mailbox.url + path, timeout=5) as answer:
        return str(answer.read().decode())


def test_a_mail_is_kept_with_both_its_forms(mailbox: Mailbox) -> None:
    send(mailbox, "Größe 42 wartet", "<p>Your <b>order</b> waits.</p>")
    messages = json.loads(get(mailbox, "/messages.json"))
    assert len(messages) == 1
    assert {name: messages[0][name] for name in ("to", "subject", "text", "html", "received")} == {
        "to": "ada@example.org",
        "subject": "Größe 42 wartet",
        "text": "Your order waits until 3 December.\n",
        "html": "<p>Your <b>order</b> waits.</p>\n",
        "received": "2026-11-21T09:30:00+00:00",
    }
    assert messages[0]["headers"]["From"] == "shop@example.com"


def test_the_page_lists_mails_newest_first_and_shows_one_without_its_scripts(mailbox: Mailbox) -> None:
    send(mailbox, "first", "<p>one</p>")
    send(mailbox, "<script>second</script>", "<script>alert(1)</script>")
    index = get(mailbox, "/")
    assert index.index("second") < index.index("first")
    assert index.count("<script>") == 0
    shown = get(mailbox, "/messages/2")
    assert shown.count("<script>") == 0
    assert shown.count('sandbox="allow-popups allow-popups-to-escape-sandbox"') == 1


def test_an_empty_mailbox_says_so_and_a_missing_mail_is_not_found(mailbox: Mailbox) -> None:
    assert get(mailbox, "/").count("No mail has come in yet.") == 1
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(mailbox, "/messages/1")
