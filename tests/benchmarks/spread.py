"""How well the spread of a stochastic emulator's samples says how far off they are.

Run from the repository:

    python tests/benchmarks/spread.py --field gas --seeds 16

For maps and their area means: the ensemble median's error against the truth and the samples'
spread (root mean squares of normalised pixels; a calibrated ensemble has a ratio of 1), and the
probability score. For P(k), summed over the axis' slabs: the mean ratio to the truth and half the
distance from 16 to 84 %.
"""

from itertools import combinations

import numpy as np

import engine
from engine import statistics
from engine.mesh import Slab
from engine.normalization import normalization
from tests.benchmarks.options import options

SCALES = 5


def main() -> None:
    found = options(__doc__, seeds=16)
    found.add_argument("--factor", type=float, default=1.0, help="On the strength of all noise.")
    found.add_argument("--without", type=int, help="Slab that is left out.")
    chosen = found.parse_args()
    simulation = engine.open_simulation(chosen.simulation)
    emulator = engine.load_emulator("ember-wgan", field=chosen.field, level=chosen.level)
    strengths = (chosen.factor,) * SCALES
    places = [i for i in range(simulation.n_slabs(chosen.axis)) if i != chosen.without]
    truth = [simulation.slab(chosen.field, chosen.axis, place) for place in places]
    samples = [
        [
            emulator.predict(
                simulation.slab("dm", chosen.axis, place, chosen.level),
                realisation=engine.Realisation(seed, strengths),
            )
            for place in places
        ]
        for seed in range(chosen.seeds)
    ]
    print("pixels   error    spread   ratio   probability score")
    for scale in range(SCALES):
        error, spread, score = calibration(truth, samples, scale)
        ratio = error / spread
        print(f"{2**scale:6d}  {error:7.2e} {spread:7.2e} {ratio:6.2f}   {score:.3e}")
    compute = statistics.get("power_spectrum")
    true_power = compute(truth)
    ratios = np.array([compute(sample).y / true_power.y for sample in samples])
    low, high = np.percentile(ratios, (16, 84), axis=0)
    print("k [h/Mpc]   P/P_true   spread")
    for k, middle, width in zip(true_power.x, ratios.mean(0), (high - low) / 2, strict=True):
        print(f"{k:9.2f}   {middle:8.3f}   {width:.4f}")


def calibration(
    truth: list[Slab], samples: list[list[Slab]], scale: int
) -> tuple[float, float, float]:
    """Error of the median, spread and probability score of maps averaged over 2^scale pixels."""
    squared = variance = score = 0.0
    for place, slab in enumerate(truth):
        true = normalized(slab, scale)
        drawn = np.array([normalized(sample[place], scale) for sample in samples])
        squared += np.mean((np.median(drawn, axis=0) - true) ** 2)
        variance += drawn.var(axis=0, ddof=1).mean()
        apart = np.mean([abs(a - b).mean() for a, b in combinations(drawn, 2)])
        score += abs(drawn - true).mean() - apart / 2
    n = len(truth)
    return float(np.sqrt(squared / n)), float(np.sqrt(variance / n)), float(score / n)


def normalized(slab: Slab, scale: int) -> np.ndarray:
    """Normalised area means over 2^scale pixels a side."""
    side = 2**scale
    ny, nx = (n // side for n in slab.shape)
    means = slab.values.reshape(ny, side, nx, side).mean(axis=(1, 3))
    return normalization(slab.field).forward(means)


if __name__ == "__main__":
    main()
