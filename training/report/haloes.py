"""The halo relation and its scatter, of the truth and of the realisations."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.results import Points
from engine.statistics.halo_relation import HaloMasses, HaloRelation, HaloSums
from engine.statistics.halo_scatter import quantile, scatter
from training.report.bands import bands, rounded
from training.report.run import Task


def relation(
    task: Task, truth: Sequence[HaloMasses], painted: Sequence[Sequence[HaloMasses]]
) -> dict[str, Any]:
    """Compare mass and scatter in bins of dark mass.

    Parameters
    ----------
    task : Task
        What was painted.
    truth : sequence of HaloMasses
        Of each slab.
    painted : sequence of sequence of HaloMasses
        By seed, then by slab.

    Returns
    -------
    dict
        Bins of dark mass (middles `x` [Msun/h], haloes in each, median environment);
        `truth` and `painted` medians with their 16 and 84 % quantiles over haloes; `median`
        and `scatter` [dex] of the realisations as bands over them.
    """
    true = points(task, truth)
    samples = [points(task, each) for each in painted]
    middle = quantile(true)
    assert middle.edges is not None
    assert middle.count is not None
    bins = np.log10(middle.edges).tolist()
    bin_index = np.digitize(true.x, middle.edges) - 1
    crowd = true.columns["environment"]
    return {
        "x": rounded(middle.x),
        "x_label": true.x_label,
        "y_label": true.y_label,
        "count": rounded(middle.count),
        "environment": [
            rounded(np.median(crowd[bin_index == i])) if (bin_index == i).any() else None
            for i in range(len(middle.x))
        ],
        "truth": _quantiles(true, bins),
        "painted": _quantiles(samples[0], bins),
        "median": bands([quantile(sample, 0.5, bins).y for sample in samples]),
        "scatter": {
            "truth": rounded(scatter(true, bins).y),
            "painted": bands([scatter(sample, bins).y for sample in samples]),
        },
    }


def points_of(
    task: Task, truth: Sequence[HaloMasses], painted: Sequence[HaloMasses]
) -> dict[str, Any]:
    """Every halo: dark mass, true and painted mass [Msun/h], and environment [(h/Mpc)^2]."""

    # Each slab's haloes are the same rows for truth and painting; those of `points` are sorted.
    def column(slabs: Sequence[HaloMasses], name: str) -> Any:
        return rounded(np.concatenate([getattr(slab, name) for slab in slabs]))

    return {
        "dark": column(truth, "dark"),
        "truth": column(truth, "mass"),
        "painted": column(painted, "mass"),
        "environment": column(truth, "environment"),
        "unit": "Msun/h",
        "environment_label": points(task, truth).colour_label,
    }


def points(task: Task, slabs: Sequence[HaloMasses]) -> Points:
    """Masses of a field and of dark matter, halo by halo, over some slabs."""
    statistic = HaloRelation()
    sums = HaloSums(
        field=task.emulator.card.field,
        dark_field="dm",
        run="hydro",
        neighbour_mass=statistic.neighbour_mass,
        slabs=tuple(slabs),
    )
    return statistic.finish(sums)


def _quantiles(of: Points, bins: Sequence[float]) -> dict[str, Any]:
    """Median over haloes and its band, (n,) each."""
    names = {"low": 0.16, "median": 0.5, "high": 0.84}
    return {name: rounded(quantile(of, share, bins).y) for name, share in names.items()}
