"""A merchant who packs what orders were given and records it, while stores answer badly and people do other things with
those very orders.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random

from backorder.db import orderbook, stores
from backorder.domain.errors import Rejected
from backorder.domain.parcels import Packed, Parcel, Teller, ready
from backorder.domain.store import Mode
from backorder.domain.supply import Units
from demo.stores.shopify.works import Refused as ShopifyRefused
from demo.stores.woocommerce.shop import Refused as WooRefused
from jobs import steer
from jobs.promise import today_of
from jobs.record_parcel import record_parcel
from jobs.sweep import Ring
from jobs.world import World
from tests.simulation.box import Box
from tests.simulation.happened import Press
from tests.simulation.late_calls import MOST
from tests.simulation.site import Site

TROUBLES = (
    "timeout_before", "timeout_after", "reset_before", "reset_after", "truncated", "slow", "429", "500", "502", "503",
    "500_after", "502_after", "504_after", "html",
)  # fmt: skip
CALLS: Mapping[str, Mapping[str, str]] = {
    "shopify": {"operation": "RecordParcel"},
    "woocommerce": {"method": "POST", "path": "/fulfillments"},
}
SLOWLY = "slow store"
SLOW: Mapping[str, str] = {"shopify": "RecordParcel", "woocommerce": "/fulfillments"}
MEANWHILE = (
    "edit",
    "cancel",
    "ship",
    "refund",
    "complete",
    "hold by hand",
    "release by hand",
    "trash",
    "delete",
    "pay",
)
"""What people do in a shop with an order of which a parcel is being recorded."""
GIVEN = (
    "SELECT DISTINCT store_id, order_id FROM parts p JOIN orders USING (store_id, order_id) "
    "WHERE allocated > 0 AND status = 'open' AND NOT EXISTS (SELECT 1 FROM parcels c WHERE c.store_id = p.store_id "
    "AND c.order_id = p.order_id AND c.state IN ('due', 'running', 'unknown')) ORDER BY store_id, order_id"
)


def open_to_ship(box: Box, die: Random) -> None:
    """Most merchants of such a world record parcels from the first day on."""
    for site in box.sites:
        if die.random() < 0.85:
            steer.save_policy(box.world, box.ids[site.name], ship_in_store=True)


def packs(box: Box, die: Random) -> str | None:
    """A merchant packs what an order was given and records it. Often the store is told at once; often it answers badly,
    or somebody does something with that very order meanwhile.
    """
    rows = box.sql.execute(GIVEN).fetchall()
    if not rows:
        return None
    store_id, order = die.choice(rows)
    site = box.site_of(store_id)
    said: list[str] = []

    def act(world: World) -> None:
        try:
            for told in _records(box, world, store_id, order, die):
                said.append(told)
        except Rejected as rejected:
            said.append(f"refused: {rejected}")

    box.pressed.clear()
    said.append(box.as_actor("merchant", die, act))
    if die.random() < 0.5 * box.chances.trouble:
        what = die.choice([*TROUBLES, *[SLOWLY] * 4])
        said.append(what)
        if what == SLOWLY:
            box.transport.delay(SLOW[site.platform], timedelta(seconds=die.randrange(1, int(MOST.total_seconds()))))
        else:
            site.app.troubles.fail(what, die.choice([1, 1, 1, 2]), **CALLS[site.platform])
    site.about = order
    try:
        for _ in range(die.choice([0, 1, 1, 2])):
            if die.random() < 0.3:
                said.append(_in_the_shop(site, die))
            for ring in _rings(store_id, order):
                said.append(f"{ring[1]} {box.job(ring, die)}")
            if die.random() < 0.3:
                box.now += timedelta(seconds=die.randrange(55, 75))
    finally:
        site.about = None
    return f"{site.name} {order}: {', '.join(said)}"


def _records(box: Box, world: World, store_id: int, order: int, die: Random) -> Iterator[str]:
    roll = die.random()
    if roll < 0.03:
        steer.save_policy(world, store_id, ship_in_store=False)
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
    if store.mode is Mode.WATCH and roll > 0.2:
        steer.switch_on(world, store_id, tell_waiting=False)
    if not store.policy.ship_in_store and roll > 0.2:
        steer.save_policy(world, store_id, ship_in_store=True)
    packed = _pack(box, world, store_id, order, die)
    shown = [each for each in box.packed if each.store_id == store_id]
    if shown and die.random() < 0.15:
        # It was packed by what the page said a while ago.
        packed = shown[-1]
    elif die.random() < 0.15:
        box.packed.append(packed)
        yield f"packed {packed}"
        return
    times = die.choice([1, 1, 1, 1, 2])
    for _ in range(times):
        box.pressed.append(packed)
        record_parcel(world, store_id, packed.order_id, packed.parcel)
        yield f"recorded {packed}"


def _pack(box: Box, world: World, store_id: int, order: int, die: Random) -> Press:
    """Mostly all that the page offers, at times a part of it, or one unit too many."""
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
        book = orderbook.load(conn, store_id, [order])[order]
    units = []
    for each in ready(book.standing(store.policy, today_of(store, world.clock()))):
        some = die.choice([each.units, each.units, each.units, Units(die.randrange(0, int(each.units) + 1))])
        some += die.random() < 0.03
        if some:
            units.append(Packed(each.line_id, each.location, Units(some)))
    again = [press.parcel.number for press in box.packed if press.order_id == order]
    box.numbers += 1
    number = again[-1] if again and die.random() < 0.2 else f"Z{box.numbers}"
    return Press(
        store_id, order, Parcel(tuple(units), number, die.choice(["", "UPS"]), teller=die.choice(list(Teller)))
    )


def _rings(store_id: int, order: int) -> list[Ring]:
    """What is rung for when a parcel was recorded: a look at the order, what is written to it, the parcel."""
    return [
        ("write_back", "ship", store_id, order),
        ("allocate", "allocate", store_id),
        ("write_back", "write_back", store_id, order),
        ("write_back", "ship", store_id, order),
    ]


def _in_the_shop(site: Site, die: Random) -> str:
    """Somebody in the shop does something with the order."""
    name = die.choice([name for name in MEANWHILE if name in site.acts])
    try:
        return f"{name} {site.acts[name][1](die)}"
    except (ShopifyRefused, WooRefused) as refusal:
        return f"{name} refused: {refusal}"
