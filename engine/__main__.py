"""The engine's command line: `python -m engine project`, `simulate`, `import`, `paint`, ..."""

import sys

import typer
from rich.console import Console

from engine.bounded import Vetting
from engine.commands.check import check
from engine.commands.import_fields import import_fields
from engine.commands.paint import paint
from engine.commands.project import project
from engine.commands.rerun import rerun
from engine.commands.simulate import simulate
from engine.formats.hdf5 import vet_with

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Work with simulations without the page."""


for command in (project, simulate, check, paint, rerun):
    app.command()(command)
app.command("import")(import_fields)

if __name__ == "__main__":
    vet_with(Vetting().look_at)  # files may come from anywhere
    try:
        app()
    except (ValueError, OSError) as error:  # OSError: no room, or no right to write there
        console = Console(stderr=True)
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
