"""`make replay-recorded`: plays a recorded WooCommerce shop against the whole application and compares every step.

Every delivery goes byte for byte through the real route into the real database; reads are answered from the recorded
state. The store is only watched. What to play comes from the environment, never from a command line: a secret may
hold quotes, `&`, `<` and letters beyond ASCII.

RECORDING  the folder                      SECRET    what signed the deliveries, one for all topics
ORDER      recorded (default), or shuffled within each step with every delivery sent twice
SEED       of the shuffling and dropping   DROP      how many of a hundred deliveries never arrive (0)
CATCH_UP   1: after each step one catch-up with the sweep of ids (0)

Prints one JSON line per step. Exits 1 on a difference, where the recording says what is right.
"""

import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.logs import configure as configure_logs
from connectors.http import Transport
from demo.replay.bench import Bench, Rows
from demo.replay.recorded_compare import differences
from demo.replay.recorded_shop import RecordedShop
from demo.replay.recording import Object, Recording
from demo.stores.wire import LocalTransport

HOST = "recorded-shop.example"
OF_THE_WIRE = frozenset({"host", "content-length", "connection"})
"""Headers that tell of the recorded connection and not of the delivery."""
BEFORE = timedelta(minutes=1)

OpenBench = Callable[[Transport, datetime], Bench]


class BadRequest(Exception):
    """The environment does not say what to play."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to play, and how."""

    folder: Path
    secret: str
    shuffled: bool = False
    seed: int = 0
    drop_percent: int = 0
    catch_up: bool = False


def request_from(environ: Mapping[str, str]) -> Request:
    """Read the environment; raises BadRequest with a sentence."""
    folder = Path(environ.get("RECORDING", ""))
    if not environ.get("RECORDING") or not (folder / "steps.json").is_file():
        raise BadRequest("RECORDING must name a folder that has a steps.json.")
    if not environ.get("SECRET"):
        raise BadRequest("SECRET must be the secret that signed the recorded deliveries.")
    order = environ.get("ORDER") or "recorded"
    if order not in ("recorded", "shuffled"):
        raise BadRequest("ORDER is recorded or shuffled.")
    seed, drop = environ.get("SEED") or "0", environ.get("DROP") or "0"
    if not seed.isdecimal() or not drop.isdecimal() or int(drop) > 100:
        raise BadRequest("SEED is a whole number and DROP a percentage.")
    return Request(
        folder, environ["SECRET"], order == "shuffled", int(seed), int(drop), environ.get("CATCH_UP") in ("1", "yes")
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """One delivery as it came to the recorder."""

    name: str
    topic: str
    received_at: datetime
    headers: Mapping[str, str]
    body: bytes


def recorded_delivery(recording: Recording, name: str) -> Recorded:
    """Read one delivery; its body is not touched."""
    folder = recording.folder / "deliveries"
    told = json.loads((folder / f"{name}.headers.json").read_bytes())
    headers = {key: value for key, value in told["headers"] if key.lower() not in OF_THE_WIRE}
    return Recorded(
        name=name,
        topic=told["path"].rstrip("/").rpartition("/")[2],
        received_at=datetime.fromtimestamp(told["received_at"], UTC),
        headers=headers,
        body=(folder / f"{name}.body").read_bytes(),
    )


def replay(request: Request, open_bench: OpenBench = Bench) -> Iterator[Object]:
    """Play the recording; one result per step, in the form of a row of `expected.json`."""
    recording = Recording(request.folder)
    expected = {step["step"]: step for step in recording.expected or []}
    chance = random.Random(request.seed)
    shop = RecordedShop(recording)
    bench = open_bench(LocalTransport({HOST: shop}), _moment(recording.steps[0]["at"]) - BEFORE)
    credentials = {"key": "ck_recorded", "secret": "cs_recorded", "webhook_secret": request.secret}
    path = bench.connect("woocommerce", f"https://{HOST}", credentials)
    for step in recording.steps:
        shop.after(step["step"])
        bench.move_to(_moment(step["at"]))
        refused = []
        for delivery in _sent(recording, step, request, chance):
            bench.move_to(delivery.received_at)
            status = bench.post(f"{path}/{delivery.topic}", delivery.headers, delivery.body)
            if status != 200:
                refused.append(f"{delivery.name}: answered {status}")
        bench.work_off()
        if request.catch_up:
            bench.catch_up()
        rows = bench.rows()
        told = {"step": step["step"], **as_rows(rows)}
        right = expected.get(step["step"])
        wrong = refused + (differences(right, told) if right is not None else [])
        yield {**told, "quarantined": rows.quarantined, "agrees": not wrong, "differences": wrong}
    bench.close()


def _sent(recording: Recording, step: Object, request: Request, chance: random.Random) -> Sequence[Recorded]:
    deliveries = [recorded_delivery(recording, name) for name in step.get("deliveries", [])]
    if request.shuffled:
        deliveries = deliveries * 2
        chance.shuffle(deliveries)
    return [one for one in deliveries if chance.random() * 100 >= request.drop_percent]


def as_rows(rows: Rows) -> dict[str, Any]:
    """The application's book with the keys and types of `expected.json`."""
    lines = [
        {
            "order": row.order_id,
            "number": row.number,
            "line": row.line_id,
            "pool": row.item,
            "placed": f"{row.placed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
            "ordered": _units(row.ordered),
            "refunded": _units(row.cancelled),
            "fulfilled": _units(row.shipped),
            "outstanding": _units(row.outstanding),
            "allocated": _units(row.allocated),
            "waiting": _units(row.waiting),
        }
        for row in sorted(rows.lines, key=lambda row: (row.item, row.placed_at, row.order_id, row.line_id))
    ]
    pools = [
        {
            "pool": row.item,
            "stock": _units(row.available),
            "outstanding": _units(_sum(line.outstanding for line in rows.lines if line.item == row.item)),
            "on_hand": _units(row.on_hand),
            "waiting": _units(_sum(line.waiting for line in rows.lines if line.item == row.item)),
        }
        for row in sorted(rows.pools, key=lambda row: row.item)
    ]
    ignored = [
        {"order": row.order_id, "line": row.line_id, "why": row.why}
        for row in sorted(rows.ignored, key=lambda row: (row.order_id, row.line_id))
    ]
    return {"pools": pools, "lines": lines, "ignored": ignored}


def _sum(units: Iterator[Decimal]) -> Decimal:
    return sum(units, Decimal(0))


def _units(units: Decimal) -> str:
    return f"{units.normalize():f}"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def main() -> int:
    """Play what the environment asks for; the exit status of the process."""
    try:
        request = request_from(os.environ)
    except BadRequest as error:
        print(error, file=sys.stderr)
        return 2
    configure_logs()
    steps = agree = 0
    for result in replay(request):
        print(json.dumps(result), flush=True)
        steps += 1
        agree += result["agrees"]
    print(f"{agree} of {steps} steps agree.", file=sys.stderr)
    return 0 if agree == steps else 1


if __name__ == "__main__":
    sys.exit(main())
