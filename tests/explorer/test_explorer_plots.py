from dataclasses import replace

import numpy as np
import pytest
from bokeh.models.annotations import BoxAnnotation

from engine import statistics
from engine.cosmology import Cosmology
from engine.mesh import Slab
from engine.results import Curve, Points
from explorer.plots import halo_relation
from explorer.plots.cards import cards
from explorer.plots.curve_columns import Reach, error_band, extent, height, ratio
from explorer.plots.limits import limits
from explorer.plots.linear_curves import LinearCurves
from explorer.plots.log_curves import BAND, RATIO_RANGE
from explorer.plots.maps import CLOSEST, EMPTY, linked_maps
from explorer.state import WHOLE_BOX
from explorer.style import INK, PREDICTION, THEME
from explorer.style import thirds as thirds_of_colour

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
        cell_size=29.3,
        depth=1.4,
        box_size=11.25,
        redshift=2.0,
        cosmology=PLANCK,
    )


def compared(truth=None, prediction=None):
    """Curves by name, as far as they are there."""
    curves = {"truth": truth, "prediction": prediction}
    return {name: curve for name, curve in curves.items() if curve is not None}


def drawn(plot, curves, ink=INK[True]):
    panels = cards()[plot].build()
    panels.set_inks({"truth": ink})
    panels.show(curves)
    return panels


@pytest.mark.parametrize("plot", ["power_spectrum", "pdf"])
def test_both_panels_share_their_range_and_margins(plot):
    main, below = drawn(plot, compared(power(), power(1.2))).figures
    assert main.x_range is below.x_range
    assert (main.x_range.start, main.x_range.end) == pytest.approx((0.5, 100))
    assert main.min_border_left == below.min_border_left
    assert main.yaxis[0].axis_label == "P(k) [(Mpc/h)²]"
    assert below.xaxis[0].axis_label == "k [h/Mpc]"
    assert below.y_range.start < 1 - BAND < 1 + BAND < below.y_range.end


def test_truth_is_solid_in_ink_and_the_prediction_dashed_in_colour():
    panels = drawn("power_spectrum", compared(power(), power(1.2)), INK[False])
    glyphs = {each.data_source: each.glyph for each in panels.main.renderers}
    truth, prediction = (glyphs[panels.sources[name]] for name in ("truth", "prediction"))
    assert (truth.line_color, truth.line_dash) == (INK[False], [])
    assert prediction.line_color == PREDICTION
    assert prediction.line_dash == [6]


def test_the_ratio_is_prediction_over_truth():
    x, y = ratio(power(), power(1.25))
    np.testing.assert_allclose(x, K)
    np.testing.assert_allclose(y, 1.25)


def test_ends_grow_with_samples_of_a_truth_and_start_anew_with_another():
    reach = Reach()
    one, all_slabs, other = (power(factor) for factor in (1, 4, 9))
    assert reach.over({"truth": one, "prediction": power(2)}, (1, 10)) == (1, 10)
    assert reach.over({"truth": one, "prediction": power(3)}, (2, 20)) == (1, 20)
    assert reach.over({}, (0.1, 0.2)) == (0.1, 0.2)
    assert reach.over({"truth": all_slabs}, (5, 50)) == (5, 50)
    assert reach.over({"truth": one}, (3, 4)) == (1, 20), "as each sample of all slabs begins"
    assert reach.over({"truth": all_slabs}, (6, 7)) == (5, 50)
    assert reach.over({"truth": other}, (6, 7)) == (6, 7)


def test_without_a_truth_ends_grow_as_long_as_values_are_of_the_same_places():
    reach = Reach()
    assert reach.over({"prediction": power(1)}, (1, 10)) == (1, 10)
    assert reach.over({"prediction": power(2)}, (2, 20)) == (1, 20)
    assert reach.over({"prediction": power(2, 2 * K)}, (2, 3)) == (2, 3)


def test_values_below_zero_break_the_line_and_are_marked_by_their_size():
    truth = power()
    signs = np.ones(len(K))
    signs[[3, 4, 6, 10]] = -1
    y = signs * truth.y
    truth = replace(truth, y=y)
    panels = drawn("bispectrum", compared(truth, power(1.2)))
    np.testing.assert_array_equal(panels.sources["truth"].data["y"], np.where(y > 0, y, np.nan))
    marks = panels.marks["truth"].data
    np.testing.assert_allclose(marks["x"], K[[3, 4, 5, 6, 10]])
    np.testing.assert_allclose(marks["y"], np.abs(y)[[3, 4, 5, 6, 10]])
    assert list(marks["full"]) == [0, 0, 1, 0, 0], "one that stands alone can have no line"
    assert len(panels.marks["prediction"].data["x"]) == 0
    over = panels.ratio_sources["prediction"].data["y"]
    np.testing.assert_array_equal(np.isnan(over), (y < 0)[-len(over) :])
    assert np.isfinite([panels.main.y_range.start, panels.main.y_range.end]).all()


def test_the_error_of_a_value_below_zero_reaches_as_far_up_as_it_does():
    truth = power()
    y = np.array(truth.y)
    y[3] = -0.2 * y[3]
    truth = replace(truth, y=y, error=2 * np.abs(y))
    x, low, high = error_band(truth)
    np.testing.assert_allclose(x, K)
    np.testing.assert_allclose(high, y + 2 * np.abs(y))
    assert (low > 0).all()
    assert low[3] < 0.01 * high[3]


def test_bins_that_count_too_few_say_nothing_of_the_ratio():
    x, _ = ratio(power(), power(1.25), least=5)
    np.testing.assert_allclose(x, K[4:])


def test_a_card_is_what_its_statistic_says_of_itself():
    curves = {name: statistics.get(name) for name in statistics.names()}
    titled = {name for name, each in curves.items() if each.title and "slab" in each.kinds}
    assert set(cards()) == titled | {"halo_scatter"}
    for name in titled:
        panels = cards()[name].build()
        assert (len(panels.figures) == 2) == (curves[name].y_range is None)
    assert cards()["pdf"].build().least == statistics.get("pdf").least > 0
    start, end = statistics.get("cross_correlation").y_range
    r = cards()["cross_correlation"].build().main.y_range
    assert (r.start, r.end) == (start, end)


def test_the_whole_box_has_a_thin_line_and_a_name_only_while_it_is_there():
    panels = drawn("cddf", compared(power(), power(1.2)))
    published, box = panels.main.legend[0].items
    assert (box.label.value, box.visible, published.visible) == ("whole box (truth)", False, True)
    assert panels.main.legend[0].click_policy == "hide"
    panels.show(compared(power(), power(1.2)) | {WHOLE_BOX: power(4.0, 2 * K)})
    assert box.visible
    (line,) = box.renderers
    np.testing.assert_array_equal(line.data_source.data["x"], 2 * K)
    assert panels.main.x_range.end == pytest.approx(200), "all of it is in reach"
    assert line.glyph.line_width < panels.main.renderers[2].glyph.line_width
    panels.show(compared(power(), power(1.2)) | {WHOLE_BOX: power(1.1)})
    below = panels.ratio_sources["box"]
    np.testing.assert_allclose(below.data["x"], K[power().count >= 20])
    np.testing.assert_allclose(below.data["y"], 1.1)
    panels.show(compared(power(), None))
    assert not box.visible
    assert not len(below.data["x"])


@pytest.mark.parametrize("dark", [True, False])
def test_surroundings_are_told_apart_by_lightness_and_from_the_card(dark):
    card = luminance(THEME["dark" if dark else "light"]["palette"]["background"]["paper"])
    shades = [luminance(each) for each in thirds_of_colour(dark)]
    for shade in shades:
        assert (max(shade, card) + 0.05) / (min(shade, card) + 0.05) > 2.4
    lightness = 116 * np.cbrt(shades) - 16  # CIE L*
    assert (np.diff(lightness) > 15).all()


def luminance(colour):
    """Relative luminance of a colour of the web, 0 to 1."""
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def halo_points(environment):
    some = len(environment)
    mass = np.geomspace(1e9, 1e12, some)
    columns = {name: np.arange(some) for name in ("number", "slab", "mvir", "rvir")}
    columns |= {"environment": np.array(environment), "resolved": mass > 1e10}
    return Points(mass, 0.1 * mass, "gas in haloes", "dark", "gas", columns)


def test_haloes_are_coloured_by_thirds_of_their_environment():
    random = np.random.default_rng(4).permutation(30) / np.pi
    points = halo_points(random)
    low, high = halo_relation.thirds(points)
    assert [np.sum(random <= low), np.sum(random <= high)] == [10, 20]
    drawn = halo_relation.cloud(points, ["#aa0000", "#00aa00", "#0000aa"], "circle", "truth")
    expected = np.select([random <= low, random <= high], ["#aa0000", "#00aa00"], "#0000aa")
    np.testing.assert_array_equal(drawn["colour"], expected)
    faint = drawn["opacity"] < 1
    np.testing.assert_array_equal(faint, points.x <= 1e10)
    alone = halo_relation.cloud(points, ["#aa0000"], "circle", "truth")
    assert set(alone["colour"]) == {"#aa0000"}


def test_haloes_that_cannot_be_drawn_count_among_the_thirds_and_equal_ones_are_low():
    points = halo_points(np.arange(9.0))
    dark = replace(points, y=np.where(points.columns["environment"] < 3, 0, points.y))
    drawn = halo_relation.cloud(dark, ["#aa0000", "#00aa00", "#0000aa"], "x", "other")
    assert list(drawn["colour"]) == ["#00aa00"] * 3 + ["#0000aa"] * 3
    alike = halo_relation.third_of(halo_points([2.0] * 5))
    assert not alike.any()
    assert not len(halo_relation.third_of(halo_points([])))


@pytest.mark.parametrize(
    "curves",
    [compared(), compared(None, power()), compared(power(), None)],
    ids=["none", "no truth", "waiting"],
)
@pytest.mark.parametrize("plot", ["power_spectrum", "pdf"])
def test_a_missing_curve_leaves_its_place_empty(plot, curves):
    panels = drawn(plot, curves)
    for name in ("truth", "prediction"):
        assert bool(len(panels.sources[name].data["x"])) == (name in curves)
    assert not len(panels.ratio_sources["prediction"].data["x"])
    assert panels.main.y_range.start > 0


def test_a_plot_follows_its_results_in_place():
    panels = drawn("power_spectrum", compared(power(), power(1.2)))
    before = panels.sources["truth"]
    panels.show(compared(power(100, 2 * K), None))
    assert panels.main.x_range.end == pytest.approx(200)
    assert panels.sources["truth"] is before
    np.testing.assert_allclose(before.data["y"], 100 * (2 * K) ** -1.5)
    assert not len(panels.sources["prediction"].data["y"])


def test_what_is_drawn_already_is_not_sent_again():
    panels = drawn("power_spectrum", compared(power(), power(1.2)))
    before = panels.sources["truth"].data
    panels.show(compared(power(), power(1.4)))
    assert panels.sources["truth"].data is before
    np.testing.assert_allclose(panels.ratio_sources["prediction"].data["y"], 1.4)


def test_what_agrees_lies_at_one_on_a_linear_axis():
    r = Curve(x=K, y=np.cos(K / 20), error=0 * K + 0.1, name="", x_label="k [h/Mpc]", y_label="r")
    panels = LinearCurves(-0.1, 1.1)
    panels.show(compared(None, r))
    np.testing.assert_array_equal(panels.sources["prediction"].data["y"], r.y)
    np.testing.assert_allclose(panels.sources["error"].data["low"], r.y - 0.1)
    assert panels.main.yaxis[0].axis_label == "r"


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
    curves = compared(Curve(x=K, y=y, name="", x_label="", y_label=""))
    assert np.isfinite(height(curves)).all()
    assert extent(curves) == pytest.approx((0.5, 100))


def test_limits_leave_out_what_is_empty_and_few_of_the_rest():
    values = np.full((100, 100), 1e4, np.float32)
    values[:50] = 1e6
    values[0, 0], values[1, 1] = 0, 1e9
    chosen = limits(slab(values))
    assert (chosen.low, chosen.high) == (4, 6)
    assert (chosen.start, chosen.end) == (4, 9)


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
    return linked_maps({"input": "input", "truth": "field", "prediction": "field"})


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
    linked.set_extent(11.25, 22.5, 0.03)
    assert linked.x_range.bounds == (0, 11.25)
    assert linked.y_range.bounds == (0, 22.5)
    assert linked.y_range.reset_end == 22.5
    assert linked.x_range.min_interval == pytest.approx(CLOSEST * 0.03)


def test_an_empty_map_has_the_lowest_colour(linked):
    [image] = linked.maps["truth"].source.data["image"]
    assert image.dtype == np.float32
    assert (image == EMPTY).all()


def test_axes_stay_where_they_are_from_sample_to_sample_and_hold_the_error_band():
    panels = drawn("power_spectrum", compared(power(), power(30.0)))
    reach = panels.main.y_range.start, panels.main.y_range.end
    panels.show(compared(power(), power(1.1)))
    assert (panels.main.y_range.start, panels.main.y_range.end) == reach
    panels.show(compared(power(3.0), power(3.0)))
    assert (panels.main.y_range.start, panels.main.y_range.end) != reach, "another slab"
    curve = power()
    wide = replace(curve, error=20 * curve.y)
    panels = drawn("power_spectrum", compared(wide))
    assert panels.main.y_range.end >= (wide.y + wide.error).max()


def test_a_ratio_that_leaves_its_panel_is_marked_at_its_edge():
    truth = power()
    painted = replace(truth, y=truth.y * np.linspace(0.2, 3.0, len(truth.y)))
    panels = drawn("power_spectrum", compared(truth, painted))
    marks = panels.beyond["prediction"].data
    ratio = painted.y / truth.y
    low, high = RATIO_RANGE
    np.testing.assert_array_equal(marks["x"], truth.x[(ratio < low) | (ratio > high)])
    np.testing.assert_array_equal(marks["full"], ratio[(ratio < low) | (ratio > high)] > high)
    assert ((marks["y"] > low) & (marks["y"] < high)).all()


def test_no_map_is_more_than_alike():
    (panel,) = drawn("cross_correlation", {}).figures
    (band,) = [part for part in panel.center if isinstance(part, BoxAnnotation)]
    assert (band.bottom, band.top) == (1 - BAND, 1)


def test_a_fixed_axis_grows_with_what_is_higher_and_does_not_shrink_again():
    panel = LinearCurves(0.5, 1.5)
    for highest, end in ((1.2, 1.5), (1.7, 2.0), (1.3, 2.0)):
        x = np.array([1.0, 2.0])
        curve = Curve(x, np.array([1.0, highest]), "T", "k [h/Mpc]", "T")
        panel.show({"prediction": curve})
        assert (panel.main.y_range.start, panel.main.y_range.end) == (0.5, end)
