"""`make replay-scenario`: plays a story of one Shopify shop against the whole application, delivery by delivery.

SCENARIO names the file. Every delivery goes byte for byte through the real route; reads are answered with what the
scenario says was true at that moment; the store is only watched. One JSON line per delivery. Exits 1 where anything
that the scenario determines is different, 2 on a file that this runner does not know how to play to the letter.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from app import logs
from connectors.http import Transport
from connectors.shopify.tokens import SECRETS_SETTING
from demo.replay.bench import Bench, IgnoredRow, LineRow, Rows
from demo.replay.scenario_compare import differences
from demo.replay.scenario_file import BadScenario, Object, scenario
from demo.replay.scenario_shop import ScenarioShop
from demo.stores.wire import LocalTransport

BEFORE = timedelta(minutes=1)
_WORDS = {"product_gone": "deleted_product"}
"""Where the scenarios' word for an ignored line is another than ours."""

OpenBench = Callable[[Transport, datetime, str, Mapping[str, str]], Bench]


def replay(told: Object, open_bench: OpenBench = Bench) -> Iterator[Object]:
    """Play a scenario; one result per delivery."""
    shop = ScenarioShop(told)
    arrives = [datetime.fromisoformat(moment) for moment in told["arrives"]]
    environ = {SECRETS_SETTING: told["client_secret"]}
    bench = open_bench(LocalTransport({told["shop_domain"]: shop}), min(arrives) - BEFORE, "", environ)
    tokens = {"access_token": "shpat_scenario", "refresh_token": "shprt_scenario"}
    credentials = {**tokens, "client_secret": told["client_secret"]}
    path = bench.connect("shopify", told["shop_domain"], credentials)
    for n, delivery in enumerate(told["deliveries"]):
        shop.at(n)
        bench.move_to(arrives[n])
        status = bench.post(path, _headers(delivery["headers"]), delivery["raw_body"].encode())
        bench.work_off()
        ours = {"status": status, **as_rows(bench.rows())}
        words = [_meant(word, tokens) for word in told["expect"][n].get("erased", ())]
        wrong = [*differences(told["expect"][n], ours), *(f"not erased: {place}" for place in bench.leftovers(words))]
        yield {
            "delivery": n,
            "status": status,
            "lines": ours["lines"],
            "pools": ours["pools"],
            "agrees": not wrong,
            "differences": wrong,
        }
    bench.close()


def _meant(word: str, tokens: Mapping[str, str]) -> str:
    """A word that must be nowhere; `$access_token` and the like stand for what the store was connected with. Nothing
    is asked of Redis: a replay rings no bell.
    """
    return tokens[word[1:]] if word.startswith("$") else word


def _headers(told: Mapping[str, str]) -> dict[str, str]:
    """WSGI carries bytes as Latin-1 text, so a value beyond ASCII goes in as the letters of its UTF-8 bytes."""
    return {name: value.encode().decode("latin-1") for name, value in told.items()}


def as_rows(rows: Rows) -> dict[str, Any]:
    """The application's book with the keys and types of `expect`."""
    return {
        "lines": list(_line_rows(rows.lines)),
        "pools": [
            {
                "pool": f"{row.item}@{row.location}",
                "available": _units(row.available),
                "committed": _units(row.committed or Decimal(0)),
                "on_hand": _units(row.on_hand),
                "outstanding": _units(_sum(line.outstanding for line in rows.lines if _pool(line) == _pool(row))),
                "waiting": _units(_sum(line.waiting for line in rows.lines if _pool(line) == _pool(row))),
            }
            for row in sorted(rows.pools, key=_pool)
        ],
        "ignored": list(_ignored_rows(rows.ignored)),
        "orders": len(rows.orders),
        "notifiable": list(rows.notifiable),
        "stored": rows.stored,
    }


def _line_rows(lines: Iterable[LineRow]) -> Iterator[Object]:
    for row in sorted(lines, key=lambda row: (_pool(row), row.placed_at, row.order_id, row.line_id)):
        yield {
            "order": row.order_id,
            "line": row.line_id,
            "pool": f"{row.item}@{row.location}" if row.item else None,
            "ordered": _units(row.ordered),
            "shipped": _units(row.shipped),
            "cancelled": _units(row.cancelled),
            "outstanding": _units(row.outstanding),
            "allocated": _units(row.allocated),
            "waiting": _units(row.waiting),
        }


def _ignored_rows(rows: Iterable[IgnoredRow]) -> Iterator[Object]:
    for row in rows:
        yield {"order": row.order_id, "line": row.line_id, "why": _WORDS.get(row.why, row.why)}


def _pool(row: Any) -> tuple[int, int]:
    return row.item, row.location


def _sum(units: Iterable[Decimal]) -> Decimal:
    return sum(units, Decimal(0))


def _units(units: Decimal) -> str:
    return f"{units.normalize():f}"


def main() -> int:
    """Play what SCENARIO names; the exit status of the process."""
    named = os.environ.get("SCENARIO", "")
    try:
        if not named:
            raise BadScenario("SCENARIO must name the file of a scenario.")
        told = scenario(Path(named))
    except BadScenario as error:
        print(error, file=sys.stderr)
        return 2
    agreed = True
    for result in replay(told):
        print(json.dumps(result), flush=True)
        agreed = agreed and result["agrees"]
    return 0 if agreed else 1


if __name__ == "__main__":
    logs.configure()
    sys.exit(main())
