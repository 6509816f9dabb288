"""What leaves for stores, done wrongly. Each is put in the place of the right one for the length of a run."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from sqlalchemy import update

from backorder.db import erasing, item_rows, tables
from backorder.domain import item_side
from backorder.domain.errors import AccessLost, OutcomeUnknown, TemporaryFailure
from backorder.domain.item_side import Switch, Turn
from backorder.domain.store import Health, Mode
from connectors import get
from connectors.contract import Cancellation
from connectors.shopify import cancelling, read, tokens
from connectors.shopify.store import ShopifyStore
from connectors.woocommerce import cancelling as in_woo
from connectors.woocommerce.payloads import OrderBody, Refund
from connectors.woocommerce.store import WooStore

# Access

_refresh = tokens.refresh


def exchanged_and_not_kept(self: Any, store: Any, held: Any, _lease: Any) -> Any:
    return get(store.platform).installer.refresh(store.address, held, self.wire)


def refresh_or_lost(*what: Any) -> Any:
    try:
        return _refresh(*what)
    except TemporaryFailure as error:
        raise AccessLost(str(error)) from error


# Leaving

_tables_of_stores = erasing.tables_of_stores


def left_with_its_keys(conn: Any, store_id: int) -> None:
    table = tables.stores
    conn.execute(update(table).where(table.c.id == store_id).values(health=Health.GONE, mode=Mode.WATCH, renew_at=None))


def tables_but_one() -> Any:
    return [table for table in _tables_of_stores() if table is not tables.verdicts]


# Cancelling

shopify_cancel = ShopifyStore.cancel
woo_cancel = WooStore.cancel
_woo_refund = in_woo._refund


def key_for_each_try(order_id: int, units: Any, _key: str, **how: Any) -> Cancellation:
    return Cancellation(order_id, units, f"waitline-{secrets.token_hex(16)}", **how)


def with_money(order_id: int, units: Any, key: str, **how: Any) -> Cancellation:
    return Cancellation(order_id, units, key, **{**how, "refund": True})


def again_in_shopify(self: Any, wanted: Cancellation) -> None:
    """Nobody looks for what an earlier try did."""

    def forgetful(*what: Any) -> Any:
        return read.cancelling(*what).model_copy(update={"refunds": [], "cancellation": None})

    with patch.object(cancelling, "read", SimpleNamespace(order_nodes=read.order_nodes, cancelling=forgetful)):
        shopify_cancel(self, replace(wanted, begun=False))


def again_in_woocommerce(self: Any, wanted: Cancellation) -> None:
    body = self._shop.one(OrderBody, f"orders/{wanted.order_id}")
    if wanted.begun and body.date_paid_gmt is not None:
        self._shop.post(Refund, f"orders/{body.id}/refunds", _woo_refund(body, [], wanted))
    else:
        woo_cancel(self, wanted)


def refund_every_line(body: Any, refunds: Any, wanted: Cancellation) -> Any:
    return _woo_refund(body, refunds, replace(wanted, units={line.id: line.quantity for line in body.line_items}))


# Items

_plan = item_rows.plan
_turn = item_side.turn
shopify_items = ShopifyStore.write_items
woo_items = WooStore.write_items


def plan_once(conn: Any, store_id: int, wanted: Any, now: Any) -> None:
    known = item_rows.written(conn, store_id)
    _plan(conn, store_id, {item: side for item, side in wanted.items() if item not in known}, now)


def hopeful_of_items(write: Callable[..., Any]) -> Callable[..., Any]:
    def written(self: Any, changes: Any) -> Any:
        try:
            return write(self, changes)
        except (TemporaryFailure, OutcomeUnknown):
            return {}

    return written


def turned_for_good(known: Switch, wanted: bool | None, found: bool, *, begun: bool) -> Turn:
    return _turn(known, wanted, found, begun=begun) if wanted is not None else Turn(None, known, Switch())
