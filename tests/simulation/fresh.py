"""No units are let go on what was read of the stock long ago."""

from datetime import timedelta

from backorder.db.leases import LENGTH
from tests.simulation.box import Box, Violation
from tests.simulation.rules import instant

RELEASES = ('"release": true', '"release":true')
"""What the variables of a write to an order say where it lets units go."""
LEASE = "write:"
OLDEST = timedelta(seconds=61) + LENGTH
"""A reading is a minute old at most when a worker takes an order on, and his lease ends before he lets units go."""
READ = (
    "SELECT MIN(q.read_began) FROM parts p JOIN pools q USING (store_id, item, location) "
    "WHERE p.store_id = ? AND p.order_id = ? AND p.outstanding > 0"
)


def released_on_what_is(box: Box, data: bytes | str | None) -> None:
    """Before a call leaves: where it lets units go, their stock was read lately. Raises Violation."""
    said = data.decode("utf-8", "replace") if isinstance(data, bytes) else data or ""
    if not box.actors or not any(word in said for word in RELEASES):
        return
    for name in box.actors[-1].leases:
        if not name.startswith(LEASE):
            continue
        store_id, order_id = (int(part) for part in name.removeprefix(LEASE).split(":"))
        (began,) = box.sql.execute(READ, (store_id, order_id)).fetchone()
        # Whoever stands still between his look at the clock and the first byte of his call cannot know it.
        left = box.actors[-1].calls or box.now
        if began is not None and instant(began) < left - OLDEST:
            raise Violation(f"Order {order_id} is released at {left}, and its stock was read at {instant(began)}.")
