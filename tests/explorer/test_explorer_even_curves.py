"""Panels over an even x axis: what they draw of curves."""

import numpy as np

from engine.results import Curve
from explorer.plots.change_curves import ChangeCurves
from explorer.plots.even_curves import EvenCurves

X = np.linspace(0, 3, 7)


def curve(y, **more):
    return Curve(x=X, y=y, name="b", x_label="angle [rad]", y_label="B [1]", x_log=False, **more)


def test_curves_that_change_sign_keep_it_on_an_even_axis():
    panels = EvenCurves("linear")
    truth = curve(np.cos(X), error=np.full(7, 0.1), error_kind="scatter")
    panels.show({"truth": truth, "prediction": curve(2 * np.cos(X))})
    np.testing.assert_array_equal(panels.sources["truth"].data["y"], truth.y)
    np.testing.assert_allclose(panels.error.data["low"], truth.y - 0.1)
    ratio = panels.ratios["prediction"].data["y"]
    np.testing.assert_allclose(ratio[truth.y > 0], 2)
    assert np.isnan(ratio[truth.y < 0]).all()
    np.testing.assert_allclose(panels.beyond["prediction"].data["x"], X[truth.y > 0])
    y = panels.main.y_range
    assert y.start < -2
    assert y.end > 2
    assert panels.below.xaxis[0].axis_label == "angle [rad]"


def test_a_logarithmic_axis_leaves_out_what_is_not_above_zero():
    panels = EvenCurves("log", least=5)
    y = np.array([0, 1e-3, 1e-2, 1e-1, 1e-2, 1e-3, 0])
    count = np.array([0, 1, 10, 100, 10, 1, 0])
    edges = np.linspace(-0.25, 3.25, 8)
    truth = curve(y, count=count, edges=edges, error=2 * y, error_kind="scatter")
    panels.show({"truth": truth, "prediction": curve(1.5 * y)})
    drawn = panels.sources["truth"].data["y"]
    assert np.isnan(drawn[[0, 6]]).all()
    assert (panels.error.data["low"] > 0).all()
    ratio = panels.ratios["prediction"].data["y"]
    np.testing.assert_allclose(ratio[2:5], 1.5)
    assert np.isnan(ratio[[0, 1, 5, 6]]).all()


def test_nothing_to_show_leaves_empty_lines():
    for panels in (EvenCurves("log"), EvenCurves("linear")):
        panels.show({})
        assert len(panels.sources["truth"].data["x"]) == 0


def test_changes_are_drawn_around_zero():
    panels = ChangeCurves(x_log=False)
    panels.show({"truth": curve(0.01 * X), "prediction": curve(-0.05 * X)})
    y = panels.main.y_range
    assert y.start == -y.end
    assert y.end > 0.15
    panels.show({"truth": curve(np.full(7, np.nan))})
    assert len(panels.sources["prediction"].data["x"]) == 0
    assert panels.main.y_range.end > 0
