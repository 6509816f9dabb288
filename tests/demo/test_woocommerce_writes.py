"""Writes to orders of the stand-in WooCommerce shop: what they move, what they echo, and what is noted of them."""

from decimal import Decimal
from typing import Any

import pytest

from demo.stores.woocommerce.things import Order
from tests.demo.woo_world import World

RECORD = {"key": "_backorder_manager", "value": {"version": 1, "key": "write-7"}}


@pytest.fixture
def world() -> World:
    return World()


def line_of(world: World, order: Order) -> dict[str, Any]:
    line: dict[str, Any] = world.call("GET", f"orders/{order.id}")["line_items"][0]
    return line


def test_any_write_even_an_empty_one_moves_the_date_and_is_told(world: World) -> None:
    order = world.order(1)
    world.told()
    world.later()

    body = world.call("PUT", f"orders/{order.id}", {})

    assert (body["date_modified_gmt"], world.told()) == ("2027-01-04T09:01:00", ["order.updated"])
    assert world.effects() == [("PUT order", str(order.id), "", "empty")]


def test_a_write_is_noted_under_the_id_in_the_apps_own_record(world: World) -> None:
    order = world.order(1)
    for _ in range(2):
        world.call("PUT", f"orders/{order.id}", {"meta_data": [RECORD]})

    assert world.effects() == [
        ("PUT order", str(order.id), "write-7", "meta_data"),
        ("PUT order", str(order.id), "write-7", "empty"),
    ]


def test_a_note_is_noted_under_the_marker_at_its_end(world: World) -> None:
    order = world.order(1)
    world.call("POST", f"orders/{order.id}/notes", {"note": "Waits for 2 [of 3] units. [note-9]"})
    world.call("POST", f"orders/{order.id}/notes", {"note": "Your mug ships soon.", "customer_note": True})

    assert world.effects() == [
        ("POST note", str(order.id), "note-9", "private"),
        ("POST note", str(order.id), "", "to the customer"),
    ]


def test_an_operations_own_entry_names_it_too(world: World) -> None:
    order = world.order(1)
    world.call("PUT", f"orders/{order.id}", {"meta_data": [{"key": "_waitline_operation", "value": "op-3"}]})

    assert world.effects() == [("PUT order", str(order.id), "op-3", "meta_data")]


def test_a_refused_write_is_no_effect(world: World) -> None:
    order = world.order(1)
    world.told()

    assert world.refusal("PUT", f"orders/{order.id}", {"status": "bogus"}) == (400, "rest_invalid_param")
    assert world.refusal("PUT", f"orders/{order.id}", {"line_items": [{"id": 9999}]}) == (
        400,
        "woocommerce_rest_invalid_item_id",
    )
    assert world.refusal("PUT", "orders/9999", {}) == (400, "woocommerce_rest_shop_order_invalid_id")
    assert (world.effects(), world.told()) == ([], [])


def test_two_equal_posts_are_two_notes(world: World) -> None:
    order = world.order(1, "pending")
    for _ in range(2):
        world.call("POST", f"orders/{order.id}/notes", {"note": "Twice."})

    assert [note.text for note in order.notes] == ["Twice.", "Twice."]


def test_a_note_is_deleted_by_force_only(world: World) -> None:
    order = world.order(1, "pending")
    note = world.call("POST", f"orders/{order.id}/notes", {"note": "Oh."})

    assert world.refusal("DELETE", f"orders/{order.id}/notes/{note['id']}") == (
        501,
        "woocommerce_rest_trash_not_supported",
    )
    world.call("DELETE", f"orders/{order.id}/notes/{note['id']}", force="true")
    assert order.notes == []


def test_meta_data_is_updated_by_its_key_and_removed_by_its_id_with_null(world: World) -> None:
    order = world.order(1)
    path = f"orders/{order.id}"
    world.call("PUT", path, {"meta_data": [{"key": "_eta", "value": "May"}]})
    [meta] = world.call("PUT", path, {"meta_data": [{"key": "_eta", "value": {"month": 6}}]})["meta_data"]
    gone = world.call("PUT", path, {"meta_data": [{"id": meta["id"], "key": "_eta", "value": None}]})["meta_data"]

    assert (meta["value"], gone) == ({"month": 6}, [])


def test_a_batch_takes_a_status_that_does_not_exist_for_pending_and_restocks(world: World) -> None:
    order = world.order(3)

    [body] = world.call("POST", "orders/batch", {"update": [{"id": order.id, "status": "bogus"}]})["update"]

    assert (body["status"], world.stock()) == ("pending", 5)


def test_a_batch_does_what_it_can_and_answers_each_for_itself(world: World) -> None:
    first, other = world.order(1), world.order(1)
    steps = {
        "create": [{"line_items": [{"product_id": world.id("MUG"), "quantity": 2}]}],
        "update": [{"id": first.id, "meta_data": [RECORD]}, {"id": 9999}],
        "delete": [other.id, 9998],
    }
    world.told()

    told = world.call("POST", "orders/batch", steps)

    missing = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID."}
    assert told["update"][1] == {"id": 9999, "error": {**missing, "data": {"status": 400}}}
    assert told["delete"][1] == {"id": 9998, "error": {**missing, "data": {"status": 404}}}
    assert [one["id"] for step in ("create", "update", "delete") for one in told[step]] == [
        *(told["create"][0]["id"], first.id, 9999, other.id, 9998)
    ]
    assert [effect[0] for effect in world.effects()] == ["POST order", "PUT order", "DELETE order"]
    assert world.told() == ["order.created", "order.updated", "order.updated"]


def test_more_than_a_hundred_in_a_batch_are_too_many(world: World) -> None:
    steps = {"update": [{"id": 1}] * 60, "delete": [1] * 41}

    assert world.refusal("POST", "orders/batch", steps) == (413, "woocommerce_rest_request_entity_too_large")


def test_set_paid_works_on_pending_and_failed_orders_only(world: World) -> None:
    orders = [world.order(1, status) for status in ("pending", "failed", "on-hold", "cancelled")]

    told = [world.call("PUT", f"orders/{order.id}", {"set_paid": True})["status"] for order in orders]

    assert told == ["processing", "processing", "on-hold", "cancelled"]
    assert [order.paid is not None for order in orders] == [True, True, False, False]


def test_an_order_by_rest_looks_at_no_stock_and_takes_products_that_do_not_exist(world: World) -> None:
    asked = {
        "set_paid": True,
        "line_items": [{"product_id": world.id("LAMP"), "quantity": 4}, {"product_id": 9999, "quantity": 1}],
    }

    body = world.call("POST", "orders", asked)

    assert (body["status"], world.stock("LAMP")) == ("processing", -3)
    assert [line["product_id"] for line in body["line_items"]] == [world.id("LAMP"), 0]


def test_the_mark_of_a_backorder_stands_on_orders_of_the_checkout_and_notify_only(world: World) -> None:
    def keys(sku: str, via: str) -> list[str]:
        return [meta.key for meta in world.order(7, via=via, sku=sku).lines[0].meta]

    world.shop.settings.backordered_label = "Lieferrückstand"

    assert keys("MUG", "store-api") == ["Lieferrückstand", "_reduced_stock"]
    assert keys("MUG", "rest-api") == ["_reduced_stock"]
    assert keys("TOTE", "store-api") == ["_reduced_stock"]


def test_a_quantity_written_by_rest_moves_the_stock_first_and_leaves_the_total(world: World) -> None:
    order = world.order(3)
    world.told()

    body = world.call("PUT", f"orders/{order.id}", {"line_items": [{"id": order.lines[0].id, "quantity": 5}]})

    assert (body["line_items"][0]["quantity"], body["total"], world.stock()) == (5, "55.50", 0)
    assert world.told() == ["product.updated", "order.updated"]


def test_a_line_without_an_id_is_added_and_its_stock_taken(world: World) -> None:
    order = world.order(1)

    body = world.call("PUT", f"orders/{order.id}", {"line_items": [{"product_id": world.id("TOTE"), "quantity": 3}]})

    assert [line["sku"] for line in body["line_items"]] == ["MUG", "TOTE"]
    assert (order.lines[1].reduced, world.stock("TOTE")) == (3, -1)


def test_a_quantity_of_zero_by_rest_removes_the_line_and_gives_its_stock_back(world: World) -> None:
    order = world.order(3)

    body = world.call("PUT", f"orders/{order.id}", {"line_items": [{"id": order.lines[0].id, "quantity": 0}]})

    assert (body["line_items"], world.stock()) == ([], 5)


def test_an_edit_after_a_restocked_refund_counts_what_came_back_already(world: World) -> None:
    order = world.order(4)
    line = order.lines[0]
    world.shop.refund_line(order, line.id, Decimal(1))

    world.shop.edit_line(order, line.id, Decimal(3))

    assert (line.reduced, line.restocked, world.stock()) == (2, 1, 3)


def test_meta_data_on_a_line_leaves_its_stock_alone(world: World) -> None:
    order = world.order(3)
    world.shop.refund_line(order, order.lines[0].id, Decimal(1), restock=False)
    change = {"id": order.lines[0].id, "meta_data": [{"key": "Expected to ship", "value": "1 May 2027"}]}

    world.call("PUT", f"orders/{order.id}", {"line_items": [change]})

    assert (world.stock(), order.lines[0].reduced) == (2, 3)


def test_fractions_cannot_be_ordered_by_rest(world: World) -> None:
    asked = {"line_items": [{"product_id": world.id("MUG"), "quantity": 1.5}]}

    assert world.refusal("POST", "orders", asked) == (400, "rest_invalid_param")


def test_a_custom_status_keeps_the_stock_as_it_was(world: World) -> None:
    world.shop.statuses["packed"] = "Packed"
    taken, untaken = world.order(1), world.order(1, "pending")

    for order in (taken, untaken):
        world.call("PUT", f"orders/{order.id}", {"status": "packed"})

    assert (taken.lines[0].reduced, untaken.lines[0].reduced, world.stock()) == (1, 0, 4)


def test_stock_is_taken_once_however_often_the_status_goes_back_and_forth(world: World) -> None:
    order = world.order(3)
    stocks = []
    for status in ("on-hold", "completed", "pending", "processing", "failed", "processing", "cancelled", "on-hold"):
        world.shop.set_status(order, status)
        stocks.append(world.stock())

    assert stocks == [2, 2, 5, 2, 2, 2, 5, 2]


def test_what_was_refunded_with_restock_is_not_taken_again_when_the_order_moves_on(world: World) -> None:
    order = world.shop.place_order([("MUG", Decimal(2)), ("TOTE", Decimal(1))])
    world.shop.refund_line(order, order.lines[0].id, Decimal(2))

    world.shop.set_status(order, "completed")

    assert (world.stock(), order.lines[0].reduced) == (5, 0)


def test_a_status_written_on_a_trashed_order_takes_it_out_untold(world: World) -> None:
    order = world.order(1)
    world.shop.trash_order(order)
    world.told()

    world.call("PUT", f"orders/{order.id}", {"status": "processing"})

    assert (order.status, world.told()) == ("processing", [])


def test_deleting_an_order_trashes_it_first_and_by_force_ends_it_untold(world: World) -> None:
    order = world.order(1)
    path = f"orders/{order.id}"
    world.told()

    body = world.call("DELETE", path)
    trashed = world.told()
    again = world.refusal("DELETE", path)
    world.call("DELETE", path, force="true")

    assert (body["status"], trashed, again) == (
        "processing",
        ["order.deleted"],
        (410, "woocommerce_rest_already_trashed"),
    )
    assert (world.refusal("GET", path), world.told(), world.stock()) == (
        (404, "woocommerce_rest_shop_order_invalid_id"),
        [],
        4,
    )


def test_the_payment_date_is_empty_while_on_hold_and_set_once(world: World) -> None:
    order = world.order(1, "on-hold")
    waiting = order.paid
    world.later(86_400)
    world.shop.set_status(order, "processing")
    paid = order.paid
    world.later()
    world.shop.set_status(order, "pending")
    world.shop.set_status(order, "processing")

    assert (waiting, paid, order.paid, order.created) == (None, paid, paid, order.created)
    assert paid is not None
    assert (paid - order.created).total_seconds() == 86_400


def test_setting_the_status_it_has_says_nothing_and_still_echoes(world: World) -> None:
    order = world.order(1)
    notes = len(order.notes)
    world.told()

    world.call("PUT", f"orders/{order.id}", {"status": "processing"})

    assert (len(order.notes), world.told()) == (notes, ["order.updated"])
