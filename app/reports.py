"""How fair the queues were: who overtook whom and by which class, how long each class waits, who lets others pass; and
which items are not backordered at present.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from app.words import OVERTAKINGS, span
from backorder.db import fairness_rows, verdict_rows
from backorder.db.session import Connection
from backorder.domain.fairness import ClassWait, LetPass, Overtaking, Passings, bound, waits
from backorder.domain.spoken import counted, spoken
from backorder.domain.store import Store
from jobs.promise import today_of

blueprint = merchant_pages("reports", __name__)

DAYS = 90
LONGEST = 730
"""At most so many days are looked back."""
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Fairness:
    """The report. `promise` is the sentence that holds for everybody under the choices of today."""

    days: int
    today: date
    promise: str
    passings: list[Passings]
    waits: list[ClassWait]
    let_pass: list[tuple[LetPass, str]]
    """With what is left of each one's budget."""
    newest: list[Overtaking]


def fairness(conn: Connection, store: Store, now: datetime, days: int) -> Fairness:
    """The report over so many days, in five statements."""
    since, today = now - timedelta(days=days), today_of(store, now)
    passed = fairness_rows.let_pass(conn, store.id, limit=SHOWN)
    return Fairness(
        days=days,
        today=today,
        promise=bound(store.policy),
        passings=fairness_rows.passings(conn, store.id, since),
        waits=waits(
            fairness_rows.waiting_by_class(conn, store.id), fairness_rows.served_by_class(conn, store.id, since), now
        ),
        let_pass=[(order, order.left(store.policy, today)) for order in passed],
        newest=fairness_rows.overtakings(conn, store.id, since, limit=SHOWN),
    )


def fairness_as_json(found: Fairness) -> dict[str, Any]:
    """The report for programs; lengths of time are seconds."""
    return {
        "days": found.days,
        "promise": found.promise,
        "overtakings": [
            {
                "rule": row.rule.value,
                "class": row.priority,
                "times": row.times,
                "orders": row.orders,
                "passed": row.passed,
                "units": spoken(row.units),
                "most_later_seconds": _seconds(row.most_later),
            }
            for row in found.passings
        ],
        "waits": [
            {
                "class": row.priority,
                "waiting_lines": row.waiting,
                "longest_now_seconds": _seconds(row.longest_now),
                "longest_served_seconds": _seconds(row.longest_served),
            }
            for row in found.waits
        ],
        "let_pass": [
            {
                "order": row.order_id,
                "number": row.number,
                "times": row.times,
                "since": None if row.since is None else row.since.isoformat(),
                "left": left,
            }
            for row, left in found.let_pass
        ],
        "newest": [
            {
                "order": row.order_id,
                "number": row.number,
                "passed": row.passed,
                "passed_number": row.passed_number or None,
                "item": row.title,
                "rule": row.rule.value,
                "class": row.priority,
                "units": spoken(row.units),
                "later_seconds": _seconds(row.later),
                "at": row.at.isoformat().replace("+00:00", "Z"),
            }
            for row in found.newest
        ],
    }


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _times(count: int) -> str:
    return f"{count} time{_s(count)}"


def fairness_as_text(found: Fairness) -> str:
    """The report for a terminal."""
    rows = [found.promise, "", f"Overtakings of the last {found.days} days:"]
    rows += [
        f"  {OVERTAKINGS[row.rule]}{f' ({row.priority})' if row.priority else ''}: {_times(row.times)}, {row.orders} "
        f"order{_s(row.orders)} before {row.passed}, {counted(row.units)}, at most {span(row.most_later)} later."
        for row in found.passings
    ] or ["  none"]
    rows += ["", "Waits by class:"]
    rows += [
        f"  {row.priority or 'no class'}: {row.waiting} line{_s(row.waiting)} waiting, the longest for "
        f"{span(row.longest_now)}; the longest wait that was served took {span(row.longest_served)}."
        for row in found.waits
    ] or ["  nobody waits"]
    if found.let_pass:
        rows += ["", "Orders that let others pass:"]
        rows += [f"  {row.number}: passed {_times(row.times)}. {left}" for row, left in found.let_pass]
    return "\n".join(rows)


@blueprint.get("/reports")
def show() -> ResponseReturnValue:
    """The page."""
    here, store = world(), signed_in_store()
    days = min(max(1, request.args.get("days", DAYS, int)), LONGEST)
    with here.database.read() as conn:
        found = fairness(conn, store, here.clock(), days)
        closed = verdict_rows.closed(conn, store.id, limit=SHOWN)
    return render_template("reports.html", found=found, closed=closed, shown=SHOWN, by=OVERTAKINGS)
