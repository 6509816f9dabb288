"""The REST routes of products and variations: lists, reads and writes with the real shop's answers."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from flask import Response, request

from demo.stores.woocommerce.operations import batch, keep
from demo.stores.woocommerce.order_routes import EDITS, Table
from demo.stores.woocommerce.rest import (
    ApiError,
    ListQuery,
    Object,
    asked,
    fields,
    no_such,
    not_in_enum,
    query_args,
    told,
)
from demo.stores.woocommerce.shop import TRASH, Shop
from demo.stores.woocommerce.things import BY_PARENT, Product

BACKORDERS = ["no", "notify", "yes"]
STANDINGS = ["instock", "outofstock", "onbackorder"]


class ProductRoutes:
    """Products and variations of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def table(self) -> Table:
        """Methods, path, view."""
        one, below = "/products/<int:product_id>", "/products/<int:product_id>/variations"
        return [
            (["GET"], "/products", self._products),
            (["POST"], "/products", lambda: told(self._create(asked()), 201)),
            (EDITS, "/products/batch", self._batch),
            (["GET"], one, self._read),
            (EDITS, one, lambda product_id: told(self._change({**asked(), "id": product_id}))),
            (["DELETE"], one, lambda product_id: told(self._remove(product_id, force=_forced()))),
            (["GET"], "/variations", lambda: self._variations(None)),
            (["GET"], below, lambda product_id: self._variations(self._parent(product_id))),
            (["POST"], below, lambda product_id: told(self._create(asked(), self._parent(product_id)), 201)),
            (EDITS, f"{below}/batch", self._batch_variations),
            (["GET"], f"{below}/<int:variation_id>", self._read_variation),
            (EDITS, f"{below}/<int:variation_id>", self._change_variation),
            (["DELETE"], f"{below}/<int:variation_id>", self._delete_variation),
        ]

    def _products(self) -> Response:
        return self._listed(lambda product: not product.parent_id, self._shop.bodies.product)

    def _variations(self, parent: Product | None) -> Response:
        return self._listed(
            lambda product: product.parent_id == parent.id if parent else bool(product.parent_id),
            self._shop.bodies.variation,
        )

    def _listed(self, among: Callable[[Product], bool], show: Callable[[Product], Object]) -> Response:
        args = query_args()
        query = ListQuery.of(args, self._shop.zone)
        products = self._shop.products
        given: Iterable[Product] = products.values()
        if query.included:
            given = (products[one] for one in query.included if one in products)
        found = [product for product in given if among(product) and query.wants(product)]
        return query.answer([product for product in found if self._passes(product, query.args)], show)

    def _passes(self, product: Product, args: Any) -> bool:
        """The filters of products."""
        words = args.get("status", "any").split(",")
        skus = args.get("sku", "").split(",")
        return (
            (product.status in words or ("any" in words and product.status != TRASH))
            and args.get("type", product.type) == product.type
            and (skus == [""] or product.sku in skus)
            and args.get("stock_status", self._shop.bodies.stock_status(product))
            == self._shop.bodies.stock_status(product)
        )

    def _read(self, product_id: int) -> Response:
        return told(fields(self._shop.bodies.product(self._product(product_id)), request.args))

    def _read_variation(self, product_id: int, variation_id: int) -> Response:
        return told(fields(self._shop.bodies.variation(self._variation(product_id, variation_id)), request.args))

    def _change(self, body: Object) -> Object:
        product = self._product(body.get("id", 0), 400)
        if product.parent_id:
            message = (
                "To manipulate product variations you should use the "
                "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
            )
            raise ApiError("woocommerce_rest_invalid_product_id", message, 404)
        self._write(product, body)
        return self._shop.bodies.product(product)

    def _change_variation(self, product_id: int, variation_id: int) -> Response:
        return told(self._edit_variation(product_id, {**asked(), "id": variation_id}))

    def _edit_variation(self, product_id: int, body: Object) -> Object:
        variation = self._variation(product_id, body.get("id", 0))
        self._write(variation, body)
        return self._shop.bodies.variation(variation)

    def _batch(self) -> Response:
        return told(batch(asked(), {"create": self._create, "update": self._change, "delete": self._delete_now}))

    def _batch_variations(self, product_id: int) -> Response:
        parent = self._parent(product_id)
        steps: dict[str, Callable[[Any], Object]] = {
            "create": lambda one: self._create(one, parent),
            "update": lambda one: self._edit_variation(product_id, one),
            "delete": lambda one: self._delete_now(self._variation(product_id, int(one)).id),
        }
        return told(batch(asked(), steps))

    def _delete_variation(self, product_id: int, variation_id: int) -> Response:
        return told(self._delete_now(self._variation(product_id, variation_id).id))

    def _delete_now(self, product_id: int) -> Object:
        return self._remove(int(product_id), force=True)

    def _remove(self, product_id: int, *, force: bool) -> Object:
        product = self._product(product_id)
        body = self._shop.product_body(product)
        if force:
            self._shop.delete_product(product)
        elif product.status == TRASH:
            raise ApiError("woocommerce_rest_already_trashed", "The product has already been deleted.", 410)
        else:
            self._shop.trash_product(product)
        keep(self._shop, "DELETE product", product_id, {}, "for good" if force else "trash")
        return body

    def _create(self, body: Object, parent: Product | None = None) -> Object:
        """A product or a variation. A new one allows no backorders unless it is said."""
        self._check(body, None)
        stock = Decimal(str(body.get("stock_quantity") or 0)) if body.get("manage_stock") else None
        option = next((str(attribute["option"]) for attribute in body.get("attributes", []) if parent), "")
        product = self._shop.add_product(
            body.get("name") or option,
            body.get("sku", ""),
            stock,
            price=Decimal(str(body.get("regular_price") or 0)),
            backorders=body.get("backorders", "no"),
            parent=parent.id if parent else 0,
            variable=body.get("type") == "variable",
            counted_by_parent=bool(parent and parent.manage_stock and stock is None),
        )
        product.standing = body.get("stock_status", "instock")
        product.low_stock_amount = body.get("low_stock_amount")
        for meta in body.get("meta_data", []):
            self._shop.write_meta(product.meta, meta)
        keep(self._shop, "POST product", product.id, body)
        return self._shop.product_body(product)

    def _write(self, product: Product, body: Object) -> None:
        """Write to a product. Its number is written only where it is its own; of another nothing is said."""
        self._check(body, product)
        shop = self._shop
        product.name = body.get("name", product.name)
        product.sku = body.get("sku", product.sku)
        product.status = body.get("status", product.status)
        product.backorders = body.get("backorders", product.backorders)
        product.standing = body.get("stock_status", product.standing)
        product.low_stock_amount = body.get("low_stock_amount", product.low_stock_amount)
        if body.get("regular_price"):
            product.price = Decimal(str(body["regular_price"]))
        for meta in body.get("meta_data", []):
            shop.write_meta(product.meta, meta)
        if "manage_stock" in body:
            self._count(product, counted=bool(body["manage_stock"]))
        if product.manage_stock is True and body.get("stock_quantity") is not None:
            shop.stock.type_over(product, Decimal(str(body["stock_quantity"])))
        elif product.manage_stock is True and body.get("inventory_delta"):
            shop.stock.add(product, Decimal(str(body["inventory_delta"])))
        else:
            shop.stock.tell(product)
        keep(shop, "PUT product", product.id, body, ",".join(sorted(body.keys() - {"id"})) or "empty")

    def _count(self, product: Product, *, counted: bool) -> None:
        """Switch counting on or off. A variation that is not counted itself is counted by a parent that is."""
        parent = self._shop.products.get(product.parent_id)
        product.manage_stock = counted or (BY_PARENT if parent is not None and parent.manage_stock else False)
        for child in (self._shop.products[one] for one in product.children):
            if child.manage_stock is not True:
                child.manage_stock = BY_PARENT if counted else False

    def _check(self, body: Object, product: Product | None) -> None:
        if body.get("backorders", "no") not in BACKORDERS:
            raise not_in_enum("backorders", BACKORDERS)
        if body.get("stock_status", "instock") not in STANDINGS:
            raise not_in_enum("stock_status", STANDINGS)
        for other in self._shop.products.values():
            if body.get("sku") and other.sku == body["sku"] and other is not product:
                data = {"status": 400, "resource_id": other.id, "unique_sku": f"{other.sku}-1"}
                raise ApiError("product_invalid_sku", "Invalid or duplicated SKU.", 400, data)

    def _product(self, product_id: int, status: int = 404) -> Product:
        product = self._shop.products.get(product_id)
        if product is None:
            raise no_such("product", status)
        return product

    def _parent(self, product_id: int) -> Product:
        product = self._shop.products.get(product_id)
        if product is None:
            raise ApiError("woocommerce_rest_product_variation_invalid_id", "Invalid ID.", 404)
        return product

    def _variation(self, product_id: int, variation_id: int) -> Product:
        variation = self._shop.products.get(variation_id)
        if variation is None or variation.parent_id != product_id:
            raise no_such("product_variation")
        return variation


def _forced() -> bool:
    return request.args.get("force", "false") in ("true", "1")
