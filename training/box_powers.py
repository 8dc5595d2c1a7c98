"""Powers and correlations of a painted box beside the true one, as a fit notes them."""

import numpy as np

from engine import statistics
from engine.mesh import Grid

WAVES = (2.0, 5.0, 10.0)
"""At which powers and correlations are noted, [h/Mpc]."""


def wave_scores(truth: Grid, painted: Grid) -> dict[str, float]:
    """P(k) over the truth's and r(k) at `WAVES`."""
    transfer, correlation = (
        statistics.get(name)(truth, painted) for name in ("transfer_function", "cross_correlation")
    )
    scores = {}
    for k in WAVES:
        scores[f"power_{k:g}"] = float(np.interp(k, transfer.x, transfer.y)) ** 2
        scores[f"correlation_{k:g}"] = float(np.interp(k, correlation.x, correlation.y))
    return scores


FINEST = 10.0
"""Wavenumber up to which powers choose, [h/Mpc]."""


def power_off(truth: Grid, painted: Grid) -> float:
    """Root mean square of ln P(k) over the truth's, up to `FINEST`, of the bins of a score."""
    transfer = statistics.get("transfer_function")(truth, painted)
    log_power = 2 * np.log(transfer.y[transfer.x < FINEST])
    return float(np.sqrt((log_power**2).mean())) if len(log_power) else 0.0
