"""F-18: deliveries that nobody can take in, rightly signed, in front of one that must not wait for them."""

import json
import sys
import time
from collections.abc import Iterator
from functools import partial

import requests
from sqlalchemy import select

from backorder.db.tables import deliveries
from backorder.domain.lifecycle import WorkState
from connectors.signing import body_signature
from tests.chaos.arena import Arena, arena
from tests.chaos.deadly import KILLS, LOOPS
from tests.chaos.load import Load
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost
from tests.processes.running import WOO_HOOK_SECRET, Store, until

DEPTH = 200_000
KILLED_SECONDS = 45.0
"""Five workers have to die of it, each is started anew, and a dead one's lease is ended by the clock."""
ENDLESS_SECONDS = 90.0
"""The minute that a job may take, and what it costs to begin another."""
NEXT_SECONDS = 25.0
"""A lease: the longest that the next delivery may wait."""
POISONS = {
    "no JSON": b"{",
    "deep": b'{"id":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
    "a long number": b'{"id":' + b"9" * 5000 + b"}",
    "a number beyond every database": b'{"id":99999999999999999999999}',
    "infinite": b'{"id":Infinity}',
    "half a character": b'{"id":12,"status":"\\ud800","line_items":[]}',
    "a zero character": json.dumps({"id": 13, "status": "processing", "number": "a\x00b", "line_items": []}).encode(),
    "not UTF-8": b'{"id":"\xff\xfe"}',
    "a list": b"[]",
    "nothing": b"",
}


def poisoned(here: Arena) -> Iterator[Expectation]:
    """Each is acknowledged, put aside or taken in, and the next order is in the book soon."""
    store = here.stores[1]
    for name, body in POISONS.items():
        status = _send(store, body, name)
        yield Expectation(status == 200, f"{name}: answered {status}")
    began = time.monotonic()
    order = store.shop.order("TENT", 1, "after Example")
    until(lambda: store.told(order)["lines"], "the next order is in the book", 60)
    yield at_most(time.monotonic() - began, NEXT_SECONDS, "the next order is in the book")
    here.rest(60)
    with here.house.world.database.read() as conn:
        rows = conn.execute(
            select(deliveries.c.state, deliveries.c.tries).where(deliveries.c.dedupe_key.like("poison:%"))
        ).all()
    states = sorted({row.state.value for row in rows})
    yield Expectation(
        len(rows) == len(POISONS) and {row.state for row in rows} <= {WorkState.FAILED, WorkState.DONE},
        f"{len(rows)} of {len(POISONS)} are in the inbox, each {' or '.join(states)}",
    )


def _send(store: Store, body: bytes, name: str) -> int:
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-ID": "poison",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Delivery-ID": name,
        "X-WC-Webhook-Signature": body_signature(WOO_HOOK_SECRET.encode(), body).decode(),
    }
    return requests.post(f"{store.webhook_url}/order.updated", data=body, headers=headers, timeout=10).status_code


def deadly(here: Arena) -> Iterator[Expectation]:
    """One ends whoever takes it in, one never comes to its end: both are put aside, and the next order is taken in."""
    store = here.stores[1]
    for name, body, seconds in (("kills", KILLS, KILLED_SECONDS), ("loops", LOOPS, ENDLESS_SECONDS)):
        starts = here.house.residents["front 1"].starts
        status = _send(store, body, name)
        began = time.monotonic()
        order = store.shop.order("TENT", 1, f"behind{name} Example")
        until(partial(_put_aside, here, name), f"{name}: it is put aside", 4 * seconds)
        until(partial(_in_the_book, store, order), f"{name}: the next order is in the book", 4 * seconds)
        took = time.monotonic() - began
        yield at_most(took, seconds, f"{name}: answered {status}, put aside, and the next order is in the book")
        died = here.house.residents["front 1"].starts - starts
        yield Expectation(bool(died) is (body == KILLS), f"{name}: the worker died {died} times")


def _put_aside(here: Arena, name: str) -> bool:
    with here.house.world.database.read() as conn:
        found = select(deliveries.c.state).where(deliveries.c.dedupe_key.like(f"poison:{name}%"))
        return bool(conn.execute(found).scalar_one() is WorkState.FAILED)


def _in_the_book(store: Store, order: int) -> bool:
    return bool(store.told(order)["lines"])


def f18(engine: str) -> Iterator[Expectation]:
    """Poison in the inbox."""
    with arena(engine, instead={"front 1": [sys.executable, "-m", "tests.chaos.deadly"]}) as here:
        load = Load(here, 18)
        here.rest(60)
        yield from poisoned(here)
        yield from deadly(here)
        yield from nothing_lost(here, load, 0, aside=len(POISONS) + len((KILLS, LOOPS)))
