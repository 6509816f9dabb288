"""Parcels that the merchant recorded: what is in them, and which of their units our own message does not speak of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, insert, select, update

from backorder.db.bites import among
from backorder.db.errands import OPEN, Errand, standing
from backorder.db.tables import order_lines, parcels
from backorder.domain.lifecycle import WorkState
from backorder.domain.parcels import Packed, Parcel, Teller
from backorder.domain.supply import ZERO, Units

_MADE = (WorkState.RUNNING, WorkState.UNKNOWN, WorkState.DONE)
"""The store has it, or may have it."""


@dataclass(frozen=True, slots=True)
class ParcelRow(Errand):
    """A parcel, and where telling the store of it stands."""

    parcel: Parcel
    key: str


def add(conn: Connection, store_id: int, order_id: int, parcel: Parcel, *, key: str, now: datetime) -> None:
    """Make a parcel due. The caller holds the store's turn and knows that none is open for the order."""
    conn.execute(
        insert(parcels).values(
            store_id=store_id,
            order_id=order_id,
            units=[[packed.line_id, packed.location, str(packed.units)] for packed in sorted(parcel.units)],
            company=parcel.company,
            number=parcel.number,
            url=parcel.url,
            teller=parcel.teller,
            key=key,
            state=WorkState.DUE,
            due_at=now,
            at=now,
        )
    )


def of_order(conn: Connection, store_id: int, order_id: int) -> list[ParcelRow]:
    """Every parcel of an order that was recorded here, oldest first."""
    return of_orders(conn, store_id, [order_id])


def of_orders(conn: Connection, store_id: int, order_ids: Iterable[int]) -> list[ParcelRow]:
    """The same for several orders."""
    rows = conn.execute(
        select(parcels)
        .where(parcels.c.store_id == store_id, among(parcels.c.order_id, order_ids))
        .order_by(parcels.c.id)
    )
    return [
        ParcelRow(
            **standing(row),
            parcel=Parcel(
                tuple(Packed(line, location, Decimal(units)) for line, location, units in row.units),
                row.number,
                row.company,
                row.url,
                row.teller,
            ),
            key=row.key,
        )
        for row in rows
    ]


def told_by_us(conn: Connection, store_id: int, order_id: int) -> list[Parcel]:
    """Parcels of an order that the store has, and of which our own message speaks."""
    rows = of_order(conn, store_id, order_id)
    return [row.parcel for row in rows if row.state is WorkState.DONE and row.parcel.teller is Teller.WAITLINE]


def keep_who_tells(conn: Connection, store_id: int, order_id: int) -> None:
    """Note at the order's lines the units that somebody else speaks of. A parcel counts from the moment at which the
    store may have it: a reading may tell of it before the store's answer does.
    """
    elsewhere: dict[int, Units] = {}
    for row in of_order(conn, store_id, order_id):
        if row.parcel.teller is not Teller.WAITLINE and row.state in _MADE:
            for line, units in row.parcel.by_line.items():
                elsewhere[line] = elsewhere.get(line, ZERO) + units
    of_lines = (order_lines.c.store_id == store_id) & (order_lines.c.order_id == order_id)
    conn.execute(update(order_lines).where(of_lines, order_lines.c.told_elsewhere != ZERO).values(told_elsewhere=ZERO))
    for line, units in elsewhere.items():
        conn.execute(update(order_lines).where(of_lines, order_lines.c.line_id == line).values(told_elsewhere=units))


def forget_whose(conn: Connection, store_id: int, order_ids: Sequence[int], now: datetime) -> None:
    """Parcels lead to their receivers: of orders whose customer is erased no number stays, and what is not done yet is
    not done any more.
    """
    of_orders = (parcels.c.store_id == store_id) & among(parcels.c.order_id, order_ids)
    conn.execute(update(parcels).where(of_orders).values(company="", number="", url="", reason=""))
    conn.execute(
        update(parcels)
        .where(of_orders, parcels.c.state.in_(OPEN))
        .values(state=WorkState.DROPPED, reason="The customer's data was erased.", at=now)
    )
