"""What a simulation file holds beside projected particles: its start, subhaloes and galaxies."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from engine.cosmology import Cosmology
from engine.fields import one_of
from engine.formats.catalogues import write_galaxies, write_subhalos
from engine.formats.grids import write_initial_conditions
from engine.formats.header import Header
from engine.formats.snapshot import Snapshot
from engine.formats.start import Start, read_start
from engine.formats.subhalo_lists import read_subhalo_list
from engine.galaxies import Galaxies
from engine.halos import Subhalos
from engine.initial_conditions import growth_to_today, moved
from engine.projection.galaxies import find_galaxies, matched
from engine.units import MPC_IN_KPC

RUNS = ("hydro", "dmo")
"""That subhaloes can be of."""

LEAST_MATCHED = 0.5
"""Share of the stars; of the shipped runs more than 0.9, with another universe's list some 0.1."""


@dataclass(frozen=True, eq=False)
class Beside:
    """Read and found to be of the same universe.

    Parameters
    ----------
    start : Start or None
        What the run began with.
    subhalos : tuple of Subhalos
        Of the runs.
    galaxies : Galaxies or None
        Of the snapshot, matched with the subhaloes of its twin.
    cosmology : Cosmology
        By which the start grows.
    """

    start: Start | None
    subhalos: tuple[Subhalos, ...]
    galaxies: Galaxies | None
    cosmology: Cosmology


def read_beside(
    snapshot: Snapshot,
    initial_conditions: str | Path | None,
    subhalos: Mapping[str, str | Path],
    galaxies: bool,
) -> Beside:
    """Read what goes beside a snapshot's particles.

    Parameters
    ----------
    snapshot : Snapshot
        Beside which.
    initial_conditions, subhalos, galaxies
        See `engine.project_snapshot`.

    Raises
    ------
    ValueError
        In one sentence, if a file is unusable or of another universe.
    """
    header, start = snapshot.header, None
    if initial_conditions is not None:
        path = Path(initial_conditions).expanduser()
        start = read_start(path)
        _check_start(path.name, start, header)
    found = tuple(
        read_subhalo_list(
            Path(path).expanduser(),
            one_of("run of the subhaloes", run, RUNS),
            header.box_size / MPC_IN_KPC,
            header.redshift,
            header.cosmology,
        )
        for run, path in subhalos.items()
    )
    stars = read_galaxies(snapshot, found) if galaxies else None
    return Beside(start, found, stars, header.cosmology)


def write_beside(file: h5py.File, beside: Beside, mantissa_bits: int) -> None:
    """Store subhaloes, and the start as the linear overdensity today at the cells' centres.

    Parameters
    ----------
    mantissa_bits : int
        That the overdensity is rounded to.
    """
    for subhalos in beside.subhalos:
        write_subhalos(file, subhalos)
    if beside.galaxies is not None:
        write_galaxies(file, beside.galaxies)
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


def read_galaxies(snapshot: Snapshot, subhalos: tuple[Subhalos, ...]) -> Galaxies:
    """Find the galaxies of a snapshot and match them with the subhaloes of its twin.

    Raises
    ------
    ValueError
        In one sentence, if it has no stars or haloes, or there are no subhaloes of the twin.
    """
    halos = snapshot.halos("hydro")
    twin = next((each for each in subhalos if each.run == "dmo"), None)
    if twin is None or halos is None or "stars" not in snapshot.header.counts:
        lacking = "subhaloes of its twin" if twin is None else "haloes" if not halos else "stars"
        raise ValueError(
            f"Galaxies of {snapshot.name} were asked for without {lacking}, expected a run with "
            "stars and haloes, and its dark-matter-only twin's list as --subhalos dmo=LIST."
        )
    pieces = [
        (snapshot.positions("stars", *each), snapshot.masses("stars", *each))
        for each in snapshot.chunks("stars")
    ]
    place = np.concatenate([position for position, _ in pieces]) / MPC_IN_KPC
    mass = np.concatenate([mass for _, mass in pieces])
    box_size = snapshot.header.box_size / MPC_IN_KPC
    found = matched(find_galaxies(place, mass, box_size), halos, twin, box_size)
    _, share = found.completeness()
    if share < LEAST_MATCHED:
        raise ValueError(
            f"{share:.0%} of the stars of {snapshot.name} lie in haloes of the dark-matter-only "
            f"list, expected more than {LEAST_MATCHED:.0%}; take the list of the run with the same "
            "phases."
        )
    return found


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
