"""Every open order of a shop, by a bulk query where that is cheaper than pages; where it fails, by pages after all.

How far it is stands in a place, which whoever keeps it may hand to another process: nothing yet (empty), tries to begin
(`busy`), a bulk query and a byte of its file (`bulk`), a moment up to which pages were read (`pages`), the items
(`items`).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import AwareDatetime

from backorder.domain.errors import AccessLost, PermanentFailure, StoreClosed, TemporaryFailure
from backorder.domain.events import OrderTouched, StockTouched
from backorder.domain.orders import OrderStatus
from connectors.contract import Bookmark, OrderRead, OrdersRead, Page
from connectors.http import Transport
from connectors.joining import Clock
from connectors.shopify import read
from connectors.shopify.bulk_file import BulkFile, NotNow, NoUse
from connectors.shopify.client import Admin, Json, document
from connectors.shopify.nodes import Node, OrderNode
from connectors.shopify.payloads import gid, number_of

log = structlog.get_logger()

FEW = 250
"""So many open orders are read by pages: ten calls, and no waiting."""
ORDERS_A_PAGE = 50
TRIES = 5
"""How often is asked again for a file that does not come, or for room beside other bulk queries of the shop."""
REST = 15.0
"""Seconds between two tries."""
LOOKS = (5.0, 60.0)
"""Seconds between two looks at a bulk query that runs, at first and at most."""
TOO_LONG = timedelta(hours=6)
"""After so long nobody waits for a bulk query any more."""

_BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
_UNDER_WAY = frozenset({"CREATED", "RUNNING"})
_READS_CUSTOMERS = frozenset({"read_customers", "write_customers"})


class BulkNode(Node):
    """A bulk query as it stands. Its numbers come as text."""

    status: str
    error_code: str | None = None
    created_at: AwareDatetime
    object_count: int = 0
    file_size: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """How a shop's orders are read: those of a list of ids now, and one that was told at a moment."""

    by_ids: Callable[[Sequence[int]], OrdersRead]
    told: Callable[[OrderNode, datetime], OrderRead]


class Everything:
    """A pull of all open orders, and of all stocked items where they are wanted, from a bookmark on."""

    def __init__(
        self, admin: Admin, transport: Transport, shop: str, clock: Clock, orders: Orders, bookmark: Bookmark
    ) -> None:
        self._admin = admin
        self._transport = transport
        self._shop = shop
        self._clock = clock
        self._orders = orders
        self._bookmark = bookmark

    def pages(self) -> Iterator[Page]:
        """The pages that are left. Behind one that says to wait comes another look, whenever it is asked for."""
        way, *at = self._bookmark.place.split() or ["begin"]
        if way in ("begin", "busy", "bulk"):
            try:
                done = yield from self._by_bulk(way, [int(each) for each in at])
            except (AccessLost, StoreClosed):
                raise
            except PermanentFailure as why:
                # Whatever Shopify has against a bulk query, it may have nothing against pages.
                log.warning("bulk_query_given_up", reason=str(why))
                yield Page(place="pages", said=f"{why} Open orders are read page by page instead.")
                done = False
            way, at = ("items" if done else "pages"), []
        if way == "pages":
            for page in changed_pages(self._admin, self._orders.by_ids, read.OPEN, _moment(at)):
                newest = page.changed_until
                yield replace(page, place=None if newest is None else f"pages {newest:%Y-%m-%dT%H:%M:%SZ}")
        if self._bookmark.stock:
            yield Page(place="items")
            yield from item_pages(self._admin)

    def _by_bulk(self, way: str, at: Sequence[int]) -> Generator[Page, None, bool]:
        """Through a bulk query, from a place on; whether there were enough orders for one. Raises NoUse."""
        if way == "bulk":
            number, offset, failed = at
        else:
            asked = self._admin.ask("bulk", "CountOpen", {"query": read.OPEN, "limit": FEW + 1})
            if way == "begin" and (asked["ordersCount"] or {"count": 0})["count"] <= FEW:
                return False
            granted = {scope["handle"] for scope in asked["currentAppInstallation"]["accessScopes"]}
            number = yield from self._begun(bool(granted & _READS_CUSTOMERS), *at)
            offset = failed = 0
        while True:
            place = f"bulk {number} {offset} {failed}"
            state = self._state(number)
            if state.status in _UNDER_WAY:
                yield Page(place=place, wait=self._patience(), gathered=state.object_count)
                continue
            if not state.url and not state.object_count:
                # A query that found nothing leaves no file.
                return True
            if not state.url or state.file_size is None:
                raise NoUse("Shopify does not say where the list is that it made.")
            file = BulkFile(self._transport, self._shop, state.url, state.file_size)
            try:
                for page, behind in self._file_pages(file, offset, state.created_at):
                    offset, failed = behind, 0
                    yield replace(page, place=f"bulk {number} {offset} 0", gathered=state.object_count)
                return True
            except NotNow as error:
                failed += 1
                log.warning("bulk_file_did_not_come", tries=failed, reason=str(error))
                if failed > TRIES:
                    raise NoUse("The shop's list of open orders could not be fetched.") from error
                yield Page(place=f"bulk {number} {offset} {failed}", wait=REST, gathered=state.object_count)

    def _begun(self, customers: bool, tries: int = 0) -> Generator[Page, None, int]:
        """The number of a new bulk query. One whose number was lost runs for nobody, and costs nothing."""
        text = document("open_orders" if customers else "open_orders_without_customers")
        while True:
            told = self._admin.tell_all("bulk", "RunBulk", {"query": text}, done=_BUSY)["bulkOperationRunQuery"]
            if told.refused:
                raise NoUse(f"Shopify refused to put the list together: {told.refused}")
            made = told.payload.get("bulkOperation")
            if made:
                number = number_of(made["id"])
                yield Page(place=f"bulk {number} 0 0", wait=LOOKS[0])
                return number
            if tries >= TRIES:
                raise NoUse("Another bulk query of the shop does not come to its end.")
            tries += 1
            yield Page(place=f"busy {tries}", wait=REST)

    def _state(self, number: int) -> BulkNode:
        """A bulk query that is under way or has ended well. Raises NoUse for any other."""
        told = self._admin.ask("bulk", "BulkState", {"id": gid("BulkOperation", number)})["bulkOperation"]
        if told is None:
            raise NoUse("Shopify no longer knows the list that it was asked for.")
        state = read.typed(BulkNode, told)
        if state.status in _UNDER_WAY:
            if self._clock() - self._bookmark.began > TOO_LONG:
                raise NoUse("Shopify takes too long to put the list together.")
        elif state.status == "EXPIRED":
            raise NoUse("The shop's list is no longer there: Shopify keeps it for seven days.")
        elif state.status != "COMPLETED":
            # Part of it may be told all the same. Which orders are whole in it, it does not say.
            code = f" ({state.error_code})" if state.error_code else ""
            raise NoUse(f"Shopify did not finish the list of open orders: {state.status}{code}.")
        return state

    def _patience(self) -> float:
        """Seconds until the next look: the longer it runs, the longer."""
        first, most = LOOKS
        return min(most, max(first, (self._clock() - self._bookmark.began).total_seconds() / 4))

    def _file_pages(self, file: BulkFile, offset: int, created: datetime) -> Iterator[tuple[Page, int]]:
        batch: list[Json] = []
        for order, behind in file.orders(offset):
            batch.append(order)
            offset = behind
            if len(batch) == ORDERS_A_PAGE:
                yield self._page(batch, created), behind
                batch = []
        if batch:
            yield self._page(batch, created), offset

    def _page(self, orders: Sequence[Json], created: datetime) -> Page:
        """Orders of the file, read when the pull began. Of parcels and refunds the file tells only whether there are
        any: an order with such that still owes units is read now, by its id. One that owes none is left out: where we
        know better, it is among those that were not told.
        """
        found = []
        parted = []
        newest = []
        for order in orders:
            node = _node({**order, "fulfillments": [], "refunds": []})
            told = self._orders.told(node, self._bookmark.began)
            newest.append(node.updated_at)
            if not (order.get("fulfillments") or order.get("refunds")):
                found.append(told)
            elif told.reading.order.status is not OrderStatus.CLOSED:
                parted.append(node.id)
        now = self._orders.by_ids(parted) if parted else OrdersRead((), ())
        return Page(
            orders=[*found, *now.found],
            events=tuple(OrderTouched(order) for order in now.unanswered),
            # What changed while the shop put the list together may be missing in it.
            changed_until=min(max(newest), created).astimezone(UTC),
        )


def changed_pages(
    admin: Admin,
    by_ids: Callable[[Sequence[int]], OrdersRead],
    search: str,
    since: datetime | None,
    after: str | None = None,
) -> Iterator[Page]:
    """Orders by a search, oldest change first, behind a place: listed by their ids, then read."""
    for listed, end in read.changed_orders(admin, search, since, after):
        if listed:
            found = by_ids([read.number(node) for node in listed])
            newest = max(node.updated_at for node in listed)
            unread = tuple(OrderTouched(order) for order in found.unanswered)
            yield Page(orders=found.found, events=unread, changed_until=newest.astimezone(UTC), place=end)


def item_pages(admin: Admin) -> Iterator[Page]:
    """Every item that the shop counts."""
    for listed in read.stocked_items(admin):
        yield Page(events=[StockTouched(read.number(node)) for node in listed if node.tracked])


def _moment(at: Sequence[str]) -> datetime | None:
    return datetime.fromisoformat(at[0]) if at else None


def _node(order: Json) -> OrderNode:
    try:
        return read.typed(OrderNode, order)
    except TemporaryFailure as error:
        raise NoUse(str(error)) from error
