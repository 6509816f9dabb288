"""The search of orders, as far as it is used."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime

from demo.stores.shopify.graph import Tree
from demo.stores.shopify.state import Order

_SINCE = re.compile(r"updated_at:>='([^']+)'")
COUNTED_AT_MOST = 10_000


def searched(query: str, orders: Iterable[Order]) -> list[Order]:
    """The orders that a query finds, the one that changed longest ago first."""
    there = sorted(orders, key=lambda order: (order.updated, order.id))
    since = _SINCE.search(query)
    if since:
        there = [order for order in there if order.updated >= datetime.fromisoformat(since[1])]
    if "status:open" in query:
        there = [order for order in there if order.cancelled is None]
    return there


def cursor(order: Order) -> str:
    """An order's place in the list: by what it is sorted, so that it stays a place whatever changes meanwhile."""
    place = {"last_id": order.id, "last_value": f"{order.updated:%Y-%m-%d %H:%M:%S.%f}"}
    return b64encode(json.dumps(place, separators=(",", ":")).encode()).decode()


def behind(orders: Iterable[Order], after: str | None) -> list[Order]:
    """Those of the orders that come behind a place."""
    if after is None:
        return list(orders)
    place = json.loads(b64decode(after))
    last = place["last_value"], place["last_id"]
    return [order for order in orders if (f"{order.updated:%Y-%m-%d %H:%M:%S.%f}", order.id) > last]


def counted(orders: Sequence[Order], limit: int | None) -> Tree:
    """How many there are, as far as is counted."""
    most = COUNTED_AT_MOST if limit is None else limit
    return {"count": min(len(orders), most), "precision": "EXACT" if len(orders) <= most else "AT_LEAST"}
