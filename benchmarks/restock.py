"""`make bench-restock`: how long a customer waits for the mail once the goods are there.

A real Waitline (`waitline up`: web, two workers, clock, its own queue server, SQLite), the stand-in stores and the
mailbox, all on this machine. ORDERS (100) customers wait for one item; goods for all of them arrive; a mail's time is
from the moment at which the store sent the webhook of the arrival to the moment at which the mail was handed over.
The platforms one after the other. SECONDS (120) bounds each wait. Exits 1 when a mail is missing or came twice.
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from tests.processes.running import NotInTime, Scene, Store, children, until

ORDERS = int(os.environ.get("ORDERS") or 100)
SECONDS = float(os.environ.get("SECONDS") or 120)
ARRIVAL = {"shopify": "inventory_levels/update", "woocommerce": "product.updated"}
GOAL_P50 = {"shopify": 2.0, "woocommerce": 5.0}
READY = "items you waited for are here"


@dataclass(frozen=True, slots=True)
class Result:
    """What one platform did. Times are in seconds from the arrival's webhook."""

    platform: str
    mails: int
    missing: int
    doubled: int
    first: float
    p50: float
    p99: float
    total: float
    at_rest: float
    """Until nothing was left to do on either side."""
    cpu: dict[str, float]
    """Seconds of CPU until then, by process; `stand_ins` are the stores and the mailbox."""


def measure(scene: Scene, store: Store) -> Result:
    """Let customers wait, let the goods arrive, and note when each is told."""
    store.stock("LAMP", 0)
    for number in range(ORDERS):
        store.shop.order("LAMP", 1, f"{store.platform}{number} Example")
    until(lambda: len(_mails(scene, store)) >= ORDERS, "everybody who waits was told", SECONDS)
    scene.rest(SECONDS)
    sent, told = len(scene.statuses), len(scene.arrived)
    used = _cpu(scene)
    store.receive("LAMP", ORDERS)
    began = time.monotonic()
    until(lambda: _arrival(scene, store, sent) is not None, "the arrival is told", SECONDS, every=0.01)
    try:
        until(lambda: len(scene.arrived) - told >= ORDERS, "everybody was told of the arrival", SECONDS)
    except NotInTime as late:
        print(late, file=sys.stderr)
    scene.rest(SECONDS)
    rested = time.monotonic() - began
    cpu = {name: round(seconds - used.get(name, 0), 1) for name, seconds in _cpu(scene).items()}
    arrival = _arrival(scene, store, sent)
    assert arrival is not None
    times = sorted((at - arrival).total_seconds() for at in scene.arrived[told:])
    came = Counter(mail.to for mail in scene.mailbox.mails[told:] if mail.subject.endswith(READY))
    return Result(
        platform=store.platform,
        mails=len(times),
        missing=ORDERS - len(came),
        doubled=sum(came.values()) - len(came),
        first=round(times[0], 2) if times else 0.0,
        p50=_share(times, 50),
        p99=_share(times, 99),
        total=round(times[-1], 2) if times else 0.0,
        at_rest=round(rested, 2),
        cpu=cpu,
    )


def _mails(scene: Scene, store: Store) -> list[str]:
    return [mail.to for mail in scene.mailbox.mails if mail.to.startswith(store.platform)]


def _arrival(scene: Scene, store: Store, after: int) -> datetime | None:
    """When the first webhook about the arrival left."""
    return next((left for topic, _, left, _ in scene.statuses[after:] if topic == ARRIVAL[store.platform]), None)


def _cpu(scene: Scene) -> dict[str, float]:
    found = {"stand_ins": time.process_time()}
    for name, pid in scene.waitline.pids().items():
        ticks = 0
        for one in (pid, *children(pid)):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        found[name] = ticks / os.sysconf("SC_CLK_TCK")
    return found


def _share(times: Sequence[float], percent: int) -> float:
    return round(times[min(len(times) - 1, len(times) * percent // 100)], 2) if times else 0.0


def main() -> int:
    """Measure both platforms, print a table and a line of JSON."""
    with tempfile.TemporaryDirectory(prefix="wl-", dir="/tmp") as folder, Scene(Path(folder)) as scene:
        results = [measure(scene, store) for store in scene.stores]
        kept = os.environ.get("KEEP_LOG", "")
        if kept:
            Path(kept).write_bytes(scene.waitline.printed.read_bytes())
    print(f"{'platform':14}{'mails':>6}{'first s':>9}{'p50 s':>8}{'p99 s':>8}{'all s':>8}{'rest s':>8}{'goal':>6}")
    for found in results:
        print(
            f"{found.platform:14}{found.mails:>6}{found.first:>9}{found.p50:>8}{found.p99:>8}{found.total:>8}"
            f"{found.at_rest:>8}{GOAL_P50[found.platform]:>6}"
        )
    met = {found.platform: found.p50 <= GOAL_P50[found.platform] for found in results}
    print(json.dumps({"orders": ORDERS, "goal_met": met, "platforms": [asdict(found) for found in results]}))
    return 1 if any(found.missing or found.doubled for found in results) else 0


if __name__ == "__main__":
    sys.exit(main())
