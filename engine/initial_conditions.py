"""Initial conditions: the linear overdensity that a run began with, grown to today."""

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cosmology import Cosmology
from engine.mesh import Grid


@dataclass(frozen=True, eq=False)
class InitialConditions(Grid):
    """Linear overdensity at the cells' centres, grown to z = 0 whatever the start.

    Parameters
    ----------
    starting_redshift : float
        That the run began at.
    lattice : (float, float, float)
        Where particle (0, 0, 0) of the run stood before its displacement, [cells] along
        x, y, z: a half is the centre of the first cell.
    snapshot : float or None
        Redshift at which the simulation stands; None if not known.

    See Also
    --------
    engine.mesh.Grid : the other parameters; the field is `delta`, the redshift 0.
    """

    _: KW_ONLY
    starting_redshift: float
    lattice: tuple[float, float, float] = (0.0, 0.0, 0.0)
    snapshot: float | None = None


def linear_overdensity(displacement: NDArray[np.floating], cell_size: float) -> NDArray[np.float64]:
    """Overdensity of which Zel'dovich's displacements are: minus their divergence.

    Depositing displaced particles instead has kinks where the displacement is small.

    Parameters
    ----------
    displacement : array, (3, nz, ny, nx)
        Along x, y, z from a periodic lattice; in the unit of `cell_size`.
    cell_size : float
        Between lattice points.

    Returns
    -------
    array, (nz, ny, nx)
        At the lattice points. Waves at the Nyquist wavenumber along an axis are left out,
        for their direction is not known.

    References
    ----------
    Zel'dovich 1970.
    """
    shape = displacement.shape[1:]
    delta_k = np.zeros((*shape[:2], shape[2] // 2 + 1), np.complex128)
    for component, wave in zip(displacement, _wavenumbers(shape)[::-1], strict=True):
        delta_k -= 1j * wave / cell_size * np.fft.rfftn(component)
    return np.fft.irfftn(delta_k * _below_nyquist(shape), shape, axes=(0, 1, 2))


def moved(values: NDArray[np.floating], by: tuple[float, float, float]) -> NDArray[np.float64]:
    """Values of a periodic field at points moved from those of its lattice.

    Parameters
    ----------
    values : array, (nz, ny, nx)
        At the lattice points.
    by : (float, float, float)
        Towards larger x, y, z, [cells].

    Returns
    -------
    array, (nz, ny, nx)
        By a phase of each wave, exact for all below the Nyquist wavenumber; those at it are
        left out.
    """
    shape = values.shape
    waves = zip(_wavenumbers(shape), by[::-1], strict=True)
    phase = sum(wave * distance for wave, distance in waves)
    values_k = np.fft.rfftn(values) * np.exp(1j * phase) * _below_nyquist(shape)
    return np.fft.irfftn(values_k, shape, axes=(0, 1, 2))


def growth_to_today(redshift: float, cosmology: Cosmology) -> float:
    """Factor by which a linear overdensity at `redshift` grows until z = 0."""
    return 1 / cosmology.linear_growth(redshift)


def _wavenumbers(shape: tuple[int, ...]) -> tuple[NDArray[Any], ...]:
    """Along z, y, x, each along its own axis, for `rfftn`, [radians per cell]."""
    nz, ny, nx = shape
    z, y, x = np.ix_(np.fft.fftfreq(nz), np.fft.fftfreq(ny), np.fft.rfftfreq(nx))
    return 2 * np.pi * z, 2 * np.pi * y, 2 * np.pi * x


def _below_nyquist(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether a wave is below the Nyquist wavenumber along every axis."""
    z, y, x = (np.abs(wave) < np.pi * (1 - 1e-9) for wave in _wavenumbers(shape))
    return z & y & x
