"""What Waitline writes to an order, and above all what it leaves alone."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backorder.domain.actions import Held, Shown, StoreSide
from backorder.domain.errors import OutcomeUnknown, PermanentFailure, PlanOutdated, TemporaryFailure
from connectors.shopify.holds import handle
from demo.stores.shopify.state import Hold
from demo.stores.wire import Fault
from tests.connectors.shopify.conftest import Lab

WAITING = Shown("waiting", Decimal(2), date(2026, 12, 1), date(2026, 12, 8))
READY = Shown("ready", Decimal(0))


def held(lab: Lab, order: int, *units: int) -> tuple[Held, ...]:
    """So many units of each line of the order, at the first location."""
    lines = lab.known(order).lines
    return tuple(
        sorted(Held(line.id, lab.here, Decimal(count)) for line, count in zip(lines, units, strict=False) if count)
    )


def work_states(lab: Lab, order: int) -> list[tuple[str, dict[str, int]]]:
    """Of each open fulfillment order its status and the units in it by SKU."""
    return [
        (work.status, {part.line.sku: part.remaining for part in work.lines if part.remaining})
        for work in lab.works(order)
    ]


def test_a_partial_hold_splits_the_fulfillment_order(lab: Lab) -> None:
    number = lab.order(2, 3)
    desired = StoreSide(held=held(lab, number, 0, 2))

    assert lab.client.push(number, desired, "k") == desired
    assert work_states(lab, number) == [("ON_HOLD", {"LAMP": 2}), ("OPEN", {"LAMP": 1, "MUG": 2})]


def test_a_hold_of_everything_holds_the_fulfillment_order_as_it_is(lab: Lab) -> None:
    number = lab.order(2, 3)

    lab.client.push(number, StoreSide(held=held(lab, number, 2, 3)), "k")

    assert work_states(lab, number) == [("ON_HOLD", {"MUG": 2, "LAMP": 3})]
    (hold,) = lab.works(number)[0].holds
    assert (hold.reason, hold.by_app, hold.handle) == ("INVENTORY_OUT_OF_STOCK", True, handle("k", gid(lab, number)))


def gid(lab: Lab, order: int) -> str:
    return f"gid://shopify/FulfillmentOrder/{lab.works(order)[0].id}"


def test_a_handle_is_short_ours_and_the_same_for_the_same_write() -> None:
    assert handle("k", "gid://shopify/FulfillmentOrder/1") == handle("k", "gid://shopify/FulfillmentOrder/1")
    assert len({handle(key, work) for key in "ab" for work in "cd"}) == 4
    assert handle("k" * 500, "g").startswith("waitline-")
    assert len(handle("k" * 500, "g")) == 64


def test_a_second_push_writes_nothing(lab: Lab) -> None:
    number = lab.order(2, 3)
    desired = StoreSide(held=held(lab, number, 1, 2), tags=("backorder", "backorder-partial"), shown=WAITING)
    first = lab.client.push(number, desired, "k")
    written = list(lab.shop.writes)

    assert first == desired
    assert lab.client.push(number, desired, "other key") == desired
    assert lab.shop.writes == written
    assert written == ["metafieldsSet", "tagsAdd", "fulfillmentOrderHold"]


def test_a_hold_and_its_release_cost_two_requests_each(lab: Lab) -> None:
    number = lab.order(2, 3)
    begun = len(lab.transport.calls)
    lab.client.push(number, StoreSide(held=held(lab, number, 0, 2), tags=("backorder",), shown=WAITING), "k1")
    held_after = len(lab.transport.calls) - begun

    lab.client.push(number, StoreSide(tags=("backorder-ready",), shown=READY), "k2")

    assert (held_after, len(lab.transport.calls) - begun) == (2, 4)
    assert lab.shop.writes == [
        *("metafieldsSet", "tagsAdd", "fulfillmentOrderHold"),
        *("tagsRemove", "metafieldsSet", "metafieldsDelete", "tagsAdd", "fulfillmentOrderReleaseHold"),
    ]


@pytest.mark.parametrize(
    ("shown", "reason", "notes"),
    [
        (WAITING, "INVENTORY_OUT_OF_STOCK", "Waiting for stock; expected to ship by 8 December 2026 (Waitline)"),
        (
            Shown("waiting", Decimal(2)),
            "UNKNOWN_DELIVERY_DATE",
            "Waiting for stock; the day is not known yet (Waitline)",
        ),
        (
            Shown("planned", Decimal(0)),
            "INVENTORY_OUT_OF_STOCK",
            "Its goods are here and stay until the rest of the order can leave (Waitline)",
        ),
        (None, "INVENTORY_OUT_OF_STOCK", "Waiting for stock (Waitline)"),
    ],
)
def test_a_hold_tells_the_promise_in_plain_words(lab: Lab, shown: Shown | None, reason: str, notes: str) -> None:
    number = lab.order(2)

    lab.client.push(number, StoreSide(held=held(lab, number, 2), shown=shown), "k")

    (hold,) = lab.works(number)[0].holds
    assert (hold.reason, hold.notes) == (reason, notes)


def test_a_promise_that_moves_leaves_the_hold_as_it_is(lab: Lab) -> None:
    number = lab.order(2)
    lab.client.push(number, StoreSide(held=held(lab, number, 2), shown=WAITING), "k1")

    lab.client.push(number, StoreSide(held=held(lab, number, 2), shown=replace(WAITING, late=None)), "k2")

    (hold,) = lab.works(number)[0].holds
    assert hold.notes == "Waiting for stock; expected to ship by 8 December 2026 (Waitline)"
    assert lab.shop.writes == ["metafieldsSet", "fulfillmentOrderHold", "metafieldsSet", "metafieldsDelete"]


def test_holding_more_adds_a_hold_and_releases_nothing(lab: Lab) -> None:
    number = lab.order(2, 3)
    lab.client.push(number, StoreSide(held=held(lab, number, 0, 1)), "k1")
    desired = StoreSide(held=held(lab, number, 1, 3))

    assert lab.client.push(number, desired, "k2") == desired
    assert lab.shop.writes == ["fulfillmentOrderHold", "fulfillmentOrderHold"]


def test_freeing_some_units_releases_merges_and_holds_the_rest_again(lab: Lab) -> None:
    number = lab.order(2, 3)
    lab.client.push(number, StoreSide(held=held(lab, number, 0, 3)), "k1")
    desired = StoreSide(held=held(lab, number, 0, 1))

    assert lab.client.push(number, desired, "k2") == desired
    assert lab.shop.writes[1:] == ["fulfillmentOrderReleaseHold", "fulfillmentOrderHold"]
    assert work_states(lab, number) == [("ON_HOLD", {"LAMP": 1}), ("OPEN", {"LAMP": 2, "MUG": 2})]


def test_the_last_release_merges_everything_into_one(lab: Lab) -> None:
    number = lab.order(2, 3)
    lab.client.push(number, StoreSide(held=held(lab, number, 0, 2)), "k1")

    assert lab.client.push(number, StoreSide(), "k2") == StoreSide()
    assert work_states(lab, number) == [("OPEN", {"LAMP": 3, "MUG": 2})]


def test_holds_at_two_locations_are_kept_apart(lab: Lab) -> None:
    number = lab.shop.trade.place_order(
        [{"sku": "MUG", "quantity": 2}, {"sku": "LAMP", "quantity": 3, "location": lab.there}]
    )
    mug, lamp = (line.id for line in lab.known(number).lines)
    desired = StoreSide(held=(Held(mug, lab.here, Decimal(1)), Held(lamp, lab.there, Decimal(3))))

    assert lab.client.push(number, desired, "k") == desired


def test_somebody_elses_hold_is_left_on(lab: Lab) -> None:
    number = lab.order(2, 3)
    lab.shop.trade.hold_by_hand(number)
    desired = StoreSide(held=held(lab, number, 2, 3))

    assert lab.client.push(number, desired, "k1") == desired
    assert lab.client.push(number, StoreSide(), "k2") == StoreSide()
    assert [[hold.by_app for hold in work.holds] for work in lab.works(number)] == [[False]]
    assert work_states(lab, number) == [("ON_HOLD", {"MUG": 2, "LAMP": 3})]


def test_what_somebody_else_holds_is_not_split(lab: Lab) -> None:
    number = lab.order(2, 3)
    lab.shop.trade.hold_by_hand(number)

    assert lab.client.push(number, StoreSide(held=held(lab, number, 0, 1)), "k") == StoreSide()
    assert lab.shop.writes == []


def test_another_app_that_uses_our_words_is_not_us(lab: Lab) -> None:
    number = lab.order(2)
    order = lab.known(number)
    lab.shop.trade.hold_work(order, order.works[0], Hold(1, "waitline-1", False), None)

    assert lab.client.push(number, StoreSide(), "k") == StoreSide()
    assert lab.shop.writes == []


def test_a_hold_that_was_made_before_is_taken_as_made(lab: Lab) -> None:
    number = lab.order(2)
    desired = StoreSide(held=held(lab, number, 2))
    lab.transport.fail(Fault.LOST_ANSWER, concerns=nth(2))

    with pytest.raises(OutcomeUnknown):
        lab.client.push(number, desired, "k")

    assert lab.client.push(number, desired, "k") == desired
    assert lab.shop.writes == ["fulfillmentOrderHold"]


def nth(call: int) -> Any:
    """Concerns the n-th call from now."""
    seen: list[str] = []

    def concerns(_method: str, url: str) -> bool:
        seen.append(url)
        return len(seen) == call

    return concerns


def test_a_handle_that_is_taken_counts_as_done(lab: Lab) -> None:
    number = lab.order(2)
    taken = handle("k", gid(lab, number))
    lab.known(number).works[0].holds = [Hold(1, taken, True)]
    lab.known(number).works[0].status = "ON_HOLD"

    assert lab.client.push(number, StoreSide(held=held(lab, number, 2)), "k").held == held(lab, number, 2)
    assert lab.shop.writes == []


def test_a_shop_that_undoes_every_hold_is_given_up_for_a_while(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    number = lab.order(2)
    monkeypatch.setattr(lab.shop.trade, "hold_work", lambda *_: None)

    with pytest.raises(TemporaryFailure):
        lab.client.push(number, StoreSide(held=held(lab, number, 2)), "k")


def test_work_that_may_not_be_held_is_left_as_it_is(lab: Lab) -> None:
    number = lab.order(2)
    lab.known(number).works[0].status = "SCHEDULED"
    lab.shop.trade.cancel_order(number)

    assert lab.client.push(number, StoreSide(held=held(lab, number, 2)), "k") == StoreSide()
    assert lab.shop.writes == []


def test_what_is_wanted_beyond_what_is_open_is_not_held(lab: Lab) -> None:
    number = lab.order(3)
    lab.shop.trade.fulfil(number, {lab.line(number): 2})

    assert lab.client.push(number, StoreSide(held=held(lab, number, 3)), "k").held == held(lab, number, 1)


def test_tags_are_added_and_taken_off_by_difference(lab: Lab) -> None:
    number = lab.order(1, tags=["web"])
    lab.client.push(number, StoreSide(tags=("backorder", "backorder-partial")), "k1")
    assert lab.known(number).tags == ["web", "backorder", "backorder-partial"]

    after = lab.client.push(number, StoreSide(tags=("backorder-ready",)), "k2")

    assert after == StoreSide(tags=("backorder-ready",))
    assert lab.known(number).tags == ["web", "backorder-ready"]


def test_a_tag_that_was_there_before_us_is_never_taken_off(lab: Lab) -> None:
    number = lab.order(1, tags=["Backorder"])

    assert lab.client.push(number, StoreSide(tags=("backorder",), shown=WAITING), "k1").tags == ("backorder",)
    lab.client.push(number, StoreSide(), "k2")

    assert lab.known(number).tags == ["Backorder"]


def test_a_tag_of_ours_that_a_person_took_off_is_no_trouble(lab: Lab) -> None:
    number = lab.order(1)
    lab.client.push(number, StoreSide(tags=("backorder",)), "k1")
    lab.shop.trade.remove_tag(number, "backorder")

    assert lab.client.push(number, StoreSide(), "k2") == StoreSide()
    assert lab.shop.writes == ["metafieldsSet", "tagsAdd", "metafieldsDelete"]


def test_a_push_whose_answer_is_lost_leaves_no_tag_behind(lab: Lab) -> None:
    number = lab.order(1, tags=["web"])
    lab.client.push(number, StoreSide(tags=("backorder",), shown=WAITING), "k1")
    lab.transport.fail(Fault.LOST_ANSWER, concerns=nth(2))
    with pytest.raises(OutcomeUnknown):
        lab.client.push(number, StoreSide(tags=("backorder-ready",), shown=WAITING), "k2")

    lab.client.push(number, StoreSide(), "k3")

    assert lab.known(number).tags == ["web"]
    assert lab.known(number).metafields == {}


def fields(lab: Lab, order: int) -> dict[str, str]:
    """The app's metafields at the order, by key."""
    return {key: found.value for (_, key), found in sorted(lab.known(order).metafields.items())}


def test_the_promise_is_kept_in_metafields_and_they_go_with_it(lab: Lab) -> None:
    number = lab.order(1)

    assert lab.client.push(number, StoreSide(shown=replace(WAITING, position=4)), "k1") == StoreSide(shown=WAITING)
    assert fields(lab, number) == {
        "backorder": '{"from": "2026-12-01", "position": 4, "state": "waiting", "tags": [], '
        '"to": "2026-12-08", "waiting": "2"}',
        "position": "4",
        "promise": "2026-12-08",
        "state": "waiting",
    }
    lab.client.push(number, StoreSide(), "k2")
    assert fields(lab, number) == {}


def test_a_place_in_the_queue_that_moved_alone_is_not_written(lab: Lab) -> None:
    number = lab.order(1)
    lab.client.push(number, StoreSide(shown=replace(WAITING, position=4)), "k1")

    lab.client.push(number, StoreSide(shown=replace(WAITING, position=3)), "k2")

    assert (lab.shop.writes, fields(lab, number)["position"]) == (["metafieldsSet"], "4")


def test_a_date_that_is_not_known_any_more_goes(lab: Lab) -> None:
    number = lab.order(1)
    lab.client.push(number, StoreSide(shown=WAITING), "k1")

    lab.client.push(number, StoreSide(shown=Shown("waiting", Decimal(2))), "k2")

    assert sorted(fields(lab, number)) == ["backorder", "state"]


def test_fields_of_other_apps_and_of_people_stay(lab: Lab) -> None:
    number = lab.order(1)
    lab.shop.trade.note_at(number, "app--999", "state", "theirs", "single_line_text_field")
    lab.shop.trade.note_at(number, "custom", "promise", "mine", "single_line_text_field")

    lab.client.push(number, StoreSide(shown=WAITING), "k1")
    lab.client.push(number, StoreSide(), "k2")

    assert fields(lab, number) == {"state": "theirs", "promise": "mine"}


def test_a_metafield_that_cannot_be_read_is_put_right(lab: Lab) -> None:
    number = lab.order(1)
    lab.known(number).metafield = "scribble"

    lab.client.push(number, StoreSide(), "k")

    assert lab.known(number).metafield is None


def test_a_tag_that_shopify_refuses_is_told(lab: Lab) -> None:
    number = lab.order(1)

    with pytest.raises(PermanentFailure, match="Tag is too long"):
        lab.client.push(number, StoreSide(tags=("b" * 41,)), "k")


def calls_of_push(lab: Lab, order: int, desired: StoreSide) -> int:
    before = len(lab.transport.calls)
    assert lab.client.push(order, desired, "k") == desired
    return len(lab.transport.calls) - before


def test_a_push_takes_what_was_seen_of_its_order_once_and_for_ten_seconds(lab: Lab) -> None:
    orders = [lab.order(2), lab.order(1)]
    lab.client.look_ahead(orders)
    assert calls_of_push(lab, orders[0], StoreSide(tags=("backorder",))) == 1
    assert calls_of_push(lab, orders[0], StoreSide(tags=("backorder", "backorder-ready"))) == 2
    lab.clock.later(11)
    assert calls_of_push(lab, orders[1], StoreSide(tags=("backorder",))) == 2


def test_a_hold_that_is_to_be_set_anew_is_looked_at_anew(lab: Lab) -> None:
    number = lab.order(3)
    lab.client.push(number, StoreSide(held=held(lab, number, 3)), "k1")
    lab.client.look_ahead([number])
    lab.shop.trade.release_hold_by_hand(number)
    with pytest.raises(PlanOutdated):
        lab.client.push(
            number, StoreSide(held=held(lab, number, 1)), "k2", assumed=StoreSide(held=held(lab, number, 3))
        )
    assert [work.holds for work in lab.works(number)] == [[]]
