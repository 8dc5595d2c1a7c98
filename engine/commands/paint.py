"""`paint`: whole maps, boxes and ensembles, tile by tile."""

from pathlib import Path
from typing import Annotated

import typer

from engine.commands.progress import counted, say_wrote
from engine.commands.texts import numbers
from engine.fields import LEVELS


def paint(
    simulation: Annotated[str, typer.Argument(help="Its name, or the path of its file.")],
    emulator: Annotated[str, typer.Option(help="Name of the emulator, as ember-wgan.")],
    out: Annotated[Path, typer.Option(help="The HDF5 file to write.")],
    field: Annotated[str, typer.Option(help="What to paint.")] = "gas",
    level: Annotated[str, typer.Option(help="Resolution that it was trained on.")] = LEVELS[0],
    axis: Annotated[str, typer.Option(help="Line of sight.")] = "z",
    slabs: Annotated[str, typer.Option(help="Numbers of slabs or objects, as 0,3-5; all.")] = "",
    seeds: Annotated[str, typer.Option(help="Of the realisations, as 0-15.")] = "0",
    tile: Annotated[
        int | None, typer.Option(help="Cells a side of a tile; 0: whole maps; default: by size.")
    ] = None,
    memory: Annotated[
        float, typer.Option(help="GB that painting may take; 0: a share of what is free.")
    ] = 0.0,
    scheduler: Annotated[str, typer.Option(help="Address of a Dask scheduler to paint by.")] = "",
) -> None:
    """Paint slabs, a box or objects, with any number of seeds, into one file.

    Killed at any moment, the same command goes on where it was.
    """
    # Only now: they import torch, which takes seconds.
    from engine.batch import paint_file, places_of, work_on
    from engine.cluster import painter
    from engine.simulation import open_simulation
    from engine.systems.registry import load_emulator

    opened, loaded = open_simulation(simulation), load_emulator(emulator, field, level)
    loaded.memory = int(memory * 1e9) or None
    places = places_of(opened, loaded.card, axis, numbers(slabs, "--slabs"))
    work = work_on(opened, loaded, places, numbers(seeds, "--seeds"), tile)
    by = painter(scheduler) if scheduler else None
    with counted("tiles") as progress:
        paint_file(work, out, by, progress)
    say_wrote(out)
