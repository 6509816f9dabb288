"""Lines that ask to wait, judged in the order of service: what one of them is accepted with takes room from the next.

What was accepted stays so. A line is accepted with all that it asks for or with nothing of it; so of a line to which
units were added what was accepted before stays, and all that was added is held.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from backorder.domain.acceptance import ACCEPTED, Answer, Asked, ItemTerms, Verdict, judge
from backorder.domain.allocation import Turn
from backorder.domain.orders import Customer, OrderLine
from backorder.domain.policy import BackorderPolicy
from backorder.domain.promise import Promise
from backorder.domain.spoken import spoken
from backorder.domain.supply import ZERO, Units

Line = tuple[int, int]
"""Order and line."""


class Claim(NamedTuple):
    """What one line asks for at its turn: `units` of the `waiting` ones were not accepted so far."""

    turn: Turn
    item: int
    units: Units
    waiting: Units
    promise: Promise | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """Units that wait and were accepted, by what a limit counts, and whose orders are."""

    of_items: Mapping[int, Units] = field(default_factory=dict)
    of_orders: Mapping[int, Units] = field(default_factory=dict)
    customers: Mapping[int, int] = field(default_factory=dict)
    """The customer of each order with something that waits; orders that are not named have none that is known."""


def judge_in_turn(
    claims: Iterable[Claim],
    accepted: Accepted,
    terms: Mapping[int, ItemTerms],
    policy: BackorderPolicy,
    today: date,
) -> dict[Line, Verdict]:
    """The verdict on each line, the one that is served first before the others."""
    of_items, of_orders = dict(accepted.of_items), dict(accepted.of_orders)
    of_customers: dict[int, Units] = {}
    for order, buyer in accepted.customers.items():
        of_customers[buyer] = of_customers.get(buyer, ZERO) + of_orders.get(order, ZERO)
    said = {}
    for claim in sorted(claims, key=attrgetter("turn")):
        order = claim.turn.order_id
        customer = accepted.customers.get(order)
        asked = Asked(
            claim.units,
            of_item=of_items.get(claim.item, ZERO),
            of_customer=None if customer is None else of_customers[customer],
            of_order=of_orders.get(order, ZERO),
            promise=claim.promise,
        )
        verdict = judge(asked, terms[claim.item], policy, today) if claim.units > 0 else ACCEPTED
        if verdict.answer is Answer.ACCEPT:
            of_items[claim.item] = asked.of_item + claim.units
            of_orders[order] = asked.of_order + claim.units
            if customer is not None:
                of_customers[customer] += claim.units
        said[order, claim.turn.line_id] = _of_line(verdict, claim)
    return said


def _of_line(verdict: Verdict, claim: Claim) -> Verdict:
    if verdict.excess == 0:
        return verdict
    are = "is" if verdict.excess == 1 else "are"
    many = f"{spoken(verdict.excess)} of {spoken(claim.waiting)} {are} too many."
    return replace(verdict, why=f"{verdict.why} {many}")


def customers(buyers: Mapping[int, Customer]) -> dict[int, int]:
    """The customer of each order, named by one of the customer's orders. Orders with the same id or the same address
    are of one customer, so a guest's order joins those of the customer who has the address; an order that tells
    neither is left out.
    """
    joined: dict[int, int] = {}

    def first(order: int) -> int:
        while joined[order] != order:
            joined[order] = order = joined[joined[order]]
        return order

    known: dict[int | str, int] = {}
    for order, buyer in buyers.items():
        for name in (buyer.id, buyer.mailbox or None):
            if name is not None:
                joined.setdefault(order, order)
                joined[first(order)] = first(known.setdefault(name, order))
    return {order: first(order) for order in joined}


def unaccepted(before: OrderLine, after: OrderLine, units: Units) -> Units:
    """Units of a line that waited once that are not accepted, after it was changed: what is added is to be judged, and
    what is cut is cut from those first. `units` were not accepted before.
    """
    added = (after.ordered - after.cancelled) - (before.ordered - before.cancelled)
    return max(ZERO, units + added)
