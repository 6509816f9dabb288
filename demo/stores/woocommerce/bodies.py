"""How the REST API and the webhooks show what a shop has: the shapes that the real shop was seen to give."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from demo.stores.woocommerce.hooks import Webhook
from demo.stores.woocommerce.rest import PREFIX, Object, stamp
from demo.stores.woocommerce.things import BY_PARENT, Line, Meta, Note, Order, Product, number

EVERY_METHOD = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
LASTING = {"allow": ["GET", "DELETE"]}
"""Of what is not changed any more."""
ADDRESS = {
    "first_name": "", "last_name": "", "company": "", "address_1": "", "address_2": "", "city": "", "state": "",
    "postcode": "", "country": "", "email": "", "phone": "",
}  # fmt: skip
NOTHING_SOLD = {"date_on_sale_from": None, "date_on_sale_from_gmt": None, "date_on_sale_to": None,
                "date_on_sale_to_gmt": None, "on_sale": False}  # fmt: skip
NO_DOWNLOAD = {"virtual": False, "downloadable": False, "downloads": [], "download_limit": -1, "download_expiry": -1}
HOOKS = {
    "coupon.created": ["woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"],
    "coupon.updated": ["woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"],
    "customer.created": ["user_register", "woocommerce_created_customer", "woocommerce_new_customer"],
    "customer.updated": ["profile_update", "woocommerce_update_customer"],
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
    "product.created": [
        "woocommerce_process_product_meta",
        "woocommerce_new_product",
        "woocommerce_new_product_variation",
    ],
    "product.updated": [
        "woocommerce_process_product_meta",
        "woocommerce_update_product",
        "woocommerce_update_product_variation",
    ],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
}
"""The shop's own names of what a topic listens to."""
NO_SIZE = {"length": "", "width": "", "height": ""}


@dataclass(slots=True)
class Settings:
    """What the merchant and the shop's plugins have set."""

    address: str
    zone: ZoneInfo
    name: str = ""
    currency: str = "USD"
    decimals: bool = True
    """Whether a plugin for fractions of a unit is on. Without it the shop reads whole units of what it has kept."""
    no_stock_amount: Decimal = Decimal(0)
    """At or below it a product is out of stock."""
    fulfilments: bool = True
    """The shop's feature for parcels."""
    gateway_refunds: bool = False
    """Whether its way of payment can give money back by itself."""
    backordered_label: str = "Backordered"
    """The key of the line's mark, in the shop's own language."""

    def units(self, units: Decimal) -> int | float:
        """A quantity as it is read now."""
        return number(units) if self.decimals else int(units)


class Bodies:
    """Shows orders and products as JSON objects."""

    def __init__(self, settings: Settings, products: Mapping[int, Product]) -> None:
        self._settings = settings
        self._products = products

    def counted(self, product: Product) -> Product:
        """The product whose number counts this one: itself, or its parent."""
        return self._products[product.parent_id] if product.manage_stock == BY_PARENT else product

    def stock_status(self, product: Product) -> str:
        """Where nothing is counted, what the merchant set."""
        counted = self.counted(product)
        if not counted.manage_stock:
            return counted.standing
        if counted.stock > self._settings.no_stock_amount:
            return "instock"
        return "onbackorder" if counted.backorders != "no" else "outofstock"

    def product(self, product: Product) -> Object:
        """A product; also a variation where it is shown among products: in webhooks, and asked for by its id there."""
        parent = self._products.get(product.parent_id)
        address = f"{self._settings.address}/product/{_slug(product.name)}/"
        options = [self._products[one].name for one in product.children if one in self._products]
        sizes = {"id": 0, "name": "Size", "slug": "Size", "position": 0, "visible": True, "variation": True}
        variable = product.type == "variable"
        prices = [self._products[one].price for one in product.children if one in self._products]
        return {
            **self._common(product),
            "name": f"{parent.name} - {product.name}" if parent else product.name,
            "slug": _slug(product.name),
            "permalink": address,
            "type": product.type,
            "price": f"{min(prices):.2f}" if prices else "" if variable else f"{product.price:.2f}",
            "purchasable": bool(prices) if variable else True,
            "featured": False,
            "catalog_visibility": "visible",
            "short_description": "",
            "regular_price": "" if variable else f"{product.price:.2f}",
            "total_sales": product.sold,
            "external_url": "",
            "button_text": "",
            "sold_individually": False,
            "shipping_required": True,
            "shipping_taxable": True,
            "reviews_allowed": True,
            "average_rating": "0.00",
            "rating_count": 0,
            "upsell_ids": [],
            "cross_sell_ids": [],
            "purchase_note": "",
            "categories": [{"id": 15, "name": "Uncategorized", "slug": "uncategorized"}],
            "brands": [],
            "tags": [],
            "images": [],
            "attributes": [{**sizes, "options": options}] if variable else _option(product),
            "default_attributes": [],
            "variations": list(product.children),
            "grouped_products": [],
            "price_html": f'<span class="woocommerce-Price-amount amount">{product.price:.2f}</span>',
            "related_ids": [],
            "has_options": variable,
            "post_password": "",
            "_links": self._links(f"products/{product.id}", "products"),
        }

    def variation(self, product: Product) -> Object:
        """A variation as it is shown among variations."""
        parent = self._products[product.parent_id]
        address = f"{self._settings.address}/product/{_slug(parent.name)}/?attribute_size={product.name}"
        links = self._links(f"products/{parent.id}/variations/{product.id}", f"products/{parent.id}/variations")
        return {
            **self._common(product),
            "type": product.type,
            "permalink": address,
            "regular_price": f"{product.price:.2f}",
            "image": None,
            "attributes": _option(product),
            "_links": links | {"up": [{"href": self._url(f"products/{parent.id}")}]},
        }

    def _common(self, product: Product) -> Object:
        """What products and variations have alike. One that uses its parent's stock repeats its number."""
        counted = self.counted(product)
        status = self.stock_status(product)
        return {
            "id": product.id,
            "name": product.name,
            **self._dates("created", product.created),
            **self._dates("modified", product.modified),
            "status": product.status,
            "description": "",
            "sku": product.sku,
            "price": f"{product.price:.2f}",
            "sale_price": "",
            **NOTHING_SOLD,
            "purchasable": True,
            **NO_DOWNLOAD,
            "tax_status": "taxable",
            "tax_class": "",
            "manage_stock": product.manage_stock,
            "stock_quantity": self._settings.units(counted.stock) if product.manage_stock else None,
            "stock_status": status,
            "backorders": counted.backorders,
            "backorders_allowed": counted.backorders != "no",
            "backordered": status == "onbackorder",
            "low_stock_amount": product.low_stock_amount,
            "weight": "",
            "dimensions": NO_SIZE,
            "shipping_class": "",
            "shipping_class_id": 0,
            "parent_id": product.parent_id,
            "menu_order": 0,
            "meta_data": [meta_body(meta) for meta in product.meta],
            "global_unique_id": "",
        }

    def order(self, order: Order) -> Object:
        """An order as answers and webhooks show it. Of a refund it tells only that there is one."""
        first, _, last = order.name.partition(" ")
        who = ADDRESS | {"first_name": first, "last_name": last, "email": order.email}
        total, key = f"{order.total:.2f}", f"wc_order_{order.id:013x}"
        links = self._links(f"orders/{order.id}", "orders")
        templates = {"embeddable": True, "href": self._url(f"orders/{order.id}/actions/email_templates")}
        if order.customer_id:
            links["customer"] = [{"href": self._url(f"customers/{order.customer_id}")}]
        return {
            "id": order.id,
            "parent_id": 0,
            "status": order.status,
            "currency": self._settings.currency,
            "version": "10.5.0",
            "prices_include_tax": False,
            **self._dates("created", order.created),
            **self._dates("modified", order.modified),
            "discount_total": "0.00",
            "discount_tax": "0.00",
            "shipping_total": "0.00",
            "shipping_tax": "0.00",
            "cart_tax": "0.00",
            "total": total,
            "total_tax": "0.00",
            "customer_id": order.customer_id,
            "order_key": key,
            "billing": who,
            "shipping": {name: value for name, value in who.items() if name != "email"},
            "payment_method": "bacs",
            "payment_method_title": "Direct bank transfer",
            "transaction_id": "",
            "customer_ip_address": "",
            "customer_user_agent": "",
            "created_via": order.via,
            "customer_note": "",
            **self._dates("completed", order.completed),
            **self._dates("paid", order.paid),
            "cart_hash": "",
            "number": str(order.id),
            "meta_data": [meta_body(meta) for meta in order.meta],
            "line_items": [self._line(line) for line in order.lines],
            "tax_lines": [],
            "shipping_lines": [],
            "fee_lines": [],
            "coupon_lines": [],
            "refunds": [
                {"id": refund["id"], "reason": refund["reason"], "total": f"-{refund['amount']}"}
                for refund in order.refunds
            ],
            "payment_url": f"{self._settings.address}/checkout/order-pay/{order.id}/?pay_for_order=true&key={key}",
            "is_editable": order.status in ("pending", "on-hold"),
            "needs_payment": order.status in ("pending", "failed") and order.total > 0,
            "needs_processing": True,
            "currency_symbol": "$",
            "_links": links | {"email_templates": [templates]},
        }

    def _line(self, line: Line) -> Object:
        """A line of an order; its price is what is left after discounts, without tax."""
        price = line.total / line.quantity if line.quantity else Decimal(0)
        return {
            "id": line.id,
            "name": line.name,
            "product_id": line.product_id,
            "variation_id": line.variation_id,
            "quantity": self._settings.units(line.quantity),
            "tax_class": "",
            "subtotal": f"{line.total:.2f}",
            "subtotal_tax": "0.00",
            "total": f"{line.total:.2f}",
            "total_tax": "0.00",
            "taxes": [],
            "meta_data": [
                meta_body(meta) | {"display_key": meta.label or meta.key, "display_value": meta.value}
                for meta in line.meta
            ],
            "sku": line.sku,
            "global_unique_id": "",
            "price": number(price),
            "image": {"id": 0 if line.variation_id else "", "src": ""},
            "parent_name": line.parent_name,
        }

    def refund(self, order: Order, refund: Object) -> Object:
        """A refund with its units."""
        links = self._links(f"orders/{order.id}/refunds/{refund['id']}", f"orders/{order.id}/refunds", LASTING)
        return refund | {"_links": links | {"up": [{"href": self._url(f"orders/{order.id}")}]}}

    def note(self, order: Order, note: Note) -> Object:
        """A note of an order."""
        links = self._links(f"orders/{order.id}/notes/{note.id}", f"orders/{order.id}/notes", LASTING)
        return {
            "id": note.id,
            "author": note.author,
            **self._dates("created", note.at),
            "note": note.text.replace("→", "&rarr;"),
            "customer_note": note.to_customer,
            "_links": links | {"up": [{"href": self._url(f"orders/{order.id}")}]},
        }

    def webhook(self, webhook: Webhook) -> Object:
        """A webhook, without its secret."""
        resource, _, event = webhook.topic.partition(".")
        return {
            "id": webhook.id,
            "name": webhook.name,
            "status": webhook.status,
            "topic": webhook.topic,
            "resource": resource,
            "event": event,
            "hooks": HOOKS.get(webhook.topic, [event]),
            "delivery_url": webhook.url,
            **self._dates("created", webhook.created),
            **self._dates("modified", webhook.modified),
            "_links": self._links(f"webhooks/{webhook.id}", "webhooks"),
        }

    def local(self, moment: datetime) -> str:
        """A field without `_gmt`: the shop's wall clock."""
        return moment.astimezone(self._settings.zone).replace(tzinfo=None, microsecond=0).isoformat()

    def _dates(self, prefix: str, moment: datetime | None) -> Object:
        """A moment in the shop's own time and in UTC."""
        local = self.local(moment) if moment else None
        return {f"date_{prefix}": local, f"date_{prefix}_gmt": stamp(moment) if moment else None}

    def _links(self, own: str, all_of_them: str, allow: Object = EVERY_METHOD) -> Object:
        own_link = {"href": self._url(own), "targetHints": allow}
        return {"self": [own_link], "collection": [{"href": self._url(all_of_them)}]}

    def _url(self, path: str) -> str:
        return f"{self._settings.address}{PREFIX}/{path}"


def meta_body(meta: Meta) -> Object:
    """An entry of meta data."""
    return {"id": meta.id, "key": meta.key, "value": meta.value}


def _option(product: Product) -> list[Object]:
    chosen = {"id": 0, "name": "Size", "slug": "size", "option": product.name}
    return [chosen] if product.type == "variation" else []


def _slug(name: str) -> str:
    return "-".join(name.lower().split())
