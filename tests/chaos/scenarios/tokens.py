"""F-19: access that ends while several processes need it; the one who renews it is killed in between."""

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from backorder.db import leases as lease_rows
from backorder.db import stores
from backorder.db.session import migrate
from backorder.db.tables import leases
from backorder.domain.store import Health
from connectors.shopify import tokens
from demo.stores.shopify import ShopifyShop
from jobs.connect import remember
from jobs.world import World
from tests.chaos.scenarios.expectation import Expectation
from tests.chaos.scenarios.racing import DEAD, DONE, Racers, a_database, serving, world_at
from tests.processes.running import SHOPIFY_DOMAIN, SHOPIFY_SECRET, until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ENVIRON = {tokens.CLIENT_ID_SETTING: "the-app", tokens.SECRETS_SETTING: SHOPIFY_SECRET}
PROCESSES = 8
ROUNDS = 30
KILLS = 4
SLOW_SECONDS = 0.15
AGAIN = "TemporaryFailure"
"""Somebody else was renewing the key and did not come to an end: to be done again later."""


class SlowOffice:
    """The shop, whose office for tokens takes its time and counts who stands there at once."""

    def __init__(self, shop: ShopifyShop) -> None:
        self._shop = shop
        self._lock = threading.Lock()
        self.there = 0
        self.most = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/admin/oauth/access_token":
            return self._shop(environ, start_response)
        with self._lock:
            self.there += 1
            self.most = max(self.most, self.there)
        try:
            answer = self._shop(environ, start_response)
            time.sleep(SLOW_SECONDS)
            return answer
        finally:
            with self._lock:
                self.there -= 1


def renewals(url: str, folder: Path, processes: int, rounds: int, kills: int) -> Iterator[Expectation]:
    """Every round the token is void and all processes call at once; in some the one who renews it is killed."""
    migrate(url)
    shop = ShopifyShop(domain=SHOPIFY_DOMAIN, secret=SHOPIFY_SECRET, deliver=lambda *_: 200, client_id="the-app")
    office = SlowOffice(shop)
    with serving(office) as port:
        world = world_at(folder, url, port, ENVIRON)
        given = tokens.exchange(SHOPIFY_DOMAIN, shop.office.id_token(datetime.now(UTC)), world.wire)
        store_id = remember(world, "shopify", SHOPIFY_DOMAIN, given).id
        wrong = []
        with Racers(processes, folder, url, port, ENVIRON) as racers:
            for number in range(rounds):
                said, asked = _round(racers, shop, store_id, processes)
                if (set(said), asked) != ({DONE}, 1):
                    wrong.append(f"round {number}: {said}, {asked} refreshes")
            yield Expectation(
                not wrong, f"{processes} processes, {rounds} rounds: {len(wrong)} without one refresh {wrong[:3]}"
            )
            for number in range(kills):
                yield _killed(racers, shop, office, world, store_id, processes, number)
        yield Expectation(office.most == 1, f"most refreshes in flight at once: {office.most}")
        with world.database.read() as conn:
            store = stores.get(conn, store_id)
        held = world.keys.life(store).until
        yield Expectation(
            store.health is Health.GOOD and held is not None and len(shop.office.open_tokens) == 1,
            f"the store's access in the end: {store.health}",
        )
        world.database.close()


def _round(racers: Racers, shop: ShopifyShop, store_id: int, processes: int) -> tuple[list[str], int]:
    before = shop.office.grants.count("refresh_token")
    shop.office.open_tokens.clear()
    said = racers.race([("call", store_id)] * processes)
    return said, shop.office.grants.count("refresh_token") - before


def _killed(
    racers: Racers, shop: ShopifyShop, office: SlowOffice, world: World, store_id: int, processes: int, number: int
) -> Expectation:
    """Whoever stands in the office dies there. The others come again once its lease has ended, and lose nothing."""
    shop.office.open_tokens.clear()

    def kill() -> None:
        until(lambda: office.there, "somebody renews the key", every=0.005)
        killed = racers.kill(_holder(world, store_id))
        assert killed

    first = racers.race([("call", store_id)] * processes, kill)
    began = time.monotonic()
    until(partial(_free, world, store_id), "the lease of the dead ends", 2 * lease_rows.LENGTH.total_seconds())
    again = racers.race([("call", store_id)] * processes)
    holds = first.count(DEAD) == 1 and set(first) <= {DEAD, AGAIN, DONE} and set(again) == {DONE}
    return Expectation(
        holds, f"killed while renewing, {number}: {first}; {time.monotonic() - began:.0f} s later {set(again)}"
    )


def _holder(world: World, store_id: int) -> int:
    with world.database.read() as conn:
        owner = conn.execute(select(leases.c.owner).where(leases.c.name == f"keys:{store_id}")).scalar_one()
    return int(str(owner).rpartition("-")[0].rpartition("-")[2])


def _free(world: World, store_id: int) -> bool:
    with world.database.read() as conn:
        ends = conn.execute(select(leases.c.until).where(leases.c.name == f"keys:{store_id}")).scalar_one()
    return bool(ends <= world.clock())


def f19(engine: str) -> Iterator[Expectation]:
    """Eight processes at once, thirty times; then the one who renews is killed, four times."""
    with a_database(engine) as (folder, url):
        yield from renewals(url, folder, PROCESSES, ROUNDS, KILLS)
