"""Progress of a command, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)


@contextmanager
def parts(doing: str) -> Iterator[Callable[[float, str], None]]:
    """Show a bar that counts to one; it is told the part that is done and what is being done."""
    columns = (
        TextColumn("{task.description:<40}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(doing, total=1.0)
        yield lambda part, now: bar.update(task, completed=part, description=now)


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar that is told how many are done, of how many."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def say_wrote(out: Path, would: bool = False) -> None:
    """Say which file was written, or would have been."""
    Console(stderr=True).print(f"{'would write' if would else 'wrote'} {out}")
