"""Published relations at values computed by hand from the papers' numbers."""

import numpy as np
import pytest

from engine.published import (
    PROCHASKA_NODES,
    cddf_prochaska_2014,
    hi_mass_padmanabhan_2017,
    hi_mass_villaescusa_navarro_2018,
)


def at(curve, x):
    return 10 ** np.interp(np.log10(x), np.log10(curve.x), np.log10(curve.y))


def test_padmanabhan_2017_at_z_2():
    # z / (1 + z) = 2/3: M1 = 4.58e11 x 10^1.04 = 5.0219e12, N = 0.01589, b = 0.18, y = 3.4533.
    # At M = 1e11 Msun: 0.019913^-0.18 = 2.0237, the other term 1.4e-6; 2 N M / 2.0237.
    h = 0.6774
    assert at(hi_mass_padmanabhan_2017(2.0, h), 1e11 * h) == pytest.approx(1.5704e9 * h, rel=1e-3)


def test_padmanabhan_2017_at_z_0_where_its_two_power_laws_meet():
    h = 0.7
    curve = hi_mass_padmanabhan_2017(0.0, h)
    assert at(curve, 4.58e11 * h) == pytest.approx(9.89e-3 * 4.58e11 * h, rel=3e-3)


def test_villaescusa_navarro_2018_at_z_2():
    # At Mmin it is M0 / e; at 1e11 Msun/h: 1.3e10 x 0.27778^0.6 x exp(-3.6^0.35)
    # = 1.3e10 x 0.46368 x exp(-1.56567) = 1.2593e9.
    curve = hi_mass_villaescusa_navarro_2018(2.00000003)
    assert at(curve, 3.6e11) == pytest.approx(1.3e10 / np.e, rel=2e-3)
    assert at(curve, 1e11) == pytest.approx(1.2593e9, rel=2e-3)


def test_prochaska_2014_at_its_nodes_and_between():
    curve = cddf_prochaska_2014()
    for log_N, log_f in zip(*PROCHASKA_NODES, strict=True):
        assert np.log10(at(curve, 10**log_N)) == pytest.approx(log_f, abs=1e-9)
    # At 20.5 from the slopes -1.20327 at 20 and -1.87121 at 21 (Fritsch & Butland's means).
    assert np.log10(at(curve, 10**20.5)) == pytest.approx(-21.96651, abs=1e-5)
    assert (np.diff(curve.y) < 0).all()


@pytest.mark.parametrize(
    ("call", "who"),
    [
        (lambda: hi_mass_padmanabhan_2017(5.0, 0.7), "Padmanabhan"),
        (lambda: hi_mass_villaescusa_navarro_2018(2.5), "Villaescusa"),
    ],
)
def test_redshifts_without_data_are_refused(call, who):
    with pytest.raises(ValueError, match=f"Redshift is .*, expected .*{who}"):
        call()
