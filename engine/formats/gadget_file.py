"""Writing what a particle mesh made as a snapshot and a start, in the layouts that are read."""

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.halos import Halos
from engine.units import MPC_IN_KPC

MASS_UNIT = 1e10
"""Of a snapshot's masses, [Msun/h]."""


def write_dark_matter(
    path: Path,
    position: NDArray[np.float32],
    box_size: float,
    redshift: float,
    cosmology: Cosmology,
    code: str,
    halos: Halos,
) -> None:
    """A snapshot of dark matter alone, which carries all matter, with its haloes.

    Parameters
    ----------
    position : array, (3, n)
        Along x, y, z, comoving [Mpc/h].
    box_size : float
        Comoving, [Mpc/h].
    """
    number = position.shape[1]
    mass = cosmology.mean_matter_density * box_size**3 / number / MASS_UNIT
    counts = np.array([0, number, 0, 0, 0, 0])
    with h5py.File(path, "w") as file:
        header = _header(file, box_size, redshift, cosmology)
        header.update(
            HubbleParam=cosmology.h,
            OmegaBaryon=cosmology.Omega_b,
            OmegaLambda=1 - cosmology.Omega_m,
            Time=1 / (1 + redshift),
            NumFilesPerSnapshot=1,
            NumPart_ThisFile=counts,
            NumPart_Total=counts,
            NumPart_Total_HighWord=np.zeros(6, np.uint32),
            MassTable=np.where(counts > 0, mass, 0.0),
            Code=code,
        )
        stored = file.create_dataset("PartType1/Coordinates", (number, 3), np.float32)
        for axis, along in enumerate(position):
            stored[:, axis] = along * np.float32(MPC_IN_KPC)
        group = file.create_group("Halos")
        group.attrs["definition"] = halos.definition
        group["Coordinates"] = halos.position * np.float32(MPC_IN_KPC)
        group["Rvir"] = halos.rvir
        for column, masses in (("Mvir", halos.mvir), ("FoFMass", halos.fof_mass)):
            group[column] = masses / np.float32(MASS_UNIT)


def write_overdensity(
    path: Path,
    overdensity: NDArray[np.floating],
    box_size: float,
    redshift: float,
    cosmology: Cosmology,
    lattice: float,
) -> None:
    """A linear overdensity as `engine.formats.start` reads it.

    Parameters
    ----------
    overdensity : array, (nz, ny, nx)
        At the lattice points, at `redshift`.
    lattice : float
        Where the first particle stood along each axis, [cells].
    """
    offset = lattice * box_size * MPC_IN_KPC / len(overdensity)
    with h5py.File(path, "w") as file:
        _header(file, box_size, redshift, cosmology).update(LatticeOffset=np.full(3, offset))
        file["LinearDensity"] = np.asarray(overdensity, np.float32).T


def _header(
    file: h5py.File, box_size: float, redshift: float, cosmology: Cosmology
) -> h5py.AttributeManager:
    attributes = file.create_group("Header").attrs
    attributes.update(BoxSize=box_size * MPC_IN_KPC, Redshift=redshift, Omega0=cosmology.Omega_m)
    return attributes
