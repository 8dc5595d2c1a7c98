"""`project`: a snapshot to slab maps, grids and maps around objects."""

from pathlib import Path
from typing import Annotated

import typer

from engine.commands import texts
from engine.commands.progress import parts, say_wrote
from engine.commands.texts import names
from engine.fields import AXES, LEVELS
from engine.formats.rounding import MANTISSA_BITS
from engine.projection.cutouts import PIXELS, CutoutRequest
from engine.projection.snapshots import project_snapshot

ALL_LEVELS = ",".join(LEVELS)

Snapshot = Annotated[list[Path], typer.Argument(help="The snapshot's file, files or folder.")]
Out = Annotated[Path, typer.Argument(help="The simulation file to write.")]
Name = Annotated[str, typer.Option(help="Name of the simulation; default: that of OUT.")]
Fields = Annotated[
    str | None,
    typer.Option(
        help="Maps: dm,gas,hi,stars,temperature; dmo for a dark-matter-only run; default: "
        "dm,gas,hi, or none with --cutouts."
    ),
]
Axes = Annotated[str, typer.Option(help="Lines of sight.")]
Levels = Annotated[str, typer.Option(help="Resolutions of the input maps.")]
Slabs = Annotated[int, typer.Option(help="Slabs an axis; 0: about 1.5 Mpc/h deep.")]
Pixels = Annotated[int, typer.Option(help="Pixels a side; 0: 4 per mean separation.")]
Offset = Annotated[float, typer.Option(help="Where slab 0 begins, comoving Mpc/h.")]
Seed = Annotated[int, typer.Option(help="Of the random thinning.")]
Twins = Annotated[
    list[str] | None, typer.Option(help="A run of the same phases, as dmo:HR=PATH; repeatable.")
]
Smoothing = Annotated[
    str, typer.Option(help="neighbours (80th of the same species) or file (gas, as stored).")
]
Bits = Annotated[
    int, typer.Option(help="Bits of the mantissa kept at HR; one fewer at each level below.")
]
Provenance = Annotated[str, typer.Option(help="Where the simulation comes from.")]
AllowIncomplete = Annotated[
    bool,
    typer.Option(
        "--allow-incomplete",
        help="Project particles that don't make up the header's Omega_m or box; noted.",
    ),
]
Grids = Annotated[str, typer.Option(help="Fields that grids of the box are wanted of.")]
Cells = Annotated[int, typer.Option(help="Cells a side of grids; 0: one per mean separation.")]
Assignment = Annotated[
    str, typer.Option(help="Of particles to cells: kernel (adaptive) or cic (cloud in cell).")
]
Start = Annotated[
    Path | None, typer.Option(help="Displacements or linear overdensity at the run's start.")
]
SubhaloLists = Annotated[
    list[str] | None,
    typer.Option(help="By Rockstar (with parents), AHF or Subfind, as dmo=FILE; repeatable."),
]
FindGalaxies = Annotated[
    bool,
    typer.Option("--galaxies", help="Find galaxies among the stars; match them with dmo's."),
]
Heavier = Annotated[
    float | None, typer.Option(help="Maps around every object heavier than that, Msun/h.")
]
ObjectTable = Annotated[
    Path | None,
    typer.Option(help="Table of objects: Rockstar's, or text with x,y,z,mass (Mpc/h, Msun/h)."),
]
CutoutPixels = Annotated[int, typer.Option(help="A side of 4 proper Mpc.")]
CutoutLevel = Annotated[
    str, typer.Option(help="Resolution of dark matter in cut-outs; thinned out below HR.")
]
Orientations = Annotated[
    int, typer.Option(help="Times that each object is cut out, turned at random; to train on.")
]


def project(
    snapshot: Snapshot,
    out: Out,
    name: Name = "",
    fields: Fields = None,
    axes: Axes = AXES,
    levels: Levels = ALL_LEVELS,
    slabs: Slabs = 0,
    pixels: Pixels = 0,
    offset: Offset = 0.0,
    seed: Seed = 0,
    twin: Twins = None,
    smoothing: Smoothing = "neighbours",
    bits: Bits = MANTISSA_BITS,
    provenance: Provenance = "",
    allow_incomplete: AllowIncomplete = False,
    grids: Grids = "",
    cells: Cells = 0,
    assignment: Assignment = "kernel",
    initial_conditions: Start = None,
    subhalos: SubhaloLists = None,
    galaxies: FindGalaxies = False,
    cutouts: Heavier = None,
    objects: ObjectTable = None,
    cutout_pixels: CutoutPixels = PIXELS,
    cutout_level: CutoutLevel = LEVELS[0],
    orientations: Orientations = 1,
) -> None:
    """Project a snapshot's particles to slab maps, grids and maps around objects."""
    if objects and cutouts is None:
        raise ValueError(f"--objects is {objects}, expected --cutouts with the least mass too.")
    cut = None
    if cutouts is not None:
        cut = CutoutRequest(cutouts, objects, cutout_pixels, cutout_level, orientations)
    usual = "" if cut else "dm,gas,hi"
    with parts("reading") as progress:
        project_snapshot(
            snapshot[0] if len(snapshot) == 1 else snapshot,
            out,
            name=name or None,
            fields=names(usual if fields is None else fields),
            n_slabs=slabs or None,
            pixels=pixels or None,
            levels=names(levels),
            axes=axes,
            offset=offset,
            seed=seed,
            twins=dict(texts.twin(text) for text in twin or ()),
            smoothing=smoothing,
            mantissa_bits=bits,
            provenance=provenance,
            allow_incomplete=allow_incomplete,
            grids=names(grids),
            cells=cells or None,
            assignment=assignment,
            initial_conditions=initial_conditions,
            subhalos=dict(texts.catalogue(text) for text in subhalos or ()),
            galaxies=galaxies,
            cutouts=cut,
            progress=progress,
        )
    say_wrote(out)
