"""An allocator by brute force: it tries every way to give units and keeps the one that the rules put first.

No running sums and no cleverness: of all ways that never give more than is there, the best is the one in which the
first in line has most, then the second, and so on. Orders that take all or nothing count as one, at their last line.
"""

from itertools import product
from random import Random

from backorder.domain.allocation import Binding, Demand, Supply, allocate
from backorder.domain.supply import ZERO, Pool, Units
from tests.builders import demand, units

WORLDS = 2000
POOLS = [Pool(1), Pool(2), Pool(3)]

Ways = dict[tuple[int, int, Pool], Units]


def by_brute_force(world: list[Demand], there: dict[Pool, Units]) -> Ways:
    """What each part has in the best of all ways."""
    found: Ways = {}
    groups = _groups(world)
    left = {
        pool: max(ZERO, have - sum((min(p.firm, p.outstanding) for p in world if p.pool == pool), ZERO))
        for pool, have in there.items()
    }
    for group in groups:
        best: tuple[Units, ...] | None = None
        choices = [range(int(part.outstanding - min(part.firm, part.outstanding)) + 1) for part in group]
        for way in product(*choices):
            taken = {
                pool: sum((units(n) for n, p in zip(way, group, strict=True) if p.pool == pool), ZERO) for pool in left
            }
            if any(taken[pool] > left[pool] for pool in left):
                continue
            if any(n and part.takes_no_more for n, part in zip(way, group, strict=True)):
                continue
            whole = all(n == choice[-1] for n, choice in zip(way, choices, strict=True))
            if group[0].together and sum(way) and not whole:
                continue
            given = tuple(units(n) for n in way)
            if best is None or given > best:
                best = given
        assert best is not None
        for n, part in zip(best, group, strict=True):
            left[part.pool] -= n
            found[part.key] = min(part.firm, part.outstanding) + n
    return found


def _groups(world: list[Demand]) -> list[list[Demand]]:
    """Everybody in turn; who takes all or nothing together with its order, at the turn of the last."""
    orders = {p.turn.order_id for p in world if p.together}
    groups = [[p] for p in world if not p.together]
    groups += [sorted((p for p in world if p.turn.order_id == o and p.together), key=lambda p: p.turn) for o in orders]
    return sorted(groups, key=lambda group: max(p.turn for p in group))


def a_world(chance: Random) -> tuple[list[Demand], dict[Pool, Units]]:
    """Up to 8 lines of up to 5 orders over up to 3 items."""
    world, pools = [], POOLS[: chance.randint(1, 3)]
    yielding = {order for order in range(100, 105) if chance.random() < 0.3}
    for line in range(chance.randint(0, 8)):
        order = chance.randint(100, 104)
        owed = chance.randint(1, 3)
        allocated = chance.randint(0, owed)
        world.append(
            demand(
                order,
                owed,
                line=line,
                day=chance.randint(1, 9),
                pool=chance.choice(pools),
                allocated=allocated,
                firm=chance.choice([0, 0, chance.randint(0, allocated)]),
                takes_no_more=order not in yielding and chance.random() < 0.1,
                together=order in yielding,
            )
        )
    firm = {pool: sum((part.firm for part in world if part.pool == pool), ZERO) for pool in pools}
    return world, {pool: firm[pool] + chance.randint(0, 7) for pool in pools}


def test_the_allocator_and_brute_force_agree_on_two_thousand_worlds() -> None:
    chance = Random(7)
    for number in range(WORLDS):
        world, there = a_world(chance)
        supply = {pool: Supply(have) for pool, have in there.items()}
        chance.shuffle(world)
        plan = allocate(world, supply, Binding.AT_RELEASE)
        made = {d.demand.key: d.allocated for d in plan.decisions}
        has = {part.key: made.get(part.key, part.allocated) for part in world}
        assert has == by_brute_force(world, there), f"world {number}"
