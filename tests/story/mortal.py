"""Workers that can be killed at any effect: before or after a commit, a call, a mail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from backorder.db.session import Database
from connectors.http import Reply, Transport
from jobs.mailer import Mailer, Message
from jobs.world import World


class Killed(BaseException):
    """The worker is gone: nothing catches this, and nothing of it can write any more."""


@dataclass
class Life:
    """Counts effects, and ends at one of them."""

    ends_at: int | None = None
    effects: int = 0
    over: bool = False

    def pass_by(self) -> None:
        if self.over:
            raise Killed
        self.effects += 1
        if self.effects == self.ends_at:
            self.over = True
            raise Killed


class MortalDatabase(Database):
    """Killed before a commit nothing of the transaction is kept; killed after it all of it is."""

    def __init__(self, database: Database, life: Life) -> None:
        self.__dict__ = database.__dict__
        self.life = life

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        with super().write(durable=durable) as conn:
            yield conn
            self.life.pass_by()
        self.life.pass_by()


class MortalTransport(Transport):
    """Killed before a call nothing happened; killed after it the store did its part."""

    def __init__(self, inner: Transport, life: Life) -> None:
        super().__init__()
        self.inner = inner
        self.life = life

    def request(self, method: str, url: str, **how: Any) -> Reply:
        self.life.pass_by()
        reply = self.inner.request(method, url, **how)
        self.life.pass_by()
        return reply


@dataclass
class MortalMailer:
    """Killed before the mail is handed over, or after it."""

    inner: Mailer
    life: Life

    def send(self, message: Message) -> None:
        self.life.pass_by()
        self.inner.send(message)
        self.life.pass_by()


def mortal(world: World, life: Life) -> World:
    """The world as a worker of its own sees it, for the length of its life."""
    return replace(
        world,
        database=MortalDatabase(world.database, life),
        transport=MortalTransport(world.transport, life),
        mailer=MortalMailer(world.mailer, life),
        owner=f"worker-{id(life)}",
    )
