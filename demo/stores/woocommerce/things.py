"""What a shop has: products, orders with their lines, notes and refunds; and how the REST API shows them."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from demo.stores.woocommerce.rest import Object, stamp

REDUCED = "_reduced_stock"


@dataclass(slots=True)
class Meta:
    """A key and any JSON value on an order or a line."""

    id: int
    key: str
    value: Any


@dataclass(slots=True)
class Product:
    """A product or a variation. `stock` counts only where `manage_stock` is true."""

    id: int
    name: str
    sku: str
    price: Decimal
    created: datetime
    modified: datetime
    type: str = "simple"
    parent_id: int = 0
    manage_stock: bool | str = True
    stock: Decimal = Decimal(0)
    backorders: str = "notify"
    status: str = "publish"


@dataclass(slots=True)
class Line:
    """An order line. Its total is set once: the shop does not recalculate it when the quantity is edited."""

    id: int
    product_id: int
    variation_id: int
    name: str
    sku: str
    quantity: Decimal
    total: Decimal
    meta: list[Meta] = field(default_factory=list)

    @property
    def sold(self) -> int:
        """The product or variation that the line is of."""
        return self.variation_id or self.product_id

    @property
    def reduced(self) -> Decimal:
        """Units that the shop has taken from the stock for it."""
        return next((Decimal(str(meta.value)) for meta in self.meta if meta.key == REDUCED), Decimal(0))


@dataclass(slots=True)
class Note:
    """A note at an order; one to the customer goes out as a mail."""

    id: int
    text: str
    author: str
    at: datetime
    to_customer: bool = False


@dataclass(slots=True)
class Order:
    """An order. `trashed_from` is the status to which a restore brings it back."""

    id: int
    status: str
    created: datetime
    modified: datetime
    name: str
    email: str
    via: str
    paid: datetime | None = None
    trashed_from: str = ""
    lines: list[Line] = field(default_factory=list)
    meta: list[Meta] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    refunds: list[Object] = field(default_factory=list)
    fulfilments: list[Object] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.total for line in self.lines), Decimal(0))


def number(units: Decimal) -> int | float:
    """A quantity as the shop writes it: whole, or with its fraction where a plugin allows one."""
    return int(units) if units == units.to_integral_value() else float(units)


def dates(prefix: str, moment: datetime | None, zone: ZoneInfo) -> Object:
    """A moment in the shop's own time and in UTC."""
    local = stamp_local(moment, zone) if moment else None
    return {f"date_{prefix}": local, f"date_{prefix}_gmt": stamp(moment) if moment else None}


def stamp_local(moment: datetime, zone: ZoneInfo) -> str:
    """A field without `_gmt`: the shop's wall clock."""
    return f"{moment.astimezone(zone):%Y-%m-%dT%H:%M:%S}"


def product_body(product: Product, parent: Product | None, zone: ZoneInfo) -> Object:
    """A product as answers and webhooks show it. A variation that uses its parent's stock repeats its number."""
    counted = parent if product.manage_stock == "parent" and parent is not None else product
    stock = counted.stock if product.manage_stock else None
    short = stock is not None and stock <= 0
    allowed = product.backorders != "no"
    return {
        "id": product.id,
        "name": product.name,
        "type": product.type,
        "status": product.status,
        "sku": product.sku,
        "price": f"{product.price:.2f}",
        "parent_id": product.parent_id,
        "manage_stock": product.manage_stock,
        "stock_quantity": None if stock is None else number(stock),
        "stock_status": ("onbackorder" if allowed else "outofstock") if short else "instock",
        "backorders": product.backorders,
        "backorders_allowed": allowed,
        "backordered": short and allowed,
        **dates("created", product.created, zone),
        **dates("modified", product.modified, zone),
    }


def order_body(order: Order, currency: str, zone: ZoneInfo) -> Object:
    """An order as answers and webhooks show it. Of a refund it tells only that there is one."""
    first, _, last = order.name.partition(" ")
    return {
        "id": order.id,
        "parent_id": 0,
        "number": str(order.id),
        "status": order.status,
        "currency": currency,
        "created_via": order.via,
        "customer_id": 0,
        "billing": {"first_name": first, "last_name": last, "email": order.email},
        "total": f"{order.total:.2f}",
        **dates("created", order.created, zone),
        **dates("modified", order.modified, zone),
        **dates("paid", order.paid, zone),
        "meta_data": [meta_body(meta) for meta in order.meta],
        "line_items": [line_body(line) for line in order.lines],
        "refunds": [
            {"id": refund["id"], "reason": refund["reason"], "total": f"-{refund['amount']}"}
            for refund in order.refunds
        ],
    }


def line_body(line: Line) -> Object:
    """A line of an order; its price is what is left after discounts, without tax."""
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": number(line.quantity),
        "total": f"{line.total:.2f}",
        "sku": line.sku,
        "price": float(line.total / line.quantity) if line.quantity else 0,
        "meta_data": [meta_body(meta) | {"display_key": meta.key, "display_value": meta.value} for meta in line.meta],
    }


def meta_body(meta: Meta) -> Object:
    """An entry of meta data."""
    return {"id": meta.id, "key": meta.key, "value": meta.value}


def note_body(note: Note, zone: ZoneInfo) -> Object:
    """A note of an order."""
    return {
        "id": note.id,
        "author": note.author,
        "note": note.text,
        "customer_note": note.to_customer,
        **dates("created", note.at, zone),
    }
