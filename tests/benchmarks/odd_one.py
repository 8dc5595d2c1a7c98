"""How often the truth is the odd one among four, its samples and itself: what eyes see first.

Run from the repository:

    python tests/benchmarks/odd_one.py --field gas --simulation FILE --axis xyz

In squares of 48 pixels the truth and three samples are compared by their detail of each size (ln of
the field, in units of what the samples' mean is off by at that dark matter): odd is the one that is
farthest from the mean of the other three. That is the truth in a quarter of the squares, if samples
look like it, and in more, if they agree with each other where it differs. Maps that ship are
rounded, which alone makes the truth's finest detail odd in voids of gas. Squares are sorted by
their densest fiftieth of dark matter: up to 3 times the mean, up to 10, and more. The slab with the
densest pixel is left out with `--without N`.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

import engine
from engine.calibration import CLASSES, classes_of, mean_dark_matter
from engine.spread_by_scale import SIZES, details
from tests.benchmarks.options import options

SIDE, AMONG, DENSEST = 48, 4, 0.98

FAINTEST = {"gas": 1.0, "hi": 1e-2}
"""Of what ln is taken, at least, [Msun h / ckpc^2]."""

KINDS = {"voids": 3, "filaments": 10, "haloes": np.inf}

Array = NDArray[np.float64]


def main() -> None:
    found = options(__doc__, seeds=6)
    found.add_argument("--without", type=int, help="Slab to leave out.")
    chosen = found.parse_args()
    simulation = engine.open_simulation(chosen.simulation)
    emulator = engine.load_emulator("ember-wgan", field=chosen.field, level=chosen.level)
    squares: dict[str, list[NDArray[np.bool_]]] = defaultdict(list)
    for axis in chosen.axis:
        for number in range(simulation.n_slabs(axis)):
            if number == chosen.without:
                continue
            place = engine.SlabPlace(axis, number)
            truth = simulation.slab(chosen.field, axis, number)
            eaten = simulation.slab("dm", axis, number, chosen.level)
            samples = [
                engine.paint(emulator, simulation, place, seed=seed) for seed in range(chosen.seeds)
            ]
            seen = np.stack(
                [logarithmic_details(each.values, chosen.field) for each in (truth, *samples)]
            )
            seen /= units(seen, classes_of(eaten))
            density = eaten.values / mean_dark_matter(eaten)
            for kind, odd in by_square(seen, density):
                squares[kind].append(odd)
    squares["all"] = [odd for kind in KINDS for odd in squares[kind]]
    print(f"{'[% of squares]':10s}" + "".join(f"{size:>10s}" for size in SIZES))
    for kind, odd in squares.items():
        shares = "".join(f"{100 * share:10.0f}" for share in np.mean(odd, 0))
        print(f"{kind:14s}{shares}   of {len(odd)}")


def logarithmic_details(values: NDArray[np.float32], field: str) -> Array:
    """Detail of ln of a map, (sizes, ny, nx)."""
    return np.stack(details(np.log(np.maximum(values, FAINTEST[field]), dtype=float)))


def units(seen: Array, classes: NDArray[np.intp]) -> Array:
    """What the mean of samples is off by at each pixel's class, (sizes, ny, nx).

    Of details (1 + samples, sizes, ny, nx), the truth's first.
    """
    off = seen[0] - seen[1:].mean(0)
    count = np.maximum(np.bincount(classes.ravel(), minlength=len(CLASSES)), 1)
    squares = [np.bincount(classes.ravel(), each.ravel() ** 2, len(CLASSES)) for each in off]
    return np.sqrt(np.stack(squares) / count)[:, classes]


def by_square(seen: Array, density: NDArray[np.floating]):
    """Kind of every square, and whether the truth is the odd one there by size, each three samples.

    Of details in their units, (1 + samples, sizes, ny, nx), and of dark matter.
    """
    ny, nx = density.shape
    for y, x in np.ndindex(ny // SIDE, nx // SIDE):
        square = (slice(y * SIDE, (y + 1) * SIDE), slice(x * SIDE, (x + 1) * SIDE))
        dense = np.quantile(density[square], DENSEST)
        kind = next(name for name, most in KINDS.items() if dense <= most)
        for first in range(1, len(seen) - AMONG + 2, AMONG - 1):
            four = seen[(..., *square)][[0, *range(first, first + AMONG - 1)]]
            others = (four.sum(0) - four) / (AMONG - 1)
            yield kind, ((four - others) ** 2).mean((-2, -1)).argmax(0) == 0


if __name__ == "__main__":
    main()
