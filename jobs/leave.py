"""Takes what we put into a store out of it again, through the same outbox as every other write, before it is left."""

from backorder.db import changes, errands, item_rows, items, outbox, stores
from backorder.domain.store import Mode
from jobs.steer import Nonsense
from jobs.world import World

NOT_DONE = "It was not begun when you chose to leave: do it in your store."


def leave(world: World, store_id: int) -> None:
    """Begin: our holds are released, our tags and records taken off, what shoppers were shown at items goes and the
    store's switch for selling them is put back; no customer is told anything any more. What is in the way of a write is
    tried again as ever. Raises Nonsense while everything is paused.
    """
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        if store.policy.paused:
            raise Nonsense("Everything is paused. End the pause under Settings first.")
        if store.mode is Mode.LEAVING:
            return
        outbox.drop_due(conn, store_id, "The store is being left: what is ours is taken out of it.", world.clock())
        # What was begun is looked for until it is known: the store may have done it.
        errands.end_not_begun(conn, store_id, NOT_DONE, world.clock())
        outbox.start_from_what_is(conn, store_id)
        # Each item that we ever wrote to, also those that nobody is owed and that no pass goes over.
        item_rows.take_off(conn, store_id, world.clock())
        stores.set_mode(conn, store_id, Mode.LEAVING)
        changes.review_all(conn, store_id, tell_waiting=False)
        items.touch(conn, store_id, items.owed(conn, store_id))
    world.bell.ring("allocate", "allocate", store_id)
