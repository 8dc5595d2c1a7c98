"""What holds of the truth alone: the paper's two appendices."""

from typing import Any

import numpy as np

from engine import statistics
from engine.simulation import Simulation
from engine.statistics.cddf import whole_box
from engine.statistics.halo_relation import HaloRelation
from engine.statistics.halo_scatter import FEWEST
from training.report.bands import rounded

BINS_PER_DEX = 4


def cddf_of_box(simulation: Simulation, axes: str) -> dict[str, Any]:
    """CDDF of the whole box over that of its slabs: where absorbers lie one behind another.

    References
    ----------
    Bernardini et al. 2022, figure A1.
    """
    slabs = {
        axis: [simulation.slab("hi", axis, i) for i in range(simulation.n_slabs(axis))]
        for axis in axes
    }
    of_slabs = statistics.get("cddf")([slab for each in slabs.values() for slab in each])
    of_box = statistics.get("cddf")([whole_box(each) for each in slabs.values()])
    kept = of_slabs.y > 0
    return {
        "x": rounded(of_slabs.x[kept]),
        "x_label": of_slabs.x_label,
        "ratio": {"median": rounded(of_box.y[kept] / of_slabs.y[kept])},
        "count": rounded(of_box.count[kept]),
    }


def aperture_masses(simulation: Simulation, axes: str) -> dict[str, Any]:
    """Dark mass within the projected virial radius over the virial mass, by virial mass.

    References
    ----------
    Bernardini et al. 2022, figure B1.
    """
    relation = HaloRelation(simulation.halos("hydro"))
    slabs = [
        simulation.slab("dm", axis, i) for axis in axes for i in range(simulation.n_slabs(axis))
    ]
    found = relation(slabs, slabs)
    mvir, ratio = found.columns["mvir"], found.x / found.columns["mvir"]
    ends = np.log10(mvir).min(), np.log10(mvir).max()
    first, last = np.floor(ends[0] * BINS_PER_DEX), np.ceil(ends[1] * BINS_PER_DEX)
    edges = np.arange(first, last + 1) / BINS_PER_DEX
    bin_index = np.digitize(np.log10(mvir), edges) - 1
    members = [ratio[bin_index == i] for i in range(len(edges) - 1)]
    levels = {"low": 16, "median": 50, "high": 84}
    return {
        "x": rounded(10 ** ((edges[1:] + edges[:-1]) / 2)),
        "x_label": "virial mass [Msun/h]",
        "count": [len(inside) for inside in members],
        "ratio": {
            name: [
                rounded(np.percentile(inside, level)) if len(inside) >= FEWEST else None
                for inside in members
            ]
            for name, level in levels.items()
        },
    }
