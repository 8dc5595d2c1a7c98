"""Axes of the profile of one object among all."""

import numpy as np
import pytest

from engine.results import Curve
from engine.statistics.profile_spread import spread_of
from explorer.plots.object_profiles import ObjectProfiles

RADIUS = np.array([50.0, 200.0, 800.0])


def profile(*values):
    return Curve(RADIUS, np.array(values), "profile", "radius [ckpc/h]", "density")


def shown(truth, painting, spread=True):
    panel = ObjectProfiles()
    curves = {"truth": truth, "prediction": painting} if truth else {"prediction": painting}
    name = "truth" if truth else "prediction"
    panel.show(curves, {name: spread_of([curves[name]])} if spread else {}, 300.0)
    return panel.main.y_range.start, panel.main.y_range.end


@pytest.mark.parametrize("spread", [True, False])
def test_a_painting_of_empty_sky_leaves_the_panel_to_what_can_be_compared(spread):
    truth, faint = profile(1e-5, 1e-7, 1e-10), profile(1e-5, 1e-8, 1e-26)
    low, high = shown(truth, faint, spread)
    assert (low, high) == pytest.approx((1e-11, 1e-5))


def test_a_painting_a_little_fainter_or_brighter_is_whole():
    low, high = shown(profile(1e-5, 1e-7, 1e-10), profile(3e-5, 1e-8, 5e-11))
    assert low <= 5e-11
    assert high >= 3e-5
    alone = shown(None, profile(1e-5, 1e-8, 1e-20))
    assert alone[0] <= 1e-20
