"""Background cosmology of a simulation; the formulae are astropy's."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it takes longer to import than all the rest of the engine
    from astropy.cosmology import FlatLambdaCDM


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
