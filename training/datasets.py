"""Maps to train on: read once, then drawn with all symmetries of a periodic box."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.mesh import Slab
from engine.simulation import open_simulation
from training.config import HELD_OUT, Source

Map = NDArray[np.float32]

SAME_PIXEL = 0.01
"""Relative difference of pixel sizes up to which maps may train one network."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Dark matter of one slab and the field it should be painted with.

    Parameters
    ----------
    dark_matter, target : Slab
        Square, periodic, of one place.
    """

    dark_matter: Slab
    target: Slab


def find_files(folder: str | Path, sources: Sequence[Source]) -> list[tuple[Path, str]]:
    """Slab files of the sources and the axes to take from each; some sources may be missing.

    Raises
    ------
    ValueError
        If the folder holds a file of none of the sources.
    """
    found = [
        (file, source.axes)
        for source in sources
        for file in sorted(Path(folder).glob(f"{source.pattern}.hdf5"))
    ]
    if not found:
        wanted = " or ".join(f"{source.pattern}.hdf5" for source in sources)
        raise ValueError(
            f"Training data folder {folder} holds no file {wanted}, expected slab files as "
            "`python -m engine project` writes them."
        )
    return found


def read_pairs(path: str | Path, axes: str, field: str, level: str) -> list[Pair]:
    """Every slab of a slab file along some axes.

    Parameters
    ----------
    path : path
        Slab file.
    axes : str
        For example "xy".
    field, level : str
        Of the target, and of the dark matter.

    Raises
    ------
    ValueError
        If the maps are held out for scoring, or the file lacks them.
    """
    simulation = open_simulation(path)
    refuse_held_out(simulation.name, axes)
    return [
        Pair(simulation.slab("dm", axis, index, level), simulation.slab(field, axis, index))
        for axis in axes
        for index in range(simulation.n_slabs(axis))
    ]


def refuse_held_out(name: str, axes: str) -> None:
    """Raise ValueError if training on these projections would spoil a score."""
    for held_out, held_axes in HELD_OUT:
        for axis in axes:
            if name.startswith(held_out) and axis in held_axes:
                raise ValueError(
                    f"Axis {axis} of simulation {name!r} is held out to score networks, expected "
                    "training sources without it."
                )


class TrainingMaps:
    """Batches of maps, each update's a pure function of (seed, update).

    So a resumed run sees what an undisturbed one would have seen.

    Parameters
    ----------
    pairs : sequence of Pair
        The slabs, of one pixel size; their sides may differ.
    batch_size : int
        Maps per batch, all of one side.
    seed : int
        Of order, shifts and symmetries.
    crop : int
        Larger maps are cut to squares of this side, [pixels]; 0: none are.

    Raises
    ------
    ValueError
        If there are no maps or they can't train one network.
    """

    def __init__(self, pairs: Sequence[Pair], batch_size: int, seed: int, crop: int = 0) -> None:
        _check(pairs)
        self.crop = crop
        self.pairs = tuple(pairs)
        self.batch_size = batch_size
        self.seed = seed
        self._order = lru_cache(maxsize=1)(self._shuffled)

    def batch(self, update: int) -> tuple[Tensor, Tensor]:
        """Draw the maps of one update.

        Returns
        -------
        dark_matter, target : tensor, (batch, 1, n, n)
            Surface density, [Msun h / ckpc^2].
        """
        per_epoch = len(self._order(0))
        epoch, place = divmod(update, per_epoch)
        random = np.random.default_rng((self.seed, 1, update))
        drawn = [
            random_symmetry((pair.dark_matter.values, pair.target.values), random, self.crop)
            for pair in (self.pairs[i] for i in self._order(epoch)[place])
        ]
        dark_matter, target = (
            torch.from_numpy(np.stack(maps))[:, None] for maps in zip(*drawn, strict=True)
        )
        return dark_matter, target

    def _shuffled(self, epoch: int) -> list[NDArray[np.intp]]:
        """Batches of one pass over the maps; a short last batch is filled from its start."""
        random = np.random.default_rng((self.seed, 0, epoch))
        sides = np.array([pair.target.shape[0] for pair in self.pairs])
        batches = []
        for side in np.unique(sides):
            order = random.permutation(np.flatnonzero(sides == side))
            count = -(-len(order) // self.batch_size)
            batches += np.split(np.resize(order, count * self.batch_size), count)
        return [batches[i] for i in random.permutation(len(batches))]


class Ahead:
    """Draws the next batch in a thread of its own while the device is busy with this one.

    Parameters
    ----------
    maps : TrainingMaps
        What is drawn from.
    count : int
        Of batches; none is drawn beyond.
    stride : int
        From one batch that is asked for to the next.
    """

    def __init__(self, maps: TrainingMaps, count: int, stride: int) -> None:
        self.maps, self.count, self.stride = maps, count, stride
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches")
        self._drawn: dict[int, Future[tuple[Tensor, Tensor]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown(cancel_futures=True)

    def batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Hand out a batch, see `TrainingMaps.batch`, and begin to draw the next."""
        drawn = self._drawn.pop(number, None) or self._draw(number)
        following = number + self.stride
        if following < self.count:
            self._drawn = {following: self._draw(following)}
        return drawn.result()

    def _draw(self, number: int) -> Future[tuple[Tensor, Tensor]]:
        return self._executor.submit(self.maps.batch, number)


def random_symmetry(maps: Sequence[Map], random: np.random.Generator, crop: int = 0) -> list[Map]:
    """Apply the same random shift, reflections and transposition to each of several maps.

    Exact for square periodic maps: no pixel is interpolated, lost or seen twice.

    Parameters
    ----------
    maps : sequence of array, (n, n)
        Any quantity.
    random : Generator
        Drawn from six times.
    crop : int
        Side to cut larger maps to, after the shift, [pixels]; 0: none are cut.
    """
    shift = tuple(random.integers(0, maps[0].shape))
    side = maps[0].shape[0]
    if 0 < crop < side:
        # The same pixels as a shifted map's corner, without moving the rest of it.
        places = (np.arange(crop)[:, None] - shift) % side
        maps, shift = [values[np.ix_(*places.T)] for values in maps], (0, 0)
    flip_rows, flip_columns, transpose = random.integers(0, 2, 3)
    rows, columns = slice(None, None, 1 - 2 * flip_rows), slice(None, None, 1 - 2 * flip_columns)
    moved = (np.roll(values, shift, (0, 1))[rows, columns] for values in maps)
    return [np.ascontiguousarray(values.T if transpose else values) for values in moved]


def _check(pairs: Sequence[Pair]) -> None:
    if not pairs:
        raise ValueError("There are no maps to train on, expected at least one slab.")
    pixel_size = pairs[0].target.pixel_size
    for target in (pair.target for pair in pairs):
        place = f"Slab {target.index} along {target.axis} of {target.simulation!r}"
        if target.shape[0] != target.shape[1] or not target.periodic:
            raise ValueError(
                f"{place} has shape {target.shape}, expected a square map of a periodic box."
            )
        if abs(target.pixel_size / pixel_size - 1) > SAME_PIXEL:
            raise ValueError(
                f"{place} has pixels of {target.pixel_size:.4g} kpc/h, expected "
                f"{pixel_size:.4g} kpc/h as the other training maps have."
            )
