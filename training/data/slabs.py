"""Slabs to train on: read once, then drawn with all symmetries of a periodic box."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.inputs import mesh_at
from engine.mesh import Slab
from engine.normalization import normalization
from engine.places import Run, SlabPlace
from engine.simulation import Simulation, open_simulation
from engine.systems.card import DARK_MATTER, Input, Output
from training.config import WHOLE, Split
from training.data.files import refuse_held_out

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


def read_pairs(path: str | Path, source: Split, field: str, level: str) -> list[Pair]:
    """Every slab of a simulation file along some axes.

    Parameters
    ----------
    path : path
        Simulation file.
    source : Split
        Which axes to take.
    field, level : str
        Of the target, and of the dark matter.

    Raises
    ------
    ValueError
        If the maps are held out for scoring, or the file lacks them, or the source is a
        part of the volume, of which slabs through the whole box know nothing.
    """
    if source.volume != WHOLE:
        raise ValueError(
            f"Training source {source.pattern} is the sub-volume {source.volume}, expected the "
            "whole box for slabs: choose axes instead."
        )
    simulation = open_simulation(path)
    refuse_held_out(simulation.name, source)
    return [
        Pair(
            _slab(simulation, SlabPlace(axis, index), Run("dm", level)),
            _slab(simulation, SlabPlace(axis, index), Run(field)),
        )
        for axis in source.axes
        for index in range(simulation.n_slabs(axis))
    ]


def _slab(simulation: Simulation, place: SlabPlace, run: Run) -> Slab:
    mesh = mesh_at(simulation, place, run)
    assert isinstance(mesh, Slab)
    return mesh


def card_meshes(pairs: Sequence[Pair]) -> tuple[tuple[Input], Output]:
    """What the card of a network says of the dark matter it ate and of what it paints."""
    target, dark_matter = pairs[0].target, pairs[0].dark_matter
    depth = float(np.mean([pair.target.depth for pair in pairs]))
    mesh: Any = {"kind": target.KIND, "cell_size": target.cell_size, "depth": depth}
    eaten = Input(
        DARK_MATTER,
        dark_matter.field,
        redshift=dark_matter.redshift,
        normalization=normalization(dark_matter.field),
        level=dark_matter.level,
        separation=dark_matter.separation or None,
        **mesh,
    )
    return (eaten,), Output(target.field, normalization=normalization(target.field), **mesh)


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
    files : sequence of (path, Split)
        What they were read from.

    Raises
    ------
    ValueError
        If there are no maps or they can't train one network.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        batch_size: int,
        seed: int,
        crop: int = 0,
        files: Sequence[tuple[Path, Split]] = (),
    ) -> None:
        _check(pairs)
        self.files = files
        self.crop = crop
        self.pairs = tuple(pairs)
        self.batch_size = batch_size
        self.seed = seed
        self._order = lru_cache(maxsize=1)(self._shuffled)

    @property
    def about(self) -> str:
        """How many maps of which sides, for people."""
        sides = sorted({pair.target.shape[0] for pair in self.pairs})
        return f"{len(self.pairs)} maps of {' and '.join(map(str, sides))} pixels a side"

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
