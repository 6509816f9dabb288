"""What shoppers may know of an item, and whether the store sells it: written when it changes, and never more."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backorder.db import item_rows, taking_out
from backorder.domain.choices import ItemChoices
from connectors import get
from connectors.woocommerce.shelf import OFFER_KEY
from demo.stores.shopify.state import APP_NAMESPACE
from demo.stores.troubles import said
from jobs import steer
from jobs.leave import leave
from jobs.write_items import TRIES, write_items
from tests.story.stage import Shopify, Stage, Woo


def item_of(stage: Stage) -> int:
    """The one item of the shop."""
    if isinstance(stage.shop, Woo):
        return next(iter(stage.shop.app.shop.products))
    assert isinstance(stage.shop, Shopify)
    return next(iter(stage.shop.app.shop.products.values())).item


def fields(stage: Stage) -> dict[str, str]:
    """What the shop has of ours at it."""
    if isinstance(stage.shop, Woo):
        metas = stage.shop.app.shop.products[item_of(stage)].meta
        offers = [meta.value for meta in metas if meta.key == OFFER_KEY]
        return {
            key: str(value).lower()
            for offer in offers
            for key, value in sorted(offer.items())
            if key != "version" and value is not None
        }
    assert isinstance(stage.shop, Shopify)
    kept = next(iter(stage.shop.app.shop.products.values())).metafields.items()
    return {key: found.value for (space, key), found in sorted(kept) if space == APP_NAMESPACE}


def item_calls(stage: Stage) -> int:
    """How often the item was written to."""
    if isinstance(stage.shop, Woo):
        return sum(method != "GET" and "/products" in url for method, url in stage.transport.calls)
    assert isinstance(stage.shop, Shopify)
    names = ("productVariantsBulkUpdate", "metafieldsSet", "metafieldsDelete")
    return sum(name in names for name in stage.shop.app.writes)


def sells(stage: Stage) -> bool:
    """Whether the shop sells it although nothing is there."""
    if isinstance(stage.shop, Woo):
        return stage.shop.app.shop.products[item_of(stage)].backorders != "no"
    assert isinstance(stage.shop, Shopify)
    return next(iter(stage.shop.app.shop.products.values())).policy == "CONTINUE"


def turn_by_hand(stage: Stage, *, on: bool) -> None:
    """The merchant turns the shop's own switch."""
    if isinstance(stage.shop, Woo):
        stage.shop.app.shop.products[item_of(stage)].backorders = "notify" if on else "no"
        return
    assert isinstance(stage.shop, Shopify)
    next(iter(stage.shop.app.shop.products.values())).policy = "CONTINUE" if on else "DENY"


def refuse_items(stage: Stage) -> None:
    """The shop refuses the next write to its items."""
    what = said(422, {"code": "rest_invalid_param", "message": "No."})
    if isinstance(stage.shop, Woo):
        stage.shop.app.troubles.fail(what, path="/products", writes=True)
        return
    assert isinstance(stage.shop, Shopify)
    stage.shop.app.troubles.fail(what, operation="WriteVariants")


def ours_left(stage: Stage) -> taking_out.OursLeft:
    with stage.bench.world.database.read() as conn:
        return taking_out.ours_left(conn, stage.bench.store_id)


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

    item = item_of(stage)
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
    item = item_of(stage)
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


def test_a_store_that_takes_no_more_calls_for_the_moment_uses_up_no_try_of_its_items(stage: Stage) -> None:
    choose(stage, tell_shoppers=True)
    stage.shop.stock("MUG", 1)
    stage.settle()
    stage.shop.order("MUG", 3, 5)
    stage.settle("write_items")
    if not can_do(stage, "shoppers"):
        return
    seen = []
    for _ in range(TRIES + 1):
        before = len(stage.transport.calls)
        stage.transport.answer(429, concerns=lambda *_, read=before + 1: len(stage.transport.calls) > read)
        write_items(stage.bench.world, stage.bench.store_id)
        stage.wait(700)
        with stage.bench.world.database.read() as conn:
            seen += [row.tries for row in item_rows.due(conn, stage.bench.store_id, stage.bench.now, 10)]
    # The first is noted: the store may have a part of what was begun.
    assert seen == [1] * (TRIES + 1)
    stage.settle()
    assert fields(stage) == {"accepting": "true", "due": "0"}


def test_the_switch_follows_the_answer_and_gets_its_old_place_back(stage: Stage) -> None:
    if not can_do(stage, "selling"):
        return
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 2, 5)
    turn_by_hand(stage, on=False)
    stage.settle()
    choose(stage, turn_selling=True)
    assert sells(stage)
    stage.wait(60)
    choose(stage, accept_backorders=False)
    stage.wait(60)
    stage.settle()
    assert not sells(stage)
    choose(stage, accept_backorders=True)
    stage.wait(60)
    stage.settle()
    assert sells(stage)
    choose(stage, turn_selling=False)
    stage.wait(60)
    stage.settle()
    assert not sells(stage)


def test_a_switch_that_a_person_turned_back_stays_while_the_answer_is_the_same(stage: Stage) -> None:
    if not can_do(stage, "selling"):
        return
    stage.shop.stock("MUG", 1)
    order = stage.shop.order("MUG", 2, 5)
    turn_by_hand(stage, on=False)
    choose(stage, turn_selling=True)
    assert sells(stage)

    turn_by_hand(stage, on=False)
    stage.wait(int(timedelta(hours=2).total_seconds()))
    stage.settle()
    stage.shop.edit(order, 3)
    stage.settle()
    assert not sells(stage)


def test_an_item_that_was_excluded_by_hand_keeps_its_switch(stage: Stage) -> None:
    if not can_do(stage, "selling"):
        return
    stage.shop.stock("MUG", 1)
    stage.shop.order("MUG", 2, 5)
    stage.settle()
    world, store_id = stage.bench.world, stage.bench.store_id
    steer.choose_for_item(world, store_id, item_of(stage), ItemChoices(accepts=False))
    turn_by_hand(stage, on=True)

    choose(stage, turn_selling=True)

    assert sells(stage)


def leave_half(stage: Stage) -> None:
    """Somebody tampers with what is shown at the item."""
    if isinstance(stage.shop, Woo):
        metas = stage.shop.app.shop.products[item_of(stage)].meta
        next(meta for meta in metas if meta.key == OFFER_KEY).value = {"version": 0, "expected": "2026-01-01"}
        return
    assert isinstance(stage.shop, Shopify)
    del next(iter(stage.shop.app.shop.products.values())).metafields[APP_NAMESPACE, "accepting"]


def test_what_is_left_of_our_fields_goes_although_it_says_nothing_whole(stage: Stage) -> None:
    choose(stage, tell_shoppers=True)
    stage.shop.stock("MUG", 0)
    stage.shop.order("MUG", 2, 5)
    stage.settle()
    leave_half(stage)
    assert fields(stage) != {}

    choose(stage, tell_shoppers=False)
    stage.wait(60)
    stage.settle()

    assert fields(stage) == {}


@pytest.mark.parametrize("owed", [True, False])
def test_before_a_store_is_left_nothing_of_ours_stays_at_its_items(stage: Stage, owed: bool) -> None:
    stage.shop.stock("MUG", 0)
    order = stage.shop.order("MUG", 2, 5)
    turn_by_hand(stage, on=False)
    stage.settle()
    choose(stage, tell_shoppers=True, turn_selling=True)
    if not owed:
        stage.shop.cancel(order)
        stage.settle()
    stage.wait(60)
    stage.settle()
    assert (fields(stage)["accepting"], sells(stage)) == ("true", True)

    world, store_id = stage.bench.world, stage.bench.store_id
    leave(world, store_id)
    assert ours_left(stage).items == 1
    stage.settle("write_items")
    assert (ours_left(stage).nothing, ours_left(stage).under_way) == (False, 1)
    stage.settle()
    stage.wait(2 * 3600)
    stage.settle()

    assert (fields(stage), sells(stage)) == ({}, False)
    assert ours_left(stage) == taking_out.OursLeft(orders=0, items=0, under_way=0, failed=0)


def test_what_a_store_refuses_to_take_off_its_items_is_told_to_whoever_leaves(stage: Stage) -> None:
    stage.shop.stock("MUG", 0)
    stage.shop.order("MUG", 2, 5)
    stage.settle()
    choose(stage, tell_shoppers=True)
    stage.settle()

    refuse_items(stage)
    leave(stage.bench.world, stage.bench.store_id)
    stage.wait(60)
    stage.settle()

    left = ours_left(stage)
    assert (left.nothing, left.items, left.failed) == (False, 1, 1)

    stage.wait(24 * 3600)
    stage.settle()
    assert (fields(stage), ours_left(stage).nothing) == ({}, True)
