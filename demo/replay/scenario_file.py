"""Reads a scenario file and refuses what its description does not name: nothing may pass by being ignored."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Object = dict[str, Any]

_TOP = (
    "name", "origin", "description", "client_secret", "shop_domain", "notes", "arrives", "store", "deliveries",
    "reads", "expect",
)  # fmt: skip
_ORDER = (
    "name", "createdAt", "updatedAt", "cancelledAt", "displayFinancialStatus", "tags", "note", "customer", "lines",
    "fulfillment_orders", "fulfillments", "refunds",
)  # fmt: skip
_LINE = (
    "id", "inventory_item_id", "variant_id", "quantity", "currentQuantity", "requiresShipping", "isGiftCard", "tracked",
)  # fmt: skip
_LEVEL = ("available", "committed", "on_hand", "incoming", "updatedAt")
_VARIANT = (
    "id", "inventory_item_id", "product_id", "sku", "title", "price", "tracked", "inventoryPolicy",
)  # fmt: skip
_EXPECT = ("n", "status", "lines", "pools", "ignored", "orders", "notifiable", "stored", "erased")
_CREDENTIALS = ("$access_token", "$refresh_token")
_EXPECT_LINE = (
    "order", "line", "pool", "ordered", "shipped", "cancelled", "outstanding", "allocated", "waiting", "maybe",
)  # fmt: skip
_EXPECT_POOL = ("pool", "available", "committed", "on_hand", "outstanding", "waiting", "maybe")


class BadScenario(Exception):
    """The file cannot be played as it is; the sentence says why."""


def scenario(path: Path) -> Object:
    """The scenario in a file, every key of it known. Raises BadScenario."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadScenario(f"{path} cannot be read as a scenario: {error}") from None
    _keys("the scenario", told, _TOP, needed=_TOP)
    for at, delivery in enumerate(told["deliveries"]):
        _delivery(f"deliveries[{at}]", delivery)
    _state("store", told["store"], ("orders", "levels", "locations", "variants"))
    for variant in told["store"]["variants"]:
        _keys("a variant", variant, _VARIANT)
    for location in told["store"]["locations"]:
        _keys("a location", location, ("id", "name", "isActive", "fulfillmentService"))
    for at, reading in enumerate(told["reads"]):
        _reading(f"reads[{at}]", reading)
    for at, row in enumerate(told["expect"]):
        _expected(f"expect[{at}]", row)
    if len(told["arrives"]) != len(told["deliveries"]):
        raise BadScenario("The scenario does not say of every delivery when it arrives.")
    if [row["n"] for row in told["expect"]] != list(range(len(told["deliveries"]))):
        raise BadScenario("The scenario does not say of every delivery, in turn, what is right after it.")
    return dict(told)


def _keys(where: str, told: Any, known: Iterable[str], needed: Iterable[str] = ()) -> None:
    if not isinstance(told, dict):
        raise BadScenario(f"{where} is not an object.")
    unknown = sorted(set(told) - set(known))
    if unknown:
        raise BadScenario(f"{where} has a key that this runner does not know: {', '.join(unknown)}.")
    missing = [key for key in needed if key not in told]
    if missing:
        raise BadScenario(f"{where} lacks {', '.join(missing)}.")


def _delivery(where: str, told: Any) -> None:
    _keys(where, told, ("method", "headers", "raw_body", "note", "expected_status"), ("method", "headers", "raw_body"))
    if told["method"] != "POST":
        raise BadScenario(f"{where} is not a POST.")


def _reading(where: str, told: Any) -> None:
    if "http" in told:
        _keys(where, told, ("n", "http"), ("n",))
    else:
        _state(where, told, ("n", "orders", "levels", "gone"))
        _keys(where, told, told, ("n",))


def _state(where: str, told: Any, known: Iterable[str]) -> None:
    _keys(where, told, known, ("orders", "levels"))
    for gid, order in told["orders"].items():
        _order(f"{where} {gid}", order)
    for name, level in told["levels"].items():
        _keys(f"{where} {name}", level, _LEVEL)


def _order(where: str, told: Any) -> None:
    _keys(where, told, _ORDER, _ORDER)
    if told["customer"] is not None:
        _keys(f"{where} customer", told["customer"], ("id", "displayName", "email"))
    _each(where, told["lines"], _LINE)
    for work in told["fulfillment_orders"]:
        _keys(f"{where} fulfillment order", work, ("id", "status", "location_id", "holds", "lines"))
        _each(f"{where} hold", work["holds"], ("id", "reason", "handle", "heldByRequestingApp"))
        _each(f"{where} fulfillment order", work["lines"], ("line_item_id", "totalQuantity", "remainingQuantity"))
    for shipment in told["fulfillments"]:
        _keys(f"{where} fulfillment", shipment, ("id", "status", "createdAt", "location_id", "lines"))
        _each(f"{where} fulfillment", shipment["lines"], ("line_item_id", "quantity"))
    for refund in told["refunds"]:
        _keys(f"{where} refund", refund, ("id", "createdAt", "lines"))
        _each(f"{where} refund", refund["lines"], ("line_item_id", "quantity", "restockType", "location_id"))


def _each(where: str, rows: Iterable[Any], known: Iterable[str]) -> None:
    for row in rows:
        _keys(f"{where} line", row, known)


def _expected(where: str, told: Any) -> None:
    _keys(where, told, _EXPECT, ("n", "status"))
    _counted(where, told)
    _erased(where, told.get("erased", []))
    checks: dict[str, Callable[[Any], None]] = {
        "lines": lambda row: _keys(f"{where} lines", row, _EXPECT_LINE, ("order", "line", "pool")),
        "pools": lambda row: _keys(f"{where} pools", row, _EXPECT_POOL, ("pool",)),
        "ignored": lambda row: _keys(f"{where} ignored", row, ("order", "line", "why", "maybe"), ("why",)),
    }
    for key, check in checks.items():
        for row in told.get(key, ()):
            check(row)


def _counted(where: str, told: Object) -> None:
    for key in ("orders", "stored"):
        count = told.get(key, 0)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise BadScenario(f"{where} {key} is not a number of rows.")


def _erased(where: str, words: Any) -> None:
    if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        raise BadScenario(f"{where} erased is not a list of words.")
    unknown = [word for word in words if word.startswith("$") and word not in _CREDENTIALS]
    if unknown:
        raise BadScenario(f"{where} erased names what this runner does not know: {', '.join(unknown)}.")
