"""F-06: the mail server breaks off before the final dot, after it, and after its 250."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from backorder.domain.errors import OutcomeUnknown, TemporaryFailure
from demo.mailbox import HOST, Mailbox
from jobs.mailer import Message, SmtpMailer
from tests.chaos.arena import FINAL_DOT, Arena, arena
from tests.chaos.load import Load
from tests.chaos.proxy import Proxy, Trouble
from tests.chaos.scenarios.expectation import Expectation, nothing_lost
from tests.processes.running import until

ORDERS = 6
OUTCOMES = {
    # What the mailer says, and how many mails came in. Before the final dot nothing was handed over, but nobody on
    # this side can tell it from a dot that arrived: it may be retried or unknown, never sent twice.
    Trouble.LOST_REQUEST: ({"unknown", "later"}, 0),
    Trouble.LOST_ANSWER: ({"unknown"}, 1),
    Trouble.CUT_AFTER_ANSWER: ({"sent"}, 1),
}


def hand_over(smtp_url: str, number: int) -> str:
    """Hand one message over; the mailer's word for what became of it."""
    message = Message(
        sender_name="Lab Goods",
        sender="orders@waitline.example",
        recipient="ada@example.com",
        reply_to="",
        subject="Your order",
        text="It waits.",
        html="<p>It waits.</p>",
        message_id=f"notice-0-{number}@waitline.example",
        at=datetime.now(UTC),
    )
    try:
        SmtpMailer(smtp_url, seconds=3).send(message)
    except TemporaryFailure:
        return "later"
    except OutcomeUnknown:
        return "unknown"
    return "sent"


def broken_off() -> Iterator[Expectation]:
    """One message for each way of breaking off."""
    with Mailbox() as mailbox, Proxy(int(mailbox.smtp_url.rpartition(":")[2]), marker=FINAL_DOT) as proxy:
        for number, (trouble, (words, mails)) in enumerate(OUTCOMES.items()):
            before = len(mailbox.mails)
            with proxy.troubled(trouble):
                word = hand_over(f"smtp://{HOST}:{proxy.port}", number)
            came = len(mailbox.mails) - before
            yield Expectation(word in words and came == mails, f"{trouble.value}: {word}, {came} mails came")


def broken_story(here: Arena, load: Load) -> Iterator[Expectation]:
    """Orders that wait, and a mail server that breaks off after every one: each customer is written at most once."""
    store = here.stores[1]
    unknown = 0
    for trouble in OUTCOMES:
        before = here.post.struck[trouble]
        with here.post.troubled(trouble):
            for number in range(ORDERS):
                store.shop.order("MUG", 1, f"{trouble.name.lower()}{number} Example")
            until(partial(_struck, here, trouble, before + ORDERS), f"{trouble.value} for all", 60)
            here.rest(60)
        unknown += ORDERS if trouble is not Trouble.CUT_AFTER_ANSWER else 0
    yield from nothing_lost(here, load, unknown)


def _struck(here: Arena, trouble: Trouble, times: int) -> bool:
    return here.post.struck[trouble] >= times


def f06(engine: str) -> Iterator[Expectation]:
    """The link to the mail server breaks before the final dot, after it without a reply, and after 250."""
    yield from broken_off()
    with arena(engine) as here:
        load = Load(here, 6)
        here.rest(60)
        yield from broken_story(here, load)
