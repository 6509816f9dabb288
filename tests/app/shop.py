"""A shop whose rows each test puts in by name, a merchant at a browser, and what stands in for bell and clock."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event, insert, select, update

from backorder.db import stores
from backorder.db.session import Database
from backorder.db.tables import (
    NOWHERE,
    actions,
    decisions,
    deliveries,
    inbound,
    items,
    notices,
    order_lines,
    orders,
    parts,
    pools,
    receipts,
)
from backorder.db.tables import stores as store_rows
from backorder.domain.allocation import Rule
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy
from backorder.domain.store import Mode, Store
from backorder.domain.supply import Balance
from jobs.world import World

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
KEY = "a key that is only used by the tests of the pages"
API_TOKEN = "the token of the first shop"


class Bell:
    """Remembers what was rung."""

    def __init__(self) -> None:
        self.rung: list[tuple[Any, ...]] = []

    def ring(self, queue: str, job: str, *ids: int) -> None:
        self.rung.append((queue, job, *ids))


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Shop:
    """One store in the database, and a short way to give it orders and goods."""

    def __init__(self, world: World, store_id: int) -> None:
        self.world = world
        self.id = store_id
        self.lines = 0

    def put(self, table: Any, **values: Any) -> int:
        """One row; its id where the table counts them."""
        with self.world.database.write() as conn:
            key = conn.execute(insert(table).values(store_id=self.id, **values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def set(self, **values: Any) -> None:
        """Change the store's own row."""
        with self.world.database.write() as conn:
            conn.execute(update(store_rows).where(store_rows.c.id == self.id).values(**values))

    def policy(self, **choices: Any) -> BackorderPolicy:
        """Change the merchant's choices."""
        with self.world.database.write() as conn:
            policy = stores.get(conn, self.id).policy.changed(**choices)
            stores.set_policy(conn, self.id, policy)
        return policy

    def item(
        self,
        item: int,
        *,
        sku: str,
        title: str,
        on_hand: str = "0",
        location: int = 0,
        vendor: str = "",
        tags: list[str] | None = None,
        **pool: Any,
    ) -> int:
        """A stocked item with its pool."""
        self.put(items, item=item, sku=sku, title=title, vendor=vendor, tags=tags)
        self.pool(item, location, on_hand=on_hand, **pool)
        return item

    def pool(self, item: int, location: int, *, on_hand: str = "0", **values: Any) -> None:
        """A pool in balance, unless said otherwise."""
        there = Decimal(on_hand)
        given = {
            "available": there,
            "read_began": NOW,
            "balance": Balance.BALANCED,
            "on_hand": there,
            "believed_available": there,
            "believed_outstanding": Decimal(0),
            "gap": Decimal(0),
        }
        self.put(pools, item=item, location=location, **{**given, **values})

    def order(self, order_id: int, *lines: dict[str, Any], days_ago: int = 1, **values: Any) -> int:
        """An open, paid order of Ada's with these lines."""
        placed = NOW - timedelta(days=days_ago)
        given = {
            "number": f"#{order_id}",
            "placed_at": placed,
            "changed_at": placed,
            "status": OrderStatus.OPEN,
            "store_status": "open",
            "paid": True,
            "currency": "USD",
            "customer_name": "Ada Lovelace",
            "email": "ada@example.com",
            "tags": [],
            "unread": False,
            "review": False,
        }
        self.put(orders, order_id=order_id, **{**given, **values})
        for line in lines:
            self._line(order_id, placed, line)
        return order_id

    def _line(self, order_id: int, placed: datetime, line: dict[str, Any]) -> None:
        self.lines += 1
        owed = sum((part["outstanding"] for part in line["parts"]), Decimal(0))
        waits = any(part["outstanding"] > part["allocated"] for part in line["parts"])
        self.put(
            order_lines,
            order_id=order_id,
            line_id=line.get("line_id", self.lines),
            item=line["item"],
            title=line["title"],
            sku=line["sku"],
            ordered=owed + line["shipped"] + line["cancelled"],
            shipped=line["shipped"],
            cancelled=line["cancelled"],
            unit_price=line["price"],
            **{"backordered_at": placed if waits else None, **line["values"]},
        )
        for part in line["parts"]:
            self.put(
                parts,
                order_id=order_id,
                line_id=line.get("line_id", self.lines),
                **{"queue_time": placed, "queued_at": placed, "decided": True, **part},
            )

    def notice(self, order_id: int, kind: str, state: WorkState, **values: Any) -> int:
        """A message to a customer."""
        given = {"order_id": order_id, "kind": kind, "state": state, "reason_version": 1, "due_at": NOW, "at": NOW}
        return self.put(notices, **{**given, **values})

    def write(self, order_id: int, kind: str, state: WorkState, **values: Any) -> int:
        """A write to the store."""
        given = {"order_id": order_id, "kind": kind, "state": state, "side_seq": 0, "due_at": NOW, "at": NOW}
        return self.put(actions, **{**given, **values})

    def decision(self, order_id: int, line_id: int, item: int, rule: Rule, **values: Any) -> int:
        """A decision of a pass."""
        given = {"order_id": order_id, "line_id": line_id, "item": item, "location": 0, "rule": rule, "at": NOW}
        units = {"before": Decimal(0), "allocated": Decimal(0), "firm": Decimal(0), "policy_version": 1}
        return self.put(decisions, **{**given, **units, **values})

    def coming(self, item: int, quantity: str, expected_on: date, **values: Any) -> int:
        """Goods on the way."""
        given = {"location": 0, "source": "", "created_at": NOW, "received": Decimal(0)}
        dates = {"expected_on": expected_on, "first_expected_on": expected_on}
        return self.put(inbound, item=item, quantity=Decimal(quantity), **{**dates, **given, **values})

    def receipt(self, inbound_id: int, units: str, *, guessed: bool = True) -> int:
        """An arrival that was booked."""
        return self.put(receipts, inbound_id=inbound_id, units=Decimal(units), guessed=guessed, at=NOW)

    def delivery(self, key: str, state: WorkState) -> int:
        """A webhook in the inbox."""
        given = {"topic": "orders/create", "headers": "{}", "body": b"{}", "received_at": NOW}
        return self.put(deliveries, dedupe_key=key, state=state, **given)

    def rows(self, table: Any) -> list[dict[str, Any]]:
        """Every row of this store."""
        with self.world.database.read() as conn:
            found = conn.execute(select(table).where(table.c.store_id == self.id)).mappings()
            return [dict(row) for row in found]


def store_of(shop: Shop) -> Store:
    with shop.world.database.read() as conn:
        return stores.get(conn, shop.id)


def a_line(item: int | None, owed: str, given: str = "0", **values: Any) -> dict[str, Any]:
    """A line of one item, all of it owed from one pool; `firm`, `promised`, `location`, ... change it."""
    promised = values.pop("promised", (None, None))
    part = {
        "item": NOWHERE if item is None else item,
        "location": values.pop("location", 0),
        "outstanding": Decimal(owed),
        "allocated": Decimal(given),
        "firm": Decimal(values.pop("firm", "0")),
        "promise_early": promised[0],
        "promise_late": promised[1],
        "promise_first": values.pop("first", promised[1]),
        "decided": values.pop("decided", True),
    }
    line = {
        "item": item,
        "title": values.pop("title", "Desk lamp"),
        "sku": values.pop("sku", "LAMP"),
        "price": Decimal(values.pop("price", "10")),
        "shipped": Decimal(values.pop("shipped", "0")),
        "cancelled": Decimal(values.pop("cancelled", "0")),
        "parts": values.pop("parts", [part] if Decimal(owed) else []),
    }
    if "line_id" in values:
        line["line_id"] = values.pop("line_id")
    return {**line, "values": values}


def connected(world: World, platform: str, address: str, **values: Any) -> Shop:
    """A connected store that watches and has been imported."""
    sealed = world.sealer.seal({"webhook_secret": "the shop's secret", "client_secret": "the app's own secret"})
    with world.database.write() as conn:
        store = stores.connect(
            conn, stores.NewStore(platform, address, "Lamp Works", "USD", "UTC", sealed, f"token-of-{address}"), NOW
        )
    shop = Shop(world, store.id)
    shop.set(**{"imported_at": NOW, "catch_up_at": NOW + timedelta(days=1), "mode": Mode.ON, **values})
    return shop


class Merchant:
    """A signed-in merchant at a browser: forms carry what the page gave them."""

    def __init__(self, client: FlaskClient, link: str) -> None:
        self.client = client
        path = link.removeprefix("https://waitline.example")
        client.post(path, base_url="https://waitline.example")
        self.csrf = self._csrf()

    def _csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/settings").text)
        return found[1] if found else ""

    def get(self, path: str) -> Any:
        """Look at a page."""
        return self.client.get(path, base_url="https://waitline.example")

    def post(self, path: str, **form: Any) -> Any:
        """Send a form of ours."""
        return self.client.post(path, data={"csrf": self.csrf, **form}, base_url="https://waitline.example")


class _Text(HTMLParser):
    """What a page says, one entry for each block."""

    BLOCKS = frozenset({"p", "h1", "h2", "li", "td", "th", "dt", "dd", "label", "legend", "button", "title", "caption"})

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)

    def handle_data(self, data: str) -> None:
        self.lines[-1] += data

    def _break(self, tag: str) -> None:
        if tag in self.BLOCKS:
            self.lines.append("")


def told_by(found: Any) -> list[str]:
    """What an answer says, block by block."""
    parser = _Text()
    parser.feed(found.text)
    return [" ".join(line.split()) for line in parser.lines if line.strip()]


def lines_of(found: Any) -> list[str]:
    """What a page says that there is."""
    assert found.status_code == 200, found.text
    return told_by(found)


class Statements:
    """Counts what is sent to the database."""

    def __init__(self, database: Database) -> None:
        self.seen: list[str] = []
        event.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, _conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT")):
            self.seen.append(statement)

    def of(self, call: Any) -> int:
        """How many statements a call takes."""
        before = len(self.seen)
        call()
        return len(self.seen) - before
