"""What a store's dates rest on: its day, its calendar, its cut-off, its suppliers' records."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from backorder.db import goods
from backorder.db.session import Connection
from backorder.domain.lateness import learned
from backorder.domain.policy import BackorderPolicy, PolicyError
from backorder.domain.promise import Outlook
from backorder.domain.store import Store
from backorder.domain.workdays import Workdays

YEARS = 3
"""Holidays are known for so many years from this one on: no promise reaches further."""


def outlook(conn: Connection, store: Store, now: datetime) -> Outlook:
    """Everything of a store that its dates rest on, at a moment."""
    policy = store.policy
    local = now.astimezone(ZoneInfo(store.timezone))
    found = goods.history(conn, store.id, store.timezone)
    records = {name: record for name, history in found.items() if (record := learned(history)) is not None}
    return Outlook(
        today=local.date(),
        policy=policy,
        workdays=calendar(policy, local.year),
        past_cut_off=policy.cut_off_hour is not None and local.hour >= policy.cut_off_hour,
        records=records,
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
