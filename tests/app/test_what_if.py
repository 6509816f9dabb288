"""Looking at a change before it is made, and making exactly that."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

import jobs.what_if
from app.what_if import preview_as_text
from backorder.db.tables import inbound, parts, pools
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.split import Share, Split
from backorder.domain.supply import Balance
from backorder.domain.what_if import Cancelled, ComesLater
from jobs.plan import CHAIN
from tests.app.api_calls import BEARER, SOON
from tests.app.shop import Bell, Shop, a_line, store_of


def ask(browser: FlaskClient, *changes: str, **more: str) -> tuple[int, dict]:
    found = browser.post("/api/v1/what-if", headers=BEARER, json={"changes": list(changes), **more})
    return found.status_code, found.get_json()


@pytest.fixture
def lamps(shop: Shop) -> int:
    """Two orders wait for one delivery; the younger one is a VIP's. The id of the delivery."""
    shop.policy(inbound_buffer_days=0, handling_days=0, priority=(PriorityRule("VIP", 0, Fact.BY_HAND),))
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(7, "2", line_id=11), days_ago=4)
    shop.order(2, a_line(7, "2", line_id=21), days_ago=2, priority="VIP", priority_by_hand="VIP")
    shop.coming(7, "9", SOON + timedelta(days=20))
    return shop.coming(7, "2", SOON)


def test_a_preview_changes_nothing_and_its_world_makes_it_so(browser: FlaskClient, shop: Shop, lamps: int) -> None:
    status, found = ask(browser, f"late {lamps} 7")
    assert status == 200
    day = SOON.isoformat()
    assert found.pop("world") is not None
    assert found == {
        "can_be_made": True,
        "gone": [],
        "later": 1,
        "sooner": 0,
        "value_later": "20.00",
        # Nobody was told anything so far.
        "notices": 0,
        "moves": [
            {
                "order": 1,
                "number": "#1",
                "line": 11,
                "item": 7,
                "location": 0,
                "allocated": ["0", "0"],
                "days": 7,
                "promise": [
                    {"from": day, "to": day},
                    {"from": (SOON + timedelta(days=7)).isoformat(), "to": (SOON + timedelta(days=7)).isoformat()},
                ],
            }
        ],
    }
    assert {row["expected_on"] for row in shop.rows(inbound)} == {SOON, SOON + timedelta(days=20)}
    world = ask(browser, f"late {lamps} 7")[1]["world"]
    status, made = ask(browser, f"late {lamps} 7", commit=world)
    assert (status, made["later"]) == (200, 1)
    assert {row["expected_on"] for row in shop.rows(inbound)} == {SOON + timedelta(days=7), SOON + timedelta(days=20)}


def test_what_was_looked_at_in_another_world_is_not_made(browser: FlaskClient, shop: Shop, lamps: int) -> None:
    world = ask(browser, f"late {lamps} 7")[1]["world"]
    shop.order(3, a_line(7, "1", line_id=31), days_ago=9)
    status, found = ask(browser, f"late {lamps} 7", commit=world)
    assert (status, found["detail"]) == (409, "Meanwhile something moved: look once more at what would happen.")
    assert [row["expected_on"] for row in shop.rows(inbound)][1] == SOON


def test_another_head_start_is_looked_at_and_made(browser: FlaskClient, shop: Shop, lamps: int, bell: Bell) -> None:
    status, found = ask(browser, "class VIP 3")
    assert (status, [(move["order"], move["days"]) for move in found["moves"]]) == (200, [(1, 20), (2, -20)])
    assert ask(browser, "class VIP 3", commit=found["world"])[0] == 200
    assert [rule.head_start_days for rule in store_of(shop).policy.priority] == [3]
    moved = {row["order_id"]: (row["queued_at"] - row["queue_time"]).days for row in shop.rows(parts)}
    assert (moved, bell.rung[-1]) == ({1: 0, 2: 3}, ("allocate", "allocate", shop.id))


def test_fewer_units_are_looked_at_and_made(browser: FlaskClient, shop: Shop, lamps: int) -> None:
    _, found = ask(browser, f"short {lamps} 1")
    assert [(move["order"], move["days"]) for move in found["moves"]] == [(1, 20)]
    assert ask(browser, f"short {lamps} 1", commit=found["world"])[0] == 200
    assert sorted(int(row["quantity"]) for row in shop.rows(inbound)) == [1, 9]


def test_goods_of_which_nothing_comes_are_looked_at_and_made(browser: FlaskClient, shop: Shop, lamps: int) -> None:
    _, found = ask(browser, f"short {lamps} 2")
    assert [(move["order"], move["days"]) for move in found["moves"]] == [(1, 20)]
    assert ask(browser, f"short {lamps} 2", commit=found["world"])[0] == 200
    assert sorted(int(row["quantity"]) for row in shop.rows(inbound)) == [0, 9]


def test_a_class_that_has_this_head_start_already_is_not_saved_anew(
    browser: FlaskClient, shop: Shop, lamps: int
) -> None:
    version = store_of(shop).policy.version
    _, found = ask(browser, "class VIP 0")
    assert ask(browser, "class VIP 0", commit=found["world"])[0] == 200
    assert store_of(shop).policy.version == version


def test_a_class_that_nobody_made_is_told(browser: FlaskClient, shop: Shop, lamps: int) -> None:
    _, found = ask(browser, "class Nobody 5")
    status, refused = ask(browser, "class Nobody 5", commit=found["world"])
    assert (status, refused["detail"]) == (422, "There is no class “Nobody” under Settings.")


def test_an_order_that_no_location_was_named_for_lets_others_pass_as_it_does_in_a_pass(
    browser: FlaskClient, shop: Shop
) -> None:
    shop.policy(split=Split.ORDER_WHOLE, order_share=Share.YIELD)
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    shop.order(1, a_line(7, "1", line_id=11), a_line(None, "1", line_id=12), days_ago=5)
    shop.order(2, a_line(7, "1", "1", line_id=21), days_ago=3)
    shop.order(3, a_line(7, "1", line_id=31), days_ago=2)
    _, found = ask(browser, "cancel 2")
    assert [(move["order"], move["allocated"]) for move in found["moves"]] == [(3, ["0", "1"])]


def test_where_more_hangs_together_than_a_pass_takes_in_everybody_keeps_what_there_is(
    browser: FlaskClient, shop: Shop
) -> None:
    shop.policy(split=Split.ORDER_WHOLE, order_share=Share.YIELD)
    for item in range(1, CHAIN + 2):
        shop.item(item, sku=f"SKU-{item}", title="Thing", on_hand="1" if item == 1 else "0")
    shop.order(1, *(a_line(item, "1") for item in range(1, CHAIN + 2)), days_ago=5)
    shop.order(2, a_line(1, "1", "1", firm="1"), days_ago=3)
    shop.order(3, a_line(1, "1"), days_ago=2)
    _, found = ask(browser, "cancel 2")
    assert [(move["order"], move["allocated"]) for move in found["moves"]] == [(1, ["0", "1"])]


def test_while_the_figures_of_a_pool_are_in_doubt_no_date_of_it_moves(
    browser: FlaskClient, shop: Shop, lamps: int
) -> None:
    with shop.world.database.write() as conn:
        conn.execute(update(pools).values(balance=Balance.UNBALANCED))
        conn.execute(update(parts).where(parts.c.order_id == 1).values(promise_early=SOON, promise_late=SOON))
    assert ask(browser, f"late {lamps} 7")[1]["moves"] == []


def test_days_are_the_days_of_the_store(browser: FlaskClient, shop: Shop) -> None:
    shop.set(timezone="America/Los_Angeles")
    shop.policy(lead_time_days=30, handling_days=0, inbound_buffer_days=0)
    shop.item(7, sku="LAMP", title="Desk lamp")
    began = datetime(2026, 3, 19, 3, 0, tzinfo=UTC)
    shop.order(1, a_line(7, "2", line_id=11, backordered_at=began), days_ago=2)
    goods = shop.coming(7, "2", SOON)
    _, found = ask(browser, f"short {goods} 1")
    assert [move["promise"][1]["to"] for move in found["moves"]] == ["2026-04-17"]


def test_in_a_terminal_orders_have_their_numbers_and_what_cannot_be_made_offers_no_commit(
    shop: Shop, lamps: int
) -> None:
    told = preview_as_text(jobs.what_if.preview(shop.world, shop.id, [Cancelled(1)])).splitlines()
    assert told == [
        "Order #1, line 11: nothing of it is owed any more.",
        "Order #2, line 21: 25 Mar 2026 instead of 14 Apr 2026 (20 days sooner).",
        "0 later or with less (worth 0.00), 1 sooner or with more, 0 orders to be told.",
        "Locations are closed and orders are cancelled in your store: this is only a look.",
    ]
    found = jobs.what_if.preview(shop.world, shop.id, [ComesLater(lamps, 1)])
    assert preview_as_text(found).splitlines()[0] == (
        "Order #1, line 11: 26 Mar 2026 instead of 25 Mar 2026 (1 day later)."
    )
    assert preview_as_text(found).splitlines()[-1] == f"To make it so: --commit {found.world}"
    assert preview_as_text(replace(found, notices=1)).splitlines()[-2] == (
        "1 later or with less (worth 20.00), 0 sooner or with more, 1 order to be told."
    )
    assert preview_as_text(found, made=True).splitlines()[-1] == "It is made so."


def test_in_a_terminal_what_is_all_there_is_not_called_a_lost_date(shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", on_hand="1")
    shop.order(1, a_line(7, "1", "1", line_id=11), days_ago=5)
    shop.order(2, a_line(7, "2", line_id=21), days_ago=3)
    shop.coming(7, "1", SOON)
    told = preview_as_text(jobs.what_if.preview(shop.world, shop.id, [Cancelled(1)])).splitlines()
    assert told[1] == "Order #2, line 21: given 1 instead of 0 units, 29 Mar 2026 instead of no date."
    shop.order(3, a_line(7, "1", line_id=31), days_ago=4)
    told = preview_as_text(jobs.what_if.preview(shop.world, shop.id, [Cancelled(1)])).splitlines()
    assert told[1] == "Order #3, line 31: given 1 instead of 0 units, all there instead of 29 Mar 2026 (8 days sooner)."


@pytest.mark.parametrize("change", ["close 0", "cancel 1"])
def test_what_only_the_store_can_do_is_looked_at_only(
    browser: FlaskClient, shop: Shop, lamps: int, change: str
) -> None:
    status, found = ask(browser, change)
    assert status == 200
    status, refused = ask(browser, change, commit=found["world"])
    assert (status, refused["detail"]) == (
        422,
        "Locations are closed and orders are cancelled in your store; here you can only look.",
    )


@pytest.mark.parametrize(
    "change", ["", "late", "late x 7", "late 1 9999", "short 1 0", "short 1 many", "class 5", "close -1", "cancel 1 2"]
)
def test_a_change_that_cannot_be_read_is_refused(browser: FlaskClient, shop: Shop, change: str) -> None:
    assert ask(browser, change)[0] == 422
