"""Makes the baselines of boxes: low resolution interpolated, and corrected by linear theory."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.fourier.modes import modes, overdensity_k
from engine.mesh import Grid
from engine.normalization import Identity, Linear
from engine.systems.box_pair import INITIAL, LOW
from engine.systems.card import Input, ModelCard, Output, TrainingFile
from engine.systems.linear_filter import TABLE, on_fine_cells
from engine.systems.registry import emulator_class
from engine.units import MPC_IN_KPC
from training.data.volumes import Triplet
from training.systems.contract import LICENCE, describe_device

BINS = 64
"""Of wavenumber, in which a filter may differ: the fundamental one wide for 128 cells."""

Model = tuple[ModelCard, dict[str, NDArray[np.float32]]]
"""Card and weights."""


def fit(triplet: Triplet, files: Sequence[TrainingFile] = ()) -> list[Model]:
    """Make both baselines of a box's cells.

    Parameters
    ----------
    triplet : Triplet
        The box that the linear filter is fitted to.
    files : sequence of TrainingFile
        What it is from, for the card.

    Returns
    -------
    list of (ModelCard, dict of str to array)
        Of the linear filter, and of the interpolation, which has no weights.
    """
    start = time.perf_counter()
    table = fitted_filters(triplet.low, triplet.initial, triplet.density)
    weights = {name: row.astype(np.float32) for name, row in zip(TABLE, table, strict=True)}
    hours = (time.perf_counter() - start) / 3600
    low, initial = inputs_of(triplet)
    network = {"network": "filters", "bins": len(table[0])}
    fitted = _card("linear-filter", triplet, (low, initial), network)
    fitted = replace(
        fitted, training_data=tuple(files), recipe={"bins": BINS}, hours=round(hours, 6)
    )
    return [
        (fitted, weights),
        (_card("trilinear", triplet, (low,), {"network": "interpolation"}), {}),
    ]


def inputs_of(triplet: Triplet) -> tuple[Input, Input]:
    """What of a box both baselines eat."""
    low, initial = triplet.low, triplet.initial
    density = Input(
        LOW,
        low.field,
        "grid",
        low.cell_size,
        low.redshift,
        Identity(),
        level=low.level,
        separation=low.separation or None,
    )
    start = Input(INITIAL, initial.field, "grid", initial.cell_size, initial.redshift, Identity())
    return density, start


def _card(
    system: str,
    triplet: Triplet,
    inputs: tuple[Input, ...],
    architecture: dict[str, Any],
) -> ModelCard:
    emulator, density = emulator_class(system), triplet.density
    scale = float(density.values.mean(dtype=np.float64))
    return ModelCard(
        system=system,
        title=emulator.title,
        paper=emulator.paper,
        inputs=inputs,
        output=Output(density.field, "grid", density.cell_size, Linear(scale)),
        architecture=architecture,
        cosmology=density.cosmology,
        stochastic=False,
        training_data=(),
        recipe={},
        seed=0,
        hours=0.0,
        device=describe_device("cpu"),
        licence=LICENCE,
    )


def fitted_filters(low: Grid, initial: Grid, truth: Grid) -> NDArray[np.float64]:
    """Fit the isotropic linear filters of both inputs that come nearest to a true box.

    Parameters
    ----------
    low : Grid
        Of low resolution.
    initial, truth : Grid
        With twice the cells a side.

    Returns
    -------
    array, (3, n)
        Mean wavenumber of each bin [h/Mpc], and what both contrasts are multiplied by there.
    """
    cell = truth.cell_size / MPC_IN_KPC
    edges = np.linspace(0, np.sqrt(3) * np.pi / cell, BINS + 1)
    edges[[0, -1]] = 1e-6 * edges[1], edges[-1] * (1 + 1e-6)
    bins = modes(truth.shape, cell, tuple(edges), periodic=True)
    given = [overdensity_k(grid) for grid in (on_fine_cells(low, initial), initial)]
    goal = overdensity_k(truth)
    powers = np.array([[bins.sum_per_bin(one, other) for other in given] for one in given])
    shared = np.array([bins.sum_per_bin(one, goal) for one in given])
    some = bins.count > 0
    filters = [
        np.linalg.lstsq(powers[:, :, i], shared[:, i], rcond=1e-9)[0] for i in np.flatnonzero(some)
    ]
    return np.vstack([bins.wavenumber[some] / bins.count[some], np.transpose(filters)])
