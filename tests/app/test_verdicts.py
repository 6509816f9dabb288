"""Whether an item may be sold although nothing is there: kept, shown on its page, and opened again by itself."""

from datetime import timedelta
from decimal import Decimal
from operator import itemgetter

from sqlalchemy import update

from backorder.db import verdict_rows
from backorder.db.tables import order_lines, stores, verdicts
from backorder.domain.accept_rules import parse_accept_rules
from backorder.domain.store import Health
from jobs import steer
from jobs.judge import judge
from jobs.sweep import due
from jobs.world import World
from tests.app.shop import NOW, TODAY, Clock, Merchant, Shop, a_line, lines_of

LIMIT = "More than 4 units of this item would wait."


def judged(shop: Shop) -> list[tuple[int, bool, str]]:
    """Every change of an answer that the job has kept so far."""
    judge(shop.world, shop.id)
    return [(row["item"], row["accepting"], row["why"]) for row in sorted(shop.rows(verdicts), key=itemgetter("id"))]


def test_each_change_of_the_answer_is_a_row_and_nothing_is_written_while_it_stays(shop: Shop, clock: Clock) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.policy(most_units_item=4)
    assert judged(shop) == [(7, True, "")]
    assert judged(shop) == [(7, True, "")]
    shop.order(1, a_line(7, "4"))
    clock.now += timedelta(hours=1)
    assert judged(shop) == [(7, True, ""), (7, False, LIMIT)]


def test_a_closed_item_opens_by_itself_when_its_day_has_come(shop: Shop, clock: Clock) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.policy(longest_wait_days=10, inbound_buffer_days=0)
    shop.coming(7, "5", TODAY + timedelta(days=10))
    assert judged(shop) == [(7, False, "It would take 11 days; you accept 10 at most.")]
    clock.now += timedelta(days=1)
    assert judged(shop)[1:] == [(7, True, "")]


def test_the_date_of_a_new_order_is_the_one_of_where_the_store_counts_the_item(shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", location=5)
    shop.policy(longest_wait_days=30, lead_time_days=10)
    shop.coming(7, "5", TODAY + timedelta(days=90), location=5)
    assert judged(shop) == [(7, False, "It would take 94 days; you accept 30 at most.")]


def test_a_line_that_is_judged_anew_takes_room_only_with_what_was_accepted_of_it(shop: Shop) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.pool(7, 3)
    shop.policy(most_units_item=4)
    here, there = a_line(7, "3")["parts"], a_line(7, "3", location=3)["parts"]
    shop.order(1, a_line(7, "6", parts=here + there, unaccepted=Decimal(3)))
    assert judged(shop) == [(7, True, "")]
    with shop.world.database.write() as conn:
        conn.execute(update(order_lines).values(unaccepted=Decimal(2)))
        conn.execute(update(stores).values(judge_at=NOW))
    assert judged(shop)[1:] == [(7, False, LIMIT)]


def test_a_saved_choice_asks_about_every_item_at_once(shop: Shop, world: World) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", vendor="Acme")
    shop.item(8, sku="MUG", title="Mug", vendor="Other")
    judge(world, shop.id)
    assert ("allocate", "judge", shop.id) not in due(world)
    steer.save_policy(world, shop.id, accept_rules=parse_accept_rules("no | vendor | acme"))
    assert ("allocate", "judge", shop.id) in due(world)
    assert judged(shop)[2:] == [(7, False, "Backorders of the vendor “acme” are switched off.")]
    assert ("allocate", "judge", shop.id) not in due(world)


def test_a_pass_over_an_item_asks_about_it_alone(shop: Shop, world: World) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.item(8, sku="MUG", title="Mug")
    judge(world, shop.id)
    with world.database.write() as conn:
        verdict_rows.save(conn, shop.id, {}, {7: 0, 8: 0}, NOW)
        conn.exec_driver_sql("UPDATE items SET done_seq = 3 WHERE item = 8")
    with world.database.read() as conn:
        assert verdict_rows.to_judge(conn, shop.id, after=0, everything=False, limit=9) == {8: 3}
    assert ("allocate", "judge", shop.id) in due(world)


def test_a_store_that_is_gone_is_not_asked_about(shop: Shop, world: World) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp")
    shop.set(health=Health.GONE)
    assert due(world) == []


def test_the_page_of_an_item_says_whether_it_is_accepted_why_not_and_since_when(
    shop: Shop, merchant: Merchant, clock: Clock
) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", vendor="Acme", tags=["summer"])
    lines = lines_of(merchant.get("/items/7"))
    assert lines.count("Whether it may be sold although nothing is there has not been decided yet.") == 1
    assert lines.count("Vendor: Acme. Tags: summer.") == 1
    judge(shop.world, shop.id)
    assert lines_of(merchant.get("/items/7")).count("Accepting backorders since 20 Mar 2026, 12:00.") == 1
    clock.now += timedelta(hours=1)
    assert merchant.post("/items/7", discontinued="yes", most_units="12").status_code == 303
    shop.set(judge_at=clock.now)
    judge(shop.world, shop.id)
    why = "The item is discontinued: nothing more of it will come."
    lines = lines_of(merchant.get("/items/7"))
    said = f"Not accepting backorders since 20 Mar 2026, 13:00: {why}"
    assert lines.count(f"{said} It opens again by itself as soon as that is no longer so.") == 1
    assert lines[lines.index("Opened and closed") + 1 :] == [
        f"20 Mar 2026, 13:00 Not accepting backorders: {why}",
        "20 Mar 2026, 12:00 Accepting backorders.",
    ]


def test_the_report_names_the_items_that_are_closed(shop: Shop, merchant: Merchant) -> None:
    shop.item(7, sku="LAMP", title="Desk lamp", vendor="Acme")
    shop.item(8, sku="MUG", title="Mug")
    shop.policy(accept_rules=parse_accept_rules("no | vendor | Acme"))
    judge(shop.world, shop.id)
    why = "Backorders of the vendor “Acme” are switched off."
    lines = lines_of(merchant.get("/reports"))
    assert lines[lines.index("Items that are not backordered at present") + 1 :] == [
        f"20 Mar 2026, 12:00 Desk lamp: {why}"
    ]
