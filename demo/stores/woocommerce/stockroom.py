"""The shop's goods and their numbers: what orders take and give back, and what the merchant types over them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from demo.stores.woocommerce.bodies import Bodies
from demo.stores.woocommerce.hooks import Hooks
from demo.stores.woocommerce.things import REDUCED, RESTOCKED, Line, Meta, Order, Product, number


class Refused(Exception):
    """The shop says no: a checkout of what may not be oversold, an unknown line. The text is the shop's answer."""


class Stockroom:
    """Products by id. `next_part` numbers the entries of meta data."""

    def __init__(
        self,
        products: dict[int, Product],
        bodies: Bodies,
        hooks: Hooks,
        now: Callable[[], datetime],
        next_part: Callable[[], int],
    ) -> None:
        self._products = products
        self._bodies = bodies
        self._hooks = hooks
        self._now = now
        self._next_part = next_part
        self._read_before: Mapping[int, Decimal] = {}

    def by_sku(self, sku: str) -> Product:
        """The product with that SKU."""
        found = next((product for product in self._products.values() if product.sku == sku), None)
        if found is None:
            raise Refused(f"There is no product {sku}.")
        return found

    def owner(self, line: Line) -> Product | None:
        """The product whose number counts a line; `None` where none does. A line of a deleted variation has become one
        of its parent, as far as the shop can see.
        """
        product = self._products.get(line.sold)
        return self._bodies.counted(product) if product is not None and product.manage_stock else None

    def take(self, order: Order) -> list[str]:
        """Take the stock for an order, once; what moved, in the shop's words."""
        if order.stock_taken:
            return []
        order.stock_taken = True
        moved = []
        for line in order.lines:
            if self.owner(line) is not None and not line.reduced:
                moved.append(self._move(line, -line.quantity))
                self._mark(line, REDUCED, line.quantity)
        return moved

    def give_back(self, order: Order) -> list[str]:
        """Give back what was taken for an order; what moved, in the shop's words."""
        if not order.stock_taken:
            return []
        order.stock_taken = False
        moved = []
        for line in order.lines:
            if self.owner(line) is not None and line.reduced:
                moved.append(self._move(line, line.reduced))
                self._mark(line, REDUCED, Decimal(0))
        return moved

    def adjust(self, line: Line) -> str:
        """After an edit of a line: its stock follows its quantity, less what a refund has put back already."""
        wanted = line.quantity - line.restocked
        missing = wanted - line.reduced
        if self.owner(line) is None or not missing:
            return ""
        moved = self._move(line, -missing)
        self._mark(line, REDUCED, wanted)
        return moved

    def remove(self, line: Line) -> str:
        """Before a line goes: its stock comes back."""
        if self.owner(line) is None or not line.reduced:
            return ""
        return self._move(line, line.reduced)

    def put_back(self, line: Line, units: Decimal) -> str:
        """Restock refunded units."""
        owner = self.owner(line)
        if owner is None or not line.reduced:
            return ""
        back = min(units, line.reduced)
        self._mark(line, REDUCED, line.reduced - back)
        self._mark(line, RESTOCKED, line.restocked + back)
        was = owner.stock
        self._move(line, back)
        return f"Item #{line.sold} stock increased from {number(was)} to {number(owner.stock)}."

    def type_over(self, product: Product, quantity: Decimal) -> None:
        """Type a number over the one that is shown. It is net of all orders."""
        product.stock = quantity
        self.tell(product)

    def add(self, product: Product, units: Decimal) -> None:
        """`inventory_delta`: read, add and write, so that of calls at the same time only the last one counts."""
        self.type_over(product, self._read_before.get(product.id, product.stock) + units)

    @contextmanager
    def overlapping(self) -> Iterator[None]:
        """Calls in here are in the shop at the same time: each has read the numbers before any of the others wrote."""
        self._read_before = {product.id: product.stock for product in self._products.values()}
        try:
            yield
        finally:
            self._read_before = {}

    def tell(self, product: Product) -> None:
        """Save a product: its date moves, its parent's with it, and the shop tells of the one that was saved."""
        product.modified = self._now()
        if product.parent_id in self._products:
            self._products[product.parent_id].modified = product.modified
        self._hooks.fire("product.updated", product.id)

    def delete(self, product: Product, lines: Iterable[Line]) -> None:
        """Delete for good, and tell nobody. Lines of it lose their id; those of a variation look like its parent's."""
        gone = {product.id, *product.children}
        for one in gone & self._products.keys():
            del self._products[one]
        if product.parent_id in self._products:
            self._products[product.parent_id].children.remove(product.id)
        for line in lines:
            if line.variation_id in gone:
                line.variation_id = 0
            if line.product_id in gone:
                line.product_id = 0

    def _move(self, line: Line, units: Decimal) -> str:
        product = self._products[line.sold]
        counted = self._bodies.counted(product)
        was, counted.stock = counted.stock, counted.stock + units
        product.modified = self._now()
        self.tell(counted)
        return f"{line.name} ({number(was)}→{number(counted.stock)})"

    def _mark(self, line: Line, key: str, units: Decimal) -> None:
        """Keep units at a line, or take the entry away where there are none."""
        there = next((meta for meta in line.meta if meta.key == key), None)
        if there is None and units:
            line.meta.append(Meta(self._next_part(), key, str(number(units))))
        elif there is not None and units:
            there.value = str(number(units))
        elif there is not None:
            line.meta.remove(there)
