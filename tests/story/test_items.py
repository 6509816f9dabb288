"""What shoppers may know of an item, and whether the store sells it: written when it changes, and never more."""

from datetime import date, timedelta
from decimal import Decimal

from backorder.domain.choices import ItemChoices
from connectors import get
from demo.stores.shopify.state import APP_NAMESPACE, Product
from jobs import steer
from tests.story.stage import Shopify, Stage


def sold(stage: Stage) -> Product:
    """The one product of the shop."""
    assert isinstance(stage.shop, Shopify)
    return next(iter(stage.shop.app.shop.products.values()))


def fields(stage: Stage) -> dict[str, str]:
    kept = sold(stage).metafields.items()
    return {key: found.value for (space, key), found in sorted(kept) if space == APP_NAMESPACE}


def item_calls(stage: Stage) -> int:
    assert isinstance(stage.shop, Shopify)
    names = ("productVariantsBulkUpdate", "metafieldsSet", "metafieldsDelete")
    return sum(name in names for name in stage.shop.app.writes)


def choose(stage: Stage, **choices: object) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, **choices)
    stage.settle()


def can_do(stage: Stage, capability: str) -> bool:
    """Whether this platform shows anything at items; the other test nothing."""
    return capability in get(stage.platform).capabilities


def test_shoppers_are_told_while_nothing_is_there_and_not_after(stage: Stage) -> None:
    choose(stage, tell_shoppers=True)
    stage.shop.stock("MUG", 1)
    stage.settle()
    stage.shop.order("MUG", 3, 5)
    stage.settle()
    if not can_do(stage, "shoppers"):
        return
    assert fields(stage) == {"accepting": "true", "due": "0"}

    item = sold(stage).item
    steer.add_inbound(
        stage.bench.world,
        stage.bench.store_id,
        item=item,
        location=None,
        quantity=Decimal(9),
        expected_on=date(2026, 3, 1),
    )
    stage.settle()
    stage.wait(60)
    stage.settle()
    assert fields(stage) == {"accepting": "true", "due": "9", "expected": "2026-03-05"}
    before = item_calls(stage)
    stage.bench.catch_up()
    stage.settle()
    assert item_calls(stage) == before

    stage.shop.receive("MUG", 9)
    stage.settle()
    stage.wait(60)
    stage.settle()
    assert fields(stage) == {}


def test_an_item_is_written_to_once_for_a_rush_of_orders(stage: Stage) -> None:
    if not can_do(stage, "shoppers"):
        return
    choose(stage, tell_shoppers=True)
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 1, 5)
    stage.settle()
    item = sold(stage).item
    for day in range(2, 6):
        steer.add_inbound(
            stage.bench.world,
            stage.bench.store_id,
            item=item,
            location=None,
            quantity=Decimal(1),
            expected_on=date(2026, 3, day),
        )
        stage.settle("write_items")
    wrote = item_calls(stage)
    stage.settle()
    assert (item_calls(stage) - wrote, fields(stage)["due"]) == (1, "4")


def test_the_switch_follows_the_answer_and_gets_its_old_place_back(stage: Stage) -> None:
    if not can_do(stage, "selling"):
        return
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 2, 5)
    stage.settle()
    assert sold(stage).policy == "DENY"
    choose(stage, turn_selling=True)
    assert sold(stage).policy == "CONTINUE"
    stage.wait(60)
    choose(stage, accept_backorders=False)
    stage.wait(60)
    stage.settle()
    assert sold(stage).policy == "DENY"
    choose(stage, accept_backorders=True)
    stage.wait(60)
    stage.settle()
    assert sold(stage).policy == "CONTINUE"
    choose(stage, turn_selling=False)
    stage.wait(60)
    stage.settle()
    assert sold(stage).policy == "DENY"


def test_a_switch_that_a_person_turned_back_stays_while_the_answer_is_the_same(stage: Stage) -> None:
    if not can_do(stage, "selling"):
        return
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 2, 5)
    choose(stage, turn_selling=True)
    assert sold(stage).policy == "CONTINUE"

    sold(stage).policy = "DENY"
    stage.wait(int(timedelta(hours=2).total_seconds()))
    stage.settle()
    stage.shop.order("MUG", 2, 6)
    stage.settle()
    assert sold(stage).policy == "DENY"


def test_an_item_that_was_excluded_by_hand_keeps_its_switch(stage: Stage) -> None:
    if not can_do(stage, "selling"):
        return
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 2, 5)
    stage.settle()
    world, store_id = stage.bench.world, stage.bench.store_id
    steer.choose_for_item(world, store_id, sold(stage).item, ItemChoices(accepts=False))
    sold(stage).policy = "CONTINUE"

    choose(stage, turn_selling=True)

    assert sold(stage).policy == "CONTINUE"
