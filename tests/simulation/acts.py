"""Every kind of step: what a shop, a merchant, a customer, a worker, the clock or bad luck does next."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random

from connectors.signing import body_signature
from demo.stores.shopify.works import Refused as ShopifyRefused
from demo.stores.troubles import Broken
from demo.stores.woocommerce.shop import Refused as WooRefused
from jobs import sweep
from jobs.world import World
from tests.simulation.access import office
from tests.simulation.besides import besides
from tests.simulation.box import Box
from tests.simulation.merchant import merchant
from tests.simulation.money import accepts
from tests.simulation.packing import packs
from tests.simulation.site import Site

REFUSED = (ShopifyRefused, WooRefused)
Step = Callable[[Box, Random], str | None]

TROUBLES = (*Broken, "429", "500", "502", "503", "504", "500_after", "502_after", "504_after", "html")


def shop_acts(box: Box, die: Random) -> str | None:
    """A shopper or a merchant does something in a shop."""
    return act_in(die.choice(box.sites), die)


def act_in(site: Site, die: Random) -> str | None:
    """Something happens in this shop."""
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
    queue = die.choice(sorted({ring[0] for ring in box.rings})) if box.queues else ""
    heard = [at for at, ring in enumerate(box.rings) if queue in ("", ring[0])]
    ring = box.rings.pop(heard[0 if die.random() < 0.7 else die.randrange(len(heard))])
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
    "office": (3, office),
    "cancel": (3, accepts),
    "packs": (0, packs),
    "besides": (0, besides),
}

MEANWHILE = ("shop", "send", "late", "late", "work", "work", "work", "rush", "clock", "merchant", "office")
"""What others do while somebody is at work, the more frequent ones more than once."""
BESIDES = ("besides", "besides", "besides")
"""And what they do where more is done than usual."""
