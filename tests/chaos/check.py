"""What must be true at the end of a run: nothing lost, nothing done twice, the stores as Waitline wants them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from backorder.db import orderbook, queries
from backorder.db.orderbook import BookOrder
from backorder.db.tables import actions, deliveries, notices, orders
from backorder.domain.actions import ActionKind, StoreSide, tags_of_ours
from backorder.domain.lifecycle import WorkState
from backorder.domain.supply import ZERO
from connectors.contract import OrderRead
from demo.mailbox import Mail
from demo.stores.journal import Effect
from tests.chaos.arena import Arena, StandIn
from tests.chaos.driver import Said
from tests.processes.running import Store

NOTICE = re.compile(r"<notice-(\d+)-(\d+)@")
MARKER = re.compile(r"\[(wl-\d+-\d+)\]")
CHUNK = 50
HELD, RELEASED = "fulfillmentOrderHold", "fulfillmentOrderReleaseHold"


@dataclass
class Findings:
    """What the check found, each by name. All but the unknown and `recovered` are to be empty."""

    acknowledged: int = 0
    repeats: int = 0
    lost: list[str] = field(default_factory=list)
    """Deliveries that were acknowledged and are in no inbox."""
    doubled: list[str] = field(default_factory=list)
    """Effects that happened twice: deliveries, changes in a store, notes, mails."""
    unexpected: list[str] = field(default_factory=list)
    """Mails and notes that Waitline does not know to have sent, or knows to have sent and nobody got."""
    unlike: list[str] = field(default_factory=list)
    """Orders that are not in the store as Waitline wants them, or not in the book as the store has them."""
    left: list[str] = field(default_factory=list)
    """Work that is still due."""
    aside: list[str] = field(default_factory=list)
    """Deliveries in quarantine, and writes and messages that were given up."""
    unknown_messages: list[str] = field(default_factory=list)
    """Of which nobody knows whether they left."""
    unknown_notes: list[str] = field(default_factory=list)
    """Of which nobody knows whether the store took them."""
    recovered: list[str] = field(default_factory=list)
    """Deliveries of which a try failed and that are in the inbox nevertheless."""

    @property
    def unknown(self) -> list[str]:
        """Everything of which nobody knows whether it left."""
        return [*self.unknown_messages, *self.unknown_notes]

    @property
    def faults(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.doubled, *self.unexpected, *self.unlike, *self.left, *self.aside]


def check(arena: Arena, said: Mapping[str, Said], mails: Sequence[Mail]) -> Findings:
    """Look at everything. The run is at rest."""
    found = Findings()
    sent = dict(said)
    for store in arena.stores:
        for key, status in _told(arena.stand_ins[store.platform]):
            sent.setdefault(key, Said(store.id)).answers.append(status)
    _deliveries(arena, sent, found)
    _mails(arena, mails, found)
    for store in arena.stores:
        stand_in = arena.stand_ins[store.platform]
        found.doubled += repeated(stand_in.effects(), stand_in.platform)
        _notes(arena, store, stand_in.state(), found)
        _orders(arena, store, found)
        _left(arena, store, found)
    return found


def _told(stand_in: StandIn) -> Iterable[tuple[str, int]]:
    for line in stand_in.told.read_text().splitlines():
        key, status, _ = json.loads(line)
        yield key, status


def _deliveries(arena: Arena, sent: Mapping[str, Said], found: Findings) -> None:
    with arena.house.world.database.read() as conn:
        rows = conn.execute(select(deliveries.c.store_id, deliveries.c.dedupe_key)).all()
    kept = Counter((row.store_id, row.dedupe_key) for row in rows)
    found.doubled += [f"delivery {key} of store {store}" for (store, key), count in kept.items() if count > 1]
    for key, said in sent.items():
        there = (said.store_id, key) in kept
        found.acknowledged += said.acknowledged
        found.repeats += sum(200 <= status < 300 for status in said.answers) > 1
        if said.acknowledged and not there:
            found.lost.append(f"delivery {key} of store {said.store_id}, answered {said.answers}")
        if there and any(not 200 <= status < 300 for status in said.answers):
            found.recovered.append(key)


def _mails(arena: Arena, mails: Sequence[Mail], found: Findings) -> None:
    """By the Message-ID, which names the row: each at most once, and each row's state tells the truth."""
    came = Counter(mail.headers.get("Message-ID", "") for mail in mails)
    found.doubled += [f"mail {name} came {count} times" for name, count in came.items() if count > 1]
    numbers = {int(named[2]): count for name, count in came.items() if (named := NOTICE.match(name))}
    with arena.house.world.database.read() as conn:
        rows = conn.execute(select(notices)).all()
    for row in rows:
        name = f"message {row.id} ({row.kind.value}, order {row.order_id} of store {row.store_id})"
        if row.state is WorkState.UNKNOWN:
            found.unknown_messages.append(f"{name}: {'it came' if row.id in numbers else 'it did not come'}")
        elif row.state is WorkState.FAILED:
            found.aside.append(f"{name} failed: {row.reason}")
        elif (row.id in numbers) is not (row.state is WorkState.DONE):
            found.unexpected.append(f"{name} is {row.state.value} and came {numbers.get(row.id, 0)} times")


def repeated(effects: Sequence[Effect], platform: str) -> list[str]:
    """Changes that happened more than once under one id of ours. A hold that is off again may be set anew by the write
    that took it off: units joined what was held.
    """
    done: set[tuple[str, str, str]] = set()
    again = []
    for effect in effects:
        if effect.kind == RELEASED:
            done -= {key for key in done if key[:2] == (HELD, effect.target)}
        elif effect.operation and effect.detail != "empty":
            key = (effect.kind, effect.target, effect.operation)
            if key in done:
                again.append(f"{platform}: {effect.kind} of {effect.target} under {effect.operation}")
            done.add(key)
    return again


def _notes(arena: Arena, store: Store, state: Mapping[str, Any], found: Findings) -> None:
    notes = [note for order in state["orders"] for note in order.get("notes", [])]
    there = Counter(named[1] for note in notes if (named := MARKER.search(note)))
    found.doubled += [f"note {marker} stands {count} times" for marker, count in there.items() if count > 1]
    with arena.house.world.database.read() as conn:
        rows = conn.execute(
            select(actions).where(actions.c.store_id == store.id, actions.c.kind == ActionKind.NOTE)
        ).all()
    for row in rows:
        marker = f"wl-{store.id}-{row.id}"
        if row.state is WorkState.UNKNOWN:
            found.unknown_notes.append(f"note {marker}: {'it stands there' if marker in there else 'it does not'}")
        elif (marker in there) is not (row.state is WorkState.DONE):
            found.unexpected.append(f"note {marker} is {row.state.value} and stands {there[marker]} times")


def _orders(arena: Arena, store: Store, found: Findings) -> None:
    """Read every order with a client of our own and hold it against the book."""
    world = arena.house.world
    with world.database.read() as conn:
        ids = list(conn.execute(select(orders.c.order_id).where(orders.c.store_id == store.id)).scalars())
        books = orderbook.load(conn, store.id, ids)
    told = {int(order["id"]) for order in arena.stand_ins[store.platform].state()["orders"]}
    found.unlike += [f"order {order} of store {store.id} is not in the book" for order in sorted(told - books.keys())]
    client = world.client(store.row(world))
    for start in range(0, len(ids), CHUNK):
        for read in client.read_orders(ids[start : start + CHUNK]).found:
            book = books[read.reading.order.id]
            found.unlike += [f"order {book.order.id} of store {store.id}: {why}" for why in _differences(book, read)]


def _differences(book: BookOrder, read: OrderRead) -> Iterable[str]:
    wanted, there = book.desired or StoreSide(), read.found
    ours = tags_of_ours("backorder")
    tags = tuple(sorted(tag for tag in there.tags if tag in ours))
    if (wanted.held, wanted.shown, wanted.line_dates) != (there.held, there.shown, there.line_dates):
        yield f"wanted {wanted}, the store has {there}"
    elif tuple(sorted(set(wanted.tags) - set(book.refused_tags))) != tags:
        yield f"wanted tags {wanted.tags}, the store has {there.tags}"
    now, known = read.reading.order, book.order
    figures = [
        [(line.id, sum((part.outstanding for part in line.parts), ZERO)) for line in order.lines]
        for order in (known, now)
    ]
    if known.status is not now.status or figures[0] != figures[1]:
        yield f"the book has {known.status.value} {figures[0]}, the store {now.status.value} {figures[1]}"


def _left(arena: Arena, store: Store, found: Findings) -> None:
    world = arena.house.world
    with world.database.read() as conn:
        health = queries.health_counts(conn, store.id, world.clock())
        aside = conn.execute(
            select(deliveries.c.dedupe_key, deliveries.c.reason).where(
                deliveries.c.store_id == store.id, deliveries.c.state == WorkState.FAILED
            )
        ).all()
        failed = conn.execute(
            select(actions.c.order_id, actions.c.kind, actions.c.reason).where(
                actions.c.store_id == store.id, actions.c.state == WorkState.FAILED
            )
        ).all()
    for what in ("inbox", "dirty", "outbox"):
        if getattr(health, what):
            found.left.append(f"store {store.id}: {what} {getattr(health, what)}")
    found.aside += [f"delivery {row.dedupe_key} was put aside: {row.reason}" for row in aside]
    found.aside += [f"{row.kind.value} of order {row.order_id} was given up: {row.reason}" for row in failed]
