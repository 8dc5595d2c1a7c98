import holoviews as hv
import numpy as np
import pytest

from engine.cosmology import Cosmology
from engine.results import Curve, Slab
from explorer.plots import pdf, power_spectrum
from explorer.plots.comparison import BAND, Pair, error_band, extent, height, ratio
from explorer.plots.limits import limits
from explorer.plots.maps import CLOSEST, EMPTY, linked_maps
from explorer.style import INK, PREDICTION

K = np.geomspace(0.5, 100, 18)
PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


def power(factor=1.0, x=K):
    y = factor * x**-1.5
    return Curve(
        x=x,
        y=y,
        error=0.1 * y,
        count=np.arange(1.0, 1 + len(x)),
        name="power spectrum",
        x_label="k [h/Mpc]",
        y_label="P(k) [(Mpc/h)^2]",
    )


def slab(values):
    return Slab(
        values=values,
        field="gas",
        pixel_size=29.3,
        depth=1.4,
        box_size=11.25,
        redshift=2.0,
        cosmology=PLANCK,
    )


def figures(plot, pair):
    return [hv.render(panel) for panel in plot.panels(pair, INK[True])]


@pytest.mark.parametrize("plot", [power_spectrum, pdf])
def test_both_panels_share_their_range_and_margins(plot):
    main, below = figures(plot, Pair(power(), power(1.2)))
    assert (main.x_range.start, main.x_range.end) == (below.x_range.start, below.x_range.end)
    assert main.min_border_left == below.min_border_left
    assert main.yaxis[0].axis_label == "P(k) [(Mpc/h)²]"
    assert below.xaxis[0].axis_label == "k [h/Mpc]"
    assert below.y_range.start < 1 - BAND < 1 + BAND < below.y_range.end


def test_truth_is_solid_in_ink_and_the_prediction_dashed_in_colour():
    overlay, _ = power_spectrum.panels(Pair(power(), power(1.2)), INK[False])
    truth, _, prediction = overlay.Curve.values()
    assert truth.opts.get().kwargs["color"] == INK[False]
    assert "line_dash" not in truth.opts.get().kwargs
    assert prediction.opts.get().kwargs["color"] == PREDICTION
    assert prediction.opts.get().kwargs["line_dash"] == "dashed"


def test_the_ratio_is_prediction_over_truth():
    x, y = ratio(Pair(power(), power(1.25)))
    np.testing.assert_allclose(x, K)
    np.testing.assert_allclose(y, 1.25)


def test_bins_that_count_too_few_say_nothing_of_the_ratio():
    x, _ = ratio(Pair(power(), power(1.25)), least=5)
    np.testing.assert_allclose(x, K[4:])


@pytest.mark.parametrize(
    "pair", [Pair(), Pair(None, power()), Pair(power(), None)], ids=["none", "no truth", "waiting"]
)
@pytest.mark.parametrize("plot", [power_spectrum, pdf])
def test_a_missing_curve_leaves_its_place_empty(plot, pair):
    main, below = figures(plot, pair)
    assert len(main.renderers) == 5
    assert main.y_range.start > 0
    assert ratio(pair)[0].size == 0
    assert below.renderers


def test_a_plot_follows_its_results_in_place():
    pipe = hv.streams.Pipe(data=Pair(power(), power(1.2)))
    drawn = hv.DynamicMap(lambda data: power_spectrum.panels(data, INK[True])[0], streams=[pipe])
    figure = hv.renderer("bokeh").get_plot(drawn).state
    before = figure.renderers[2].data_source
    pipe.send(Pair(power(100, 2 * K), None))
    assert figure.x_range.end == pytest.approx(200)
    assert figure.renderers[2].data_source is before
    np.testing.assert_allclose(before.data["y"], 100 * (2 * K) ** -1.5)
    assert not len(figure.renderers[4].data_source.data["y"])


def test_the_error_band_stays_on_a_logarithmic_axis():
    noisy = power()
    x, low, high = error_band(
        Curve(x=K, y=noisy.y, error=3 * noisy.y, name="", x_label="", y_label="")
    )
    assert (low > 0).all()
    np.testing.assert_allclose(high, 4 * noisy.y)
    np.testing.assert_allclose(x, K)


def test_bins_without_a_value_are_not_drawn():
    y = K**-1.5
    y[3], y[5] = 0, np.nan
    pair = Pair(Curve(x=K, y=y, name="", x_label="", y_label=""))
    assert np.isfinite(height(pair)).all()
    assert extent(pair) == pytest.approx((0.5, 100))


def test_limits_leave_out_what_is_empty_and_few_of_the_rest():
    values = np.full((100, 100), 1e4, np.float32)
    values[:50] = 1e6
    values[0, 0], values[1, 1] = 0, 1e9
    chosen = limits(slab(values))
    assert (chosen.low, chosen.high) == (4, 6)
    assert (chosen.start, chosen.end) == (4, 9)
    assert list(chosen.decades) == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_map_of_one_value_has_limits_too(value):
    chosen = limits(slab(np.full((8, 8), value)))
    assert chosen.start <= chosen.low < chosen.high <= chosen.end


def test_limits_of_several_maps_span_them_all():
    faint, bright = slab(np.full((8, 8), 1e2)), slab(np.full((8, 8), 1e5))
    chosen = limits(faint, None, bright)
    assert (chosen.low, chosen.high) == (2, 5)


@pytest.fixture
def linked():
    return linked_maps(("input", "truth", "prediction"), ("truth", "prediction"))


def test_maps_share_ranges_and_compared_ones_their_colours(linked):
    maps = linked.maps
    assert {each.figure.x_range.id for each in maps.values()} == {linked.x_range.id}
    assert {each.figure.y_range.id for each in maps.values()} == {linked.y_range.id}
    assert maps["truth"].mapper is maps["prediction"].mapper
    assert maps["input"].mapper is not maps["truth"].mapper


def test_what_the_browser_draws_does_not_come_back_to_the_server(linked):
    assert not any(each.source.syncable for each in linked.maps.values())
    assert not linked.x_range.syncable


def test_maps_cannot_be_left_nor_entered_too_far(linked):
    linked.reach(11.25, 22.5, 0.03)
    assert linked.x_range.bounds == (0, 11.25)
    assert linked.y_range.bounds == (0, 22.5)
    assert linked.y_range.reset_end == 22.5
    assert linked.x_range.min_interval == pytest.approx(CLOSEST * 0.03)


def test_an_empty_map_has_the_lowest_colour(linked):
    [image] = linked.maps["truth"].source.data["image"]
    assert image.dtype == np.float32
    assert (image == EMPTY).all()
