"""Goods on the way: entered, booked, undone."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backorder.db.tables import inbound, receipts
from tests.app.shop import NOW, TODAY, Bell, Merchant, Shop, lines_of, told_by

SOON = TODAY + timedelta(days=5)


def test_goods_are_entered_by_sku(merchant: Merchant, shop: Shop, bell: Bell) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    found = merchant.post("/incoming", item="LAMP", quantity="50", expected_on="2026-04-01", source=" PO \x00 7 ")
    assert found.status_code == 303
    [row] = shop.rows(inbound)
    assert (row["item"], row["quantity"], row["expected_on"].isoformat(), row["source"]) == (
        7,
        Decimal(50),
        "2026-04-01",
        "PO 7",
    )
    assert bell.rung == [("allocate", "allocate", shop.id)]
    assert lines_of(merchant.get("/incoming")).count("Desk lamp LAMP") == 1


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"item": "NONE"}, "Choose one of the items that your store counts."),
        ({"item": "TWICE"}, "Several items have this SKU. Enter the number of the one you mean: 8, 9."),
        ({"quantity": "many"}, "Enter a number, such as 50."),
        ({"quantity": "-1"}, "The quantity must be more than 0 and at most 1,000,000."),
        ({"expected_on": "soon"}, "Enter a day, such as 2026-03-31."),
    ],
)
def test_goods_that_cannot_be_are_refused_and_the_form_keeps_what_was_entered(
    merchant: Merchant, shop: Shop, form: dict[str, str], sentence: str
) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.item(8, sku="TWICE", title="One")
    shop.item(9, sku="TWICE", title="Other")
    good = {"item": "LAMP", "quantity": "50", "expected_on": "2026-04-01", "source": "the usual one"}
    found = merchant.post("/incoming", **{**good, **form})
    assert (found.status_code, told_by(found).count(sentence)) == (422, 1)
    assert found.text.count('value="the usual one"') == 1
    assert shop.rows(inbound) == []


def test_an_item_is_also_named_by_its_number(merchant: Merchant, shop: Shop) -> None:
    shop.item(8, sku="TWICE", title="One")
    shop.item(9, sku="TWICE", title="Other")
    assert merchant.post("/incoming", item="9", quantity="5", expected_on="2026-04-01").status_code == 303
    assert [row["item"] for row in shop.rows(inbound)] == [9]


def test_of_several_locations_one_is_chosen(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", location=11)
    shop.pool(7, 12)
    form = {"item": "LAMP", "quantity": "5", "expected_on": "2026-04-01"}
    assert merchant.post("/incoming", **form).status_code == 422
    assert merchant.post("/incoming", **form, location="12").status_code == 303
    assert [row["location"] for row in shop.rows(inbound)] == [12]


def test_a_guessed_arrival_is_undone(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    receipt = shop.receipt(shop.coming(7, "30", SOON, received=Decimal(10)), "10")
    told = shop.receipt(shop.coming(7, "30", SOON, received=Decimal(10)), "10", guessed=False)
    text = merchant.get("/incoming").text
    assert [text.count(f"/incoming/receipts/{one}/undo") for one in (receipt, told)] == [1, 0]
    assert merchant.post(f"/incoming/receipts/{receipt}/undo").status_code == 303
    assert {row["id"]: row["undone_at"] for row in shop.rows(receipts)} == {receipt: NOW, told: None}
    assert lines_of(merchant.get("/incoming")).count("undone 20 Mar 2026") == 1
    assert merchant.post(f"/incoming/receipts/{receipt}/undo").status_code == 422


def test_another_stores_arrival_cannot_be_undone(merchant: Merchant, shop: Shop, other_shop: Shop) -> None:
    other_shop.item(7, sku="LAMP", title="Desk lamp")
    receipt = other_shop.receipt(other_shop.coming(7, "30", SOON, received=Decimal(10)), "10")
    assert merchant.post(f"/incoming/receipts/{receipt}/undo").status_code == 404
    assert [row["undone_at"] for row in other_shop.rows(receipts)] == [None]


def test_goods_are_expected_on_another_day_and_their_supplier_is_measured_by_the_first(
    merchant: Merchant, shop: Shop
) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    coming = shop.coming(7, "4", TODAY)
    assert merchant.post(f"/incoming/{coming}", expected_on="2026-04-30").status_code == 303
    row = shop.rows(inbound)[0]
    assert (row["expected_on"].isoformat(), row["first_expected_on"], row["ended_at"]) == ("2026-04-30", TODAY, None)
    assert merchant.post(f"/incoming/{coming}", expected_on="soon").status_code == 422


def test_goods_of_which_the_rest_will_not_come_are_not_promised(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    coming = shop.coming(7, "4", TODAY)
    assert merchant.post(f"/incoming/{coming}", end="yes").status_code == 303
    assert lines_of(merchant.get("/incoming")).count(
        "Nothing is entered. Waiting orders get a date as soon as you add what you have ordered."
    ) == 1  # fmt: skip
    found = merchant.post(f"/incoming/{coming}", end="yes")
    assert (found.status_code, told_by(found).count("These goods are not on the way any more.")) == (422, 1)
