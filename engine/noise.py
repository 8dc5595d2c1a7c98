"""Noise addressed by coordinates: any block of it without the rest, the same everywhere.

Normal number (y, x) of a scale is a pure function of (seed, scale, y, x). The integers come
from Philox, a counter-based generator; the normals from them by additions,
multiplications, divisions and square roots alone, which IEEE 754 fixes to the last bit on
every machine, unlike a library's logarithm or cosine.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 10
"""Of Philox 4x32; the number its authors recommend (Salmon et al. 2011, table 2)."""

MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
WEYL = np.array([0x9E3779B9, 0xBB67AE85], dtype=np.uint64)
"""Philox 4x32's constants (Salmon et al. 2011, section 3.3)."""

WORD = np.uint64(0xFFFFFFFF)
LANES = 4
"""32-bit words that one counter gives; neighbours along x share a counter."""

IN_CACHE = 2**14
"""Numbers that are drawn at a time: what is worked out on the way stays in a core's cache."""

MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class Realisation:
    """Which of the universes a stochastic emulator could paint.

    Parameters
    ----------
    seed : int
        From 0 to 2^64 - 1.
    strengths : tuple of float
        Factor on the noise of each scale, coarsest first; empty: one for all of them.
    """

    seed: int
    strengths: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a seed the generator has no key for and strengths that are no numbers."""
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed is {self.seed}, expected a whole number from 0 to {MAX_SEED}.")
        if not all(np.isfinite(self.strengths)):
            raise ValueError(f"noise strengths are {self.strengths}, expected finite numbers.")

    def strength(self, scale: int) -> float:
        """Factor on the noise of a scale."""
        return self.strengths[scale] if scale < len(self.strengths) else 1.0


def normals(
    seed: int,
    scale: int,
    region: tuple[int, int, int, int],
    shape: tuple[int, int],
    number: int = 0,
) -> NDArray[np.float32]:
    """Standard normal numbers of a block of a periodic map.

    Parameters
    ----------
    seed : int
        From 0 to 2^64 - 1.
    scale : int
        Number of the scale.
    region : (y0, y1, x0, x1)
        Pixels wanted; those outside the map are taken modulo its sides.
    shape : (ny, nx)
        Of the whole map at this scale.
    number : int
        Of the map, where a scale has several.

    Returns
    -------
    array, (y1 - y0, x1 - x0)
        Float32.

    References
    ----------
    Salmon et al. 2011 (Philox); Wichura 1988, algorithm AS 241 (normal quantiles).
    """
    y0, y1, x0, x1 = region
    drawn = np.empty((y1 - y0, x1 - x0), np.float32)
    lines = max(IN_CACHE // max(x1 - x0, 1), 1)
    for first in range(y0, y1, lines):
        some = (first, min(first + lines, y1), x0, x1)
        drawn[first - y0 : first - y0 + lines] = _normals(seed, scale, some, shape, number)
    return drawn


def _normals(
    seed: int, scale: int, region: tuple[int, int, int, int], shape: tuple[int, int], number: int
) -> NDArray[np.float64]:
    y0, y1, x0, x1 = region
    rows = np.arange(y0, y1) % shape[0]
    columns = np.arange(x0, x1) % shape[1]
    groups, place = np.unique(columns // LANES, return_inverse=True)
    counters = np.empty((LANES, len(rows), len(groups)), dtype=np.uint64)
    counters[0], counters[1] = groups, rows[:, None]
    counters[2], counters[3] = scale, number
    words = np.empty((len(rows), len(groups), LANES))
    for lane, drawn in enumerate(philox(counters, seed)):
        words[..., lane] = drawn
    p = words.reshape(len(rows), -1).take(LANES * place + columns % LANES, axis=1)
    p += 0.5
    p *= 2.0**-32
    return normal_quantile(p)


def smooth_normals(
    seed: int,
    scale: int,
    region: tuple[int, int, int, int],
    shape: tuple[int, int],
    number: int = 0,
) -> NDArray[np.float32]:
    """Normal numbers of unit variance that are smooth over their own pixels.

    Those of `normals` under the 3x3 binomial kernel, as nearly isotropic as nine pixels can
    be: neighbours are correlated by 2/3, the next but one by 1/6. Whatever a network makes of
    them has no speckle of single pixels and no direction of the grid.

    Parameters
    ----------
    seed, scale, region, shape, number
        As `normals` takes them; the kernel's margin is drawn too, across the periodic seam.

    Returns
    -------
    array, (y1 - y0, x1 - x0)
        Float32.
    """
    y0, y1, x0, x1 = region
    white = normals(seed, scale, (y0 - 1, y1 + 1, x0 - 1, x1 + 1), shape, number)
    rows = (white[:-2] + 2 * white[1:-1] + white[2:]) / BINOMIAL
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / BINOMIAL


BINOMIAL = np.float32(6**0.5)
"""Root of the summed squares of 1, 2, 1: numbers weighted so keep their variance."""


def philox(counters: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Philox 4x32-10: four random 32-bit words for every counter of four.

    Parameters
    ----------
    counters : array, (4, ...)
        32-bit words held in 64 bits.
    seed : int
        The 64-bit key.

    Returns
    -------
    array, (4, ...)
        32-bit words held in 64 bits.

    References
    ----------
    Salmon et al. 2011, section 3.3.
    """
    c0, c1, c2, c3 = counters
    half = np.uint64(32)
    key = np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint64)
    for _ in range(ROUNDS):
        product0, product1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        # In place: half of the time went into memory for what is on the way.
        c0, c2 = product1 >> half, product0 >> half
        c0 ^= c1
        c0 ^= key[0]
        c2 ^= c3
        c2 ^= key[1]
        product0 &= WORD
        product1 &= WORD
        c1, c3 = product1, product0
        key = (key + WEYL) & WORD
    return np.stack([c0, c1, c2, c3])


def normal_quantile(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of the normal distribution function, to seven digits, by fixed arithmetic.

    Parameters
    ----------
    p : array
        Strictly between 0 and 1.

    References
    ----------
    Wichura 1988, algorithm AS 241, routine PPND7.
    """
    every = p.ravel()
    q = every - 0.5
    result = _rational(0.180625 - q * q, CENTRAL)
    result *= q
    outside = np.flatnonzero(np.abs(q) > 0.425)
    tail, q = every[outside], q[outside]
    r = np.sqrt(-_logarithm(np.where(q < 0, tail, 1 - tail)))
    outer = _rational(r - 1.6, MIDDLE)
    far = r > 5
    outer[far] = _rational(r[far] - 5, FAR)
    result[outside] = np.copysign(outer, q)
    return result.reshape(p.shape)


CENTRAL = (
    (3.3871327179e00, 5.0434271938e01, 1.5929113202e02, 5.9109374720e01),
    (1.0, 1.7895169469e01, 7.8757757664e01, 6.7187563600e01),
)
MIDDLE = (
    (1.4234372777e00, 2.7568153900e00, 1.3067284816e00, 1.7023821103e-01),
    (1.0, 7.3700164250e-01, 1.2021132975e-01),
)
FAR = (
    (6.6579051150e00, 3.0812263860e00, 4.2868294337e-01, 1.7337203997e-02),
    (1.0, 2.4197894225e-01, 1.2258202635e-02),
)
"""Coefficients of PPND7, numerator and denominator, lowest power first."""


def _rational(
    x: NDArray[np.float64], coefficients: tuple[tuple[float, ...], tuple[float, ...]]
) -> NDArray[np.float64]:
    above, below = (_polynomial(x, c) for c in coefficients)
    above /= below
    return above


def _polynomial(x: NDArray[np.float64], coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    value = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value *= x
        value += coefficient
    return value


def _logarithm(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm from the exponent and the series of artanh, to twelve digits."""
    mantissa, exponent = np.frexp(x)
    z = (mantissa - SQRT_HALF) / (mantissa + SQRT_HALF)
    series = _polynomial(z * z, tuple(1 / (2 * i + 1) for i in range(9)))
    return 2 * z * series + (exponent - 0.5) * LOG_2


SQRT_HALF = 0.7071067811865476
LOG_2 = 0.6931471805599453
