"""Changes of the book that do not come from the store: a customer's wish, a merchant's switch."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, String, bindparam, case, cast, exists, func, literal, null, update

from backorder.db import items as item_rows
from backorder.db import orderbook, waiting_sums
from backorder.db.items import changed
from backorder.db.order_rows import BookOrder, queueing, where
from backorder.db.tables import items, notices, order_lines, orders, parts
from backorder.db.values import side_out, stood_out
from backorder.domain.acceptance import Answer, Verdict
from backorder.domain.actions import StoreSide
from backorder.domain.choices import ItemChoices, OrderChoices
from backorder.domain.lifecycle import Stood, WorkState
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy, NoticeKind
from backorder.domain.supply import ZERO, Pool, Units

TELLS = (WorkState.DUE, WorkState.RUNNING, WorkState.DONE, WorkState.UNKNOWN)
"""A message in one of these states has reached its reader, or may have, or is on its way."""


def review_all(conn: Connection, store_id: int, *, tell_waiting: bool) -> None:
    """Look at every open order again, and at others that still have something of ours: they may have ended while the
    store was only watched. With `tell_waiting` those of whom nobody was told that they wait are looked at as if for the
    first time: where they still wait it is told now. Whoever was told keeps what was said, so that it is not said again
    and the next message follows from it.
    """
    opened = update(orders).where(orders.c.store_id == store_id, orders.c.status == OrderStatus.OPEN)
    opened = opened.values(review=True)
    if tell_waiting:
        told = exists().where(
            notices.c.store_id == orders.c.store_id,
            notices.c.order_id == orders.c.order_id,
            notices.c.kind == NoticeKind.BACKORDERED,
            notices.c.state.in_(TELLS),
        )
        opened = opened.values(stood=case((told, orders.c.stood), else_=null()))
    conn.execute(opened)
    nothing = json.dumps(side_out(StoreSide()))
    conn.execute(
        update(orders)
        .where(
            orders.c.store_id == store_id,
            orders.c.status.in_([OrderStatus.CLOSED, OrderStatus.CANCELLED]),
            orders.c.wrote.is_not(None),
            cast(orders.c.wrote, String) != nothing,
        )
        .values(review=True)
    )


def review_of(conn: Connection, store_id: int, order_ids: Iterable[int]) -> None:
    """Look at these orders again."""
    conn.execute(
        update(orders)
        .where(orders.c.store_id == store_id, orders.c.order_id.in_(sorted(set(order_ids))))
        .values(review=True)
    )


def wish_cancel(
    conn: Connection, store_id: int, order_id: int, line_ids: Sequence[int], reason: str, now: datetime
) -> None:
    """The customer wants these lines cancelled; the first wish stays the one that counts."""
    conn.execute(
        update(order_lines)
        .where(
            order_lines.c.store_id == store_id,
            order_lines.c.order_id == order_id,
            order_lines.c.line_id.in_(list(line_ids)),
            order_lines.c.cancel_wished_at.is_(None),
        )
        .values(cancel_wished_at=now, cancel_reason=reason)
    )
    orderbook.ask_for_review(conn, store_id, order_id)


_PLACE = (
    update(parts)
    .where(
        (parts.c.store_id == bindparam("b_store"))
        & (parts.c.order_id == bindparam("b_order"))
        & (parts.c.line_id == bindparam("b_line"))
        & (parts.c.item == bindparam("b_item"))
        & (parts.c.location == bindparam("b_location"))
    )
    .values(queued_at=bindparam("b_since"), queue_time=bindparam("b_time"))
)
_CLASS = (
    update(orders)
    .where((orders.c.store_id == bindparam("b_store")) & (orders.c.order_id == bindparam("b_order")))
    .values(priority=bindparam("b_priority"))
)


def queue_anew(conn: Connection, store_id: int, order_ids: Iterable[int], policy: BackorderPolicy) -> None:
    """Place the lines of these orders under the policy and the choices of today."""
    places: list[dict[str, Any]] = []
    classes: list[dict[str, Any]] = []
    for book in orderbook.load(conn, store_id, order_ids).values():
        placed = queueing(book.order, policy, book.choices, book.zone)
        classes.append({"b_store": store_id, "b_order": book.order.id, "b_priority": placed.priority.name})
        places += _places(store_id, book, policy)
    if classes:
        conn.execute(_CLASS, classes)
    if places:
        conn.execute(_PLACE, places)
        changed(conn, store_id, {place["b_item"] for place in places})


def _places(store_id: int, book: BookOrder, policy: BackorderPolicy) -> list[dict[str, Any]]:
    placed = queueing(book.order, policy, book.choices, book.zone)
    found = []
    for line in book.order.lines:
        times = placed.times(book.order, line)
        for part in line.parts:
            item, location = where(part.pool)
            found.append(
                {
                    "b_store": store_id,
                    "b_order": book.order.id,
                    "b_line": line.id,
                    "b_item": item,
                    "b_location": location,
                    "b_since": times["queued_at"],
                    "b_time": times["queue_time"],
                }
            )
    return found


def choose_for_order(conn: Connection, store_id: int, order_id: int, choices: OrderChoices) -> None:
    """What merchant and customer chose for one order."""
    conn.execute(
        update(orders)
        .where(orders.c.store_id == store_id, orders.c.order_id == order_id)
        .values(
            priority_by_hand=choices.priority,
            pinned=choices.pinned,
            split_by_hand=choices.split,
            split_by_customer=choices.split_of_customer,
            wait_until=choices.wait_until,
            review=True,
        )
    )


_ANSWER = (
    update(order_lines)
    .where(
        (order_lines.c.store_id == bindparam("b_store"))
        & (order_lines.c.order_id == bindparam("b_order"))
        & (order_lines.c.line_id == bindparam("b_line"))
    )
    .values(
        answer=bindparam("b_answer"),
        answer_why=bindparam("b_why"),
        excess=bindparam("b_excess"),
        # A line that is judged for the first time is held with all its units, one that was raised with what was added.
        unaccepted=case(
            (bindparam("b_accepted", type_=Boolean), literal(ZERO, order_lines.c.unaccepted.type)),
            (order_lines.c.unaccepted == ZERO, order_lines.c.ordered - order_lines.c.cancelled),
            else_=order_lines.c.unaccepted,
        ),
    )
)


def answered(conn: Connection, store_id: int, verdicts: Mapping[tuple[int, int], Verdict]) -> None:
    """Whether the waiting of these lines, named by order and line, is taken on."""
    if verdicts:
        conn.execute(
            _ANSWER,
            [
                {
                    "b_store": store_id,
                    "b_order": order,
                    "b_line": line,
                    "b_answer": said.answer,
                    "b_why": said.why,
                    "b_excess": said.excess,
                    "b_accepted": said.answer is Answer.ACCEPT,
                }
                for (order, line), said in verdicts.items()
            ],
        )
        review_of(conn, store_id, [order for order, _ in verdicts])


def choose_for_item(conn: Connection, store_id: int, item: int, choices: ItemChoices) -> None:
    """What the merchant chose for one item."""
    conn.execute(update(items).where(items.c.store_id == store_id, items.c.item == item).values(**asdict(choices)))


def keep_back_of_arrivals(conn: Connection, store_id: int, arrived: Mapping[Pool, tuple[Units, Units]]) -> None:
    """A share that is to be kept back becomes units when goods come in, so that every pass from then on gives the same.
    `arrived`: of each pool the units that came, and those that were there before.
    """
    chosen = item_rows.choices(conn, store_id, {pool.item for pool in arrived})
    shared = {item: choices for item, choices in chosen.items() if choices.keep_back_percent is not None}
    given = waiting_sums.given(conn, store_id, shared) if shared else {}
    for pool, (units, before) in sorted(arrived.items()):
        if pool.item in shared:
            choices = shared[pool.item].after_arrival(units, before - given.get(pool, ZERO))
            shared[pool.item] = choices
            choose_for_item(conn, store_id, pool.item, choices)


def told(conn: Connection, store_id: int, order_id: int, stood: Stood) -> None:
    """A message names the dates that are in `stood`: later ones are measured by them."""
    conn.execute(
        update(orders)
        .where(orders.c.store_id == store_id, orders.c.order_id == order_id)
        .values(stood=stood_out(stood))
    )


def passed(conn: Connection, store_id: int, order_ids: Sequence[int], now: datetime) -> None:
    """Others took units that these orders let pass."""
    if order_ids:
        conn.execute(
            update(orders)
            .where(orders.c.store_id == store_id, orders.c.order_id.in_(list(order_ids)))
            .values(
                passed_over=orders.c.passed_over + 1,
                passed_since=func.coalesce(orders.c.passed_since, literal(now, orders.c.passed_since.type)),
            )
        )
