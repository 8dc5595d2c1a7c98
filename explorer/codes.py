"""How 16-bit codes stand for the values of a map, positive or signed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LAST = 65535

DEX = 17
"""Dynamic range of a positive map's codes: 2.6e-4 dex a step, and no map we know of spans more."""

STEP = DEX / (LAST - 1)
"""Dex between two codes of a positive map."""


@dataclass(frozen=True)
class Codes:
    """What the codes of a map stand for; code 0 stands for nothing there.

    Parameters
    ----------
    floor, step : float
        Code c has the coordinate u = floor + (c - 1) step.
    softening : float
        Values are softening sinh(u): even steps where they are small, even ratios where they are
        large, so that the residuals of a map keep both their noise and their peaks. Zero for
        positive maps, whose values are 10^u.
    """

    floor: float
    step: float = STEP
    softening: float = 0.0

    def encode(self, values: NDArray[np.float32]) -> NDArray[np.uint16]:
        """Codes of linear values; what is not finite, or not positive on a positive map, gets 0.

        Parameters
        ----------
        values : array, (ny, nx)
            Of the map or of area means of it, in its unit.
        """
        there = np.isfinite(values) if self.softening else values > 0
        place = np.full(values.shape, self.floor, np.float32)
        if self.softening:
            np.arcsinh(values / np.float32(self.softening), where=there, out=place)
        else:
            np.log10(values, where=there, out=place)
        codes = np.clip(np.rint((place - self.floor) / self.step) + 1, 1, LAST)
        return np.where(there, codes, 0).astype(np.uint16)

    def decode(self, codes: NDArray[np.uint16]) -> NDArray[np.float64]:
        """Linear values of codes, as the browser computes them; NaN where a signed map has none."""
        place = self.floor + (codes.astype(np.float64) - 1) * self.step
        if self.softening:
            return np.where(codes > 0, self.softening * np.sinh(place), np.nan)
        return np.where(codes > 0, 10.0**place, 0.0)


def positive_codes(values: NDArray[np.float32]) -> Codes:
    """Choose codes whose last decade is that of the peak of a map."""
    peak = float(values.max(initial=0, where=np.isfinite(values)))
    return Codes(float(np.ceil(np.log10(peak)) if peak > 0 else 0) - DEX)


def signed_codes(values: NDArray[np.float32]) -> Codes:
    """Choose codes from the lowest to the highest value of a map, zero in their middle.

    Values turn from even steps to even ratios at the map's root mean square.
    """
    some = values[np.isfinite(values)].astype(np.float64)
    rms = float(np.sqrt(np.mean(some**2))) if some.size else 0.0
    if not rms:
        return Codes(-1.0, 2 / (LAST - 1), 1.0)
    reach = float(np.arcsinh(np.abs(some).max() / rms))
    return Codes(-reach, 2 * reach / (LAST - 1), rms)
