"""r(k) and T(k): known mixtures, loops over modes, errors against scatter, what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.cosmology import Cosmology
from engine.mesh import Slab

PIXEL = 0.03  # Mpc/h
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


def slab_of(values, **changes):
    given = {"field": "gas", "cell_size": 1000 * PIXEL, "depth": 1.4, "box_size": 11.25}
    return Slab(values=values, redshift=2.0, cosmology=PLANCK, **(given | changes))


def pairs(realisations, r, amplitude, shape=(48, 48), periodic=True, seed=1):
    """White maps whose contrasts have the correlation r, the second's amplitude as given."""
    rng = np.random.default_rng(seed)
    for _ in range(realisations):
        one, other = rng.standard_normal((2, *shape))
        mixed = amplitude * (r * one + np.sqrt(1 - r**2) * other)
        yield tuple(slab_of(1 + 0.05 * each, periodic=periodic) for each in (one, mixed))


def sums_by_loops(truth, prediction, edges):
    """P_t, P_p and P_tp of each bin: one mode after the other, no FFT."""
    ny, nx = truth.shape
    row, column = np.mgrid[:ny, :nx]
    contrasts = [s.values / s.values.mean(dtype=np.float64) - 1 for s in (truth, prediction)]
    found = np.zeros((3, len(edges) - 1))
    for m in range(-((ny - 1) // 2), ny // 2 + 1):
        for n in range(-((nx - 1) // 2), nx // 2 + 1):
            wave = np.exp(-2j * np.pi * (m * row / ny + n * column / nx))
            t, p = ((delta * wave).sum() for delta in contrasts)
            b = np.digitize(2 * np.pi / PIXEL * np.hypot(m / ny, n / nx), edges) - 1
            if 0 <= b < len(edges) - 1:
                found[:, b] += abs(t) ** 2, abs(p) ** 2, (t * np.conj(p)).real
    return found


@pytest.mark.parametrize("shape", [(5, 6), (8, 12)])
def test_fast_path_equals_loops_over_modes(shape):
    truth, prediction = (slab_of(np.random.default_rng(s).lognormal(size=shape)) for s in (1, 2))
    r = statistics.cross_correlation(truth, prediction)
    t, p, cross = sums_by_loops(truth, prediction, r.edges)
    assert_allclose(r.y, cross / np.sqrt(t * p), rtol=1e-5, atol=1e-6)
    transfer = statistics.transfer_function(truth, prediction)
    assert_allclose(transfer.y, np.sqrt(p / t), rtol=1e-5)
    spectrum = statistics.power_spectrum(truth)
    assert_allclose(r.x, spectrum.x, rtol=1e-12)
    assert_array_equal(r.count, spectrum.count)


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("r", [0.0, 0.6, -0.9])
def test_known_mixtures_are_found_and_errors_match_scatter(r, periodic):
    amplitude = 1.5
    drawn = list(pairs(400, r, amplitude, periodic=periodic))
    for name, expected in (("cross_correlation", r), ("transfer_function", amplitude)):
        statistic = statistics.get(name)
        curves = [statistic(*pair) for pair in drawn]
        many = curves[0].count > 60  # the errors are those of many modes
        assert many.sum() >= 5
        error = np.array([curve.error for curve in curves]).mean(axis=0)
        scatter = np.array([curve.y for curve in curves]).std(axis=0)
        assert_allclose(scatter[many], error[many], rtol=0.15)
        # Of few modes a ratio is biased; the sums of all maps together are not of few.
        together = statistic(*zip(*drawn, strict=True))
        pull = (together.y - expected) / together.error
        assert (np.abs(pull) < 3.5).all()
        one_of_all = error / np.sqrt(len(drawn))
        assert_allclose(together.error[many], one_of_all[many], rtol=0.1)


def test_multiples_of_a_map_correlate_fully_whatever_their_mass():
    values = np.random.default_rng(1).lognormal(size=(32, 32)).astype(np.float32)
    truth, prediction = slab_of(values), slab_of(1e6 * values)
    r = statistics.cross_correlation(truth, prediction)
    transfer = statistics.transfer_function(truth, prediction)
    for curve in (r, transfer):
        assert_allclose(curve.y, 1, rtol=1e-5)
        assert (curve.error >= 0).all()
        assert_allclose(curve.error, 0, atol=1e-3)
    opposite = slab_of(2 * values.max() - values)
    assert_allclose(statistics.cross_correlation(truth, opposite).y, -1, rtol=1e-5)


def test_a_shift_turns_phases_and_leaves_amplitudes():
    values = np.random.default_rng(2).lognormal(size=(64, 64))
    truth, shifted = slab_of(values), slab_of(np.roll(values, 3, axis=1))
    assert_allclose(statistics.transfer_function(truth, shifted).y, 1, rtol=1e-4)
    r = statistics.cross_correlation(truth, shifted)
    assert r.y[0] > 0.8
    assert np.abs(r.y[-1]) < 0.1


def test_power_is_summed_before_the_ratio():
    rng = np.random.default_rng(3)
    quiet, loud = (slab_of(1 + s * rng.random((32, 32))) for s in (0.1, 5.0))
    other = slab_of(1 + rng.random((32, 32)))
    both = statistics.cross_correlation([quiet, loud], [other, loud])
    compute = statistics.cross_correlation.compute
    one, two = compute(quiet, other), compute(loud, loud)
    expected = (one.cross + two.cross) / np.sqrt(
        (one.truth + two.truth) * (one.prediction + two.prediction)
    )
    assert_allclose(both.y, expected, rtol=1e-12)
    assert "2 pairs of maps" in both.note


def test_one_pair_of_sums_serves_both():
    ((truth, prediction),) = pairs(1, 0.5, 1.0)
    sums = statistics.cross_correlation.compute(truth, prediction)
    transfer = statistics.transfer_function
    assert_array_equal(transfer.finish(sums).y, transfer(truth, prediction).y)


def test_curves_are_labelled_for_a_linear_axis():
    ((truth, prediction),) = pairs(1, 0.5, 1.0, periodic=False)
    curve = statistics.cross_correlation(truth, prediction)
    assert (curve.x_label, curve.y_label) == ("k [h/Mpc]", "r(k)")
    assert (curve.x_log, curve.y_log) == (True, False)
    assert curve.name == "cross-correlation of gas"
    assert "Hann window" in curve.note
    dark = truth.with_values(truth.values, field="dm")
    named = statistics.transfer_function(dark, prediction).name
    assert named == "transfer function of dark matter and gas"


def test_chosen_bins_are_kept_and_empty_ones_are_nan():
    ((truth, prediction),) = pairs(1, 0.5, 1.0)
    edges = (0.1, 1.0, 20.0, 60.0)
    for name in ("cross_correlation", "transfer_function"):
        curve = statistics.get(name, bins=edges)(truth, prediction)
        assert_array_equal(curve.edges, edges)
        assert_array_equal(np.isnan(curve.y), [True, False, False])
        assert_array_equal(np.isnan(curve.error), [True, False, False])
    with pytest.raises(ValueError, match="Wavenumber bins are 0, expected"):
        statistics.cross_correlation(truth, prediction, bins=0)


@pytest.mark.parametrize(
    ("values", "changes", "found"),
    [
        (np.ones((8, 9)), {}, "8 x 9 periodic pixels of 30 kpc/h"),
        (np.ones((8, 8)), {"cell_size": 60.0}, "8 x 8 periodic pixels of 60 kpc/h"),
        (np.ones((8, 8)), {"periodic": False}, "8 x 8 not periodic pixels"),
    ],
)
def test_maps_that_dont_match_are_refused(values, changes, found):
    truth = slab_of(np.ones((8, 8)))
    for name in ("cross_correlation", "transfer_function"):
        with pytest.raises(ValueError, match=rf"its counterpart {found}.*, expected the same"):
            statistics.get(name)(truth, slab_of(values, **changes))
