"""Starts and stops what the story needs: a mailbox, two stand-in stores with their webhooks, and Waitline itself.

Waitline is started as an operator starts it, by `waitline up`, and is told things by its command line only. What runs
here reads no settings of a real Waitline: neither WAITLINE_ variables nor a `.env` file.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import requests
from werkzeug.serving import make_server

from demo.interrupts import Interrupts
from demo.mailbox import HOST, Mailbox, SilentRequests
from demo.stores.shopify import ShopifyShop
from demo.stores.woocommerce import WooShop

ROOT = Path(__file__).parents[1]
WEB_PORT = 8000
DATA = "data"
"""The folder of Waitline's database, beside its log."""
START_SECONDS = 90.0
STOP_SECONDS = 15.0
COMMAND_SECONDS = 60.0
DELIVERY_SECONDS = 0.1
PR_SET_PDEATHSIG = 1

SHOP_DOMAIN = "northwind-demo.myshopify.com"
SHOP_TOKEN = "shpat_demo"
SHOP_SECRET = "the secret that signs this stand-in's webhooks"
WOO_KEY, WOO_SECRET = "ck_demo", "cs_demo"


class Trouble(Exception):
    """The demo cannot go on; the message is one sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, on loopback only."""

    web: int
    mailbox: int
    shopify: int
    woocommerce: int

    @classmethod
    def beside(cls, web: int) -> "Ports":
        """The usual ports: the others follow that of the web process. Raises Trouble where one is taken."""
        ports = cls(web, web + 25, web + 101, web + 102)
        for port in astuple(ports):
            try:
                socket.create_server((HOST, port)).close()
            except (OSError, OverflowError):
                raise Trouble(
                    f"Port {port} is taken or cannot be used; choose others, such as: make demo WAITLINE_PORT=9000 "
                    "(uses 9000, 9025, 9101 and 9102)."
                ) from None
        return ports

    @classmethod
    def free(cls) -> "Ports":
        """Any that nobody uses at the moment."""
        with contextlib.ExitStack() as probes:
            found = [probes.enter_context(socket.create_server((HOST, 0))).getsockname()[1] for _ in range(4)]
        return cls(*found)


class Stage:
    """All that runs, from entering to leaving. Waitline's data and its log lie in `folder`."""

    def __init__(self, ports: Ports, folder: Path, interrupts: Interrupts) -> None:
        self.ports = ports
        self.log = folder / "waitline.log"
        self._folder = folder
        self._interrupts = interrupts
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._mailbox = Mailbox(http_port=ports.mailbox)
        self._northwind = ShopifyShop(
            domain=SHOP_DOMAIN, name="Northwind Outdoor", token=SHOP_TOKEN, secret=SHOP_SECRET, first_number=99
        )
        self._harbour = WooShop(address=self.woocommerce_url, key=WOO_KEY, secret=WOO_SECRET)
        self._environ = self._environment()

    @property
    def web_url(self) -> str:
        """Waitline's own address."""
        return f"http://{HOST}:{self.ports.web}"

    @property
    def mailbox_url(self) -> str:
        """Where its mails are read."""
        return f"http://{HOST}:{self.ports.mailbox}"

    @property
    def shopify_url(self) -> str:
        """The stand-in that is like Shopify."""
        return f"http://{HOST}:{self.ports.shopify}"

    @property
    def woocommerce_url(self) -> str:
        """The stand-in that is like WooCommerce."""
        return f"http://{HOST}:{self.ports.woocommerce}"

    def run(self, *words: str) -> dict[str, Any]:
        """Run one `waitline` command and return its answer. Raises Trouble with the sentence that it ends with."""
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *words, "--json"],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            start_new_session=True,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or [f"code {done.returncode}"]
            raise Trouble(f"“waitline {words[0]}” failed: {said[-1]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def run_all(self, *commands: Sequence[str]) -> list[dict[str, Any]]:
        """Run several commands at once; their answers in the same order."""
        with ThreadPoolExecutor(len(commands)) as pool:
            return list(pool.map(lambda words: self.run(*words), commands))

    def connect(self) -> tuple[int, int]:
        """Connect both stores, as an operator would; their numbers."""
        found = self.run_all(
            ["connect", "shopify", "--shop", SHOP_DOMAIN, "--access-token", SHOP_TOKEN, "--client-secret", SHOP_SECRET],
            ["connect", "woocommerce", "--url", self.woocommerce_url, "--key", WOO_KEY, "--secret", WOO_SECRET],
        )
        return found[0]["store"], found[1]["store"]

    def check(self) -> None:
        """Raise Trouble where Waitline has ended."""
        if self._process is not None and self._process.poll() is not None:
            said = self.log.read_text().strip().splitlines() or ["It said nothing."]
            raise Trouble(f"Waitline ended by itself. Its last line: {said[-1]}")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAITLINE_")}
        return kept | {
            "PYTHONPATH": str(ROOT),
            "WAITLINE_DATA_DIR": str(self._folder / DATA),
            "WAITLINE_HOST": HOST,
            "WAITLINE_PORT": str(self.ports.web),
            "WAITLINE_PUBLIC_URL": self.web_url,
            "WAITLINE_SMTP_URL": self._mailbox.smtp_url,
            "WAITLINE_MAIL_FROM": "orders@waitline.example",
            "WAITLINE_ALLOW_PRIVATE_STORES": "1",
            "WAITLINE_STORE_ADDRESSES": f"{SHOP_DOMAIN}={HOST}:{self.ports.shopify}",
        }

    def _start(self) -> None:
        with self._interrupts.held(), self.log.open("wb") as log:
            # Started before there is any thread here: what runs in a child before its program must not meet a lock.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "up"],
                cwd=self._folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_the_demo,
            )
            self._stack.callback(self._stop)
        self._stack.enter_context(self._mailbox)
        for shop, port in ((self._northwind, self.ports.shopify), (self._harbour, self.ports.woocommerce)):
            self._stack.enter_context(_served(shop, port))
            self._stack.enter_context(_delivering(shop))
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _ready(self.web_url):
            self.check()
            if time.monotonic() > deadline:
                raise Trouble(f"Waitline did not start within {START_SECONDS:g} seconds.")
            time.sleep(0.1)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Its children are told by the system.
            process.kill()
            process.wait()

    def __enter__(self) -> "Stage":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *what: object) -> None:
        with self._interrupts.held():
            self._stack.close()


def _end_with_the_demo() -> None:
    """In the child, before it becomes its program: the system ends it when the demo was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _ready(url: str) -> bool:
    try:
        return bool(requests.get(f"{url}/readyz", timeout=2).status_code == 200)
    except requests.ConnectionError:
        return False


@contextlib.contextmanager
def _served(shop: ShopifyShop | WooShop, port: int) -> Iterator[None]:
    """The shop answers HTTP calls."""
    server = make_server(HOST, port, shop, threaded=True, request_handler=SilentRequests)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def _delivering(shop: ShopifyShop | WooShop) -> Iterator[None]:
    """The shop sends its webhooks soon after each change, as the real ones do."""
    over = threading.Event()

    def deliver() -> None:
        while not over.wait(DELIVERY_SECONDS):
            shop.deliver()

    thread = threading.Thread(target=deliver, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
