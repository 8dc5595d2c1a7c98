"""One emulator on one slab: sums of every statistic for each realisation, never the maps."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from engine import statistics
from engine.calibration import CLASSES, Calibration, Ranking, classes_of, scaled
from engine.fields import INPUT_FIELDS
from engine.halos import Halos
from engine.leaning import Leaning, Leanings
from engine.likeness import Texture, texture_of
from engine.mesh import Mesh, Slab
from engine.odd_one import OddOne, OddOnes
from engine.peaks import Peaks, masses_around, peaks_of
from engine.spread_by_scale import SpreadByScale, SpreadsByScale
from engine.statistics.halo_relation import HaloRelation, HaloSums
from training.report.reported import Reported

IN_FLIGHT = 2
"""Batches a worker may be ahead of the one that is ranked: what bounds the memory."""

Measures = dict[str, Any]
"""Sums of one map by the statistic's name; haloes as `HaloMasses`."""


@dataclass(frozen=True, eq=False)
class Maps:
    """The maps of one slab.

    Parameters
    ----------
    inputs : mapping of str to Mesh
        What is painted from, by the names of the card's inputs.
    truth : Slab
        Of the painted field.
    reference : Slab
        Dark matter that the masses of haloes are compared with, whatever is painted from.
    halos : Halos or None
        Of the hydrodynamical run, if there is a catalogue.
    peaks : Peaks or None
        Of the dark matter that is painted from, if that is a slab of the same pixels.
    """

    inputs: Mapping[str, Mesh]
    truth: Slab
    reference: Slab
    halos: Halos | None
    peaks: Peaks | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """What is kept of an emulator on a slab.

    Parameters
    ----------
    truth : mapping
        Sums of the simulated map.
    painted : tuple of mappings
        Those of seed 0, 1, ...
    pixels : Calibration or None
        Of the pixels' scaled values by class of the dark matter that is painted on; None for
        fewer than two samples.
    scales : SpreadByScale or None
        The same of spread and error alone, by scale of detail.
    odd : OddOnes or None
        How often the truth is the odd one among four; None for fewer than two samples.
    texture : Texture
        Of the first realisation.
    leaning : Leaning
        Of every realisation.
    """

    truth: Measures
    painted: tuple[Measures, ...]
    pixels: Calibration | None
    scales: SpreadByScale | None
    odd: OddOnes | None
    texture: Texture
    leaning: Leaning


def measure(maps: Maps, painted: Slab) -> Measures:
    """Sum every statistic over one map.

    Parameters
    ----------
    maps : Maps
        Of its slab.
    painted : Slab
        The truth itself, or a painting.
    """
    found: Measures = {
        # Power of the painting and of the truth, and what is between them.
        "pairs": statistics.get("cross_correlation").compute(maps.truth, painted),
        "bispectrum": statistics.get("bispectrum").compute(painted),
        "pdf": statistics.get("pdf").compute(painted),
        "total_mass": statistics.get("total_mass").compute(painted),
    }
    if painted.field in statistics.get("cddf").fields:
        found["cddf"] = statistics.get("cddf").compute(painted)
    if maps.halos is not None:
        sums: HaloSums = HaloRelation(maps.halos).compute(maps.reference, painted)
        found["halos"] = sums.slabs[0]
    if maps.peaks is not None:
        found["peaks"] = masses_around(painted, maps.peaks)
    return found


def painted_on(inputs: Mapping[str, Mesh], truth: Slab) -> Slab | None:
    """Dark matter among the inputs, if it has the truth's pixels."""
    for each in inputs.values():
        if isinstance(each, Slab) and each.field in INPUT_FIELDS and each.shape == truth.shape:
            return each
    return None


def peaks_below(inputs: Mapping[str, Mesh], truth: Slab) -> Peaks | None:
    """Peaks of what is `painted_on`."""
    below = painted_on(inputs, truth)
    return None if below is None else peaks_of(below)


def run(
    emulator: Reported,
    maps: Maps,
    count: int,
    pool: Executor,
    workers: int,
    advance: Callable[[int], None],
) -> Part:
    """Paint a slab with seeds 0 to count - 1 and sum up what each painting shows.

    Parameters
    ----------
    emulator : Reported
        Deterministic ones paint once.
    maps : Maps
        Of the slab.
    count : int
        Realisations.
    pool : Executor
        Of threads, which paint and sum.
    workers : int
        How many threads those are.
    advance : callable
        Told of each batch how many realisations are done.
    """
    number = emulator.realisations(count)
    ranking, spreads, odd = None, None, None
    if number > 1:
        # No painter can know of haloes that a coarse input doesn't show.
        below = painted_on(maps.inputs, maps.truth) or maps.reference
        ranking = Ranking(scaled(maps.truth), classes_of(below), len(CLASSES))
        spreads, odd = SpreadsByScale(maps.truth, below), OddOne(maps.truth, below)
    seeds = range(number)
    batches = [seeds[i : i + emulator.at_once] for i in range(0, number, emulator.at_once)]
    painted: list[Measures] = []
    leanings = Leanings(maps.truth)
    texture: Texture | None = None

    def paint(seeds: Sequence[int]) -> list[tuple[Slab, Measures]]:
        return [(slab, measure(maps, slab)) for slab in emulator.paint(maps.inputs, seeds)]

    # In the order of the seeds whoever is first: sums of floats then are the same.
    for batch in in_order(pool, paint, batches, IN_FLIGHT * workers):
        for slab, measured in batch:
            painted.append(measured)
            if ranking is not None and spreads is not None and odd is not None:
                ranking.add(scaled(slab))
                spreads.add(slab)
                odd.add(slab)
            leanings.add(slab)
            if texture is None:
                texture = texture_of(maps.truth, slab, maps.reference)
        advance(len(batch))
    pixels = ranking.found() if ranking is not None else None
    scales = spreads.found() if spreads is not None else None
    odd_ones = odd.found() if odd is not None else None
    assert texture is not None
    truth, leaning = measure(maps, maps.truth), leanings.found()
    return Part(truth, tuple(painted), pixels, scales, odd_ones, texture, leaning)


def in_order(
    pool: Executor, work: Callable[[Any], Any], items: Sequence[Any], ahead: int
) -> Iterator[Any]:
    """Results of some work in the items' order, a few at most waiting to be taken."""
    waiting: deque[Future[Any]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) == ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
