"""Connects a store: proves the credentials with a call, remembers them sealed, and asks for the first import."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backorder.db import stores
from backorder.db.secrets import new_token
from backorder.db.stores import NewStore
from backorder.domain.store import Store
from connectors import get
from jobs.world import World


def connect(world: World, platform_name: str, given: Mapping[str, str]) -> Store:
    """Connect with the options that the platform's installer names; the store begins in watch mode.

    Raises Rejected, PermanentFailure or TemporaryFailure with a sentence; then nothing was remembered.
    """
    platform = get(platform_name)
    address = platform.installer.address(given)
    credentials = platform.installer.credentials(given)
    return remember(world, platform_name, address, credentials)


def remember(world: World, platform_name: str, address: str, credentials: Mapping[str, str]) -> Store:
    """Prove credentials and remember the store under its address."""
    facts = get(platform_name).client(address, credentials, world.transport, world.clock).describe()
    new = NewStore(
        platform=platform_name,
        address=address,
        name=facts.name,
        currency=facts.currency,
        timezone=_known_zone(facts.timezone),
        credentials=world.sealer.seal(credentials),
        webhook_token=new_token(),
    )
    with world.database.write() as conn:
        store = stores.connect(conn, new, world.clock())
    world.bell.ring("allocate", "audit", store.id)
    world.bell.ring("allocate", "catch_up", store.id)
    return store


def _known_zone(name: str) -> str:
    """The store's time zone where this machine knows it: days are then counted as the store does, else in UTC."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
