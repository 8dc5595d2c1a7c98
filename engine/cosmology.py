"""Background cosmology of a simulation; the formulae are astropy's."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from engine.growth import Growth

if TYPE_CHECKING:  # it takes longer to import than all the rest of the engine
    from astropy.cosmology import FlatLambdaCDM


RADIATION = 4.1837e-5
"""Omega_r h^2 of photons at 2.7255 K and 3.046 massless neutrinos."""


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

    def critical_density(self, redshift: float) -> float:
        """Density of a flat universe at a redshift, per comoving volume, [Msun/h / (Mpc/h)^3]."""
        a = 1 / (1 + redshift)
        return self.mean_matter_density / self.Omega_m * a**3 * self.growth.expansion(a) ** 2

    @property
    def dark_matter_fraction(self) -> float:
        """Factor that turns a dark-matter-only map into dark matter of a run with baryons.

        Dark-matter-only particles carry Omega_m, those of a hydrodynamical run
        Omega_m - Omega_b.
        """
        return 1 - self.Omega_b / self.Omega_m

    @property
    def growth(self) -> Growth:
        """How structure grows, with radiation in the background."""
        return Growth(self.Omega_m, RADIATION / self.h**2)

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
        Meszaros 1974; see `engine.growth`.
        """
        return self.growth.first(1 / (1 + redshift))


PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)
SIGMA_8, N_S = 0.8159, 0.9667
"""Planck Collaboration 2015 XIII, table 4, last column: what the shipped simulations have."""
