"""The command `crops`: truth and samples side by side, shuffled."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.told import console, fail


def crops(
    card_path: Annotated[Path, typer.Argument(metavar="CARD", help="JSON file of the weights.")],
    out: Annotated[Path, typer.Option(help="HTML file; its key is written beside it.")],
    simulation: Annotated[str, typer.Option(help="Name or slab file.")] = "hydro11-z2",
    axes: Annotated[str, typer.Option(help="Held-out projections.")] = "z",
    shuffle: Annotated[int, typer.Option(help="Another order for another number.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    without: Annotated[
        list[int] | None, typer.Option(help="Number of a slab to leave out; may be repeated.")
    ] = None,
) -> None:
    """Write a page of crops, truth and samples shuffled, to see whether the truth is found."""
    from training.report.crops import make  # matplotlib and the engine's statistics take seconds

    try:
        make(card_path, simulation, axes, out, shuffle, device, without or ())
    except ValueError as error:
        fail(error)
    console.print(f"Wrote {out} and {out.stem}-key.json.", highlight=False)
