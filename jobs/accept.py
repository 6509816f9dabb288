"""Decides which waiting is taken on: asks the domain about lines that begin to wait, and anew about those refused."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from backorder.db import items, waiting_sums
from backorder.db.queue import QueuedPart
from backorder.db.session import Connection
from backorder.domain.acceptance import ACCEPTED, Answer, Asked, ItemTerms, Verdict, judge
from backorder.domain.choices import ItemChoices
from backorder.domain.promise import Outlook, Promise, supplier
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Inbound, Pool, Units

Line = tuple[int, int]
"""Order and line."""


def verdicts(
    conn: Connection,
    store: Store,
    found: Mapping[Pool, list[tuple[QueuedPart, Promise | None]]],
    coming: Mapping[Pool, list[Inbound]],
    ahead: Outlook,
    now: datetime,
) -> dict[Line, Verdict]:
    """The answer for each line that begins to wait in this pass, and for each that was not accepted so far."""
    policy = store.policy
    to_ask = {_line(part) for parts in found.values() for part, _ in parts if _is_asked(part, now)}
    if not to_ask:
        return {}
    terms = terms_of_items(conn, store, coming, {pool.item for pool in found}, ahead)
    of_orders: Mapping[int, tuple[Units, Units | None]] = {}
    if policy.most_units_customer is not None or policy.most_units_order is not None:
        of_orders = waiting_sums.waiting_beside(conn, store.id, {order for order, _ in to_ask})
    said: dict[Line, Verdict] = {}
    waiting: dict[int, Units] = {}
    for pool, parts in found.items():
        for part, promise in parts:
            short = part.demand.outstanding - part.demand.allocated
            if short <= 0:
                continue
            accepted = True
            if _line(part) in to_ask:
                of_order, of_customer = of_orders.get(part.demand.turn.order_id, (short, short))
                asked = Asked(
                    units=short,
                    of_item=waiting.get(pool.item, ZERO),
                    of_order=max(ZERO, of_order - short),
                    of_customer=None if of_customer is None else max(ZERO, of_customer - short),
                    promise=promise,
                )
                verdict = judge(asked, terms[pool.item], policy, ahead.today)
                accepted = verdict.answer is Answer.ACCEPT
                if not accepted or _line(part) not in said:
                    said[_line(part)] = verdict
            if accepted:
                waiting[pool.item] = waiting.get(pool.item, ZERO) + short
    return said


def changed(said: Mapping[Line, Verdict], parts: Iterable[QueuedPart]) -> dict[Line, Verdict]:
    """The answers that differ from what is kept. A line that is accepted from the start keeps no answer."""
    before = {_line(part): (part.answer, part.answer_why) for part in parts}
    return {
        line: verdict
        for line, verdict in said.items()
        if before[line] != (verdict.answer, verdict.why) and not (verdict == ACCEPTED and before[line][0] is None)
    }


def _line(part: QueuedPart) -> Line:
    return part.demand.turn.order_id, part.demand.turn.line_id


def _is_asked(part: QueuedPart, now: datetime) -> bool:
    """Whoever was accepted once stays so."""
    if part.answer is None:
        return part.backordered_at == now and part.first_promise is None
    return part.answer is not Answer.ACCEPT


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
