"""An order as programs and operators are told of it: once as JSON, once as text."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app.orders import OrderStory
from app.words import LINE_STATES, STATUS_LEFT
from backorder.db import explain_rows
from backorder.domain.explained import Explained, came_from
from backorder.domain.promise import Promise, slip_days
from backorder.domain.spoken import counted, spoken, spoken_day


def order_as_json(found: OrderStory) -> dict[str, Any]:
    """One order with a reason for every line, and all that was decided, said and written about it."""
    story = found.story
    items = {line.id: line.item for line in found.order.lines}
    return {
        "order": found.order.id,
        "number": found.order.number,
        "state": found.state.value,
        "placed_at": moment(found.order.placed_at),
        "priority": {
            "class": found.priority.name,
            "head_start_days": found.priority.head_start_days,
            "pinned": found.priority.pinned,
            "unknown": [fact.value for fact in found.priority.unknown],
        },
        "split": {
            "order": None if found.choices.split is None else found.choices.split.value,
            "customer": None if found.choices.split_of_customer is None else found.choices.split_of_customer.value,
        },
        "moves": [
            {
                "line": move.line_id,
                "item": move.pool.item,
                "from": move.pool.location,
                "to": move.to,
                "units": spoken(move.units),
            }
            for move in found.moves
        ],
        "lines": [_line(row, items[row.line.line_id]) for row in found.lines],
        "decisions": [_decision(row) for row in story.decisions],
        "status_left": found.status_left or None,
        "notices": [{"kind": x.kind.value, "state": x.state.value, "at": moment(x.at)} for x in story.notices],
        "writes": [{"kind": x.kind.value, "state": x.state.value, "at": moment(x.at)} for x in story.writes],
    }


def order_as_text(found: OrderStory) -> str:
    """The same for reading in a terminal: each line, what it has, why, and what would change it."""
    rows = [f"Order {found.order.number}, placed {_minute(found.order.placed_at)}: {LINE_STATES[found.state].lower()}."]
    rows += found.priority.sentences()
    rows += [STATUS_LEFT.format(status=found.status_left)] if found.status_left else []
    for row in found.lines:
        part = row.part
        rows.append("")
        rows.append(f"{row.line.title or row.line.sku or row.line.line_id}")
        if part is not None:
            rows.append(
                f"  {counted(part.outstanding)} owed: {spoken(part.allocated)} given, {spoken(part.waiting)} waiting."
            )
            if part.waiting > 0 and part.promised is not None:
                rows.append(f"  Expected to ship by {spoken_day(part.promised[1])}.")
        rows.append(f"  {row.reason.text}")
        rows.append(f"  {row.reason.change}")
        rows += [f"  Before it: {one.number} with {counted(one.units)}: {one.why}." for one in row.place.ahead]
        rows += [
            f"  Passed by: {one.number}, which came later: {counted(one.units)} on {_minute(one.at)}, {one.why}."
            for one in row.place.overtakers
        ]
        rows += [
            f"  Given {counted(made.given)} on {_minute(made.at)}: {came_from(made.came)}."
            for made in found.story.decisions
            if made.given > 0 and part is not None and (made.line_id, made.pool) == (row.line.line_id, part.pool)
        ]
        if part is not None:
            rows += [
                f"  {move.text}" for move in found.moves if (move.line_id, move.pool) == (row.line.line_id, part.pool)
            ]
        if row.place.delivery is not None:
            source, day = row.place.delivery.source, spoken_day(row.place.delivery.expected_on)
            rows.append(f"  Covered by the goods{f' from {source}' if source else ''} expected on {day}.")
    return "\n".join(rows)


def _line(row: Explained, item: int | None) -> dict[str, Any]:
    line, part = row.line, row.part
    pool = None if part is None else part.pool
    promised = None if part is None or part.waiting <= 0 else part.promised
    zero = Decimal(0)
    return {
        "line": line.line_id,
        "item": item if pool is None else pool.item,
        "sku": line.sku,
        "location": None if pool is None else pool.location,
        "ordered": spoken(line.ordered),
        "outstanding": spoken(zero if part is None else part.outstanding),
        "allocated": spoken(zero if part is None else part.allocated),
        "firm": spoken(zero if part is None else part.firm),
        "waiting": spoken(zero if part is None else part.waiting),
        "state": line.state.value,
        "promise": {
            "from": None if promised is None else promised[0].isoformat(),
            "to": None if promised is None else promised[1].isoformat(),
            "first": None if row.first_promise is None else row.first_promise.isoformat(),
            "slip_days": slip_days(row.first_promise, None if promised is None else Promise(*promised)),
        },
        "reason": {
            "code": row.reason.code.value,
            "units_ahead": spoken(row.reason.units_ahead),
            "text": row.reason.text,
            "customer": row.reason.customer,
            "change": row.reason.change,
        },
        "ahead": [
            {"order": one.order_id, "number": one.number, "units": spoken(one.units), "why": one.why}
            for one in row.place.ahead
        ],
        "overtaken_by": [
            {
                "order": one.order_id,
                "number": one.number,
                "units": spoken(one.units),
                "rule": one.rule.value,
                "class": one.priority,
                "why": one.why,
                "at": moment(one.at),
            }
            for one in row.place.overtakers
        ],
        "covered_by": None if row.place.delivery is None else row.place.delivery.id,
    }


def _decision(row: explain_rows.DecisionRow) -> dict[str, Any]:
    return {
        "line": row.line_id,
        "item": row.pool.item,
        "location": row.pool.location,
        "before": spoken(row.before),
        "allocated": spoken(row.allocated),
        "firm": spoken(row.firm),
        "rule": row.rule.value,
        "priority": row.priority,
        "overtook": row.overtook,
        "from_inbound": [came.inbound_id for came in row.came],
        "on_hand": None if row.on_hand is None else spoken(row.on_hand),
        "policy_version": row.policy_version,
        "at": moment(row.at),
    }


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def promise(promised: tuple[date, date] | None) -> dict[str, str | None]:
    early, late = promised or (None, None)
    return {
        "from": None if early is None else early.isoformat(),
        "to": None if late is None else late.isoformat(),
    }


def moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
