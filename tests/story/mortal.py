"""Workers that can be killed right after any effect: a commit, a write to a store, a mail.

Just before an effect is the same moment as just after the one before it: in between nothing has happened outside.
"""

from collections.abc import Callable, Iterator
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
    """Counts effects, and ends after one of them: from then on there are none."""

    ends_at: int | None = None
    effects: int = 0
    over: bool = False

    def go_on(self) -> None:
        if self.over:
            raise Killed

    def pass_by(self) -> None:
        self.effects += 1
        if self.effects == self.ends_at:
            self.over = True
            raise Killed


class MortalDatabase(Database):
    """Nothing is kept of a transaction that the killed worker was in."""

    def __init__(self, database: Database, life: Life) -> None:
        self.__dict__ = database.__dict__
        self.life = life

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        with super().write(durable=durable) as conn:
            yield conn
            self.life.go_on()
        self.life.pass_by()


class MortalTransport(Transport):
    """A call that only reads changes nothing: it is no effect."""

    def __init__(self, inner: Transport, life: Life, writes: Callable[[], int]) -> None:
        super().__init__()
        self.inner = inner
        self.life = life
        self.writes = writes

    def request(self, method: str, url: str, **how: Any) -> Reply:
        self.life.go_on()
        before = self.writes()
        reply = self.inner.request(method, url, **how)
        if self.writes() != before:
            self.life.pass_by()
        return reply


@dataclass
class MortalMailer:
    """Killed after the mail was handed over, and before that is noted."""

    inner: Mailer
    life: Life

    def send(self, message: Message) -> None:
        self.life.go_on()
        self.inner.send(message)
        self.life.pass_by()


def mortal(world: World, life: Life, writes: Callable[[], int]) -> World:
    """The world as a worker of its own sees it, for the length of its life. `writes` tells how often the store was
    written to.
    """
    return replace(
        world,
        database=MortalDatabase(world.database, life),
        transport=MortalTransport(world.transport, life, writes),
        mailer=MortalMailer(world.mailer, life),
        owner=f"worker-{id(life)}",
    )
