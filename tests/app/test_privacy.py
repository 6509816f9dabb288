"""What customers asked of their data, as the merchant and the operator see it; and the way out of a store."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from app.access import new_signin
from app.cli import cli
from backorder.db import news, outbox, privacy_tasks, stores
from backorder.db.session import Database
from backorder.db.tables import orders
from backorder.domain.actions import StoreSide
from backorder.domain.events import CustomerDataAsked, CustomerErased
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import Person
from backorder.domain.store import Mode, NewsKind
from jobs.world import World
from tests.app.shop import KEY, NOW, Merchant, Shop, a_line, lines_of, store_of

ADA = Person(customer_id=7, email=" Ada@Example.com", order_ids=(1,))


def asked(shop: Shop, person: Person = ADA) -> int:
    """A request of one of the store's customers."""
    store = store_of(shop)
    with shop.world.database.write() as conn:
        return privacy_tasks.ask(conn, store.platform, store.address, CustomerDataAsked(person), key="one", at=NOW)


@pytest.fixture
def at_the_command_line(monkeypatch: pytest.MonkeyPatch, world: World) -> CliRunner:
    """Commands with the settings of this test's world."""
    monkeypatch.chdir(world.config.data_dir)
    monkeypatch.setenv("WAITLINE_DATABASE_URL", world.database.url)
    monkeypatch.setenv("WAITLINE_DATA_DIR", str(world.config.data_dir))
    monkeypatch.setenv("WAITLINE_SECRET_KEYS", KEY)
    return CliRunner()


def test_a_request_stands_on_the_first_page_with_its_date_until_it_was_passed_on(
    merchant: Merchant, shop: Shop
) -> None:
    told = "A customer wants to know what is held about them. Pass it on by 19 Apr 2026."
    task = asked(shop)
    assert lines_of(merchant.get("/")).count(told) == 1
    assert merchant.post(f"/privacy/{task}/done").status_code == 303
    assert lines_of(merchant.get("/")).count(told) == 0
    with shop.world.database.read() as conn:
        found = privacy_tasks.get(conn, task)
    assert (found.state, found.person) == (WorkState.DONE, None)


def test_the_file_has_what_is_held_about_the_customer_and_about_nobody_else(merchant: Merchant, shop: Shop) -> None:
    shop.order(1, a_line(7, "2", title="Desk lamp"), email="ada@example.com", customer_name="Ada Example")
    shop.order(2, a_line(7, "1"), email="ADA@example.com ", customer_id=8)
    shop.order(3, a_line(7, "1"), email="bob@example.com", customer_name="Bob Builder", customer_id=9)
    shop.delivery("names-nobody", WorkState.DONE)
    told = json.loads(merchant.get(f"/privacy/{asked(shop)}.json").text)
    assert [(order["number"], order["email"]) for order in told["orders"]] == [
        ("#1", "ada@example.com"),
        ("#2", "ADA@example.com "),
    ]
    assert told["orders"][0]["lines"][0]["title"] == "Desk lamp"
    assert (told["due_at"], told["received_from_the_store"]) == ((NOW + timedelta(days=30)).isoformat(), [])


def test_another_store_sees_nothing_of_a_request(shop: Shop, other_shop: Shop, merchant: Merchant) -> None:
    task = asked(other_shop)
    assert merchant.get(f"/privacy/{task}.json").status_code == 404
    assert merchant.post(f"/privacy/{task}/done").status_code == 404
    assert lines_of(merchant.get("/privacy")).count("Nobody asked for anything.") == 1


def test_an_operator_lists_requests_and_fetches_the_file(at_the_command_line: CliRunner, shop: Shop) -> None:
    shop.order(1, a_line(7, "2"), email="ada@example.com", customer_name="Ada Example")
    task = asked(shop)
    listed = at_the_command_line.invoke(cli, ["privacy", "list"]).output
    assert listed == (
        f"{task}  tell_customer  lamps.myshopify.com  customer 7,  Ada@Example.com  due, due 2026-04-19\n"
    )
    told = json.loads(at_the_command_line.invoke(cli, ["privacy", "export", str(task)]).output)
    assert [order["customer_name"] for store in told for order in store["orders"]] == ["Ada Example"]
    assert at_the_command_line.invoke(cli, ["privacy", "done", str(task)]).output == f"Task {task} is done.\n"


def test_an_operator_erases_a_customer_of_any_platform(at_the_command_line: CliRunner, other_shop: Shop) -> None:
    other_shop.order(1, a_line(7, "2"), email="ada@example.com", customer_name="Ada Example")
    other_shop.order(2, a_line(7, "2"), email="bob@example.com", customer_name="Bob Builder")
    args = ["privacy", "erase", str(other_shop.id), "--email", "ADA@example.com", "--json"]
    told = json.loads(at_the_command_line.invoke(cli, args).output.splitlines()[-1])
    assert (told["state"], told["orders"], told["about"]) == ("done", 1, "no longer kept")
    assert sorted((row["customer_name"], row["email"]) for row in other_shop.rows(orders)) == [
        ("", ""),
        ("Bob Builder", "bob@example.com"),
    ]


@pytest.mark.parametrize("named", [[], ["--everything"], ["--everything", "--order", "1"]])
def test_nothing_is_erased_where_it_is_not_said_plainly(
    at_the_command_line: CliRunner, shop: Shop, named: list[str]
) -> None:
    shop.order(1, a_line(7, "2"), email="ada@example.com")
    assert at_the_command_line.invoke(cli, ["privacy", "erase", str(shop.id), *named]).exit_code == 1
    assert [row["email"] for row in shop.rows(orders)] == ["ada@example.com"]


def test_a_request_of_somebody_who_was_erased_is_over(at_the_command_line: CliRunner, shop: Shop) -> None:
    task = asked(shop)
    at_the_command_line.invoke(cli, ["privacy", "erase", str(shop.id), "--customer", "7"])
    with shop.world.database.read() as conn:
        found = privacy_tasks.get(conn, task)
    assert (found.state, found.person, found.reason) == (WorkState.DROPPED, None, "The customer's data was erased.")


def test_what_was_asked_twice_is_one_task(database: Database, shop: Shop) -> None:
    store = store_of(shop)
    for _ in range(2):
        with database.write() as conn:
            privacy_tasks.ask(conn, store.platform, store.address, CustomerErased(ADA), key="same", at=NOW)
    with database.read() as conn:
        assert len(privacy_tasks.everything(conn)) == 1


def test_news_is_told_until_it_was_seen_and_only_to_its_store(
    merchant: Merchant, shop: Shop, other_shop: Shop, database: Database
) -> None:
    heading = "Your store was not telling us everything"
    with database.write() as conn:
        for store in (shop.id, shop.id, other_shop.id):
            news.tell(conn, store, NewsKind.SUBSCRIPTIONS, "Subscribed to orders.", NOW)
        [mine], [theirs] = news.unseen(conn, shop.id), news.unseen(conn, other_shop.id)
    assert lines_of(merchant.get("/")).count(heading) == 1
    merchant.post(f"/news/{theirs.id}/seen")
    merchant.post(f"/news/{mine.id}/seen")
    assert lines_of(merchant.get("/")).count(heading) == 0
    with database.read() as conn:
        assert news.unseen(conn, other_shop.id) == [theirs]


def test_leaving_is_begun_watched_and_taken_back(merchant: Merchant, shop: Shop) -> None:
    wrote = {"held": [], "tags": ["backorder"], "shown": None, "line_dates": []}
    shop.order(1, a_line(7, "2"), wrote=wrote)
    assert lines_of(merchant.get("/leaving")).count("1 order and 0 items have something of ours at the moment.") == 1
    assert merchant.post("/leaving").status_code == 303
    assert store_of(shop).mode is Mode.LEAVING
    assert lines_of(merchant.get("/leaving")).count("Not yet: 1 order and 0 items have something of ours") == 1
    with shop.world.database.write() as conn:
        outbox.set_wrote(conn, shop.id, 1, StoreSide())
    assert lines_of(merchant.get("/leaving")).count("You can remove Waitline from your store now") == 1
    merchant.post("/leaving/stay")
    assert store_of(shop).mode is Mode.WATCH


def test_an_operator_is_told_how_far_the_leaving_has_come(at_the_command_line: CliRunner, shop: Shop) -> None:
    told = json.loads(at_the_command_line.invoke(cli, ["leave", str(shop.id), "--json"]).output)
    assert told == {"store": shop.id, "orders": 0, "items": 0, "under_way": 0, "failed": 0, "safe": True}


def test_who_signs_in_to_a_store_that_left_is_not_let_in(merchant: Merchant, shop: Shop, world: World) -> None:
    assert new_signin(world, shop.id) != ""
    with world.database.write() as conn:
        stores.leave(conn, shop.id)
    assert merchant.get("/privacy").status_code == 302
