"""Bare arrays of numbers in .npy and FITS files, opened without reading them.

Nothing in such a file is executed: pickled objects are refused.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENDINGS = (".npy", ".fits", ".fit")

LARGEST = 1 << 30
"""[bytes] of a FITS image, which may have to be read whole; .npy files of any size are mapped."""


def open_array(path: Path) -> NDArray[Any]:
    """The array in a file, mapped into memory where the format allows.

    Parameters
    ----------
    path : path
        .npy, or FITS, of which the first image counts.

    Returns
    -------
    array
        Of two dimensions or more, of real numbers.

    Raises
    ------
    ValueError
        In one sentence, if there is no such file or it holds anything else.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path.name} is neither of {', '.join(ENDINGS)}, expected one of them.")
    if not path.is_file():
        raise ValueError(f"{path} does not exist, expected an array's file.")
    read = _open_npy if path.suffix.lower() == ".npy" else _open_fits
    try:
        array = read(path)
    except Exception as error:  # of a damaged file, numpy and astropy raise what they come upon
        reason = str(error).split("\n")[0].rstrip(".")
        raise ValueError(f"{path.name} can't be read as an array: {reason}.") from error
    if array.dtype.kind not in "iuf" or array.ndim < 2 or not array.size:
        raise ValueError(
            f"{path.name} holds {array.dtype} of shape {array.shape}, expected real numbers in two "
            "dimensions or more."
        )
    return array


def _open_npy(path: Path) -> NDArray[Any]:
    return np.lib.format.open_memmap(path, mode="r")


def _open_fits(path: Path) -> NDArray[Any]:
    from astropy.io import fits

    with path.open("rb") as file, fits.open(file, lazy_load_hdus=True) as units:
        for unit in units:
            sides = [int(unit.header[f"NAXIS{i + 1}"]) for i in range(int(unit.header["NAXIS"]))]
            if len(sides) < 2 or not isinstance(unit, fits.PrimaryHDU | fits.ImageHDU):
                continue
            size = abs(int(unit.header["BITPIX"])) // 8 * int(np.prod(sides, dtype=object))
            if not 0 < size <= LARGEST:
                raise ValueError(f"its image takes {size / 1e9:.3g} GB, expected up to 1")
            return np.array(unit.data)
    raise ValueError("it holds no image")
