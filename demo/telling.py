"""What was seen, in plain words for the terminal."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from demo.witness import Sight

NOTHING = Sight(given=0, waiting=0)


def day(day: date) -> str:
    """A day as Waitline writes it to customers: 12 January 2027."""
    return f"{day.day} {day:%B %Y}"


def of_order(number: str, before: Sight | None, now: Sight) -> str:
    """Where an order stands and what happened to it since it was looked at before."""
    was = before or NOTHING
    owed = now.given + now.waiting
    parts = ["cancelled" if now.cancelled else f"{now.given} of {owed} {'unit' if owed == 1 else 'units'} allocated"]
    parts += _in_store(was, now)
    parts += [_mail(mail) for mail in now.mails[len(was.mails) :]] or ["no mail"]
    return f"order {number.removeprefix('#')}: {', '.join(parts)}"


def _in_store(was: Sight, now: Sight) -> list[str]:
    parts = []
    if now.held:
        parts.append(f"{now.held} {'still ' if was.held else ''}on hold")
    elif was.held:
        parts.append("hold released")
    new = [tag for tag in now.tags if tag not in was.tags]
    if new:
        parts.append(f"tagged {' and '.join(new)}")
    if now.shown_date != was.shown_date:
        parts.append(f"its line shows “{now.shown_date}”" if now.shown_date else "the date is off its line")
    if now.notes > was.notes:
        parts.append("note added")
    if not now.record and not was.record and not now.cancelled:
        parts.append("nothing written")
    return parts


def _mail(told: str) -> str:
    _, _, says = told.partition(", ")
    return f"mail sent ({re.sub(r' [0-9]{4}$', '', says)})" if says else "mail sent"


def difference(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What did not come true, a sentence for each fact."""
    wanted, seen = _flat(expected), _flat(found)
    return [
        f"NOT AS EXPECTED: {about} is {seen.get(about)!r} and should be {wanted.get(about)!r}"
        for about in dict.fromkeys([*wanted, *seen])
        if wanted.get(about) != seen.get(about)
    ]


def _flat(facts: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        about = f"{before} {name}".strip()
        flat |= _flat(value, about) if isinstance(value, Mapping) else {about: value}
    return flat
