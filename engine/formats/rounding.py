"""Rounding of what is stored, so that it compresses."""

import numpy as np
from numpy.typing import NDArray

MANTISSA_BITS = 16
"""Kept of float32's 23: values to 8e-6, below the deposition's own error."""

LARGEST = 1024
"""Cells that rounding may move by a step to keep the sum: a small part of any mesh."""


def round_mantissa(values: NDArray[np.floating], bits: int) -> NDArray[np.float32]:
    """Round to `bits` of the mantissa, so that it compresses, and keep the sum.

    The largest cells are moved by one more step until what rounding added or took away
    is smaller than half a step of the next.

    Parameters
    ----------
    values : array
        Of any shape and sign.
    bits : int
        Of float32's 23.

    Returns
    -------
    array, as `values`
    """
    raw = np.array(values, dtype=np.float32, order="C")
    integers = raw.view(np.uint32)
    drop = 23 - bits
    if drop <= 0 or not raw.any():
        return raw
    step = 1 << drop
    half = ((integers >> drop) & 1) + (step // 2 - 1)
    rounded = (((integers + half) >> drop) << drop).astype(np.uint32).ravel()
    floats = rounded.view(np.float32)
    total = np.sum(values, dtype=np.float64)
    missing = float(total - floats.sum(dtype=np.float64))
    largest = np.argpartition(floats, -min(LARGEST, floats.size))[-LARGEST:]
    for i in largest[np.argsort(floats[largest])[::-1]]:
        before = float(floats[i])
        if before <= 0:  # its bits would count the other way
            break
        rounded[i] = int(rounded[i]) + (step if missing > 0 else -step)
        change = float(floats[i]) - before
        if abs(change) < 2 * abs(missing):
            missing -= change
        else:
            floats[i] = before
    return floats.reshape(raw.shape)
