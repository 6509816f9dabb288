"""How much may wait, and how much of what comes in is kept back, end to end."""

from backorder.db import queries
from backorder.domain.choices import ItemChoices
from backorder.domain.policy import NoticeKind
from jobs import steer
from tests.story.stage import Stage

TOLD = [NoticeKind.BACKORDERED]


def not_accepted(stage: Stage) -> list[tuple[int, int, str]]:
    """What stands on the merchant's first page: order, units too many, why."""
    with stage.bench.world.database.read() as conn:
        found = queries.not_accepted(conn, stage.bench.store_id, limit=9)
    return [(line.order_id, int(line.excess), line.why) for line in found]


def limit(stage: Stage, **limits: int) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, lead_time_days=14, **limits)


def test_of_two_orders_of_a_guest_in_one_pass_the_older_is_accepted(stage: Stage) -> None:
    limit(stage, most_units_customer=5)
    stage.shop.stock("MUG", 0)
    younger, older = stage.shop.order("MUG", 4, 6), stage.shop.order("MUG", 4, 5)
    stage.settle()
    why = "More than 5 units of one customer would wait. 3 of 4 are too many."
    assert (not_accepted(stage), stage.told(older), stage.told(younger)) == ([(younger, 3, why)], TOLD, [])
    stage.shop.cancel(older)
    stage.settle()
    assert (not_accepted(stage), stage.told(younger)) == ([], TOLD)


def test_of_an_order_only_the_line_above_the_limit_is_held(stage: Stage) -> None:
    limit(stage, most_units_order=5)
    for sku in ("MUG", "TOTE"):
        stage.shop.stock(sku, 0)
    order = stage.shop.basket({"MUG": 3, "TOTE": 3}, 5)
    stage.settle()
    why = "More than 5 units in one order would wait. 1 of 3 is too many."
    assert (not_accepted(stage), stage.told(order)) == ([(order, 1, why)], TOLD)
    assert [line.promised is None for line in stage.standing(order).lines] == [False, True]


def test_units_added_to_an_accepted_line_are_judged_and_its_date_stays_until_the_merchant_decides(stage: Stage) -> None:
    limit(stage, most_units_item=5)
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 2, 5)
    stage.settle()
    date = stage.standing(order).lines[0].promised
    assert (not_accepted(stage), date is None) == ([], False)
    stage.shop.edit(order, 9)
    stage.settle()
    why = "More than 5 units of this item would wait. 4 of 9 are too many."
    assert not_accepted(stage) == [(order, 4, why)]
    assert (stage.standing(order).lines[0].promised, stage.told(order)) == (date, TOLD)
    stage.shop.edit(order, 5)
    stage.settle()
    assert (not_accepted(stage), stage.told(order)) == ([], TOLD)
    stage.shop.edit(order, 6)
    stage.settle()
    assert [(of, excess) for of, excess, _ in not_accepted(stage)] == [(order, 1)]
    steer.accept(stage.bench.world, stage.bench.store_id, order)
    stage.settle()
    assert not_accepted(stage) == []
    stage.shop.edit(order, 7)
    stage.settle()
    assert [(of, excess) for of, excess, _ in not_accepted(stage)] == [(order, 1)]


def test_a_share_of_what_comes_in_is_kept_from_who_waits_in_the_very_pass_that_finds_it(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 70, 5)
    stage.settle()
    pool = stage.standing(order).lines[0].parts[0].pool
    assert pool is not None
    steer.choose_for_item(stage.bench.world, stage.bench.store_id, pool.item, ItemChoices(keep_back_percent=10))
    stage.shop.receive("MUG", 50)
    stage.settle()
    assert stage.has(order) == [(45, 25)]
    stage.shop.receive("MUG", 10)
    stage.settle()
    assert stage.has(order) == [(54, 16)]
    new = stage.shop.order("MUG", 4, 8)
    stage.settle()
    assert stage.has(order, new) == [(54, 16), (4, 0)]
    stage.shop.receive("MUG", 10)
    stage.settle()
    assert stage.has(order, new) == [(63, 7), (4, 0)]
