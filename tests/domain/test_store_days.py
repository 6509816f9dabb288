"""Days are the store's own: an evening in Los Angeles is the next day in UTC already."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from backorder.domain.allocation import Binding, Demand, Turn, allocate
from backorder.domain.choices import OrderChoices, lets_pass, terms_of
from backorder.domain.policy import BackorderPolicy
from backorder.domain.priority import Fact, PriorityRule, priority_of
from backorder.domain.promise import Outlook
from backorder.domain.split import Share, Split
from tests.builders import MUG, an_order, supply, units

THERE = ZoneInfo("America/Los_Angeles")
MARCH = date(2026, 3, 1)


def at(hour: int, minute: int = 0, *, day: int = 1) -> datetime:
    """A moment of March 2026 by the store's clocks."""
    return datetime(2026, 3, day, hour, minute, tzinfo=THERE).astimezone(UTC)


def test_orders_of_one_afternoon_are_of_one_queue_day() -> None:
    queue = [
        Demand(Turn(at(15, 30), 100, 100), MUG, units(5)),
        Demand(Turn(at(16, 30), 101, 101), MUG, units(2)),
    ]

    def given(**zone: ZoneInfo) -> dict[int, int]:
        plan = allocate(queue, {MUG: supply(3)}, Binding.AT_RELEASE, whole_orders_first=True, **zone)
        return {made.demand.turn.order_id: int(made.allocated) for made in plan.decisions}

    assert given(zone=THERE) == {100: 1, 101: 2}
    assert given() == {100: 3}


def test_an_order_of_the_evening_that_is_needed_the_same_day_is_in_a_hurry() -> None:
    rule = PriorityRule("Hurry", 3, Fact.NEEDED, "14")
    order = an_order(placed_at=at(20), need_by=MARCH)
    assert priority_of(order, [rule], zone=THERE).name == "Hurry"
    assert priority_of(order, [rule]).name == ""


def test_an_order_of_the_evening_waits_for_its_parts_by_the_stores_days() -> None:
    policy = BackorderPolicy(split=Split.WAIT_UNTIL, split_wait_days=10)
    terms = terms_of(policy, OrderChoices(), {}, MARCH, THERE)
    assert terms.until(at(20)) == date(2026, 3, 11)


def test_an_order_keeps_its_share_and_lets_others_pass_by_the_stores_days() -> None:
    keeps = BackorderPolicy(split=Split.ORDER_WHOLE, share_days=7)
    yields = BackorderPolicy(split=Split.ORDER_WHOLE, order_share=Share.YIELD, leapfrog_days=7)

    def passes(policy: BackorderPolicy, day: int) -> bool:
        choices, today = OrderChoices(passed_since=at(20)), date(2026, 3, day)
        return lets_pass(policy, choices, Split.ORDER_WHOLE, since=at(20), today=today, zone=THERE)

    assert [passes(keeps, day) for day in (7, 8)] == [False, True]
    assert [passes(yields, day) for day in (7, 8)] == [True, False]


def test_a_lead_time_counts_from_the_stores_day_and_from_the_next_one_after_the_cut_off() -> None:
    open_late = Outlook(MARCH, BackorderPolicy(), zone=THERE)
    closes = Outlook(MARCH, BackorderPolicy(cut_off_hour=15), zone=THERE)
    assert [open_late.counts_from(at(hour)) for hour in (1, 20)] == [MARCH, MARCH]
    assert [closes.counts_from(at(hour)) - MARCH for hour in (14, 15, 20)] == [timedelta(days=n) for n in (0, 1, 1)]
