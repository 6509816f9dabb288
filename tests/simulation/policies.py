"""Policies as merchants may think of them: every field, alone and with others, also such as are refused."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from backorder.domain.accept_rules import About, AcceptRule
from backorder.domain.policy import Excess, NoticeKind
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.split import Share, Split

SHELVES = 0.6
"""How often a merchant of many choices also says what is told of items, and who turns the switch that sells them."""
CLASSES = {"VIP": 5, "Express": 2, "Trade": 1, "By us": 3}
"""Names of classes, each with its head start in days."""
PREFIXES = ("backorder", "backorder", "waits")
"""What the tags of orders begin with."""


def plain(die: Random) -> dict[str, object]:
    """One choice of those that a merchant makes on the first day."""
    choice: dict[str, object] = die.choice(
        [
            {"split": die.choice(list(Split))},
            {"keep_back": Decimal(die.choice([0, 1, 2, 3]))},
            {"keep_back": Decimal(die.choice([0, 1, 2, 3]))},
            {"accept_backorders": die.random() < 0.7},
            {"settle_seconds": die.choice([0, 30, 120])},
            {"late_lines_wait": die.random() < 0.5},
            {"handling_days": die.randrange(0, 4), "inbound_buffer_days": die.randrange(0, 5)},
            {"lead_time_days": die.choice([None, 10])},
            {"paused": die.random() < 0.3},
        ]
    )
    return choice


def rich(die: Random, most: int = 4) -> dict[str, object]:
    """Several choices at once, each drawn from all that its fields can be."""
    choices: dict[str, object] = {}
    for draw in die.sample(DRAWS, die.randrange(1, most + 1)):
        choices |= draw(die)
    # By a die of its own: whoever draws it or not draws all the others as before.
    other = Random()
    other.setstate(die.getstate())
    if other.random() < SHELVES:
        choices |= _shelves(other)
    return choices


def heads(die: Random) -> dict[str, object]:
    """Who is put ahead, and where lines that were added later stand."""
    return {**_priority(die), "late_lines_wait": die.random() < 0.5}


def _priority(die: Random) -> dict[str, object]:
    facts = [
        (Fact.ORDER_TAG, "Gift"),
        (Fact.ORDER_TAG, "fragile"),
        (Fact.CUSTOMER_TAG, "gold"),
        (Fact.CUSTOMER, die.choice(["ADA@NORTH.example", "ada@SOUTH.EXAMPLE", "7"])),
        (Fact.SHIPPING, "Express"),
        (Fact.TOTAL, die.choice(["30", "40 USD", "50 EUR"])),
        (Fact.UNITS, die.choice(["3", "4"])),
        (Fact.NEEDED, die.choice(["1", "4"])),
    ]
    rules = []
    for fact, value in die.sample(facts, die.randrange(0, 4)):
        name = die.choice(list(CLASSES))
        rules.append(PriorityRule(name, CLASSES[name], fact, value))
    if die.random() < 0.7:
        rules.append(PriorityRule("By us", CLASSES["By us"], Fact.BY_HAND))
    return {"priority": tuple(rules)}


def _split(die: Random) -> dict[str, object]:
    return {
        "split": die.choice([*Split, Split.ORDER_WHOLE]),
        "split_wait_days": die.choice([None, 0, 1, 3, 3]),
        "customers_choose": die.random() < 0.7,
    }


def _share(die: Random) -> dict[str, object]:
    yields = die.random() < 0.7
    return {
        "split": Split.ORDER_WHOLE,
        "order_share": Share.YIELD if yields else Share.KEEP,
        "share_days": die.choice([None, None, None, 0]) if yields else die.choice([None, 0, 1, 2]),
        "leapfrog_times": die.choice([0, 0, 1, 1, 2]),
        "leapfrog_days": die.choice([0, 0, 0, 1, 3]),
    }


def _whole_orders(die: Random) -> dict[str, object]:
    return {"whole_orders_first": die.random() < 0.7}


def _least_part(die: Random) -> dict[str, object]:
    return {
        "least_part_units": Decimal(die.choice([0, 0, 2, 3])),
        "least_part_value": Decimal(die.choice(["0", "0", "20", "25.50"])),
    }


def _accepting(die: Random) -> dict[str, object]:
    choices: dict[str, Any] = {
        "accept_backorders": die.random() < 0.9,
        "accept_undated": die.random() < 0.8,
        "longest_wait_days": die.choice([None, None, None, 5, 10, 30]),
        "most_units_item": die.choice([None, None, None, 4, 12]),
        "most_units_order": die.choice([None, None, None, 3, 5]),
        "most_units_customer": die.choice([None, None, None, 12, 30]),
        "excess": die.choice(list(Excess)),
        "most_late_days": die.choice([None, None, 0, 5]),
        "most_cancel_percent": die.choice([None, None, 10, 50]),
    }
    rules = [
        AcceptRule(True, About.KIND, "preorder"),
        AcceptRule(False, About.KIND, "backorder"),
        AcceptRule(True, About.VENDOR, "Acme", die.choice([None, 2])),
        AcceptRule(False, About.TAG, "summer"),
        AcceptRule(True, About.KIND, "backorder", die.choice([1, 4])),
    ]
    choices["accept_rules"] = tuple(die.sample(rules, die.choice([0, 0, 0, 1, 2])))
    return choices


def _calendar(die: Random) -> dict[str, object]:
    return {
        "workdays": die.choice([frozenset(range(7)), frozenset(range(5)), frozenset({1, 3}), frozenset()]),
        "holidays_of": die.choice(["", "DE", "US", "DE-BY", "ZZ"]),
        "cut_off_hour": die.choice([None, 0, 14, 23]),
        "handling_days": die.randrange(0, 4),
        "inbound_buffer_days": die.randrange(0, 5),
        "lead_time_days": die.choice([None, 3, 10]),
    }


def _telling(die: Random) -> dict[str, object]:
    some = frozenset(die.sample(list(NoticeKind), die.randrange(0, 6)))
    return {
        "least_move_days": die.choice([1, 2, 5]),
        "least_told_days": die.choice([1, 3, 6]),
        "notices": die.choice([frozenset(NoticeKind), frozenset(NoticeKind), some]),
        "sender_name": die.choice(["", "The Box"]),
        "reply_to": die.choice(["", "help@box.example"]),
        "tag_prefix": die.choice(PREFIXES),
    }


def _places(die: Random) -> dict[str, object]:
    return {
        "cross_location": die.random() < 0.6,
        "locations": tuple(die.sample([1, 2, 3], die.randrange(0, 3))),
        "most_locations": die.choice([None, None, 1, 2]),
    }


def _keep_back(die: Random) -> dict[str, object]:
    return {"keep_back": Decimal(die.choice(["0", "0", "1", "2", "0.5"]))}


def _shelves(die: Random) -> dict[str, object]:
    return {"tell_shoppers": die.random() < 0.7, "turn_selling": die.random() < 0.6}


def _rest(die: Random) -> dict[str, object]:
    return {
        "late_lines_wait": die.random() < 0.5,
        "settle_seconds": die.choice([0, 30, 120]),
        "paused": die.random() < 0.2,
    }


DRAWS: tuple[Callable[[Random], dict[str, object]], ...] = (
    _priority,
    _priority,
    _split,
    _share,
    _share,
    _whole_orders,
    _least_part,
    _accepting,
    _calendar,
    _telling,
    _places,
    _keep_back,
    _rest,
)
