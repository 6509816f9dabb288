"""From Shopify's words to the domain's. Pure.

What is owed: the remaining units of the fulfillment orders that are neither closed nor cancelled, each at the
location it is assigned to. A line that no fulfillment order names yet is owed what the line itself says, from no pool.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC
from decimal import Decimal
from typing import TypeVar

from backorder.domain.actions import Held, StoreSide
from backorder.domain.orders import Customer, Ignored, Order, OrderLine, OrderStatus, Part, Shipping, needed_by
from backorder.domain.supply import ZERO, Item, Pool, Stock, Units
from connectors.shopify.nodes import ItemNode, LineNode, OrderNode, WorkNode
from connectors.shopify.note_line import line_in
from connectors.shopify.payloads import BodyLine, OrderBody
from connectors.shopify.record import record_of

HANDLE_PREFIX = "waitline"
"""Our holds' handles begin with it; no other hold is ever ours."""

_DONE_WORK = frozenset({"CLOSED", "CANCELLED"})
_PAID = frozenset({"AUTHORIZED", "PAID", "PARTIALLY_REFUNDED", "REFUNDED"})
"""An authorised payment counts: many merchants capture it only when they ship."""

_CENTS = Decimal("0.0001")

Key = TypeVar("Key")


def order_of_body(body: OrderBody) -> Order:
    """The order as a webhook's body tells it; all that is owed lies in no pool."""
    shipped: dict[int, int] = {}
    for fulfillment in body.fulfillments:
        if fulfillment.status == "success":
            for units in fulfillment.line_items:
                shipped[units.id] = shipped.get(units.id, 0) + units.quantity
    returned: dict[int, int] = {}
    for refund in body.refunds:
        for units in refund.refund_line_items:
            if units.restock_type == "return" and units.line_item_id is not None:
                returned[units.line_item_id] = returned.get(units.line_item_id, 0) + units.quantity
    cancelled = body.cancelled_at is not None
    owed = {
        line.id: 0
        if cancelled
        else _owed(
            line.quantity if line.current_quantity is None else line.current_quantity,
            shipped.get(line.id, 0),
            returned.get(line.id, 0),
        )
        for line in body.line_items
    }
    lines = tuple(
        _line_of_body(line, shipped.get(line.id, 0), owed[line.id], bool(body.taxes_included))
        for line in body.line_items
    )
    return Order(
        id=body.admin_graphql_api_id or body.id,
        number=body.name,
        placed_at=body.created_at.astimezone(UTC),
        changed_at=body.updated_at.astimezone(UTC),
        status=_status(cancelled, sum(owed.values())),
        store_status="cancelled" if cancelled else (body.fulfillment_status or "unfulfilled"),
        paid=body.financial_status.upper() in _PAID,
        currency=body.currency,
        customer=_customer_of_body(body),
        lines=lines,
        tags=tuple(tag.strip() for tag in body.tags.split(",") if tag.strip()),
    )


def _line_of_body(line: BodyLine, shipped: int, owed: int, taxes_included: bool) -> OrderLine:
    ignored = _ignored(
        gift_card=bool(line.gift_card),
        variant_known=line.variant_id is not None,
        vendor=line.vendor,
        needs_shipping=line.requires_shipping is not False,
        tracked=line.variant_inventory_management is not None,
    )
    return OrderLine(
        id=line.id,
        item=None,
        ordered=Units(line.quantity),
        shipped=Units(shipped),
        cancelled=Units(max(0, line.quantity - shipped - owed)),
        parts=(Part(None, Units(owed)),) if owed and ignored is None else (),
        ignored=ignored,
        title=_title(line.title, line.variant_title),
        sku=line.sku,
        unit_price=_body_price(line, taxes_included),
    )


def _body_price(line: BodyLine, taxes_included: bool) -> Decimal:
    if line.quantity <= 0:
        return line.price
    off = sum((share.amount for share in line.discount_allocations), Decimal(0))
    if taxes_included:
        off += sum((tax.price for tax in line.tax_lines), Decimal(0))
    return (line.price - off / line.quantity).quantize(_CENTS)


def _customer_of_body(body: OrderBody) -> Customer:
    who = body.customer
    name = f"{who.first_name} {who.last_name}".strip() if who else ""
    email = body.email or body.contact_email or (who.email if who else "")
    return Customer(id=who.id if who else None, name=name, email=email)


def order_of_node(node: OrderNode) -> Order:
    """The order as the Admin API tells it: the truth about its units."""
    shipped = _summed(
        (units.line_item.id, units.quantity or 0)
        for fulfillment in node.fulfillments
        if fulfillment.status == "SUCCESS"
        for units in fulfillment.fulfillment_line_items.nodes
    )
    returned = _summed(
        (units.line_item.id, units.quantity or 0)
        for refund in node.refunds
        for units in refund.refund_line_items.nodes
        if units.restock_type == "RETURN"
    )
    routed = {line.line_item.id for work in node.fulfillment_orders.nodes for line in work.line_items.nodes}
    at = _remaining(node.fulfillment_orders.nodes)
    cancelled = node.cancelled_at is not None
    lines = []
    open_units = 0
    for line in node.line_items.nodes:
        owed = dict(at.get(line.id, {}))
        if line.id not in routed and not cancelled:
            unrouted = _owed(line.current_quantity, shipped.get(line.id, 0), returned.get(line.id, 0))
            # What needs no shipping and is in no fulfillment order will never be in one: it keeps no order open.
            if unrouted and line.requires_shipping:
                owed[None] = unrouted
        open_units += sum(owed.values())
        lines.append(_line_of_node(line, shipped.get(line.id, 0), owed))
    return Order(
        id=node.id,
        number=node.name,
        placed_at=node.created_at.astimezone(UTC),
        changed_at=node.updated_at.astimezone(UTC),
        status=_status(cancelled, open_units),
        store_status="cancelled" if cancelled else node.display_fulfillment_status.lower(),
        paid=node.display_financial_status in _PAID,
        currency=node.currency_code,
        customer=Customer(
            id=node.customer.id if node.customer else None,
            name=node.customer.display_name if node.customer else "",
            email=node.email,
            tags=None if node.customer is None or node.customer.tags is None else tuple(node.customer.tags),
        ),
        lines=tuple(lines),
        tags=tuple(node.tags),
        shipping=_shipping_of_node(node),
        need_by=needed_by({note.key: note.value for note in node.custom_attributes}),
    )


def _shipping_of_node(node: OrderNode) -> tuple[Shipping, ...]:
    way = node.shipping_line
    return () if way is None else (Shipping(way.title, way.original_price_set.shop_money.amount),)


def _line_of_node(line: LineNode, shipped: int, owed: Mapping[int | None, int]) -> OrderLine:
    item = line.variant.inventory_item if line.variant else None
    ignored = _ignored(
        gift_card=line.is_gift_card,
        variant_known=item is not None,
        vendor=line.vendor,
        needs_shipping=line.requires_shipping,
        tracked=item is not None and item.tracked,
    )
    parts: tuple[Part, ...] = ()
    if ignored is None and item is not None:
        pools = {None if place is None else Pool(item.id, place): units for place, units in owed.items()}
        parts = tuple(Part(pool, Units(pools[pool])) for pool in sorted(pools, key=lambda p: (p is not None, p)))
    return OrderLine(
        id=line.id,
        item=item.id if item else None,
        ordered=Units(line.quantity),
        shipped=Units(shipped),
        cancelled=Units(max(0, line.quantity - shipped - sum(owed.values()))),
        parts=parts,
        ignored=ignored,
        title=_title(line.title, line.variant_title),
        sku=line.sku,
        unit_price=_node_price(line),
    )


def _node_price(line: LineNode) -> Decimal:
    """Without tax where units are left on the line; the price told for removed units may have the tax in it."""
    if line.current_quantity > 0:
        total = line.price_after_all_discounts_before_taxes_set.shop_money.amount
        return (total / line.current_quantity).quantize(_CENTS)
    return line.discounted_unit_price_after_all_discounts_set.shop_money.amount


def side_of_node(node: OrderNode) -> StoreSide:
    """What the order has of ours: units under our holds, all its tags, and what we show."""
    held = _summed(
        ((line.line_item.id, work.assigned_location.location.id), line.remaining_quantity)
        for work in node.fulfillment_orders.nodes
        if is_open(work) and our_holds(work) and work.assigned_location.location
        for line in work.line_items.nodes
    )
    return StoreSide(
        held=tuple(sorted(Held(line, place, Units(units)) for (line, place), units in held.items() if units)),
        tags=tuple(node.tags),
        shown=record_of(node.metafield.value if node.metafield else None).shown,
        noted=line_in(node.note),
    )


def kept_of_node(node: OrderNode) -> tuple[Held, ...]:
    """Units that are in a hold of somebody else and in none of ours."""
    kept = _summed(
        ((line.line_item.id, work.assigned_location.location.id), line.remaining_quantity)
        for work in node.fulfillment_orders.nodes
        if is_open(work) and work.fulfillment_holds and not our_holds(work) and work.assigned_location.location
        for line in work.line_items.nodes
    )
    return tuple(sorted(Held(line, place, Units(units)) for (line, place), units in kept.items() if units))


def is_open(work: WorkNode) -> bool:
    """Whether the fulfillment order still means to ship. A closed one may go on telling remaining units."""
    return work.status not in _DONE_WORK


def our_holds(work: WorkNode) -> list[str]:
    """The ids of the holds on a fulfillment order that are ours."""
    return [
        hold.id
        for hold in work.fulfillment_holds
        if hold.held_by_requesting_app and hold.handle.startswith(HANDLE_PREFIX)
    ]


def item_of_node(node: ItemNode) -> Item:
    """What is stocked. The first of several variants that share the item lends its name."""
    named = node.variants.nodes[0] if node.variants and node.variants.nodes else None
    title = _title(named.product.title, named.title) if named else ""
    return Item(
        item=node.id,
        sku=node.sku,
        title=title,
        tracked=node.tracked,
        vendor=named.product.vendor if named else "",
        tags=tuple(named.product.tags) if named else (),
    )


def stock_of_node(node: ItemNode) -> list[Stock]:
    """The item's figures at each location; none where the shop does not count it."""
    if not node.tracked:
        return []
    stock = []
    for level in node.inventory_levels.nodes:
        figures = {told.name: Units(told.quantity) for told in level.quantities}
        stock.append(
            Stock(
                pool=Pool(node.id, level.location.id),
                available=figures.get("available", ZERO),
                committed=figures.get("committed", ZERO),
                on_hand=figures.get("on_hand"),
                incoming=figures.get("incoming"),
            )
        )
    return stock


def _remaining(works: Iterable[WorkNode]) -> dict[int, dict[int | None, int]]:
    """Units still to ship, by line and location."""
    at: dict[int, dict[int | None, int]] = {}
    for work in works:
        if not is_open(work):
            continue
        place = work.assigned_location.location.id if work.assigned_location.location else None
        for line in work.line_items.nodes:
            if line.remaining_quantity > 0:
                there = at.setdefault(line.line_item.id, {})
                there[place] = there.get(place, 0) + line.remaining_quantity
    return at


def _summed(units: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    total: dict[Key, int] = {}
    for key, count in units:
        total[key] = total.get(key, 0) + count
    return total


def _owed(current: int, shipped: int, returned: int) -> int:
    """A shipped unit that came back has left `current` as well, so it must not be taken off twice."""
    return max(0, current - max(0, shipped - returned))


def _status(cancelled: bool, open_units: int) -> OrderStatus:
    if cancelled:
        return OrderStatus.CANCELLED
    return OrderStatus.OPEN if open_units else OrderStatus.CLOSED


def _ignored(
    *, gift_card: bool, variant_known: bool, vendor: str | None, needs_shipping: bool, tracked: bool
) -> Ignored | None:
    if gift_card:
        return Ignored.GIFT_CARD
    if not variant_known:
        # A line typed in by hand has no vendor; one that sold a product since deleted keeps it.
        return Ignored.PRODUCT_GONE if vendor else Ignored.CUSTOM
    if not needs_shipping:
        return Ignored.NO_SHIPPING
    return None if tracked else Ignored.UNTRACKED


def _title(product: str, variant: str) -> str:
    return f"{product} - {variant}" if variant and variant != "Default Title" else product
