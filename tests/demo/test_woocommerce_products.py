"""Products and stock pools of the stand-in WooCommerce shop."""

from decimal import Decimal
from typing import Any

import pytest

from tests.demo.woo_world import World


@pytest.fixture
def world() -> World:
    return World()


def shown(world: World, sku: str) -> tuple[Any, ...]:
    body = world.call("GET", f"products/{world.id(sku)}")
    return body["manage_stock"], body["stock_quantity"], body["stock_status"], body["backordered"]


def test_each_pool_says_how_it_is_counted(world: World) -> None:
    world.order(7, via="rest-api")
    world.order(4, via="rest-api", sku="LAMP")
    world.order(5, via="rest-api", sku="TEE-L")

    assert shown(world, "MUG") == (True, -2, "onbackorder", True)
    assert shown(world, "LAMP") == (True, -3, "outofstock", False)
    assert shown(world, "TEE") == (True, -2, "onbackorder", True)
    assert shown(world, "TEE-L") == ("parent", -2, "onbackorder", True)
    assert shown(world, "TEE-S") == (True, 1, "instock", False)
    assert shown(world, "POSTER") == (False, None, "instock", False)


def test_what_is_not_counted_can_be_on_backorder_without_a_number(world: World) -> None:
    world.call("PUT", f"products/{world.id('POSTER')}", {"stock_status": "onbackorder"})
    order = world.order(2, sku="POSTER")

    assert shown(world, "POSTER") == (False, None, "onbackorder", True)
    assert order.lines[0].meta == []


def test_at_the_shops_threshold_a_product_is_out_of_stock(world: World) -> None:
    world.shop.settings.no_stock_amount = Decimal(2)

    assert (shown(world, "MUG")[2], shown(world, "TOTE")[2]) == ("instock", "onbackorder")


def test_a_number_is_typed_over_and_told(world: World) -> None:
    world.order(7, via="rest-api")
    world.told()
    world.later()

    body = world.call("PUT", f"products/{world.id('MUG')}", {"stock_quantity": 8})

    assert (body["stock_quantity"], body["date_modified_gmt"]) == (8, "2027-01-04T09:01:00")
    assert world.told() == ["product.updated"]
    assert world.effects() == [("PUT product", str(world.id("MUG")), "", "stock_quantity")]


def test_of_several_deltas_at_the_same_time_only_the_last_one_counts(world: World) -> None:
    path = f"products/{world.id('MUG')}"
    with world.shop.stock.overlapping():
        for _ in range(8):
            world.call("PUT", path, {"inventory_delta": 1})
    together = world.stock()
    for _ in range(2):
        world.call("PUT", path, {"inventory_delta": 1})

    assert (together, world.stock()) == (6, 8)


def test_a_delta_wipes_out_an_order_that_came_between_its_reading_and_its_writing(world: World) -> None:
    with world.shop.stock.overlapping():
        world.order(3)
        world.call("PUT", f"products/{world.id('MUG')}", {"inventory_delta": 1})

    assert world.stock() == 6


def test_orders_at_the_same_time_are_exact(world: World) -> None:
    with world.shop.stock.overlapping():
        for _ in range(12):
            world.order(1)

    assert world.stock() == -7


def test_a_number_written_to_a_variation_that_its_parent_counts_is_answered_200_and_ignored(world: World) -> None:
    tee, large = world.id("TEE"), world.id("TEE-L")

    body = world.call("PUT", f"products/{tee}/variations/{large}", {"stock_quantity": 9})

    assert (body["manage_stock"], body["stock_quantity"], world.stock("TEE")) == ("parent", 3, 3)
    assert world.told() == ["product.updated"]


def test_a_variation_is_written_through_its_parent_only(world: World) -> None:
    small = world.id("TEE-S")

    assert world.refusal("PUT", f"products/{small}", {"stock_quantity": 9}) == (
        404,
        "woocommerce_rest_invalid_product_id",
    )
    assert world.refusal("PUT", f"products/{world.id('MUG')}/variations/{small}", {}) == (
        404,
        "woocommerce_rest_product_variation_invalid_id",
    )


def test_a_variation_that_gives_up_its_own_number_is_counted_by_its_parent(world: World) -> None:
    tee, small = world.id("TEE"), world.id("TEE-S")

    by_parent = world.call("PUT", f"products/{tee}/variations/{small}", {"manage_stock": False})
    world.call("PUT", f"products/{tee}", {"manage_stock": False})

    assert (by_parent["manage_stock"], by_parent["stock_quantity"]) == ("parent", 3)
    assert shown(world, "TEE-S")[:2] == (False, None)


def test_a_variation_is_named_after_its_parent_only_among_products_and_in_webhooks(world: World) -> None:
    tee, small = world.id("TEE"), world.id("TEE-S")
    world.call("PUT", f"products/{tee}/variations/{small}", {"stock_quantity": 2})
    world.told()

    names = [world.call("GET", path)["name"] for path in (f"products/{small}", f"products/{tee}/variations/{small}")]

    assert (names, world.bodies()[0]["name"], world.bodies()[0]["parent_id"]) == (
        ["Logo Tee - S", "S"],
        "Logo Tee - S",
        tee,
    )


def test_batches_write_products_and_variations_and_name_what_they_cannot(world: World) -> None:
    mug, tee, small = world.id("MUG"), world.id("TEE"), world.id("TEE-S")

    products = world.call("POST", "products/batch", {"update": [{"id": mug, "stock_quantity": 1}, {"id": 9999}]})
    steps = {"update": [{"id": small, "stock_quantity": 4}, {"id": 9999}], "create": [], "delete": [world.id("TEE-L")]}
    variations = world.call("POST", f"products/{tee}/variations/batch", steps)

    assert products["update"][1]["error"]["data"] == {"status": 400}
    assert variations["update"][1]["error"]["data"] == {"status": 404}
    assert (world.stock(), world.stock("TEE-S"), world.call("GET", f"products/{tee}")["variations"]) == (1, 4, [small])


def test_deleting_a_variation_makes_its_lines_look_like_its_parents(world: World) -> None:
    order = world.order(1, sku="TEE-S")
    world.call("DELETE", f"products/{world.id('TEE')}/variations/{world.id('TEE-S')}", force="true")

    line = world.call("GET", f"orders/{order.id}")["line_items"][0]

    assert (line["product_id"], line["variation_id"]) == (world.id("TEE"), 0)
    assert [(meta["key"], meta["display_key"], meta["value"]) for meta in line["meta_data"]] == [
        ("size", "Size", "S"),
        ("_reduced_stock", "_reduced_stock", "1"),
    ]


def test_deleting_a_product_leaves_its_lines_without_one_and_its_stock_comes_back_nowhere(world: World) -> None:
    order = world.order(2)
    mug = world.id("MUG")
    world.call("DELETE", f"products/{mug}", force="true")
    world.shop.set_status(order, "cancelled")

    line = world.call("GET", f"orders/{order.id}")["line_items"][0]

    assert (line["product_id"], line["variation_id"], line["name"]) == (0, 0, "Trail Mug")
    assert world.refusal("GET", f"products/{mug}") == (404, "woocommerce_rest_product_invalid_id")


def test_deleting_a_variable_product_deletes_its_variations(world: World) -> None:
    tee = world.id("TEE")
    world.call("DELETE", f"products/{tee}", force="true")

    assert (world.ids("variations"), world.refusal("GET", f"products/{tee}/variations")) == (
        [],
        (404, "woocommerce_rest_product_variation_invalid_id"),
    )


def test_a_product_in_the_trash_leaves_the_lists_and_keeps_its_orders(world: World) -> None:
    order = world.order(2)
    mug = world.shop.by_sku("MUG")
    world.told()
    world.call("DELETE", f"products/{mug.id}")
    told = world.told()
    listed = world.ids("products", include=mug.id)
    world.shop.set_status(order, "cancelled")
    world.shop.restore_product(mug)

    assert (told, listed, mug.stock) == (["product.deleted"], [], 5)
    assert world.told() == ["order.updated", "product.updated", "product.restored"]
    assert world.ids("products", include=mug.id) == [mug.id]


def test_a_new_product_allows_no_backorders_unless_it_is_said(world: World) -> None:
    asked = {"name": "Rain Coat", "sku": "COAT", "regular_price": "80", "manage_stock": True, "stock_quantity": 1.5}

    body = world.call("POST", "products", asked)

    assert (body["backorders"], body["stock_quantity"], body["price"]) == ("no", 1.5, "80.00")
    assert world.told() == ["product.created"]


@pytest.mark.parametrize(
    ("asked", "code"), [({"backorders": "maybe"}, "rest_invalid_param"), ({"sku": "TOTE"}, "product_invalid_sku")]
)
def test_a_wrong_word_or_anothers_sku_is_refused(world: World, asked: dict[str, str], code: str) -> None:
    assert world.refusal("PUT", f"products/{world.id('MUG')}", asked) == (400, code)
    assert (world.effects(), world.told()) == ([], [])


def test_meta_data_and_the_rule_for_backorders_are_written_and_shown(world: World) -> None:
    path = f"products/{world.id('MUG')}"
    metas = [{"key": "_waitline_operation", "value": "op-1"}]

    body = world.call("PUT", path, {"backorders": "no", "meta_data": metas})

    assert (body["backorders"], [meta["value"] for meta in body["meta_data"]]) == ("no", ["op-1"])
    assert world.effects() == [("PUT product", str(world.id("MUG")), "op-1", "backorders,meta_data")]
