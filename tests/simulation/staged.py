"""Steps that bring about what chance does too rarely: played only in worlds of planted faults that ask for them.

No world of the fresh seeds has them, so that whoever adds one changes none of those.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

from backorder.db import leases, stores
from backorder.domain.errors import Rejected
from jobs import steer, sweep
from tests.simulation import policies
from tests.simulation.access import shut_out
from tests.simulation.acts import TROUBLES, Step, act_in
from tests.simulation.box import Box
from tests.simulation.site import Site

HOUR = timedelta(hours=1)
MORE_NEWS = 4
"""So much, that some of it is of what was just asked for."""


def _all_on(box: Box, **choices: object) -> None:
    for site in box.sites:
        with suppress(Rejected):
            steer.save_policy(box.world, box.ids[site.name], **{**choices, "paused": False})
            steer.switch_on(box.world, box.ids[site.name], tell_waiting=True)


def _work_off(box: Box, die: Random) -> int:
    """What is due now is done, once."""
    rings = sweep.due(box.world)
    for ring in rings:
        box.job(ring, die)
    return len(rings)


def gale(box: Box, die: Random) -> str:
    """All shops are on, and all that is due is worked off, while their next writes go wrong."""
    _all_on(box)
    for site in box.sites:
        site.app.troubles.fail(die.choice(["429", "429", *TROUBLES]), writes=True)
    rings = _work_off(box, die)
    box.now += timedelta(seconds=die.randrange(2, 9))
    return f"{rings} rings"


def crossed(box: Box, die: Random) -> str:
    """Something happens in a shop and is told, and a job asks the shop for it. Before that is answered, another job of
    the store asks, too; or the same job does, because this one stood still for too long; or the merchant changes the
    rules; or the shop has more news.
    """
    site = die.choice(box.sites)
    store_id = box.ids[site.name]
    told = [_news(box, site, die)]
    first = die.choice(["catch_up", "allocate"])
    second = die.choice(["catch_up", "allocate", "rules", "news"])
    about_orders = die.random() < 0.6
    usual, left = box.calling, [second]

    def calling(url: str, headers: Mapping[str, str], data: bytes | str | None) -> None:
        usual(url, headers, data)
        if not left or ("rders" in f"{url} {data!r}") is not about_orders:
            return
        left.clear()
        if second == "rules":
            told.append(_new_rules(box, store_id, die))
        elif second == "news":
            told.extend(_news(box, site, die) for _ in range(MORE_NEWS))
        else:
            if first == second:
                box.now += 2 * leases.LENGTH
            told.append(box.job(("allocate", second, store_id), die))

    box.calling = calling
    try:
        told.append(box.job(("allocate", first, store_id), die))
    finally:
        box.calling = usual
    return f"{site.name} {first} with {second}: {told}"


def _news(box: Box, site: Site, die: Random) -> str:
    """Something happens in a shop, is told, and taken in."""
    happened = act_in(site, die)
    while site.pending_now():
        site.send(die)
    return f"{happened}, {box.job(('inbox', 'ingest', box.ids[site.name]), die)}"


def _new_rules(box: Box, store_id: int, die: Random) -> str:
    """The merchant puts other orders ahead."""
    chosen = policies.heads(die)
    with suppress(Rejected):
        steer.save_policy(box.world, store_id, **chosen)
    return str(chosen)


def dawn(box: Box, die: Random) -> str:
    """It gets so late or so early that a shop's day is not the day in UTC, and what is due is worked off."""
    _all_on(box)
    site = die.choice(box.sites)
    with box.world.database.read() as conn:
        zone = ZoneInfo(stores.get(conn, box.ids[site.name]).timezone)
    for _ in range(24):
        if box.now.date() != box.now.astimezone(zone).date():
            break
        box.now += HOUR
    return f"{site.name}: {box.now}, {_work_off(box, die)} rings"


def shelves(box: Box, die: Random) -> str:
    """Merchants let us tell shoppers and turn the switch that sells what is not there, or do not any more."""
    choices = {"turn_selling": die.random() < 0.5, "tell_shoppers": die.random() < 0.5}
    _all_on(box, **choices)
    rings = _work_off(box, die)
    box.now += timedelta(seconds=die.randrange(31, 61))
    return f"{choices}, {rings} rings and {_work_off(box, die)}"


STAGED: Mapping[str, Step] = {
    "gale": gale,
    "crossed": crossed,
    "dawn": dawn,
    "shelves": shelves,
    "shut out": shut_out,
}
