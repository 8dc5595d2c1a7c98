"""A statistic of every map that stands beside the truth."""

from collections.abc import Mapping, Sequence

from engine.mesh import Mesh
from engine.results import Curve
from engine.statistics.registry import get

COMPARED = ("truth", "prediction", "other")
"""Maps whose statistics are taken; the last is a second painting."""


def curves(statistic: str, maps: Mapping[str, Mesh | Sequence[Mesh]]) -> dict[str, Curve]:
    """Take a statistic of every map that is compared, with those it takes beside.

    Parameters
    ----------
    statistic : str
        Name of one that makes a curve.
    maps : mapping of str to Mesh or sequence of Mesh
        By the names in `COMPARED` and in the statistic's `maps`, as far as they are there;
        a sequence is summed over.

    Returns
    -------
    dict of str to Curve
        By the compared map's name; none for one that the statistic takes beside the others,
        as that of a pair takes the truth.
    """
    compute = get(statistic)
    beside = [name for name in compute.maps if name != "painted"]
    if not all(name in maps for name in beside):
        return {}
    return {
        name: compute(*(maps[name if each == "painted" else each] for each in compute.maps))
        for name in COMPARED
        if name in maps and name not in beside
    }
