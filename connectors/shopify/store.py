"""One Shopify shop as the rest of Waitline sees it: readings, the one write-back, subscriptions."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from backorder.domain.actions import StoreSide
from backorder.domain.announced import Announced
from backorder.domain.errors import PermanentFailure, PlanOutdated, TemporaryFailure
from backorder.domain.locations import Relocation
from backorder.domain.orders import Order, Reading
from backorder.domain.supply import Item
from connectors.contract import (
    Bookmark,
    Cancellation,
    Dispatch,
    Intended,
    ItemChange,
    ItemFound,
    OrderRead,
    OrdersRead,
    Page,
    StockRead,
    StoreFacts,
)
from connectors.http import Transport
from connectors.joining import Clock, Credentials, Renewed
from connectors.shopify import bulk, cancelling, definitions, holds, inbound, moving, read, shipping, writes
from connectors.shopify.client import Admin, Denied
from connectors.shopify.nodes import OrderNode
from connectors.shopify.note_line import line_in, rewritten
from connectors.shopify.scopes import missing_features
from connectors.shopify.shelf import Shelf
from connectors.shopify.subscriptions import Subscriptions
from connectors.shopify.traces import traces_of_node
from connectors.shopify.translate import item_of_node, kept_of_node, order_of_node, side_of_node, stock_of_node
from connectors.shopify.writes import Write

_CHANGES_AT_MOST = 40
"""Changes of holds in one push. No real order needs as many; a shop that undoes each of them would."""
_MOVED = "What is to be held ships from elsewhere by now."
_LOOKED_FOR = timedelta(seconds=10)
"""So long a push takes what was seen of its order beforehand."""


class ShopifyStore:
    """A shop, spoken to with its own access token."""

    def __init__(
        self, address: str, credentials: Credentials, transport: Transport, clock: Clock, renewed: Renewed | None = None
    ) -> None:
        self._admin = Admin(address, credentials["access_token"], transport, clock, _next_token(renewed))
        self._address = address
        self._transport = transport
        self._clock = clock
        self._subscriptions = Subscriptions(self._admin)
        self._last: dict[int, OrderRead] = {}
        self._seen: dict[int, tuple[OrderNode, datetime]] = {}
        self._shelf = Shelf(self._admin)

    def describe(self) -> StoreFacts:
        """The shop's name, currency and time zone, and what its merchant does not allow us."""
        found = self._admin.ask("shop", "Shop", {})
        shop = found["shop"]
        granted = [scope["handle"] for scope in found["currentAppInstallation"]["accessScopes"]]
        return StoreFacts(shop["name"], shop["currencyCode"], shop["ianaTimezone"], missing_features(granted))

    def pull(self, since: datetime | None, bookmark: Bookmark | None = None) -> Iterator[Page]:
        """Orders changed since then, oldest change first, behind the bookmark; without a time every open order, then
        every stocked item: by pages, or as `bulk` decides where somebody keeps a bookmark.
        """
        if since is None and bookmark is not None:
            orders = bulk.Orders(self.read_orders, _order_read)
            yield from bulk.Everything(
                self._admin, self._transport, self._address, self._clock, orders, bookmark
            ).pages()
            return
        if since is not None:
            after = bookmark.place if bookmark is not None and bookmark.place else None
            yield from bulk.changed_pages(self._admin, self.read_orders, "", since, after)
        else:
            yield from bulk.changed_pages(self._admin, self.read_orders, read.OPEN, None)
            yield from bulk.item_pages(self._admin)

    def reads_at_once(self, orders: int) -> bool:
        """Where there are so many that a bulk query reads them."""
        return orders > bulk.FEW

    def read_orders(self, ids: Sequence[int]) -> OrdersRead:
        """These orders now, fifty in a call."""
        began = self._clock()
        nodes, unanswered = read.orders_told(self._admin, ids)
        return OrdersRead(
            found=[_order_read(nodes[i], began) for i in ids if i in nodes],
            gone=[i for i in ids if i not in nodes and i not in unanswered],
            unanswered=list(unanswered),
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

    def read_inbound(self, known: Collection[str]) -> Sequence[Announced] | None:
        """What transfers and their shipments bring; nothing is known of it where the merchant does not allow it."""
        try:
            return inbound.announced(self._admin, known)
        except Denied:
            return None

    def look_ahead(self, ids: Sequence[int]) -> None:
        """Look at these orders, fifty in a call; one that the shop cannot tell of is looked at when its turn comes."""
        began = self._clock()
        found, _ = read.orders_told(self._admin, ids)
        self._seen = {number: (node, began) for number, node in found.items()}

    def push(self, order_id: int, desired: StoreSide, key: str, assumed: StoreSide | None = None) -> StoreSide:
        """Make the order's holds, tags and metafield what is desired, writing only the difference."""
        node = self._seen_before(order_id, desired) or self._order(order_id)
        want, had = holds.wanted(desired.held), None if assumed is None else holds.wanted(assumed.held)
        if had is not None and holds.taken_off(node, had, want):
            raise PlanOutdated("Somebody took a hold off the order.")
        if holds.elsewhere(node, had, want):
            raise PlanOutdated(_MOVED)
        if assumed is not None and _untagged(node, assumed, desired):
            raise PlanOutdated("Somebody took a tag off the order.")
        if assumed is not None and assumed.noted and desired.noted and not line_in(node.note):
            raise PlanOutdated("Somebody deleted our line from the order's note.")
        node = self._write(node, writes.first_write(node, desired, key))
        for _ in range(_CHANGES_AT_MOST):
            if holds.elsewhere(node, had, want):
                raise PlanOutdated(_MOVED, begun=True)
            more = writes.next_write(node, desired, key)
            if not more:
                there = {tag.casefold() for tag in node.tags}
                tags = tuple(tag for tag in desired.tags if tag.casefold() in there)
                return replace(side_of_node(node), tags=tags)
            node = self._write(node, more)
        raise TemporaryFailure("The order's holds do not stay as they are written.", 600.0)

    def last_reading(self, order_id: int) -> OrderRead | None:
        """What the push told last: its own changes, and nothing that came later."""
        return self._last.get(order_id)

    def last_answer(self, order_id: int) -> Order | None:  # noqa: ARG002 -- the contract's signature
        """None: an answer is a reading here."""
        return None

    def preview(self, wanted: Mapping[int, StoreSide]) -> Mapping[int, Sequence[Intended]]:
        """The request that each order would get: the document and its variables. Holds are shown one change ahead."""
        nodes = read.order_nodes(self._admin, list(wanted))
        first = {i: writes.first_write(node, wanted[i], "preview") for i, node in nodes.items()}
        return {i: [Intended(write.operation, write.variables)] if write else [] for i, write in first.items()}

    def read_items(self, items: Sequence[int]) -> Mapping[int, ItemFound]:
        """What the variants of these items show of ours, and whether they sell what is not there."""
        return self._shelf.read(items)

    def item_sold_as(self, number: int) -> int | None:
        """The inventory item of a variant."""
        return read.item_of_variant(self._admin, number)

    def write_items(self, changes: Mapping[int, ItemChange]) -> Mapping[int, str]:
        """Bring the variants' metafields and inventory policy to what is wanted."""
        return self._shelf.write(changes)

    def preview_items(self, changes: Mapping[int, ItemChange]) -> Mapping[int, Sequence[Intended]]:
        """The metafields and the policies of each item's variants."""
        return self._shelf.intended(changes)

    def cancel(self, wanted: Cancellation) -> None:
        """Cancel units of an order with their refund, once."""
        cancelling.cancel(self._admin, wanted)

    def ship(self, wanted: Dispatch) -> None:
        """Record a parcel as fulfillments, once, and read the order as it is then."""
        self._last.pop(wanted.order_id, None)
        shipping.ship(self._admin, wanted)
        # The parcel is recorded whatever becomes of this reading: without it the order is read later.
        with suppress(TemporaryFailure, PermanentFailure):
            self._order(wanted.order_id)

    def preview_ship(self, wanted: Dispatch) -> Sequence[Intended]:
        """One fulfillment for each location."""
        planned = shipping.planned(self._admin, wanted, released=True)
        return [Intended("RecordParcel", {"parcel": each}) for each in planned]

    def move(self, order_id: int, wanted: Relocation) -> None:
        """Move the order's units to another location, once."""
        moving.move(self._admin, order_id, wanted)

    def post_note(self, order_id: int, text: str, marker: str, *, to_customer: bool = False) -> None:  # noqa: ARG002
        """Shopify has one note per order, and it is the merchant's."""
        raise PermanentFailure("Shopify orders take no notes from Waitline.")

    def has_note(self, order_id: int, marker: str) -> bool:  # noqa: ARG002 -- the contract's signature
        """Never: see post_note."""
        return False

    def subscribe(self, url: str) -> list[str]:
        """Make the shop's subscriptions to this address match the topic table; also define our fields at orders."""
        changed = self._subscriptions.match(url)
        definitions.ensure(self._admin, definitions.ORDER)
        return changed

    def missing_subscriptions(self, url: str) -> list[str]:
        """Topics of the table that the shop does not send to this address."""
        return self._subscriptions.missing(url)

    def unsubscribe(self, url: str) -> None:
        """Remove our subscriptions to this address."""
        self._subscriptions.remove(url)

    def _seen_before(self, order_id: int, desired: StoreSide) -> OrderNode | None:
        """What a look ahead saw of the order a moment ago; only once, for a push changes it.

        Not where a hold of ours is to be set anew: a person who took it off since then would find it on again. Nor
        where the note is to be written: what a person wrote there since then would be lost.
        """
        node, began = self._seen.pop(order_id, (None, None))
        if node is None or began is None or began < self._clock() - _LOOKED_FOR:
            return None
        there = holds.wanted(side_of_node(node).held)
        if there and desired.held and there != holds.wanted(desired.held):
            return None
        if rewritten(node.note, desired.noted) is not None:
            return None
        self._last[order_id] = _order_read(node, began)
        return node

    def _order(self, order_id: int) -> OrderNode:
        began = self._clock()
        node = read.order_nodes(self._admin, [order_id]).get(order_id)
        if node is None:
            raise PermanentFailure("The order is no longer in the shop.")
        self._last[order_id] = _order_read(node, began)
        return node

    def _write(self, node: OrderNode, write: Write) -> OrderNode:
        """Send one request; the order as its answer tells it, read anew only where the answer does not tell it whole.

        Raises PermanentFailure where the shop refuses any part of it; the others are done all the same.
        """
        if not write:
            return node
        told = self._admin.tell_all(write.document, write.operation, write.variables, done=(writes.HOLD_EXISTS,))
        refused = " ".join(field.refused for field in told.values() if field.refused)
        if refused:
            raise PermanentFailure(refused)
        changed = read.after_write(node, {name: field.payload for name, field in told.items()}, write.variables)
        return self._order(node.id) if changed is None else changed


def _next_token(renewed: Renewed | None) -> Callable[[], str | None] | None:
    """Where the Admin API gets another token when the one it has is refused."""
    if renewed is None:
        return None

    def token() -> str | None:
        found = renewed()
        return None if found is None else found["access_token"]

    return token


def _order_read(node: OrderNode, began: datetime) -> OrderRead:
    return OrderRead(
        Reading(order_of_node(node), began), side_of_node(node), kept_of_node(node), frozenset(traces_of_node(node))
    )


def _untagged(node: OrderNode, assumed: StoreSide, desired: StoreSide) -> bool:
    """Whether a tag that was there and shall stay there is gone."""
    there = {tag.casefold() for tag in node.tags}
    return any(tag.casefold() not in there for tag in assumed.tags if tag in desired.tags)
