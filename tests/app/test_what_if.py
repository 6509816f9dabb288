"""Looking at a change before it is made, and making exactly that."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from backorder.db.tables import inbound, parts
from backorder.domain.priority import Fact, PriorityRule
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
        "later": 1,
        "sooner": 0,
        "value_later": "20.00",
        # Nobody was told anything so far.
        "notices": 0,
        "moves": [
            {
                "order": 1,
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
