"""What would be written to a store's items, without writing: the very requests, computed on a fresh reading."""

from collections.abc import Sequence
from dataclasses import dataclass

from backorder.db import item_rows, items, orderbook, queries, stores
from backorder.domain.item_side import Switch, turn
from connectors.contract import Intended, ItemChange
from jobs.judge import offers, wanted_of_items
from jobs.preview_writes import AT_MOST
from jobs.world import World


@dataclass(frozen=True, slots=True)
class ItemWrites:
    """What one item would get; nothing where the store has all of it."""

    item: int
    title: str
    requests: Sequence[Intended]


def preview_items(world: World, store_id: int, order_id: int | None = None) -> list[ItemWrites]:
    """What the items of one order, or of those that wait longest, would get under the settings as they are now. Raises
    what a call to the store raises.
    """
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
        waiting = queries.waiting_orders(conn, store_id, limit=AT_MOST) if order_id is None else []
        ids = [head.order_id for head in waiting] if order_id is None else [order_id]
        owed = {pool.item for pool in orderbook.pools_of_orders(orderbook.load(conn, store_id, ids).values())}
        wanted = wanted_of_items(conn, store, offers(conn, store, owed, world.clock()))
        rows = item_rows.rows_of(conn, store_id, wanted)
        titles = items.titles(conn, store_id, wanted)
    if not wanted:
        return []
    client = world.client(store)
    changes = {}
    for item, found in client.read_items(sorted(wanted)).items():
        row, side = rows.get(item), wanted[item]
        known, begun = (Switch(), False) if row is None else (row.switch, row.begun)
        turned = turn(known, side.sells, found.sells, begun=begun)
        changes[item] = ItemChange(found, side.shown, turned.write)
    shown = client.preview_items(changes)
    return [ItemWrites(item, titles.get(item, str(item)), shown[item]) for item in sorted(shown)]
