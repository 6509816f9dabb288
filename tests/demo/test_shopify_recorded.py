"""The stand-in Admin API speaks as recorded: the same documents, the same shapes, the same words, the same prices.

The recordings lie beside the project; without them these tests are left out.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import DocumentNode, get_variable_values

from demo.stores.shopify.graph import operation, schema, understood
from demo.stores.shopify.names import gid
from demo.stores.shopify.state import Hold
from tests.connectors.shopify.conftest import real_schema, reference
from tests.demo.shopify_lab import Lab, work_gid

Object = dict[str, Any]
FILES = ("fulfillment_orders", "inventory", "orders", "tags_metafields", "webhooks_bulk")


def recorded() -> Iterator[Object]:
    """Calls of the recordings that were valid on 2026-10."""
    for name in FILES:
        text = reference(f"graphql_recordings/{name}.jsonl").read_text(encoding="utf-8")
        yield from (call for call in map(json.loads, text.splitlines()) if call["valid_on_2026_10"])


def steps(source: str) -> dict[str, Object]:
    """The calls of one recorded file, by step."""
    return {call["step"]: call for call in recorded() if call["source"].endswith(f"/{source}.json")}


def shape(value: Any) -> Any:
    """Keys and kinds without what they say: of a list the shape of its first entry."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


def said(answer: Object, field: str) -> list[tuple[Any, ...]]:
    """What an answer refuses."""
    errors = answer["data"][field]["userErrors"]
    return [(error["field"], error["message"], error.get("code")) for error in errors]


def holding(lab: Lab) -> tuple[Object, str]:
    """Variables of a recorded hold, put onto an order of five units of this shop."""
    work = lab.order(5).works[0]
    line = gid("FulfillmentOrderLineItem", work.lines[0].id)
    return {"id": work_gid(work)}, line


@pytest.mark.parametrize("version", ["2026-10", "2026-07"])
def test_the_directives_of_the_stand_in_are_those_of_the_real_schema(version: str) -> None:
    theirs = real_schema(version).get_directive("idempotent")
    ours = schema().get_directive("idempotent")
    assert theirs is not None
    assert ours is not None

    assert {name: str(arg.type) for name, arg in ours.args.items()} == {
        name: str(arg.type) for name, arg in theirs.args.items()
    }
    assert set(ours.locations) == set(theirs.locations)


@pytest.mark.parametrize("version", ["2026-10", "2026-07"])
def test_the_stand_in_asks_for_no_argument_that_the_real_schema_does_not_ask_for(version: str) -> None:
    real = real_schema(version)
    assert real.mutation_type is not None
    ours = schema().mutation_type
    assert ours is not None
    needed = [
        (name, arg)
        for name, field in real.mutation_type.fields.items()
        if name in ours.fields
        for arg, given in field.args.items()
        if str(given.type).endswith("!") and arg not in ours.fields[name].args
    ]

    assert needed == []


def test_what_a_recorded_call_asks_for_costs_what_it_cost() -> None:
    wrong, right = [], 0
    for call in recorded():
        told = (call["response"].get("extensions") or {}).get("cost")
        document = understood(call["query"])
        if told is None or not isinstance(document, DocumentNode):
            continue
        asked = operation(call["query"], None)
        found = get_variable_values(schema(), asked.definition.variable_definitions or (), call["variables"] or {})
        if isinstance(found, list):
            continue
        right += 1
        if asked.requested(found) != told["requestedQueryCost"]:
            wrong.append((call["source"], call["step"], asked.requested(found), told["requestedQueryCost"]))

    assert wrong == []
    assert right > 60


def test_holds_are_answered_and_refused_as_recorded() -> None:
    calls = steps("fulfillment-order-hold-validation")
    lab = Lab()
    where, line = holding(lab)
    for step in (
        "firstHold",
        "duplicateHandle",
        "notSplittable",
        "secondHold",
        *(f"additionalHolds/{at}" for at in range(8)),
        "limit",
    ):
        call = next(found for name, found in calls.items() if name.endswith(step) or step == "limit" in name.lower())
        hold = dict(call["variables"]["fulfillmentHold"])
        if "fulfillmentOrderLineItems" in hold:
            hold["fulfillmentOrderLineItems"] = [
                {"id": line, "quantity": asked["quantity"]} for asked in hold["fulfillmentOrderLineItems"]
            ]
        told = lab.ask(call["query"], **where, fulfillmentHold=hold)
        expected = call["response"]

        assert said(told, "fulfillmentOrderHold") == said(expected, "fulfillmentOrderHold"), step
        assert shape(told["data"]) == shape(expected["data"]), step
        assert shape(told.get("errors")) == shape(expected.get("errors")), step


@pytest.mark.parametrize("step", ["zeroQuantity", "duplicateLineItems"])
def test_a_partial_hold_is_refused_as_recorded(step: str) -> None:
    call = next(found for name, found in steps("fulfillment-order-hold-validation").items() if name.endswith(step))
    lab = Lab()
    where, line = holding(lab)
    hold = dict(call["variables"]["fulfillmentHold"])
    hold["fulfillmentOrderLineItems"] = [{**asked, "id": line} for asked in hold["fulfillmentOrderLineItems"]]

    told = lab.ask(call["query"], **where, fulfillmentHold=hold)

    assert said(told, "fulfillmentOrderHold") == said(call["response"], "fulfillmentOrderHold")


@pytest.mark.parametrize("step", ["validation/holdUnknownId", "validation/releaseHoldUnknownId"])
def test_an_unknown_fulfillment_order_is_refused_as_recorded(step: str) -> None:
    call = steps("fulfillment-order-lifecycle")[step]
    text = without(call["query"], "fulfillAt", "fulfillBy")
    told = Lab().ask(text, **call["variables"])

    assert told["data"] == call["response"]["data"]
    assert [(error["message"], error["extensions"], error["path"], sorted(error)) for error in told["errors"]] == [
        (error["message"], error["extensions"], error["path"], sorted(error)) for error in call["response"]["errors"]
    ]


def without(text: str, *words: str) -> str:
    """A recorded document less fields that the stand-in does not have."""
    return " ".join(word for word in text.replace("#graphql", "").split() if word not in words)


def less(value: Any, *keys: str) -> Any:
    """A recorded answer less those fields."""
    if isinstance(value, dict):
        return {key: less(inner, *keys) for key, inner in value.items() if key not in keys}
    return [less(inner, *keys) for inner in value] if isinstance(value, list) else value


def test_a_release_is_answered_as_recorded() -> None:
    call = steps("fulfillment-order-lifecycle")["workflows/holdRelease/releaseHold"]
    lab = Lab()
    order = lab.order(2)
    (work,) = order.works
    lab.trade.hold_work(order, work, Hold(77, "har", True), {work.lines[0].id: 1})
    told = lab.ask(
        without(call["query"], "fulfillAt", "fulfillBy"),
        id=work_gid(work),
        holdIds=[gid("FulfillmentHold", 77)],
        externalId="x",
    )

    assert shape(told["data"]) == shape(less(call["response"]["data"], "fulfillAt", "fulfillBy"))
    assert (
        told["data"]["fulfillmentOrderReleaseHold"]["fulfillmentOrder"]["supportedActions"]
        == (call["response"]["data"]["fulfillmentOrderReleaseHold"]["fulfillmentOrder"]["supportedActions"])
    )


def test_a_part_that_moves_is_answered_as_recorded() -> None:
    call = steps("fulfillment-order-lifecycle")["workflows/move/move"]
    lab = Lab()
    (work,) = lab.order(2).works
    told = lab.ask(
        without(call["query"], "fulfillAt", "fulfillBy"),
        id=work_gid(work),
        newLocationId=gid("Location", lab.attic),
        fulfillmentOrderLineItems=[{"id": gid("FulfillmentOrderLineItem", work.lines[0].id), "quantity": 1}],
    )

    assert shape(told["data"]) == shape(less(call["response"]["data"], "fulfillAt", "fulfillBy"))


def test_splits_are_answered_and_refused_as_recorded() -> None:
    calls = steps("fulfillment-order-batch-atomicity")
    lab = Lab()
    (work,) = lab.order(2).works
    line = gid("FulfillmentOrderLineItem", work.lines[0].id)
    for step, units in (("split/failure", 3), ("merge/firstSetupSplit", 1)):
        call = calls[step]
        told = lab.ask(
            call["query"],
            fulfillmentOrderSplits=[
                {"fulfillmentOrderId": work_gid(work), "fulfillmentOrderLineItems": [{"id": line, "quantity": units}]}
            ],
        )
        assert shape(told["data"]) == shape(call["response"]["data"])
        assert said(told, "fulfillmentOrderSplit") == said(call["response"], "fulfillmentOrderSplit")


@pytest.mark.parametrize(
    "step", ["cases/damaged", "cases/committed", "cases/onHand", "cases/availableTooHigh", "cases/duplicatePair"]
)
def test_quantities_are_set_and_refused_as_recorded(step: str) -> None:
    (call,) = [
        call
        for call in recorded()
        if call["source"].endswith("inventorySetQuantities-name-validation.json")
        and (call["step"], call["api_version"]) == (step, "2026-04")
    ]
    lab = Lab()
    lab.trade.set_stock("MUG", 0)
    asked = json.loads(json.dumps(call["variables"]))
    for row in asked["input"]["quantities"]:
        row.update(inventoryItemId=gid("InventoryItem", lab.mug), locationId=gid("Location", lab.main))

    told = lab.ask(call["query"], **asked)

    assert said(told, "inventorySetQuantities") == said(call["response"], "inventorySetQuantities")
    assert shape(told["data"]) == shape(call["response"]["data"])
    assert (
        told["extensions"]["cost"]["requestedQueryCost"]
        == (call["response"]["extensions"]["cost"]["requestedQueryCost"])
    )


@pytest.mark.parametrize(
    ("source", "step", "field"),
    [
        ("bulk-operation-run-query-validators", f"validations/{name}", "bulkOperationRunQuery")
        for name in ("ordersNodesInsteadOfEdges", "invalidOperationType")
    ]
    + [
        ("bulk-operation-run-query-user-error-codes", f"validations/{name}", "bulkOperationRunQuery")
        for name in ("noConnectionWithCode", "emptyQuery")
    ],
)
def test_a_bulk_query_is_refused_as_recorded(source: str, step: str, field: str) -> None:
    call = next(found for name, found in steps(source).items() if name.startswith(step))
    told = Lab().ask(call["query"], **call["variables"])

    assert said(told, field) == said(call["response"], field)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('{ node(id: "gid://shopify/Order/1") { id } }', "Bulk queries cannot contain a top level `node` field."),
        (
            "{ orders { edges { node { id fulfillments { fulfillmentLineItems { edges { node { id } } } } } } } }",
            "Queries that contain a connection field within a list field are not currently supported.",
        ),
        (
            "{ orders { edges { node { name lineItems { edges { node { id } } } } } } }",
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be "
            "of 'ID' return type. Connection fields without 'id': orders.",
        ),
        (
            "{ orders { edges { node { id "
            + " ".join(f"{name}: lineItems {{ edges {{ node {{ id }} }} }}" for name in "abcde")
            + " } } } }",
            "Bulk queries cannot contain more than 5 connections.",
        ),
    ],
)
def test_a_bulk_query_of_our_own_is_refused_in_recorded_words(query: str, message: str) -> None:
    run = "mutation R($q: String!) { bulkOperationRunQuery(query: $q) { userErrors { field message code } } }"

    assert said(Lab().ask(run, q=query), "bulkOperationRunQuery") == [(["query"], message, "INVALID")]


@pytest.mark.parametrize("step", ["crossAppSet", "missingNamespaceSet", "appPrefixedSet"])
def test_metafields_are_set_and_refused_as_recorded(step: str) -> None:
    call = steps("metafields-set-delete-app-namespace-resolution")[step]
    lab = Lab()
    asked = [{**row, "ownerId": gid("Order", lab.order(1).id)} for row in call["variables"]["metafields"]]
    told = lab.ask(call["query"], metafields=asked)

    assert shape(told["data"]) == shape(call["response"]["data"])
    assert said(told, "metafieldsSet") == said(call["response"], "metafieldsSet")
