"""Makes a store's items show, and sell, what was decided: reads what is there, writes the difference."""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from backorder.db import item_rows, leases, stores
from backorder.db.item_rows import ItemRow
from backorder.db.leases import Lease
from backorder.domain.backoff import wait_seconds
from backorder.domain.errors import (
    AccessLost,
    OutcomeUnknown,
    PermanentFailure,
    StoreBusy,
    StoreClosed,
    TemporaryFailure,
)
from backorder.domain.item_side import Turn, turn
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Mode, Store
from connectors.contract import ItemChange, ItemFound, StoreClient
from jobs.breaker import calling, may_be_called
from jobs.world import World
from jobs.write_tries import FIRST_SECONDS, MOST_SECONDS, TRIES, wait_after

log = structlog.get_logger()

BITE = 50
"""Items that are read and written in one go."""


def write_items(world: World, store_id: int) -> None:
    """Bring the store's items that are due to what was decided of them."""
    with leases.holding(world.database, f"write_items:{store_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        while True:
            now = world.clock()
            with world.database.read() as conn:
                store = stores.get(conn, store_id)
                rows = item_rows.due(conn, store_id, now, BITE)
            if not rows or store.mode is Mode.WATCH or store.policy.paused or not may_be_called(store, now):
                return
            done = False
            with calling(world, store):
                done = _bring(world, store, lease, rows)
            if not done:
                return


def _bring(world: World, store: Store, lease: Lease, rows: list[ItemRow]) -> bool:
    """Read these items, write what differs, record how it went; whether the store can be asked for more."""
    client = world.client(store)
    found = client.read_items([row.item for row in rows])
    turns = {
        row.item: turn(row.switch, row.desired.sells, found[row.item].sells, begun=row.begun)
        for row in rows
        if row.item in found
    }
    with leases.writing(world.database, lease) as conn:
        leases.renew(conn, lease, world.clock())
        during = {row.item: turns[row.item].during if row.item in turns else row.switch for row in rows}
        item_rows.begin(conn, store.id, during, world.clock() + leases.LENGTH, world.clock())
    refused = _write(world, store, lease, client, rows, found, turns)
    after = {row.item: turns[row.item].after if row.item in turns else row.switch for row in rows}
    with leases.writing(world.database, lease) as conn:
        now = world.clock()
        item_rows.done(conn, store.id, [row for row in rows if row.item not in refused], after, now)
        for item, reason in refused.items():
            item_rows.set_state(conn, store.id, [item], WorkState.FAILED, now, reason=reason, due_at=now)
    log.info("items_written", store=store.id, count=len(rows) - len(refused))
    return True


def _write(
    world: World,
    store: Store,
    lease: Lease,
    client: StoreClient,
    rows: list[ItemRow],
    found: Mapping[int, ItemFound],
    turns: Mapping[int, Turn],
) -> Mapping[int, str]:
    """Write what differs; the items that the store refused, with its reasons."""
    changes = {
        row.item: ItemChange(found[row.item], row.desired.shown, turns[row.item].write)
        for row in rows
        if row.item in found and (not found[row.item].shows(row.desired.shown) or turns[row.item].write is not None)
    }
    ids = [row.item for row in rows]
    try:
        return client.write_items(changes) if changes else {}
    except (OutcomeUnknown, TemporaryFailure) as error:
        tries = max(row.tries for row in rows)
        busy = isinstance(error, StoreBusy)
        if isinstance(error, OutcomeUnknown):
            state = WorkState.UNKNOWN
            wait = wait_seconds(tries, first=FIRST_SECONDS, most=MOST_SECONDS, chance=world.chance())
        else:
            # A store that only takes no more calls for the moment uses up no try.
            state = WorkState.FAILED if tries + 1 >= TRIES and not busy else WorkState.DUE
            wait = wait_after(error, tries, world.chance())
        with leases.writing(world.database, lease) as conn:
            now = world.clock()
            again = now + timedelta(seconds=wait)
            item_rows.set_state(conn, store.id, ids, state, now, reason=str(error), due_at=again, counts=not busy)
        raise
    except (AccessLost, StoreClosed) as error:
        with leases.writing(world.database, lease) as conn:
            now = world.clock()
            item_rows.set_state(conn, store.id, ids, WorkState.DUE, now, reason=str(error), due_at=now)
        raise
    except PermanentFailure as error:
        return dict.fromkeys(ids, str(error))
