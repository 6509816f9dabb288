"""How domain values are kept in JSON columns, and read back."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from backorder.domain.accept_rules import About, AcceptRule
from backorder.domain.actions import Held, LineDate, Shown, StoreSide
from backorder.domain.item_side import ItemShown, ItemSide
from backorder.domain.lifecycle import LineStood, Stood, Told
from backorder.domain.orders import OrderStatus
from backorder.domain.policy import BackorderPolicy, Excess, NoticeKind
from backorder.domain.priority import Fact, PriorityRule
from backorder.domain.split import Share, Split


def policy_out(policy: BackorderPolicy) -> dict[str, Any]:
    """A policy as JSON."""
    return {
        "version": policy.version,
        "accept_backorders": policy.accept_backorders,
        "accept_rules": [[rule.accepts, rule.about.value, rule.value, rule.most_units] for rule in policy.accept_rules],
        "accept_undated": policy.accept_undated,
        "longest_wait_days": policy.longest_wait_days,
        "most_units_item": policy.most_units_item,
        "most_units_order": policy.most_units_order,
        "most_units_customer": policy.most_units_customer,
        "excess": policy.excess.value,
        "most_late_days": policy.most_late_days,
        "most_cancel_percent": policy.most_cancel_percent,
        "split": policy.split.value,
        "split_wait_days": policy.split_wait_days,
        "customers_choose": policy.customers_choose,
        "least_part_units": str(policy.least_part_units),
        "least_part_value": str(policy.least_part_value),
        "order_share": policy.order_share.value,
        "share_days": policy.share_days,
        "leapfrog_times": policy.leapfrog_times,
        "leapfrog_days": policy.leapfrog_days,
        "whole_orders_first": policy.whole_orders_first,
        "priority": [[rule.name, rule.head_start_days, rule.fact.value, rule.value] for rule in policy.priority],
        "late_lines_wait": policy.late_lines_wait,
        "cross_location": policy.cross_location,
        "locations": list(policy.locations),
        "most_locations": policy.most_locations,
        "move_in_store": policy.move_in_store,
        "keep_back": str(policy.keep_back),
        "lead_time_days": policy.lead_time_days,
        "handling_days": policy.handling_days,
        "inbound_buffer_days": policy.inbound_buffer_days,
        "workdays": sorted(policy.workdays),
        "holidays_of": policy.holidays_of,
        "cut_off_hour": policy.cut_off_hour,
        "least_move_days": policy.least_move_days,
        "least_told_days": policy.least_told_days,
        "notices": sorted(kind.value for kind in policy.notices),
        "sender_name": policy.sender_name,
        "reply_to": policy.reply_to,
        "tag_prefix": policy.tag_prefix,
        "line_label": policy.line_label,
        "waiting_status": policy.waiting_status,
        "note_to_customer": policy.note_to_customer,
        "order_note": policy.order_note,
        "tell_shoppers": policy.tell_shoppers,
        "turn_selling": policy.turn_selling,
        "cancel_in_store": policy.cancel_in_store,
        "ship_in_store": policy.ship_in_store,
        "settle_seconds": policy.settle_seconds,
        "types_counted": policy.types_counted,
        "paused": policy.paused,
    }


_READ: Mapping[str, Callable[[Any], Any]] = {
    "accept_rules": lambda rules: tuple(
        AcceptRule(accepts, About(about), value, most) for accepts, about, value, most in rules
    ),
    "split": Split,
    "excess": Excess,
    "order_share": Share,
    "least_part_units": Decimal,
    "least_part_value": Decimal,
    "keep_back": Decimal,
    "locations": tuple,
    "workdays": frozenset,
    "notices": lambda words: frozenset(NoticeKind(word) for word in words),
    "priority": lambda rules: tuple(PriorityRule(name, days, Fact(fact), value) for name, days, fact, value in rules),
}


def policy_in(kept: dict[str, Any]) -> BackorderPolicy:
    """A policy from JSON. A choice that it does not name yet is as it is for a new store."""
    return BackorderPolicy(**{name: _READ[name](value) if name in _READ else value for name, value in kept.items()})


def side_out(side: StoreSide) -> dict[str, Any]:
    """What a store has of ours, as JSON."""
    shown = side.shown
    # Left out where there is none: sides are compared as they are kept, and older ones do not know it.
    status = {"status": side.status} if side.status else {}
    kept: dict[str, Any] = {
        "held": [[held.line_id, held.location, str(held.units)] for held in side.held],
        "tags": list(side.tags),
        "shown": None if shown is None else [shown.state, str(shown.waiting), _day(shown.early), _day(shown.late)],
        "line_dates": [[dated.line_id, _day(dated.late), dated.label] for dated in side.line_dates],
        **status,
    }
    if side.noted:
        # Only where there is one: sides kept before there were such lines read the same as those without one.
        kept["noted"] = side.noted
    return kept


def side_in(kept: dict[str, Any] | None) -> StoreSide:
    """What a store has of ours, from JSON; nothing where nothing was kept."""
    if kept is None:
        return StoreSide()
    shown = kept["shown"]
    return StoreSide(
        held=tuple(Held(line, location, Decimal(units)) for line, location, units in kept["held"]),
        tags=tuple(kept["tags"]),
        shown=None if shown is None else Shown(shown[0], Decimal(shown[1]), _date(shown[2]), _date(shown[3])),
        line_dates=tuple(LineDate(line, _date(late), *label) for line, late, *label in kept["line_dates"]),
        status=kept.get("status", ""),
        noted=kept.get("noted", ""),
    )


def item_side_out(side: ItemSide) -> dict[str, Any]:
    """What a store has of ours at an item, as JSON."""
    shown = side.shown
    told = None if shown is None else [shown.accepting, _day(shown.expected), str(shown.due)]
    return {"shown": told, "sells": side.sells}


def item_side_in(kept: dict[str, Any]) -> ItemSide:
    """What a store has of ours at an item, from JSON."""
    told = kept["shown"]
    shown = None if told is None else ItemShown(told[0], _date(told[1]), Decimal(told[2]))
    return ItemSide(shown, kept["sells"])


def stood_out(stood: Stood) -> dict[str, Any]:
    """Where an order stood, as JSON."""
    lines: list[list[Any]] = []
    for line in stood.lines:
        told = [] if line.told is None else [_day(line.told.late)]
        lines.append([line.line_id, str(line.short), str(line.released), str(line.shipped), *told])
    return {"status": stood.status.value, "lines": lines}


def stood_in(kept: dict[str, Any] | None) -> Stood | None:
    """Where an order stood, from JSON."""
    if kept is None:
        return None
    return Stood(OrderStatus(kept["status"]), tuple(_line_stood(*line) for line in kept["lines"]))


def _line_stood(line: int, short: str, released: str, shipped: str, *told: str | None) -> LineStood:
    named = Told(_date(told[0])) if told else None
    return LineStood(line, Decimal(short), Decimal(released), Decimal(shipped), named)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
