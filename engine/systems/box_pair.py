"""Boxes of one run on cells of two sizes: a density, and the initial conditions it grew from."""

import numpy as np
from numpy.typing import NDArray

from engine.checks import place
from engine.mesh import Mesh

LOW, INITIAL = "low", "initial"
"""Names of the inputs: the low-resolution density, and the initial conditions."""

SAME_PHASES = 0.5
"""Correlation of the largest waves from which on two boxes are taken for the same; boxes of the
same phases have more than 0.95, others none."""

SAME_SIDE = 1e-4
"""Relative difference of their sides up to which two boxes may be the same."""

LARGEST = 3
"""Wavenumbers up to which they are compared, in units of the fundamental one."""


def check_whole(box: Mesh) -> None:
    """Refuse a piece of a box, whose cells at the edges have no neighbours.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if not box.periodic:
        raise ValueError(
            f"{place(box)} is a piece of a box, expected the whole periodic box: choose a region "
            "of the painting instead."
        )


def check_pair(low: Mesh, initial: Mesh) -> None:
    """Refuse a density and initial conditions that are not of the same whole box.

    Raises
    ------
    ValueError
        In one sentence.
    """
    for mesh in (low, initial):
        check_whole(mesh)
    check_belongs(initial, low)


def check_belongs(fine: Mesh, low: Mesh) -> None:
    """Refuse a box of high resolution that isn't the low-resolution density's.

    Parameters
    ----------
    fine : Mesh
        Initial conditions, or a density.
    low : Mesh
        Density on half as many cells a side.

    Raises
    ------
    ValueError
        In one sentence, if its side, its number of cells or its phases are others.
    """
    if abs(fine.box_size / low.box_size - 1) > SAME_SIDE:
        raise ValueError(
            f"{place(fine)} is of a box of {fine.box_size:.5g} Mpc/h and the low-resolution "
            f"density of one of {low.box_size:.5g}, expected both of the same box."
        )
    if fine.shape != tuple(2 * side for side in low.shape):
        raise ValueError(
            f"{place(fine)} has {fine.shape} cells and the low-resolution density "
            f"{low.shape}, expected twice as many along each axis: deposit both on grids of the "
            "same box."
        )
    found = phase_correlation(low.values, fine.values)
    if found < SAME_PHASES:
        what = "initial conditions" if fine.about.signed else "high resolution"
        raise ValueError(
            f"{place(fine)} doesn't belong to the low-resolution density: the correlation of "
            f"their largest waves is {found:.2f}, expected more than {SAME_PHASES}; take the "
            f"{what} of the same run."
        )


def phase_correlation(low: NDArray[np.float32], fine: NDArray[np.float32]) -> float:
    """Correlation of the largest waves of two boxes of one side, whatever their cells.

    Parameters
    ----------
    low : array, (nz, ny, nx)
        Density.
    fine : array, (mz, my, mx)
        Linear overdensity, or a density.

    Returns
    -------
    float
        From -1 to 1; 0 if one of them has no such waves.
    """
    one, other = (largest_waves(values) for values in (low, fine))
    norm = np.sqrt((np.abs(one) ** 2).sum() * (np.abs(other) ** 2).sum())
    return float((one * other.conj()).real.sum() / norm) if norm else 0.0


def largest_waves(values: NDArray[np.float32]) -> NDArray[np.complex128]:
    """Modes of up to `LARGEST` wavelengths a side, without the mean, by their definition.

    These are a handful: transforming a box of 512^3 cells for them would take seconds and
    gigabytes.

    Parameters
    ----------
    values : array, (nz, ny, nx)
        Of cells whose centres lie half a cell from the box's edge.
    """
    waves = [np.arange(-LARGEST, LARGEST + 1)] * 2 + [np.arange(LARGEST + 1)]
    phases = [
        2 * np.pi * np.outer((np.arange(n) + 0.5) / n, wave)
        for n, wave in zip(values.shape, waves, strict=True)
    ]
    # Real numbers along the first of the axes, of which complex ones would be a copy of the box.
    along_x = np.stack([values @ part(phases[2]).astype(np.float32) for part in (np.cos, np.sin)])
    modes = along_x[0].astype(np.complex128) - 1j * along_x[1]
    turns = [np.exp(-1j * each) for each in phases[:2]]
    modes = np.einsum("zyc,zb,ya->bac", modes, *turns, optimize=True)
    number = np.sqrt(sum(each**2.0 for each in np.ix_(*waves)))
    return modes[(number > 0) & (number <= LARGEST)]


def interpolated(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Halve the cells of a periodic box, linearly between centres, which keeps the mean.

    Parameters
    ----------
    values : array, (nz, ny, nx)
        Any density.

    Returns
    -------
    array, (2 nz, 2 ny, 2 nx)
        A fine cell's centre is a quarter of a coarse cell from that of its own.
    """
    for axis in range(values.ndim):
        sides = [
            np.float32(0.75) * values + np.float32(0.25) * np.roll(values, by, axis)
            for by in (1, -1)
        ]
        shape = [n * (1 + (i == axis)) for i, n in enumerate(values.shape)]
        values = np.stack(sides, axis + 1).reshape(shape)
    return values
