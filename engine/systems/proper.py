"""Cut-outs as emulators of clusters see them: per proper area, the same at every redshift."""

import numpy as np
from numpy.typing import NDArray

from engine.fields import field_named
from engine.mesh import Map, Mesh, dark_matter_of_hydro
from engine.units import MPC_IN_KPC


def per_proper_area(field: str, redshift: float) -> float:
    """Factor from a field's values as meshes hold them to those per proper area.

    Surface densities are kept per comoving area; brightness is per proper area already, and
    temperatures are per none.
    """
    return (1 + redshift) ** 2 if field_named(field).is_density else 1.0


def proper_values(mesh: Mesh) -> NDArray[np.float32]:
    """Values per proper area, those of dark matter as a run with baryons has it.

    Returns
    -------
    array, as `mesh.values`
        Densities in Msun h / kpc^2, of proper kpc.
    """
    factor = np.float32(per_proper_area(mesh.field, mesh.redshift))
    return dark_matter_of_hydro(mesh) * factor


def mesh_values(values: NDArray[np.floating], field: str, redshift: float) -> NDArray[np.float32]:
    """Values of a field as meshes hold them, from those per proper area."""
    return (values / per_proper_area(field, redshift)).astype(np.float32)


def mass_in(mesh: Map) -> float:
    """All dark matter in a map, as a run with baryons has it, [Msun/h]."""
    return float(dark_matter_of_hydro(mesh).sum(dtype=np.float64)) * mesh.pixel_area


def radii(shape: tuple[int, int], pixel: float) -> NDArray[np.float64]:
    """Distances of pixels from a map's centre, (ny, nx), in the unit of `pixel`."""
    y, x = (np.arange(side) - (side - 1) / 2 for side in shape)
    return np.asarray(np.hypot(y[:, None], x) * pixel)


def proper_pixel(mesh: Map) -> float:
    """Side of a pixel, [proper Mpc]."""
    return mesh.pixel_size / mesh.cosmology.h / (1 + mesh.redshift) / MPC_IN_KPC
