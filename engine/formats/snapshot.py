"""A simulation snapshot: one or many HDF5 files, read lazily, in the engine's units."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from engine.formats.hdf5 import (
    attribute,
    check_block,
    dataset_in,
    group_in,
    number_row,
    open_hdf5,
    read_all,
    read_rows,
)
from engine.formats.header import TYPES, Header, species_counts, text
from engine.halos import Halos

CHUNK = 1 << 20
"""Particles read at a time: 12 MB of positions."""

LARGEST = 1e30
"""No mass, length or temperature of a simulation is; single precision ends at 3e38."""

WITHOUT = {
    "neutral fraction": "; where there is none, leave hi out (--fields dm,gas)",
    "internal energy": "; where there is none, leave temperature, hi_thin and hot gas out",
    "electron abundance": "; where there is none, leave temperature and hot gas out",
    "density": "; where there is none, leave hi_thin, hot gas, its temperature and X-rays out",
    "smoothing": "; --smoothing neighbours does without",
}
"""What to do without a block."""


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
        self._checked: set[tuple[str, str, str]] = set()
        self._counts = [self._read_counts(path) for path in self.paths]
        self._check_same_snapshot()
        with open_hdf5(self.paths[0]) as file:
            self.header = self._read_header(file)
        self._check_header()
        for species, expected in self.header.counts.items():
            found = sum(counts.get(species, 0) for counts in self._counts)
            if found != expected:
                raise ValueError(
                    f"{self.name} holds {found} {species} particles in {len(self.paths)} "
                    f"file(s), but its header says {expected}; give all files of the snapshot."
                )

    def _check_header(self) -> None:
        """Refuse a header that no run in a periodic, expanding box writes."""
        header = self.header
        for what, value, lowest, highest in (
            ("box size", header.box_size, 1e-3, 1e9),
            ("Hubble parameter", header.cosmology.h, 1e-2, 10),
            ("Omega_m", header.cosmology.Omega_m, 1e-4, 10),
        ):
            if not lowest < value < highest:
                raise ValueError(
                    f"{self.name}: the {what} in the header is {value:g}, expected a positive "
                    f"number from {lowest:g} to {highest:g} (a snapshot of a cosmological run in "
                    "a periodic box)."
                )
        Omega_b = header.cosmology.Omega_b
        if not 0 <= Omega_b < header.cosmology.Omega_m:
            raise ValueError(
                f"{self.name}: Omega_b is {Omega_b:g}, expected at least 0 and less than Omega_m, "
                f"{header.cosmology.Omega_m:g}."
            )
        if not 0 <= header.redshift < 1e4:
            raise ValueError(
                f"{self.name} is at redshift {header.redshift:g}, expected 0 or more, below 1e4."
            )

    @property
    def name(self) -> str:
        """The first file's name, for messages."""
        return self.paths[0].name

    @property
    def neutral_hydrogen(self) -> str:
        """What the masses of neutral hydrogen are made of, for the reader of a map."""
        return (
            "0.76 hydrogen times the file's neutral fraction, star-forming gas and molecular "
            "hydrogen included"
        )

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
    def _quantities(self, field: str, species: str) -> tuple[str, ...]:
        """Blocks besides the positions that a map of the field is made of."""

    @abstractmethod
    def matter(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Mass in every particle, whatever it is counted as, (stop - start,), [Msun/h]."""

    @abstractmethod
    def hi_masses(self, start: int, stop: int) -> NDArray[np.float64]:
        """Neutral hydrogen in gas particles, (stop - start,), [Msun/h]."""

    def thin_hi_masses(
        self,
        start: int,  # noqa: ARG002 (what reads it says so in a class of its own)
        stop: int,  # noqa: ARG002
    ) -> NDArray[np.float64]:
        """Neutral hydrogen without self-shielding in gas particles, (stop - start,), [Msun/h].

        See `engine.thin_hydrogen`.
        """
        raise ValueError(
            f"{self.name} is of {self.header.code}, of which neutral hydrogen without "
            "self-shielding can't be worked out, expected a GADGET-style snapshot; leave hi_thin "
            "out."
        )

    @abstractmethod
    def temperatures(self, start: int, stop: int) -> NDArray[np.float64]:
        """Gas temperatures, (stop - start,), [K]."""

    def masses(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Particle masses, (stop - start,), [Msun/h]."""
        return self.matter(species, start, stop)

    def coordinates(self, species: str, start: int, stop: int) -> NDArray[np.float64]:
        """Comoving positions as the file has them, (stop - start, 3), [kpc/h]."""
        return self._read(species, "position", start, stop)

    def positions(self, species: str, start: int, stop: int) -> NDArray[np.float32]:
        """Comoving positions, (stop - start, 3), [kpc/h], wrapped into [0, box)."""
        box = np.float32(self.header.box_size)
        position = self.coordinates(species, start, stop).astype(np.float32)
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

    def densities(self, start: int, stop: int) -> NDArray[np.float64]:
        """Comoving densities of gas as the run had them, (stop - start,), [Msun h^2 / ckpc^3]."""
        return self._read("gas", "density", start, stop, positive=True)

    def star_formation_rates(self, start: int, stop: int) -> NDArray[np.float64]:
        """Of gas, (stop - start,), above zero where it forms stars; zero in files without them.

        In the file's unit; SWIFT's below zero tell since when there is none.
        """
        if not self.has("gas", "star formation rate"):
            return np.zeros(stop - start)
        return self._read("gas", "star formation rate", start, stop)

    def chunks(self, species: str) -> Iterator[tuple[int, int]]:
        """Bounds of pieces of the species that fit in memory comfortably."""
        total = self.header.counts.get(species, 0)
        for start in range(0, total, CHUNK):
            yield start, min(start + CHUNK, total)

    def halos(self, run: str) -> Halos | None:
        """The halo catalogue stored with the particles, or None."""
        with open_hdf5(self.paths[0]) as file:
            group = group_in(file, "Halos")
            if group is None:
                return None
            column = {name: self._halo_column(group, name) for name in HALO_COLUMNS}
            definition = attribute([group], ("definition",)) or ""
        if len({len(values) for values in column.values()}) > 1:
            raise ValueError(f"{self.name}: the columns of Halos are not of one length.")
        length, mass = self._factor("position"), self._factor("mass")
        centre = np.mod(column["Coordinates"] * length, self.header.box_size)
        return Halos(
            position=(centre / 1000).astype(np.float32),
            mvir=(column["Mvir"] * mass).astype(np.float32),
            rvir=(column["Rvir"] * length).astype(np.float32),
            fof_mass=(column["FoFMass"] * mass).astype(np.float32),
            run=run,
            definition=text(definition),
        )

    def _halo_column(self, group: h5py.Group, name: str) -> NDArray[np.float64]:
        block = dataset_in(group, name)
        if block is None:
            raise ValueError(
                f"{self.name} has a group Halos without {name}, expected {', '.join(HALO_COLUMNS)}."
            )
        if block.shape[1:] != ((3,) if name == "Coordinates" else ()):
            raise ValueError(
                f"{self.name}: Halos/{name} has shape {block.shape}, expected a row a halo."
            )
        values = read_all(block, self.name)
        _check_values(values, f"{self.name}: Halos/{name}", positive=name != "Coordinates")
        return values

    def has(self, species: str, quantity: str) -> bool:
        """Whether the files hold a block for the quantity."""
        with open_hdf5(self._first_with(species)) as file:
            return self._block(file, species, quantity) is not None

    def check_blocks(self, field: str, species: str, smoothing: str) -> None:
        """Refuse a field whose blocks are not all there in all files, unread.

        Parameters
        ----------
        field : str
            Its name.
        species : str
            That it is made of.
        smoothing : str
            "file" if gas has the kernels of the file.
        """
        quantities = ["position", *self._quantities(field, species)]
        if smoothing == "file" and species == "gas":
            quantities.append("smoothing")
        for path, counts in zip(self.paths, self._counts, strict=True):
            if not counts.get(species, 0):
                continue
            with open_hdf5(path) as file:
                for quantity in quantities:
                    self._checked_block(file, species, quantity, counts[species])

    def _first_with(self, species: str) -> Path:
        """The first file that holds particles of the species."""
        for path, counts in zip(self.paths, self._counts, strict=True):
            if counts.get(species, 0):
                return path
        raise ValueError(f"{self.name} holds no {species} particles.")

    def _block(self, file: h5py.File, species: str, quantity: str) -> h5py.Dataset | None:
        group = group_in(file, f"PartType{TYPES[species]}")
        for name in self.blocks[quantity]:
            block = dataset_in(group, name)
            if block is not None:
                return block
        return None

    def _checked_block(
        self, file: h5py.File, species: str, quantity: str, count: int
    ) -> h5py.Dataset:
        """The quantity's block, of the right shape and with its numbers there."""
        kind, name = f"PartType{TYPES[species]}", Path(file.filename).name
        block = self._block(file, species, quantity)
        if block is None:
            raise ValueError(
                f"{name} has no block {' or '.join(self.blocks[quantity])} in {kind}, "
                f"which is needed for the {quantity} of {species}{WITHOUT.get(quantity, '')}."
            )
        expected = (count, 3) if quantity == "position" else (count,)
        if block.shape != expected:
            raise ValueError(
                f"{name}: {kind}/{block.name.split('/')[-1]} has shape {block.shape}, "
                f"expected {expected} from the header."
            )
        seen = (file.filename, species, quantity)
        if seen not in self._checked:  # once: a virtual dataset may have thousands of parts
            check_block(block)
            self._checked.add(seen)
        return block

    def _read(
        self, species: str, quantity: str, start: int, stop: int, positive: bool = False
    ) -> NDArray[np.float64]:
        """Rows [start, stop) of a block over all files, in the engine's units, checked."""
        pieces = []
        offset = 0
        for path, counts in zip(self.paths, self._counts, strict=True):
            count = counts.get(species, 0)
            low, high = max(start - offset, 0), min(stop - offset, count)
            if low < high:
                values = self._read_file(path, species, quantity, low, high, count)
                with np.errstate(over="ignore"):  # found by the check
                    values *= self._factor(quantity)
                _check_values(values, f"{path.name}: {quantity} of {species}", positive)
                pieces.append(values)
            offset += count
        return np.concatenate(pieces)

    def _read_file(
        self, path: Path, species: str, quantity: str, low: int, high: int, count: int
    ) -> NDArray[np.float64]:
        with open_hdf5(path) as file:
            block = self._checked_block(file, species, quantity, count)
            return read_rows(block, path.name, low, high)

    def _read_counts(self, path: Path) -> dict[str, int]:
        with open_hdf5(path) as file:
            counts = number_row([group_in(file, "Header")], "NumPart_ThisFile", np.int64)
        if counts is None:
            raise ValueError(
                f"{path.name} has no Header/NumPart_ThisFile, expected a Gadget-style snapshot."
            )
        return species_counts(counts, path.name)

    def _check_same_snapshot(self) -> None:
        """Refuse files whose headers are not of one snapshot."""
        said: dict[str, list[float]] = {}
        for path in self.paths:
            with open_hdf5(path) as file:
                groups = [group_in(file, "Header"), group_in(file, "Parameters")]
                for name in ("BoxSize", "Redshift", "NumPart_Total"):
                    row = number_row(groups, name)
                    values = [] if row is None else row.tolist()
                    if said.setdefault(name, values) != values:
                        raise ValueError(
                            f"{path.name} has {name} {values} and {self.name} {said[name]}, "
                            "expected the files of one snapshot."
                        )

    def _rough_density(self, box_size: float, common: dict[str, float]) -> float:
        """Mean density of matter in the file's own units, from the first particles' masses.

        Parameters
        ----------
        box_size : float
            In the file's unit.
        common : dict
            Mass of all particles of a species, where it is in no block.
        """
        total = 0.0
        for species in TYPES:
            count = sum(counts.get(species, 0) for counts in self._counts)
            if count and (mass := common.get(species, 0.0) or self._first_mass(species)):
                total += count * mass
        return total / box_size**3 if box_size > 0 else 0.0

    def _first_mass(self, species: str) -> float:
        """Mean of the first particles' masses, in the file's unit; 0 where no block has them."""
        path = self._first_with(species)
        with open_hdf5(path) as file:
            block = self._block(file, species, "mass")
            if block is None or block.ndim != 1 or not block.size:
                return 0.0
            return float(np.mean(read_rows(block, path.name, 0, 1000)))


HALO_COLUMNS = ("Coordinates", "Mvir", "Rvir", "FoFMass")


def _check_values(values: NDArray[np.float64], what: str, positive: bool) -> None:
    """Refuse values that are not finite or, where that can't be, negative."""
    bad, how = ~(np.abs(values) < LARGEST), "not finite or beyond all measure"
    if positive and not bad.any():
        bad, how = values < 0, "negative"
    if bad.any():
        raise ValueError(
            f"{what} holds {int(bad.sum())} value(s) that are {how}, expected none; "
            "repair the file or leave them out."
        )
