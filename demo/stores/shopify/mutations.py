"""The mutation side of the Admin API: what an app may change, and how Shopify refuses it."""

from typing import Any
from urllib.parse import urlsplit

from demo.stores.shopify.answers import Answers, gid, named
from demo.stores.shopify.graph import Tree, refused
from demo.stores.shopify.state import Hold, Order, Subscription
from demo.stores.shopify.trade import Trade
from demo.stores.shopify.works import Refused

_THIS_MACHINE = ("127.0.0.1", "localhost")
"""The one thing in which the stand-in is milder than Shopify: a demo has no certificate."""
_TAKEN = "Address for this topic has already been taken"


class Mutations:
    """What the app's own token may do."""

    def __init__(self, trade: Trade, answers: Answers) -> None:
        self._trade = trade
        self._shop = trade.shop
        self._answers = answers
        self.writes: list[str] = []
        """Names of the mutations that were run, in turn."""

    def root(self) -> Tree:
        """The fields of the mutation root."""
        fields = {
            "fulfillmentOrderHold": self._hold,
            "fulfillmentOrderReleaseHold": self._release,
            "tagsAdd": self._add_tags,
            "tagsRemove": self._remove_tags,
            "metafieldsSet": self._set_metafields,
            "metafieldsDelete": self._delete_metafields,
            "webhookSubscriptionCreate": self._subscribe,
            "webhookSubscriptionDelete": self._unsubscribe,
        }
        return {name: self._noted(name, field) for name, field in fields.items()}

    def _noted(self, name: str, field: Any) -> Any:
        def resolve(_info: Any, **given: Any) -> Tree:
            self.writes.append(name)
            try:
                told: Tree = field(**given)
            except Refused as error:
                return {"userErrors": [{"field": list(error.field), "message": str(error), "code": error.code}]}
            return {"userErrors": [], **told}

        return resolve

    def _hold(self, id: str, fulfillmentHold: Tree) -> Tree:
        order, work = self._work(id)
        asked = fulfillmentHold.get("fulfillmentOrderLineItems")
        chosen = None
        if asked is not None:
            chosen = {named(line["id"])[1]: line["quantity"] for line in asked}
            if len(chosen) < len(asked):
                raise Refused("must contain unique line item ids", "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS")
        new = Hold(self._trade.ids.next("hold"), fulfillmentHold.get("handle") or "", True, fulfillmentHold["reason"])
        self._trade.hold_work(order, work, new, chosen)
        return {"fulfillmentHold": {"id": gid("FulfillmentHold", new.id)}}

    def _release(self, id: str, holdIds: list[str] | None = None) -> Tree:
        order, work = self._work(id)
        holds = None if holdIds is None else [named(hold)[1] for hold in holdIds]
        self._trade.release_work(order, work, holds)
        return {"fulfillmentOrder": self._answers.work(work)}

    def _add_tags(self, id: str, tags: list[str]) -> Tree:
        order = self._order(id)
        there = {tag.casefold() for tag in order.tags}
        new = [tag.strip() for tag in tags if tag.strip().casefold() not in there]
        if any(len(tag) > 40 for tag in new):
            raise Refused("Tag is too long (maximum is 40 characters)", None, ("tags",))
        if new:
            order.tags.extend(new)
            self._trade.changed(order)
        return {}

    def _remove_tags(self, id: str, tags: list[str]) -> Tree:
        for tag in tags:
            self._trade.remove_tag(self._order(id).id, tag)
        return {}

    def _set_metafields(self, metafields: list[Tree]) -> Tree:
        for given in metafields:
            self._order(given["ownerId"]).metafield = given["value"]
        return {}

    def _delete_metafields(self, metafields: list[Tree]) -> Tree:
        for given in metafields:
            self._order(given["ownerId"]).metafield = None
        return {}

    def _subscribe(self, topic: str, webhookSubscription: Tree) -> Tree:
        uri = webhookSubscription["uri"]
        if uri.startswith("http://") and urlsplit(uri).hostname not in _THIS_MACHINE:
            raise Refused("Address protocol http:// is not supported", None, ("webhookSubscription", "callbackUrl"))
        if any((old.topic, old.uri) == (topic, uri) for old in self._shop.subscriptions.values()):
            raise Refused(_TAKEN, None, ("webhookSubscription", "callbackUrl"))
        number = self._trade.ids.next("subscription")
        self._shop.subscriptions[number] = Subscription(number, topic, uri)
        return {}

    def _unsubscribe(self, id: str) -> Tree:
        if self._shop.subscriptions.pop(named(id)[1], None) is None:
            raise Refused("Webhook subscription does not exist", None, ("id",))
        return {}

    def _order(self, id: str) -> Order:
        order = self._shop.orders.get(named(id)[1])
        if order is None:
            raise refused("invalid id", "RESOURCE_NOT_FOUND")
        return order

    def _work(self, id: str) -> Any:
        found = self._shop.work(named(id)[1])
        if found is None:
            raise refused(f"Invalid id: {id}", "RESOURCE_NOT_FOUND")
        return found
