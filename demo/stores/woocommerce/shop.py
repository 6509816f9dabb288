"""The shop itself: what shoppers and the merchant do, and what the shop then does with its stock and its webhooks.

It behaves as the real one was seen to: stock goes down when an order reaches processing, on-hold or completed and comes
back only from cancelled and pending; every write on an order moves its date and is told; notes are told to nobody.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from demo.stores.woocommerce.hooks import Deliver, Hooks
from demo.stores.woocommerce.rest import Object, stamp
from demo.stores.woocommerce.things import REDUCED, Line, Meta, Note, Order, Product, number, order_body, product_body

TAKES_STOCK = frozenset({"processing", "on-hold", "completed"})
GIVES_BACK = frozenset({"pending", "cancelled"})
LABELS = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}
CHECKOUT = "store-api"
"""The block checkout, the shop's default. It tells of an update before it tells of the order."""


class Refused(Exception):
    """The shop says no: a checkout of what may not be oversold, an unknown line. The text is the shop's answer."""


class Shop:
    """One shop's goods and orders."""

    def __init__(self, address: str, clock: Callable[[], datetime], deliver: Deliver, zone: str) -> None:
        self.clock = clock
        self.zone = ZoneInfo(zone)
        self.currency = "USD"
        self.statuses = dict(LABELS)
        self.products: dict[int, Product] = {}
        self.orders: dict[int, Order] = {}
        self.hooks = Hooks(f"{address}/", clock, self._show, deliver)
        self._last_id = 10
        self._last_part_id = 0

    def add_product(
        self,
        name: str,
        sku: str,
        stock: Decimal | None,
        *,
        price: Decimal = Decimal(10),
        backorders: str = "notify",
        parent: int = 0,
        variable: bool = False,
        counted_by_parent: bool = False,
    ) -> Product:
        """Add a product, or with `parent` a variation. Without stock it is not counted."""
        now = self.clock()
        product = Product(self._next(), name, sku, price, now, now, backorders=backorders, parent_id=parent)
        product.type = "variation" if parent else "variable" if variable else "simple"
        product.manage_stock = "parent" if counted_by_parent else stock is not None
        product.stock = stock if stock is not None else Decimal(0)
        self.products[product.id] = product
        self.hooks.fire("product.created", product.id)
        return product

    def place_order(
        self,
        lines: Iterable[tuple[str, Decimal]],
        *,
        name: str = "",
        email: str = "",
        status: str = "processing",
        via: str = CHECKOUT,
        placed_at: datetime | None = None,
    ) -> Order:
        """Order units by SKU. The checkout refuses what may not be oversold; an order by REST is taken as it is."""
        now = self.clock()
        order = Order(self._next(), "pending", placed_at or now, now, name, email, via)
        for sku, quantity in lines:
            order.lines.append(self._line(order, sku, Decimal(quantity)))
        self.orders[order.id] = order
        told = ["order.updated", "order.created"] if via == CHECKOUT else ["order.created", "order.updated"]
        for topic in told if status != "checkout-draft" else ["order.updated"]:
            self.hooks.fire(topic, order.id)
        order.status = status
        if status in ("processing", "completed"):
            order.paid = placed_at or now
        if status in TAKES_STOCK:
            self._take(order)
        return order

    def set_status(self, order: Order, status: str) -> None:
        """Move an order; setting the status it has does nothing."""
        if status == order.status:
            return
        was, order.status = order.status, status
        self.note(order, f"Order status changed from {self._label(was)} to {self._label(status)}.")
        if status in ("processing", "completed") and order.paid is None:
            order.paid = self.clock()
        if status in TAKES_STOCK:
            self._take(order)
        elif status in GIVES_BACK:
            self._give_back(order)
        self.touch(order)

    def edit_line(self, order: Order, line_id: int, quantity: Decimal) -> None:
        """Change a line's units; stock follows at once, the line's total does not. Zero removes the line."""
        line = self.line(order, line_id)
        if line.reduced:
            self._move(line, line.reduced - quantity)
            self._set_reduced(line, quantity)
        line.quantity = quantity
        if quantity == 0:
            order.lines.remove(line)
        self.touch(order)

    def refund_line(self, order: Order, line_id: int, quantity: Decimal, *, restock: bool = True) -> None:
        """Refund units. Without restock nothing on the line tells of it."""
        line = self.line(order, line_id)
        amount = (line.total / line.quantity * quantity).quantize(Decimal("0.01"))
        item = {
            "id": self._next_part(),
            "product_id": line.product_id,
            "variation_id": line.variation_id,
            "quantity": -number(quantity),
            "total": f"-{amount}",
            "meta_data": [{"id": self._next_part(), "key": "_refunded_item_id", "value": str(line.id)}],
        }
        refund = {"id": self._next(), "reason": "", "amount": str(amount), "date_created_gmt": stamp(self.clock())}
        order.refunds.append({**refund, "line_items": [item]})
        if restock and line.reduced:
            back = min(quantity, line.reduced)
            self._set_reduced(line, line.reduced - back)
            line.meta.append(Meta(self._next_part(), "_restock_refunded_items", number(back)))
            self._move(line, back)
        self.touch(order)

    def fulfil_line(self, order: Order, line_id: int, quantity: Decimal) -> None:
        """Send a parcel with units of one line."""
        items = [{"item_id": self.line(order, line_id).id, "qty": number(quantity)}]
        order.fulfilments.append(
            {
                "id": self._next_part(),
                "entity_id": str(order.id),
                "status": "fulfilled",
                "is_fulfilled": True,
                "meta_data": [{"id": self._next_part(), "key": "_items", "value": items}],
            }
        )
        self.write_meta(order.meta, {"key": "_fulfillment_status", "value": "partially_fulfilled"})
        self.touch(order)

    def set_stock(self, sku: str, quantity: Decimal) -> None:
        """Type a number over the one that the shop shows. It is net of all orders."""
        product = self._counted(self.by_sku(sku))
        product.stock = quantity
        self._tell(product)

    def trash_order(self, order: Order) -> None:
        """Move an order to the trash. The stock is not given back."""
        order.trashed_from, order.status = order.status, "trash"
        self.hooks.fire("order.deleted", order.id)

    def restore_order(self, order: Order) -> None:
        """Bring an order back from the trash."""
        order.status, order.modified = order.trashed_from, self.clock()
        self.hooks.fire("order.restored", order.id)
        self.hooks.fire("order.updated", order.id)

    def delete_order(self, order: Order) -> None:
        """Delete an order for good. The shop tells nobody and gives no stock back."""
        del self.orders[order.id]

    def note(self, order: Order, text: str, author: str = "WooCommerce", *, to_customer: bool = False) -> Note:
        """Add a note. The order's date does not move and no webhook tells of it."""
        order.notes.insert(0, Note(self._next_part(), text, author, self.clock(), to_customer))
        return order.notes[0]

    def touch(self, order: Order) -> None:
        """Save an order: its date moves and the shop tells of it, whether anything changed or not."""
        order.modified = self.clock()
        self.hooks.fire("order.updated", order.id)

    def write_meta(self, metas: list[Meta], change: Mapping[str, Any]) -> None:
        """Update by key where the key is there, add it where not; with an id and null remove it."""
        if change.get("value") is None:
            metas[:] = [meta for meta in metas if meta.id != change.get("id")]
            return
        there = next((meta for meta in metas if meta.key == change["key"]), None)
        if there is not None:
            there.value = change["value"]
        else:
            metas.append(Meta(self._next_part(), change["key"], change["value"]))

    def line(self, order: Order, line_id: int) -> Line:
        """A line of the order; refused where it has none with that id."""
        found = next((line for line in order.lines if line.id == line_id), None)
        if found is None:
            raise Refused("Order item ID provided is not associated with order.")
        return found

    def by_sku(self, sku: str) -> Product:
        """The product with that SKU."""
        found = next((product for product in self.products.values() if product.sku == sku), None)
        if found is None:
            raise Refused(f"There is no product {sku}.")
        return found

    def product_body(self, product: Product) -> Object:
        """A product as the shop shows it."""
        return product_body(product, self.products.get(product.parent_id), self.zone)

    def order_body(self, order: Order) -> Object:
        """An order as the shop shows it."""
        return order_body(order, self.currency, self.zone)

    def _line(self, order: Order, sku: str, quantity: Decimal) -> Line:
        product = self.by_sku(sku)
        counted = self._counted(product)
        short = min(quantity, max(Decimal(0), quantity - counted.stock)) if counted.manage_stock else Decimal(0)
        parent = self.products.get(product.parent_id)
        line = Line(
            id=self._next_part(),
            product_id=parent.id if parent else product.id,
            variation_id=product.id if parent else 0,
            name=f"{parent.name} - {product.name}" if parent else product.name,
            sku=sku,
            quantity=quantity,
            total=product.price * quantity,
        )
        if short and order.via == CHECKOUT:
            if product.backorders == "no":
                raise Refused(f"You cannot add that amount of {product.name} to the cart: there is not enough stock.")
            if product.backorders == "notify":
                line.meta.append(Meta(self._next_part(), "Backordered", str(number(short))))
        return line

    def _counted(self, product: Product) -> Product:
        return self.products[product.parent_id] if product.manage_stock == "parent" else product

    def _take(self, order: Order) -> None:
        moved = []
        for line in order.lines:
            product = self.products.get(line.sold)
            if product is not None and product.manage_stock and not line.reduced:
                moved.append(self._move(line, -line.quantity))
                self._set_reduced(line, line.quantity)
        if moved:
            self.note(order, f"Stock levels reduced: {', '.join(moved)}")

    def _give_back(self, order: Order) -> None:
        moved = []
        for line in order.lines:
            if line.reduced:
                moved.append(self._move(line, line.reduced))
                self._set_reduced(line, Decimal(0))
        if moved:
            self.note(order, f"Stock levels increased: {', '.join(moved)}")

    def _move(self, line: Line, units: Decimal) -> str:
        product = self.products[line.sold]
        counted = self._counted(product)
        was, counted.stock = counted.stock, counted.stock + units
        product.modified = self.clock()
        self._tell(counted)
        return f"{line.name} ({number(was)}→{number(counted.stock)})"

    def _tell(self, product: Product) -> None:
        """Only the product whose number moved is told of; its parent's date moves with it."""
        now = self.clock()
        product.modified = now
        if product.parent_id in self.products:
            self.products[product.parent_id].modified = now
        self.hooks.fire("product.updated", product.id)

    def _set_reduced(self, line: Line, units: Decimal) -> None:
        line.meta[:] = [meta for meta in line.meta if meta.key != REDUCED]
        if units:
            line.meta.append(Meta(self._next_part(), REDUCED, str(number(units))))

    def _show(self, topic: str, object_id: int) -> Object:
        """The body of a delivery, built when it is sent."""
        resource, _, event = topic.partition(".")
        if event == "deleted":
            return {"id": object_id}
        if resource == "order" and object_id in self.orders:
            return self.order_body(self.orders[object_id])
        if resource == "product" and object_id in self.products:
            return self.product_body(self.products[object_id])
        what = "shop_order" if resource == "order" else "product"
        return {"code": f"woocommerce_rest_{what}_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}

    def _label(self, status: str) -> str:
        return self.statuses.get(status, status)

    def _next(self) -> int:
        self._last_id += 1
        return self._last_id

    def _next_part(self) -> int:
        self._last_part_id += 1
        return self._last_part_id
