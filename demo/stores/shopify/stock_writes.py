"""What an app may change of the stock: set and adjust quantities, compared with what the app believes they are."""

from collections.abc import Sequence
from typing import Any

from demo.stores.shopify.answers import NOT_FOR_SALE
from demo.stores.shopify.graph import Asked, Tree, refused
from demo.stores.shopify.names import at, gid, named
from demo.stores.shopify.repeats import Repeats
from demo.stores.shopify.state import Product
from demo.stores.shopify.trade import Trade
from demo.stores.shopify.works import Refused

MOST = 1_000_000_000
REASONS = (
    "correction, cycle_count_available, damaged, movement_canceled, movement_created, movement_received, "
    "movement_updated, other, promotion, quality_control, received, reservation_created, reservation_deleted, "
    "reservation_updated, restock, safety_stock, shrinkage"
)
ADJUSTABLE = ("available", "damaged", "incoming", "quality_control", "reserved", "safety_stock")


class SeveralRefused(Refused):
    """Each part of the input that Shopify does not take."""

    def __init__(self, errors: Sequence[tuple[tuple[str, ...], str, str]]) -> None:
        super().__init__(errors[0][1], errors[0][2], errors[0][0])
        self.errors = errors


class StockWrites:
    """The inventory mutations, all or nothing each."""

    def __init__(self, trade: Trade, repeats: Repeats) -> None:
        self._trade = trade
        self._shop = trade.shop
        self._repeats = repeats

    def set_quantities(self, asked: Asked, input: Tree) -> Tree:
        """`inventorySetQuantities`: what is available, or on hand, is this many."""
        _must_compare(input["quantities"], "InventoryQuantityInput")
        return self._repeats.once(asked, input, lambda: self._set(asked, input))

    def adjust_quantities(self, asked: Asked, input: Tree) -> Tree:
        """`inventoryAdjustQuantities`: so many more, or fewer."""
        _must_compare(input["changes"], "InventoryChangeInput")
        return self._repeats.once(asked, input, lambda: self._adjust(asked, input))

    def _set(self, asked: Asked, input: Tree) -> Tree:
        if input["name"] not in ("available", "on_hand"):
            raise Refused(
                "The quantity name must be either 'available' or 'on_hand'.", "INVALID_NAME", ("input", "name")
            )
        rows = input["quantities"]
        places = [(row["inventoryItemId"], row["locationId"]) for row in rows]
        twice = [at for at, place in enumerate(places) if places.count(place) > 1]
        if twice:
            said = "The combination of inventoryItemId and locationId must be unique."
            code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
            raise SeveralRefused([(("input", "quantities", str(at), "locationId"), said, code) for at in twice])
        for number, row in enumerate(rows):
            where = ("input", "quantities", str(number), "quantity")
            if row["quantity"] > MOST:
                raise Refused(f"The quantity can't be higher than {MOST:,}.", "INVALID_QUANTITY_TOO_HIGH", where)
            if row["quantity"] < 0:
                raise Refused("The quantity can't be negative.", "INVALID_QUANTITY_NEGATIVE", where)
        found = self._checked(input, rows, "quantities")
        wanted = [row["quantity"] for row in rows]
        changes = [
            (product, place, quantity - self._amount(product, place, input["name"]))
            for (product, place), quantity in zip(found, wanted, strict=True)
        ]
        return self._done(asked, input, changes)

    def _adjust(self, asked: Asked, input: Tree) -> Tree:
        if input["name"] not in ADJUSTABLE:
            said = f"The specified quantity name is invalid. Valid values are: {', '.join(ADJUSTABLE)}."
            raise Refused(said, "INVALID_QUANTITY_NAME", ("input", "name"))
        rows = input["changes"]
        for number, row in enumerate(rows):
            document = row.get("ledgerDocumentUri")
            where = ("input", "changes", str(number), "ledgerDocumentUri")
            if input["name"] == "available" and document is not None:
                raise Refused("A ledger document is not allowed here.", "INVALID_AVAILABLE_DOCUMENT", where)
            if input["name"] != "available" and document is None:
                raise Refused("A ledger document is required here.", "INVALID_QUANTITY_DOCUMENT", where)
        found = self._checked(input, rows, "changes")
        return self._done(asked, input, [(*pair, row["delta"]) for pair, row in zip(found, rows, strict=True)])

    def _checked(self, input: Tree, rows: list[Tree], field: str) -> list[tuple[Product, int]]:
        """The items and locations that the rows name, in the quantities that they expect."""
        if input["reason"] not in REASONS.split(", "):
            said = f"The specified reason is invalid. Valid values are: {REASONS}."
            raise Refused(said, "INVALID_REASON", ("input", "reason"))
        errors: list[tuple[tuple[str, ...], str, str]] = []
        found = []
        for number, row in enumerate(rows):
            where = ("input", field, str(number))
            product = self._shop.products.get(named(row["inventoryItemId"])[1])
            place = named(row["locationId"])[1]
            if product is None:
                said = "The specified inventory item could not be found."
                errors.append(((*where, "inventoryItemId"), said, "INVALID_INVENTORY_ITEM"))
            if place not in self._shop.locations:
                said = "The specified location could not be found."
                errors.append(((*where, "locationId"), said, "INVALID_LOCATION"))
            elif product is not None:
                found.append((product, place))
                expected = row["changeFromQuantity"]
                if expected is not None and expected != self._amount(product, place, input["name"]):
                    said = "The changeFromQuantity argument no longer matches the persisted quantity."
                    errors.append(((*where, "changeFromQuantity"), said, "CHANGE_FROM_QUANTITY_STALE"))
        if errors:
            raise SeveralRefused(errors)
        return found

    def _amount(self, product: Product, place: int, name: str) -> int:
        figures = self._shop.levels(product.item).get(place)
        if name in NOT_FOR_SALE:
            return product.set_aside.get((place, name), 0)
        amounts = {"available": 0, "on_hand": 0, "incoming": product.incoming.get(place, 0)}
        if figures is not None:
            amounts.update(available=figures.available, on_hand=figures.on_hand)
        return amounts[name]

    def _done(self, asked: Asked, input: Tree, changes: list[tuple[Product, int, int]]) -> Tree:
        name = input["name"]
        told = []
        for product, place, delta in changes:
            if not delta:
                continue
            self._change(product, place, name, delta)
            shown = {"available": ("available", "on_hand"), "on_hand": ("available", "on_hand")}.get(name, (name,))
            for each in (*shown, *(("on_hand",) if name in NOT_FOR_SALE else ())):
                told.append(
                    {
                        "name": each,
                        "delta": delta,
                        "item": {"id": gid("InventoryItem", product.item)},
                        "location": {"id": gid("Location", place), "name": self._shop.locations[place]},
                    }
                )
            self._trade.journal.note(
                self._trade.now(),
                asked.field,
                gid("InventoryItem", product.item),
                asked.key or "",
                f"{name}@{place}:{delta:+d}",
            )
        if not told:
            return {"inventoryAdjustmentGroup": None}
        return {
            "inventoryAdjustmentGroup": {
                "__typename": "InventoryAdjustmentGroup",
                "id": gid("InventoryAdjustmentGroup", self._trade.ids.next("adjustment")),
                "createdAt": at(self._trade.now()),
                "reason": input["reason"],
                "referenceDocumentUri": input.get("referenceDocumentUri"),
                "changes": told,
            }
        }

    def _change(self, product: Product, place: int, name: str, delta: int) -> None:
        if name == "incoming":
            product.incoming[place] = product.incoming.get(place, 0) + delta
            return
        if name in NOT_FOR_SALE:
            product.set_aside[place, name] = product.set_aside.get((place, name), 0) + delta
        self._trade.count(product, place, product.shelf.get(place, 0) + delta)


def _must_compare(rows: list[Tree], kind: str) -> None:
    if any("changeFromQuantity" not in row for row in rows):
        said = f"{kind} must include the following argument: changeFromQuantity."
        raise refused(said, "INVALID_FIELD_ARGUMENTS")


def user_errors(error: Refused) -> list[dict[str, Any]]:
    """A refusal in the shape of `userErrors`."""
    found = error.errors if isinstance(error, SeveralRefused) else [(error.field, str(error), error.code)]
    return [{"field": list(field) or None, "message": message, "code": code} for field, message, code in found]
