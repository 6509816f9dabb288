"""Lets another location ship what an order is still to get from one: after a look at it, and a look at what it became.

No id is remembered: a fulfillment order that was split or merged meanwhile is found by what is in it.
"""

from backorder.domain.errors import OutcomeUnknown, PermanentFailure, PlanOutdated, TemporaryFailure
from backorder.domain.locations import Relocation
from connectors.shopify import read
from connectors.shopify.client import Admin
from connectors.shopify.holds import contents, may
from connectors.shopify.nodes import OrderNode, WorkNode
from connectors.shopify.payloads import gid
from connectors.shopify.translate import is_open, our_holds


def move(admin: Admin, order_id: int, wanted: Relocation) -> None:
    """Move every fulfillment order of these units that is not there yet."""
    node = read.order_nodes(admin, [order_id]).get(order_id)
    if node is None:
        raise PermanentFailure("The order is no longer in the shop.")
    left = _works(node, wanted.source)
    if not _only(node, left, wanted):
        raise PlanOutdated("The order ships from elsewhere by now, or is owed something else.")
    for work in left:
        if len(our_holds(work)) < len(work.fulfillment_holds):
            raise PermanentFailure("Somebody else holds the order: it is not moved.")
        if not may(work, "MOVE"):
            raise PermanentFailure("Shopify lets nobody move the order now.")
    for work in left:
        admin.tell("move_work", "MoveWork", {"id": work.id, "to": gid("Location", wanted.target)})
    if left and not _arrived(admin, order_id, wanted):
        raise OutcomeUnknown("Shopify does not show the order at its new location yet.")


def _arrived(admin: Admin, order_id: int, wanted: Relocation) -> bool:
    try:
        after = read.order_nodes(admin, [order_id]).get(order_id)
    except TemporaryFailure as failure:
        raise OutcomeUnknown("Shopify was told to move the order and did not say where it is.") from failure
    return after is not None and not _works(after, wanted.source)


def _works(node: OrderNode, location: int) -> list[WorkNode]:
    """The open fulfillment orders at a location with anything left in them."""
    return [
        work
        for work in node.fulfillment_orders.nodes
        if is_open(work)
        and work.assigned_location.location
        and work.assigned_location.location.id == location
        and any(contents(work).values())
    ]


def _only(node: OrderNode, left: list[WorkNode], wanted: Relocation) -> bool:
    """Whether the units are just those that were planned upon: at the old location, or by an earlier try at the new."""
    here = _units(left)
    there = _units(_works(node, wanted.target))
    planned = {line: int(units) for line, units in wanted.units.items()}
    return here.keys() <= planned.keys() and all(
        here.get(line, 0) <= units <= here.get(line, 0) + there.get(line, 0) for line, units in planned.items()
    )


def _units(works: list[WorkNode]) -> dict[int, int]:
    found: dict[int, int] = {}
    for work in works:
        for (line, _), units in contents(work).items():
            if units:
                found[line] = found.get(line, 0) + units
    return found
