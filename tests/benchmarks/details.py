"""Fine detail, and pits beside clumps, of samples and of the truth, by dark matter.

Run from the repository:

    python tests/benchmarks/details.py --field hi

Both of log10 of the field, as ratios of a sample to the truth. Detail: rms of what lies between a
map and itself averaged by 1, 2, 1, then of what that average has over the next, of every second
pixel, and so on: 1, 2, 4, 8 pixels. Pits: the mean of what closing by 3 x 3 pixels adds. Last, by
how much two seeds' difference prefers a direction: its power along one diagonal over the other.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d, grey_closing

import engine
from engine.calibration import CLASSES, classes_of
from engine.statistics.texture import diagonal_ratio
from tests.benchmarks.options import options

SCALES = 4

Array = NDArray[np.float64]


def main() -> None:
    chosen = options(__doc__).parse_args()
    simulation = engine.open_simulation(chosen.simulation)
    emulator = engine.load_emulator("ember-wgan", field=chosen.field, level=chosen.level)
    sums, counts, leanings = np.zeros((2, SCALES + 1, len(CLASSES))), np.zeros(len(CLASSES)), []
    for number in range(simulation.n_slabs(chosen.axis)):
        place = engine.SlabPlace(chosen.axis, number)
        true = simulation.slab(chosen.field, chosen.axis, number)
        samples = [engine.paint(emulator, simulation, place, seed=seed) for seed in range(2)]
        truth, first, second = (np.log10(m.values, dtype=float) for m in (true, *samples))
        kinds = classes_of(simulation.slab("dm", chosen.axis, number)).ravel()
        counts += np.bincount(kinds, minlength=len(CLASSES))
        for i, maps in enumerate((truth, first)):
            for j, found in enumerate((*(d**2 for d in details(maps)), pits(maps))):
                sums[i, j] += np.bincount(kinds, found.ravel(), minlength=len(CLASSES))
        leanings.append(np.log(diagonal_ratio(first - second, true.pixel_size)))
    means = sums / counts
    means[:, :SCALES] **= 0.5
    print(f"{'sample over truth':20s}" + "".join(f"{name:>18s}" for name in CLASSES))
    for j, name in enumerate((*(f"detail of {2**i} pixels" for i in range(SCALES)), "pits")):
        print(f"{name:20s}" + "".join(f"{ratio:18.2f}" for ratio in means[1, j] / means[0, j]))
    print(f"pits of the truth   {''.join(f'{depth:18.4f}' for depth in means[0, -1])} dex")
    error = np.std(leanings, ddof=1) / np.sqrt(len(leanings))
    print(f"diagonals of a difference {np.exp(np.mean(leanings)):.2f} +- {error:.2f}")


def details(maps: Array) -> list[Array]:
    """Detail of each scale of a periodic map."""
    found = []
    for j in range(SCALES):
        kernel = np.zeros(2 ** (j + 1) + 1)
        kernel[[0, 2**j, -1]] = 0.25, 0.5, 0.25
        smooth = convolve1d(convolve1d(maps, kernel, 0, mode="wrap"), kernel, 1, mode="wrap")
        found.append(maps - smooth)
        maps = smooth
    return found


def pits(maps: Array) -> Array:
    """What closing adds to a periodic map."""
    return grey_closing(maps, size=(3, 3), mode="wrap") - maps


if __name__ == "__main__":
    main()
