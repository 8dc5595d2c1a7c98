"""A linear overdensity drawn from a power spectrum, addressed by wavenumber.

A wave's amplitude and phase are a pure function of the seed and of its three whole numbers:
a finer mesh of the same box has the same large waves, and more small ones.
"""

import numpy as np
from numpy.typing import NDArray

from engine.nbody.linear_power import LinearPower
from engine.noise import normal_quantile, philox

WAVES = 3
"""Fourth word of the counters, apart from the scales of an emulator's noise: (.., .., .., WAVES)
with the wave's numbers before it."""

PLANES = 16
"""Of the mesh of waves, drawn at a time."""


def draw_overdensity(
    power: LinearPower, box_size: float, cells: int, seed: int
) -> NDArray[np.float32]:
    """A Gaussian linear overdensity today, at the cells' centres.

    Parameters
    ----------
    power : LinearPower
        At z = 0.
    box_size : float
        Comoving, [Mpc/h].
    cells : int
        A side, even.
    seed : int
        From 0 to 2^64 - 1.

    Returns
    -------
    array, (cells, cells, cells)
        Its waves from the fundamental one up to, and without, the Nyquist wavenumber along each
        axis; mean zero.
    """
    import torch

    numbers = np.fft.fftfreq(cells, 1 / cells).astype(np.int64)
    half = np.arange(cells // 2 + 1)
    waves = np.empty((cells, cells, len(half)), np.complex64)
    for start in range(0, cells, PLANES):
        planes = numbers[start : start + PLANES]
        waves[start : start + PLANES] = _waves(planes, numbers, half, power, box_size, cells, seed)
    overdensity = torch.fft.irfftn(torch.from_numpy(waves), (cells,) * 3, norm="forward")
    return overdensity.numpy()


def _waves(
    planes: NDArray[np.int64],
    rows: NDArray[np.int64],
    half: NDArray[np.int64],
    power: LinearPower,
    box_size: float,
    cells: int,
    seed: int,
) -> NDArray[np.complex128]:
    """Some planes of the half mesh of waves of a real field, shifted to the cells' centres."""
    z, y, x = np.broadcast_arrays(planes[:, None, None], rows[:, None], half)
    # A wave and its opposite are one: on the plane x = 0 one of the two is drawn.
    opposite = (x == 0) & ((y < 0) | ((y == 0) & (z < 0)))
    sign = np.where(opposite, -1, 1)
    counters = np.stack([x * sign, y * sign, z * sign, np.full_like(x, WAVES)]).astype(np.uint64)
    words = philox(counters & np.uint64(0xFFFFFFFF), seed)[:2]
    real, imaginary = normal_quantile((words.astype(np.float64) + 0.5) / 2.0**32)
    k = 2 * np.pi / box_size * np.sqrt((x**2 + y**2 + z**2).astype(np.float64))
    amplitude = np.sqrt(power(k) / (2 * box_size**3))
    phase = np.exp(1j * np.pi / cells * (x + y + z))
    below_nyquist = np.maximum(np.maximum(np.abs(x), np.abs(y)), np.abs(z)) < cells // 2
    return (real + 1j * sign * imaginary) * amplitude * phase * below_nyquist
