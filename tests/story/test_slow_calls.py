"""A shop that takes its time: whoever asks it keeps the right to do so, call by call."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from backorder.db import leases
from demo.stores.wire import LocalTransport
from jobs.catch_up import audit
from jobs.keys import EARLY
from tests.story.test_keys import House

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SLOW = timedelta(seconds=15)


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    made = House(database_url)
    yield made
    made.bench.close()


@pytest.fixture
def taken_over(house: House) -> list[bool]:
    """Whether somebody else could take over, of each call: every one of them takes fifteen seconds."""
    told: list[bool] = []

    def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        house.later(SLOW)
        work = "keys" if environ["PATH_INFO"].endswith("/access_token") else "audit"
        with house.world.database.write() as conn:
            told.append(leases.acquire(conn, f"{work}:{house.id}", "another", house.bench.now) is not None)
        return house.shop(environ, start_response)

    house.world = replace(house.world, transport=LocalTransport({house.shop.domain: slow}))
    return told


def test_a_key_is_exchanged_by_one_process_however_slow_the_shop_is(house: House, taken_over: list[bool]) -> None:
    house.later(timedelta(hours=1) - EARLY)
    house.call()
    house.later(timedelta(hours=1) - EARLY)
    del house.office.refresh_tokens[house.held["refresh_token"]]
    del taken_over[:]
    house.world.keys.renew(house.store)

    assert taken_over == [False, False]


def test_webhooks_are_looked_after_by_one_process_however_slow_the_shop_is(
    house: House, taken_over: list[bool]
) -> None:
    audit(house.world, house.id)

    assert (len(taken_over) > 30, any(taken_over)) == (True, False)
    assert len(house.shop.shop.subscriptions) > 30
