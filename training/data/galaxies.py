"""Boxes to train dm2gal on: cubes around subhaloes, drawn so that every mass has its share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.catalogue_grids import GalaxyGrid, SubhaloGrid, galaxy_grid, in_cells, subhalo_grid
from engine.galaxies import ADDED, median_relation
from engine.mesh import Grid, Mesh, dark_matter_of_hydro
from engine.normalization import StandardLog
from engine.places import Run
from engine.simulation import open_simulation
from engine.systems.super_resolution import around
from training.config import Split
from training.data.volumes import SYMMETRIES, symmetric

TARGETS = {"residuals": ADDED, "galaxies": ADDED, "voxels": 1.0}
"""What is learnt, and the mass that is added to it before the logarithm is taken, [Msun/h]: the
galaxies in the subhaloes of a cell, dark ones included, or by how much they differ from the median
of their subhaloes' masses; or, as in the paper, the stars of the cells that have `LEAST_VOXEL` of
them."""

LEAST_VOXEL = 1e8
"""[Msun/h]."""

PARTICLES = 20
"""That a subhalo has at least."""

BINS = 100
"""Of the logarithm of a stellar mass between its extremes, which are drawn equally often: of the
true one or, where residuals are learnt, of the median of the subhalo's mass. Of subhaloes of one
mass those with more stars must not come oftener: a network would learn residuals that are too
large in the mean, most where many are dark, as around the heaviest halo."""

LARGEST_WEIGHT = 20.0
"""In units of the smallest: a bin with one galaxy would otherwise be a hundredth of all."""

SAME_CELL = 0.01
"""Relative difference of cell sizes up to which boxes may train one network."""


@dataclass(frozen=True, eq=False)
class GalaxyBox:
    """One box and the cells of it that are learnt.

    Parameters
    ----------
    dark_matter : Grid
        Of the dark-matter-only run.
    subhalos : SubhaloGrid
        Of the same run.
    truth : GalaxyGrid
        Galaxies of the hydrodynamical run, matched with these subhaloes.
    least_mass : float
        Of `PARTICLES`, [Msun/h].
    cells : array, (n, 3)
        z, y, x.
    stars : array, (n,)
        Stellar mass there, [Msun/h].
    """

    dark_matter: Grid
    subhalos: SubhaloGrid
    truth: GalaxyGrid
    least_mass: float
    cells: NDArray[np.int64]
    stars: NDArray[np.float64]

    @property
    def name(self) -> str:
        """Of the simulation."""
        return self.dark_matter.simulation


def read_box(path: str | Path, source: Split, target: str, cell_size: float) -> GalaxyBox:
    """Read a box, and what of a part of it is learnt.

    Parameters
    ----------
    source : Split
        Says which part.
    target : str
        One of `TARGETS`.
    cell_size : float
        Wanted, comoving [kpc/h].

    Raises
    ------
    ValueError
        In one sentence, if the file lacks the grid, the subhaloes or the galaxies.
    """
    simulation = open_simulation(path)
    dark = simulation.grid("dmo") if Run("dmo") in simulation.grids() else None
    if dark is None or abs(dark.cell_size / cell_size - 1) > SAME_CELL:
        found = f"cells of {dark.cell_size:.4g} kpc/h" if dark else "none"
        raise ValueError(
            f"{simulation.name} has as grid of dmo {found}, expected {cell_size:.4g} kpc/h: "
            "project its snapshot with --twin dmo:HR=FILE --grids dmo --cells "
            f"{round(1000 * simulation.box_size / cell_size)}."
        )
    halos, truth = (make(simulation, len(dark.values)) for make in (subhalo_grid, galaxy_grid))
    assert isinstance(halos, SubhaloGrid)
    assert isinstance(truth, GalaxyGrid)
    least = PARTICLES * particle_mass(dark)
    cells = learnt_cells(halos, truth, target, least)
    inside = np.all(
        [
            (cells[:, axis] >= part.start) & (cells[:, axis] < part.stop)
            for axis, part in enumerate(source.cells(len(dark.values)))
        ],
        axis=0,
    )
    cells = cells[inside]
    return GalaxyBox(dark, halos, truth, least, cells, stars_in(cells, halos, truth, target, least))


def particle_mass(dark_matter: Mesh) -> float:
    """Of a dark-matter-only run, [Msun/h]."""
    mean = dark_matter.cosmology.mean_matter_density
    return mean * dark_matter.box_size**3 / dark_matter.particles


def learnt_cells(
    halos: SubhaloGrid, truth: GalaxyGrid, target: str, least: float
) -> NDArray[np.int64]:
    """Cells of a box that can be learnt, (n, 3), z, y, x."""
    if target == "voxels":
        return np.argwhere(truth.values * truth.cell_volume > LEAST_VOXEL)
    return np.unique(_cells_of(halos)[halos.subhalos.mvir >= least], axis=0)


def stars_in(
    cells: NDArray[np.int64], halos: SubhaloGrid, truth: GalaxyGrid, target: str, least: float
) -> NDArray[np.float64]:
    """Stellar mass that is learnt of cells, (n,), [Msun/h]."""
    if target == "voxels":
        z, y, x = cells.T
        return np.asarray(truth.values[z, y, x] * truth.cell_volume, np.float64)
    return added_in(cells, halos, truth.galaxies.of_subhalos(len(halos.subhalos)), least)


def added_in(
    cells: NDArray[np.int64], halos: SubhaloGrid, stars: NDArray[np.floating], least: float
) -> NDArray[np.float64]:
    """Sum of what the subhaloes of each cell have, (n,)."""
    shape = halos.shape
    sums = np.zeros(np.prod(shape))
    seen = halos.subhalos.mvir >= least
    np.add.at(sums, np.ravel_multi_index(tuple(_cells_of(halos)[seen].T), shape), stars[seen])
    found: NDArray[np.float64] = sums[np.ravel_multi_index(tuple(cells.T), shape)]
    return found


def _cells_of(halos: SubhaloGrid) -> NDArray[np.int64]:
    """Cell of each subhalo, (n, 3), z, y, x."""
    place = in_cells(halos.subhalos.position, len(halos.values), halos.box_size)
    return place.astype(np.int64)[:, ::-1]


def balanced(stars: NDArray[np.floating]) -> NDArray[np.float64]:
    """How often each sample is drawn: as often in all as any other bin's, within limits.

    Parameters
    ----------
    stars : array, (n,)
        Logarithm of the mass.

    Returns
    -------
    array, (n,)
        With the sum one.
    """
    low, high = stars.min(), stars.max()
    number = ((stars - low) / max(high - low, 1e-9) * BINS).astype(int).clip(max=BINS - 1)
    weight = 1.0 / np.bincount(number, minlength=BINS)[number]
    weight = np.minimum(weight, LARGEST_WEIGHT * weight.min())
    return weight / weight.sum()


class TrainingGalaxies:
    """Batches of cubes, each a pure function of (seed, number).

    Parameters
    ----------
    boxes : sequence of GalaxyBox
        Of one cell size; their sides may differ.
    target : str
        One of `TARGETS`.
    margin : int
        Cells around the one that is learnt.
    batch_size : int
        Cubes of a batch.
    seed : int
        Of what is drawn and of its symmetries.
    dark_matter : bool
        Whether the network sees it, or subhaloes alone.
    validation : GalaxyBox
        A box that never trains, which chooses the weights.
    files : sequence of (path, Split)
        What the training boxes were read from.

    Raises
    ------
    ValueError
        If there is nothing to learn.
    """

    def __init__(
        self,
        boxes: Sequence[GalaxyBox],
        target: str,
        margin: int,
        batch_size: int,
        seed: int,
        dark_matter: bool,
        validation: GalaxyBox,
        files: Sequence[tuple[Path, Split]] = (),
    ) -> None:
        self.boxes, self.validation, self.files = tuple(boxes), validation, files
        self.margin, self.batch_size, self.seed = margin, batch_size, seed
        self.sees_dark_matter = dark_matter
        self.box = np.repeat(np.arange(len(boxes)), [len(each.stars) for each in boxes])
        if len(self.box) < 2:
            raise ValueError(
                f"The boxes have {len(self.box)} cells with subhaloes to learn, expected two or "
                "more."
            )
        self.cells = np.concatenate([each.cells for each in boxes])
        self.stars = np.concatenate([each.stars for each in boxes])
        volume, offset = boxes[0].dark_matter.cell_volume, TARGETS[target]
        logarithm = np.log10(self.stars + offset)
        self.relation: Relation | None = None
        expected = logarithm
        if target == "residuals":
            relation = self.relation = median_relation(*_of_samples(boxes)[:2])
            stars = np.concatenate([_by_relation(each, relation) for each in boxes])
            expected = np.log10(stars + offset)
        self.share = balanced(expected)
        mean = float(self.share @ logarithm)
        spread = float(np.sqrt(self.share @ (logarithm - mean) ** 2))
        self.output = StandardLog(volume, offset, mean, spread)
        self.inputs = tuple(
            spread_of([eaten(each)[which] for each in boxes], volume) for which in range(2)
        )
        self.residual_spread = 0.0
        scaled = (logarithm - mean) / spread
        if self.relation is not None:
            apart = logarithm - expected
            self.residual_spread = float(np.sqrt(self.share @ apart**2))
            scaled = apart / self.residual_spread
        self._scaled = scaled.astype(np.float32)
        self._wide = [self._widened(each) for each in boxes]

    @property
    def about(self) -> str:
        """How many cells of how many boxes, for people."""
        resolved = int((self.stars > LEAST_VOXEL).sum())
        return (
            f"{len(self.stars)} cells of {len(self.boxes)} boxes, {resolved} with more than "
            f"{LEAST_VOXEL:.0e} Msun/h of stars"
        )

    def _widened(self, box: GalaxyBox) -> NDArray[np.float32]:
        """Both scaled inputs with a margin on all sides, (2, n, n, n)."""
        spans = [(0, side) for side in box.dark_matter.shape]
        both = [
            around(scaling.forward(values).astype(np.float32), spans, self.margin)
            for scaling, values in zip(self.inputs, eaten(box), strict=True)
        ]
        return np.stack(both)

    def batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Draw the cubes of one batch.

        Returns
        -------
        cubes : tensor, (batch, 2, side, side, side)
            Scaled dark matter and subhaloes.
        stars : tensor, (batch,)
            Scaled.
        """
        random = np.random.default_rng((self.seed, 1, number))
        drawn = random.choice(len(self.share), self.batch_size, p=self.share)
        turned = random.integers(len(SYMMETRIES), size=self.batch_size)
        cubes = [self._cube(i, int(turn)) for i, turn in zip(drawn, turned, strict=True)]
        return torch.from_numpy(np.stack(cubes)), torch.from_numpy(self._scaled[drawn])

    def cubes(self, samples: NDArray[np.int64]) -> Tensor:
        """Cubes of some cells as they lie in their boxes, (n, 2, side, side, side)."""
        return torch.from_numpy(np.stack([self._cube(int(each), 0) for each in samples]))

    @property
    def subhalos(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Mass and stars of every subhalo that trains, [Msun/h], and the number of its cell."""
        return _of_samples(self.boxes)

    def _cube(self, sample: int, symmetry: int) -> NDArray[np.float32]:
        z, y, x = (slice(at, at + 2 * self.margin + 1) for at in self.cells[sample])
        cube = self._wide[self.box[sample]][:, z, y, x]
        found = np.stack([symmetric(each, symmetry) for each in cube])
        if not self.sees_dark_matter:
            found[0] = 0.0
        return found


Relation = tuple[NDArray[np.float32], NDArray[np.float32]]


def _of_samples(
    boxes: Sequence[GalaxyBox],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mass of the subhaloes in cells that are learnt, their stars and their cells, (n,)."""
    mass, stars, cells, before = [], [], [], 0
    for box in boxes:
        halos = box.subhalos.subhalos
        number = np.full(box.subhalos.shape, -1)
        number[tuple(box.cells.T)] = before + np.arange(len(box.cells))
        cell = number[tuple(_cells_of(box.subhalos).T)]
        seen = (halos.mvir >= box.least_mass) & (cell >= 0)
        mass.append(halos.mvir[seen].astype(np.float64))
        stars.append(box.truth.galaxies.of_subhalos(len(halos))[seen])
        cells.append(cell[seen])
        before += len(box.cells)
    return np.concatenate(mass), np.concatenate(stars), np.concatenate(cells)


def _by_relation(box: GalaxyBox, relation: Relation) -> NDArray[np.float64]:
    """Stars of the cells that are learnt, if each subhalo had the median, (n,), [Msun/h]."""
    mass = np.log10(box.subhalos.subhalos.mvir.astype(np.float64))
    stars = 10 ** np.interp(mass, *relation) - ADDED
    return added_in(box.cells, box.subhalos, stars, box.least_mass)


def eaten(box: GalaxyBox) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Densities that the network sees."""
    return dark_matter_of_hydro(box.dark_matter), box.subhalos.values


def spread_of(several: Sequence[NDArray[np.float32]], volume: float) -> StandardLog:
    """The scaling of some boxes' densities by the spread of all of their cells."""
    logarithm = np.concatenate([np.log10(values.ravel() * volume + 1.0) for values in several])
    mean, spread = logarithm.mean(dtype=np.float64), logarithm.std(dtype=np.float64)
    return StandardLog(volume, 1.0, float(mean), float(spread))
