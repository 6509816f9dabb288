"""Connected stores: their rows, their policy, their health."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from backorder.db import pulls, whole_readings
from backorder.db.tables import signins, stores
from backorder.db.upsert import insert_missing
from backorder.db.values import policy_in, policy_out
from backorder.domain.backoff import asked_for, wait_seconds
from backorder.domain.errors import Rejected
from backorder.domain.policy import BackorderPolicy
from backorder.domain.store import Health, Mode, Store

BETWEEN_PULLS = timedelta(seconds=10)
"""A store that tells of many changes without saying of what is not asked each time: each pull reads a quarter of an
hour.
"""


# Asked at every step of everybody: built once.
_OF_ID = select(stores).where(stores.c.id == bindparam("of"))
_HEALTH = select(stores.c.health).where(stores.c.id == bindparam("of"))
_CONNECTED = select(stores).where(stores.c.health != Health.GONE).order_by(stores.c.id)


class NoSuchStore(Rejected):
    """No store has that id or address."""

    status = 404


@dataclass(frozen=True, slots=True)
class NewStore:
    """What is known of a store when it is connected."""

    platform: str
    address: str
    name: str
    currency: str
    timezone: str
    credentials: str
    webhook_token: str
    renew_at: datetime | None = None
    lacks: tuple[str, ...] = ()
    statuses: tuple[tuple[str, str], ...] = ()


def connect(conn: Connection, new: NewStore, now: datetime) -> Store:
    """Remember a store. One that is there already keeps its webhook address, gets the new credentials and is imported
    anew.
    """
    facts = {
        "name": new.name,
        "currency": new.currency,
        "timezone": new.timezone,
        "credentials": new.credentials,
        "renew_at": new.renew_at,
        "lacks": list(new.lacks),
        "statuses": [list(status) for status in new.statuses],
        "health": Health.GOOD,
        "trouble": "",
        "failures": 0,
        "calm_until": None,
        "imported_at": None,
        "pulled_until": None,
        "catch_up_at": now,
        "audited_at": now,
        "installed_at": now,
        "whole_at": None,
    }
    known = connected(conn, new.platform, new.address)
    if known is None:
        made = {
            "platform": new.platform,
            "address": new.address,
            "mode": Mode.WATCH,
            "policy": policy_out(BackorderPolicy()),
            "connected_at": now,
            "webhook_token": new.webhook_token,
        }
        # Two may connect it at the same moment: the second waits here for the first, and goes on with its row.
        insert_missing(conn, stores, [facts | made])
        known = connected(conn, new.platform, new.address)
        assert known is not None, "it was made just now"
    conn.execute(update(stores).where(stores.c.id == known.id).values(**facts))
    whole_readings.end(conn, known.id)
    pulls.end(conn, known.id)
    return get(conn, known.id)


def get(conn: Connection, store_id: int) -> Store:
    """The store of that id. Raises NoSuchStore."""
    row = conn.execute(_OF_ID, {"of": store_id}).mappings().first()
    if row is None:
        raise NoSuchStore(f"There is no store {store_id}.")
    return _store(row)


def to_change(conn: Connection, store_id: int) -> Store:
    """The store, and the turn to change its row and its book until the transaction ends: one at a time per store, so
    what is read then is what is changed. Asked for before any other row is. Raises NoSuchStore.
    """
    take_turn(conn, store_id)
    return get(conn, store_id)


def take_turn(conn: Connection, store_id: int) -> None:
    """Wait until nobody else changes the store's book. SQLite lets one write at a time anyway."""
    if conn.dialect.name != "sqlite":
        # Rows that only point at the store, as webhooks do, need not wait for this.
        conn.execute(select(stores.c.id).where(stores.c.id == store_id).with_for_update(key_share=True))


def everyone(conn: Connection) -> list[Store]:
    """Every store that is still connected, oldest first."""
    return [_store(row) for row in conn.execute(_CONNECTED).mappings()]


def by_token_hash(conn: Connection, api_token_hash: str) -> Store | None:
    """The store that an API token opens."""
    row = conn.execute(select(stores).where(stores.c.api_token_hash == api_token_hash)).mappings().first()
    return None if row is None or row["health"] is Health.GONE else _store(row)


def credentials(conn: Connection, store_id: int) -> str:
    """The sealed credentials."""
    return str(conn.execute(select(stores.c.credentials).where(stores.c.id == store_id)).scalar_one())


def renew(conn: Connection, store_id: int, old: str, new: str, renew_at: datetime | None) -> bool:
    """Put new sealed credentials in the place of the old ones; whether these were still there. Whoever connected the
    store anew meanwhile has better ones.
    """
    same = (stores.c.id == store_id, stores.c.credentials == old, stores.c.health != Health.GONE)
    done = conn.execute(update(stores).where(*same).values(credentials=new, renew_at=renew_at))
    return done.rowcount == 1


def let_in_again(conn: Connection, store_id: int, sealed: str, renew_at: datetime | None, now: datetime) -> None:
    """The merchant let us in again: the store works on with these credentials, and what was missed is read."""
    conn.execute(
        update(stores)
        .where(stores.c.id == store_id, stores.c.health != Health.GONE)
        .values(
            credentials=sealed,
            renew_at=renew_at,
            health=Health.GOOD,
            trouble="",
            failures=0,
            calm_until=None,
            catch_up_at=now,
            audited_at=now,
            installed_at=now,
            swept_at=None,
        )
    )


def connected(conn: Connection, platform: str, address: str) -> Store | None:
    """The connected store at that address."""
    row = (
        conn.execute(
            select(stores).where(
                stores.c.platform == platform, stores.c.address == address, stores.c.health != Health.GONE
            )
        )
        .mappings()
        .first()
    )
    return None if row is None else _store(row)


def told_of_itself(conn: Connection, store_id: int, lacks: Sequence[str], statuses: Sequence[tuple[str, str]]) -> None:
    """Remember what the merchant does not allow, and which statuses a waiting order may be given."""
    kept = [list(status) for status in statuses]
    conn.execute(update(stores).where(stores.c.id == store_id).values(lacks=list(lacks), statuses=kept))


def webhook_token(conn: Connection, store_id: int) -> str:
    """The token in the store's webhook URL."""
    return str(conn.execute(select(stores.c.webhook_token).where(stores.c.id == store_id)).scalar_one())


def set_api_token(conn: Connection, store_id: int, api_token_hash: str) -> None:
    """Let this token in, and the one before it no more."""
    conn.execute(update(stores).where(stores.c.id == store_id).values(api_token_hash=api_token_hash))


def set_mode(conn: Connection, store_id: int, mode: Mode) -> None:
    """Watch, or on."""
    conn.execute(update(stores).where(stores.c.id == store_id).values(mode=mode))


def set_policy(conn: Connection, store_id: int, policy: BackorderPolicy) -> None:
    """Save the merchant's choices."""
    conn.execute(update(stores).where(stores.c.id == store_id).values(policy=policy_out(policy)))


def judged_next(conn: Connection, store_id: int) -> datetime | None:
    """When it is decided anew for every item whether it may be sold on; `None`: at once."""
    found: datetime | None = conn.execute(select(stores.c.judge_at).where(stores.c.id == store_id)).scalar_one()
    return found


def judged(conn: Connection, store_id: int, asked_at: datetime | None, following: datetime) -> None:
    """It was decided for every item, as asked for then. Whoever asked meanwhile is not answered by this."""
    same = stores.c.judge_at.is_(None) if asked_at is None else stores.c.judge_at == asked_at
    conn.execute(update(stores).where(stores.c.id == store_id, same).values(judge_at=following))


def note(conn: Connection, store_id: int, **times: datetime | None) -> None:
    """Remember when something was done for the store (imported_at, pulled_at, pulled_until, catch_up_at, ...)."""
    conn.execute(update(stores).where(stores.c.id == store_id).values(**times))


CALLED = (Health.GOOD, Health.BACKING_OFF)
"""How stores are that may be called at all, once `calm_until` is over."""


def wait_until(conn: Connection, store_id: int, moment: datetime) -> None:
    """The store is well and takes no more calls before then."""
    conn.execute(
        update(stores)
        .where(
            stores.c.id == store_id,
            stores.c.health.in_(CALLED),
            stores.c.calm_until.is_(None) | (stores.c.calm_until < moment),
        )
        .values(calm_until=moment)
    )


def turned_away(conn: Connection, store_id: int, reason: str, retry_after: float, chance: float, now: datetime) -> None:
    """The store is well and refused a call, as one too many. One that refuses call after call has failed."""
    failures = conn.execute(select(stores.c.failures).where(stores.c.id == store_id)).scalar_one() + 1
    if failures < PATIENCE:
        conn.execute(update(stores).where(stores.c.id == store_id).values(failures=failures))
        wait_until(conn, store_id, now + timedelta(seconds=asked_for(retry_after, chance)))
    else:
        call_failed(conn, store_id, reason, retry_after, chance, now)


def renamed(conn: Connection, store_id: int, *, name: str, currency: str, timezone: str) -> None:
    """What the store says of itself now."""
    conn.execute(
        update(stores).where(stores.c.id == store_id).values(name=name[:200], currency=currency, timezone=timezone)
    )


def calls_work(conn: Connection, store_id: int) -> None:
    """A call succeeded: the store is healthy again."""
    conn.execute(
        update(stores)
        .where(stores.c.id == store_id, stores.c.health.in_(CALLED))
        .values(health=Health.GOOD, trouble="", failures=0, calm_until=None)
    )


def call_failed(conn: Connection, store_id: int, reason: str, retry_after: float, chance: float, now: datetime) -> None:
    """A call failed for now: leave the store alone, longer with each failure in a row, at most 10 minutes or what it
    asked for.
    """
    failures = conn.execute(select(stores.c.failures).where(stores.c.id == store_id)).scalar_one()
    wait = wait_seconds(failures, first=2.0, most=600.0, at_least=retry_after, chance=chance)
    conn.execute(
        update(stores)
        .where(stores.c.id == store_id, stores.c.health.in_(CALLED))
        .values(
            health=Health.BACKING_OFF,
            trouble=reason,
            failures=min(failures + 1, 20),
            calm_until=now + timedelta(seconds=wait),
        )
    )


def is_gone(conn: Connection, store_id: int) -> bool:
    """Whether the store has left."""
    return conn.execute(_HEALTH, {"of": store_id}).scalar_one() is Health.GONE


def at_address(conn: Connection, platform: str, address: str) -> list[Store]:
    """Every installation that a store ever had here, those that are gone too, oldest first."""
    found = select(stores).where(stores.c.platform == platform, stores.c.address == address).order_by(stores.c.id)
    return [_store(row) for row in conn.execute(found).mappings()]


def access_lost(conn: Connection, store: Store, reason: str) -> None:
    """The store refuses us: nothing is tried before it is connected again. Whoever was refused before the merchant let
    us in anew takes nothing away.
    """
    same = (stores.c.id == store.id, stores.c.installed_at == store.installed_at)
    conn.execute(
        update(stores).where(*same, stores.c.health != Health.GONE).values(health=Health.ACCESS_LOST, trouble=reason)
    )


def leave(conn: Connection, store_id: int) -> None:
    """A store is gone: its credentials and sign-ins at once; nothing is called, kept or sent any more. What it sent,
    and what was still to be done for it, a task removes.
    """
    conn.execute(delete(signins).where(signins.c.store_id == store_id))
    conn.execute(
        update(stores)
        .where(stores.c.id == store_id)
        .values(health=Health.GONE, mode=Mode.WATCH, credentials="", renew_at=None, api_token_hash=None)
    )


def may_be_pulled(store: Store, now: datetime) -> bool:
    """Whether a pull of what changed is due, and the one before began long enough ago."""
    due = store.catch_up_at is not None and store.catch_up_at <= now
    return due and (store.pulled_at is None or store.pulled_at + BETWEEN_PULLS <= now)


def next_pull(conn: Connection, after: datetime) -> datetime | None:
    """When the next store for which a pull is due may be pulled again."""
    last = select(func.min(stores.c.pulled_at)).where(
        stores.c.catch_up_at <= after,
        stores.c.pulled_at > after - BETWEEN_PULLS,
        stores.c.health.in_([Health.GOOD, Health.BACKING_OFF]),
    )
    pulled_at = conn.execute(last).scalar_one_or_none()
    return None if pulled_at is None else pulled_at + BETWEEN_PULLS


def callable_now(conn: Connection, now: datetime) -> list[Store]:
    """Stores that may be called at the moment."""
    return [
        store
        for store in everyone(conn)
        if store.health in CALLED and (store.calm_until is None or store.calm_until <= now)
    ]


PATIENCE = 6
"""Failures in a row after which nobody waits for a store any more; it is still asked now and then."""


def next_call(conn: Connection, after: datetime) -> datetime | None:
    """When the next store that failed for a moment, or takes no more calls for one, may be called again."""
    found = select(func.min(stores.c.calm_until)).where(
        stores.c.health.in_(CALLED), stores.c.calm_until > after, stores.c.failures < PATIENCE
    )
    return conn.execute(found).scalar_one_or_none()


def _store(row: Any) -> Store:
    names = (
        "id", "platform", "address", "name", "currency", "timezone", "mode", "health", "connected_at", "installed_at",
        "trouble", "failures", "calm_until", "imported_at", "pulled_at", "pulled_until", "catch_up_at", "swept_at",
        "audited_at", "whole_at", "renew_at",
    )  # fmt: skip
    values = {name: row[name] for name in names}
    return Store(
        **values,
        policy=policy_in(row["policy"]),
        lacks=tuple(row["lacks"]),
        statuses=tuple((word, name) for word, name in row["statuses"]),
    )
