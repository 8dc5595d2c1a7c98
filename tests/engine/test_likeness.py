"""Textures of slabs: kept small, pooled, and worse for what looks worse."""

import numpy as np
import pytest

from engine.calibration import mean_dark_matter
from engine.cosmology import Cosmology
from engine.likeness import CLASSES, likeness, texture_of
from engine.mesh import Slab

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)
SIDE = 96
RANDOM = np.random.default_rng(5)


def slab(values, field, pixel=29.3):
    box = SIDE * pixel / 1e3
    return Slab(
        np.asarray(values, np.float32),
        field,
        cell_size=pixel,
        depth=1.5,
        box_size=box,
        redshift=2.0,
        cosmology=PLANCK,
        simulation="a box",
    )


def smooth(noise, size):
    k = np.fft.fftfreq(SIDE)
    kernel = np.exp(-2 * (np.pi * size) ** 2 * (k[:, None] ** 2 + k**2))
    blurred = np.fft.ifft2(np.fft.fft2(noise) * kernel).real
    return blurred / blurred.std()


def dark():
    values = np.exp(0.7 * smooth(RANDOM.normal(size=(SIDE, SIDE)), 4))
    flat = slab(values / values.mean(), "dm")
    return flat.with_values(flat.values * np.float32(mean_dark_matter(flat)))


def gas(dark_matter, strength=0.05, size=1.0):
    """Gas that follows dark matter, its scatter smooth over a pixel or so."""
    scatter = smooth(RANDOM.normal(size=(SIDE, SIDE)), size)
    values = dark_matter.values**0.8 * np.exp(strength * scatter)
    return dark_matter.with_values(values.astype(np.float32), field="gas")


def found(paint, count=4):
    textures = []
    for seed in range(count):
        below = dark()
        truth = gas(below)
        textures.append(texture_of(truth, paint(below), below, seed=seed))
    return likeness(textures)


def test_another_draw_of_the_truths_law_looks_like_it():
    alike = found(gas)
    assert len(alike.patches) == len(CLASSES)
    known = np.isfinite(alike.patches)
    assert known[:2].all()
    assert (np.abs(alike.patches[known]) < 0.1).all()
    assert (np.abs(alike.patches_of_truth[np.isfinite(alike.patches_of_truth)]) < 0.2).all()
    assert alike.empty.tolist() == [0, 0]


def test_speckle_and_holes_do_not():
    speckled = found(lambda below: gas(below, size=0.1))
    assert (speckled.patches[:2] > 1).all()

    def holes(below):
        painted = gas(below)
        values = painted.values.copy()
        values[:10] = 0
        return painted.with_values(values)

    assert found(holes).empty[1] == pytest.approx(10 / SIDE)
    assert found(holes).below >= 10 / SIDE


def test_rounding_of_maps_that_ship_does_not_count():
    def rounded(below):
        mantissa, exponent = np.frexp(gas(below, 0.0).values)
        return below.with_values(np.ldexp(np.round(mantissa * 256) / 256, exponent), field="gas")

    textures = []
    for _ in range(3):
        below = dark()
        textures.append(texture_of(gas(below, 0.0), rounded(below), below))
    alike = likeness(textures)
    assert alike.patches_unbounded[0] > 1
    assert (alike.patches[:2] < 0.2 * alike.patches_unbounded[:2]).all()
