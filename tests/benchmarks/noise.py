"""What each noise of a gated generator earns: samples without it, scored as those with all.

Run from the repository:

    python tests/benchmarks/noise.py --field hi --seeds 4

Of every second slab of an axis: the probability score of a normalised pixel; spread over error by
dark matter (1 is right, less where samples are too alike); distance of patches of 8 x 8 pixels to
the truth's in voids, near the mean and in filaments (0 where alike); spread of the mass.
"""

import numpy as np

import engine
from engine.calibration import CLASSES, Ranking, classes_of, scaled
from engine.likeness import likeness, texture_of
from tests.benchmarks.options import options


def main() -> None:
    chosen = options(__doc__, seeds=4).parse_args()
    simulation = engine.open_simulation(chosen.simulation)
    emulator = engine.load_emulator("ember-wgan", field=chosen.field, level=chosen.level)
    network = emulator.card.architecture
    halvings = len(network["widths"]) - 1
    names = ["a realisation's numbers", *(f"{2**i:2d} pixels" for i in range(halvings, -1, -1))]
    if network.get("discs"):
        names[-1] = "discs"
    print(f"{'without':24s} score     spread/error{' ' * 20} patches{' ' * 15} mass, spread")
    for left_out in (None, *range(len(names)), "all"):
        strengths = [float(left_out not in (i, "all")) for i in range(len(names))]
        found = scores(emulator, simulation, chosen, tuple(strengths))
        label = {None: "nothing", "all": "any noise"}.get(left_out) or names[left_out]
        print(f"{label:24s} {found}", flush=True)


def scores(emulator, simulation, chosen, strengths: tuple[float, ...]) -> str:
    """Paint with some strengths of the noises and write how good that is."""
    textures, ranked, score, masses = [], [], [], []
    for place in range(0, simulation.n_slabs(chosen.axis), 2):
        truth = simulation.slab(chosen.field, chosen.axis, place)
        below = simulation.slab("dm", chosen.axis, place)
        eaten = simulation.slab("dm", chosen.axis, place, chosen.level)
        samples = [
            emulator.predict(eaten, realisation=engine.Realisation(seed, strengths))
            for seed in range(chosen.seeds)
        ]
        textures.append(texture_of(truth, samples[0], below, seed=place))
        ranking = Ranking(scaled(truth), classes_of(eaten), len(CLASSES))
        drawn = np.array([scaled(sample) for sample in samples])
        for values in drawn:
            ranking.add(values)
        ranked.append(ranking.found())
        apart = np.mean([abs(a - b).mean() for i, a in enumerate(drawn) for b in drawn[:i]])
        score.append(abs(drawn - scaled(truth)).mean() - apart / 2)
        masses.append([sample.values.sum(dtype=float) for sample in samples])
    spread_error = sum(ranked[1:], ranked[0]).spread_error
    patches = likeness(textures).patches[:3]
    box = np.sum(masses, axis=0)
    return (
        f"{np.mean(score):.5f}   {' '.join(f'{value:5.2f}' for value in spread_error)}   "
        f"{' '.join(f'{value:6.2f}' for value in patches)}   {box.std(ddof=1) / box.mean():.4f}"
    )


if __name__ == "__main__":
    main()
