"""The engine's command line: `python -m engine project`, `simulate`, `import`, `paint`, ..."""

import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from engine.cosmology import N_S, PLANCK, SIGMA_8, Cosmology
from engine.fields import AXES, LEVELS
from engine.formats.rounding import MANTISSA_BITS
from engine.importing import OWN, UNITS, Imported, import_fields, rows_named
from engine.projection.snapshots import project_snapshot
from engine.universe import simulate as make_universe
from engine.verifying import verify

COLUMNS = (
    TextColumn("{task.description:<40}"),
    BarColumn(),
    TaskProgressColumn(),
    TimeRemainingColumn(),
)
"""Of a progress bar that counts to one."""

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def main() -> None:
    """Work with simulations without the page."""


@app.command()
def project(
    snapshot: Annotated[list[Path], typer.Argument(help="The snapshot's file, files or folder.")],
    out: Annotated[Path, typer.Argument(help="The simulation file to write.")],
    name: Annotated[str, typer.Option(help="Name of the simulation; default: that of OUT.")] = "",
    fields: Annotated[
        str, typer.Option(help="Maps: dm,gas,hi,stars,temperature; dmo for a dark-matter-only run.")
    ] = "dm,gas,hi",
    axes: Annotated[str, typer.Option(help="Lines of sight.")] = AXES,
    levels: Annotated[str, typer.Option(help="Resolutions of the input maps.")] = ",".join(LEVELS),
    slabs: Annotated[int, typer.Option(help="Slabs an axis; 0: about 1.5 Mpc/h deep.")] = 0,
    pixels: Annotated[int, typer.Option(help="Pixels a side; 0: 4 per mean separation.")] = 0,
    offset: Annotated[float, typer.Option(help="Where slab 0 begins, comoving Mpc/h.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the random thinning.")] = 0,
    twin: Annotated[
        list[str] | None, typer.Option(help="A run of the same phases, as dmo:HR=PATH; repeatable.")
    ] = None,
    smoothing: Annotated[
        str, typer.Option(help="neighbours (80th of the same species) or file (gas, as stored).")
    ] = "neighbours",
    bits: Annotated[
        int, typer.Option(help="Bits of the mantissa kept at HR; one fewer at each level below.")
    ] = MANTISSA_BITS,
    provenance: Annotated[str, typer.Option(help="Where the simulation comes from.")] = "",
    allow_incomplete: Annotated[
        bool,
        typer.Option(
            "--allow-incomplete",
            help="Project particles that don't make up the header's Omega_m or box; noted.",
        ),
    ] = False,
    grids: Annotated[str, typer.Option(help="Fields that grids of the box are wanted of.")] = "",
    cells: Annotated[
        int, typer.Option(help="Cells a side of grids; 0: one per mean separation.")
    ] = 0,
    assignment: Annotated[
        str, typer.Option(help="Of particles to cells: kernel (adaptive) or cic (cloud in cell).")
    ] = "kernel",
    initial_conditions: Annotated[
        Path | None, typer.Option(help="Displacements or linear overdensity at the run's start.")
    ] = None,
    subhalos: Annotated[
        list[str] | None,
        typer.Option(help="Rockstar's list with parents, as dmo=FILE; repeatable."),
    ] = None,
) -> None:
    """Project a snapshot's particles to slab maps and grids."""
    with Progress(*COLUMNS, console=Console(stderr=True)) as bar:
        task = bar.add_task("reading", total=1.0)
        project_snapshot(
            snapshot[0] if len(snapshot) == 1 else snapshot,
            out,
            name=name or None,
            fields=_names(fields),
            n_slabs=slabs or None,
            pixels=pixels or None,
            levels=_names(levels),
            axes=axes,
            offset=offset,
            seed=seed,
            twins=dict(_twin(text) for text in twin or ()),
            smoothing=smoothing,
            mantissa_bits=bits,
            provenance=provenance,
            allow_incomplete=allow_incomplete,
            grids=_names(grids),
            cells=cells or None,
            assignment=assignment,
            initial_conditions=initial_conditions,
            subhalos=dict(_of_run(text) for text in subhalos or ()),
            progress=lambda fraction, doing: bar.update(
                task, completed=fraction, description=doing
            ),
        )
    Console(stderr=True).print(f"wrote {out}")


@app.command()
def simulate(
    box: Annotated[float, typer.Option(help="Side of the periodic box, comoving Mpc/h.")],
    particles: Annotated[int, typer.Option(help="A side, even.")],
    out: Annotated[
        Path | None, typer.Argument(help="The simulation file to write; default: a name here.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the universe.")] = 0,
    redshift: Annotated[float, typer.Option(help="Of the snapshot, below 9.")] = 0.0,
    omega_m: Annotated[
        float, typer.Option("--Omega-m", help="All matter at z = 0.")
    ] = PLANCK.Omega_m,
    omega_b: Annotated[
        float, typer.Option("--Omega-b", help="Baryons, of the power spectrum alone.")
    ] = PLANCK.Omega_b,
    h: Annotated[float, typer.Option("--h", help="Hubble constant in 100 km/s/Mpc.")] = PLANCK.h,
    sigma_8: Annotated[float, typer.Option(help="Amplitude of the power spectrum.")] = SIGMA_8,
    n_s: Annotated[float, typer.Option(help="Its primordial slope.")] = N_S,
    power: Annotated[
        Path | None, typer.Option(help="Table of k [h/Mpc] and linear P(k) at z = 0 instead.")
    ] = None,
) -> None:
    """Make a new dark-matter universe by a particle mesh.

    Stopped at any moment, the same command goes on after the last whole step.
    """
    out = out or Path(f"universe-{box:g}-{particles}-{seed}-z{redshift:g}.hdf5")
    cosmology = Cosmology(omega_m, omega_b, h)
    with Progress(*COLUMNS, console=Console(stderr=True)) as bar:
        task = bar.add_task("linear overdensity", total=1.0)
        make_universe(
            out,
            box,
            particles,
            seed,
            redshift,
            cosmology,
            sigma_8,
            n_s,
            power,
            lambda part, doing: bar.update(task, completed=part, description=doing),
        )
    Console(stderr=True).print(f"wrote {out}")


@app.command("import")
def import_(
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
    sources = dict(_source(text) for text in fields)
    for found in import_fields(sources, out, known, provenance, allow_incomplete, dry_run):
        mass = f", Omega {found.Omega:.4g}" if found.Omega else ""
        typer.echo(
            f"{found.field} {found.shape}: {found.lowest:.4g} to {found.highest:.4g}, median "
            f"{found.median:.4g} {found.unit}{mass}"
        )
    Console(stderr=True).print(f"{'would write' if dry_run else 'wrote'} {out}")


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Simulation files, .npy or FITS.")],
) -> None:
    """Read files once from end to end and say what they hold."""
    for file in files:
        typer.echo(f"{file.name}: {verify(file)}")


@app.command()
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
    places = places_of(opened, loaded.card, axis, _numbers(slabs, "--slabs"))
    work = work_on(opened, loaded, places, _numbers(seeds, "--seeds"), tile)
    by = painter(scheduler) if scheduler else None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("tiles", total=None)
        paint_file(work, out, by, lambda done, of: bar.update(task, completed=done, total=of))
    Console(stderr=True).print(f"wrote {out}")


@app.command()
def rerun(
    recipe: Annotated[Path, typer.Argument(help="The recipe, as the page's Take away gives it.")],
    out: Annotated[Path, typer.Option(help="The map file to write.")],
    against: Annotated[
        Path | None, typer.Option(help="A map file; say whether its numbers are the same.")
    ] = None,
) -> None:
    """Make a recipe's maps and curves again."""
    # Only now: they import torch, which takes seconds.
    from engine import summary
    from engine.formats.map_file import read_map_file, write_map_file
    from engine.recipe import Recipe
    from engine.recipe import rerun as make_again

    read = Recipe.from_json(recipe.read_text(encoding="utf-8"))
    other = read_map_file(against)[0] if against else None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcome = make_again(read)
    for warning in caught:
        typer.echo(warning.message, err=True)
    write_map_file(out, outcome, read.to_json())
    typer.echo(summary.table(outcome))
    if against and other:
        typer.echo(summary.comparison(outcome, other, against.name))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _source(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise ValueError(f"the field is {text!r}, expected FIELD=FILE as in dm=maps.npy.")
    return name, Path(path).expanduser()


def _twin(text: str) -> tuple[tuple[str, str], str]:
    key, equals, path = text.partition("=")
    name, colon, level = key.partition(":")
    if not (equals and colon and path):
        raise ValueError(f"--twin is {text!r}, expected FIELD:LEVEL=PATH as in dmo:HR=run.hdf5.")
    return (name, level), path


def _of_run(text: str) -> tuple[str, str]:
    run, equals, path = text.partition("=")
    if not (run and equals and path):
        raise ValueError(f"--subhalos is {text!r}, expected RUN=PATH as in dmo=parents.list.")
    return run, path


def _numbers(text: str, option: str) -> list[int]:
    """Numbers of a text such as "0,3-5"."""
    found: list[int] = []
    for part in _names(text):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"{option} is {text!r}, expected numbers as in 0,3-5.")
        found += range(int(first), int(last or first) + 1)
    return found


if __name__ == "__main__":
    try:
        app()
    except (ValueError, OSError) as error:  # OSError: no room, or no right to write there
        console = Console(stderr=True)
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
