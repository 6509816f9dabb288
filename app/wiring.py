"""The one place where the parts are put together: the world of a process, and the jobs over it."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from backorder.config import Config
from backorder.db import moments
from backorder.db.secrets import Sealer
from backorder.db.session import Database
from connectors.http import Outgoing, Transport
from connectors.purse import LocalPurses
from jobs.drain import JOBS
from jobs.mailer import NoMailer, SmtpMailer
from jobs.purses import RedisPurses
from jobs.queues import Job, RedisBell, SilentBell
from jobs.world import World


def open_world(config: Config, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> World:
    """The world over these settings. Connects to nothing yet. `now` is this machine's clock."""
    redis_url = config.redis_url.get_secret_value()
    smtp_url = config.smtp_url.get_secret_value()
    database = Database(config.database_url.get_secret_value())
    return World(
        config=config,
        database=database,
        clock=moments.clock(database, now),
        transport=Transport(
            Outgoing(config.allow_private_stores, config.ca_bundle, config.store_addresses, config.data_dir / "calls"),
            # Without Redis there is no other process that works.
            RedisPurses(redis_url) if redis_url else LocalPurses(),
        ),
        mailer=SmtpMailer(smtp_url) if smtp_url else NoMailer(),
        bell=RedisBell(redis_url) if redis_url else SilentBell(),
        sealer=Sealer([key.get_secret_value() for key in config.secret_keys]),
        chance=random.random,
    )


def jobs(world: World) -> Mapping[str, Job]:
    """The jobs by name, each over this world."""
    return {name: partial(job, world) for name, job in JOBS.items()}
