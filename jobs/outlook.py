"""What a store's dates rest on: its day, its calendar, its cut-off, its suppliers' records."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from backorder.db import goods
from backorder.db.session import Connection
from backorder.domain.choices import ItemChoices
from backorder.domain.lateness import learned
from backorder.domain.policy import BackorderPolicy, PolicyError
from backorder.domain.promise import FURTHEST_YEARS, Outlook
from backorder.domain.store import Store
from backorder.domain.workdays import Workdays

YEARS = FURTHEST_YEARS + 2
"""Holidays are known for so many years from this one on: no promise reaches further."""


def zone_of(store: Store) -> tzinfo:
    """The time zone in which the store counts its days."""
    return ZoneInfo(store.timezone)


def outlook(conn: Connection, store: Store, now: datetime, chosen: Mapping[int, ItemChoices]) -> Outlook:
    """Everything of a store that its dates rest on, at a moment. `chosen`: what was chosen for its items."""
    policy, zone = store.policy, zone_of(store)
    local = now.astimezone(zone)
    found = goods.history(conn, store.id, store.timezone)
    records = {name: record for name, history in found.items() if (record := learned(history)) is not None}
    return Outlook(
        today=local.date(),
        policy=policy,
        workdays=calendar(policy, local.year),
        past_cut_off=policy.cut_off_hour is not None and local.hour >= policy.cut_off_hour,
        records=records,
        zone=zone,
        released={item: choices.released_on for item, choices in chosen.items() if choices.released_on is not None},
    )


def calendar(policy: BackorderPolicy, year: int) -> Workdays:
    """The days on which a store works. Raises PolicyError for a country of which no holidays are known."""
    if not policy.holidays_of:
        return Workdays(policy.workdays)
    return Workdays(policy.workdays, _public_holidays(policy.holidays_of, year))


@lru_cache(maxsize=256)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    name, _, region = country.partition("-")
    try:
        found = holidays.country_holidays(name, subdiv=region or None, years=range(year, year + YEARS))
    except NotImplementedError:
        raise PolicyError("holidays_of", f"No public holidays of {country} are known here.") from None
    return frozenset(found)
