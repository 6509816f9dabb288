"""A store with long queues and a shelf that answers from memory, for measuring passes over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from pydantic import SecretStr
from sqlalchemy import insert, update

from backorder.config import KEY_LENGTH, Config
from backorder.db import items, stores
from backorder.db.secrets import Sealer
from backorder.db.session import Database, migrate
from backorder.db.tables import actions, decisions, notices, order_lines, orders, parts
from backorder.db.tables import stores as store_rows
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy
from backorder.domain.split import Split
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
"""Days, by class: most lines have none."""
UNITS = (1, 1, 1, 2, 3)
SPLITS = (Split.SHIP_AVAILABLE,) * 3 + (Split.LINE_WHOLE, Split.ORDER_WHOLE)
BOOK = ("parts", "order_lines", "orders", "decisions", "actions", "notices")
"""Tables whose rows count: what a pass over an unchanged world must not write."""


class Line(NamedTuple):
    """A waiting line."""

    order: int
    id: int
    item: int
    units: int
    at: datetime
    time: datetime
    """`at` less the head start."""
    split: Split


@dataclass
class Shelf:
    """A store's answer, from memory: what lies there, and what its open lines have taken."""

    there: dict[int, int]
    owed: Mapping[int, int]

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


def lines(count: int, pools: int = 1, *, of_order: int = 0) -> list[Line]:
    """Waiting lines, an order a minute: three of five ship as units come, one as a whole, one in an order of two lines
    that ships whole. With `of_order` every order has so many lines and ships as the store's policy says.
    """
    chance = Random(SEED)
    made: list[Line] = []
    while len(made) < count:
        n = len(made) + 1
        at = START + timedelta(minutes=n)
        split = Split.SHIP_AVAILABLE if of_order else chance.choice(SPLITS)
        ahead = timedelta(days=chance.choice(HEAD_STARTS))
        size = of_order or (2 if split is Split.ORDER_WHOLE else 1)
        for one in range(min(size, count - len(made))):
            made.append(Line(n, n + one, 1 + (n + one) % pools, chance.choice(UNITS), at, at - ahead, split))
    return made


def owed_of(made: Sequence[Line]) -> dict[int, int]:
    """Units that these lines wait for, by item."""
    owed: dict[int, int] = {}
    for line in made:
        owed[line.item] = owed.get(line.item, 0) + line.units
    return owed


def world_of(url: str, folder: Path, shelf: Shelf) -> Shop:
    """A world over a database that is there."""
    world = Shop(
        config=Config(data_dir=folder, secret_keys=(SecretStr(KEY),)),
        database=Database(url),
        clock=lambda: datetime.now(UTC),
        transport=Transport(),
        mailer=NoMailer(),
        bell=SilentBell(),
        sealer=Sealer([KEY]),
    )
    object.__setattr__(world, "shelf", shelf)
    return world


def opened(
    url: str, folder: Path, made: Sequence[Line], policy: BackorderPolicy | None = None, *, mode: Mode = Mode.ON
) -> tuple[Shop, int]:
    """A store with these lines waiting and everybody told."""
    migrate(url)
    owed = owed_of(made)
    world = world_of(url, folder, Shelf(dict.fromkeys(owed, 0), owed))
    now = datetime.now(UTC)
    heads = {line.order: line for line in reversed(made)}
    with world.database.write() as conn:
        new = stores.NewStore("shopify", f"{now.timestamp()}.example", "Bench", "USD", "UTC", "", str(now.timestamp()))
        store = stores.connect(conn, new, now).id
        conn.execute(update(store_rows).where(store_rows.c.id == store).values(mode=mode, imported_at=now))
        stores.set_policy(conn, store, policy or BackorderPolicy())
        conn.execute(insert(orders), [_order(store, line, now) for line in heads.values()])
        conn.execute(insert(order_lines), [_line(store, line) for line in made])
        conn.execute(insert(parts), [_part(store, line) for line in made])
        items.touch(conn, store, owed)
    _tidied(world)
    work.allocate(world, store)
    worked_off(world, store)
    _tidied(world)
    return world, store


def _tidied(world: World) -> None:
    """A server that knows its tables and has written everything away, as one does that runs for long."""
    if not world.database.is_sqlite:
        with world.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("VACUUM ANALYZE")
            conn.exec_driver_sql("CHECKPOINT")


def worked_off(world: World, store: int) -> None:
    """Everything that was due is written and sent, and every order was read just now."""
    with world.database.write() as conn:
        conn.execute(update(orders).where(orders.c.store_id == store).values(read_began=world.clock()))
        for table in (actions, notices):
            conn.execute(update(table).where(table.c.store_id == store).values(state=WorkState.DONE))
        conn.execute(decisions.delete().where(decisions.c.store_id == store))


def _order(store: int, line: Line, now: datetime) -> dict[str, Any]:
    return {
        "store_id": store, "order_id": line.order, "number": str(line.order), "placed_at": line.at,
        "changed_at": line.at, "status": OrderStatus.OPEN, "store_status": "open", "paid": True, "currency": "USD",
        "customer_name": "", "email": "ada@example.com", "tags": [], "unread": False, "review": False,
        "read_began": now, "split_by_hand": None if line.split is Split.SHIP_AVAILABLE else line.split,
    }  # fmt: skip


def _line(store: int, line: Line) -> dict[str, Any]:
    return {
        "store_id": store, "order_id": line.order, "line_id": line.id, "item": line.item, "title": "Lamp",
        "sku": "LAMP", "ordered": Decimal(line.units), "shipped": Decimal(0), "cancelled": Decimal(0),
        "unit_price": Decimal(10),
    }  # fmt: skip


def _part(store: int, line: Line) -> dict[str, Any]:
    return {
        "store_id": store, "order_id": line.order, "line_id": line.id, "item": line.item, "location": 1,
        "outstanding": Decimal(line.units), "allocated": Decimal(0), "firm": Decimal(0), "decided": False,
        "queue_time": line.time, "queued_at": line.at,
    }  # fmt: skip


def receive(world: Shop, store: int, units: Mapping[int, int]) -> None:
    """Goods come in, and the store tells."""
    for item, count in units.items():
        world.shelf.there[item] += count
    with world.database.write() as conn:
        items.read_again(conn, store, units)
