"""How often 68 % of samples hold P(k) of a slab, and how often they would by chance.

Run from the repository:

    python tests/benchmarks/held.py --field hi --without 2

Bins of a slab rise and fall together, so that a few slabs tell little: every sample is put in the
truth's place beside the others, and should be held by 68 % of them; how much that varies is by
how much the truth's may be off. `--without N` leaves out a slab.
"""

import numpy as np
from numpy.typing import NDArray

import engine
from engine import statistics
from engine.calibration import Ranking
from tests.benchmarks.options import options

LEVEL = 0.68
"""Probability that the interval should hold."""


def main() -> None:
    found = options(__doc__, seeds=16)
    found.add_argument("--without", type=int, help="Slab to leave out.")
    chosen = found.parse_args()
    simulation = engine.open_simulation(chosen.simulation)
    emulator = engine.load_emulator("ember-wgan", field=chosen.field, level=chosen.level)
    compute = statistics.get("power_spectrum")
    truth, samples = [], []
    for axis in chosen.axis:
        for number in range(simulation.n_slabs(axis)):
            if number == chosen.without:
                continue
            place = engine.SlabPlace(axis, number)
            truth.append(compute([simulation.slab(chosen.field, axis, number)]).y)
            samples.append(
                [
                    compute([engine.paint(emulator, simulation, place, seed=seed)]).y
                    for seed in range(chosen.seeds)
                ]
            )
    true, drawn = np.log(truth), np.log(samples).swapaxes(0, 1)  # (slabs, k), (seeds, slabs, k)
    chance = [held(one, np.delete(drawn, seed, 0)) for seed, one in enumerate(drawn)]
    print(f"{LEVEL:.0%} of {chosen.seeds} samples of {len(true)} slabs hold P(k) of")
    print(f"the truth  {held(true, drawn):4.0%}")
    print(f"a sample   {np.mean(chance):4.0%} +- {np.std(chance):.0%}")


def held(truth: NDArray[np.float64], samples: NDArray[np.float64]) -> float:
    """Share of truths, (...), inside the central `LEVEL` of samples, (seeds, ...)."""
    ranking = Ranking(truth, np.zeros(truth.shape, np.intp), 1)
    for sample in samples:
        ranking.add(sample)
    return float(ranking.found().coverage(LEVEL)[0])


if __name__ == "__main__":
    main()
