"""A worker that starts goes on at once with what a killed one of its machine had in hand."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.wiring import open_world
from backorder.config import Config
from backorder.db import leases
from jobs.inherit import inherit
from jobs.world import World

NAMES = ["allocate:1", "ingest:1", "write:1:7"]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    found = open_world(Config(database_url=SecretStr(database_url), secret_keys=(SecretStr("s" * 32),)))
    yield found
    found.database.close()


def owner_like(world: World, pid: int) -> str:
    machine = world.owner.rsplit("-", 2)[0]
    return f"{machine}-{pid}-0123abcd"


def left_after(world: World, owner: str) -> list[str]:
    """Which leases an owner still has once a worker has started."""
    now = world.clock()
    with world.database.write() as conn:
        for name in NAMES:
            leases.acquire(conn, name, owner, now)
    inherit(world)
    with world.database.read() as conn:
        return [name for name in NAMES if leases.held(conn, name, now + timedelta(seconds=1))]


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_leases_of_a_dead_process_end_but_for_its_writes(world: World) -> None:
    assert left_after(world, owner_like(world, ended_process())) == ["write:1:7"]


def test_an_owner_before_us_that_had_our_own_number_is_dead(world: World) -> None:
    assert left_after(world, owner_like(world, os.getpid())) == ["write:1:7"]


def test_a_living_process_keeps_its_leases(world: World) -> None:
    assert left_after(world, owner_like(world, os.getppid())) == NAMES


def test_our_own_leases_stay(world: World) -> None:
    assert left_after(world, world.owner) == NAMES


def test_owners_of_other_machines_keep_their_leases(world: World) -> None:
    assert left_after(world, f"elsewhere-{ended_process()}-0123abcd") == NAMES


def test_the_next_owner_learns_that_a_lease_was_never_given_back(world: World) -> None:
    left_after(world, owner_like(world, ended_process()))
    with world.database.write() as conn:
        lease = leases.acquire(conn, "ingest:1", world.owner, world.clock())
    assert lease is not None
    assert lease.orphaned
