"""Which order a webhook speaks of when it names a part of it, and whether readings know already what it says."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from backorder.db.bites import among
from backorder.db.tables import traces
from backorder.db.upsert import put


def save(conn: Connection, store_id: int, found: Mapping[int, Collection[str]]) -> None:
    """What the newest reading of each order found. What an earlier one found and this one did not has ended."""
    if not found:
        return
    known = conn.execute(
        select(traces.c.order_id, traces.c.trace, traces.c.ended).where(
            traces.c.store_id == store_id, among(traces.c.order_id, found)
        )
    )
    before = {(row.order_id, row.trace): row.ended for row in known}
    now = {(order, trace): False for order, there in found.items() for trace in there}
    changed = {key: ended for key, ended in now.items() if before.get(key) is not ended}
    changed |= {key: True for key, ended in before.items() if not ended and key not in now}
    rows = [
        {"store_id": store_id, "trace": trace, "order_id": order, "ended": ended}
        for (order, trace), ended in sorted(changed.items())
    ]
    put(conn, traces, rows, ("order_id", "ended"))


def orders_of(conn: Connection, store_id: int, names: Collection[str]) -> set[int]:
    """The orders in whose readings one of these was found."""
    found = select(traces.c.order_id).where(traces.c.store_id == store_id, traces.c.trace.in_(list(names)))
    return set(conn.execute(found.distinct()).scalars())


def known(conn: Connection, store_id: int, seen: Collection[str], ended: Collection[str]) -> bool:
    """Whether readings found all of `seen`, now or earlier, and found once but find no longer all of `ended`."""
    wanted = {*seen, *ended}
    rows = conn.execute(
        select(traces.c.trace, traces.c.ended).where(traces.c.store_id == store_id, traces.c.trace.in_(sorted(wanted)))
    )
    there = {row.trace: row.ended for row in rows}
    return bool(wanted) and wanted <= there.keys() and all(there[trace] for trace in ended)
