"""Connects a store: proves the credentials with a call, remembers them sealed, and asks for the first import."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backorder.db import stores
from backorder.db.secrets import new_token
from backorder.db.stores import NewStore
from backorder.domain.store import Store
from connectors import get
from connectors.contract import StoreFacts
from connectors.joining import Admitted, Credentials
from jobs.world import World


def connect(world: World, platform_name: str, given: Mapping[str, str]) -> Store:
    """Connect with the options that the platform's installer names; the store begins in watch mode.

    Raises Rejected, PermanentFailure or TemporaryFailure with a sentence; then nothing was remembered.
    """
    platform = get(platform_name)
    address = platform.installer.address(given)
    credentials = platform.installer.credentials(given)
    return remember(world, platform_name, address, credentials)


def admit(world: World, platform_name: str, admitted: Admitted) -> Store:
    """A store that let us in: connected in watch mode where it is new (or had left), else at work again with its new
    credentials, in the mode that it was in. Raises as `connect` does.
    """
    with world.database.read() as conn:
        known = stores.connected(conn, platform_name, admitted.address)
    if known is None:
        return remember(world, platform_name, admitted.address, admitted.credentials)
    credentials, facts = _proven(world, platform_name, admitted.address, admitted.credentials)
    sealed, renew_at = world.keys.seal(platform_name, credentials)
    with world.database.write() as conn:
        stores.let_in_again(conn, known.id, sealed, renew_at, world.clock())
        stores.told_of_itself(conn, known.id, facts.lacks, facts.statuses)
    _ring(world, known.id)
    return known


def remember(world: World, platform_name: str, address: str, credentials: Mapping[str, str]) -> Store:
    """Prove credentials and remember the store under its address."""
    credentials, facts = _proven(world, platform_name, address, credentials)
    sealed, renew_at = world.keys.seal(platform_name, credentials)
    new = NewStore(
        platform=platform_name,
        address=address,
        name=facts.name,
        currency=facts.currency,
        timezone=known_zone(facts.timezone),
        credentials=sealed,
        webhook_token=new_token(),
        renew_at=renew_at,
        lacks=facts.lacks,
        statuses=facts.statuses,
    )
    with world.database.write() as conn:
        store = stores.connect(conn, new, world.clock())
    _ring(world, store.id)
    return store


def _proven(world: World, platform_name: str, address: str, credentials: Credentials) -> tuple[Credentials, StoreFacts]:
    """The credentials as the store takes them, and what it says of itself: the proof that they work."""
    platform = get(platform_name)
    credentials = platform.installer.proven(address, credentials, world.transport)
    return credentials, platform.client(address, credentials, world.transport, world.clock).describe()


def _ring(world: World, store_id: int) -> None:
    world.bell.ring("allocate", "audit", store_id)
    world.bell.ring("allocate", "catch_up", store_id)


def known_zone(name: str) -> str:
    """The store's time zone where this machine knows it: days are then counted as the store does, else in UTC."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
