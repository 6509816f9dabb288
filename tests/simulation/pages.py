"""What people and programs read: of each date the same everywhere, and never a word of another store."""

import json
import re
from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import Connection

from app.access import new_signin
from backorder.db import stores
from backorder.db.secrets import token_hash
from backorder.domain.spoken import spoken_day
from backorder.domain.store import Health, Store
from backorder.links import status_url
from tests.simulation.box import Box, Violation
from tests.simulation.happened import Mail
from tests.simulation.site import Site
from tests.simulation.within import within

PROMISED = (
    "SELECT p.order_id, p.line_id, MAX(p.promise_late), SUM(p.promise_late IS NULL) FROM parts p "
    "JOIN order_lines l USING (store_id, order_id, line_id) WHERE p.store_id = :s AND p.outstanding > p.allocated "
    "AND p.decided AND l.ignored IS NULL AND l.backordered_at IS NOT NULL "
    "AND (l.answer IS NULL OR l.answer = 'accept') GROUP BY 1, 2"
)
"""The last day of each line that waits; of one that no day is known for, how many of its parts have none."""
BEGUN = "SELECT id, store_id, order_id, at FROM notices WHERE state = 'running' AND kind <> 'cancelled'"
PAGES = (
    *("/", "/queue", "/orders", "/incoming", "/reports", "/settings", "/what-if", "/privacy", "/leaving", "/writes"),
    *(f"/api/v1/{what}" for what in ("summary", "backorders?limit=250", "fairness", "items", "health")),
)
ORDERS = 3
"""So many orders of a store are looked at on pages of their own."""

Dates = dict[tuple[int, int], str]
"""The last day of each line that waits, by order and line, as ISO 8601."""


def _dates(rows: Iterable[tuple[int, int, str | None, int]]) -> Dates:
    return {(order, line): late for order, line, late, unknown in rows if late is not None and not unknown}


class Said:
    """The dates that messages name."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._begun: dict[int, tuple[int, Dates]] = {}
        """What was promised when a message was begun last, by its row."""

    def committing(self, conn: Connection, written: Collection[str]) -> None:
        """Before a transaction is committed: a message is written in the one that begins it."""
        if "notices" not in written:
            return
        for notice, store_id, order, at in within(conn, BEGUN):
            if self._begun.get(notice, (0, {}))[0] != at:
                rows = within(conn, PROMISED, {"s": store_id})
                self._begun[notice] = (
                    at,
                    {key: late for key, late in _dates(map(tuple, rows)).items() if key[0] == order},
                )

    def taken(self, mail: Mail) -> None:
        """When a mail is taken: it names the day of each line that waits."""
        _, _, notice = mail.message.message_id.partition("@")[0].split("-")
        _, dates = self._begun.get(int(notice), (0, {}))
        for (order, _), late in dates.items():
            day = date.fromisoformat(late)
            if not re.search(rf"\b(by|and) {day.day} {day:%B %Y}\.", mail.message.text):
                raise Violation(f"A mail about order {order} does not say {late}: {mail.message.text}")


def pages_agree(box: Box, store: Store, site: Site) -> None:
    """All that a merchant, his customers and his programs can open says the same dates, and nothing of another shop.
    Raises Violation.
    """
    if store.health is Health.GONE:
        return
    strangers = re.compile("|".join(rf"\b{other.name}\b" for other in box.sites if other is not site))
    client = box.web.application.test_client()
    base = box.world.config.public_url
    client.post(new_signin(box.world, store.id).removeprefix(base), base_url=base)
    token = f"simulated {site.name}"
    with box.world.database.write() as conn:
        stores.set_api_token(conn, store.id, token_hash(token))

    def read(path: str) -> str:
        answer = client.get(path, base_url=base, headers={"Authorization": f"Bearer {token}"})
        said = answer.get_data(as_text=True)
        if answer.status_code != 200:
            raise Violation(f"{site.name}: {path} answers {answer.status_code}: {said[:300]}")
        found = strangers.search(said)
        if found:
            raise Violation(
                f"{site.name}: {path} speaks of {found[0]}: {said[max(0, found.start() - 200) : found.end() + 200]}"
            )
        return said

    said = {path: read(path) for path in PAGES}
    dates = _dates(box.ask(PROMISED, {"s": store.id}))
    told = {
        (order["order"], line["line"]): line["promise"]["to"]
        for order in json.loads(said["/api/v1/backorders?limit=250"])
        for line in order["lines"]
    }
    wrong = {key: (late, told.get(key)) for key, late in dates.items() if told.get(key) != late}
    if wrong:
        raise Violation(f"{site.name}: (promised, told by the API) {wrong}")
    versions = "SELECT order_id, link_version FROM orders WHERE store_id = ?"
    links = {row[0]: status_url(box.world, store.id, *row) for row in box.ask(versions, (store.id,))}
    for order in sorted({order for order, _ in dates})[-ORDERS:]:
        days = [spoken_day(date.fromisoformat(late)) for (of, _), late in dates.items() if of == order]
        for path in (f"/orders/{order}", links[order].removeprefix(base)):
            page = read(path)
            lacks = [day for day in days if day not in page]
            if lacks:
                raise Violation(f"{site.name}: {path} does not say {lacks}.")
