"""Does once in the store what the merchant asked for: under the order's write lease, by a key that was stored first.

Shared by cancellations, parcels and moves. The connector looks at the order in the same operation and refuses what is
no longer so. Of an outcome that is unknown the store is asked before anything else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from backorder.db import errands, leases, stores
from backorder.db.errands import Errand, Kind
from backorder.db.leases import Lease
from backorder.db.session import Connection
from backorder.domain.backoff import wait_seconds
from backorder.domain.errors import (
    AccessLost,
    OutcomeUnknown,
    PermanentFailure,
    PlanOutdated,
    StoreBusy,
    StoreClosed,
    TemporaryFailure,
)
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Mode, Store
from connectors.contract import StoreClient
from jobs.breaker import calling, may_be_called
from jobs.world import World
from jobs.write_tries import MOST_SECONDS, TRIES, wait_after

log = structlog.get_logger()

LOOKS = 6
"""How often what is of unknown outcome is looked for: about eight minutes. Then a person has to look."""
FIRST_LOOK = 15.0
"""Seconds after which it is looked for the first time."""
ONLY_WATCHED = (
    "It was not begun when you chose to watch only: ask for it anew after switching on, or do it in your store."
)

Row = TypeVar("Row", bound=Errand)


@dataclass(frozen=True, slots=True)
class Doing(Generic[Row]):
    """How one kind is done."""

    kind: Kind
    of_order: Callable[[Connection, int, int], Sequence[Row]]
    never_confirmed: str
    """What is said when nobody will ever know."""
    do: Callable[[StoreClient, Row, bool], None]
    """In the store; with whether an earlier try may have done it."""
    noted: Callable[[Connection, World, Store, Row, WorkState, StoreClient | None], None]
    """What goes with a new state, in the same transaction; with the client that was asked, if one was."""
    may_begin: Callable[[Connection, World, Store, Row], bool] = lambda *_: True
    """Asked in the transaction that begins it. Not yet: something else has to be done first. Raises PermanentFailure
    with the reason why it is not to be done at all, and PlanOutdated where nobody has to hear of that.
    """
    first_look: float = FIRST_LOOK


def run(world: World, store_id: int, order_id: int, doing: Doing[Row]) -> None:
    """Do what is due for the order. No other write to it runs meanwhile."""
    with leases.holding(world.database, f"write:{store_id}:{order_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        begun = _begin(world, lease, store_id, order_id, doing)
        if begun is not None:
            with calling(world, begun[0]):
                _do(world, lease, *begun, doing)


def _begin(world: World, lease: Lease, store_id: int, order_id: int, doing: Doing[Row]) -> tuple[Store, Row] | None:
    with leases.writing(world.database, lease) as conn:
        now = world.clock()
        store = stores.to_change(conn, store_id)
        row = next((row for row in doing.of_order(conn, store_id, order_id) if errands.is_open(row)), None)
        if row is None or row.due_at > now:
            return None
        if store.mode is Mode.WATCH or store.policy.paused or not may_be_called(store, now):
            return None
        leases.renew(conn, lease, now)
        if row.state is WorkState.DUE:
            try:
                if not doing.may_begin(conn, world, store, row):
                    return None
            except (PermanentFailure, PlanOutdated) as error:
                state = WorkState.DROPPED if isinstance(error, PlanOutdated) else WorkState.FAILED
                _save(conn, world, store, row, doing, state, str(error), now, row.tries + 1)
                return None
        until = now + leases.LENGTH
        errands.set_state(conn, doing.kind, row.id, WorkState.RUNNING, now, due_at=until, tries=row.tries)
        doing.noted(conn, world, store, row, WorkState.RUNNING, None)
        return store, row


def _do(world: World, lease: Lease, store: Store, row: Row, doing: Doing[Row]) -> None:
    begun = row.state is not WorkState.DUE
    client: StoreClient | None = None

    def note(state: WorkState, reason: str, due_at: datetime, tries: int = row.tries + 1) -> None:
        with leases.writing(world.database, lease) as conn:
            _save(conn, world, store, row, doing, state, reason, due_at, tries, client)
        world.bell.ring("allocate", "allocate", store.id)

    try:
        client = world.client(store, world.keys.renewing(lease))
        doing.do(client, row, begun)
    except OutcomeUnknown as error:
        if begun and row.tries + 1 >= LOOKS:
            note(WorkState.FAILED, doing.never_confirmed, world.clock())
            return
        # What was tried in vain before it was begun is no look for it.
        tries = row.tries + 1 if begun else 1
        note(WorkState.UNKNOWN, str(error), _later(world.clock(), tries - 1, doing.first_look), tries)
        raise
    except TemporaryFailure as error:
        again = world.clock() + timedelta(seconds=wait_after(error, row.tries, world.chance(), first=FIRST_LOOK))
        # A store that only takes no more calls for the moment uses up neither a try nor a look.
        tries = row.tries if isinstance(error, StoreBusy) else row.tries + 1
        # What was begun may have been done: it stays open until the store has said.
        state = WorkState.UNKNOWN if begun else WorkState.FAILED if tries >= TRIES else WorkState.DUE
        note(state, str(error), again, tries)
        raise
    except (AccessLost, StoreClosed) as error:
        note(WorkState.UNKNOWN if begun else WorkState.DUE, str(error), world.clock())
        raise
    except PermanentFailure as error:
        note(WorkState.FAILED, str(error), world.clock())
        return
    except PlanOutdated as error:
        note(WorkState.DROPPED, str(error), world.clock())
        return
    note(WorkState.DONE, "", world.clock())
    log.info("errand_done", store=store.id, order=row.order_id, kind=doing.kind.value)


def _save(
    conn: Connection,
    world: World,
    store: Store,
    row: Row,
    doing: Doing[Row],
    state: WorkState,
    reason: str,
    due_at: datetime,
    tries: int,
    client: StoreClient | None = None,
) -> None:
    if state is WorkState.DUE and stores.to_change(conn, store.id).mode is Mode.WATCH:
        # The merchant chose that while it was tried: like all that was not begun then, it is not done any more.
        state, reason = WorkState.DROPPED, ONLY_WATCHED
    errands.set_state(conn, doing.kind, row.id, state, world.clock(), due_at=due_at, tries=tries, reason=reason)
    doing.noted(conn, world, store, row, state, client)


def _later(now: datetime, tries: int, first: float) -> datetime:
    """When what is of unknown outcome is looked for again. Not by chance: all the looks together last so long that a
    late one is found.
    """
    return now + timedelta(seconds=wait_seconds(tries, first=first, most=MOST_SECONDS, chance=1.0))
