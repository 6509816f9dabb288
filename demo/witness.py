"""What an outsider sees of an order: Waitline's own API, the stand-in store and the mailbox, all read over HTTP."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from demo.stage import Trouble

SECONDS = 10
SUBJECTS = {
    "some items are on backorder": "waits",
    "items you waited for are here": "here",
    "items you waited for are on their way": "shipped",
    "was cancelled": "cancelled",
}
DATE_KEY = "Expected to ship"
RECORD_KEY = "_backorder_manager"


@dataclass(frozen=True, slots=True)
class Sight:
    """One order as it shows everywhere. What a platform does not have stays empty."""

    given: int
    """Units that Waitline has given to the order."""
    waiting: int
    held: int = 0
    """Units that the store keeps from shipping because of us."""
    tags: tuple[str, ...] = ()
    record: str = ""
    """What the private record at the store's order says: the state, the units that wait, and until when."""
    shown_date: str = ""
    """What the order line in the store tells the customer."""
    notes: int = 0
    """Notes of ours at the store's order."""
    mails: tuple[str, ...] = ()
    """What the customer was written: the kind of each message and the date that it names."""
    cancelled: bool = False
    """Whether the order is cancelled in the store."""


class Shop:
    """A stand-in store: its control routes, and how its orders are read."""

    def __init__(self, url: str, read: Callable[[Mapping[str, Any]], tuple[str, dict[str, Any]]]) -> None:
        self.url = url
        self._read = read

    def act(self, action: str, **what: Any) -> dict[str, Any]:
        """Do something in the store, as a shopper or its merchant."""
        told: dict[str, Any] = _json(requests.post(f"{self.url}/_control/{action}", json=what, timeout=SECONDS))
        return told

    def order(self, sku: str, quantity: int, name: str, placed_at: datetime | None = None) -> int:
        """A customer orders; the order's id."""
        made = self.act(
            "place_order",
            lines=[{"sku": sku, "quantity": quantity}],
            name=name,
            email=f"{name.split(' ')[0].lower()}@example.com",
            placed_at=placed_at.isoformat() if placed_at else None,
        )
        return int(made["order"])

    def sights(self) -> dict[str, dict[str, Any]]:
        """What the store shows of each order, as fields of a Sight, by the order's number."""
        state = _json(requests.get(f"{self.url}/_control/state", timeout=SECONDS))
        return dict(self._read(order) for order in state["orders"])


def with_holds(order: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """An order of the store that is like Shopify: its number, holds of ours, tags, the metafield."""
    held = sum(
        line["remaining"]
        for work in order["fulfillment_orders"]
        if any(hold["by_app"] for hold in work["holds"])
        for line in work["lines"]
    )
    return order["name"], {
        "held": held,
        "tags": tuple(order["tags"]),
        "record": _record(json.loads(order["metafield"] or "{}")),
        "cancelled": order["cancelled"],
    }


def with_dates(order: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """An order of the store that is like WooCommerce: its id, the record, the date at its line, notes of ours."""
    return str(order["id"]), {
        "record": _record(order["meta"].get(RECORD_KEY) or {}),
        "shown_date": next((line["meta"][DATE_KEY] for line in order["lines"] if DATE_KEY in line["meta"]), ""),
        "notes": sum(note.startswith("Backorder:") for note in order["notes"]),
        "cancelled": order["status"] == "cancelled",
    }


def _record(told: Mapping[str, Any]) -> str:
    if "state" not in told:
        return ""
    if told["state"] != "waiting":
        return str(told["state"])
    return f"{told['waiting']} waiting, {'by ' + told['to'] if told['to'] else 'no date'}"


class Witness:
    """One store's API at Waitline, its stand-in and the mailbox."""

    def __init__(self, shop: Shop, web_url: str, token: str, mailbox_url: str) -> None:
        self._shop = shop
        self._api = f"{web_url}/api/v1"
        self._mailbox = mailbox_url
        self._caller = requests.Session()
        self._caller.headers["Authorization"] = f"Bearer {token}"

    def sights(self, numbers: Sequence[str]) -> dict[str, Sight | None]:
        """Those of these orders that the store has; `None` while Waitline does not know one."""
        in_store = self._shop.sights()
        mails = self.mails()
        return {number: self._sight(number, in_store[number], mails) for number in numbers if number in in_store}

    def mails(self) -> list[dict[str, Any]]:
        """Everything in the mailbox, oldest first."""
        found: list[dict[str, Any]] = _json(requests.get(f"{self._mailbox}/messages.json", timeout=SECONDS))
        return found

    def item(self, sku: str) -> dict[str, Any]:
        """What Waitline knows of an item's stock."""
        items: list[dict[str, Any]] = _json(self._caller.get(f"{self._api}/items", timeout=SECONDS))
        return next((item for item in items if item["sku"] == sku), {})

    def on_the_way(self, sku: str) -> list[int]:
        """Units of each delivery of the item that Waitline expects."""
        return [int(line["quantity"]) - int(line["received"]) for line in self.item(sku).get("inbound", [])]

    def add_inbound(self, sku: str, quantity: int, expected_on: str, source: str) -> None:
        """Enter goods that are on the way."""
        new = {
            "item": self.item(sku).get("item"),
            "quantity": quantity,
            "expected_on": expected_on,
            "source": source,
        }
        _json(self._caller.post(f"{self._api}/inbound", json=new, timeout=SECONDS))

    def health(self) -> dict[str, int]:
        """What is left to do and what went wrong."""
        found: dict[str, int] = _json(self._caller.get(f"{self._api}/health", timeout=SECONDS))
        return found

    def _sight(self, number: str, in_store: Mapping[str, Any], mails: Sequence[Mapping[str, Any]]) -> Sight | None:
        answer = self._caller.get(f"{self._api}/orders/{number.removeprefix('#')}", timeout=SECONDS)
        if answer.status_code == 404:
            return None
        lines = _json(answer)["lines"]
        return Sight(
            given=sum(int(line["allocated"]) for line in lines),
            waiting=sum(int(line["waiting"]) for line in lines),
            mails=tuple(_told(mail) for mail in mails if re.match(f"Your order {number}\\b", mail["subject"])),
            **in_store,
        )


def _told(mail: Mapping[str, Any]) -> str:
    """The kind of a message and the date it names: "waits, by 5 December 2026"."""
    kind = next((word for end, word in SUBJECTS.items() if mail["subject"].endswith(end)), mail["subject"])
    date = re.search(r"Expected to ship (by [^.]+|between [^.]+)\.", mail["text"])
    if date:
        return f"{kind}, {date[1]}"
    return f"{kind}, date not known" if "date is not known yet" in mail["text"] else kind


def _json(answer: requests.Response) -> Any:
    if not answer.ok:
        raise Trouble(f"{answer.request.method} {answer.url} was answered {answer.status_code}: {answer.text[:200]}")
    return answer.json()
