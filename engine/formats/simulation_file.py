"""The simulation file: what is known of one simulation, in HDF5.

Root attributes say which simulation it is. Beside them it holds any of

- `maps/<field>/<level>/<origin>/<axis>`, (n_slabs, ny, nx): see `engine.formats.maps`;
- `grids/<field>/<level>/<origin>`, (nz, ny, nx), and `initial_conditions`, (nz, ny, nx): see
  `engine.formats.grids`;
- `cutouts/<field>/<axis>`, (n_objects, ny, nx): see `engine.formats.cutouts`;
- `halos/<run>/`, `subhalos/<run>/`, `galaxies/<run>/` and `objects/<catalogue>/`, columns: see
  `engine.formats.catalogues`.

Geometry stands at each dataset. Whatever else a file holds is left alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from engine.cosmology import Cosmology
from engine.files import written_whole
from engine.formats.hdf5 import attribute, number, open_hdf5
from engine.formats.header import text

FORMAT = "baryon-explorer simulation"
VERSION = 2

READ = {FORMAT: (VERSION,), "baryon-explorer slabs": (1,)}
"""Formats that are read, with their versions; the first held maps and haloes alone."""


RANGES = {
    "box_size": (1e-6, 1e9), "redshift": (0.0, 1e4), "Omega_m": (1e-6, 10.0),
    "Omega_b": (0.0, 10.0), "h": (1e-3, 10.0),
}  # fmt: skip
"""Numbers at the root and what they can be in a universe."""


@dataclass(frozen=True, eq=False)
class SimulationHeader:
    """What a simulation file says of its simulation.

    Parameters
    ----------
    name, code, provenance : str
        Of the simulation; `provenance` tells where it comes from and how the file was made.
    box_size : float
        Comoving, [Mpc/h].
    redshift : float
        Of the snapshot.
    cosmology : Cosmology
        Of the simulation.
    """

    name: str
    box_size: float
    redshift: float
    cosmology: Cosmology
    code: str
    provenance: str


@contextmanager
def new_simulation_file(path: Path, header: SimulationHeader) -> Iterator[h5py.File]:
    """Write a simulation file, which is there whole or not at all.

    Parameters
    ----------
    path : path
        Of the file.
    header : SimulationHeader
        Which simulation it is.

    Yields
    ------
    h5py.File
        With nothing but its root attributes.
    """
    cosmology = header.cosmology
    with written_whole(path) as part, h5py.File(part, "w") as file:
        file.attrs.update(
            format=FORMAT,
            format_version=VERSION,
            name=header.name,
            box_size=header.box_size,
            redshift=header.redshift,
            Omega_m=cosmology.Omega_m,
            Omega_b=cosmology.Omega_b,
            h=cosmology.h,
            code=header.code,
            provenance=header.provenance,
            units="box_size comoving [Mpc/h]; all else: see each dataset",
        )
        yield file


def read_header(path: Path) -> SimulationHeader:
    """Read the root attributes.

    Raises
    ------
    ValueError
        In one sentence, if it is no simulation file that this version reads.
    """
    with open_hdf5(path) as file:
        _check_format(path.name, file)
        numbers = {word: number([file], (word,)) for word in RANGES}
        words = {word: attribute([file], (word,)) for word in ("code", "provenance")}
    absent = [word for word, value in (numbers | words).items() if value is None]
    if absent:
        raise ValueError(
            f"{path.name} lacks the root attributes that a simulation file has: "
            f"{', '.join(absent)}."
        )
    box_size, redshift, *parameters = (float(value or 0) for value in numbers.values())
    header = SimulationHeader(
        name=path.stem,
        box_size=box_size,
        redshift=redshift,
        cosmology=Cosmology(*parameters),
        code=text(words["code"]),
        provenance=text(words["provenance"]),
    )
    for word, (lowest, highest) in RANGES.items():
        found = float(numbers[word] or 0)
        if not lowest <= found < highest:
            raise ValueError(
                f"{path.name}: its attribute {word} is {found:g}, expected {lowest:g} to "
                f"{highest:g}; project the snapshot again."
            )
    return header


def _check_format(name: str, file: h5py.File) -> None:
    found, version = file.attrs.get("format"), file.attrs.get("format_version")
    if not isinstance(found, str) or found not in READ:
        hint = " (a snapshot? project it with: python -m engine project)"
        raise ValueError(
            f"{name} is no simulation file: its attribute format is not {FORMAT!r}"
            f"{hint if 'Header' in file else ''}."
        )
    if np.ndim(version) or version not in READ[found]:
        expected = " or ".join(str(each) for each in READ[found])
        told = " ".join(str(version).split())[:20]
        raise ValueError(
            f"{name} has version {told} of the format {found!r}, expected {expected}; "
            "project the snapshot again or use the program that wrote it."
        )
