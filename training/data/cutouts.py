"""Batches of maps around clusters: scaled, turned and moved."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.normalization import Decades, Linear, Normalization
from engine.systems.mean_profiles import OF_RUN, together
from engine.systems.proper import proper_pixel, radii
from training.config import Split
from training.data.cluster_maps import ClusterMaps, Maps

SHIFT = 2
"""Pixels that training maps are moved by, at most."""

SYMMETRIES = 8
"""Of a square."""

SIGMAS = 4
"""On either side of the mean, of the logarithms that a scaling of that name spans."""

FAINT = 1e-4
"""Share of the sum over all pixels that lies in those taken for nothing: the tails of single
kernels run on for thirty decades, where the paper's extremes would reach."""

SCALINGS = ("minmax", "4sigma", "linear")
"""Between which the fields are scaled: the extremes of the logarithm, or some standard deviations
around its mean; the last one as the first, but temperature as it is."""

RINGS = (*range(17), 20, 26, 36)
"""Radii at which rings begin whose sums are compared, [pixels]: narrow ones to 1 proper Mpc, as far
as profiles are told (Chadayammuri et al. 2023, figure 6)."""


def scaling_of(values: Maps, field: str, scaling: str) -> Normalization:
    """Scale a field by its training maps; those without anything are left out.

    Parameters
    ----------
    values : array
        Per proper area.
    scaling : str
        See SCALINGS.

    References
    ----------
    Chadayammuri et al. 2023, section 3.
    """
    there = values[values > 0].astype(np.float64)
    if scaling == "linear" and field == "temperature_sl":
        return Linear(float(there.max()))
    logarithm = np.log10(there)
    if scaling == "4sigma":
        mean, reach = logarithm.mean(), SIGMAS * logarithm.std()
        return Decades(round(float(mean - reach), 4), round(float(mean + reach), 4))
    ordered = np.sort(there)
    lowest = ordered[np.searchsorted(np.cumsum(ordered), FAINT * ordered.sum())]
    return Decades(round(float(np.log10(lowest)), 4), round(float(logarithm.max()), 4))


class TrainingClusters:
    """Batches of maps, each a pure function of (seed, number).

    Parameters
    ----------
    maps : ClusterMaps
        That train.
    validation : ClusterMaps
        That choose the weights.
    fields : sequence of str
        What is painted.
    scaling : str
        See SCALINGS; measured on the training maps.
    batch_size : int
        Maps of a batch.
    seed : int
        Of their order, symmetries and shifts.
    files : sequence of (path, Split)
        What the training maps were read from.
    profiles : bool
        Whether mean profiles of the fields, fitted to the training maps, go with them.
    inner : float
        Power of the distance from the middle, plus a pixel, that pixels weigh less by: 0 for all
        alike, 1 for rings alike, of which the outer ones have the most pixels.
    heavy : float
        Power of their mass that clusters are drawn by: 0 for all alike.

    Attributes
    ----------
    weight : array, (ny, nx)
        Of pixels, one on average.
    rings : array of int, (ny, nx)
        That pixels lie in, see RINGS.
    profiles : MeanProfiles or None
        Of the scaled fields, if they are wanted.
    """

    def __init__(
        self,
        maps: ClusterMaps,
        validation: ClusterMaps,
        fields: Sequence[str],
        scaling: str,
        batch_size: int,
        seed: int,
        files: Sequence[tuple[Path, Split]] = (),
        *,
        profiles: bool = False,
        inner: float = 0.0,
        heavy: float = 0.0,
    ) -> None:
        self.maps, self.validation, self.files = maps, validation, files
        self.batch_size, self.seed = batch_size, seed
        self.eaten = scaling_of(maps.dark_matter, "dm", "minmax")
        self.painted = tuple(
            scaling_of(maps.fields[:, number], field, scaling)
            for number, field in enumerate(fields)
        )
        place = radii(maps.first.shape, 1.0)
        weight = (place + 1) ** -inner
        self.weight = (weight / weight.mean()).astype(np.float32)
        self.rings = np.digitize(place, RINGS) - 1
        chance = maps.mass**heavy
        self._chance = np.cumsum(chance / chance.sum())
        self.profiles = None
        if profiles:
            self.profiles = together(
                [
                    maps.profile(number, field, self.painted[number].forward)
                    for number, field in enumerate(fields)
                ]
            )
        self._scaled = self.scaled(maps)
        self._law = self.law(maps)

    @property
    def about(self) -> str:
        """How many maps, for people."""
        return f"{len(self.maps)} maps of clusters, {len(self.validation)} to choose by"

    def scaled(self, maps: ClusterMaps) -> tuple[Maps, Maps]:
        """Inputs, (n, inputs, ny, nx), and fields, (n, fields, ny, nx), as the network has them.

        The first input is dark matter, the others mean profiles of the fields, if wanted.
        """
        fields = [
            scaling.forward(maps.fields[:, number]) for number, scaling in enumerate(self.painted)
        ]
        inputs = self.eaten.forward(maps.dark_matter).astype(np.float32)[:, None]
        if self.profiles is not None:
            pixel, shape = proper_pixel(maps.first), maps.first.shape
            drawn = [self.profiles.maps(traits, shape, pixel) for traits in maps.traits]
            inputs = np.concatenate([inputs, np.array(drawn, np.float32)], 1)
        return inputs, np.stack(fields, axis=1).astype(np.float32)

    @staticmethod
    def law(maps: ClusterMaps) -> Maps:
        """What sums scatter about: their traits of mass and run, (n, OF_RUN)."""
        return maps.traits[:, :OF_RUN].astype(np.float32)

    def batch(self, number: int) -> tuple[Tensor, ...]:
        """Draw the maps of one batch.

        Returns
        -------
        inputs : tensor, (batch, inputs, ny, nx)
            See `scaled`; turned and moved; beyond the edges the last pixels go on.
        fields : tensor, (batch, fields, ny, nx)
            Likewise.
        weight : tensor, (batch, 1, ny, nx)
            Of pixels; zero beyond the edges.
        rings : tensor of int, (batch, 1, ny, nx)
            That pixels lie in, around the middle of the cluster.
        law : tensor, (batch, OF_RUN)
            See `law`.
        """
        random = np.random.default_rng((self.seed, 1, number))
        drawn = np.searchsorted(self._chance, random.random(self.batch_size))
        chosen = np.minimum(drawn, len(self.maps) - 1)
        inputs, fields = self._scaled
        turned = [
            moved(
                np.concatenate([inputs[row], fields[row]]),
                int(random.integers(SYMMETRIES)),
                random.integers(-SHIFT, SHIFT + 1, 2),
                np.stack([self.weight, self.rings.astype(np.float32)]),
            )
            for row in chosen
        ]
        maps, beside = (torch.from_numpy(np.stack(parts)) for parts in zip(*turned, strict=True))
        among = inputs.shape[1]
        law = torch.from_numpy(self._law[chosen])
        return maps[:, :among], maps[:, among:], beside[:, :1], beside[:, 1:].long(), law


def moved(
    maps: Maps, symmetry: int, shift: NDArray[np.integer], centred: Maps
) -> tuple[Maps, Maps]:
    """Turn, mirror and move maps, (channels, ny, nx).

    Parameters
    ----------
    symmetry : int
        From 0 to 7.
    shift : array of int, (2,)
        Along y and x, [pixels], at most SHIFT.
    centred : array, (k, ny, nx)
        Of pixels, around the middle, so that it is the same however the map is turned.

    Returns
    -------
    array, (channels, ny, nx)
        Beyond the edges the last pixels go on.
    array, (k, ny, nx)
        That, moved; zero beyond the edges.
    """
    turned = np.rot90(maps, symmetry % 4, (1, 2))
    turned = turned[:, :, ::-1] if symmetry >= SYMMETRIES // 2 else turned
    ny, nx = turned.shape[1:]
    y, x = SHIFT + shift
    around = ((SHIFT, SHIFT), (SHIFT, SHIFT))
    wide = np.pad(turned, ((0, 0), *around), mode="edge")
    there = np.pad(centred, ((0, 0), *around))
    return (
        np.ascontiguousarray(wide[:, y : y + ny, x : x + nx]),
        np.ascontiguousarray(there[:, y : y + ny, x : x + nx]),
    )
