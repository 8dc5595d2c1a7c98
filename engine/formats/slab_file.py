"""The slab file: maps and halo catalogues of one simulation in HDF5.

`maps/<field>/<level>/<origin>/<axis>` of shape (n_slabs, ny, nx) and `halos/<run>/`
columns, beside root attributes that say what they are maps of. At level HR nothing is
thinned out, so both origins name the same dataset.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.fields import AXES, FIELDS, LEVELS, ORIGINS, field_named
from engine.formats.snapshot import open_hdf5, read_rows
from engine.halos import Halos
from engine.mesh import Slab

FORMAT = "baryon-explorer slabs"
VERSION = 1

MANTISSA_BITS = 16
"""Kept of float32's 23: values to 8e-6, below the deposition's own error."""

LARGEST_PIXELS = 1024
"""Pixels that rounding may move by a step to keep the sum: a small part of any map."""

HALO_UNITS = {"position": "Mpc/h", "mvir": "Msun/h", "rvir": "kpc/h", "fof_mass": "Msun/h"}


@dataclass(frozen=True)
class SlabFileHeader:
    """Root attributes of a slab file.

    Parameters
    ----------
    name, code, provenance : str
        Of the simulation; `provenance` tells where it comes from and how the maps were made.
    box_size, depth, offset : float
        Comoving, [Mpc/h]; slab i spans offset + [i, i + 1) depth.
    pixels, n_slabs : int
        Pixels a side and slabs an axis.
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
    pixels: int
    n_slabs: int
    offset: float = 0.0

    @property
    def depth(self) -> float:
        """Comoving, [Mpc/h]."""
        return self.box_size / self.n_slabs

    @property
    def pixel_size(self) -> float:
        """Comoving, [kpc/h]."""
        return self.box_size * 1000 / self.pixels


@contextmanager
def new_slab_file(path: Path, header: SlabFileHeader) -> Iterator[h5py.File]:
    """Write a slab file beside `path` and put it in place only when all went well."""
    part = path.with_name(path.name + ".part")
    try:
        with h5py.File(part, "w") as file:
            cosmology = header.cosmology
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
                pixels=header.pixels,
                n_slabs=header.n_slabs,
                offset=header.offset,
                units="lengths comoving: box_size, offset [Mpc/h]; maps see each dataset",
            )
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def create_maps(
    file: h5py.File,
    key: tuple[str, str, str, str],
    particles: int,
    made: str,
    mantissa_bits: int = MANTISSA_BITS,
) -> h5py.Dataset:
    """An empty dataset for the maps of (field, level, origin, axis).

    Parameters
    ----------
    particles : int
        Particles in the whole box that the maps are made of.
    made : str
        How, in a sentence.
    """
    name, level, origin, axis = key
    pixels, n_slabs = int(file.attrs["pixels"]), int(file.attrs["n_slabs"])
    side = min(pixels, 512)
    maps = file.create_dataset(
        "/".join(("maps", *key)),
        shape=(n_slabs, pixels, pixels),
        dtype=np.float32,
        chunks=(1, side, side),
        shuffle=True,
        compression="gzip",
        compression_opts=9,
        fletcher32=True,
    )
    maps.attrs.update(
        field=name,
        unit=field_named(name).unit,
        level=level,
        origin=origin,
        axis=axis,
        particles=particles,
        made=made,
        rounding=f"mantissa rounded to {mantissa_bits} bits, sums of slabs kept",
    )
    if level == "HR":
        other = ORIGINS[1 - ORIGINS.index(origin)]
        file[f"maps/{name}/{level}/{other}/{axis}"] = maps
    return maps


def write_halos(file: h5py.File, halos: Halos) -> None:
    """Store a halo catalogue under its run's name."""
    group = file.create_group(f"halos/{halos.run}")
    group.attrs["definition"] = halos.definition
    for name, unit in HALO_UNITS.items():
        column = group.create_dataset(name, data=getattr(halos, name), compression="gzip")
        column.attrs["unit"] = unit


def round_mantissa(values: NDArray[np.floating], bits: int) -> NDArray[np.float32]:
    """Round to `bits` of the mantissa, so that it compresses, and keep the sum.

    The largest pixels are moved by one more step until what rounding added or took away
    is smaller than half a step of the next.
    """
    raw = np.array(values, dtype=np.float32, order="C")
    integers = raw.view(np.uint32)
    drop = 23 - bits
    if drop <= 0 or not raw.any():
        return raw
    step = 1 << drop
    half = ((integers >> drop) & 1) + (step // 2 - 1)
    rounded = (((integers + half) >> drop) << drop).astype(np.uint32).ravel()
    floats = rounded.view(np.float32)
    total = np.sum(values, dtype=np.float64)
    missing = float(total - floats.sum(dtype=np.float64))
    largest = np.argpartition(floats, -min(LARGEST_PIXELS, floats.size))[-LARGEST_PIXELS:]
    for i in largest[np.argsort(floats[largest])[::-1]]:
        before = float(floats[i])
        if not before:
            break
        rounded[i] = int(rounded[i]) + (step if missing > 0 else -step)
        change = float(floats[i]) - before
        if abs(change) < 2 * abs(missing):
            missing -= change
        else:
            floats[i] = before
    return floats.reshape(raw.shape)


class SlabFile:
    """Reads one slab file; every call opens and closes it.

    Parameters
    ----------
    path : path
        Of the file.

    Raises
    ------
    ValueError
        In one sentence, if it is not a slab file this version reads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with open_hdf5(path) as file:
            self.header = self._read_header(file)
            self.maps = tuple(self._list_maps(file))
            self.runs = tuple(file["halos"]) if "halos" in file else ()
        if not self.maps:
            raise ValueError(
                f"{path.name} holds no maps, expected maps/<field>/<level>/<origin>/<axis>."
            )

    def _read_header(self, file: h5py.File) -> SlabFileHeader:
        name, attributes = self.path.name, file.attrs
        if attributes.get("format") != FORMAT:
            snapshot = " (a snapshot? project it with: python -m engine project)"
            hint = snapshot if "Header" in file else ""
            raise ValueError(
                f"{name} is no slab file: its attribute format is not {FORMAT!r}{hint}."
            )
        if attributes.get("format_version") != VERSION:
            raise ValueError(
                f"{name} has slab format version {attributes.get('format_version')}, expected "
                f"{VERSION}; project the snapshot again or use the program that wrote it."
            )
        try:
            header = SlabFileHeader(
                name=self.path.stem,
                box_size=float(attributes["box_size"]),
                redshift=float(attributes["redshift"]),
                cosmology=Cosmology(
                    *(float(attributes[parameter]) for parameter in ("Omega_m", "Omega_b", "h"))
                ),
                code=str(attributes["code"]),
                provenance=str(attributes["provenance"]),
                pixels=int(attributes["pixels"]),
                n_slabs=int(attributes["n_slabs"]),
                offset=float(attributes["offset"]),
            )
        except KeyError as missing:
            raise ValueError(
                f"{name} lacks the root attribute that a slab file has: {missing}."
            ) from None
        for attribute in ("box_size", "pixels", "n_slabs"):
            if not 0 < getattr(header, attribute) < np.inf:
                raise ValueError(
                    f"{name}: its attribute {attribute} is {getattr(header, attribute)}, expected "
                    "a positive number; project the snapshot again."
                )
        return header

    def _list_maps(self, file: h5py.File) -> Iterator[tuple[str, str, str, str]]:
        allowed = (tuple(FIELDS), LEVELS, ORIGINS, tuple(AXES))
        expected = (self.header.n_slabs, self.header.pixels, self.header.pixels)
        found: list[str] = []
        if isinstance(file.get("maps"), h5py.Group):
            _collect(file["maps"], "", found)
        for path in found:
            key = tuple(path.split("/"))
            if len(key) != 4 or any(k not in a for k, a in zip(key, allowed, strict=True)):
                raise ValueError(
                    f"{self.path.name}: dataset maps/{path} is not one this version knows, "
                    "expected maps/<field>/<level>/<origin>/<axis> with fields "
                    f"{', '.join(FIELDS)}."
                )
            shape = file["maps"][path].shape
            if shape != expected:
                raise ValueError(
                    f"{self.path.name}: maps/{path} has shape {shape}, expected {expected}."
                )
            yield key

    def particles(self, key: tuple[str, str, str, str]) -> int:
        """Number of particles of the run that maps are made from; 0 if not known."""
        with open_hdf5(self.path) as file:
            return int(file["maps/" + "/".join(key)].attrs.get("particles", 0))

    def read_map(self, key: tuple[str, str, str, str], index: int) -> Slab:
        """One slab's map.

        Raises
        ------
        ValueError
            In one sentence, if the dataset can't be read or holds what no map can.
        """
        path = "maps/" + "/".join(key)
        with open_hdf5(self.path) as file:
            dataset = file[path]
            values = read_rows(dataset, self.path.name, index, index + 1, np.float32)[0]
            particles = int(dataset.attrs.get("particles", 0))
        if not np.all(np.isfinite(values)) or values.min() < 0:
            raise ValueError(
                f"{self.path.name}: {path}, slab {index}, holds values that are negative or not "
                "finite, expected neither; make the file again."
            )
        header = self.header
        return Slab(
            values=values,
            field=key[0],
            cell_size=header.pixel_size,
            depth=header.depth,
            box_size=header.box_size,
            redshift=header.redshift,
            cosmology=header.cosmology,
            simulation=header.name,
            axis=key[3],
            index=index,
            start=header.offset + index * header.depth,
            level=key[1],
            origin=key[2],
            particles=particles,
        )

    def read_halos(self, run: str) -> Halos:
        """The halo catalogue of a run.

        Raises
        ------
        ValueError
            In one sentence, if a column is missing, can't be read or is shorter than others.
        """
        with open_hdf5(self.path) as file:
            group = file[f"halos/{run}"]
            absent = [name for name in HALO_UNITS if name not in group]
            if absent:
                raise ValueError(
                    f"{self.path.name}: halos/{run} lacks {', '.join(absent)}, "
                    f"expected {', '.join(HALO_UNITS)}."
                )
            columns = {name: read_rows(group[name], self.path.name) for name in HALO_UNITS}
            definition = str(group.attrs.get("definition", ""))
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                f"{self.path.name}: halos/{run} has columns of {lengths} rows, expected as many "
                "in each."
            )
        return Halos(**columns, run=run, definition=definition)


def _collect(group: h5py.Group, prefix: str, found: list[str]) -> None:
    """Paths of all datasets below a group; unlike h5py's visit, hard links count each."""
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            _collect(item, f"{prefix}{name}/", found)
        else:
            found.append(prefix + name)
