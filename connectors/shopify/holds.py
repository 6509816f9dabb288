"""Which one change of holds comes next. Pure.

A partial hold splits a fulfillment order and a release merges its parts again, so nothing is planned further ahead
than one change: it is made, the order is read anew, and the next one is asked for.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from backorder.domain.actions import Held, Shown
from connectors.shopify.nodes import OrderNode, WorkNode
from connectors.shopify.translate import HANDLE_PREFIX, is_open, our_holds

_HANDLE_LIMIT = 64
"""Shopify's own."""

Wanted = Mapping[tuple[int, int], int]
"""Units to keep from shipping, by line and location."""


@dataclass(frozen=True, slots=True)
class Release:
    """Take our holds off a fulfillment order."""

    work: str
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold a fulfillment order: all of it, or (split off) the units named by fulfillment order line."""

    work: str
    units: tuple[tuple[str, int], ...] = ()


def wanted(held: tuple[Held, ...]) -> dict[tuple[int, int], int]:
    """The units to hold; Shopify counts in whole ones."""
    return {(part.line_id, part.location): int(part.units) for part in held}


def next_change(node: OrderNode, want: Wanted) -> Release | Hold | None:
    """The next change towards what is wanted; `None` where nothing (more) can be done.

    A held fulfillment order offers no split, so one that holds too much is released first. One that somebody else
    holds ships nothing anyway and cannot be split: it is held as well only where all of it is wanted.
    """
    works = [work for work in node.fulfillment_orders.nodes if is_open(work) and work.assigned_location.location]
    missing = dict(want)
    for work in works:
        if our_holds(work):
            for key, units in contents(work).items():
                missing[key] = missing.get(key, 0) - units
    for work in works:
        too_much = any(missing[key] < 0 for key in contents(work)) if our_holds(work) else False
        if too_much and may(work, "RELEASE_HOLD"):
            return Release(work.id, tuple(our_holds(work)))
    for work in works:
        if not our_holds(work) and may(work, "HOLD"):
            change = _hold(work, missing)
            if change is not None:
                return change
    return None


def taken_off(node: OrderNode, assumed: Wanted, want: Wanted) -> bool:
    """Whether units that we held and want to hold are free now although they are still to ship: somebody let them."""
    held, left = _held_and_left(node)
    return any(held.get(key, 0) < min(units, want.get(key, 0), left.get(key, 0)) for key, units in assumed.items())


def elsewhere(node: OrderNode, assumed: Wanted | None, want: Wanted) -> bool:
    """Whether units to be held went to another location with holds of ours, or holds of ours came to where none was
    made: such an order is decided anew. To take holds off because they are elsewhere would let go what has no stock.
    """
    held, left = _held_and_left(node)
    gone = {line for (line, place), units in want.items() if units > left.get((line, place), 0)}
    too_much = {key: units for key, units in held.items() if units > want.get(key, 0)}
    came = assumed is not None and any(units > assumed.get(key, 0) for key, units in too_much.items())
    return came or any(line in gone for line, _ in too_much)


def _held_and_left(node: OrderNode) -> tuple[Wanted, Wanted]:
    """The units that we hold, and all that are still to ship."""
    held: dict[tuple[int, int], int] = {}
    left: dict[tuple[int, int], int] = {}
    for work in node.fulfillment_orders.nodes:
        if is_open(work) and work.assigned_location.location:
            for key, units in contents(work).items():
                left[key] = left.get(key, 0) + units
                if our_holds(work):
                    held[key] = held.get(key, 0) + units
    return held, left


def handle(key: str, work: str) -> str:
    """The hold's name: the same for a repeat of a write, so that Shopify itself refuses to do it twice."""
    digest = hashlib.sha256(f"{key}\n{work}".encode()).hexdigest()
    return f"{HANDLE_PREFIX}-{digest}"[:_HANDLE_LIMIT]


def reason(shown: Shown | None) -> str:
    """Shopify's word for why units are held."""
    undated = shown is not None and shown.waiting > 0 and shown.late is None
    return "UNKNOWN_DELIVERY_DATE" if undated else "INVENTORY_OUT_OF_STOCK"


def notes(shown: Shown | None) -> str:
    """What staff reads at a hold. It tells the promise at the time the hold was set: the tags and metafields follow the
    promise, a hold is not set anew for its text.
    """
    if shown is None:
        return "Waiting for stock (Waitline)"
    if shown.waiting == 0:
        return "Its goods are here and stay until the rest of the order can leave (Waitline)"
    if shown.late is None:
        return "Waiting for stock; the day is not known yet (Waitline)"
    return f"Waiting for stock; expected to ship by {shown.late.day} {shown.late:%B %Y} (Waitline)"


def _hold(work: WorkNode, missing: Wanted) -> Hold | None:
    place = _place(work)
    left = {key: max(0, units) for key, units in missing.items()}
    taken = []
    whole = True
    for line in work.line_items.nodes:
        key = (line.line_item.id, place)
        units = min(line.remaining_quantity, left.get(key, 0))
        whole = whole and units == line.remaining_quantity
        if units:
            left[key] -= units
            taken.append((line.id, units))
    if not taken:
        return None
    if whole:
        return Hold(work.id)
    return None if work.fulfillment_holds else Hold(work.id, tuple(taken))


def contents(work: WorkNode) -> dict[tuple[int, int], int]:
    """The units left in a fulfillment order, by line and location."""
    place = _place(work)
    contents: dict[tuple[int, int], int] = {}
    for line in work.line_items.nodes:
        key = (line.line_item.id, place)
        contents[key] = contents.get(key, 0) + line.remaining_quantity
    return contents


def _place(work: WorkNode) -> int:
    location = work.assigned_location.location
    return location.id if location else 0


def may(work: WorkNode, action: str) -> bool:
    """Whether Shopify lets this be done with it now."""
    return any(supported.action == action for supported in work.supported_actions)
