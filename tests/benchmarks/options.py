"""Options that the benchmarks of a stochastic emulator's samples share."""

import argparse


def options(
    doc: str, *, simulation: str = "hydro11-z2", seeds: int | None = None
) -> argparse.ArgumentParser:
    """Which maps are painted, at which level; with a usual number of seeds, if any, how many.

    `doc` is the docstring of the benchmark.
    """
    found = argparse.ArgumentParser(description=doc.splitlines()[0])
    found.add_argument("--simulation", default=simulation, help="Name or slab file.")
    found.add_argument("--axis", default="z")
    found.add_argument("--field", default="gas")
    found.add_argument("--level", default="HR", help="Of the input.")
    if seeds:
        found.add_argument("--seeds", type=int, default=seeds)
    return found
