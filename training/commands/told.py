"""How commands tell what they do, and why they can't."""

from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console()


def progress_bar(disable: bool = False) -> Progress:
    """What is done, how much of it, and how long the rest takes."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    return Progress(*columns, console=console, disable=disable)


def fail(error: Exception) -> NoReturn:
    """Say why, and end the command."""
    console.print(f"[red]{error}[/red]", highlight=False)
    raise typer.Exit(1) from None
