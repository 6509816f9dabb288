"""What nobody should enter and somebody will: units below nothing, days gone by, choices that contradict each other."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backorder.domain.accept_rules import About, AcceptRule
from backorder.domain.acceptance import Answer, Asked, ItemTerms, judge
from backorder.domain.allocation import Binding, allocate
from backorder.domain.orders import Part, Reading, hinted, read
from backorder.domain.policy import BackorderPolicy, NoticeKind, PolicyError
from backorder.domain.priority import Fact, Priority, PriorityRule, priority_of
from backorder.domain.promise import Outlook, Promise, Waiting, promises, quote
from backorder.domain.split import Share, Split
from backorder.domain.supply import Inbound, physically_there
from tests.builders import MUG, NOON, an_order, demand, line, stock, supply, units

TODAY = date(2026, 1, 10)
PLAIN = Outlook(TODAY, BackorderPolicy(handling_days=0, inbound_buffer_days=0))


def waits(order: int, owed: float | str) -> Waiting:
    return Waiting(demand(order, owed, day=5), TODAY)


def coming(number: int, count: float | str, day: date, received: float = 0) -> Inbound:
    return Inbound(number, MUG, units(count), units(received), day)


def on(day: date) -> Promise:
    return Promise(day, day)


# Units


def test_a_line_of_units_below_nothing_is_owed_nothing() -> None:
    told = an_order(1, line(1, -3), line(2, 2))
    known = hinted(None, told)
    assert [(one.ordered, one.outstanding) for one in known.order.lines] == [(0, 0), (2, 2)]
    seen = read(known, Reading(an_order(1, line(1, -3, shipped=-1, cancelled=-3), line(2, 2)), NOON)).order
    assert [(one.ordered, one.shipped, one.cancelled, one.parts) for one in seen.lines] == [
        (0, 0, 0, ()),
        (2, 0, 0, (Part(MUG, units(2)),)),
    ]


def test_stock_below_nothing_gives_nothing_and_takes_what_is_planned_from_the_end() -> None:
    assert physically_there(stock(-5), units(2)) == -3
    plan = allocate([demand(1, 2, allocated=1), demand(2, 2, day=6)], {MUG: supply(-3)}, Binding.AT_RELEASE)
    assert [(made.demand.turn.order_id, made.allocated) for made in plan.decisions] == [(1, 0)]
    assert plan.shortfall == {MUG: 3}


def test_a_fraction_is_a_quantity_like_any_other() -> None:
    plan = allocate([demand(1, "1.25"), demand(2, "0.5", day=6)], {MUG: supply("1.5")}, Binding.AT_RELEASE)
    assert [made.allocated for made in plan.decisions] == [Decimal("1.25"), Decimal("0.25")]
    dated = promises([waits(1, "0.3"), waits(2, "0.3")], [coming(1, "0.5", TODAY), coming(2, "0.1", TODAY)], PLAIN)
    assert dated == [on(TODAY)] * 2


def test_more_received_than_ordered_leaves_nothing_to_come() -> None:
    assert coming(1, 5, TODAY, received=9).open == 0
    assert promises([waits(1, 1)], [coming(1, 5, TODAY, received=9)], PLAIN) == [None]


# Days


def test_goods_past_their_day_count_from_today_and_never_promise_the_past() -> None:
    assert promises([waits(1, 3)], [coming(1, 3, TODAY - timedelta(days=400))], PLAIN) == [on(TODAY)]
    later = Outlook(TODAY, BackorderPolicy(handling_days=1, inbound_buffer_days=3))
    assert promises([waits(1, 3)], [coming(1, 3, date.min)], later) == [on(TODAY + timedelta(days=4))]


def test_two_deliveries_on_one_day_count_together_in_whatever_order_they_were_entered() -> None:
    day = TODAY + timedelta(days=5)
    both = [coming(1, 2, day), coming(2, 3, day), coming(3, 1, day + timedelta(days=1))]
    queue = [waits(1, 2), waits(2, 3), waits(3, 1)]
    dated = [on(day), on(day), on(day + timedelta(days=1))]
    assert promises(queue, both, PLAIN) == promises(queue, both[::-1], PLAIN) == dated
    assert quote(queue[:1], both, units(3), PLAIN, free=units(0), turn=demand(9, 1, day=9).turn, pool=MUG) == on(day)


def test_a_day_of_need_that_is_gone_today_still_tells_how_much_of_a_hurry_there_was() -> None:
    hurry = PriorityRule("Hurry", 3, Fact.NEEDED, "14")
    gone = NOON.date() + timedelta(days=2)
    assert priority_of(an_order(need_by=gone), [hurry]) == Priority("Hurry", 3)
    assert priority_of(an_order(need_by=NOON.date() - timedelta(days=1)), [hurry]) == Priority()


# Nothing at all


def test_an_item_without_any_supply_gives_nothing_and_has_no_date() -> None:
    queue = [demand(1, 2), demand(2, 1, day=6)]
    plan = allocate(queue, {MUG: supply(0)}, Binding.AT_RELEASE)
    assert [(made.allocated, made.firm) for made in plan.decisions] == []
    assert promises([Waiting(one, TODAY) for one in queue], [], PLAIN) == [None, None]
    assert quote([], [], units(1), PLAIN, free=units(0), turn=queue[0].turn, pool=MUG) is None


def test_without_supply_the_merchant_says_whether_it_is_accepted() -> None:
    asked = Asked(units(1))
    assert judge(asked, ItemTerms(), BackorderPolicy(), TODAY).answer is Answer.ACCEPT
    assert judge(asked, ItemTerms(), BackorderPolicy(accept_undated=False), TODAY).answer is Answer.HOLD


def test_without_lines_there_is_nothing_to_decide() -> None:
    assert allocate([], {MUG: supply(5)}, Binding.AT_GRANT).decisions == ()
    assert promises([], [coming(1, 5, TODAY)], PLAIN) == []


# Very much


def test_fifty_thousand_lines_of_one_item_are_served_in_turn_and_dated() -> None:
    count, there = 50_000, 20_000
    queue = [demand(number, 1 + number % 3, day=1 + number % 20) for number in range(1, count + 1)]
    plan = allocate(queue, {MUG: supply(there)}, Binding.AT_RELEASE)
    served = [made for made in plan.decisions if made.allocated > 0]
    assert sum(made.allocated for made in served) == there
    in_turn = sorted(queue, key=lambda part: part.turn)
    assert [made.demand for made in served] == in_turn[: len(served)]
    assert all(made.allocated == made.demand.outstanding for made in served[:-1])
    arrivals = [coming(number, 5_000, TODAY + timedelta(days=number)) for number in range(30)]
    dated = promises([Waiting(part, TODAY) for part in in_turn], arrivals, PLAIN)
    known = [promise.late for promise in dated if promise is not None]
    assert (len(dated), known) == (count, sorted(known))
    assert known[-1] == TODAY + timedelta(days=len(set(known)) - 1)


# Choices that contradict each other

CONTRADICTIONS: list[tuple[str, dict[str, object], str]] = [
    (
        "split_wait_days",
        {"split": Split.WAIT_UNTIL},
        "“Wait, then ship what is there” needs the number of days to wait: enter it here.",
    ),
    (
        "longest_wait_days",
        {"longest_wait_days": 10, "lead_time_days": 14},
        "Your usual lead time and handling take 15 days, and you accept 10 at most: every order without goods on the "
        "way would be yours to decide. Raise this or shorten the lead time.",
    ),
    (
        "most_units_order",
        {"most_units_order": 5, "most_units_customer": 4},
        "One order cannot have more waiting units than one customer: lower this or raise that.",
    ),
    (
        "most_locations",
        {"most_locations": 1},
        "Without “other locations” every order is served from where your store put it: switch them on, or leave this "
        "empty.",
    ),
    (
        "locations",
        {"locations": (3, 3)},
        "A location stands twice in the ranking: keep its better place.",
    ),
    (
        "least_told_days",
        {"least_told_days": 2, "least_move_days": 5},
        "Dates move by at least 5 days, so a delay of 2 never comes: raise this, or lower the least move of a date.",
    ),
    (
        "share_days",
        {"order_share": Share.YIELD, "share_days": 3},
        "Orders that let others pass from the start do not keep their goods for a number of days: leave this empty, or "
        "let orders keep their goods.",
    ),
    (
        "order_share",
        {"leapfrog_times": 3},
        "Orders that keep their goods without end are never passed: set both limits of being passed to 0, or let "
        "orders yield.",
    ),
    (
        "priority",
        {"priority": (PriorityRule("VIP", 5, Fact.CUSTOMER_TAG, "a"), PriorityRule("VIP", 2, Fact.ORDER_TAG, "b"))},
        "“VIP” has a head start of 5 days in one rule and of 2 in another: a class has one.",
    ),
    (
        "accept_rules",
        {"accept_rules": (AcceptRule(True, About.VENDOR, "Acme"), AcceptRule(True, About.VENDOR, "acme", 5))},
        "The vendor “acme” has the rules “yes” and “5”: keep one.",
    ),
    (
        "notices",
        {"notices": frozenset({NoticeKind.ALLOCATED})},
        "“Ready to ship” answers the “waiting” message: switch “waiting” on too, or both off.",
    ),
]


@pytest.mark.parametrize(("field", "choices", "sentence"), CONTRADICTIONS, ids=[row[0] for row in CONTRADICTIONS])
def test_choices_that_contradict_each_other_are_refused_with_the_sentence_that_says_which(
    field: str, choices: dict[str, object], sentence: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        BackorderPolicy().changed(**choices)
    assert (refused.value.field, str(refused.value)) == (field, sentence)
