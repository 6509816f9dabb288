"""Choices for one order and one item, and units given by hand."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from app.words import loss_of_days
from backorder.db.tables import decisions, items, orders, parts
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.split import Split
from tests.app.shop import NOW, TODAY, Merchant, Shop, a_line, lines_of, told_by

VIP = PriorityRule("VIP", 5, Fact.BY_HAND)


@pytest.fixture
def lamps(shop: Shop) -> Shop:
    """Two orders that wait for lamps; the older one has both that are there."""
    shop.policy(priority=(VIP,))
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="2")
    shop.order(1, a_line(7, "2", "2", line_id=11), days_ago=9)
    shop.order(2, a_line(7, "3", line_id=21), days_ago=2)
    return shop


def test_a_class_and_a_pin_by_hand_move_the_place_of_an_order(lamps: Shop, merchant: Merchant) -> None:
    assert merchant.post("/orders/2/choices", priority="VIP", split="order_whole").status_code == 303
    moved = {row["order_id"]: row["queued_at"] - row["queue_time"] for row in lamps.rows(parts)}
    assert moved == {1: timedelta(0), 2: timedelta(days=5)}
    row = next(row for row in lamps.rows(orders) if row["order_id"] == 2)
    assert (row["priority"], row["split_by_hand"], row["review"]) == ("VIP", Split.ORDER_WHOLE, True)
    assert lines_of(merchant.get("/orders/2")).count("Class VIP: 5 days ahead.") == 1
    merchant.post("/orders/2/choices", pinned="yes")
    assert lines_of(merchant.get("/orders/2")).count("Pinned: it is served before everybody.") == 1
    assert min(lamps.rows(parts), key=lambda part: part["queue_time"])["order_id"] == 2


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"priority": "Kings"}, "There is no class “Kings” under Settings."),
        ({"split": "wait_until"}, "Say until which day to wait."),
        ({"wait_until": "soon"}, "Enter a day, such as 2026-03-31."),
    ],
)
def test_a_choice_that_cannot_be_is_told_and_nothing_is_saved(
    lamps: Shop, merchant: Merchant, form: dict[str, str], sentence: str
) -> None:
    merchant.post("/orders/2/choices", **form)
    assert lines_of(merchant.get("/orders/2")).count(sentence) == 1
    assert {row["priority_by_hand"] for row in lamps.rows(orders)} == {""}


def test_choices_for_an_item_are_saved_and_mark_it(lamps: Shop, merchant: Merchant) -> None:
    assert merchant.post("/items/7", split="line_whole", keep_back="37").status_code == 303
    row = lamps.rows(items)[0]
    assert (row["split"], row["keep_back"], row["dirty_seq"]) == (Split.LINE_WHOLE, Decimal(37), 1)
    assert merchant.get("/items/7").text.count('value="37"') == 1


def test_what_is_kept_back_of_a_share_stays_when_its_choices_are_saved_again(lamps: Shop, merchant: Merchant) -> None:
    merchant.post("/items/7", keep_back="4")
    merchant.post("/items/7", keep_back_percent="20")
    with lamps.world.database.write() as conn:
        assert conn.execute(select(items.c.keep_back)).scalars().all() == [0]
        conn.execute(update(items).values(keep_back=Decimal("3.6")))
    said = "Of what comes in, this share is kept from waiting orders, in whole units, on top of what is still there of"
    said = f"{said} older shares. At present 3 units are kept back."
    assert lines_of(merchant.get("/items/7")).count(said) == 1
    merchant.post("/items/7", keep_back_percent="10")
    assert [row["keep_back"] for row in lamps.rows(items)] == [Decimal("3.6")]
    merchant.post("/items/7")
    assert [row["keep_back"] for row in lamps.rows(items)] == [None]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"keep_back": "-1"}, "The units kept back must be from 0 to 1,000,000."),
        ({"keep_back": "some"}, "The units must be a number, such as 3."),
        (
            {"keep_back": "3", "keep_back_percent": "10"},
            "Keep back either a number of units or a share of each arrival: leave one of them empty.",
        ),
        (
            {"discontinued": "yes", "accepts": "yes"},
            "Nothing more comes of a discontinued item, so no backorders of it can be accepted.",
        ),
        ({"keep_back_percent": "101"}, "The percentage kept back must be from 0 to 100."),
        ({"keep_back_percent": "half"}, "The percentage must be a whole number from 0 to 100."),
    ],
)
def test_a_choice_for_an_item_that_cannot_be_is_told(
    lamps: Shop, merchant: Merchant, form: dict[str, str], sentence: str
) -> None:
    found = merchant.post("/items/7", **form)
    assert (found.status_code, told_by(found).count(sentence)) == (422, 1)


def test_an_item_that_is_not_stocked_has_no_page(lamps: Shop, merchant: Merchant) -> None:
    assert merchant.get("/items/8").status_code == 404


GIVE = "/orders/2/lines/21/give?item=7&location=0"


def test_before_units_are_given_by_hand_it_is_shown_who_loses_them(lamps: Shop, merchant: Merchant) -> None:
    found = merchant.get(f"{GIVE}&units=2")
    said = "Order #1 loses 2 units. It could ship by 21 Mar 2026; then its date is not known."
    assert lines_of(found).count(said) == 1
    assert lamps.rows(decisions) == []
    assert merchant.post(GIVE, units="2", loss="1 11 2 0 2026-03-21 -").status_code == 303
    assert {row["order_id"]: (row["allocated"], row["firm"]) for row in lamps.rows(parts)} == {1: (0, 0), 2: (2, 2)}
    assert {row["order_id"]: row["rule"].value for row in lamps.rows(decisions)} == {2: "by_hand", 1: "taken_by_hand"}


def test_before_units_are_given_by_hand_it_is_shown_by_how_many_days_everybody_moves(
    lamps: Shop, merchant: Merchant
) -> None:
    lamps.policy(inbound_buffer_days=0)
    lamps.order(3, a_line(7, "1", line_id=31), days_ago=5)
    lamps.coming(7, "2", TODAY + timedelta(days=9))
    lamps.coming(7, "5", TODAY + timedelta(days=19))
    told = lines_of(merchant.get(f"{GIVE}&units=2"))
    assert [line for line in told if line.startswith("Order #")] == [
        "Order #1 loses 2 units. It could ship by 21 Mar 2026; then by 30 Mar 2026, 9 days later.",
        "Order #3 loses no units, but days. It could ship by 30 Mar 2026; then by 9 Apr 2026, 10 days later.",
    ]
    agreed = ["1 11 2 0 2026-03-21 2026-03-30", "3 31 0 0 2026-03-30 2026-04-09"]
    assert told_by(merchant.post(GIVE, units="2", loss=agreed[:1])).count(MOVED) == 1
    assert merchant.post(GIVE, units="2", loss=agreed).status_code == 303


MOVED = "Meanwhile something moved: look once more at who would lose units."


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (None, None, "Its date is not known, as before."),
        (None, TODAY, "Then it can ship by 20 Mar 2026."),
        (TODAY, None, "It could ship by 20 Mar 2026; then its date is not known."),
        (TODAY, TODAY, "It can ship by 20 Mar 2026, as before."),
        (
            TODAY,
            TODAY + timedelta(days=1),
            "It could ship by 20 Mar 2026; then by 21 Mar 2026, 1 day later.",
        ),
        (
            TODAY,
            TODAY - timedelta(days=2),
            "It could ship by 20 Mar 2026; then by 18 Mar 2026, 2 days sooner.",
        ),
    ],
)
def test_the_days_that_a_hand_costs_are_told_in_one_sentence(
    before: date | None, after: date | None, sentence: str
) -> None:
    assert loss_of_days(before, after) == sentence


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"units": "2"}, "Meanwhile something moved: look once more at who would lose units."),
        (
            {"units": "2", "loss": "1 11 1 0 2026-03-21 -"},
            "Meanwhile something moved: look once more at who would lose units.",
        ),
        ({"units": "2", "loss": "all"}, "What you agreed to cannot be read: look once more at who would lose units."),
        ({"units": "9"}, "This line is owed only 3 more."),
        ({"units": "x"}, "The units must be a number, such as 3."),
    ],
)
def test_nothing_is_given_that_was_not_agreed_to(
    lamps: Shop, merchant: Merchant, form: dict[str, str], sentence: str
) -> None:
    found = merchant.post(GIVE, **form)
    assert (found.status_code, told_by(found).count(sentence)) == (422, 1)
    assert lamps.rows(decisions) == []


def test_nothing_is_given_to_an_order_of_another_store(lamps: Shop, other_shop: Shop, merchant: Merchant) -> None:
    other_shop.order(5, a_line(7, "3", line_id=51))
    assert merchant.get("/orders/5/lines/51/give?item=7&units=1").status_code == 404
    assert merchant.post("/orders/5/choices", pinned="yes").status_code == 303
    assert [row["pinned"] for row in other_shop.rows(orders)] == [False]


def test_staff_read_who_goes_first_by_which_rule_and_which_goods_cover_a_line(shop: Shop, merchant: Merchant) -> None:
    shop.policy(inbound_buffer_days=0)
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(7, "2", line_id=11), days_ago=9)
    shop.order(2, a_line(7, "3", line_id=21), days_ago=4)
    early = NOW - timedelta(days=30)
    shop.order(3, a_line(7, "1", line_id=31), days_ago=1, priority="VIP")
    shop.order(4, a_line(7, "1", line_id=41), days_ago=2, pinned=True)
    with shop.world.database.write() as conn:
        for order, minutes in ((3, 1), (4, 0)):
            time = early + timedelta(minutes=minutes)
            conn.execute(update(parts).where(parts.c.order_id == order).values(queue_time=time))
    shop.coming(7, "5", TODAY + timedelta(days=3))
    shop.coming(7, "5", TODAY + timedelta(days=6), source="Acme")
    told = lines_of(merchant.get("/orders/2"))
    said = "#4 (1 unit, it is pinned), #3 (1 unit, its class VIP has a head start), #1 (2 units, it came earlier)"
    assert told.count(f"Served before it: {said}.") == 1
    assert told.count("Covered by the goods from Acme expected on 26 Mar 2026.") == 1
    why = "Orders that wait for 4 units come first; for 2 of them by a head start or a pin, not by age."
    assert next(line for line in told if line.startswith("Why: ")).startswith(f"Why: {why}")
