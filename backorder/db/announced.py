"""Goods on the way that the store itself announces: its word is what their rows say."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, exists, insert, or_, select, update

from backorder.db import goods
from backorder.db.tables import inbound, receipts
from backorder.domain.announced import Announced, Guess, settle
from backorder.domain.supply import ZERO, Inbound, Pool


def known(conn: Connection, store_id: int) -> list[str]:
    """The store's own names of the goods that are on the way as far as we know: what was only guessed to have come may
    be.
    """
    guessed = exists().where(receipts.c.inbound_id == inbound.c.id, receipts.c.guessed, receipts.c.undone_at.is_(None))
    found = conn.execute(
        select(inbound.c.external)
        .where(inbound.c.store_id == store_id, inbound.c.external.is_not(None), inbound.c.ended_at.is_(None))
        .where(or_(inbound.c.received < inbound.c.quantity, guessed))
        .order_by(inbound.c.id)
    )
    return [str(name) for name in found.scalars()]


def is_line(conn: Connection, store_id: int, inbound_id: int) -> bool:
    """Whether the store announced this line: then nobody else changes it."""
    found = select(inbound.c.external).where(inbound.c.store_id == store_id, inbound.c.id == inbound_id)
    return conn.execute(found).scalar_one_or_none() is not None


def is_receipt(conn: Connection, store_id: int, receipt_id: int) -> bool:
    """Whether the store told of this arrival."""
    found = (
        select(inbound.c.external)
        .join(receipts, receipts.c.inbound_id == inbound.c.id)
        .where(receipts.c.store_id == store_id, receipts.c.id == receipt_id, receipts.c.guessed.is_(False))
    )
    return conn.execute(found).scalar_one_or_none() is not None


@dataclass(frozen=True, slots=True)
class Told:
    """What the store announces, with the day of its arrival by the store's calendar; `None` where there is none."""

    goods: Announced
    day: date | None


def take_in(
    conn: Connection, store_id: int, told: Sequence[Told], asked: Collection[str], began: datetime, now: datetime
) -> set[int]:
    """Take in a reading of all that the store announces, which began then; the items for which it changes something.

    Of the names that were `asked`, those that are not told are of goods that will not come.
    """
    rows = _rows(conn, store_id, {each.goods.name for each in told})
    since = min((row["seen_at"] for row in rows.values()), default=began)
    guesses = _guesses(conn, store_id, since)
    touched: set[int] = set()
    for each in told:
        row = rows.get(each.goods.name)
        if row is None:
            touched |= _add(conn, store_id, each, began, now)
        else:
            touched |= _change(conn, store_id, row, each, guesses, began, now)
    touched |= _end(conn, store_id, set(asked) - {each.goods.name for each in told}, now)
    return touched


def _rows(conn: Connection, store_id: int, names: Collection[str]) -> dict[str, Mapping[str, Any]]:
    rows = conn.execute(
        select(inbound).where(inbound.c.store_id == store_id, inbound.c.external.is_not(None))
    ).mappings()
    return {row["external"]: dict(row) for row in rows if row["external"] in names}


def _guesses(conn: Connection, store_id: int, since: datetime) -> list[Guess]:
    """Units that were booked by a guess since then and were not taken back."""
    rows = conn.execute(
        select(receipts, inbound.c.item, inbound.c.location)
        .join(inbound, inbound.c.id == receipts.c.inbound_id)
        .where(receipts.c.store_id == store_id, receipts.c.guessed, receipts.c.undone_at.is_(None))
        .where(receipts.c.at >= since)
    )
    return [Guess(r.id, r.inbound_id, Pool(r.item, r.location), r.units, r.at) for r in rows]


def _add(conn: Connection, store_id: int, told: Told, began: datetime, now: datetime) -> set[int]:
    """Goods that are new to us. What has come already, or has no date, promises nothing."""
    one = told.goods
    if told.day is None or one.received >= one.quantity:
        return set()
    conn.execute(
        insert(inbound).values(
            store_id=store_id,
            item=one.pool.item,
            location=one.pool.location,
            quantity=one.quantity,
            received=one.received,
            expected_on=told.day,
            first_expected_on=told.day,
            source=one.source[:200],
            created_at=now,
            external=one.name,
            seen_at=began,
        )
    )
    return {one.pool.item}


def _change(
    conn: Connection,
    store_id: int,
    row: Mapping[str, Any],
    told: Told,
    guesses: list[Guess],
    began: datetime,
    now: datetime,
) -> set[int]:
    one = told.goods
    pool = Pool(row["item"], row["location"])
    line = Inbound(row["id"], pool, row["quantity"], row["received"], row["expected_on"], awaited=row["awaited"])
    settled = settle(line, one.received, guesses, row["seen_at"], began)
    values = {
        "item": one.pool.item,
        "location": one.pool.location,
        "quantity": max(one.quantity, settled.received),
        "received": settled.received,
        "awaited": settled.awaited,
        "expected_on": told.day or row["expected_on"],
        "source": one.source[:200],
        "ended_at": None,
    }
    changed = {name: value for name, value in values.items() if row[name] != value}
    if settled.awaited > row["awaited"]:
        changed["awaited_since"] = now
    conn.execute(update(inbound).where(inbound.c.id == row["id"]).values(**changed, seen_at=began))
    moved = ZERO
    for guess, units in settled.taken_back:
        _take_back(conn, guess, units, now)
        if guess.line != line.id:
            moved += units
            conn.execute(update(inbound).where(inbound.c.id == guess.line).values(received=inbound.c.received - units))
    gone = {guess.id for guess, _ in settled.taken_back} | {guess.id for guess in settled.confirmed}
    # A guess serves one line only: what is left of a split one is looked at by the next reading.
    guesses[:] = [guess for guess in guesses if guess.id not in gone]
    if settled.confirmed:
        ids = [guess.id for guess in settled.confirmed]
        conn.execute(update(receipts).where(receipts.c.id.in_(ids)).values(guessed=False))
    if settled.entered > 0:
        conn.execute(
            insert(receipts).values(store_id=store_id, inbound_id=line.id, units=settled.entered, guessed=False, at=now)
        )
    if settled.freed > 0:
        by_hand = [each for each in goods.coming(conn, store_id, [pool.item]).get(pool, []) if not each.announced]
        goods.book_arrival(conn, store_id, by_hand, settled.freed, now)
    return {pool.item, one.pool.item} if changed or moved else set()


def _take_back(conn: Connection, guess: Guess, units: Any, now: datetime) -> None:
    """So many units of a guess did not come of that line."""
    whole = units == guess.units
    values = {"undone_at": now} if whole else {"units": guess.units - units}
    conn.execute(update(receipts).where(receipts.c.id == guess.id).values(**values))


def _end(conn: Connection, store_id: int, names: Collection[str], now: datetime) -> set[int]:
    """These will not come."""
    if not names:
        return set()
    ended = conn.execute(
        update(inbound)
        .where(inbound.c.store_id == store_id, inbound.c.external.in_(sorted(names)), inbound.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(inbound.c.item)
    )
    return {int(item) for item in ended.scalars()}
