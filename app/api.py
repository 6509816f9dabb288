"""The JSON API: the same figures and reasons as the pages, for programs. One bearer token for each store.

Units and money are decimal strings, days and moments ISO 8601 in UTC, errors problem documents (RFC 9457).
"""

import json
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, g, request, url_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError

import jobs.what_if
from app import orders, reports
from app.access import world
from app.errors import problem
from app.tellings import moment, order_as_json, promise
from app.what_if import preview_as_json, read_change
from backorder.db import orderbook, queries, queue, stores, supply_rows, verdict_rows
from backorder.db.secrets import token_hash
from backorder.domain import metrics
from backorder.domain.acceptance import Answer
from backorder.domain.lifecycle import LineStanding
from backorder.domain.spoken import spoken
from backorder.domain.store import Store
from backorder.domain.supply import Inbound
from jobs import steer
from jobs.judge import selling
from jobs.promise import quotes, today_of

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

MOST_ORDERS = 250
ORDERS = 50
MOST_UNITS = 1_000_000


class NewInbound(BaseModel):
    """What POST /inbound takes."""

    model_config = ConfigDict(extra="forbid")

    item: int = Field(strict=True, ge=1, lt=2**63)
    quantity: Decimal = Field(gt=0, le=1_000_000, decimal_places=4)
    expected_on: date
    location: int | None = Field(default=None, strict=True, ge=0, lt=2**63)
    source: str = Field(default="", max_length=200, pattern=r"^[^\x00-\x1f]*$")


class NewReceipt(BaseModel):
    """What POST /inbound/<id>/receipts takes."""

    model_config = ConfigDict(extra="forbid")

    units: Decimal = Field(gt=0, le=1_000_000, decimal_places=4)
    counted: bool = False


class WhatIf(BaseModel):
    """What POST /what-if takes."""

    model_config = ConfigDict(extra="forbid")

    changes: list[str] = Field(min_length=1, max_length=20)
    commit: str | None = Field(default=None, max_length=64)


@blueprint.before_request
def _let_in() -> Response | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        with world().database.read() as conn:
            store = stores.by_token_hash(conn, token_hash(token.strip()))
        if store is not None:
            g.api_store = store
            return None
    refused = problem(401, "Send the store's API token as “Authorization: Bearer …”.")
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


@blueprint.after_request
def _not_kept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Authorization"
    return response


def _store() -> Store:
    found: Store = g.api_store
    return found


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


@blueprint.get("/summary")
def summary() -> Response:
    """What waits, in one glance."""
    here, store = world(), _store()
    now = here.clock()
    with here.database.read() as conn:
        waiting = queries.waiting_units(conn, store.id)
    figures = metrics.summary(waiting, store.currency, now, today_of(store, now))
    others = {code: f"{value:f}" for code, value in figures.other_currencies.items()}
    return _json(
        {
            "orders": figures.orders,
            "units": spoken(figures.units),
            "oldest_days": figures.oldest_days,
            "expected_within_7_days": float(figures.expected_soon),
            "value": f"{figures.value:f}",
            "currency": figures.currency,
            **({"other_currencies": others} if others else {}),
        }
    )


@blueprint.get("/backorders")
def backorders() -> Response:
    """Orders with a unit that waits, oldest first. `after` is the id of the last order of the page before."""
    here, store = world(), _store()
    limit = _number("limit", ORDERS)
    if not 1 <= limit <= MOST_ORDERS:
        abort(422, f"limit must be from 1 to {MOST_ORDERS}.")
    after = _number("after", None)
    today = today_of(store, here.clock())
    with here.database.read() as conn:
        heads = queries.waiting_orders(conn, store.id, limit=limit + 1, after=after)
        shown = heads[:limit]
        books = orderbook.load(conn, store.id, [head.order_id for head in shown])
    found = []
    for head in shown:
        standing = books[head.order_id].standing(store.policy, today)
        waiting = [line for line in standing.lines if line.short > 0]
        dates = [line.promised for line in waiting]
        known = [promised for promised in dates if promised is not None]
        whole = (max(d[0] for d in known), max(d[1] for d in known)) if len(known) == len(dates) else None
        found.append(
            {
                "order": head.order_id,
                "number": head.number,
                "placed_at": moment(head.placed_at),
                "waiting": spoken(standing.short),
                "promise": promise(whole),
                "lines": [_waiting_line(line) for line in waiting],
            }
        )
    response = _json(found)
    if len(heads) > limit:
        following = url_for("api.backorders", limit=limit, after=shown[-1].order_id)
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _number(name: str, default: Any) -> Any:
    given = request.args.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        abort(422, f"{name} must be a whole number.")
    return int(given)


def _waiting_line(line: LineStanding) -> dict[str, Any]:
    return {
        "line": line.line_id,
        "item": next((part.pool.item for part in line.parts if part.pool is not None), None),
        "sku": line.sku,
        "outstanding": spoken(line.outstanding),
        "allocated": spoken(line.allocated),
        "waiting": spoken(line.short),
        "promise": promise(line.promised),
    }


@blueprint.get("/orders/<key>")
def order(key: str) -> Response:
    """One order, by its id or its number, with a reason for every line."""
    here, store = world(), _store()
    with here.database.read() as conn:
        order_id = None if "\x00" in key else queries.order_id_of(conn, store.id, key)
        found = None if order_id is None else orders.told(conn, store, order_id, here.clock())
    if found is None:
        abort(404)
    return _json(order_as_json(found))


@blueprint.get("/fairness")
def fairness() -> Response:
    """Who overtook whom and by which class, and how long each class waits."""
    here, store = world(), _store()
    days = _number("days", reports.DAYS)
    if not 1 <= days <= reports.LONGEST:
        abort(422, f"days must be from 1 to {reports.LONGEST}.")
    with here.database.read() as conn:
        return _json(reports.fairness_as_json(reports.fairness(conn, store, here.clock(), days)))


@blueprint.get("/items")
def items() -> Response:
    """Every item that the store counts, at each location, with what is on the way."""
    here, store = world(), _store()
    with here.database.read() as conn:
        stocked = supply_rows.stocked_items(conn, store.id)
        coming = supply_rows.inbound_rows(conn, store.id)
        verdicts = selling(conn, store, {row.pool.item for row in stocked}, here.clock())
        since = verdict_rows.now_at(conn, store.id, verdicts)
    by_pool: dict[Any, list[Inbound]] = {}
    for row in coming:
        by_pool.setdefault(row.line.pool, []).append(row.line)
    return _json(
        [
            {
                "item": row.pool.item,
                "sku": row.sku,
                "location": row.pool.location,
                "stock": spoken(row.stock),
                "on_hand": spoken(row.on_hand),
                "outstanding": spoken(row.outstanding),
                "waiting": spoken(row.waiting),
                "accepting": verdicts[row.pool.item].answer is Answer.ACCEPT,
                "why": verdicts[row.pool.item].why,
                "since": moment(since[row.pool.item].at) if row.pool.item in since else None,
                "inbound": [_inbound(line) for line in by_pool.get(row.pool, [])],
            }
            for row in stocked
        ]
    )


@blueprint.get("/quote")
def quote() -> Response:
    """When a new order of so many units of an item would ship, were it placed now."""
    here, store = world(), _store()
    item, units = _number("item", 0), _number("quantity", 1)
    if not 1 <= units <= MOST_UNITS:
        abort(422, f"quantity must be from 1 to {MOST_UNITS}.")
    with here.database.read() as conn:
        pools = queue.known_pools(conn, store.id, [item])
        found = quotes(conn, store, item, Decimal(units), here.clock())
    if not pools:
        abort(404)
    best = min((dated for dated in found.values() if dated is not None), default=None)
    return _json({"item": item, "quantity": str(units), "promise": promise(best)})


@blueprint.post("/what-if")
def what_if() -> Response:
    """Who would move under some changes; with the `world` of such an answer the changes are made."""
    here, store = world(), _store()
    asked = _body(WhatIf)
    if isinstance(asked, Response):
        return asked
    wanted = [read_change(text) for text in asked.changes]
    if asked.commit is None:
        return _json(preview_as_json(jobs.what_if.preview(here, store.id, wanted)))
    return _json(preview_as_json(jobs.what_if.commit(here, store.id, wanted, asked.commit)))


Asked = TypeVar("Asked", bound=BaseModel)


def _body(model: type[Asked]) -> Asked | Response:
    """The request's body, or the answer that refuses it."""
    if not request.is_json:
        return problem(415, "Send JSON, with Content-Type: application/json.")
    try:
        return model.model_validate(json.loads(request.get_data(), parse_float=Decimal))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        return problem(422, f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}.")
    except (ValueError, RecursionError):
        return problem(400, "The body is not JSON.")


@blueprint.post("/inbound")
def add_inbound() -> Response:
    """Goods are on the way."""
    here, store = world(), _store()
    new = _body(NewInbound)
    if isinstance(new, Response):
        return new
    made = steer.add_inbound(
        here,
        store.id,
        item=new.item,
        location=new.location,
        quantity=new.quantity,
        expected_on=new.expected_on,
        source=new.source,
    )
    with here.database.read() as conn:
        row = supply_rows.inbound_rows(conn, store.id, inbound_id=made)[0]
    return _json(_inbound(row.line), 201)


@blueprint.post("/inbound/<int:inbound_id>/receipts")
def receive(inbound_id: int) -> Response:
    """So many units of announced goods came."""
    here, store = world(), _store()
    came = _body(NewReceipt)
    if isinstance(came, Response):
        return came
    with here.database.read() as conn:
        if inbound_id >= 2**63 or not supply_rows.inbound_rows(conn, store.id, inbound_id=inbound_id):
            abort(404)
    steer.receive(here, store.id, inbound_id, came.units, counted=came.counted)
    with here.database.read() as conn:
        row = supply_rows.inbound_rows(conn, store.id, inbound_id=inbound_id)[0]
    return _json(_inbound(row.line), 201)


def _inbound(line: Inbound) -> dict[str, Any]:
    return {
        "id": line.id,
        "item": line.pool.item,
        "location": line.pool.location,
        "quantity": spoken(line.quantity),
        "received": spoken(line.received),
        "expected_on": line.expected_on.isoformat(),
        "source": line.source,
    }


@blueprint.get("/health")
def health() -> Response:
    """What is still to be done and what went wrong: all zero at rest."""
    here, store = world(), _store()
    with here.database.read() as conn:
        return _json(asdict(queries.health_counts(conn, store.id, here.clock())))
