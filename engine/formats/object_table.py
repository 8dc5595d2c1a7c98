"""Tables of haloes from elsewhere: text with a line of names, or Rockstar's lists."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.formats.header import Header
from engine.formats.rockstar import read_rockstar

COLUMNS = ("x", "y", "z", "mass")
"""Of a table of one's own: comoving [Mpc/h], and [Msun/h]."""


@dataclass(frozen=True, eq=False)
class ObjectTable:
    """Haloes that maps are to be cut out around.

    Parameters
    ----------
    position : array, (n, 3)
        Comoving, [kpc/h], in the box.
    mass : array, (n,)
        [Msun/h].
    definition : str
        Of the mass, and where the table comes from.
    """

    position: NDArray[np.float64]
    mass: NDArray[np.float64]
    definition: str


def read_object_table(path: Path, header: Header) -> ObjectTable:
    """Read a table of the haloes of a snapshot.

    Parameters
    ----------
    path : path
        Rockstar's list with parents, whose hosts are taken, or text with the columns x, y, z
        [Mpc/h] and mass [Msun/h], named in its first line and parted by commas or blanks.
    header : Header
        Of the snapshot.

    Raises
    ------
    ValueError
        In one sentence, if it is neither, or its places are not in the box.
    """
    names = _names(path)
    if "PID" in names:
        found = read_rockstar(path, "dmo", header.box_size / 1000, header.redshift)
        hosts = found.host < 0
        position = found.position[hosts].astype(np.float64)
        mass = found.mvir[hosts].astype(np.float64)
        definition = found.definition
    else:
        table = _columns(path, names)
        position, mass = table[:, :3], table[:, 3]
        definition = f"mass as in {path.name}"
    box = header.box_size / 1000
    if position.size and not (position.min() >= -box / 2 and position.max() <= 1.5 * box):
        raise ValueError(
            f"{path.name}: positions reach from {position.min():g} to {position.max():g}, expected "
            f"comoving Mpc/h in the box of {box:g} Mpc/h."
        )
    return ObjectTable(np.mod(1000 * position, header.box_size), mass, definition)


def _names(path: Path) -> list[str]:
    """Names of the first line."""
    if not path.is_file():
        raise ValueError(f"{path} does not exist, expected a table of haloes.")
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().lstrip("#").replace(",", " ").split()
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is no text, expected a table of haloes.") from None


def _columns(path: Path, names: list[str]) -> NDArray[np.float64]:
    """Columns x, y, z and mass, (n, 4)."""
    absent = [name for name in COLUMNS if name not in names]
    if absent:
        raise ValueError(
            f"{path.name} has no column {', '.join(absent)} in its first line, expected "
            f"{', '.join(COLUMNS)} (Mpc/h and Msun/h)."
        )
    try:
        lines = path.read_text(encoding="utf-8").replace(",", " ").splitlines()[1:]
        wanted = [names.index(name) for name in COLUMNS]
        table = np.loadtxt(lines, usecols=wanted, ndmin=2) if lines else np.empty((0, 4))
    except ValueError as error:
        raise ValueError(f"{path.name} can't be read: {str(error).rstrip('.')}.") from None
    if not (np.isfinite(table).all() and (table[:, 3] > 0).all()):
        raise ValueError(
            f"{path.name} holds numbers that are not finite, or masses that are not positive, "
            "expected none."
        )
    return table
