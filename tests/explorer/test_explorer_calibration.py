import asyncio
from dataclasses import replace

import numpy as np
import panel as pn
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from engine import statistics
from engine.calibration import CLASSES, Calibration, classes_of
from engine.leaning import Leanings
from engine.likeness import likeness, texture_of
from engine.odd_one import OddOne, OddOnes
from engine.spread_by_scale import SIZES, SpreadsByScale
from explorer.plots.power_ranks import PowerRanks, dots
from explorer.plots.rank_histogram import RANGE, RankHistogram, histogram
from explorer.ranking import Ranker, known
from explorer.scenes.slabs import Slabs
from explorer.store import Store
from explorer.views.calibration import (
    FEW_SAMPLES,
    HINT,
    CalibrationCards,
    odd_table,
    percent,
    remarks,
    rows,
    scales_table,
    texture_table,
)
from explorer.views.tabs import CardTabs

pytestmark = pytest.mark.usefixtures("emulator", "folder")


def opened(**link):
    store = Store(Slabs(), {"simulation": "with-gas", "axis": "z", **link})
    asyncio.run(store.refresh())
    return store


def ranked_evenly(groups=2, samples=9, each=5):
    return Calibration(
        ranks=np.full((groups, samples + 1), each),
        count=np.full(groups, each * (samples + 1)),
        error2=np.ones(groups),
        spread2=np.ones(groups),
    )


@pytest.mark.usefixtures("stochastic")
def test_pixels_rank_as_in_a_stack_of_all_samples(emulator):
    store = opened()
    asyncio.run(store.sample(8))
    shown, found = store.results, store.ensemble.ranked.pixels
    stack = np.array([emulator().predict(shown.input, seed).values for seed in range(8)])
    rank, classes = (stack < shown.truth.values).sum(axis=0), classes_of(shown.input)
    for group in range(len(CLASSES)):
        expected = np.bincount(rank[classes == group], minlength=9)
        assert_array_equal(found.ranks[group], expected)
    assert found.count.sum() == shown.truth.values.size


def test_pixels_are_told_apart_by_what_is_painted_on_where_it_is_dark_matter():
    store = opened()
    shown = store.results
    coarse = shown.input.with_values(3 * shown.input.values)
    assert known(coarse, shown.dark) is coarse
    other = coarse.with_values(coarse.values, field="gas")
    assert known(other, shown.dark) is shown.dark
    ranker = Ranker(replace(shown, input=coarse))
    for _ in range(2):
        ranker.add(shown)
    counts = np.bincount(classes_of(coarse).ravel(), minlength=len(CLASSES))
    assert_array_equal(ranker.found().pixels.count, counts)
    assert (counts != np.bincount(classes_of(shown.dark).ravel(), minlength=len(CLASSES))).any()


@pytest.mark.usefixtures("stochastic")
def test_power_that_all_samples_lack_ranks_highest():
    store = opened()
    asyncio.run(store.sample(8))
    found = store.ensemble.ranked
    assert_array_equal(found.power.ranks[:, -1], 1)  # its contrast is below one
    assert_allclose(found.wavenumber, store.results.curves["power_spectrum"]["truth"].x)
    assert found.power.together.coverage(0.68) == 0


@pytest.mark.usefixtures("stochastic")
def test_haloes_rank_by_their_mass(emulator):
    store = opened()
    asyncio.run(store.sample(4))
    found = store.ensemble.ranked.halos
    truth = store.results.halos["truth"]
    resolved = np.count_nonzero(truth.columns["resolved"])
    assert_array_equal(found.count, [resolved, len(truth) - resolved])
    assert 0 < resolved < len(truth)
    masses = []
    for seed in range(4):
        store.selection.seed = seed
        masses.append(store.results.halos["prediction"].y)
    rank = (np.array(masses) < truth.y).sum(axis=0)
    assert_array_equal(found.together.ranks[0], np.bincount(rank, minlength=5))


@pytest.mark.usefixtures("stochastic")
def test_all_slabs_are_ranked_together_and_a_region_alone():
    store = opened(scope="axis")
    asyncio.run(store.sample(4))
    found = store.ensemble.ranked
    assert found.pixels.count.sum() == 4 * 64**2
    assert_array_equal(found.power.count, 4)
    assert found.halos.count.sum() == 40
    store.selection.scope = "slab"
    asyncio.run(store.sample(4))
    assert store.ensemble.ranked.pixels.count.sum() == 64**2


@pytest.mark.usefixtures("stochastic")
def test_bins_of_other_curves_rank_as_in_a_stack(emulator):
    store = opened()
    asyncio.run(store.sample(6))
    shown, found = store.results, store.ensemble.ranked.curves
    assert set(found) == {"bispectrum"}  # gas has no column densities of HI
    truth = statistics.bispectrum(shown.truth).y
    stack = [statistics.bispectrum(emulator().predict(shown.input, s)).y for s in range(6)]
    told = np.isfinite(truth) & (truth != 0)
    rank = (np.array(stack) < truth).sum(axis=0)[told]
    assert_array_equal(found["bispectrum"].together.ranks[0], np.bincount(rank, minlength=7))


@pytest.mark.usefixtures("stochastic")
def test_texture_is_of_the_first_sample_direction_of_all_and_both_of_whole_maps(emulator):
    store = opened()
    asyncio.run(store.sample(4))
    shown = store.results
    first, *more = (emulator().predict(shown.input, seed) for seed in range(4))
    expected = likeness([texture_of(shown.truth, first, shown.dark)], 600)
    looks = Leanings(shown.truth)
    for sample in (first, *more):
        looks.add(sample)
    leaning = looks.found()
    for found in (store.ensemble.ranked, ranked_in_view(store)):
        assert_allclose(found.likeness.patches, expected.patches)
        samples = found.pixels.samples
        assert_allclose(found.leaning.samples, leaning.samples[:, :samples])
        assert_allclose(found.leaning.differences, leaning.differences[:, : samples - 1])
    words = texture_table(expected, leaning)
    true, painted, difference = leaning.ratios
    chance = painted * leaning.spread
    assert f"<td>{painted:.2f} ± {chance:.2f}</td><td>{true:.2f}</td>" in words
    assert f"<td>{difference:.2f}</td><td>1.00</td>" in words
    assert "Patches, voids" in words
    unknown = replace(expected, patches_of_truth=np.full(len(expected.patches), np.nan))
    words = texture_table(unknown, leaning)
    assert "nan" not in words
    assert words.count("<td>–</td>") == np.isfinite(expected.patches).sum()
    coarse = replace(leaning, samples=np.full((1, 4), np.nan))
    assert "Diagonals" not in texture_table(expected, coarse)


@pytest.mark.usefixtures("stochastic")
def test_spread_by_scale_is_of_whole_maps_in_view_or_not(emulator):
    store = opened()
    asyncio.run(store.sample(4))
    shown = store.results
    spreads = SpreadsByScale(shown.truth, shown.input)
    for seed in range(4):
        spreads.add(emulator().predict(shown.input, seed))
    expected = spreads.found()
    assert_allclose(store.ensemble.ranked.scales.spread_error, expected.spread_error)
    assert_array_equal(ranked_in_view(store).scales.count, expected.count)
    words = scales_table(expected)
    assert words.count("<tr>") == 1 + len(SIZES)
    assert words.count("<td>") == len(SIZES) * (1 + np.count_nonzero(expected.count[0]))
    assert f"<td>1 pixel</td><td>{expected.spread_error[0, 0]:.2f}</td>" in words


@pytest.mark.usefixtures("stochastic")
def test_the_odd_one_is_looked_for_among_the_samples_of_the_map(emulator, monkeypatch):
    monkeypatch.setattr("engine.odd_one.SQUARE", 16)
    store = opened()
    asyncio.run(store.sample(4))
    shown = store.results
    odd = OddOne(shown.truth, shown.input)
    for seed in range(4):
        odd.add(emulator().predict(shown.input, seed))
    expected, found = odd.found(), store.ensemble.ranked.odd
    assert expected.squares.sum() == (shown.truth.shape[0] // 16) ** 2
    assert_array_equal(found.squares, expected.squares)
    assert_array_equal(found.odd, expected.odd)


def test_the_odd_one_is_shown_by_size_and_kind_where_there_are_squares():
    found = OddOnes(np.array([8, 0, 4]), np.tile([2, 0, 3], (len(SIZES), 1)))
    words = odd_table(found)
    assert "<th>voids</th><th>haloes</th>" in words
    assert words.count("<td>25\u00a0%</td><td>75\u00a0%</td>") == len(SIZES)
    assert "<td>looks</td><td>8</td><td>4</td>" in words


def ranked_in_view(store):
    """Ranks of a quarter of the map."""
    shown = store.results
    region = replace(shown.request, region=(0, 32, 0, 32))
    ranker = Ranker(replace(shown, request=region))
    for seed in range(2):
        store.selection.seed = seed
        ranker.add(replace(store.results, request=region))
    return ranker.found()


@pytest.mark.usefixtures("stochastic")
def test_one_sample_or_no_truth_says_nothing():
    store = opened()
    asyncio.run(store.sample(1))
    assert store.ensemble.ranked is None
    store = opened(simulation="dark-only")
    asyncio.run(store.sample(4))
    assert store.ensemble.count == 4
    assert store.ensemble.ranked is None


@pytest.mark.usefixtures("stochastic")
def test_samples_are_not_kept():
    store = opened()
    ranker = Ranker(store.results)
    sizes = []
    for seed in range(3):
        store.selection.seed = seed
        ranker.add(store.results)
        sizes.append(
            sum(each.nbytes for each in vars(ranker.pixels[0]).values() if hasattr(each, "nbytes"))
        )
    assert sizes[0] == sizes[2]


@pytest.mark.usefixtures("stochastic")
def test_the_cards_say_how_to_paint_an_ensemble_and_then_show_it(monkeypatch):
    monkeypatch.setattr("engine.peaks.EDGES", (0.1, 0.5, 0.9))  # these maps are noise
    store = opened()

    async def paint(_):
        await store.sample(8)

    cards = CalibrationCards(store, paint)
    assert cards.words.object == HINT
    assert cards.button.visible
    assert not cards.cards.visible
    source = cards.pixels.lines[0]
    cards.button.param.trigger("clicks")
    assert not cards.message.visible
    assert cards.cards.visible
    assert "8 samples" in cards.heading.object
    assert cards.pixels.lines[0] is source, "figures are patched, not built anew"
    assert len(source.data["x"])
    assert cards.table.object.count("<tr>") == 1 + len(rows(store.ensemble.ranked))
    assert "input’s peaks of 8 to 20 times" in cards.table.object
    ranked = store.ensemble.ranked
    assert texture_table(ranked.likeness, ranked.leaning) in cards.texture.object
    assert scales_table(store.ensemble.ranked.scales) in cards.scales.object
    odd = store.ensemble.ranked.odd
    assert (odd_table(odd) if odd.squares.any() else FEW_SAMPLES) in cards.odd.object
    store.selection.slab = 2
    assert cards.words.object == HINT
    assert not cards.cards.visible


async def nothing(_):
    pytest.fail("painted unasked")


def test_a_deterministic_emulator_has_nothing_to_judge():
    cards = CalibrationCards(opened(), nothing)
    assert "Cosmic share paints every slab in one way only" in cards.words.object
    assert not cards.button.visible


def test_without_truth_there_is_nothing_to_rank():
    cards = CalibrationCards(opened(simulation="dark-only"), nothing)
    assert cards.words.object == (
        "dark-only has no gas to compare with, so there is no truth to rank among samples."
    )
    assert not cards.button.visible


def test_what_the_second_tab_shows_is_built_once_and_when_it_is_first_opened():
    built = []

    class Cards(pn.viewable.Viewer):
        def __init__(self):
            super().__init__()
            built.append(self)

        def __panel__(self):
            return pn.Column()

    tabs = CardTabs(pn.Column(), {"Calibration": Cards})
    assert [each.visible for each in tabs.places] == [True, False]
    assert not built
    for place in (1, 0, 1):
        tabs.bar.active = place
        assert [each.visible for each in tabs.places] == [place == 0, place == 1]
    assert len(built) == 1


def test_ranks_that_are_all_as_likely_are_one_whatever_the_bars():
    for ranks in (5, 9, 33, 129):
        edges, height = histogram(np.full(ranks, 7), 10)
        assert len(height) == min(ranks, 10)
        assert_allclose(height, 1)
        assert (edges[0], edges[-1]) == (0, 1)


def test_ranks_between_two_bars_go_to_both_in_proportion():
    _, height = histogram(np.array([0, 6, 0]), 2)
    assert_allclose(height, [1, 1])
    _, height = histogram(np.array([6, 0, 0, 0, 0]), 2)
    assert_allclose(height, [2, 0])


def test_a_histogram_lies_at_one_in_a_band_that_counting_makes():
    plot = RankHistogram(2)
    plot.show(ranked_evenly(each=10))
    assert_allclose(plot.lines[1].data["y"], 1)
    low, high = plot.counting[1].data["low"][0], plot.counting[1].data["high"][0]
    # A tenth of 100 truths is 10 with a binomial error of 3.
    assert (low, high) == pytest.approx((0.7, 1.3))
    plot.show(None)
    assert not len(plot.lines[1].data["x"])


def test_empty_bars_stay_on_the_logarithmic_axis():
    plot = RankHistogram(1)
    ranked = Calibration(np.array([[30] + 9 * [0]]), np.array([30]), np.ones(1), np.ones(1))
    plot.show(ranked)
    y = plot.lines[0].data["y"]
    assert (y.min(), y.max()) == RANGE


def test_each_truth_is_a_dot_at_the_middle_of_its_rank():
    ranks = np.array([[0, 2, 0, 0], [0, 0, 0, 1]])
    ranked = Calibration(ranks, ranks.sum(axis=1), np.ones(2), np.ones(2))
    x, y = dots(ranked, np.array([1.0, 10.0]))
    assert_array_equal(x, [1, 1, 10])
    assert_allclose(y, [0.375, 0.375, 0.875])
    plot = PowerRanks()
    plot.show(ranked, np.array([1.0, 10.0]))
    assert plot.main.x_range.start < 1 < 10 < plot.main.x_range.end


def test_what_too_few_samples_cant_say_is_a_dash_and_told():
    assert percent(0.684) == "68\u00a0%"
    assert percent(np.nan) == "–"
    assert "95\u00a0% takes 39 samples" in remarks(32)
    assert "takes" not in remarks(39)
