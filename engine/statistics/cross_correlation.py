"""Cross-correlation of two meshes."""

from dataclasses import dataclass

import numpy as np

from engine.results import Curve
from engine.statistics.pairs import PairStatistic, PairSums, correlation
from engine.statistics.registry import register


@register("cross_correlation")
@dataclass(frozen=True)
class CrossCorrelation(PairStatistic):
    """How far two meshes have their structure in the same places, scale by scale.

    r(k) = P_tp / sqrt(P_t P_p), 1 where one mesh is a multiple of the other (whatever its
    power), 0 where they have nothing to do with each other. Power is summed over modes
    and meshes before the ratio. They may be of one field or of two, for example dark
    matter and gas.

    Parameters
    ----------
    bins : int or sequence of float
        As the power spectrum's.

    References
    ----------
    JERALD (2025), where r(k) = P_cross / sqrt(P P'), and Fisher 1915 (Biometrika 10, 507)
    for the error.
    """

    title = "Cross-correlation"
    place = 5
    over = "wavenumber"
    y_range = (0.0, 1.15)

    def finish(self, sums: PairSums) -> Curve:
        """Divide the cross power by the geometric mean of the meshes' own.

        Returns
        -------
        Curve
            Mean wavenumber [h/Mpc], r and number of modes of each bin; NaN where a mesh has
            no power. The error is that of Gaussian fields, (1 - r^2) / sqrt(2 independent
            modes), because a complex mode is two real pairs; it holds for more than a few
            modes, and tells the scatter over other fields of the same correlation.
        """
        r = correlation(sums)
        with np.errstate(divide="ignore"):
            # Rounding may take r past 1.
            error = np.maximum(1 - r**2, 0) / np.sqrt(2 * sums.independent)
        return sums.ratio("cross-correlation", "r(k)", r, error)
