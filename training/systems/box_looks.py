"""How super-resolution is looked at while it trains: its painting of a box beside the truth."""

import numpy as np

from engine import statistics
from engine.mesh import Grid
from training.data.volumes import repeated
from training.systems.contract import Picture

WANTED = ((0.5, 0.03), (0.7, 0.05), (1.0, 0.1))
"""Error of the amplitude that is asked for up to a wavenumber [h/Mpc], beyond the one before:
the weights are chosen by all of them alike. The paper's claim goes as far."""

WANTED_MEAN = 0.01
"""Relative error of the mean density that is asked for."""

WANTED_BEHIND = 0.001
"""How far r may fall below that of the low resolution; none of it is asked for."""


def errors(truth: Grid, painted: Grid, low: Grid) -> dict[str, float]:
    """How far a painting of a box is from the truth, by name.

    Parameters
    ----------
    truth, painted : Grid
        Of high resolution.
    low : Grid
        What was painted from, with half the cells a side.

    Returns
    -------
    dict
        For each of `WANTED` the largest |T - 1| of its waves ("transfer_0.5" and so on), the
        least r of them all, how far r falls "behind" that of the low resolution, the mean
        density, and "furthest": of the waves' |T - 1| + (1 - r), of what it falls behind and of
        the mean's error the largest one, in units of what is asked for.
    """
    mean = float(painted.values.mean(dtype=np.float64) / truth.values.mean(dtype=np.float64))
    if not painted.values.any():  # as of a network that has only begun
        return {"furthest": 1 / WANTED_MEAN, "least_correlation": 0.0, "mean": mean}
    transfer, correlation = (
        statistics.get(name)(truth, painted) for name in ("transfer_function", "cross_correlation")
    )
    known = np.isfinite(transfer.y)
    k, off, apart = transfer.x[known], np.abs(transfer.y - 1)[known], 1 - correlation.y[known]
    found, furthest, begin = {}, [abs(mean - 1) / WANTED_MEAN], 0.0
    for end, wanted in WANTED:
        seen = (k >= begin) & (k < end)
        if seen.any():
            found[f"transfer_{end:g}"] = float(off[seen].max())
            furthest.append(float((off + apart)[seen].max()) / wanted)
        begin = end
    coarse = statistics.get("cross_correlation")(truth, repeated(low, truth)).y[known]
    behind = float((coarse - correlation.y[known])[k < begin].max())
    furthest.append(behind / WANTED_BEHIND)
    found |= {"least_correlation": float(1 - apart[k < begin].max()), "behind": behind}
    return {"furthest": max(furthest), **found, "mean": mean}


LAYER = 8
"""Cells deep that a picture shows, as the paper's figure 2."""

DECADES = (-1.0, 1.5)
"""log10 of the density over its mean, from black to white."""


def picture(truth: Grid, painted: Grid) -> Picture:
    """The same layer of two boxes beside each other, (rows, columns)."""
    mean = truth.values.mean(dtype=np.float64)
    layers = [grid.values[:LAYER].mean(0) / mean for grid in (truth, painted)]
    logarithm = np.log10(np.maximum(np.concatenate(layers, 1), 1e-9))
    shown = (logarithm - DECADES[0]) / (DECADES[1] - DECADES[0])
    return (255 * shown.clip(0, 1)).astype(np.uint8)
