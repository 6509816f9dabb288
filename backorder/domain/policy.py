"""The merchant's choices. One field, one meaning; what each does to a customer is said in its help sentence."""

import re
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from backorder.domain.accept_rules import AcceptRule, AcceptRuleError, check_accept_rules
from backorder.domain.errors import Rejected
from backorder.domain.priority import PriorityRule, RuleError, check_rules
from backorder.domain.split import Patience, Share, Split
from backorder.domain.supply import ZERO, Units
from backorder.domain.workdays import EVERY_DAY

__all__ = ["FIELDS", "HELP", "BackorderPolicy", "NoticeKind", "PolicyError", "Split", "check", "plausible_address"]


class Excess(StrEnum):
    """What becomes of units above a limit."""

    HOLD = "hold"
    """The merchant decides."""
    REFUSE = "refuse"
    """They are shown as to be cancelled."""


class NoticeKind(StrEnum):
    """What a message to a customer is about."""

    BACKORDERED = "backordered"
    ALLOCATED = "allocated"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    NEW_DATE = "new_date"
    """The date that was told has moved back, is known now, or is not known any more."""


MOST_LOCATIONS = 100
LINE_LABEL = "Expected to ship"
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


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
    accept_rules: tuple[AcceptRule, ...] = ()
    accept_undated: bool = True
    longest_wait_days: int | None = None
    most_units_item: int | None = None
    most_units_order: int | None = None
    most_units_customer: int | None = None
    excess: Excess = Excess.HOLD
    most_late_days: int | None = None
    most_cancel_percent: int | None = None
    split: Split = Split.SHIP_AVAILABLE
    split_wait_days: int | None = None
    customers_choose: bool = False
    least_part_units: Units = ZERO
    least_part_value: Decimal = ZERO
    order_share: Share = Share.KEEP
    share_days: int | None = None
    leapfrog_times: int = 0
    leapfrog_days: int = 0
    whole_orders_first: bool = False
    priority: tuple[PriorityRule, ...] = ()
    late_lines_wait: bool = True
    cross_location: bool = False
    locations: tuple[int, ...] = ()
    most_locations: int | None = None
    move_in_store: bool = False
    keep_back: Units = ZERO
    lead_time_days: int | None = None
    handling_days: int = 1
    inbound_buffer_days: int = 3
    workdays: frozenset[int] = EVERY_DAY
    holidays_of: str = ""
    cut_off_hour: int | None = None
    least_move_days: int = 1
    least_told_days: int = 3
    notices: frozenset[NoticeKind] = field(default_factory=lambda: frozenset(NoticeKind))
    sender_name: str = ""
    reply_to: str = ""
    tag_prefix: str = "backorder"
    line_label: str = LINE_LABEL
    waiting_status: str = ""
    note_to_customer: bool = False
    order_note: bool = False
    tell_shoppers: bool = False
    turn_selling: bool = False
    cancel_in_store: bool = False
    ship_in_store: bool = False
    settle_seconds: int = 120
    types_counted: bool = False
    paused: bool = False

    @property
    def settle(self) -> timedelta:
        """How long an imbalance between the store's figures and ours is waited for."""
        return timedelta(seconds=self.settle_seconds)

    @property
    def patience(self) -> Patience:
        """How long an order that ships whole keeps its share, or lets others pass."""
        return Patience(self.order_share, self.share_days, self.leapfrog_times, self.leapfrog_days)

    def changed(self, **choices: Any) -> "BackorderPolicy":
        """The policy with these choices and the next version. Raises PolicyError where they make no sense."""
        new = replace(self, **choices, version=self.version + 1)
        check(new)
        return new


HELP = {
    "accept_backorders": "When off, new orders for what is not there get no ship date and no message: they stand on "
    "your first page for you to decide.",
    "accept_rules": "One rule on each line: yes, no or a number | what | value. The first rule that matches an item "
    "decides, before the choice above; a number is the most units of one item that may wait. What is one of: vendor, "
    "tag, kind (backorder or preorder).",
    "accept_undated": "When off, an order for what is not there and has no date stands on your first page for you to "
    "decide. Items that are not out yet need no date.",
    "longest_wait_days": "An order that would wait longer than this is yours to decide. Left empty, there is no limit.",
    "most_units_item": "The most units of one item that may wait together. Left empty, there is no limit.",
    "most_units_order": "The most units of one order that may wait. Left empty, there is no limit.",
    "most_units_customer": "The most units of one customer that may wait, in all orders together; guests are known by "
    "their e-mail address, also beside orders with an account. Left empty, there is no limit.",
    "excess": "What becomes of a line that goes above one of these limits. How many of its units are too many is told.",
    "most_late_days": "Items whose supplier is later than this in one of five deliveries are not backordered. Left "
    "empty, there is no limit.",
    "most_cancel_percent": "Items of which more than this share of waiting units was cancelled are not backordered. "
    "Left empty, there is no limit.",
    "split": "What happens when only part of an order is there.",
    "split_wait_days": "For “wait, then ship what is there”: how many days after the order was placed.",
    "customers_choose": "When on, customers whose order waits choose on their status page: what is there now, or "
    "everything together. Your choice for an order goes first, then theirs, then the item's, then the one above.",
    "least_part_units": "A part of an order leaves only with at least so many units. 0 lets any part leave.",
    "least_part_value": "A part of an order leaves only if its goods are worth so much. 0 lets any part leave.",
    "order_share": "What an order that ships whole does with goods that are there while others of it are missing.",
    "share_days": "After so many days of waiting an order lets others pass. Left empty, it keeps its goods.",
    "leapfrog_times": "An order that lets others pass does so this often, then it keeps its goods. 0 is without end.",
    "leapfrog_days": "An order that lets others pass does so for this many days after the first time, then it keeps "
    "its goods. 0 is without end.",
    "whole_orders_first": "When on, of the orders of one day those that can be made whole go before the others.",
    "priority": "One rule on each line: class | days | what | value. The first rule that matches an order puts it that "
    "many days ahead. What is one of: customer tag, customer, order tag, paid shipping, order total from, order units "
    "from, needed within days, by hand.",
    "late_lines_wait": "When on, a line that is added to an order later queues from the day it was added. When off, it "
    "has the place of its order.",
    "cross_location": "When on, an order that waits at one location says from which other it could be served. You move "
    "it in your store.",
    "move_in_store": "Moves an order in your store where all of it lies free at one of the locations that you ranked, "
    "and nothing of it is there where it waits. What you move back stays until more comes in at the other place.",
    "locations": "The numbers of your locations, the best one first, with commas between them. Those that you leave "
    "out come last.",
    "most_locations": "An order is served from at most so many locations. Left empty, from as many as it takes.",
    "keep_back": "Units of every item that waiting orders may not take. New orders may: they were sold as in stock.",
    "lead_time_days": "Days until goods usually come when nothing is on the way. Left empty, customers are told that "
    "the date is not known yet.",
    "handling_days": "Days you need to pack and hand over once the goods are there.",
    "inbound_buffer_days": "Days added to a supplier's date before it is promised to a customer.",
    "workdays": "Days on which you pack and hand over.",
    "holidays_of": "Country whose public holidays you keep, in two letters such as DE, or with a region such as DE-BY. "
    "Left empty, there are none.",
    "cut_off_hour": "Hour of the day, from 0 to 23, from which on nothing more leaves the same day. Left empty, there "
    "is none.",
    "least_move_days": "A date that moves by fewer days than this is left as it was told.",
    "least_told_days": "Customers are written to when their date is later by at least so many days than the one that "
    "they were told last.",
    "notices": "Messages your customers get by e-mail.",
    "sender_name": "The name customers see as the sender. Left empty, your store's name is used.",
    "reply_to": "Where customers' answers go.",
    "tag_prefix": "Orders are tagged with this word, and with this word and -partial or -ready behind it.",
    "line_label": "What the day is called that waiting lines carry in your store, in its pages and mails: in your "
    "customers' language.",
    "waiting_status": "Paid orders get this status of your store while something of them waits, and go back to the "
    "one they had when nothing does. Those are offered that plugins brought to your store. An order to which somebody "
    "gives another one is left alone.",
    "note_to_customer": "Notes at orders go to the customer, as a mail of your store. When off, only your staff sees "
    "them. Customers who get them need no message from here: switch those off below, or they read everything twice.",
    "order_note": "Keeps one line in the note of each order that waits, for your staff: how many units wait, and when "
    "they are expected. What people wrote there stays as it is. Whoever deletes the line does not find it again before "
    "something else waits.",
    "tell_shoppers": "Keeps at each item of which nothing is free whether it can be ordered, by which day it would "
    "ship and how many units are on the way, where your product pages can show it.",
    "turn_selling": "Turns your store's own switch “continue selling when out of stock” by whether an item may be "
    "backordered. Items that you excluded by hand are left alone; switched off again, every item gets its old setting "
    "back.",
    "cancel_in_store": "When a customer wants to cancel and you accept it, Waitline cancels the units in your store "
    "and refunds them. When off, you do that in your store.",
    "ship_in_store": "You record parcels here, on the page of an order: which of its units have left, the carrier and "
    "the number. Waitline tells your store, once, and you choose for each parcel who tells the customer. When off, "
    "your store's own shipping does all of that, and Waitline only reads it.",
    "settle_seconds": "How long figures that contradict each other are given to settle before they are believed.",
    "types_counted": "How you enter goods that came, where your store keeps one number that is already less by all "
    "open orders. When off, you add to that number: -4 and 10 new ones are 6. When on, you type what you counted on "
    "the shelf, 10, and the units of open orders are taken off it here. Your first page asks when a number looks like "
    "the other way.",
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
        "split_wait_days": (0, 365),
        "share_days": (0, 365),
        "leapfrog_times": (0, 1000),
        "leapfrog_days": (0, 365),
        "cut_off_hour": (0, 23),
        "longest_wait_days": (0, 730),
        "most_units_item": (0, 1_000_000),
        "most_units_order": (0, 1_000_000),
        "most_units_customer": (0, 1_000_000),
        "most_late_days": (0, 365),
        "most_cancel_percent": (0, 100),
        "least_move_days": (1, 30),
        "least_told_days": (1, 60),
        "most_locations": (1, 100),
    }
    for name, (low, high) in ranges.items():
        value = getattr(policy, name)
        if value is not None and not low <= value <= high:
            raise PolicyError(name, f"This must be a whole number from {low} to {high}.")
    if policy.keep_back < 0 or policy.keep_back > Decimal(1_000_000):
        raise PolicyError("keep_back", "The units kept back must be from 0 to 1,000,000.")
    for name in ("least_part_units", "least_part_value"):
        if not 0 <= getattr(policy, name) <= Decimal(1_000_000):
            raise PolicyError(name, "This must be from 0 to 1,000,000.")
    try:
        check_rules(policy.priority)
    except RuleError as error:
        raise PolicyError("priority", str(error)) from error
    try:
        check_accept_rules(policy.accept_rules)
    except AcceptRuleError as error:
        raise PolicyError("accept_rules", str(error)) from error
    if not policy.workdays or not policy.workdays <= EVERY_DAY:
        raise PolicyError("workdays", "Choose at least one day of the week.")
    if policy.holidays_of and not _COUNTRY.fullmatch(policy.holidays_of):
        raise PolicyError("holidays_of", "The country must be two letters such as DE, or with a region such as DE-BY.")
    _check_together(policy)
    if not policy.tag_prefix or len(policy.tag_prefix) > 30 or "," in policy.tag_prefix:
        raise PolicyError("tag_prefix", "The tag must have 1 to 30 characters and no comma.")
    label = policy.line_label
    if not label or len(label) > 40 or label != label.strip() or label.startswith("_") or _has_control(label):
        raise PolicyError("line_label", "This must be one line of 1 to 40 characters that does not begin with _.")
    if len(policy.waiting_status) > 40 or _has_control(policy.waiting_status):
        raise PolicyError("waiting_status", "The status must be one word of at most 40 characters.")
    if len(policy.sender_name) > 100 or _has_control(policy.sender_name):
        raise PolicyError("sender_name", "The sender's name must be one line of at most 100 characters.")
    if policy.reply_to and not plausible_address(policy.reply_to):
        raise PolicyError("reply_to", "The reply address must be one e-mail address, such as help@example.com.")
    if NoticeKind.BACKORDERED not in policy.notices:
        if NoticeKind.ALLOCATED in policy.notices:
            raise PolicyError(
                "notices", "“Ready to ship” answers the “waiting” message: switch “waiting” on too, or both off."
            )
        if NoticeKind.NEW_DATE in policy.notices:
            raise PolicyError(
                "notices", "“New date” corrects the “waiting” message: switch “waiting” on too, or both off."
            )


def _check_together(policy: BackorderPolicy) -> None:
    """Choices that contradict each other."""
    if policy.split is Split.WAIT_UNTIL and policy.split_wait_days is None:
        raise PolicyError(
            "split_wait_days", "“Wait, then ship what is there” needs the number of days to wait: enter it here."
        )
    longest, usual = policy.longest_wait_days, policy.lead_time_days
    if longest is not None and usual is not None and usual + policy.handling_days > longest:
        days = usual + policy.handling_days
        raise PolicyError(
            "longest_wait_days",
            f"Your usual lead time and handling take {days} day{'' if days == 1 else 's'}, and you accept {longest} at "
            "most: every order without goods on the way would be yours to decide. Raise this or shorten the lead time.",
        )
    if len(set(policy.locations)) < len(policy.locations):
        raise PolicyError("locations", "A location stands twice in the ranking: keep its better place.")
    if len(policy.locations) > MOST_LOCATIONS:
        raise PolicyError("locations", f"At most {MOST_LOCATIONS} locations can be ranked.")
    if policy.most_locations is not None and not policy.cross_location:
        raise PolicyError(
            "most_locations",
            "Without “other locations” every order is served from where your store put it: switch them on, or leave "
            "this empty.",
        )
    if policy.move_in_store and not (policy.cross_location and policy.locations):
        raise PolicyError(
            "move_in_store",
            "Orders are moved only to locations that you ranked: switch “other locations” on and rank them, or switch "
            "this off.",
        )
    per_order, per_customer = policy.most_units_order, policy.most_units_customer
    if per_order is not None and per_customer is not None and per_order > per_customer:
        raise PolicyError(
            "most_units_order", "One order cannot have more waiting units than one customer: lower this or raise that."
        )
    if policy.least_told_days < policy.least_move_days:
        raise PolicyError(
            "least_told_days",
            f"Dates move by at least {policy.least_move_days} days, so a delay of {policy.least_told_days} never "
            "comes: raise this, or lower the least move of a date.",
        )
    if policy.order_share is Share.YIELD and policy.share_days is not None:
        raise PolicyError(
            "share_days",
            "Orders that let others pass from the start do not keep their goods for a number of days: leave this "
            "empty, or let orders keep their goods.",
        )
    if policy.order_share is Share.KEEP and policy.share_days is None and policy.leapfrog_times + policy.leapfrog_days:
        raise PolicyError(
            "order_share",
            "Orders that keep their goods without end are never passed: set both limits of being passed to 0, or let "
            "orders yield.",
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
