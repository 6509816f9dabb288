"""What we write on an order, and how it is found there again. Pure.

One private record at the order for the shop's staff, and at each waiting line the day that the customer reads.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from json import dumps
from typing import Any

from backorder.domain.actions import LineDate, Shown, StoreSide
from backorder.domain.policy import LINE_LABEL
from connectors.woocommerce import statuses
from connectors.woocommerce.payloads import Line, Meta, OrderBody, WithMeta

RECORD_KEY = "_backorder_manager"
"""The order's meta of ours. The underscore keeps it out of the shop's pages and mails."""
NO_DATE = "not known yet"
RECORD_VERSION = 1
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def found(body: OrderBody) -> StoreSide:
    """What the order has of ours. A line's day is called as our record of the order says, and a status is ours where
    that says so and it still stands.
    """
    label = _label(body)
    dates = []
    for line in sorted(body.line_items, key=lambda line: line.id):
        meta = _day_at(line, label)
        if meta is not None:
            dates.append(LineDate(line.id, _date_of(meta.value), label))
    mark = _mark(body)
    return StoreSide(
        shown=_shown(body.meta(RECORD_KEY)),
        line_dates=tuple(dates),
        status=mark.status if mark is not None and mark.stands(body) else "",
    )


def _mark(body: OrderBody) -> statuses.Mark | None:
    record = body.meta(RECORD_KEY)
    return statuses.mark_in(record.value) if record is not None else None


def _label(body: OrderBody) -> str:
    """The key of the lines' metas of ours: without an underscore, so the shop shows it to the customer."""
    record = body.meta(RECORD_KEY)
    told = record.value.get("label") if record is not None and isinstance(record.value, dict) else None
    return told if isinstance(told, str) and told else LINE_LABEL


def _day_at(line: Line, label: str) -> Meta | None:
    """The entry of that name, where what it says is a day of ours: others may use the same name."""
    meta = line.meta(label)
    return meta if meta is not None and (meta.value == NO_DATE or _date_of(meta.value) is not None) else None


def _shown(meta: Meta | None) -> Shown | None:
    """Our record, or `None` where it is not there or is not in our form (then it is written anew)."""
    if meta is None or not isinstance(meta.value, dict) or meta.value.get("version") != RECORD_VERSION:
        return None
    value = meta.value
    if value.get("hash") != _hash(value):
        # Somebody edited it, or only a part of it arrived.
        return None
    waiting = str(value.get("waiting", ""))
    if not waiting.replace(".", "", 1).isdecimal():
        return None
    return Shown(
        state=str(value.get("state", "")),
        waiting=Decimal(waiting),
        early=_iso_date(value.get("from")),
        late=_iso_date(value.get("to")),
    )


def difference(body: OrderBody, desired: StoreSide, key: str, *, keep_status: bool = False) -> dict[str, Any]:
    """The one PUT that leads from what the order has of ours to `desired`; empty where nothing differs. With
    `keep_status` the order keeps the status that it has.

    Lines that the order no longer has are left out: the shop refuses a write that names one.
    """
    has = found(body)
    changes: dict[str, Any] = {}
    was = _label(body)
    label = desired.line_dates[0].label if desired.line_dates else was
    marked = _mark(body)
    mark, status = (marked, "") if keep_status else statuses.change(body, marked, desired.status)
    if has.shown != desired.shown or (desired.shown is not None and (label != was or mark != marked)):
        record = _record(desired.shown, label, mark, key) if desired.shown else None
        meta = _meta_change(body, RECORD_KEY, record)
        if meta:
            changes["meta_data"] = [meta]
    if status:
        changes["status"] = status
    wanted = {day.line_id: day for day in desired.line_dates}
    lines = []
    for line in body.line_items:
        metas = _day_changes(line, wanted.get(line.id), {was, label})
        if metas:
            lines.append({"id": line.id, "meta_data": metas})
    if lines:
        changes["line_items"] = lines
    return changes


def _day_changes(line: Line, wanted: LineDate | None, labels: set[str]) -> list[dict[str, Any]]:
    """Entries that make the line say its day once, under the name of today."""
    changes: list[dict[str, Any]] = []
    for label in sorted(labels):
        there = _day_at(line, label)
        if wanted is None or label != wanted.label:
            if there is not None:
                changes.append({"id": there.id, "key": label, "value": None})
        elif there is None and line.meta(label) is None:
            changes.append({"key": label, "value": date_text(wanted.late)})
        elif there is not None and there.value != date_text(wanted.late):
            changes.append({"id": there.id, "key": label, "value": date_text(wanted.late)})
    return changes


def _meta_change(holder: WithMeta, key: str, value: Any) -> dict[str, Any] | None:
    """A meta entry is updated by its key and removed by its id with the value null."""
    if value is not None:
        return {"key": key, "value": value}
    there = holder.meta(key)
    return {"id": there.id, "key": key, "value": None} if there is not None else None


def _record(shown: Shown, label: str, mark: statuses.Mark | None, key: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "version": RECORD_VERSION,
        "state": shown.state,
        "waiting": f"{shown.waiting.normalize():f}",
        "from": shown.early.isoformat() if shown.early else None,
        "to": shown.late.isoformat() if shown.late else None,
        "label": label,
    }
    if mark is not None:
        record["status"] = mark.out()
    return {**record, "hash": _hash(record), "key": key}


def _hash(record: Mapping[str, Any]) -> str:
    """A short mark of what the record says, so that one that was changed by others is not taken for ours."""
    said = [record.get(name) for name in ("version", "state", "waiting", "from", "to", "label")]
    if (mark := statuses.mark_in(record)) is not None:
        said.append([mark.status, mark.before])
    return sha256(dumps(said).encode()).hexdigest()[:16]


def date_text(late: date | None) -> str:
    """The day as the customer reads it, the same whatever the machine's language."""
    return f"{late.day} {_MONTHS[late.month - 1]} {late.year}" if late else NO_DATE


def _date_of(text: Any) -> date | None:
    match str(text).split():
        case [day, month, year] if day.isdecimal() and year.isdecimal() and month in _MONTHS:
            return _iso_date(f"{int(year):04d}-{_MONTHS.index(month) + 1:02d}-{int(day):02d}")
    return None


def _iso_date(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def note(text: str, marker: str) -> str:
    """A note's text with the marker by which it is found again; the brackets keep one marker from ending another."""
    return f"{text} [{marker}]"


def carries(text: str, marker: str) -> bool:
    """Whether a note's text, as the shop gives it back, has the marker."""
    return f"[{marker}]" in text
