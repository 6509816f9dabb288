"""Which mails the shop sends by itself when an order's status changes. A plugin's own statuses send none."""

from collections.abc import Mapping

ASKS = frozenset({"pending", "failed", "on-hold", "cancelled"})
"""From these an order enters processing with "Your order has been received"."""
ENTERED: Mapping[str, tuple[frozenset[str] | None, str]] = {
    "processing": (ASKS, "received"),
    "on-hold": (ASKS - {"on-hold"}, "received"),
    "completed": (None, "complete"),
    "failed": (None, "unsuccessful"),
}
"""By the status that is entered: from which, or `None` from any; and the mail."""


def mail_of(was: str, becomes: str) -> str:
    """The mail to the customer; empty where none leaves."""
    sources, mail = ENTERED.get(becomes, (frozenset(), ""))
    return mail if was != becomes and (sources is None or was in sources) else ""
