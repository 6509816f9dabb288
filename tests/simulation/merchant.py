"""What a merchant changes with us, and a customer on the status page.

In some worlds the merchant keeps to the choices of the first day; in the others every policy is switched at random, and
orders, items and single units are steered by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random

from backorder.db import orderbook, stores
from backorder.db.supply_rows import inbound_rows, receipt_rows, stocked_items
from backorder.domain.choices import FOR_CUSTOMERS, ItemChoices
from backorder.domain.errors import Rejected
from backorder.domain.split import Split
from backorder.domain.supply import Pool, Units
from jobs import steer
from jobs.promise import today_of
from jobs.world import World
from tests.simulation import policies
from tests.simulation.box import Box
from tests.simulation.happened import Agreed
from tests.simulation.site import Site


@dataclass(frozen=True, slots=True)
class Desk:
    """A merchant at work: the process, the store, and what is shown on the pages."""

    box: Box
    world: World
    store_id: int


Deed = Callable[[Desk, Random], str | None]

MORE = (0, 1, 1, 2, 3)
"""How many more things a merchant of many choices does, so that the things of the first day stay as frequent."""


def merchant(box: Box, die: Random) -> str | None:
    """A merchant changes something with us."""
    site = die.choice(box.sites)
    told = [_does(box, site, MERCHANT, die)]
    if box.rich:
        told += [_does(box, site, BY_HAND, die) for _ in range(die.choice(MORE))]
    return "; ".join(told)


def open_shop(box: Box, die: Random) -> None:
    """Merchants of many choices make some of them before the first order."""
    for site in box.sites:
        for _ in range(2):
            try:
                steer.save_policy(box.world, box.ids[site.name], **policies.rich(die, most=2))
            except Rejected as rejected:
                box.tell(f"{site.name} was refused a policy: {rejected}")


def _does(box: Box, site: Site, deeds: Mapping[str, tuple[int, Deed]], die: Random) -> str:
    names = list(deeds)
    name = die.choices(names, [deeds[name][0] for name in names])[0]
    said: list[str] = []

    def act(world: World) -> None:
        try:
            said.append(str(deeds[name][1](Desk(box, world, box.ids[site.name]), die)))
        except Rejected as rejected:
            said.append(f"refused: {rejected}")

    ended = box.as_actor("merchant", die, act)
    return f"{site.name} {name}: {' '.join(said)} {ended}"


def _switch_on(desk: Desk, die: Random) -> str:
    if die.random() < 0.5:
        _policy(desk, die)
    tell = die.random() < 0.5
    steer.switch_on(desk.world, desk.store_id, tell_waiting=tell)
    return f"tell {tell}"


def _watch(desk: Desk, _die: Random) -> str:
    steer.watch(desk.world, desk.store_id)
    return ""


def _policy(desk: Desk, die: Random) -> str:
    choice = policies.rich(die) if desk.box.rich else policies.plain(die)
    steer.save_policy(desk.world, desk.store_id, **choice)
    return str({name: sorted(value) if isinstance(value, frozenset) else value for name, value in choice.items()})


def _inbound(desk: Desk, die: Random) -> str | None:
    with desk.world.database.read() as conn:
        items = stocked_items(conn, desk.store_id)
        store = stores.get(conn, desk.store_id)
    if not items:
        return None
    item = die.choice(items)
    units = Decimal(die.randrange(1, 9))
    day = today_of(store, desk.world.clock()) + timedelta(days=die.randrange(-2, 12))
    item_id, location = item.pool
    source = die.choice(["", "Acme", "acme "]) if desk.box.rich else ""
    steer.add_inbound(
        desk.world,
        desk.store_id,
        item=item_id,
        location=location,
        quantity=units,
        expected_on=day,
        source=source,
    )
    return f"{units} of {item.sku} on {day}"


def _undo(desk: Desk, die: Random) -> str | None:
    with desk.world.database.read() as conn:
        receipts = [row for row in receipt_rows(conn, desk.store_id, limit=20) if row.undone_at is None]
    if not receipts:
        return None
    steer.undo_receipt(desk.world, desk.store_id, die.choice(receipts).id)
    return "receipt"


def _customer(desk: Desk, die: Random) -> str | None:
    order = _some_order(desk, die)
    if order is None:
        return None
    lines = steer.wish_cancel(desk.world, desk.store_id, order, line_ids=None, reason="too slow")
    return f"{order}: {lines} lines"


def _some_order(desk: Desk, die: Random) -> int | None:
    with desk.world.database.read() as conn:
        ids = sorted(orderbook.owing(conn, desk.store_id))
    return die.choice(ids) if ids else None


# What only merchants of many choices do


def _for_order(desk: Desk, die: Random) -> str | None:
    order = _some_order(desk, die)
    if order is None:
        return None
    with desk.world.database.read() as conn:
        today = today_of(stores.get(conn, desk.store_id), desk.world.clock())
    chosen: dict[str, object] = die.choice(
        [
            {"pinned": die.random() < 0.6},
            {"priority": die.choice(["", *policies.CLASSES])},
            {"split": die.choice([None, *Split])},
            {"split": Split.ORDER_WHOLE},
            {"split": Split.WAIT_UNTIL, "wait_until": today + timedelta(days=die.randrange(-1, 4))},
            {"split": None, "wait_until": None},
        ]
    )
    steer.choose_for_order(desk.world, desk.store_id, order, **chosen)
    return f"{order}: {chosen}"


def _for_item(desk: Desk, die: Random) -> str | None:
    with desk.world.database.read() as conn:
        items = stocked_items(conn, desk.store_id)
        today = today_of(stores.get(conn, desk.store_id), desk.world.clock())
    if not items:
        return None
    item = die.choice(items)
    nothing: list[None] = [None, None]
    choices = ItemChoices(
        split=die.choice([*nothing, *Split]),
        keep_back=die.choice([*nothing, Units(0), Units(1), Units(3)]),
        keep_back_percent=die.choice([*nothing, *nothing, 20, 50]),
        accepts=die.choice([*nothing, *nothing, True, False]),
        discontinued=die.random() < 0.05,
        released_on=die.choice([*nothing, today + timedelta(days=die.randrange(-1, 5))]),
        most_units=die.choice([*nothing, *nothing, 2, 5]),
    )
    steer.choose_for_item(desk.world, desk.store_id, item.pool.item, choices)
    return f"{item.sku}: {choices}"


def _give(desk: Desk, die: Random) -> str | None:
    """Look at who would lose units, or do what was looked at before, however long ago that is."""
    shown = [agreed for agreed in desk.box.shown if agreed.store_id == desk.store_id]
    if not shown or die.random() < 0.4:
        looked = _look(desk, die)
        if looked is None:
            return None
        desk.box.shown.append(looked)
        if die.random() < 0.7:
            return f"looked at {looked}"
        shown = [looked]
    agreed = shown[-1] if die.random() < 0.7 else die.choice(shown)
    desk.box.shown.remove(agreed)
    desk.box.agreed = agreed
    steer.give_by_hand(
        desk.world, desk.store_id, agreed.order_id, agreed.line_id, agreed.pool, agreed.units, agreed=agreed.losses
    )
    return f"gave {agreed}"


def _look(desk: Desk, die: Random) -> Agreed | None:
    owed = desk.box.sql.execute(
        "SELECT order_id, line_id, item, location, outstanding - firm FROM parts "
        "JOIN pools USING (store_id, item, location) WHERE store_id = ? AND on_hand > 0 AND outstanding > firm "
        "ORDER BY order_id, line_id, item, location",
        (desk.store_id,),
    ).fetchall()
    if not owed:
        return None
    order_id, line_id, item, location, open_units = die.choice(owed)
    pool, units = Pool(item, location), Units(die.randrange(1, open_units // 10_000 + 2))
    losses = steer.give_by_hand(desk.world, desk.store_id, order_id, line_id, pool, units, agreed=None)
    return Agreed(desk.store_id, order_id, line_id, pool, units, tuple(losses))


def _accept(desk: Desk, die: Random) -> str | None:
    refused = desk.box.sql.execute(
        "SELECT DISTINCT order_id FROM order_lines WHERE store_id = ? AND answer IN ('hold', 'refuse') "
        "ORDER BY order_id",
        (desk.store_id,),
    ).fetchall()
    if not refused:
        return None
    order = die.choice(refused)[0]
    steer.accept(desk.world, desk.store_id, order)
    return f"{order}"


def _ships(desk: Desk, die: Random) -> str | None:
    order = _some_order(desk, die)
    if order is None:
        return None
    split = die.choice(FOR_CUSTOMERS)
    steer.choose_as_customer(desk.world, desk.store_id, order, split)
    return f"{order}: {split}"


def _goods(desk: Desk, die: Random) -> str | None:
    with desk.world.database.read() as conn:
        rows = inbound_rows(conn, desk.store_id)
        today = today_of(stores.get(conn, desk.store_id), desk.world.clock())
    if not rows:
        return None
    line = die.choice(rows).line
    what = die.choice(["moves", "moves", "ends", "receives", "receives", "receives"])
    if what == "moves":
        steer.move_inbound(desk.world, desk.store_id, line.id, today + timedelta(days=die.randrange(-2, 12)))
    elif what == "ends":
        steer.end_inbound(desk.world, desk.store_id, line.id)
    else:
        units = Decimal(die.randrange(1, int(line.open) + 2))
        steer.receive(desk.world, desk.store_id, line.id, units, counted=die.random() < 0.3)
    return f"{what} {line.id}"


MERCHANT: Mapping[str, tuple[int, Deed]] = {
    "switches on": (14, _switch_on),
    "watches": (2, _watch),
    "changes the policy": (6, _policy),
    "expects goods": (8, _inbound),
    "undoes a receipt": (1, _undo),
    "customer wants to cancel": (4, _customer),
}

BY_HAND: Mapping[str, tuple[int, Deed]] = {
    "chooses for an order": (6, _for_order),
    "chooses for an item": (4, _for_item),
    "gives by hand": (7, _give),
    "accepts an order": (3, _accept),
    "customer chooses how it ships": (3, _ships),
    "has news of goods": (5, _goods),
}
