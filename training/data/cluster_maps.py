"""Maps around clusters as they are read from simulation files, and their mean profiles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.mesh import Cutout
from engine.simulation import open_simulation
from engine.systems.mean_profiles import MeanProfiles, fit_profiles, traits_of, traits_of_mass
from engine.systems.proper import proper_pixel, proper_values
from training.config import WHOLE, Split
from training.data.files import refuse_held_out

SAME_SIZE = 1e-3
"""Relative difference of proper pixel sizes up to which maps can train one network."""

TYPICAL = 0.5
"""Power of their mass that clusters weigh by in mean profiles: scores are of the heavy ones, and
most are light."""

Maps = NDArray[np.float32]

Scale = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class ClusterMaps:
    """Dark matter and fields around some objects, along each axis.

    Parameters
    ----------
    dark_matter : array, (n, ny, nx)
        Per proper area, see `engine.systems.proper`.
    fields : array, (n, fields, ny, nx)
        Likewise.
    first : Cutout
        Of dark matter, for geometry.
    redshift : array, (n,)
    bare : array of bool, (n,)
        Whether the dark matter is of a dark-matter-only twin.
    """

    dark_matter: Maps
    fields: Maps
    first: Cutout
    redshift: NDArray[np.float64]
    bare: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of maps."""
        return len(self.dark_matter)

    @property
    def mass(self) -> NDArray[np.float64]:
        """Of dark matter in each map, (n,), [Msun/h]."""
        side = self.first.pixel_size / (1 + self.first.redshift)  # a proper one, [kpc/h]
        return self.dark_matter.sum((1, 2), dtype=np.float64) * side**2

    @property
    def redshifts(self) -> tuple[float, float]:
        """Lowest and highest."""
        return float(self.redshift.min()), float(self.redshift.max())

    @property
    def traits(self) -> NDArray[np.float64]:
        """Of each map, (n, traits), see `engine.systems.mean_profiles`."""
        pixel = proper_pixel(self.first)
        return traits_of(self.dark_matter, self.mass, self.redshift, self.bare, pixel)

    def profile_by_mass(self, number: int, field: str) -> MeanProfiles:
        """Fit log10 of the mean profile of a field, by its number, to mass alone."""
        counted, pixel = self._counted(number, field), proper_pixel(self.first)
        traits = traits_of_mass(self.mass)
        return fit_profiles(self.fields[:, number], counted, traits, pixel, np.log10)

    def profile(self, number: int, field: str, scale: Scale) -> MeanProfiles:
        """Fit the scaled mean profile of a field, by its number, to all traits."""
        counted, pixel = self._counted(number, field), proper_pixel(self.first)
        weight = self.mass**TYPICAL
        return fit_profiles(
            self.fields[:, number], counted, self.traits, pixel, scale, weight / weight.mean()
        )

    def _counted(self, number: int, field: str) -> NDArray[np.bool_]:
        values = self.fields[:, number]
        return values > 0 if field == "temperature_sl" else np.ones(values.shape, bool)


def read_clusters(
    files: Sequence[tuple[Path, Split]],
    fields: Sequence[str],
    *,
    trains: bool,
    runs: Sequence[str] = ("dm",),
    apart: Split | None = None,
) -> ClusterMaps:
    """Read the maps of the parts of some simulation files.

    Parameters
    ----------
    files : sequence of (path, Split)
        The part of each.
    fields : sequence of str
        What is painted.
    trains : bool
        Then parts that are held out are refused, and of a sub-volume those objects alone are
        taken whose whole cube lies in it; else all whose centre does.
    runs : sequence of {"dm", "dmo"}
        Whose dark matter is taken, of each file that has it.
    apart : Split, optional
        Whose particles no map may share.

    Raises
    ------
    ValueError
        In one sentence, if there are no such maps or they are of several sizes.
    """
    inputs: list[Cutout] = []
    targets = []
    for path, split in files:
        if trains:
            refuse_held_out(path.stem, split)
        simulation = open_simulation(path)
        margin = np.sqrt(3) / 2 if trains else 0.0
        there = simulation.cutouts()
        for run, axis in product(runs, split.axes):
            cut = simulation.cutouts_around(run, axis) if (run, axis) in there else []
            chosen = [each for each in cut if lies_in(each, split, margin)]
            if apart is not None and fnmatchcase(path.stem, apart.pattern):
                chosen = [each for each in chosen if not reaches_into(each, apart)]
            numbers = [each.number for each in chosen]
            of_fields = [simulation.cutouts_around(field, axis, numbers) for field in fields]
            inputs += chosen
            targets += list(zip(*of_fields, strict=True))
    if not inputs:
        raise ValueError("There are no clusters to train on, expected cut-outs of at least one.")
    _check_sizes(inputs)
    return ClusterMaps(
        np.stack([proper_values(each) for each in inputs]),
        np.stack([np.stack([proper_values(each) for each in several]) for several in targets]),
        min(inputs, key=lambda each: each.redshift),
        np.array([each.redshift for each in inputs], np.float64),
        np.array([each.field == "dmo" for each in inputs]),
    )


def lies_in(cutout: Cutout, split: Split, margin: float = 0.0) -> bool:
    """Whether an object lies in a sub-volume.

    Parameters
    ----------
    margin : float
        Around its centre, in units of the cube's side, which must lie in it too.
    """
    away = margin * cutout.depth / cutout.box_size
    return all(
        (low, high) == WHOLE[0] or low + away <= at / cutout.box_size < high - away
        for at, (low, high) in zip(cutout.centre, split.volume, strict=True)
    )


def reaches_into(cutout: Cutout, split: Split) -> bool:
    """Whether the cube around an object, turned in any way, may reach into a sub-volume."""
    reach = np.sqrt(3) / 2 * cutout.depth / cutout.box_size
    for at, (low, high) in zip(cutout.centre, split.volume, strict=True):
        middle, half = (low + high) / 2, (high - low) / 2
        apart = abs(at / cutout.box_size - middle)
        if min(apart, 1 - apart) >= half + reach:
            return False
    return True


def _check_sizes(cutouts: Sequence[Cutout]) -> None:
    def proper(each: Cutout) -> float:
        return each.cell_size / (1 + each.redshift) / each.cosmology.h

    first = cutouts[0]
    for each in cutouts:
        if each.shape != first.shape or abs(proper(each) / proper(first) - 1) > SAME_SIZE:
            raise ValueError(
                f"{each.simulation} has maps of {each.shape} pixels of {proper(each):.4g} proper "
                f"kpc, expected {first.shape} of {proper(first):.4g} as the other training maps "
                "have: project the snapshots alike."
            )
