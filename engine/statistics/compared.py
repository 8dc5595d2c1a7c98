"""A statistic of every map that stands beside the truth."""

from collections.abc import Mapping, Sequence

from engine.mesh import Slab
from engine.results import Curve
from engine.statistics.registry import get

COMPARED = ("truth", "prediction", "other")
"""Maps whose statistics are taken; the last is a second painting."""


def curves(statistic: str, maps: Mapping[str, Slab | Sequence[Slab]]) -> dict[str, Curve]:
    """Take a statistic of every map that is compared, or of every painting and the truth.

    Parameters
    ----------
    statistic : str
        Name of one that makes a curve of a map or of two.
    maps : mapping of str to Slab or sequence of Slab
        By the names in `COMPARED`, as far as they are there; slabs are summed over.

    Returns
    -------
    dict of str to Curve
        By the map's name; a statistic of two maps has none for the truth.
    """
    compute = get(statistic)
    there = [name for name in COMPARED if name in maps]
    if not compute.of_pairs:
        return {name: compute(maps[name]) for name in there}
    paintings = [name for name in there if name != "truth"] if "truth" in there else []
    return {name: compute(maps["truth"], maps[name]) for name in paintings}
