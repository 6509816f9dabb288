"""Decides which waiting is taken on: asks the domain about lines that begin to wait, and anew about those refused."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from backorder.db import items, waiting_sums
from backorder.db.queue import QueuedPart
from backorder.db.session import Connection
from backorder.domain.acceptance import ACCEPTED, NOT_ACCEPTED, ItemTerms, Verdict
from backorder.domain.choices import ItemChoices
from backorder.domain.claims import Accepted, Claim, Line, customers, judge_in_turn
from backorder.domain.orders import Customer
from backorder.domain.policy import BackorderPolicy
from backorder.domain.promise import Outlook, Promise, supplier
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Inbound, Pool, Units


def verdicts(
    conn: Connection,
    store: Store,
    found: Mapping[Pool, list[tuple[QueuedPart, Promise | None]]],
    coming: Mapping[Pool, list[Inbound]],
    ahead: Outlook,
    now: datetime,
) -> dict[Line, Verdict]:
    """The answer for each line that begins to wait in this pass, for each to which units were added, and for each that
    was not accepted so far.
    """
    asking: dict[Line, list[tuple[QueuedPart, Promise | None]]] = {}
    of_items: dict[int, Units] = {}
    for pool, parts in found.items():
        for part, promise in parts:
            short = part.demand.outstanding - part.demand.allocated
            if short <= 0 or part.backordered_at is None:
                continue
            if _begins(part, now) or part.unaccepted > 0 or part.answer in NOT_ACCEPTED:
                asking.setdefault(_line(part), []).append((part, promise))
            else:
                of_items[pool.item] = of_items.get(pool.item, ZERO) + short
    if not asking:
        return {}
    claims = [_claim(parts, now) for parts in asking.values()]
    for claim in claims:
        of_items[claim.item] = of_items.get(claim.item, ZERO) + claim.waiting - claim.units
    begin = {line for line, parts in asking.items() if _begins(parts[0][0], now)}
    of_orders, known = _of_orders(conn, store.id, store.policy, {order for order, _ in asking}, begin)
    terms = terms_of_items(conn, store, coming, {pool.item for pool in found}, ahead)
    return judge_in_turn(claims, Accepted(of_items, of_orders, known), terms, store.policy, ahead.today)


def _claim(parts: list[tuple[QueuedPart, Promise | None]], now: datetime) -> Claim:
    """What a line asks for; its date is the one of its last part."""
    first, _ = parts[0]
    waiting = sum((part.demand.outstanding - part.demand.allocated for part, _ in parts), ZERO)
    dates = [promise for _, promise in parts if promise is not None]
    return Claim(
        first.demand.turn,
        first.demand.pool.item,
        waiting if _begins(first, now) else min(first.unaccepted, waiting),
        waiting,
        max(dates, key=_late) if len(dates) == len(parts) else None,
    )


def _late(promise: Promise) -> date:
    return promise.late


def _of_orders(
    conn: Connection, store_id: int, policy: BackorderPolicy, asked: set[int], begin: set[Line]
) -> tuple[dict[int, Units], dict[int, int]]:
    """Units that wait and were accepted before this pass, by order, and the customers of these orders; both only as far
    as a limit counts them.
    """
    if policy.most_units_customer is None and policy.most_units_order is None:
        return {}, {}
    lines = waiting_sums.waiting_lines(conn, store_id, asked if policy.most_units_customer is None else None)
    of_orders: dict[int, Units] = {}
    for line in lines:
        accepted = ZERO if (line.order_id, line.line_id) in begin else max(ZERO, line.short - line.unaccepted)
        of_orders[line.order_id] = of_orders.get(line.order_id, ZERO) + accepted
    return of_orders, customers({line.order_id: Customer(line.customer_id, email=line.email) for line in lines})


def changed(said: Mapping[Line, Verdict], parts: Iterable[QueuedPart]) -> dict[Line, Verdict]:
    """The answers that differ from what is kept. A line that is accepted from the start keeps no answer."""
    before = {_line(part): part for part in parts}
    return {
        line: verdict
        for line, verdict in said.items()
        if (before[line].answer, before[line].answer_why) != (verdict.answer, verdict.why)
        and not (verdict == ACCEPTED and before[line].answer is None and before[line].unaccepted == 0)
    }


def _line(part: QueuedPart) -> Line:
    return part.demand.turn.order_id, part.demand.turn.line_id


def _begins(part: QueuedPart, now: datetime) -> bool:
    """Whether its line begins to wait in this pass."""
    return part.answer is None and part.backordered_at == now and part.first_promise is None


def terms_of_items(
    conn: Connection, store: Store, coming: Mapping[Pool, list[Inbound]], ids: set[int], ahead: Outlook
) -> dict[int, ItemTerms]:
    """What acceptance depends on of each of these items."""
    chosen = items.choices(conn, store.id, ids)
    cancels: Mapping[int, tuple[Units, Units]] = {}
    if store.policy.most_cancel_percent is not None:
        cancels = waiting_sums.cancelled_of(conn, store.id, ids)
    labels: Mapping[int, tuple[str, tuple[str, ...]]] = {}
    if store.policy.accept_rules:
        labels = items.labels(conn, store.id, ids)
    records = {
        pool.item: record
        for pool, lines in sorted(coming.items())
        if lines and (record := ahead.records.get(supplier(lines[0].source))) is not None
    }
    found = {}
    for item in ids:
        choices = chosen.get(item, ItemChoices())
        cancelled, ordered = cancels.get(item, (ZERO, ZERO))
        vendor, tags = labels.get(item, ("", ()))
        found[item] = ItemTerms(
            accepts=choices.accepts,
            discontinued=choices.discontinued,
            released_on=choices.released_on,
            supplier=records.get(item),
            cancelled=cancelled,
            ordered=ordered,
            most_units=choices.most_units,
            vendor=vendor,
            tags=tags,
        )
    return found
