"""Background cosmology of a simulation; the formulae are astropy's."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # it takes longer to import than all the rest of the engine
    from astropy.cosmology import FlatLambdaCDM


RADIATION = 4.1837e-5
"""Omega_r h^2 of photons at 2.7255 K and 3.046 massless neutrinos."""

EARLIEST = 1e-6
"""Scale factor at which growth begins: well before matter and radiation are equal."""


@dataclass(frozen=True)
class Cosmology:
    """Density parameters at z = 0.

    Parameters
    ----------
    Omega_m, Omega_b : float
        All matter and baryons, in units of the critical density.
    h : float
        Hubble constant in units of 100 km/s/Mpc.
    """

    Omega_m: float
    Omega_b: float
    h: float

    @cached_property
    def background(self) -> "FlatLambdaCDM":
        """The flat astropy cosmology with these parameters."""
        from astropy.cosmology import FlatLambdaCDM

        return FlatLambdaCDM(H0=100 * self.h, Om0=self.Omega_m, Ob0=self.Omega_b)

    @property
    def mean_matter_density(self) -> float:
        """Comoving mean density of all matter, [Msun/h / (Mpc/h)^3]."""
        critical = self.background.critical_density0.to_value("Msun/Mpc3")
        return float(self.Omega_m * critical / self.h**2)

    @property
    def dark_matter_fraction(self) -> float:
        """Factor that turns a dark-matter-only map into dark matter of a run with baryons.

        Dark-matter-only particles carry Omega_m, those of a hydrodynamical run
        Omega_m - Omega_b.
        """
        return 1 - self.Omega_b / self.Omega_m

    def linear_growth(self, redshift: float) -> float:
        """How large a linear overdensity of matter is, relative to z = 0.

        Radiation (photons and massless neutrinos) speeds up the expansion and is smooth itself:
        from z = 127 overdensities grow 2.5 % less than without.

        Parameters
        ----------
        redshift : float
            Not above 1000: baryons are taken to follow the dark matter.

        Returns
        -------
        float
            D(z) / D(0), of a flat universe; the growing mode begins as 1 + 1.5 a / a_equality.

        References
        ----------
        Meszaros 1974; Peebles 1980, section 12.
        """
        from scipy.integrate import solve_ivp

        Omega_r = RADIATION / self.h**2
        Omega_L = 1 - self.Omega_m - Omega_r

        def slope(ln_a: float, state: NDArray[np.float64]) -> list[float]:
            delta, rate = state
            matter, radiation = self.Omega_m * np.exp(-3 * ln_a), Omega_r * np.exp(-4 * ln_a)
            E2 = matter + radiation + Omega_L
            drag = 2 - (1.5 * matter + 2 * radiation) / E2
            return [rate, 1.5 * matter / E2 * delta - drag * rate]

        early = EARLIEST * self.Omega_m / Omega_r
        span, first = (np.log(EARLIEST), 0.0), [1 + 1.5 * early, 1.5 * early]
        wanted = np.unique([-np.log1p(redshift), 0.0])
        delta = solve_ivp(slope, span, first, t_eval=wanted, rtol=1e-8).y[0]
        return float(delta[0] / delta[-1])
