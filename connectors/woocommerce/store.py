"""One WooCommerce shop, spoken to with its own key: the store client of the contract."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backorder.domain.actions import StoreSide
from backorder.domain.announced import Announced
from backorder.domain.errors import AccessLost, PermanentFailure, StoreClosed
from backorder.domain.locations import Relocation
from backorder.domain.orders import Order, OrderStatus
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
from connectors.woocommerce import cancelling, ours, shipping, statuses, translate
from connectors.woocommerce.answers import NoSuchObject
from connectors.woocommerce.client import Shop
from connectors.woocommerce.payloads import Index, Note, OrderBody, SystemStatus
from connectors.woocommerce.reading import Reader
from connectors.woocommerce.shelf import Shelf
from connectors.woocommerce.subscriptions import Subscriptions

_LOOKED_FOR = timedelta(seconds=10)
"""So long a push takes what was seen of its order beforehand."""


class WooStore:
    """Every call goes to the address that was stored, with the key that was stored beside it."""

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        transport: Transport,
        clock: Clock,
        renewed: Renewed | None = None,  # noqa: ARG002 -- the contract's signature: keys never end
    ) -> None:
        self._address = address
        self._webhook_secret = credentials["webhook_secret"]
        self._shop = Shop(address, credentials, transport)
        self._clock = clock
        self._reader = Reader(self._shop, clock)
        self._seen: dict[int, tuple[OrderBody, datetime]] = {}
        self._answers: dict[int, Order] = {}
        self._shelf = Shelf(self._shop, self._reader)

    def describe(self) -> StoreFacts:
        """Name and time zone are open to everybody; the currency only to a good key, so it comes first. Then which
        statuses there are beside the shop's own.
        """
        status = self._shop.one(SystemStatus, "system_status", {"_fields": "settings"})
        index = self._shop.index()
        name = index.name or urlsplit(self._address).hostname or self._address
        words = statuses.offered(self._reader.statuses())
        return StoreFacts(name, status.settings.currency, timezone_of(index), statuses=words)

    def pull(
        self,
        since: datetime | None,
        bookmark: Bookmark | None = None,  # noqa: ARG002 -- the contract's signature: pages are asked for from the first on
    ) -> Iterator[Page]:
        """All that changed since then. Orders in the trash are in no list: only asking by id tells of them."""
        return self._reader.pull(since)

    def reads_at_once(self, orders: int) -> bool:  # noqa: ARG002 -- the contract's signature
        """Never: a list of orders costs as much as asking for them by their ids."""
        return False

    def read_orders(self, ids: Sequence[int]) -> OrdersRead:
        """These orders now; deleted ones and those in the trash are gone."""
        return self._reader.orders(ids)

    def read_stock(self, items: Sequence[int]) -> StockRead:
        """These products and variations now, and the numbers that count them."""
        return self._reader.stock(items)

    def read_inbound(self, known: Collection[str]) -> Sequence[Announced] | None:  # noqa: ARG002 -- the contract's
        """None: a shop knows nothing of goods on the way."""
        return None

    def look_ahead(self, ids: Sequence[int]) -> None:
        """Look at these orders in one list. What is in none (the trash, a status that lost its plugin) is looked at
        when its turn comes.
        """
        began = self._clock()
        self._seen = {body.id: (body, began) for body in self._reader.bodies(ids)}

    def push(
        self,
        order_id: int,
        desired: StoreSide,
        key: str,
        assumed: StoreSide | None = None,  # noqa: ARG002 -- the contract's signature; the shop has no holds
    ) -> StoreSide:
        """One PUT with the difference to a fresh reading, and none where there is none: any PUT, even an empty one,
        comes back as a webhook.
        """
        self._answers.pop(order_id, None)
        seen = self._seen_before(order_id)
        if seen is not None and "status" not in ours.difference(seen, desired, key):
            # A status is never changed on a look of a while ago: somebody may have set another since.
            try:
                return self._write(seen, desired, key)
            except (AccessLost, StoreClosed):
                raise
            except PermanentFailure:
                # Refused, so not done: a line went away since the look, or the order itself.
                pass
        body = self._shop.one(OrderBody, f"orders/{order_id}")
        if translate.status(body.status) is OrderStatus.GONE:
            raise NoSuchObject("The order is in the store's trash.")
        return self._write(body, desired, key)

    def _seen_before(self, order_id: int) -> OrderBody | None:
        """What a look ahead saw of the order a moment ago; only once, for a push changes it."""
        body, began = self._seen.pop(order_id, (None, None))
        return body if began is not None and began >= self._clock() - _LOOKED_FOR else None

    def _write(self, body: OrderBody, desired: StoreSide, key: str) -> StoreSide:
        changes = ours.difference(body, desired, key)
        if not changes:
            return ours.found(body)
        try:
            told = self._shop.put(OrderBody, f"orders/{body.id}", changes)
        except (AccessLost, StoreClosed):
            raise
        except PermanentFailure:
            if "status" not in changes:
                raise
            # The status lost its plugin, or that refuses it. All else is written without.
            changes = ours.difference(body, desired, key, keep_status=True)
            told = self._shop.put(OrderBody, f"orders/{body.id}", changes) if changes else body
        if translate.tells_all(told) and "status" not in changes:
            self._answers[told.id] = translate.told(told)
        return ours.found(told)

    def last_reading(self, order_id: int) -> OrderRead | None:  # noqa: ARG002 -- the contract's signature
        """None: what a PUT answers says nothing of the products that the lines are owed from."""
        return None

    def last_answer(self, order_id: int) -> Order | None:
        """What the PUT answered, of an order that has nothing that only other lists tell."""
        return self._answers.get(order_id)

    def preview(self, wanted: Mapping[int, StoreSide]) -> Mapping[int, Sequence[Intended]]:
        """The one PUT that each order would get; none where nothing differs."""
        found: dict[int, Sequence[Intended]] = {}
        for order_id, desired in wanted.items():
            try:
                body = self._shop.one(OrderBody, f"orders/{order_id}")
            except NoSuchObject:
                continue
            changes = ours.difference(body, desired, "preview")
            found[order_id] = [Intended(f"PUT orders/{order_id}", changes)] if changes else []
        return found

    def read_items(self, items: Sequence[int]) -> Mapping[int, ItemFound]:
        """What these show to shoppers, and whether they sell when nothing is there."""
        return self._shelf.read(items)

    def item_sold_as(self, number: int) -> int | None:
        """Products and variations are the items."""
        return number if self._reader.products([number])[number] is not None else None

    def write_items(self, changes: Mapping[int, ItemChange]) -> Mapping[int, str]:
        """What differs, in batches. Each write comes back as a change of that product, whose next reading finds
        nothing left to write.
        """
        return self._shelf.write(changes)

    def preview_items(self, changes: Mapping[int, ItemChange]) -> Mapping[int, Sequence[Intended]]:
        """The entry of a batch of each."""
        return self._shelf.intended(changes)

    def cancel(self, wanted: Cancellation) -> None:
        """By a refund; an order that is not paid is cancelled as a whole, or left to a person."""
        cancelling.cancel(self._shop, self._reader, wanted)

    def ship(self, wanted: Dispatch) -> None:
        """One fulfilment, found again by its key."""
        shipping.ship(self._shop, wanted)

    def preview_ship(self, wanted: Dispatch) -> Sequence[Intended]:
        """The one POST."""
        body = shipping.planned(self._shop, wanted)
        return [] if body is None else [Intended(f"POST {shipping.route(wanted)}", body)]

    def move(self, order_id: int, wanted: Relocation) -> None:  # noqa: ARG002 -- the contract's signature
        """WooCommerce knows no locations."""
        raise PermanentFailure("WooCommerce orders lie at no location.")

    def post_note(self, order_id: int, text: str, marker: str, *, to_customer: bool = False) -> None:
        """A note for staff: no mail leaves and no webhook comes back. One to the customer leaves as a mail too."""
        note = {"note": ours.note(text, marker), "customer_note": to_customer}
        self._shop.post(Note, f"orders/{order_id}/notes", note)

    def has_note(self, order_id: int, marker: str) -> bool:
        """Whether one of the order's notes carries the marker; of several (a host between us and the shop may have
        repeated the call) only the first is left.
        """
        notes = [note for note in self._shop.whole(Note, f"orders/{order_id}/notes") if ours.carries(note.note, marker)]
        for double in sorted(notes, key=lambda note: note.id)[1:]:
            with suppress(NoSuchObject):
                self._shop.delete(f"orders/{order_id}/notes/{double.id}")
        return bool(notes)

    def subscribe(self, url: str) -> list[str]:
        """One active webhook per topic, under `url`."""
        return self._subscriptions(url).mend()

    def missing_subscriptions(self, url: str) -> list[str]:
        """Topics that the shop does not send, a disabled webhook's among them."""
        return self._subscriptions(url).missing()

    def unsubscribe(self, url: str) -> None:
        """Take our webhooks off the shop."""
        self._subscriptions(url).remove()

    def _subscriptions(self, url: str) -> Subscriptions:
        return Subscriptions(self._shop, url.rstrip("/"), self._webhook_secret)


def timezone_of(index: Index) -> str:
    """The shop's zone; where it only knows an offset of whole hours, the zone that has it all year."""
    name = index.timezone_string
    if not name and index.gmt_offset and index.gmt_offset == int(index.gmt_offset):
        # The signs of these zones are turned round: Etc/GMT+8 is eight hours behind.
        name = f"Etc/GMT{int(-index.gmt_offset):+d}"
    try:
        return ZoneInfo(name).key if name else "UTC"
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
