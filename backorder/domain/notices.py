"""Which messages a change of an order makes due. Each is about a promise; none is sent twice for the same reason."""

from backorder.domain.lifecycle import OrderStanding, Stood
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy, NoticeKind
from backorder.domain.supply import ZERO


def notices_due(before: Stood | None, after: OrderStanding, policy: BackorderPolicy) -> list[NoticeKind]:
    """The notices that lead from where the order stood to where it stands, in the order in which they are sent.

    Only lines that ever waited are written about: about all others the store itself says what there is to say.
    """
    due = []
    waited = {line.line_id: line for line in before.lines} if before is not None else {}
    if after.status is OrderStatus.CANCELLED:
        if waited and before is not None and before.status is OrderStatus.OPEN:
            due.append(NoticeKind.CANCELLED)
        return _wanted(due, policy)
    known = [(line, waited[line.line_id]) for line in after.lines if line.line_id in waited]
    newly_short = any(
        line.short > 0 and line.accepted and (line.line_id not in waited or waited[line.line_id].short == 0)
        for line in after.lines
    )
    if newly_short:
        due.append(NoticeKind.BACKORDERED)
    elif any(now.free_to_ship > 0 and now.free_to_ship + now.shipped > was.released for now, was in known):
        due.append(NoticeKind.ALLOCATED)
    if any(now.shipped > was.shipped for now, was in known):
        due.append(NoticeKind.SHIPPED)
    return _wanted(due, policy)


def _wanted(kinds: list[NoticeKind], policy: BackorderPolicy) -> list[NoticeKind]:
    return [kind for kind in kinds if kind in policy.notices]


def still_true(kind: NoticeKind, order: OrderStanding) -> bool:
    """Whether a notice would still tell the truth about the order as it stands now."""
    match kind:
        case NoticeKind.BACKORDERED:
            return order.status is OrderStatus.OPEN and order.short > ZERO
        case NoticeKind.ALLOCATED:
            return order.status is OrderStatus.OPEN and order.free_to_ship > ZERO
        case NoticeKind.SHIPPED:
            return order.shipped > ZERO
        case NoticeKind.CANCELLED:
            return order.status is OrderStatus.CANCELLED
