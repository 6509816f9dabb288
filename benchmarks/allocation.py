"""`make bench-allocation`: how long a pass takes over a long queue, beside the least that the same rows cost.

The whole way of a worker is measured: lease, reading (from memory, a store's answer takes no time here), plan,
decisions, promises, writes and messages due, commit. The floor is a sorted greedy loop and the driver writing the same
rows into the same tables in one transaction (`benchmarks/floors.py`); the bare floor is a table of two columns.

SIZES (1000,10000) are the lengths of the queue; with 100000 among them the memory and the growth are measured too.
TRIALS (7) is the number of repetitions, of which the median counts (at most 3 from 30,000 on). RECEIPTS (25) is what
each of eight workers takes in of one item. DATABASE (both) is sqlite, postgres or both: a PostgreSQL server is started
for the run, and left out where its programs are not installed. PEER=1 adds Tryton's assign job on the same lines, for
lengths up to 1,000 because it is slow (`benchmarks/peer.py`). PLOT is a file for a picture of the run, an SVG.
One line of JSON for each row, then a table.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from backorder.db.tables import parts
from backorder.domain.policy import BackorderPolicy
from backorder.domain.split import Share, Split
from benchmarks import fair, floors, peer, plot, walk
from benchmarks.long_queue import Count, Line, Shop, lines, opened, owed_of, receive, worked_off
from benchmarks.row import Row
from jobs import allocate as work
from tests.chaos import databases

SIZES = [int(size) for size in (os.environ.get("SIZES") or "1000,10000").split(",")]
TRIALS = int(os.environ.get("TRIALS") or 7)
RECEIPTS = int(os.environ.get("RECEIPTS") or 25)
DATABASE = os.environ.get("DATABASE") or "both"
PEER = os.environ.get("PEER", "") not in ("", "0")
PLOT = os.environ.get("PLOT")
FILLED = "W1 all filled"

Url = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Case:
    """One workload: its lines, and how much of what is owed comes in."""

    name: str
    made: Sequence[Line]
    share: Callable[[int], int]
    policy: BackorderPolicy = field(default_factory=BackorderPolicy)

    @property
    def units(self) -> dict[int, int]:
        """What comes in, by item."""
        return {item: self.share(owed) for item, owed in owed_of(self.made).items()}


@dataclass(frozen=True, slots=True)
class Trial:
    """Milliseconds and counts of a pass that gives, of one that finds nothing new, and of the floors."""

    filled: float
    filled_count: Count
    unchanged: float
    unchanged_count: Count
    floor: float
    bare: float


def trial(url: str, folder: Path, case: Case) -> Trial:
    """Once, in a store of its own."""
    world, store = opened(url, folder, case.made, case.policy)
    count = Count()
    event.listen(world.database.engine, "after_cursor_execute", count.note)
    receive(world, store, case.units)
    filled, filled_count = _timed(world, store, count)
    _check(world, store, case)
    event.remove(world.database.engine, "after_cursor_execute", count.note)
    least = floors.Floor(world, store, case.made, case.units).measure()
    worked_off(world, store)
    event.listen(world.database.engine, "after_cursor_execute", count.note)
    receive(world, store, dict.fromkeys(case.units, 0))
    unchanged, unchanged_count = _timed(world, store, count)
    world.database.close()
    return Trial(
        filled, filled_count, unchanged, unchanged_count, least, floors.bare(url, folder, case.made, case.units)
    )


def _timed(world: Shop, store: int, count: Count) -> tuple[float, Count]:
    count.statements = count.rows = 0
    began = time.perf_counter()
    work.allocate(world, store)
    return (time.perf_counter() - began) * 1000, Count(count.statements, count.rows)


def _check(world: Shop, store: int, case: Case) -> None:
    """Everything that is there was given, unless orders let it lie until they are whole."""
    with world.database.read() as conn:
        given = sum(conn.execute(select(parts.c.allocated).where(parts.c.store_id == store)).scalars(), Decimal(0))
    there = sum(case.units.values())
    assert given <= there, (given, there)
    assert given == there or case.policy.order_share is Share.YIELD, (given, there)


def measured(case: Case, url_of: Url) -> Iterator[Row]:
    """A workload and, behind it, the pass over an unchanged world."""
    count = len(case.made)
    trials = []
    for _ in range(TRIALS if count < 30_000 else min(TRIALS, 3)):
        with tempfile.TemporaryDirectory() as folder:
            url = url_of(Path(folder))
            trials.append(trial(url, Path(folder), case))
    engine = "sqlite" if url.startswith("sqlite") else "postgresql"
    filled, unchanged, least, bare = (
        statistics.median(getattr(found, name) for found in trials) for name in ("filled", "unchanged", "floor", "bare")
    )
    last = trials[-1]
    yield Row.of(case.name, count, engine, filled, least, last.filled_count)
    yield Row.of(f"{case.name}: floor / bare floor", count, engine, least, bare, Count())
    yield Row.of(f"{case.name}, again (W4)", count, engine, unchanged, 0, last.unchanged_count)


def cases() -> Iterator[Case]:
    """W1 to W5 and W8."""
    for count in SIZES:
        made = lines(count)
        yield Case(FILLED, made, lambda owed: owed)
        yield Case("W2 half filled", made, lambda owed: owed // 2)
        yield Case("W3 50 units", made, lambda _: 50)
        yield Case("W3 100 units", made, lambda _: 100)
    if max(SIZES) >= 10_000:
        yield Case("W5 2000 items x 5", lines(10_000, 2_000), lambda owed: owed // 2)
        whole = BackorderPolicy(split=Split.ORDER_WHOLE)
        yield Case("W8 whole orders keep", lines(30_000, 300, of_order=3), lambda owed: owed // 2, whole)
        yields = BackorderPolicy(split=Split.ORDER_WHOLE, order_share=Share.YIELD)
        yield Case("W8 whole orders yield", lines(30_000, 300, of_order=3), lambda owed: owed // 2, yields)
    if max(SIZES) >= 100_000:
        yield Case("W5 200 items x 500", lines(100_000, 200), lambda owed: owed // 2)


def rows(urls: Mapping[str, Url], tryton: Path | None) -> Iterator[Row]:
    """Everything that is measured; the peer's where its interpreter is given."""
    for count in SIZES:
        yield from walk.domain_alone(count, max(3, TRIALS))
    yield fair.starvation()
    for case in cases():
        for url_of in urls.values():
            found = list(measured(case, url_of))
            yield from found
            if tryton and case.name == FILLED and len(case.made) <= peer.LARGEST:
                yield peer.beside(tryton, url_of, found[0], TRIALS)
    for url_of in urls.values():
        yield fair.contention(url_of, RECEIPTS)
        yield fair.chaos(url_of)
        yield from walk.promises_of_a_store(url_of)
    if max(SIZES) >= 100_000:
        yield from walk.memory(100_000)


def main() -> int:
    """Measure, print a line of JSON for each row, then the table."""
    found = []
    with ExitStack() as stack:
        urls: dict[str, Url] = {}
        if DATABASE in ("sqlite", "both"):
            urls["sqlite"] = lambda folder: f"sqlite:///{folder}/bench.db"
        if DATABASE in ("postgres", "both"):
            try:
                server = stack.enter_context(databases.postgres())
                urls["postgres"] = lambda _: server.url
            except FileNotFoundError as error:
                print(error, file=sys.stderr)
        for row in rows(urls, _peer()):
            found.append(row)
            print(json.dumps(asdict(row)), flush=True)
    _table(found)
    if PLOT:
        plot.write(Path(PLOT), found)
    return 0


def _peer() -> Path | None:
    """The interpreter of the peer, where it is asked for and can be had."""
    try:
        return peer.installed() if PEER else None
    except peer.NotInstalledError as error:
        print(error, file=sys.stderr)
        return None


def _table(found: Sequence[Row]) -> None:
    titles: dict[str, Any] = {"workload": 36, "n": 8, "engine": 12, "ms": 10, "floor_ms": 10, "ratio": 8}
    titles |= {"statements": 12, "rows_written": 14}
    print("\n" + "".join(f"{title:{'<' if title == 'workload' else '>'}{width}}" for title, width in titles.items()))
    for row in found:
        values = asdict(row)
        print("".join(f"{values[t]:{'<' if t == 'workload' else '>'}{width}}" for t, width in titles.items()))


if __name__ == "__main__":
    sys.exit(main())
