"""When the status of waiting orders is set, taken back, and left alone."""

from datetime import UTC, datetime

import pytest

from connectors.woocommerce.payloads import OrderBody, OrderStatusWord
from connectors.woocommerce.statuses import Mark, change, mark_in, offered

NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
OURS = Mark("parked")


def body(status: str, *, paid: bool = True) -> OrderBody:
    return OrderBody(id=26, status=status, date_created_gmt=NOON, date_paid_gmt=NOON if paid else None)


@pytest.mark.parametrize(
    ("order", "mark", "wanted", "found"),
    [
        (body("processing"), None, "parked", (OURS, "parked")),
        (body("processing", paid=False), None, "parked", (None, "")),
        (body("on-hold"), None, "parked", (None, "")),
        (body("pending"), None, "parked", (None, "")),
        (body("parked"), None, "parked", (None, "")),
        (body("completed"), None, "parked", (None, "")),
        (body("processing"), None, "", (None, "")),
        (body("parked"), OURS, "parked", (OURS, "")),
        (body("parked"), OURS, "", (None, "processing")),
        (body("parked"), OURS, "packing", (Mark("packing"), "packing")),
        (body("parked", paid=False), OURS, "", (None, "")),
        (body("processing"), OURS, "parked", (OURS, "")),
        (body("on-hold"), OURS, "packing", (OURS, "")),
        (body("on-hold"), OURS, "", (None, "")),
        (body("completed"), OURS, "", (None, "")),
    ],
)
def test_what_is_done_with_an_order(
    order: OrderBody, mark: Mark | None, wanted: str, found: tuple[Mark | None, str]
) -> None:
    assert change(order, mark, wanted) == found


def test_a_mark_is_read_back_and_one_that_is_not_of_our_making_is_none() -> None:
    assert mark_in({"status": OURS.out()}) == OURS
    others = [None, "parked", {}, {"status": "parked"}, {"status": {"set": "", "from": "processing"}}]
    others += [{"status": {"set": "parked", "from": "completed"}}, {"status": {"set": 3, "from": "processing"}}]
    assert [mark_in(record) for record in others] == [None] * len(others)


def test_only_statuses_of_plugins_are_offered() -> None:
    own = ["pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft"]
    words = [OrderStatusWord(slug=word, name=word.title()) for word in [*own, "parked"]] + [OrderStatusWord(slug="x")]
    assert offered(words) == (("parked", "Parked"), ("x", "x"))
