"""Power of held subhaloes: what a window leaves of it, and what so few galaxies can tell."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.cosmology import PLANCK
from training.report.galaxies import held_cells
from training.report.held_power import CELLS, HeldSubhalos, compared_power

SIDE = 10.0


def box(name="validation-z2", number=3000, **stars):
    """Subhaloes at random places, all with as many stars, as far as they are held."""
    simulation = SimpleNamespace(name=name, box_size=SIDE, redshift=2.0, cosmology=PLANCK)
    position = np.random.default_rng(4).uniform(0, SIDE, (number, 3)).astype(np.float32)
    inside = held_cells(simulation, CELLS, 1.0)
    z, y, x = np.floor(position[:, ::-1] / SIDE * CELLS).astype(int).T
    some = inside[z, y, x]
    painted = {method: [each[some]] for method, each in stars.items()}
    return HeldSubhalos(simulation, position[some], inside, np.ones(some.sum()), painted)


def uneven(number=3000):
    """Stars whose squares are on the mean twice the square of their mean."""
    return np.random.default_rng(5).exponential(size=number)


@pytest.mark.parametrize("name", ["validation-z2", "hydro11-z2"])
def test_power_of_galaxies_at_random_is_as_their_squares(name):
    """Shot noise: V times the mean square over the square of the mean, over their number."""
    found = box(name, same=np.full(3000, 7.0), uneven=uneven())
    assert found.apart("same") == pytest.approx(0, abs=1e-6)
    assert found.apart("uneven") == pytest.approx(np.log10(2), abs=0.08)


def test_only_what_is_held_counts():
    cells = held_cells(SimpleNamespace(name="hydro11-z2", box_size=SIDE), 10, 1.0)
    assert np.flatnonzero(cells.any((0, 1))).tolist() == [6, 7, 8]
    assert cells[:, :, 6:9].all()
    assert held_cells(SimpleNamespace(name="other", box_size=SIDE), 10, 1.0).all()


def test_the_nearer_painting_is_told_with_an_error(monkeypatch):
    monkeypatch.setattr("training.report.held_power.RESAMPLED", 12)
    near = 1 + 0.1 * uneven()
    found = compared_power([box(near=near, far=uneven())], "near")
    assert found["near"]["power_apart"] < 0.1 < found["far"]["power_apart"]
    apart = found["near"]["power_apart"] - found["far"]["power_apart"]
    assert found["far"]["power_less"] == pytest.approx(apart)
    assert found["near"]["power_less"] == found["near"]["power_less_error"] == 0
    assert 0 < found["far"]["power_less_error"] < -found["far"]["power_less"] / 5


def test_draws_of_a_method_are_averaged(monkeypatch):
    monkeypatch.setattr("training.report.held_power.RESAMPLED", 2)
    stars = np.ones(300), uneven(300)
    simulation = SimpleNamespace(name="b", box_size=SIDE, redshift=2.0, cosmology=PLANCK)
    position = np.random.default_rng(6).uniform(0, SIDE, (300, 3)).astype(np.float32)
    both = HeldSubhalos(
        simulation, position, np.ones((CELLS,) * 3, bool), np.ones(300), {"hod": stars}
    )
    found = compared_power([both], "hod")["hod"]["power_apart"]
    assert found == pytest.approx((both.apart("hod") + both.apart("hod", draw=1)) / 2)
