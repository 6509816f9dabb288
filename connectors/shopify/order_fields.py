"""Our metafields at an order: the private record, and the typed fields that Flow, Liquid, the admin and customers'
account pages can use. They are written and deleted together; the record alone is read.
"""

from collections.abc import Mapping
from typing import Any

from connectors.shopify.payloads import gid
from connectors.shopify.record import Record, record_text

RECORD_KEY = "backorder"
_TYPES = {
    RECORD_KEY: "json",
    "state": "single_line_text_field",
    "promise": "date",
    "position": "number_integer",
}


def written(order_id: int, before: Record, after: Record) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """What to set and what to delete so that the order's metafields say `after`."""
    owner = gid("Order", order_id)
    had, has = _values(before), _values(after)
    fields = [
        {"ownerId": owner, "namespace": "$app", "key": key, "type": _TYPES[key], "value": value}
        for key, value in has.items()
    ]
    # A record that cannot be read counts as none, and goes all the same.
    gone = [key for key in (RECORD_KEY, *had) if key not in has]
    return fields, [{"ownerId": owner, "namespace": "$app", "key": key} for key in dict.fromkeys(gone)]


def _values(record: Record) -> Mapping[str, str]:
    if record.empty:
        return {}
    values: dict[str, Any] = {RECORD_KEY: record_text(record)}
    shown = record.shown
    if shown is not None:
        values["state"] = shown.state
        values["promise"] = shown.late.isoformat() if shown.late else None
        values["position"] = None if shown.position is None else str(shown.position)
    return {key: value for key, value in values.items() if value is not None}
