"""The REST routes of what hangs at an order: refunds, notes and parcels."""

from collections.abc import Callable
from decimal import Decimal

from flask import Response, request

from demo.stores.woocommerce.aftermath import items_of
from demo.stores.woocommerce.operations import keep
from demo.stores.woocommerce.order_routes import EDITS, Table
from demo.stores.woocommerce.rest import ApiError, Object, asked, listed, no_route, no_such, query_args, told
from demo.stores.woocommerce.shop import Refused, Shop
from demo.stores.woocommerce.things import Note, Order

NO_GATEWAY = "The payment gateway for this order does not support automatic refunds."


class OrderParts:
    """Refunds, notes and parcels of one shop's orders."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def table(self) -> Table:
        """Methods, path, view."""
        refunds, notes, parcels = (f"/orders/<int:order_id>/{word}" for word in ("refunds", "notes", "fulfillments"))
        return [
            (["GET"], refunds, self._at_order(self._refunds)),
            (["POST"], refunds, self._at_order(self._refund)),
            (["GET"], f"{refunds}/<int:part_id>", self._at_order(self._one_refund)),
            (["GET"], notes, self._at_order(self._notes, "order")),
            (["POST"], notes, self._at_order(self._add_note, "order")),
            (["GET"], f"{notes}/<int:part_id>", self._at_order(self._one_note, "order")),
            (["DELETE"], f"{notes}/<int:part_id>", self._at_order(self._delete_note, "order")),
            (["GET"], parcels, self._at_order(self._feature(self._parcels))),
            (["POST"], parcels, self._at_order(self._feature(self._send))),
            (["GET"], f"{parcels}/<int:part_id>", self._at_order(self._feature(self._one_parcel))),
            (EDITS, f"{parcels}/<int:part_id>", self._at_order(self._feature(self._change_parcel))),
            (["DELETE"], f"{parcels}/<int:part_id>", self._at_order(self._feature(self._delete_parcel))),
        ]

    def _at_order(self, view: Callable[..., Response], what: str = "shop_order") -> Callable[..., Response]:
        def with_order(order_id: int, **values: int) -> Response:
            order = self._shop.orders.get(order_id)
            if order is None:
                raise no_such(what)
            return view(order, **values)

        return with_order

    def _feature(self, view: Callable[..., Response]) -> Callable[..., Response]:
        """Without the feature for parcels the shop does not know the route."""

        def while_on(order: Order, **values: int) -> Response:
            return view(order, **values) if self._shop.settings.fulfilments else no_route()

        return while_on

    def _refunds(self, order: Order) -> Response:
        shown = [self._shop.bodies.refund(order, refund) for refund in order.refunds]
        return listed(shown, query_args(), lambda _: True)

    def _one_refund(self, order: Order, part_id: int) -> Response:
        for refund in order.refunds:
            if refund["id"] == part_id:
                return told(self._shop.bodies.refund(order, refund))
        raise no_such("shop_order_refund")

    def _refund(self, order: Order) -> Response:
        """Give money back; by itself only where the shop's way of payment can."""
        body = asked()
        units = []
        for line in body.get("line_items", []):
            try:
                known = self._shop.line(order, line["id"])
            except Refused as refusal:
                raise ApiError("woocommerce_rest_invalid_item_id", str(refusal), 400) from None
            money = Decimal(str(line.get("refund_total", 0)))
            units.append((known, Decimal(str(line.get("quantity", 0))), money))
        amount = Decimal(str(body.get("amount", sum((money for *_, money in units), Decimal(0)))))
        if not 0 <= amount <= order.total - order.refunded_amount:
            raise _no_refund("Invalid refund amount.")
        if body.get("api_refund", True) and not self._shop.settings.gateway_refunds:
            raise _no_refund(NO_GATEWAY)
        restock = bool(body.get("api_restock", True))
        made = self._shop.aftermath.refund(order, amount, units, reason=body.get("reason", ""), restock=restock)
        made["refunded_payment"] = bool(body.get("api_refund", True))
        keep(self._shop, "POST refund", order.id, body, f"{amount:.2f}{'' if restock else ' without restock'}")
        return told(self._shop.bodies.refund(order, made), 201)

    def _notes(self, order: Order) -> Response:
        """In one piece, the newest second first."""
        kinds = {"customer": [True], "internal": [False]}.get(request.args.get("type", "any"), [True, False])
        found = [note for note in order.notes if note.to_customer in kinds]
        found.sort(key=lambda note: (-note.at.timestamp(), note.id))
        return told([self._shop.bodies.note(order, note) for note in found])

    def _one_note(self, order: Order, part_id: int) -> Response:
        return told(self._shop.bodies.note(order, self._note(order, part_id)))

    def _add_note(self, order: Order) -> Response:
        body = asked()
        if "note" not in body:
            data = {"status": 400, "params": ["note"]}
            raise ApiError("rest_missing_callback_param", "Missing parameter(s): note", 400, data)
        note = self._shop.note(order, body["note"], to_customer=bool(body.get("customer_note")))
        keep(self._shop, "POST note", order.id, body, "to the customer" if note.to_customer else "private")
        return told(self._shop.bodies.note(order, note), 201)

    def _delete_note(self, order: Order, part_id: int) -> Response:
        note = self._note(order, part_id)
        if request.args.get("force", "false") not in ("true", "1"):
            raise ApiError("woocommerce_rest_trash_not_supported", "Order notes do not support trashing.", 501)
        order.notes.remove(note)
        keep(self._shop, "DELETE note", order.id, {"note": note.text})
        return told(self._shop.bodies.note(order, note))

    def _note(self, order: Order, note_id: int) -> Note:
        for note in order.notes:
            if note.id == note_id:
                return note
        raise ApiError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)

    def _parcels(self, order: Order) -> Response:
        return told([self._shop.aftermath.shown(parcel) for parcel in order.fulfilments])

    def _one_parcel(self, order: Order, part_id: int) -> Response:
        return told(self._shop.aftermath.shown(_parcel(order, part_id)))

    def _send(self, order: Order) -> Response:
        body = asked()
        parcel = self._shop.aftermath.send(order, items_of(body), fulfilled=_leaves(body))
        told_to = request.args.get("notify_customer", "false") in ("true", "1")
        keep(self._shop, "POST fulfillment", order.id, body, parcel["status"] + (" and told" if told_to else ""))
        return told(self._shop.aftermath.shown(parcel), 201)

    def _change_parcel(self, order: Order, part_id: int) -> Response:
        body, parcel = asked(), _parcel(order, part_id)
        self._shop.aftermath.change(order, parcel, items_of(body), fulfilled=_leaves(body))
        keep(self._shop, "PUT fulfillment", order.id, body, parcel["status"])
        return told(self._shop.aftermath.shown(parcel))

    def _delete_parcel(self, order: Order, part_id: int) -> Response:
        parcel = _parcel(order, part_id)
        self._shop.aftermath.take_away(order, parcel)
        keep(self._shop, "DELETE fulfillment", order.id, {"meta_data": parcel["meta_data"]})
        return told({"message": "Fulfillment deleted successfully."})


def _leaves(body: Object) -> bool:
    """Whether the parcel ships. A status that the shop does not know is stored as a draft."""
    return bool(body.get("is_fulfilled", body.get("status") == "fulfilled"))


def _parcel(order: Order, parcel_id: int) -> Object:
    for parcel in order.fulfilments:
        if parcel["id"] == parcel_id:
            return parcel
    raise ApiError(404, "Fulfillment not found.", 400)


def _no_refund(message: str) -> ApiError:
    """The real shop gives a number where all its other errors give an object."""
    return ApiError("woocommerce_rest_cannot_create_order_refund", message, 500, 500)
