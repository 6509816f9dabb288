"""Waitline as it runs in earnest, every process real, and what happens when one of them is killed."""

import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from backorder.domain.lifecycle import WorkState
from tests.conftest import SERVER
from tests.processes.running import Scene, Store, children, until

ORDERS = 10
EACH = 2
"""Units of each order; half of all that is ordered arrives later."""
WAIT, HERE = "some items are on backorder", "items you waited for are here"
RESUMED_SECONDS = 45.0
"""What a killed process left behind is taken up again within 30 s (a lease is 25 s); the rest is for a busy machine."""

pytestmark = pytest.mark.timeout(170)


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    # On SQLite the launcher makes the file itself.
    url = str(request.getfixturevalue("database_url")) if SERVER else ""
    with Scene(tmp_path, url) as running:
        yield running


def place(store: Store, sku: str, count: int = ORDERS) -> dict[int, str]:
    """Orders of as many customers; their addresses by order."""
    names = [f"{sku.lower()}-{store.platform}{number} Example" for number in range(count)]
    return {store.shop.order(sku, EACH, name): f"{name.split(' ')[0]}@example.com" for name in names}


def marked(store: Store) -> dict[int, tuple[str, int]]:
    """What each order shows of ours in the store: the record, and the units held."""
    state = requests.get(f"{store.shop.url}/_control/state", timeout=30).json()
    ids = {(o["name"] if store.platform == "shopify" else str(o["id"])): o["id"] for o in state["orders"]}
    return {ids[number]: (seen["record"], seen.get("held", 0)) for number, seen in store.shop.sights().items()}


def notes_of_ours(store: Store) -> Counter[str]:
    """Notes of ours that stand in the store, each with its marker, by how often."""
    state = requests.get(f"{store.shop.url}/_control/state", timeout=30).json()
    return Counter(note for order in state["orders"] for note in order.get("notes", []) if "[wl-" in note)


def check_the_story(scene: Scene, placed: dict[int, dict[int, str]]) -> int:
    """Nothing is lost and nothing is doubled; how many messages are of unknown outcome."""
    mails, unknown = scene.mails(), 0
    assert set(mails.values()) <= {1}
    for store in scene.stores:
        orders = sorted(placed[store.id])
        served = ORDERS // 2
        assert [store.has(order) for order in orders] == [(EACH, 0)] * served + [(0, EACH)] * (ORDERS - served)
        holds = store.platform == "shopify"
        waiting = (f"{EACH} waiting, no date", EACH if holds else 0)
        shown = marked(store)
        assert [shown[order] for order in orders] == [("ready", 0)] * served + [waiting] * (ORDERS - served)
        assert set(notes_of_ours(store).values()) <= {1}
        for place_, order in enumerate(orders):
            notices = store.told(order)["notices"]
            kinds = [notice["kind"] for notice in notices]
            assert kinds == ["backordered", "allocated"][: 2 if place_ < served else 1]
            for notice in notices:
                words = {"backordered": WAIT, "allocated": HERE}
                came = mails[placed[store.id][order], words[notice["kind"]]]
                assert notice["state"] in ("done", "unknown")
                assert came == 1 or notice["state"] == "unknown"
                unknown += notice["state"] == "unknown"
    return unknown


@pytest.mark.parametrize("halves", [("front", "back"), ("back", "front")], ids="-then-".join)
def test_workers_killed_in_the_middle_of_the_story_lose_and_double_nothing(
    scene: Scene, halves: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for store in scene.stores:
        store.stock("MUG", 0)
    placed = {store.id: place(store, "MUG") for store in scene.stores}

    def in_the_middle(half: str, moment: str) -> bool:
        if half == "back":
            return sum(subject == moment for _, subject in scene.mails()) >= 3
        return any(scene.waitline.counts(store.id)[WorkState.DUE] for store in scene.stores)

    took = []
    for half, (moment, kind, count) in zip(
        halves, ((WAIT, "backordered", ORDERS), (HERE, "allocated", ORDERS // 2)), strict=True
    ):
        if moment == HERE:
            scene.rest()
            for store in scene.stores:
                store.receive("MUG", ORDERS // 2 * EACH)
        until(lambda h=half, m=moment: in_the_middle(h, m), f"{half} is in the middle of “{moment}”", every=0.002)
        scene.waitline.kill(half)
        told = until(lambda k=kind, n=count: _told(scene, placed, k, n), f"{moment}", RESUMED_SECONDS, every=0.5)
        took.append(told)
    scene.rest()
    unknown = check_the_story(scene, placed)
    assert unknown <= 1
    with capsys.disabled():
        print(
            f"\n{halves[0]} killed while “{WAIT}”, {halves[1]} while “{HERE}”: all told {took[0]:.1f} and "
            f"{took[1]:.1f} s later; {unknown} messages of unknown outcome, nothing lost or doubled."
        )


def _told(scene: Scene, placed: dict[int, dict[int, str]], kind: str, count: int) -> bool:
    told = [n for store in scene.stores for order in placed[store.id] for n in store.told(order)["notices"]]
    done = sum(n["kind"] == kind and n["state"] in ("done", "unknown") for n in told)
    return done == count * len(scene.stores)


def test_while_redis_is_away_webhooks_are_answered_200_and_worked_off_when_it_is_back(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for how in ("stopped", "emptied"):
        for store in scene.stores:
            store.stock(how.upper(), 0)
        scene.rest()
        server = scene.waitline.pids()["redis"]
        before = len(scene.statuses)
        os.kill(server, signal.SIGSTOP)
        if how == "emptied":
            shutil.rmtree(scene.waitline.folder / "data" / "redis" / "appendonlydir")
            os.kill(server, signal.SIGKILL)
        placed = {store.id: place(store, how.upper(), 3) for store in scene.stores}
        until(lambda: all(scene.told_of(store) for store in scene.stores), "every webhook was sent", 20)
        sent = scene.statuses[before:]
        if how == "stopped":
            due = sum(scene.waitline.counts(store.id)[WorkState.DUE] for store in scene.stores)
            assert due >= 3 * len(scene.stores)
            os.kill(server, signal.SIGCONT)
        back = time.monotonic()
        until(
            lambda p=placed: all(store.has(order) == (0, EACH) for store in scene.stores for order in p[store.id]),
            "the orders are in the book",
            RESUMED_SECONDS,
            every=0.2,
        )
        took = time.monotonic() - back
        scene.rest()
        assert {status for _, status, _, _ in sent} == {200}
        expected += Counter((address, WAIT) for orders in placed.values() for address in orders.values())
        assert scene.mails() == expected
        slowest = max(seconds for _, _, _, seconds in sent)
        assert slowest < 3
        with capsys.disabled():
            print(
                f"\nRedis {how}: {len(sent)} webhooks answered 200 (slowest {slowest:.2f} s), done {took:.1f} s later."
            )


def test_a_killed_web_process_is_up_again_and_every_acknowledged_webhook_is_in_the_inbox(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    woo = scene.stores[1]
    woo.stock("MUG", 5)
    scene.rest()
    over = threading.Event()
    acknowledged: list[int] = []
    failed: list[int] = []

    def send(number: int) -> None:
        while not over.is_set():
            (acknowledged if scene.say(woo, number) == 200 else failed).append(number)
            number += 10

    senders = [threading.Thread(target=send, args=(first,)) for first in range(4)]
    for sender in senders:
        sender.start()
    downs = []
    for victim in ("a web worker", "the web server", "a web worker"):
        already = len(acknowledged)
        until(lambda already=already: len(acknowledged) > already + 40, "webhooks are answered")
        master = scene.waitline.pids()["web"]
        pid = master if victim == "the web server" else min(children(master))
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        if victim == "the web server":
            until(lambda master=master: scene.waitline.pids().get("web", master) != master, "it is started again")
        until(scene.waitline.ready, "it serves again", every=0.02)
        downs.append(time.monotonic() - killed)
    already = len(acknowledged)
    until(lambda: len(acknowledged) > already + 40, "webhooks are answered again")
    over.set()
    for sender in senders:
        sender.join()
    scene.rest()
    assert set(acknowledged) <= scene.kept(woo)
    with capsys.disabled():
        print(
            f"\nWeb killed three times: {len(acknowledged)} acknowledged webhooks, all in the inbox; {len(failed)} "
            f"refused; serving again after {', '.join(f'{down:.1f}' for down in downs)} s."
        )
