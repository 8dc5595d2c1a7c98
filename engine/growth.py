"""Growth of structure to second order, in a flat universe with radiation."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

EARLIEST = 1e-6
"""Scale factor at which growth begins: well before matter and radiation are equal."""

RELATIVE_ERROR = 1e-9
"""Of the integration."""


@dataclass(frozen=True)
class Growth:
    """Growing modes of first and second order at any time.

    Displacements are D1 psi + D2 psi2, with D1 = 1 at z = 0 and D2 about -3/7 D1^2. The rates
    are those per D1, the time that the particle mesh is stepped in.

    Parameters
    ----------
    Omega_m, Omega_r : float
        All matter, and photons and massless neutrinos, at z = 0.

    References
    ----------
    Meszaros 1974; Bouchet et al. 1995, section 2.
    """

    Omega_m: float
    Omega_r: float

    def first(self, a: float) -> float:
        """D1(a), one at a = 1."""
        delta, *_ = self._state(a)
        return delta / self._state(1.0)[0]

    def second(self, a: float) -> float:
        """D2(a), in units in which D1 is one at a = 1."""
        return self._state(a)[2] / self._state(1.0)[0] ** 2

    def second_per_first(self, a: float) -> float:
        """dD2/dD1."""
        _, rate, _, second_rate = self._state(a)
        return second_rate / rate / self._state(1.0)[0]

    def momentum(self, a: float) -> float:
        """a^2 E dD1/dln a: momentum of a displacement of one in the growing mode, for H0 = 1."""
        return a**2 * self.expansion(a) * self._state(a)[1] / self._state(1.0)[0]

    def expansion(self, a: float) -> float:
        """E = H / H0 of a flat universe."""
        rest = 1 - self.Omega_m - self.Omega_r
        return float(np.sqrt(self.Omega_m / a**3 + self.Omega_r / a**4 + rest))

    def _state(self, a: float) -> tuple[float, ...]:
        """D1, dD1/dln a, D2, dD2/dln a in units of their beginning."""
        if not EARLIEST < a < 10:
            raise ValueError(f"the scale factor is {a:g}, expected {EARLIEST:g} to 10.")
        return tuple(float(value) for value in _history(self.Omega_m, self.Omega_r)(np.log(a)))


@lru_cache(maxsize=16)
def _history(Omega_m: float, Omega_r: float) -> Any:
    """Solve both orders in ln a; a function of it."""
    from scipy.integrate import solve_ivp

    def slope(ln_a: float, state: Any) -> Any:
        first, rate, second, second_rate = state
        matter, radiation = Omega_m * np.exp(-3 * ln_a), Omega_r * np.exp(-4 * ln_a)
        E2 = matter + radiation + 1 - Omega_m - Omega_r
        drag = 2 - (1.5 * matter + 2 * radiation) / E2
        pull = 1.5 * matter / E2
        return [
            rate,
            pull * first - drag * rate,
            second_rate,
            pull * (second - first**2) - drag * second_rate,
        ]

    early = EARLIEST * Omega_m / Omega_r
    first, rate = 1 + 1.5 * early, 1.5 * early
    # Second order has forgotten its beginning long before any run starts.
    begin = [first, rate, -3 / 7 * first**2, -6 / 7 * first * rate]
    span = (np.log(EARLIEST), np.log(10.0))
    solved = solve_ivp(
        slope, span, begin, "DOP853", dense_output=True, rtol=RELATIVE_ERROR, atol=1e-12
    )
    return solved.sol
