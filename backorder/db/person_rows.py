"""Everything that is held about one person, as it would be told to them."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from backorder.db.bites import among
from backorder.db.erasing import orders_of
from backorder.db.tables import deliveries, notices, order_lines, orders, parcels, parts
from backorder.domain.privacy import Mentions, Person

Held = dict[str, Any]
"""A part of the file: names, texts, numbers and lists, ready to be written as JSON."""

_ORDER = (
    orders.c.order_id, orders.c.number, orders.c.placed_at, orders.c.changed_at, orders.c.status, orders.c.store_status,
    orders.c.paid, orders.c.currency, orders.c.customer_id, orders.c.customer_name, orders.c.email, orders.c.tags,
    orders.c.customer_tags, orders.c.shipping, orders.c.need_by, orders.c.priority, orders.c.wait_until,
)  # fmt: skip
_LINE = (
    order_lines.c.order_id, order_lines.c.line_id, order_lines.c.title, order_lines.c.sku, order_lines.c.ordered,
    order_lines.c.shipped, order_lines.c.cancelled, order_lines.c.unit_price, order_lines.c.cancel_wished_at,
    order_lines.c.cancel_reason,
)  # fmt: skip
_PART = (
    parts.c.order_id, parts.c.line_id, parts.c.outstanding, parts.c.allocated, parts.c.promise_early,
    parts.c.promise_late,
)  # fmt: skip
_NOTICE = (notices.c.order_id, notices.c.kind, notices.c.state, notices.c.at, notices.c.message_id)
_PARCEL = (parcels.c.order_id, parcels.c.company, parcels.c.number, parcels.c.url, parcels.c.state, parcels.c.at)


def held_on(conn: Connection, store_id: int, person: Person) -> Held:
    """Orders with their lines and messages, and what the store sent that names the person."""
    ids = orders_of(conn, store_id, person)

    def of_orders(table: Any, columns: Sequence[Any], *order: Any) -> dict[int, list[Held]]:
        rows = select(*columns).where(table.c.store_id == store_id, among(table.c.order_id, ids))
        by_order: dict[int, list[Held]] = {}
        for row in conn.execute(rows.order_by(*order)).mappings():
            by_order.setdefault(row["order_id"], []).append(_plain(row))
        return by_order

    heads = of_orders(orders, _ORDER, orders.c.order_id)
    lines = of_orders(order_lines, _LINE, order_lines.c.line_id)
    owed = of_orders(parts, _PART, parts.c.line_id, parts.c.location)
    messages = of_orders(notices, _NOTICE, notices.c.id)
    sent = of_orders(parcels, _PARCEL, parcels.c.id)
    return {
        "orders": [
            {
                **head,
                "lines": lines.get(key, []),
                "owed": owed.get(key, []),
                "messages": messages.get(key, []),
                "parcels": sent.get(key, []),
            }
            for key, (head,) in heads.items()
        ],
        "received_from_the_store": list(_deliveries(conn, store_id, Mentions.of(person, ids))),
    }


def _deliveries(conn: Connection, store_id: int, mentions: Mentions) -> Iterator[Held]:
    rows = select(deliveries.c.received_at, deliveries.c.topic, deliveries.c.body).where(
        deliveries.c.store_id == store_id
    )
    for row in conn.execute(rows.order_by(deliveries.c.id).execution_options(yield_per=100)):
        raw = bytes(row.body)
        if mentions.within(raw):
            yield {"received_at": row.received_at.isoformat(), "topic": row.topic, "body": _as_told(raw)}


def _as_told(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _plain(row: RowMapping) -> Held:
    return {name: _text(value) for name, value in row.items() if name != "order_id" or "number" in row}


def _text(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
