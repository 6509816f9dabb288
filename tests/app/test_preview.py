"""The page on which a merchant sees who would move, and makes it so."""

import re
from datetime import timedelta

import pytest

from backorder.db.tables import inbound
from backorder.domain.priority import Fact, PriorityRule
from tests.app.api_calls import SOON
from tests.app.shop import Bell, Merchant, Shop, a_line, lines_of, told_by


@pytest.fixture
def lamps(shop: Shop) -> int:
    """Two orders wait for one delivery, and a third for another. The id of the first delivery."""
    shop.policy(inbound_buffer_days=0, handling_days=0, priority=(PriorityRule("VIP", 0, Fact.BY_HAND),))
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.order(1, a_line(7, "2", line_id=11), days_ago=4)
    shop.order(2, a_line(7, "2", line_id=21), days_ago=2)
    shop.coming(7, "9", SOON + timedelta(days=20))
    return shop.coming(7, "2", SOON)


def test_an_empty_form_asks_nothing(merchant: Merchant, shop: Shop, lamps: int) -> None:
    assert lines_of(merchant.get("/what-if")).count("What would happen") == 0


def test_a_delivery_that_comes_later_moves_who_waits_for_it(merchant: Merchant, shop: Shop, lamps: int) -> None:
    found = merchant.get(f"/what-if?late={lamps}&days=7")
    told = " ".join(lines_of(found))
    assert told.count("1 later or with less (worth $20), 0 sooner or with more, 0 orders to be told.") == 1
    assert re.findall(r"\((\d+ days) later\)", told) == ["7 days"]
    assert {row["expected_on"] for row in shop.rows(inbound)} == {SOON, SOON + timedelta(days=20)}


def test_what_was_shown_is_made_so_once(merchant: Merchant, shop: Shop, lamps: int, bell: Bell) -> None:
    world = re.findall(r'name="world" value="([0-9a-f]+)"', merchant.get(f"/what-if?late={lamps}&days=7").text)[0]
    assert merchant.post("/what-if", change=f"late {lamps} 7", world=world).status_code == 303
    assert {row["expected_on"] for row in shop.rows(inbound)} == {SOON + timedelta(days=7), SOON + timedelta(days=20)}
    assert bell.rung[-1] == ("allocate", "allocate", shop.id)
    again = merchant.post("/what-if", change=f"late {lamps} 7", world=world)
    sentence = "Meanwhile something moved: look once more at what would happen."
    assert (again.status_code, told_by(again).count(sentence)) == (409, 1)


def test_several_changes_are_looked_at_together(merchant: Merchant, shop: Shop, lamps: int) -> None:
    found = merchant.get(f"/what-if?late={lamps}&days=1&short={lamps}&units=1&class=VIP&ahead=3")
    made = re.findall(r'name="change" value="([^"]+)"', found.text)
    assert made == [f"late {lamps} 1", f"short {lamps} 1", "class VIP 3"]


def test_a_cancelled_order_is_only_looked_at(merchant: Merchant, shop: Shop, lamps: int) -> None:
    found = merchant.get("/what-if?cancel=%231")
    sentence = "Locations are closed and orders are cancelled in your store: this is only a look."
    assert (told_by(found).count(sentence), found.text.count('name="world"')) == (1, 0)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("cancel=%00999", "There is no order 999."),
        ("late=1&days=soon", "“late 1 soon”: “soon” is no number that can stand there."),
        ("short=1&units=-1", "“short 1 -1”: the units must be more than 0 and at most 1,000,000."),
    ],
)
def test_what_cannot_be_read_is_said(merchant: Merchant, shop: Shop, lamps: int, query: str, sentence: str) -> None:
    found = merchant.get(f"/what-if?{query}")
    assert (found.status_code, told_by(found).count(sentence)) == (200, 1)


def test_a_form_that_names_no_change_makes_nothing(merchant: Merchant, shop: Shop, lamps: int) -> None:
    assert merchant.post("/what-if", change="open sesame", world="").status_code == 422
