"""The mutation side of the Admin API: what an app may change, how Shopify refuses it, and what was really changed."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from demo.stores.shopify.answers import Answers, hold_tree
from demo.stores.shopify.app_trees import subscription_tree
from demo.stores.shopify.bulk import Bulks
from demo.stores.shopify.field_writes import FieldWrites
from demo.stores.shopify.graph import Asked, Tree, refused
from demo.stores.shopify.names import gid, named
from demo.stores.shopify.refunds import money_back
from demo.stores.shopify.repeats import Repeats
from demo.stores.shopify.state import Hold, Order, Subscription, Work
from demo.stores.shopify.stock_writes import StockWrites, user_errors
from demo.stores.shopify.trade import Trade
from demo.stores.shopify.works import Refused

HANDLE_AT_MOST = 64
TAG_AT_MOST = 40
NOTE_AT_MOST = 5000
LIST_AT_MOST = 250
_THIS_MACHINE = ("127.0.0.1", "localhost")
"""The one thing in which the stand-in is milder than Shopify: a demo has no certificate."""
_TAKEN = "Address for this topic has already been taken"
_NOTHING: Tree = {"metafieldsSet": {"metafields": []}, "metafieldsDelete": {"deletedMetafields": []}}
"""What stands beside a refusal where it is not null."""


class Mutations:
    """What the app's own token may do."""

    def __init__(self, trade: Trade, answers: Answers, bulks: Bulks) -> None:
        self._trade = trade
        self._shop = trade.shop
        self._answers = answers
        self._bulks = bulks
        self.repeats = Repeats()
        self._stock = StockWrites(trade, self.repeats)
        self._fields = FieldWrites(trade)
        self.writes: list[str] = []
        """Names of the mutations that were run, in turn."""

    def root(self) -> Tree:
        """The fields of the mutation root."""
        fields: dict[str, Callable[..., Tree]] = {
            "bulkOperationCancel": self._bulks.cancel,
            "bulkOperationRunQuery": self._bulks.start,
            "fulfillmentCreate": self._ship,
            "fulfillmentOrderHold": self._hold,
            "fulfillmentOrderMove": self._move,
            "fulfillmentOrderReleaseHold": self._release,
            "fulfillmentOrderSplit": self._split,
            "inventoryAdjustQuantities": self._stock.adjust_quantities,
            "inventorySetQuantities": self._stock.set_quantities,
            "metafieldDefinitionCreate": self._fields.define,
            "metafieldsDelete": self._fields.delete,
            "metafieldsSet": self._fields.put,
            "productVariantsBulkUpdate": self._fields.update_variants,
            "orderCancel": self._cancel,
            "orderUpdate": self._annotate,
            "refundCreate": self._refund,
            "tagsAdd": self._add_tags,
            "tagsRemove": self._remove_tags,
            "webhookSubscriptionCreate": self._subscribe,
            "webhookSubscriptionDelete": self._unsubscribe,
        }
        return {name: self._noted(field) for name, field in fields.items()}

    def _noted(self, field: Callable[..., Tree]) -> Callable[..., Tree]:
        def resolve(asked: Asked, **given: Any) -> Tree:
            self.writes.append(asked.field)
            try:
                return {"userErrors": [], "orderCancelUserErrors": [], **field(asked, **given)}
            except Refused as error:
                told = user_errors(error)
                return {"userErrors": told, "orderCancelUserErrors": told, **_NOTHING.get(asked.field, {})}

        return resolve

    def _note(self, asked: Asked, target: str, operation: str = "", detail: str = "") -> None:
        self._trade.journal.note(self._trade.now(), asked.field, target, operation, detail)

    def _hold(self, asked: Asked, id: str, fulfillmentHold: Tree) -> Tree:
        order, work = self._work(id)
        lines = fulfillmentHold.get("fulfillmentOrderLineItems")
        chosen = None
        if lines:
            chosen = {named(line["id"])[1]: line["quantity"] for line in lines}
            if len(chosen) < len(lines):
                raise Refused(
                    "must contain unique line item ids",
                    "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS",
                    ("fulfillmentHold", "fulfillmentOrderLineItems"),
                )
        handle = fulfillmentHold.get("handle") or ""
        if len(handle) > HANDLE_AT_MOST:
            said = f"Handle is too long (maximum is {HANDLE_AT_MOST} characters)"
            raise Refused(said, None, ("fulfillmentHold", "handle"))
        notes = fulfillmentHold.get("reasonNotes")
        new = Hold(self._trade.ids.next("hold"), handle, True, fulfillmentHold["reason"], notes)
        rest = self._trade.hold_work(order, work, new, chosen)
        held = ",".join(f"{part.line.id}:{part.remaining}" for part in work.lines)
        self._note(asked, gid("FulfillmentOrder", work.id), handle, held)
        return {
            "fulfillmentHold": hold_tree(new),
            "fulfillmentOrder": self._answers.work(order, work),
            "remainingFulfillmentOrder": self._answers.work(order, rest) if rest else None,
        }

    def _release(self, asked: Asked, id: str, holdIds: list[str] | None = None, externalId: str | None = None) -> Tree:
        order, work = self._work(id)
        taken = self._trade.release_work(order, work, _numbers(holdIds))
        if taken:
            handles = ",".join(hold.handle for hold in taken)
            self._note(asked, gid("FulfillmentOrder", work.id), externalId or "", handles)
        return {"fulfillmentOrder": self._answers.work(order, work)}

    def _move(
        self, asked: Asked, id: str, newLocationId: str, fulfillmentOrderLineItems: list[Tree] | None = None
    ) -> Tree:
        order, work = self._work(id)
        place = named(newLocationId)[1]
        if place not in self._shop.locations:
            raise Refused("Location not found.", None, ("id",))
        moved = self._trade.move_work(order, work, place, _chosen(fulfillmentOrderLineItems))
        self._note(asked, gid("FulfillmentOrder", work.id), "", gid("Location", place))
        return {
            "movedFulfillmentOrder": self._answers.work(order, moved),
            "originalFulfillmentOrder": self._answers.work(order, work),
            "remainingFulfillmentOrder": None if moved is work else self._answers.work(order, work),
        }

    def _split(self, asked: Asked, fulfillmentOrderSplits: list[Tree]) -> Tree:
        found = [self._work(each["fulfillmentOrderId"]) for each in fulfillmentOrderSplits]
        told = []
        for (order, work), each in zip(found, fulfillmentOrderSplits, strict=True):
            rest = self._trade.split_work(order, work, _chosen(each["fulfillmentOrderLineItems"]) or {})
            self._note(asked, gid("FulfillmentOrder", work.id), "", gid("FulfillmentOrder", rest.id))
            told.append(
                {
                    "fulfillmentOrder": self._answers.work(order, work),
                    "remainingFulfillmentOrder": self._answers.work(order, rest),
                    "replacementFulfillmentOrder": None,
                }
            )
        return {"fulfillmentOrderSplits": told}

    def _ship(self, asked: Asked, fulfillment: Tree, message: str = "") -> Tree:  # noqa: ARG002 -- Shopify's own
        """Without lines all that is left of a fulfillment order is shipped."""
        parts = []
        orders = {}
        for each in fulfillment["lineItemsByFulfillmentOrder"]:
            order, work = self._work(each["fulfillmentOrderId"])
            rest = {line.id: line.remaining for line in work.lines if line.remaining}
            parts.append((work, _chosen(each.get("fulfillmentOrderLineItems")) or rest))
            orders[order.id] = order
        if len(orders) != 1:
            raise Refused("All fulfillment orders must belong to the same order.", None, ("fulfillment",))
        (order,) = orders.values()
        tracking = fulfillment.get("trackingInfo") or {}
        tell = bool(fulfillment.get("notifyCustomer"))
        made = self._trade.ship_parcel(order, parts, tracking, tell=tell)
        detail = ",".join(f"{units.line.id}:{units.quantity}" for units in made.lines)
        self._note(asked, gid("Order", order.id), tracking.get("number") or "", detail + (":told" if tell else ""))
        return {"fulfillment": {"id": gid("Fulfillment", made.id), "status": made.status}}

    def _refund(self, asked: Asked, input: Tree) -> Tree:
        return self.repeats.once(asked, input, lambda: self._refund_once(asked, input))

    def _refund_once(self, asked: Asked, input: Tree) -> Tree:
        order = self._order(input["orderId"])
        lines = [
            (
                named(line["lineItemId"])[1],
                line["quantity"],
                line.get("restockType") or "NO_RESTOCK",
                named(line.get("locationId") or "")[1] or None,
            )
            for line in input.get("refundLineItems") or ()
        ]
        back, told = money_back(order, input)
        done = self._trade.refund_lines(order.id, lines)
        done.note, done.paid_back, done.paid_back_as = input.get("note") or "", back, told
        detail = ",".join(f"{line}:{count}:{restock}" for line, count, restock, _ in lines)
        self._note(asked, gid("Order", order.id), asked.key or "", detail)
        return {
            "refund": lambda _asked: self._answers.refund(order, done),
            "order": lambda _asked: self._answers.order(order),
        }

    def _cancel(self, asked: Asked, orderId: str, restock: bool, **given: Any) -> Tree:
        order = self._order(orderId)
        if order.cancelled or any(shipment.status == "SUCCESS" for shipment in order.shipments):
            raise Refused("Order cannot be cancelled.", "INVALID", ("orderId",))
        order.staff_note = given.get("staffNote") or ""
        back = order.refundable
        self._trade.cancel_order(order.id, restock)
        if (given.get("refundMethod") or {}).get("originalPaymentMethodsRefund") and order.refunds:
            order.refunds[-1].paid_back = back
        self._note(asked, gid("Order", order.id), order.staff_note, "restock" if restock else "")
        return {"job": None}

    def _add_tags(self, asked: Asked, id: str, tags: list[str]) -> Tree:
        order = self._tagged(id, tags)
        if any(len(tag.strip()) > TAG_AT_MOST for tag in tags):
            raise Refused(f"Tag is too long (maximum is {TAG_AT_MOST} characters)", None, ("tags",))
        return self._retagged(asked, order, self._trade.retag(order.id, add=tags))

    def _remove_tags(self, asked: Asked, id: str, tags: list[str]) -> Tree:
        order = self._tagged(id, tags)
        return self._retagged(asked, order, self._trade.retag(order.id, remove=tags))

    def _annotate(self, asked: Asked, input: Tree) -> Tree:
        """`orderUpdate`, as far as the note goes: the last one who writes it wins."""
        order = self._order(input["id"])
        text = input.get("note") or ""
        if len(text) > NOTE_AT_MOST:
            raise Refused(f"Note is too long (maximum is {NOTE_AT_MOST} characters)", None, ("note",))
        if self._trade.write_note(order.id, text):
            self._note(asked, gid("Order", order.id), "", text)
        return {"order": lambda _asked: self._answers.order(order)}

    def _tagged(self, id: str, tags: list[str]) -> Order:
        if len(tags) > LIST_AT_MOST:
            said = f"The input array size of {len(tags)} is greater than the maximum allowed of {LIST_AT_MOST}."
            raise refused(said, "MAX_INPUT_SIZE_EXCEEDED")
        kind, number = named(id)
        if kind == "Order" and number not in self._shop.orders:
            raise Refused("Order does not exist", None, ("id",))
        return self._order(id)

    def _retagged(self, asked: Asked, order: Order, done: Iterable[str]) -> Tree:
        told = ",".join(done)
        if told:
            self._note(asked, gid("Order", order.id), "", told)
        return {"node": lambda _asked: self._answers.order(order)}

    def _subscribe(self, asked: Asked, topic: str, webhookSubscription: Tree) -> Tree:
        uri = (webhookSubscription.get("uri") or "").strip()
        where = ("webhookSubscription", "callbackUrl")
        parts = urlsplit(uri)
        if not uri:
            raise Refused("Address can't be blank", None, where)
        if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
            raise Refused(f"Address protocol {parts.scheme}:// is not supported", None, where)
        if not parts.hostname:
            raise Refused("Address is invalid", None, where)
        if parts.hostname.endswith((".myshopify.com", ".shopify.com")):
            raise Refused("Address cannot be a Shopify or an internal domain", None, where)
        if any((old.topic, old.uri) == (topic, uri) for old in self._shop.subscriptions.values()):
            raise Refused(_TAKEN, None, where)
        number = self._trade.ids.next("subscription")
        self._shop.subscriptions[number] = Subscription(number, topic, uri)
        self._note(asked, gid("WebhookSubscription", number), "", topic)
        return {"webhookSubscription": subscription_tree(self._shop.subscriptions[number])}

    def _unsubscribe(self, asked: Asked, id: str) -> Tree:
        found = self._shop.subscriptions.pop(named(id)[1], None)
        if found is None:
            raise Refused("Webhook subscription does not exist", None, ("id",))
        self._note(asked, id, "", found.topic)
        return {"deletedWebhookSubscriptionId": id}

    def _order(self, id: str) -> Order:
        order = self._shop.orders.get(named(id)[1])
        if order is None:
            raise refused("invalid id", "RESOURCE_NOT_FOUND")
        return order

    def _work(self, id: str) -> tuple[Order, Work]:
        found = self._shop.work(named(id)[1])
        if found is None:
            raise refused(f"Invalid id: {id}", "RESOURCE_NOT_FOUND")
        return found


def _numbers(ids: list[str] | None) -> list[int] | None:
    return None if ids is None else [named(each)[1] for each in ids]


def _chosen(lines: list[Tree] | None) -> dict[int, int] | None:
    return {named(line["id"])[1]: line["quantity"] for line in lines} if lines else None
