"""The domain alone, the walk that dates every waiting line, and what a long queue takes of memory."""

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import event, select

from backorder.db import goods
from backorder.db.tables import inbound, parts
from backorder.domain.allocation import Binding, Demand, Supply, Turn, allocate
from backorder.domain.policy import BackorderPolicy
from backorder.domain.promise import Outlook, Waiting, promises
from backorder.domain.supply import Inbound, Pool
from benchmarks import floors
from benchmarks.long_queue import Count, Line, lines, opened, owed_of
from benchmarks.row import Row
from jobs import allocate as work
from jobs import steer

DELIVERIES = 30
POOL = Pool(1, 1)


def domain_alone(count: int, trials: int) -> Iterator[Row]:
    """The plan of a pass and the dates of everybody, without a database. Beside the dates stands the least that a whole
    plan costs: sorted, given, with a reason, the units ahead and a date for each line.
    """
    made = lines(count)
    owed = owed_of(made)
    demand = [
        Demand(Turn(x.time, x.order, x.id), POOL, Decimal(x.units), first_pass=True, queued_at=x.at) for x in made
    ]
    everything = {POOL: Supply(Decimal(sum(owed.values())))}
    today = date(2026, 1, 1)
    share = Decimal(sum(owed.values()) // DELIVERIES + 1)
    coming = [Inbound(n, POOL, share, Decimal(0), today + timedelta(days=n)) for n in range(DELIVERIES)]
    queue = [Waiting(part, today) for part in sorted(demand, key=lambda part: part.turn)]
    greedy = _median(lambda: floors.greedy(made, owed), trials)
    whole = _median(lambda: _whole_plan(made, owed), trials)
    plan = _median(lambda: allocate(demand, everything, Binding.AT_RELEASE), trials)
    dates = _median(lambda: promises(queue, coming, Outlook(today, BackorderPolicy())), trials)
    yield Row.of("sort and greedy loop (a)", count, "python", greedy, 0, Count())
    yield Row.of("plan alone", count, "python", plan, greedy, Count())
    yield Row.of(f"dates alone x {DELIVERIES} deliveries (W9)", count, "python", dates, whole, Count())


def _whole_plan(made: Sequence[Line], owed: dict[int, int]) -> list[tuple[int, int, str, int, int]]:
    left = dict(owed)
    ahead = 0
    plan = []
    for line in sorted(made, key=lambda line: (line.time, line.order, line.id)):
        got = min(left[line.item], line.units)
        left[line.item] -= got
        reason = "whole" if got == line.units else "partial" if got else "none"
        plan.append((line.id, got, reason, ahead, ahead // 1000))
        ahead += line.units
    return plan


def promises_of_a_store(url_of: Callable[[Path], str], count: int = 10_000) -> Iterator[Row]:
    """W9: everybody waits for thirty deliveries; then one of them slips by ten days. The whole pass, with the dates
    that moved as its rows.
    """
    made = lines(count)
    with tempfile.TemporaryDirectory() as folder:
        url = url_of(Path(folder))
        world, store = opened(url, Path(folder), made)
        engine = "sqlite" if world.database.is_sqlite else "postgresql"
        units = Decimal(sum(owed_of(made).values()) // DELIVERIES + 1)
        today = world.clock().date()
        with world.database.write() as conn:
            for n in range(DELIVERIES):
                day = today + timedelta(days=7 * n)
                goods.add_inbound(
                    conn, store, POOL, quantity=units, expected_on=day, source="", now=world.clock()
                )  # fmt: skip
            conn.execute(parts.update().where(parts.c.store_id == store).values(promise_early=None))
        for name, change in (("dated", 0), ("after a slip of 10 days", 10)):
            with world.database.read() as conn:
                of_store = select(inbound.c.id, inbound.c.expected_on).where(inbound.c.store_id == store)
                first = conn.execute(of_store.order_by(inbound.c.id)).first()
            assert first is not None
            steer.move_inbound(world, store, first.id, first.expected_on + timedelta(days=change))
            tally = Count()
            event.listen(world.database.engine, "after_cursor_execute", tally.note)
            began = time.perf_counter()
            work.allocate(world, store)
            took = (time.perf_counter() - began) * 1000
            event.remove(world.database.engine, "after_cursor_execute", tally.note)
            yield Row.of(f"W9 {DELIVERIES} deliveries, {name}", count, engine, took, 0, tally)
        world.database.close()


def memory(count: int) -> Iterator[Row]:
    """The most memory that a pass over such a queue takes, in a process that does nothing else: megabytes stand in the
    place of milliseconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        world, store = opened(f"sqlite:///{folder}/bench.db", Path(folder), lines(count))
        units = sum(world.shelf.owed.values())
        world.database.close()
        command = [sys.executable, "-m", "benchmarks.one_pass", world.database.url, str(store), str(units)]
        peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        yield Row.of("W1 all filled: peak memory in MB", count, "sqlite", float(peak), 0, Count())


def _median(call: Callable[[], object], trials: int) -> float:
    found = []
    gc.disable()  # As a pass does.
    for _ in range(trials):
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1000)
    gc.enable()
    return statistics.median(found)
