"""The end of everything: customers of one shop want to be forgotten, the shop is left, two days later it is erased.

Meanwhile the other shop goes on, workers die and stand still as before. What must never happen: a call or a mail for a
shop that left, a word of whoever was erased, a byte of the other shop missing.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from demo.replay.leftovers import found
from jobs import sweep
from jobs.drain import next_due
from tests.simulation.box import Box, Violation
from tests.simulation.shopify_site import ShopifySite
from tests.simulation.site import Site
from tests.simulation.weather import CALM, Chances

WEATHER = Chances(
    crash=0.01, others=0, stall=0.005, lost=0, late=0, doubled=0.3, trouble=0, mail_trouble=0, ring_lost=0.3
)
STEADY = replace(WEATHER, crash=0, stall=0)
"""A delivery whose worker dies again and again is put aside: its refusal then tells that a shop has left, later."""
DEAD_AFTER = timedelta(seconds=60)
GRACE = timedelta(hours=48, minutes=5)
ROUNDS = 400


def farewell(box: Box) -> None:
    """Let one shop go, if there is one whose platform says so. Raises Violation."""
    leaving = [site for site in box.sites if isinstance(site, ShopifySite)]
    if not leaving:
        return
    site, die = leaving[0], Random(f"farewell {box.seed}")
    others = [other for other in box.sites if other is not site]
    box.act_meanwhile = lambda _die: None
    _forget_customers(box, site, die)
    _leave(box, site, die)
    before = _rows(box, others)
    box.now += GRACE
    site.app.leaving.redact_shop()
    _until_quiet(box, die)
    left = found(box.database, [f"{site.name}.myshopify.com", f"Ada {site.name}", f"shpat_{site.name}"])
    if left:
        raise Violation(f"Of {site.name}, which was erased, there is still: {left[:5]}.")
    own = {name for name, rows in _rows(box, [site]).items() if rows}
    if own:
        raise Violation(f"Rows of {site.name}, which was erased, are still in {sorted(own)}.")
    # The regular rounds of the other shop go on, and its pulls come to their end; what it had is still there.
    missing = [name for name, rows in before.items() if name != "pulls" and len(_rows(box, others)[name]) < len(rows)]
    if missing:
        raise Violation(f"With {site.name} rows of the other shop were erased: {missing}.")


def _forget_customers(box: Box, site: ShopifySite, die: Random) -> None:
    """Some customers are erased, by whatever the request happens to name; then their orders are told of once more."""
    trade, shop = site.app.trade, site.app.shop
    for _ in range(3):
        site.acts["order"][1](die)
    orders = [order for order in shop.orders.values() if order.customer is not None]
    chosen = die.sample(orders, min(3, len(orders)))
    for order in chosen:
        assert order.customer is not None, "chosen for it"
        word = f"Erased{order.id}"
        order.customer.name = f"{word} of {site.name}"
        trade.add_tag(order.id, "told-again")
    _until_quiet(box, die)
    for order in chosen:
        customer = order.customer.id if order.customer is not None and die.random() < 0.5 else None
        site.app.leaving.redact_customer(customer, None, [order.id] if customer is None or die.random() < 0.5 else [])
    _until_quiet(box, die)
    for order in chosen:
        if order.id in shop.orders:
            trade.add_tag(order.id, "once-more")
    _until_quiet(box, die)
    left = found(box.database, [f"Erased{order.id}" for order in chosen])
    if left:
        raise Violation(f"Customers of {site.name} were erased, and there is still: {left[:5]}.")


def _leave(box: Box, site: ShopifySite, die: Random) -> None:
    """The app is removed in the middle of things; from a minute later on nothing leaves for the shop any more."""
    site.acts["order"][1](die)
    site.app.leaving.uninstall()
    until = box.now + DEAD_AFTER
    while box.now < until:
        _round(box, die, STEADY)
        box.now += timedelta(seconds=3)
    calls, mails = _calls(box, site), len(box.mails)
    for _ in range(15):
        _round(box, die)
        box.now += timedelta(seconds=80)
    if _calls(box, site) != calls:
        raise Violation(f"{site.name} had left for more than a minute, and was called.")
    told = [mail for mail in box.mails[mails:] if mail.message.recipient.endswith(f"@{site.name}.example")]
    if told:
        raise Violation(f"{site.name} had left for more than a minute, and a customer was written to.")
    sealed = box.sql.execute("SELECT credentials FROM stores WHERE id = ?", (box.ids[site.name],)).fetchone()[0]
    if sealed:
        raise Violation(f"{site.name} has left, and its credentials are kept.")


def _calls(box: Box, site: ShopifySite) -> int:
    return sum(site.address in url for _, url in box.transport.calls)


TABLES = (
    "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'store_id' "
    "ORDER BY m.name"
)


def _rows(box: Box, sites: list[Any] | list[Site]) -> Mapping[str, list[Any]]:
    """Rows of these shops in every table that has a store's number, as the database itself tells them."""
    numbers = ", ".join(str(box.ids[site.name]) for site in sites)
    return {
        name: box.sql.execute(f"SELECT * FROM {name} WHERE store_id IN ({numbers})").fetchall()
        for (name,) in box.sql.execute(TABLES).fetchall()
    }


def _until_quiet(box: Box, die: Random) -> None:
    """Work in bad weather for a while, then in good weather until nothing is due."""
    for _ in range(10):
        _round(box, die)
        box.now += timedelta(seconds=7)
    for _ in range(ROUNDS):
        if not _round(box, die, CALM):
            later = next_due(box.world)
            if later is None or later > box.now + timedelta(minutes=30):
                return
            box.now = max(box.now, later)
        box.now += timedelta(seconds=1)
    raise Violation("After somebody was to be forgotten the work does not come to an end.")


def _round(box: Box, die: Random, weather: Chances = WEATHER) -> bool:
    """Webhooks arrive and what is due is done; whether anything was."""
    box.chances = weather
    sent = False
    for site in box.sites:
        while site.pending_now():
            site.send(die)
            sent = True
    for late, path, headers, body in box.late:
        box.post(late, path, headers, body)
    box.late.clear()
    rings = sweep.due(box.world)
    for ring in rings:
        box.job(ring, die)
    return sent or bool(rings)
