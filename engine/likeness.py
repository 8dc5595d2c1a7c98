"""Does a painting look like the truth? Texture of slabs, kept small and pooled over maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.calibration import mean_dark_matter
from engine.mesh import Slab, frozen_array
from engine.statistics.texture import class_distances, empty_share, patch_waves

CLASSES = ("voids", "near the mean", "filaments", "haloes")
"""Of patches of 8 x 8 pixels by their dark matter: edges at 0.5, 2 and 20 times the mean."""

PATCHES = 1000
"""Drawn of each map."""

PRECISION = 7e-4
"""Rms of what rounding to seven mantissa bits, as maps ship, adds to a logarithm, [dex]. True gas
in voids has fine waves of a tenth of that: in their units rounding alone is a distance of 25."""

FAINTEST = 1e-5
"""Added before a logarithm is taken, [Msun h / ckpc^2]: a hundredth of what HI's faintest true
pixels hold."""


@dataclass(frozen=True, eq=False)
class Texture:
    """What is kept of one slab's truth and paintings.

    Parameters
    ----------
    waves : array, (2, PATCHES, 63)
        Amplitudes of the waves of patches of the truth and of a painting, as
        `engine.statistics.texture.patch_waves` gives them.
    density : array, (2, PATCHES)
        Of dark matter in these patches, in units of the mean.
    empty : array, (2,)
        Share of pixels without any, of the truth and of the painting.
    below : float
        Share of the painting's pixels that are fainter than any of the truth's.
    """

    waves: NDArray[np.float32]
    density: NDArray[np.float32]
    empty: NDArray[np.float64]
    below: float

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("waves", "density", "empty"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))


@dataclass(frozen=True, eq=False)
class Likeness:
    """How like the truth some slabs look.

    Parameters
    ----------
    patches : array, (classes,)
        Energy distance of whitened patches to the truth's: 0 where alike. Nan for classes with
        too few. What is fainter than `PRECISION` doesn't count.
    patches_unbounded : array, (classes,)
        The same, however faint.
    patches_of_truth : array, (classes,)
        As `patches`, between two halves of the truth's: what chance leaves.
    empty : array, (2,)
        Share of pixels without any, of the truth and of a painting.
    below : float
        Share of pixels fainter than any true one of their slab.
    """

    patches: NDArray[np.float64]
    patches_unbounded: NDArray[np.float64]
    patches_of_truth: NDArray[np.float64]
    empty: NDArray[np.float64]
    below: float


def texture_of(truth: Slab, painted: Slab, dark_matter: Slab, seed: int = 0) -> Texture:
    """Take what is told of a slab's texture.

    Parameters
    ----------
    truth, painted : Slab
        Of one field.
    dark_matter : Slab
        That tells voids from haloes.
    seed : int
        Of the places of the patches.

    Returns
    -------
    Texture
    """
    random = np.random.default_rng(seed)
    density = dark_matter.values / mean_dark_matter(dark_matter)
    maps = (logarithm(slab) for slab in (truth, painted))
    drawn = [patch_waves(values, density, PATCHES, random) for values in maps]
    return Texture(
        waves=np.array([waves for waves, _ in drawn], np.float32),
        density=np.array([each for _, each in drawn], np.float32),
        empty=np.array([empty_share(slab.values) for slab in (truth, painted)]),
        below=float((painted.values < truth.values.min()).mean()),
    )


def likeness(several: Sequence[Texture], most: int = 1500) -> Likeness:
    """Pool the textures of some slabs, of each class no more than some patches."""
    waves = np.concatenate([each.waves for each in several], axis=1)
    density = np.concatenate([each.density for each in several], axis=1)
    true, painted = zip(waves, density, strict=True)
    first, second = ((true[0][start::2], true[1][start::2]) for start in (0, 1))
    return Likeness(
        patches=class_distances(true, painted, most=most, precision=PRECISION),
        patches_unbounded=class_distances(true, painted, most=most),
        patches_of_truth=class_distances(first, second, most=most, precision=PRECISION),
        empty=np.mean([each.empty for each in several], axis=0),
        below=float(np.mean([each.below for each in several])),
    )


def logarithm(slab: Slab) -> NDArray[np.float64]:
    """Surface density as texture is told of it, [dex]."""
    return np.log10(slab.values.astype(np.float64) + FAINTEST)
