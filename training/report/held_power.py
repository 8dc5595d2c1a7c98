"""Power of the stars of held subhaloes, of boxes of which only a part is held too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine import statistics
from engine.catalogue_grids import density
from engine.mesh import Grid
from engine.simulation import Simulation
from engine.units import MPC_IN_KPC

WAVES = (1.0, 10.0)
"""Wavenumbers between which powers are compared, [h/Mpc]."""

CELLS = 64
"""A side: of the shipped boxes the waves of `WAVES` are well resolved."""

RESAMPLED = 100
"""Times that subhaloes are drawn anew for errors."""


@dataclass(frozen=True, eq=False)
class HeldSubhalos:
    """Held subhaloes of one box, and the stars in them.

    Parameters
    ----------
    simulation : Simulation
        Which.
    position : array, (n, 3)
        Comoving, [Mpc/h].
    inside : array of bool, (cells, cells, cells)
        Which cells are held, z, y, x.
    truth : array, (n,)
        True stellar mass, [Msun/h].
    stars : mapping of str to sequence of array, (n,)
        Painted, by method; several draws where there are some.
    """

    simulation: Simulation
    position: NDArray[np.float32]
    inside: NDArray[np.bool_]
    truth: NDArray[np.float64]
    stars: Mapping[str, Sequence[NDArray[np.float64]]]

    def power(self, stars: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(k) of some stars at these subhaloes, for k of `WAVES`.

        Where nothing is held stands their mean: a window that truth and paintings share, so that
        their ratio tells and not the height of either.
        """
        box_size = self.simulation.box_size
        values = density(self.position, stars, CELLS, box_size).astype(np.float64)
        values *= self.inside.sum() / values.sum()
        grid = Grid(
            (values + ~self.inside).astype(np.float32),
            "stars",
            cell_size=box_size * MPC_IN_KPC / CELLS,
            box_size=box_size,
            redshift=self.simulation.redshift,
            cosmology=self.simulation.cosmology,
            simulation=self.simulation.name,
        )
        curve = statistics.get("power_spectrum")(grid)
        found: NDArray[np.float64] = curve.y[(curve.x > WAVES[0]) & (curve.x < WAVES[1])]
        return found

    def apart(self, method: str, weight: NDArray[np.int64] | None = None, draw: int = 0) -> float:
        """Mean |log10 P / P_true| of one draw of a method, each subhalo so many times."""
        each = np.ones(len(self.truth)) if weight is None else weight
        ratio = self.power(self.stars[method][draw] * each) / self.power(self.truth * each)
        return float(np.abs(np.log10(ratio)).mean())


def compared_power(boxes: Sequence[HeldSubhalos], first: str) -> dict[str, dict[str, float]]:
    """How far powers of each method are from the truth's, on the mean of boxes, with errors.

    Parameters
    ----------
    first : str
        Name of the method that the others are compared with.

    Returns
    -------
    dict of dict
        By method: `power_apart`, mean |log10 P / P_true| of all its draws; `power_less`, the
        first one's less that; and the errors of both, by drawing subhaloes anew, the same for
        all, and a draw of the method with them.
    """
    methods = list(boxes[0].stars)
    draws = {method: len(boxes[0].stars[method]) for method in methods}
    apart = {
        method: np.mean([box.apart(method, draw=i) for box in boxes for i in range(draws[method])])
        for method in methods
    }
    random = np.random.default_rng(1)
    again: dict[str, list[float]] = {method: [] for method in methods}
    for number in range(RESAMPLED):
        weights = [random.poisson(1.0, len(box.truth)) for box in boxes]
        for method in methods:
            of_boxes = [
                box.apart(method, weight, number % draws[method])
                for box, weight in zip(boxes, weights, strict=True)
            ]
            again[method].append(float(np.mean(of_boxes)))
    return {
        method: {
            "power_apart": float(apart[method]),
            "power_apart_error": float(np.std(again[method])),
            "power_less": float(apart[first] - apart[method]),
            "power_less_error": float(np.std(np.subtract(again[first], again[method]))),
        }
        for method in methods
    }
