"""The stand-in WooCommerce shop does what the real one was seen to do."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from werkzeug.test import Client

from connectors.signing import body_signature
from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.shop import Refused
from demo.stores.woocommerce.things import Order

URL = "https://waitline.example/hooks"
SECRET = "ü & <"


class World:
    """A shop, its clock, and a receiver that answers with `status`."""

    def __init__(self) -> None:
        self.now = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
        self.status = 200
        self.received: list[tuple[Mapping[str, str], bytes]] = []
        self.woo = WooShop(clock=lambda: self.now, deliver=self._deliver)
        self.shop = self.woo.shop
        self.shop.add_product("Trail Mug", "MUG", Decimal(5))
        self.shop.add_product("Desk Lamp", "LAMP", Decimal(1), backorders="no")
        for topic in ("order.created", "order.updated", "order.deleted", "order.restored", "product.updated"):
            self.shop.hooks.register(topic, topic, f"{URL}/{topic}", SECRET)
        self.received.clear()

    def _deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.received.append((headers, body))
        return self.status

    def order(self, quantity: int = 3, status: str = "processing", via: str = "store-api") -> Order:
        return self.shop.place_order([("MUG", Decimal(quantity))], status=status, via=via)

    @property
    def mugs(self) -> Decimal:
        return self.shop.by_sku("MUG").stock

    def told(self) -> list[str]:
        """Run the queue; the topics that arrived."""
        self.received.clear()
        self.woo.deliver()
        return [headers["X-WC-Webhook-Topic"] for headers, _ in self.received]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("status", ["processing", "on-hold", "completed"])
def test_stock_is_taken_when_the_order_reaches_these(world: World, status: str) -> None:
    order = world.order(7, status)

    assert (world.mugs, order.lines[0].reduced) == (-2, 7)


@pytest.mark.parametrize("status", ["pending", "failed", "checkout-draft"])
def test_stock_is_not_taken_before(world: World, status: str) -> None:
    order = world.order(7, status)

    assert (world.mugs, order.lines[0].reduced) == (5, 0)


@pytest.mark.parametrize(("status", "back"), [("cancelled", 3), ("pending", 3), ("failed", 0), ("refunded", 0)])
def test_only_cancelled_and_pending_give_stock_back(world: World, status: str, back: int) -> None:
    world.shop.set_status(world.order(3), status)

    assert world.mugs == 2 + back


def test_the_trash_gives_no_stock_back_and_a_restore_takes_none(world: World) -> None:
    order = world.order(3)
    world.told()

    world.shop.trash_order(order)
    trashed = world.told()
    world.shop.restore_order(order)

    assert (trashed, world.told()) == (["order.deleted"], ["order.restored"])
    assert (world.mugs, order.status) == (2, "processing")


def test_a_forced_deletion_is_told_to_nobody(world: World) -> None:
    order = world.order(3)
    world.told()

    world.shop.delete_order(order)

    assert (world.told(), world.mugs) == ([], 2)


def test_the_block_checkout_tells_of_the_update_first(world: World) -> None:
    world.order()

    assert world.told() == ["order.updated", "order.created", "product.updated"]


def test_an_order_by_rest_is_told_as_created_first(world: World) -> None:
    world.order(via="rest-api")

    assert world.told() == ["order.created", "order.updated", "product.updated"]


def test_the_checkout_refuses_what_may_not_be_oversold_and_rest_does_not(world: World) -> None:
    with pytest.raises(Refused):
        world.shop.place_order([("LAMP", Decimal(2))])

    world.shop.place_order([("LAMP", Decimal(4))], via="rest-api")

    assert world.shop.by_sku("LAMP").stock == -3


def test_an_edit_moves_the_stock_and_not_the_total(world: World) -> None:
    order = world.order(3)
    total = order.total

    world.shop.edit_line(order, order.lines[0].id, Decimal(1))

    assert (world.mugs, order.lines[0].reduced, order.total) == (4, 1, total)


def test_a_quantity_of_zero_removes_the_line(world: World) -> None:
    order = world.order(3)

    world.shop.edit_line(order, order.lines[0].id, Decimal(0))

    assert (world.mugs, order.lines) == (5, [])


def test_a_refund_with_restock_shows_on_the_line(world: World) -> None:
    order = world.order(3)

    world.shop.refund_line(order, order.lines[0].id, Decimal(1))

    assert (world.mugs, order.lines[0].quantity, order.lines[0].reduced) == (3, 3, 2)


def test_a_refund_without_restock_shows_nowhere_but_in_its_list(world: World) -> None:
    order = world.order(3)

    world.shop.refund_line(order, order.lines[0].id, Decimal(1), restock=False)

    assert (world.mugs, order.lines[0].quantity, order.lines[0].reduced) == (2, 3, 3)
    assert [line["quantity"] for refund in order.refunds for line in refund["line_items"]] == [-1]


def test_a_burst_of_orders_is_one_delivery_per_object(world: World) -> None:
    for _ in range(4):
        world.order(1)

    assert sorted(world.told()) == ["order.created"] * 4 + ["order.updated"] * 4 + ["product.updated"]


def test_a_body_shows_the_object_as_it_is_when_the_queue_runs(world: World) -> None:
    world.shop.set_status(world.order(3), "cancelled")
    world.told()

    assert json.loads(world.received[0][1])["status"] == "cancelled"


def test_a_body_is_signed_and_escaped_as_php_does(world: World) -> None:
    world.shop.place_order([("MUG", Decimal(1))], name="Zoë A/B")
    world.told()
    headers, body = world.received[0]

    assert headers["X-WC-Webhook-Signature"] == body_signature(SECRET.encode(), body).decode()
    assert b'"last_name":"A\\/B"' in body
    assert b"Zo\\u00eb" in body


def test_all_deliveries_of_a_webhook_within_a_second_share_one_id(world: World) -> None:
    for _ in range(2):
        world.order(1)
    world.told()
    ids = [headers["X-WC-Webhook-Delivery-ID"] for headers, _ in world.received]

    assert (len(ids), len(set(ids))) == (5, 3)


def test_an_object_that_is_gone_is_told_as_a_signed_error(world: World) -> None:
    order = world.order(3)
    world.shop.delete_order(order)
    world.told()

    assert json.loads(world.received[0][1])["code"] == "woocommerce_rest_shop_order_invalid_id"


def test_a_delivery_that_failed_is_never_sent_again(world: World) -> None:
    world.order(1)
    world.status = 500
    world.told()
    world.status = 200

    assert world.told() == []


@pytest.mark.parametrize(("status", "state"), [(500, "disabled"), (307, "disabled"), (302, "active"), (204, "active")])
def test_the_seventh_failure_in_a_row_disables_and_a_redirect_is_none(world: World, status: int, state: str) -> None:
    order = world.order(1)
    world.status = status
    for _ in range(7):
        world.shop.touch(order)
        world.told()

    webhook = next(one for one in world.shop.hooks.webhooks.values() if one.topic == "order.updated")
    assert webhook.status == state


def test_a_webhook_that_was_switched_on_again_survives_no_further_failure(world: World) -> None:
    order = world.order(1)
    world.status = 500
    for _ in range(7):
        world.shop.touch(order)
        world.told()
    webhook = next(one for one in world.shop.hooks.webhooks.values() if one.topic == "order.updated")
    world.shop.hooks.enable(webhook)

    world.shop.touch(order)
    world.told()

    assert webhook.status == "disabled"


def test_a_note_moves_nothing_and_is_told_to_nobody(world: World) -> None:
    order = world.order(1)
    world.told()
    before = order.modified
    world.now += timedelta(minutes=1)

    world.shop.note(order, "Hello.")

    assert (world.told(), order.modified) == ([], before)


def test_a_story_can_be_played_over_http(world: World) -> None:
    client = Client(world.woo)

    placed = client.post(
        "/_control/place_order",
        json={"lines": [{"sku": "MUG", "quantity": 7}], "name": "Ada", "placed_at": "2027-01-02T08:00:00+00:00"},
    ).get_json()
    client.post("/_control/set_stock", json={"sku": "MUG", "quantity": 4})
    sent = client.post("/_control/deliver").get_json()
    state = client.get("/_control/state").get_json()

    assert sent == {"sent": [200, 200, 200]}
    assert state["stock"] == {"MUG": 4, "LAMP": 1}
    assert [(order["id"], order["placed_at"]) for order in state["orders"]] == [
        (placed["order"], "2027-01-02T08:00:00+00:00")
    ]


@pytest.mark.parametrize(
    ("action", "asked", "status"),
    [("dance", {}, 404), ("cancel_order", {"order": 9}, 400), ("set_stock", {"sku": "NO", "quantity": 1}, 400)],
)
def test_what_the_story_cannot_do_is_said(world: World, action: str, asked: dict[str, object], status: int) -> None:
    assert Client(world.woo).post(f"/_control/{action}", json=asked).status_code == status


def test_the_page_shows_orders_and_stock_and_escapes_what_people_typed(world: World) -> None:
    world.shop.place_order([("MUG", Decimal(7))], name="<b>Ada</b>")

    page = Client(world.woo).get("/").get_data(as_text=True)

    assert "&lt;b&gt;Ada&lt;/b&gt;" in page
    assert '<td class="num minus">-2</td>' in page


def test_a_story_can_stall_lose_and_step_the_queue(world: World) -> None:
    client = Client(world.woo)
    order = world.order(1)

    def act(action: str, **asked: object) -> object:
        return client.post(f"/_control/{action}", json=asked).get_json()

    act("change_settings", stalled=True)
    stalled = act("deliver")
    act("change_settings", stalled=False)
    act("lose_delivery")

    assert (stalled, act("deliver_one"), act("deliver_one"), act("deliver_one")) == (
        {"sent": []},
        {"sent": [200]},
        {"sent": [200]},
        {"sent": []},
    )
    act("change_settings", add_status="packed")
    assert act("set_status", order=order.id, status="packed") == {}
    state = client.get("/_control/state").get_json()
    assert (state["pending"], state["orders"][0]["status"]) == ([{"topic": "order.updated", "id": order.id}], "packed")


def test_a_story_can_trash_restore_and_delete_products(world: World) -> None:
    client = Client(world.woo)
    for action in ("trash_product", "restore_product", "delete_product"):
        client.post(f"/_control/{action}", json={"sku": "MUG"})

    assert client.get("/_control/state").get_json()["stock"] == {"LAMP": 1}
