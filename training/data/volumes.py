"""Boxes to train super-resolution on: patches that wrap, drawn with all symmetries of a cube."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.inputs import mesh_at
from engine.mesh import Grid
from engine.networks.super_resolution.generator import MARGIN
from engine.places import BoxPlace, Run
from engine.simulation import open_simulation
from engine.systems.box_pair import check_belongs
from training.config import WHOLE, Split
from training.data.files import refuse_held_out

Volume = NDArray[np.float32]

SYMMETRIES = tuple(product(permutations(range(3)), product((1, -1), repeat=3)))
"""Of a cube, 48: the order of its axes, then the direction of each."""

SAME_CELL = 0.01
"""Relative difference of cell sizes up to which boxes may train one network."""


@dataclass(frozen=True, eq=False)
class Triplet:
    """What super-resolution learns of one box.

    Parameters
    ----------
    low : Grid
        Density of the low-resolution run.
    initial : Grid
        Linear overdensity today, with twice the cells a side.
    density : Grid
        Of the high-resolution run, at these cells.
    """

    low: Grid
    initial: Grid
    density: Grid


def read_triplet(path: str | Path, field: str, level: str) -> Triplet:
    """Read a box from a simulation file.

    Parameters
    ----------
    field, level : str
        Of the dark matter, and of the run of low resolution.

    Raises
    ------
    ValueError
        In one sentence, if the file lacks one of the three or they are not of one box.
    """
    simulation = open_simulation(path)
    runs = (Run(field, level, "native"), Run("delta"), Run(field))
    low, initial, density = (mesh_at(simulation, BoxPlace(), run) for run in runs)
    assert isinstance(low, Grid)
    assert isinstance(initial, Grid)
    assert isinstance(density, Grid)
    for fine in (initial, density):
        check_belongs(fine, low)
    return Triplet(low, initial, density)


def read_training_triplet(path: str | Path, source: Split, field: str, level: str) -> Triplet:
    """Read a box that may train; see `read_triplet`.

    Raises
    ------
    ValueError
        If the box is held out for scoring, or the source is a part of its volume.
    """
    refuse_held_out(Path(path).stem, source)
    if source.volume != WHOLE:
        raise ValueError(
            f"Training source {source.pattern} is the sub-volume {source.volume}, expected the "
            "whole box, whose patches wrap."
        )
    return read_triplet(path, field, level)


class TrainingVolumes:
    """Batches of patches, each a pure function of (seed, number).

    So a resumed run sees what an undisturbed one would have seen.

    Parameters
    ----------
    triplets : sequence of Triplet
        The boxes, of one cell size; their sides may differ.
    batch_size : callable
        Patches of a batch by its number: batches may grow.
    side : int
        Of what is painted of a patch, even, [cells of high resolution].
    seed : int
        Of places and symmetries.
    validation : Triplet, optional
        A box that never trains, which chooses the weights.
    files : sequence of (path, Split)
        What the training boxes were read from.

    Raises
    ------
    ValueError
        If there are no boxes or they can't train one network.
    """

    def __init__(
        self,
        triplets: Sequence[Triplet],
        batch_size: Callable[[int], int],
        side: int,
        seed: int,
        validation: Triplet | None = None,
        files: Sequence[tuple[Path, Split]] = (),
    ) -> None:
        _check(triplets)
        self.triplets, self.validation, self.files = tuple(triplets), validation, files
        self.batch_size, self.side, self.seed = batch_size, side, seed
        self.scale = float(np.sqrt(np.mean([t.initial.values.var() for t in self.triplets])))
        self._boxes = [
            (_over_mean(t.low), t.initial.values, _over_mean(t.density)) for t in triplets
        ]

    @property
    def about(self) -> str:
        """How many boxes of which sides, for people."""
        sides = sorted({t.density.shape[0] for t in self.triplets})
        return f"{len(self.triplets)} boxes of {' and '.join(map(str, sides))} cells a side"

    def batch(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        """Draw the patches of one batch.

        Returns
        -------
        low : tensor, (batch, 1, side / 2 + 6, ...)
            Density over its mean, with 3 cells around the patch.
        initial : tensor, (batch, 1, side + 12, ...)
            Linear overdensity over its standard deviation, with 6 cells around it.
        density : tensor, (batch, 1, side, ...)
            Of high resolution, over its mean.
        """
        random = np.random.default_rng((self.seed, 1, number))
        patches = [self._patch(random) for _ in range(self.batch_size(number))]
        low, initial, density = (
            torch.from_numpy(np.stack(several))[:, None] for several in zip(*patches, strict=True)
        )
        return low, initial / self.scale, density

    def _patch(self, random: np.random.Generator) -> list[Volume]:
        low, initial, density = self._boxes[random.integers(len(self._boxes))]
        corner = random.integers(0, low.shape)  # of low resolution: keeps which cells are one
        around = (low, MARGIN // 2, 1), (initial, MARGIN, 2), (density, 0, 2)
        symmetry = int(random.integers(len(SYMMETRIES)))
        return [
            symmetric(
                wrapped(values, corner * each - margin, self.side * each // 2 + 2 * margin),
                symmetry,
            )
            for values, margin, each in around
        ]


def wrapped(values: Volume, corner: NDArray[np.integer], side: int) -> Volume:
    """Cut a cube out of a periodic box, (side, side, side).

    Parameters
    ----------
    values : array, (nz, ny, nx)
    corner : array of int, (3,)
        Along z, y, x; of any size.
    """
    places = ((np.arange(side) + at) % n for at, n in zip(corner, values.shape, strict=True))
    return values[np.ix_(*places)]


def symmetric(values: Volume, number: int) -> Volume:
    """Turn and mirror a cube by one of `SYMMETRIES`."""
    order, directions = SYMMETRIES[number]
    z, y, x = (slice(None, None, direction) for direction in directions)
    return np.ascontiguousarray(values.transpose(order)[z, y, x])


def repeated(low: Grid, like: Grid) -> Grid:
    """Every cell as the eight that it is made of."""
    values = low.values
    for axis in range(3):
        values = values.repeat(2, axis)
    return like.with_values(values)


def _over_mean(grid: Grid) -> Volume:
    return grid.values / np.float32(grid.values.mean(dtype=np.float64))


def _check(triplets: Sequence[Triplet]) -> None:
    if not triplets:
        raise ValueError("There are no volumes to train on, expected at least one box.")
    cell_size = triplets[0].density.cell_size
    for density in (triplet.density for triplet in triplets):
        if abs(density.cell_size / cell_size - 1) > SAME_CELL:
            raise ValueError(
                f"{density.simulation} has cells of {density.cell_size:.4g} kpc/h, expected "
                f"{cell_size:.4g} kpc/h as the other training boxes have."
            )
