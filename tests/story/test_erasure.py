"""Who wants to be forgotten is forgotten to the last byte, and is not brought back by what the store still tells."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backorder.db import orderbook, privacy_tasks
from backorder.db.tables import deliveries
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import Customer
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.privacy import TaskKind
from demo.replay.leftovers import found
from demo.stores.shopify.bodies import Bodies
from jobs import steer
from tests.story.stage import Shopify, Stage

WORDS = ("quuxley", "zebedee", "mrquux@secret.example", "gnarled lane", "i changed my quirky mind")


@pytest.fixture
def platform() -> str:
    """The one platform that asks for erasure itself."""
    return "shopify"


@pytest.fixture
def shop(stage: Stage) -> Shopify:
    assert isinstance(stage.shop, Shopify)
    return stage.shop


def order_of_quuxley(stage: Stage, shop: Shopify) -> tuple[int, int]:
    """An order with all that can be known of somebody, and the customer's id."""
    shop.stock("MUG", 1)
    order = shop.app.trade.place_order(
        [{"sku": "MUG", "quantity": 3}], name="Zebedee Quuxley", email="MrQuux@Secret.example", tags=["for Zebedee"]
    )
    stage.settle()
    customer = shop.app.shop.orders[order].customer
    assert customer is not None
    with_address = {
        **Bodies(shop.app.shop).order(shop.app.shop.orders[order]),
        "note": "Leave it at the gnarled lane",
        "shipping_address": {"address1": "1 Gnarled Lane"},
        "line_items": [],
    }
    assert stage.say(json.dumps(with_address).encode()) == 200
    stage.settle()
    steer.wish_cancel(stage.bench.world, stage.bench.store_id, order, line_ids=None, reason="I changed my quirky mind")
    stage.settle()
    return order, customer.id


def tasks(stage: Stage) -> list[tuple[TaskKind, WorkState, int]]:
    with stage.bench.world.database.read() as conn:
        return [(task.kind, task.state, task.orders) for task in privacy_tasks.everything(conn)]


def customer_of(stage: Stage, order: int) -> Customer:
    with stage.bench.world.database.read() as conn:
        return orderbook.load(conn, stage.bench.store_id, [order])[order].order.customer


def left_over(stage: Stage, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Where one of the words is: in the database's bytes, or in what was logged."""
    said = capsys.readouterr()
    logged = (said.out + said.err).casefold()
    return found(stage.bench.world.database, WORDS) + [f"log: {word}" for word in WORDS if word in logged]


@pytest.mark.parametrize("email", ["MRQUUX@secret.example", None])
def test_a_customer_is_erased_to_the_last_byte_and_the_numbers_stay(
    stage: Stage, shop: Shopify, capsys: pytest.CaptureFixture[str], email: str | None
) -> None:
    order, customer = order_of_quuxley(stage, shop)
    other = shop.order("MUG", 2, 6)
    stage.settle()
    before, kept = stage.has(order, other), customer_of(stage, other)
    assert len(found(stage.bench.world.database, WORDS)) > len(WORDS)
    shop.app.leaving.redact_customer(customer, email, [order])
    stage.settle()
    assert tasks(stage) == [(TaskKind.ERASE_CUSTOMER, WorkState.DONE, 1)]
    assert left_over(stage, capsys) == []
    assert (stage.has(order, other), customer_of(stage, other)) == (before, kept)


def test_what_the_store_tells_later_does_not_bring_anybody_back(
    stage: Stage, shop: Shopify, capsys: pytest.CaptureFixture[str]
) -> None:
    order, customer = order_of_quuxley(stage, shop)
    shop.app.leaving.redact_customer(customer, None, [order])
    stage.settle()
    mails = len(stage.bench.mails)
    shop.edit(order, 2)
    stage.settle()
    stage.bench.catch_up()
    shop.receive("MUG", 5)
    stage.settle()
    assert (customer_of(stage, order), len(stage.bench.mails)) == (Customer(), mails)
    assert left_over(stage, capsys) == []


def test_a_rule_that_puts_the_customer_ahead_goes_with_them(
    stage: Stage, shop: Shopify, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = (
        PriorityRule("Friend", 5, Fact.CUSTOMER, "MrQuux@secret.example"),
        PriorityRule("Other", 3, Fact.CUSTOMER, "bob@example.com"),
    )
    steer.save_policy(stage.bench.world, stage.bench.store_id, priority=rules)
    order, customer = order_of_quuxley(stage, shop)
    shop.app.leaving.redact_customer(customer, None, [order])
    stage.settle()
    assert (stage.bench.store.policy.priority, left_over(stage, capsys)) == (rules[1:], [])


def test_an_order_that_is_told_only_after_its_customer_was_erased_names_nobody(stage: Stage, shop: Shopify) -> None:
    shop.stock("MUG", 1)
    stage.lose("orders/", "fulfillment", "inventory")
    order = shop.order("MUG", 3, 5)
    shop.app.leaving.redact_customer(None, None, [order])
    stage.settle()
    stage.lose()
    shop.edit(order, 2)
    stage.settle()
    assert (stage.has(order), customer_of(stage, order)) == ([(1, 1)], Customer())


def test_a_request_that_names_nobody_erases_nobody(stage: Stage, shop: Shopify) -> None:
    shop.stock("MUG", 1)
    guest = shop.app.trade.place_order([{"sku": "MUG", "quantity": 3}])
    known = shop.order("MUG", 1, 6)
    stage.settle()
    before = customer_of(stage, known)
    shop.app.leaving.redact_customer(None, None)
    shop.app.leaving.redact_customer(None, "")
    stage.settle()
    assert tasks(stage) == [(TaskKind.ERASE_CUSTOMER, WorkState.DONE, 0)] * 2
    assert (customer_of(stage, known), customer_of(stage, guest)) == (before, Customer())


@pytest.mark.parametrize("asked", [True, False])
def test_a_store_that_left_is_erased_whole_after_two_days_asked_or_not(
    stage: Stage, shop: Shopify, capsys: pytest.CaptureFixture[str], asked: bool
) -> None:
    order_of_quuxley(stage, shop)
    shop.app.leaving.uninstall()
    stage.settle()
    stage.wait(timedelta(hours=47).total_seconds())
    stage.settle()
    assert found(stage.bench.world.database, ["quuxley"]) != []
    stage.wait(timedelta(hours=1).total_seconds())
    if asked:
        # Nobody can check its signature where the secret was the shop's own: that went with its access.
        shop.app.leaving.redact_shop()
    stage.settle()
    ended = [TaskKind.CLEAR_LEFT, TaskKind.ERASE_STORE, *([TaskKind.ERASE_STORE] if asked else [])]
    assert [kind for kind, state, _ in tasks(stage) if state is not WorkState.DUE] == ended
    words = (*WORDS, "lab-goods", "lab goods", "shpat_demo", "MUG")
    assert found(stage.bench.world.database, words) + left_over(stage, capsys) == []


def test_a_store_that_came_back_within_two_days_is_not_erased_by_the_late_request(stage: Stage, shop: Shopify) -> None:
    order, _ = order_of_quuxley(stage, shop)
    first = stage.bench.store_id
    shop.app.leaving.uninstall()
    stage.settle()
    stage.wait(timedelta(hours=47).total_seconds())
    shop.app.leaving.reinstall("shpat_anew")
    stage.connect_again("shpat_anew")
    assert stage.bench.store_id != first
    stage.wait(timedelta(hours=3).total_seconds())
    shop.app.leaving.redact_shop()
    stage.settle()
    assert tasks(stage)[-1] == (TaskKind.ERASE_STORE, WorkState.DONE, 0)
    assert (customer_of(stage, order).name, stage.bench.store.health.value) == ("Zebedee Quuxley", "good")
    with stage.bench.world.database.read() as conn:
        assert orderbook.load(conn, first, [order]) == {}


@pytest.mark.parametrize("token_lives", [True, False])
def test_a_store_whose_leaving_was_never_told_is_erased_if_it_lets_nobody_in(
    stage: Stage, shop: Shopify, token_lives: bool
) -> None:
    order_of_quuxley(stage, shop)
    stage.lose("app/")
    shop.app.leaving.uninstall()
    if token_lives:
        shop.app.leaving.reinstall("shpat_demo")
    stage.settle()
    stage.wait(timedelta(hours=49).total_seconds())
    shop.app.leaving.redact_shop()
    stage.settle()
    assert (found(stage.bench.world.database, ["quuxley"]) == []) is not token_lives


def test_a_late_word_of_leaving_does_not_end_a_new_installation(stage: Stage, shop: Shopify) -> None:
    shop.app.leaving.uninstall()
    late = shop.app.outbox.queue.pop()
    stage.wait(3600)
    shop.app.leaving.reinstall("shpat_anew")
    stage.connect_again("shpat_anew")
    shop.app.outbox.send(late)
    stage.settle()
    assert stage.bench.store.health.value == "good"
    with stage.bench.world.database.read() as conn:
        assert conn.execute(select(func.count()).select_from(deliveries)).scalar_one() > 0
