"""How a parcel becomes fulfillments, what is refused, and by what an earlier try is found."""

import json
from decimal import Decimal

import pytest

from backorder.domain.errors import OutcomeUnknown, PermanentFailure
from backorder.domain.parcels import GONE_MEANWHILE, Packed, Parcel, Teller
from connectors.contract import Dispatch
from connectors.shopify.shipping import ALREADY, HELD, HELD_BY_US, NOT_ALLOWED, NOT_YOURS, PARTLY
from demo.stores.shopify.state import Hold
from demo.stores.wire import Fault
from tests.connectors.shopify.conftest import Lab


def dispatch(lab: Lab, order: int, *counts: int, begun: bool = False, number: str = "1Z1") -> Dispatch:
    """A parcel with so many units of each line, from the first location."""
    lines = lab.known(order).lines
    packed = [Packed(line.id, lab.here, Decimal(units)) for line, units in zip(lines, counts, strict=False) if units]
    return Dispatch(order, Parcel(tuple(packed), number, "UPS", "https://ups.example/1Z1", Teller.STORE), "k", begun)


def shipped(lab: Lab, order: int) -> list[dict[str, int]]:
    return [{units.line.sku: units.quantity for units in each.lines} for each in lab.known(order).shipments]


def why_not(lab: Lab, wanted: Dispatch) -> str:
    with pytest.raises(PermanentFailure) as refused:
        lab.client.ship(wanted)
    return str(refused.value)


def test_a_parcel_is_one_fulfillment_with_its_tracking_and_the_reading_behind_it(lab: Lab) -> None:
    order = lab.order(2, 1)
    lab.client.ship(dispatch(lab, order, 1, 1))
    (made,) = lab.known(order).shipments
    assert (shipped(lab, order), made.told) == ([{"MUG": 1, "LAMP": 1}], True)
    assert made.tracking == [{"company": "UPS", "number": "1Z1", "url": "https://ups.example/1Z1"}]
    told = lab.client.last_reading(order)
    assert told is not None
    assert [(int(line.shipped), int(line.outstanding)) for line in told.reading.order.lines] == [(1, 1), (1, 0)]


def test_units_in_several_fulfillment_orders_of_a_location_are_one_fulfillment(lab: Lab) -> None:
    order = lab.order(3)
    (work,) = lab.works(order)
    lab.shop.trade.split_work(lab.known(order), work, {work.lines[0].id: 1})
    lab.client.ship(dispatch(lab, order, 3))
    assert [sum(units.quantity for units in each.lines) for each in lab.known(order).shipments] == [3]


def test_of_what_is_partly_held_the_free_units_leave(lab: Lab) -> None:
    order = lab.order(3)
    (work,) = lab.works(order)
    lab.shop.trade.hold_work(lab.known(order), work, Hold(1, "other", False, "OTHER"), {work.lines[0].id: 2})
    assert why_not(lab, dispatch(lab, order, 2)) == HELD
    lab.client.ship(dispatch(lab, order, 1))
    assert shipped(lab, order) == [{"MUG": 1}]


def test_what_we_hold_is_not_shipped_and_is_shown_as_if_it_were_free(lab: Lab) -> None:
    order = lab.order(2)
    (work,) = lab.works(order)
    lab.shop.trade.hold_work(lab.known(order), work, Hold(1, "waitline-1", True, "OTHER"), None)
    assert why_not(lab, dispatch(lab, order, 1)) == HELD_BY_US
    (shown,) = lab.client.preview_ship(dispatch(lab, order, 1))
    units = [{"id": f"gid://shopify/FulfillmentOrderLineItem/{work.lines[0].id}", "quantity": 1}]
    named = {"fulfillmentOrderId": f"gid://shopify/FulfillmentOrder/{work.id}", "fulfillmentOrderLineItems": units}
    assert shown.variables["parcel"]["lineItemsByFulfillmentOrder"] == [named]


def test_what_is_not_there_to_ship_is_refused_before_anything_is_written(lab: Lab) -> None:
    order = lab.order(2)
    assert why_not(lab, dispatch(lab, order, 3)) == GONE_MEANWHILE
    lab.works(order)[0].status = "SCHEDULED"
    assert why_not(lab, dispatch(lab, order, 1)) == NOT_YOURS
    lab.works(order)[0].status = "OPEN"
    lab.shop.trade.cancel_order(order)
    assert (why_not(lab, dispatch(lab, order, 1)), lab.shop.writes) == (GONE_MEANWHILE, [])


def test_an_earlier_try_is_known_by_number_and_units(lab: Lab) -> None:
    order = lab.order(4)
    lab.client.ship(dispatch(lab, order, 1))
    assert why_not(lab, dispatch(lab, order, 1)) == ALREADY
    lab.client.ship(dispatch(lab, order, 1, begun=True))
    assert shipped(lab, order) == [{"MUG": 1}]
    lab.client.ship(dispatch(lab, order, 2, begun=True))
    lab.client.ship(dispatch(lab, order, 1, number="1Z2"))
    assert shipped(lab, order) == [{"MUG": 1}, {"MUG": 2}, {"MUG": 1}]


def test_a_fulfillment_that_was_taken_back_is_no_earlier_try(lab: Lab) -> None:
    order = lab.order(4)
    lab.client.ship(dispatch(lab, order, 1))
    lab.known(order).shipments[0].status = "CANCELLED"
    lab.client.ship(dispatch(lab, order, 1))
    assert len(lab.known(order).shipments) == 2


def test_a_missing_right_is_said_in_a_sentence(lab: Lab) -> None:
    order = lab.order(2)
    error = {"message": "Access denied for fulfillmentCreate field.", "extensions": {"code": "ACCESS_DENIED"}}
    answer = json.dumps({"errors": [error]}).encode()
    before = len(lab.transport.calls)
    lab.transport.answer(
        200,
        answer,
        [("content-type", "application/json")],
        concerns=lambda *_: len(lab.transport.calls) - before == 2,
    )
    assert why_not(lab, dispatch(lab, order, 1)) == NOT_ALLOWED


def test_of_two_locations_the_one_that_was_refused_is_said(lab: Lab) -> None:
    order = lab.order(2)
    (work,) = lab.works(order)
    moved = lab.shop.trade.move_work(lab.known(order), work, lab.there, {work.lines[0].id: 1})
    line = lab.known(order).lines[0].id
    both = Parcel((Packed(line, lab.here, Decimal(1)), Packed(line, lab.there, Decimal(1))), "1Z1")
    before = len(lab.transport.calls)
    lab.transport.fail(Fault.LOST_CALL, concerns=lambda *_: len(lab.transport.calls) - before == 3)
    with pytest.raises(OutcomeUnknown):
        lab.client.ship(Dispatch(order, both, "k"))
    moved.status = "SCHEDULED"
    assert why_not(lab, Dispatch(order, both, "k", begun=True)) == f"{PARTLY} {NOT_YOURS}"
    moved.status = "OPEN"
    lab.client.ship(Dispatch(order, both, "k", begun=True))
    assert shipped(lab, order) == [{"MUG": 1}, {"MUG": 1}]
