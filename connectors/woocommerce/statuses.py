"""The status that the merchant chose for waiting orders: when it is set, when it is taken back, when it is not ours.
Pure.

What we set stands in our record at the order, written in the same PUT. So a repeat finds it done, and an order whose
status is another by now was moved by somebody: it is left as it is until nothing of it waits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backorder.domain.orders import OrderStatus
from connectors.woocommerce import translate
from connectors.woocommerce.payloads import OrderBody, OrderStatusWord

FROM = "processing"
"""Only a paid order that the shop means to ship is moved, and this is where it comes back to."""
OF_THE_SHOP = frozenset(
    {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash", "auto-draft"}
) | {translate.DRAFT}
"""WooCommerce's own statuses mean something to it, and send mails."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What we set, as our record at the order says it."""

    status: str
    before: str = FROM

    def stands(self, body: OrderBody) -> bool:
        """Whether the order still has the status that we set."""
        return body.status == self.status

    def out(self) -> Mapping[str, str]:
        """The mark as it stands in the record."""
        return {"set": self.status, "from": self.before}


def mark_in(record: Any) -> Mark | None:
    """The mark in a record; `None` where there is none that we could have made."""
    kept = record.get("status") if isinstance(record, dict) else None
    match kept:
        case {"set": str(word), "from": str(before)} if word and before == FROM:
            return Mark(word, before)
    return None


def change(body: OrderBody, mark: Mark | None, wanted: str) -> tuple[Mark | None, str]:
    """The mark that is to stand, and the status that the order is to be given (empty: it keeps the one that it has)."""
    paid = body.date_paid_gmt is not None
    if mark is None:
        begins = bool(wanted) and paid and body.status == FROM
        return (Mark(wanted), wanted) if begins else (None, "")
    if not paid or not mark.stands(body):
        # Somebody moved it. Until nothing waits any more the mark says that it was ours once.
        return (mark, "") if wanted else (None, "")
    if not wanted:
        return None, mark.before
    return (mark, "") if mark.status == wanted else (Mark(wanted, mark.before), wanted)


def offered(words: Sequence[OrderStatusWord]) -> tuple[tuple[str, str], ...]:
    """Registered statuses that a waiting order may be given: those that plugins brought and that leave it open."""
    return tuple(
        (word.slug, word.name or word.slug)
        for word in words
        if word.slug not in OF_THE_SHOP and translate.status(word.slug) is OrderStatus.OPEN
    )
