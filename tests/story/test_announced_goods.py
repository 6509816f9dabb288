"""Goods on the way that the store itself announces: dates from them, slips told, arrivals booked once."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from backorder.db import supply_rows
from backorder.db.supply_rows import InboundRow, ReceiptRow
from backorder.domain.policy import NoticeKind
from backorder.domain.supply import Pool
from backorder.domain.what_if import ComesLater
from demo.stores.shopify.shipments import OnTheWay
from jobs import steer, what_if
from jobs.catch_up import catch_up
from tests.story.stage import Shopify, Stage

NEWS = [NoticeKind.BACKORDERED, NoticeKind.NEW_DATE]


@pytest.fixture
def platform() -> str:
    """Only where goods on the way are announced."""
    return "shopify"


def on_the_way(stage: Stage) -> OnTheWay:
    assert isinstance(stage.shop, Shopify)
    return stage.shop.app.on_the_way


def days_ahead(stage: Stage, days: int) -> datetime:
    return stage.bench.now + timedelta(days=days)


def day_ahead(stage: Stage, days: int) -> date:
    return days_ahead(stage, days).date()


def a_waiting_order(stage: Stage, units: int = 2) -> int:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", units, 5)
    stage.settle()
    return order


def pool_of(stage: Stage, order: int) -> Pool:
    pool = stage.standing(order).lines[0].parts[0].pool
    assert pool is not None
    return pool


def coming(stage: Stage) -> list[InboundRow]:
    with stage.bench.world.database.read() as conn:
        return supply_rows.inbound_rows(conn, stage.bench.store_id)


def arrived(stage: Stage) -> list[ReceiptRow]:
    with stage.bench.world.database.read() as conn:
        return supply_rows.receipt_rows(conn, stage.bench.store_id, limit=50)


def figures(stage: Stage) -> list[tuple[int, int, date, bool]]:
    return [
        (int(row.line.quantity), int(row.line.received), row.line.expected_on, row.line.announced)
        for row in coming(stage)
    ]


def read(stage: Stage) -> None:
    """The regular reading, some minutes later."""
    stage.wait(301)
    catch_up(stage.bench.world, stage.bench.store_id)
    stage.settle()


def test_a_shipment_gives_a_date_its_delay_is_told_and_its_receipt_is_given_once(stage: Stage) -> None:
    order = a_waiting_order(stage)
    shipment = on_the_way(stage).announce({"MUG": 5}, days_ahead(stage, 20), "Mill Potters")
    stage.settle()
    assert figures(stage) == [(5, 0, day_ahead(stage, 20), True)]
    assert stage.told(order) == NEWS
    on_the_way(stage).arrives(shipment, days_ahead(stage, 30))
    stage.settle()
    assert figures(stage) == [(5, 0, day_ahead(stage, 30), True)]
    assert stage.told(order) == [*NEWS, NoticeKind.NEW_DATE]
    on_the_way(stage).receive(shipment, 5)
    stage.settle()
    stage.wait(3)
    stage.settle()
    assert figures(stage) == []
    assert stage.has(order) == [(2, 0)]
    read(stage)
    assert [(int(row.units), row.guessed, row.undone_at, row.awaited) for row in arrived(stage)] == [
        (5, False, None, 0)
    ]
    assert [row.source for row in arrived(stage)] == ["Mill Potters"]


@pytest.mark.parametrize("unheard", ["inventory_shipments", "inventory_levels", "nothing"])
def test_whichever_is_heard_first_a_receipt_is_booked_once_and_against_its_own_line(stage: Stage, unheard: str) -> None:
    order = a_waiting_order(stage, 9)
    pool = pool_of(stage, order)
    steer.add_inbound(
        stage.bench.world,
        stage.bench.store_id,
        item=pool.item,
        location=pool.location,
        quantity=Decimal(4),
        expected_on=day_ahead(stage, 10),
    )
    shipment = on_the_way(stage).announce({"MUG": 4}, days_ahead(stage, 20))
    read(stage)
    later = day_ahead(stage, 20)
    stage.lose(unheard, "inventory_transfers")
    on_the_way(stage).receive(shipment, 4)
    stage.settle()
    stage.lose()
    for _ in range(3):
        read(stage)
    assert [(row[0], row[1], row[3]) for row in figures(stage)] == [(4, 0, False)]
    assert later > figures(stage)[0][2]
    assert stage.has(order) == [(4, 5)]
    kept = [(int(row.units), row.guessed, row.awaited) for row in arrived(stage) if row.undone_at is None]
    assert kept == [(4, False, 0)]


def test_reading_again_doubles_nothing_and_a_part_of_a_shipment_closes_a_part(stage: Stage) -> None:
    order = a_waiting_order(stage, 9)
    shipment = on_the_way(stage).announce({"MUG": 6}, days_ahead(stage, 20))
    stage.settle()
    for _ in range(3):
        read(stage)
    assert [row[:2] for row in figures(stage)] == [(6, 0)]
    on_the_way(stage).receive(shipment, 2, refused_units=1)
    stage.settle()
    read(stage)
    assert [row[:2] for row in figures(stage)] == [(5, 2)]
    assert stage.has(order) == [(2, 7)]
    on_the_way(stage).resize(shipment, 9)
    stage.settle()
    assert [row[:2] for row in figures(stage)] == [(8, 2)]


@pytest.mark.parametrize("how", ["deleted", "cancelled"])
def test_goods_that_will_not_come_promise_nothing_any_more(stage: Stage, how: str) -> None:
    order = a_waiting_order(stage)
    shipment = on_the_way(stage).announce({"MUG": 5}, days_ahead(stage, 20))
    stage.settle()
    if how == "deleted":
        on_the_way(stage).delete(shipment)
    else:
        on_the_way(stage).cancel(next(iter(on_the_way(stage).transfers.values())))
    stage.settle()
    assert figures(stage) == []
    assert stage.standing(order).lines[0].promised is None
    assert stage.told(order) == [*NEWS, NoticeKind.NEW_DATE]


def test_a_rise_that_was_taken_for_the_shipment_is_booked_against_what_was_entered(stage: Stage) -> None:
    order = a_waiting_order(stage, 9)
    on_the_way(stage).announce({"MUG": 4}, days_ahead(stage, 10))
    stage.settle()
    pool = pool_of(stage, order)
    steer.add_inbound(
        stage.bench.world,
        stage.bench.store_id,
        item=pool.item,
        location=pool.location,
        quantity=Decimal(4),
        expected_on=day_ahead(stage, 20),
    )
    stage.settle()
    stage.shop.receive("MUG", 4)
    stage.settle()
    stage.wait(3)
    stage.settle()
    read(stage)
    assert [(row[0], row[1], row[3]) for row in figures(stage)] == [(4, 0, True)]
    assert stage.has(order) == [(4, 5)]


@pytest.mark.parametrize("scope", ["read_inventory_transfers", "read_inventory_shipments"])
def test_where_the_merchant_does_not_allow_it_nothing_is_read_and_nothing_ends(stage: Stage, scope: str) -> None:
    a_waiting_order(stage)
    on_the_way(stage).announce({"MUG": 5}, days_ahead(stage, 20))
    stage.settle()
    assert isinstance(stage.shop, Shopify)
    stage.shop.app.shop.scopes.remove(scope)
    read(stage)
    assert [row[:2] for row in figures(stage)] == [(5, 0)]


def test_what_comes_on_no_known_day_is_left_out(stage: Stage) -> None:
    a_waiting_order(stage)
    on_the_way(stage).announce({"MUG": 5}, None)
    on_the_way(stage).announce({"MUG": 5}, days_ahead(stage, 365 * 40))
    stage.settle()
    assert figures(stage) == []


def test_only_the_store_changes_what_it_announced(stage: Stage) -> None:
    a_waiting_order(stage)
    shipment = on_the_way(stage).announce({"MUG": 5}, days_ahead(stage, 20))
    stage.settle()
    world, store_id, line = stage.bench.world, stage.bench.store_id, coming(stage)[0].line.id
    for act in (
        lambda: steer.move_inbound(world, store_id, line, day_ahead(stage, 5)),
        lambda: steer.end_inbound(world, store_id, line),
        lambda: steer.receive(world, store_id, line, Decimal(5)),
    ):
        with pytest.raises(steer.Nonsense):
            act()
    looked_at = what_if.preview(world, store_id, [ComesLater(line, 9)])
    with pytest.raises(what_if.NotOurs):
        what_if.commit(world, store_id, [ComesLater(line, 9)], looked_at.world)
    assert (figures(stage), looked_at.notices) == ([(5, 0, day_ahead(stage, 20), True)], 1)
    on_the_way(stage).receive(shipment, 5)
    stage.settle()
    read(stage)
    with pytest.raises(steer.Nonsense):
        steer.undo_receipt(world, store_id, arrived(stage)[0].id)
