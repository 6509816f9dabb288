"""The status that a merchant chose for waiting orders: whose it is, and what becomes of it."""

from collections.abc import Iterator

import pytest

from app.orders import told
from backorder.db import orderbook
from backorder.domain.store import Mode
from connectors.woocommerce.ours import RECORD_KEY
from demo.stores.wire import Fault
from demo.stores.woocommerce.shop import Shop as Site
from jobs import steer
from jobs.leave import leave
from tests.story.stage import Stage, Woo

LATER = 11 * 60.0


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    found = Stage("woocommerce", database_url)
    assert isinstance(found.shop, Woo)
    found.shop.app.shop.statuses["parked"] = "Parked"
    found.open()
    choose(found, "parked")
    found.shop.stock("MUG", 0)
    found.settle()
    yield found
    found.bench.close()


@pytest.fixture
def site(stage: Stage) -> Site:
    assert isinstance(stage.shop, Woo)
    return stage.shop.app.shop


def choose(stage: Stage, status: str) -> None:
    steer.save_policy(stage.bench.world, stage.bench.store_id, waiting_status=status)


def left_alone(stage: Stage, order: int) -> str:
    """The status that the order's page says it would have."""
    with stage.bench.world.database.read() as conn:
        found = told(conn, stage.bench.store, order, stage.bench.now)
    assert found is not None
    return found.status_left


def place(stage: Stage, units: int = 2) -> int:
    order = stage.shop.order("MUG", units, 5)
    stage.settle()
    return order


def test_waiting_orders_have_it_until_nothing_waits_and_no_mail_leaves(stage: Stage, site: Site) -> None:
    order = place(stage)
    waited = site.orders[order].status, stage.has(order), left_alone(stage, order)
    stage.shop.receive("MUG", 1)
    stage.settle()
    in_part = site.orders[order].status
    stage.shop.receive("MUG", 1)
    stage.settle()

    assert stage.bench.store.statuses == (("parked", "Parked"),)
    assert (waited, in_part, site.orders[order].status) == (("parked", [(0, 2)], ""), "parked", "processing")
    assert (stage.has(order), site.mails) == ([(2, 0)], [(order, "received")])
    said = [note.text for note in site.orders[order].notes if note.text.startswith("Order status changed")]
    assert said[::-1] == [
        "Order status changed from Processing to Parked.",
        "Order status changed from Parked to Processing.",
    ]


@pytest.mark.parametrize("moved_to", ["processing", "on-hold", "packing"])
def test_a_status_that_a_person_sets_is_theirs_for_as_long_as_the_order_waits(
    stage: Stage, site: Site, moved_to: str
) -> None:
    site.statuses["packing"] = "Packing"
    order = place(stage)
    site.set_status(site.orders[order], moved_to)
    stage.settle()
    stage.shop.receive("MUG", 1)
    stage.settle()
    assert (left_alone(stage, order), stage.has(order)) == ("parked", [(1, 1)])
    stage.shop.receive("MUG", 1)
    stage.settle()
    assert (site.orders[order].status, left_alone(stage, order)) == (moved_to, "")


def test_a_new_wait_is_a_reason_of_its_own(stage: Stage, site: Site) -> None:
    order = place(stage)
    site.set_status(site.orders[order], "processing")
    stage.settle()
    stage.shop.receive("MUG", 2)
    stage.settle()
    stage.shop.edit(order, 3)
    stage.settle()
    assert (site.orders[order].status, stage.has(order)) == ("parked", [(2, 1)])


def test_an_order_that_is_not_paid_keeps_its_status_until_it_is(stage: Stage, site: Site) -> None:
    order = place(stage)
    unpaid = site.place_order([("MUG", site.orders[order].lines[0].quantity)], status="on-hold")
    stage.settle()
    assert (unpaid.status, stage.has(unpaid.id)) == ("on-hold", [(0, 2)])
    site.set_status(unpaid, "processing")
    stage.settle()
    assert unpaid.status == "parked"


@pytest.mark.parametrize("fault", list(Fault))
def test_a_change_that_is_tried_twice_is_made_once(stage: Stage, site: Site, fault: Fault) -> None:
    stage.transport.fail(fault, times=2, concerns=lambda method, _: method == "PUT")
    order = place(stage)
    stage.wait(LATER)
    stage.settle()
    assert site.orders[order].status == "parked"
    changed = [note.text for note in site.orders[order].notes if note.text.startswith("Order status changed")]
    assert changed == ["Order status changed from Processing to Parked."]


def test_a_person_who_moves_it_while_nobody_knows_how_our_write_went_has_the_last_word(
    stage: Stage, site: Site
) -> None:
    stage.transport.fail(Fault.LOST_ANSWER, concerns=lambda method, _: method == "PUT")
    order = place(stage)
    assert site.orders[order].status == "parked"
    site.set_status(site.orders[order], "processing")
    stage.wait(LATER)
    stage.settle()
    assert (site.orders[order].status, left_alone(stage, order)) == ("processing", "parked")


def test_switched_off_or_left_every_order_gets_its_old_status_back(stage: Stage, site: Site) -> None:
    first, second, theirs = (place(stage) for _ in range(3))
    site.set_status(site.orders[theirs], "on-hold")
    stage.settle()
    choose(stage, "")
    stage.settle()
    assert [site.orders[order].status for order in (first, second, theirs)] == ["processing", "processing", "on-hold"]
    choose(stage, "parked")
    stage.settle()
    assert [site.orders[order].status for order in (first, second, theirs)] == ["parked", "parked", "on-hold"]
    site.set_status(site.orders[second], "completed")
    leave(stage.bench.world, stage.bench.store_id)
    stage.settle()
    assert [site.orders[order].status for order in (first, second, theirs)] == ["processing", "completed", "on-hold"]
    assert [meta.key for order in (first, second, theirs) for meta in site.orders[order].meta] == []
    assert stage.bench.store.mode is Mode.LEAVING


def test_a_status_whose_plugin_went_costs_nothing_but_itself(stage: Stage, site: Site) -> None:
    before = place(stage)
    del site.statuses["parked"]
    order = place(stage)
    assert (site.orders[order].status, left_alone(stage, order)) == ("processing", "parked")
    assert [meta.key for meta in site.orders[order].meta] == [RECORD_KEY]
    stage.shop.receive("MUG", 4)
    stage.settle()
    assert [site.orders[one].status for one in (before, order)] == ["processing", "processing"]
    assert stage.has(before, order) == [(2, 0), (2, 0)]


def test_a_status_is_not_changed_on_a_look_that_is_older_than_the_persons(stage: Stage, site: Site) -> None:
    orders = [stage.shop.order("MUG", 1, 5) for _ in range(3)]
    stage.settle("write_back")
    client = stage.bench.world.client(stage.bench.store)
    client.look_ahead(orders)
    site.set_status(site.orders[orders[0]], "on-hold")
    with stage.bench.world.database.read() as conn:
        wanted = orderbook.load(conn, stage.bench.store_id, [orders[0]])[orders[0]].desired
    assert wanted is not None
    assert (wanted.status, client.push(orders[0], wanted, "k").status) == ("parked", "")
    assert site.orders[orders[0]].status == "on-hold"
