"""Holds what the application believes against what a recording says is right. Knows nothing of the application.

Both sides are rows as in `expected.json`: pools by `pool`, lines by (`order`, `line`), units as decimal strings.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
POOL_UNITS = ("on_hand", "outstanding", "waiting")
LINE_UNITS = ("outstanding", "allocated", "waiting")


def differences(expected: Row, rows: Row) -> list[str]:
    """A sentence for each figure of a step that is not as expected.

    Rows that `undetermined` names are left out. A row with nothing outstanding may be missing on either side.
    """
    pools, lines = _undetermined(expected.get("undetermined"))
    found = [
        *_compare(_by_pool(expected["pools"]), _by_pool(rows["pools"]), POOL_UNITS, pools),
        *_compare(_by_line(expected["lines"]), _by_line(rows["lines"]), ("pool", *LINE_UNITS), lines, in_pools=pools),
    ]
    return sorted(found)


def _compare(
    expected: Mapping[Any, Row],
    rows: Mapping[Any, Row],
    figures: Iterable[str],
    open_keys: set[Any],
    in_pools: frozenset[int] | set[int] = frozenset(),
) -> Iterator[str]:
    for key in expected.keys() | rows.keys():
        right, ours = expected.get(key), rows.get(key)
        pool = (right or ours or {}).get("pool")
        if key in open_keys or pool in in_pools:
            continue
        if right is None or ours is None:
            owed = Decimal((right or ours or {})["outstanding"])
            if owed:
                yield f"{_name(key)}: {'not expected' if right is None else 'missing'}, {owed} outstanding"
            continue
        for figure in figures:
            if not _same(right[figure], ours[figure]):
                yield f"{_name(key)}: {figure} is {ours[figure]}, expected {right[figure]}"


def _same(right: Any, ours: Any) -> bool:
    return bool(Decimal(str(right)) == Decimal(str(ours)))


def _by_pool(rows: Iterable[Row]) -> dict[int, Row]:
    return {row["pool"]: row for row in rows if row["pool"] is not None}


def _by_line(rows: Iterable[Row]) -> dict[tuple[int, int], Row]:
    return {(row["order"], row["line"]): row for row in rows}


def _name(key: Any) -> str:
    return f"order {key[0]} line {key[1]}" if isinstance(key, tuple) else f"pool {key}"


def _undetermined(named: Any) -> tuple[set[Any], set[Any]]:
    """The pools and the lines that the recording does not settle, however deep its reasons wrap them."""
    pools: set[Any] = set()
    lines: set[Any] = set()
    todo = [named]
    while todo:
        one = todo.pop()
        if isinstance(one, list):
            todo.extend(one)
        elif isinstance(one, dict):
            if "order" in one and "line" in one:
                lines.add((one["order"], one["line"]))
            elif "pool" in one:
                pools.add(one["pool"])
            pools |= {entry for entry in _list(one.get("pools")) if isinstance(entry, int)}
            lines |= {tuple(entry) for entry in _list(one.get("lines")) if isinstance(entry, list) and len(entry) == 2}
            todo.extend(value for value in one.values() if isinstance(value, list | dict))
    return pools, lines


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
