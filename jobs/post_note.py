"""Posts a note at an order of a store. A note cannot be repeated."""

from datetime import timedelta

from backorder.db import leases, outbox
from backorder.db.leases import Lease
from backorder.db.outbox import ActionRow
from backorder.domain.errors import AccessLost, OutcomeUnknown, PermanentFailure, StoreClosed, TemporaryFailure
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Store
from connectors.contract import StoreClient
from jobs.world import World
from jobs.write_tries import begin, put_off

LOOK_AGAIN = timedelta(minutes=10)


def post_note(world: World, store: Store, lease: Lease, client: StoreClient, row: ActionRow) -> None:
    """Post it; one that was begun before is looked up, and posted by nobody again."""
    marker = f"wl-{store.id}-{row.id}"
    if row.state is not WorkState.DUE:
        try:
            there = client.has_note(row.order_id, marker)
        except (AccessLost, StoreClosed):
            raise
        except PermanentFailure as error:
            # The order is gone, and its notes with it: there is nothing left to look for.
            _fail(world, lease, [row.id], error)
            return
        with leases.writing(world.database, lease) as conn:
            now = world.clock()
            if there:
                outbox.set_actions(conn, [row.id], WorkState.DONE, now)
            else:
                reason = "It was begun and never confirmed: the note may come late or not at all."
                outbox.set_actions(
                    conn, [row.id], WorkState.UNKNOWN, now, reason=reason, due_at=now + LOOK_AGAIN, tried=True
                )
        return
    with world.database.write() as conn:
        begin(conn, world, lease, [row.id])
    try:
        client.post_note(row.order_id, row.text, marker, to_customer=store.policy.note_to_customer)
    except OutcomeUnknown as error:
        with leases.writing(world.database, lease) as conn:
            now = world.clock()
            outbox.set_actions(
                conn,
                [row.id],
                WorkState.UNKNOWN,
                now,
                reason=str(error),
                due_at=now + timedelta(seconds=30),
                tried=True,
            )
        return
    except TemporaryFailure as error:
        with leases.writing(world.database, lease) as conn:
            put_off(conn, [row.id], row.tries, error, world.chance(), world.clock())
        raise
    except (AccessLost, StoreClosed) as error:
        with leases.writing(world.database, lease) as conn:
            now = world.clock()
            outbox.set_actions(conn, [row.id], WorkState.DUE, now, reason=str(error), due_at=now)
        raise
    except PermanentFailure as error:
        _fail(world, lease, [row.id], error)
        return
    with leases.writing(world.database, lease) as conn:
        outbox.set_actions(conn, [row.id], WorkState.DONE, world.clock(), tried=True)


def _fail(world: World, lease: Lease, ids: list[int], error: PermanentFailure) -> None:
    with leases.writing(world.database, lease) as conn:
        outbox.set_actions(conn, ids, WorkState.FAILED, world.clock(), reason=str(error), tried=True)
