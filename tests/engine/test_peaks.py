"""Peaks of an input, and why they are calibrated where haloes of the truth can't be."""

import numpy as np
import pytest

from engine import peaks
from engine.calibration import Ranking, mean_dark_matter
from engine.cosmology import Cosmology
from engine.mesh import Slab
from engine.peaks import CLASSES, EDGES, RADIUS, masses_around, peaks_of

SIDE, PIXEL = 64, 29.296875


def slab(values, field="dm"):
    return Slab(
        values.astype(np.float32),
        field,
        axis="z",
        depth=1.5,
        cell_size=PIXEL,
        box_size=SIDE * PIXEL / 1000,
        redshift=2.0,
        cosmology=Cosmology(0.3089, 0.0486, 0.6774),
        simulation="drawn",
    )


def blobs(*places):
    """Gaussians of a width of 60 ckpc/h of so many times the mean, periodic."""
    y, x = np.mgrid[:SIDE, :SIDE]
    values = np.full((SIDE, SIDE), 0.1)
    for row, column, height in places:
        dy, dx = ((a - b + SIDE / 2) % SIDE - SIDE / 2 for a, b in ((y, row), (x, column)))
        values += 2 * height * np.exp(-(dy**2 + dx**2) / 2 / (peaks.SMOOTHING / PIXEL) ** 2)
    return values * mean_dark_matter(slab(values))


def test_peaks_are_where_blobs_are_across_the_edge_too():
    # Smoothed by their own width their height is half as much.
    found = peaks_of(slab(blobs((0, 63, 30), (20, 40, 10), (40, 10, 5), (50, 50, 1))))
    assert found.centre.tolist() == [[63.5, 0.5], [40.5, 20.5], [10.5, 40.5]]
    assert found.group.tolist() == [2, 1, 0]
    assert len(CLASSES) == len(EDGES)


def test_masses_are_those_of_discs():
    dark = slab(blobs((0, 63, 30), (20, 40, 10)))
    one = slab(np.ones((SIDE, SIDE)), "gas")
    area = np.pi * RADIUS**2
    assert masses_around(one, peaks_of(dark)).mass == pytest.approx(np.full(2, area), rel=1e-6)


def test_haloes_of_the_truth_are_held_less_often_where_the_input_cannot_show_them():
    """A painter whose samples have the very law of the truth, given its input."""
    random = np.random.default_rng(1)
    count, samples = 20_000, 15
    # The input shows that one place in ten has a halo, and never which.
    truth, *drawn = random.normal(0, 1, (samples + 1, count)) + 5 * (
        random.random((samples + 1, count)) < 0.1
    )

    def held(places):
        ranking = Ranking(truth[places], np.zeros(places.sum(), int), 1)
        for each in drawn:
            ranking.add(each[places])
        return ranking.found().coverage(0.68)[0]

    assert held(np.ones(count, bool)) == pytest.approx(0.68, abs=0.02)
    assert held(truth > 3) < 0.3
