"""Transfer function between two meshes."""

from dataclasses import dataclass

import numpy as np

from engine.results import Curve
from engine.statistics.pairs import PairStatistic, PairSums, correlation
from engine.statistics.registry import register


@register("transfer_function")
@dataclass(frozen=True)
class TransferFunction(PairStatistic):
    """How much structure a prediction has for the truth's, scale by scale.

    T(k) = sqrt(P_p / P_t): 1 where the amplitudes are right, whether or not they are in
    the right places, which r(k) tells. Power is summed over modes and meshes before the
    ratio.

    Parameters
    ----------
    bins : int or sequence of float
        As the power spectrum's.

    References
    ----------
    Kodi Ramanah et al. 2020, section 4.2.
    """

    title = "Transfer function"
    place = 4
    over = "wavenumber"
    y_range = (0.5, 1.5)

    def finish(self, sums: PairSums) -> Curve:
        """Take the root of the ratio of the meshes' power.

        Returns
        -------
        Curve
            Mean wavenumber [h/Mpc], T and number of modes of each bin; NaN where the truth
            has no power. The error is that of Gaussian fields, T sqrt((1 - r^2) /
            (2 independent modes)): what two meshes of the same structure share of its
            scatter cancels. From var ln P = 1/n of each and a covariance r^2/n.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            transfer = np.sqrt(sums.prediction / sums.truth)
            # Rounding may take r past 1.
            scatter = np.maximum(1 - correlation(sums) ** 2, 0) / (2 * sums.independent)
            error = transfer * np.sqrt(scatter)
        return sums.ratio("transfer function", "T(k)", transfer, error)
