"""Orders as rows, and rows as orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from backorder.db.tables import NOWHERE
from backorder.db.values import side_in, stood_in
from backorder.domain.acceptance import Answer
from backorder.domain.actions import StoreSide
from backorder.domain.allocation import Rule
from backorder.domain.choices import NO_CHOICES, OrderChoices, lets_pass, terms_of
from backorder.domain.lifecycle import Given, OrderStanding, Stood, standing
from backorder.domain.orders import Customer, KnownOrder, Order, OrderLine, Part, Shipping
from backorder.domain.policy import BackorderPolicy
from backorder.domain.priority import Priority, priority_of, queued_at
from backorder.domain.split import Split
from backorder.domain.supply import Pool, Units


@dataclass(frozen=True, slots=True)
class BookOrder:
    """An order with everything that we decided, said and wrote about it."""

    known: KnownOrder
    given: Mapping[int, list[Given]] = field(default_factory=dict)
    backordered_at: Mapping[int, datetime] = field(default_factory=dict)
    """When each line that ever waited was first found waiting."""
    cancel_wished: frozenset[int] = frozenset()
    review: bool = False
    state_seq: int = 0
    stood: Stood | None = None
    side_seq: int = 0
    desired: StoreSide | None = None
    wrote: StoreSide | None = None
    refused_tags: tuple[str, ...] = ()
    link_version: int = 1
    choices: OrderChoices = NO_CHOICES
    refused: Mapping[int, str] = field(default_factory=dict)
    """Lines whose waiting was not accepted, with the reason."""
    item_splits: Mapping[int, Split] = field(default_factory=dict)

    @property
    def waited(self) -> frozenset[int]:
        """Lines that ever waited."""
        return frozenset(self.backordered_at)

    @property
    def order(self) -> Order:
        """The order as the store told it."""
        return self.known.order

    def standing(self, policy: BackorderPolicy, today: date) -> OrderStanding:
        """Where the order stands under the merchant's choices, on a day of the store's."""
        terms = terms_of(policy, self.choices, self.item_splits, today)
        return standing(self.order, dict(self.given), self.waited, terms, self.refused)

    def lets_pass(self, policy: BackorderPolicy, today: date) -> bool:
        """Whether the order lets others pass while it is not whole."""
        terms = terms_of(policy, self.choices, self.item_splits, today)
        since = min((at.date() for at in self.backordered_at.values()), default=None)
        placed = self.order.placed_at.date()
        return any(
            lets_pass(policy, self.choices, terms.split_of(line.item, placed), since=since, today=today)
            for line in self.order.lines
            if line.outstanding > 0
        )


def book_order(
    head: Any,
    lines: list[Any],
    parts_of: Mapping[tuple[int, int], list[Any]],
    item_splits: Mapping[int, Split],
) -> BookOrder:
    """An order of its rows."""
    order_id = head["order_id"]
    told = []
    given: dict[int, list[Given]] = {}
    for line in lines:
        rows = parts_of.get((order_id, line["line_id"]), [])
        told.append(
            OrderLine(
                id=line["line_id"],
                item=line["item"],
                ordered=line["ordered"],
                shipped=line["shipped"],
                cancelled=line["cancelled"],
                parts=tuple(Part(_pool(row), row["outstanding"]) for row in rows),
                ignored=line["ignored"],
                title=line["title"],
                sku=line["sku"],
                unit_price=line["unit_price"],
                added_at=line["added_at"],
                kit=line["kit"],
            )
        )
        given[line["line_id"]] = [
            Given(_pool(row), row["allocated"], row["firm"], _promised(row)) for row in rows if row["decided"]
        ]
    order = Order(
        id=order_id,
        number=head["number"],
        placed_at=head["placed_at"],
        changed_at=head["changed_at"],
        status=head["status"],
        store_status=head["store_status"],
        paid=head["paid"],
        currency=head["currency"],
        customer=Customer(head["customer_id"], head["customer_name"], head["email"], _texts(head["customer_tags"])),
        lines=tuple(told),
        tags=tuple(head["tags"]),
        shipping=_shipping(head["shipping"]),
        need_by=head["need_by"],
    )
    return BookOrder(
        known=KnownOrder(order, head["unread"], head["unread_at"], head["read_began"]),
        given=given,
        backordered_at={
            line["line_id"]: line["backordered_at"] for line in lines if line["backordered_at"] is not None
        },
        cancel_wished=frozenset(line["line_id"] for line in lines if line["cancel_wished_at"] is not None),
        review=head["review"],
        state_seq=head["state_seq"],
        stood=stood_in(head["stood"]),
        side_seq=head["side_seq"],
        desired=None if head["desired"] is None else side_in(head["desired"]),
        wrote=None if head["wrote"] is None else side_in(head["wrote"]),
        refused_tags=tuple(head["refused_tags"] or ()),
        link_version=head["link_version"],
        choices=choices_of(head),
        refused={
            line["line_id"]: line["answer_why"] for line in lines if line["answer"] in (Answer.HOLD, Answer.REFUSE)
        },
        item_splits=item_splits,
    )


def choices_of(head: Any) -> OrderChoices:
    """What was chosen for an order alone."""
    passed = head["passed_since"]
    found = (
        head["priority_by_hand"],
        head["pinned"],
        head["split_by_hand"],
        head["split_by_customer"],
        head["wait_until"],
        head["passed_over"],
        None if passed is None else passed.date(),
    )
    return NO_CHOICES if found == _NOTHING_CHOSEN else OrderChoices(*found)


_NOTHING_CHOSEN = ("", False, None, None, None, 0, None)


def _texts(kept: Any) -> tuple[str, ...] | None:
    return None if kept is None else tuple(kept)


def _shipping(kept: Any) -> tuple[Shipping, ...] | None:
    return None if kept is None else tuple(Shipping(method, Decimal(paid)) for method, paid in kept)


def _pool(row: Any) -> Pool | None:
    return None if row["item"] == NOWHERE else Pool(row["item"], row["location"])


def _promised(row: Any) -> Any:
    return None if row["promise_early"] is None else (row["promise_early"], row["promise_late"])


def head(store_id: int, known: KnownOrder, priority: Priority, *, review: bool) -> dict[str, Any]:
    """The order's own row."""
    order, shipping = known.order, known.order.shipping
    tags = order.customer.tags
    return {
        "store_id": store_id,
        "order_id": order.id,
        "number": order.number[:64],
        "placed_at": order.placed_at,
        "changed_at": order.changed_at,
        "status": order.status,
        "store_status": order.store_status[:64],
        "paid": order.paid,
        "currency": order.currency[:3],
        "customer_id": order.customer.id,
        "customer_name": order.customer.name[:255],
        "email": order.customer.email[:254],
        "tags": list(order.tags),
        "customer_tags": None if tags is None else list(tags),
        "shipping": None if shipping is None else [[way.method, str(way.paid)] for way in shipping],
        "need_by": order.need_by,
        "priority": priority.name,
        "unread": known.unread,
        "unread_at": known.unread_at,
        "read_began": known.read_began,
        "review": review,
    }


def line_row(store_id: int, order_id: int, line: OrderLine) -> dict[str, Any]:
    """A line's row."""
    return {
        "store_id": store_id,
        "order_id": order_id,
        "line_id": line.id,
        "item": line.item,
        "title": line.title[:500],
        "sku": line.sku[:255],
        "ordered": line.ordered,
        "shipped": line.shipped,
        "cancelled": line.cancelled,
        "unit_price": line.unit_price,
        "ignored": line.ignored,
        "added_at": line.added_at,
        "kit": line.kit,
    }


@dataclass(frozen=True, slots=True)
class Queueing:
    """What places the lines of an order in their queues."""

    priority: Priority
    late_lines_wait: bool

    def times(self, order: Order, line: OrderLine) -> dict[str, Any]:
        """From when a line waits, and the same less its head start."""
        since = queued_at(order, line, late_lines_wait=self.late_lines_wait)
        return {"queued_at": since, "queue_time": since - self.priority.head_start}


def queueing(order: Order, policy: BackorderPolicy, choices: OrderChoices) -> Queueing:
    """What places an order's lines under a policy."""
    priority = priority_of(order, policy.priority, by_hand=choices.priority, pinned=choices.pinned)
    return Queueing(priority, policy.late_lines_wait)


def piece(store_id: int, order: Order, line: OrderLine, part: Part, given: Given, queueing: Queueing) -> dict[str, Any]:
    """The row of a part that was not decided about yet, or is there with what it was given."""
    item, location = where(part.pool)
    allocated = min(given.allocated, part.outstanding)
    return {
        "store_id": store_id,
        "order_id": order.id,
        "line_id": line.id,
        "item": item,
        "location": location,
        "outstanding": part.outstanding,
        "allocated": allocated,
        "firm": min(given.firm, allocated),
        "decided": False,
        **queueing.times(order, line),
    }


def owed_anew(
    store_id: int, order_id: int, line_id: int, given: Given, outstanding: Units, rule: Rule
) -> dict[str, Any]:
    """The decision that goes with a line that owes less or more than before."""
    item, location = where(given.pool)
    return {
        "store_id": store_id,
        "order_id": order_id,
        "line_id": line_id,
        "item": item,
        "location": location,
        "before": given.allocated,
        "allocated": min(given.allocated, outstanding),
        "firm": min(given.firm, outstanding),
        "rule": rule,
        "on_hand": None,
    }


def where(pool: Pool | None) -> tuple[int, int]:
    """Item and location of a part's row."""
    return (NOWHERE, 0) if pool is None else (pool.item, pool.location)
