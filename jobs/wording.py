"""Words of ours that a store shows to its staff."""

from datetime import date

from backorder.domain.actions import Shown
from backorder.domain.spoken import counted


def day(day: date) -> str:
    """A day as people write it: 12 January 2027."""
    return f"{day.day} {day:%B %Y}"


def note(shown: Shown) -> str:
    """The private note about an order's state."""
    if shown.state == "waiting":
        when = f"expected to ship by {day(shown.late)}" if shown.late else "the date is not known yet"
        verb = "waits" if shown.waiting == 1 else "wait"
        return f"Backorder: {counted(shown.waiting)} of this order {verb} for stock; {when}."
    if shown.state == "ready":
        return "Backorder: everything that waited is there. The order can be shipped."
    return "Backorder: the stock is reserved for this order."
