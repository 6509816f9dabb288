"""How the stand-in Admin API runs a call: what it costs, when it is throttled, what is done once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from graphql import DocumentNode, OperationDefinitionNode, execute_sync, get_variable_values

from connectors.shopify.client import document
from demo.stores.shopify.answers import Answers
from demo.stores.shopify.graph import operation, schema, understood
from demo.stores.shopify.names import gid
from demo.stores.shopify.state import Figures, Hold
from tests.demo.shopify_lab import Lab

STATUS = {"maximumAvailable": 2000.0, "currentlyAvailable": 1990, "restoreRate": 100.0}
SET = """mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name delta location { name } } } userErrors { field code } } }"""
ADJUST = SET.replace("Set", "Adjust")
REFUND = """mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { message } } }"""


def all_kinds() -> Lab:
    """A shop whose orders show everything that can be read."""
    lab = Lab(page_limit=3)
    order = lab.order(5, email="ada@example.com", name="Ada", tags=["gift"])
    lab.trade.add_line(order.id, "LAMP", 2)
    lab.trade.hold_work(order, order.works[0], Hold(1, "a", True), {order.works[0].lines[0].id: 2})
    lab.trade.fulfil(order.id, {order.lines[0].id: 1})
    lab.trade.refund(order.id, {order.lines[0].id: 1}, "RETURN")
    order.metafield = "{}"
    lab.trade.place_order([{"title": "Typed", "price": "1.50", "quantity": 1}])
    lab.trade.cancel_order(lab.order(1).id)
    return lab


def calls(lab: Lab) -> list[tuple[str, str, dict[str, Any]]]:
    orders = [gid("Order", number) for number in lab.shop.shop.orders]
    work = lab.shop.shop.orders[int(orders[0].rsplit("/", 1)[1])].works[0]
    return [
        ("orders", "OrdersById", {"ids": [*orders, gid("Order", 1), gid("InventoryItem", lab.mug)]}),
        ("orders", "MoreLines", {"id": orders[0], "after": "1"}),
        ("orders", "MoreWorkLines", {"id": gid("FulfillmentOrder", work.id), "after": "1"}),
        ("stock", "StockByItem", {"ids": [gid("InventoryItem", lab.mug), gid("InventoryItem", lab.lamp)]}),
        ("changed_orders", "ChangedOrders", {"query": "status:open"}),
        ("stocked_items", "StockedItems", {}),
        ("subscriptions", "Subscriptions", {}),
        ("shop", "Shop", {}),
    ]


@pytest.mark.parametrize("call", range(8))
def test_a_call_is_answered_as_the_reference_executor_answers_it(call: int) -> None:
    lab = all_kinds()
    name, chosen, variables = calls(lab)[call]
    text = document(name)
    known = understood(text)
    assert isinstance(known, DocumentNode)
    root = Answers(lab.shop.shop, 3).root()

    theirs = execute_sync(schema(), known, root, variable_values=variables, operation_name=chosen)
    mine = operation(text, chosen)
    found = get_variable_values(schema(), mine.definition.variable_definitions or (), variables)
    assert not isinstance(found, list)
    data, errors, actual = mine.run(root, found)

    assert (theirs.errors, data, errors) == (None, theirs.data, [])
    assert actual <= mine.requested(found)


def test_a_value_that_must_be_there_and_is_not_takes_what_is_around_it_with_it() -> None:
    text = '{ order(id: "x") { id customer { displayName } } shop { name } }'
    root = {"order": lambda _asked, id: {"id": id, "customer": {"displayName": None}}, "shop": {"name": "S"}}
    known = understood(text)
    assert isinstance(known, DocumentNode)
    theirs = execute_sync(schema(), known, root)
    mine = operation(text, None)
    assert isinstance(mine.definition, OperationDefinitionNode)
    variables = get_variable_values(schema(), (), {})
    assert not isinstance(variables, list)

    data, errors, _ = mine.run(root, variables)

    assert data == theirs.data == {"order": {"id": "x", "customer": None}, "shop": {"name": "S"}}
    assert [error.path for error in errors] == [error.path for error in theirs.errors or ()]
    assert [error.message for error in errors] == [error.message for error in theirs.errors or ()]


@pytest.mark.parametrize(
    ("text", "requested", "actual"),
    [
        ("{ shop { name } }", 1, 1),
        ("{ locations(first: 20) { nodes { id } } }", 7, 3),
        ("{ locations(first: 10) { nodes { id } } }", 6, 3),
        ("{ webhookSubscriptions(first: 5) { nodes { id uri } } }", 5, 5),
        ('mutation { tagsAdd(id: "gid://shopify/Order/1", tags: ["a"]) { node { id } userErrors { field } } }', 10, 10),
    ],
)
def test_a_call_costs_what_was_recorded(text: str, requested: int, actual: int) -> None:
    told = Lab().ask(text)["extensions"]["cost"]

    assert (told["requestedQueryCost"], told["actualQueryCost"]) == (requested, actual)
    assert told["throttleStatus"] == {**STATUS, "currentlyAvailable": 2000 - actual}


def test_the_bucket_fills_again_on_the_shops_clock_and_never_over_its_brim() -> None:
    lab = Lab(bucket_size=100.0, restore_rate=10.0)
    there = []
    for seconds in (0, 0, 1, 60):
        lab.now += timedelta(seconds=seconds)
        told = lab.ask('mutation { tagsAdd(id: "gid://shopify/Order/1", tags: []) { userErrors { field } } }')
        there.append(told["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"])

    assert there == [90, 80, 80, 90]


def test_a_call_that_the_bucket_cannot_pay_is_throttled_with_status_200_and_does_nothing() -> None:
    lab = Lab(restore_rate=100.0)
    order = lab.order(1)
    lab.shop.bucket.drain()
    text = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["a"]) { userErrors { field } } }'
    told = lab.ask(text, id=gid("Order", order.id))

    assert told == {
        "errors": [
            {
                "message": "Throttled",
                "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
            }
        ],
        "extensions": {
            "cost": {
                "requestedQueryCost": 10,
                "actualQueryCost": None,
                "throttleStatus": {**STATUS, "currentlyAvailable": 0},
            }
        },
    }
    assert (order.tags, lab.did()) == ([], [])
    lab.now += timedelta(seconds=0.1)
    assert lab.ask(text, id=gid("Order", order.id))["data"] == {"tagsAdd": {"userErrors": []}}


def test_a_query_of_more_than_a_thousand_points_is_never_run() -> None:
    text = (
        "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { id } } fulfillmentOrders(first: 250) { nodes "
    )
    text += "{ lineItems(first: 250) { nodes { lineItem { id } } } } } } } }"
    (error,) = Lab().ask(text)["errors"]

    assert (error["extensions"]["code"], error["extensions"]["maxCost"]) == ("MAX_COST_EXCEEDED", 1000)


def quantities(lab: Lab, quantity: int, expected: int | None = None, **more: Any) -> dict[str, Any]:
    row = {
        "inventoryItemId": gid("InventoryItem", lab.mug),
        "locationId": gid("Location", lab.main),
        "quantity": quantity,
        "changeFromQuantity": expected,
    }
    return {"name": "available", "reason": "correction", "quantities": [row], **more}


def test_the_same_key_is_done_once_and_answered_alike() -> None:
    lab = Lab()
    lab.order(2)
    first = lab.ask(SET, input=quantities(lab, 10, 3), key="k")["data"]
    lab.trade.receive_stock("MUG", 5)
    again = lab.ask(SET, input=quantities(lab, 10, 3), key="k")["data"]

    assert again == first
    assert [change["name"] for change in first["inventorySetQuantities"]["inventoryAdjustmentGroup"]["changes"]] == [
        "available",
        "on_hand",
    ]
    assert lab.figures(lab.mug) == Figures(15, 2, 17)
    assert lab.did() == [("inventorySetQuantities", "k", f"available@{lab.main}:+7")]


def test_a_key_stands_for_one_set_of_arguments() -> None:
    lab = Lab()
    lab.ask(SET, input=quantities(lab, 10), key="k")
    told = lab.ask(SET, input=quantities(lab, 11), key="k")["data"]["inventorySetQuantities"]

    assert [error["code"] for error in told["userErrors"]] == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    assert lab.figures(lab.mug).available == 10


def test_what_was_refused_leaves_its_key_free() -> None:
    lab = Lab()
    stale = lab.ask(SET, input=quantities(lab, 10, 4), key="k")["data"]["inventorySetQuantities"]
    right = lab.ask(SET, input=quantities(lab, 10, 5), key="k")["data"]["inventorySetQuantities"]

    where = ["input", "quantities", "0", "changeFromQuantity"]
    assert stale["userErrors"] == [{"field": where, "code": "CHANGE_FROM_QUANTITY_STALE"}]
    assert (right["userErrors"], lab.figures(lab.mug)) == ([], Figures(10, 0, 10))


@pytest.mark.parametrize("version", ["2026-10", "2026-07"])
def test_without_a_key_or_without_what_the_app_expects_nothing_is_done(version: str) -> None:
    lab = Lab()
    keyless = lab.ask(SET.replace("@idempotent(key: $key)", "").replace(", $key: String!", ""), version,
                      input=quantities(lab, 9))  # fmt: skip
    blind = quantities(lab, 9)
    del blind["quantities"][0]["changeFromQuantity"]
    careless = lab.ask(SET, version, input=blind, key="k")

    assert [(error["message"], error["extensions"], error["path"]) for error in keyless["errors"]] == [
        (
            "The @idempotent directive is required for this mutation but was not provided.",
            {"code": "BAD_REQUEST"},
            ["inventorySetQuantities"],
        )
    ]
    assert [(error["message"], error["extensions"]) for error in careless["errors"]] == [
        (
            "InventoryQuantityInput must include the following argument: changeFromQuantity.",
            {"code": "INVALID_FIELD_ARGUMENTS"},
        )
    ]
    assert (keyless["data"], lab.figures(lab.mug)) == ({"inventorySetQuantities": None}, Figures(5, 0, 5))


def test_a_refund_with_the_same_key_is_made_once() -> None:
    lab = Lab()
    order = lab.order(3)
    line = {"lineItemId": gid("LineItem", order.lines[0].id), "quantity": 1, "restockType": "CANCEL"}
    asked = {"orderId": gid("Order", order.id), "refundLineItems": [line]}
    answers = [lab.ask(REFUND, input=asked, key="r")["data"] for _ in range(2)]
    other = lab.ask(REFUND, input={**asked, "note": "again"}, key="r")["data"]["refundCreate"]

    assert answers[0] == answers[1]
    assert [error["message"] for error in other["userErrors"]] == [
        "The same idempotency key cannot be used with different operation parameters."
    ]
    assert (len(order.refunds), order.lines[0].current) == (1, 2)
    assert lab.did() == [("refundCreate", "r", f"{order.lines[0].id}:1:CANCEL")]


def adjusted(lab: Lab, name: str, delta: int, **row: Any) -> dict[str, Any]:
    change = {
        "inventoryItemId": gid("InventoryItem", lab.mug),
        "locationId": gid("Location", lab.main),
        "delta": delta,
        "changeFromQuantity": None,
        **row,
    }
    return {"name": name, "reason": "correction", "changes": [change]}


def test_units_that_are_set_aside_are_on_hand_and_not_available() -> None:
    lab = Lab()
    lab.order(1)
    for at, (name, delta) in enumerate((("available", 2), ("damaged", 3), ("incoming", 4))):
        row = {} if name == "available" else {"ledgerDocumentUri": "ledger://a"}
        lab.ask(ADJUST, input=adjusted(lab, name, delta, **row), key=f"k{at}")

    assert lab.figures(lab.mug) == Figures(available=6, committed=1, on_hand=10, incoming=4)


@pytest.mark.parametrize(
    ("name", "row", "codes"),
    [
        ("on_hand", {}, ["INVALID_QUANTITY_NAME"]),
        ("damaged", {}, ["INVALID_QUANTITY_DOCUMENT"]),
        ("available", {"changeFromQuantity": 4}, ["CHANGE_FROM_QUANTITY_STALE"]),
        (
            "available",
            {"inventoryItemId": gid("InventoryItem", 1), "locationId": gid("Location", 1)},
            ["INVALID_INVENTORY_ITEM", "INVALID_LOCATION"],
        ),
    ],
)
def test_an_adjustment_is_refused_in_recorded_words(name: str, row: dict[str, Any], codes: list[str]) -> None:
    lab = Lab()
    told = lab.ask(ADJUST, input=adjusted(lab, name, 1, **row), key="k")["data"]["inventoryAdjustQuantities"]

    assert [error["code"] for error in told["userErrors"]] == codes
    assert (lab.figures(lab.mug), lab.did()) == (Figures(5, 0, 5), [])


RUN = """mutation Run($query: String!, $grouped: Boolean! = true) {
  bulkOperationRunQuery(query: $query, groupObjects: $grouped) {
  bulkOperation { id status url objectCount } userErrors { field message code } } }"""
POLL = """query Poll($id: ID!) { bulkOperation(id: $id) {
  status errorCode url partialDataUrl objectCount rootObjectCount fileSize } }"""
EVERY_LINE = """{ orders { edges { node { id name lineItems { edges { node { id quantity } } } } } } }"""


def test_a_bulk_query_ends_on_the_shops_clock_and_leaves_a_file_of_lines() -> None:
    lab = Lab(page_limit=1)
    lab.listen("BULK_OPERATIONS_FINISH")
    orders = [lab.order(2), lab.order(3)]
    lab.trade.add_line(orders[0].id, "LAMP", 1)
    started = lab.ask(RUN, query=EVERY_LINE)["data"]["bulkOperationRunQuery"]["bulkOperation"]
    seen = []
    for seconds in (0, 1, 4):
        lab.now += timedelta(seconds=seconds)
        seen.append(lab.ask(POLL, id=started["id"])["data"]["bulkOperation"])

    assert [each["status"] for each in [started, *seen]] == ["CREATED", "CREATED", "RUNNING", "COMPLETED"]
    assert [each["url"] for each in seen[:2]] == [None, None]
    assert (seen[2]["objectCount"], seen[2]["rootObjectCount"]) == ("5", "2")
    file = lab.web.get(seen[2]["url"].removeprefix("https://lab-goods.myshopify.com"))
    rows = [json.loads(line) for line in file.text.splitlines()]
    first, second = sorted(orders, key=lambda order: (order.updated, order.id))
    assert rows == [
        row
        for order in (first, second)
        for row in [
            {"id": gid("Order", order.id), "name": order.name},
            *(
                {"id": gid("LineItem", line.id), "quantity": line.quantity, "__parentId": gid("Order", order.id)}
                for line in order.lines
            ),
        ]
    ]
    (message,) = lab.shop.outbox.queue
    assert json.loads(message.body)["admin_graphql_api_id"] == started["id"]


def test_a_bulk_query_that_is_not_grouped_tells_children_anywhere_behind_their_parents() -> None:
    lab = Lab()
    orders = [lab.order(2), lab.order(3)]
    started = lab.ask(RUN, query=EVERY_LINE, grouped=False)["data"]["bulkOperationRunQuery"]["bulkOperation"]
    lab.now += timedelta(seconds=5)
    ended = lab.ask(POLL, id=started["id"])["data"]["bulkOperation"]
    file = lab.web.get(ended["url"].removeprefix("https://lab-goods.myshopify.com"))

    assert [json.loads(line)["id"] for line in file.text.splitlines()] == [
        *(gid("Order", order.id) for order in orders),
        *(gid("LineItem", order.lines[0].id) for order in orders),
    ]


def test_a_failed_bulk_query_leaves_a_part_and_a_good_file_is_gone_after_seven_days() -> None:
    lab = Lab()
    lab.order(2)
    lab.order(3)
    lab.shop.bulks.fail_next("TIMEOUT")
    told = []
    for _ in range(2):
        started = lab.ask(RUN, query=EVERY_LINE)["data"]["bulkOperationRunQuery"]["bulkOperation"]
        lab.now += timedelta(seconds=5)
        told.append((started["id"], lab.ask(POLL, id=started["id"])["data"]["bulkOperation"]))
    (_, failed), (second, good) = told
    part = lab.web.get(failed["partialDataUrl"].removeprefix("https://lab-goods.myshopify.com"))
    address = good["url"].removeprefix("https://lab-goods.myshopify.com")
    bytes_asked = lab.web.get(address, headers={"Range": "bytes=10-19"})
    whole = lab.web.get(address)
    lab.now += timedelta(days=7)

    assert (failed["status"], failed["errorCode"], failed["url"], failed["objectCount"]) == (
        "FAILED",
        "TIMEOUT",
        None,
        "2",
    )
    assert (good["status"], good["partialDataUrl"], good["objectCount"]) == ("COMPLETED", None, "4")
    assert len(part.text.splitlines()) == 2
    assert (bytes_asked.status_code, bytes_asked.data) == (206, whole.data[10:20])
    assert lab.web.get(address).status_code == 400
    assert lab.ask(POLL, id=second)["data"]["bulkOperation"]["status"] == "EXPIRED"


def test_five_bulk_queries_run_at_once_and_no_sixth() -> None:
    lab = Lab()
    codes = []
    for _ in range(6):
        told = lab.ask(RUN, query=EVERY_LINE)["data"]["bulkOperationRunQuery"]
        codes.append([error["code"] for error in told["userErrors"]])

    assert codes == [[], [], [], [], [], ["LIMIT_REACHED"]]


def test_one_bulk_query_ran_at_a_time_in_older_versions_and_may_be_cancelled() -> None:
    lab = Lab(bulk_at_once=1)
    first = lab.ask(RUN, query=EVERY_LINE)["data"]["bulkOperationRunQuery"]["bulkOperation"]
    second = lab.ask(RUN, query=EVERY_LINE)["data"]["bulkOperationRunQuery"]
    cancel = "mutation($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { field } } }"
    cancelled = lab.ask(cancel, id=first["id"])["data"]["bulkOperationCancel"]["bulkOperation"]
    lab.now += timedelta(seconds=2)
    ended = lab.ask("{ currentBulkOperation { id status url } }")["data"]["currentBulkOperation"]
    third = lab.ask(RUN, query=EVERY_LINE)["data"]["bulkOperationRunQuery"]["userErrors"]

    assert second["userErrors"] == [
        {
            "field": None,
            "message": f"A bulk query operation for this app and shop is already in progress: {first['id']}.",
            "code": "OPERATION_IN_PROGRESS",
        }
    ]
    assert cancelled == {"status": "CANCELING"}
    assert (ended, third) == ({"id": first["id"], "status": "CANCELED", "url": None}, [])
    assert lab.web.get("/_bulk/8000000000001.jsonl").status_code == 404
