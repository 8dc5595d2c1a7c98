"""Grids in a simulation file: `grids/<field>/<level>/<origin>`, (nz, ny, nx).

The attribute cell_size [kpc/h], comoving, stands at each. At level HR nothing is thinned out, so
both origins name the same dataset. `initial_conditions` is a grid too, of `delta`: linear
overdensity grown to z = 0, with the attributes starting_redshift and lattice, see
`engine.initial_conditions.InitialConditions`.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.fields import FIELDS, LEVELS, ORIGINS, field_named
from engine.formats.hdf5 import check_block, open_hdf5, read_all, read_rows
from engine.formats.meshes import (
    checked_values,
    create_mesh,
    datasets_below,
    link_other_origin,
    number_of,
    particles_of,
    pieces,
    run_words,
)
from engine.formats.rounding import MANTISSA_BITS, round_mantissa
from engine.formats.simulation_file import SimulationHeader
from engine.initial_conditions import InitialConditions
from engine.mesh import Grid
from engine.places import Run
from engine.units import MPC_IN_KPC

CELLS_PER_CHUNK = 64
"""A side: 1 MB."""

START = "initial_conditions"
"""Name of their dataset."""


def create_grid(
    file: h5py.File,
    run: Run,
    cells: int,
    particles: int,
    made: str,
    mantissa_bits: int = MANTISSA_BITS,
) -> h5py.Dataset:
    """An empty dataset for the grid of a run.

    Parameters
    ----------
    cells : int
        A side.
    particles : int
        Particles in the whole box that it is made of.
    made : str
        How, in a sentence.
    """
    grid = create_mesh(
        file,
        f"grids/{run.name}",
        (cells,) * 3,
        (CELLS_PER_CHUNK,) * 3,
        mantissa_bits,
        **run_words(run, 3),
        cell_size=float(file.attrs["box_size"]) * MPC_IN_KPC / cells,
        particles=particles,
        made=made,
    )
    link_other_origin(grid, run, f"grids/{run.field}/{run.level}/{{}}")
    return grid


def list_grids(file: h5py.File, header: SimulationHeader, name: str) -> dict[Run, int]:
    """Cells a side of all grids that this version knows.

    Parameters
    ----------
    name : str
        Of the file, for messages.

    Raises
    ------
    ValueError
        In one sentence, if one is not cut of the box as it says.
    """
    allowed = (tuple(FIELDS), LEVELS, ORIGINS)
    return {
        Run(*path): _cells(dataset, header, name)
        for path, dataset in datasets_below(file, "grids")
        if len(path) == 3 and all(k in a for k, a in zip(path, allowed, strict=True))
    }


def _cells(dataset: h5py.Dataset, header: SimulationHeader, name: str) -> int:
    cells = pieces(header.box_size * MPC_IN_KPC, number_of(dataset, "cell_size", name))
    if cells < 1 or dataset.shape != (cells,) * 3:
        raise ValueError(
            f"{name}: {dataset.name[1:]} has shape {dataset.shape}, but its cell_size says "
            f"{(cells,) * 3} of a box of {header.box_size:g} Mpc/h; make the file again."
        )
    return cells


def read_grid(path: Path, run: Run, cells: int, header: SimulationHeader) -> Grid:
    """A grid, or means of a finer one, a layer of its cells at a time.

    Parameters
    ----------
    cells : int
        A side; divides those of the stored grid.

    Raises
    ------
    ValueError
        In one sentence, if the dataset can't be read or holds what no grid can.
    """
    where = f"grids/{run.name}"
    with open_hdf5(path) as file:
        dataset = file[where]
        check_block(dataset)
        values = np.empty((cells,) * 3, np.float32)
        each = len(dataset) // cells
        for layer in range(cells):
            rows = read_rows(dataset, path.name, layer * each, (layer + 1) * each, np.float32)
            rows = checked_values(rows, field_named(run.field), path.name, where)
            values[layer] = rows[0] if each == 1 else layer_means(rows)
        particles = particles_of(dataset)
    return Grid(
        values,
        run.field,
        level=run.level,
        origin=run.origin,
        particles=particles,
        **_common(header, cells),
        redshift=header.redshift,
    )


def layer_means(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Means of cubes of cells, one layer of cubes deep.

    Parameters
    ----------
    rows : array, (m, n, n)
        m divides n.

    Returns
    -------
    array, (n / m, n / m)
    """
    each, side = len(rows), rows.shape[1] // len(rows)
    return rows.reshape(each, side, each, side, each).mean((0, 2, 4), dtype=np.float64)


def _common(header: SimulationHeader, cells: int) -> dict[str, Any]:
    return {
        "cell_size": header.box_size * MPC_IN_KPC / cells,
        "box_size": header.box_size,
        "cosmology": header.cosmology,
        "simulation": header.name,
    }


def write_initial_conditions(
    file: h5py.File,
    overdensity: NDArray[np.floating],
    starting_redshift: float,
    lattice: tuple[float, float, float],
    made: str,
    mantissa_bits: int = MANTISSA_BITS,
) -> None:
    """Store the linear overdensity today.

    Parameters
    ----------
    overdensity : array, (n, n, n)
        At the cells' centres, z = 0.
    starting_redshift, lattice
        See `engine.initial_conditions.InitialConditions`.
    made : str
        How, in a sentence.
    """
    cells = len(overdensity)
    dataset = create_mesh(
        file,
        START,
        (cells,) * 3,
        (CELLS_PER_CHUNK,) * 3,
        mantissa_bits,
        **run_words(Run("delta"), 3),
        cell_size=float(file.attrs["box_size"]) * MPC_IN_KPC / cells,
        redshift=0.0,
        starting_redshift=starting_redshift,
        lattice=lattice,
        particles=cells**3,
        made=made,
    )
    dataset[:] = round_mantissa(overdensity, mantissa_bits)


def read_initial_conditions(path: Path, header: SimulationHeader) -> InitialConditions | None:
    """The linear overdensity today; None if the file has none.

    Raises
    ------
    ValueError
        In one sentence, if the dataset can't be read or holds what no initial conditions can.
    """
    with open_hdf5(path) as file:
        dataset = file.get(START)
        if not isinstance(dataset, h5py.Dataset):
            return None
        cells = _cells(dataset, header, path.name)
        start = number_of(dataset, "starting_redshift", path.name)
        lattice = np.ravel(dataset.attrs.get("lattice", ()))
        if lattice.shape != (3,):
            raise ValueError(
                f"{path.name}: {START} has the attribute lattice {lattice.tolist()}, expected "
                "where the first particle stood, along x, y and z."
            )
        values = read_all(dataset, path.name, dtype=np.float32)
    x, y, z = lattice.tolist()
    return InitialConditions(
        checked_values(values, field_named("delta"), path.name, START),
        "delta",
        **_common(header, cells),
        redshift=0.0,
        particles=cells**3,
        starting_redshift=start,
        lattice=(x, y, z),
        snapshot=header.redshift,
    )
