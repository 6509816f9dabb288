"""Changes to be looked at, as people and programs write them, and what would happen as they read it."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.tellings import promise
from backorder.domain.errors import Rejected
from backorder.domain.spoken import counted, counted_days, spoken, spoken_day
from backorder.domain.what_if import (
    Cancelled,
    Change,
    Closed,
    ComesLater,
    HeadStart,
    Key,
    LessComes,
    Move,
    Outcome,
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
        "can_be_made": found.can_be_made,
        "later": found.later,
        "sooner": found.sooner,
        "value_later": f"{found.value_later:.2f}",
        "notices": found.notices,
        "moves": [_move(move, found.numbers) for move in found.moves],
        "gone": [_part(key, found.numbers) for key in found.gone],
    }


def _part(key: Key, numbers: Mapping[int, str]) -> dict[str, Any]:
    order, line, pool = key
    return {
        "order": order,
        "number": numbers.get(order),
        "line": line,
        "item": pool.item,
        "location": pool.location,
    }


def _move(move: Move, numbers: Mapping[int, str]) -> dict[str, Any]:
    return {
        **_part(move.key, numbers),
        "allocated": [spoken(move.before.allocated), spoken(move.after.allocated)],
        "days": move.days,
        "promise": [promise(move.before.promise), promise(move.after.promise)],
    }


def preview_as_text(found: Preview, *, made: bool = False) -> str:
    """What would happen, for reading in a terminal; `made`: it was made so."""
    rows = [f"{_named(key, found.numbers)}: nothing of it is owed any more." for key in found.gone]
    rows += [f"{_named(move.key, found.numbers)}: {sentence(move)}" for move in found.moves]
    rows = rows or ["Nobody would move."]
    rows.append(
        f"{found.later} later or with less (worth {found.value_later:.2f}), {found.sooner} sooner or with more, "
        f"{found.notices} order{'' if found.notices == 1 else 's'} to be told."
    )
    if made:
        rows.append("It is made so.")
    elif found.can_be_made:
        rows.append(f"To make it so: --commit {found.world}")
    else:
        rows.append("Locations are closed and orders are cancelled in your store: this is only a look.")
    return "\n".join(rows)


def _named(key: Key, numbers: Mapping[int, str]) -> str:
    return f"Order {numbers.get(key[0], key[0])}, line {key[1]}"


def sentence(move: Move) -> str:
    """What happens to one part."""
    told = []
    if move.before.allocated != move.after.allocated:
        told.append(f"given {spoken(move.after.allocated)} instead of {counted(move.before.allocated)}")
    before, after = day_of(move.before), day_of(move.after)
    if before != after:
        told.append(f"{after} instead of {before}")
    return f"{', '.join(told)}{_by(move.days)}."


def day_of(outcome: Outcome) -> str:
    if outcome.waiting <= 0:
        return "all there"
    return "no date" if outcome.promise is None else spoken_day(outcome.promise.late)


def _by(count: int | None) -> str:
    if not count:
        return ""
    return f" ({counted_days(abs(count))} {'later' if count > 0 else 'sooner'})"
