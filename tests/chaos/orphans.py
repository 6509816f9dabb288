"""How long the work of a killed worker lies about: from the kill until somebody takes it up again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import exists, select

from backorder.db.leases import LENGTH
from backorder.db.session import Connection, StorageError
from backorder.db.tables import actions, deliveries, items, leases, notices, orders, stores
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Health
from jobs.world import World

LOOK_SECONDS = 0.1


@dataclass
class Orphan:
    """A piece of work whose owner was killed. `fence` is that of its lease, or the number of a message."""

    name: str
    fence: int
    killed: float
    seconds: float | None = None
    """Until it was taken up again; without the time for which the database was away when its lease was over."""
    ended: str = ""
    """Why it was never measured: nothing was left to do, or its store was being left alone."""


class Orphans:
    """Looks at the leases of the dead, from entering to leaving."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.found: list[Orphan] = []
        self.outages: list[tuple[float, float]] = []
        """From when to when nobody could use the database."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Orphans":
        self._thread.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._over.set()
        self._thread.join()

    def owned(self, pid: int) -> list[tuple[str, int]]:
        """Leases that a process holds at the moment, with their fences."""
        with self._world.database.read() as conn:
            rows = conn.execute(
                select(leases.c.name, leases.c.fence).where(
                    leases.c.owner.like(f"%-{pid}-%"), leases.c.until > self._world.clock()
                )
            )
            return [(row.name, row.fence) for row in rows]

    def fence(self, name: str) -> int:
        """The fence of a lease as it is now."""
        with self._world.database.read() as conn:
            return int(conn.execute(select(leases.c.fence).where(leases.c.name == name)).scalar_one())

    def killed(self, pid: int, *, back: bool) -> None:
        """This worker was killed just now. Only one of the back half sends messages, which need no lease."""
        now = time.monotonic()
        try:
            left = [Orphan(name, fence, now) for name, fence in self.owned(pid)]
            if back:
                with self._world.database.read() as conn:
                    running = conn.execute(select(notices.c.id).where(notices.c.state == WorkState.RUNNING)).scalars()
                    known = {orphan.fence for orphan in self.found if orphan.name == "notice"}
                    left += [Orphan("notice", number, now) for number in running if number not in known]
        except StorageError:
            # The database is away as well: whose work this was cannot be told.
            return
        self.found += left

    @contextmanager
    def outage(self) -> Iterator[None]:
        """The database is away from entering to leaving."""
        began = time.monotonic()
        at = len(self.outages)
        self.outages.append((began, began + 3600))
        try:
            yield
        finally:
            self.outages[at] = (began, time.monotonic())

    def _took(self, orphan: Orphan) -> float:
        now = time.monotonic()
        free = orphan.killed + LENGTH.total_seconds()
        return now - orphan.killed - sum(max(0.0, min(end, now) - max(began, free)) for began, end in self.outages)

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            open_ones = [orphan for orphan in self.found if orphan.seconds is None and not orphan.ended]
            if not open_ones:
                continue
            try:
                with self._world.database.read() as conn:
                    for orphan in open_ones:
                        self._look(conn, orphan)
            except StorageError:
                continue

    def _look(self, conn: Connection, orphan: Orphan) -> None:
        if orphan.name == "notice":
            state = conn.execute(select(notices.c.state).where(notices.c.id == orphan.fence)).scalar_one()
            if state is not WorkState.RUNNING:
                orphan.seconds = self._took(orphan)
            return
        fence = conn.execute(select(leases.c.fence).where(leases.c.name == orphan.name)).scalar_one()
        if fence > orphan.fence:
            orphan.seconds = self._took(orphan)
            return
        kind, store_id, *rest = orphan.name.split(":")
        store = conn.execute(select(stores.c.health).where(stores.c.id == int(store_id))).scalar_one()
        if kind != "ingest" and store is not Health.GOOD:
            orphan.ended = "its store was being left alone"
        elif not _left(conn, kind, int(store_id), int(rest[0]) if rest else 0):
            orphan.ended = "nothing was left to do"


def _left(conn: Connection, kind: str, store_id: int, order_id: int) -> bool:
    """Whether there still is anything to take up."""
    found = {
        "ingest": exists().where(deliveries.c.store_id == store_id, deliveries.c.state == WorkState.DUE),
        "allocate": exists().where(items.c.store_id == store_id, items.c.dirty_seq > items.c.done_seq)
        | exists().where(orders.c.store_id == store_id, orders.c.unread | orders.c.review),
        "write": exists().where(
            actions.c.store_id == store_id,
            actions.c.order_id == order_id,
            actions.c.state.in_([WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN]),
        ),
    }.get(kind)
    return found is None or bool(conn.execute(select(found)).scalar_one())


def percentile(seconds: list[float], share: float) -> float | None:
    """The value that this share of the measurements does not pass; `None` of nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
