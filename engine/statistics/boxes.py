"""The curves of a whole box, beside the truth's and with the scatter of its octants."""

from collections.abc import Mapping
from contextlib import suppress
from math import pi
from typing import Any

from engine.catalogue_grids import GalaxyGrid
from engine.mesh import Grid
from engine.results import Curve
from engine.statistics import octants, registry
from engine.statistics.bispectrum_angle import BispectrumAngle
from engine.statistics.compared import COMPARED

REDUCED = "reduced_bispectrum"
"""Q, which the statistic of the bispectrum by angle makes with an option."""

SLOW = ("smoothed_pdf", "void_sizes")
"""What takes longest, and so comes last."""


def names() -> list[str]:
    """Names of all curves of a box, the quickest first."""
    each = {name: registry.get(name) for name in registry.names()}
    some = [name for name, about in each.items() if about.title and "grid" in about.kinds]
    return [*(name for name in some if name not in SLOW), REDUCED, *SLOW]


SMALL_SIDES = {"k1": 3.0, "k2": 4.0}
"""Of triangles of galaxies, [h/Mpc] (Kasmanoff et al. 2020, figure 1), and in small boxes."""

SMALL = 2 * pi / BispectrumAngle.k1
"""Side of a box that holds no wave of the usual triangles, [Mpc/h]."""


def statistic(name: str, *boxes: Grid) -> Any:
    """Look up the statistic of a curve, as it is taken of some boxes."""
    if name not in (REDUCED, "bispectrum_angle"):
        return registry.get(name)
    small = any(isinstance(box, GalaxyGrid) or box.box_size < SMALL for box in boxes)
    sides = SMALL_SIDES if small else {}
    return registry.get("bispectrum_angle", reduced=name == REDUCED, **sides)


def taken_of(name: str, boxes: Mapping[str, Grid]) -> dict[str, tuple[Grid, ...]]:
    """Boxes that a curve takes, by what the curve is of.

    Parameters
    ----------
    name : str
        Of the curve.
    boxes : mapping of str to Grid
        Truth and paintings by the names in `COMPARED`, as far as they are there; others are left
        alone.
    """
    compared = {of: boxes[of] for of in COMPARED if of in boxes}
    if not statistic(name).of_pairs:
        return {of: (box,) for of, box in compared.items()}
    if "truth" not in compared:
        return {}
    truth = compared.pop("truth")
    return {of: (truth, box) for of, box in compared.items()}


def scattered(name: str) -> str:
    """Name whose octants a curve's scatter is of: the truth's, or of a pair the painting's."""
    return "prediction" if statistic(name).of_pairs else "truth"


def curves(name: str, boxes: Mapping[str, Grid]) -> dict[str, Curve]:
    """Take a statistic of every box that is compared.

    Parameters
    ----------
    name, boxes
        See `taken_of`.

    Returns
    -------
    dict of str to Curve
        By what it is of, one of them with the scatter of octants; empty if the boxes are too
        small or too coarse for it.
    """
    taken, found = taken_of(name, boxes), dict[str, Curve]()
    try:
        found = {of: statistic(name, *each)(*each) for of, each in taken.items()}
    except ValueError:
        return {}
    if (whose := scattered(name)) in found:
        with suppress(ValueError):  # octants hold fewer scales than the box
            about = statistic(name, *taken[whose])
            found[whose] = octants.with_scatter(about, found[whose], *taken[whose])
    return found
