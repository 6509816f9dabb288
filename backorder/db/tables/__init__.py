"""The tables. Every key starts with the store, so a store can move to another database whole.

Units and money are integers of ten-thousandths, instants are microseconds since 1970 in UTC: exact, sortable and
the same on SQLite and PostgreSQL.
"""

from backorder.db.tables.base import metadata
from backorder.db.tables.cancellations import cancellations
from backorder.db.tables.consents import consents
from backorder.db.tables.goods import inbound, items, pools, receipts, verdicts
from backorder.db.tables.item_writes import item_writes
from backorder.db.tables.moves import moves
from backorder.db.tables.orders import NOWHERE, order_lines, orders, parts
from backorder.db.tables.parcels import parcels
from backorder.db.tables.privacy import erased_orders, news, privacy_tasks
from backorder.db.tables.pulls import pulls
from backorder.db.tables.stores import deliveries, leases, signins, stores
from backorder.db.tables.traces import traces
from backorder.db.tables.whole_readings import whole_readings
from backorder.db.tables.work import actions, decisions, notices

__all__ = [
    "NOWHERE",
    "actions",
    "cancellations",
    "consents",
    "decisions",
    "deliveries",
    "erased_orders",
    "inbound",
    "item_writes",
    "items",
    "leases",
    "metadata",
    "moves",
    "news",
    "notices",
    "order_lines",
    "orders",
    "parcels",
    "parts",
    "pools",
    "privacy_tasks",
    "pulls",
    "receipts",
    "signins",
    "stores",
    "traces",
    "verdicts",
    "whole_readings",
]
