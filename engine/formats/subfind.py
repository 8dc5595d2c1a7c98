"""Group catalogues of Subfind as Gadget-4 and Arepo write them (`fof_subhalo_tab_*.hdf5`).

One file or numbered parts. A group has its subhaloes one after another, the first of which,
GroupFirstSub, is its central one; the mass of a subhalo is what is bound to it and to none of the
others. Groups without any have -1 there, which is a large number where it can't be negative.
"""

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.formats.hdf5 import dataset_in, group_in, number, open_hdf5, read_all
from engine.formats.rockstar import check_numbers
from engine.formats.snapshot_files import parts_of
from engine.halos import Subhalos
from engine.units import MPC_IN_KPC, MSUN_IN_G

BLOCKS: dict[str, tuple[str, ...]] = {
    "Group": ("GroupFirstSub",),
    "mass": ("SubhaloMass",),
    "position": ("SubhaloPos",),
    "vmax": ("SubhaloVmax",),
    "group": ("SubhaloGrNr", "SubhaloGroupNr"),
}
"""By the names that Arepo and Gadget-4 have for them; all but the first in the group Subhalo."""

MASS = 1e10
"""Usual unit of masses, [Msun/h]."""

LENGTHS = (MPC_IN_KPC, 1.0)
"""Of the box in its own unit over Mpc/h: kpc/h or Mpc/h."""

OVERDENSITY = 200.0
"""Of the sphere that a subhalo's mass would fill, over the mean density of matter."""

Columns = dict[str, NDArray[np.float64]]


def read_subfind(
    path: Path, run: str, box_size: float, redshift: float, cosmology: Cosmology
) -> Subhalos:
    """Read a group catalogue.

    Parameters
    ----------
    path : path
        Its file, or one of its parts.
    run : str
        "hydro" or "dmo".
    box_size : float
        That it must be of, comoving [Mpc/h].
    redshift : float
        That it must be of.
    cosmology : Cosmology
        By which a mass has a radius.

    Raises
    ------
    ValueError
        In one sentence, if it is none, is damaged, or is of another box or redshift.
    """
    with open_hdf5(path) as file:
        header = group_in(file, "Header")
        if header is None or number([header], ("BoxSize",)) is None:
            raise ValueError(
                f"{path.name} has no Header with BoxSize, expected a group catalogue of Subfind."
            )
        unit = _length_unit(path.name, header, box_size)
        _check_redshift(path.name, header, redshift)
        heaviness = number([header, group_in(file, "Parameters")], ("UnitMass_in_g",))
        declared = number([header], ("NumFiles",)) or 1
    parts = [_columns(part) for part in parts_of(path, declared, "a group catalogue")]
    found: Columns = {name: np.concatenate([part[name] for part in parts]) for name in BLOCKS}
    mass = found["mass"] * (heaviness / MSUN_IN_G if heaviness else MASS)
    position = found["position"] / unit
    check_numbers(path.name, mass, position, found["vmax"])
    density = OVERDENSITY * cosmology.mean_matter_density
    return Subhalos(
        position=np.mod(position, box_size).astype(np.float32),
        mvir=mass.astype(np.float32),
        rvir=(MPC_IN_KPC * np.cbrt(3 * mass / (4 * np.pi * density))).astype(np.float32),
        vmax=found["vmax"].astype(np.float32),
        host=_hosts(path.name, found["Group"], found["group"]),
        run=run,
        definition=(
            f"Subfind ({path.name}): mass bound to each alone, and the radius of "
            f"{OVERDENSITY:g} times the mean density"
        ),
    )


def _length_unit(name: str, header: h5py.Group, box_size: float) -> float:
    """Lengths of the file in Mpc/h, by its box."""
    size = number([header], ("BoxSize",)) or 0.0
    for unit in LENGTHS:
        if abs(size / unit / box_size - 1) < 1e-4:
            return unit
    raise ValueError(
        f"{name} is of a box of {size:g}, expected {box_size:g} Mpc/h, or "
        f"{box_size * MPC_IN_KPC:g} kpc/h."
    )


def _check_redshift(name: str, header: h5py.Group, redshift: float) -> None:
    told, time = (number([header], (each,)) for each in ("Redshift", "Time"))
    found = told if told is not None else 1 / time - 1 if time else None
    if found is None or abs(found - redshift) > 1e-3 * (1 + redshift):
        raise ValueError(
            f"{name} is of redshift {'unknown' if found is None else f'{found:g}'}, expected "
            f"{redshift:g}."
        )


def _columns(path: Path) -> Columns:
    """Columns of one part; of length 0 where it has no groups or no subhaloes."""
    with open_hdf5(path) as file:
        groups = {name: group_in(file, name) for name in ("Group", "Subhalo")}
        found: Columns = {}
        for column, names in BLOCKS.items():
            group = groups["Group" if column == "Group" else "Subhalo"]
            block = next((b for name in names if (b := dataset_in(group, name)) is not None), None)
            if block is not None:
                found[column] = read_all(block, path.name)
                continue
            if group is not None and len(group):  # parts may have none at all
                raise ValueError(
                    f"{path.name} has no {' or '.join(names)}, expected a group catalogue with the "
                    "subhaloes of Subfind, and not of friends of friends alone."
                )
            found[column] = np.empty((0, 3) if column == "position" else 0)
    rows = {name: len(each) for name, each in found.items() if name != "Group"}
    if len(set(rows.values())) > 1 or found["position"].shape[1:] != (3,):
        raise ValueError(
            f"{path.name} has subhaloes of {rows} rows, expected as many in each and places of "
            "three numbers."
        )
    return found


def _hosts(name: str, first: NDArray[np.float64], group: NDArray[np.float64]) -> NDArray[np.int64]:
    """Row of each subhalo's central one; -1 for these themselves."""
    if not len(group):
        raise ValueError(f"{name} holds no subhalo, expected some.")
    if not (group.min() >= 0 and group.max() < len(first)):
        raise ValueError(
            f"{name}: groups of subhaloes reach from {group.min():g} to {group.max():g}, expected "
            f"0 to {len(first) - 1}; a part is missing or of another catalogue."
        )
    central = first[group.astype(np.int64)]
    there = (central >= 0) & (central < len(group))
    row = np.where(there, central, 0).astype(np.int64)
    if not there.all() or (group[row] != group).any():
        raise ValueError(
            f"{name}: groups and subhaloes don't belong together, expected each group's first "
            "subhalo in it; a part is missing or of another catalogue."
        )
    return np.where(row == np.arange(len(row)), -1, row)
