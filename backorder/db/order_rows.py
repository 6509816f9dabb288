"""Orders as rows, and rows as orders."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from backorder.db.tables import NOWHERE, order_lines, orders, parts
from backorder.db.values import side_in, stood_in
from backorder.domain.acceptance import NOT_ACCEPTED
from backorder.domain.actions import StoreSide
from backorder.domain.allocation import Rule
from backorder.domain.choices import NO_CHOICES, OrderChoices, lets_pass, terms_of
from backorder.domain.lifecycle import Given, OrderStanding, Stood, standing
from backorder.domain.orders import Customer, KnownOrder, Order, OrderLine, Part, Shipping
from backorder.domain.policy import BackorderPolicy
from backorder.domain.priority import Priority, priority_of, queued_at
from backorder.domain.split import Split
from backorder.domain.supply import ZERO, Pool, Units


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
    refused_line: bool = False
    """Whether a person deleted our line from the order's note."""
    link_version: int = 1
    choices: OrderChoices = NO_CHOICES
    refused: Mapping[int, str] = field(default_factory=dict)
    """Lines whose waiting was not accepted, with the reason."""
    unaccepted: Mapping[int, Units] = field(default_factory=dict)
    """Units of lines that were not accepted, or not judged yet since they were added."""
    item_splits: Mapping[int, Split] = field(default_factory=dict)
    zone: tzinfo = UTC
    """The store's."""
    told_elsewhere: Mapping[int, Units] = field(default_factory=dict)
    """Units in parcels of which our own message does not speak, by line."""

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
        terms = terms_of(policy, self.choices, self.item_splits, today, self.zone)
        return standing(self.order, dict(self.given), self.waited, terms, self.refused, self.told_elsewhere)

    def lets_pass(self, policy: BackorderPolicy, today: date) -> bool:
        """Whether the order lets others pass while it is not whole."""
        terms = terms_of(policy, self.choices, self.item_splits, today, self.zone)
        since = min(self.backordered_at.values(), default=None)
        splits = {terms.split_of(line.item, self.order.placed_at) for line in self.order.lines if line.outstanding > 0}
        return any(lets_pass(policy, self.choices, split, since=since, today=today, zone=self.zone) for split in splits)


CHOICES = (
    orders.c.priority_by_hand,
    orders.c.pinned,
    orders.c.split_by_hand,
    orders.c.split_by_customer,
    orders.c.wait_until,
    orders.c.passed_over,
    orders.c.passed_since,
)
HEAD = (
    orders.c.order_id,
    orders.c.number,
    orders.c.placed_at,
    orders.c.changed_at,
    orders.c.status,
    orders.c.store_status,
    orders.c.paid,
    orders.c.currency,
    orders.c.customer_id,
    orders.c.customer_name,
    orders.c.email,
    orders.c.customer_tags,
    orders.c.tags,
    orders.c.shipping,
    orders.c.need_by,
    orders.c.unread,
    orders.c.unread_at,
    orders.c.read_began,
    orders.c.review,
    orders.c.state_seq,
    orders.c.stood,
    orders.c.side_seq,
    orders.c.desired,
    orders.c.wrote,
    orders.c.refused_tags,
    orders.c.refused_line,
    orders.c.link_version,
    *CHOICES,
)
LINE = (
    order_lines.c.order_id,
    order_lines.c.line_id,
    order_lines.c.item,
    order_lines.c.ordered,
    order_lines.c.shipped,
    order_lines.c.cancelled,
    order_lines.c.ignored,
    order_lines.c.title,
    order_lines.c.sku,
    order_lines.c.unit_price,
    order_lines.c.added_at,
    order_lines.c.kit,
    order_lines.c.backordered_at,
    order_lines.c.cancel_wished_at,
    order_lines.c.answer,
    order_lines.c.answer_why,
    order_lines.c.unaccepted,
    order_lines.c.unreturned,
    order_lines.c.told_elsewhere,
)
PART = (
    parts.c.order_id,
    parts.c.line_id,
    parts.c.item,
    parts.c.location,
    parts.c.outstanding,
    parts.c.allocated,
    parts.c.firm,
    parts.c.decided,
    parts.c.promise_early,
    parts.c.promise_late,
)
"""What an order is put together from. The rows are taken apart by position: thousands are read at a time."""


def book_order(
    head: Any,
    lines: Iterable[Any],
    parts_of: Mapping[tuple[int, int], list[Any]],
    item_splits: Mapping[int, Split],
) -> BookOrder:
    """An order of its rows: one of `HEAD` with the store's time zone behind it, those of `LINE`, and of `PART` by order
    and line.
    """
    (
        order_id, number, placed_at, changed_at, status, store_status, paid, currency, customer_id, customer_name,
        email, customer_tags, tags, shipping, need_by, unread, unread_at, read_began, review, state_seq, stood,
        side_seq, desired, wrote, refused_tags, refused_line, link_version, *choices, timezone,
    ) = head  # fmt: skip
    told = []
    given: dict[int, list[Given]] = {}
    waited: dict[int, datetime] = {}
    wished = []
    refused = {}
    unaccepted = {}
    elsewhere = {}
    for (
        _, line_id, item, ordered, shipped, cancelled, ignored, title, sku, unit_price, added_at, kit, backordered_at,
        cancel_wished_at, answer, answer_why, not_accepted, unreturned, told_elsewhere,
    ) in lines:  # fmt: skip
        owed = []
        has = given[line_id] = []
        for _, _, at_item, location, outstanding, allocated, firm, decided, early, late in parts_of.get(
            (order_id, line_id), ()
        ):
            pool = None if at_item == NOWHERE else Pool(at_item, location)
            owed.append(Part(pool, outstanding))
            if decided:
                has.append(Given(pool, allocated, firm, None if early is None else (early, late)))
        told.append(
            OrderLine(
                line_id,
                item,
                ordered,
                shipped,
                cancelled,
                tuple(owed),
                ignored,
                title,
                sku,
                unit_price,
                added_at,
                kit,
                unreturned,
            )
        )
        if backordered_at is not None:
            waited[line_id] = backordered_at
        if cancel_wished_at is not None:
            wished.append(line_id)
        if answer in NOT_ACCEPTED:
            refused[line_id] = answer_why
        if not_accepted:
            unaccepted[line_id] = not_accepted
        if told_elsewhere:
            elsewhere[line_id] = told_elsewhere
    order = Order(
        id=order_id,
        number=number,
        placed_at=placed_at,
        changed_at=changed_at,
        status=status,
        store_status=store_status,
        paid=paid,
        currency=currency,
        customer=Customer(customer_id, customer_name, email, _texts(customer_tags)),
        lines=tuple(told),
        tags=tuple(tags),
        shipping=_shipping(shipping),
        need_by=need_by,
    )
    return BookOrder(
        known=KnownOrder(order, unread, unread_at, read_began),
        given=given,
        backordered_at=waited,
        cancel_wished=frozenset(wished),
        review=review,
        state_seq=state_seq,
        stood=stood_in(stood),
        side_seq=side_seq,
        desired=None if desired is None else side_in(desired),
        wrote=None if wrote is None else side_in(wrote),
        refused_tags=tuple(refused_tags or ()),
        refused_line=refused_line,
        link_version=link_version,
        choices=chosen(choices),
        refused=refused,
        unaccepted=unaccepted,
        item_splits=item_splits,
        zone=ZoneInfo(timezone),
        told_elsewhere=elsewhere,
    )


def choices_of(head: Mapping[str, Any]) -> OrderChoices:
    """What was chosen for an order alone, of a row with the columns of `CHOICES` among others."""
    return chosen([head[column.name] for column in CHOICES])


def chosen(found: list[Any]) -> OrderChoices:
    """What was chosen for an order alone, of the columns of `CHOICES`."""
    return NO_CHOICES if found == _NOTHING_CHOSEN else OrderChoices(*found)


_NOTHING_CHOSEN = ["", False, None, None, None, 0, None]


def _texts(kept: Any) -> tuple[str, ...] | None:
    return None if kept is None else tuple(kept)


def _shipping(kept: Any) -> tuple[Shipping, ...] | None:
    return None if kept is None else tuple(Shipping(method, Decimal(paid)) for method, paid in kept)


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


def line_row(store_id: int, order_id: int, line: OrderLine, unaccepted: Units) -> dict[str, Any]:
    """A line's row. `unaccepted` units of it were not accepted, or are to be judged."""
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
        "unaccepted": unaccepted,
        "unreturned": line.unreturned,
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


def queueing(order: Order, policy: BackorderPolicy, choices: OrderChoices, zone: tzinfo) -> Queueing:
    """What places an order's lines under a policy, in a store of this time zone."""
    priority = priority_of(order, policy.priority, by_hand=choices.priority, pinned=choices.pinned, zone=zone)
    return Queueing(priority, policy.late_lines_wait)


def piece(store_id: int, order: Order, line: OrderLine, part: Part, given: Given, queueing: Queueing) -> dict[str, Any]:
    """The row of a part that was not decided about yet, or is there with what it was given."""
    item, location = where(part.pool)
    return {
        "store_id": store_id,
        "order_id": order.id,
        "line_id": line.id,
        "item": item,
        "location": location,
        "outstanding": part.outstanding,
        "allocated": given.allocated,
        "firm": given.firm,
        "decided": False,
        **queueing.times(order, line),
    }


def still_given(given: Given, outstanding: Units, left: Units) -> Given:
    """What a part has once it owes no more than that, and units of it have left: those were given ones."""
    allocated = min(max(ZERO, given.allocated - left), outstanding)
    return replace(given, allocated=allocated, firm=min(max(ZERO, given.firm - left), allocated))


def owed_anew(store_id: int, order_id: int, line_id: int, before: Given, now: Given, rule: Rule) -> dict[str, Any]:
    """The decision that goes with a line that owes less or more than before."""
    item, location = where(before.pool)
    return {
        "store_id": store_id,
        "order_id": order_id,
        "line_id": line_id,
        "item": item,
        "location": location,
        "before": before.allocated,
        "allocated": now.allocated,
        "firm": now.firm,
        "rule": rule,
        "on_hand": None,
    }


def where(pool: Pool | None) -> tuple[int, int]:
    """Item and location of a part's row."""
    return (NOWHERE, 0) if pool is None else (pool.item, pool.location)
