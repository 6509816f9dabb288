"""A real Waitline as a child process, beside two stand-in shops and a mailbox on threads of this one."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from pydantic import SecretStr
from sqlalchemy import select
from werkzeug.serving import make_server

from app.wiring import open_world
from backorder.config import Config
from backorder.db import inbox, stores
from backorder.db.secrets import new_token, token_hash
from backorder.db.tables import deliveries
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Store as StoreRow
from connectors import get
from connectors.signing import body_signature
from demo.mailbox import HOST, Mailbox, SilentRequests
from demo.stores.shopify import ShopifyShop
from demo.stores.woocommerce import WooShop
from demo.witness import Shop, with_dates, with_holds
from jobs import steer
from jobs.connect import connect
from jobs.world import World

ROOT = Path(__file__).parents[2]
SHOPIFY_DOMAIN = "lab-goods.myshopify.com"
SHOPIFY_SECRET = "the secret that signs this stand-in's webhooks"
WOO_HOOK_SECRET = "the secret that the shop signs with"
PORTS = (20_000, 32_000)
"""Between these free ones are drawn."""
START_SECONDS = 30.0
STOP_SECONDS = 15.0
CHILDREN = {
    "web": "gunicorn",
    "front": "worker\0front",
    "back": "worker\0back",
    "clock": "app.cli\0clock",
    "redis": "valkey-server",
}
"""The children of `waitline up`, by the words of the command that tell them apart."""


class NotInTime(AssertionError):
    """Something that was waited for did not come."""


def until(condition: Callable[[], object], what: str, seconds: float = 30.0, every: float = 0.05) -> float:
    """Look again and again until it is so; the seconds it took. Raises NotInTime."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise NotInTime(f"{what}: not within {seconds:g} s")
        time.sleep(every)
    return time.monotonic() - began


class Waitline:
    """One `waitline up` on its own data folder and port. With an empty database URL it makes an SQLite file."""

    def __init__(self, folder: Path, database_url: str, smtp_url: str, store_addresses: str = "") -> None:
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        self.printed = folder / "waitline.log"
        self.folder = folder
        url = database_url or f"sqlite:///{folder / 'data' / 'waitline.sqlite3'}"
        key = secrets.token_urlsafe(32)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAITLINE_")}
        self._environ = kept | {
            "PYTHONPATH": str(ROOT),
            "WAITLINE_DATA_DIR": str(folder / "data"),
            "WAITLINE_PORT": str(port),
            "WAITLINE_PUBLIC_URL": self.url,
            "WAITLINE_DATABASE_URL": url,
            "WAITLINE_SECRET_KEYS": key,
            "WAITLINE_SMTP_URL": smtp_url,
            "WAITLINE_MAIL_FROM": "orders@waitline.example",
            "WAITLINE_ALLOW_PRIVATE_STORES": "1",
            "WAITLINE_STORE_ADDRESSES": store_addresses,
        }
        self.world = open_world(
            Config(
                data_dir=folder / "data",
                public_url=self.url,
                database_url=SecretStr(url),
                secret_keys=(SecretStr(key),),
                allow_private_stores=True,
                store_addresses=dict(pair.split("=") for pair in store_addresses.split(",") if pair),
            )
        )
        """The same Waitline from inside, for connecting stores and for looking at rows. It rings nobody."""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Waitline":
        with self.printed.open("wb") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "up"],
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )
        try:
            until(self.ready, "Waitline is ready", START_SECONDS)
            until(lambda: len(self.pids()) == len(CHILDREN), "all processes run", START_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *what: object) -> None:
        self.world.database.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def ready(self) -> bool:
        """Whether it serves and its database can be written to."""
        try:
            return bool(requests.get(f"{self.url}/readyz", timeout=2).status_code == 200)
        except requests.RequestException:
            return False

    def pids(self) -> dict[str, int]:
        """The children of the launcher that run at the moment."""
        assert self._process is not None
        found = {}
        for pid, command in children(self._process.pid).items():
            for name, words in CHILDREN.items():
                if words in command:
                    found[name] = pid
        return found

    def kill(self, name: str) -> float:
        """SIGKILL one child; the moment at which it was done (monotonic)."""
        os.kill(self.pids()[name], signal.SIGKILL)
        return time.monotonic()

    def counts(self, store_id: int) -> Counter[WorkState]:
        """How many deliveries of the store stand where."""
        with self.world.database.read() as conn:
            return Counter(inbox.counts(conn, store_id))


def children(parent: int) -> dict[int, str]:
    """The processes that a process started and that still run, with their commands."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found[int(entry.name)] = command
    return found


class Store:
    """A stand-in shop that a running Waitline is connected to and switched on for, in words for both platforms."""

    def __init__(self, waitline: Waitline, shop: Shop, platform: str, given: Mapping[str, str]) -> None:
        self.platform = platform
        self.shop = shop
        world = waitline.world
        self.id = connect(world, platform, given).id
        until(lambda: self.row(world).imported_at, f"{platform} is imported")
        steer.switch_on(world, self.id, tell_waiting=False)
        until(lambda: self._state()["webhooks"], f"{platform} has its subscriptions")
        token = new_token()
        with world.database.write() as conn:
            stores.set_api_token(conn, self.id, token_hash(token))
            path = stores.webhook_token(conn, self.id)
        self.webhook_url = get(platform).installer.webhook_url(waitline.url, path)
        self._api = f"{waitline.url}/api/v1"
        self._caller = requests.Session()
        self._caller.trust_env = False
        self._caller.headers["Authorization"] = f"Bearer {token}"

    def row(self, world: World) -> StoreRow:
        """As Waitline knows it."""
        with world.database.read() as conn:
            return stores.get(conn, self.id)

    def _state(self) -> Any:
        return requests.get(f"{self.shop.url}/_control/state", timeout=30).json()

    def stock(self, sku: str, there: int) -> None:
        """A new product."""
        self.shop.act("add_product", name=f"A {sku}", sku=sku, stock=there)

    def receive(self, sku: str, units: int) -> None:
        """Goods arrive. WooCommerce takes the new figure, net of all orders."""
        if self.platform == "woocommerce":
            self.shop.act("set_stock", sku=sku, quantity=self._state()["stock"][sku] + units)
        else:
            self.shop.act("receive_stock", sku=sku, quantity=units)

    def told(self, order: int) -> dict[str, Any]:
        """An order as the JSON API tells it; without lines while it is not known."""
        answer = self._caller.get(f"{self._api}/orders/{order}", timeout=10)
        return dict(answer.json()) if answer.status_code == 200 else {"lines": [], "notices": [], "writes": []}

    def has(self, order: int) -> tuple[int, int]:
        """(given, waiting) of an order by the JSON API."""
        lines = self.told(order)["lines"]
        return sum(int(line["allocated"]) for line in lines), sum(int(line["waiting"]) for line in lines)

    def at_rest(self) -> bool:
        """Whether neither side has anything left to do for it."""
        try:
            answer = self._caller.get(f"{self._api}/health", timeout=10)
        except requests.RequestException:
            return False
        if answer.status_code != 200 or self._state()["waiting"]:
            return False
        health = answer.json()
        return not (health["inbox"] or health["dirty"] or health["outbox"])


class Scene:
    """Waitline, both shops and the mailbox, all connected, from entering to leaving."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self._stack = ExitStack()
        self.arrived: list[datetime] = []
        """When each mail came in, in the order of `mailbox.mails`."""
        self.statuses: list[tuple[str, int, datetime, float]] = []
        """Each webhook as it was sent: topic, status of the answer (0: none), when it left, seconds it took."""
        self.mailbox = Mailbox(clock=self._look)
        ports = [free_port() for _ in range(2)]
        addresses = f"{SHOPIFY_DOMAIN}={HOST}:{ports[0]}"
        self.waitline = Waitline(folder, database_url, self.mailbox.smtp_url, addresses)
        self._shopify_url, self._woo_url = (f"http://{HOST}:{port}" for port in ports)
        self._apps: list[tuple[ShopifyShop | WooShop, int]] = [
            (ShopifyShop(domain=SHOPIFY_DOMAIN, secret=SHOPIFY_SECRET, deliver=self._carry), ports[0]),
            (WooShop(address=self._woo_url, deliver=self._carry), ports[1]),
        ]
        self.stores: list[Store] = []

    def _look(self) -> datetime:
        now = datetime.now(UTC)
        self.arrived.append(now)
        return now

    def _carry(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        topic = headers.get("X-Shopify-Topic") or headers.get("X-WC-Webhook-Topic") or "ping"
        left, began = datetime.now(UTC), time.monotonic()
        try:
            status = requests.post(
                url, data=body, headers=dict(headers), timeout=(1, 5), allow_redirects=False
            ).status_code
        except requests.RequestException:
            status = 0
        self.statuses.append((topic, status, left, time.monotonic() - began))
        return status

    def __enter__(self) -> "Scene":
        with self._stack:
            # Waitline is started before there are threads here: it forks.
            self._stack.enter_context(self.waitline)
            self._stack.enter_context(self.mailbox)
            for app, port in self._apps:
                self._stack.enter_context(_served(app, port))
                self._stack.enter_context(_delivering(app))
            self.stores = [
                Store(
                    self.waitline,
                    Shop(self._shopify_url, with_holds),
                    "shopify",
                    {"shop": SHOPIFY_DOMAIN, "access-token": "shpat_demo", "client-secret": SHOPIFY_SECRET},
                ),
                Store(
                    self.waitline,
                    Shop(self._woo_url, with_dates),
                    "woocommerce",
                    {"url": self._woo_url, "key": "ck_demo", "secret": "cs_demo", "webhook-secret": WOO_HOOK_SECRET},
                ),
            ]
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *what: object) -> None:
        self._stack.close()

    def told_of(self, store: Store) -> bool:
        """Whether the shop has sent every webhook that waited."""
        return not requests.get(f"{store.shop.url}/_control/state", timeout=30).json()["waiting"]

    def say(self, store: Store, number: int) -> int:
        """Send a signed WooCommerce webhook about the first product under that delivery id; its status, 0 for none."""
        body = b'{"id":11}'
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-ID": "1",
            "X-WC-Webhook-Topic": "product.deleted",
            "X-WC-Webhook-Delivery-ID": str(number),
            "X-WC-Webhook-Signature": body_signature(WOO_HOOK_SECRET.encode(), body).decode(),
        }
        try:
            answer = requests.post(f"{store.webhook_url}/product.deleted", data=body, headers=headers, timeout=5)
        except requests.RequestException:
            return 0
        return answer.status_code

    def kept(self, store: Store) -> set[int]:
        """The delivery ids of such webhooks in the inbox."""
        with self.waitline.world.database.read() as conn:
            keys = conn.execute(select(deliveries.c.dedupe_key).where(deliveries.c.store_id == store.id)).scalars()
            numbers = [key.split(":")[1] for key in keys]
        return {int(number) for number in numbers if number.isdecimal() and len(number) < 10}

    def rest(self, seconds: float = 45.0) -> float:
        """Wait until nothing is left to do on any side, seen twice; the seconds it took."""
        began = time.monotonic()
        for _ in range(2):
            until(lambda: all(store.at_rest() for store in self.stores), "nothing is left to do", seconds)
            time.sleep(0.3)
        return time.monotonic() - began

    def mails(self) -> Counter[tuple[str, str]]:
        """How often each recipient got which message."""
        return Counter((mail.to, mail.subject.partition(": ")[2]) for mail in self.mailbox.mails)


def free_port() -> int:
    """A port of this machine that nobody uses at the moment. Not one of those that the system gives to whoever calls:
    by the time that it is listened at, somebody's call might go out from there.
    """
    while True:
        port = PORTS[0] + secrets.randbelow(PORTS[1] - PORTS[0])
        with suppress(OSError), socket.create_server((HOST, port)):
            return port


@contextmanager
def _served(app: ShopifyShop | WooShop, port: int) -> Iterator[None]:
    server = make_server(HOST, port, app, threaded=True, request_handler=SilentRequests)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _delivering(app: ShopifyShop | WooShop) -> Iterator[None]:
    """Webhooks leave soon after each change, as the real ones do."""
    over = threading.Event()

    def deliver() -> None:
        while not over.wait(0.05):
            app.deliver()

    thread = threading.Thread(target=deliver, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
