"""What truth and paintings hold in each halo, as one table."""

from collections.abc import Mapping

import numpy as np

from engine.results import Points, Table
from engine.statistics.halo_relation import RESOLVED_PIXELS

LABELS = {
    "number": "row of the halo catalogue, from 0",
    "slab": "index of the slab that holds the centre, from 0",
    "mvir": "virial mass of the catalogue [Msun/h]",
    "rvir": "virial radius of the catalogue, comoving [kpc/h]",
    "environment": "",
    "resolved": f"1 where R_vir is {RESOLVED_PIXELS:g} pixels or more, else 0",
}
"""Of the columns that are taken as they are; the relation says what the environment is."""


def halo_table(relations: Mapping[str, Points]) -> Table:
    """Put the halo relations of several maps side by side.

    Parameters
    ----------
    relations : mapping of str to Points
        One or more by the map's name, of the same haloes, see `engine.statistics.halo_relation`.

    Returns
    -------
    Table
        A row for each halo: number, slab, virial mass [Msun/h] and radius (comoving, [kpc/h]),
        neighbours per area [(h/Mpc)^2], whether it is resolved, then masses within the
        projected virial radius [Msun/h]: `dark_matter` and a column for each map.

    Raises
    ------
    ValueError
        If the relations are of different haloes.
    """
    first, *others = relations.values()
    for name, points in zip(list(relations)[1:], others, strict=True):
        if not all(np.array_equal(first.columns[n], points.columns[n]) for n in ("number", "slab")):
            raise ValueError(
                f"The halo relations of {next(iter(relations))} and {name} are of different "
                "haloes, expected the same to share a table: measure them on the same slabs."
            )
    masses = {"dark_matter": first.x} | {name: points.y for name, points in relations.items()}
    labels = {"environment": first.colour_label, "dark_matter": first.x_label}
    labels |= {name: points.y_label for name, points in relations.items()}
    columns = {name: first.columns[name] for name in LABELS} | masses
    columns["resolved"] = columns["resolved"].astype(np.uint8)
    return Table(columns, LABELS | labels, first.name, first.note)
