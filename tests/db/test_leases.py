"""Who works on what: one owner at a time, and no word from those who lost the lease."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from backorder.db import leases
from backorder.db.session import Database
from backorder.domain.errors import LeaseLost

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOON + leases.LENGTH


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


def take(database: Database, owner: str, at: datetime) -> leases.Lease | None:
    with database.write() as conn:
        return leases.acquire(conn, "allocate:1", owner, at)


def test_a_lease_has_one_owner_until_it_runs_out(database: Database) -> None:
    assert take(database, "a", NOON) is not None
    assert take(database, "b", NOON + timedelta(seconds=24)) is None
    assert take(database, "b", LATER) is not None


def test_a_lease_that_is_given_back_is_free_at_once(database: Database) -> None:
    with leases.holding(database, "allocate:1", "a", NOON) as lease:
        assert lease is not None
    assert take(database, "b", NOON) is not None


def test_a_lease_that_was_never_given_back_tells_its_next_owner_so(database: Database) -> None:
    with leases.holding(database, "allocate:1", "a", NOON) as lease:
        assert lease is not None
        assert not lease.orphaned
    second = take(database, "b", NOON)
    third = take(database, "c", LATER)
    assert second is not None
    assert third is not None
    assert (second.orphaned, third.orphaned) == (False, True)


def test_renewing_holds_it_for_its_full_length_again(database: Database) -> None:
    lease = take(database, "a", NOON)
    assert lease is not None
    with database.write() as conn:
        leases.renew(conn, lease, NOON + timedelta(seconds=20))
    assert take(database, "b", LATER) is None


def test_whoever_lost_the_lease_cannot_write_any_more(database: Database) -> None:
    stale = take(database, "a", NOON)
    assert take(database, "b", LATER) is not None
    assert stale is not None
    with pytest.raises(LeaseLost), database.write() as conn:
        leases.check(conn, stale)
    with pytest.raises(LeaseLost), database.write() as conn:
        leases.renew(conn, stale, LATER)


def test_the_same_owner_coming_back_is_another_owner(database: Database) -> None:
    stale = take(database, "a", NOON)
    assert take(database, "a", LATER) is not None
    assert stale is not None
    with pytest.raises(LeaseLost), database.write() as conn:
        leases.check(conn, stale)
