"""The map file (HDF5): maps of one slab with their curves, units, geometry and recipe.

`maps/<name>` of shape (ny, nx), row 0 at the smallest second coordinate; `boxes/<name>` of shape
(nz, ny, nx), painted boxes that the maps are layers of; `cutouts/<name>`, maps around an object;
`curves/<statistic>/<name>/` with x, y and, where there are such, error, count, edges. `beside/`
holds in the same way curves that no recipe makes again, of haloes and of many samples;
`tables/<name>/<column>` single objects. What a number means stands in the attributes beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from engine.cosmology import Cosmology
from engine.files import written_whole
from engine.formats.hdf5 import attribute, dataset_in, number, open_hdf5, read_all
from engine.mesh import Cutout, Grid, Slab
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

WORDS: Mapping[type[Any], Sequence[str]] = {
    Slab: SLAB_WORDS,
    Cutout: [entry.name for entry in fields(Cutout) if entry.name not in ARRAYS],
    Grid: [entry.name for entry in fields(Grid) if entry.name not in ARRAYS],
}

CURVE_WORDS = [entry.name for entry in fields(Curve) if entry.name not in ARRAYS]
COSMOLOGY = [entry.name for entry in fields(Cosmology)]

UNITS = (
    "lengths comoving: pixel_size, cell_size [kpc/h]; box_size, depth, start [Mpc/h]; values: "
    "attribute unit of each map and box, labels of each curve"
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
        for name, mesh in outcome.maps.items():
            _write_mesh(file, "cutouts" if isinstance(mesh, Cutout) else "maps", name, mesh)
        for name, box in outcome.boxes.items():
            _write_mesh(file, "boxes", name, box)
        _write_curves(file, "curves", outcome.curves)
        _write_curves(file, "beside", outcome.beside)
        for name, table in outcome.tables.items():
            _write_table(file.create_group(f"tables/{name}", track_order=True), table)


def _write_mesh(file: h5py.File, place: str, name: str, mesh: Slab | Cutout | Grid) -> None:
    dataset = file.create_dataset(
        f"{place}/{name}", data=mesh.values, compression="gzip", shuffle=True
    )
    words = {word: getattr(mesh, word) for word in WORDS[type(mesh)]}
    if mesh.seed is None:
        del words["seed"]
    else:
        words["seed"] = np.uint64(mesh.seed)
    cosmology = {name: getattr(mesh.cosmology, name) for name in COSMOLOGY}
    unit = mesh.about.unit_of(mesh.NDIM)
    dataset.attrs.update(words | cosmology, unit=unit, label=mesh.about.label)
    dataset.attrs["warnings"] = "\n".join(mesh.warnings)


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
            maps, cutouts, boxes = (
                {n: _read_mesh(kind, data, path.name) for n, data in file.get(place, {}).items()}
                for place, kind in (("maps", Slab), ("cutouts", Cutout), ("boxes", Grid))
            )
            maps |= cutouts
            if not maps:
                raise KeyError("maps")
            curves, beside = (_read_curves(file, name) for name in ("curves", "beside"))
            tables = {name: _read_table(each) for name, each in file.get("tables", {}).items()}
            return Outcome(maps, curves, beside, tables, boxes), str(file.attrs["recipe"])
        except KeyError as error:
            raise ValueError(
                f"{path.name} lacks what a map file has ({error.args[0]}): make it again."
            ) from None


def _read_mesh(kind: type[Any], dataset: h5py.Dataset, name: str) -> Any:
    about, known = dataset.attrs, WORDS[kind]
    words = {word: _plain(about[word]) for word in known if word != "seed"}
    if kind is Slab:
        words["cell_size"] = words.pop("pixel_size")
    cosmology = Cosmology(*(_number(dataset, parameter) for parameter in COSMOLOGY))
    return kind(
        values=read_all(dataset, name, dtype=np.float32),
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
    """Give Python's own kind of a number, or of several."""
    if isinstance(value, np.ndarray):
        return tuple(value.tolist())
    return value.item() if isinstance(value, np.generic) else value
