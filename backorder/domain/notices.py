"""Which messages a change of an order makes due. Each is about a promise; none is sent twice for the same reason."""

from dataclasses import replace

from backorder.domain.lifecycle import LineStanding, OrderStanding, Stood, Told
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
    if any(now.shipped_to_tell > was.shipped for now, was in known):
        due.append(NoticeKind.SHIPPED)
    # Every other message names the dates too.
    if not due and any(_has_new_date(now, was.told, policy) for now, was in known):
        due.append(NoticeKind.NEW_DATE)
    return _wanted(due, policy)


def _has_new_date(line: LineStanding, was: Told | None, policy: BackorderPolicy) -> bool:
    """Whether what a customer was told of a line is not what is promised now, by enough to write again. A sooner date
    is no reason to write: the status page shows it.
    """
    if was is None or line.short == 0 or not line.accepted:
        return False
    now = None if line.promised is None else line.promised[1]
    if was.late is None or now is None:
        return was.late != now
    return (now - was.late).days >= policy.least_told_days


def told(stood: Stood, order: OrderStanding) -> Stood:
    """Where the order stood once a message has named the dates of all that waits: all but a cancelled order's."""
    now = {line.line_id: line.promised for line in order.lines if line.short > 0 and line.accepted}
    lines = []
    for line in stood.lines:
        if line.line_id in now:
            promised = now[line.line_id]
            line = replace(line, told=Told(None if promised is None else promised[1]))
        lines.append(line)
    return replace(stood, lines=tuple(lines))


def _wanted(kinds: list[NoticeKind], policy: BackorderPolicy) -> list[NoticeKind]:
    return [kind for kind in kinds if kind in policy.notices]


def still_true(kind: NoticeKind, order: OrderStanding, stood: Stood | None, policy: BackorderPolicy) -> bool:
    """Whether a notice would still tell the truth about the order as it stands now. A new date has to be new beside
    what was told last: `stood` has it.
    """
    match kind:
        case NoticeKind.BACKORDERED:
            return order.status is OrderStatus.OPEN and order.short > ZERO
        case NoticeKind.NEW_DATE:
            was = {line.line_id: line.told for line in stood.lines} if stood is not None else {}
            return order.status is OrderStatus.OPEN and any(
                _has_new_date(line, was.get(line.line_id), policy) for line in order.lines
            )
        case NoticeKind.ALLOCATED:
            return order.status is OrderStatus.OPEN and order.free_to_ship > ZERO
        case NoticeKind.SHIPPED:
            return order.shipped > ZERO
        case NoticeKind.CANCELLED:
            return order.status is OrderStatus.CANCELLED
