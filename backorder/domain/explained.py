"""An order told line by line: where each part stands, who was served before it, and its reason."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from backorder.domain.allocation import Rule
from backorder.domain.choices import ItemChoices, kept_back
from backorder.domain.lifecycle import LineStanding, OrderStanding, PartStanding
from backorder.domain.policy import BackorderPolicy
from backorder.domain.reasons import PoolFacts, Reason, Situation, reason
from backorder.domain.spoken import spoken_day
from backorder.domain.supply import ZERO, Inbound, Pool, Units


@dataclass(frozen=True, slots=True)
class Ahead:
    """A line that waits in the same pool and is served before another one."""

    order_id: int
    number: str
    units: Units
    older: bool
    priority: str = ""
    pinned: bool = False

    @property
    def why(self) -> str:
        """By which rule it goes first."""
        if self.older:
            return "it came earlier"
        return "it is pinned" if self.pinned else f"its class {self.priority} has a head start"


@dataclass(frozen=True, slots=True)
class Overtaker:
    """An order that came later than another one, and was given units of the same pool while that one waited."""

    order_id: int
    number: str
    units: Units
    rule: Rule
    priority: str
    at: datetime

    @property
    def why(self) -> str:
        """By which rule it went first."""
        match self.rule:
            case Rule.PINNED:
                return "it is pinned"
            case Rule.WHOLE_ORDER:
                return "it made its order whole"
            case Rule.OTHER_YIELDED:
                return "an order that waits to be whole let it pass"
            case Rule.BY_HAND:
                return "given by hand"
        return f"its class {self.priority} has a head start" if self.priority else "it went first when it came in"


@dataclass(frozen=True, slots=True)
class Came:
    """Goods that were on the way and came in, all of them or some."""

    inbound_id: int
    source: str
    expected_on: date


def came_from(goods: Sequence[Came]) -> str:
    """The supply of which units were given: what had come in, else the stock."""
    if not goods:
        return "from stock"
    told = [
        f"the goods{f' from {one.source}' if one.source else ''} expected on {spoken_day(one.expected_on)}"
        for one in goods
    ]
    return f"from {' and '.join(told)}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one part of a line stands in its pool's queue."""

    units_ahead: Units = ZERO
    first_promise: date | None = None
    overtaken_by: Units = ZERO
    """Units ahead of it that came later."""
    ahead: tuple[Ahead, ...] = ()
    """The first of those who are served before it."""
    overtakers: tuple[Overtaker, ...] = ()
    """The newest of those who were served before it although they came later, since it began to wait."""
    waiting: Units = ZERO
    """Its own units that wait."""
    delivery: Inbound | None = None
    """The goods on the way that cover the last of its units."""


@dataclass(frozen=True, slots=True)
class Explained:
    """One part of a line with its reason. A line that owes nothing any more has one, without a part."""

    line: LineStanding
    part: PartStanding | None
    first_promise: date | None
    reason: Reason
    place: Place


def explain(
    order: OrderStanding,
    policy: BackorderPolicy,
    *,
    places: Mapping[tuple[int, Pool], Place],
    pools: Mapping[Pool, PoolFacts],
    wished: Collection[int],
    refused: Mapping[int, str] | None = None,
    items: Mapping[int, ItemChoices] | None = None,
    yields: bool = False,
) -> list[Explained]:
    """The reason of every part of an order. `wished` are lines whose cancelling the customer asked for; `refused` are
    lines whose waiting was not accepted, with the reason; `items` are choices for single
    items; `yields` says that the order lets others pass.
    """
    rows = []
    refused = refused or {}
    for line in order.lines:
        for part in line.parts or (None,):
            pool = None if part is None else part.pool
            place = Place() if pool is None else places.get((line.line_id, pool), Place())
            facts = None if pool is None else pools.get(pool, PoolFacts())
            why = reason(
                Situation(
                    outstanding=ZERO if part is None else part.outstanding,
                    allocated=ZERO if part is None else part.allocated,
                    pool=facts,
                    units_ahead=place.units_ahead,
                    overtaken_by=place.overtaken_by,
                    free_to_ship=ZERO if part is None else part.free_to_ship,
                    decided=part is None or part.decided,
                    paid=order.paid,
                    refused=refused.get(line.line_id, ""),
                    cancel_wished=line.line_id in wished,
                    stay=line.stay,
                    yields=yields and place.units_ahead == 0,
                    keep_back=kept_back(policy, None if pool is None or items is None else items.get(pool.item)),
                )
            )
            rows.append(Explained(line, part, place.first_promise, why, place))
    return rows
