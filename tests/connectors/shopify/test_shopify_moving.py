"""Another location is to ship an order: only what lies as it was planned upon, never against somebody else's hold."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from backorder.domain.actions import StoreSide
from backorder.domain.errors import OutcomeUnknown, PermanentFailure, PlanOutdated
from backorder.domain.locations import Relocation
from backorder.domain.supply import Units
from demo.stores.shopify.state import Hold
from demo.stores.wire import Fault
from tests.connectors.shopify.conftest import Lab
from tests.connectors.shopify.test_shopify_push import held, work_states


def wanted(lab: Lab, order: int, *units: int) -> Relocation:
    lines = lab.known(order).lines
    counts = {line.id: Units(count) for line, count in zip(lines, units, strict=True) if count}
    return Relocation(lab.here, lab.there, counts)


def places(lab: Lab, order: int) -> Mapping[int, int]:
    """Units still to ship by location."""
    found: dict[int, int] = {}
    for work in lab.works(order):
        found[work.location] = found.get(work.location, 0) + sum(part.remaining for part in work.lines)
    return found


def test_what_is_held_in_parts_moves_whole_with_its_holds_and_a_repeat_moves_nothing(lab: Lab) -> None:
    order = lab.order(2, 3)
    lab.client.push(order, StoreSide(held=held(lab, order, 0, 2)), "k")
    lab.client.move(order, wanted(lab, order, 2, 3))
    assert (places(lab, order), sum(len(work.holds) for work in lab.works(order))) == ({lab.there: 5}, 1)
    writes = list(lab.shop.writes)
    lab.client.move(order, wanted(lab, order, 2, 3))
    assert lab.shop.writes == writes


def test_a_move_without_an_answer_is_found_by_a_look_before_it_is_made_again(lab: Lab) -> None:
    order = lab.order(2)
    lab.transport.fail(Fault.LOST_ANSWER, concerns=lambda *_: len(lab.transport.calls) == 2)
    with pytest.raises(OutcomeUnknown):
        lab.client.move(order, wanted(lab, order, 2))
    lab.client.move(order, wanted(lab, order, 2))
    assert (places(lab, order), lab.shop.writes) == ({lab.there: 2}, ["fulfillmentOrderMove"])


@pytest.mark.parametrize(("ordered", "planned"), [((2, 3), (2, 0)), ((2, 3), (2, 2)), ((2, 0), (3, 0))])
def test_nothing_is_moved_where_the_order_is_owed_something_else_by_now(
    lab: Lab, ordered: tuple[int, ...], planned: tuple[int, ...]
) -> None:
    order = lab.order(*ordered)
    with pytest.raises(PlanOutdated):
        lab.client.move(order, wanted(lab, order, *planned[: len(lab.known(order).lines)]))
    assert places(lab, order) == {lab.here: sum(ordered)}


def test_what_somebody_else_holds_or_shopify_does_not_let_go_stays(lab: Lab) -> None:
    foreign, begun = lab.order(2), lab.order(2)
    lab.works(foreign)[0].holds.append(Hold(1, "theirs", by_app=False))
    lab.works(begun)[0].status = "IN_PROGRESS"
    for order in (foreign, begun):
        with pytest.raises(PermanentFailure):
            lab.client.move(order, wanted(lab, order, 2))
        assert places(lab, order) == {lab.here: 2}


@pytest.mark.parametrize("assumed", [True, False])
def test_a_held_order_that_moved_is_not_let_go_for_it(lab: Lab, assumed: bool) -> None:
    number = lab.order(3)
    side = StoreSide(held=held(lab, number, 3))
    lab.client.push(number, side, "k1")
    lab.shop.trade.move_work(lab.known(number), lab.works(number)[0], lab.there)

    with pytest.raises(PlanOutdated) as told:
        lab.client.push(number, replace(side, tags=("backorder",)), "k2", assumed=side if assumed else None)

    assert (told.value.begun, work_states(lab, number), lab.known(number).tags) == (
        False,
        [("ON_HOLD", {"MUG": 3})],
        [],
    )
