"""Measures of a painting's texture, which a power spectrum doesn't see: plain functions of arrays.

Noise that differs from pixel to pixel can have the right power in every ring of wavenumbers;
by its patches, by direction and by what it leaves empty it gives itself away.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

PATCH = 8
"""Side of a patch, [pixels]."""

CLASSES = (0.0, 0.5, 2.0, 20.0, np.inf)
"""Edges of dark matter averaged over a patch, in units of the mean: voids, what is near the mean,
filaments, haloes."""

FEWEST = 30
"""Patches of a class below which no distance is told."""

BAND = (15.0, 40.0)
"""Wavenumbers whose power is told by direction, [h/Mpc]: waves of 5 to 14 pixels of 29 ckpc/h."""


def patch_distances(
    truth: ArrayLike,
    painted: ArrayLike,
    dark_matter: ArrayLike,
    edges: Sequence[float] = CLASSES,
    count: int = 1500,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Energy distance between the patches of paintings and of the truth, by class.

    Patches without their mean, in the units of the truth's spread, frequency by frequency:
    zero where painted patches have the law of true ones. Other patches are drawn of each,
    places of one map after the other.

    Parameters
    ----------
    truth, painted : array, (maps, ny, nx)
        Logarithms of surface density of periodic maps.
    dark_matter : array, (maps, ny, nx)
        In units of its mean.
    edges : sequence of float
        Of the classes.
    count : int
        Patches drawn of each map.
    seed : int
        Of their places.

    Returns
    -------
    array, (classes,)
        Nan where a class has too few patches.

    References
    ----------
    Szekely & Rizzo 2013.
    """
    random = np.random.default_rng(seed)
    densities = np.asarray(dark_matter, np.float64)
    drawn: list[Drawn] = []
    for maps in (np.asarray(truth, np.float64), np.asarray(painted, np.float64)):
        each = [patch_waves(*pair, count, random) for pair in zip(maps, densities, strict=True)]
        waves, density = (np.concatenate(parts) for parts in zip(*each, strict=True))
        drawn.append((waves, density))
    return class_distances(drawn[0], drawn[1], edges, count)


Drawn = tuple[NDArray[np.floating], NDArray[np.floating]]
"""Waves of some patches, (n, PATCH^2 - 1), and the dark matter of each, (n,)."""


def patch_waves(
    values: NDArray[np.float64],
    dark_matter: NDArray[np.floating],
    count: int,
    random: np.random.Generator,
) -> Drawn:
    """Draw patches of a periodic map: amplitudes of their waves, and their mean dark matter.

    Parameters
    ----------
    values, dark_matter : array, (ny, nx)
        Logarithms of surface density; dark matter in units of its mean.
    count : int
        Patches.
    random : Generator
        Of their places.
    """
    corners = random.integers(0, values.shape, (count, 2))
    waves = patches(values, corners) @ cosines(PATCH)[1:].T
    return waves, patches(dark_matter, corners).mean(1)


def class_distances(
    truth: Drawn,
    painted: Drawn,
    edges: Sequence[float] = CLASSES,
    most: int = 1500,
    precision: float = 0.0,
) -> NDArray[np.float64]:
    """Energy distance of drawn patches by class, in the units of the truth's spread, (classes,).

    Of a class no more than some patches are taken, evenly from all; nan where there are too few,
    or those of the truth are flat.

    Parameters
    ----------
    truth, painted : (waves, dark matter)
        As `patch_waves` draws them.
    edges : sequence of float
        Of the classes.
    most : int
        Patches of a class.
    precision : float
        Rms of rounding in the maps, in the waves' unit: added to the truth's spread in quadrature,
        so that what is fainter doesn't count.
    """
    result = []
    for low, high in pairwise(edges):
        true, other = (
            _evenly(waves[(density >= low) & (density < high)], most)
            for waves, density in (truth, painted)
        )
        if min(len(true), len(other)) < FEWEST:
            result.append(np.nan)
            continue
        spread = np.hypot(true.std(axis=0), precision)
        flat = not spread.all()  # as where there are no stars: nothing to be like
        result.append(np.nan if flat else energy_distance(true / spread, other / spread))
    return np.array(result)


def _evenly(rows: NDArray[np.floating], most: int) -> NDArray[np.float64]:
    """No more than some of the rows, from first to last."""
    places = np.linspace(0, len(rows), min(most, len(rows)), endpoint=False).astype(int)
    return rows[places].astype(np.float64)


def patches(values: NDArray[np.floating], corners: NDArray[np.int64]) -> NDArray[np.floating]:
    """Cut patches out of a periodic map.

    Parameters
    ----------
    values : array, (ny, nx)
    corners : array, (n, 2)
        Their first rows and columns.

    Returns
    -------
    array, (n, PATCH^2)
    """
    ny, nx = values.shape
    rows = (corners[:, 0, None] + np.arange(PATCH)) % ny
    columns = (corners[:, 1, None] + np.arange(PATCH)) % nx
    return values[rows[:, :, None], columns[:, None, :]].reshape(len(corners), -1)


def cosines(side: int) -> NDArray[np.float64]:
    """Orthonormal cosine waves on a square, (side^2, side^2), the constant one first."""
    place, wave = np.arange(side) + 0.5, np.arange(side)
    one = np.cos(np.pi * wave[:, None] * place / side)
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    return (one[:, None, :, None] * one[None, :, None, :]).reshape(side**2, side**2)


def energy_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Unbiased energy distance of two samples (n, d) and (m, d): zero for one law, in the mean."""
    n, m = len(one), len(other)
    within = distances(one, one).sum() / (n * (n - 1)) + distances(other, other).sum() / (
        m * (m - 1)
    )
    return float(2 * distances(one, other).mean() - within)


def distances(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distances (n, m) between points (n, d) and (m, d)."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.sqrt(np.maximum(squares, 0))


def diagonal_ratio(values: ArrayLike, pixel_size: float, band: tuple[float, float] = BAND) -> float:
    """Power along one diagonal over that along the other: one where no direction is preferred.

    Parameters
    ----------
    values : array, (n, n)
        Of a periodic map, or of the difference of two; logarithms for what spans decades.
    pixel_size : float
        Comoving, [kpc/h].
    band : (float, float)
        Wavenumbers used, [h/Mpc].

    Returns
    -------
    float
        Mean power of modes with k_x k_y > 0 over that of modes with k_x k_y < 0.

    Raises
    ------
    ValueError
        If the map has no mode in the band.
    """
    field = np.asarray(values, np.float64)
    modes = np.abs(np.fft.rfft2(field)) ** 2
    rising, falling = (modes[side] for side in _diagonals(field.shape, pixel_size, band))
    if not len(rising):
        raise ValueError(
            f"No wavenumber of a map of {field.shape} pixels of {pixel_size:.3g} ckpc/h lies "
            f"between {band[0]:g} and {band[1]:g} h/Mpc: choose another band."
        )
    return float(rising.mean() / falling.mean())


@lru_cache(maxsize=4)
def _diagonals(
    shape: tuple[int, ...], pixel_size: float, band: tuple[float, float]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Modes of `rfft2` in the band with k_x k_y > 0, and those with k_x k_y < 0."""
    ky = 2e3 * np.pi * np.fft.fftfreq(shape[0], pixel_size)[:, None]
    kx = 2e3 * np.pi * np.fft.rfftfreq(shape[1], pixel_size)
    wavenumber = np.hypot(ky, kx)
    inside = (wavenumber > band[0]) & (wavenumber < band[1])
    return inside & (kx * ky > 0), inside & (kx * ky < 0)


def empty_share(values: ArrayLike, faintest: float = 0.0) -> float:
    """Share of pixels at or below a surface density that no true pixel is below."""
    return float((np.asarray(values) <= faintest).mean())


def coverage(
    samples: ArrayLike, truth: ArrayLike, interval: tuple[float, float] = (16.0, 84.0)
) -> float:
    """How often the interval of samples holds the truth: 0.68 where they are calibrated.

    Parameters
    ----------
    samples : array, (samples, ...)
        Of any numbers: power of a slab by bin, masses of haloes, counts.
    truth : array, (...)
        The same of the truth; nan is left out.
    interval : (float, float)
        Percentiles of the samples.
    """
    true = np.asarray(truth, np.float64)
    low, high = np.percentile(np.asarray(samples, np.float64), interval, axis=0)
    known = np.isfinite(true)
    return float(((true >= low) & (true <= high))[known].mean())
