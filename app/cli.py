"""The `waitline` command: the processes, and what `app.commands` adds for the operator."""

import os
import signal
import sys
import threading
from types import FrameType

import click

from app import logs
from app.commands import register
from app.up import Launcher, bring_up_to_date, web_command
from app.wiring import jobs, open_world
from backorder.config import Config, ConfigError, load
from backorder.db.session import StorageError
from backorder.domain.errors import WaitlineError
from jobs.inherit import inherit
from jobs.queues import WORKERS, run_worker
from jobs.schedule import run_clock
from jobs.sweep import SetBack, sweep


@click.group()
def cli() -> None:
    """Waitline: backorder management for your shops."""


@cli.command()
def up() -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    Launcher(load(), click.echo).run()


@cli.command()
def web() -> None:
    """Serve the pages and take webhooks."""
    load()
    command = web_command()
    os.execv(command[0], command)


@cli.command()
@click.argument("half", type=click.Choice(list(WORKERS)))
def worker(half: str) -> None:
    """Do the work that is due: `front` takes webhooks in and allocates, `back` writes to stores and customers."""
    config = _with_redis()
    world = open_world(config)
    inherit(world)
    run_worker(config.redis_url.get_secret_value(), WORKERS[half], jobs(world))


@cli.command()
def clock() -> None:
    """Wake the workers for whatever is due, every second."""
    world = open_world(_with_redis())
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    run_clock(SetBack(world).look, lambda: sweep(world), stop)


@cli.command()
def migrate() -> None:
    """Create the database, or bring it up to this version."""
    bring_up_to_date(load())


def _with_redis() -> Config:
    config = load()
    if not config.redis_url:
        raise ConfigError("WAITLINE_REDIS_URL is not set; `waitline up` starts everything with a server of its own.")
    return config


register(cli)


def main() -> None:
    """The entry point: an error that we raise on purpose ends with its sentence and code 1."""
    os.umask(0o077)
    # A command that does work logs it: beside what it prints, not into it.
    logs.configure()
    try:
        cli(prog_name="waitline")
    except (ConfigError, WaitlineError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except StorageError as error:
        click.echo(f"The database cannot be used ({type(error).__name__}): see WAITLINE_DATABASE_URL.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
