"""The lists of the stand-in WooCommerce shop: filters, order, pages, and what is in no list."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from demo.stores.woocommerce.things import Order
from tests.demo.woo_world import World


@pytest.fixture
def world() -> World:
    return World()


def three(world: World) -> list[Order]:
    """Three orders, a minute apart."""
    orders = []
    for _ in range(3):
        world.later()
        orders.append(world.order(1))
    return orders


def stamp(world: World, minutes: int = 0, *, local: bool = False) -> str:
    moment = world.now + timedelta(minutes=minutes)
    return f"{moment.astimezone(world.shop.zone) if local else moment:%Y-%m-%dT%H:%M:%S}"


def test_a_list_shows_ten_the_newest_first_and_counts_all(world: World) -> None:
    orders = [world.order(1).id for _ in range(12)]

    reply = world.reply("GET", "orders")

    assert [one["id"] for one in reply.get_json()] == orders[:1:-1]
    assert (reply.headers["X-WP-Total"], reply.headers["X-WP-TotalPages"]) == ("12", "2")


def test_pages_name_their_neighbours(world: World) -> None:
    three(world)
    base = "<https://shop.example/wp-json/wc/v3/orders?per_page=1&page="

    links = [world.reply("GET", "orders", per_page=1, page=page).headers.get("Link") for page in (1, 2, 3)]

    assert links == [
        f'{base}2>; rel="next"',
        f'{base}1>; rel="prev", {base}3>; rel="next"',
        f'{base}2>; rel="prev"',
    ]


def test_a_page_past_the_end_is_empty_and_counts_as_before(world: World) -> None:
    three(world)

    reply = world.reply("GET", "orders", per_page=2, page=9)

    assert (reply.get_json(), reply.headers["X-WP-Total"], reply.headers["X-WP-TotalPages"]) == ([], "3", "2")


def test_changes_are_listed_after_a_moment_that_is_left_out_itself(world: World) -> None:
    first, second, third = three(world)
    world.later()
    world.shop.touch(first)
    asked = {"orderby": "modified", "order": "asc", "dates_are_gmt": "true"}

    assert world.ids("orders", modified_after=stamp(world, -2), **asked) == [third.id, first.id]
    assert world.ids("orders", modified_after=stamp(world, -3), **asked) == [second.id, third.id, first.id]


def test_moments_are_local_time_unless_the_call_says_otherwise(world: World) -> None:
    order = world.order(1)

    assert world.ids("orders", modified_after=stamp(world, -1)) == []
    assert world.ids("orders", modified_after=stamp(world, -1, local=True)) == [order.id]
    assert world.ids("orders", modified_after=stamp(world, -1), dates_are_gmt="true") == [order.id]


def test_the_date_of_placing_filters_too(world: World) -> None:
    first, second, third = three(world)
    gmt = {"dates_are_gmt": "true", "order": "asc"}

    assert world.ids("orders", before=stamp(world), **gmt) == [first.id, second.id]
    assert world.ids("orders", after=stamp(world, -2), **gmt) == [second.id, third.id]


def test_what_is_asked_for_by_id_comes_without_what_is_not_there(world: World) -> None:
    first, second, third = three(world)

    assert world.ids("orders", include=f"{third.id},{first.id},99999") == [third.id, first.id]
    assert world.ids("orders", include=f"{first.id},{third.id}", orderby="include", order="asc") == [first.id, third.id]
    assert world.ids("orders", exclude=f"{first.id},{third.id}") == [second.id]


def test_php_lists_in_a_query_are_understood(world: World) -> None:
    first, second, _ = three(world)

    assert world.ids("orders", **{"include[0]": first.id, "include[1]": second.id, "order": "asc"}) == [
        first.id,
        second.id,
    ]


def test_several_statuses_are_one_word_with_commas(world: World) -> None:
    held, pending = world.order(1, "on-hold"), world.order(1, "pending")
    world.order(1)

    assert world.ids("orders", status="on-hold,pending", order="asc") == [held.id, pending.id]


def test_drafts_of_the_checkout_stand_in_the_list(world: World) -> None:
    draft = world.order(1, "checkout-draft")

    assert world.ids("orders") == [draft.id]


def test_what_is_in_the_trash_is_in_no_list_but_its_own_and_answers_by_id(world: World) -> None:
    order = world.order(1)
    world.shop.trash_order(order)

    assert (world.ids("orders"), world.ids("orders", include=order.id), world.ids("orders", status="trash")) == (
        [],
        [],
        [order.id],
    )
    assert world.call("GET", f"orders/{order.id}")["status"] == "trash"


def test_an_order_whose_status_lost_its_plugin_is_in_no_list_and_answers_by_id(world: World) -> None:
    world.shop.statuses["awaiting-parts"] = "Awaiting parts"
    order = world.order(1)
    world.shop.set_status(order, "awaiting-parts")
    listed = world.ids("orders")
    del world.shop.statuses["awaiting-parts"]

    assert (listed, world.ids("orders"), world.ids("orders", include=order.id)) == ([order.id], [], [])
    assert world.call("GET", f"orders/{order.id}")["status"] == "awaiting-parts"


def test_a_status_of_a_plugin_is_told_among_the_statuses(world: World) -> None:
    world.shop.statuses["awaiting-parts"] = "Awaiting parts"

    assert world.call("GET", "orders/statuses")[-1] == {"slug": "awaiting-parts", "name": "Awaiting parts"}


def test_variations_are_not_among_the_products_and_have_a_list_of_their_own(world: World) -> None:
    tee, small, large = (world.id(sku) for sku in ("TEE", "TEE-S", "TEE-L"))

    assert world.ids("products", include=f"{tee},{small}") == [tee]
    assert world.ids("variations", order="asc") == [small, large]
    assert world.ids(f"products/{tee}/variations", order="asc") == [small, large]
    assert world.call("GET", f"products/{small}")["type"] == "variation"


def test_an_order_moves_the_dates_of_its_product_and_of_a_variations_parent(world: World) -> None:
    world.later()
    after = stamp(world, -1)
    world.order(1, sku="TEE-S", via="rest-api")
    world.order(1, sku="MUG", via="rest-api")
    gmt = {"modified_after": after, "dates_are_gmt": "true", "order": "asc"}

    assert world.ids("products", **gmt) == [world.id("MUG"), world.id("TEE")]
    assert world.ids("variations", **gmt) == [world.id("TEE-S")]


def test_products_are_found_by_sku_type_and_stock(world: World) -> None:
    world.order(9, via="rest-api")

    assert world.ids("products", sku="MUG,TOTE", order="asc") == [world.id("MUG"), world.id("TOTE")]
    assert world.ids("products", type="variable") == [world.id("TEE")]
    assert world.ids("products", stock_status="onbackorder") == [world.id("MUG")]


def test_only_the_fields_that_were_asked_for_are_told_even_inside_an_object(world: World) -> None:
    assert world.call("GET", f"products/{world.id('MUG')}", _fields="id,stock_quantity") == {
        "id": world.id("MUG"),
        "stock_quantity": 5,
    }
    assert world.call("GET", "system_status", _fields="settings.currency,environment.version") == {
        "environment": {"version": "10.5.0"},
        "settings": {"currency": "USD"},
    }


@pytest.mark.parametrize(
    ("query", "name", "why"),
    [
        ({"per_page": 101}, "per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)"),
        ({"per_page": "x"}, "per_page", "per_page is not of type integer."),
        ({"page": 0}, "page", "page must be greater than or equal to 1"),
        ({"modified_after": "soon"}, "modified_after", "Invalid date."),
        ({"include": "1,x"}, "include", "include[1] is not of type integer."),
        ({"order": "up"}, "order", "order is not one of asc, and desc."),
    ],
)
def test_a_wrong_parameter_is_named(world: World, query: dict[str, Any], name: str, why: str) -> None:
    reply = world.reply("GET", "orders", **query)
    told = reply.get_json()

    assert (reply.status_code, told["code"], told["data"]["params"]) == (400, "rest_invalid_param", {name: why})


def test_a_status_that_is_not_registered_cannot_be_asked_for(world: World) -> None:
    assert world.refusal("GET", "orders", status="any,bogus") == (400, "rest_invalid_param")


def test_notes_come_in_one_piece_the_newest_second_first(world: World) -> None:
    order = world.order(1, "pending", via="rest-api")
    for text in ("one", "two"):
        world.shop.note(order, text)
    world.later()
    world.shop.note(order, "three", to_customer=True)

    notes = world.call("GET", f"orders/{order.id}/notes")
    customers = world.call("GET", f"orders/{order.id}/notes", type="customer")

    assert [note["note"] for note in notes] == ["three", "one", "two"]
    assert [note["note"] for note in customers] == ["three"]


def test_quantities_may_have_fractions_while_a_plugin_is_on(world: World) -> None:
    world.shop.set_stock("MUG", Decimal("2.5"))
    order = world.shop.place_order([("MUG", Decimal("3.75"))])
    path, product = f"orders/{order.id}", f"products/{world.id('MUG')}"

    line = world.call("GET", path)["line_items"][0]
    assert (line["quantity"], line["meta_data"][-1]["value"]) == (3.75, "3.75")
    assert world.call("GET", product)["stock_quantity"] == -1.25
    world.shop.settings.decimals = False
    line = world.call("GET", path)["line_items"][0]
    assert (line["quantity"], line["meta_data"][-1]["value"]) == (3, "3.75")
