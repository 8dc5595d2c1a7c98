"""The map file (HDF5): maps of one slab with their curves, units, geometry and recipe.

`maps/<name>` of shape (ny, nx), row 0 at the smallest second coordinate;
`curves/<statistic>/<name>/` with x, y and, where there are such, error, count, edges. `beside/`
holds in the same way curves that no recipe makes again, of haloes and of many samples;
`tables/<name>/<column>` single objects. What a number means stands in the attributes beside it.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from engine.cosmology import Cosmology
from engine.files import written_whole
from engine.formats.hdf5 import attribute, dataset_in, number, open_hdf5, read_all
from engine.mesh import Slab
from engine.results import CURVE_ARRAYS, Curve, Outcome, Table

FORMAT = "baryon-explorer maps"
VERSION = 1

ARRAYS = ("values", "cosmology", "warnings", *CURVE_ARRAYS)
"""Entries that aren't written as they are."""

SLAB_WORDS = [
    "pixel_size" if entry.name == "cell_size" else entry.name
    for entry in fields(Slab)
    if entry.name not in ARRAYS
]
"""Cells of a map are pixels, in these files too."""

CURVE_WORDS = [entry.name for entry in fields(Curve) if entry.name not in ARRAYS]
COSMOLOGY = [entry.name for entry in fields(Cosmology)]

UNITS = (
    "lengths comoving: pixel_size [kpc/h]; box_size, depth, start [Mpc/h]; values: attribute unit "
    "of each map, labels of each curve"
)


def write_map_file(path: Path, outcome: Outcome, recipe: str) -> None:
    """Write maps and curves whole or not at all.

    Parameters
    ----------
    path : path
        Of the file.
    outcome : Outcome
        What to write.
    recipe : str
        JSON from which it can be made again.
    """
    with written_whole(path) as part, h5py.File(part, "w") as file:
        file.attrs.update(format=FORMAT, format_version=VERSION, recipe=recipe, units=UNITS)
        for name, slab in outcome.maps.items():
            _write_slab(file, f"maps/{name}", slab)
        _write_curves(file, "curves", outcome.curves)
        _write_curves(file, "beside", outcome.beside)
        for name, table in outcome.tables.items():
            _write_table(file.create_group(f"tables/{name}", track_order=True), table)


def _write_slab(file: h5py.File, name: str, slab: Slab) -> None:
    dataset = file.create_dataset(name, data=slab.values, compression="gzip", shuffle=True)
    words = {word: getattr(slab, word) for word in SLAB_WORDS}
    if slab.seed is None:
        del words["seed"]
    else:
        words["seed"] = np.uint64(slab.seed)
    cosmology = {name: getattr(slab.cosmology, name) for name in COSMOLOGY}
    dataset.attrs.update(words | cosmology, unit=slab.about.unit, label=slab.about.label)
    dataset.attrs["warnings"] = "\n".join(slab.warnings)


def _write_curves(file: h5py.File, place: str, found: Mapping[str, Mapping[str, Curve]]) -> None:
    for statistic, curves in found.items():
        for name, curve in curves.items():
            _write_curve(file.create_group(f"{place}/{statistic}/{name}"), curve)


def _write_curve(group: h5py.Group, curve: Curve) -> None:
    for array in CURVE_ARRAYS:
        if getattr(curve, array) is not None:
            group[array] = getattr(curve, array)
    group.attrs.update({word: getattr(curve, word) for word in CURVE_WORDS})


def _write_table(group: h5py.Group, table: Table) -> None:
    group.attrs.update(name=table.name, note=table.note)
    for name, values in table.columns.items():
        group[name] = values
        group[name].attrs["label"] = table.labels[name]


def read_map_file(path: Path) -> tuple[Outcome, str]:
    """Read what `write_map_file` wrote.

    Returns
    -------
    Outcome, str
        Maps and curves, and the recipe as JSON.

    Raises
    ------
    ValueError
        In one sentence, if it is no such file or lacks something.
    """
    with open_hdf5(path) as file:
        found = tuple(attribute([file], (name,)) for name in ("format", "format_version"))
        if found != (FORMAT, VERSION):
            raise ValueError(
                f"{path.name} is no map file this version reads: its format is {found[0]!r}, "
                f"version {found[1]}, expected {FORMAT!r}, version {VERSION}."
            )
        try:
            maps = {name: _read_slab(data, path.name) for name, data in file["maps"].items()}
            curves, beside = (_read_curves(file, name) for name in ("curves", "beside"))
            tables = {name: _read_table(each) for name, each in file.get("tables", {}).items()}
            return Outcome(maps, curves, beside, tables), str(file.attrs["recipe"])
        except KeyError as error:
            raise ValueError(
                f"{path.name} lacks what a map file has ({error.args[0]}): make it again."
            ) from None


def _read_slab(dataset: h5py.Dataset, name: str) -> Slab:
    about = dataset.attrs
    words = {word: _plain(about[word]) for word in SLAB_WORDS if word != "seed"}
    cosmology = Cosmology(*(_number(dataset, parameter) for parameter in COSMOLOGY))
    return Slab(
        values=read_all(dataset, name, dtype=np.float32),
        cell_size=words.pop("pixel_size"),
        cosmology=cosmology,
        seed=int(about["seed"]) if "seed" in about else None,
        warnings=tuple(about["warnings"].splitlines()),
        **words,
    )


def _number(dataset: h5py.Dataset, name: str) -> float:
    found = number([dataset], (name,))
    if found is None:
        raise KeyError(name)
    return found


def _read_curves(file: h5py.File, place: str) -> dict[str, dict[str, Curve]]:
    name = Path(file.filename).name
    return {
        statistic: {of: _read_curve(each, name) for of, each in group.items()}
        for statistic, group in file.get(place, {}).items()
    }


def _read_curve(group: h5py.Group, name: str) -> Curve:
    found: dict[str, Any] = {word: _plain(group.attrs[word]) for word in CURVE_WORDS}
    for array in CURVE_ARRAYS:
        block = dataset_in(group, array)
        if block is not None:
            found[array] = read_all(block, name)
    return Curve(**found)


def _read_table(group: h5py.Group) -> Table:
    file = Path(group.file.filename).name
    return Table(
        columns={n: read_all(c, file, dtype=c.dtype.type) for n, c in group.items()},
        labels={n: str(c.attrs["label"]) for n, c in group.items()},
        name=str(group.attrs["name"]),
        note=str(group.attrs["note"]),
    )


def _plain(value: Any) -> Any:
    """Give Python's own kind of a number."""
    return value.item() if isinstance(value, np.generic) else value
