"""The objects that maps are cut out around: chosen from a halo table, centred and measured."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from engine.formats.object_table import ObjectTable, read_object_table
from engine.formats.snapshot import Snapshot
from engine.halos import Objects
from engine.projection.overdensity import (
    densest_points,
    enclosing,
    gathered,
    matter_around,
)
from engine.projection.refusals import has_gas
from engine.projection.xray import KELVIN_IN_KEV, hot_gas
from engine.units import KPC_IN_CM, MPC_IN_KPC

NAME = "clusters"
"""Of their catalogue."""

OVERDENSITY = 500.0
"""In units of the critical density."""

REACH = 1.5
"""Of matter that is gathered, in units of the radius at which a table's mass would have 200
times the critical density; no radius of 500 times is larger."""

START = 0.5
"""Of the first shrinking sphere, in that unit too: further out another halo may be denser."""

LIKELY = (0.5, 6.0)
"""Median of a table's masses over those of 500 times the critical density; virial masses have
1.4 to 2.5, friends of friends up to 3."""

LUMINOSITY = 1e44
"""Unit of luminosities, [erg/s]: single precision ends at 3e38."""

UNITS = {
    "mass": "Msun/h",
    "m500c": "Msun/h",
    "r500c": "kpc/h",
    "offset": "R500c",
    "hot_gas": "Msun/h",
    "luminosity": "1e44 erg / s",
    "temperature": "keV",
    "orientation": "",
}
"""Of the columns."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Clusters:
    """What maps are cut out around.

    Parameters
    ----------
    objects : Objects
        The catalogue, heaviest first, with a row for each orientation of each object.
    turns : array, (n, 3, 3)
        Rotation of what is around each row before it is projected.
    """

    objects: Objects
    turns: Floats

    @property
    def centres(self) -> Floats:
        """Comoving, (n, 3), [kpc/h]."""
        return 1000 * self.objects.position.astype(np.float64)


def find_clusters(
    snapshot: Snapshot,
    lightest: float,
    table: str | Path | None = None,
    orientations: int = 1,
    seed: int = 0,
) -> Clusters:
    """Choose, centre and measure the objects of a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
        Of a run with gas or without.
    lightest : float
        Mass in the table that objects must have, [Msun/h].
    table : path, optional
        See `read_object_table`; the haloes in the snapshot if left out.
    orientations : int
        Rows of each object: the first as it is, the others turned at random.
    seed : int
        Of these turns.

    Raises
    ------
    ValueError
        In one sentence, if there is no table or no such object, or masses are in another unit.
    """
    haloes = _haloes(snapshot, table)
    order = np.argsort(-haloes.mass, kind="stable")
    chosen = order[haloes.mass[order] >= lightest]
    if not chosen.size:
        raise ValueError(
            f"{snapshot.name} has no object above {lightest:g} Msun/h, the heaviest of its table "
            f"has {haloes.mass.max(initial=0):.4g}, expected one: ask for lighter ones, or give "
            "the table in Msun/h."
        )
    mass = haloes.mass[chosen]
    _check_size(snapshot, mass)
    reach = radius_of(mass, 200.0, snapshot)
    centres = densest_points(snapshot, haloes.position[chosen], START * reach)
    spheres = _spheres(snapshot, centres, REACH * reach)
    _check_unit(snapshot, mass, spheres[:, 1])
    kept = _apart(centres, spheres[:, 0], snapshot.header.box_size)
    centres, mass, (radius, enclosed) = centres[kept], mass[kept], spheres[kept].T
    columns = {"mass": mass, "m500c": enclosed, "r500c": radius}
    columns["offset"] = _offset(snapshot, centres, radius)
    if has_gas(snapshot):
        columns |= _hot(snapshot, centres, radius)
    rows = np.repeat(np.arange(len(mass)), orientations)
    if orientations > 1:
        columns["orientation"] = np.tile(np.arange(orientations, dtype=float), len(mass))
    objects = Objects(
        (centres / 1000)[rows].astype(np.float32),
        {n: (c if n == "orientation" else c[rows]).astype(np.float32) for n, c in columns.items()},
        {name: UNITS[name] for name in columns},
        NAME,
        _definition(haloes.definition, lightest),
    )
    return Clusters(objects, _turns(len(rows), orientations, seed))


def radius_of(mass: Floats, overdensity: float, snapshot: Snapshot) -> Floats:
    """Radius at which a mass is some times as dense as the critical density, comoving [kpc/h]."""
    return np.cbrt(3 * mass / (4 * np.pi * overdensity * _critical(snapshot)))


def _critical(snapshot: Snapshot) -> float:
    """Critical density, comoving, [Msun h^2 / ckpc^3]."""
    header = snapshot.header
    return header.cosmology.critical_density(header.redshift) / 1e9


def _haloes(snapshot: Snapshot, table: str | Path | None) -> ObjectTable:
    if table is not None:
        return read_object_table(Path(table).expanduser(), snapshot.header)
    halos = snapshot.halos("hydro" if has_gas(snapshot) else "dmo")
    if halos is None:
        raise ValueError(
            f"{snapshot.name} holds no haloes, expected a group Halos: give a table of them "
            "(--objects)."
        )
    return ObjectTable(
        1000 * halos.position.astype(np.float64),
        halos.mvir.astype(np.float64),
        f"mass as Mvir in {snapshot.name}" + (f" ({halos.definition})" if halos.definition else ""),
    )


def _definition(masses: str, lightest: float) -> str:
    return (
        f"Above {lightest:g} Msun/h; {masses}. Centres: shrinking spheres of dark matter. m500c, "
        "r500c: all matter, 500 times the critical density; 0 where it is nowhere as dense. "
        "Within that sphere: offset of the centre of mass of dark matter; hot_gas; luminosity, "
        "0.5-2 keV in its own frame, no lines; temperature, spectroscopic-like."
    )


def _spheres(snapshot: Snapshot, centres: Floats, reach: Floats) -> Floats:
    """R500c [kpc/h] and M500c [Msun/h], (n, 2)."""
    density = OVERDENSITY * _critical(snapshot)
    return np.array([enclosing(r, m, density) for r, m in matter_around(snapshot, centres, reach)])


def _check_size(snapshot: Snapshot, mass: Floats) -> None:
    """Refuse masses that no box of this size can hold, before anything is gathered for them."""
    side = snapshot.header.box_size / MPC_IN_KPC
    whole = snapshot.header.cosmology.mean_matter_density * side**3
    if mass.max() > whole:
        raise ValueError(
            f"{snapshot.name}: the heaviest object of the table has {mass.max():.3g} Msun/h, "
            f"expected no more than all matter of the box, {whole:.3g}: give masses in Msun/h."
        )


def _check_unit(snapshot: Snapshot, mass: Floats, m500c: Floats) -> None:
    """Refuse masses that can't be of what is there."""
    there = m500c > 0
    if not there.any():
        raise ValueError(
            f"{snapshot.name}: nothing as dense as 500 times the critical density lies at any "
            "place of the table, expected clusters there: give masses in Msun/h and places in "
            "Mpc/h, of this snapshot."
        )
    ratio = float(np.median(mass[there] / m500c[there]))
    if not LIKELY[0] < ratio < LIKELY[1]:
        raise ValueError(
            f"{snapshot.name}: masses of the table are {ratio:.3g} times what lies within 500 "
            f"times the critical density there, expected {LIKELY[0]:g} to {LIKELY[1]:g} times: "
            "give masses in Msun/h and places in Mpc/h, of this snapshot."
        )


def _apart(centres: Floats, radius: Floats, box_size: float) -> NDArray[np.intp]:
    """Rows, heaviest first, of objects whose centre lies in no heavier one's inner half."""
    tree = cKDTree(np.mod(centres, box_size), boxsize=np.full(3, box_size))
    dropped = np.zeros(len(centres), bool)
    for row, near in enumerate(tree.query_ball_point(centres, np.maximum(radius / 2, 1e-3))):
        if not dropped[row]:
            dropped[[other for other in near if other > row]] = True
    return np.flatnonzero(~dropped)


def _offset(snapshot: Snapshot, centres: Floats, radius: Floats) -> Floats:
    """How far the centre of mass of dark matter is from the densest point, [R500c]."""
    found = gathered(snapshot, "dark matter", centres, radius)
    centred = [away.mean(0) if len(away) else np.zeros(3) for away, _ in found]
    return np.sqrt((np.array(centred) ** 2).sum(1)) / np.maximum(radius, 1e-3)


def _hot(snapshot: Snapshot, centres: Floats, radius: Floats) -> dict[str, Floats]:
    """Sums over the hot gas of each sphere."""
    header = snapshot.header
    area = (KPC_IN_CM / header.cosmology.h / (1 + header.redshift)) ** 2

    def read(snapshot: Snapshot, species: str, start: int, stop: int) -> Floats:  # noqa: ARG001
        carried = hot_gas(snapshot, start, stop)
        wanted = ("hot_gas", "xray", "spectral weight", "temperature_sl")
        return np.stack([carried[name] for name in wanted], axis=1)

    sums = np.array([c.sum(0) for _, c in gathered(snapshot, "gas", centres, radius, read)])
    mass, power, weight, heat = sums.T
    mean = np.divide(heat, weight, out=np.zeros_like(heat), where=weight > 0)
    return {
        "hot_gas": mass,
        "luminosity": power * area / LUMINOSITY,
        "temperature": KELVIN_IN_KEV * mean,
    }


def _turns(rows: int, orientations: int, seed: int) -> Floats:
    """Rotations, (rows, 3, 3), even over all, the first of each object none at all."""
    from scipy.spatial.transform import Rotation

    turns = Rotation.random(rows, random_state=seed).as_matrix()
    turns[::orientations] = np.eye(3)
    return np.asarray(turns, np.float64)
