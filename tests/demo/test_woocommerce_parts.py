"""Refunds and parcels of the stand-in WooCommerce shop."""

from decimal import Decimal
from typing import Any

import pytest

from demo.stores.woocommerce.things import Order
from tests.demo.woo_world import World


@pytest.fixture
def world() -> World:
    return World()


def refund(order: Order, units: int, total: str, **more: Any) -> dict[str, Any]:
    item = {"id": order.lines[0].id, "quantity": units, "refund_total": total}
    return {"amount": total, "api_refund": False, "line_items": [item], **more}


def parcel(order: Order, units: Any, **more: Any) -> dict[str, Any]:
    items = {"id": 0, "key": "_items", "value": [{"item_id": order.lines[0].id, "qty": units}]}
    return {"status": "fulfilled", "is_fulfilled": True, "meta_data": [items], **more}


def mark(order: Order) -> str:
    return next((str(meta.value) for meta in order.meta if meta.key == "_fulfillment_status"), "")


def test_a_refund_puts_units_back_and_tells_of_the_stock_first(world: World) -> None:
    order = world.order(3)
    world.told()

    made = world.call("POST", f"orders/{order.id}/refunds", refund(order, 1, "18.50", reason="one less"))

    line = world.call("GET", f"orders/{order.id}")["line_items"][0]
    assert [(meta["key"], meta["value"]) for meta in line["meta_data"]] == [
        ("_reduced_stock", "2"),
        ("_restock_refunded_items", "1"),
    ]
    assert (line["quantity"], world.stock(), world.told()) == (3, 3, ["product.updated", "order.updated"])
    assert world.call("GET", f"orders/{order.id}/refunds") == [made]
    assert world.call("GET", f"orders/{order.id}/refunds/{made['id']}") == made
    assert world.effects() == [("POST refund", str(order.id), "", "18.50")]


def test_a_refund_without_restock_changes_nothing_on_the_line(world: World) -> None:
    order = world.order(3)
    before = world.call("GET", f"orders/{order.id}")

    world.call("POST", f"orders/{order.id}/refunds", refund(order, 1, "18.50", api_restock=False))

    after = world.call("GET", f"orders/{order.id}")
    assert (after["line_items"], world.stock(), order.refunded(order.lines[0].id)) == (before["line_items"], 2, 1)
    assert [sorted(one) for one in after["refunds"]] == [["id", "reason", "total"]]


def test_a_refund_of_an_amount_only_has_no_lines(world: World) -> None:
    order = world.order(3)

    made = world.call("POST", f"orders/{order.id}/refunds", {"amount": "5", "api_refund": False})

    assert (made["line_items"], order.status, world.stock()) == ([], "processing", 2)


@pytest.mark.parametrize("asked", [{"amount": "1"}, {"amount": "9999", "api_refund": False}])
def test_a_refund_that_cannot_be_made_is_a_500_whose_data_is_a_number(world: World, asked: dict[str, Any]) -> None:
    order = world.order(3)

    reply = world.reply("POST", f"orders/{order.id}/refunds", asked)

    told = reply.get_json()
    assert (reply.status_code, told["code"], told["data"]) == (500, "woocommerce_rest_cannot_create_order_refund", 500)
    assert (order.refunds, world.effects()) == ([], [])


def test_refunding_all_that_is_left_makes_the_order_refunded(world: World) -> None:
    order = world.order(2)
    statuses = []
    for _ in range(2):
        world.shop.refund_line(order, order.lines[0].id, Decimal(1))
        statuses.append(order.status)

    assert (statuses, world.stock()) == (["processing", "refunded"], 5)


def test_refunded_by_status_names_no_unit_and_gives_no_stock_back(world: World) -> None:
    order = world.order(2)

    world.call("PUT", f"orders/{order.id}", {"status": "refunded"})

    [made] = world.call("GET", f"orders/{order.id}/refunds")
    assert (made["amount"], made["line_items"], world.stock()) == ("37.00", [], 3)


def test_a_parcel_is_told_as_a_change_of_its_order(world: World) -> None:
    order = world.order(3)
    world.told()

    made = world.call("POST", f"orders/{order.id}/fulfillments", parcel(order, 2), notify_customer="true")

    assert (world.told(), mark(order), order.shipped(order.lines[0].id)) == (
        ["order.updated"],
        "partially_fulfilled",
        2,
    )
    assert [meta["key"] for meta in made["meta_data"]] == ["_items", "_date_fulfilled"]
    assert (made["date_updated"], order.status) == ("2027-01-04 01:00:00", "processing")
    assert world.call("GET", f"orders/{order.id}/fulfillments") == [made]


def test_a_draft_ships_nothing_and_keeps_the_order_from_being_fulfilled(world: World) -> None:
    order = world.order(2)
    world.call("POST", f"orders/{order.id}/fulfillments", parcel(order, 2))
    whole = mark(order)
    world.call("POST", f"orders/{order.id}/fulfillments", parcel(order, 1, status="unfulfilled", is_fulfilled=False))

    assert (whole, mark(order), order.shipped(order.lines[0].id)) == ("fulfilled", "partially_fulfilled", 2)


def test_an_entry_without_an_id_is_dropped_in_silence(world: World) -> None:
    order = world.order(1)
    asked = {"status": "fulfilled", "meta_data": [{"key": "_items", "value": [{"item_id": 1, "qty": 1}]}]}

    reply = world.reply("POST", f"orders/{order.id}/fulfillments", asked)

    assert (reply.status_code, reply.get_json()["code"]) == (400, 0)


def test_nobody_checks_what_is_in_a_parcel(world: World) -> None:
    order = world.order(1)
    items = [{"item_id": 9999, "qty": 7.5}]
    asked = {"status": "sent by owl", "meta_data": [{"id": 0, "key": "_items", "value": items}]}

    made = world.call("POST", f"orders/{order.id}/fulfillments", asked)

    assert (made["status"], made["is_fulfilled"]) == ("unfulfilled", False)


def test_a_parcel_can_be_changed_and_deleted_and_each_time_the_order_is_told(world: World) -> None:
    order = world.order(2)
    path = f"orders/{order.id}/fulfillments"
    made = world.call("POST", path, parcel(order, 2))
    world.told()
    told, marks = [], []
    for method, body in (("PUT", parcel(order, 1)), ("DELETE", None)):
        world.call(method, f"{path}/{made['id']}", body)
        told.append(world.told())
        marks.append(mark(order))

    assert (told, marks) == ([["order.updated"]] * 2, ["partially_fulfilled", "unfulfilled"])
    assert world.refusal("GET", f"{path}/{made['id']}") == (400, 404)
    assert [effect[0] for effect in world.effects()] == ["POST fulfillment", "PUT fulfillment", "DELETE fulfillment"]


def test_with_the_feature_off_there_is_no_route_and_the_mark_stays(world: World) -> None:
    order = world.order(2)
    world.call("POST", f"orders/{order.id}/fulfillments", parcel(order, 2))
    world.shop.settings.fulfilments = False

    assert world.refusal("GET", f"orders/{order.id}/fulfillments") == (404, "rest_no_route")
    assert world.refusal("POST", f"orders/{order.id}/fulfillments", parcel(order, 1)) == (404, "rest_no_route")
    assert mark(order) == "fulfilled"


def test_a_guests_parcels_are_shown_to_whoever_asks(world: World) -> None:
    guest = world.order(1)
    known = world.shop.place_order([("MUG", Decimal(1))], customer_id=4)

    replies = [world.reply("GET", f"orders/{order.id}/fulfillments", key=None) for order in (guest, known)]

    assert [reply.status_code for reply in replies] == [200, 401]
