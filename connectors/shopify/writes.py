"""Which writes a push comes to: computed as values before anything is sent, so that they can also only be shown. Pure.

Tags, record, our line in the note and one change of holds go in one request. Holds are planned one change ahead: a hold
of some units splits a fulfillment order and a release merges its parts, so what comes after is planned on what the
answer tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backorder.domain.actions import StoreSide
from connectors.shopify import holds, note_line, order_fields
from connectors.shopify.nodes import OrderNode
from connectors.shopify.payloads import gid
from connectors.shopify.record import Record, record_of

HOLD_EXISTS = "DUPLICATE_FULFILLMENT_HOLD_HANDLE"
"""The hold is there: an earlier try of the same write made it."""


@dataclass(frozen=True, slots=True)
class Write:
    """One request that changes something: the document, its operation and the variables, all of them."""

    document: str
    operation: str
    variables: Mapping[str, Any]

    def __bool__(self) -> bool:
        """Whether it changes anything beside naming what it is about."""
        return len(self.variables) > 1


def first_write(node: OrderNode, desired: StoreSide, key: str) -> Write:
    """Everything that differs, with the first change of holds."""
    return _write(node, {**_shown(node, desired), **_noted(node, desired), **_holds(node, desired, key)})


def next_write(node: OrderNode, desired: StoreSide, key: str) -> Write:
    """The next change of holds alone."""
    return _write(node, _holds(node, desired, key))


def _write(node: OrderNode, changes: Mapping[str, Any]) -> Write:
    return Write("write_order", "WriteOrder", {"id": gid("Order", node.id), **changes})


def _holds(node: OrderNode, desired: StoreSide, key: str) -> dict[str, Any]:
    change = holds.next_change(node, holds.wanted(desired.held))
    if change is None:
        return {}
    if isinstance(change, holds.Release):
        return {"release": True, "work": change.work, "holds": list(change.holds)}
    how: dict[str, Any] = {
        "reason": holds.reason(desired.shown),
        "reasonNotes": holds.notes(desired.shown),
        "notifyMerchant": False,
        "handle": holds.handle(key, change.work),
    }
    if change.units:
        how["fulfillmentOrderLineItems"] = [{"id": line, "quantity": units} for line, units in change.units]
    return {"hold": True, "work": change.work, "how": how}


def _noted(node: OrderNode, desired: StoreSide) -> dict[str, Any]:
    note = note_line.rewritten(node.note, desired.noted)
    return {} if note is None else {"annotate": True, "note": note}


def _shown(node: OrderNode, desired: StoreSide) -> dict[str, Any]:
    """Tags and metafields. In the order in which one request writes them, a push that is cut off anywhere leaves no
    tag of ours that the record does not know.
    """
    before = record_of(node.metafield.value if node.metafield else None)
    there = {tag.casefold() for tag in node.tags}
    ours = {tag.casefold() for tag in before.tags}
    want = {tag.casefold() for tag in desired.tags}
    off = [tag for tag in before.tags if tag.casefold() in there - want]
    kept = tuple(tag for tag in desired.tags if tag.casefold() in ours or tag.casefold() not in there)
    after = Record(desired.shown, kept)
    on = [tag for tag in desired.tags if tag.casefold() not in there]
    changes: dict[str, Any] = {}
    if off:
        changes |= {"untag": True, "off": off}
    if after != before or (after.empty and node.metafield is not None):
        fields, gone = order_fields.written(node.id, before, after)
        if fields:
            changes |= {"show": True, "fields": fields}
        if gone:
            changes |= {"hide": True, "gone": gone}
    if on:
        changes |= {"tag": True, "on": on}
    return changes
