"""Records parcels as fulfillments, one for each location that units leave from: Shopify takes no other.

Fulfillment orders and their lines are named as a reading of the same operation tells them, never from memory. Shopify
knows no key for a fulfillment: an earlier try is found by the tracking number and the units of each line.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backorder.domain.errors import AccessLost, OutcomeUnknown, PermanentFailure, StoreClosed, TemporaryFailure
from backorder.domain.parcels import GONE_MEANWHILE, Parcel, Teller
from connectors.contract import Dispatch
from connectors.shopify import read
from connectors.shopify.client import Admin, Denied
from connectors.shopify.nodes import ActionNode, Connection, ToShipNode, WorkNode
from connectors.shopify.translate import is_open, our_holds

ALREADY = "Your store has a parcel with this tracking number and these units already: nothing was recorded."
HELD_BY_US = "Waitline's own hold is still on some of these units: look below at the changes in your store."
HELD = "Somebody else (another app, or a person) holds some of these units in Shopify: let them go there first."
NOT_YOURS = "Some of these units cannot be shipped from here: a fulfilment service has them, or they are scheduled."
NOT_ALLOWED = (
    "Waitline may not ship in this shop. Allow write_merchant_managed_fulfillment_orders, and for what a fulfilment "
    "service ships write_third_party_fulfillment_orders."
)
PARTLY = "A part of the parcel was recorded, the rest was not."

SHIPS = "CREATE_FULFILLMENT"
_THERE = frozenset({"OPEN", "PENDING", "SUCCESS"})
"""Fulfillments that were not taken back and did not fail."""

Units = Mapping[int, int]
"""Units by order line."""


def ship(admin: Admin, wanted: Dispatch) -> None:
    """Return when all of the parcel is recorded."""
    groups = _groups(wanted.parcel)
    left = planned(admin, wanted)
    for at, fulfillment in enumerate(left):
        partly = at > 0 or len(left) < len(groups)
        try:
            admin.tell("record_parcel", "RecordParcel", {"parcel": fulfillment})
        except (TemporaryFailure, AccessLost, StoreClosed) as failure:
            if not partly:
                raise
            raise OutcomeUnknown(f"{PARTLY} It is tried again.") from failure
        except PermanentFailure as failure:
            reason = NOT_ALLOWED if isinstance(failure, Denied) else str(failure)
            raise PermanentFailure(f"{PARTLY} {reason}" if partly else reason) from failure


def planned(admin: Admin, wanted: Dispatch, *, released: bool = False) -> list[dict[str, Any]]:
    """The fulfillments that are still to be made, as they would be sent. `released`: as if no hold of ours were on."""
    node = read.to_ship(admin, wanted.order_id)
    if node is None:
        raise PermanentFailure("The order is no longer in the shop.")
    there = list(_recorded(node, wanted.parcel.number))
    left = []
    for place, units in _groups(wanted.parcel):
        if units not in there:
            left.append((place, units))
        elif not wanted.begun:
            raise PermanentFailure(ALREADY)
        else:
            there.remove(units)
    if released:
        node = _without_our_holds(node)
    try:
        return [_fulfillment(node, wanted.parcel, place, units) for place, units in left]
    except PermanentFailure as failure:
        if len(left) < len(_groups(wanted.parcel)):
            raise PermanentFailure(f"{PARTLY} {failure}") from failure
        raise


def _without_our_holds(node: ToShipNode) -> ToShipNode:
    works = [
        work.model_copy(update={"fulfillment_holds": [], "supported_actions": [ActionNode(action=SHIPS)]})
        if work.fulfillment_holds and len(our_holds(work)) == len(work.fulfillment_holds)
        else work
        for work in node.fulfillment_orders.nodes
    ]
    return node.model_copy(update={"fulfillment_orders": Connection(nodes=works)})


def _groups(parcel: Parcel) -> list[tuple[int, Units]]:
    """What leaves from each location."""
    groups: dict[int, dict[int, int]] = {}
    for packed in sorted(parcel.units, key=lambda each: (each.location, each.line_id)):
        groups.setdefault(packed.location, {})[packed.line_id] = int(packed.units)
    return list(groups.items())


def _recorded(node: ToShipNode, number: str) -> Iterator[Units]:
    """The units of each fulfillment with that tracking number."""
    for each in node.fulfillments:
        if each.status in _THERE and any(told.number == number for told in each.tracking_info):
            units: dict[int, int] = {}
            for line in each.fulfillment_line_items.nodes:
                units[line.line_item.id] = units.get(line.line_item.id, 0) + (line.quantity or 0)
            yield units


def _fulfillment(node: ToShipNode, parcel: Parcel, place: int, wanted: Units) -> dict[str, Any]:
    here = [work for work in node.fulfillment_orders.nodes if is_open(work) and _place(work) == place]
    left = dict(wanted)
    chosen = []
    for work in here:
        if work.fulfillment_holds or not _ships(work):
            continue
        lines = []
        for line in work.line_items.nodes:
            units = min(left.get(line.line_item.id, 0), line.remaining_quantity)
            if units:
                left[line.line_item.id] -= units
                lines.append({"id": line.id, "quantity": units})
        if lines:
            chosen.append({"fulfillmentOrderId": work.id, "fulfillmentOrderLineItems": lines})
    short = {line: units for line, units in left.items() if units}
    if node.cancelled_at is not None or short:
        raise PermanentFailure(_why_not(here, short))
    tracking = {"number": parcel.number, "company": parcel.company, "url": parcel.url}
    return {
        "lineItemsByFulfillmentOrder": chosen,
        "trackingInfo": {name: told for name, told in tracking.items() if told},
        "notifyCustomer": parcel.teller is Teller.STORE,
    }


def _why_not(works: Sequence[WorkNode], short: Units) -> str:
    """What keeps these units from being shipped."""
    with_them = [
        work
        for work in works
        if any(line.line_item.id in short and line.remaining_quantity for line in work.line_items.nodes)
    ]
    kept = [work for work in with_them if work.fulfillment_holds]
    if any(len(our_holds(work)) < len(work.fulfillment_holds) for work in kept):
        return HELD
    if kept:
        return HELD_BY_US
    return NOT_YOURS if any(not _ships(work) for work in with_them) else GONE_MEANWHILE


def _place(work: WorkNode) -> int | None:
    location = work.assigned_location.location
    return location.id if location else None


def _ships(work: WorkNode) -> bool:
    return any(supported.action == SHIPS for supported in work.supported_actions)
