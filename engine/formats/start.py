"""Files of initial conditions: a lattice's displacements, or the linear overdensity on it.

HDF5 with `Displacement`, (n, n, n, 3) in the unit of BoxSize, or `LinearDensity`, (n, n, n), both
in the order x, y, z, at the lattice points (i, j, k) BoxSize / n. The group Header has the
attributes BoxSize [ckpc/h], Redshift, Omega0 and, where the run's particles stood off the lattice
points before their displacement, LatticeOffset [ckpc/h].
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.formats.hdf5 import number, number_row, open_hdf5, read_all
from engine.initial_conditions import linear_overdensity


@dataclass(frozen=True, eq=False)
class Start:
    """What a run began with.

    Parameters
    ----------
    overdensity : array, (nz, ny, nx)
        Linear, at the starting redshift.
    redshift : float
        That the run began at.
    box_size : float
        Comoving, [kpc/h].
    Omega_m : float
        At z = 0.
    at : (float, float, float)
        Where overdensity (0, 0, 0) is given, along x, y, z, [cells].
    lattice : (float, float, float)
        Where the run's first particle stood before its displacement, [cells].
    made : str
        From which file and what in it.
    """

    overdensity: NDArray[np.float64]
    redshift: float
    box_size: float
    Omega_m: float
    at: tuple[float, float, float]
    lattice: tuple[float, float, float]
    made: str


def read_start(path: Path) -> Start:
    """Read a file of initial conditions.

    Raises
    ------
    ValueError
        In one sentence, if it is none, or damaged.
    """
    with open_hdf5(path) as file:
        header = file.get("Header")
        names = ("BoxSize", "Redshift", "Omega0")
        box_size, redshift, Omega_m = (number([header], (word,)) for word in names)
        if box_size is None or redshift is None or Omega_m is None:
            raise ValueError(
                f"{path.name} has no {', '.join(names)} in its Header, expected them of initial "
                "conditions."
            )
        displaced = "Displacement" in file
        values = _values(file, "Displacement" if displaced else "LinearDensity", path.name)
        stated = number_row([header], "LatticeOffset")
        offset = np.zeros(3) if stated is None else stated
    finite = np.isfinite([box_size, redshift, Omega_m, *offset]).all()
    if not (finite and box_size > 0 and offset.shape == (3,)):
        raise ValueError(
            f"{path.name} has a BoxSize of {box_size} and a LatticeOffset of {offset.tolist()}, "
            "expected a positive number and three numbers, all finite."
        )
    cell_size = box_size / len(values)
    x, y, z = (offset / cell_size).tolist()
    overdensity = values.T  # from x, y, z to z, y, x; a displacement's components first
    return Start(
        linear_overdensity(overdensity, cell_size) if displaced else overdensity,
        redshift,
        box_size,
        Omega_m,
        at=(x, y, z) if displaced else (0.0, 0.0, 0.0),
        lattice=(x, y, z),
        made=f"{path.name}, {'displacements' if displaced else 'linear overdensity'}",
    )


def _values(file: h5py.File, name: str, file_name: str) -> NDArray[np.float64]:
    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(
            f"{file_name} holds neither Displacement nor LinearDensity, expected one of them."
        )
    side = dataset.shape[0] if dataset.ndim else 0
    expected = (side,) * 3 + ((3,) if name == "Displacement" else ())
    if side < 2 or dataset.shape != expected:
        raise ValueError(
            f"{file_name}: {name} has shape {dataset.shape}, expected (n, n, n"
            f"{', 3' if name == 'Displacement' else ''})."
        )
    values = read_all(dataset, file_name)
    if not np.isfinite(values).all():
        raise ValueError(f"{file_name}: {name} holds values that are not finite, expected none.")
    return values
