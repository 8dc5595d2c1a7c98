"""A new universe: what its file holds, that it goes on where it was stopped, what is refused."""

import numpy as np
import pytest

import engine
from engine import statistics as st
from engine.cosmology import PLANCK, Cosmology
from engine.nbody import kept_steps


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    out = tmp_path_factory.mktemp("universe") / "new.hdf5"
    engine.simulate(out, box_size=60, particles=16, seed=5, redshift=1.0)
    return out


def test_it_is_a_simulation(universe):
    sim = engine.open_simulation(universe)
    assert (sim.box_size, sim.redshift) == (60, pytest.approx(1.0))
    grid = sim.grid("dmo")
    assert grid.values.shape == (16, 16, 16)
    mean = PLANCK.mean_matter_density / 1e9  # (Mpc/h)^-3 to (kpc/h)^-3
    assert grid.values.mean() == pytest.approx(mean, rel=1e-4)
    assert sim.slab("dmo", axis="z", index=0).values.mean() > 0
    assert [path.name for path in universe.parent.iterdir()] == ["new.hdf5"]


def test_its_large_waves_are_the_initial_ones_grown(universe):
    sim = engine.open_simulation(universe)
    start, grid = sim.initial_conditions(), sim.grid("dmo")
    grown = st.cross_correlation(start, grid)
    assert grown.y[0] > 0.9


def test_more_particles_have_the_same_large_waves(universe, tmp_path):
    finer = engine.simulate(tmp_path / "finer.hdf5", 60, 32, seed=5, redshift=1.0)
    values = engine.open_simulation(finer).grid("dmo").values
    coarse = values.reshape(16, 2, 16, 2, 16, 2).mean((1, 3, 5))
    there = engine.open_simulation(universe).grid("dmo").values
    waves, others = (np.fft.rfftn(each)[:3, :3, :3].ravel()[1:] for each in (coarse, there))
    r = np.vdot(waves, others).real / np.linalg.norm(waves) / np.linalg.norm(others)
    assert r > 0.97


def test_stopped_it_goes_on_to_the_same_bits(universe, tmp_path, monkeypatch):
    out, stop_after = tmp_path / "new.hdf5", 4

    class StoppedError(Exception):
        pass

    def progress(fraction, doing):
        if doing.startswith(f"particle mesh: step {stop_after}"):
            raise StoppedError

    with pytest.raises(StoppedError):
        engine.simulate(out, 60, 16, seed=5, redshift=1.0, progress=progress)
    assert not out.exists()
    steps = []
    whole = kept_steps.evolve
    monkeypatch.setattr(
        kept_steps, "evolve", lambda *args: (steps.append(1) or each for each in whole(*args))
    )
    engine.simulate(out, 60, 16, seed=5, redshift=1.0)
    assert len(steps) == 10 - stop_after
    one, other = (engine.open_simulation(path).grid("dmo").values for path in (out, universe))
    assert np.array_equal(one, other)


def test_steps_of_another_universe_are_not_gone_on_with(tmp_path):
    out = tmp_path / "new.hdf5"
    steps = out.with_name(".new.hdf5.steps")
    steps.write_bytes(b"damaged")
    engine.simulate(out, 60, 8, seed=1)
    assert not steps.exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"particles": 15}, r"particles is 15, expected an even number a side, 8 to 4096\."),
        ({"particles": 4096}, r"GB are needed, but .* GB are free; at most \d+ fit\."),
        ({"box_size": 0.0}, r"box is 0, expected 0\.1 to 100000 Mpc/h\."),
        ({"redshift": 9.5}, r"redshift is 9\.5, expected 0 to 8\.99\."),
        ({"seed": -1}, r"seed is -1, expected a whole number"),
        ({"cosmology": Cosmology(0.3, 0.2, 0.7)}, r"Omega_b is 0\.2, expected"),
        ({"sigma_8": float("nan")}, r"sigma_8 is nan, expected"),
    ],
)
def test_what_is_no_universe_is_refused_before_any_work(tmp_path, wrong, message):
    arguments = {"box_size": 60.0, "particles": 16} | wrong
    with pytest.raises(ValueError, match=message):
        engine.simulate(tmp_path / "folder" / "new.hdf5", **arguments)
    assert not (tmp_path / "folder").exists()
