"""What customers asked of their data: what is to be passed on to them, by when, and what was erased."""

import json
from typing import Any

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.access import merchant_pages, signed_in_store, world
from app.orders import LARGEST_ID
from backorder.db import person_rows, privacy_tasks
from backorder.db.privacy_tasks import NoSuchTask, PrivacyTask
from backorder.db.session import Connection
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import Person
from backorder.domain.store import Store
from jobs.world import World

blueprint = merchant_pages("privacy", __name__)

SHOWN = 200
"""The most requests that the page lists, newest first."""


@blueprint.get("/privacy")
def show() -> ResponseReturnValue:
    """The page."""
    here, store = world(), signed_in_store()
    with here.database.read() as conn:
        asked = privacy_tasks.of_store(conn, store, limit=SHOWN)
    return render_template("privacy.html", tasks=asked, now=here.clock(), who=who)


@blueprint.get(f"/privacy/<int(max={LARGEST_ID}):task_id>.json")
def download(task_id: int) -> ResponseReturnValue:
    """Everything that is held about whoever asked, as one file."""
    here, store = world(), signed_in_store()
    with here.database.read() as conn:
        task = _open_request(conn, store, task_id)
        told = told_about(conn, store, task)
    name = f"customer-data-{task.id}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(json.dumps(told, indent=1, ensure_ascii=False), mimetype="application/json", headers=headers)


@blueprint.post(f"/privacy/<int(max={LARGEST_ID}):task_id>/done")
def done(task_id: int) -> ResponseReturnValue:
    """The merchant has passed it on."""
    here, store = world(), signed_in_store()
    with here.database.read() as conn:
        task = _open_request(conn, store, task_id)
    passed_on(here, task)
    flash("Noted. Whom it was about is no longer kept with this request.")
    return redirect(url_for("privacy.show"), 303)


def _open_request(conn: Connection, store: Store, task_id: int) -> PrivacyTask:
    """A request of this store's own that still waits for the merchant. Raises NoSuchTask."""
    found = privacy_tasks.to_tell(conn, store, limit=1, task_id=task_id)
    if not found:
        raise NoSuchTask("There is no such request any more.")
    return found[0]


def told_about(conn: Connection, store: Store, task: PrivacyTask) -> dict[str, Any]:
    """What is held about whoever asked, as it is passed on."""
    return {
        "store": store.name or store.address,
        "asked_at": task.asked_at.isoformat(),
        "due_at": task.due_at.isoformat(),
        **person_rows.held_on(conn, store.id, task.person or Person()),
    }


def passed_on(here: World, task: PrivacyTask) -> None:
    """A request was answered: it names nobody any more."""
    with here.database.write() as conn:
        privacy_tasks.finish(conn, task.id, WorkState.DONE, "It was passed on.", here.clock())


def who(person: Person | None) -> str:
    """Whom a request is about, in words."""
    if person is None:
        return "no longer kept"
    named = [f"customer {person.customer_id}"] if person.customer_id is not None else []
    named += [word for word in (person.email, person.phone) if word]
    if not named and person.order_ids:
        named = ["order " + ", ".join(map(str, person.order_ids))]
    return ", ".join(named) or "nobody by name"
