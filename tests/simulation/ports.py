"""The ports of a simulated process. Every effect passes the box, which may let others act first, or end the actor.

A commit, a call to a store, a mail and a ring are effects. Whoever is ended at one raises `Killed`, and whatever its
clean-up still tries to do raises it again: of a dead process nothing comes any more.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from backorder.db.session import Database
from connectors.http import Reply, Transport
from jobs.mailer import Message, as_bytes


class Killed(BaseException):
    """The actor is gone: nothing catches this."""


Effect = Callable[[str, bool], None]
"""(what, whether others may act meanwhile). May raise Killed."""
AboutTo = Callable[[str, Mapping[str, str], bytes | str | None], None]
"""Looks at a call before it leaves: the URL, its headers and its body."""
Heard = Callable[[str, bytes | str | None, Reply], None]
"""Hears what a call was answered: its URL, its body, and the answer."""


class SimDatabase(Database):
    """A real database. Ended before a commit nothing of the transaction is kept; ended after it all of it is.

    Nobody else acts inside a transaction: SQLite has one writer, and readers see one state.
    """

    def __init__(self, database: Database, effect: Effect, committing: Callable[[Connection], None]) -> None:
        self.__dict__ = dict(database.__dict__)
        self.engine: Any = _Engine(database.engine, effect)
        self._effect = effect
        self._committing = committing

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        self._effect("begin", True)
        with super().write(durable=durable) as conn:
            yield conn
            self._committing(conn)
            self._effect("commit", False)
        self._effect("committed", True)


class _Engine:
    """The engine; the raw connections of the webhook intake pass the box as well."""

    def __init__(self, engine: Any, effect: Effect) -> None:
        self._engine = engine
        self._effect = effect

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def raw_connection(self) -> Any:
        return _Raw(self._engine.raw_connection(), self._effect)


class _Raw:
    """A connection of the driver: each statement is a transaction of its own."""

    def __init__(self, raw: Any, effect: Effect) -> None:
        self._raw = raw
        self._effect = effect

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def cursor(self) -> Any:
        self._effect("statement", True)
        return self._raw.cursor()

    def commit(self) -> None:
        self._raw.commit()
        self._effect("committed", False)

    def close(self) -> None:
        self._raw.close()


class SimTransport(Transport):
    """Calls to the stand-in stores. Ended before a call nothing happened; ended after it the store did its part."""

    def __init__(self, inner: Transport, effect: Effect, about_to: AboutTo, heard: Heard) -> None:
        super().__init__()
        self._inner = inner
        self._effect = effect
        self._about_to = about_to
        self._heard = heard

    def request(self, method: str, url: str, **how: Any) -> Reply:
        self._effect(f"call {method} {url.partition('?')[0]} {_operation(url, how.get('data'))}".rstrip(), True)
        self._about_to(url, how.get("headers") or {}, how.get("data"))
        try:
            reply = self._inner.request(method, url, **how)
            self._heard(url, how.get("data"), reply)
            return reply
        finally:
            self._effect("answer", True)


def _operation(url: str, data: bytes | str | None) -> str:
    """The name of a GraphQL operation; nothing for other calls."""
    asked = json.loads(data) if data and url.endswith("/graphql.json") else None
    return str(asked.get("operationName", "")) if isinstance(asked, dict) else ""


@dataclass
class SimMailer:
    """A mail server. What it takes is read by the customer at once; it may refuse, or take it and not answer."""

    effect: Effect
    outcome: Callable[[Message], Exception | None]
    took: Callable[[Message], None]

    def send(self, message: Message) -> None:
        as_bytes(message)
        self.effect(f"mail {message.message_id}", True)
        trouble = self.outcome(message)
        if trouble is None or isinstance(trouble, TookAndFellSilent):
            self.took(message)
        self.effect("mailed", True)
        if trouble is not None:
            raise trouble.seen if isinstance(trouble, TookAndFellSilent) else trouble


class TookAndFellSilent(Exception):
    """The server took the mail; `seen` is what its client saw."""

    def __init__(self, seen: Exception) -> None:
        super().__init__(str(seen))
        self.seen = seen


@dataclass
class SimBell:
    """A bell whose rings may be lost, doubled or heard late."""

    rung: Callable[[tuple[Any, ...]], None]
    effect: Effect

    def ring(self, queue: str, job: str, *ids: int) -> None:
        self.effect(f"ring {job}", False)
        self.rung((queue, job, *ids))
