"""What must hold however busy a store is: workers side by side, webhooks lost and doubled, a stream of VIPs. Each
raises AssertionError where it does not.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from sqlalchemy import select

from backorder.db import items, orderbook
from backorder.db.tables import parts
from backorder.domain.actions import StoreSide
from backorder.domain.allocation import Binding, Demand, Supply, Turn, allocate
from backorder.domain.orders import Order, OrderLine, Part, Reading
from backorder.domain.policy import BackorderPolicy
from backorder.domain.store import Mode
from backorder.domain.supply import Pool
from benchmarks.long_queue import SEED, START, Count, Line, Shelf, lines, opened, receive
from benchmarks.row import Row
from connectors.contract import OrderRead, OrdersRead, Page
from jobs import allocate as work

POOL = Pool(1, 1)
WORKERS = 8
DAYS = 90
AHEAD = timedelta(days=5)


def contention(url_of: Callable[[Path], str], receipts: int) -> Row:
    """W6: eight workers take in 40 units each time; nothing is oversold, nobody served before an older one."""
    made = lines(10_000)
    with tempfile.TemporaryDirectory() as folder:
        url = url_of(Path(folder))
        world, store = opened(url, Path(folder), made)
        gate = threading.Lock()

        def worker() -> None:
            for _ in range(receipts):
                with gate:
                    receive(world, store, {1: 40})
                work.allocate(world, store)

        threads = [threading.Thread(target=worker) for _ in range(WORKERS)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work.allocate(world, store)
        took = (time.perf_counter() - began) * 1000
        with world.database.read() as conn:
            in_turn = select(parts.c.outstanding, parts.c.allocated).where(parts.c.store_id == store)
            found = conn.execute(in_turn.order_by(parts.c.queue_time, parts.c.order_id, parts.c.line_id)).all()
        given = sum((row.allocated for row in found), Decimal(0))
        short = [row.allocated < row.outstanding for row in found]
        violations = sum(row.allocated > 0 for row in found[short.index(True) + 1 :])
        assert (given, violations) == (WORKERS * receipts * 40, 0), (given, violations)
        engine = "sqlite" if world.database.is_sqlite else "postgresql"
        world.database.close()
    return Row.of(f"W6 {WORKERS} workers x {receipts} receipts", 10_000, engine, took, 0, Count())


@dataclass
class Told(Shelf):
    """A store whose orders change too. `wanted` is what each line is owed in truth."""

    lines: Sequence[Line]
    wanted: dict[int, int]

    def read_orders(self, ids: Sequence[int]) -> OrdersRead:
        """The truth about these."""
        return OrdersRead(list(self._read(set(ids))), [])

    def pull(self, _since: datetime | None) -> Iterator[Page]:
        """The truth about all."""
        yield Page(orders=list(self._read({line.order for line in self.lines})))

    def _read(self, ids: set[int]) -> Iterator[OrderRead]:
        of: dict[int, list[Line]] = {}
        for line in self.lines:
            if line.order in ids:
                of.setdefault(line.order, []).append(line)
        now = datetime.now(UTC)
        for order, found in of.items():
            told = tuple(
                OrderLine(
                    line.id,
                    line.item,
                    Decimal(line.units),
                    cancelled=Decimal(line.units - self.wanted[line.id]),
                    parts=(Part(POOL, Decimal(self.wanted[line.id])),),
                )
                for line in found
            )
            yield OrderRead(Reading(Order(order, str(order), found[0].at, now, lines=told), now), StoreSide())


def chaos(url_of: Callable[[Path], str], count: int = 1_000, events: int = 200) -> Row:
    """W7: receipts, losses, corrections, cancels and edits of which one webhook in twenty is lost, one in ten comes
    twice, and all come out of order. In the end everybody has what one plan of the truth gives.
    """
    chance = Random(SEED)
    # Without head starts: no rule of the policy gives one, and a reading places its order by the rules.
    made = [line._replace(time=line.at) for line in lines(count)]
    with tempfile.TemporaryDirectory() as folder:
        url = url_of(Path(folder))
        world, store = opened(url, Path(folder), made, BackorderPolicy(settle_seconds=0), mode=Mode.WATCH)
        shelf = Told({1: 0}, dict(world.shelf.owed), made, {line.id: line.units for line in made})
        object.__setattr__(world, "shelf", shelf)
        began = time.perf_counter()
        to_tell: list[int] = []
        for _ in range(events):
            to_tell += _happens(chance, shelf)
            chance.shuffle(to_tell)
            for order in [to_tell.pop() for _ in range(len(to_tell) // 2)]:
                for _ in range(chance.choices((0, 1, 2), (5, 85, 10))[0]):
                    with world.database.write() as conn:
                        if order:
                            orderbook.mark_unread(conn, store, [order], world.clock())
                        else:
                            items.read_again(conn, store, [1])
            work.allocate(world, store)
        with world.database.write() as conn:
            orderbook.mark_unread(conn, store, orderbook.owing(conn, store), world.clock())
            items.touch(conn, store, [1])
        work.allocate(world, store)
        took = (time.perf_counter() - began) * 1000
        with world.database.read() as conn:
            has = {
                line: units
                for line, units in conn.execute(
                    select(parts.c.line_id, parts.c.allocated).where(parts.c.store_id == store)
                )
                if units
            }
        engine = "sqlite" if world.database.is_sqlite else "postgresql"
        world.database.close()
    demand = [
        Demand(Turn(x.time, x.order, x.id), POOL, Decimal(shelf.wanted[x.id]), first_pass=True)
        for x in made
        if shelf.wanted[x.id]
    ]
    plan = allocate(demand, {POOL: Supply(Decimal(shelf.there[1]))}, Binding.NEVER)
    assert has == {d.demand.turn.line_id: d.allocated for d in plan.decisions if d.allocated}
    return Row.of(f"W7 {events} events, lost and doubled", count, engine, took, 0, Count())


def _happens(chance: Random, shelf: Told) -> list[int]:
    """Something changes in the store; whose webhook tells: an order's, or 0 for the stock."""
    match chance.choice(("receipt", "receipt", "loss", "correction", "cancel", "edit")):
        case "receipt":
            shelf.there[1] += chance.randint(1, 20)
        case "loss":
            shelf.there[1] = max(0, shelf.there[1] - chance.randint(1, 10))
        case "correction":
            shelf.there[1] = max(0, shelf.there[1] + chance.choice((-1, 1)))
        case what:
            line = chance.choice(shelf.lines)
            left = 0 if what == "cancel" else min(1, shelf.wanted[line.id])
            shelf.owed = {1: shelf.owed[1] - shelf.wanted[line.id] + left}
            shelf.wanted[line.id] = left
            return [line.order, 0]
    return [0]


def starvation() -> Row:
    """W10: for ninety days more VIPs come than there are units; nobody is passed by one placed more than their head
    start later.
    """
    waiting: dict[int, Demand] = {}
    n = violations = 0
    began = time.perf_counter()
    for day in range(DAYS):
        for at, vip in [(START + timedelta(days=day, minutes=m), m % 14 < 11) for m in range(14)]:
            n += 1
            waiting[n] = Demand(Turn(at - (AHEAD if vip else timedelta(0)), n, n), POOL, Decimal(1), queued_at=at)
        made = allocate(waiting.values(), {POOL: Supply(Decimal(10))}, Binding.AT_GRANT).decisions
        served = [waiting.pop(decision.demand.turn.order_id) for decision in made if decision.allocated > 0]
        oldest = min(part.age.queue_time for part in waiting.values())
        violations += sum(part.age.queue_time > oldest + AHEAD for part in served)
    took = (time.perf_counter() - began) * 1000
    assert violations == 0, violations
    return Row.of(f"W10 {DAYS} days of VIPs at 110 %", n, "python", took, 0, Count())
