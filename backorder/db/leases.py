"""Who works on what: a row with an owner, an end and a fencing number that grows with every new owner.

A worker whose lease ran out cannot write: its last transaction finds a newer fence and is rolled back.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from backorder.db.columns import EPOCH
from backorder.db.session import Database
from backorder.db.tables import leases
from backorder.db.upsert import insert_missing
from backorder.domain.errors import LeaseLost

LENGTH = timedelta(seconds=25)

# Asked before and after whatever is done: built once.
_NAMED = leases.c.name == bindparam("of")
_OURS = _NAMED & (leases.c.fence == bindparam("ours"))
_UNTIL = select(leases.c.until).where(_NAMED)
_TAKE = (
    update(leases)
    .where(_NAMED, (leases.c.until <= bindparam("now")) | (leases.c.until > bindparam("too_far")))
    .values(owner=bindparam("taker"), fence=leases.c.fence + 1, until=bindparam("end"))
    .returning(leases.c.fence)
)
_HOLD = update(leases).where(_OURS).values(until=bindparam("end"))
_FENCE = select(leases.c.fence).where(_NAMED).with_for_update()


@dataclass(frozen=True, slots=True)
class Lease:
    """A right to work on something until it runs out or is taken over."""

    name: str
    owner: str
    fence: int
    orphaned: bool = False
    """Whether its last owner never gave it back: that one died, or was stopped for longer than its lease."""


def acquire(conn: Connection, name: str, owner: str, now: datetime) -> Lease | None:
    """Take the lease if nobody holds it; `None` when somebody does. One that ends further ahead than any lease can is
    of a clock that went wrong: it would keep everybody out until that hour.
    """
    before = conn.execute(_UNTIL, {"of": name}).scalar_one_or_none()
    if before is None:
        insert_missing(conn, leases, [{"name": name, "owner": "", "fence": 0, "until": EPOCH}])
    taken = {"of": name, "now": now, "too_far": now + 2 * LENGTH, "taker": owner, "end": now + LENGTH}
    fence = conn.execute(_TAKE, taken).scalar_one_or_none()
    return None if fence is None else Lease(name, owner, fence, orphaned=before not in (None, EPOCH))


def renew(conn: Connection, lease: Lease, now: datetime) -> None:
    """Hold the lease for its full length again, before each call outside. Raises LeaseLost."""
    if _hold(conn, lease, now + LENGTH) != 1:
        raise LeaseLost(f"{lease.name} was taken over.")


def _hold(conn: Connection, lease: Lease, end: datetime) -> int:
    return conn.execute(_HOLD, {"of": lease.name, "ours": lease.fence, "end": end}).rowcount


@contextmanager
def writing(database: Database, lease: Lease) -> Iterator[Connection]:
    """A transaction that writes under the lease. Raises LeaseLost, and keeps nothing, when somebody took over."""
    with database.write() as conn:
        check(conn, lease)
        yield conn


def check(conn: Connection, lease: Lease) -> None:
    """Whether the lease is still ours, at the begin of a transaction. Raises LeaseLost when somebody took over."""
    fence = conn.execute(_FENCE, {"of": lease.name}).scalar_one_or_none()
    if fence != lease.fence:
        raise LeaseLost(f"{lease.name} was taken over.")


def release(conn: Connection, lease: Lease) -> None:
    """Give the lease back, if it is still ours. It is free for everybody then, whatever their clocks say."""
    _hold(conn, lease, EPOCH)


def end_those_of(conn: Connection, kinds: Collection[str], dead: Callable[[str], bool], now: datetime) -> list[str]:
    """End the leases of these kinds (what stands before the colon) whose owners are dead; their names. The next owner
    still learns that they were never given back.
    """
    running = conn.execute(select(leases).where(leases.c.until > now)).all()
    ended = [row for row in running if row.name.partition(":")[0] in kinds and dead(row.owner)]
    for row in ended:
        conn.execute(update(leases).where(leases.c.name == row.name, leases.c.fence == row.fence).values(until=now))
    return [row.name for row in ended]


def held(conn: Connection, prefix: str, now: datetime) -> bool:
    """Whether anybody holds a lease whose name begins so."""
    found = select(leases.c.name).where(leases.c.name.startswith(prefix, autoescape=True), leases.c.until > now)
    return conn.execute(found.limit(1)).first() is not None


@contextmanager
def holding(database: Database, name: str, owner: str, now: datetime) -> Iterator[Lease | None]:
    """The lease for the length of a block, given back at its end; `None` when somebody else holds it.

    After a crash nothing is given back: the next owner waits for the lease's end.
    """
    with database.write(durable=False) as conn:
        lease = acquire(conn, name, owner, now)
    try:
        yield lease
    finally:
        if lease is not None:
            with database.write(durable=False) as conn:
                release(conn, lease)
