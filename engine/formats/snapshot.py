"""A simulation snapshot: one or many HDF5 files, read lazily, in the engine's units."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.halos import Halos

PARTICLE_TYPES = {"gas": 0, "dark matter": 1, "stars": 4}

CHUNK = 1 << 20
"""Particles read at a time: 12 MB of positions."""


@dataclass(frozen=True)
class Header:
    """What a snapshot says of itself, in the engine's units.

    Parameters
    ----------
    box_size : float
        Comoving, [kpc/h].
    redshift : float
        Of the snapshot.
    cosmology : Cosmology
        Of the simulation.
    code : str
        Simulation code, as far as the file tells.
    counts : dict
        Number of particles of each species.
    notes : tuple of str
        What was assumed because the file does not say.
    """

    box_size: float
    redshift: float
    cosmology: Cosmology
    code: str
    counts: dict[str, int]
    notes: tuple[str, ...] = ()


class Snapshot(ABC):
    """Particles of one snapshot; nothing is read before it is asked for.

    Subclasses know one family of file layouts: which attributes and blocks hold what,
    and in which units.

    Parameters
    ----------
    paths : sequence of path
        All files of the snapshot, in order.
    """

    blocks: ClassVar[dict[str, tuple[str, ...]]]
    """For every quantity the block names that may hold it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._counts = [self._read_counts(path) for path in self.paths]
        with open_hdf5(self.paths[0]) as file:
            self.header = self._read_header(file)
        self._check_header()
        for species, number in self.header.counts.items():
            found = sum(counts.get(species, 0) for counts in self._counts)
            if found != number:
                raise ValueError(
                    f"{self.name} holds {found} {species} particles in {len(self.paths)} "
                    f"file(s), but its header says {number}; give all files of the snapshot."
                )

    def _check_header(self) -> None:
        """Refuse a header that no run in a periodic, expanding box writes."""
        header = self.header
        for what, value in (
            ("box size", header.box_size),
            ("Hubble parameter", header.cosmology.h),
            ("Omega_m", header.cosmology.Omega_m),
        ):
            if not 0 < value < np.inf:
                raise ValueError(
                    f"{self.name}: the {what} in the header is {value:g}, expected a positive "
                    "number (a snapshot of a cosmological run in a periodic box)."
                )

    @property
    def name(self) -> str:
        """The first file's name, for messages."""
        return self.paths[0].name

    @staticmethod
    @abstractmethod
    def matches(file: h5py.File) -> bool:
        """Whether this class can read the file."""

    @abstractmethod
    def _read_header(self, file: h5py.File) -> Header: ...

    @abstractmethod
    def _factor(self, quantity: str) -> float:
        """Factor from the file's unit to the engine's for a quantity."""

    @abstractmethod
    def masses(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Particle masses, (stop - start,), [Msun/h]."""

    @abstractmethod
    def hi_masses(self, start: int, stop: int) -> NDArray[np.float64]:
        """Neutral hydrogen in gas particles, (stop - start,), [Msun/h]."""

    @abstractmethod
    def temperatures(self, start: int, stop: int) -> NDArray[np.float64]:
        """Gas temperatures, (stop - start,), [K]."""

    def positions(self, species: str, start: int, stop: int) -> NDArray[np.float32]:
        """Comoving positions, (stop - start, 3), [kpc/h], wrapped into [0, box)."""
        box = np.float32(self.header.box_size)
        position = self._read(species, "position", start, stop).astype(np.float32)
        if position.size and np.abs(position - box / 2).max() > 1.5 * box:
            raise ValueError(
                f"{self.name}: coordinates of {species} reach from {position.min():g} to "
                f"{position.max():g} kpc/h, expected them inside the box of {box:g} kpc/h; the "
                "header's units are not those of the block."
            )
        np.mod(position, box, out=position)
        position[position >= box] = 0  # a tiny negative coordinate rounds up to the box size
        return position

    def smoothing_lengths(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Radii of the kernels' full support as the file has them, (stop - start,), [kpc/h]."""
        return self._read(species, "smoothing", start, stop, positive=True)

    def chunks(self, species: str) -> Iterator[tuple[int, int]]:
        """Bounds of pieces of the species that fit in memory comfortably."""
        number = self.header.counts.get(species, 0)
        for start in range(0, number, CHUNK):
            yield start, min(start + CHUNK, number)

    def total_mass(self, species: str) -> float:
        """Mass of all particles of a species, [Msun/h]."""
        return sum(float(self.masses(species, *c).sum()) for c in self.chunks(species))

    def halos(self, run: str) -> Halos | None:
        """The halo catalogue stored with the particles, or None."""
        with open_hdf5(self.paths[0]) as file:
            if "Halos" not in file:
                return None
            group = file["Halos"]
            column = {name: self._halo_column(group, name) for name in HALO_COLUMNS}
            definition = str(group.attrs.get("definition", ""))
        length, mass = self._factor("position"), self._factor("mass")
        centre = np.mod(column["Coordinates"] * length, self.header.box_size)
        return Halos(
            position=(centre / 1000).astype(np.float32),
            mvir=(column["Mvir"] * mass).astype(np.float32),
            rvir=(column["Rvir"] * length).astype(np.float32),
            fof_mass=(column["FoFMass"] * mass).astype(np.float32),
            run=run,
            definition=definition,
        )

    def _halo_column(self, group: h5py.Group, name: str) -> NDArray[np.float64]:
        if name not in group:
            raise ValueError(
                f"{self.name} has a group Halos without {name}, expected {', '.join(HALO_COLUMNS)}."
            )
        values = read_rows(group[name], self.name)
        _check_values(values, f"{self.name}: Halos/{name}", positive=name != "Coordinates")
        return values

    def has(self, species: str, quantity: str) -> bool:
        """Whether the files hold a block for the quantity."""
        with open_hdf5(self._first_with(species)) as file:
            return self._block(file, species, quantity) is not None

    def _first_with(self, species: str) -> Path:
        """The first file that holds particles of the species."""
        for path, counts in zip(self.paths, self._counts, strict=True):
            if counts.get(species, 0):
                return path
        raise ValueError(f"{self.name} holds no {species} particles.")

    def _block(self, file: h5py.File, species: str, quantity: str) -> h5py.Dataset | None:
        group = file.get(f"PartType{PARTICLE_TYPES[species]}", {})
        for name in self.blocks[quantity]:
            if isinstance(group.get(name), h5py.Dataset):
                return group[name]
        return None

    def _read(
        self, species: str, quantity: str, start: int, stop: int, positive: bool = False
    ) -> NDArray[np.float64]:
        """Rows [start, stop) of a block over all files, in the engine's units, checked."""
        pieces = []
        offset = 0
        for path, counts in zip(self.paths, self._counts, strict=True):
            number = counts.get(species, 0)
            low, high = max(start - offset, 0), min(stop - offset, number)
            if low < high:
                values = self._read_file(path, species, quantity, low, high, number)
                _check_values(values, f"{path.name}: {quantity} of {species}", positive)
                pieces.append(values)
            offset += number
        return np.concatenate(pieces) * self._factor(quantity)

    def _read_file(
        self, path: Path, species: str, quantity: str, low: int, high: int, number: int
    ) -> NDArray[np.float64]:
        kind = f"PartType{PARTICLE_TYPES[species]}"
        with open_hdf5(path) as file:
            block = self._block(file, species, quantity)
            if block is None:
                raise ValueError(
                    f"{path.name} has no block {' or '.join(self.blocks[quantity])} in {kind}, "
                    f"which is needed for the {quantity} of {species}."
                )
            expected = (number, 3) if quantity == "position" else (number,)
            if block.shape != expected:
                raise ValueError(
                    f"{path.name}: {kind}/{block.name.split('/')[-1]} has shape {block.shape}, "
                    f"expected {expected} from the header."
                )
            return read_rows(block, path.name, low, high)

    def _read_counts(self, path: Path) -> dict[str, int]:
        with open_hdf5(path) as file:
            header = file.get("Header")
            if header is None or "NumPart_ThisFile" not in header.attrs:
                raise ValueError(
                    f"{path.name} has no Header/NumPart_ThisFile, expected a Gadget-style snapshot."
                )
            numbers = np.atleast_1d(header.attrs["NumPart_ThisFile"]).astype(np.int64)
        return species_counts(numbers)


HALO_COLUMNS = ("Coordinates", "Mvir", "Rvir", "FoFMass")


def species_counts(numbers: NDArray[np.int64]) -> dict[str, int]:
    """Particle numbers by species from an array by particle type; absent species left out."""
    return {
        species: int(numbers[kind])
        for species, kind in PARTICLE_TYPES.items()
        if kind < len(numbers) and numbers[kind]
    }


def total_counts(header: h5py.Group) -> dict[str, int]:
    """Particle numbers of the whole snapshot, 64 bits joined from the two header words.

    Raises
    ------
    ValueError
        In one sentence, if the header does not say.
    """
    if "NumPart_Total" not in header.attrs:
        name = Path(header.file.filename).name
        raise ValueError(f"{name} has no Header/NumPart_Total, expected the particle numbers.")
    low = np.atleast_1d(header.attrs["NumPart_Total"])
    # A word of 32 bits that was stored as signed looks negative when it is large.
    low = low.astype(np.int64) & (0xFFFFFFFF if low.itemsize == 4 else -1)
    high = np.zeros_like(low)
    if "NumPart_Total_HighWord" in header.attrs:
        high = np.atleast_1d(header.attrs["NumPart_Total_HighWord"]).astype(np.int64)
    return species_counts(low + (high << 32))


def open_hdf5(path: Path) -> h5py.File:
    """Open an HDF5 file for reading.

    Raises
    ------
    ValueError
        In one sentence, if there is no such file or it is not readable HDF5.
    """
    if not path.is_file():
        raise ValueError(f"{path} does not exist, expected an HDF5 file.")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(
            f"{path.name} is not a readable HDF5 file: it is truncated or of another format "
            f"({str(error).split('(')[-1].rstrip(')')})."
        ) from error


def read_rows(
    block: h5py.Dataset,
    name: str,
    low: int = 0,
    high: int | None = None,
    dtype: type[np.floating] = np.float64,
) -> NDArray[Any]:
    """Rows [low, high) of a block as numbers; `name` of the file is for the message.

    Raises
    ------
    ValueError
        In one sentence, if they can't be read.
    """
    if block.dtype.kind not in "iuf":
        raise ValueError(f"{name}: {block.name} holds words or records, expected numbers.")
    try:
        return np.asarray(block[low:high], dtype=dtype)
    except OSError as error:
        raise ValueError(
            f"{name}: {block.name} can't be read ({error}); the file is damaged, copy it or make "
            "it again."
        ) from error


def _check_values(values: NDArray[np.float64], what: str, positive: bool) -> None:
    """Refuse values that are not finite or, where that can't be, negative."""
    bad, how = ~np.isfinite(values), "not finite"
    if positive and not bad.any():
        bad, how = values < 0, "negative"
    if bad.any():
        raise ValueError(
            f"{what} holds {int(bad.sum())} value(s) that are {how}, expected none; "
            "repair the file or leave them out."
        )


def attribute(groups: Sequence[Any], names: Sequence[str]) -> Any:
    """The first attribute found under any of the names, as a Python scalar; None if none is."""
    for group in groups:
        for name in names:
            if group is not None and name in group.attrs:
                return np.ravel(group.attrs[name])[0].item()
    return None
