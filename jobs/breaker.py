"""What a failed call to a store does to the store: it is left alone for a while, or until it is connected again."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog

from backorder.db import stores
from backorder.domain.backoff import asked_for
from backorder.domain.errors import (
    AccessLost,
    OutcomeUnknown,
    PermanentFailure,
    StoreBusy,
    TemporaryFailure,
    TurnedAway,
)
from backorder.domain.store import Health, Store
from jobs.world import World

log = structlog.get_logger()


def may_be_called(store: Store, now: datetime) -> bool:
    """Whether the store can be asked at the moment."""
    return store.health in stores.CALLED and (store.calm_until is None or store.calm_until <= now)


def answers(store: Store, now: datetime) -> bool:
    """Whether what was read of the store lately holds: one that takes no more calls for the moment has not failed."""
    return store.health is Health.GOOD or may_be_called(store, now)


def _rest(error: TemporaryFailure | PermanentFailure | OutcomeUnknown) -> float:
    """Seconds. A store that is frozen, closed or at another address is asked again: somebody may mend it."""
    if isinstance(error, TemporaryFailure):
        return error.retry_after
    return 5.0 if isinstance(error, OutcomeUnknown) else 600.0


@contextmanager
def calling(world: World, store: Store) -> Iterator[None]:
    """Calls to one store. A failure for now, or lost access, is noted at the store and ends the block quietly: what
    was to be done stays marked and is done when the store answers again. A store that takes no more calls for the
    moment has not failed: it is only asked when the next one fits. One that says so to every call has, in the end.
    """
    try:
        yield
    except AccessLost as error:
        log.warning("store_access_lost", store=store.id)
        with world.database.write() as conn:
            stores.access_lost(conn, store, str(error))
    except TurnedAway as error:
        log.info("store_turned_away", store=store.id, seconds=error.retry_after)
        with world.database.write() as conn:
            stores.turned_away(conn, store.id, str(error), error.retry_after, world.chance(), world.clock())
    except StoreBusy as error:
        log.info("store_busy", store=store.id, seconds=error.retry_after)
        with world.database.write() as conn:
            wait = asked_for(error.retry_after, world.chance())
            stores.wait_until(conn, store.id, world.clock() + timedelta(seconds=wait))
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown) as error:
        log.warning("store_call_failed", store=store.id, reason=str(error))
        with world.database.write() as conn:
            stores.call_failed(conn, store.id, str(error), _rest(error), world.chance(), world.clock())
    else:
        if store.failures:
            with world.database.write() as conn:
                stores.calls_work(conn, store.id)
