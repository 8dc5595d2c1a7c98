"""Fields that others made, brought into a simulation file: .npy and FITS maps and grids.

Such a file says nothing but its numbers, so that box, redshift, cosmology and unit are asked
for. What can be known wrong is refused: maps that don't fill the box, dark matter that does not
carry its share of Omega_m, gas that carries more than Omega_b.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.fields import DENSITIES, LEVELS, ORIGINS, field_named, map_axes, one_of
from engine.formats.arrays import open_array
from engine.formats.grids import create_grid
from engine.formats.maps import SlabLayout, create_maps
from engine.formats.rounding import MANTISSA_BITS, round_mantissa
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.places import Run
from engine.units import MPC_IN_KPC

TOLERANCE = 0.01
"""By which matter may differ from its share of the critical density, as for snapshots."""

UNITS = {
    "Msun h / ckpc^2": (2, 1.0, 0),
    "Msun/h / (Mpc/h)^2": (2, 1e-6, 0),
    "Msun / ckpc^2": (2, 1.0, -1),
    "Msun / cMpc^2": (2, 1e-6, -1),
    "Msun h^2 / ckpc^3": (3, 1.0, 0),
    "Msun/h / (Mpc/h)^3": (3, 1e-9, 0),
    "Msun / ckpc^3": (3, 1.0, -2),
    "Msun / cMpc^3": (3, 1e-9, -2),
}
"""Comoving densities by name: dimensions, factor to the engine's unit, power of h in it."""

OWN = "own"
"""Of fields that are no densities: their own unit, such as K."""


@dataclass(frozen=True)
class Imported:
    """What is known of imported fields besides their numbers.

    Parameters
    ----------
    box_size : float
        Comoving, [Mpc/h].
    redshift : float
        Of the snapshot.
    cosmology : Cosmology
        Of the simulation.
    unit : str
        One of UNITS, for the fields that are densities.
    rows : slice, optional
        Of the first axis of a file that holds more than one box's: the slabs of a stack of maps,
        or one grid.
    axis : str
        Line of sight of maps.
    order : {"zyx", "xyz"}
        Of a grid's indices; for maps "zyx" means (slab, row, column) and "xyz" (slab, column, row).
    level, origin : str
        Of the run.
    particles : int
        Dark-matter particles of the run in the whole box; 0 if not known.
    """

    box_size: float
    redshift: float
    cosmology: Cosmology
    unit: str
    rows: slice | None = None
    axis: str = "z"
    order: str = "zyx"
    level: str = "HR"
    origin: str = "ds"
    particles: int = 0


@dataclass(frozen=True)
class Preview:
    """What an imported field would come to.

    Parameters
    ----------
    field : str
        Its name.
    shape : tuple of int
        Of its maps, (n_slabs, ny, nx), or its grid, (nz, ny, nx).
    unit : str
        Of the numbers below.
    lowest, median, highest : float
        Of its values.
    Omega : float
        Its mass in units of the critical density; 0 if it is no density.
    """

    field: str
    shape: tuple[int, ...]
    unit: str
    lowest: float
    median: float
    highest: float
    Omega: float


def import_fields(
    sources: Mapping[str, Path],
    out: Path,
    known: Imported,
    provenance: str = "",
    allow_incomplete: bool = False,
    dry_run: bool = False,
) -> list[Preview]:
    """Bring maps or grids of one simulation into a simulation file.

    Parameters
    ----------
    sources : mapping of str to path
        Files by the field that they hold. Of three dimensions: a grid if `known.unit` is one of
        volume, else the slabs of the box along an axis; of two: a map as deep as the box.
    out : path
        The simulation file; it appears only when it is complete.
    known : Imported
        What the files can't say.
    provenance : str
        Where they come from.
    allow_incomplete : bool
        Whether mass that does not fit the cosmology is only noted.
    dry_run : bool
        Whether to write nothing.

    Returns
    -------
    list of Preview
        Of every field.

    Raises
    ------
    ValueError
        In one sentence, if a file or a number is unusable; nothing is written then.
    """
    _check_known(known)
    if not sources:
        raise ValueError("no field was given, expected FIELD=FILE as in dm=maps.npy.")
    arrays = {name: _selected(name, Path(path), known) for name, path in sources.items()}
    previews = [_preview(name, array, known) for name, array in arrays.items()]
    doubts = [words for preview in previews if (words := _doubt(preview, known))]
    if doubts and not allow_incomplete:
        raise ValueError(" ".join(doubts) + " To import it all the same: --allow-incomplete.")
    if dry_run:
        return previews
    files = ", ".join(f"{name} from {Path(path).name}" for name, path in sources.items())
    told = [provenance, f"Imported: {files}, given in {known.unit}.", *doubts]
    header = SimulationHeader(
        out.stem,
        known.box_size,
        known.redshift,
        known.cosmology,
        "not known",
        " ".join(words for words in told if words),
    )
    with new_simulation_file(out, header) as file:
        for name, array in arrays.items():
            _write(file, name, array, known)
    return previews


def _check_known(known: Imported) -> None:
    """Refuse numbers that no simulation has."""
    one_of("unit", known.unit, (*UNITS, OWN))
    one_of("order", known.order, ("zyx", "xyz"))
    one_of("level", known.level, LEVELS)
    one_of("origin", known.origin, ORIGINS)
    map_axes(known.axis)
    cosmology = known.cosmology
    for what, value, lowest, highest in (
        ("box", known.box_size, 1e-3, 1e6),
        ("redshift", known.redshift, 0.0, 1e4),
        ("h", cosmology.h, 0.1, 10.0),
        ("Omega_m", cosmology.Omega_m, 1e-3, 10.0),
        ("Omega_b", cosmology.Omega_b, 0.0, cosmology.Omega_m),
    ):
        if not lowest <= value <= highest:
            raise ValueError(f"{what} is {value:g}, expected {lowest:g} to {highest:g}.")


def _selected(name: str, path: Path, known: Imported) -> NDArray[np.number]:
    """The maps or the grid of one box, unread."""
    about = field_named(name)
    array = open_array(path)
    if about.is_density == (known.unit == OWN):
        raise ValueError(
            f"{name} is given in {known.unit!r}, expected "
            f"{'one of ' + ', '.join(UNITS) if about.is_density else OWN}."
        )
    if known.rows is not None:
        array = array[known.rows]
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 2:
        array = array[np.newaxis]
    grid = _is_grid(array, known)
    side = array.shape[-1]
    if array.ndim != 3 or array.shape[1] != side or (grid and len(array) != side):
        what = "a cube (n, n, n)" if grid else "square maps (slabs, n, n)"
        raise ValueError(
            f"{path.name} has shape {array.shape}, expected {what} of one box; choose them with "
            "--rows FIRST:LAST."
        )
    if known.order == "xyz":
        array = array.transpose(2, 1, 0) if grid else array.transpose(0, 2, 1)
    return array


def _is_grid(array: NDArray[np.number], known: Imported) -> bool:
    if known.unit == OWN:
        return array.ndim == 3 and len(set(array.shape)) == 1
    return UNITS[known.unit][0] == 3


def _layers(name: str, array: NDArray[np.number], known: Imported) -> Iterator[NDArray[np.float64]]:
    """Values in the engine's unit, a layer at a time.

    Raises
    ------
    ValueError
        In one sentence, if one is not finite, or negative where it can't be.
    """
    factor = 1.0
    if known.unit != OWN:
        _, factor, power = UNITS[known.unit]
        factor *= known.cosmology.h**power
    for number, layer in enumerate(array):
        values = layer.astype(np.float64) * factor
        if not (np.abs(values) < 1e30).all() or (values.min() < 0 and not field_named(name).signed):
            raise ValueError(
                f"{name}: layer {number} holds values that are negative, not finite or beyond all "
                "measure, expected none; is it a logarithm or a contrast?"
            )
        yield values


def _preview(name: str, array: NDArray[np.number], known: Imported) -> Preview:
    about = field_named(name)
    lowest, highest, total, middles = np.inf, -np.inf, 0.0, []
    for values in _layers(name, array, known):
        lowest, highest = min(lowest, float(values.min())), max(highest, float(values.max()))
        total += float(values.sum())
        middles.append(float(np.median(values)))
    grid = _is_grid(array, known)
    side = known.box_size * MPC_IN_KPC / array.shape[-1]
    mass = total * side ** (3 if grid else 2) if about.is_density else 0.0
    critical = known.cosmology.mean_matter_density / known.cosmology.Omega_m
    return Preview(
        field=name,
        shape=array.shape,
        unit=about.unit_of(3 if grid else 2),
        lowest=lowest,
        median=float(np.median(middles)),
        highest=highest,
        Omega=mass / (critical * known.box_size**3),
    )


def _doubt(preview: Preview, known: Imported) -> str:
    """Why the mass can't be that of the cosmology; nothing if it can."""
    cosmology = known.cosmology
    if preview.field not in DENSITIES:
        return ""
    share = {"dmo": cosmology.Omega_m, "dm": cosmology.Omega_m - cosmology.Omega_b}
    expected = share.get(preview.field, cosmology.Omega_b)
    exact = preview.field in share
    ratio = preview.Omega / expected if expected else np.inf
    if ratio < 1 + TOLERANCE and (ratio > 1 - TOLERANCE or not exact):
        return ""
    return (
        f"{preview.field}: the mass in {preview.shape} cells of a box of {known.box_size:g} Mpc/h "
        f"is Omega = {preview.Omega:.4g}, expected {'' if exact else 'at most '}{expected:.4g}; "
        "the unit is another, the maps are not all of the box, or the cosmology is another run's."
    )


def _write(file: h5py.File, name: str, array: NDArray[np.number], known: Imported) -> None:
    run = Run(name, known.level, known.origin)
    made = f"imported, given in {known.unit}"
    if _is_grid(array, known):
        stored = create_grid(file, run, len(array), known.particles, made)
    else:
        layout = SlabLayout(known.box_size, array.shape[-1], len(array))
        key = (name, known.level, known.origin, known.axis)
        stored = create_maps(file, layout, key, known.particles, made)
    for number, values in enumerate(_layers(name, array, known)):
        stored[number] = round_mantissa(values, MANTISSA_BITS)


def rows_named(text: str) -> slice | None:
    """Rows as they are written, FIRST:LAST or one number; None for all if nothing is.

    Raises
    ------
    ValueError
        In one sentence, if they are written otherwise.
    """
    if not text:
        return None
    found = re.fullmatch(r"(\d+)(?::(\d+))?", text)
    first = int(found[1]) if found else 0
    last = int(found[2]) if found and found[2] else first + 1
    if not found or last <= first:
        raise ValueError(f"--rows is {text!r}, expected a number or FIRST:LAST as in 0:5.")
    return slice(first, last)
