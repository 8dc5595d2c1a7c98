"""What super-resolution has to beat beside the low resolution: the best linear filter."""

import numpy as np

from engine.mesh import Grid
from engine.systems.linear_filter import filtered, on_fine_cells
from training.box_baselines import fitted_filters


def best_linear(low: Grid, initial: Grid, truth: Grid) -> Grid:
    """The linear filter of both inputs that was fitted to the truth itself.

    No filter with coefficients from elsewhere does better on this box.

    Parameters
    ----------
    low : Grid
        Of low resolution.
    initial, truth : Grid
        With twice the cells a side.
    """
    table = fitted_filters(low, initial, truth)
    density = filtered(on_fine_cells(low, initial), initial, table)
    return truth.with_values(density * np.float32(truth.values.mean(dtype=np.float64)))
