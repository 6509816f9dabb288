"""Cancels units of an order with their refund: the whole order, or lines of it. Looks first, in the same operation.

A refund carries its key as `@idempotent` and in its note, a cancelled order in its staff note: so what an earlier try
did is found again and never done twice.
"""

from decimal import Decimal
from typing import Any

from backorder.domain.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure
from connectors.contract import Cancellation
from connectors.shopify import read
from connectors.shopify.client import Admin
from connectors.shopify.nodes import CancelNode, OrderNode
from connectors.shopify.payloads import gid
from connectors.shopify.translate import is_open


def cancel(admin: Admin, wanted: Cancellation) -> None:
    """Return when it is done. Raises PermanentFailure where the order is no longer as it was."""
    node = read.order_nodes(admin, [wanted.order_id]).get(wanted.order_id)
    if node is None:
        raise PermanentFailure("The order is no longer in the shop.")
    lines = [] if node.cancelled_at else _lines(node, wanted)
    check = read.cancelling(admin, wanted.order_id, lines)
    if any(wanted.key in refund.note for refund in check.refunds):
        return
    if node.cancelled_at is not None:
        if check.cancellation is not None and wanted.key in check.cancellation.staff_note:
            return
        raise PermanentFailure("The order was cancelled meanwhile; nothing was refunded a second time.")
    if sum(int(units) for units in wanted.units.values()) != sum(line["quantity"] for line in lines):
        raise PermanentFailure("Some of it was shipped or cancelled meanwhile: nothing was cancelled or refunded.")
    if _whole(node, wanted):
        if wanted.begun:
            # Unlike a refund it has no key by which Shopify would know a repeat, and it runs in the background.
            raise OutcomeUnknown("Shopify has not cancelled the order so far.")
        _cancel_order(admin, wanted)
    else:
        _refund(admin, wanted, check, lines)


def _lines(node: OrderNode, wanted: Cancellation) -> list[dict[str, Any]]:
    """Unshipped units of the lines, where they lie."""
    left = {line: int(units) for line, units in wanted.units.items()}
    shipped = {units.line_item.id for each in node.fulfillments for units in each.fulfillment_line_items.nodes}
    if not wanted.restock and shipped & set(left):
        # Shopify takes shipped units first where nothing goes back to the stock.
        raise PermanentFailure(
            "Parts of these lines were shipped: their rest can only be cancelled back into the stock."
        )
    found = []
    for work in node.fulfillment_orders.nodes:
        place = work.assigned_location.location
        for line in work.line_items.nodes if is_open(work) else ():
            units = min(left.get(line.line_item.id, 0), line.remaining_quantity)
            if units:
                left[line.line_item.id] -= units
                entry: dict[str, Any] = {"lineItemId": gid("LineItem", line.line_item.id), "quantity": units}
                entry["restockType"] = "CANCEL" if wanted.restock else "NO_RESTOCK"
                if wanted.restock and place is not None:
                    entry["locationId"] = gid("Location", place.id)
                found.append(entry)
    return found


def _whole(node: OrderNode, wanted: Cancellation) -> bool:
    """Whether nothing of the order is left beside what is cancelled, and nothing of it was ever shipped."""
    return not node.fulfillments and all(
        line.current_quantity == int(wanted.units.get(line.id, 0)) for line in node.line_items.nodes
    )


def _cancel_order(admin: Admin, wanted: Cancellation) -> None:
    """Shopify cancels in the background: it is done when the order says so."""
    variables = {
        "id": gid("Order", wanted.order_id),
        "restock": wanted.restock,
        "refund": {"originalPaymentMethodsRefund": wanted.refund},
        "note": f"Accepted cancellation ({wanted.key})",
    }
    admin.tell("cancel_order", "CancelOrder", variables)
    try:
        after = read.order_nodes(admin, [wanted.order_id]).get(wanted.order_id)
    except TemporaryFailure as failure:
        raise OutcomeUnknown("Shopify is cancelling the order.") from failure
    if after is not None and after.cancelled_at is None:
        raise OutcomeUnknown("Shopify is cancelling the order.")


def _refund(admin: Admin, wanted: Cancellation, check: CancelNode, lines: list[dict[str, Any]]) -> None:
    """Take the units out of the order, with their money where it was asked for."""
    order = gid("Order", wanted.order_id)
    given: dict[str, Any] = {
        "orderId": order,
        # Shopify wants it named wherever it is not the shop's own.
        "currency": check.presentment_currency_code,
        "note": f"Accepted cancellation ({wanted.key})",
        "notify": False,
        "refundLineItems": lines,
    }
    if wanted.refund:
        given["transactions"] = [{"orderId": order, **each} for each in _money_back(check)]
    admin.tell("refund_lines", "RefundLines", {"input": given, "key": wanted.key})


def _money_back(check: CancelNode) -> list[dict[str, Any]]:
    """What goes back by which way of payment: as Shopify itself reckons it, never more than was taken, in the currency
    in which the customer paid.

    Raises PermanentFailure where Shopify does not tell, or has no way back for a part of it: units would be taken out
    of the order, and their money would stay.
    """
    suggested = check.suggested_refund
    if suggested is None:
        raise PermanentFailure("Shopify does not tell what would be refunded: nothing was changed.")
    amount, most = (
        suggested.amount_set.presentment_money.amount,
        suggested.maximum_refundable_set.presentment_money.amount,
    )
    back = sum((each.amount_set.presentment_money.amount for each in suggested.suggested_transactions), Decimal(0))
    if max(amount, back) > most:
        raise PermanentFailure("More would be refunded than was paid and not refunded yet: nothing was changed.")
    if back < amount:
        raise PermanentFailure("Shopify has no way to pay back all of the money by itself: nothing was changed.")
    return [
        {
            "kind": "REFUND",
            "gateway": each.gateway,
            "amount": str(each.amount_set.presentment_money.amount),
            "parentId": each.parent_transaction.id if each.parent_transaction else None,
        }
        for each in suggested.suggested_transactions
    ]
