"""`make bench-allocation`: how long a pass takes over a long queue, beside the least that the same rows cost.

The whole way of a worker is measured: lease, reading (from memory, a store's answer takes no time here), plan,
decisions, promises, writes and messages due, commit. The floor is a sorted greedy loop and the driver writing the same
rows in one transaction. SIZES (1000,10000) are the lengths of the queue, TRIALS (5) the repetitions, of which the
median counts, RECEIPTS (25) what each of eight workers takes in of one item.
SQLite, and PostgreSQL too where DATABASE_URL names an empty database. One line of JSON for each row, then a table.
"""

import json
import os
import resource
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event, make_url, select

from backorder.db.tables import parts
from backorder.domain.allocation import Binding, Demand, Supply, Turn, allocate
from backorder.domain.policy import BackorderPolicy
from backorder.domain.promise import Outlook, Waiting, promises
from backorder.domain.supply import Inbound, Pool
from benchmarks.long_queue import Count, lines, opened, receive
from jobs import allocate as work

SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000").split(",")]
TRIALS = int(os.environ.get("TRIALS", "5"))
RECEIPTS = int(os.environ.get("RECEIPTS", "25"))
SERVER = os.environ.get("DATABASE_URL", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `ratio` is to the floor of the same run."""

    workload: str
    n: int
    engine: str
    ms: float
    floor_ms: float
    ratio: float
    statements: int
    rows_written: int


def floor(url: str, made: list[dict[str, Any]], units: dict[int, int]) -> float:
    """Milliseconds of a sorted greedy loop and of the driver writing the same rows in one transaction."""
    lite = url.startswith("sqlite")
    with tempfile.TemporaryDirectory() as folder:
        conn: Any = (
            sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
            if lite
            else psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
        )
        cursor = conn.cursor()
        if lite:
            cursor.execute("PRAGMA journal_mode=WAL")
        temporary = "" if lite else "TEMP "
        cursor.execute(f"CREATE {temporary}TABLE line (id BIGINT PRIMARY KEY, allocated BIGINT, firm BIGINT)")
        for name in ("decision", "action", "notice"):
            cursor.execute(f"CREATE {temporary}TABLE {name} (line BIGINT, kind TEXT, units BIGINT, at BIGINT)")
        mark = "?" if lite else "%s"
        cursor.executemany(f"INSERT INTO line VALUES ({mark}, 0, 0)", [(line["order"],) for line in made])
        conn.commit()
        began = time.perf_counter()
        left = dict(units)
        given = []
        for line in sorted(made, key=lambda line: (line["time"], line["order"])):
            units_given = min(left[line["item"]], line["units"])
            left[line["item"]] -= units_given
            if units_given:
                given.append((units_given, line["order"]))
        if lite:
            cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(f"UPDATE line SET allocated = {mark} WHERE id = {mark}", given)
        for name in ("decision", "action", "notice"):
            rows = [(order, name, count, 0) for count, order in given]
            cursor.executemany(f"INSERT INTO {name} VALUES ({mark}, {mark}, {mark}, {mark})", rows)
        conn.commit()
        took = (time.perf_counter() - began) * 1000
        conn.close()
    return took


def trial(
    url: str, folder: Path, made: list[dict[str, Any]], units: dict[int, int]
) -> tuple[float, Count, float, Count]:
    """A pass that gives, and one more over the unchanged world: milliseconds and counts of each."""
    world, store = opened(url, folder, made)
    count = Count()
    event.listen(world.database.engine, "after_cursor_execute", count.note)
    receive(world, store, units)
    found = []
    for _ in range(2):
        count.statements = count.rows = 0
        began = time.perf_counter()
        work.allocate(world, store)
        found.append(((time.perf_counter() - began) * 1000, Count(count.statements, count.rows)))
        receive(world, store, dict.fromkeys(units, 0))
    with world.database.read() as conn:
        given = sum(conn.execute(select(parts.c.allocated).where(parts.c.store_id == store)).scalars(), Decimal(0))
    wanted = sum(min(units[i], world.shelf.owed[i]) for i in units)
    assert given == wanted, (given, wanted)
    world.database.close()
    return (*found[0], *found[1])


def measured(
    name: str, count: int, pools: int, share: Callable[[int], int], url_of: Callable[[Path], str]
) -> Iterator[Row]:
    """A workload and, behind it, the pass over an unchanged world."""
    made = lines(count, pools)
    owed: dict[int, int] = {}
    for line in made:
        owed[line["item"]] = owed.get(line["item"], 0) + line["units"]
    units = {item: share(sum_) for item, sum_ in owed.items()}
    trials = []
    for _ in range(TRIALS if count <= 10_000 else min(TRIALS, 3)):
        with tempfile.TemporaryDirectory() as folder:
            url = url_of(Path(folder))
            trials.append((*trial(url, Path(folder), made, units), floor(url, made, units)))
    engine = "sqlite" if url.startswith("sqlite") else "postgresql"
    least = statistics.median(found[4] for found in trials)
    for label, at in ((name, 0), (f"{name} unchanged", 2)):
        took = statistics.median(found[at] for found in trials)
        counted = trials[-1][at + 1]
        yield Row(
            label,
            count,
            engine,
            round(took, 1),
            round(least, 1),
            round(took / least, 1),
            counted.statements,
            counted.rows,
        )


def pure(count: int) -> Iterator[Row]:
    """The domain alone: the plan, and the promises of everybody over thirty deliveries."""
    pool = Pool(1, 1)
    demand = [
        Demand(Turn(x["time"], x["order"], x["order"]), pool, Decimal(x["units"]), queued_at=x["at"])
        for x in lines(count, 1)
    ]
    everything = {pool: Supply(sum((part.outstanding for part in demand), Decimal(0)))}
    today = date(2026, 1, 1)
    coming = [Inbound(n, pool, Decimal(count // 15), Decimal(0), today + timedelta(days=n)) for n in range(30)]
    queue = [Waiting(part, today) for part in sorted(demand, key=lambda part: part.turn)]
    greedy = _median(lambda: _greedy(demand))
    for name, call in (
        ("plan alone", lambda: allocate(demand, everything, Binding.AT_RELEASE)),
        ("promises x 30 deliveries", lambda: promises(queue, coming, Outlook(today, BackorderPolicy()))),
    ):
        took = _median(call)
        yield Row(name, count, "python", round(took, 1), round(greedy, 1), round(took / greedy, 1), 0, 0)


def _greedy(demand: Sequence[Demand]) -> list[int]:
    left, given = 10**9, []
    for part in sorted(demand, key=lambda part: part.turn):
        units = min(left, int(part.outstanding))
        left -= units
        given.append(units)
    return given


def _median(call: Callable[[], object]) -> float:
    found = []
    for _ in range(max(3, TRIALS)):
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


def contention(url_of: Callable[[Path], str]) -> Iterator[Row]:
    """Eight workers, 25 receipts each of 40 units, one item: nothing oversold, nobody before an older one."""
    made = lines(10_000, 1)
    with tempfile.TemporaryDirectory() as folder:
        url = url_of(Path(folder))
        world, store = opened(url, Path(folder), made)
        gate = threading.Lock()

        def worker() -> None:
            for _ in range(RECEIPTS):
                with gate:
                    receive(world, store, {1: 40})
                work.allocate(world, store)

        threads = [threading.Thread(target=worker) for _ in range(8)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        work.allocate(world, store)
        took = (time.perf_counter() - began) * 1000
        with world.database.read() as conn:
            rows = conn.execute(
                select(parts.c.outstanding, parts.c.allocated).order_by(parts.c.queue_time, parts.c.order_id)
            ).all()
        given = sum((row.allocated for row in rows), Decimal(0))
        short = [row.allocated < row.outstanding for row in rows]
        violations = sum(row.allocated > 0 for row in rows[short.index(True) + 1 :])
        assert (given, violations) == (8 * RECEIPTS * 40, 0), (given, violations)
        world.database.close()
    yield Row(
        "8 workers x 25 receipts",
        10_000,
        "sqlite" if url.startswith("sqlite") else "postgresql",
        round(took, 1),
        0,
        0,
        0,
        0,
    )


def url_makers() -> list[Callable[[Path], str]]:
    """A new SQLite file for each trial; the one PostgreSQL database, in which each trial has a store of its own."""
    found: list[Callable[[Path], str]] = [lambda folder: f"sqlite:///{folder}/bench.db"]
    return [*found, lambda _: SERVER] if SERVER else found


def main() -> int:
    """Measure, print a line of JSON for each row, then the table."""
    rows = []
    for row in _all_rows():
        rows.append(row)
        print(json.dumps(asdict(row)), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{'workload':28}{'n':>8}{'engine':>12}{'ms':>10}{'floor':>9}{'ratio':>7}{'statements':>12}{'rows':>9}")
    for row in rows:
        print(
            f"{row.workload:28}{row.n:>8}{row.engine:>12}{row.ms:>10}{row.floor_ms:>9}{row.ratio:>7}{row.statements:>12}"
            f"{row.rows_written:>9}"
        )
    print(f"peak memory: {peak} MB")
    return 0


def _all_rows() -> Iterator[Row]:
    for count in SIZES:
        yield from pure(count)
        for url_of in url_makers():
            yield from measured("all filled", count, 1, lambda owed: owed, url_of)
            yield from measured("half filled", count, 1, lambda owed: owed // 2, url_of)
            yield from measured("100 units", count, 1, lambda _: 100, url_of)
    for url_of in url_makers():
        yield from (
            measured("200 items x 500", 100_000, 200, lambda owed: owed // 2, url_of) if max(SIZES) >= 100_000 else ()
        )
        yield from contention(url_of)


if __name__ == "__main__":
    sys.exit(main())
