"""Erases people and stores from the rows. Every step is small: it can be broken off and begun again."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Table, delete, func, select, tuple_, update

from backorder.db import parcel_rows
from backorder.db.bites import among
from backorder.db.secrets import new_token
from backorder.db.tables import (
    actions,
    consents,
    erased_orders,
    leases,
    metadata,
    notices,
    order_lines,
    orders,
    stores,
)
from backorder.db.upsert import insert_missing
from backorder.db.values import policy_out
from backorder.domain.lifecycle import WorkState
from backorder.domain.policy import BackorderPolicy
from backorder.domain.privacy import Person
from backorder.domain.store import Health, Mode

BITE = 500
"""Rows that one transaction erases."""


def orders_of(conn: Connection, store_id: int, person: Person) -> list[int]:
    """Orders in the book that are this person's. What a request leaves out matches nothing."""
    hits = [among(orders.c.order_id, person.order_ids)] if person.order_ids else []
    if person.customer_id is not None:
        hits.append(orders.c.customer_id == person.customer_id)
    found: set[int] = set()
    for hit in hits:
        found.update(conn.execute(select(orders.c.order_id).where(orders.c.store_id == store_id, hit)).scalars())
    if person.mailbox:
        # Only what is plain ASCII is lowered alike by every database: the rest is compared here.
        rows = select(orders.c.order_id, orders.c.email).where(
            orders.c.store_id == store_id,
            (func.lower(func.trim(orders.c.email)) == person.mailbox)
            | (func.length(orders.c.email) == len(person.email.strip())),
        )
        found.update(row.order_id for row in conn.execute(rows) if Person(email=row.email).mailbox == person.mailbox)
    return sorted(found)


def names_of(conn: Connection, store_id: int, person: Person, order_ids: Iterable[int]) -> set[str]:
    """By what ids and addresses the person is known: those of the request, and those at these orders of theirs."""
    found = select(orders.c.customer_id, orders.c.email).where(
        orders.c.store_id == store_id, among(orders.c.order_id, order_ids)
    )
    at_orders = {str(value) for row in conn.execute(found) for value in row if value}
    asked = {person.mailbox, "" if person.customer_id is None else str(person.customer_id)}
    return (at_orders | asked) - {""}


def mark(conn: Connection, store_id: int, order_ids: Iterable[int], now: datetime) -> None:
    """Whatever is told of these orders from now on, nobody is named by it."""
    rows = [{"store_id": store_id, "order_id": order_id, "at": now} for order_id in sorted(set(order_ids))]
    insert_missing(conn, erased_orders, rows)


def marked(conn: Connection, store_id: int, order_ids: Iterable[int]) -> frozenset[int]:
    """Those of these orders whose customer was erased."""
    wanted = list(order_ids)
    if not wanted:
        return frozenset()
    found = select(erased_orders.c.order_id).where(
        erased_orders.c.store_id == store_id, among(erased_orders.c.order_id, wanted)
    )
    return frozenset(conn.execute(found).scalars())


def blank_orders(conn: Connection, store_id: int, order_ids: Iterable[int], now: datetime) -> None:
    """Take whoever ordered out of these orders: names, addresses, words of their own. All numbers stay."""
    wanted = list(order_ids)
    conn.execute(
        update(orders)
        .where(orders.c.store_id == store_id, among(orders.c.order_id, wanted))
        .values(
            customer_id=None,
            customer_name="",
            email="",
            tags=[],
            customer_tags=None,
            link_version=orders.c.link_version + 1,
        )
    )
    conn.execute(
        update(order_lines)
        .where(order_lines.c.store_id == store_id, among(order_lines.c.order_id, wanted))
        .values(cancel_reason="")
    )
    of_actions = (actions.c.store_id == store_id) & among(actions.c.order_id, wanted)
    conn.execute(update(actions).where(of_actions).values(reason=""))
    of_notices = (notices.c.store_id == store_id) & among(notices.c.order_id, wanted)
    conn.execute(update(notices).where(of_notices).values(message_id="", digest="", reason=""))
    conn.execute(
        update(notices)
        .where(of_notices, notices.c.state == WorkState.DUE)
        .values(state=WorkState.DROPPED, reason="The customer's data was erased.", at=now)
    )
    parcel_rows.forget_whose(conn, store_id, wanted, now)


def tables_of_stores() -> list[Table]:
    """Every table with rows of stores, those that point at others first."""
    return [table for table in reversed(metadata.sorted_tables) if "store_id" in table.c]


def delete_some(conn: Connection, table: Table, store_id: int) -> int:
    """Delete some of a store's rows; how many. Rows of other stores are out of its reach."""
    key = tuple_(*table.primary_key.columns)
    some = select(*table.primary_key.columns).where(table.c.store_id == store_id).limit(BITE)
    return int(conn.execute(delete(table).where(table.c.store_id == store_id, key.in_(some))).rowcount)


def delete_leases(conn: Connection, store_id: int, now: datetime) -> None:
    """Names of leases tell a store's orders. One that is still held goes when the next store is erased."""
    named = select(leases.c.name).where(leases.c.name.contains(f":{store_id}", autoescape=True), leases.c.until <= now)
    ours = [name for name in conn.execute(named).scalars() if name.split(":")[1] == str(store_id)]
    for start in range(0, len(ours), BITE):
        conn.execute(delete(leases).where(leases.c.name.in_(ours[start : start + BITE])))


def leave_a_number(conn: Connection, store_id: int) -> None:
    """Of the store itself its number stays, so that no other store ever gets it: sessions and links name it."""
    named = select(stores.c.address).where(stores.c.id == store_id).scalar_subquery()
    conn.execute(delete(consents).where(consents.c.address == named))
    conn.execute(
        update(stores)
        .where(stores.c.id == store_id)
        .values(
            address="",
            name="",
            currency="",
            timezone="UTC",
            mode=Mode.WATCH,
            health=Health.GONE,
            trouble="",
            credentials="",
            webhook_token=new_token(),
            api_token_hash=None,
            policy=policy_out(BackorderPolicy()),
            lacks=[],
            statuses=[],
        )
    )
