"""The baseline that linear theory corrects: both inputs of super-resolution, filtered and added."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.fourier.modes import overdensity_k
from engine.mesh import Mesh
from engine.noise import Realisation
from engine.systems.box_pair import INITIAL, LOW, check_pair, interpolated
from engine.systems.card import ModelCard
from engine.systems.checks import check_inputs, check_region
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.registry import register
from engine.units import MPC_IN_KPC

TABLE = ("k", LOW, INITIAL)
"""Names of the weights: wavenumbers [h/Mpc] and the filters of both inputs there, (n,) each."""


@register("linear-filter")
class LinearFilter(Emulator):
    """delta = A(k) delta_low + B(k) delta_initial: what no more than linear theory can add.

    Where the run of low resolution has lost its waves, A falls and B brings those of the initial
    conditions in. Both were fitted by least squares to a true box, so that no isotropic linear
    filter comes nearer to that one. What becomes negative is cut, and the mean kept.
    """

    title = "Linear filter"
    paper = "a baseline: low resolution, corrected by linear theory"
    on_cpu = True

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take both filters."""
        self.table = checked_filters(self.card, weights)

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Filter the whole box, and take a region of that. See `Emulator.predict_many`."""
        meshes = self.named(inputs)
        warnings = check_inputs(meshes, self.card)
        low, initial = meshes[LOW], meshes[INITIAL]
        check_pair(low, initial)
        self.values(parameters)
        density = filtered(on_fine_cells(low, initial), initial, self.table)
        density *= np.float32(low.values.mean(dtype=np.float64))
        painted = low.with_values(
            density,
            cell_size=initial.cell_size,
            field=self.card.field,
            emulator=self.card.system,
            seed=None,
            warnings=warnings,
        )
        if region is not None:
            check_region(region, painted)
            painted = painted.cut(region)
        return [painted] * len(realisations)


def checked_filters(
    card: ModelCard, weights: Mapping[str, NDArray[np.float32]]
) -> NDArray[np.float64]:
    """Take wavenumbers and both filters out of the weights, (3, n).

    Raises
    ------
    ValueError
        In one sentence, if they are not two or more rising wavenumbers with as many of each.
    """
    rows = [np.asarray(weights.get(name, ()), np.float64) for name in TABLE]
    k = rows[0]
    if {row.shape for row in rows} != {(len(k),)} or len(k) < 2 or (np.diff(k) <= 0).any():
        raise ValueError(
            f"{card.name}.safetensors doesn't hold two or more rising wavenumbers k with as many "
            f"numbers of {LOW} and {INITIAL}: fit it again."
        )
    return np.array(rows)


def on_fine_cells(low: Mesh, initial: Mesh) -> Mesh:
    """The density of low resolution on the cells of the initial conditions, interpolated."""
    return low.with_values(interpolated(low.values), cell_size=initial.cell_size)


def filtered(fine: Mesh, initial: Mesh, table: NDArray[np.float64]) -> NDArray[np.float32]:
    """Add two filtered contrasts.

    Parameters
    ----------
    fine : Grid
        Density of low resolution, on fine cells.
    initial : Grid
        Linear overdensity, on the same.
    table : array, (3, n)
        Wavenumbers [h/Mpc], and what both contrasts are multiplied by there.

    Returns
    -------
    array, (nz, ny, nx)
        Density over its mean, at least zero.
    """
    sum_k, other_k = overdensity_k(fine), overdensity_k(initial)
    for plane, k in enumerate(planes_of_k(fine)):
        by_low, by_initial = (np.interp(k, table[0], row).astype(np.float32) for row in table[1:])
        sum_k[plane] *= by_low
        sum_k[plane] += by_initial * other_k[plane]
    del other_k
    density: NDArray[np.float32] = fft.irfftn(sum_k, fine.shape, overwrite_x=True, workers=-1)
    density += 1
    np.maximum(density, 0, out=density)
    density /= np.float32(density.mean(dtype=np.float64))
    return density


def planes_of_k(box: Mesh) -> Any:
    """Yield the wavenumber of every mode of a real transform, plane by plane, [h/Mpc]."""
    nz, ny, nx = box.shape
    unit = 2 * np.pi / (box.cell_size / MPC_IN_KPC)
    across = np.hypot(fft.fftfreq(ny)[:, None], fft.rfftfreq(nx))
    for along in fft.fftfreq(nz):
        yield unit * np.hypot(along, across)
