"""What is told of fairness: waits by class, the bound that holds for everybody, the budget of orders that let pass."""

from datetime import date, timedelta

from backorder.domain.fairness import ClassWait, LetPass, bound, waits
from backorder.domain.policy import BackorderPolicy
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.split import Share
from tests.builders import NOON

TODAY = date(2026, 1, 10)
VIP = (PriorityRule("VIP", 5, Fact.CUSTOMER_TAG, "gold"), PriorityRule("Hurry", 1, Fact.NEEDED, "9"))


def test_each_class_is_told_with_its_longest_wait_and_the_longest_comes_first() -> None:
    now = [("VIP", 2, NOON - timedelta(days=1)), ("", 7, NOON - timedelta(days=9))]
    served = [("VIP", timedelta(days=3)), ("Hurry", timedelta(hours=5))]
    assert waits(now, served, NOON) == [
        ClassWait("", 7, timedelta(days=9), None),
        ClassWait("VIP", 2, timedelta(days=1), timedelta(days=3)),
        ClassWait("Hurry", 0, None, timedelta(hours=5)),
    ]


UNLESS = "unless you pin an order, give by hand or keep units back for new orders."
ADDED = "Units that are added to an order have its place."


def test_the_bound_is_the_largest_head_start() -> None:
    assert bound(BackorderPolicy(priority=VIP)) == (
        f"Nobody is passed by an order that was placed more than 5 days later, {UNLESS} {ADDED}"
    )
    assert bound(BackorderPolicy(priority=VIP[1:])) == (
        f"Nobody is passed by an order that was placed more than 1 day later, {UNLESS} {ADDED}"
    )


def test_without_head_starts_nobody_who_came_later_passes() -> None:
    assert bound(BackorderPolicy()) == f"Nobody is passed by an order that came later, {UNLESS} {ADDED}"


def test_where_whole_orders_go_first_the_queue_day_counts_with_the_head_start() -> None:
    for rules, days in (((), "1 day"), (VIP, "6 days")):
        assert bound(BackorderPolicy(priority=rules, whole_orders_first=True)) == (
            f"Nobody is passed by an order that was placed more than {days} later, {UNLESS} {ADDED}"
        )


def test_lines_added_later_pass_those_in_between_where_they_have_the_place_of_their_order() -> None:
    assert bound(BackorderPolicy(late_lines_wait=False)) == (
        f"Nobody is passed by an order that came later, {UNLESS} Units and lines that are added to an order have its "
        "place."
    )


def test_who_lets_others_pass_by_choice_is_not_under_the_bound() -> None:
    but = (
        "Nobody is passed by an order that came later, but for orders that ship whole and let others pass, "
        f"{UNLESS} {ADDED}"
    )
    assert bound(BackorderPolicy(order_share=Share.YIELD)) == but
    assert bound(BackorderPolicy(share_days=3)) == but


def left(times: int, since: int, **choices: int) -> str:
    order = LetPass(104, "#104", times, date(2026, 1, since))
    return order.left(BackorderPolicy(order_share=Share.YIELD).changed(**choices), TODAY)


def test_a_budget_of_times_counts_down_until_the_order_keeps_its_goods() -> None:
    assert left(1, 9, leapfrog_times=3) == "It lets others pass 2 times more."
    assert left(2, 9, leapfrog_times=3) == "It lets others pass 1 time more."
    assert left(3, 9, leapfrog_times=3) == "It keeps its goods from now on."


def test_a_budget_of_days_ends_with_its_day() -> None:
    assert left(9, 6, leapfrog_days=5) == "It lets others pass until 11 Jan 2026."
    assert left(1, 5, leapfrog_days=5) == "It keeps its goods from now on."


def test_of_both_budgets_the_first_one_that_is_used_up_counts() -> None:
    assert left(1, 6, leapfrog_times=3, leapfrog_days=5) == "It lets others pass 2 times more or until 11 Jan 2026."
    assert left(3, 6, leapfrog_times=3, leapfrog_days=5) == "It keeps its goods from now on."


def test_without_a_budget_an_order_lets_others_pass_without_end() -> None:
    assert left(99, 1) == "It lets others pass without end."
