"""A parcel that the merchant recorded is told to the store once, of no more than was given, and told by one of both."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from backorder.db import parcel_rows
from backorder.db.parcel_rows import ParcelRow
from backorder.domain.errors import Rejected
from backorder.domain.lifecycle import WorkState
from backorder.domain.parcels import GONE_MEANWHILE, NOT_GIVEN, Packed, Parcel, Teller, ready
from backorder.domain.policy import NoticeKind
from backorder.domain.supply import Pool
from connectors.woocommerce.shipping import ALREADY
from demo.stores.wire import Fault
from demo.stores.woocommerce.things import parcel_items
from jobs import steer
from jobs.preview_writes import preview_parcel, preview_writes
from jobs.record_parcel import OFF, record_parcel
from jobs.ship import NEVER_CONFIRMED, ship
from tests.story.mortal import Killed, Life, mortal
from tests.story.stage import Shopify, Stage, Woo

ONCE = "A parcel of this order is being recorded: wait until your store has it."


@pytest.fixture
def order(stage: Stage) -> int:
    """An order of three mugs that waited, and were given to it."""
    return given(stage)


def given(stage: Stage, units: int = 3) -> int:
    stage.shop.stock("MUG", 0)
    steer.save_policy(stage.bench.world, stage.bench.store_id, ship_in_store=True)
    number = stage.shop.order("MUG", 3, 5)
    stage.settle()
    stage.shop.receive("MUG", units)
    stage.settle()
    return number


def parcel(stage: Stage, order: int, units: int | None = None, number: str = "1Z1", **more: object) -> Parcel:
    """Of each part so many units, or all that was given."""
    packed = [
        Packed(each.line_id, each.location, each.units if units is None else Decimal(units))
        for each in ready(stage.standing(order))
    ]
    return Parcel(tuple(packed), number, "UPS", **more)  # type: ignore[arg-type]


def record(stage: Stage, order: int, wanted: Parcel) -> str:
    """Record it; what was said against it."""
    try:
        record_parcel(stage.bench.world, stage.bench.store_id, order, wanted)
    except Rejected as error:
        return str(error)
    return ""


def rows(stage: Stage, order: int) -> list[ParcelRow]:
    with stage.bench.world.database.read() as conn:
        return parcel_rows.of_order(conn, stage.bench.store_id, order)


def stands(stage: Stage, order: int) -> list[tuple[WorkState, str]]:
    return [(row.state, row.reason) for row in rows(stage, order)]


def in_store(stage: Stage, order: int) -> list[tuple[str, int, bool]]:
    """Each parcel that the store has: its number, its units, whether the store wrote to the customer."""
    if isinstance(stage.shop, Woo):
        mails = [effect.detail.endswith("and told") for effect in stage.shop.app.journal.effects if _made(effect.kind)]
        made = stage.shop.app.shop.orders[order].fulfilments
        metas = [{meta["key"]: meta["value"] for meta in each["meta_data"]} for each in made]
        units = [sum(int(item["qty"]) for item in parcel_items(each)) for each in made]
        told = mails + [False] * len(made)
        return [(meta.get("_tracking_number", ""), *rest) for meta, *rest in zip(metas, units, told, strict=False)]
    assert isinstance(stage.shop, Shopify)
    return [
        ("".join(str(each["number"]) for each in one.tracking), sum(units.quantity for units in one.lines), one.told)
        for one in stage.shop.app.shop.orders[order].shipments
    ]


def _made(kind: str) -> bool:
    return kind == "POST fulfillment"


def lose(stage: Stage, what: Fault) -> None:
    """Let the next call that records a parcel go wrong."""
    before = len(stage.transport.calls)
    woo = isinstance(stage.shop, Woo)
    # Every call to Shopify is a POST: the first one looks, the second one writes.
    stage.transport.fail(
        what, concerns=lambda method, _: method == "POST" if woo else len(stage.transport.calls) - before == 2
    )


def test_where_it_is_not_switched_on_nothing_is_recorded(stage: Stage, order: int) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, ship_in_store=False)
    assert record(stage, order, parcel(stage, order)) == OFF


def test_a_part_of_what_was_given_is_recorded_once_and_counts_as_shipped_when_a_reading_says_so(
    stage: Stage, order: int
) -> None:
    wanted = parcel(stage, order, 2)
    assert [record(stage, order, wanted), record(stage, order, wanted)] == ["", ONCE]
    assert (int(stage.standing(order).shipped), in_store(stage, order)) == (0, [])
    stage.settle()
    assert (stands(stage, order), in_store(stage, order)) == ([(WorkState.DONE, "")], [("1Z1", 2, False)])
    assert (int(stage.standing(order).shipped), stage.has(order)) == (2, [(1, 0)])
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED, NoticeKind.SHIPPED]
    assert stage.bench.mails[-1].text.count("\n  On its way with UPS, 1Z1\n") == 1


def test_of_a_parcel_that_the_store_tells_we_are_silent_and_not_of_the_next(stage: Stage, order: int) -> None:
    record(stage, order, parcel(stage, order, 2, teller=Teller.STORE))
    stage.settle()
    before = [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]
    assert (in_store(stage, order), stage.told(order)) == ([("1Z1", 2, True)], before)
    stage.shop.ship(order, 1)
    stage.settle()
    assert stage.told(order) == [*before, NoticeKind.SHIPPED]


def test_a_reading_that_tells_of_a_parcel_before_the_answer_does_makes_nobody_write_twice(
    stage: Stage, order: int
) -> None:
    record(stage, order, parcel(stage, order, teller=Teller.STORE))
    lose(stage, Fault.LOST_ANSWER)
    stage.settle()
    assert (stands(stage, order)[0][0], int(stage.standing(order).shipped)) == (WorkState.UNKNOWN, 3)
    stage.wait(70)
    stage.settle()
    assert stands(stage, order) == [(WorkState.DONE, "")]
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED]


def test_more_than_was_given_is_not_taken(stage: Stage) -> None:
    order = given(stage, 1)
    assert (record(stage, order, parcel(stage, order, 2)), rows(stage, order)) == (NOT_GIVEN, [])


def test_units_that_were_given_to_somebody_else_meanwhile_do_not_leave(stage: Stage, order: int) -> None:
    other = stage.shop.order("MUG", 1, 6)
    stage.settle()
    record(stage, order, parcel(stage, order))
    there = ready(stage.standing(order))[0]
    line = stage.standing(other).lines[0].line_id
    pool = Pool(next(part.pool.item for part in stage.standing(other).lines[0].parts if part.pool), there.location)
    to_other = (stage.bench.world, stage.bench.store_id, other, line, pool, Decimal(1))
    steer.give_by_hand(*to_other, agreed=steer.give_by_hand(*to_other, agreed=None))
    stage.settle()
    assert (stands(stage, order), in_store(stage, order)) == ([(WorkState.FAILED, NOT_GIVEN)], [])


@pytest.mark.parametrize("heard", [True, False])
def test_what_a_person_shipped_meanwhile_is_not_shipped_again(stage: Stage, order: int, heard: bool) -> None:
    record(stage, order, parcel(stage, order))
    stage.shop.ship(order, 3)
    if heard:
        stage.settle()
    else:
        ship(stage.bench.world, stage.bench.store_id, order)
    assert stands(stage, order) == [(WorkState.FAILED, GONE_MEANWHILE)]
    assert [units for _, units, _ in in_store(stage, order)] == [3]


def test_a_parcel_that_never_arrived_is_looked_for_and_then_recorded_again(stage: Stage, order: int) -> None:
    record(stage, order, parcel(stage, order, 1))
    lose(stage, Fault.LOST_CALL)
    ship(stage.bench.world, stage.bench.store_id, order)
    assert [state for state, _ in stands(stage, order)] == [WorkState.UNKNOWN]
    stage.wait(70)
    stage.settle()
    assert (stands(stage, order), in_store(stage, order)) == ([(WorkState.DONE, "")], [("1Z1", 1, False)])


def test_a_parcel_that_never_arrives_is_left_to_a_person(stage: Stage, order: int) -> None:
    record(stage, order, parcel(stage, order))
    for _ in range(8):
        lose(stage, Fault.LOST_CALL)
        ship(stage.bench.world, stage.bench.store_id, order)
        stage.wait(7200)
        stage.settle("ship")
    assert (stands(stage, order), in_store(stage, order)) == ([(WorkState.FAILED, NEVER_CONFIRMED)], [])


def test_a_worker_that_dies_at_any_effect_loses_and_doubles_no_parcel(platform: str, database_url: str) -> None:
    ends_at = 0
    over = True
    stage = Stage(platform, database_url)
    stage.open()
    while over:
        ends_at += 1
        order = stage.shop.order("MUG", 3, 5) if ends_at > 1 else given(stage)
        if ends_at > 1:
            stage.shop.receive("MUG", 3)
            stage.settle()
        record(stage, order, parcel(stage, order, teller=Teller.STORE))
        alive, life = stage.bench.world, Life(ends_at)
        stage.bench.world = mortal(alive, life, stage.writes)
        try:
            stage.settle()
        except Killed:
            stage.bench.world = alive
            stage.wait(90)
            stage.settle()
        stage.bench.world = alive
        over = life.over
        assert (stands(stage, order), in_store(stage, order)[0][:2]) == ([(WorkState.DONE, "")], ("1Z1", 3))
        assert (len(in_store(stage, order)), NoticeKind.SHIPPED in stage.told(order)) == (1, False)
    assert ends_at > 3
    stage.bench.close()


def test_many_at_once_record_one_parcel(stage: Stage, order: int) -> None:
    wanted = parcel(stage, order)
    with ThreadPoolExecutor(6) as people:
        said = sorted(people.map(lambda _: record(stage, order, wanted), range(6)))
    assert said == ["", *[ONCE] * 5]
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: ship(stage.bench.world, stage.bench.store_id, order), range(4)))
    stage.settle()
    assert (stands(stage, order), in_store(stage, order)) == ([(WorkState.DONE, "")], [("1Z1", 3, False)])


def test_the_same_parcel_is_not_recorded_a_second_time(stage: Stage, order: int) -> None:
    record(stage, order, parcel(stage, order, 1))
    stage.settle()
    record(stage, order, parcel(stage, order, 1))
    stage.settle()
    assert (stands(stage, order), in_store(stage, order)) == (
        [(WorkState.DONE, ""), (WorkState.FAILED, ALREADY)],
        [("1Z1", 1, False)],
    )


def test_what_would_be_recorded_is_shown_and_not_sent(stage: Stage, order: int) -> None:
    world, store_id = stage.bench.world, stage.bench.store_id
    before = stage.writes()
    names = [one.name for one in preview_parcel(world, store_id, order, parcel(stage, order))]
    assert names == ([f"POST orders/{order}/fulfillments"] if isinstance(stage.shop, Woo) else ["RecordParcel"])
    record(stage, order, parcel(stage, order))
    assert [one.name for one in preview_writes(world, store_id, order)[0].requests][-1:] == names
    assert (stage.writes(), in_store(stage, order)) == (before, [])


def test_what_a_person_ships_of_a_line_that_waits_for_more_is_what_was_given_to_it(stage: Stage) -> None:
    order = given(stage, 1)
    stage.shop.ship(order, 1)
    stage.settle()
    assert (stage.has(order), stage.shop.held(order)) == ([(0, 2)], 2 if isinstance(stage.shop, Shopify) else 0)
    assert stage.told(order) == [NoticeKind.BACKORDERED, NoticeKind.ALLOCATED, NoticeKind.SHIPPED]
