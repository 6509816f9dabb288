"""Goods on the way: entered, booked, undone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from backorder.db import announced, goods
from backorder.db.announced import Told
from backorder.db.tables import inbound, receipts
from backorder.domain.announced import Announced
from backorder.domain.promise import TooFar
from backorder.domain.supply import Pool
from jobs import steer
from jobs.judge import judge
from tests.app.shop import API_TOKEN, NOW, TODAY, Bell, Clock, Merchant, Shop, lines_of, told_by

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


def test_an_arrival_is_undone_whoever_booked_it(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    receipt = shop.receipt(shop.coming(7, "30", SOON, received=Decimal(10)), "10")
    told = shop.receipt(shop.coming(7, "30", SOON, received=Decimal(10)), "10", guessed=False)
    text = merchant.get("/incoming").text
    assert [text.count(f"/incoming/receipts/{one}/undo") for one in (receipt, told)] == [1, 1]
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


@pytest.mark.parametrize("day", ["9999-12-30", "0026-04-01", "2031-03-20"])
def test_a_day_more_than_five_years_away_is_a_slip_of_the_pen(merchant: Merchant, shop: Shop, day: str) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    coming = shop.coming(7, "4", TODAY)
    sentence = "The day on which goods are expected can be at most 5 years from today."
    for path, form in (("/incoming", {"item": "7", "quantity": "5"}), (f"/incoming/{coming}", {})):
        found = merchant.post(path, expected_on=day, **form)
        assert (found.status_code, told_by(found).count(sentence)) == (422, 1)
    assert [row["expected_on"] for row in shop.rows(inbound)] == [TODAY]


def test_goods_cannot_be_made_later_step_by_step_beyond_five_years(shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    coming = shop.coming(7, "4", TODAY)
    with shop.world.database.write() as conn:
        assert goods.delay(conn, shop.id, coming, 999, TODAY) == 7
        with pytest.raises(TooFar):
            goods.delay(conn, shop.id, coming, 999, TODAY)


def test_goods_of_which_the_rest_will_not_come_are_not_promised(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    coming = shop.coming(7, "4", TODAY)
    assert merchant.post(f"/incoming/{coming}", end="yes").status_code == 303
    assert lines_of(merchant.get("/incoming")).count(
        "Nothing is entered. Waiting orders get a date as soon as you add what you have ordered."
    ) == 1  # fmt: skip
    found = merchant.post(f"/incoming/{coming}", end="yes")
    assert (found.status_code, told_by(found).count("These goods are not on the way any more.")) == (422, 1)


def test_what_came_is_booked_by_hand_and_waits_for_the_stores_own_count(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    row_id = shop.coming(7, "50", SOON, source="PO 7")
    assert merchant.post(f"/incoming/{row_id}/receive", units="20").status_code == 303
    [row], [booked] = shop.rows(inbound), shop.rows(receipts)
    assert (row["received"], row["awaited"], booked["units"], booked["guessed"]) == (20, 20, 20, False)
    lines = lines_of(merchant.get("/incoming"))
    assert lines.count("entered by hand; your store does not count 20 of these goods yet") == 1


def test_what_the_store_counts_already_is_not_waited_for(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    row_id = shop.coming(7, "50", SOON)
    assert merchant.post(f"/incoming/{row_id}/receive", units="50", counted="yes").status_code == 303
    [row] = shop.rows(inbound)
    assert (row["received"], row["awaited"]) == (50, 0)


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ("51", "Fewer units of these goods are on the way."),
        ("0", "The units must be more than 0 and at most 1,000,000, with at most four decimal places."),
        ("-5", "The units must be more than 0 and at most 1,000,000, with at most four decimal places."),
        ("0.00001", "The units must be more than 0 and at most 1,000,000, with at most four decimal places."),
        ("NaN", "The units must be more than 0 and at most 1,000,000, with at most four decimal places."),
        ("many", "Enter a number, such as 50."),
    ],
)
def test_a_receipt_that_cannot_be_is_refused(merchant: Merchant, shop: Shop, units: str, sentence: str) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    row_id = shop.coming(7, "50", SOON)
    found = merchant.post(f"/incoming/{row_id}/receive", units=units)
    assert (found.status_code, told_by(found).count(sentence), shop.rows(receipts)) == (422, 1, [])


def test_the_rise_after_a_receipt_by_hand_is_not_booked_again(shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    noted, later = shop.coming(7, "20", SOON), shop.coming(7, "30", TODAY)
    steer.receive(shop.world, shop.id, noted, Decimal(20))
    with shop.world.database.write() as conn:
        [first, second] = goods.coming(conn, shop.id, [7])[Pool(7)]
        assert [(line.id, line.open, line.awaited) for line in (first, second)] == [(later, 30, 0), (noted, 20, 20)]
        goods.book_arrival(conn, shop.id, [first, second], Decimal(25), NOW)
    rows = {row["id"]: (row["received"], row["awaited"]) for row in shop.rows(inbound)}
    assert rows == {noted: (20, 0), later: (5, 0)}
    assert sorted((row["inbound_id"], row["units"], row["guessed"]) for row in shop.rows(receipts)) == [
        (noted, 20, False),
        (later, 5, True),
    ]


def test_a_receipt_by_hand_is_undone_whole(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    row_id = shop.coming(7, "50", SOON, received=Decimal(10))
    steer.receive(shop.world, shop.id, row_id, Decimal(20))
    [booked] = shop.rows(receipts)
    assert merchant.post(f"/incoming/receipts/{booked['id']}/undo").status_code == 303
    [row] = shop.rows(inbound)
    assert (row["received"], row["awaited"]) == (10, 0)


def test_what_the_store_does_not_count_within_a_week_is_waited_for_no_more(shop: Shop, clock: Clock) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    steer.receive(shop.world, shop.id, shop.coming(7, "20", SOON), Decimal(20))
    clock.now += timedelta(days=7)
    judge(shop.world, shop.id)
    assert [row["awaited"] for row in shop.rows(inbound)] == [20]
    clock.now += timedelta(hours=1)
    judge(shop.world, shop.id)
    assert [row["awaited"] for row in shop.rows(inbound)] == [0]


def test_a_program_books_what_came(shop: Shop, other_shop: Shop, browser: FlaskClient) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    row_id = shop.coming(7, "50", SOON)
    head = {"Authorization": f"Bearer {API_TOKEN}"}
    found = browser.post(f"/api/v1/inbound/{row_id}/receipts", json={"units": "20"}, headers=head)
    assert (found.status_code, found.json["received"]) == (201, "20")
    other_shop.item(8, sku="MUG", title="Mug")
    foreign = other_shop.coming(8, "5", SOON)
    refused = [(row_id, {"units": "31"}), (row_id, {"units": "-1"}), (foreign, {"units": "1"}), (2**63, {"units": 1})]
    answers = [browser.post(f"/api/v1/inbound/{row}/receipts", json=body, headers=head) for row, body in refused]
    assert [answer.status_code for answer in answers] == [422, 422, 404, 404]


def test_no_more_goods_are_left_out_than_are_still_to_come(shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    row_id = shop.coming(7, "50", SOON, received=Decimal(10))
    with shop.world.database.write() as conn:
        assert [goods.lessen(conn, shop.id, row_id, Decimal(units)) for units in (41, 39, 2, 1)] == [None, 7, None, 7]
    assert [row["quantity"] for row in shop.rows(inbound)] == [10]


def test_what_the_store_announced_is_shown_as_such_and_changed_only_there(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    told = Announced("1/2/3", Pool(7, 0), Decimal(5), Decimal(0), None, "Mill Potters")
    with shop.world.database.write() as conn:
        announced.take_in(conn, shop.id, [Told(told, SOON)], [], NOW, NOW)
    [row] = shop.rows(inbound)
    lines = lines_of(merchant.get("/incoming"))
    assert [lines.count(text) for text in ("from your store", "Change or receive")] == [1, 0]
    for path, form in (
        (f"/incoming/{row['id']}", {"end": "yes"}),
        (f"/incoming/{row['id']}", {"expected_on": "2026-05-01"}),
        (f"/incoming/{row['id']}/receive", {"units": "5"}),
    ):
        refused = merchant.post(path, **form)
        assert refused.status_code == 422
        assert refused.text.count("Your store announced these goods: change them there.") == 1
    assert shop.rows(inbound) == [row]
