"""People in the stand-in stores: they order, change their minds, and the merchant counts, receives and ships."""

import random
import threading
from collections import Counter

import requests

from tests.chaos.driver import Subjects
from tests.processes.running import Store

SKUS = ("MUG", "LAMP", "TENT", "BOOT")
QUIET = "QUIET"
QUIET_ORDERS = 12


class Shoppers:
    """Acts in one store from entering to leaving, about `rate` times a second. Says what it did in `acts`."""

    def __init__(self, store: Store, subjects: Subjects, rate: float, seed: int) -> None:
        self._store = store
        self._subjects = subjects
        self._pause = 1 / rate
        self._chance = random.Random(f"{seed} {store.platform}")
        self._over = threading.Event()
        self._thread = threading.Thread()
        self._count = 0
        self.acts: Counter[str] = Counter()
        self._open: list[int] = []

    def furnish(self) -> None:
        """Products, and orders that nobody will touch but the driver's webhooks."""
        store, shop = self._store, self._store.shop
        word = "item" if store.platform == "shopify" else "product"
        items = [int(shop.act("add_product", name=f"A {sku}", sku=sku, stock=0)[word]) for sku in (*SKUS, QUIET)]
        self._subjects.items[store.id] = items
        self._subjects.orders[store.id] = self._open
        orders = [shop.order(QUIET, 1, f"quiet{number}{store.platform} Example") for number in range(QUIET_ORDERS)]
        self._subjects.quiet_orders[store.id] = orders

    def __enter__(self) -> "Shoppers":
        self._over.clear()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *what: object) -> None:
        self._over.set()
        self._thread.join()

    def _live(self) -> None:
        names = ("order", "receive", "edit", "cancel", "ship")
        while not self._over.wait(self._pause * self._chance.uniform(0.5, 1.5)):
            act = self._chance.choices(names, (50, 27, 10, 7, 6))[0]
            try:
                told = self._act(act)
            except requests.RequestException:
                told = "not answered"
            self.acts[told] += 1

    def _act(self, act: str) -> str:
        """Do one thing; the word for what was done."""
        sku = self._chance.choice(SKUS)
        units = self._chance.randint(1, 3)
        if act == "receive":
            self._store.receive(sku, self._chance.randint(1, 5))
            return act
        if act == "order" or not self._open:
            self._count += 1
            self._open.append(self._store.shop.order(sku, units, f"w{self._count}{self._store.platform} Example"))
            return "order"
        order = self._chance.choice(self._open[-40:])
        if act == "cancel":
            self._open.remove(order)
        body = {"order": order, **({"quantity": units} if act != "cancel" else {})}
        word = {"edit": "edit_line", "cancel": "cancel_order", "ship": "fulfil"}[act]
        if act == "ship" and self._store.platform == "woocommerce":
            word = "complete_order"
        answer = requests.post(f"{self._store.shop.url}/_control/{word}", json=body, timeout=30)
        # A store refuses, for example, to edit away what was shipped: that is its right.
        return act if answer.ok else f"{act} refused"
