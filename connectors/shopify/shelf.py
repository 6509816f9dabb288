"""What is written to the variants of an item: what shoppers may know of it, and whether it sells when nothing is there.

An inventory item may be sold by several variants; all of them say the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from backorder.domain.errors import PermanentFailure
from backorder.domain.item_side import ItemShown
from connectors.contract import Intended, ItemChange, ItemFound
from connectors.shopify import definitions, read
from connectors.shopify.client import Admin, Json
from connectors.shopify.nodes import SoldItemNode, SoldVariantNode

_TYPES = {"accepting": "boolean", "expected": "single_line_text_field", "due": "number_integer"}
_FIELDS_A_CALL = 25
"""Shopify's own; all or nothing."""


class Shelf:
    """The variants of one shop."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def read(self, items: Sequence[int]) -> Mapping[int, ItemFound]:
        """What they show and whether they sell; items that no variant sells are left out."""
        nodes = read.sold_items(self._admin, items)
        return {node.id: _found(node) for node in nodes if node.variants.nodes}

    def write(self, changes: Mapping[int, ItemChange]) -> Mapping[int, str]:
        """Metafields first, 25 in a call, then the policies, product by product; why some were refused."""
        refused: dict[int, str] = {}
        shows = {item: change for item, change in changes.items() if not change.found.shows(change.shown)}
        if any(change.shown is not None and change.found.shown is None for change in shows.values()):
            definitions.ensure(self._admin, definitions.VARIANT)
        for items, variables in _fields(shows):
            self._send("write_variants", "WriteVariants", variables, items, refused)
        for items, variables in _policies(changes):
            self._send("sell_variants", "SellVariants", variables, items, refused)
        return refused

    def intended(self, changes: Mapping[int, ItemChange]) -> Mapping[int, Sequence[Intended]]:
        """What would be sent for each item alone."""
        return {item: _intended(item, change) for item, change in changes.items()}

    def _send(self, name: str, operation: str, variables: Json, items: set[int], refused: dict[int, str]) -> None:
        """One call; where the shop refuses it, those whose items it is about are not done."""
        try:
            self._admin.tell(name, operation, variables)
        except PermanentFailure as error:
            if type(error) is not PermanentFailure:
                raise
            refused |= dict.fromkeys(items, str(error))


def _intended(item: int, change: ItemChange) -> list[Intended]:
    shows = {} if change.found.shows(change.shown) else {item: change}
    return [
        *[Intended("WriteVariants", variables) for _, variables in _fields(shows)],
        *[Intended("SellVariants", variables) for _, variables in _policies({item: change})],
    ]


def _found(node: SoldItemNode) -> ItemFound:
    variants = node.variants.nodes
    fields = {_fields_of(variant) for variant in variants}
    shown = _shown(variants[0]) if len(fields) == 1 else None
    return ItemFound(
        shown=shown,
        # Variants that differ, or fields that are not whole, say nothing together: all are written anew.
        mixed=shown is None and fields != {(None, None, None)},
        sells=all(variant.inventory_policy == "CONTINUE" for variant in variants),
        where=tuple(name for variant in variants for name in (variant.product.id, variant.id)),
    )


def _fields_of(variant: SoldVariantNode) -> tuple[str | None, ...]:
    """What the variant's three fields hold; `None` where one is not there."""
    return tuple(None if field is None else field.value for field in (variant.accepting, variant.expected, variant.due))


def _shown(variant: SoldVariantNode) -> ItemShown | None:
    if variant.accepting is None or variant.due is None:
        return None
    try:
        day = date.fromisoformat(variant.expected.value) if variant.expected else None
        return ItemShown(variant.accepting.value == "true", day, Decimal(variant.due.value))
    except (ValueError, InvalidOperation):
        return None


def _values(shown: ItemShown | None) -> Mapping[str, str]:
    if shown is None:
        return {}
    values = {"accepting": "true" if shown.accepting else "false", "due": str(int(shown.due))}
    return values | ({"expected": shown.expected.isoformat()} if shown.expected else {})


def _fields(changes: Mapping[int, ItemChange]) -> Iterator[tuple[set[int], Json]]:
    """Calls that set and delete fields, each with the items that it is about."""
    items: set[int] = set()
    fields: list[Json] = []
    gone: list[Json] = []
    for item, change in sorted(changes.items()):
        has = _values(change.shown)
        for variant in change.found.where[1::2]:
            if max(len(fields), len(gone)) + len(_TYPES) > _FIELDS_A_CALL:
                yield items, _switched(fields, gone)
                items, fields, gone = set(), [], []
            items.add(item)
            for key, kind in _TYPES.items():
                named = {"ownerId": variant, "namespace": "$app", "key": key}
                if key in has:
                    fields.append({**named, "type": kind, "value": has[key]})
                else:
                    gone.append(named)
    if items:
        yield items, _switched(fields, gone)


def _switched(fields: list[Json], gone: list[Json]) -> Json:
    variables: dict[str, Any] = {}
    if fields:
        variables |= {"show": True, "fields": fields}
    if gone:
        variables |= {"hide": True, "gone": gone}
    return variables


def _policies(changes: Mapping[int, ItemChange]) -> Iterator[tuple[set[int], Json]]:
    """Calls that turn the policy of variants: one for each product, for Shopify takes those of one alone."""
    of_product: dict[str, tuple[set[int], list[Json]]] = {}
    for item, change in sorted(changes.items()):
        if change.sells is not None:
            policy = "CONTINUE" if change.sells else "DENY"
            for product, variant in zip(change.found.where[::2], change.found.where[1::2], strict=True):
                items, variants = of_product.setdefault(product, (set(), []))
                items.add(item)
                variants.append({"id": variant, "inventoryPolicy": policy})
    for product, (items, variants) in of_product.items():
        yield items, {"product": product, "variants": variants}
