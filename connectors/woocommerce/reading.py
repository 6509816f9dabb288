"""What is true in the shop now: orders with all that is kept apart from them, products, and what changed since.

An order's units are in four places (the order, its refunds, its parcels, its products), so one order may cost several
calls; lists are read a hundred at a time, and what an order says it does not have is not asked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from backorder.domain.events import StockTouched
from backorder.domain.orders import OrderStatus, Reading
from backorder.domain.supply import Item
from connectors.contract import OrderRead, OrdersRead, Page, StockRead
from connectors.joining import Clock
from connectors.woocommerce import ours, translate
from connectors.woocommerce.answers import NoSuchObject, NoSuchRoute
from connectors.woocommerce.client import PER_PAGE, Params, Shop, Unreadable
from connectors.woocommerce.payloads import Fulfilment, OrderBody, OrderStatusWord, ProductBody, Refund

GRAIN = timedelta(seconds=1)
"""The shop's stamps are whole seconds."""
PRODUCT_FIELDS = "id,name,type,status,sku,parent_id,manage_stock,stock_quantity,date_modified_gmt,brands,tags"
USUAL_OPEN = ("processing", "on-hold")

Dated = TypeVar("Dated", OrderBody, ProductBody)


class Reader:
    """Reads one shop. `clock` stamps when a reading began."""

    def __init__(self, shop: Shop, clock: Clock) -> None:
        self._shop = shop
        self._clock = clock

    def orders(self, ids: Sequence[int]) -> OrdersRead:
        """These orders now. Absent from the list is not gone: an order whose status lost its plugin is in no list
        and answers by its id.
        """
        began = self._clock()
        bodies = {body.id: body for body in self.bodies(ids)}
        gone = []
        for order_id in [one for one in dict.fromkeys(ids) if one not in bodies]:
            try:
                bodies[order_id] = self._shop.one(OrderBody, f"orders/{order_id}")
            except NoSuchObject:
                gone.append(order_id)
            except Unreadable:
                continue
        trashed = [body.id for body in bodies.values() if translate.status(body.status) is OrderStatus.GONE]
        there = [bodies[one] for one in dict.fromkeys(ids) if one in bodies and one not in trashed]
        return OrdersRead(self._readings(there, began), sorted([*gone, *trashed]))

    def bodies(self, ids: Sequence[int]) -> list[OrderBody]:
        """Those of these orders that are in the shop's list, a hundred in a call."""
        found: list[OrderBody] = []
        for chunk in _chunks(ids):
            listed, _ = self._shop.page(OrderBody, "orders", {"include": _joined(chunk), "status": "any"})
            found += listed
        return found

    def _readings(self, bodies: Sequence[OrderBody], began: datetime) -> list[OrderRead]:
        owed = [body for body in bodies if translate.owes_stock(body.status)]
        items = [translate.item_of(line) for body in owed for line in body.line_items]
        products = self.products([item for item in items if item is not None])
        found = []
        for body in bodies:
            beside = self._beside(body)
            told = Reading(translate.order(body, beside, products), began, beside.parcels_told)
            found.append(OrderRead(told, ours.found(body)))
        return found

    def _beside(self, body: OrderBody) -> translate.Beside:
        refunds = list(self._shop.all(Refund, f"orders/{body.id}/refunds")) if body.refunds else []
        if body.meta(translate.FULFILMENT_KEY) is None:
            return translate.beside(refunds, [])
        try:
            return translate.beside(refunds, self._shop.whole(Fulfilment, f"orders/{body.id}/fulfillments"))
        except NoSuchRoute:
            # The feature was switched off and left its mark at the order: what had left has left.
            return replace(translate.beside(refunds, []), parcels_told=False)

    def products(self, ids: Sequence[int], fields: str = PRODUCT_FIELDS) -> dict[int, ProductBody | None]:
        """These fields of products and variations by id; `None` for those that are deleted or in the trash."""
        found: dict[int, ProductBody | None] = {}
        for chunk in _chunks(ids):
            listed, _ = self._shop.page(ProductBody, "products", _these(chunk, fields))
            found |= {body.id: body for body in listed}
        for chunk in _chunks([one for one in ids if one not in found]):
            try:
                listed, _ = self._shop.page(ProductBody, "variations", _these(chunk, fields))
            except NoSuchRoute:
                # Older shops list variations by parent only, and a stock item does not know its parent.
                break
            found |= {body.id: body for body in listed if body.id in chunk}
        for one in dict.fromkeys(ids):
            if one not in found:
                found[one] = self._product(one, fields)
        return found

    def _product(self, product_id: int, fields: str) -> ProductBody | None:
        try:
            body = self._shop.one(ProductBody, f"products/{product_id}", {"_fields": fields})
        except NoSuchObject:
            return None
        return None if body.status in translate.GONE else body

    def stock(self, items: Sequence[int]) -> StockRead:
        """The items and the numbers that count them: their own, or their parent's."""
        began = self._clock()
        asked = self.products(items)
        parents = {body.parent_id for body in asked.values() if body is not None and body.parent_id}
        known = {**asked, **self.products(sorted(parents - asked.keys()))}
        owners = sorted({body.counted_at for body in asked.values() if body is not None and body.tracked})
        told = []
        for one in dict.fromkeys([*items, *owners]):
            body = known.get(one)
            told.append(
                translate.item(body, known.get(body.parent_id)) if body else Item(one, tracked=False, gone=True)
            )
        counted = [body for body in map(known.get, owners) if body is not None and body.tracked]
        return StockRead(began, told, [translate.stock(body) for body in counted])

    def pull(self, since: datetime | None) -> Iterator[Page]:
        """Products first: their pages move no mark, so a pull that stops among them begins again from `since`."""
        yield from self._touched(since, "products")
        # Older shops have no such list: there an order that moves a variation moves its parent's stamp too, and the
        # stock of every item with open lines is read at each catch-up.
        with suppress(NoSuchRoute):
            yield from self._touched(since, "variations")
        yield from self._changed_orders(since)

    def _touched(self, since: datetime | None, endpoint: str) -> Iterator[Page]:
        for _, bodies in self._walk(ProductBody, endpoint, {"_fields": PRODUCT_FIELDS}, since):
            told = [body for body in bodies if body.tracked or since is not None]
            touched = dict.fromkeys(item for body in told for item in translate.touched(body))
            yield Page(events=[StockTouched(item) for item in touched])

    def _changed_orders(self, since: datetime | None) -> Iterator[Page]:
        words = "any" if since is not None else ",".join(self._open_statuses())
        for began, bodies in self._walk(OrderBody, "orders", {"status": words}, since):
            placed = [body for body in bodies if body.status != translate.DRAFT]
            newest = max((translate.changed_at(body) for body in bodies), default=None)
            yield Page(orders=self._readings(placed, began), changed_until=newest)

    def statuses(self) -> Sequence[OrderStatusWord]:
        """The statuses that are registered; none where an older shop does not tell."""
        try:
            return self._shop.whole(OrderStatusWord, "orders/statuses")
        except NoSuchRoute:
            return ()

    def _open_statuses(self) -> Sequence[str]:
        words = [status.slug for status in self.statuses()]
        if not words:
            return USUAL_OPEN
        return [word for word in words if translate.status(word) is OrderStatus.OPEN and word != translate.DRAFT]

    def _walk(
        self, model: type[Dated], endpoint: str, params: Params, since: datetime | None
    ) -> Iterator[tuple[datetime, list[Dated]]]:
        """Every page of what changed, oldest change first, with the time its reading began.

        What changes while we read moves to the end of the list and every later object one place forward, so a next
        page by number would miss one. The next page is asked for by the newest change seen instead, by number only
        among changes of one and the same second.
        """
        # The filter leaves its own second out, and another change of that second may not have been seen.
        after = since - GRAIN if since is not None else None
        number = 1
        seen: set[tuple[int, datetime | None]] = set()
        more = True
        while more:
            query: dict[str, str | int] = {
                **params, "orderby": "modified", "order": "asc", "dates_are_gmt": "true", "page": number
            }  # fmt: skip
            if after is not None:
                query["modified_after"] = f"{after.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
            began = self._clock()
            bodies, more = self._shop.page(model, endpoint, query)
            yield began, [body for body in bodies if (body.id, body.date_modified_gmt) not in seen]
            seen |= {(body.id, body.date_modified_gmt) for body in bodies}
            newest = max((body.date_modified_gmt for body in bodies if body.date_modified_gmt), default=None)
            if newest is not None and (after is None or newest - GRAIN > after):
                after, number = newest - GRAIN, 1
            else:
                number += 1


def _these(ids: Sequence[int], fields: str) -> Params:
    return {"include": _joined(ids), "_fields": fields}


def _joined(ids: Iterable[int]) -> str:
    # One string: a list of values would not fit the signature that plain http needs.
    return ",".join(str(one) for one in ids)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    distinct = list(dict.fromkeys(ids))
    for start in range(0, len(distinct), PER_PAGE):
        yield distinct[start : start + PER_PAGE]
