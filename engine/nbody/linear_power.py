"""The linear power spectrum at z = 0 that a new universe is drawn from."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology


@dataclass(frozen=True, eq=False)
class LinearPower:
    """P(k) at z = 0 by its values; a power law between and beyond them.

    Parameters
    ----------
    k : array, (n,)
        Rising, [h/Mpc].
    values : array, (n,)
        Positive, [(Mpc/h)^3].
    made : str
        From what, in words.
    """

    k: NDArray[np.float64]
    values: NDArray[np.float64]
    made: str

    def __call__(self, k: NDArray[np.floating]) -> NDArray[np.float64]:
        """P(k), [(Mpc/h)^3]; zero at k = 0."""
        log_k, log_values = np.log(self.k), np.log(self.values)
        positive = np.where(k > 0, k, 1.0)
        at = np.log(positive)
        inside = np.interp(at, log_k, log_values)
        for end, sign in ((0, -1), (-1, 1)):
            slope = np.diff(log_values[[0, 1] if end == 0 else [-2, -1]])[0]
            slope /= np.diff(log_k[[0, 1] if end == 0 else [-2, -1]])[0]
            beyond = sign * (at - log_k[end])
            inside = np.where(beyond > 0, log_values[end] + sign * slope * beyond, inside)
        return np.where(k > 0, np.exp(inside), 0.0)


def eisenstein_hu(cosmology: Cosmology, sigma_8: float, n_s: float) -> LinearPower:
    """The fit to the transfer function with baryon oscillations, normalised by sigma_8.

    Parameters
    ----------
    sigma_8 : float
        Root mean square linear overdensity in balls of 8 Mpc/h at z = 0.
    n_s : float
        Slope of the primordial spectrum.

    References
    ----------
    Eisenstein & Hu 1998, by colossus (Diemer 2018).
    """
    # Only now: colossus takes a second to import.
    from colossus.cosmology.cosmology import Cosmology as Colossus

    known = Colossus(
        name="a new universe",
        flat=True,
        H0=100 * cosmology.h,
        Om0=cosmology.Omega_m,
        Ob0=cosmology.Omega_b,
        sigma8=sigma_8,
        ns=n_s,
        persistence="",
    )
    k = np.geomspace(1e-5, 1e3, 1500)
    values = known.matterPowerSpectrum(k, model="eisenstein98")
    made = f"Eisenstein & Hu 1998, sigma_8 {sigma_8:g}, n_s {n_s:g}"
    return LinearPower(k, np.asarray(values), made)


CAMB = "camb"
"""Stands for a spectrum by CAMB where a table is named."""

CAMB_TO = 50.0
"""Highest wavenumber asked of CAMB, [h/Mpc]; a power law beyond."""


def by_camb(cosmology: Cosmology, sigma_8: float, n_s: float) -> LinearPower:
    """The linear spectrum by CAMB, without neutrino masses, normalised by sigma_8.

    Parameters
    ----------
    sigma_8, n_s
        See `eisenstein_hu`.

    Raises
    ------
    ValueError
        In one sentence, if it isn't installed.

    References
    ----------
    Lewis, Challinor & Lasenby 2000.
    """
    try:
        import camb
    except ImportError:
        raise ValueError(
            "CAMB isn't installed, expected it for its power spectrum: pip install "
            "'baryon-explorer[camb]', or name a table of k and P(k)."
        ) from None
    h, baryons = cosmology.h, cosmology.Omega_b
    asked = camb.set_params(
        H0=100 * h, ombh2=baryons * h**2, omch2=(cosmology.Omega_m - baryons) * h**2,
        mnu=0.0, omk=0.0, ns=n_s, As=2e-9, WantCls=False,
    )  # fmt: skip
    asked.set_matter_power(redshifts=[0.0], kmax=1.1 * CAMB_TO * h, silent=True)
    found = camb.get_results(asked)
    k, _, values = found.get_matter_power_spectrum(minkh=1e-4, maxkh=CAMB_TO, npoints=1000)
    scale = (sigma_8 / found.get_sigma8_0()) ** 2
    made = f"CAMB {camb.__version__}, sigma_8 {sigma_8:g}, n_s {n_s:g}"
    return LinearPower(np.asarray(k), scale * np.asarray(values[0]), made)


def read_linear_power(path: str | Path) -> LinearPower:
    """Read a table of k [h/Mpc] and P(k) at z = 0 [(Mpc/h)^3], as CAMB and CLASS write it.

    Raises
    ------
    ValueError
        In one sentence, if it is none.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise ValueError(f"{path} is no file, expected a table of k and P(k).")
    try:
        with warnings.catch_warnings(action="ignore"):  # of an empty file, refused below
            k, values = np.loadtxt(path, usecols=(0, 1), unpack=True, ndmin=2)
    except (ValueError, IndexError) as error:
        raise ValueError(
            f"{path.name} is no table of numbers, expected two columns, k [h/Mpc] and P(k) "
            "[(Mpc/h)^3]."
        ) from error
    rising = len(k) > 1 and k[0] > 0 and (np.diff(k) > 0).all()
    if not rising or not (np.isfinite(values).all() and (values > 0).all()):
        raise ValueError(
            f"{path.name} holds {len(k)} rows, expected two or more with rising k above 0 and "
            "positive P(k)."
        )
    return LinearPower(k, values, path.name)
