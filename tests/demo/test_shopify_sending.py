"""The stand-in Shopify shop's webhooks: signed once, tried for four hours, given up with their subscription."""

import json
import threading
from datetime import timedelta

from demo.stores.shopify.outbox import RETRY_AFTER, TRIES_AT_MOST
from tests.demo.shopify_lab import Lab


def test_a_delivery_is_tried_nine_times_in_four_hours_with_one_id_and_one_body() -> None:
    lab = Lab()
    lab.listen("ORDERS_CREATE")
    lab.order()
    lab.status = 503
    start = lab.now
    tried = []
    while lab.shop.outbox.queue:
        (message,) = lab.shop.outbox.queue
        lab.now = message.due
        lab.shop.shop.subscriptions[1].failures = 0
        lab.shop.deliver()
        tried.append((lab.now - start).total_seconds())

    assert len(tried) == TRIES_AT_MOST == 9
    assert tried == [sum(RETRY_AFTER[:done]) for done in range(9)]
    assert tried[-1] == timedelta(hours=4).total_seconds()
    assert len({(headers["X-Shopify-Webhook-Id"], body) for headers, body in lab.sent}) == 1


def test_what_was_refused_is_not_due_before_its_time() -> None:
    lab = Lab()
    lab.listen("ORDERS_CREATE")
    lab.order()
    lab.status = 500

    assert (lab.shop.deliver(), lab.shop.deliver()) == ([500], [])
    (message,) = lab.shop.outbox.queue
    assert (message.tries, message.due - lab.now) == (1, timedelta(seconds=RETRY_AFTER[0]))


def test_only_an_answer_of_the_two_hundreds_counts_as_taken() -> None:
    lab = Lab()
    lab.listen("ORDERS_CREATE")
    kept = []
    for status in (200, 204, 299, 301, 302, 410, 0):
        lab.order()
        lab.status = status
        lab.shop.deliver()
        kept.append(len(lab.shop.outbox.queue))
        lab.shop.outbox.queue.clear()

    assert kept == [0, 0, 0, 1, 1, 1, 1]


def test_a_subscription_is_deleted_after_eight_failures_in_a_row_and_what_waits_for_it_with_it() -> None:
    lab = Lab()
    lab.listen("ORDERS_CREATE", "ORDERS_PAID")
    for _ in range(10):
        lab.order()
    lab.status = 500

    sent = lab.shop.deliver()

    assert sent == [500] * 8
    assert [each.topic for each in lab.shop.shop.subscriptions.values()] == ["ORDERS_PAID"]
    assert lab.shop.outbox.queue == []


def test_a_delivery_that_is_taken_forgives_the_failures_before() -> None:
    lab = Lab()
    lab.listen("ORDERS_CREATE")
    for status in [500] * 7 + [200] + [500] * 7:
        lab.order()
        lab.status = status
        lab.shop.outbox.send(lab.shop.outbox.queue[-1])

    assert list(lab.shop.shop.subscriptions) == [1]


def test_any_delivery_can_be_sent_now_whatever_waits_before_it() -> None:
    lab = Lab()
    lab.listen("ORDERS_CREATE")
    first, second = lab.order(), lab.order()
    older, newer = lab.shop.outbox.queue

    assert lab.shop.outbox.send(newer) == 200
    assert [json.loads(body)["id"] for _, body in lab.sent] == [second.id]
    assert lab.shop.outbox.queue == [older]
    assert lab.shop.deliver() == [200]
    assert [json.loads(body)["id"] for _, body in lab.sent] == [second.id, first.id]


def test_what_one_act_causes_has_one_event_id_and_each_delivery_its_own() -> None:
    lab = Lab()
    lab.listen("ORDERS_CANCELLED", "ORDERS_UPDATED", "REFUNDS_CREATE")
    lab.trade.cancel_order(lab.order().id)

    queue = lab.shop.outbox.queue
    assert lab.topics() == ["refunds/create", "orders/cancelled", "orders/updated"]
    assert len({message.headers["X-Shopify-Event-Id"] for message in queue}) == 1
    assert len({message.headers["X-Shopify-Webhook-Id"] for message in queue}) == 3


def test_the_ids_of_deliveries_can_be_foretold() -> None:
    names = iter(f"id-{number}" for number in range(100))
    lab = Lab(new_id=lambda: next(names))
    lab.listen("ORDERS_CREATE")
    lab.order()

    (message,) = lab.shop.outbox.queue
    assert (message.headers["X-Shopify-Event-Id"], message.headers["X-Shopify-Webhook-Id"]) == ("id-0", "id-1")


def test_the_shop_answers_while_a_delivery_is_on_its_way() -> None:
    lab = Lab()
    seen: list[int] = []

    def look() -> None:
        seen.append(lab.web.get("/").status_code)

    def meanwhile() -> None:
        other = threading.Thread(target=look, daemon=True)
        other.start()
        other.join(5)

    lab.meanwhile = meanwhile
    lab.listen("ORDERS_CREATE")
    lab.order()

    assert (lab.shop.deliver(), seen) == ([200], [200])
