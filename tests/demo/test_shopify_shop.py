"""The stand-in Shopify shop keeps the rules that were seen at real ones."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import Client

from demo.stores.shopify import ShopifyShop
from demo.stores.shopify.state import APP_NAMESPACE, Figures, Hold, Subscription, Work
from demo.stores.shopify.works import Refused

SECRET = "a-client-secret-of-more-than-32-bytes"
URL = "http://127.0.0.1:8000/webhooks/shopify"


class Lab:
    """A shop with two goods, and everything that it sent."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=UTC)
        self.sent: list[tuple[str, Mapping[str, str], bytes]] = []
        self.status = 200
        self.shop = ShopifyShop(secret=SECRET, clock=lambda: self.now, deliver=self._take)
        self.trade = self.shop.trade
        self.here = next(iter(self.shop.shop.locations))
        self.mug = self.trade.add_product("MUG", "Harbour Mug", on_hand=5)
        self.lamp = self.trade.add_product("LAMP", "Desk Lamp", on_hand=1)
        self.web = Client(self.shop)

    def _take(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.sent.append((url, headers, body))
        return self.status

    def works(self, order: int) -> list[Work]:
        return [work for work in self.shop.shop.orders[order].works if work.open]

    def figures(self, item: int) -> Figures:
        return self.shop.shop.levels(item)[self.here]

    def listen(self, *topics: str) -> None:
        for at, topic in enumerate(topics):
            self.shop.shop.subscriptions[at] = Subscription(at, topic, URL)

    def act(self, action: str, **given: Any) -> Any:
        answer = self.web.post(f"/_control/{action}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json

    def ask(self, query: str, token: str = "shpat_demo", **variables: Any) -> Any:
        return self.web.post(
            "/admin/api/2026-10/graphql.json",
            headers={"X-Shopify-Access-Token": token},
            json={"query": query, "variables": variables},
        )


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_selling_more_than_there_is_makes_available_negative_and_leaves_the_shelf(lab: Lab) -> None:
    lab.trade.place_order([{"sku": "LAMP", "quantity": 4}])

    assert lab.figures(lab.lamp) == Figures(available=-3, committed=4, on_hand=1)


def test_shipping_lowers_the_shelf_and_leaves_available_alone(lab: Lab) -> None:
    order = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    lab.trade.fulfil(order)

    assert lab.figures(lab.mug) == Figures(available=3, committed=0, on_hand=3)


def test_cancelling_and_editing_down_raise_available_though_nothing_arrived(lab: Lab) -> None:
    first = lab.trade.place_order([{"sku": "LAMP", "quantity": 3}])
    second = lab.trade.place_order([{"sku": "LAMP", "quantity": 2}])
    lab.trade.edit_line(second, lab.shop.shop.orders[second].lines[0].id, 1)
    assert lab.figures(lab.lamp) == Figures(available=-3, committed=4, on_hand=1)

    lab.trade.cancel_order(first)

    assert lab.figures(lab.lamp) == Figures(available=0, committed=1, on_hand=1)


def test_a_partial_hold_keeps_the_number_and_splits_the_rest_off(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 5}])
    order = lab.shop.shop.orders[number]
    (work,) = order.works
    part = work.lines[0].id
    lab.trade.hold_work(order, work, Hold(1, "a", True), {part: 2})

    held, rest = lab.works(number)
    assert (held.id, held.status, held.lines[0].id, held.lines[0].remaining) == (work.id, "ON_HOLD", part, 2)
    assert (rest.status, rest.lines[0].remaining, rest.lines[0].id == part) == ("OPEN", 3, False)
    assert held.actions == ["RELEASE_HOLD", "HOLD", "MOVE"]
    assert rest.actions == ["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT"]


def test_a_release_merges_the_parts_and_closes_the_one_split_off(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    order = lab.shop.shop.orders[number]
    (work,) = order.works
    lab.trade.hold_work(order, work, Hold(1, "a", True), {work.lines[0].id: 1})
    lab.trade.release_work(order, work, [1])

    assert [(each.status, [(line.total, line.remaining) for line in each.lines]) for each in order.works] == [
        ("OPEN", [(2, 2)]),
        ("CLOSED", [(0, 0)]),
    ]


def test_an_order_shows_as_held_only_when_all_of_it_is(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    order = lab.shop.shop.orders[number]
    lab.trade.hold_work(order, order.works[0], Hold(1, "a", True), {order.works[0].lines[0].id: 1})
    assert order.fulfillment == "UNFULFILLED"

    lab.trade.hold_work(order, lab.works(number)[1], Hold(2, "b", True), None)
    assert order.fulfillment == "ON_HOLD"


REFUSED: list[tuple[str, Callable[[Work], tuple[Hold, dict[int, int] | None]]]] = [
    ("DUPLICATE_FULFILLMENT_HOLD_HANDLE", lambda work: (Hold(9, "a", True), None)),
    ("FULFILLMENT_ORDER_NOT_SPLITTABLE", lambda work: (Hold(9, "b", True), {work.lines[0].id: 1})),
]


@pytest.mark.parametrize(("code", "ask"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_held_fulfillment_order_refuses(
    lab: Lab, code: str, ask: Callable[[Work], tuple[Hold, dict[int, int] | None]]
) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    order = lab.shop.shop.orders[number]
    (work,) = order.works
    lab.trade.hold_work(order, work, Hold(1, "a", True), None)

    with pytest.raises(Refused) as refusal:
        lab.trade.hold_work(order, work, *ask(work))
    assert refusal.value.code == code


def test_an_app_has_at_most_ten_holds_on_a_fulfillment_order(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    order = lab.shop.shop.orders[number]
    for at in range(10):
        lab.trade.hold_work(order, order.works[0], Hold(at, f"h{at}", True), None)

    with pytest.raises(Refused) as refusal:
        lab.trade.hold_work(order, order.works[0], Hold(10, "h10", True), None)
    assert refusal.value.code == "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED"


@pytest.mark.parametrize(
    ("units", "code"), [(None, "GREATER_THAN_ZERO"), (0, "GREATER_THAN_ZERO"), (3, "INVALID_LINE_ITEM_QUANTITY")]
)
def test_a_hold_names_units_that_are_there(lab: Lab, units: int | None, code: str) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    order = lab.shop.shop.orders[number]
    (work,) = order.works

    with pytest.raises(Refused) as refusal:
        lab.trade.hold_work(order, work, Hold(1, "a", True), {work.lines[0].id: units} if units is not None else {})
    assert refusal.value.code == code


def test_held_units_are_not_shipped(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    lab.trade.hold_by_hand(number)

    with pytest.raises(Refused):
        lab.trade.fulfil(number, {lab.shop.shop.orders[number].lines[0].id: 1})


def test_an_edit_up_gives_the_new_units_to_an_open_fulfillment_order(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    line = lab.shop.shop.orders[number].lines[0]
    lab.trade.edit_line(number, line.id, 4)

    assert (line.quantity, line.current) == (4, 4)
    assert [part.remaining for work in lab.works(number) for part in work.lines] == [4]


def test_an_order_that_is_edited_to_nothing_has_no_open_work(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    lab.trade.edit_line(number, lab.shop.shop.orders[number].lines[0].id, 0)

    assert lab.works(number) == []


def test_shipped_units_cannot_be_edited_away(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 2}])
    lab.trade.fulfil(number)

    with pytest.raises(Refused):
        lab.trade.edit_line(number, lab.shop.shop.orders[number].lines[0].id, 1)


def test_an_act_is_told_to_whoever_subscribed_to_its_topic_and_signed(lab: Lab) -> None:
    lab.listen("ORDERS_CREATE", "INVENTORY_LEVELS_UPDATE")
    lab.trade.place_order([{"sku": "LAMP", "quantity": 2}], email="ada@example.com", name="Ada Quist")

    assert lab.sent == []
    assert lab.shop.deliver() == [200, 200]
    (url, headers, body), (_, _, level) = lab.sent
    assert url == URL
    assert headers["X-Shopify-Topic"] == "orders/create"
    assert headers["X-Shopify-Triggered-At"] == "2026-11-20T09:00:00.123456000Z"
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    assert headers["X-Shopify-Hmac-Sha256"] == base64.b64encode(digest).decode()
    assert json.loads(body)["created_at"] == "2026-11-20T04:00:00-05:00"
    assert json.loads(level)["available"] == -1


def test_a_wrong_token_and_an_unknown_version_are_refused(lab: Lab) -> None:
    assert lab.ask("{ shop { name } }", token="no").status_code == 401
    assert lab.ask("{ shop { name } }").json["data"] == {"shop": {"name": "Lab Goods"}}
    assert (
        lab.web.post("/admin/api/2020-01/graphql.json", headers={"X-Shopify-Access-Token": "shpat_demo"}).status_code
        == 404
    )


def test_what_the_schema_does_not_have_is_an_error_with_http_200(lab: Lab) -> None:
    answer = lab.ask("{ shop { nonsense } }")

    assert answer.status_code == 200
    assert [error["extensions"]["code"] for error in answer.json["errors"]] == ["undefinedField"]
    assert lab.ask("{ shop").json["errors"][0]["extensions"]["code"] == "undefinedField"


@pytest.mark.parametrize(
    "mutation",
    [
        'fulfillmentOrderHold(id: "gid://shopify/FulfillmentOrder/0", fulfillmentHold: {reason: OTHER})',
        'fulfillmentOrderReleaseHold(id: "gid://shopify/FulfillmentOrder/0")',
        'metafieldsSet(metafields: [{ownerId: "gid://shopify/Order/0", key: "k", value: "v"}])',
    ],
)
def test_an_unknown_id_is_an_error_of_the_whole_field(lab: Lab, mutation: str) -> None:
    (error,) = lab.ask(f"mutation {{ {mutation} {{ userErrors {{ message }} }} }}").json["errors"]

    assert error["extensions"] == {"code": "RESOURCE_NOT_FOUND"}
    assert error["path"] == [mutation.split("(")[0]]


def test_a_story_can_be_told_by_its_control_routes(lab: Lab) -> None:
    lab.act("add_product", sku="RUG", name="Wool Rug", stock=0)
    lab.act("add_product", sku="BOOK", name="Atlas")
    placed = lab.act(
        "place_order",
        lines=[{"sku": "RUG", "quantity": 2}, {"sku": "BOOK", "quantity": 1}],
        email="ada@example.com",
        name="Ada",
        placed_at="2026-11-01T08:00:00Z",
        financial="PENDING",
        tags=["web"],
    )
    order = placed["order"]
    lab.act("pay_order", order=order)
    lab.act("add_tag", order=order, tag="rush")
    lab.act("remove_tag", order=order, tag="WEB")
    lab.act("hold_by_hand", order=order)
    lab.act("release_hold_by_hand", order=order)
    lab.act("receive_stock", sku="RUG", quantity=3)
    lab.act("edit_line", order=order, quantity=3)
    lab.act("fulfil", order=order, units={str(placed["lines"][0]): 1})
    lab.act("set_stock", sku="RUG", quantity=7)
    late = lab.act("place_order", lines=[{"sku": "RUG", "quantity": 1}], route=False)["order"]
    lab.act("route_order", order=late)
    gone = lab.act("place_order", lines=[{"sku": "RUG", "quantity": 1}])["order"]
    lab.act("cancel_order", order=gone)
    lab.act("delete_order", order=gone)
    assert lab.act("deliver") == {"sent": []}

    state: Any = lab.web.get("/_control/state").json
    assert [each["id"] for each in state["orders"]] == [order, late]
    told = state["orders"][0]
    assert (told["placed_at"], told["financial"], told["tags"]) == ("2026-11-01T08:00:00+00:00", "PAID", ["rush"])
    assert [(each["sku"], each["on_hand"], each["committed"]) for each in state["stock"]][2] == ("RUG", 7, 3)


@pytest.mark.parametrize(
    ("action", "given", "status"),
    [
        ("dance", {}, 404),
        ("cancel_order", {"order": 5}, 400),
        ("cancel_order", {}, 400),
        ("receive_stock", {"sku": "NONE", "quantity": 1}, 400),
    ],
)
def test_what_cannot_be_done_is_said(lab: Lab, action: str, given: dict[str, Any], status: int) -> None:
    assert lab.web.post(f"/_control/{action}", json=given).status_code == status


def test_the_page_shows_orders_holds_tags_promise_and_stock(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "LAMP", "quantity": 4}], name="Ada <Quist>", tags=["backorder"])
    order = lab.shop.shop.orders[number]
    lab.trade.hold_work(order, order.works[0], Hold(1, "waitline-1", True, notes="expected by Friday"), None)
    lab.trade.note_at(number, APP_NAMESPACE, "state", "waiting", "single_line_text_field")
    lab.trade.write_note(number, "Ring twice")

    page = lab.web.get("/").text

    words = ("#1001", "Ada &lt;Quist&gt;", "backorder", "expected by Friday", "On hold", "waiting", "Ring twice", "-3")
    assert [word for word in words if word not in page] == []


def test_the_shops_clock_has_a_grain_of_a_second(lab: Lab) -> None:
    number = lab.trade.place_order([{"sku": "MUG", "quantity": 1}])
    lab.now += timedelta(milliseconds=400)
    lab.trade.add_tag(number, "rush")

    assert lab.shop.shop.orders[number].updated == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
