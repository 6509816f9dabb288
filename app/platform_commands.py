"""Commands that only one platform has: they make files that the platform wants, from what its connector works by."""

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from backorder.config import load
from connectors import PLATFORMS
from connectors.joining import Command, Setup


def platform_groups() -> Iterator[click.Group]:
    """A group for each platform that has commands of its own."""
    for platform in PLATFORMS.values():
        if platform.commands:
            group = click.Group(platform.name, help=f"What only {platform.label} needs.")
            for command in platform.commands:
                group.add_command(_click_command(command))
            yield group


def _click_command(command: Command) -> click.Command:
    def run(to: str, **given: str | None) -> None:
        config = load()
        named = {o.name: value for o in command.options if (value := given[o.name.replace("-", "_")]) is not None}
        text = command.make(Setup(config.public_url, config.environ), named)
        if to == "-":
            click.echo(text, nl=False)
        else:
            Path(to).write_text(text, encoding="utf-8")
            click.echo(f"{to} is written.")

    run_it: Callable[..., None] = run
    parameters: list[click.Parameter] = [
        click.Option([f"--{option.name}"], help=option.help, default=None) for option in command.options
    ]
    help_to = "The file to write; - shows it instead."
    parameters.append(click.Option(["--to"], default=command.file, show_default=True, help=help_to))
    return click.Command(command.name, callback=run_it, params=parameters, help=command.help)
