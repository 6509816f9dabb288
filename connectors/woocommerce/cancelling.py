"""Cancels units of an order: by a refund where it is paid, by the order's status where it is not and all of it goes.

What is done carries its key (the refund in its reason, the order in a private meta), so that it is found again. A shop
knows no idempotence: of a try that may have arrived, only what it left behind is looked for, and it is never repeated.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from backorder.domain.errors import OutcomeUnknown, PermanentFailure
from backorder.domain.orders import OrderStatus
from connectors.contract import Cancellation
from connectors.woocommerce import translate
from connectors.woocommerce.answers import NoSuchObject
from connectors.woocommerce.client import Shop
from connectors.woocommerce.payloads import Line, OrderBody, Refund
from connectors.woocommerce.reading import Reader

CANCELLED_KEY = "_backorder_cancelled"
CENT = Decimal("0.01")


def cancel(shop: Shop, reader: Reader, wanted: Cancellation) -> None:
    """Return when it is done. Raises PermanentFailure where the order is no longer as it was."""
    try:
        body = shop.one(OrderBody, f"orders/{wanted.order_id}")
    except NoSuchObject:
        raise PermanentFailure("The order is no longer in the shop.") from None
    refunds = list(shop.all(Refund, f"orders/{body.id}/refunds")) if body.refunds else []
    mark = body.meta(CANCELLED_KEY)
    if any(wanted.key in refund.reason for refund in refunds) or (mark is not None and mark.value == wanted.key):
        return
    if translate.status(body.status) is not OrderStatus.OPEN:
        raise PermanentFailure("The order was cancelled meanwhile; nothing was refunded a second time.")
    if wanted.begun:
        raise OutcomeUnknown("The shop has not cancelled it so far.")
    whole = _check_units(reader, wanted)
    if body.date_paid_gmt is None:
        _cancel_unpaid(shop, wanted, whole=whole)
    else:
        shop.post(Refund, f"orders/{body.id}/refunds", _refund(body, refunds, wanted))


def _check_units(reader: Reader, wanted: Cancellation) -> bool:
    """Whether it is all that was ever ordered. Raises PermanentFailure where any of the units is not owed any more."""
    found = reader.orders([wanted.order_id]).found
    lines = found[0].reading.order.lines if found else ()
    owed = {line.id: line.outstanding for line in lines}
    if any(owed.get(line, Decimal(0)) < units for line, units in wanted.units.items()):
        raise PermanentFailure("Some of it was shipped or cancelled meanwhile: nothing was cancelled or refunded.")
    return all(line.ordered == wanted.units.get(line.id, Decimal(0)) for line in lines)


def _cancel_unpaid(shop: Shop, wanted: Cancellation, *, whole: bool) -> None:
    """There is no money to give back, and the shop reckons no line anew: so only the order as a whole."""
    if not whole:
        raise PermanentFailure(
            "The order is not paid, so there is nothing to refund: take these lines out of it in your store, where its "
            "sum is reckoned anew."
        )
    if not wanted.restock:
        raise PermanentFailure("The store gives the units of a cancelled order back to the stock: accept it with that.")
    # By itself and never in a batch, which would take a word that the shop does not know for "pending".
    change = {"status": "cancelled", "meta_data": [{"key": CANCELLED_KEY, "value": wanted.key}]}
    shop.put(OrderBody, f"orders/{wanted.order_id}", change)


def _refund(body: OrderBody, refunds: Iterable[Refund], wanted: Cancellation) -> dict[str, Any]:
    """The refund of these units: with their part of the lines' money, or of the units alone."""
    given = list(refunds)
    lines: list[dict[str, Any]] = []
    amount = Decimal(0)
    for line in body.line_items:
        units = wanted.units.get(line.id)
        if units is None:
            continue
        entry: dict[str, Any] = {"id": line.id, "quantity": int(units) if units == int(units) else float(units)}
        money, taxes = _share(line, units, given) if wanted.refund else (Decimal(0), {})
        entry["refund_total"] = f"{money:.2f}"
        if taxes:
            entry["refund_tax"] = [{"id": rate, "refund_total": f"{tax:.2f}"} for rate, tax in taxes.items()]
        amount += money + sum(taxes.values(), Decimal(0))
        lines.append(entry)
    return {
        "amount": f"{amount:.2f}",
        "reason": f"Accepted cancellation ({wanted.key})",
        "api_refund": wanted.refund,
        "api_restock": wanted.restock,
        "line_items": lines,
    }


def _share(line: Line, units: Decimal, refunds: list[Refund]) -> tuple[Decimal, dict[int, Decimal]]:
    """Money and taxes of these units, never more than is left of the line's."""
    before = [
        entry for refund in refunds for entry in refund.line_items if _is_of(entry.meta("_refunded_item_id"), line)
    ]
    part = min(Decimal(1), units / line.quantity) if line.quantity else Decimal(0)
    money = _left(line.total, part, [entry.total for entry in before])
    taxes = {}
    for tax in line.taxes:
        earlier = [one.total for entry in before for one in entry.taxes if one.id == tax.id]
        taxes[tax.id] = _left(tax.total, part, earlier)
    return money, {rate: tax for rate, tax in taxes.items() if tax}


def _left(total: Decimal, part: Decimal, given: Iterable[Decimal]) -> Decimal:
    share = (total * part).quantize(CENT, ROUND_HALF_UP)
    return max(Decimal(0), min(share, total - sum(map(abs, given), Decimal(0))))


def _is_of(meta: Any, line: Line) -> bool:
    return meta is not None and str(meta.value) == str(line.id)
