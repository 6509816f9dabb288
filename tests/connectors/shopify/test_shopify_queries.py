"""The GraphQL texts: valid in both schemas, cheap enough, and the stand-in speaks the same language."""

import math
from pathlib import Path

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate,
)

from connectors.shopify import client
from connectors.shopify.subscriptions import topic_name
from connectors.shopify.webhooks import TOPICS
from demo.stores.shopify.graph import schema as stand_in_schema
from tests.connectors.shopify.conftest import real_schema

FOLDER = Path(client.__file__).parent / "queries"
NAMES = sorted(path.stem for path in FOLDER.glob("*.graphql"))
VERSIONS = ("2026-10", "2026-07")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_text_is_valid_in_the_real_schema(name: str, version: str) -> None:
    assert validate(real_schema(version), parse(client.document(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_text_is_valid_in_the_stand_ins_schema(name: str) -> None:
    assert validate(stand_in_schema(), parse(client.document(name))) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_topic_can_be_subscribed(version: str) -> None:
    topics = real_schema(version).type_map["WebhookSubscriptionTopic"]
    assert isinstance(topics, GraphQLEnumType)

    assert [topic for topic in TOPICS if topic_name(topic) not in topics.values] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_stand_ins_schema_is_a_part_of_the_real_one(version: str) -> None:
    real = real_schema(version).type_map
    wrong = []
    for name, ours in stand_in_schema().type_map.items():
        if is_introspection_type(ours) or is_specified_scalar_type(ours):
            continue
        theirs = real.get(name)
        if type(theirs) is not type(ours):
            wrong.append(name)
        elif isinstance(ours, GraphQLEnumType):
            assert isinstance(theirs, GraphQLEnumType)
            wrong += [f"{name}.{value}" for value in ours.values if value not in theirs.values]
        elif isinstance(ours, GraphQLObjectType):
            assert isinstance(theirs, GraphQLObjectType)
            for field, told in ours.fields.items():
                real_field = theirs.fields.get(field)
                if real_field is None or str(real_field.type) != str(told.type):
                    wrong.append(f"{name}.{field}")
                else:
                    wrong += [
                        f"{name}.{field}({arg})"
                        for arg, given in told.args.items()
                        if arg not in real_field.args or str(real_field.args[arg].type) != str(given.type)
                    ]
        elif isinstance(ours, GraphQLInputObjectType):
            assert isinstance(theirs, GraphQLInputObjectType)
            wrong += [
                f"{name}.{field}"
                for field, told in ours.fields.items()
                if field not in theirs.fields or str(theirs.fields[field].type) != str(told.type)
            ]

    assert wrong == []


def cost(selection: SelectionSetNode | None, fragments: dict[str, FragmentDefinitionNode]) -> int:
    """Points as observed in recorded answers: an object 1, a connection 2 + log2(page size) times its node."""
    points = 0
    for node in selection.selections if selection else ():
        if isinstance(node, FragmentSpreadNode):
            points += cost(fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, InlineFragmentNode):
            points += cost(node.selection_set, fragments)
        elif isinstance(node, FieldNode) and node.selection_set:
            inner = {child.name.value: child for child in node.selection_set.selections if isinstance(child, FieldNode)}
            size = next((arg.value for arg in node.arguments or () if arg.name.value == "first"), None)
            if "nodes" in inner and isinstance(size, IntValueNode):
                each = 1 + cost(inner["nodes"].selection_set, fragments)
                points += 2 + math.ceil(math.log2(max(2, int(size.value)))) * each
            else:
                points += 1 + cost(node.selection_set, fragments)
    return points


def test_the_cost_rule_gives_what_was_recorded() -> None:
    text = """query { order(id: "1") {
      fulfillments(first: 5) { fulfillmentLineItems(first: 10) { nodes { lineItem { id } } } }
      fulfillmentOrders(first: 10) { nodes { status lineItems(first: 10) { nodes { lineItem { id } } } } }
    } }"""
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)

    assert cost(operation.selection_set, {}) == 58


@pytest.mark.parametrize("name", NAMES)
def test_no_call_costs_more_than_a_third_of_what_one_may(name: str) -> None:
    definitions = parse(client.document(name)).definitions
    fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
    costs = [cost(node.selection_set, fragments) for node in definitions if isinstance(node, OperationDefinitionNode)]

    assert max(costs) < 333


ONCE = frozenset(
    {
        "refundCreate", "inventoryActivate", "inventoryAdjustQuantities", "inventorySetQuantities",
        "inventorySetOnHandQuantities", "inventoryMoveQuantities", "inventoryShipmentCreate",
        "inventoryShipmentCreateInTransit", "inventoryShipmentAddItems", "inventoryShipmentReceive",
        "inventoryTransferCreate", "inventoryTransferCreateAsReadyToShip", "inventoryTransferDuplicate",
        "inventoryTransferSetItems", "locationActivate", "locationDeactivate",
    }
)  # fmt: skip
"""Mutations that Shopify runs only with a key by which it knows a repeat; the schema cannot say so."""
COMPARED = frozenset({"inventoryAdjustQuantities", "inventorySetQuantities", "inventorySetOnHandQuantities"})
"""Mutations whose quantities must name what they are changed from: a variable gives them whole."""


def lacks_a_key(text: str) -> list[str]:
    """The mutations of a text that need `@idempotent(key: ...)` with a variable and have none."""
    return [
        field.name.value
        for node in parse(text).definitions
        if isinstance(node, OperationDefinitionNode)
        for field in node.selection_set.selections
        if isinstance(field, FieldNode)
        and field.name.value in ONCE
        and not any(
            directive.name.value == "idempotent"
            and any(isinstance(arg.value, VariableNode) for arg in directive.arguments or ())
            for directive in field.directives or ()
        )
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_shopify_runs_only_with_a_key_has_one(name: str) -> None:
    assert lacks_a_key(client.document(name)) == []


def test_a_mutation_without_its_key_is_found() -> None:
    good = "mutation ($i: RefundInput!, $k: String!) { refundCreate(input: $i) @idempotent(key: $k) { order { id } } }"

    assert lacks_a_key(good) == []
    assert lacks_a_key(good.replace(" @idempotent(key: $k)", "")) == ["refundCreate"]
    assert lacks_a_key(good.replace("$k)", '"always the same")')) == ["refundCreate"]


@pytest.mark.parametrize("name", NAMES)
def test_no_text_changes_stock(name: str) -> None:
    """It would have to carry `changeFromQuantity`; stock is the merchant's."""
    assert [field for field in COMPARED if field in client.document(name)] == []
