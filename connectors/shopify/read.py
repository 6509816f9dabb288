"""Readings of a shop: documents asked, pages followed to their end, answers as typed nodes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import AwareDatetime, ValidationError

from backorder.domain.errors import PermanentFailure, TemporaryFailure
from connectors.shopify.client import Admin, Json
from connectors.shopify.nodes import (
    AfterNode,
    CancelNode,
    Connection,
    DefinitionNode,
    ItemNode,
    LevelNode,
    LineNode,
    Node,
    OrderNode,
    RecordNode,
    SoldItemNode,
    SoldVariantNode,
    ToShipNode,
    UnitsNode,
    VariantRefNode,
    WorkLineNode,
    WorkNode,
)
from connectors.shopify.order_fields import RECORD_KEY
from connectors.shopify.payloads import gid, number_of

N = TypeVar("N", bound=Node)

OPEN = "status:open"
"""The search for open orders."""
ORDERS_A_CALL = 50
ITEMS_A_CALL = 100
"""A call may name 250 ids; these keep one answer well below the size that is read."""


class ChangedOrder(Node):
    """An order that a pull found, by its id and the time of its last change."""

    id: str
    updated_at: AwareDatetime


class StockedItem(Node):
    """An inventory item that a pull found."""

    id: str
    tracked: bool


class SubscriptionNode(Node):
    """A webhook subscription of our app."""

    id: str
    topic: str
    uri: str


def order_nodes(admin: Admin, ids: Sequence[int]) -> dict[int, OrderNode]:
    """The orders of these ids that the shop has, whole. Raises where it cannot tell of one of them."""
    found, unanswered = orders_told(admin, ids)
    for failure in unanswered.values():
        raise failure
    return found


def orders_told(
    admin: Admin, ids: Sequence[int]
) -> tuple[dict[int, OrderNode], dict[int, TemporaryFailure | PermanentFailure]]:
    """The orders of these ids that the shop has, whole; and why it cannot tell of some now."""
    found: dict[int, OrderNode] = {}
    unanswered: dict[int, TemporaryFailure | PermanentFailure] = {}
    for start in range(0, len(ids), ORDERS_A_CALL):
        asked = [gid("Order", number) for number in ids[start : start + ORDERS_A_CALL]]
        told, failed = admin.ask_nodes("orders", "OrdersById", asked)
        unanswered |= {number_of(each): failure for each, failure in failed.items()}
        for each in told:
            node = typed(OrderNode, each)
            _complete_order(admin, node)
            found[node.id] = node
    return found, unanswered


def after_write(node: OrderNode, told: Mapping[str, Json], sent: Mapping[str, Any]) -> OrderNode | None:
    """The order as the answer to a write tells it; `None` where it does not tell all that changed."""
    changes: dict[str, Any] = {}
    for field in ("tagsRemove", "tagsAdd"):
        if field in told:
            tags = (told[field].get("node") or {}).get("tags")
            if tags is None:
                return None
            changes["tags"] = tags
    if "orderUpdate" in told:
        changes["note"] = (told["orderUpdate"].get("order") or {}).get("note")
    record = next((each for each in sent.get("fields", ()) if each["key"] == RECORD_KEY), None)
    if record is not None:
        changes["metafield"] = RecordNode(value=record["value"])
    elif any(each["key"] == RECORD_KEY for each in sent.get("gone", ())):
        changes["metafield"] = None
    for field in ("fulfillmentOrderReleaseHold", "fulfillmentOrderHold"):
        if field in told:
            # A hold that an earlier try made is answered without its fulfillment order.
            work = told[field].get("fulfillmentOrder")
            after = typed(AfterNode, work["order"]) if work else None
            if after is None or not after.whole:
                return None
            changes["fulfillment_orders"] = after.fulfillment_orders
    return node.model_copy(update=changes)


def item_nodes(admin: Admin, ids: Sequence[int]) -> dict[int, ItemNode]:
    """The inventory items of these ids that the shop has, with the stock at every location."""
    found: dict[int, ItemNode] = {}
    for start in range(0, len(ids), ITEMS_A_CALL):
        asked = [gid("InventoryItem", number) for number in ids[start : start + ITEMS_A_CALL]]
        told, failed = admin.ask_nodes("stock", "StockByItem", asked)
        for failure in failed.values():
            raise failure
        for each in told:
            node = typed(ItemNode, each)
            complete(admin, node.inventory_levels, LevelNode, gid("InventoryItem", node.id), "stock", "MoreLevels")
            found[node.id] = node
    return found


def sold_items(admin: Admin, ids: Sequence[int]) -> list[SoldItemNode]:
    """The items of these ids that the shop has, with the variants that sell them."""
    found = []
    for start in range(0, len(ids), ITEMS_A_CALL):
        asked = [gid("InventoryItem", number) for number in ids[start : start + ITEMS_A_CALL]]
        data = admin.ask("sold_items", "SoldItems", {"ids": asked})
        for node in [typed(SoldItemNode, told) for told in data["nodes"] if told]:
            owner = gid("InventoryItem", node.id)
            complete(admin, node.variants, SoldVariantNode, owner, "sold_items", "MoreSoldVariants")
            found.append(node)
    return found


def cancelling(admin: Admin, order: int, lines: Sequence[Mapping[str, Any]]) -> CancelNode:
    """What Shopify would pay back for these lines of an order, and what was cancelled of it before."""
    data = admin.ask("cancelling", "Cancelling", {"id": gid("Order", order), "lines": list(lines)})
    return typed(CancelNode, data["order"])


def to_ship(admin: Admin, order: int) -> ToShipNode | None:
    """What may be shipped of an order now, and what was shipped before; `None` where the shop no longer has it."""
    data = admin.ask("to_ship", "ToShip", {"id": gid("Order", order)})
    if not data["order"]:
        return None
    node = typed(ToShipNode, data["order"])
    _complete_work(admin, node.id, node.fulfillment_orders)
    for fulfillment in node.fulfillments:
        complete(admin, fulfillment.fulfillment_line_items, UnitsNode, fulfillment.id, "orders", "MoreShipped")
    return node


def item_of_variant(admin: Admin, variant: int) -> int | None:
    """The inventory item that a variant sells."""
    told = admin.ask("variant", "Variant", {"id": gid("ProductVariant", variant)})["node"]
    return typed(VariantRefNode, told).inventory_item.id if told else None


def definitions(admin: Admin, owner: str) -> list[DefinitionNode]:
    """The metafields that our app defined at orders or variants."""
    found = pages(admin, "definitions", "Definitions", "metafieldDefinitions", DefinitionNode, {"owner": owner})
    return [node for page in found for node in page]


def changed_orders(
    admin: Admin, search: str, since: datetime | None, after: str | None = None
) -> Iterator[tuple[list[ChangedOrder], str | None]]:
    """Pages of the orders that a search finds and that changed since then, oldest change first, each with its end:
    another process may go on there (`after`). It is made of the last order's id and time, so it stays a place in the
    list whatever changes meanwhile.
    """
    changed = "" if since is None else f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
    query = " ".join(term for term in (search, changed) if term)
    return placed_pages(admin, "changed_orders", "ChangedOrders", "orders", ChangedOrder, {"query": query}, after)


def stocked_items(admin: Admin) -> Iterator[list[StockedItem]]:
    """Pages of every inventory item of the shop."""
    return pages(admin, "stocked_items", "StockedItems", "inventoryItems", StockedItem, {})


def subscriptions(admin: Admin) -> list[SubscriptionNode]:
    """Every webhook subscription that our app has in the shop."""
    found = pages(admin, "subscriptions", "Subscriptions", "webhookSubscriptions", SubscriptionNode, {})
    return [node for page in found for node in page]


def pages(admin: Admin, name: str, operation: str, field: str, model: type[N], variables: Json) -> Iterator[list[N]]:
    """The pages of a list at the query's root."""
    for nodes, _ in placed_pages(admin, name, operation, field, model, variables):
        yield nodes


def placed_pages(
    admin: Admin,
    name: str,
    operation: str,
    field: str,
    model: type[N],
    variables: Json,
    after: str | None = None,
) -> Iterator[tuple[list[N], str | None]]:
    """The pages of a list at the query's root behind a place, each with the place of its end."""
    while True:
        data = admin.ask(name, operation, {**variables, "after": after})
        page = typed(Connection[model], data[field])  # type: ignore[valid-type]
        yield page.nodes, page.page_info.end_cursor
        if not page.page_info.has_next_page:
            return
        after = page.page_info.end_cursor


def _complete_order(admin: Admin, node: OrderNode) -> None:
    """Follow every list of the order to its end."""
    order = gid("Order", node.id)
    complete(admin, node.line_items, LineNode, order, "orders", "MoreLines")
    _complete_work(admin, order, node.fulfillment_orders)
    for fulfillment in node.fulfillments:
        complete(admin, fulfillment.fulfillment_line_items, UnitsNode, fulfillment.id, "orders", "MoreShipped")
    for refund in node.refunds:
        complete(admin, refund.refund_line_items, UnitsNode, refund.id, "orders", "MoreRefunded")


def _complete_work(admin: Admin, order: str, works: Connection[WorkNode]) -> None:
    complete(admin, works, WorkNode, order, "orders", "MoreWork")
    for work in works.nodes:
        complete(admin, work.line_items, WorkLineNode, work.id, "orders", "MoreWorkLines")


def complete(admin: Admin, page: Connection[N], model: type[N], owner: str, name: str, operation: str) -> None:
    """Add to a first page all that stands on the pages behind it."""
    while page.page_info.has_next_page:
        data = admin.ask(name, operation, {"id": owner, "after": page.page_info.end_cursor})
        if not data["node"]:
            raise TemporaryFailure("The order changed while it was read.", 2.0)
        more = typed(Connection[model], data["node"]["page"])  # type: ignore[valid-type]
        page.nodes.extend(more.nodes)
        page.page_info = more.page_info


def typed(model: type[N], told: Any) -> N:
    """An object of an answer. Raises TemporaryFailure where it is not what was asked for."""
    try:
        return model.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise TemporaryFailure(f"Shopify's answer is not what was asked for: {where}: {first['msg']}.", 300.0) from None


def number(node: ChangedOrder | StockedItem) -> int:
    """The plain number of what a pull found."""
    return number_of(node.id)
