"""Ids and moments as the Admin API writes them."""

import re
from datetime import UTC, datetime

from demo.stores.shopify.state import APP_NAMESPACE

_GID = re.compile(r"gid://shopify/(\w+)/(\d+)")
_ITEM = re.compile(r"inventory_item_id=(\d+)")


def gid(kind: str, number: int) -> str:
    """The global id of a thing of that kind."""
    return f"gid://shopify/{kind}/{number}"


def named(given: str) -> tuple[str, int]:
    """The kind and number that a global id names."""
    found = _GID.match(given)
    return (found[1], int(found[2])) if found else ("", 0)


def level_gid(place: int, item: int) -> str:
    """The global id of an item's stock at a location."""
    return f"{gid('InventoryLevel', place)}?inventory_item_id={item}"


def item_of_level(given: str) -> int:
    """The item that the global id of a level names."""
    found = _ITEM.search(given)
    return int(found[1]) if found else 0


def at(moment: datetime) -> str:
    """A moment as the Admin API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def namespace(given: str | None) -> str:
    """The whole namespace of a metafield: none, `$app` and `$app:name` are the asking app's own."""
    if given is None or given == "$app":
        return APP_NAMESPACE
    return f"{APP_NAMESPACE}--{given[5:]}" if given.startswith("$app:") else given
