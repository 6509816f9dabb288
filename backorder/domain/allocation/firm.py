"""Units that become firm beside a pass: the store lets them ship, or a person gave them."""

from collections.abc import Callable

from backorder.domain.allocation.decisions import Decision, Rule
from backorder.domain.allocation.demand import Demand, Turn
from backorder.domain.lifecycle import LineStanding, OrderStanding, PartStanding
from backorder.domain.orders import Order
from backorder.domain.supply import Pool, Units


def made_firm(
    order: Order, stands: OrderStanding, firm: Callable[[LineStanding, PartStanding, Pool], Units], rule: Rule
) -> list[Decision]:
    """Decisions beside a pass: in each part as many units as `firm` says are firm from now on, and so are given."""
    made = []
    for line in stands.lines:
        for part in line.parts:
            if part.pool is None:
                continue
            units = min(firm(line, part, part.pool), part.outstanding)
            if units > part.firm:
                turn = Turn(order.placed_at, order.id, line.line_id)
                demand = Demand(turn, part.pool, part.outstanding, part.allocated, part.firm)
                made.append(Decision(demand, max(part.allocated, units), units, rule))
    return made
