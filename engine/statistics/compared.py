"""A statistic of every map that stands beside the truth."""

from collections.abc import Mapping, Sequence
from math import ceil

from engine.coarsening import on_coarsest
from engine.mesh import Mesh, Slab
from engine.results import Curve
from engine.statistics.registry import get

COMPARED = ("truth", "prediction", "other")
"""Maps whose statistics are taken; the last is a second painting."""


Region = tuple[int, int, int, int]
"""(y0, y1, x0, x1), [pixels]."""


def in_cells_of(slab: Slab, other: Slab, region: Region) -> Region:
    """Say which cells of a slab a region of another's pixels lies in."""
    ratio = slab.cell_size / other.cell_size
    y0, y1, x0, x1 = region
    first = (int(n / ratio + 1e-6) for n in (y0, x0))
    last = (ceil(n / ratio - 1e-6) for n in (y1, x1))
    (y0, x0), (y1, x1) = first, last
    return y0, y1, x0, x1


def alike(maps: Mapping[str, Slab], region: Region | None = None) -> dict[str, Slab]:
    """Maps of one slab as curves take them.

    Parameters
    ----------
    maps : mapping of str to Slab
        The input, and by the names in `COMPARED` what is compared, all else with it.
    region : (y0, y1, x0, x1), optional
        Of the input's pixels, that is cut from all.

    Returns
    -------
    dict of str to Slab
        The input in its own cells, all others in the coarsest's of these.
    """
    others = {name: slab for name, slab in maps.items() if name != "input"}
    found = dict(zip(others, on_coarsest([*others.values()]), strict=True))
    found = {name: maps["input"] if name == "input" else found[name] for name in maps}
    if region is None:
        return found
    return {n: s.cut(in_cells_of(s, maps["input"], region)) for n, s in found.items()}


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
