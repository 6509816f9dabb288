"""What an operator does about people's data and about stores that leave, from the command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.privacy import passed_on, told_about, who
from app.wiring import open_world
from backorder.config import load
from backorder.db import privacy_tasks, stores, taking_out
from backorder.db.privacy_tasks import NoSuchTask, PrivacyTask
from backorder.db.secrets import new_token
from backorder.domain.errors import Rejected
from backorder.domain.events import CustomerErased, PrivacyEvent, StoreErased
from backorder.domain.lifecycle import WorkState
from backorder.domain.privacy import ASKED, Person, TaskKind
from backorder.domain.store import Health
from jobs import leave as leaving
from jobs.erase import erase as do_task
from jobs.world import World

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")


@contextmanager
def _opened() -> Iterator[World]:
    """The world for the length of a command."""
    world = open_world(load())
    try:
        yield world
    finally:
        world.database.close()


@click.group()
def privacy() -> None:
    """What people and stores asked of their data: look, pass on, erase."""


@privacy.command("list")
@AS_JSON
def list_tasks(as_json: bool) -> None:
    """Every request, with its due date; with --json one object a line."""
    with _opened() as world:
        with world.database.read() as conn:
            found = [task for task in privacy_tasks.everything(conn) if task.kind in ASKED]
        if not found and not as_json:
            click.echo("Nobody asked for anything.")
        for task in found:
            facts = _told(task)
            line = f"{task.id}  {task.kind.value}  {task.address or '(erased)'}  {who(task.person)}  "
            click.echo(json.dumps(facts) if as_json else f"{line}{task.state.value}, due {task.due_at:%Y-%m-%d}")


def _told(task: PrivacyTask) -> dict[str, object]:
    return {
        "task": task.id,
        "kind": task.kind.value,
        "platform": task.platform,
        "address": task.address,
        "about": who(task.person),
        "asked_at": task.asked_at.isoformat(),
        "due_at": task.due_at.isoformat(),
        "state": task.state.value,
        "orders": task.orders,
        "reason": task.reason,
    }


@privacy.command()
@click.argument("task", type=int)
def export(task: int) -> None:
    """What is held about whoever asked, as JSON: also of a store that is gone."""
    with _opened() as world:
        with world.database.read() as conn:
            asked = _request(privacy_tasks.get(conn, task))
            here = stores.at_address(conn, asked.platform, asked.address)
            told = [told_about(conn, store, asked) for store in here]
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))


@privacy.command()
@click.argument("task", type=int)
@AS_JSON
def done(task: int, as_json: bool) -> None:
    """The answer was passed on: the request names nobody any more."""
    with _opened() as world:
        with world.database.read() as conn:
            asked = _request(privacy_tasks.get(conn, task))
        passed_on(world, asked)
        click.echo(json.dumps({"task": task, "state": WorkState.DONE.value}) if as_json else f"Task {task} is done.")


def _request(task: PrivacyTask) -> PrivacyTask:
    if task.kind is not TaskKind.TELL_CUSTOMER or task.state is not WorkState.DUE:
        raise NoSuchTask(f"Task {task.id} is no request that waits to be passed on.")
    return task


@privacy.command()
@click.argument("store", type=int)
@click.option("--customer", type=int, help="The customer's id in the store.")
@click.option("--email", default="", help="The customer's e-mail address.")
@click.option("--order", "orders", type=int, multiple=True, help="The id of an order of theirs; as often as needed.")
@click.option("--everything", is_flag=True, help="All of the store, which must have left.")
@AS_JSON
def erase(
    store: int, customer: int | None, email: str, orders: tuple[int, ...], everything: bool, as_json: bool
) -> None:
    """Erase a customer of a store, by one or more of their names; or all of a store that has left."""
    with _opened() as world:
        person = Person(customer, email.strip(), "", tuple(sorted(set(orders))))
        if everything is not person.nobody:
            raise Rejected("Say either who is to be erased (--customer, --email, --order) or --everything.")
        with world.database.read() as conn:
            gone = stores.get(conn, store).health is Health.GONE
        if everything and not gone:
            raise Rejected(f"Store {store} is connected: `waitline forget {store}` comes first.")
        task = _ask_and_do(world, store, StoreErased() if everything else CustomerErased(person))
        what = "All of the store" if everything else f"{task.orders} orders"
        text = f"Task {task.id}, {what}: {task.state.value}. {task.reason}".rstrip()
        click.echo(json.dumps(_told(task)) if as_json else text)


def _ask_and_do(world: World, store_id: int, event: PrivacyEvent) -> PrivacyTask:
    """Keep it as a request like any other, and do it at once: what is left of it the workers do."""
    key = new_token()
    with world.database.write() as conn:
        store = stores.get(conn, store_id)
        task_id = privacy_tasks.ask(
            conn, store.platform, store.address, event, key=key, at=world.clock(), of_store=store.id
        )
    do_task(world, task_id)
    with world.database.read() as conn:
        return privacy_tasks.get(conn, task_id)


@click.command()
@click.argument("store", type=int)
@AS_JSON
def leave(store: int, as_json: bool) -> None:
    """Take what is ours out of a store before the app is removed there; again to see how far it has come."""
    with _opened() as world:
        leaving.leave(world, store)
        with world.database.read() as conn:
            left = taking_out.ours_left(conn, store)
        facts = {
            "store": store,
            "orders": left.orders,
            "items": left.items,
            "under_way": left.under_way,
            "failed": left.failed,
            "safe": left.nothing,
        }
        if left.nothing:
            text = "Nothing of ours is left in the store: the app can be removed."
        else:
            text = (
                f"{left.orders} orders and {left.items} items still have something of ours,"
                f" {left.under_way} changes are under way."
            )
        click.echo(json.dumps(facts) if as_json else text)
