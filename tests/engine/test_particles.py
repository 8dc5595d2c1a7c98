"""Thinning out draws exactly so many particles, all equally likely, however they are read."""

import numpy as np
import pytest

from engine.formats import open_snapshot, snapshot
from engine.projection.particles import Job, _draw, _shares


def test_shares_of_the_chunks_are_those_of_a_draw_without_replacement():
    numbers, keep = np.array([50, 30, 20]), 10
    random = np.random.default_rng(0)
    drawn = np.array([_shares(numbers, keep, random) for _ in range(20_000)])
    assert np.all(drawn.sum(1) == keep)
    fraction = numbers / 100
    # Hypergeometric; 20 000 draws know a variance to 1 %.
    variance = keep * fraction * (1 - fraction) * 90 / 99
    assert np.allclose(drawn.mean(0), keep * fraction, atol=0.05)
    assert np.allclose(drawn.var(0), variance, rtol=0.05)


@pytest.mark.parametrize("level", [1, 3])
def test_more_particles_than_numpy_s_hypergeometric_takes(level):
    numbers = np.full(1200, 1 << 20)  # 1.26e9
    keep = int(numbers.sum()) // 8**level
    taken = _shares(numbers, keep, np.random.default_rng(0))
    assert taken.sum() == keep
    assert np.abs(taken / numbers - 8.0**-level).max() < 6 * np.sqrt(8.0**-level / (1 << 20))


def test_all_are_taken_where_none_is_left_out():
    numbers = np.array([7, 3])
    assert np.array_equal(_shares(numbers, 10, np.random.default_rng(0)), numbers)


def test_chunks_are_drawn_from_evenly_and_levels_apart(gadget, universe, monkeypatch):
    monkeypatch.setattr(snapshot, "CHUNK", 100)
    opened = open_snapshot(gadget(universe))
    hits = {level: np.zeros(512) for level in ("MR", "LR")}
    for seed in range(300):
        for level, keep in (("MR", 64), ("LR", 8)):
            for start, _, chosen in _draw(Job(opened, ("dm",), level, "ds", keep), seed):
                assert np.all(np.diff(chosen) > 0)
                hits[level][start + chosen] += 1
    assert (hits["MR"].sum(), hits["LR"].sum()) == (300 * 64, 300 * 8)
    # 37.5 a particle, with a binomial scatter of 5.7, in every chunk.
    assert hits["MR"].std() == pytest.approx(5.7, rel=0.15)
    assert np.allclose([h.mean() for h in np.split(hits["MR"], (100, 200, 300, 400))], 37.5, atol=3)
    assert abs(np.corrcoef(hits["MR"], hits["LR"])[0, 1]) < 0.2
