"""The one place where a replay touches the application: a whole Waitline in this process, on a virtual clock.

A runner connects a store, posts recorded deliveries through the real HTTP route, lets all work be done, and asks
what the application now believes. Nothing here knows a platform.
"""

import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr

from app import create_app
from backorder.config import Config
from backorder.db import inbox, stores, whole_book
from backorder.db.secrets import Sealer
from backorder.db.session import Database, migrate
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Store
from connectors import get
from connectors.http import Transport
from demo.replay import leftovers
from jobs.catch_up import AUDIT_EVERY, EVERY, audit, catch_up
from jobs.connect import remember
from jobs.drain import work_off
from jobs.mailer import MemoryMailer, Message
from jobs.queues import SilentBell
from jobs.steer import save_policy
from jobs.world import World


@dataclass(frozen=True, slots=True)
class PoolRow:
    """What the application believes of one pool. `location` is 0 where the platform has one location."""

    item: int
    location: int
    available: Decimal
    """The store's own net figure, as read last."""
    committed: Decimal | None
    """The store's own count of units taken by open orders, where it keeps one."""
    on_hand: Decimal
    """available + committed; without a committed figure available + what our lines owe, and then negative where the
    figures contradict the orders.
    """


@dataclass(frozen=True, slots=True)
class LineRow:
    """One part of an order line that is owed from a pool."""

    order_id: int
    number: str
    line_id: int
    item: int
    """The pool's item (for a variation that uses its parent's stock the parent); 0 while it is in no pool."""
    location: int
    placed_at: datetime
    ordered: Decimal
    cancelled: Decimal
    shipped: Decimal
    outstanding: Decimal
    allocated: Decimal
    waiting: Decimal


@dataclass(frozen=True, slots=True)
class IgnoredRow:
    """A line that never waits: the word of `backorder.domain.orders.Ignored`, or the store's status of its order."""

    order_id: int
    line_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The application's book of one store."""

    pools: Sequence[PoolRow]
    lines: Sequence[LineRow]
    ignored: Sequence[IgnoredRow]
    quarantined: int
    """Deliveries set aside after their last try."""
    orders: Sequence[int]
    """Ids of the orders that the book has."""
    notifiable: Sequence[int]
    """Ids of those with an address to write to."""
    stored: int
    """Deliveries in the inbox, in whatever state."""


TICK = timedelta(milliseconds=1)


class Bench:
    """A Waitline of its own: real database, real routes, real jobs; virtual time, no sockets, no sleeping."""

    def __init__(
        self,
        transport: Transport,
        start: datetime,
        database_url: str = "",
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`transport` answers the calls to the store; `start` is the first reading of the virtual clock; `environ` are
        settings of the operator that a platform reads.
        """
        self._now = start
        self._mailer = MemoryMailer()
        self._folder = Path(tempfile.mkdtemp(prefix="bench-of-waitline-"))
        url = database_url or f"sqlite:///{self._folder / 'waitline.db'}"
        migrate(url)
        self._database = Database(url)
        self.world = World(
            config=Config(
                data_dir=self._folder,
                public_url="http://localhost:8000",
                mail_from="orders@bench.example",
                secret_keys=(SecretStr("a key for a bench that is thrown away"),),
                environ=environ,
            ),
            database=self._database,
            clock=self._look,
            transport=transport,
            mailer=self._mailer,
            bell=SilentBell(),
            sealer=Sealer(["a key for a bench that is thrown away"]),
            chance=lambda: 0.0,
        )
        self._web = create_app(self.world).test_client()
        self.store_id = 0

    def _look(self) -> datetime:
        """No two looks at a clock see the same moment: what began later is later."""
        self._now += TICK
        return self._now

    @property
    def now(self) -> datetime:
        """The virtual clock. Handed to whoever must agree with it."""
        return self._now

    def connect(self, platform: str, address: str, credentials: Mapping[str, str]) -> str:
        """Connect a store in watch mode, with these credentials as they are, and do the first import.

        Returns the path of the store's webhook address (`/webhooks/...`), without a slash at the end.
        """
        self.store_id = remember(self.world, platform, address, credentials).id
        # Recordings say what plain oldest-first by the order's own date gives, once everything has settled.
        save_policy(self.world, self.store_id, settle_seconds=0, late_lines_wait=False)
        catch_up(self.world, self.store_id)
        self.work_off()
        with self.world.database.read() as conn:
            token = stores.webhook_token(conn, self.store_id)
        return get(platform).installer.webhook_url("", token)

    def move_to(self, moment: datetime) -> None:
        """Set the virtual clock forward; a moment in the past changes nothing. The regular rounds move along: a
        replay asks for them itself.
        """
        if moment <= self._now:
            return
        before, self._now = self._now, moment
        if self.store_id:
            with self.world.database.write() as conn:
                store = stores.get(conn, self.store_id)
                # One that was asked for before is not put off.
                if store.catch_up_at is not None and store.catch_up_at > max(before, self._now - EVERY):
                    stores.note(conn, store.id, catch_up_at=self._now + EVERY)
                stores.note(conn, store.id, audited_at=self._now + AUDIT_EVERY)

    def post(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send a delivery, byte for byte, through the real route; the HTTP status of the answer."""
        if self.store_id:
            # A replay does not wait out the rest of a store that failed: what is true now may be read now.
            with self._database.write() as conn:
                stores.note(conn, self.store_id, calm_until=None)
        return self._web.post(path, headers=dict(headers), data=body).status_code

    def set_back(self, by: timedelta) -> None:
        """Set the virtual clock back, as somebody does whose clock was wrong."""
        self._now -= by

    def work_off(self, leave_out: Collection[str] = ()) -> None:
        """Do all work that is due in this process but these jobs, moving the virtual clock to work that is due later
        (a second look at a risen pool, the settling time), until nothing is left but the regular rounds.
        """
        work_off(self.world, move_to=self.move_to, leave_out=("audit", *leave_out))

    def subscribe(self) -> None:
        """Let the store send its webhooks to us."""
        audit(self.world, self.store_id)

    def leftovers(self, words: Iterable[str]) -> list[str]:
        """Where any of these words still is: in the database, its files, or what is sealed in it."""
        wanted = list(words)
        with self.world.database.read() as conn:
            sealed = stores.credentials(conn, self.store_id)
        opened = " ".join(self.world.sealer.open(sealed).values()) if sealed else ""
        inside = [f"sealed credentials: {word}" for word in wanted if word.casefold() in opened.casefold()]
        return leftovers.found(self._database, wanted) + inside

    @property
    def mails(self) -> list[Message]:
        """Every mail that was sent."""
        return self._mailer.sent

    @property
    def store(self) -> Store:
        """The store as it stands."""
        with self.world.database.read() as conn:
            return stores.get(conn, self.store_id)

    def catch_up(self) -> None:
        """One catch-up of the store with the sweep of all ids, and the work that follows from it."""
        catch_up(self.world, self.store_id, sweep_ids=True)
        self.work_off()

    def rows(self) -> Rows:
        """What the application believes now."""
        with self.world.database.read() as conn:
            pools = whole_book.pool_rows(conn, self.store_id)
            parts = whole_book.part_rows(conn, self.store_id)
            idle = whole_book.idle_lines(conn, self.store_id)
            known = whole_book.orders_known(conn, self.store_id)
            counts = inbox.counts(conn, self.store_id)
        owed: dict[tuple[int, int], Decimal] = {}
        for row in parts:
            key = (row["item"], row["location"])
            owed[key] = owed.get(key, Decimal(0)) + row["outstanding"]
        return Rows(
            pools=[_pool_row(row, owed.get((row["item"], row["location"]), Decimal(0))) for row in pools],
            lines=[_line_row(row) for row in parts],
            ignored=[
                IgnoredRow(row["order_id"], row["line_id"], _why(row))
                for row in idle
                if row["ignored"] is not None or row["status"] != OrderStatus.OPEN
            ],
            quarantined=counts.get(WorkState.FAILED, 0),
            orders=[row["order_id"] for row in known],
            notifiable=[row["order_id"] for row in known if row["email"]],
            stored=sum(counts.values()),
        )

    def close(self) -> None:
        """Give the database back."""
        self.world.database.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _pool_row(row: Any, owed: Decimal) -> PoolRow:
    committed = row["committed"]
    on_hand = row["available"] + (owed if committed is None else committed)
    return PoolRow(row["item"], row["location"], row["available"], committed, on_hand)


def _line_row(row: Any) -> LineRow:
    names = (
        "order_id", "number", "line_id", "item", "location", "placed_at", "ordered", "cancelled", "shipped",
        "outstanding", "allocated",
    )  # fmt: skip
    return LineRow(**{name: row[name] for name in names}, waiting=row["outstanding"] - row["allocated"])


def _why(row: Any) -> str:
    return f"status:{row['store_status']}" if row["ignored"] is None else str(row["ignored"])
