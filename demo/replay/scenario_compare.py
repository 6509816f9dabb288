"""Holds what the application believes against what a scenario says is right. Knows nothing of the application.

Both sides have the keys of `expect`; units are decimal strings. A key that the scenario leaves out is not compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
LINE_UNITS = ("ordered", "shipped", "cancelled", "outstanding", "allocated", "waiting")
POOL_UNITS = ("available", "committed", "on_hand", "outstanding", "waiting")


def differences(expected: Row, ours: Row) -> list[str]:
    """A sentence for everything that is not as expected."""
    found: list[str] = []
    if expected["status"] != ours["status"]:
        found.append(f"answered {ours['status']}, expected {expected['status']}")
    if "lines" in expected:
        found += _lines(expected["lines"], ours["lines"])
    if "pools" in expected:
        found += _pools(expected["pools"], ours["pools"])
    if "ignored" in expected:
        found += _ignored(expected["ignored"], ours["ignored"])
    if "lines" in expected and "ignored" in expected:
        found += _in_neither(expected, ours)
    for key in ("orders", "stored"):
        if key in expected and expected[key] != ours[key]:
            found.append(f"{key}: {ours[key]}, expected {expected[key]}")
    if "notifiable" in expected and set(expected["notifiable"]) != set(ours["notifiable"]):
        found.append(f"notifiable: {sorted(ours['notifiable'])}, expected {sorted(expected['notifiable'])}")
    return found


def _lines(expected: Iterable[Row], ours: Iterable[Row]) -> Iterator[str]:
    right = {(row["order"], row["line"], row["pool"]): row for row in expected}
    there = {(row["order"], row["line"], row["pool"]): row for row in ours}
    for (order, line, pool), row in right.items():
        name = f"order {order} line {line} in {pool or 'no pool'}"
        mine = there.get((order, line, pool))
        if mine is None:
            if not _may_be_missing(row):
                yield f"{name}: missing"
        else:
            yield from _units(name, row, mine, LINE_UNITS)
    for (order, line, pool), mine in there.items():
        if (order, line, pool) not in right and Decimal(mine["outstanding"]):
            yield f"order {order} line {line} in {pool or 'no pool'}: not expected, {mine['outstanding']} outstanding"


def _pools(expected: Iterable[Row], ours: Iterable[Row]) -> Iterator[str]:
    """A pool that the scenario leaves out is not determined, so a further one of ours is no difference."""
    there = {row["pool"]: row for row in ours}
    for row in expected:
        mine = there.get(row["pool"])
        if mine is not None:
            yield from _units(f"pool {row['pool']}", row, mine, POOL_UNITS)
        elif not _may_be_missing(row):
            yield f"pool {row['pool']}: missing"


def _ignored(expected: Iterable[Row], ours: Iterable[Row]) -> Iterator[str]:
    there = {(row["order"], row["line"]): row["why"] for row in ours}
    for row in expected:
        name = f"order {row['order']} line {row['line']}"
        why = there.get((row["order"], row["line"]))
        if why is None:
            if not row.get("maybe") and "removed" not in row["why"]:
                yield f"{name}: not shown as ignored ({' or '.join(row['why'])})"
        elif why not in row["why"]:
            yield f"{name}: ignored as {why}, expected {' or '.join(row['why'])}"


def _in_neither(expected: Row, ours: Row) -> Iterator[str]:
    """A line that may be missing from the lines and from the ignored ones has to be in one of them."""
    waiting = {
        (row["order"], row["line"])
        for row in expected["lines"]
        if row.get("maybe") and Decimal(row.get("outstanding", "1"))
    }
    aside = {
        (row["order"], row["line"]) for row in expected["ignored"] if row.get("maybe") and "removed" not in row["why"]
    }
    shown = {(row["order"], row["line"]) for key in ("lines", "ignored") for row in ours[key]}
    for order, line in sorted((waiting & aside) - shown):
        yield f"order {order} line {line}: neither among the lines nor among the ignored ones"


def _units(name: str, right: Row, mine: Row, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        if key in right and Decimal(right[key]) != Decimal(mine[key]):
            yield f"{name}: {key} is {mine[key]}, expected {right[key]}"


def _may_be_missing(row: Row) -> bool:
    return bool(row.get("maybe")) or ("outstanding" in row and Decimal(row["outstanding"]) == 0)
