"""What fulfillment orders and their holds are called in webhooks, which rarely name the order. Pure.

A reading leaves the names of all that it found at an order. A webhook names what it changed, so it is known which
order it speaks of, and whether a reading has seen what it says: so it is with most echoes of our own writes. The ids of
holds and of parts split off are never used again; a fulfillment order may be held and freed many times.
"""

from collections.abc import Iterator

from backorder.domain.events import OrderTraced
from connectors.shopify.nodes import OrderNode
from connectors.shopify.payloads import HoldBody, WorkBody, number_of
from connectors.shopify.translate import is_open


def traces_of_node(node: OrderNode) -> Iterator[str]:
    """The names of the order's fulfillment orders, holds and fulfillments, and which of the first are open and held."""
    for work in node.fulfillment_orders.nodes:
        number = number_of(work.id)
        yield _work(number)
        if is_open(work):
            yield _open(number)
        if work.fulfillment_holds:
            yield _held(number)
        for hold in work.fulfillment_holds:
            yield _hold(number_of(hold.id))
    for fulfillment in node.fulfillments:
        yield shipment(number_of(fulfillment.id))


def traced(topic: str, body: WorkBody) -> OrderTraced | None:
    """What a delivery names, and what a reading that knows it already has found; `None` where it names nothing.

    A topic of which nothing is said here brings news each time: where units lie now (moved, order_routing_complete),
    or whether they are still to ship (cancelled, rescheduled).
    """
    works = [_work(number) for number in body.works]
    if not works:
        return None
    main = body.works[0]
    others = body.works[1:]
    seen: list[str] = []
    ended: list[str] = []
    match topic:
        case "fulfillment_holds/added":
            seen = _named(body.fulfillment_hold)
        case "fulfillment_orders/placed_on_hold":
            seen = _named(body.created_fulfillment_hold)
            seen += [_work(number) for number in others] if seen else []
        case "fulfillment_orders/split":
            seen = [_work(number) for number in others]
        case "fulfillment_holds/released":
            ended = _named(body.fulfillment_hold)
        case "fulfillment_orders/hold_released":
            ended = [_held(main)]
        case "fulfillment_orders/merged":
            ended = [_open(number) for number in others]
    return OrderTraced(tuple(works), tuple(seen), tuple(ended), topic)


def shipment(number: int) -> str:
    """What a fulfillment is called."""
    return f"shipment {number}"


def _named(hold: HoldBody | None) -> list[str]:
    return [_hold(hold.id)] if hold is not None and hold.id is not None else []


def _work(number: int) -> str:
    return f"work {number}"


def _open(number: int) -> str:
    return f"open {number}"


def _held(number: int) -> str:
    return f"held {number}"


def _hold(number: int) -> str:
    return f"hold {number}"
