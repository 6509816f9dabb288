"""Everything that a run needs, from entering to leaving: stores and mail server behind proxies, Waitline, the stores
connected and switched on.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from connectors import get
from connectors.joining import Admitted
from demo.mailbox import HOST, Mail, Mailbox
from demo.stores.journal import Effect
from demo.witness import Shop, with_dates, with_holds
from jobs import steer
from jobs.catch_up import catch_up
from jobs.connect import admit
from tests.chaos import databases
from tests.chaos.databases import Postgres, Sqlite
from tests.chaos.house import House, on_leash
from tests.chaos.proxy import Proxy
from tests.processes.running import (
    ROOT,
    SHOPIFY_DOMAIN,
    SHOPIFY_SECRET,
    START_SECONDS,
    WOO_HOOK_SECRET,
    NotInTime,
    Store,
    free_port,
    until,
)

FINAL_DOT = b"\r\n.\r\n"
SETTLE_SECONDS = 10
"""The policy's `settle_seconds` during a run: the merchant's default of 120 would only make the end longer."""
GIVEN = {
    "shopify": {"shop": SHOPIFY_DOMAIN, "access-token": "shpat_demo", "client-secret": SHOPIFY_SECRET},
    "woocommerce": {"key": "ck_demo", "secret": "cs_demo", "webhook-secret": WOO_HOOK_SECRET},
}


class StandIn:
    """A stand-in store in a process of its own, with a proxy in front of it."""

    def __init__(self, platform: str, folder: Path, seed: int) -> None:
        self.platform = platform
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.told = folder / f"{platform}.jsonl"
        self.proxy = Proxy(self.port, seed=seed)
        self.address = f"http://{HOST}:{self.proxy.port}"
        self._printed = folder / f"{platform}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "StandIn":
        command = [sys.executable, "-m", "tests.chaos.stand_in", self.platform, str(self.port), str(self.told)]
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen(
                on_leash([*command, self.address]),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            until(self._answers, f"{self.platform} answers", START_SECONDS)
            self.proxy.__enter__()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *what: object) -> None:
        self.proxy.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/_control/state", timeout=2).ok
        except requests.ConnectionError:
            return False

    def state(self) -> dict[str, Any]:
        """All that the store tells a person who looks."""
        found: dict[str, Any] = requests.get(f"{self.url}/_control/state", timeout=60).json()
        return found

    def locations(self) -> list[int | None]:
        """Where its goods lie; only `None` where there is but one place."""
        return list(requests.get(f"{self.url}/_locations", timeout=60).json()) or [None]

    @contextmanager
    def untold(self) -> Iterator[None]:
        """Nobody is told what happens in it from entering to leaving, as if its webhooks were lost."""
        requests.post(f"{self.url}/_deaf", timeout=60).raise_for_status()
        yield
        until(lambda: not self.state()["waiting"], f"{self.platform} has lost its webhooks", 30)
        requests.post(f"{self.url}/_hears", timeout=60).raise_for_status()

    def effects(self) -> list[Effect]:
        """What calls changed in it, oldest first."""
        told = requests.get(f"{self.url}/_journal", timeout=60).json()
        return [Effect(datetime.fromisoformat(at), *words) for at, *words in told]


class Arena:
    """One run's world. `workers` of each kind over one database."""

    def __init__(
        self,
        folder: Path,
        database: Sqlite | Postgres,
        *,
        workers: int = 1,
        seed: int = 0,
        instead: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.folder = folder
        self.database = database
        self._stack = ExitStack()
        self.mailbox = Mailbox()
        smtp_port = int(self.mailbox.smtp_url.rpartition(":")[2])
        self.post = Proxy(smtp_port, marker=FINAL_DOT, seed=seed)
        self.stand_ins = {platform: StandIn(platform, folder, seed) for platform in GIVEN}
        addresses = f"{SHOPIFY_DOMAIN}={HOST}:{self.stand_ins['shopify'].proxy.port}"
        self.house = House(
            folder, database.url, f"smtp://{HOST}:{self.post.port}", addresses, workers=workers, instead=instead
        )
        self.stores: list[Store] = []
        self.keep = False
        """Whether the folder with everybody's logs is to stay."""
        self._mails: dict[int, Mail] = {}

    def __enter__(self) -> "Arena":
        with self._stack:
            self._stack.callback(self.house.world.database.close)
            for stand_in in self.stand_ins.values():
                self._stack.enter_context(stand_in)
            self._stack.enter_context(self.mailbox)
            self._stack.enter_context(self.post)
            self._stack.enter_context(self.house)
            for platform, given in GIVEN.items():
                stand_in = self.stand_ins[platform]
                shop = Shop(stand_in.url, with_holds if platform == "shopify" else with_dates)
                store = Store(self.house, shop, platform, given | {"url": stand_in.address})
                steer.save_policy(self.house.world, store.id, settle_seconds=SETTLE_SECONDS)
                self.stores.append(store)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *what: object) -> None:
        self._stack.close()

    def mails(self) -> list[Mail]:
        """Every mail that came in, though the mailbox keeps the newest only: to be asked now and then."""
        self._mails |= {mail.number: mail for mail in self.mailbox.mails}
        return [self._mails[number] for number in sorted(self._mails)]

    def connect_again(self, store: Store) -> None:
        """What a merchant does whose store was told to refuse us: the same credentials once more."""
        given = GIVEN[store.platform] | {"url": self.stand_ins[store.platform].address}
        installer = get(store.platform).installer
        admit(self.house.world, store.platform, Admitted(installer.address(given), installer.credentials(given)))

    def sync(self) -> None:
        """What an operator does with `waitline sync`: read what changed and every open order."""
        for store in self.stores:
            catch_up(self.house.world, store.id, sweep_ids=True)

    def rest(self, seconds: float) -> float:
        """Wait until nothing is left to do on any side, seen three times; the seconds it took. Raises NotInTime."""
        began = time.monotonic()
        for _ in range(3):
            until(self._at_rest, "nothing is left to do", max(seconds - (time.monotonic() - began), 1), every=0.25)
            time.sleep(0.5)
        return time.monotonic() - began

    def _at_rest(self) -> bool:
        self.mails()
        return all(store.at_rest() for store in self.stores)

    def at_rest_in_time(self, seconds: float) -> float | None:
        """As `rest`; `None` where it was not in time."""
        try:
            return self.rest(seconds)
        except NotInTime:
            return None


@contextmanager
def arena(
    engine: str,
    *,
    workers: int = 1,
    seed: int = 0,
    instead: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Arena]:
    """A run over an engine ("sqlite" or "postgres"). Its folder stays where something raised or `keep` says so."""
    folder = Path(tempfile.mkdtemp(prefix="waitline-chaos-", dir="/tmp"))
    keep = False
    try:
        with ExitStack() as stack:
            database: Sqlite | Postgres
            if engine == "sqlite":
                database = stack.enter_context(databases.sqlite(folder))
            else:
                database = stack.enter_context(databases.postgres())
            here = stack.enter_context(Arena(folder, database, workers=workers, seed=seed, instead=instead))
            yield here
            keep = here.keep
    except Exception:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(folder)
