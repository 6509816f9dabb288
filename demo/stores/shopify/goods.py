"""Products and their stock: what the merchant does on the shelf, and how the shop tells of it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from demo.stores.journal import Journal
from demo.stores.shopify import works
from demo.stores.shopify.bodies import Bodies
from demo.stores.shopify.outbox import Outbox
from demo.stores.shopify.state import Line, Product, Shop


class Goods:
    """Acts on products, named by their SKU. Each changes the state and says so by webhook."""

    def __init__(self, shop: Shop, ids: works.Ids, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self.shop = shop
        self.ids = ids
        self._outbox = outbox
        self._clock = clock
        self.journal = Journal()
        """What apps changed by their calls."""
        self._bodies = Bodies(shop)

    def add_product(
        self,
        sku: str,
        title: str = "",
        price: str = "10.00",
        on_hand: int = 0,
        location: int | None = None,
        tracked: bool = True,
    ) -> int:
        """A new product with one variant; the number of its inventory item."""
        place = self._place(location)
        product = Product(
            self.ids.next("product"),
            self.ids.next("variant"),
            self.ids.next("item"),
            sku,
            title or sku,
            Decimal(price),
            tracked,
            {place: on_hand},
        )
        self.shop.products[product.item] = product
        return product.item

    def delete_product(self, sku: str) -> None:
        """The product, its variant and its inventory item are deleted; lines that were sold have no variant then."""
        self._outbox.begin()
        product = self._product(sku)
        del self.shop.products[product.item]
        for order in self.shop.orders.values():
            for line in order.lines:
                if line.product is product:
                    line.product = None
        self._outbox.tell("products/delete", {"id": product.id})
        self._outbox.tell("inventory_items/delete", self._bodies.deleted_item(product))

    def receive_stock(self, sku: str, quantity: int, location: int | None = None) -> None:
        """Goods arrive."""
        product, place = self._product(sku), self._place(location)
        self.count(product, place, product.shelf.get(place, 0) + quantity)

    def set_stock(self, sku: str, on_hand: int, location: int | None = None) -> None:
        """The merchant counts what is on the shelf."""
        self.count(self._product(sku), self._place(location), on_hand)

    def count(self, product: Product, place: int, on_hand: int) -> None:
        """So many units are on the shelf from now on."""
        self._outbox.begin()
        self._stocked(product, place)
        product.shelf[place] = on_hand
        self.tell_level(product, place)

    def tell_stock(self, lines: Iterable[Line], places: Iterable[int] | None = None) -> None:
        """The figures of these lines' goods changed, everywhere or at these locations."""
        for product in {line.product.item: line.product for line in lines if line.product}.values():
            if product.tracked:
                for place in product.shelf if places is None else places:
                    self.tell_level(product, place)

    def tell_level(self, product: Product, place: int) -> None:
        """The figures of an item at a location changed."""
        figures = self.shop.levels(product.item)[place]
        self._outbox.tell("inventory_levels/update", self._bodies.level(product.item, place, figures, self.now()))

    def begin(self) -> None:
        """What is told from now on tells of one change."""
        self._outbox.begin()

    def tell(self, topic: str, told: Mapping[str, Any]) -> None:
        """Say so by webhook."""
        self._outbox.tell(topic, told)

    def now(self) -> datetime:
        """Shopify's clock has a grain of a second."""
        return self._clock().replace(microsecond=0)

    def _stocked(self, product: Product, place: int) -> None:
        """A location that is to have units of an item stocks it from now on."""
        if place not in product.shelf:
            product.shelf[place] = 0
            self._outbox.tell("inventory_levels/connect", self._bodies.connected(product.item, place, self.now()))

    def _product(self, sku: str) -> Product:
        return next(product for product in self.shop.products.values() if product.sku == sku)

    def _place(self, location: int | None) -> int:
        return location if location is not None else next(iter(self.shop.locations))
