"""The first page: the top line, what needs the merchant, the switch."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from backorder.db import whole_readings
from backorder.db.messages import NOT_TAKEN
from backorder.db.tables import actions, item_writes, notices, pools
from backorder.db.values import item_side_out
from backorder.domain.acceptance import Answer
from backorder.domain.item_side import ItemSide
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Health, Mode
from backorder.domain.supply import Balance
from tests.app.shop import NOW, TODAY, Bell, Merchant, Shop, a_line, lines_of, store_of

SOON = TODAY + timedelta(days=5)


def needs(merchant: Merchant) -> list[str]:
    """The entries of the list of what needs the merchant."""
    lines = lines_of(merchant.get("/"))
    start = lines.index("Needs you") + 1
    return lines[start : lines.index("Waitline is on")]


def test_the_top_line_is_told_in_one_glance(merchant: Merchant, shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    for number in range(4):
        shop.order(number + 1, a_line(7, "1", price="1187.50", promised=(SOON, SOON)), days_ago=number * 4)
    shop.order(9, a_line(7, "2"), currency="EUR", days_ago=1)
    lines = lines_of(merchant.get("/"))
    first = lines.index("orders wait")
    assert lines[first : lines.index("Needs you")] == [
        "orders wait",
        "5",
        "oldest",
        "12 days",
        "expected within 7 days",
        "80 %",
        "waiting goods, and €20",
        "$4,750",
        "6 units wait in all. See who is next, and why.",
    ]


def test_an_empty_store_is_told_so(merchant: Merchant) -> None:
    lines = lines_of(merchant.get("/"))
    assert lines.count("Nothing waits") == 1
    assert needs(merchant) == ["Nothing. Everything that can be done without you is done or on its way."]


def test_a_store_that_is_being_read_cannot_be_switched_on(merchant: Merchant, shop: Shop) -> None:
    shop.set(mode=Mode.WATCH, imported_at=None)
    lines = lines_of(merchant.get("/"))
    assert lines.count("Your open orders are being read") == 1
    assert lines.count("You can switch it on when your open orders have been read.") == 1
    assert merchant.post("/mode", mode="on").status_code == 422
    assert store_of(shop).mode is Mode.WATCH


def test_while_a_store_is_read_the_first_page_says_how_far_it_is(merchant: Merchant, shop: Shop) -> None:
    shop.set(mode=Mode.WATCH, imported_at=None)
    rest = "This takes a few minutes in a large store. Nothing is decided, written or sent before it has ended."
    said = []
    for number in (1, 2):
        said.append([line for line in lines_of(merchant.get("/")) if line.endswith(rest)])
        shop.order(number)
    assert said == [[rest], [f"1 order has been read so far. {rest}"]]


def test_while_the_store_puts_its_orders_together_the_first_page_says_how_far_it_is(
    merchant: Merchant, shop: Shop
) -> None:
    shop.set(mode=Mode.WATCH, imported_at=None)
    with shop.world.database.write() as conn:
        whole_readings.begin(conn, shop.id, NOW, stock=True)
        whole_readings.moved(conn, shop.id, place="a", again_at=NOW, gathered=1200, said="")
    rest = "This takes a few minutes in a large store. Nothing is decided, written or sent before it has ended."
    together = "Your store has put together 1,200 entries of them so far."
    said = [[line for line in lines_of(merchant.get("/")) if line.endswith(rest)]]
    with shop.world.database.write() as conn:
        whole_readings.moved(conn, shop.id, place="b", again_at=NOW, gathered=0, said="It could not. Page by page.")
    said.append([line for line in lines_of(merchant.get("/")) if line.endswith(rest)])
    assert said == [[f"{together} {rest}"], [f"It could not. Page by page. {together} {rest}"]]


def test_the_merchant_switches_it_on_and_back(merchant: Merchant, shop: Shop, bell: Bell) -> None:
    shop.set(mode=Mode.WATCH)
    assert lines_of(merchant.get("/")).count("Waitline watches and changes nothing") == 1
    assert merchant.post("/mode", mode="on", tell_waiting="yes").status_code == 303
    assert store_of(shop).mode is Mode.ON
    assert bell.rung == [("allocate", "allocate", shop.id)]
    assert lines_of(merchant.get("/"))[-4:-1] == [
        "Waitline is on",
        "It writes to your store and tells your customers.",
        "If it only watches again, cancellations and parcels that were not begun are not done; their orders say so.",
    ]
    assert merchant.post("/mode", mode="watch").status_code == 303
    assert store_of(shop).mode is Mode.WATCH


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"health": Health.ACCESS_LOST, "trouble": "The key was revoked."}, "The key was revoked."),
        ({"health": Health.BACKING_OFF, "trouble": "It is slow."}, "It is slow."),
    ],
)
def test_trouble_with_the_store_stands_first(
    merchant: Merchant, shop: Shop, values: dict[str, Any], sentence: str
) -> None:
    shop.set(**values)
    assert lines_of(merchant.get("/")).count(sentence) == 1


def test_a_pause_is_shown(merchant: Merchant, shop: Shop) -> None:
    shop.policy(paused=True)
    assert lines_of(merchant.get("/")).count("Everything is paused") == 1


def test_what_needs_the_merchant_is_listed_with_what_to_do(merchant: Merchant, shop: Shop, other_shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", shortfall=Decimal(2))
    shop.item(8, sku="MUG", title="Mug", gap=Decimal(3))
    shop.item(9, sku="CHAIR", title="Chair", balance=Balance.UNBALANCED)
    shop.order(1, a_line(8, "2", line_id=5, first=SOON, cancel_wished_at=NOW, cancel_reason="It takes too long"))
    shop.order(2, a_line(8, "1", answer=Answer.HOLD, answer_why="Backorders are switched off."))
    shop.notice(1, "backordered", WorkState.UNKNOWN, at=NOW + timedelta(minutes=1), reason="The sender was stopped.")
    shop.write(1, "hold", WorkState.FAILED, reason="No right to hold.")
    shop.write(1, "show", WorkState.FAILED, reason="No right to hold.")
    shop.write(1, "note", WorkState.FAILED, reason="No right to hold.")
    shop.write(1, "tag", WorkState.FAILED, side_seq=-1, reason="Of an older state.")
    shop.delivery("odd", WorkState.FAILED)
    other_shop.delivery("another store's", WorkState.FAILED)
    other_shop.order(3, a_line(8, "1", cancel_wished_at=NOW))
    assert needs(merchant) == [
        "Order #1: Ada Lovelace wants to cancel 2 units.",
        "Asked on 20 Mar 2026: “It takes too long”. Cancel it in your store; this entry goes away by itself.",
        "Order #2 waits for Desk lamp. Backorders are switched off.",
        "Until you decide, its customer is told nothing of it. Accept it, or cancel it in your store.",
        "Accept order #2",
        "Desk lamp LAMP: 2 units fewer in stock than orders that already may ship.",
        "Nothing is held by itself: decide in your store which order waits.",
        "Mug MUG: -3 on hand: your store owes 3 units to orders that are not known here.",
        "They are served first. Orders from before the import or from another channel are the usual cause.",
        "Chair CHAIR: its stock figure and its orders do not agree at the moment.",
        "They are read again by themselves; nothing is taken from anybody meanwhile.",
        "Order #1: the message “Waiting” got no answer, so nobody knows whether it happened.",
        "20 Mar 2026, 12:01. The sender was stopped.",
        "Order #1: “Keep the waiting units from shipping”, “Show the promise at the order” failed.",
        "20 Mar 2026, 12:00. No right to hold. Your store is asked again each night, and when the order changes.",
        "Try again",
        "Order #1: “Add a note to the order” failed.",
        "20 Mar 2026, 12:00. No right to hold.",
        "1 message from your store could not be understood.",
        "Kept, and shown to whoever runs Waitline. Your orders are read from the store itself in the meantime.",
    ]


def test_in_a_store_with_a_figure_of_what_it_owes_no_number_below_nothing_is_told(
    merchant: Merchant, shop: Shop
) -> None:
    shop.item(8, sku="MUG", title="Mug", gap=Decimal(3), committed=Decimal(5))
    assert needs(merchant)[0] == "Mug MUG: your store owes 3 units to orders that are not known here."


def test_what_the_store_keeps_of_orders_that_it_closed_stands_beside_the_shortfall(
    merchant: Merchant, shop: Shop, other_shop: Shop
) -> None:
    shop.item(8, sku="MUG", title="Mug", gap=Decimal(3))
    shop.item(9, sku="CUP", title="Cup", gap=Decimal(1))
    other_shop.item(8, sku="MUG", title="Mug")
    for place, (number, status, word) in enumerate(
        [(1, OrderStatus.CANCELLED, "failed"), (2, OrderStatus.GONE, "processing"), (3, OrderStatus.OPEN, "on-hold")]
    ):
        shop.order(number, a_line(8, "0", unreturned=Decimal(place)), status=status, store_status=word)
        other_shop.order(number, a_line(8, "0", unreturned=Decimal(7)), status=status, store_status=word)
    found = needs(merchant)
    assert (
        found[1] == "They are served first. Orders from before the import or from another channel are the usual cause."
    )
    assert found[2:4] == [
        "Your store took 3 units for orders that it closed without giving them back: #3 (2 units, on-hold), #2 "
        "(1 unit, gone). If they are on your shelf, add them to the stock in your store.",
        "Cup CUP: -1 on hand: your store owes 1 unit to orders that are not known here.",
    ]


JUMP = {"jump_before": Decimal(-4), "jump_after": Decimal(10), "jump_owed": Decimal(4)}


def jumped(shop: Shop) -> None:
    shop.item(8, sku="MUG", title="Mug", on_hand="14", available=Decimal(10), believed_available=Decimal(10), **JUMP)


def test_a_number_that_looks_counted_is_asked_about(merchant: Merchant, shop: Shop) -> None:
    jumped(shop)
    assert needs(merchant) == [
        "Mug MUG: its stock went from -4 to 10. Is that what you counted?",
        "Open orders had taken 4 units, so it was read as 14 units that came in. If 10 is all that lies on your "
        "shelf, say so: then nothing is given that is not there.",
        "14 units came in",
        "10 units were counted",
    ]


@pytest.mark.parametrize(("it_was", "on_hand", "net", "kept"), [("added", 14, 10, 0), ("counted", 10, 6, 4)])
def test_the_number_is_read_as_the_merchant_says(
    merchant: Merchant, shop: Shop, bell: Bell, it_was: str, on_hand: int, net: int, kept: int
) -> None:
    jumped(shop)
    assert merchant.post("/items/8/0/counted", it_was=it_was).status_code == 303
    [row] = shop.rows(pools)
    assert (row["on_hand"], row["believed_available"], row["counted"], row["available"]) == (on_hand, net, kept, 10)
    assert (row["jump_after"], bell.rung) == (None, [("allocate", "allocate", shop.id)])
    assert needs(merchant) == ["Nothing. Everything that can be done without you is done or on its way."]


def test_a_number_is_answered_for_once(merchant: Merchant, shop: Shop, bell: Bell) -> None:
    jumped(shop)
    merchant.post("/items/8/0/counted", it_was="added")
    merchant.post("/items/8/0/counted", it_was="counted")
    merchant.post("/items/99/0/counted", it_was="counted")
    assert [(row["counted"], row["on_hand"]) for row in shop.rows(pools)] == [(0, 14)]
    assert bell.rung == [("allocate", "allocate", shop.id)]


def test_a_wish_goes_away_when_the_order_is_cancelled(merchant: Merchant, shop: Shop) -> None:
    shop.order(1, a_line(7, "2", cancel_wished_at=NOW), status=OrderStatus.CANCELLED)
    assert needs(merchant) == ["Nothing. Everything that can be done without you is done or on its way."]


def test_what_the_store_did_not_take_is_tried_again_by_a_button(merchant: Merchant, shop: Shop, bell: Bell) -> None:
    shop.item(8, sku="MUG", title="Mug")
    shop.order(1, a_line(8, "2"))
    shop.write(1, "hold", WorkState.FAILED, reason="No.", tries=3)
    shop.write(1, "note", WorkState.FAILED, reason="No.")
    given_up = shop.notice(1, "allocated", WorkState.DROPPED, side_seq=0, reason=NOT_TAKEN)
    assert merchant.client.post("/writes/1/again", base_url="https://waitline.example").status_code == 403

    assert merchant.post("/writes/1/again").status_code == 303
    assert lines_of(merchant.get("/")).count("Try again") == 0
    assert sorted((row["kind"], row["state"], row["tries"]) for row in shop.rows(actions)) == [
        ("hold", WorkState.DUE, 3),
        ("note", WorkState.FAILED, 0),
    ]
    assert [(row["id"], row["state"]) for row in shop.rows(notices)] == [(given_up, WorkState.DUE)]
    assert ("allocate", "allocate", shop.id) in bell.rung
    assert merchant.post("/writes/1/again").status_code == 422


def test_an_item_that_the_store_refused_is_listed_and_tried_again_by_a_button(merchant: Merchant, shop: Shop) -> None:
    shop.item(8, sku="MUG", title="Mug")
    row = {"item": 8, "desired": item_side_out(ItemSide()), "tries": 1, "due_at": NOW, "at": NOW, "reason": "No."}
    shop.put(item_writes, state=WorkState.FAILED, **row)
    assert needs(merchant) == [
        "Mug: what shoppers should see of it, and whether your store sells it, could not be written.",
        "20 Mar 2026, 12:00. No. Your store is asked again each night.",
        "Try again",
    ]
    assert merchant.post("/writes/items/8/again").status_code == 303
    assert [(row["state"], row["tries"]) for row in shop.rows(item_writes)] == [(WorkState.DUE, 1)]
    assert merchant.post("/writes/items/8/again").status_code == 422


def test_nothing_is_tried_again_in_a_store_that_is_watched_or_paused_or_of_another(
    merchant: Merchant, shop: Shop, other_shop: Shop
) -> None:
    for one in (shop, other_shop):
        one.item(8, sku="MUG", title="Mug")
        one.order(1, a_line(8, "2"))
    other_shop.write(1, "hold", WorkState.FAILED)
    assert merchant.post("/writes/1/again").status_code == 422
    shop.write(1, "hold", WorkState.FAILED)
    shop.policy(paused=True)
    assert merchant.post("/writes/1/again").status_code == 422
    shop.policy(paused=False)
    shop.set(mode=Mode.WATCH)
    assert merchant.post("/writes/1/again").status_code == 422
    assert lines_of(merchant.get("/")).count("Try again") == 0
    assert [row["state"] for one in (shop, other_shop) for row in one.rows(actions)] == [WorkState.FAILED] * 2
