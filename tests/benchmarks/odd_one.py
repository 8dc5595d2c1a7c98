"""How often the truth is the odd one among four, itself and three samples, by size of detail.

Run from the repository:

    python tests/benchmarks/odd_one.py --field gas --simulation FILE --axis xyz

See `engine.odd_one`. Maps that ship are rounded, which alone makes the finest detail of true gas
odd in voids. `--without N` leaves out a slab.
"""

import engine
from engine.odd_one import KINDS, TOGETHER, OddOne
from engine.spread_by_scale import SIZES
from tests.benchmarks.options import options


def main() -> None:
    found = options(__doc__, seeds=6)
    found.add_argument("--without", type=int, help="Slab to leave out.")
    chosen = found.parse_args()
    if chosen.seeds < TOGETHER:
        found.error(f"--seeds is {chosen.seeds}, expected {TOGETHER} or more.")
    simulation = engine.open_simulation(chosen.simulation)
    emulator = engine.load_emulator("ember-wgan", field=chosen.field, level=chosen.level)
    ones = []
    for axis in chosen.axis:
        for number in range(simulation.n_slabs(axis)):
            if number == chosen.without:
                continue
            place = engine.SlabPlace(axis, number)
            dark_matter = simulation.slab("dm", axis, number, chosen.level)
            odd = OddOne(simulation.slab(chosen.field, axis, number), dark_matter)
            for seed in range(chosen.seeds):
                odd.add(engine.paint(emulator, simulation, place, seed=seed))
            ones.append(odd.found())
    together = sum(ones[1:], ones[0])
    print(f"{'% of squares':14s}" + "".join(f"{size:>10s}" for size in SIZES))
    rows = zip(together.odd.T, together.squares, strict=True)
    for kind, (odd, squares) in zip(
        (*KINDS, "all"), (*rows, (together.odd.sum(1), together.squares.sum())), strict=True
    ):
        print(
            f"{kind:14s}" + "".join(f"{100 * n / squares:10.0f}" for n in odd) + f"   of {squares}"
        )


if __name__ == "__main__":
    main()
