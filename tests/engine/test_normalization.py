"""The scalings go there and back, and mean what the paper's table says."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.fields import FIELDS
from engine.normalization import (
    NORMALIZATIONS,
    Linear,
    LogNormalization,
    StandardLog,
    normalization,
    normalization_from_json,
    normalization_to_json,
)

scalings = st.builds(
    LogNormalization,
    k=st.floats(0.5, 5),
    x0=st.floats(1e2, 1e7),
    q=st.floats(0.1, 2),
)
densities = hnp.arrays(np.float64, (7,), elements=st.floats(1e-3, 1e11))


@given(scalings, densities)
def test_there_and_back(scaling, x):
    np.testing.assert_allclose(scaling.inverse(scaling.forward(x)), x, rtol=1e-8)


@given(scalings, densities)
def test_order_is_kept_and_zero_stays_zero(scaling, x):
    x = np.sort(np.append(x, 0.0))
    scaled = scaling.forward(x)
    assert scaled[0] == 0
    assert (np.diff(scaled) >= 0).all()


@pytest.mark.parametrize("field", NORMALIZATIONS)
def test_numpy_and_torch_agree_in_single_precision(field):
    scaling = normalization(field)
    x = np.geomspace(1e-2, 1e10, 200, dtype=np.float32)
    scaled = scaling.forward(x)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaling.forward(torch.from_numpy(x)).numpy(), scaled, rtol=1e-5)
    back = scaling.inverse(torch.from_numpy(scaled))
    assert back.dtype == torch.float32
    np.testing.assert_allclose(back.numpy(), x, rtol=1e-4)
    np.testing.assert_allclose(scaling.inverse(scaled), x, rtol=1e-4)


def test_below_zero_is_empty_and_nothing_is_changed_in_place():
    scaling = normalization("hi")
    scaled = np.array([-1.0, 0.0, 1.0])
    result = scaling.inverse(scaled)
    assert list(result[:2]) == [0, 0]
    assert result[2] > 0
    assert list(scaled) == [-1.0, 0.0, 1.0]


@pytest.mark.parametrize(("field", "msun_per_pixel"), [("dm", 1e7), ("gas", 1.5e6), ("hi", 1e4)])
def test_x0_is_table_2_as_surface_density(field, msun_per_pixel):
    # The paper's pixel is 3.66 ckpc/h wide and h = 0.6774.
    assert normalization(field).x0 == pytest.approx(msun_per_pixel * 0.6774 / 3.66**2, rel=2e-3)


def test_at_x0_the_scaled_value_is_log_2_over_k():
    scaling = LogNormalization(k=0.9, x0=505.0, q=0.2)
    assert scaling.forward(np.array([505.0]))[0] == pytest.approx(np.log(2) / 0.9)


@pytest.mark.parametrize("wrong", [{"k": 0.0}, {"x0": -1.0}, {"q": float("nan")}])
def test_numbers_without_a_way_back_are_refused(wrong):
    with pytest.raises(ValueError, match="expected a positive number"):
        LogNormalization(**{"k": 3.0, "x0": 1e5, "q": 1.0} | wrong)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_has_a_scaling_with_a_way_back_that_survives_a_card(field):
    scaling = normalization(field)
    assert normalization_from_json(normalization_to_json(scaling)) == scaling
    low, high = FIELDS[field].decades
    x = np.geomspace(10.0**low, 10.0**high, 50)
    x = np.append(x, -x) if FIELDS[field].signed else x
    np.testing.assert_allclose(scaling.inverse(scaling.forward(x)), x, rtol=1e-8)


def test_a_unit_is_divided_by_and_survives_a_card():
    scaling = Linear(2.5)
    np.testing.assert_allclose(scaling.forward(np.array([-5.0, 0, 2.5])), [-2, 0, 1])
    np.testing.assert_allclose(scaling.inverse(np.array([-2.0, 0, 1])), [-5, 0, 2.5])
    assert normalization_from_json(normalization_to_json(scaling)) == scaling
    with pytest.raises(ValueError, match="scale is 0, expected a positive number"):
        Linear(0)


def test_an_unknown_field_or_kind_is_refused():
    with pytest.raises(ValueError, match="field is 'cheese'"):
        normalization("cheese")
    with pytest.raises(ValueError, match="kind of normalisation is 'cube', expected one of log"):
        normalization_from_json({"kind": "cube"})


def test_the_standard_logarithm_of_a_mass_has_its_way_back():
    scaling = StandardLog(volume=73.5**3, offset=1e7, mean=8.0, deviation=0.5)
    density = np.array([0.0, 1e8, 1e10]) / 73.5**3
    scaled = scaling.forward(density)
    assert scaled[:2] == pytest.approx([-2.0, (np.log10(1.1e8) - 8.0) / 0.5])
    assert scaling.inverse(scaled) == pytest.approx(density)
    assert scaling.inverse(np.array([-3.0])) == 0
    tensors = scaling.inverse(scaling.forward(torch.tensor(density)))
    assert tensors.numpy() == pytest.approx(density)
    again = normalization_from_json(normalization_to_json(scaling))
    assert again == scaling
    with pytest.raises(ValueError, match=r"offset is 0.0, expected a positive number"):
        StandardLog(1.0, 0.0, 8.0, 0.5)
