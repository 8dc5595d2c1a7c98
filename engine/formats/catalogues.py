"""Catalogues in a simulation file: groups of columns of equal length.

`halos/<run>/`, `subhalos/<run>/`, `galaxies/<run>/` and `objects/<catalogue>/`; each column has the
attribute unit, each group definition. Columns that a kind of catalogue does not know are left
alone; those of objects are all known.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.formats.hdf5 import open_hdf5, read_all
from engine.galaxies import Galaxies
from engine.halos import Halos, Objects, Subhalos

POSITION = {"position": "Mpc/h"}
HALO_UNITS = POSITION | {"mvir": "Msun/h", "rvir": "kpc/h", "fof_mass": "Msun/h"}
SUBHALO_UNITS = POSITION | {"mvir": "Msun/h", "rvir": "kpc/h", "vmax": "km/s", "host": ""}
GALAXY_UNITS = POSITION | {"stars": "Msun/h", "subhalo": ""}


LARGEST = 1e30
"""No column of a catalogue reaches it; single precision ends at 3e38."""


def write_halos(file: h5py.File, halos: Halos) -> None:
    """Store a halo catalogue under its run's name."""
    _write(file, f"halos/{halos.run}", halos, HALO_UNITS)


def write_subhalos(file: h5py.File, subhalos: Subhalos) -> None:
    """Store a catalogue of haloes and subhaloes under its run's name."""
    _write(file, f"subhalos/{subhalos.run}", subhalos, SUBHALO_UNITS)


def write_galaxies(file: h5py.File, galaxies: Galaxies) -> None:
    """Store a catalogue of galaxies under its run's name."""
    _write(file, f"galaxies/{galaxies.run}", galaxies, GALAXY_UNITS)


def write_objects(file: h5py.File, objects: Objects) -> None:
    """Store a catalogue of objects under its own name."""
    group = file.create_group(f"objects/{objects.name}")
    group.attrs["definition"] = objects.definition
    _write_column(group, "position", objects.position, POSITION["position"])
    for name, column in objects.columns.items():
        _write_column(group, name, column, objects.units[name])


def _write(file: h5py.File, where: str, catalogue: Any, units: Mapping[str, str]) -> None:
    group = file.create_group(where)
    group.attrs["definition"] = catalogue.definition
    for name, unit in units.items():
        _write_column(group, name, getattr(catalogue, name), unit)


def _write_column(group: h5py.Group, name: str, values: NDArray[Any], unit: str) -> None:
    column = group.create_dataset(name, data=values, compression="gzip", shuffle=True)
    column.attrs["unit"] = unit


def list_catalogues(file: h5py.File, kind: str) -> tuple[str, ...]:
    """Names of the catalogues of a kind: "halos", "subhalos", "galaxies" or "objects"."""
    group = file.get(kind)
    if not isinstance(group, h5py.Group):
        return ()
    return tuple(name for name in group if isinstance(group.get(name), h5py.Group))


def read_halos(path: Path, run: str) -> Halos:
    """Read the halo catalogue of a run.

    Raises
    ------
    ValueError
        In one sentence, if a column is missing, can't be read or is shorter than others.
    """
    columns, definition = _read(path, f"halos/{run}", HALO_UNITS)
    return Halos(**columns, run=run, definition=definition)


def read_subhalos(path: Path, run: str) -> Subhalos:
    """Read the catalogue of haloes and subhaloes of a run.

    Raises
    ------
    ValueError
        In one sentence, if a column is missing, can't be read or is shorter than others, or a
        host is no row.
    """
    columns, definition = _read(path, f"subhalos/{run}", SUBHALO_UNITS)
    host = columns["host"]
    if host.size and not (host.min() >= -1 and host.max() < len(host)):
        raise ValueError(
            f"{path.name}: hosts in subhalos/{run} reach from {host.min():g} to {host.max():g}, "
            f"expected rows from 0 to {len(host) - 1}, or -1 for none."
        )
    return Subhalos(**columns, run=run, definition=definition)


def read_galaxies(path: Path, run: str, subhalos: int) -> Galaxies:
    """Read the catalogue of galaxies of a run.

    Parameters
    ----------
    subhalos : int
        Of the dark-matter-only twin, that they can be matched with.

    Raises
    ------
    ValueError
        In one sentence, if a column is missing, can't be read or is shorter than others, or a
        galaxy is in no subhalo that there is.
    """
    columns, definition = _read(path, f"galaxies/{run}", GALAXY_UNITS)
    subhalo = columns["subhalo"]
    if subhalo.size and not (subhalo.min() >= -1 and subhalo.max() < subhalos):
        raise ValueError(
            f"{path.name}: subhaloes in galaxies/{run} reach from {subhalo.min():g} to "
            f"{subhalo.max():g}, expected rows of subhalos/dmo from 0 to {subhalos - 1}, or -1 for "
            "none; project the snapshot again with --galaxies and its list."
        )
    return Galaxies(**columns, run=run, definition=definition)


def read_objects(path: Path, name: str) -> Objects:
    """Read a catalogue of objects with all its columns.

    Raises
    ------
    ValueError
        In one sentence, if a column can't be read or is shorter than others.
    """
    where = f"objects/{name}"
    with open_hdf5(path) as file:
        there = {k: c for k, c in file[where].items() if _is_column(c) and c.ndim == 1}
        units = {k: str(c.attrs.get("unit", "")) for k, c in there.items()}
    columns, definition = _read(path, where, POSITION | units)
    position = columns.pop("position")
    return Objects(position, columns, units, name, definition)


def _is_column(item: h5py.HLObject | None) -> bool:
    return isinstance(item, h5py.Dataset) and item.ndim > 0


def _read(path: Path, where: str, names: Mapping[str, str]) -> tuple[dict[str, NDArray[Any]], str]:
    """Columns by name, and the group's definition."""
    with open_hdf5(path) as file:
        group = file[where]
        absent = [name for name in names if not _is_column(group.get(name))]
        if absent:
            raise ValueError(
                f"{path.name}: {where} lacks {', '.join(absent)}, expected {', '.join(names)}."
            )
        columns = {name: read_all(group[name], path.name) for name in names}
        definition = str(group.attrs.get("definition", ""))
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"{path.name}: {where} has columns of {lengths} rows, expected as many in each."
        )
    for name, column in columns.items():
        if column.dtype.kind == "f" and (np.abs(column) > LARGEST).any():
            raise ValueError(
                f"{path.name}: {where}/{name} reaches {np.nanmax(np.abs(column)):g}, expected what "
                f"a simulation holds, below {LARGEST:g}."
            )
    if columns["position"].shape[1:] != (3,) or not np.isfinite(columns["position"]).all():
        raise ValueError(
            f"{path.name}: {where}/position has shape {columns['position'].shape}, expected (n, 3) "
            "of finite numbers."
        )
    return columns, definition
