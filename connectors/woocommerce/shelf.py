"""What is written to products and variations: what shoppers may know of them, and whether they sell what is not there.

Only where a number of their own counts them: of a variation that its parent counts, the parent tells, and the parent's
switch decides. Never a word of stock: the shop's number is the shop's.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from backorder.domain.item_side import ItemShown
from connectors.contract import Intended, ItemChange, ItemFound
from connectors.woocommerce.client import PER_PAGE, Shop
from connectors.woocommerce.payloads import Batch, Meta, ProductBody
from connectors.woocommerce.reading import Reader

OFFER_KEY = "_backorder_offer"
"""The meta of ours. The underscore keeps it out of the shop's pages until a theme or a plugin shows it."""
OFFER_VERSION = 1
BEFORE_KEY = "_backorder_before"
"""How the shop sold it before we stopped that, where turning it on again would not say so."""
SILENTLY, TELLING, NOT = "yes", "notify", "no"
FIELDS = "id,type,status,parent_id,manage_stock,backorders,meta_data"


class Shelf:
    """The products and variations of one shop."""

    def __init__(self, shop: Shop, reader: Reader) -> None:
        self._shop = shop
        self._reader = reader

    def read(self, items: Sequence[int]) -> Mapping[int, ItemFound]:
        """What they show and whether they sell; those without a number of their own are left out."""
        bodies = self._reader.products(items, FIELDS)
        return {item: _found(body) for item, body in bodies.items() if body is not None and body.manage_stock is True}

    def intended(self, changes: Mapping[int, ItemChange]) -> Mapping[int, Sequence[Intended]]:
        """What would be sent for each item alone."""
        return {item: _intended(item, change) for item, change in changes.items()}

    def write(self, changes: Mapping[int, ItemChange]) -> Mapping[int, str]:
        """In batches: of products, and of the variations of each product; why some were refused."""
        below: dict[str, list[dict[str, Any]]] = {}
        for item, change in sorted(changes.items()):
            update = _update(item, change)
            if update is not None:
                below.setdefault(change.found.where[0], []).append(update)
        refused: dict[int, str] = {}
        for endpoint, updates in below.items():
            for chunk in _chunks(updates):
                told = self._shop.post(Batch, f"{endpoint}/batch", {"update": chunk})
                # A batch is a success as a whole; what it did not do stands beside each entry.
                refused |= {
                    entry.id: f"The store refused it: {entry.error.message or entry.error.code}"
                    for entry in told.update
                    if entry.error is not None
                }
        return refused


def _intended(item: int, change: ItemChange) -> list[Intended]:
    update = _update(item, change)
    return [] if update is None else [Intended(f"POST {change.found.where[0]}/batch", {"update": [update]})]


def _found(body: ProductBody) -> ItemFound:
    endpoint = f"products/{body.parent_id}/variations" if body.parent_id else "products"
    offer, before = body.meta(OFFER_KEY), body.meta(BEFORE_KEY)
    return ItemFound(
        shown=_shown(offer),
        mixed=offer is not None and _shown(offer) is None,
        sells=body.backorders in (SILENTLY, TELLING),
        where=(endpoint, body.backorders, _id(offer), _id(before), str(before.value) if before else ""),
    )


def _id(meta: Meta | None) -> str:
    return str(meta.id) if meta is not None else ""


def _shown(meta: Meta | None) -> ItemShown | None:
    """Our offer, or `None` where it is not there or is not in our form (then it is written anew)."""
    if meta is None or not isinstance(meta.value, dict) or meta.value.get("version") != OFFER_VERSION:
        return None
    value = meta.value
    try:
        day = date.fromisoformat(value["expected"]) if value.get("expected") else None
        return ItemShown(value.get("accepting") is True, day, Decimal(str(value.get("due"))))
    except (TypeError, ValueError, InvalidOperation):
        return None


def _offer(shown: ItemShown) -> dict[str, Any]:
    return {
        "version": OFFER_VERSION,
        "accepting": shown.accepting,
        "expected": shown.expected.isoformat() if shown.expected else None,
        "due": f"{shown.due.normalize():f}",
    }


def _update(item: int, change: ItemChange) -> dict[str, Any] | None:
    """The entry of a batch with what differs; `None` where nothing does."""
    _, sold, offer_id, before_id, before = change.found.where
    update: dict[str, Any] = {}
    metas: list[dict[str, Any]] = []
    if change.shown is not None and change.shown != change.found.shown:
        metas.append({"key": OFFER_KEY, "value": _offer(change.shown)})
    elif change.shown is None and offer_id:
        metas.append({"id": int(offer_id), "key": OFFER_KEY, "value": None})
    if change.sells is not None and change.sells != change.found.sells:
        update["backorders"] = (before if before == SILENTLY else TELLING) if change.sells else NOT
        if sold == SILENTLY:
            metas.append({"key": BEFORE_KEY, "value": SILENTLY})
        elif before_id:
            metas.append({"id": int(before_id), "key": BEFORE_KEY, "value": None})
    if metas:
        update["meta_data"] = metas
    return {"id": item, **update} if update else None


def _chunks(updates: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(updates), PER_PAGE):
        yield updates[start : start + PER_PAGE]
