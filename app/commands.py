"""What an operator does from the command line beside starting and stopping. Every command takes --json."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import click

import jobs.preview_items
import jobs.preview_writes
import jobs.what_if
from app.access import new_signin
from app.doctor import examine
from app.orders import told
from app.platform_commands import platform_groups
from app.privacy_commands import leave, privacy
from app.reports import DAYS, LONGEST, fairness, fairness_as_json, fairness_as_text
from app.tellings import order_as_json, order_as_text
from app.what_if import preview_as_json, preview_as_text, read_change
from app.wiring import open_world
from app.writes import writes_as_json, writes_as_text
from backorder.config import load
from backorder.db import queries, stores, whole_readings
from backorder.db.secrets import new_token, token_hash
from backorder.db.stores import NoSuchStore
from backorder.domain.store import Mode, Store
from connectors import PLATFORMS, get
from connectors.contract import Platform
from jobs import steer
from jobs.catch_up import catch_up
from jobs.connect import connect
from jobs.world import World

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
POLL_SECONDS = 0.2


def register(cli: click.Group) -> None:
    """Add the operator's commands."""
    cli.add_command(_connect_group())
    for group in platform_groups():
        cli.add_command(group)
    for command in (
        list_stores,
        on,
        watch,
        forget,
        signin,
        token,
        sync,
        idle,
        explain,
        preview,
        preview_writes,
        report,
        doctor,
    ):
        cli.add_command(command)
    for command in (leave, privacy):
        cli.add_command(command)


def _say(as_json: bool, found: Any, text: str) -> None:
    click.echo(json.dumps(found) if as_json else text)


def _world() -> World:
    return open_world(load())


def _told_store(world: World, store: Store) -> dict[str, Any]:
    with world.database.read() as conn:
        webhook_token = stores.webhook_token(conn, store.id)
    return {
        "store": store.id,
        "platform": store.platform,
        "address": store.address,
        "mode": store.mode.value,
        "webhook_url": get(store.platform).installer.webhook_url(world.config.public_url, webhook_token),
    }


def _connect_group() -> click.Group:
    group = click.Group("connect", help="Connect a store. It is watched at first: nothing is written or sent.")
    for platform in PLATFORMS.values():
        group.add_command(_connect_command(platform))
    return group


def _connect_command(platform: Platform) -> click.Command:
    options = platform.installer.options

    def run(as_json: bool, **given: str | None) -> None:
        world = _world()
        named = {o.name: value for o in options if (value := given[o.name.replace("-", "_")]) is not None}
        store = connect(world, platform.name, named)
        found = _told_store(world, store)
        _say(
            as_json,
            found,
            f"Store {store.id} is connected: {store.name or store.address}. It is watched: nothing is written or "
            f"sent before `waitline on {store.id}`.\nIts webhooks arrive at {found['webhook_url']}",
        )

    run_it: Callable[..., None] = run
    parameters: list[click.Parameter] = [
        click.Option([f"--{option.name}"], help=option.help, default=None) for option in options
    ]
    parameters.append(click.Option(["--json", "as_json"], is_flag=True, help="Answer in JSON."))
    return click.Command(platform.name, callback=run_it, params=parameters, help=f"Connect a {platform.label} store.")


@click.command("stores")
@AS_JSON
def list_stores(as_json: bool) -> None:
    """Every connected store; with --json one object a line."""
    world = _world()
    with world.database.read() as conn:
        found = stores.everyone(conn)
    if not found and not as_json:
        click.echo("No store is connected yet.")
    for store in found:
        facts = _told_store(world, store)
        trouble = f"  ({store.trouble})" if store.trouble else ""
        _say(as_json, facts, f"{store.id}  {store.platform}  {store.address}  {store.mode.value}{trouble}")


@click.command()
@click.argument("store", type=int)
@click.option("--tell-waiting", is_flag=True, help="Also tell customers who wait already.")
@AS_JSON
def on(store: int, tell_waiting: bool, as_json: bool) -> None:
    """Let writes to the store and messages to its customers leave from now on."""
    world = _world()
    steer.switch_on(world, store, tell_waiting=tell_waiting)
    _say(as_json, {"store": store, "mode": Mode.ON.value}, f"Store {store} is on.")


@click.command()
@click.argument("store", type=int)
@AS_JSON
def watch(store: int, as_json: bool) -> None:
    """Only follow the store: nothing is written or sent any more."""
    steer.watch(_world(), store)
    _say(as_json, {"store": store, "mode": Mode.WATCH.value}, f"Store {store} is watched.")


@click.command()
@click.argument("store", type=int)
@AS_JSON
def forget(store: int, as_json: bool) -> None:
    """Disconnect a store: its webhooks are removed where it lets us, its credentials are destroyed."""
    ended = steer.forget(_world(), store)
    _say(as_json, {"store": store, "forgotten": True, "unsubscribed": ended}, f"Store {store} is forgotten.")


@click.command()
@click.argument("store", type=int)
@AS_JSON
def signin(store: int, as_json: bool) -> None:
    """A link that signs the merchant in, once, within 30 minutes."""
    url = new_signin(_world(), store)
    _say(as_json, {"store": store, "url": url}, url)


@click.command()
@click.argument("store", type=int)
@AS_JSON
def token(store: int, as_json: bool) -> None:
    """A new token for the store's JSON API; the one before it is void. It is shown this once."""
    world = _world()
    made = new_token()
    with world.database.write() as conn:
        stores.get(conn, store)
        stores.set_api_token(conn, store, token_hash(made))
    _say(as_json, {"store": store, "token": made}, made)


@click.command()
@click.argument("store", type=int)
@AS_JSON
def sync(store: int, as_json: bool) -> None:
    """Read from the store what changed, and every open order by its id."""
    world = _world()
    with world.database.read() as conn:
        stores.get(conn, store)
    catch_up(world, store, sweep_ids=True)
    with world.database.read() as conn:
        found = stores.get(conn, store)
        goes_on = whole_readings.under_way(conn, store) is not None
    if found.trouble:
        click.echo(found.trouble, err=True)
        sys.exit(1)
    said = "is being read: it puts its open orders together" if goes_on else "was read"
    _say(as_json, {"store": store, "synced": not goes_on}, f"Store {store} {said}.")


@click.command()
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Seconds to wait at most.")
@AS_JSON
def idle(timeout: float, as_json: bool) -> None:
    """Wait until inbox, marks and outbox of every store are empty; exit code 1 when they are not in time."""
    world = _world()
    until = time.monotonic() + timeout
    while True:
        with world.database.read() as conn:
            found = stores.everyone(conn)
            left = sum(_left(queries.health_counts(conn, store.id, world.clock()), store) for store in found)
        waiting = any(store.imported_at is None for store in found)
        if left == 0 and not waiting:
            _say(as_json, {"idle": True}, "Nothing is left to do.")
            return
        if time.monotonic() >= until:
            _say(as_json, {"idle": False, "left": left}, f"{left} pieces of work are left.")
            sys.exit(1)
        time.sleep(POLL_SECONDS)


def _left(counts: queries.HealthCounts, store: Store) -> int:
    """Work that is still to be done; what a watched or paused store keeps for later is not waited for."""
    acts = store.mode is not Mode.WATCH and not store.policy.paused
    return counts.inbox + counts.dirty + (counts.outbox if acts else 0)


@click.command()
@click.argument("store", type=int)
@click.argument("order")
@AS_JSON
def explain(store: int, order: str, as_json: bool) -> None:
    """Each line of an order: given, waiting, why, and what would change it. ORDER is its number or id."""
    world = _world()
    with world.database.read() as conn:
        found = stores.get(conn, store)
        order_id = queries.order_id_of(conn, store, order)
        story = None if order_id is None else told(conn, found, order_id, world.clock())
    if story is None:
        raise NoSuchStore(f"Store {store} has no order {order}.")
    click.echo(json.dumps(order_as_json(story)) if as_json else order_as_text(story))


@click.command()
@click.argument("store", type=int)
@click.argument("changes", nargs=-1, required=True)
@click.option("--commit", metavar="WORLD", help="Make the changes, if the world is still the one of that preview.")
@AS_JSON
def preview(store: int, changes: tuple[str, ...], commit: str | None, as_json: bool) -> None:
    """Who would move, by how much. CHANGES are such as: "short 12 40" (goods 12 come with 40 fewer), "late 12 7" (7
    days later), "class VIP 5" (5 days ahead), "close 3" (location 3), "cancel 102" (the order of that id).
    """
    world = _world()
    wanted = [read_change(text) for text in changes]
    if commit is None:
        found = jobs.what_if.preview(world, store, wanted)
    else:
        found = jobs.what_if.commit(world, store, wanted, commit)
    click.echo(json.dumps(preview_as_json(found)) if as_json else preview_as_text(found, made=commit is not None))


@click.command("preview-writes")
@click.argument("store", type=int)
@click.option("--order", metavar="ORDER", help="One order alone, by its number or id.")
@AS_JSON
def preview_writes(store: int, order: str | None, as_json: bool) -> None:
    """The very requests that would be sent to the store for the orders that wait longest, and for their items; nothing
    is written.
    """
    world = _world()
    order_id = None
    if order is not None:
        with world.database.read() as conn:
            order_id = queries.order_id_of(conn, store, order)
        if order_id is None:
            raise NoSuchStore(f"Store {store} has no order {order}.")
    found = jobs.preview_writes.preview_writes(world, store, order_id)
    of_items = jobs.preview_items.preview_items(world, store, order_id)
    click.echo(json.dumps(writes_as_json(found, of_items)) if as_json else writes_as_text(found, of_items))


@click.command()
@click.argument("store", type=int)
@click.option("--days", type=click.IntRange(1, LONGEST), default=DAYS, show_default=True, help="Days to look back.")
@AS_JSON
def report(store: int, days: int, as_json: bool) -> None:
    """How fair the queues were: who overtook whom by which class, how long each class waits."""
    world = _world()
    with world.database.read() as conn:
        found = fairness(conn, stores.get(conn, store), world.clock(), days)
    click.echo(json.dumps(fairness_as_json(found)) if as_json else fairness_as_text(found))


@click.command()
@AS_JSON
def doctor(as_json: bool) -> None:
    """Look at settings, database, Redis, mail and each store's subscriptions; exit code 1 on a fault."""
    findings = examine(_world())
    if as_json:
        click.echo(json.dumps([{"about": f.about, "ok": f.ok, "text": f.text} for f in findings]))
    else:
        for finding in findings:
            click.echo(f"{'ok   ' if finding.ok else 'FAULT'}  {finding.about}: {finding.text}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)
