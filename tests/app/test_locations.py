"""What a waiting order could be served with from another location, as the order's page and the API say it."""

from flask.testing import FlaskClient
from sqlalchemy import update

from backorder.db.tables import moves, orders
from backorder.db.values import side_out
from backorder.domain.actions import StoreSide
from backorder.domain.lifecycle import WorkState
from backorder.domain.supply import Balance
from tests.app.api_calls import get
from tests.app.shop import NOW, Merchant, Shop, a_line, lines_of

SAID = (
    "2 units could be served from location 5, where nobody waits for them: move the line there from location 0 in your "
    "store."
)


def a_shop_with_two_places(shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.pool(7, 5, on_hand="6")
    shop.pool(7, 6, on_hand="9", balance=Balance.UNBALANCED)
    shop.order(1, a_line(7, "3", "3", location=5), days_ago=3)
    shop.order(2, a_line(7, "2", line_id=21), days_ago=2)


def test_an_order_says_from_where_else_it_could_be_served_where_that_is_allowed(
    shop: Shop, browser: FlaskClient, merchant: Merchant
) -> None:
    a_shop_with_two_places(shop)
    assert get(browser, "/orders/2")["moves"] == []
    shop.policy(cross_location=True)
    assert get(browser, "/orders/2")["moves"] == [{"line": 21, "item": 7, "from": 0, "to": 5, "units": "2"}]
    assert get(browser, "/orders/1")["moves"] == []
    assert sum(line.count(SAID) for line in lines_of(merchant.get("/orders/2"))) == 1


def test_what_is_kept_back_there_is_not_offered(shop: Shop, browser: FlaskClient) -> None:
    a_shop_with_two_places(shop)
    shop.policy(cross_location=True, keep_back=2)
    assert [move["units"] for move in get(browser, "/orders/2")["moves"]] == ["1"]
    shop.policy(keep_back=3)
    assert get(browser, "/orders/2")["moves"] == []


def test_an_orders_page_says_why_it_was_moved_and_that_somebody_moved_it_back(shop: Shop, merchant: Merchant) -> None:
    a_shop_with_two_places(shop)
    lines = merchant.get("/orders/2")
    assert said_of_moves(lines_of(lines)) == []
    move = {
        "order_id": 2,
        "source": 0,
        "target": 5,
        "units": [[21, "2"]],
        "there": [[7, "6"]],
        "due_at": NOW,
        "at": NOW,
    }
    shop.put(moves, **move, state=WorkState.DROPPED)
    shop.put(moves, **move, state=WorkState.FAILED, reason="Somebody else holds the order: it is not moved.")
    shop.put(moves, **move, state=WorkState.DONE)
    why = "All 2 units of it lay free at location 5, and location 0 had none for it."
    assert said_of_moves(lines_of(merchant.get("/orders/2"))) == [
        f"Not moved to location 5, 20 Mar 2026, 12:00: {why} Somebody else holds the order: it is not moved.",
        f"Moved from location 0 to location 5, 20 Mar 2026, 12:00: {why}",
        "Somebody moved it back. It stays there until more comes in at location 5.",
    ]


def said_of_moves(lines: list[str]) -> list[str]:
    return [line for line in lines if "moved" in line.lower()]


def test_an_orders_page_says_that_its_note_has_no_room_for_the_line(shop: Shop, merchant: Merchant) -> None:
    a_shop_with_two_places(shop)
    wanted = {"desired": side_out(StoreSide(noted="Backorder")), "wrote": side_out(StoreSide())}
    with shop.world.database.write() as conn:
        conn.execute(update(orders).where(orders.c.store_id == shop.id, orders.c.order_id == 2).values(**wanted))
    told = "The line about what waits is not in the order's note: the note is full. Shorten it in your store; the line "
    assert [line for line in lines_of(merchant.get("/orders/2")) if line.startswith(told)] == [
        f"{told}comes with the next change."
    ]
