"""The stand-in shop goes through the recorded story of a real shop, call by call, and must come out as that one did."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from demo.stores.woocommerce import WooShop
from demo.stores.woocommerce.access import Key

FOLDER = Path(__file__).parents[3] / "shared" / "woocommerce"
ADDRESS = "https://127.0.0.1:8493"
ONCE_REFUSED = {
    "0091": ("ck_reads", "cs"),
    "0092": ("ck_writes", "cs"),
    "0093": ("ck_nobody", "cs"),
    "0094": ("ck_demo", "cs_wrong"),
}
"""Calls that were made with other keys."""
WEBHOOKS = "0023"
"""The list of webhooks: all made within two seconds, and listed in no order that can be told."""
NOT_OURS = ("customers", "coupons", "actions")
"""Parts of the API that the stand-in does not have."""
ITS_WAY = 0.2
"""Seconds from the beginning of a step to what it did."""
OTHERWISE = {
    "permalink", "permalink_template", "generated_slug", "price_html", "related_ids", "slug", "average_rating",
    "order_key", "payment_url", "billing", "shipping", "cart_hash", "customer_ip_address", "customer_user_agent",
    "total_sales", "tax_class", "_links", "settings", "options",
}  # fmt: skip
"""What a shop fills in by its own choice, what nobody reads, and what the stand-in does not keep of a customer."""
ITS_OWN = {
    "_auto_fulfill_processed", "_shipping_hash", "_coupons_hash", "_fees_hash", "_taxes_hash", "is_vat_exempt",
    "_debug_log_source_pending_deletion",
}  # fmt: skip
"""Meta data that the real shop's own parts leave on an order."""

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recording is not beside the project")


class Replay:
    """The stand-in at the time of a step, and what it was found to do otherwise than the recorded shop."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 21, 6, 40, tzinfo=UTC)
        self.status = 200
        self.told: list[str] = []
        self.woo = WooShop(address=ADDRESS, clock=lambda: self.now, deliver=self._deliver)
        self.woo.access.keys["ck_reads"] = Key(2, "ck_reads", "cs", "read")
        self.woo.access.keys["ck_writes"] = Key(3, "ck_writes", "cs", "write")
        self.client = Client(self.woo)
        self.different: list[str] = []

    def _deliver(self, _url: str, headers: Mapping[str, str], _body: bytes) -> int:
        self.told.append(headers.get("X-WC-Webhook-Topic", "ping"))
        return self.status

    def step(self, step: dict[str, Any]) -> None:
        self.now = datetime.fromtimestamp(int(step["at"] + ITS_WAY), UTC)
        self.told.clear()
        self._act(step["step"])
        for name in step["rest"]:
            self._call(name.partition("-")[0], json.loads((FOLDER / "rest" / name).read_bytes()))
        self.woo.deliver()
        expected = [name.partition("-")[2] for name in step["deliveries"]]
        expected = [topic for topic in expected if not topic.startswith(("action.", "customer.", "coupon."))]
        self._compare(f"step {step['step']} deliveries", expected, self.told)
        for product in step.get("products_after", []):
            shown = self.woo.shop.product_body(self.woo.shop.products[product["id"]])
            self._compare(f"step {step['step']} product {product['id']}", product, {key: shown[key] for key in product})
        for order in step.get("orders_after", []):
            self._compare(f"step {step['step']} order {order['id']}", order, self._state(order["id"]))

    def _act(self, number: int) -> None:
        """What people did in the shop, beside its REST API."""
        shop = self.woo.shop
        if number == 7:
            shop.place_order([("MUG-001", Decimal(3))], status="on-hold")
        if number == 9:
            lines = [("MUG-001", Decimal(2)), ("TOTE-001", Decimal(5)), ("POST-001", Decimal(1))]
            shop.place_order(lines, status="on-hold")
        if number == 17:
            shop.note(shop.orders[20], "Order details sent to dana@example.com.", "admin")
        if number == 34:
            shop.restore_order(shop.orders[26])
        if number == 35:
            shop.next_id()  # The coupon's.
        if number == 42:
            self.now += timedelta(seconds=3)
            self.status = 500
            for _ in range(7):
                shop.touch(shop.orders[24])
                self.woo.deliver()
            self.status = 200

    def _call(self, number: str, recorded: dict[str, Any]) -> None:
        asked, answered = recorded["request"], recorded["response"]
        if any(word in asked["path"] for word in NOT_OURS):
            return
        self.now = _moment(asked["method"], answered["json"]) or self.now
        query = {name: str(value).lower() for name, value in (asked["query"] or {}).items()}
        reply = self.client.open(
            asked["path"],
            base_url=ADDRESS,
            method=asked["method"],
            query_string=query,
            json=asked["json"],
            auth=ONCE_REFUSED.get(number, ("ck_demo", "cs_demo")),
        )
        self._compare(f"{number} status", answered["status"], reply.status_code)
        for name in ("X-WP-Total", "X-WP-TotalPages"):
            self._compare(f"{number} {name}", answered["headers"].get(name), reply.headers.get(name))
        found = json.loads(reply.data)
        if asked["path"].endswith("/notes") and reply.status_code < 300:
            self._compare(number, _unnumbered(answered["json"]), _unnumbered(found))
        else:
            self._compare(number, answered["json"], found)

    def _state(self, order_id: int) -> dict[str, Any]:
        order = self.woo.shop.orders[order_id]
        lines = [
            {
                "id": line.id,
                "product_id": line.product_id,
                "variation_id": line.variation_id,
                "quantity": int(line.quantity),
                "reduced_stock": str(line.reduced) if line.reduced else None,
            }
            for line in order.lines
        ]
        return {"id": order.id, "status": order.status, "lines": lines}

    def _compare(self, where: str, expected: Any, found: Any) -> None:
        if where.endswith(".meta_data"):
            expected, found = _told(expected), _told(found)
        if where == WEBHOOKS:
            expected, found = (sorted(one, key=lambda body: int(body["id"])) for one in (expected, found))
        if isinstance(expected, dict) and isinstance(found, dict):
            if expected.keys() - OTHERWISE != found.keys() - OTHERWISE:
                self.different.append(f"{where}: {sorted(expected.keys() ^ found.keys())}")
            for key in (expected.keys() & found.keys()) - OTHERWISE:
                self._compare(f"{where}.{key}", expected[key], found[key])
        elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
            for place, (one, other) in enumerate(zip(expected, found, strict=True)):
                self._compare(f"{where}[{place}]", one, other)
        elif expected != found:
            self.different.append(f"{where}: {expected!r} is {found!r}")


def _moment(method: str, body: Any) -> datetime | None:
    """When a recorded write was made, by its answer."""
    if isinstance(body, dict) and "update" in body:
        method, body = "PUT", body["update"][0]
    stamp = {"POST": "date_created_gmt", "PUT": "date_modified_gmt"}.get(method, "")
    told = body.get(stamp) if isinstance(body, dict) else None
    return datetime.fromisoformat(told).replace(tzinfo=UTC) if told else None


def _told(metas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Meta data without its ids, which count on over all that a shop keeps."""
    told = [{key: meta[key] for key in meta if key != "id"} for meta in metas if meta["key"] not in ITS_OWN]
    return sorted(told, key=lambda meta: str(meta["key"]))


def _unnumbered(notes: Any) -> Any:
    """Notes without their ids: the real shop writes some more of its own."""
    return [note | {"id": 0} for note in notes] if isinstance(notes, list) else notes | {"id": 0}


def test_the_recorded_story_ends_each_step_as_it_did_in_the_real_shop() -> None:
    replay = Replay()

    for step in json.loads((FOLDER / "steps.json").read_bytes()):
        replay.step(step)

    assert replay.different == []
