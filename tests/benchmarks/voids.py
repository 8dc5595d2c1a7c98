"""What samples of a stochastic emulator get wrong in voids, and how much they differ there.

Run from the repository:

    python tests/benchmarks/voids.py --field hi --simulation FILE --axis x

Voids are the pixels of a slab whose dark matter, smoothed by two pixels, is among its least: the
least 15 % for seeds and bands, 30 % for the rest. All is of log10 of the field: by how much the
mean of voids is off, and from seed to seed; errors of the samples' mean and their spread about it
in bands between smoothings; rms error of the samples' mean in each slab, beside that of a
regression on smoothed dark matter that the other slabs were fitted with.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import engine
from tests.benchmarks.options import options

SMOOTHINGS = (0.7, 1.4, 2.8, 5.6, 11.0, 22.0)
"""Widths of the Gaussians between which the bands lie, [pixels]."""

SEEN = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Of the dark matter that the regression sees, [pixels]."""

VOIDS, DARK = 0.15, 0.3

Array = NDArray[np.float64]


def main() -> None:
    chosen = options(__doc__, simulation="validation-z2", seeds=8).parse_args()
    simulation = engine.open_simulation(chosen.simulation)
    emulator = engine.load_emulator("ember-wgan", field=chosen.field, level=chosen.level)
    means, apart, off, spread, least, seen = [], [], [], [], [], []
    for number in range(simulation.n_slabs(chosen.axis)):
        place = engine.SlabPlace(chosen.axis, number)
        truth = np.log10(simulation.slab(chosen.field, chosen.axis, number).values, dtype=float)
        dark = simulation.slab("dm", chosen.axis, number).values.astype(float)
        samples = [
            np.log10(engine.paint(emulator, simulation, place, seed=seed).values, dtype=float)
            for seed in range(chosen.seeds)
        ]
        mean, smooth = np.mean(samples, 0), smoothed(dark, 2.0)
        voids = smooth < np.quantile(smooth, VOIDS)
        by_seed = [each[voids].mean() for each in samples]
        means.append(np.mean(by_seed) - truth[voids].mean())
        apart.append(np.std(by_seed, ddof=1))
        off.append(of_bands(truth - mean, voids))
        fair = np.sqrt(chosen.seeds / (chosen.seeds - 1))
        spread.append(fair * np.mean([of_bands(each - mean, voids) for each in samples], 0))
        dark_part = smooth < np.quantile(smooth, DARK)
        least.append((truth[dark_part], mean[dark_part]))
        seen.append(np.stack([np.log10(smoothed(dark, w))[dark_part] for w in SEEN], 1))
    print(f"mean of voids off by {rms(means):.3f} dex rms; from seed to seed {rms(apart):.3f} dex")
    print("band up to [pixels]   " + " ".join(f"{width:7.1f}" for width in SMOOTHINGS))
    for name, rows in (("error", off), ("spread", spread)):
        print(f"{name:21s} " + " ".join(f"{value:7.4f}" for value in np.mean(rows, 0)))
    for number, (truth, mean) in enumerate(least):
        others = [i for i in range(len(least)) if i != number]
        fitted = regression([seen[i] for i in others], [least[i][0] for i in others])
        print(
            f"slab {number}: painted {rms(truth - mean):.4f} dex rms, {np.mean(mean - truth):+.3f} "
            f"in the mean; a regression {rms(truth - fitted(seen[number])):.4f}"
        )


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def smoothed(values: Array, width: float) -> Array:
    return gaussian_filter(values, width, mode="wrap")


def of_bands(values: Array, where: NDArray[np.bool_]) -> list[float]:
    """Scatter of a map (ny, nx) in each band, about its mean there."""
    maps = [values, *(smoothed(values, width) for width in SMOOTHINGS)]
    return [float((a - b)[where].std()) for a, b in pairwise(maps)]


def regression(seen: list[Array], truth: list[Array]):
    """Least squares of second order in logarithms of smoothed dark matter."""
    given = np.concatenate(seen)
    middle, width = given.mean(0), given.std(0)

    def terms(values: Array) -> Array:
        x = (values - middle) / width
        return np.concatenate([np.ones((len(x), 1)), x, x**2, x[:, :1] * x], 1)

    numbers = np.linalg.lstsq(terms(given), np.concatenate(truth), rcond=None)[0]
    return lambda values: terms(values) @ numbers


if __name__ == "__main__":
    main()
