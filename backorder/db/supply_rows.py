"""What pages and the API read about goods: pools in trouble, stocked items, what is on the way, what arrived. One
statement each.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, func, or_, select

from backorder.db.tables import inbound, items, order_lines, orders, parts, pools, receipts
from backorder.domain.orders import OrderStatus
from backorder.domain.supply import ZERO, Balance, Inbound, Jump, Pool, Units


@dataclass(frozen=True, slots=True)
class TroubledPool:
    """A pool whose figures contradict the order book, or that has let more units go than it has."""

    pool: Pool
    sku: str
    title: str
    balance: Balance
    gap: Units
    shortfall: Units
    unreturned: Units
    """Units that the store took for orders it then closed without giving them back."""
    closed: tuple["ClosedOrder", ...]
    """Those orders, the newest first, at most `MOST_CLOSED`."""
    there: Units | None = None
    """What is on hand for orders, where a store with one figure has it below nothing."""


@dataclass(frozen=True, slots=True)
class ClosedOrder:
    """An order of which the store keeps units that nobody is owed."""

    order_id: int
    number: str
    store_status: str
    units: Units


MOST_CLOSED = 10


@dataclass(frozen=True, slots=True)
class JumpedPool:
    """A pool whose figure may have been counted where it was read as net."""

    pool: Pool
    sku: str
    title: str
    jump: Jump


def jumped_pools(conn: Connection, store_id: int, *, limit: int) -> list[JumpedPool]:
    """Those that the merchant has not answered for."""
    rows = conn.execute(
        select(pools, items.c.sku, items.c.title)
        .join(items, and_(items.c.store_id == pools.c.store_id, items.c.item == pools.c.item))
        .where(pools.c.store_id == store_id, pools.c.jump_after.is_not(None))
        .order_by(pools.c.item, pools.c.location)
        .limit(limit)
    )
    return [
        JumpedPool(Pool(r.item, r.location), r.sku, r.title, Jump(r.jump_before, r.jump_after, r.jump_owed))
        for r in rows
    ]


def _closed_orders(conn: Connection, store_id: int, counted_at: Collection[int]) -> dict[int, list[ClosedOrder]]:
    """Orders of which the store keeps units, by the item that counts them; the newest first."""
    owner = func.coalesce(items.c.counted_at, items.c.item)
    rows = conn.execute(
        select(
            owner.label("owner"),
            orders.c.order_id,
            orders.c.number,
            orders.c.store_status,
            orders.c.status,
            func.sum(order_lines.c.unreturned, type_=order_lines.c.unreturned.type).label("units"),
        )
        .join(items, and_(items.c.store_id == order_lines.c.store_id, items.c.item == order_lines.c.item))
        .join(orders, and_(orders.c.store_id == order_lines.c.store_id, orders.c.order_id == order_lines.c.order_id))
        .where(order_lines.c.store_id == store_id, order_lines.c.unreturned > ZERO, owner.in_(list(counted_at)))
        .group_by(owner, orders.c.order_id, orders.c.number, orders.c.store_status, orders.c.status)
        .order_by(orders.c.order_id.desc())
    )
    found: dict[int, list[ClosedOrder]] = {}
    for r in rows:
        word = OrderStatus.GONE.value if r.status is OrderStatus.GONE else r.store_status
        found.setdefault(r.owner, []).append(ClosedOrder(r.order_id, r.number, word, r.units))
    return found


def troubled_pools(conn: Connection, store_id: int, *, limit: int) -> list[TroubledPool]:
    """The worst shortfall first."""
    rows = conn.execute(
        select(pools, items.c.sku, items.c.title)
        .join(items, and_(items.c.store_id == pools.c.store_id, items.c.item == pools.c.item))
        .where(
            pools.c.store_id == store_id,
            or_(pools.c.shortfall > ZERO, pools.c.gap != ZERO, pools.c.balance == Balance.UNBALANCED),
        )
        .order_by(pools.c.shortfall.desc(), pools.c.item, pools.c.location)
        .limit(limit)
    )
    told = rows.all()
    one_figure = {r.item for r in told if r.committed is None}
    closed = _closed_orders(conn, store_id, one_figure)
    return [
        TroubledPool(
            Pool(r.item, r.location),
            r.sku,
            r.title,
            r.balance,
            r.gap,
            r.shortfall,
            sum((order.units for order in closed.get(r.item, [])), ZERO),
            tuple(closed.get(r.item, [])[:MOST_CLOSED]),
            -r.gap if r.committed is None and r.gap > 0 else None,
        )
        for r in told
    ]


@dataclass(frozen=True, slots=True)
class StockedItem:
    """An item at one place and what is owed there. `stock` is the store's own figure, `on_hand` what we make of it;
    below nothing where a store with one figure has taken more than is there for orders that we know.
    """

    pool: Pool
    sku: str
    title: str
    stock: Units
    on_hand: Units
    outstanding: Units
    waiting: Units


def stocked_items(conn: Connection, store_id: int) -> list[StockedItem]:
    """Every pool that the store counts, by SKU."""
    exact = parts.c.outstanding.type
    owed = (
        select(
            parts.c.item,
            parts.c.location,
            func.sum(parts.c.outstanding, type_=exact).label("outstanding"),
            func.sum(parts.c.allocated, type_=exact).filter(parts.c.decided).label("allocated"),
            func.sum(parts.c.outstanding, type_=exact).filter(parts.c.decided).label("decided"),
        )
        .where(parts.c.store_id == store_id)
        .group_by(parts.c.item, parts.c.location)
        .subquery()
    )
    rows = conn.execute(
        select(
            pools.c.item,
            pools.c.location,
            pools.c.available,
            pools.c.on_hand,
            pools.c.gap,
            pools.c.committed,
            items.c.sku,
            items.c.title,
            owed.c.outstanding,
            owed.c.allocated,
            owed.c.decided,
        )
        .join(items, and_(items.c.store_id == pools.c.store_id, items.c.item == pools.c.item))
        .outerjoin(owed, and_(owed.c.item == pools.c.item, owed.c.location == pools.c.location))
        .where(pools.c.store_id == store_id, items.c.tracked, ~items.c.gone)
        .order_by(items.c.sku, pools.c.item, pools.c.location)
    )
    return [
        StockedItem(
            Pool(r.item, r.location),
            r.sku,
            r.title,
            r.available,
            -r.gap if r.committed is None and r.gap > 0 else r.on_hand,
            r.outstanding or ZERO,
            (r.decided or ZERO) - (r.allocated or ZERO),
        )
        for r in rows
    ]


def free_units(conn: Connection, store_id: int, ids: Collection[int]) -> dict[Pool, Units]:
    """Units of these items that nobody has, in each pool whose figures are in balance; with what is kept back."""
    given = (
        select(func.sum(parts.c.allocated, type_=parts.c.allocated.type))
        .where(parts.c.store_id == store_id, parts.c.item == pools.c.item, parts.c.location == pools.c.location)
        .scalar_subquery()
    )
    rows = conn.execute(
        select(pools.c.item, pools.c.location, pools.c.on_hand, given.label("given")).where(
            pools.c.store_id == store_id, pools.c.item.in_(list(ids)), pools.c.balance == Balance.BALANCED
        )
    )
    return {Pool(r.item, r.location): r.on_hand - (r.given or ZERO) for r in rows}


@dataclass(frozen=True, slots=True)
class InboundRow:
    """Goods on the way, with the names of the item."""

    line: Inbound
    sku: str
    title: str


def inbound_rows(conn: Connection, store_id: int, *, inbound_id: int | None = None) -> list[InboundRow]:
    """Goods that are still on the way, soonest first; or one line whatever has become of it."""
    still = and_(inbound.c.received < inbound.c.quantity, inbound.c.ended_at.is_(None))
    which = still if inbound_id is None else inbound.c.id == inbound_id
    rows = conn.execute(
        select(inbound, items.c.sku, items.c.title)
        .join(items, and_(items.c.store_id == inbound.c.store_id, items.c.item == inbound.c.item))
        .where(inbound.c.store_id == store_id, which)
        .order_by(inbound.c.expected_on, inbound.c.id)
    )
    return [
        InboundRow(
            Inbound(
                r.id,
                Pool(r.item, r.location),
                r.quantity,
                r.received,
                r.expected_on,
                r.source,
                first_expected_on=r.first_expected_on,
                announced=r.external is not None,
            ),
            r.sku,
            r.title,
        )
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """An arrival that was booked. A guessed one came from stock that rose, others were entered; all can be undone."""

    id: int
    sku: str
    title: str
    units: Units
    guessed: bool
    at: datetime
    undone_at: datetime | None
    expected_on: date
    source: str
    awaited: Units
    """Units of these goods that were entered as received and that the store does not count yet."""
    announced: bool
    """Whether the store told of these goods."""


def receipt_rows(conn: Connection, store_id: int, *, limit: int, receipt_id: int | None = None) -> list[ReceiptRow]:
    """The newest arrivals first; or one of them."""
    found = (
        select(
            receipts,
            inbound.c.expected_on,
            inbound.c.source,
            inbound.c.awaited,
            inbound.c.external,
            items.c.sku,
            items.c.title,
        )
        .join(inbound, inbound.c.id == receipts.c.inbound_id)
        .join(items, and_(items.c.store_id == inbound.c.store_id, items.c.item == inbound.c.item))
        .where(receipts.c.store_id == store_id)
        .order_by(receipts.c.id.desc())
        .limit(limit)
    )
    if receipt_id is not None:
        found = found.where(receipts.c.id == receipt_id)
    return [
        ReceiptRow(
            r.id,
            r.sku,
            r.title,
            r.units,
            r.guessed,
            r.at,
            r.undone_at,
            r.expected_on,
            r.source,
            r.awaited,
            r.external is not None,
        )
        for r in conn.execute(found)
    ]
