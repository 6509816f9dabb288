"""The private metafield that Waitline keeps at an order: what the others say, and which tags are Waitline's own.

A tag that was on the order before us is not written down here, so it is never removed.
"""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from backorder.domain.actions import Shown


@dataclass(frozen=True, slots=True)
class Record:
    """What the metafield says."""

    shown: Shown | None = None
    tags: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to keep."""
        return self.shown is None and not self.tags


def record_of(text: str | None) -> Record:
    """Read the metafield. Whatever is not of our writing counts as no record."""
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return Record()
    if not isinstance(told, dict):
        return Record()
    tags = told.get("tags")
    kept = tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
    return Record(_shown(told), kept)


def record_text(record: Record) -> str:
    """The metafield's JSON. Shopify keeps its own spelling of it, so records are compared, not texts."""
    told: dict[str, Any] = {"tags": list(record.tags)}
    if record.shown is not None:
        shown = record.shown
        told |= {
            "state": shown.state,
            "waiting": f"{shown.waiting.normalize():f}",
            "from": shown.early.isoformat() if shown.early else None,
            "to": shown.late.isoformat() if shown.late else None,
        }
        if shown.position is not None:
            told["position"] = shown.position
    return json.dumps(told, sort_keys=True)


def _shown(told: dict[str, Any]) -> Shown | None:
    try:
        return Shown(
            state=str(told["state"]),
            waiting=Decimal(str(told["waiting"])),
            early=_day(told.get("from")),
            late=_day(told.get("to")),
            position=None if told.get("position") is None else int(told["position"]),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _day(told: Any) -> date | None:
    return date.fromisoformat(told) if isinstance(told, str) else None
