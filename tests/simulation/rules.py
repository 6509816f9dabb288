"""The merchant's rules once more, as small as they can be said: from the tables, without the application's code."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from backorder.db.columns import EPOCH

SCALE = 10_000
PIN = timedelta(days=365_000)
DAY = timedelta(days=1)
Ask = Callable[[str, Mapping[str, object]], Sequence[Any]]
"""Asks the tables, as a transaction or as everybody else sees them."""


def instant(value: int) -> datetime:
    """A moment as the tables keep it."""
    return EPOCH + timedelta(microseconds=value)


def policy_of(ask: Ask, store_id: int) -> dict[str, Any]:
    """A store's policy, with its time zone beside the choices."""
    kept, zone = ask("SELECT policy, timezone FROM stores WHERE id = :s", {"s": store_id})[0]
    told: dict[str, Any] = json.loads(kept)
    return {**told, "zone": zone}


def day_of(policy: Mapping[str, Any], moment: datetime) -> date:
    """The store's calendar day."""
    return moment.astimezone(ZoneInfo(policy["zone"])).date()


BEGUN = (
    "SELECT COUNT(*) FROM actions WHERE store_id = :s AND order_id = :o AND kind <> 'note' "
    "AND (state IN ('running', 'unknown') OR (state = 'due' AND tries > 0))"
)


def in_mid_write(ask: Ask, store_id: int, order: int) -> bool:
    """Whether a write of ours to an order was begun and is not finished: of what is undone there by a person then,
    nobody can tell whether it was ever done.
    """
    return bool(ask(BEGUN, {"s": store_id, "o": order})[0][0])


# Who goes first

FACTS = (
    "SELECT o.order_id, o.placed_at, o.pinned, o.priority_by_hand, o.tags, o.customer_tags, o.shipping, o.need_by, "
    "o.customer_id, o.email, o.currency, (SELECT SUM(ordered) FROM order_lines l WHERE l.store_id = o.store_id "
    "AND l.order_id = o.order_id), (SELECT SUM(ordered * unit_price) FROM order_lines l WHERE l.store_id = o.store_id "
    "AND l.order_id = o.order_id) FROM orders o WHERE o.store_id = :s"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may ask of an order; lists as JSON, units and money as the tables keep them."""

    order_id: int
    placed_at: int
    pinned: int
    by_hand: str
    tags: str
    customer_tags: str | None
    shipping: str | None
    need_by: str | None
    customer_id: int | None
    email: str
    currency: str
    units: int
    total: int


def head_start(policy: Mapping[str, Any], facts: Facts) -> timedelta:
    """How much earlier the lines of an order queue."""
    if facts.pinned:
        return PIN
    days: dict[str, int] = {name: ahead for name, ahead, _, _ in policy["priority"]}
    if facts.by_hand in days:
        return DAY * days[facts.by_hand]
    name = next((name for name, _, fact, value in policy["priority"] if _is_so(policy, fact, value, facts)), "")
    return DAY * days.get(name, 0)


def largest_head_start(policy: Mapping[str, Any]) -> timedelta:
    """The most by which a rule puts anybody ahead."""
    return DAY * max((days for _, days, _, _ in policy["priority"]), default=0)


def _is_so(policy: Mapping[str, Any], fact: str, value: str, facts: Facts) -> bool:
    if fact == "customer tag":
        return _among(value, json.loads(facts.customer_tags or "[]"))
    if fact == "customer":
        return value.lower() in (facts.email.lower(), str(facts.customer_id))
    if fact == "order tag":
        return _among(value, json.loads(facts.tags))
    if fact == "paid shipping":
        return _among(value, [way for way, paid in json.loads(facts.shipping or "[]") if Decimal(paid) > 0])
    if fact == "order units from":
        return facts.units >= Decimal(value) * SCALE
    if fact == "order total from":
        least, _, currency = value.partition(" ")
        return currency in ("", facts.currency) and facts.total >= Decimal(least) * SCALE * SCALE
    if fact == "needed within days" and facts.need_by is not None:
        left = date.fromisoformat(facts.need_by) - day_of(policy, instant(facts.placed_at))
        return timedelta() <= left <= DAY * int(value)
    return False


def _among(name: str, names: Sequence[str]) -> bool:
    return name.lower() in [each.strip().lower() for each in names]


# What may leave, and who lets others pass

CHOSEN = (
    "SELECT order_id, placed_at, paid, status, split_by_hand, split_by_customer, wait_until, passed_over, "
    "passed_since FROM orders WHERE store_id = :s"
)
OWED = (
    "SELECT p.order_id, p.line_id, p.item, p.location, p.outstanding, p.allocated, p.firm, p.decided, l.unit_price, "
    "l.backordered_at, l.cancel_wished_at, l.answer, i.split "
    "FROM parts p JOIN order_lines l USING (store_id, order_id, line_id) "
    "LEFT JOIN items i ON i.store_id = l.store_id AND i.item = l.item "
    "WHERE p.store_id = :s AND p.outstanding > 0 AND l.ignored IS NULL ORDER BY p.order_id, p.line_id"
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for an order, and how often others passed it."""

    order_id: int
    placed_at: int
    paid: int
    status: str
    by_hand: str | None
    by_customer: str | None
    wait_until: str | None
    passed_over: int
    passed_since: int | None


@dataclass(frozen=True, slots=True)
class Owed:
    """A part of a line that is owed, with the choice for its item."""

    order_id: int
    line_id: int
    item: int
    location: int
    outstanding: int
    allocated: int
    firm: int
    decided: int
    unit_price: int
    backordered_at: int | None
    cancel_wished_at: int | None
    answer: str | None
    item_split: str | None


def chosen_of(ask: Ask, store_id: int) -> dict[int, Chosen]:
    """What was chosen for each order of a store."""
    return {row[0]: Chosen(*row) for row in ask(CHOSEN, {"s": store_id})}


def owed_of(ask: Ask, store_id: int) -> dict[int, list[Owed]]:
    """What each order of a store is owed."""
    found: dict[int, list[Owed]] = {}
    for row in ask(OWED, {"s": store_id}):
        found.setdefault(row[0], []).append(Owed(*row))
    return found


def in_force(policy: Mapping[str, Any], order: Chosen, item_split: str | None, today: date) -> str:
    """When units of a line may leave: by hand, by the customer, of the item, of the store."""
    split: str = order.by_hand or order.by_customer or item_split or policy["split"]
    if split == "wait_until":
        days = DAY * (policy["split_wait_days"] or 0)
        until = (
            date.fromisoformat(order.wait_until)
            if order.wait_until
            else day_of(policy, instant(order.placed_at)) + days
        )
        return "wait_until" if today < until else "ship_available"
    return split


def may_be_passed(policy: Mapping[str, Any], order: Chosen, parts: Sequence[Owed], today: date) -> bool:
    """Whether an order that is not whole lets others pass. Where a day begins is taken widely: on either side."""
    if policy["order_share"] != "yield" and policy["share_days"] is None:
        return False
    if 0 < policy["leapfrog_times"] <= order.passed_over:
        return False
    if policy["leapfrog_days"] and order.passed_since is not None:
        end = day_of(policy, instant(order.passed_since)) + DAY * (policy["leapfrog_days"] + 1)
        if today >= end:
            return False
    for part in parts:
        if in_force(policy, order, part.item_split, today - DAY) not in ("order_whole", "wait_until"):
            continue
        since = today if part.backordered_at is None else day_of(policy, instant(part.backordered_at))
        if policy["share_days"] is None or today + DAY >= since + DAY * policy["share_days"]:
            return True
    return False


def must_stay(
    policy: Mapping[str, Any], order: Chosen, parts: Sequence[Owed], today: date
) -> dict[tuple[int, int], int]:
    """Units of an order that may not leave today, by line and location; of lines whose pool is known."""
    by_line: dict[int, list[Owed]] = {}
    for part in parts:
        by_line.setdefault(part.line_id, []).append(part)
    short = {line for line, its in by_line.items() if any(p.allocated < p.outstanding or not p.decided for p in its)}
    leaving = set(by_line)
    if short:
        for line, its in by_line.items():
            split = in_force(policy, order, its[0].item_split, today)
            if split in ("order_whole", "wait_until") or (split == "line_whole" and line in short):
                leaving.discard(line)
        given = [part for part in parts if part.line_id in leaving and part.decided]
        units = sum(part.allocated for part in given)
        value = sum(part.allocated * part.unit_price for part in given)
        least_units, least_value = Decimal(policy["least_part_units"]), Decimal(policy["least_part_value"])
        if units < least_units * SCALE or value < least_value * SCALE * SCALE:
            leaving = set()
    stays: dict[tuple[int, int], int] = {}
    for part in parts:
        may = part.allocated if order.paid and part.line_id in leaving else part.firm
        if part.item and part.decided and part.outstanding > may:
            stays[part.line_id, part.location] = part.outstanding - may
    return stays


def kept_back(ask: Ask, policy: Mapping[str, Any], store_id: int, item: int) -> int:
    """Units that waiting lines may not take, as the tables keep them: the item's own number, else the store's."""
    own = ask(
        "SELECT keep_back, keep_back_percent FROM items WHERE store_id = :s AND item = :i", {"s": store_id, "i": item}
    )
    if not own or (own[0][0] is None and own[0][1] is None):
        return int(Decimal(policy["keep_back"]) * SCALE)
    units, percent = own[0]
    # A share of what arrived is kept back in whole units.
    return (units or 0) if percent is None else (units or 0) // SCALE * SCALE
