"""Money that goes back: what Shopify would pay back for units, and what a refund must say of an order that was paid in
another currency than the shop's own.
"""

from collections.abc import Iterable
from decimal import Decimal

from demo.stores.shopify.graph import Tree
from demo.stores.shopify.names import gid, named
from demo.stores.shopify.state import Order
from demo.stores.shopify.works import Refused


def suggested_refund(order: Order, lines: Iterable[Tree]) -> Tree:
    """What would be paid back for these lines."""
    prices = {line.id: line.price for line in order.lines}
    amount = sum((prices[named(line["lineItemId"])[1]] * line["quantity"] for line in lines), Decimal(0))
    amount = min(amount, order.refundable)
    money = _both(order, amount)
    one = {"gateway": "bogus", "amountSet": money, "parentTransaction": {"id": gid("OrderTransaction", order.id)}}
    return {
        "amountSet": money,
        "maximumRefundableSet": _both(order, order.refundable),
        "suggestedTransactions": [one] if amount else [],
    }


def money_back(order: Order, given: Tree) -> tuple[Decimal, str]:
    """What a refund gives back, in the shop's currency and as the customer gets it; none where nothing is paid back.

    Its amounts are in the currency in which the customer paid, which must be named where it is not the shop's.
    """
    paid_in = order.paid_in or order.currency
    named_as = given.get("currency")
    if named_as not in ((paid_in,) if paid_in != order.currency else (None, paid_in)):
        raise Refused("Currency must be the presentment currency of the order.", None, ("currency",))
    theirs = sum((Decimal(each["amount"]) for each in given.get("transactions") or ()), Decimal(0))
    back = (theirs / order.rate).quantize(Decimal("0.01"))
    if back > order.refundable:
        raise Refused("Refund amount is greater than the amount that can be refunded.", None, ("transactions",))
    return back, f"{theirs} {paid_in}" if theirs else ""


def _both(order: Order, amount: Decimal) -> Tree:
    """An amount in the shop's and in the customer's currency."""
    theirs = (amount * order.rate).quantize(Decimal("0.01"))
    return {"shopMoney": {"amount": str(amount)}, "presentmentMoney": {"amount": str(theirs)}}
