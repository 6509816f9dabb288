"""Whatever is done to the stand-in Shopify shop, its figures of one moment agree with its orders."""

from random import Random

import pytest

from demo.stores.shopify.state import Hold, Order
from demo.stores.shopify.works import Refused
from tests.demo.shopify_lab import Lab

STEPS = 250


def counted(lab: Lab, item: int) -> dict[int, int]:
    """What is committed, counted over all orders."""
    found: dict[int, int] = {}
    for order in lab.shop.shop.orders.values():
        for work in lab.works(order):
            for part in work.lines:
                if part.line.product is not None and part.line.product.item == item:
                    found[work.location] = found.get(work.location, 0) + part.remaining
    return {place: units for place, units in found.items() if units}


def owed(order: Order) -> dict[int, int]:
    """Units still to ship, by line."""
    found = {line.id: 0 for line in order.lines}
    for work in order.works:
        if work.open:
            for part in work.lines:
                found[part.line.id] += part.remaining
    return found


def act(lab: Lab, die: Random) -> None:
    """One act, chosen by the die; many are refused."""
    trade = lab.trade
    orders = list(lab.shop.shop.orders.values())
    sku = die.choice(["MUG", "LAMP"])
    place = die.choice([lab.main, lab.attic])
    if not orders or die.random() < 0.25:
        lines = [{"sku": sku, "quantity": die.randrange(1, 4), "location": place}]
        trade.place_order([*lines, {"sku": "MUG", "quantity": 1}], route=die.random() < 0.8)
        return
    order = die.choice(orders)
    line = die.choice(order.lines)
    work = die.choice(order.works) if order.works else None
    kind = die.randrange(14)
    if kind == 0:
        trade.receive_stock(sku, die.randrange(1, 5), place)
    elif kind == 1:
        trade.edit_line(order.id, line.id, die.randrange(0, 5))
    elif kind == 2:
        trade.add_line(order.id, sku, die.randrange(1, 3), place)
    elif kind == 3:
        trade.cancel_order(order.id, restock=die.random() < 0.7)
    elif kind == 4:
        trade.delete_order(order.id)
    elif kind == 5:
        trade.fulfil(order.id, die.choice([None, {line.id: 1}]))
    elif kind == 6:
        trade.route_order(order.id)
    elif kind == 7:
        trade.refund(order.id, {line.id: 1}, die.choice(["CANCEL", "RETURN", "NO_RESTOCK"]))
    elif kind == 8:
        trade.release_hold_by_hand(order.id)
    elif work is not None:
        part = die.choice(work.lines).id if work.lines else 0
        if kind == 9:
            trade.move_work(order, work, place, die.choice([None, {part: 1}]))
        elif kind == 10:
            trade.split_work(order, work, {part: 1})
        else:
            hold = Hold(trade.ids.next("hold"), str(die.random()), die.random() < 0.8)
            trade.hold_work(order, work, hold, die.choice([None, {part: 1}]))


@pytest.mark.parametrize("seed", range(6))
def test_the_figures_of_one_moment_always_agree(seed: int) -> None:
    lab, die = Lab(), Random(seed)
    refused = 0
    for _ in range(STEPS):
        try:
            act(lab, die)
        except Refused:
            refused += 1
        for item in (lab.mug, lab.lamp):
            levels = lab.shop.shop.levels(item)
            assert {place: each.committed for place, each in levels.items() if each.committed} == counted(lab, item)
            assert [each.available + each.committed == each.on_hand for each in levels.values()] == [True] * len(levels)
        for order in lab.shop.shop.orders.values():
            if order.routed and order.cancelled is None:
                left = owed(order)
                assert [line.id for line in order.lines if line.current < left[line.id]] == []
            for work in order.works:
                assert lab.shop.shop.work(work.id) == (order, work)

    assert 0 < refused < STEPS
