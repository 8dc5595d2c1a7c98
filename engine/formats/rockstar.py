"""Rockstar's lists of haloes with parents: text, one halo a line.

The first line names the columns. Masses are in Msun/h, positions in Mpc/h, radii in kpc/h, both
comoving, velocities in km/s. PID, which Rockstar's find_parents adds, is the ID of the halo that
a subhalo lies in, or -1.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.formats.catalogues import LARGEST
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
        host=rows_of(columns["PID"], columns["ID"], (-1.0,), path.name),
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
    check_numbers(path.name, table)
    return dict(zip(COLUMNS, table.T, strict=True))


def check_numbers(name: str, *columns: NDArray[np.float64]) -> None:
    """Refuse numbers that are not finite or that no simulation holds.

    Raises
    ------
    ValueError
        In one sentence with the file's name.
    """
    if not all((np.abs(each) < LARGEST).all() for each in columns):
        raise ValueError(
            f"{name} holds numbers that are not finite or beyond {LARGEST:g}, expected none."
        )


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


def rows_of(
    parent: NDArray[Any], identity: NDArray[Any], none: Sequence[Any], name: str
) -> NDArray[np.int64]:
    """Rows of haloes' parents by their identities; -1 for none.

    Parameters
    ----------
    parent, identity : array, (n,)
        Of each halo, as numbers or as words.
    none : sequence
        What stands for no parent.
    name : str
        Of the file, for the message.

    Raises
    ------
    ValueError
        In one sentence, if a parent is not in the list.
    """
    order = np.argsort(identity)
    ranked = identity[order]
    place = np.minimum(np.searchsorted(ranked, parent), len(order) - 1)
    found = np.where(ranked[place] == parent, order[place], -1)
    lost = (found < 0) & ~np.isin(parent, none)
    if lost.any():
        raise ValueError(
            f"{name}: {int(lost.sum())} parents are not in the list, expected all of them; it is "
            "cut off or thinned out."
        )
    return found
