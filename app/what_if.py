"""Changes to be looked at, as people and programs write them, and what would happen as they read it."""

from decimal import Decimal, InvalidOperation
from typing import Any

from app.tellings import promise
from backorder.domain.errors import Rejected
from backorder.domain.reasons import counted, spoken, spoken_day
from backorder.domain.what_if import (
    Cancelled,
    Change,
    Closed,
    ComesLater,
    HeadStart,
    LessComes,
    Move,
    Preview,
)


class UnknownChange(Rejected):
    """A change that cannot be read; the sentence shows how one is written."""

    status = 422


def read_change(text: str) -> Change:
    """A change such as “late 12 7”. Raises UnknownChange."""
    match text.split():
        case ["short", inbound, units]:
            return LessComes(_number(inbound, text), _units(units, text))
        case ["late", inbound, days]:
            return ComesLater(_number(inbound, text), _number(days, text, least=-999, most=999))
        case ["class", *name, days] if name:
            return HeadStart(" ".join(name), _number(days, text, most=365))
        case ["close", location]:
            return Closed(_number(location, text))
        case ["cancel", order]:
            return Cancelled(_number(order, text))
    raise UnknownChange(
        f"“{text[:80]}” is no change. Write one such as: short 12 40, late 12 7, class VIP 5, close 3, cancel 102."
    )


def _number(word: str, text: str, *, least: int = 0, most: int = 2**63 - 1) -> int:
    bare = word.removeprefix("-")
    if bare.isascii() and bare.isdigit() and len(bare) < 20 and least <= int(word) <= most:
        return int(word)
    raise UnknownChange(f"“{text[:80]}”: “{word[:30]}” is no number that can stand there.")


def _units(word: str, text: str) -> Decimal:
    try:
        found = Decimal(word)
    except InvalidOperation:
        found = Decimal("NaN")
    if found.is_finite() and 0 < found <= 1_000_000:
        return found
    raise UnknownChange(f"“{text[:80]}”: the units must be more than 0 and at most 1,000,000.")


def preview_as_json(found: Preview) -> dict[str, Any]:
    """What would happen, for programs."""
    return {
        "world": found.world,
        "later": found.later,
        "sooner": found.sooner,
        "value_later": f"{found.value_later:.2f}",
        "notices": found.notices,
        "moves": [_move(move) for move in found.moves],
    }


def _move(move: Move) -> dict[str, Any]:
    order, line, pool = move.key
    return {
        "order": order,
        "line": line,
        "item": pool.item,
        "location": pool.location,
        "allocated": [spoken(move.before.allocated), spoken(move.after.allocated)],
        "days": move.days,
        "promise": [promise(move.before.promise), promise(move.after.promise)],
    }


def preview_as_text(found: Preview) -> str:
    """What would happen, for reading in a terminal."""
    rows = [_sentence(move) for move in found.moves] or ["Nobody would move."]
    rows.append(
        f"{found.later} later or with less (worth {found.value_later:.2f}), {found.sooner} sooner or with more, "
        f"{found.notices} orders to be told."
    )
    rows.append(f"To make it so: --commit {found.world}")
    return "\n".join(rows)


def _sentence(move: Move) -> str:
    told = [f"Order {move.key[0]}, line {move.key[1]}:"]
    if move.before.allocated != move.after.allocated:
        told.append(f"{counted(move.before.allocated)} become {spoken(move.after.allocated)};")
    before, after = (None if x.promise is None else spoken_day(x.promise.late) for x in (move.before, move.after))
    told.append(f"{before or 'no date'} becomes {after or 'no date'}.")
    return " ".join(told)
