"""Every kind of step: what a shop, a merchant, a customer, a worker, the clock or bad luck does next."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random

from backorder.db import orderbook, stores
from backorder.db.supply_rows import receipt_rows, stocked_items
from backorder.domain.errors import Rejected
from backorder.domain.policy import Split
from connectors.signing import body_signature
from demo.stores.shopify.works import Refused as ShopifyRefused
from demo.stores.troubles import Broken
from demo.stores.woocommerce.shop import Refused as WooRefused
from jobs import steer, sweep
from jobs.promise import today_of
from jobs.world import World
from tests.simulation.box import Box
from tests.simulation.site import Site

REFUSED = (ShopifyRefused, WooRefused)
Step = Callable[[Box, Random], str | None]

TROUBLES = (*Broken, "429", "500", "502", "503", "504", "500_after", "502_after", "504_after", "html")


def shop_acts(box: Box, die: Random) -> str | None:
    """A shopper or a merchant does something in a shop."""
    site = die.choice(box.sites)
    names = list(site.acts)
    name = die.choices(names, [site.acts[name][0] for name in names])[0]
    try:
        done = site.acts[name][1](die)
    except REFUSED as refusal:
        done = f"refused: {refusal}"
    return None if done is None else f"{site.name} {name}: {done}"


def send(box: Box, die: Random) -> str | None:
    """A shop sends one of the webhooks that it has to send."""
    waiting = [site for site in box.sites if site.pending()]
    if not waiting:
        return None
    site = die.choice(waiting)
    return f"{site.name}: {site.send(die)}"


def late_arrival(box: Box, die: Random) -> str | None:
    """A webhook that was under way for long arrives."""
    if not box.late:
        return None
    # Often a copy overtakes: it arrives while the first one is being taken in.
    newest = len(box.late) - 1
    site, path, headers, body = box.late.pop(newest if die.random() < 0.6 else die.randrange(newest + 1))
    return f"{site.name}: {box.post(site, path, headers, body)}"


def repeat(box: Box, die: Random) -> str | None:
    """A webhook that was taken long ago comes once more."""
    if not box.heard:
        return None
    site = die.choice([site for site in box.sites if site.name in box.heard])
    path, headers, body = die.choice(box.heard[site.name])
    return f"{site.name}: {box.post(site, path, headers, body)}"


def work(box: Box, die: Random) -> str | None:
    """A worker answers a ring, mostly the oldest."""
    if not box.rings:
        return None
    ring = box.rings.pop(0 if die.random() < 0.7 else die.randrange(len(box.rings)))
    return f"{ring[1]} {ring[2:]}: {box.job(ring, die)}"


def rush(box: Box, die: Random) -> str:
    """Something happens in a shop, is told at once, and what it rings for is worked off at once."""
    told = [shop_acts(box, die), send(box, die)]
    for _ in range(die.randrange(2, 5)):
        if box.rings:
            ring = box.rings.pop()
            told.append(f"{ring[1]} {ring[2:]}: {box.job(ring, die)}")
    return ", ".join(part for part in told if part)


def clock(box: Box, die: Random) -> str:
    """The clock sweeps. What it rang for is heard soon; a queue does not grow for ever."""
    ended = box.as_actor("clock", die, sweep.sweep)
    del box.rings[60:]
    return f"sweep: {ended}"


def wait(box: Box, die: Random) -> str:
    """Time passes: mostly seconds, at times hours."""
    seconds = die.choices([3, 12, 40, 200, 1000, 90_000], [30, 20, 10, 6, 2, 1])[0] * die.uniform(0.5, 1.5)
    box.now += timedelta(seconds=int(seconds))
    return f"{int(seconds)} s"


def trouble(box: Box, die: Random) -> str | None:
    """Something is to go wrong with a shop's next calls, or nothing any more."""
    if die.random() >= box.chances.trouble:
        return None
    site = die.choice(box.sites)
    if die.random() < 0.2:
        site.app.troubles.mend()
        return f"{site.name} is mended"
    words = [*TROUBLES, *(["throttled"] if site.platform == "shopify" else [])]
    what = die.choice(words)
    times = die.choice([1, 1, 1, 2, 5])
    writes = die.choice([None, True, True, True, False])
    site.app.troubles.fail(what, times, writes=writes)
    return f"{site.name}: {what} {times} times, writes {writes}"


def merchant(box: Box, die: Random) -> str | None:
    """A merchant changes something with us."""
    site = die.choice(box.sites)
    names = list(MERCHANT)
    name = die.choices(names, [MERCHANT[name][0] for name in names])[0]
    said: list[str] = []

    def act(world: World) -> None:
        try:
            said.append(str(MERCHANT[name][1](world, box.ids[site.name], die)))
        except Rejected as rejected:
            said.append(f"refused: {rejected}")

    ended = box.as_actor("merchant", die, act)
    return f"{site.name} {name}: {' '.join(said)} {ended}"


def _switch_on(world: World, store_id: int, die: Random) -> str:
    if die.random() < 0.5:
        _policy(world, store_id, die)
    tell = die.random() < 0.5
    steer.switch_on(world, store_id, tell_waiting=tell)
    return f"tell {tell}"


def _watch(world: World, store_id: int, _die: Random) -> str:
    steer.watch(world, store_id)
    return ""


def _policy(world: World, store_id: int, die: Random) -> str:
    choice: dict[str, object] = die.choice(
        [
            {"split": die.choice(list(Split))},
            {"keep_back": Decimal(die.choice([0, 1, 2, 3]))},
            {"keep_back": Decimal(die.choice([0, 1, 2, 3]))},
            {"accept_backorders": die.random() < 0.7},
            {"settle_seconds": die.choice([0, 30, 120])},
            {"late_lines_wait": die.random() < 0.5},
            {"handling_days": die.randrange(0, 4), "inbound_buffer_days": die.randrange(0, 5)},
            {"lead_time_days": die.choice([None, 10])},
            {"paused": die.random() < 0.3},
        ]
    )
    steer.save_policy(world, store_id, **choice)
    return str(choice)


def _inbound(world: World, store_id: int, die: Random) -> str | None:
    with world.database.read() as conn:
        items = stocked_items(conn, store_id)
        store = stores.get(conn, store_id)
    if not items:
        return None
    item = die.choice(items)
    units = Decimal(die.randrange(1, 9))
    day = today_of(store, world.clock()) + timedelta(days=die.randrange(-2, 12))
    item_id, location = item.pool
    steer.add_inbound(world, store_id, item=item_id, location=location, quantity=units, expected_on=day)
    return f"{units} of {item.sku} on {day}"


def _undo(world: World, store_id: int, die: Random) -> str | None:
    with world.database.read() as conn:
        receipts = [row for row in receipt_rows(conn, store_id, limit=20) if row.undone_at is None]
    if not receipts:
        return None
    steer.undo_receipt(world, store_id, die.choice(receipts).id)
    return "receipt"


def _customer(world: World, store_id: int, die: Random) -> str | None:
    with world.database.read() as conn:
        ids = sorted(orderbook.owing(conn, store_id))
    if not ids:
        return None
    order = die.choice(ids)
    return f"{order}: {steer.wish_cancel(world, store_id, order, line_ids=None, reason='too slow')} lines"


MERCHANT: Mapping[str, tuple[int, Callable[[World, int, Random], str | None]]] = {
    "switches on": (14, _switch_on),
    "watches": (2, _watch),
    "changes the policy": (6, _policy),
    "expects goods": (8, _inbound),
    "undoes a receipt": (1, _undo),
    "customer wants to cancel": (4, _customer),
}


def nonsense(box: Box, die: Random) -> str | None:
    """A rightly signed delivery that makes no sense, and good ones behind it: it must stop nobody."""
    heard = [site for site in box.sites if site.name in box.heard]
    if not heard:
        return None
    site = die.choice(heard)
    path, headers, _ = die.choice(box.heard[site.name])
    body = die.choice([b"{}", b"[]", b'{"id": "x"}', b"\xff\xfe", b'{"id": 1e999}', b"null", b'{"id":' + b"[" * 300])
    renewed = {
        name: f"nonsense-{die.random()}" if name.lower() == "x-shopify-webhook-id" else value
        for name, value in _signed(site, headers, body).items()
    }
    told = f"{site.name}: {box.post(site, path, renewed, body)}"
    behind = [site.send(die) for _ in range(die.randrange(0, 3)) if site.pending()]
    return f"{told}, behind it {behind}"


def impostor(box: Box, die: Random) -> str | None:
    """A delivery of one shop is sent under the name of the other. What is signed is the body only."""
    first, second = die.sample(box.sites, 2)
    if first.platform != second.platform or not {first.name, second.name} <= set(box.heard):
        return None
    _, headers, body = die.choice(box.heard[first.name])
    path, other, _ = die.choice(box.heard[second.name])
    named = {name: value for name, value in other.items() if name.lower() in ("x-shopify-shop-domain",)}
    answers: list[int] = []

    def take(_world: World) -> None:
        answers.append(box.web.post(path, headers={**headers, **named}, data=body).status_code)

    return f"{first.name} as {second.name}: {box.as_actor('web', die, take)} {answers}"


def _signed(site: Site, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    secret = site.credentials.get("webhook_secret") or site.credentials["client_secret"]
    signature = body_signature(secret.encode(), body).decode()
    own = {"x-shopify-hmac-sha256": signature, "x-wc-webhook-signature": signature}
    return {name: own.get(name.lower(), value) for name, value in headers.items()}


STEPS: Mapping[str, tuple[int, Step]] = {
    "rush": (0, rush),
    "shop": (22, shop_acts),
    "send": (24, send),
    "late": (3, late_arrival),
    "repeat": (1, repeat),
    "work": (40, work),
    "clock": (10, clock),
    "wait": (8, wait),
    "trouble": (6, trouble),
    "merchant": (5, merchant),
    "nonsense": (2, nonsense),
    "impostor": (1, impostor),
}

MEANWHILE = ("shop", "send", "late", "late", "work", "work", "work", "rush", "clock", "merchant")
"""What others do while somebody is at work, the more frequent ones more than once."""
