"""What becomes of an order's units after the sale: refunds, and parcels with or without them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from demo.stores.woocommerce.rest import ApiError, Object, stamp
from demo.stores.woocommerce.things import Line, Order, number, parcel_items

if TYPE_CHECKING:
    from demo.stores.woocommerce.shop import Shop

STATUS_KEY = "_fulfillment_status"
LEFT_KEY = "_date_fulfilled"


class Aftermath:
    """Refunds and parcels of one shop's orders."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._last_parcel = 0

    def refund(
        self,
        order: Order,
        amount: Decimal,
        units: Sequence[tuple[Line, Decimal, Decimal]] = (),
        *,
        reason: str = "",
        restock: bool = True,
    ) -> Object:
        """Give money back, and with it units: line, quantity, money. A refund of all that is left makes the order
        refunded.
        """
        shop = self._shop
        now = shop.now()
        whole = amount >= order.total
        refund = {
            "id": shop.next_id(),
            "date_created": shop.bodies.local(now),
            "date_created_gmt": stamp(now),
            "amount": f"{amount:.2f}",
            "reason": reason,
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [{"id": shop.next_part(), "key": "_refund_type", "value": "full" if whole else "partial"}],
            "line_items": [self._refunded(*one) for one in units],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
        }
        order.refunds.insert(0, refund)
        for line, quantity, _ in units:
            moved = shop.stock.put_back(line, quantity) if restock else ""
            if moved:
                shop.note(order, moved)
        shop.touch(order)
        if self._is_whole(order):
            shop.set_status(order, "refunded")
        return refund

    def refund_the_rest(self, order: Order) -> None:
        """What setting the status refunded does: the money that is left goes back, no unit is named."""
        left = order.total - order.refunded_amount
        if left > 0:
            self.refund(order, left, reason="Order fully refunded.", restock=False)

    def send(self, order: Order, metas: Sequence[Mapping[str, Any]], *, fulfilled: bool = True) -> Object:
        """A parcel; one that is not fulfilled is a draft and ships nothing. What is in it nobody checks."""
        self._last_parcel += 1
        parcel: Object = {"id": self._last_parcel, "entity_type": "WC_Order", "entity_id": str(order.id)}
        order.fulfilments.append(parcel)
        return self.change(order, parcel, metas, fulfilled=fulfilled)

    def change(self, order: Order, parcel: Object, metas: Sequence[Mapping[str, Any]], *, fulfilled: bool) -> Object:
        """Write a parcel anew, and what the shop concludes of all of them at the order."""
        moment = self._shop.bodies.local(self._shop.now()).replace("T", " ")
        kept = [{"id": self._shop.next_part(), "key": meta["key"], "value": meta["value"]} for meta in metas]
        self._shop.next_part()  # The id of the entry that says when it left.
        parcel |= {
            "is_fulfilled": fulfilled,
            "status": "fulfilled" if fulfilled else "unfulfilled",
            "date_updated": moment,
            "meta_data": kept,
        }
        self._conclude(order)
        return parcel

    def take_away(self, order: Order, parcel: Object) -> None:
        """Delete a parcel."""
        order.fulfilments.remove(parcel)
        self._conclude(order)

    def shown(self, parcel: Object) -> Object:
        """A parcel as an answer shows it: one that left says when."""
        if not parcel["is_fulfilled"]:
            return parcel
        left = {"id": parcel["meta_data"][-1]["id"] + 1, "key": LEFT_KEY, "value": parcel["date_updated"]}
        return parcel | {"meta_data": [*parcel["meta_data"], left]}

    def _conclude(self, order: Order) -> None:
        """The order's mark. A draft keeps it from saying that all has left, whatever is left to ship."""
        left = [parcel["is_fulfilled"] for parcel in order.fulfilments]
        whole = all(order.shipped(line.id) >= line.quantity - order.refunded(line.id) for line in order.lines)
        word = "unfulfilled"
        if any(left):
            word = "fulfilled" if all(left) and whole else "partially_fulfilled"
        self._shop.write_meta(order.meta, {"key": STATUS_KEY, "value": word})
        self._shop.touch(order)

    def _refunded(self, line: Line, quantity: Decimal, amount: Decimal) -> Object:
        shop = self._shop
        mark = {"id": shop.next_part(), "key": "_refunded_item_id", "value": str(line.id)}
        return {
            "id": shop.next_item(),
            "name": line.name,
            "product_id": line.product_id,
            "variation_id": line.variation_id,
            "quantity": -number(quantity),
            "tax_class": "",
            "subtotal": f"-{amount:.2f}",
            "subtotal_tax": "0.00",
            "total": f"-{amount:.2f}",
            "total_tax": "0.00",
            "taxes": [],
            "meta_data": [mark | {"display_key": mark["key"], "display_value": mark["value"]}],
            "sku": line.sku,
            "global_unique_id": "",
            "price": number(amount / quantity) if quantity else 0,
            "image": {"id": 0, "src": ""},
            "parent_name": line.parent_name,
        }

    def _is_whole(self, order: Order) -> bool:
        """Whether nothing is left to refund: no money, and of lines that cost nothing no unit."""
        free = [line for line in order.lines if not line.total]
        return order.refunded_amount >= order.total and all(order.refunded(line.id) >= line.quantity for line in free)


def items_of(asked: Object) -> Sequence[Mapping[str, Any]]:
    """The entries of a parcel's meta data that the shop keeps: one without an id is dropped in silence."""
    kept = [meta for meta in asked.get("meta_data", []) if isinstance(meta, dict) and "id" in meta]
    if not parcel_items({"meta_data": kept}):
        raise ApiError(0, "The fulfillment should contain at least one item.", 400)
    return kept
