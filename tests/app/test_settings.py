"""The merchant's choices and the form that makes them."""

from decimal import Decimal

import pytest
from flask import Flask

from app.access import new_signin
from backorder.db import stores
from backorder.domain.accept_rules import About, AcceptRule
from backorder.domain.policy import FIELDS, HELP, BackorderPolicy, Excess, NoticeKind
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.split import Share, Split
from jobs.world import World
from tests.app.shop import Merchant, Shop, lines_of, store_of, told_by

FORM = {
    "accept_backorders": "yes",
    "accept_rules": "no | vendor | Acme\r\n20 | kind | preorder",
    "late_lines_wait": "yes",
    "accept_undated": "yes",
    "longest_wait_days": "90",
    "most_units_item": "500",
    "most_units_order": "20",
    "most_units_customer": "40",
    "excess": "refuse",
    "most_late_days": "21",
    "most_cancel_percent": "",
    "split": "order_whole",
    "split_wait_days": "",
    "customers_choose": "yes",
    "least_part_units": "2",
    "least_part_value": "20",
    "order_share": "yield",
    "share_days": "",
    "leapfrog_times": "3",
    "leapfrog_days": "14",
    "whole_orders_first": "yes",
    "priority": "VIP | 5 | customer tag | gold\r\nWholesale | 2 | order tag | b2b\r\n",
    "cross_location": "yes",
    "locations": "88, 77",
    "most_locations": "2",
    "keep_back": "3",
    "lead_time_days": "14",
    "handling_days": "2",
    "inbound_buffer_days": "0",
    "workdays": ["0", "1", "2", "3", "4"],
    "holidays_of": "de-by",
    "cut_off_hour": "15",
    "least_move_days": "2",
    "least_told_days": "5",
    "notices": ["backordered", "shipped"],
    "sender_name": "Lamp Works",
    "reply_to": "help@lamps.example",
    "tag_prefix": "waits",
    "settle_seconds": "60",
    "types_counted": "yes",
    "paused": "yes",
}


def test_every_choice_has_a_field_and_a_line_of_help(
    merchant: Merchant, app: Flask, world: World, other_shop: Shop
) -> None:
    other = Merchant(app.test_client(), new_signin(world, other_shop.id))
    pages = {name: who.get("/settings") for name, who in (("one", merchant), ("other", other))}
    of_other = ("line_label", "note_to_customer", "waiting_status")
    where = {name: "other" if name in of_other else "one" for name in FIELDS}
    assert {name: pages[where[name]].text.count(f'name="{name}"') > 0 for name in FIELDS} == dict.fromkeys(FIELDS, True)
    lines = {name: lines_of(page) for name, page in pages.items()}
    assert {name: lines[where[name]].count(HELP[name]) for name in FIELDS} == dict.fromkeys(FIELDS, 1)


def test_the_name_of_the_day_is_chosen_where_lines_carry_one(
    merchant: Merchant, app: Flask, world: World, other_shop: Shop
) -> None:
    other = Merchant(app.test_client(), new_signin(world, other_shop.id))
    assert other.post("/settings", **FORM, line_label=" Voraussichtlich ", note_to_customer="yes").status_code == 303
    policy = store_of(other_shop).policy
    assert (policy.line_label, policy.note_to_customer) == ("Voraussichtlich", True)
    assert other.post("/settings", **FORM, line_label="_hidden").status_code == 422
    assert merchant.get("/settings").text.count('name="line_label"') == 0


def test_a_status_of_waiting_orders_is_chosen_among_those_that_the_store_has(
    merchant: Merchant, app: Flask, world: World, other_shop: Shop
) -> None:
    other = Merchant(app.test_client(), new_signin(world, other_shop.id))
    with world.database.write() as conn:
        stores.told_of_itself(conn, other_shop.id, (), (("parked", "Parked & waiting"),))
    assert other.post("/settings", **FORM, waiting_status="parked").status_code == 303
    assert other.post("/settings", **FORM, waiting_status="completed").status_code == 422
    assert store_of(other_shop).policy.waiting_status == "parked"
    with world.database.write() as conn:
        stores.told_of_itself(conn, other_shop.id, (), ())
    page = other.get("/settings").text
    assert page.count('<option value="parked" selected>parked (your store has it no longer)</option>') == 1
    assert other.post("/settings", **FORM, waiting_status="").status_code == 303
    assert (store_of(other_shop).policy.waiting_status, other.get("/settings").text.count("parked")) == ("", 0)
    assert merchant.get("/settings").text.count('name="waiting_status"') == 0


def test_all_choices_are_saved_together(merchant: Merchant, shop: Shop) -> None:
    assert merchant.post("/settings", **FORM).status_code == 303
    assert store_of(shop).policy == BackorderPolicy(
        version=2,
        accept_backorders=True,
        accept_rules=(AcceptRule(False, About.VENDOR, "Acme"), AcceptRule(True, About.KIND, "preorder", 20)),
        late_lines_wait=True,
        longest_wait_days=90,
        most_units_item=500,
        most_units_order=20,
        most_units_customer=40,
        excess=Excess.REFUSE,
        most_late_days=21,
        split=Split.ORDER_WHOLE,
        customers_choose=True,
        least_part_units=Decimal(2),
        least_part_value=Decimal(20),
        order_share=Share.YIELD,
        leapfrog_times=3,
        leapfrog_days=14,
        whole_orders_first=True,
        priority=(
            PriorityRule("VIP", 5, Fact.CUSTOMER_TAG, "gold"),
            PriorityRule("Wholesale", 2, Fact.ORDER_TAG, "b2b"),
        ),
        cross_location=True,
        locations=(88, 77),
        most_locations=2,
        keep_back=Decimal(3),
        lead_time_days=14,
        handling_days=2,
        inbound_buffer_days=0,
        workdays=frozenset(range(5)),
        holidays_of="DE-BY",
        cut_off_hour=15,
        least_move_days=2,
        least_told_days=5,
        notices=frozenset({NoticeKind.BACKORDERED, NoticeKind.SHIPPED}),
        sender_name="Lamp Works",
        reply_to="help@lamps.example",
        tag_prefix="waits",
        settle_seconds=60,
        types_counted=True,
        paused=True,
    )
    again = merchant.get("/settings")
    assert lines_of(again).count("Saved. Every waiting order is looked at anew under these settings.") == 1
    assert [again.text.count(f'value="{value}"') for value in ("14", "waits")] == [2, 1]
    assert again.text.count('name="workdays" value="5" checked') == 0


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("split", "sideways", "Choose one of these."),
        ("order_share", "sideways", "Choose one of these."),
        (
            "split_wait_days",
            "",
            "“Wait, then ship what is there” needs the number of days to wait: enter it here.",
        ),
        ("excess", "", "Choose one of these."),
        (
            "most_units_order",
            "41",
            "One order cannot have more waiting units than one customer: lower this or raise that.",
        ),
        (
            "longest_wait_days",
            "15",
            "Your usual lead time and handling take 16 days, and you accept 15 at most: every order without goods on "
            "the way would be yours to decide. Raise this or shorten the lead time.",
        ),
        ("workdays", "", "Choose at least one day of the week."),
        ("holidays_of", "Bavaria", "The country must be two letters such as DE, or with a region such as DE-BY."),
        ("holidays_of", "XX", "No public holidays of XX are known here."),
        ("cut_off_hour", "24", "This must be a whole number from 0 to 23."),
        ("priority", "VIP", "Line 1 must be: class | days | fact | value."),
        ("least_part_units", "few", "This must be a number."),
        ("keep_back", "some", "This must be a number."),
        ("keep_back", "NaN", "This must be a number."),
        ("keep_back", "2.5", "Your store counts whole units: keep back a whole number of them."),
        ("keep_back", "-1", "The units kept back must be from 0 to 1,000,000."),
        ("lead_time_days", "1.5", "This must be a whole number."),
        ("lead_time_days", "731", "This must be a whole number from 0 to 730."),
        ("handling_days", "", "This must be a whole number."),
        ("settle_seconds", "9" * 40, "This must be a whole number."),
        ("reply_to", "nobody", "The reply address must be one e-mail address, such as help@example.com."),
        ("tag_prefix", "", "The tag must have 1 to 30 characters and no comma."),
    ],
)
def test_a_choice_that_makes_no_sense_is_told_beside_its_field_and_nothing_is_saved(
    merchant: Merchant, shop: Shop, field: str, value: str, sentence: str
) -> None:
    form = {**FORM, "split": "wait_until"} if field == "split_wait_days" else FORM
    found = merchant.post("/settings", **{**form, field: value})
    assert (found.status_code, told_by(found).count(sentence)) == (422, 1)
    assert found.text.count(f'id="{field}-wrong"') == 1
    assert found.text.count('value="Lamp Works"') == 1
    assert store_of(shop).policy == BackorderPolicy()


def test_a_store_without_tags_is_not_asked_for_one(app: Flask, shop: Shop) -> None:
    shop.set(platform="woocommerce", address="https://lamps.example")
    from_link = Merchant(app.test_client(), access_link(shop))
    assert from_link.get("/settings").text.count('name="tag_prefix"') == 0
    assert from_link.post("/settings", **{**FORM, "tag_prefix": "ignored"}).status_code == 303
    assert store_of(shop).policy.tag_prefix == "backorder"


def access_link(shop: Shop) -> str:
    return new_signin(shop.world, shop.id)
