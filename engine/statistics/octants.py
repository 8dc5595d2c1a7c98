"""Scatter of a statistic over the octants of a box: how far one box can be trusted."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.fourier.filtering import top_hat
from engine.mesh import Grid
from engine.results import Curve
from engine.statistics.contract import Statistic
from engine.statistics.pairs import PairStatistic
from engine.statistics.power_spectrum import PowerSpectrum
from engine.statistics.smoothed_pdf import SmoothedPdf
from engine.statistics.void_sizes import VoidSizes, find_voids
from engine.units import MPC_IN_KPC

KIND = "scatter of the box's 8 octants"


def with_scatter(statistic: Statistic[Any, Any], whole: Curve, *boxes: Grid) -> Curve:
    """Give a curve of a box the scatter over its octants as error.

    An octant has an eighth of the volume: were octants independent, the whole box's error would
    be the square root of eight smaller.

    Parameters
    ----------
    statistic : Statistic
        That made the curve.
    whole : Curve
        Of the box.
    boxes : Grid
        What the statistic was taken of.

    Returns
    -------
    Curve
        Not a number where fewer than two octants have a value.
    """
    values = np.array(list(of_octants(statistic, whole, *boxes)))
    some = np.isfinite(values).sum(axis=0) > 1
    error = np.full(len(whole.x), np.nan)
    error[some] = np.nanstd(values[:, some], axis=0, ddof=1)
    return replace(whole, error=error, error_kind=KIND)


def of_octants(
    statistic: Statistic[Any, Any], whole: Curve, *boxes: Grid
) -> Iterator[NDArray[np.float64]]:
    """Values of a statistic in each octant, at the places of the whole box's curve."""
    if isinstance(statistic, VoidSizes):
        yield from _voids(whole, boxes[0], statistic.threshold)
    elif isinstance(statistic, SmoothedPdf):
        yield from _smoothed(whole, boxes[0], statistic.radius)
    else:
        alike = isinstance(statistic, PowerSpectrum | PairStatistic)
        options = {"bins": whole.edges} if alike else {}
        for region in regions(boxes[0].shape):
            yield statistic(*(box.cut(region) for box in boxes), **options).y


def regions(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Octants of a box as regions (z0, z1, y0, y1, x0, x1); sides must be even."""
    halves = [((0, side // 2), (side // 2, side)) for side in shape]
    for spans in product(*halves):
        yield tuple(edge for span in spans for edge in span)


def _voids(whole: Curve, box: Grid, threshold: float) -> Iterator[NDArray[np.float64]]:
    """Voids of the whole box by the octant of their centre, so that none meets an edge."""
    assert whole.edges is not None
    found = find_voids(box, whole.edges, threshold)
    volume = box.values.size * (box.cell_size / MPC_IN_KPC) ** 3 / 8
    for region in regions(box.shape):
        low, high = np.array(region[::2]), np.array(region[1::2])
        inside = ((found.centre >= low) & (found.centre < high)).all(axis=1)
        number = [np.count_nonzero(found.radius[inside] == radius) for radius in whole.edges[1:]]
        yield np.array(number) / (volume * np.diff(whole.edges))


def _smoothed(whole: Curve, box: Grid, radius: float) -> Iterator[NDArray[np.float64]]:
    """Cells of the whole box's smoothed contrast by octant, so that no ball meets an edge."""
    assert whole.edges is not None
    delta = top_hat(box, radius)
    for z0, z1, y0, y1, x0, x1 in regions(box.shape):
        part = delta[z0:z1, y0:y1, x0:x1]
        yield np.histogram(part, whole.edges)[0] / part.size / np.diff(whole.edges)
