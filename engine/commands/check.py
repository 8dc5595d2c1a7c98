"""`check`: what files hold, read from end to end."""

from pathlib import Path
from typing import Annotated

import typer

from engine.verifying import verify


def check(
    files: Annotated[list[Path], typer.Argument(help="Simulation files, .npy or FITS.")],
) -> None:
    """Read files once from end to end and say what they hold."""
    for file in files:
        typer.echo(f"{file.name}: {verify(file)}")
