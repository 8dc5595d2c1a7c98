"""The truth among the realisations of what is on show, one realisation after another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine import statistics
from engine.calibration import CLASSES, Ranking, classes_of, scaled
from engine.fields import INPUT_FIELDS
from engine.leaning import Leanings
from engine.likeness import Likeness, likeness, texture_of
from engine.mesh import Slab
from engine.normalization import normalization
from engine.odd_one import OddOne
from engine.peaks import CLASSES as PEAKS
from engine.peaks import RADIUS, masses_around, peaks_of
from engine.results import Curve, Points
from engine.spread_by_scale import SpreadsByScale
from explorer.ensemble import HALO_GROUPS, Ranked
from explorer.results import Results, relation

CURVES = ("bispectrum", "cddf")
"""Statistics of each slab that are ranked beside its power."""

PATCHES = 600
"""Of a class, at most, whose texture is judged: a tenth of a second, while others wait."""


class Ranker:
    """Ranks pixels, curves and halo masses of the truth; of realisations a few are kept.

    Parameters
    ----------
    shown : Results
        With the truth, or there is nothing to rank.
    """

    def __init__(self, shown: Results) -> None:
        self.samples = 0
        truth, dark, given = (shown.slabs(name) for name in ("truth", "dark", "input"))
        self.pixels: list[Ranking] = []
        if truth is None or dark is None or given is None:
            return
        self.pixels = [
            Ranking(scaled(each), classes_of(known(seen, below)), len(CLASSES))
            for each, seen, below in zip(truth, given, dark, strict=True)
        ]
        maps = (whole(shown, name) for name in ("truth", "input", "dark"))
        pairs = [(each, known(seen, below)) for each, seen, below in zip(*maps, strict=True)]
        self.scales = [SpreadsByScale(*pair) for pair in pairs]
        self.odd = [OddOne(*pair) for pair in pairs]
        self.leanings = [Leanings(true) for true, _ in pairs]
        curves = [statistics.power_spectrum(each) for each in truth]
        self.wavenumber = curves[0].x
        power = dex(curves)
        bins = np.broadcast_to(np.arange(power.shape[1]), power.shape)
        self.power = Ranking(power, np.where(np.isfinite(power), bins, -1), power.shape[1])
        self.halos = ranking_of(shown.halos.get("truth"), shown.request.field)
        below, field = whole(shown, "input"), shown.request.field
        self.peaks = [peaks_of(each) for each in below if each.field in INPUT_FIELDS]
        self.around: Ranking | None = None
        if self.peaks:
            group = np.concatenate([each.group for each in self.peaks])
            self.around = Ranking(self._around(shown, "truth"), group, len(PEAKS))
        self.curves = {
            name: ranking_of_bins(heights(name, truth))
            for name in CURVES
            if statistics.get(name).takes(field, "slab")
        }
        self.shown = shown

    def add(self, sample: Results) -> None:
        """Take one more realisation, its painting as the prediction."""
        painted = sample.slabs("prediction")
        if not self.pixels or painted is None:
            return
        self.samples += 1
        for ranking, slab in zip(self.pixels, painted, strict=True):
            ranking.add(scaled(slab))
        of_whole = whole(sample, "prediction")
        looks = zip(self.scales, self.odd, self.leanings, of_whole, strict=True)
        for spreads, odd, leanings, slab in looks:
            spreads.add(slab)
            odd.add(slab)
            leanings.add(slab)
        if self.samples == 1:
            self.likeness = self._looked(of_whole)
        self.power.add(dex([statistics.power_spectrum(slab) for slab in painted]))
        for name, ranking in self.curves.items():
            ranking.add(heights(name, painted))
        if self.halos is not None:
            points = relation(sample, "prediction")
            assert points is not None  # the truth has some
            self.halos.add(surface_density(points, sample.request.field))
        if self.around is not None:
            self.around.add(self._around(sample, "prediction"))

    def found(self) -> Ranked | None:
        """Sum up the realisations so far; None for fewer than two."""
        if self.samples < 2:
            return None
        first, *rest = (ranking.found() for ranking in self.pixels)
        by_scale, *more = (spreads.found() for spreads in self.scales)
        odd, *others = (each.found() for each in self.odd)
        leaning, *further = (each.found() for each in self.leanings)
        return Ranked(
            pixels=sum(rest, first),
            power=self.power.found(),
            wavenumber=self.wavenumber,
            halos=None if self.halos is None else self.halos.found(),
            peaks=None if self.around is None else self.around.found(),
            curves={name: ranking.found() for name, ranking in self.curves.items()},
            likeness=self.likeness,
            leaning=sum(further, leaning),
            scales=sum(more, by_scale),
            odd=sum(others, odd),
        )

    def _around(self, results: Results, name: str) -> NDArray[np.float64]:
        """Mean of a field around the input's peaks, scaled as its pixels are, (n,)."""
        maps = zip(whole(results, name), self.peaks, strict=True)
        masses = np.concatenate([masses_around(each, peaks).mass for each, peaks in maps])
        return normalization(results.request.field).forward(masses / (np.pi * RADIUS**2))

    def _looked(self, painted: Sequence[Slab]) -> Likeness:
        """Judge the first sample's texture."""
        truth, dark = whole(self.shown, "truth"), whole(self.shown, "dark")
        each = zip(truth, painted, dark, strict=True)
        return likeness([texture_of(*maps) for maps in each], PATCHES)


def whole(results: Results, name: str) -> list[Slab]:
    """Whole maps of the slabs on show, whatever region is in view: texture is periodic."""
    return [each.comparable[name] for each in results.along or (results,)]


def known(seen: Slab, below: Slab) -> Slab:
    """Dark matter that an emulator is given, or, if that is something else, what lies below.

    Pixels are told apart by it: no painter can know of haloes that a coarse input doesn't show.
    """
    fits = seen.field in INPUT_FIELDS and seen.shape == below.shape
    return seen if fits else below


def heights(name: str, slabs: Sequence[Slab]) -> NDArray[np.float64]:
    """Some statistic's curve of each slab, (slabs, bins)."""
    return np.array([statistics.get(name)(slab).y for slab in slabs], np.float64)


def ranking_of_bins(truth: NDArray[np.float64]) -> Ranking:
    """Begin to rank bins, (slabs, bins), those in which the truth has something."""
    told = np.isfinite(truth) & (truth != 0)
    group = np.where(told, np.arange(truth.shape[1]), -1)
    return Ranking(truth, group, truth.shape[1])


def ranking_of(points: Points | None, field: str) -> Ranking | None:
    """Begin to rank haloes, those of too few pixels apart; None if there are none."""
    if points is None:
        return None
    group = np.where(points.columns["resolved"], 0, 1)
    return Ranking(surface_density(points, field), group, len(HALO_GROUPS))


def surface_density(points: Points, field: str) -> NDArray[np.float64]:
    """Mean of a field within each halo's circle, scaled as its pixels are, (n,).

    Masses rank as it does; of it spread and error compare from halo to halo.
    """
    area = np.pi * np.square(points.columns["rvir"])
    return normalization(field).forward(points.y / area)


def dex(curves: list[Curve]) -> NDArray[np.float64]:
    """Decadic logarithm of some spectra, (slabs, bins); NaN for bins without modes."""
    return np.log10([curve.y for curve in curves])
