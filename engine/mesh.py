"""Meshes: frozen arrays with their field, geometry and where they come from."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.cosmology import Cosmology
from engine.fields import Field, field_named
from engine.units import MPC_IN_KPC


def frozen_array(values: ArrayLike, dtype: Any = None) -> NDArray[Any]:
    """A C-ordered view of `values` that refuses to be written to; copied only if it must be."""
    array = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Slab:
    """A map of one slab of a simulation, projected along an axis.

    Parameters
    ----------
    values : array, (ny, nx)
        Float32, row 0 at the smallest second coordinate, [Msun h / ckpc^2] (or the
        field's unit). Read-only.
    field : str
        Name of the field, see `engine.fields`.
    pixel_size : float
        Comoving, [kpc/h].
    depth, box_size : float
        Comoving, [Mpc/h].
    redshift : float
        Of the snapshot.
    cosmology : Cosmology
        Of the simulation.
    simulation, axis, index, level, origin
        Where the map comes from.
    particles : int
        Number of particles in the whole run at this level; 0 if not known.
    emulator : str
        Name of the emulator that painted it; empty for simulated maps.
    seed : int or None
        Seed of the realisation; None for simulated and deterministic maps.
    periodic : bool
        Whether opposite edges of the map meet.
    warnings : tuple of str
        One sentence each: where not to trust it.
    start : float
        Where the slab begins along the line of sight, comoving, [Mpc/h].
    """

    values: NDArray[np.float32]
    field: str
    pixel_size: float
    depth: float
    box_size: float
    redshift: float
    cosmology: Cosmology
    simulation: str = ""
    axis: str = "z"
    index: int = 0
    level: str = "HR"
    origin: str = "ds"
    particles: int = 0
    emulator: str = ""
    seed: int | None = None
    periodic: bool = True
    warnings: tuple[str, ...] = ()
    start: float = 0.0

    def __post_init__(self) -> None:
        """Freeze the map and refuse one that is not a map of a known field."""
        field_named(self.field)
        values = frozen_array(self.values, np.float32)
        if values.ndim != 2 or not values.size:
            raise ValueError(f"Slab values have shape {values.shape}, expected (ny, nx).")
        object.__setattr__(self, "values", values)

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        ny, nx = self.values.shape
        return ny, nx

    @property
    def about(self) -> Field:
        """Label and unit of the field."""
        return field_named(self.field)

    @property
    def pixel_area(self) -> float:
        """Comoving, [(kpc/h)^2]."""
        return self.pixel_size**2

    @property
    def separation(self) -> float:
        """Mean particle separation the level stands for, comoving [kpc/h]; 0 if not known."""
        if not self.particles:
            return 0.0
        return self.box_size * MPC_IN_KPC / self.particles ** (1 / 3)

    def cut(self, region: tuple[int, int, int, int]) -> Self:
        """A piece of the map, which is no longer periodic.

        Parameters
        ----------
        region : (y0, y1, x0, x1)
            [pixels]; those outside the map are taken modulo its sides.
        """
        y0, y1, x0, x1 = region
        rows, columns = np.arange(y0, y1) % self.shape[0], np.arange(x0, x1) % self.shape[1]
        return self.with_values(self.values[np.ix_(rows, columns)], periodic=False)

    def with_values(self, values: ArrayLike, **changes: Any) -> Self:
        """The same place with other values (and whatever else is named)."""
        return replace(self, values=frozen_array(values, np.float32), **changes)
