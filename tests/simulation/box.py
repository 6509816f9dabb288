"""A world in a box: two shops, a whole Waitline and a network between them, in one process on one virtual clock.

Everything that happens is a step with a seed of its own, so that a run can be repeated, and shortened, step by step.
During a step every effect passes `effect`: there the die lets others act first, lets the process stand still, or
ends it.
"""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import Connection, event

from app import create_app
from backorder.config import Config
from backorder.db.secrets import Sealer
from backorder.db.session import Database
from backorder.domain.errors import LeaseLost
from jobs.connect import remember
from jobs.drain import JOBS
from jobs.mailer import Message
from jobs.world import World
from tests.room import in_memory
from tests.simulation import consent
from tests.simulation.happened import Acknowledged, Actor, Agreed, Mail, Press, Words
from tests.simulation.late_calls import SlowStores
from tests.simulation.ports import (
    AboutTo,
    Heard,
    Killed,
    SimBell,
    SimDatabase,
    SimMailer,
    SimTransport,
)
from tests.simulation.shopify_site import ShopifySite
from tests.simulation.site import Site
from tests.simulation.ways import NONE, Ways
from tests.simulation.weather import BUSY, Chances, chances, mail_trouble
from tests.simulation.within import within
from tests.simulation.woo_site import WooSite

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
ZONES = ("America/Los_Angeles", "Pacific/Auckland", "Europe/Berlin", "Asia/Kolkata", "UTC")
SHORT_JOBS = ("web", "write_back", "cancel", "notify", "ship", "relocate")
OFTEN = 4
"""How many times as likely something happens at an effect of these."""
DEPTH = 2
"""How deep steps may lie in one another."""
FENCED = frozenset({"parts", "pools", "decisions", "actions", "notices"})
"""What nobody may write whose lease somebody else has taken over."""
RICH = 0.5
"""In so many worlds merchants use every policy; in the others they keep to a few. As many of the rich are busy."""
OWN_WORKERS = 0.5
PAIRS: Mapping[str, tuple[Callable[..., Site], ...]] = {
    "apart": (ShopifySite, WooSite),
    "shopify": (ShopifySite, ShopifySite),
    "woocommerce": (WooSite, WooSite),
}
"""Which two shops a world has."""


class Violation(BaseException):
    """Something happened that must never happen. The text says what. No wrapper around work catches it."""


class Box:
    """The world. `act_meanwhile` runs a whole step of somebody else; the run sets it."""

    def __init__(
        self,
        seed: int,
        template: Path,
        *,
        rich: bool | None = None,
        pair: str | None = None,
        weather: Chances | None = None,
        queues: bool | None = None,
        ways: Ways = NONE,
    ) -> None:
        die = Random(f"world {seed}")
        self.seed = seed
        fate = Random(f"policies {seed}")
        by_itself, busy = fate.random() < RICH, fate.random() < RICH
        self.rich = by_itself if rich is None else rich
        """Whether merchants use every policy; as the seed says, unless told otherwise."""
        each = Random(f"queues {seed}").random() < OWN_WORKERS
        self.queues = each if queues is None else queues
        """Whether each queue has workers of its own, or one worker answers whatever rang first."""
        self.shown: list[Agreed] = []
        """What merchants looked at and may still do."""
        self.agreed: Agreed | None = None
        """What the present giving by hand was agreed to do."""
        self.ways = ways
        """What is done here beside all that is done everywhere."""
        self.packed: list[Press] = []
        """What merchants packed and may still record."""
        self.pressed: list[Press] = []
        """What is recorded in the present step."""
        self.numbers = 0
        """How many parcels were given a number."""
        self.words: dict[tuple[str, int], Words | None] = {}
        """What people left in notes of orders; `None` where nobody can tell."""
        self.noted_anew: dict[str, datetime] = {}
        """When a merchant last chose whether notes have a line of ours."""
        self.marked_anew: dict[str, datetime] = {}
        """When a merchant last chose which status orders have that wait."""
        self.chosen: dict[tuple[str, int], tuple[datetime, str]] = {}
        """When a person last gave an order which status."""
        self.moved: set[tuple[str, int]] = set()
        """Orders that we wanted to move."""
        self.carried: dict[tuple[str, int, int], datetime] = {}
        """When a person last moved an order away from a location."""
        self.now = START + timedelta(minutes=die.randrange(0, 24 * 60))
        self._chance = Random(self.now.timestamp())
        """Waitline's own chance: what it draws moves nobody else's."""
        drawn = chances(die)
        self.chances = weather or (BUSY if self.rich and busy else drawn)
        self.actors: list[Actor] = []
        self.act_meanwhile: Callable[[Random], None] = lambda _die: None
        self.trace: list[str] = []
        self._hash = hashlib.sha256()
        self._names = 0
        self.rings: list[tuple[Any, ...]] = []
        self.late: list[tuple[Site, str, dict[str, str], bytes]] = []
        self.mails: list[Mail] = []
        self.acknowledged: list[Acknowledged] = []
        self.heard: dict[str, list[tuple[str, dict[str, str], bytes]]] = {}
        self.missed: set[str] = set()
        """Names of sites of which a webhook got lost: only a catch-up can mend that."""
        self.may_act: dict[str, bool] = {}
        """Whether the store was on, and not paused, when the present outermost step began or at any time since."""
        self.telling: dict[tuple[str, str], datetime] = {}
        """Since when each store is on and tells customers of this kind of event, without a break."""
        self.may_leave: dict[tuple[int, int], int] = {}
        """Units of an order that might leave when its customer was last told that it waits."""
        self.watching: Callable[[Connection, Actor, set[str]], None] = lambda _conn, _actor, _written: None
        """Looks at each transaction before it is committed; the run sets it."""
        self.reading: Callable[[Mail], None] = lambda _mail: None
        """Looks at each mail when it is taken; the run sets it."""
        self.calling: AboutTo = lambda _url, _headers, _data: None
        """Looks at each call before it reaches a shop; the run sets it."""
        self.answered: Heard = lambda _url, _data, _reply: None
        """Hears what each call was answered; the run sets it."""
        self.step_began = self.now
        self.chance_of_step = Random(0)
        self.folder = Path(tempfile.mkdtemp(prefix="waitline-box-", dir=in_memory()))
        shutil.copy(template, self.folder / "waitline.db")
        self.database = Database(f"sqlite:///{self.folder / 'waitline.db'}")
        self.sql = sqlite3.connect(self.folder / "waitline.db", isolation_level=None)
        """A look at the tables from outside."""
        self._note_written()
        chosen = die.choice(list(PAIRS))
        kinds = PAIRS[pair or chosen]
        self.sites: list[Site] = []
        for name, kind in zip(("north", "south"), kinds, strict=True):
            site = kind(name, die.choice(ZONES), self.look, self._deliver_for(name), die)
            site.rich = self.rich
            self.sites.append(site)
        hosts = {urlsplit(f"//{site.address.removeprefix('https://')}").hostname: site.app for site in self.sites}
        self.transport = SlowStores({str(host): app for host, app in hosts.items()}, lambda: self.now)
        apart = [site for site in self.sites if isinstance(site, ShopifySite)]
        # Two shops of one app share its secret; here each has its own, so that neither can speak for the other.
        if len(apart) == 1:
            apart[0].tokens_end = True
        self.world = self._world(consent.settings(apart[0]) if len(apart) == 1 else {})
        self.web = create_app(self.world).test_client()
        self.ids: dict[str, int] = {}
        for site in self.sites:
            given = site.credentials
            if isinstance(site, ShopifySite) and site.tokens_end:
                given = consent.tokens(site, self.now)
            self.ids[site.name] = remember(self.world, site.platform, site.address, given).id

    def _world(self, environ: Mapping[str, str]) -> World:
        key = "a key for a box that is thrown away"
        return World(
            config=Config(
                data_dir=self.folder,
                public_url="http://localhost:8000",
                mail_from="orders@box.example",
                secret_keys=(SecretStr(key),),
                environ=environ,
            ),
            database=SimDatabase(self.database, self.effect, self._committing),
            clock=self.look,
            transport=SimTransport(self.transport, self.effect, self._about_to, lambda *call: self.answered(*call)),
            mailer=SimMailer(self.effect, self._mail_trouble, self._took),
            bell=SimBell(self._rung, self.effect),
            sealer=Sealer([key]),
            pause=self._stand_still,
            chance=self._chance.random,
        )

    def look(self) -> datetime:
        """No two looks at the clock see the same moment."""
        self.now += TICK
        return self.now

    def _stand_still(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.effect("waits", True)

    def site_of(self, store_id: int) -> Site:
        """The shop behind a store."""
        return next(site for site in self.sites if self.ids[site.name] == store_id)

    def ask(self, statement: str, values: Any = ()) -> list[Any]:
        """Rows of the tables, as everybody sees them."""
        return self.sql.execute(statement, values).fetchall()

    # What happens

    def as_actor(self, name: str, die: Random, act: Callable[[World], object], *, mortal: bool = True) -> str:
        """Let a process of its own do something; how it ended."""
        self._names += 1
        actor = Actor(f"{name}-{self._names}", die, mortal, self.now)
        self.actors.append(actor)
        try:
            act(replace(self.world, owner=actor.name))
            actor.done = True
        except Killed:
            return "killed"
        except LeaseLost:
            return "lease lost"
        finally:
            self.actors.pop()
        return "done"

    def job(self, ring: tuple[Any, ...], die: Random) -> str:
        """A worker answers a ring."""
        _, name, *ids = ring
        return self.as_actor(name, die, lambda world: JOBS[name](world, *ids))

    def effect(self, what: str, others_may_act: bool) -> None:
        """An effect of the present actor. Raises Killed."""
        if not self.actors:
            return
        actor = self.actors[-1]
        if actor.dead:
            raise Killed
        self.tell(f"{actor.name} {what}")
        if not actor.mortal:
            return
        roll = actor.die.random()
        weather = self.chances
        # Each effect of a short job counts for more: else nothing would ever happen in the middle of one.
        roll /= OFTEN if actor.name.partition("-")[0] in SHORT_JOBS else 1
        if roll < weather.crash:
            actor.dead = True
            self.tell(f"{actor.name} dies")
            raise Killed
        if what.startswith("call"):
            actor.calls = self.now
            self.now += timedelta(milliseconds=actor.die.randrange(20, 300))
        if others_may_act and len(self.actors) <= DEPTH:
            if roll < weather.crash + weather.stall:
                self.now += timedelta(seconds=actor.die.randrange(26, 100))
                self.tell(f"{actor.name} stood still")
                self.act_meanwhile(actor.die)
            elif roll < weather.crash + weather.stall + weather.others:
                self.act_meanwhile(actor.die)

    @property
    def _die(self) -> Random:
        """The chance of whoever acts; between processes that of the step."""
        return self.actors[-1].die if self.actors else self.chance_of_step

    def tell(self, line: str) -> None:
        """Write one line of the trace."""
        told = f"{(self.now - START).total_seconds():12.3f} {'  ' * len(self.actors)}{line}"
        self.trace.append(told)
        self._hash.update(told.encode() + b"\n")

    @property
    def trace_hash(self) -> str:
        """What two runs of one seed have in common, and no two others."""
        return self._hash.hexdigest()[:16]

    # The network between the shops and us

    def _deliver_for(self, name: str) -> Callable[[str, Mapping[str, str], bytes], int]:
        def deliver(url: str, headers: Mapping[str, str], body: bytes) -> int:
            site = next(site for site in self.sites if site.name == name)
            return self._carry(site, urlsplit(url).path, dict(headers), body)

        return deliver

    def _carry(self, site: Site, path: str, headers: dict[str, str], body: bytes) -> int:
        """Carry a webhook, or do to it what networks do. Returns the status that the shop sees; 0 for none."""
        die = self._die
        weather = self.chances
        if die.random() < weather.lost:
            self.missed.add(site.name)
            # A proxy that redirects looks like a success to one platform, a silent network to none.
            return die.choice([0, 503, 301])
        if die.random() < weather.late:
            self.late.append((site, path, headers, body))
            return 0
        if die.random() < weather.doubled:
            # The second copy may arrive before, beside or long after the first.
            self.late.append((site, path, headers, body))
        status = self.post(site, path, headers, body)
        if status != 200:
            # The shop may try it again in hours only.
            self.missed.add(site.name)
        return 0 if die.random() < weather.lost else status

    def post(self, site: Site, path: str, headers: dict[str, str], body: bytes) -> int:
        """A webhook arrives. A web process that dies in it answers nothing."""
        answers: list[int] = []
        lowered = {name.lower(): value for name, value in headers.items()}
        topic = lowered.get("x-shopify-topic") or lowered.get("x-wc-webhook-topic") or "ping"
        die = Random(self._die.random())
        label = f"{site.name} {topic}"

        def take(_world: World) -> None:
            answers.append(self.web.post(path, headers=headers, data=body).status_code)

        ended = self.as_actor("web", die, take)
        self.tell(f"{label}: {answers[0] if answers else ended}")
        if not answers:
            return 0
        if answers[0] == 200 and topic != "ping":
            self.acknowledged.append(Acknowledged(self.ids[site.name], body, label))
            self.heard.setdefault(site.name, []).append((path, headers, body))
        elif answers[0] >= 500 and answers[0] != 503:
            raise Violation(f"A webhook ({label}) was answered with {answers[0]}.")
        return answers[0]

    # What the ports ask

    def _about_to(self, url: str, headers: Mapping[str, str], data: bytes | str | None) -> None:
        """Before a call reaches a shop."""
        self.calling(url, headers, data)

    def _mail_trouble(self, _message: Message) -> Exception | None:
        return mail_trouble(self._die, self.chances)

    def _took(self, message: Message) -> None:
        self.mails.append(Mail(self.now, message))
        self.reading(self.mails[-1])
        self.tell(f"mail taken: {message.message_id} {message.subject}")

    def _rung(self, ring: tuple[Any, ...]) -> None:
        die = self._die
        if die.random() < self.chances.ring_lost:
            return
        self.rings.append(ring)
        if die.random() < self.chances.doubled:
            self.rings.append(ring)

    def _note_written(self) -> None:
        """Note which tables each transaction writes to."""

        @event.listens_for(self.database.engine, "before_cursor_execute")
        def note(conn: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
            words = statement.split(None, 3)
            if words[0] in ("INSERT", "DELETE"):
                conn.info.setdefault("written", set()).add(words[2].strip("("))
            elif words[0] == "UPDATE":
                conn.info.setdefault("written", set()).add(words[1])

    def _committing(self, conn: Connection) -> None:
        """Whoever lost a lease must not write what the lease guards."""
        written = conn.info.pop("written", set())
        if not self.actors:
            return
        actor = self.actors[-1]
        if actor.leases and written & FENCED:
            names = ", ".join(f"'{name}'" for name in actor.leases)
            rows = within(conn, f"SELECT name, fence FROM leases WHERE name IN ({names})")
            # Who writes to several orders one after the other holds the first one's lease on, and needs only the last.
            last = {name.partition(":")[0]: name for name in actor.leases}.values()
            lost = sorted(row.name for row in rows if row.name in last and row.fence != actor.leases[row.name])
            if lost:
                raise Violation(f"{actor.name} lost {lost[0]} and wrote {sorted(written & FENCED)} all the same.")
        if "leases" in written:
            # One that was given back keeps nobody out, and nobody loses it.
            mine = "SELECT name, fence FROM leases WHERE owner = :me AND until > 0"
            rows = within(conn, mine, {"me": actor.name})
            held = {row.name: row.fence for row in rows}
            actor.leases = {name: held[name] for name in (*actor.leases, *held) if name in held}
        self.watching(conn, actor, written)

    def close(self) -> None:
        """Throw the world away."""
        self.sql.close()
        self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)
