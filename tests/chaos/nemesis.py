"""What goes wrong during a run, one fault after the other, drawn from a seeded deck."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import requests

from backorder.db.session import StorageError
from tests.chaos.arena import Arena
from tests.chaos.databases import Postgres, Sqlite
from tests.chaos.house import LITTLE_MEMORY
from tests.chaos.orphans import Orphans
from tests.chaos.proxy import Trouble
from tests.processes.running import until

PAUSED_SECONDS = 28.0
"""Longer than a lease, which is 25 s."""
LOCK_SECONDS = 10.0
FULL_SECONDS = 4.0
AWAY_SECONDS = 4.0
LITTLE_SECONDS = 6.0
IN_THE_MIDDLE_SECONDS = 3.0
"""How long a kill waits for a moment at which its victim is at work."""
STORE_TROUBLES = tuple(trouble for trouble in Trouble if trouble not in (Trouble.NONE, Trouble.CUT_AFTER_ANSWER))
STORE_WORDS = ("429", "500", "502_after", "503", "timeout_after", "reset_before")
"""What a stand-in can be told to answer the next calls with. After a page instead of data a store may be left alone for
ten minutes, longer than a run: F-10 has that.
"""
NO_ANSWER_WORDS = ("500", "502_after", "503", "timeout_after", "reset_before")
"""Those after which a caller cannot know whether its call was done: also a host that failed may have done it."""
CALLS = 3
MAIL_TROUBLES = (Trouble.LOST_REQUEST, Trouble.LOST_ANSWER, Trouble.CUT_AFTER_ANSWER)


class Nemesis:
    """Strikes an arena. `log` has every fault with the moment at which it struck (seconds since the beginning)."""

    def __init__(self, arena: Arena, orphans: Orphans, seed: int, quiet: bool = True) -> None:
        self._arena = arena
        self._house = arena.house
        self._orphans = orphans
        self._chance = random.Random(f"{seed} nemesis")
        self.began = time.monotonic()
        self._quiet = quiet
        self._threads: list[threading.Thread] = []
        self._paused: set[str] = set()
        """Who is stopped at the moment: the dead cannot go on."""
        self._over = threading.Event()
        self.log: list[tuple[float, str]] = []
        self.kills: Counter[str] = Counter()
        self.filled = 0
        """How often the disk was filled."""
        self.answers_taken: Counter[str] = Counter()
        """How many calls to each platform were at most left without an answer by the store itself."""

    def deck(self) -> list[Callable[[], None]]:
        """One of each fault, and kills as often as all others together."""
        fronts = [
            self.kill_worker(name, kind) for name in self._workers("front") for kind in ("ingest", "allocate", "")
        ]
        backs = [self.kill_worker(name, kind) for name in self._workers("back") for kind in ("write", "", "")]
        others = [
            self.kill_clock, self.kill_web, self.kill_web, self.kill_web_worker, self.kill_web_worker,
            self.kill_web_worker, self.kill_redis, self.flush_redis, self.empty_redis, self.little_redis,
            self.pause("front 1"), self.pause("back 1"), self.trouble_database, self.trouble_database,
            self.cut_store, self.cut_store, self.fail_store, self.cut_mail, self.cut_mail,
        ]  # fmt: skip
        if isinstance(self._arena.database, Sqlite) and self._arena.database.small:
            others.append(self.fill_disk)
        found = [*fronts, *backs, *others]
        self._chance.shuffle(found)
        return found

    def rage(self, seconds: float) -> None:
        """Strike until the time is over, and mend everything."""
        self.began = time.monotonic()
        deck: list[Callable[[], None]] = []
        try:
            while (left := self.began + seconds - time.monotonic()) > 0:
                deck = deck or self.deck()
                deck.pop()()
                self._arena.mails()
                time.sleep(min(self._chance.uniform(0.3, 1.5), max(left, 0)))
        finally:
            self.mend()

    def mend(self) -> None:
        """No fault goes on after this."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        for stand_in in self._arena.stand_ins.values():
            requests.post(f"{stand_in.url}/_control/mend", timeout=30)
        until(self._house.all_up, "every process runs again", 60)

    def _workers(self, half: str) -> list[str]:
        return [name for name in self._house.residents if name.startswith(half)]

    def _note(self, what: str) -> None:
        at = time.monotonic() - self.began
        self.log.append((at, what))
        if not self._quiet:
            print(f"{at:7.1f} s  {what}", flush=True)

    def _kill(self, name: str, pid: int) -> bool:
        if not pid or not self._house.signal(pid, signal.SIGKILL):
            return False
        self.kills[name] += 1
        return True

    def kill_worker(self, name: str, kind: str) -> Callable[[], None]:
        """Kill a worker, where it can be in the middle of that kind of work (the first word of its lease)."""

        def strike() -> None:
            if name in self._paused:
                return
            pid = self._house.residents[name].pid
            middle = self._await_lease(pid, kind) if kind else ""
            if self._kill(name, pid):
                self._orphans.killed(pid, back=name.startswith("back"))
                self._note(f"killed {name}{' while it held ' + middle if middle else ''}")

        return strike

    def _await_lease(self, pid: int, kind: str) -> str:
        deadline = time.monotonic() + IN_THE_MIDDLE_SECONDS
        while time.monotonic() < deadline:
            try:
                held = [name for name, _ in self._orphans.owned(pid) if name.startswith(kind)]
            except StorageError:
                held = []
            if held:
                return held[0]
            time.sleep(0.002)
        return ""

    def kill_clock(self) -> None:
        """The process that finds what was left behind."""
        if self._kill("clock", self._house.residents["clock"].pid):
            self._note("killed the clock")

    def kill_web(self) -> None:
        """The master; its workers see it and end."""
        if self._kill("web", self._house.residents["web"].pid):
            self._note("killed the web server")

    def kill_web_worker(self) -> None:
        """One of those that answer; the master starts another."""
        workers = self._house.web_workers()
        if workers and self._kill("web worker", self._chance.choice(workers)):
            self._note("killed a web worker")

    def kill_redis(self) -> None:
        """It comes back with what it wrote to its file."""
        if self._kill("redis", self._house.residents["redis"].pid):
            self._note("killed Redis")

    def flush_redis(self) -> None:
        """Every ring that waits is gone."""
        self._house.tell_redis("FLUSHALL")
        self._note("emptied Redis by FLUSHALL")

    def empty_redis(self) -> None:
        """It comes back without its files."""
        self._house.empty_redis()
        self.kills["redis"] += 1
        self._note("killed Redis and deleted its folder")

    def little_redis(self) -> None:
        """It comes back with next to no memory and throws away what it likes."""
        self._house.redis_options = dict(LITTLE_MEMORY)
        self._house.empty_redis()
        self.kills["redis"] += 1
        self._note("started Redis with 2 MB and allkeys-lru")
        time.sleep(LITTLE_SECONDS)
        self._house.redis_options = {}
        self._kill("redis", self._house.residents["redis"].pid)

    def pause(self, name: str) -> Callable[[], None]:
        """Stop a process for longer than a lease, and let it go on where it was."""

        def strike() -> None:
            pid = self._house.residents[name].pid
            held = self._await_lease(pid, "") if pid else ""
            if not pid or not self._house.signal(pid, signal.SIGSTOP):
                return
            # SQLite has one writer at a time: if it is stopped, nobody writes, and no program can help it.
            here_is_one_writer = isinstance(self._arena.database, Sqlite)
            self._paused.add(name)
            self._note(f"stopped {name} for {PAUSED_SECONDS:g} s{' while it held ' + held if held else ''}")

            held_up = self._arena.database.held()
            if held_up:
                self._note(f"{name} was stopped in the middle of a transaction")

            def go_on() -> None:
                with self._orphans.outage() if held_up and here_is_one_writer else nullcontext():
                    self._over.wait(PAUSED_SECONDS)
                self._house.signal(pid, signal.SIGCONT)
                self._paused.discard(name)
                self._note(f"let {name} go on")

            thread = threading.Thread(target=go_on, daemon=True)
            self._threads.append(thread)
            thread.start()

        return strike

    def trouble_database(self) -> None:
        """PostgreSQL crashes in the middle of transactions; SQLite has a writer that takes its time."""
        database = self._arena.database
        if isinstance(database, Postgres):
            self._note("crashed PostgreSQL")
            with self._orphans.outage():
                database.stop()
                database.start()
        else:
            self._note(f"locked SQLite for {LOCK_SECONDS:g} s")
            with self._orphans.outage(), database.locked():
                time.sleep(LOCK_SECONDS)

    def fill_disk(self) -> None:
        """Not a byte is left for the database."""
        database = self._arena.database
        assert isinstance(database, Sqlite)
        self.filled += 1
        self._note(f"filled the disk for {FULL_SECONDS:g} s")
        with self._orphans.outage(), database.full():
            time.sleep(FULL_SECONDS)

    @contextmanager
    def _stand_in(self, what: str) -> Iterator[str]:
        platform = self._chance.choice(list(self._arena.stand_ins))
        self._note(f"{platform}: {what}")
        yield platform

    def cut_store(self) -> None:
        """The wire to a store."""
        trouble = self._chance.choice(STORE_TROUBLES)
        with self._stand_in(f"{trouble.value} for {AWAY_SECONDS:g} s") as platform:
            proxy = self._arena.stand_ins[platform].proxy
            with proxy.troubled(trouble, 0.5):
                time.sleep(AWAY_SECONDS)

    def fail_store(self) -> None:
        """The store itself answers with what stores and their hosts answer."""
        word = self._chance.choice(STORE_WORDS)
        with self._stand_in(f"answers {word} to {CALLS} calls") as platform:
            url = self._arena.stand_ins[platform].url
            requests.post(f"{url}/_control/fail", json={"what": word, "times": CALLS}, timeout=30).raise_for_status()
            self.answers_taken[platform] += CALLS if word in NO_ANSWER_WORDS else 0

    def cut_mail(self) -> None:
        """The wire to the mail server, at the end of a mail."""
        trouble = self._chance.choice(MAIL_TROUBLES)
        self._note(f"mail server: {trouble.value} for {AWAY_SECONDS:g} s")
        with self._arena.post.troubled(trouble):
            time.sleep(AWAY_SECONDS)
