"""The queue of the stand-in WooCommerce shop: what it merges, loses and sends, and when it stops."""

import json

import pytest

from connectors.signing import body_signature
from demo.stores.woocommerce.hooks import Webhook
from tests.demo.woo_world import SECRET, World


@pytest.fixture
def world() -> World:
    return World()


def hook(world: World, topic: str = "order.updated") -> Webhook:
    return next(one for one in world.shop.hooks.webhooks.values() if one.topic == topic)


def fail_seven_times(world: World) -> Webhook:
    order = world.order(1)
    world.status = 500
    for _ in range(7):
        world.shop.touch(order)
        world.told()
    return hook(world)


def test_one_step_sends_exactly_the_head_of_the_queue(world: World) -> None:
    order = world.order(1)

    sent = world.shop.hooks.step()

    assert sent is not None
    assert (sent.topic, sent.status) == ("order.updated", 200)
    assert world.shop.hooks.pending == [("order.created", order.id), ("product.updated", world.id("MUG"))]


def test_an_empty_queue_sends_nothing(world: World) -> None:
    assert (world.shop.hooks.step(), world.shop.hooks.pending) == (None, [])


def test_a_later_job_may_overtake(world: World) -> None:
    order = world.order(1)

    sent = world.shop.hooks.step(2)

    assert sent is not None
    assert sent.topic == "product.updated"
    assert world.shop.hooks.pending == [("order.updated", order.id), ("order.created", order.id)]


def test_a_job_that_vanishes_is_told_to_nobody_and_counts_as_no_failure(world: World) -> None:
    world.order(1)

    world.shop.hooks.lose()

    assert (world.told(), hook(world).failures) == (["order.created", "product.updated"], 0)


def test_what_changes_while_its_delivery_is_on_its_way_is_told_by_none(world: World) -> None:
    order = world.order(1)
    sending = world.shop.hooks.begin()
    assert sending is not None
    world.shop.set_status(order, "completed")
    sent = world.shop.hooks.finish(sending)

    assert json.loads(sent.body)["status"] == "processing"
    assert world.told() == ["order.created", "product.updated"]


def test_what_changes_after_its_delivery_is_told_anew(world: World) -> None:
    order = world.order(1)
    world.told()
    world.shop.touch(order)

    assert world.told() == ["order.updated"]


def test_of_other_objects_everything_is_told_meanwhile(world: World) -> None:
    first, other = world.order(1), world.order(1)
    world.told()
    world.shop.touch(first)
    sending = world.shop.hooks.begin()
    assert sending is not None
    world.shop.touch(other)
    world.shop.hooks.finish(sending)

    assert world.shop.hooks.pending == [("order.updated", other.id)]


def test_a_stalled_queue_grows_and_is_sent_later_as_things_are_then(world: World) -> None:
    world.shop.hooks.stalled = True
    order = world.order(1)
    nothing = world.told()
    world.shop.set_status(order, "cancelled")
    world.later(26 * 3600)
    world.shop.hooks.stalled = False

    assert (nothing, world.told()) == ([], ["order.updated", "order.created", "product.updated"])
    assert [body["status"] for body in world.bodies()[:2]] == ["cancelled", "cancelled"]


def test_an_order_may_be_told_as_created_while_it_is_in_the_trash(world: World) -> None:
    world.shop.trash_order(world.order(1))

    assert world.told() == ["order.updated", "order.created", "product.updated", "order.deleted"]
    assert [body.get("status") for body in world.bodies()] == ["trash", "trash", "publish", None]


def test_equal_bodies_come_again_at_each_trash(world: World) -> None:
    order = world.order(1)
    world.told()
    bodies = []
    for _ in range(2):
        world.shop.trash_order(order)
        world.told()
        bodies += world.bodies()
        world.shop.restore_order(order)
        world.told()

    assert bodies == [{"id": order.id}] * 2


def test_a_webhook_whose_owner_lost_his_rights_sends_a_signed_error(world: World) -> None:
    world.order(1)
    world.shop.owner_demoted = True
    world.told()
    _, headers, body = world.received[0]

    assert json.loads(body)["data"] == {"status": 403}
    assert json.loads(body)["code"] == "woocommerce_rest_cannot_view"
    assert headers["X-WC-Webhook-Signature"] == body_signature(SECRET.encode(), body).decode()


def test_a_ping_is_an_unsigned_form_without_any_header_of_the_shop(world: World) -> None:
    webhook = world.shop.hooks.register("x", "order.created", "https://waitline.example/x", SECRET)
    url, headers, body = world.received[-1]

    assert (url, body) == (webhook.url, f"webhook_id={webhook.id}".encode())
    assert sorted(headers) == ["Content-Type", "User-Agent"]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_failing_ping_stops_nothing_and_is_repeated_with_each_save_until_it_is_heard(world: World) -> None:
    world.status = 201
    made = world.call("POST", "webhooks", {"topic": "order.created", "delivery_url": "https://waitline.example/x"})
    path = f"webhooks/{made['id']}"
    counts = []
    for status in (500, 200, 200):
        world.status = status
        world.received.clear()
        world.call("PUT", path, {"name": "again"})
        counts.append(len(world.received))

    assert (made["status"], counts) == ("active", [1, 1, 0])


def test_switched_on_by_rest_a_disabled_webhook_survives_no_further_failure(world: World) -> None:
    webhook = fail_seven_times(world)
    disabled = world.call("GET", f"webhooks/{webhook.id}")["status"]
    active = world.call("PUT", f"webhooks/{webhook.id}", {"status": "active"})["status"]
    world.shop.touch(next(iter(world.shop.orders.values())))
    world.told()

    assert (disabled, active, webhook.status) == ("disabled", "active", "disabled")


def test_one_success_makes_the_count_of_failures_begin_anew(world: World) -> None:
    order = world.order(1)
    for status in [500] * 6 + [200] + [500] * 6:
        world.status = status
        world.shop.touch(order)
        world.told()

    assert hook(world).status == "active"


def test_what_happens_while_a_webhook_is_disabled_is_lost(world: World) -> None:
    webhook = fail_seven_times(world)
    world.status = 200
    world.order(1)
    lost = world.told()
    world.shop.hooks.enable(webhook)

    assert (lost, world.told()) == (["order.created", "product.updated"], [])


def test_the_same_address_registered_twice_is_told_twice(world: World) -> None:
    order = world.order(1)
    world.told()
    world.shop.hooks.register("again", "order.updated", hook(world).url, SECRET)
    world.shop.touch(order)

    assert world.told() == ["order.updated", "order.updated"]


def test_the_signature_covers_the_body_and_nothing_else(world: World) -> None:
    world.order(1)
    world.told()
    signatures = [headers["X-WC-Webhook-Signature"] for _, headers, _ in world.received[:2]]

    assert signatures[0] == signatures[1]


@pytest.mark.parametrize(
    ("status", "state"), [(200, "active"), (301, "active"), (303, "disabled"), (404, "disabled"), (0, "disabled")]
)
def test_only_up_to_302_is_a_success(world: World, status: int, state: str) -> None:
    order = world.order(1)
    world.status = status
    for _ in range(7):
        world.shop.touch(order)
        world.told()

    assert hook(world).status == state


def test_a_draft_is_told_as_updated_and_only_on_placing_it_as_created(world: World) -> None:
    order = world.order(1, "checkout-draft")
    drafted = world.told()
    world.shop.set_status(order, "processing")

    assert (drafted, world.told()) == (["order.updated"], ["order.updated", "order.created", "product.updated"])


def test_deleting_a_variation_is_told_to_nobody(world: World) -> None:
    world.call("DELETE", f"products/{world.id('TEE')}/variations/{world.id('TEE-S')}", force="true")

    assert world.told() == []


def test_deleting_a_product_for_good_is_told_to_nobody_and_the_trash_is(world: World) -> None:
    mug, tote = world.id("MUG"), world.id("TOTE")
    world.call("DELETE", f"products/{mug}")
    world.call("DELETE", f"products/{tote}", force="true")

    assert (world.told(), world.bodies()) == (["product.deleted"], [{"id": mug}])


def test_only_the_product_whose_number_moved_is_told_of(world: World) -> None:
    world.order(1, sku="TEE-L", via="rest-api")

    assert world.told() == ["order.created", "order.updated", "product.updated"]
    assert world.bodies()[2]["id"] == world.id("TEE")
