"""The REST routes of orders: lists, reads and writes with the real shop's answers."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from flask import Response, request

from demo.stores.woocommerce.operations import batch, keep
from demo.stores.woocommerce.rest import (
    ApiError,
    ListQuery,
    Object,
    asked,
    fields,
    invalid,
    no_such,
    not_in_enum,
    query_args,
    told,
)
from demo.stores.woocommerce.shop import TRASH, Refused, Shop
from demo.stores.woocommerce.things import Line, Order

Table = list[tuple[Sequence[str], str, Callable[..., Response]]]
EDITS = ("PUT", "PATCH", "POST")


class OrderRoutes:
    """Orders of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def table(self) -> Table:
        """Methods, path, view."""
        return [
            (["GET"], "/orders", self._list),
            (["POST"], "/orders", lambda: told(self._create(asked()), 201)),
            (EDITS, "/orders/batch", self._batch),
            (["GET"], "/orders/statuses", self._statuses),
            (["GET"], "/orders/<int:order_id>", self._read),
            (EDITS, "/orders/<int:order_id>", self._change),
            (["DELETE"], "/orders/<int:order_id>", self._delete),
        ]

    def _list(self) -> Response:
        args = query_args()
        query = ListQuery.of(args, self._shop.zone)
        wanted = self._wanted(args.get("status", "any"))
        orders = self._shop.orders
        among = (orders[one] for one in query.included if one in orders) if query.included else orders.values()
        return query.answer(
            [order for order in among if order.status in wanted and query.wants(order)], self._shop.bodies.order
        )

    def _wanted(self, words: str) -> set[str]:
        """Statuses of a list. "any" is all that are registered now, and so not the trash."""
        allowed = ["any", TRASH, "auto-draft", *self._shop.statuses]
        wanted = words.split(",")
        for place, word in enumerate(wanted):
            if word not in allowed:
                raise not_in_enum("status", allowed, f"[{place}]")
        return {*wanted, *(self._shop.statuses if "any" in wanted else ())}

    def _statuses(self) -> Response:
        return told([{"slug": slug, "name": name} for slug, name in self._shop.statuses.items()])

    def _read(self, order_id: int) -> Response:
        return told(fields(self._shop.bodies.order(self._order(order_id)), request.args))

    def _change(self, order_id: int) -> Response:
        body = asked()
        order = self._order(order_id, 400)
        self._check(body, order)
        return told(fields(self.change(order, body), request.args))

    def _delete(self, order_id: int) -> Response:
        return told(self._remove(order_id, force=request.args.get("force", "false") in ("true", "1")))

    def _batch(self) -> Response:
        """A batch looks at no word: a status that does not exist becomes pending."""
        steps: dict[str, Callable[[Any], Object]] = {
            "create": self._create,
            "update": lambda one: self.change(self._order(one.get("id", 0), 400), one),
            "delete": lambda one: self._remove(int(one), force=True),
        }
        return told(batch(asked(), steps))

    def change(self, order: Order, body: Object) -> Object:
        """Write to an order. Any write, even an empty one, moves its date and is told."""
        shop = self._shop
        before = shop.bodies.order(order)
        lines = [(self._line(order, change["id"]) if change.get("id") else None, change) for change in _lines(body)]
        moved = [one for one in (self._write_line(order, line, change) for line, change in lines) if one]
        for meta in body.get("meta_data", []):
            shop.write_meta(order.meta, meta)
        self._write_customer(order, body)
        if moved:
            shop.note(order, f"Adjusted stock: {', '.join(moved)}", "admin")
        status = body.get("status", order.status)
        changes = shop.bodies.order(order) != before
        if order.status != TRASH or status == TRASH:
            shop.touch(order)
        known = status in shop.statuses or status == order.status
        changes |= status != order.status
        shop.set_status(order, status if known else "pending")
        if body.get("set_paid") is True:
            changes |= shop.pay(order)
        keep(shop, "PUT order", order.id, body, ",".join(sorted(body.keys() - {"id"})) if changes else "empty")
        return shop.bodies.order(order)

    def _create(self, body: Object) -> Object:
        """An order by REST. It looks at no stock, and takes products that do not exist."""
        shop = self._shop
        self._check(body)
        now = shop.now()
        billing = body.get("billing", {})
        name = f"{billing.get('first_name', '')} {billing.get('last_name', '')}".strip()
        order = Order(shop.next_id(), "pending", now, now, name, billing.get("email", ""), "rest-api")
        order.customer_id = body.get("customer_id", 0)
        order.lines = [self._new_line(line) for line in _lines(body)]
        for meta in body.get("meta_data", []):
            shop.write_meta(order.meta, meta)
        status = body.get("status", "pending")
        shop.accept(order, status if status in shop.statuses else "pending")
        if body.get("set_paid") is True:
            shop.pay(order)
        keep(shop, "POST order", order.id, body)
        return shop.bodies.order(order)

    def _remove(self, order_id: int, *, force: bool) -> Object:
        order = self._order(order_id)
        body = self._shop.bodies.order(order)
        if force:
            self._shop.delete_order(order)
        elif order.status == TRASH:
            raise ApiError("woocommerce_rest_already_trashed", "The order has already been deleted.", 410)
        else:
            self._shop.trash_order(order)
        keep(self._shop, "DELETE order", order_id, {}, "for good" if force else "trash")
        return body

    def _order(self, order_id: int, status: int = 404) -> Order:
        order = self._shop.orders.get(order_id)
        if order is None:
            raise no_such("shop_order", status)
        return order

    def _check(self, body: Object, order: Order | None = None) -> None:
        """What a single call is checked for before anything is done."""
        words = ["auto-draft", *self._shop.statuses]
        if "status" in body and body["status"] not in words and (order is None or body["status"] != order.status):
            raise not_in_enum("status", words)
        for place, line in enumerate(_lines(body)):
            quantity = line.get("quantity", 1)
            if not isinstance(quantity, int) and not float(quantity).is_integer():
                where = f"line_items[{place}][quantity]"
                why = f"{where} is not of type integer."
                raise invalid("line_items", why, "rest_invalid_type", {"param": where})

    def _line(self, order: Order, line_id: int) -> Line:
        try:
            return self._shop.line(order, line_id)
        except Refused as refusal:
            raise ApiError("woocommerce_rest_invalid_item_id", str(refusal), 400) from None

    def _write_line(self, order: Order, line: Line | None, change: Object) -> str:
        """Write one line: without an id it is a new one, with a quantity of zero it goes. What moved in stock."""
        shop = self._shop
        if line is None:
            line = self._new_line(change)
            order.lines.append(line)
            return shop.follow(order, line)
        if "quantity" in change and not change["quantity"]:
            order.lines.remove(line)
            return shop.stock.remove(line)
        for meta in change.get("meta_data", []):
            shop.write_meta(line.meta, meta)
        line.total = Decimal(str(change.get("total", line.total)))
        line.quantity = Decimal(str(change.get("quantity", line.quantity)))
        return shop.follow(order, line)

    def _new_line(self, asked: Object) -> Line:
        product = self._shop.products.get(asked.get("variation_id") or asked.get("product_id") or 0)
        line = self._shop.new_line(product, Decimal(str(asked.get("quantity", 1))))
        line.total = Decimal(str(asked.get("total", line.total)))
        for meta in asked.get("meta_data", []):
            self._shop.write_meta(line.meta, meta)
        return line

    def _write_customer(self, order: Order, body: Object) -> None:
        billing = body.get("billing", {})
        if "first_name" in billing or "last_name" in billing:
            first, _, last = order.name.partition(" ")
            order.name = f"{billing.get('first_name', first)} {billing.get('last_name', last)}".strip()
        order.email = billing.get("email", order.email)
        order.customer_id = body.get("customer_id", order.customer_id)


def _lines(body: Object) -> list[Object]:
    return list(body.get("line_items", []))
