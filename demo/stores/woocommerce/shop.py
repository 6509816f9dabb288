"""The shop itself: what shoppers and the merchant do, and what the shop then does with its stock and its webhooks.

It behaves as the real one was seen to: stock goes down when an order reaches processing, on-hold or completed and comes
back only from cancelled and pending; every write on an order moves its date and is told; notes are told to nobody.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from demo.stores.journal import Journal
from demo.stores.woocommerce.aftermath import Aftermath
from demo.stores.woocommerce.bodies import Bodies, Settings
from demo.stores.woocommerce.hooks import Deliver, Hooks
from demo.stores.woocommerce.mails import mail_of
from demo.stores.woocommerce.rest import Object, no_such
from demo.stores.woocommerce.stockroom import Refused, Stockroom
from demo.stores.woocommerce.things import BY_PARENT, Line, Meta, Note, Order, Product, number

__all__ = ["CHECKOUT", "Refused", "Shop"]

TAKES_STOCK = frozenset({"processing", "on-hold", "completed"})
GIVES_BACK = frozenset({"pending", "cancelled"})
PAYABLE = frozenset({"pending", "failed"})
DRAFT, TRASH = "checkout-draft", "trash"
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


class Shop:
    """One shop's goods and orders. `statuses` holds those that are registered, a plugin's own included: an order whose
    status lost its plugin keeps it. `owner_demoted` says that whoever made the key and the webhooks lost his rights.
    """

    def __init__(self, address: str, clock: Callable[[], datetime], deliver: Deliver, zone: str) -> None:
        self.clock = clock
        self.settings = Settings(address, ZoneInfo(zone))
        self.statuses = dict(LABELS)
        self.owner_demoted = False
        self.products: dict[int, Product] = {}
        self.orders: dict[int, Order] = {}
        self.mails: list[tuple[int, str]] = []
        """What customers were sent because of a status: the order, and which mail."""
        self.journal = Journal()
        self.bodies = Bodies(self.settings, self.products)
        self.hooks = Hooks(f"{address}/", clock, self._show, deliver)
        self.stock = Stockroom(self.products, self.bodies, self.hooks, self.now, self.next_part)
        self.aftermath = Aftermath(self)
        self._last_id = 10
        self._last_part_id = 0
        self._last_item_id = 0
        self._last_note_id = 0

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the shop's wall clock."""
        return self.settings.zone

    def now(self) -> datetime:
        """The time in the grain in which the shop keeps it."""
        return self.clock().replace(microsecond=0)

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
        now = self.now()
        product = Product(self.next_id(), name, sku, price, now, now, backorders=backorders, parent_id=parent)
        product.type = "variation" if parent else "variable" if variable else "simple"
        product.manage_stock = BY_PARENT if counted_by_parent else stock is not None
        product.stock = stock if stock is not None else Decimal(0)
        if parent:
            self.products[parent].children.append(product.id)
        self.products[product.id] = product
        self.hooks.fire("product.created", product.id)
        return product

    def by_sku(self, sku: str) -> Product:
        """The product with that SKU."""
        return self.stock.by_sku(sku)

    def set_stock(self, sku: str, quantity: Decimal) -> None:
        """Type a number over the one that the shop shows. It is net of all orders."""
        self.stock.type_over(self.bodies.counted(self.by_sku(sku)), quantity)

    def trash_product(self, product: Product) -> None:
        """Move a product to the trash: lists lose it, its orders and its number stay."""
        product.trashed_from, product.status = product.status, TRASH
        self.hooks.fire("product.deleted", product.id)

    def restore_product(self, product: Product) -> None:
        """Bring a product back from the trash."""
        product.status, product.modified = product.trashed_from, self.now()
        self.hooks.fire("product.restored", product.id)

    def delete_product(self, product: Product) -> None:
        """Delete a product with its variations, or one variation, for good. The shop tells nobody."""
        self.stock.delete(product, (line for order in self.orders.values() for line in order.lines))

    def place_order(
        self,
        lines: Iterable[tuple[str, Decimal]],
        *,
        name: str = "",
        email: str = "",
        status: str = "processing",
        via: str = CHECKOUT,
        placed_at: datetime | None = None,
        customer_id: int = 0,
    ) -> Order:
        """Order units by SKU. The checkout refuses what may not be oversold; an order by REST is taken as it is."""
        now = self.now()
        order = Order(self.next_id(), "pending", (placed_at or now).replace(microsecond=0), now, name, email, via)
        order.customer_id = customer_id
        for sku, quantity in lines:
            order.lines.append(self._ordered(order, self.by_sku(sku), Decimal(quantity)))
        return self.accept(order, status)

    def accept(self, order: Order, status: str) -> Order:
        """Take a new order in, with its lines, in that status."""
        self.orders[order.id] = order
        told = ["order.updated", "order.created"] if order.via == CHECKOUT else ["order.created", "order.updated"]
        for topic in told if status != DRAFT else ["order.updated"]:
            self.hooks.fire(topic, order.id)
        self._mail(order, order.status, status)
        order.status = status
        self._enter(order)
        if order.paid is not None:
            order.paid = order.created
        return order

    def new_line(self, product: Product | None, quantity: Decimal) -> Line:
        """A line of a product, at its price; of none where the shop does not know it."""
        if product is None:
            return Line(self.next_item(), 0, 0, "", "", quantity, Decimal(0))
        product.sold += int(quantity)
        parent = self.products.get(product.parent_id)
        name = f"{parent.name} - {product.name}" if parent else product.name
        owner, variation = (parent.id, product.id) if parent else (product.id, 0)
        line = Line(self.next_item(), owner, variation, name, product.sku, quantity, product.price * quantity)
        if parent:
            line.parent_name = parent.name
            line.meta.append(Meta(self.next_part(), "size", product.name, "Size"))
        return line

    def set_status(self, order: Order, status: str) -> None:
        """Move an order; setting the status it has does nothing. Out of the trash it comes untold."""
        if status != order.status:
            said = f"Order status changed from {self._label(order.status)} to {self._label(status)}."
            self._become(order, status, said)

    def pay(self, order: Order) -> bool:
        """A payment arrives. The shop hears of it only while the order is pending or failed."""
        if order.status not in PAYABLE:
            return False
        self._become(order, "processing", "Payment complete.")
        return True

    def edit_line(self, order: Order, line_id: int, quantity: Decimal) -> None:
        """Change a line's units; stock follows at once, the line's total does not. Zero removes the line."""
        line = self.line(order, line_id)
        if quantity == 0:
            moved = self.stock.remove(line)
            order.lines.remove(line)
        else:
            line.quantity = quantity
            moved = self.follow(order, line)
        if moved:
            self.note(order, f"Adjusted stock: {moved}", "admin")
        self.touch(order)

    def follow(self, order: Order, line: Line) -> str:
        """Let the stock follow a saved line, in the statuses in which the shop does so; what moved."""
        return self.stock.adjust(line) if order.status in TAKES_STOCK else ""

    def refund_line(self, order: Order, line_id: int, quantity: Decimal, *, restock: bool = True) -> None:
        """Refund units at their price. Without restock nothing on the line tells of it."""
        line = self.line(order, line_id)
        amount = (line.total / line.quantity * quantity).quantize(Decimal("0.01"))
        self.aftermath.refund(order, amount, [(line, quantity, amount)], restock=restock)

    def fulfil_line(self, order: Order, line_id: int, quantity: Decimal) -> None:
        """Send a parcel with units of one line."""
        items = [{"item_id": self.line(order, line_id).id, "qty": number(quantity)}]
        self.aftermath.send(order, [{"key": "_items", "value": items}])

    def trash_order(self, order: Order) -> None:
        """Move an order to the trash. The stock is not given back."""
        order.trashed_from, order.status = order.status, TRASH
        self.hooks.fire("order.deleted", order.id)

    def restore_order(self, order: Order) -> None:
        """Bring an order back from the trash."""
        order.status, order.modified = order.trashed_from, self.now()
        self.note(order, f"Order status changed from trash to {self._label(order.status)}.")
        self.hooks.fire("order.restored", order.id)

    def delete_order(self, order: Order) -> None:
        """Delete an order for good. The shop tells nobody and gives no stock back."""
        del self.orders[order.id]

    def note(self, order: Order, text: str, author: str = "WooCommerce", *, to_customer: bool = False) -> Note:
        """Add a note. The order's date does not move and no webhook tells of it."""
        self._last_note_id += 1
        order.notes.insert(0, Note(self._last_note_id, text, author, self.now(), to_customer))
        return order.notes[0]

    def touch(self, order: Order) -> None:
        """Save an order: its date moves and the shop tells of it, whether anything changed or not."""
        order.modified = self.now()
        self.hooks.fire("order.updated", order.id)

    def write_meta(self, metas: list[Meta], change: Mapping[str, Any]) -> None:
        """Update by id or by key where it is there, add it where not; with an id and null remove it."""
        if change.get("value") is None:
            metas[:] = [meta for meta in metas if meta.id != change.get("id")]
            return
        there = next((meta for meta in metas if meta.id == change.get("id")), None)
        there = there or next((meta for meta in metas if meta.key == change.get("key")), None)
        if there is not None:
            there.key, there.value = change.get("key", there.key), change["value"]
        else:
            metas.append(Meta(self.next_part(), change["key"], change["value"]))

    def line(self, order: Order, line_id: int) -> Line:
        """A line of the order; refused where it has none with that id."""
        found = next((line for line in order.lines if line.id == line_id), None)
        if found is None:
            raise Refused("Order item ID provided is not associated with order.")
        return found

    def product_body(self, product: Product) -> Object:
        """A product as the shop shows it among its like."""
        return self.bodies.variation(product) if product.parent_id else self.bodies.product(product)

    def order_body(self, order: Order) -> Object:
        """An order as the shop shows it."""
        return self.bodies.order(order)

    def next_id(self) -> int:
        """Orders, products and refunds share one row of ids."""
        self._last_id += 1
        return self._last_id

    def next_item(self) -> int:
        """The id of a line, of an order or of a refund."""
        self._last_item_id += 1
        return self._last_item_id

    def next_part(self) -> int:
        """The id of an entry of meta data."""
        self._last_part_id += 1
        return self._last_part_id

    def _ordered(self, order: Order, product: Product, quantity: Decimal) -> Line:
        counted = self.bodies.counted(product)
        short = min(quantity, max(Decimal(0), quantity - counted.stock)) if counted.manage_stock else Decimal(0)
        if short and order.via == CHECKOUT and counted.backorders == "no":
            raise Refused(f"You cannot add that amount of {product.name} to the cart: there is not enough stock.")
        line = self.new_line(product, quantity)
        if short and order.via == CHECKOUT and counted.backorders == "notify":
            line.meta.append(Meta(self.next_part(), self.settings.backordered_label, str(number(short))))
        return line

    def _become(self, order: Order, status: str, said: str) -> None:
        was, order.status = order.status, status
        self._mail(order, was, status)
        self.note(order, said)
        if was == TRASH:
            order.modified = self.now()
        else:
            self.touch(order)
        if was == DRAFT:
            self.hooks.fire("order.created", order.id)
        self._enter(order)

    def _mail(self, order: Order, was: str, becomes: str) -> None:
        if order.email and (mail := mail_of(was, becomes)):
            self.mails.append((order.id, mail))

    def _enter(self, order: Order) -> None:
        """What a status brings with it."""
        if order.status in ("processing", "completed") and order.paid is None:
            order.paid = self.now()
        if order.status == "completed":
            order.completed = self.now()
        if order.status == "refunded":
            self.aftermath.refund_the_rest(order)
        if order.status in TAKES_STOCK:
            self._moved(order, "reduced", self.stock.take(order))
        elif order.status in GIVES_BACK:
            self._moved(order, "increased", self.stock.give_back(order))

    def _moved(self, order: Order, how: str, moved: list[str]) -> None:
        if moved:
            self.note(order, f"Stock levels {how}: {', '.join(moved)}")

    def _show(self, topic: str, object_id: int) -> Object:
        """The body of a delivery, built when it is sent. It may be an error, signed like any other."""
        resource, _, event = topic.partition(".")
        if event == "deleted":
            return {"id": object_id}
        if self.owner_demoted:
            message = "Sorry, you cannot view this resource."
            return {"code": "woocommerce_rest_cannot_view", "message": message, "data": {"status": 403}}
        if resource == "order" and object_id in self.orders:
            return self.bodies.order(self.orders[object_id])
        if resource == "product" and object_id in self.products:
            return self.bodies.product(self.products[object_id])
        return no_such("shop_order" if resource == "order" else "product").body

    def _label(self, status: str) -> str:
        return self.statuses.get(status, status)
