"""The first page: what waits, in one glance, and what needs the merchant."""

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from app.orders import LARGEST_ID
from backorder.db import inbox, item_rows, news, privacy_tasks, queries, supply_rows, whole_readings
from backorder.db.privacy_tasks import PrivacyTask
from backorder.db.session import Connection
from backorder.domain import metrics
from backorder.domain.store import Store
from jobs import steer
from jobs.promise import today_of

blueprint = merchant_pages("dashboard", __name__)

SHOWN = 50
"""The most entries of one kind that the page lists."""


@dataclass(frozen=True, slots=True)
class NeedsYou:
    """What no program can settle for the merchant."""

    wishes: list[queries.CancelWish]
    stuck: list[queries.StuckWork]
    stuck_items: list[item_rows.StuckItem]
    pools: list[supply_rows.TroubledPool]
    jumps: list[supply_rows.JumpedPool]
    not_accepted: list[queries.NotAccepted]
    quarantined: int
    asked: list[PrivacyTask]
    """Customers who want to know what is held about them."""

    def __bool__(self) -> bool:
        failed = self.stuck or self.stuck_items or self.quarantined
        return bool(self.wishes or self.pools or self.jumps or self.not_accepted or self.asked or failed)


def needs_you(conn: Connection, store: Store) -> NeedsYou:
    """Everything that waits for the merchant of a store, in eight statements."""
    return NeedsYou(
        wishes=queries.cancel_wishes(conn, store.id),
        stuck=queries.stuck_work(conn, store.id, limit=SHOWN),
        stuck_items=item_rows.stuck(conn, store.id, limit=SHOWN),
        pools=supply_rows.troubled_pools(conn, store.id, limit=SHOWN),
        jumps=supply_rows.jumped_pools(conn, store.id, limit=SHOWN),
        not_accepted=queries.not_accepted(conn, store.id, limit=SHOWN),
        quarantined=len(inbox.quarantined(conn, store.id)),
        asked=privacy_tasks.to_tell(conn, store, limit=SHOWN),
    )


@blueprint.get("/")
def show() -> ResponseReturnValue:
    """The page."""
    here, store = world(), signed_in_store()
    now = here.clock()
    with here.database.read() as conn:
        waiting = queries.waiting_units(conn, store.id)
        needs = needs_you(conn, store)
        told = news.unseen(conn, store.id)
        under_way = queries.health_counts(conn, store.id, now)
        read = queries.orders_known(conn, store.id) if store.imported_at is None else 0
        whole = whole_readings.under_way(conn, store.id)
    return render_template(
        "dashboard.html",
        summary=metrics.summary(waiting, store.currency, now, today_of(store, now)),
        needs=needs,
        news=told,
        under_way=under_way,
        read=read,
        whole=whole,
    )


@blueprint.post(f"/news/<int(max={LARGEST_ID}):news_id>/seen")
def saw(news_id: int) -> ResponseReturnValue:
    """The merchant has seen it: it is not told again."""
    here, store = world(), signed_in_store()
    with here.database.write() as conn:
        news.saw(conn, store.id, news_id, here.clock())
    return redirect(url_for("dashboard.show"), 303)


@blueprint.post("/mode")
def switch() -> ResponseReturnValue:
    """On, or back to watching."""
    here, store = world(), signed_in_store()
    if request.form.get("mode") == "on":
        steer.switch_on(here, store.id, tell_waiting="tell_waiting" in request.form)
        flash("Waitline is on. It now writes to your store and tells your customers.")
    else:
        steer.watch(here, store.id)
        flash("Waitline watches again. Nothing leaves for your store or your customers.")
    return redirect(url_for("dashboard.show"), 303)
