"""F-22: customer, merchant, workers and the store's own staff are at one order in the same moment."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import requests
from werkzeug.test import Client

from app import create_app
from backorder.db import cancel_rows, errands, orderbook
from backorder.db.errands import Kind
from backorder.db.session import migrate
from backorder.domain.lifecycle import WorkState
from demo.mailbox import HOST
from demo.stores.shopify import ShopifyShop
from demo.stores.shopify.state import Order
from jobs import steer
from jobs.accept_cancel import accept_cancel
from jobs.catch_up import audit, catch_up
from jobs.connect import connect
from jobs.drain import work_off
from jobs.world import World
from tests.chaos.scenarios.expectation import Expectation
from tests.chaos.scenarios.racing import Asked, Racers, a_database, serving, world_at
from tests.processes.running import SHOPIFY_DOMAIN, SHOPIFY_SECRET

PRICE = Decimal("10.00")
ROUNDS = 40
REST_SECONDS = 90.0
LONG = timedelta(days=1)
SECRETS = {"WAITLINE_SHOPIFY_CLIENT_SECRETS": SHOPIFY_SECRET}
STAFF = ("fulfil", "", "cancel_order")
"""What the store's staff does meanwhile: ships all of it, nothing, or cancels it."""
ACTS = ("cancel", "accept", "work", "wish", "accept")
"""What the processes do, in turn as far as there are any."""


def mixed(url: str, folder: Path, rounds: int, people: int) -> Iterator[Expectation]:
    """In each round one order: some wish, some accept, some work, and staff ships or cancels it in the store itself."""
    migrate(url)
    box: list[Client] = []

    def deliver(address: str, headers: Mapping[str, str], body: bytes) -> int:
        return box[0].post(urlsplit(address).path, headers=dict(headers), data=body).status_code

    shop = ShopifyShop(domain=SHOPIFY_DOMAIN, secret=SHOPIFY_SECRET, deliver=deliver)
    shop.trade.add_product("MUG", "A MUG", str(PRICE), 1)
    chance = random.Random(22)
    ends: Counter[str] = Counter()
    wrong: list[str] = []
    with serving(shop) as port:
        world = world_at(folder, url, port, SECRETS)
        box.append(Client(create_app(world)))
        store_id = _connected(world, shop)
        acts = [ACTS[at % len(ACTS)] for at in range(people)]
        with Racers(people, folder, url, port, SECRETS) as racers:
            for number in range(rounds):
                order = shop.trade.place_order([{"sku": "MUG", "quantity": 2}], name="Ada Example")
                _rest(world, shop)
                steer.wish_cancel(world, store_id, order, line_ids=None, reason="Too late")
                if number % 2 == 0:
                    # The cancellation is under way when all of them come.
                    accept_cancel(world, store_id, order, restock=True, refund=True)
                staff = STAFF[number % len(STAFF)]
                chance.shuffle(acts)
                asked: list[Asked] = [(act,) if act == "work" else (act, store_id, order) for act in acts]
                racers.race(asked, lambda staff=staff, order=order: _act(port, staff, order))
                _rest(world, shop)
                end, fault = _outcome(world, store_id, shop.shop.orders[order])
                ends[end] += 1
                if fault:
                    wrong.append(f"round {number} ({staff or 'nobody else'}): {fault}")
                _clear(shop, order)
                _rest(world, shop)
        world.database.close()
    yield Expectation(not wrong, f"{rounds} rounds of {people} at once: {len(wrong)} with two outcomes {wrong[:3]}")
    yield Expectation(True, f"how they ended: {dict(sorted(ends.items()))}")


def _connected(world: World, shop: ShopifyShop) -> int:
    given = {"shop": SHOPIFY_DOMAIN, "access-token": shop.token, "client-secret": SHOPIFY_SECRET}
    store_id = connect(world, "shopify", given).id
    catch_up(world, store_id)
    steer.switch_on(world, store_id, tell_waiting=False)
    steer.save_policy(world, store_id, cancel_in_store=True)
    audit(world, store_id)
    return store_id


def _rest(world: World, shop: ShopifyShop) -> None:
    """Let all webhooks come and all work be done, also what has to wait for its time."""
    began = time.monotonic()
    while True:
        sent = shop.deliver()
        work_off(world)
        with world.database.read() as conn:
            open_ones = errands.due(conn, Kind.CANCELLATION, world.clock() + LONG)
        if not sent and (not open_ones or time.monotonic() - began > REST_SECONDS):
            return
        if open_ones:
            time.sleep(0.2)


def _act(port: int, name: str, order: int) -> None:
    """Something that the staff does in the store; it may be too late for it."""
    if name == "fulfil":
        requests.post(f"http://{HOST}:{port}/_control/release_hold_by_hand", json={"order": order}, timeout=30)
    if name:
        requests.post(f"http://{HOST}:{port}/_control/{name}", json={"order": order}, timeout=30)


def _outcome(world: World, store_id: int, order: Order) -> tuple[str, str]:
    """How it ended, and what is wrong with that."""
    with world.database.read() as conn:
        rows = cancel_rows.of_order(conn, store_id, order.id)
        book = orderbook.load(conn, store_id, [order.id])[order.id]
    shipped = sum(units.quantity for shipment in order.shipments for units in shipment.lines)
    taken_out = sum(line.quantity - line.current for line in order.lines)
    back = sum((refund.paid_back for refund in order.refunds), Decimal(0))
    done = sum(row.state is WorkState.DONE for row in rows)
    end = "shipped" if shipped else "cancelled" if order.cancelled or taken_out else "left"
    faults = [
        sentence
        for is_wrong, sentence in (
            (shipped + taken_out > 2, f"{shipped} shipped and {taken_out} taken out of 2"),
            (back not in (Decimal(0), 2 * PRICE), f"{back} paid back"),
            (bool(shipped and back), f"{shipped} shipped and {back} paid back"),
            (done > 1, f"{done} cancellations done"),
            (done == 1 and not taken_out, "a cancellation that was never made"),
            (any(errands.is_open(row) for row in rows), "a cancellation that does not end"),
            (sum(line.outstanding for line in book.order.lines) != 2 - shipped - taken_out, "the book says otherwise"),
        )
        if is_wrong
    ]
    return end, "; ".join(faults)


def _clear(shop: ShopifyShop, order: int) -> None:
    """Nothing of the order is in the way of the next one."""
    known = shop.shop.orders[order]
    if not known.cancelled and not known.shipments:
        shop.trade.cancel_order(order)
    shop.trade.set_stock("MUG", 1)


def f22(engine: str) -> Iterator[Expectation]:
    """Ten processes at one order, forty times."""
    with a_database(engine) as (folder, url):
        yield from mixed(url, folder, ROUNDS, 10)
