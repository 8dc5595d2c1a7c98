"""What a simulation file holds beside projected particles: its start and lists of subhaloes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from engine.cosmology import Cosmology
from engine.fields import one_of
from engine.formats.catalogues import write_subhalos
from engine.formats.grids import write_initial_conditions
from engine.formats.header import Header
from engine.formats.rockstar import read_rockstar
from engine.formats.start import Start, read_start
from engine.halos import Subhalos
from engine.initial_conditions import growth_to_today, moved

RUNS = ("hydro", "dmo")
"""That subhaloes can be of."""


@dataclass(frozen=True, eq=False)
class Beside:
    """Read and found to be of the same universe.

    Parameters
    ----------
    start : Start or None
        What the run began with.
    subhalos : tuple of Subhalos
        Of the runs.
    cosmology : Cosmology
        By which the start grows.
    """

    start: Start | None
    subhalos: tuple[Subhalos, ...]
    cosmology: Cosmology


def read_beside(
    header: Header, initial_conditions: str | Path | None, subhalos: Mapping[str, str | Path]
) -> Beside:
    """Read what goes beside a snapshot's particles.

    Parameters
    ----------
    header : Header
        Of the snapshot.
    initial_conditions, subhalos
        See `engine.project_snapshot`.

    Raises
    ------
    ValueError
        In one sentence, if a file is unusable or of another universe.
    """
    start = None
    if initial_conditions is not None:
        path = Path(initial_conditions).expanduser()
        start = read_start(path)
        _check_start(path.name, start, header)
    found = tuple(
        read_rockstar(
            Path(path).expanduser(),
            one_of("run of the subhaloes", run, RUNS),
            header.box_size / 1000,
            header.redshift,
        )
        for run, path in subhalos.items()
    )
    return Beside(start, found, header.cosmology)


def write_beside(file: h5py.File, beside: Beside, mantissa_bits: int) -> None:
    """Store subhaloes, and the start as the linear overdensity today at the cells' centres.

    Parameters
    ----------
    mantissa_bits : int
        That the overdensity is rounded to.
    """
    for subhalos in beside.subhalos:
        write_subhalos(file, subhalos)
    start = beside.start
    if start is not None:
        x, y, z = (0.5 - place for place in start.at)
        growth = growth_to_today(start.redshift, beside.cosmology)
        write_initial_conditions(
            file,
            growth * moved(start.overdensity, (x, y, z)),
            start.redshift,
            start.lattice,
            f"{start.made} at z = {start.redshift:g}, times {growth:.6g} (linear growth to z = 0)",
            mantissa_bits,
        )


def _check_start(name: str, start: Start, header: Header) -> None:
    """Refuse a start of another universe."""
    if not np.isclose(start.box_size, header.box_size, rtol=1e-4):
        raise ValueError(
            f"{name} is of a box of {start.box_size / 1000:g} Mpc/h, expected "
            f"{header.box_size / 1000:g} as the snapshot."
        )
    if not np.isclose(start.Omega_m, header.cosmology.Omega_m, rtol=1e-3):
        raise ValueError(
            f"{name} has Omega_m {start.Omega_m:g}, expected {header.cosmology.Omega_m:g} as the "
            "snapshot."
        )
    if not header.redshift < start.redshift <= 1000:
        raise ValueError(
            f"{name} begins at redshift {start.redshift:g}, expected more than the snapshot's "
            f"{header.redshift:g} and at most 1000."
        )
