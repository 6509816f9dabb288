"""One Shopify shop as the rest of Waitline sees it: readings, the one write-back, subscriptions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from backorder.domain.actions import StoreSide
from backorder.domain.errors import PermanentFailure, PlanOutdated, TemporaryFailure
from backorder.domain.events import StockTouched
from backorder.domain.orders import Reading
from backorder.domain.supply import Item
from connectors.contract import Clock, Credentials, OrderRead, OrdersRead, Page, Renewed, StockRead, StoreFacts
from connectors.http import Transport
from connectors.shopify import holds, read
from connectors.shopify.client import Admin
from connectors.shopify.nodes import OrderNode
from connectors.shopify.payloads import gid
from connectors.shopify.record import Record, record_of, record_text
from connectors.shopify.scopes import missing_features
from connectors.shopify.subscriptions import Subscriptions
from connectors.shopify.translate import item_of_node, kept_of_node, order_of_node, side_of_node, stock_of_node

_CHANGES_AT_MOST = 40
"""Changes of holds in one push. No real order needs as many; a shop that undoes each of them would."""


class ShopifyStore:
    """A shop, spoken to with its own access token."""

    def __init__(
        self, address: str, credentials: Credentials, transport: Transport, clock: Clock, renewed: Renewed | None = None
    ) -> None:
        self._admin = Admin(address, credentials["access_token"], transport, _next_token(renewed))
        self._clock = clock
        self._subscriptions = Subscriptions(self._admin)

    def describe(self) -> StoreFacts:
        """The shop's name, currency and time zone, and what its merchant does not allow us."""
        found = self._admin.ask("shop", "Shop", {})
        shop = found["shop"]
        granted = [scope["handle"] for scope in found["currentAppInstallation"]["accessScopes"]]
        return StoreFacts(shop["name"], shop["currencyCode"], shop["ianaTimezone"], missing_features(granted))

    def pull(self, since: datetime | None) -> Iterator[Page]:
        """Orders changed since then, oldest change first; without a time every open order, then every stocked item."""
        for changed in read.changed_orders(self._admin, since):
            if changed:
                found = self.read_orders([read.number(node) for node in changed])
                newest = max(node.updated_at for node in changed)
                yield Page(orders=found.found, changed_until=newest.astimezone(UTC))
        if since is None:
            for items in read.stocked_items(self._admin):
                yield Page(events=[StockTouched(read.number(node)) for node in items if node.tracked])

    def read_orders(self, ids: Sequence[int]) -> OrdersRead:
        """These orders now, fifty in a call."""
        began = self._clock()
        nodes = read.order_nodes(self._admin, ids)
        return OrdersRead(
            found=[
                OrderRead(Reading(order_of_node(nodes[i]), began), side_of_node(nodes[i]), kept_of_node(nodes[i]))
                for i in ids
                if i in nodes
            ],
            gone=[i for i in ids if i not in nodes],
        )

    def read_stock(self, items: Sequence[int]) -> StockRead:
        """The stock of these items now at every location, a hundred in a call."""
        began = self._clock()
        nodes = read.item_nodes(self._admin, items)
        return StockRead(
            began=began,
            items=[item_of_node(nodes[i]) if i in nodes else Item(i, tracked=False, gone=True) for i in items],
            stock=[stock for i in items if i in nodes for stock in stock_of_node(nodes[i])],
        )

    def push(self, order_id: int, desired: StoreSide, key: str, assumed: StoreSide | None = None) -> StoreSide:
        """Make the order's holds, tags and metafield what is desired, writing only the difference."""
        node = self._order(order_id)
        if assumed is not None and holds.taken_off(node, holds.wanted(assumed.held), holds.wanted(desired.held)):
            raise PlanOutdated("Somebody took a hold off the order.")
        if assumed is not None and _untagged(node, assumed, desired):
            raise PlanOutdated("Somebody took a tag off the order.")
        node = held = self._push_holds(node, desired, key)
        if self._push_tags_and_record(node, desired):
            node = self._order(order_id)
        there = {tag.casefold() for tag in node.tags}
        tags = tuple(tag for tag in desired.tags if tag.casefold() in there)
        # Whoever takes a hold off from here on is a person: the next reading must find that it was there.
        return replace(side_of_node(node), held=side_of_node(held).held, tags=tags)

    def post_note(self, order_id: int, text: str, marker: str) -> None:  # noqa: ARG002 -- the contract's signature
        """Shopify has one note per order, and it is the merchant's."""
        raise PermanentFailure("Shopify orders take no notes from Waitline.")

    def has_note(self, order_id: int, marker: str) -> bool:  # noqa: ARG002 -- the contract's signature
        """Never: see post_note."""
        return False

    def subscribe(self, url: str) -> list[str]:
        """Make the shop's subscriptions to this address match the topic table."""
        return self._subscriptions.match(url)

    def missing_subscriptions(self, url: str) -> list[str]:
        """Topics of the table that the shop does not send to this address."""
        return self._subscriptions.missing(url)

    def unsubscribe(self, url: str) -> None:
        """Remove our subscriptions to this address."""
        self._subscriptions.remove(url)

    def _order(self, order_id: int) -> OrderNode:
        node = read.order_nodes(self._admin, [order_id]).get(order_id)
        if node is None:
            raise PermanentFailure("The order is no longer in the shop.")
        return node

    def _push_holds(self, node: OrderNode, desired: StoreSide, key: str) -> OrderNode:
        """One change at a time, the order read anew after each: a hold splits, a release merges."""
        want = holds.wanted(desired.held)
        for _ in range(_CHANGES_AT_MOST):
            change = holds.next_change(node, want)
            if change is None:
                return node
            if isinstance(change, holds.Release):
                self._admin.tell("release", "Release", {"id": change.work, "holds": list(change.holds)})
            else:
                self._hold(change, key)
            node = self._order(node.id)
        raise TemporaryFailure("The order's holds do not stay as they are written.", 600.0)

    def _hold(self, change: holds.Hold, key: str) -> None:
        hold: dict[str, object] = {
            "reason": "INVENTORY_OUT_OF_STOCK",
            "reasonNotes": "Waiting for stock (Waitline)",
            "notifyMerchant": False,
            "handle": holds.handle(key, change.work),
        }
        if change.units:
            hold["fulfillmentOrderLineItems"] = [{"id": line, "quantity": units} for line, units in change.units]
        self._admin.tell("hold", "Hold", {"id": change.work, "hold": hold}, done=("DUPLICATE_FULFILLMENT_HOLD_HANDLE",))

    def _push_tags_and_record(self, node: OrderNode, desired: StoreSide) -> bool:
        """Tags that we take off, then the record of those that are ours, then tags that we add; whether any changed.

        In this order a push that is cut off anywhere leaves no tag of ours that the record does not know.
        """
        before = record_of(node.metafield.value if node.metafield else None)
        there = {tag.casefold() for tag in node.tags}
        ours = {tag.casefold() for tag in before.tags}
        want = {tag.casefold() for tag in desired.tags}
        off = [tag for tag in before.tags if tag.casefold() in there - want]
        kept = tuple(tag for tag in desired.tags if tag.casefold() in ours or tag.casefold() not in there)
        after = Record(desired.shown, kept)
        add = [tag for tag in desired.tags if tag.casefold() not in there]
        rewrite = after != before or (after.empty and node.metafield is not None)
        order = gid("Order", node.id)
        if off:
            self._admin.tell("remove_tags", "RemoveTags", {"id": order, "tags": off})
        if rewrite and after.empty:
            self._admin.tell("delete_record", "DeleteRecord", {"id": order})
        elif rewrite:
            self._admin.tell("write_record", "WriteRecord", {"id": order, "value": record_text(after)})
        if add:
            self._admin.tell("add_tags", "AddTags", {"id": order, "tags": add})
        return bool(off or rewrite or add)


def _next_token(renewed: Renewed | None) -> Callable[[], str | None] | None:
    """Where the Admin API gets another token when the one it has is refused."""
    if renewed is None:
        return None

    def token() -> str | None:
        found = renewed()
        return None if found is None else found["access_token"]

    return token


def _untagged(node: OrderNode, assumed: StoreSide, desired: StoreSide) -> bool:
    """Whether a tag that was there and shall stay there is gone."""
    there = {tag.casefold() for tag in node.tags}
    return any(tag.casefold() not in there for tag in assumed.tags if tag in desired.tags)
