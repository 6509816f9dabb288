"""Finds what is due and rings for it. Whatever was left behind (a lost ring, a killed worker) is found here."""

from datetime import datetime, timedelta

import structlog

from backorder.db import (
    consents,
    errands,
    inbox,
    item_rows,
    leases,
    messages,
    moments,
    outbox,
    privacy_tasks,
    queue,
    stores,
    verdict_rows,
    whole_readings,
)
from backorder.db.errands import Kind
from jobs.breaker import answers, may_be_called
from jobs.world import World

log = structlog.get_logger()


def sweep(world: World) -> None:
    """Ring for all that is due now. Safe to run twice at once."""
    give_up_abandoned(world)
    for ring in due(world):
        world.bell.ring(*ring)


STEP = timedelta(seconds=5)
"""A clock that goes back by less is left to run."""
AT_WORK = timedelta(seconds=60)
"""Whoever was at work when it was set back may note until then what began ahead of the time."""


class SetBack:
    """Notices that the clock was set back, and takes our own marks along: what was read would count as newer than all
    that is read now, and what is due would wait.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._last: datetime | None = None
        self._until: datetime | None = None

    def look(self) -> None:
        """To be called again and again; the first time also for a step while nobody looked."""
        now = self._world.clock()
        last, self._last = self._last, now
        if last is None or last - now >= STEP:
            self._until = now + AT_WORK
        elif self._until is None or now > self._until:
            return
        with self._world.database.read() as conn:
            by = max(moments.ahead(conn, now), last - now if last is not None else timedelta())
        if by >= STEP:
            log.warning("clock_set_back", seconds=by.total_seconds())
            with self._world.database.write() as conn:
                moments.set_back(conn, by, now)


def give_up_abandoned(world: World) -> None:
    """Messages whose sender died in mid-send are of unknown outcome from now on; whoever went to their store to let us
    in and did not come back begins again.
    """
    now = world.clock()
    with world.database.write() as conn:
        messages.abandoned_notices(conn, before=now - leases.LENGTH, now=now)
        consents.forget_old(conn, now)


Ring = tuple[str, str, int] | tuple[str, str, int, int]


def due(world: World) -> list[Ring]:
    """Every piece of work that is due now: queue, job and ids."""
    now = world.clock()
    found: list[Ring] = []
    with world.database.read() as conn:
        found += [("inbox", "ingest", store) for store in inbox.stores_with_due(conn)]
        found += [("allocate", "judge", store) for store in sorted(verdict_rows.stores_to_judge(conn, now))]
        found += [("allocate", "erase", task) for task in privacy_tasks.to_try(conn, now)]
        dirty = queue.stores_to_plan(conn, now)
        to_go_on = whole_readings.due(conn, now)
        may_act = set()
        may_tell = set()
        for store in stores.everyone(conn):
            if answers(store, now) and not store.policy.paused:
                may_tell.add(store.id)
            if not may_be_called(store, now):
                continue
            if stores.may_be_pulled(store, now) or store.id in to_go_on:
                found.append(("allocate", "catch_up", store.id))
            if store.audited_at is not None and store.audited_at <= now:
                found.append(("allocate", "audit", store.id))
            if store.renew_at is not None and store.renew_at <= now:
                found.append(("allocate", "renew", store.id))
            if store.id in dirty:
                found.append(("allocate", "allocate", store.id))
            if not store.policy.paused:
                may_act.add(store.id)
        found += [("write_back", "write_back", *ids) for ids in outbox.orders_to_write(conn, now) if ids[0] in may_act]
        for kind, job in (Kind.CANCELLATION, "cancel"), (Kind.PARCEL, "ship"), (Kind.MOVE, "relocate"):
            found += [("write_back", job, *ids) for ids in errands.due(conn, kind, now) if ids[0] in may_act]
        to_items = sorted(item_rows.stores_to_write(conn, now) & may_act)
        found += [("write_back", "write_items", store_id) for store_id in to_items]
        found += [("notify", "notify", *ids) for ids in messages.notices_to_send(conn, now) if ids[0] in may_tell]
    return found
