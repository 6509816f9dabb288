"""Writes by the REST API: one by one or in batches, and noted under the id by which the app calls them.

The shop knows no idempotence, so an app leaves its id as a mark in what it writes.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from demo.stores.woocommerce.rest import LARGEST_PAGE, ApiError, Object
from demo.stores.woocommerce.shop import Shop

_MARKER = re.compile(r"\[([^\[\]]+)\]\s*$")
_IN_REASON = re.compile(r"\(([^()]+)\)\s*$")
_OF_OPERATIONS = ("operation", "allocation", "cancelled")


def operation(asked: Object) -> str:
    """The id in a private record among the meta data (as its `key`, or as the whole value of an operation's entry), or
    the marker at the end of a note (in brackets) or of a refund's reason. Empty where the call carries none.
    """
    for meta in asked.get("meta_data") or []:
        told = _told(str(meta.get("key", "")), meta.get("value"))
        if told:
            return told
    marker = _MARKER.search(asked["note"]) if isinstance(asked.get("note"), str) else None
    if marker is None and isinstance(asked.get("reason"), str):
        marker = _IN_REASON.search(asked["reason"])
    return marker[1] if marker else ""


def _told(key: str, value: Any) -> str:
    if not key.startswith("_"):
        return ""
    if isinstance(value, dict) and isinstance(value.get("key"), str):
        return str(value["key"])
    return value if isinstance(value, str) and any(word in key for word in _OF_OPERATIONS) else ""


def keep(shop: Shop, kind: str, target: int, asked: Object, detail: str = "") -> None:
    """Note in the shop's journal what a call has changed."""
    shop.journal.note(shop.clock(), kind, target, operation(asked), detail)


def batch(asked: Object, steps: Mapping[str, Callable[[Any], Object]]) -> Object:
    """Do the steps of a batch one by one (create, update, delete); one that is refused costs only itself."""
    if sum(len(asked.get(word, [])) for word in steps) > LARGEST_PAGE:
        message = f"Unable to accept more than {LARGEST_PAGE} items for this request."
        raise ApiError("woocommerce_rest_request_entity_too_large", message, 413)
    done: Object = {}
    for word, step in steps.items():
        for one in asked.get(word, []):
            try:
                told = step(one)
            except ApiError as refusal:
                told = {"id": one if word == "delete" else one.get("id", 0), "error": refusal.body}
            done.setdefault(word, []).append(told)
    return done
