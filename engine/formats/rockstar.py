"""Rockstar's lists of haloes with parents: text, one halo a line.

The first line names the columns. Masses are in Msun/h, positions in Mpc/h, radii in kpc/h, both
comoving, velocities in km/s. PID, which Rockstar's find_parents adds, is the ID of the halo that
a subhalo lies in, or -1.
"""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.halos import Subhalos

COLUMNS = ("ID", "Mvir", "Rvir", "Vmax", "X", "Y", "Z", "PID")
BOX, SCALE = "#Box size:", "#a ="


def read_rockstar(path: Path, run: str, box_size: float, redshift: float) -> Subhalos:
    """Read a list with parents.

    Parameters
    ----------
    run : str
        "hydro" or "dmo".
    box_size : float
        That it must be of, comoving [Mpc/h].
    redshift : float
        That it must be of.

    Raises
    ------
    ValueError
        In one sentence, if it is no such list, is damaged, or is of another box or redshift.
    """
    comments = _comments(path)
    columns = _columns(path, comments)
    _check_universe(path.name, comments, box_size, redshift)
    position = np.mod(np.stack([columns[axis] for axis in "XYZ"], axis=1), box_size)
    return Subhalos(
        position=position.astype(np.float32),
        mvir=columns["Mvir"].astype(np.float32),
        rvir=columns["Rvir"].astype(np.float32),
        vmax=columns["Vmax"].astype(np.float32),
        host=_rows_of(columns["PID"], columns["ID"], path.name),
        run=run,
        definition=f"Rockstar ({path.name}): bound mass within the virial overdensity",
    )


def _comments(path: Path) -> list[str]:
    if not path.is_file():
        raise ValueError(f"{path} does not exist, expected a list by Rockstar.")
    found = []
    try:
        with path.open(encoding="ascii") as file:
            for line in file:
                if not line.startswith("#"):
                    break
                found.append(line.strip())
    except UnicodeDecodeError:
        found = []
    if not found:
        raise ValueError(f"{path.name} has no heading, expected Rockstar's list of haloes (text).")
    return found


def _columns(path: Path, comments: list[str]) -> dict[str, NDArray[np.float64]]:
    names = comments[0].removeprefix("#").split()
    absent = [name for name in COLUMNS if name not in names]
    if absent:
        hint = "; Rockstar's find_parents adds it" if "PID" in absent else ""
        raise ValueError(
            f"{path.name} has no column {', '.join(absent)}, expected {', '.join(COLUMNS)}{hint}."
        )
    try:
        # find_parents names columns that it then leaves out, but those wanted come before them,
        # and PID is the last of all.
        numbers = [-1 if name == "PID" else names.index(name) for name in COLUMNS]
        with warnings.catch_warnings(action="error"):  # of a list without a line
            table = np.loadtxt(path, usecols=numbers, ndmin=2, encoding="ascii")
    except (ValueError, UserWarning) as error:
        raise ValueError(f"{path.name} can't be read: {str(error).rstrip('.')}.") from None
    if not np.isfinite(table).all():
        raise ValueError(f"{path.name} holds numbers that are not finite, expected none.")
    return dict(zip(COLUMNS, table.T, strict=True))


def _check_universe(name: str, comments: list[str], box_size: float, redshift: float) -> None:
    """Refuse a list of another box or time."""
    box, scale = (_number_after(label, comments) for label in (BOX, SCALE))
    if box is None or abs(box / box_size - 1) > 1e-4:
        raise ValueError(
            f"{name} is of a box of {box or 'unknown size'} Mpc/h, expected {box_size:g}."
        )
    if scale is None or abs(scale * (1 + redshift) - 1) > 1e-3:
        raise ValueError(
            f"{name} is of the scale factor {scale or 'unknown'}, expected "
            f"{1 / (1 + redshift):g} (redshift {redshift:g})."
        )


def _number_after(label: str, comments: list[str]) -> float | None:
    for line in comments:
        if line.startswith(label):
            try:
                return float(line.removeprefix(label).split()[0])
            except (ValueError, IndexError):
                return None
    return None


def _rows_of(
    parent: NDArray[np.float64], identity: NDArray[np.float64], name: str
) -> NDArray[np.int64]:
    """Rows of the parents by their identities; -1 for none."""
    order = np.argsort(identity)
    ranked = identity[order]
    place = np.minimum(np.searchsorted(ranked, parent), len(order) - 1)
    found = np.where(ranked[place] == parent, order[place], -1)
    lost = (found < 0) & (parent != -1)
    if lost.any():
        raise ValueError(
            f"{name}: {int(lost.sum())} parents are not in the list, expected all of them; it is "
            "cut off or thinned out."
        )
    return found
