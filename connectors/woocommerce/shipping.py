"""Records parcels as fulfilments, where the shop has that feature on. Each carries its key in a meta of its own.

A shop knows no idempotence, and checks next to nothing of what it is told to have been shipped: so the order, its
refunds and its parcels are read right before, and an earlier try is found by the key.
"""

from decimal import Decimal
from typing import Any

from backorder.domain.errors import OutcomeUnknown, PermanentFailure
from backorder.domain.orders import OrderStatus
from backorder.domain.parcels import GONE_MEANWHILE, Parcel, Teller
from connectors.contract import Dispatch
from connectors.woocommerce import translate
from connectors.woocommerce.answers import NoSuchObject, NoSuchRoute
from connectors.woocommerce.client import Shop
from connectors.woocommerce.payloads import Fulfilment, OrderBody, Refund

MARK = "_bo_allocation"
FEATURE_OFF = (
    "Your shop's feature for parcels (order fulfillments, WooCommerce 10.1 and later) is switched off, so nothing was "
    "recorded. Switch it on there, or record the parcel with your shop's own shipping plugin."
)
ALREADY = "Your store has a parcel with this tracking number and these units already: nothing was recorded."


def ship(shop: Shop, wanted: Dispatch) -> None:
    """Return when the parcel is recorded."""
    body = planned(shop, wanted)
    if body is not None:
        notify = "true" if wanted.parcel.teller is Teller.STORE else "false"
        try:
            shop.post(Fulfilment, route(wanted), body, {"notify_customer": notify})
        except NoSuchRoute:
            raise PermanentFailure(FEATURE_OFF) from None


def route(wanted: Dispatch) -> str:
    """Where an order's parcels are."""
    return f"orders/{wanted.order_id}/fulfillments"


def planned(shop: Shop, wanted: Dispatch) -> dict[str, Any] | None:
    """What is to be posted; `None` where the shop has it."""
    try:
        order = shop.one(OrderBody, f"orders/{wanted.order_id}")
    except NoSuchObject:
        raise PermanentFailure("The order is no longer in the shop.") from None
    try:
        parcels = shop.whole(Fulfilment, route(wanted))
    except NoSuchRoute:
        if wanted.begun:
            raise OutcomeUnknown("Your shop's feature for parcels was switched off: nobody can look there.") from None
        raise PermanentFailure(FEATURE_OFF) from None
    if any(_value(parcel, MARK) == wanted.key for parcel in parcels):
        return None
    units = wanted.parcel.by_line
    if any(_value(each, "_tracking_number") == wanted.parcel.number and _units(each) == units for each in parcels):
        raise PermanentFailure(ALREADY)
    refunds = list(shop.all(Refund, f"orders/{order.id}/refunds")) if order.refunds else []
    apart = translate.beside(refunds, parcels)
    owed = {line.id: translate.owed(line, apart) for line in order.line_items}
    status = translate.status(order.status)
    if status is not OrderStatus.OPEN or any(owed.get(line, Decimal(0)) < count for line, count in units.items()):
        raise PermanentFailure(GONE_MEANWHILE)
    return _body(wanted.parcel, wanted.key)


def _body(parcel: Parcel, key: str) -> dict[str, Any]:
    """An entry without an id would be dropped in silence. Anybody may read the parcels of a guest's order, so nothing
    is in them that the parcel's own label does not tell.
    """
    items = [
        {"item_id": line, "qty": int(count) if count == int(count) else float(count)}
        for line, count in sorted(parcel.by_line.items())
    ]
    told = {
        "_items": items,
        "_tracking_number": parcel.number,
        "_tracking_url": parcel.url,
        "_shipment_provider": "-".join(parcel.company.lower().split()),
        MARK: key,
    }
    metas = [{"id": 0, "key": name, "value": value} for name, value in told.items() if value]
    return {"status": "fulfilled", "is_fulfilled": True, "meta_data": metas}


def _value(parcel: Fulfilment, key: str) -> str:
    found = parcel.meta(key)
    return str(found.value) if found is not None else ""


def _units(parcel: Fulfilment) -> dict[int, Decimal]:
    return dict(translate.beside([], [parcel]).fulfilled)
