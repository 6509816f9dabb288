"""The waiting queue: for each item who is next, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from backorder.db import explain_rows, goods, items, pool_rows
from backorder.db.explain_rows import QueueLine, WaitingPool
from backorder.db.session import Connection
from backorder.domain.choices import ItemChoices, kept_back
from backorder.domain.reasons import PoolFacts, Reason, Situation, reason
from backorder.domain.store import Store
from backorder.domain.supply import Inbound
from jobs.promise import today_of

blueprint = merchant_pages("queue", __name__)

POOLS_A_PAGE = 20
LINES_A_POOL = 50


@dataclass(frozen=True, slots=True)
class Queued:
    """One pool on the page: its figures, what is on the way, and its first lines with their reasons."""

    head: WaitingPool
    facts: PoolFacts
    coming: list[Inbound]
    lines: list[tuple[QueueLine, Reason]]

    @property
    def more(self) -> int:
        """Lines that are not shown."""
        return self.head.lines - len(self.lines)


def page_of_queues(conn: Connection, store: Store, page: int) -> tuple[list[Queued], bool]:
    """The pools of one page, and whether there is a next one. Five statements."""
    heads = explain_rows.waiting_pools(conn, store.id, limit=POOLS_A_PAGE + 1, offset=(page - 1) * POOLS_A_PAGE)
    shown = heads[:POOLS_A_PAGE]
    pools = [head.pool for head in shown]
    lines = explain_rows.queue_lines(conn, store.id, pools, limit=LINES_A_POOL)
    facts = explain_rows.pool_facts(conn, store.id, pools)
    chosen = items.choices(conn, store.id, {pool.item for pool in pools})
    coming = goods.coming(conn, store.id, {pool.item for pool in pools})
    found = []
    for head in shown:
        known = facts.get(head.pool, PoolFacts())
        found.append(
            Queued(
                head,
                known,
                coming.get(head.pool, []),
                [(line, _why(line, known, store, chosen)) for line in lines.get(head.pool, [])],
            )
        )
    return found, len(heads) > POOLS_A_PAGE


def _why(line: QueueLine, facts: PoolFacts, store: Store, chosen: Mapping[int, ItemChoices]) -> Reason:
    return reason(
        Situation(
            outstanding=line.outstanding,
            allocated=line.allocated,
            pool=facts,
            units_ahead=line.place.units_ahead,
            overtaken_by=line.place.overtaken_by,
            refused=line.refused,
            cancel_wished=line.cancel_wished,
            keep_back=kept_back(store.policy, chosen.get(line.pool.item)),
        )
    )


@blueprint.get("/queue")
def show() -> ResponseReturnValue:
    """The page, twenty pools at a time."""
    here, store = world(), signed_in_store()
    page = min(max(1, request.args.get("page", 1, int)), 100_000)
    with here.database.read() as conn:
        pools, more = page_of_queues(conn, store, page)
        several = len(pool_rows.locations(conn, store.id)) > 1
    return render_template(
        "queue.html", pools=pools, page=page, more=more, several=several, today=today_of(store, here.clock())
    )
