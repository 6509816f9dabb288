"""WooCommerce's words to ours. Pure; the table of order statuses and every rule about a line is here."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from pydantic import TypeAdapter, ValidationError

from backorder.domain.orders import Customer, Ignored, Order, OrderLine, OrderStatus, Part, Shipping, needed_by
from backorder.domain.supply import ZERO, Item, Pool, Stock, Units
from connectors.woocommerce.payloads import (
    FulfilledItem,
    Fulfilment,
    Line,
    OrderBody,
    ProductBody,
    Refund,
)

REDUCED_KEY = "_reduced_stock"
FULFILMENT_KEY = "_fulfillment_status"

CLOSED = {"completed": OrderStatus.CLOSED}
CANCELLED = dict.fromkeys(("cancelled", "refunded", "failed"), OrderStatus.CANCELLED)
GONE = {"trash": OrderStatus.GONE}
STATUSES: Mapping[str, OrderStatus] = CLOSED | CANCELLED | GONE
"""Every other word is open: a plugin's own status keeps the stock as it was."""
DRAFT = "checkout-draft"
"""A checkout in progress, not an order yet."""
STOCK_NOT_TAKEN = frozenset({"pending", DRAFT})
PAID = frozenset({"processing", "completed"})

_ITEMS = TypeAdapter(list[FulfilledItem])

Products = Mapping[int, ProductBody | None]
"""Products and variations by id; `None` for one that the shop no longer has."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What an order's own body does not tell: units refunded and units in parcels, by line. Without `parcels_told` the
    shop has parcels of it and does not tell them.
    """

    refunded: Mapping[int, Units] = field(default_factory=dict)
    fulfilled: Mapping[int, Units] = field(default_factory=dict)
    parcels_told: bool = True


NOTHING_BESIDE = Beside()


def status(word: str) -> OrderStatus:
    """Whether an order with this status is still to be shipped."""
    return STATUSES.get(word, OrderStatus.OPEN)


def owes_stock(word: str) -> bool:
    """Whether lines of an order with this status may be owed from a pool."""
    return status(word) is OrderStatus.OPEN and word not in STOCK_NOT_TAKEN


def changed_at(body: OrderBody) -> datetime:
    """The shop's time of the order's newest change."""
    return body.date_modified_gmt or body.date_created_gmt


def beside(refunds: Iterable[Refund], fulfilments: Iterable[Fulfilment]) -> Beside:
    """Units by line, from the lists that the shop keeps apart from the order."""
    refunded: dict[int, Units] = defaultdict(lambda: ZERO)
    for refund in refunds:
        for line in refund.line_items:
            named = line.meta("_refunded_item_id")
            if named is not None and str(named.value).isdecimal():
                refunded[int(named.value)] += abs(line.quantity)
    fulfilled: dict[int, Units] = defaultdict(lambda: ZERO)
    for parcel in fulfilments:
        if parcel.is_fulfilled:
            for item in _items_of(parcel):
                fulfilled[item.item_id] += item.qty
    return Beside(dict(refunded), dict(fulfilled))


def _items_of(parcel: Fulfilment) -> list[FulfilledItem]:
    items = parcel.meta("_items")
    try:
        return _ITEMS.validate_python(items.value) if items is not None else []
    except ValidationError:
        # The shop takes anything as a parcel's items; what names no line ships nothing.
        return []


def tells_all(body: OrderBody) -> bool:
    """Whether the body tells all that a reading would, but for products, which have webhooks of their own: it has no
    refunds and no parcels, whose units are in lists apart.
    """
    return not body.refunds and body.meta(FULFILMENT_KEY) is None


def told(body: OrderBody) -> Order:
    """The order as a webhook's body tells it. A body decides no units and knows no pools."""
    return _order(body, tuple(_told_line(line, body.status) for line in body.line_items))


def order(body: OrderBody, apart: Beside, products: Products) -> Order:
    """The order as a whole reading tells it."""
    return _order(body, tuple(_line(line, body.status, apart, products) for line in body.line_items))


def _order(body: OrderBody, lines: tuple[OrderLine, ...]) -> Order:
    name = f"{body.billing.first_name} {body.billing.last_name}".strip()
    return Order(
        id=body.id,
        number=body.number or str(body.id),
        placed_at=body.date_created_gmt,
        changed_at=changed_at(body),
        status=status(body.status),
        store_status=body.status,
        paid=body.date_paid_gmt is not None or body.status in PAID,
        currency=body.currency,
        customer=Customer(body.customer_id or None, name, body.billing.email),
        lines=lines,
        shipping=tuple(Shipping(way.method_title, way.total) for way in body.shipping_lines),
        need_by=needed_by({meta.key: meta.value for meta in body.meta_data}),
    )


def _told_line(line: Line, word: str) -> OrderLine:
    if status(word) is not OrderStatus.OPEN:
        # How much of it left is in no body, so nothing is said of what the shop keeps.
        return replace(_line(line, word, NOTHING_BESIDE, {}), unreturned=ZERO)
    if word in STOCK_NOT_TAKEN:
        return _our_line(line, ignored=Ignored.NOT_TAKEN)
    return _our_line(line, parts=(Part(None, line.quantity),) if line.quantity else ())


def _gone(line: Line, apart: Beside) -> tuple[Units, Units]:
    """Units of a line that were refunded, and those that left of the others."""
    cancelled = min(line.quantity, apart.refunded.get(line.id, ZERO))
    return cancelled, min(line.quantity - cancelled, apart.fulfilled.get(line.id, ZERO))


def owed(line: Line, apart: Beside) -> Units:
    """Units of a line of an open order that are still to leave."""
    return line.quantity - sum(_gone(line, apart), ZERO)


def _line(line: Line, word: str, apart: Beside, products: Products) -> OrderLine:
    """ordered = refunded + fulfilled + outstanding; `_reduced_stock` says whether the stock was taken, not how much
    is owed: it follows some refunds and no parcel.
    """
    cancelled, shipped = _gone(line, apart)
    rest = line.quantity - cancelled - shipped
    # Units that left count as left although they were refunded afterwards: whether they came back nobody tells.
    left = min(line.quantity, apart.fulfilled.get(line.id, ZERO))
    match status(word):
        case OrderStatus.CLOSED:
            return _our_line(line, shipped=shipped + rest, cancelled=cancelled)
        case OrderStatus.CANCELLED | OrderStatus.GONE:
            kept = max(ZERO, _reduced(line) - left)
            return _our_line(line, shipped=shipped, cancelled=cancelled + rest, unreturned=kept)
    place = _place(line, word, products)
    if isinstance(place, Ignored):
        ignored = place if rest else None
        return _our_line(line, shipped=shipped, cancelled=cancelled, ignored=ignored)
    kept = max(ZERO, _reduced(line) - left - rest)
    parts = (Part(place, rest),) if rest else ()
    return _our_line(line, shipped=shipped, cancelled=cancelled, parts=parts, unreturned=kept)


def _our_line(
    line: Line,
    *,
    shipped: Units = ZERO,
    cancelled: Units = ZERO,
    parts: tuple[Part, ...] = (),
    ignored: Ignored | None = None,
    unreturned: Units = ZERO,
) -> OrderLine:
    return OrderLine(
        id=line.id,
        item=item_of(line) if ignored not in (Ignored.PRODUCT_GONE, Ignored.VARIANT_GONE) else None,
        ordered=line.quantity,
        shipped=shipped,
        cancelled=cancelled,
        parts=parts,
        ignored=ignored,
        title=line.name,
        sku=line.sku,
        unit_price=line.price.quantize(Decimal("0.0001")),
        unreturned=unreturned,
    )


def item_of(line: Line) -> int | None:
    """The variation or product that the line is of; `None` where the shop deleted it."""
    return line.variation_id or line.product_id or None


def _place(line: Line, word: str, products: Products) -> Pool | Ignored:
    """The pool that owes the line, or why none does."""
    if word in STOCK_NOT_TAKEN:
        return Ignored.NOT_TAKEN
    product = products.get(item_of(line) or 0)
    if product is None:
        return Ignored.VARIANT_GONE if line.variation_id else Ignored.PRODUCT_GONE
    if not line.variation_id and product.type == "variable":
        # The shop turns lines of a deleted variation into lines of the parent. They are not of the parent's stock.
        return Ignored.VARIANT_GONE
    if not product.tracked:
        return Ignored.UNTRACKED
    if _reduced(line) <= 0:
        return Ignored.NOT_TAKEN
    return Pool(product.counted_at)


def _reduced(line: Line) -> Units:
    reduced = line.meta(REDUCED_KEY)
    text = str(reduced.value).strip() if reduced is not None else ""
    return Decimal(text) if text.replace(".", "", 1).isdecimal() else ZERO


def touched(body: ProductBody) -> list[int]:
    """The items whose lines a change of the product may concern: one that uses its parent's stock may have done so
    only since this change, and then its lines are still owed from a pool of its own.
    """
    return list(dict.fromkeys([body.counted_at, body.id]))


def stock(body: ProductBody) -> Stock:
    """The pool of a product that keeps its own number. The shop's number is net of all orders."""
    return Stock(Pool(body.id), available=body.stock_quantity)


def item(body: ProductBody, parent: ProductBody | None) -> Item:
    """A product, or a variation named after its parent."""
    title = body.name
    if parent is not None and parent.name and not title.startswith(parent.name):
        title = f"{parent.name} - {title}"
    counted_at = body.counted_at if body.counted_at != body.id else None
    # A variation is sorted as its product is.
    sorted_as = parent or body
    return Item(
        body.id,
        sku=body.sku,
        title=title,
        tracked=body.tracked,
        counted_at=counted_at,
        vendor=next((brand.name for brand in sorted_as.brands), ""),
        tags=tuple(tag.name for tag in sorted_as.tags),
    )
