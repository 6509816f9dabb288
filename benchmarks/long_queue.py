"""A store with a long queue and a shelf that answers from memory, for measuring passes over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr
from sqlalchemy import delete, insert, update

from backorder.config import KEY_LENGTH, Config
from backorder.db import stores
from backorder.db.secrets import Sealer
from backorder.db.session import Database, migrate
from backorder.db.tables import actions, decisions, items, notices, order_lines, orders, parts
from backorder.db.tables import stores as store_rows
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Mode
from backorder.domain.supply import Item, Pool, Stock
from connectors.contract import OrdersRead, StockRead
from connectors.http import Transport
from jobs import allocate as work
from jobs.mailer import NoMailer
from jobs.queues import SilentBell
from jobs.world import World

SEED = 7
KEY = "k" * KEY_LENGTH
START = datetime(2026, 1, 1, tzinfo=UTC)
HEAD_STARTS = (0, 0, 0, 0, 2, 5)
BOOK = ("parts", "order_lines", "orders", "decisions", "actions", "notices")
"""Tables whose rows count: what a pass over an unchanged world must not write."""


@dataclass
class Shelf:
    """A store's answer, from memory: what lies there, and what its open lines have taken."""

    there: dict[int, int]
    owed: dict[int, int]

    def read_stock(self, ids: Sequence[int]) -> StockRead:
        """Figures of one moment."""
        found = [
            Stock(Pool(i, 1), Decimal(self.there[i] - self.owed[i]), Decimal(self.owed[i]))
            for i in ids
            if i in self.there
        ]
        return StockRead(datetime.now(UTC), [Item(i, sku=str(i)) for i in ids], found)

    def read_orders(self, ids: Sequence[int]) -> OrdersRead:
        """No order is unread here, so none is asked for."""
        assert not ids
        return OrdersRead([], [])


class Shop(World):
    """A world whose store answers from memory."""

    shelf: Shelf

    def client(self, _store: Any) -> Any:
        return self.shelf


@dataclass
class Count:
    """Statements and rows of the book since it was begun."""

    statements: int = 0
    rows: int = 0

    def note(self, _conn: Any, cursor: Any, text: str, parameters: Any, _context: Any, many: bool) -> None:
        """Called after each statement."""
        if text.startswith(("BEGIN", "COMMIT", "PRAGMA")):
            return
        self.statements += 1
        words = text.replace('"', "").split()
        if words[0] in ("INSERT", "UPDATE", "DELETE") and words[1 if words[0] == "UPDATE" else 2] in BOOK:
            self.rows += len(parameters) if many else max(0, cursor.rowcount)


def lines(count: int, pools: int) -> list[dict[str, Any]]:
    """Waiting lines, one a minute, of orders with one line."""
    chance = Random(SEED)
    made = []
    for n in range(1, count + 1):
        at = START + timedelta(minutes=n)
        ahead = timedelta(days=chance.choice(HEAD_STARTS))
        made.append(
            {"order": n, "item": 1 + n % pools, "units": chance.choice((1, 1, 1, 2, 3)), "at": at, "time": at - ahead}
        )
    return made


def opened(url: str, folder: Path, made: list[dict[str, Any]]) -> tuple[Shop, int]:
    """A store that is on, with these lines waiting and everybody told."""
    migrate(url)
    world = Shop(
        config=Config(data_dir=folder, secret_keys=(SecretStr(KEY),)),
        database=Database(url),
        clock=lambda: datetime.now(UTC),
        transport=Transport(),
        mailer=NoMailer(),
        bell=SilentBell(),
        sealer=Sealer([KEY]),
    )
    owed: dict[int, int] = {}
    for line in made:
        owed[line["item"]] = owed.get(line["item"], 0) + line["units"]
    object.__setattr__(world, "shelf", Shelf(dict.fromkeys(owed, 0), owed))
    now = datetime.now(UTC)
    with world.database.write() as conn:
        new = stores.NewStore("shopify", f"{now.timestamp()}.example", "Bench", "USD", "UTC", "", str(now.timestamp()))
        store = stores.connect(conn, new, now).id
        conn.execute(update(store_rows).where(store_rows.c.id == store).values(mode=Mode.ON, imported_at=now))
        conn.execute(insert(orders), [_order(store, line, now) for line in made])
        conn.execute(insert(order_lines), [_line(store, line) for line in made])
        conn.execute(insert(parts), [_part(store, line) for line in made])
        conn.execute(insert(items), [{"store_id": store, "item": item, "dirty_seq": 1} for item in owed])
    work.allocate(world, store)
    with world.database.write() as conn:
        for table in (actions, notices, decisions):
            conn.execute(delete(table).where(table.c.store_id == store))
    return world, store


def _order(store: int, line: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "store_id": store, "order_id": line["order"], "number": str(line["order"]), "placed_at": line["at"],
        "changed_at": line["at"], "status": OrderStatus.OPEN, "store_status": "open", "paid": True, "currency": "USD",
        "customer_name": "", "email": "ada@example.com", "tags": [], "unread": False, "review": False,
        "read_began": now,
    }  # fmt: skip


def _line(store: int, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "store_id": store, "order_id": line["order"], "line_id": line["order"], "item": line["item"], "title": "Lamp",
        "sku": "LAMP", "ordered": Decimal(line["units"]), "shipped": Decimal(0), "cancelled": Decimal(0),
        "unit_price": Decimal(10),
    }  # fmt: skip


def _part(store: int, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "store_id": store, "order_id": line["order"], "line_id": line["order"], "item": line["item"], "location": 1,
        "outstanding": Decimal(line["units"]), "allocated": Decimal(0), "firm": Decimal(0), "decided": False,
        "queue_time": line["time"], "queued_at": line["at"],
    }  # fmt: skip


def receive(world: Shop, store: int, units: dict[int, int]) -> None:
    """Goods come in, and the store tells."""
    with world.database.write() as conn:
        for item, count in units.items():
            world.shelf.there[item] += count
            conn.execute(
                update(items)
                .where(items.c.store_id == store, items.c.item == item)
                .values(dirty_seq=items.c.dirty_seq + 1)
            )
