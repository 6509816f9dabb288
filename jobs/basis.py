"""What a pass of an item rests on beside the book, as fingerprints: a pass that would find nothing else ends at once.

Whatever a plan, a date or an answer depends on stands here or in the book's own mark (`items.changed`). The day is
among it, so every item is planned anew once a day whatever happened.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from backorder.db.items import Basis
from backorder.db.values import policy_out
from backorder.domain.choices import ItemChoices
from backorder.domain.promise import Outlook
from backorder.domain.store import Store
from backorder.domain.supply import Assessment, Inbound, Item, Pool


def bases(
    store: Store,
    ahead: Outlook,
    told: Sequence[Item],
    chosen: Mapping[int, ItemChoices],
    coming: Mapping[Pool, Sequence[Inbound]],
    assessed: Mapping[Pool, Assessment],
    dropped: Iterable[Pool],
) -> dict[int, Basis]:
    """What the pass of each item rests on."""
    gone = set(dropped)
    common = (
        store.mode,
        store.timezone,
        policy_out(store.policy),
        ahead.today,
        ahead.past_cut_off,
        sorted(ahead.records.items()),
    )
    of_all = _print(common)
    as_told = {item.item: item for item in told}
    pools: dict[int, list[Pool]] = {}
    for pool in sorted({*assessed, *gone}):
        pools.setdefault(pool.item, []).append(pool)
    found = {}
    for item, places in pools.items():
        on_the_way = [line for pool in sorted(coming) if pool.item == item for line in coming[pool]]
        stock = [(pool, assessed[pool].give, assessed[pool].may_take_back) for pool in places if pool in assessed]
        found[item] = Basis(
            terms=_print((of_all, as_told.get(item), chosen.get(item), on_the_way)),
            stock=_print((stock, [pool for pool in places if pool in gone])),
        )
    return found


def _print(what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()
