"""What may be in a parcel, and of which shipped units our own message speaks."""

from decimal import Decimal

import pytest

from backorder.domain.lifecycle import Given, OrderStanding, standing
from backorder.domain.notices import notices_due
from backorder.domain.orders import OrderStatus
from backorder.domain.parcels import (
    GONE_MEANWHILE,
    NOT_GIVEN,
    Packed,
    Parcel,
    ParcelError,
    Ready,
    check,
    missing,
    ready,
)
from backorder.domain.policy import BackorderPolicy, NoticeKind
from backorder.domain.split import Terms
from tests.builders import MUG, an_order, line, units


def stands(owed: float, given: float, shipped: float = 0, elsewhere: float = 0, **told: object) -> OrderStanding:
    order = an_order(100, line(1, owed, ordered=owed + shipped, shipped=shipped), **told)
    return standing(order, {1: [Given(MUG, units(given))]}, {1}, Terms(), (), {1: units(elsewhere)})


def packed(*counts: float | str) -> Parcel:
    return Parcel(tuple(Packed(number, 0, units(count)) for number, count in enumerate(counts, start=1)), "1Z1")


def test_what_was_given_may_be_packed_whether_or_not_it_may_ship() -> None:
    assert ready(stands(3, 2)) == [Ready(1, 0, "Trail Mug", Decimal(2), waited=True)]
    assert ready(stands(3, 2, paid=False)) == ready(stands(3, 2))
    assert ready(stands(3, 0)) == ready(stands(3, 2, status=OrderStatus.CANCELLED)) == []


@pytest.mark.parametrize(
    ("owed", "given", "said"), [(3, 2, ""), (3, 1, NOT_GIVEN), (1, 1, GONE_MEANWHILE), (0, 0, GONE_MEANWHILE)]
)
def test_never_more_leaves_than_is_owed_and_was_given(owed: float, given: float, said: str) -> None:
    assert missing(packed(2), stands(owed, given)) == said


def test_nothing_leaves_of_an_order_that_the_store_does_not_ship() -> None:
    assert missing(packed(1), stands(3, 3, status=OrderStatus.CANCELLED)) == GONE_MEANWHILE


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "NaN", "Infinity", "1000001", "0.00001"])
def test_units_of_whole_goods_are_whole(count: str) -> None:
    with pytest.raises(ParcelError):
        check(packed(count), parts=False)


def test_goods_by_the_metre_leave_by_the_metre() -> None:
    check(packed("1.5"), parts=True)


@pytest.mark.parametrize(
    "wrong", [Parcel(packed(1).units, ""), Parcel((), "1"), Parcel(packed(1).units * 2, "1"), Parcel((), "1\r\n2")]
)
def test_a_parcel_has_a_number_and_each_line_once(wrong: Parcel) -> None:
    with pytest.raises(ParcelError):
        check(wrong, parts=True)


def test_what_somebody_else_tells_is_told_by_one_of_both_however_the_store_and_the_answer_race() -> None:
    policy = BackorderPolicy()
    before = stands(3, 3).stood()
    packed_silently = stands(3, 3, elsewhere=2)
    assert notices_due(before, packed_silently, policy) == []
    left = stands(1, 1, shipped=2, elsewhere=2)
    assert notices_due(packed_silently.stood(before), left, policy) == []
    assert notices_due(before, left, policy) == []
    by_hand = stands(0, 0, shipped=3, elsewhere=2)
    assert notices_due(left.stood(before), by_hand, policy) == [NoticeKind.SHIPPED]
    it_was_a_person = stands(1, 1, shipped=2)
    assert notices_due(left.stood(before), it_was_a_person, policy) == [NoticeKind.SHIPPED]
