"""From a snapshot's particles to slab maps, as in EMBER section 3."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import h5py

from engine.fields import AXES, INPUT_FIELDS, LEVELS, field_named
from engine.formats import open_snapshot
from engine.formats.catalogues import write_halos, write_objects
from engine.formats.maps import SlabLayout
from engine.formats.rounding import MANTISSA_BITS
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.formats.snapshot import Snapshot
from engine.projection.beside import read_beside, write_beside
from engine.projection.clusters import Clusters, find_clusters
from engine.projection.consistency import check_snapshots
from engine.projection.cutouts import CutoutRequest, cutout_layout
from engine.projection.grids import check_grids
from engine.projection.particles import Job
from engine.projection.refusals import (
    THINNING,
    check_numbers,
    check_place,
    check_request,
    check_twin,
    dark_matter_of,
    has_gas,
)
from engine.projection.smoothing import NEIGHBOURS
from engine.projection.writing import Making, Steps, write_cut_out, write_meshes
from engine.results import Progress
from engine.units import MPC_IN_KPC

SLAB_DEPTH = 1.5
"""Comoving depth aimed at, [Mpc/h] (EMBER section 3)."""

PIXELS_PER_SEPARATION = 4
"""Pixels per mean particle separation (EMBER section 3)."""

THIN = (
    "HI without self-shielding: in equilibrium with the background of Faucher-Giguere 2020, none "
    "in gas above 1000 times the mean that is below 1e5 K or forms stars."
)
"""What a reader of such grids must know."""

Paths = str | Path | Sequence[str | Path]


def project_snapshot(
    paths: Paths,
    out: str | Path,
    name: str | None = None,
    fields: Sequence[str] = ("dm", "gas", "hi"),
    n_slabs: int | None = None,
    pixels: int | None = None,
    levels: Sequence[str] = LEVELS,
    axes: str = AXES,
    offset: float = 0.0,
    seed: int = 0,
    twins: Mapping[tuple[str, str], Paths] | None = None,
    smoothing: str = "neighbours",
    mantissa_bits: int = MANTISSA_BITS,
    provenance: str = "",
    allow_incomplete: bool = False,
    grids: Sequence[str] = (),
    cells: int | None = None,
    assignment: str = "kernel",
    initial_conditions: str | Path | None = None,
    subhalos: Mapping[str, str | Path] | None = None,
    galaxies: bool = False,
    cutouts: CutoutRequest | float | None = None,
    progress: Progress = lambda fraction, doing: None,
) -> Path:
    """Project a snapshot to slabs and grids and write them as a simulation file.

    Particles belong whole to the slab that holds their centre; mass is conserved in every
    slab to 1e-5, and in grids, where kernels reach over all cells, to 1e-6. Memory is bounded
    whatever the number of particles and slabs; particles wait in temporary files beside `out`.

    Parameters
    ----------
    paths : path or sequence of path
        The snapshot's file, files, or folder.
    out : path
        The simulation file; it appears only when it is complete.
    name : str, optional
        Of the simulation; the name of `out` if left out.
    fields : sequence of str
        Maps wanted. `dmo` alone is for a dark-matter-only run.
    n_slabs : int, optional
        Slabs an axis; left out, such that they are about 1.5 Mpc/h deep.
    pixels : int, optional
        Pixels a side; left out, 4 per mean separation of the dark-matter particles.
    levels : sequence of str
        Resolutions of the input maps; those under HR are thinned out at random by 8 each.
    axes : str
        Lines of sight.
    offset : float
        Where slab 0 begins, comoving [Mpc/h].
    seed : int
        Of the thinning.
    twins : mapping of (field, level) to path, optional
        Runs with the same phases: ("dmo", "HR") is thinned out too, the others are native.
    smoothing : {"neighbours", "file"}
        Kernel support: distance to the 80th neighbour of the same species, or, for gas,
        the support radius in the file.
    mantissa_bits : int
        Bits of the mantissa stored at HR, and one fewer at each level below: their particles
        are fewer, and rounding stays well below what is left to their chance.
    provenance : str
        Where the simulation comes from.
    allow_incomplete : bool
        Whether particles that don't carry the header's Omega_m to 1 %, or don't fill its box,
        are projected all the same; the file's provenance then says what was found.
    grids : sequence of str
        Fields whose grids of the whole box are wanted, beside or instead of maps.
    cells : int, optional
        A side of the grids; left out, one per mean separation of the level's dark matter.
    assignment : {"kernel", "cic"}
        How particles are spread over the cells of grids: by their smoothing, or to the
        nearest cells (cloud in cell).
    initial_conditions : path, optional
        A file of the run's displacements or linear overdensity at its start, see
        `engine.formats.start`.
    subhalos : mapping of run to path, optional
        Lists by Rockstar with parents, by AHF or by Subfind, of the runs "hydro" and "dmo".
    galaxies : bool
        Whether galaxies are found among the stars and matched with the subhaloes of "dmo".
    cutouts : CutoutRequest or float, optional
        Maps of a cube of 4 proper Mpc around every object heavier than that, [Msun/h], are
        wanted too: of dark matter, hot gas, its temperature and X-rays, and of the twin
        ("dmo", "HR") if there is one. `fields` and `grids` may then be empty.
    progress : callable
        Called with the fraction done and what is being done.

    Returns
    -------
    Path
        Of the simulation file.

    Raises
    ------
    ValueError
        In one sentence, if a snapshot or an argument is unusable; nothing is written then.

    References
    ----------
    Bernardini et al. 2022, section 3.
    """
    out = Path(out).expanduser()
    main = open_snapshot(paths)
    opened = {key: open_snapshot(path) for key, path in (twins or {}).items()}
    fields, levels, lines, grids = (
        tuple(dict.fromkeys(wish)) for wish in (fields, levels, axes, grids)
    )
    meshes = tuple(dict.fromkeys((*fields, *grids)))
    cut = CutoutRequest(cutouts) if isinstance(cutouts, int | float) else cutouts
    everything = (*meshes, *(cut.fields(main) if cut else ()))
    check_request(main, everything, levels, lines, smoothing)
    check_grids(grids, cells, assignment)
    check_numbers(
        pixels=pixels, n_slabs=n_slabs, offset=offset, seed=seed, mantissa_bits=mantissa_bits
    )
    check_place(out, (main, *opened.values()))
    jobs = _jobs(main, meshes, levels, opened) if meshes else []
    cut_jobs = _cutout_jobs(main, cut, opened) if cut else []
    beside = read_beside(main, initial_conditions, subhalos or {}, galaxies)
    wanted = {main: everything} | {twin: (name,) for (name, _), twin in opened.items()}
    found = check_snapshots(wanted, smoothing, allow_incomplete, progress)
    told = _provenance(main, provenance, everything, smoothing, seed, found)
    layout = _layout(main, pixels, n_slabs, offset)
    making = Making(out, layout, lines, smoothing, assignment, cells, seed, mantissa_bits)
    maps = {*fields, *(name for name, _ in opened)} if fields else set()
    work = sum(job.keep * _passes(job, maps, grids, lines) for job in jobs)
    steps = Steps(work + sum(2 * job.keep for job in cut_jobs), progress)
    clusters = _clusters(main, cut, seed, progress) if cut else None
    out.parent.mkdir(parents=True, exist_ok=True)
    with new_simulation_file(out, _header(main, name or out.stem, told)) as file:
        _write_halos(file, main, opened)
        write_beside(file, beside, mantissa_bits)
        for job in jobs:
            write_meshes(file, job, _of(job, maps), _of(job, grids), making, steps)
        if cut and clusters:
            write_objects(file, clusters.objects)
            shape = cutout_layout(main.header, cut.pixels, axes)
            for job in cut_jobs:
                write_cut_out(file, job, clusters, shape, making, steps)
    progress(1.0, "done")
    return out


def _header(main: Snapshot, name: str, provenance: str) -> SimulationHeader:
    return SimulationHeader(
        name=name,
        box_size=main.header.box_size / MPC_IN_KPC,
        redshift=main.header.redshift,
        cosmology=main.header.cosmology,
        code=main.header.code,
        provenance=provenance,
    )


def _layout(main: Snapshot, pixels: int | None, n_slabs: int | None, offset: float) -> SlabLayout:
    """How the box is cut; what isn't asked for is EMBER's."""
    box = main.header.box_size / MPC_IN_KPC
    return SlabLayout(
        box_size=box,
        pixels=pixels or PIXELS_PER_SEPARATION * round(dark_matter_of(main) ** (1 / 3)),
        n_slabs=n_slabs or max(round(box / SLAB_DEPTH), 1),
        offset=offset,
    )


def _of(job: Job, names: Collection[str]) -> tuple[str, ...]:
    """The job's fields that are among some names."""
    return tuple(name for name in job.fields if name in names)


def _passes(job: Job, maps: Collection[str], grids: Collection[str], axes: Sequence[str]) -> int:
    """How often the particles of a job are gone through."""
    return 1 + len(axes) * bool(_of(job, maps)) + bool(_of(job, grids))


def _provenance(
    main: Snapshot,
    told: str,
    fields: tuple[str, ...],
    smoothing: str,
    seed: int,
    found: tuple[str, ...],
) -> str:
    """What a reader of the maps must know of their making."""
    kernel = (
        f"to the {NEIGHBOURS}th neighbour of the same species"
        if smoothing == "neighbours"
        else "as the file gives it for gas, else to the "
        f"{NEIGHBOURS}th neighbour of the same species"
    )
    parts = [
        told,
        f"Snapshot {main.name} ({main.header.code}).",
        *(f"{note}." for note in main.header.notes),
        *(f"Projected although incomplete: {sentence}" for sentence in found),
        f"Cubic spline with support {kernel}; stars: one pixel. Particles belong whole to the "
        "slab of their centre.",
        f"HI: {main.neutral_hydrogen}." if "hi" in fields else "",
        THIN if "hi_thin" in fields else "",
        f"Temperature weighted by gas mass. Levels thinned at random with seed {seed}.",
    ]
    return " ".join(part for part in parts if part)


def _jobs(
    main: Snapshot,
    fields: tuple[str, ...],
    levels: tuple[str, ...],
    twins: Mapping[tuple[str, str], Snapshot],
) -> list[Job]:
    """Everything to be projected, grouped by particles."""
    for key, twin in twins.items():
        check_twin(main, key, twin)
    runs = {name: main for name in fields if name in INPUT_FIELDS}
    runs |= {name: twin for (name, level), twin in twins.items() if level == "HR"}
    if "dmo" in runs and has_gas(runs["dmo"]):
        raise ValueError(
            f"{main.name} is a run with gas, but dmo was asked for; "
            "give the dark-matter-only run as the twin ('dmo', 'HR')."
        )
    jobs = []
    for name, snapshot in runs.items():
        for level in levels:
            keep = dark_matter_of(snapshot) // THINNING ** LEVELS.index(level)
            if keep > 1:
                jobs.append(Job(snapshot, (name,), level, "ds", keep))
    for (name, level), twin in twins.items():
        if level != "HR":
            jobs.append(Job(twin, (name,), level, "native", dark_matter_of(twin)))
    for species in ("gas", "stars"):
        wanted = tuple(name for name in fields if field_named(name).species == species)
        if wanted:
            jobs.append(Job(main, wanted, "HR", "ds", main.header.counts[species]))
    return jobs


def _cutout_jobs(
    main: Snapshot, cut: CutoutRequest, twins: Mapping[tuple[str, str], Snapshot]
) -> list[Job]:
    """Everything to be cut out, grouped by particles."""
    beside = {key: twin for key, twin in twins.items() if key == ("dmo", LEVELS[0])}
    return _jobs(main, cut.fields(main), (cut.level,), beside)


def _clusters(main: Snapshot, cut: CutoutRequest, seed: int, progress: Progress) -> Clusters:
    """Choose and measure the objects, after a look at whether they can be cut out."""
    cutout_layout(main.header, cut.pixels, AXES)
    progress(0.0, "choosing and measuring objects")
    return find_clusters(main, cut.lightest, cut.table, cut.orientations, seed)


def _write_halos(
    file: h5py.File, main: Snapshot, twins: Mapping[tuple[str, str], Snapshot]
) -> None:
    """Write the haloes of the run, and of its twin without baryons, if they have any."""
    catalogues = {"hydro" if has_gas(main) else "dmo": main}
    if ("dmo", "HR") in twins:
        catalogues["dmo"] = twins["dmo", "HR"]
    for run, snapshot in catalogues.items():
        if halos := snapshot.halos(run):
            write_halos(file, halos)
