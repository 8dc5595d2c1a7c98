"""Lists of haloes by AHF, the Amiga Halo Finder: text, one halo a line (`*.AHF_halos`).

The first line names the columns, each with its number in brackets. Masses are in Msun/h, positions
and radii in kpc/h, both comoving, velocities in km/s. hostHalo is the ID of the halo that a
subhalo lies in; 0, or -1 in older versions, for none. Neither box nor cosmology are told, the
redshift in the file's name alone.
"""

import re
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.formats.rockstar import check_numbers, rows_of
from engine.halos import Subhalos
from engine.units import MPC_IN_KPC

COLUMNS: tuple[tuple[str, ...], ...] = (
    ("ID",), ("hostHalo",), ("Mvir", "Mhalo"), ("Xc",), ("Yc",), ("Zc",), ("Rvir", "Rhalo"),
    ("Vmax",),
)  # fmt: skip
"""By the names they have had."""

NAMED = re.compile(r"(\w+)\(\d+\)")

REDSHIFT = re.compile(r"\.z(\d+\.\d+)\.")

NO_HOST = ("0", "-1")

WORD = "U32"
"""Long enough for any number; of a length of its own, numpy reads in pieces and warns of it."""

LEAST_SPAN = 0.5
"""Share of the box that the positions reach to, at least: of those in Mpc/h a thousandth."""

ENDED = 1e-6
"""By which share of the box a position may lie beyond it, as single precision rounds."""


def is_ahf(first_line: str) -> bool:
    """Whether a text begins as AHF's lists do."""
    return {"ID", "hostHalo"} <= set(NAMED.findall(first_line))


def read_ahf(path: Path, run: str, box_size: float, redshift: float) -> Subhalos:
    """Read a list of haloes and subhaloes.

    Parameters
    ----------
    run : str
        "hydro" or "dmo".
    box_size : float
        That it must be of, comoving [Mpc/h].
    redshift : float
        That it must be of, if the file's name tells.

    Raises
    ------
    ValueError
        In one sentence, if it lacks a column, is damaged, or is of another box or redshift.
    """
    _check_redshift(path.name, redshift)
    words = _words(path)
    try:
        mass, x, y, z, radius, vmax = words[:, 2:].T.astype(np.float64)
    except ValueError as error:
        raise ValueError(f"{path.name} can't be read: {error}.") from None
    position = np.stack([x, y, z], 1) / MPC_IN_KPC
    check_numbers(path.name, mass, position, radius, vmax)
    _check_box(path.name, position, box_size)
    host = rows_of(words[:, 1], words[:, 0], NO_HOST, path.name)
    return Subhalos(
        position=np.mod(position, box_size).astype(np.float32),
        mvir=mass.astype(np.float32),
        rvir=radius.astype(np.float32),
        vmax=vmax.astype(np.float32),
        host=np.where(host == np.arange(len(host)), -1, host),
        run=run,
        definition=f"AHF ({path.name}): bound mass within the virial radius",
    )


def _words(path: Path) -> NDArray[np.str_]:
    """Columns of the list as they are written, (n, 8): identities have up to 20 digits."""
    with path.open(encoding="ascii", errors="replace") as file:
        names = NAMED.findall(file.readline())
    absent = [" or ".join(each) for each in COLUMNS if not set(each) & set(names)]
    if absent:
        wanted = ", ".join(each[0] for each in COLUMNS)
        raise ValueError(f"{path.name} has no column {', '.join(absent)}, expected {wanted}.")
    numbers = [names.index(next(name for name in each if name in names)) for each in COLUMNS]
    try:
        with warnings.catch_warnings(action="error"):  # of a list without a line
            found: NDArray[np.str_] = np.loadtxt(
                path, usecols=numbers, ndmin=2, dtype=WORD, encoding="ascii"
            )
    except (ValueError, UserWarning) as error:
        raise ValueError(f"{path.name} can't be read: {str(error).rstrip('.')}.") from None
    return found


def _check_redshift(name: str, redshift: float) -> None:
    told = REDSHIFT.search(name)
    if told and abs(float(told[1]) - redshift) > 1e-3 * (1 + redshift):
        raise ValueError(f"{name} is of redshift {told[1]}, expected {redshift:g}.")


def _check_box(name: str, position: NDArray[np.floating], box_size: float) -> None:
    """Refuse positions that lie beyond the box or in a corner of it."""
    low, high = position.min(), position.max()
    if low < -ENDED * box_size or not LEAST_SPAN < high / box_size <= 1 + ENDED:
        raise ValueError(
            f"{name}: positions reach from {low * MPC_IN_KPC:g} to {high * MPC_IN_KPC:g}, expected "
            f"comoving kpc/h throughout a box of {box_size * MPC_IN_KPC:g} kpc/h."
        )
