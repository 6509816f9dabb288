"""Planted faults of what a pass says and keeps, and of what was to be said and was not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from backorder.db import stores
from backorder.domain import allocation, notices
from backorder.domain.allocation import Rule
from backorder.domain.policy import NoticeKind
from connectors.shopify import writes
from connectors.woocommerce.store import WooStore
from jobs import notify, plan, review, write_back
from tests.simulation.planting import PlantedFault, instead

_plan = allocation.allocate
_due = notices.notices_due
_expected = notify._expected
_shown = writes._shown


def _for_another_reason(*asked: Any, **how: Any) -> Any:
    made = _plan(*asked, **how)
    told = [replace(d, rule=Rule.SUPPLY_SHRANK if d.rule is Rule.OLDEST_FIRST else d.rule) for d in made.decisions]
    return replace(made, decisions=tuple(told))


def _keeps_what_it_has(demand: Any, *rest: Any, **how: Any) -> Any:
    return _plan(
        [replace(part, firm=max(part.firm, min(part.allocated, part.outstanding))) for part in demand], *rest, **how
    )


def _silent(*asked: Any) -> list[NoticeKind]:
    return [kind for kind in _due(*asked) if kind is not NoticeKind.ALLOCATED]


def _posted_nowhere(*_: Any, **_how: Any) -> None:
    """Says nothing, and says that it was said."""


def _a_day_later(promised: tuple[date, date] | None) -> str:
    return _expected(None if promised is None else (promised[0], promised[1] + timedelta(days=1)))


def _tags_stay(*asked: Any) -> dict[str, Any]:
    return {name: value for name, value in _shown(*asked).items() if name not in ("untag", "off")}


FAULTS_OF_PASSES: Mapping[str, PlantedFault] = {
    "wrong-rule": PlantedFault(
        "A decision names a rule by which it was not taken.", instead((plan, "allocate", _for_another_reason))
    ),
    "keeps-what-it-has": PlantedFault(
        "Units that were given once stay, whoever becomes known later and is older.",
        instead((plan, "allocate", _keeps_what_it_has)),
    ),
    "never-told-that-it-is-here": PlantedFault(
        "Customers are told that they wait, and never that their goods are here.",
        instead((review, "notices_due", _silent)),
    ),
    "note-never-posted": PlantedFault(
        "A note at an order counts as posted, and is not.",
        instead((WooStore, "post_note", _posted_nowhere)),
        pair="woocommerce",
    ),
    "released-on-old-stock": PlantedFault(
        "Units are let go on what was read of the stock at any time.",
        instead((write_back, "fresh", lambda *_: True)),
        pair="shopify",
    ),
    "mail-of-another-day": PlantedFault(
        "A message names the day after the one that is promised.", instead((notify, "_expected", _a_day_later))
    ),
    "any-token-opens-the-first-store": PlantedFault(
        "Whoever shows an API token reads the first store's orders.",
        instead((stores, "by_token_hash", lambda conn, _: stores.get(conn, 1))),
    ),
    "tags-stay": PlantedFault(
        "A tag of ours that is no longer true stays at its order.",
        instead((writes, "_shown", _tags_stay)),
        pair="shopify",
    ),
}
