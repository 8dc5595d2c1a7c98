"""`import`: maps and grids from elsewhere to a simulation file."""

from pathlib import Path
from typing import Annotated

import typer

from engine import importing
from engine.commands import texts
from engine.commands.progress import say_wrote
from engine.cosmology import Cosmology
from engine.importing import OWN, UNITS, Imported, rows_named


def import_fields(
    out: Annotated[Path, typer.Argument(help="The simulation file to write.")],
    fields: Annotated[
        list[str], typer.Argument(help="FIELD=FILE as in dm=maps.npy; .npy or FITS; several.")
    ],
    box: Annotated[float, typer.Option(help="Side of the periodic box, comoving Mpc/h.")],
    redshift: Annotated[float, typer.Option(help="Of the snapshot.")],
    omega_m: Annotated[float, typer.Option("--Omega-m", help="All matter at z = 0.")],
    omega_b: Annotated[float, typer.Option("--Omega-b", help="Baryons at z = 0.")],
    h: Annotated[float, typer.Option("--h", help="Hubble constant in 100 km/s/Mpc.")],
    unit: Annotated[
        str, typer.Option(help=f"Comoving: {'; '.join(UNITS)}; {OWN} (K) if no density.")
    ],
    rows: Annotated[
        str, typer.Option(help="Rows of the first axis, FIRST:LAST: one box's slabs, or its grid.")
    ] = "",
    axis: Annotated[str, typer.Option(help="Line of sight of maps.")] = "z",
    order: Annotated[
        str, typer.Option(help="Of indices: zyx (slab, row, column) or xyz (grid x first).")
    ] = "zyx",
    level: Annotated[str, typer.Option(help="Resolution of the run.")] = "HR",
    particles: Annotated[int, typer.Option(help="Dark-matter particles of the run.")] = 0,
    provenance: Annotated[str, typer.Option(help="Where the fields come from.")] = "",
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Import mass that doesn't fit; noted.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would come to, and write nothing.")
    ] = False,
) -> None:
    """Bring maps or grids from elsewhere into a simulation file."""
    known = Imported(
        box_size=box,
        redshift=redshift,
        cosmology=Cosmology(omega_m, omega_b, h),
        unit=unit,
        rows=rows_named(rows),
        axis=axis,
        order=order,
        level=level,
        particles=particles,
    )
    sources = dict(texts.source(text) for text in fields)
    for found in importing.import_fields(
        sources, out, known, provenance, allow_incomplete, dry_run
    ):
        mass = f", Omega {found.Omega:.4g}" if found.Omega else ""
        typer.echo(
            f"{found.field} {found.shape}: {found.lowest:.4g} to {found.highest:.4g}, median "
            f"{found.median:.4g} {found.unit}{mass}"
        )
    say_wrote(out, would=dry_run)
