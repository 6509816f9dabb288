"""The merchant's choices. One field, one meaning; what each does to a customer is said in its help sentence."""

from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from backorder.domain.errors import Rejected
from backorder.domain.supply import ZERO, Units


class Split(StrEnum):
    """When units that are there may leave although others of the order are not."""

    SHIP_AVAILABLE = "ship_available"
    LINE_WHOLE = "line_whole"
    ORDER_WHOLE = "order_whole"


class NoticeKind(StrEnum):
    """What a message to a customer is about."""

    BACKORDERED = "backordered"
    ALLOCATED = "allocated"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class PolicyError(Rejected):
    """A choice that makes no sense, with the sentence that says so and the field it is about."""

    status = 422

    def __init__(self, field_name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field_name


@dataclass(frozen=True, slots=True)
class BackorderPolicy:
    """Everything the merchant decides, for one store. `version` grows by one with each saved change."""

    version: int = 1
    accept_backorders: bool = True
    split: Split = Split.SHIP_AVAILABLE
    late_lines_wait: bool = True
    keep_back: Units = ZERO
    lead_time_days: int | None = None
    handling_days: int = 1
    inbound_buffer_days: int = 3
    notices: frozenset[NoticeKind] = field(default_factory=lambda: frozenset(NoticeKind))
    sender_name: str = ""
    reply_to: str = ""
    tag_prefix: str = "backorder"
    settle_seconds: int = 120
    paused: bool = False

    @property
    def settle(self) -> timedelta:
        """How long an imbalance between the store's figures and ours is waited for."""
        return timedelta(seconds=self.settle_seconds)

    def changed(self, **choices: Any) -> "BackorderPolicy":
        """The policy with these choices and the next version. Raises PolicyError where they make no sense."""
        new = replace(self, **choices, version=self.version + 1)
        check(new)
        return new


HELP = {
    "accept_backorders": "When off, new orders for what is not there get no ship date and no message: they stand on "
    "your first page for you to decide.",
    "split": "What happens when only part of an order is there.",
    "late_lines_wait": "When on, a line that is added to an order later queues from the day it was added. When off, it "
    "has the place of its order.",
    "keep_back": "Units of every item that waiting orders may not take. New orders may: they were sold as in stock.",
    "lead_time_days": "Days until goods usually come when nothing is on the way. Left empty, customers are told that "
    "the date is not known yet.",
    "handling_days": "Days you need to pack and hand over once the goods are there.",
    "inbound_buffer_days": "Days added to a supplier's date before it is promised to a customer.",
    "notices": "Messages your customers get by e-mail.",
    "sender_name": "The name customers see as the sender. Left empty, your store's name is used.",
    "reply_to": "Where customers' answers go.",
    "tag_prefix": "Orders are tagged with this word, and with this word and -partial or -ready behind it.",
    "settle_seconds": "How long figures that contradict each other are given to settle before they are believed.",
    "paused": "Stops every change to your store and every message at once. Orders are still followed.",
}
"""One line of help for each choice, as the merchant reads it."""


def check(policy: BackorderPolicy) -> None:
    """Refuse a policy that makes no sense. Raises PolicyError with the field and one sentence."""
    ranges = {
        "lead_time_days": (0, 730),
        "handling_days": (0, 60),
        "inbound_buffer_days": (0, 180),
        "settle_seconds": (0, 3600),
    }
    for name, (low, high) in ranges.items():
        value = getattr(policy, name)
        if value is not None and not low <= value <= high:
            raise PolicyError(name, f"This must be a whole number from {low} to {high}.")
    if policy.keep_back < 0 or policy.keep_back > Decimal(1_000_000):
        raise PolicyError("keep_back", "The units kept back must be from 0 to 1,000,000.")
    if not policy.tag_prefix or len(policy.tag_prefix) > 30 or "," in policy.tag_prefix:
        raise PolicyError("tag_prefix", "The tag must have 1 to 30 characters and no comma.")
    if len(policy.sender_name) > 100 or _has_control(policy.sender_name):
        raise PolicyError("sender_name", "The sender's name must be one line of at most 100 characters.")
    if policy.reply_to and not plausible_address(policy.reply_to):
        raise PolicyError("reply_to", "The reply address must be one e-mail address, such as help@example.com.")
    if NoticeKind.ALLOCATED in policy.notices and NoticeKind.BACKORDERED not in policy.notices:
        raise PolicyError(
            "notices", "“Ready to ship” answers the “waiting” message: switch “waiting” on too, or both off."
        )


def plausible_address(address: str) -> bool:
    """Whether this can be exactly one mail address: one @, a dot behind it, nothing that a header could read."""
    name, at, host = address.rpartition("@")
    forbidden = set(' ,;:<>()[]\\"')
    return bool(
        at
        and name
        and "@" not in name
        and "." in host.strip(".")
        and len(address) <= 254
        and not _has_control(address)
        and not forbidden & set(address)
    )


def _has_control(text: str) -> bool:
    return any(ord(char) < 32 or char in "\x7f\x85\u2028\u2029" for char in text)


FIELDS = tuple(f.name for f in fields(BackorderPolicy) if f.name != "version")
