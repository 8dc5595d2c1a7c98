"""Are clusters of one region as bright for their mass as those that trained, by truth alone?

Holds true luminosities of a region's objects against the power law of mass through those of the
training box: what a painting by mass can't know of the region. Within R500c, from catalogues.

Command: python tests/benchmarks/cluster_relation.py TRAINING [SCORED]; needs no weights.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import engine
from training.report.cluster_measures import LIGHTEST
from training.report.clusters import SCORED_ON


def catalogue(simulation):
    """log10 of M500c and of the luminosity of the heavy objects, as they lie."""
    objects = simulation.objects()
    columns = objects.columns
    upright = columns.get("orientation", np.zeros(len(objects))) == 0
    rows = np.flatnonzero(upright & (columns["mass"] >= LIGHTEST) & (columns["m500c"] > 0))
    mass, light = (np.log10(columns[name][rows]) for name in ("m500c", "luminosity"))
    return mass.astype(float), light.astype(float)


def main() -> None:
    """Print by how much the region is brighter than the training's law, [dex]."""
    mass, light = catalogue(engine.open_simulation(sys.argv[1]))
    law = np.polyfit(mass, light, 1)
    own = light - np.polyval(law, mass)
    print(f"{len(mass)} trained: slope {law[0]:.2f}, scatter {own.std(ddof=2):.3f} dex")
    simulation = engine.open_simulation((*sys.argv[2:], SCORED_ON)[0])
    mass, light = catalogue(simulation)
    some = light - np.polyval(law, mass)
    error = np.hypot(some.std(ddof=1) / len(some) ** 0.5, own.std(ddof=2) / len(own) ** 0.5)
    print(
        f"{len(some)} of {simulation.name}: {some.mean():+.3f} +- {error:.3f} dex, "
        f"median {np.median(some) - np.median(own):+.3f}"
    )


if __name__ == "__main__":
    main()
