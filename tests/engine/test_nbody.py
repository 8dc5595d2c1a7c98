"""The particle mesh: linear theory where it holds, momentum, and gradients of its clouds."""

import sys

import numpy as np
import pytest
import torch
from colossus.cosmology import cosmology as colossus

from engine.cosmology import PLANCK, RADIATION
from engine.growth import Growth
from engine.nbody import cloud
from engine.nbody.displacement import displacements
from engine.nbody.linear_power import by_camb, eisenstein_hu, read_linear_power
from engine.nbody.particle_mesh import (
    BullFrog,
    KickDriftKick,
    Particles,
    at_beginning,
    evolve,
)
from engine.nbody.realisation import draw_overdensity
from engine.projection.volumes import deposit_cic_reference

SIDE, BOX = 16, 40.0
GROWTH = PLANCK.growth


@pytest.fixture(scope="module")
def power():
    return eisenstein_hu(PLANCK, 0.8159, 0.9667)


def some_particles(number=40, dtype=torch.float64):
    """Some of them outside the box."""
    random = torch.Generator().manual_seed(1)
    return (torch.rand(3, number, dtype=dtype, generator=random) * 1.4 - 0.2) * BOX


# --- growth


@pytest.mark.parametrize("redshift", [0.5, 2.0, 9.0, 49.0])
def test_first_order_grows_as_in_another_library(redshift):
    known = {"H0": 67.74, "Om0": 0.3089, "Ob0": 0.0486, "sigma8": 0.8159, "ns": 0.9667}
    other = colossus.Cosmology(name="Planck", flat=True, persistence="", **known)
    found = GROWTH.first(1 / (1 + redshift))
    assert found == pytest.approx(other.growthFactor(redshift), rel=1e-3)


def test_second_order_is_that_of_matter_alone():
    # Bouchet et al. 1995: D2 = -3/7 D1^2 Omega_m(a)^(-1/143).
    growth = Growth(0.3089, RADIATION / 1e6)
    for a in (0.02, 0.3, 1.0):
        Omega = 0.3089 / a**3 / growth.expansion(a) ** 2
        expected = -3 / 7 * growth.first(a) ** 2 * Omega ** (-1 / 143)
        assert growth.second(a) == pytest.approx(expected, rel=1e-3)


def test_rates_are_slopes():
    a, step = 0.3, 1e-4
    D1 = GROWTH.first(a + step) - GROWTH.first(a - step)
    D2 = GROWTH.second(a + step) - GROWTH.second(a - step)
    assert GROWTH.second_per_first(a) == pytest.approx(D2 / D1, rel=1e-5)
    assert GROWTH.momentum(a) == pytest.approx(
        a**3 * GROWTH.expansion(a) * D1 / (2 * step), rel=1e-5
    )


def test_a_time_outside_is_refused():
    with pytest.raises(ValueError, match=r"the scale factor is 0, expected 1e-06 to 10\."):
        GROWTH.first(0.0)


# --- clouds


def test_painting_is_depositing():
    position, weights = some_particles(), torch.randn(2, 40, dtype=torch.float64)
    painted = cloud.paint(position, BOX, SIDE, weights).numpy()
    place = (position % BOX).T.numpy() * SIDE / BOX
    assert painted == pytest.approx(deposit_cic_reference(place, weights.numpy(), SIDE), abs=1e-12)


def test_reading_is_the_transpose_of_painting():
    position, weights = some_particles(), torch.randn(1, 40, dtype=torch.float64)
    mesh = torch.randn(1, SIDE, SIDE, SIDE, dtype=torch.float64)
    painted = (cloud.paint(position, BOX, SIDE, weights) * mesh).sum()
    assert painted.item() == pytest.approx((cloud.read(position, BOX, mesh) * weights).sum().item())


def test_gradients_are_those_of_finite_differences():
    position = some_particles(12).requires_grad_()
    weights = torch.randn(2, 12, dtype=torch.float64, requires_grad=True)
    mesh = torch.randn(2, 4, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p, w: cloud.paint(p, BOX, 4, w), (position, weights))
    assert torch.autograd.gradcheck(lambda p, m: cloud.read(p, BOX, m), (position, mesh))


def test_the_way_of_a_gpu_is_the_way_of_a_cpu():
    position, scale = some_particles(), SIDE / BOX
    mesh = torch.randn(1, SIDE, SIDE, SIDE, dtype=torch.float64)
    flat = torch.zeros(SIDE**3, dtype=torch.float64)
    values, slope = torch.zeros(40, dtype=torch.float64), torch.zeros(3, 40, dtype=torch.float64)
    for index, share in cloud._corners(position, scale, SIDE):
        flat.index_add_(0, index, share)
        values += mesh.flatten()[index] * share
    for axis in range(3):
        for index, share in cloud._corners(position, scale, SIDE, slope_along=axis):
            slope[axis] += mesh.flatten()[index] * share * scale
    ones = torch.ones(1, 40, dtype=torch.float64)
    assert torch.allclose(flat, cloud.paint(position, BOX, SIDE).flatten())
    assert torch.allclose(values, cloud.read(position, BOX, mesh)[0])
    assert torch.allclose(slope, cloud._slope(position, mesh, ones, scale))


def test_a_particle_at_the_edge_of_single_precision_stays_in_the_box():
    position = torch.tensor([[BOX], [-1e-7], [np.nextafter(np.float32(BOX), np.float32(0))]])
    assert cloud.paint(position, BOX, SIDE).sum() == pytest.approx(1)


# --- displacements and steps


def plane_wave(amplitude, waves=2, axis=0):
    place = (torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE
    shape = [1, 1, 1]
    shape[2 - axis] = SIDE
    wave = amplitude * torch.cos(2 * torch.pi * waves * place).view(shape)
    return wave.expand(SIDE, SIDE, SIDE).contiguous()


def test_first_order_of_a_plane_wave_is_zeldovichs_and_there_is_no_second():
    first, second = displacements(plane_wave(0.3, axis=1), BOX)
    k = 2 * np.pi * 2 / BOX
    y = (torch.arange(SIDE, dtype=torch.float64) + 0.5) / SIDE * BOX
    assert torch.allclose(first[1, 3, :, 5], -0.3 / k * torch.sin(k * y))
    assert first[[0, 2]].abs().max() < 1e-12
    assert second.abs().max() < 1e-12


def test_second_order_of_two_crossed_waves_is_the_known_one():
    # phi = -a cos x - b cos y (unit wavenumbers): the source is a b cos x cos y, and the
    # potential of it -a b / 2 cos x cos y, for its Laplacian is twice as steep.
    box = 2 * np.pi
    angle = (torch.arange(SIDE, dtype=torch.float64) + 0.5) * box / SIDE
    x, y = angle[None, None, :], angle[None, :, None]
    overdensity = (0.2 * torch.cos(x) + 0.5 * torch.cos(y)).expand(SIDE, SIDE, SIDE).contiguous()
    _, second = displacements(overdensity, box)
    expected = 0.05 * torch.sin(x) * torch.cos(y)
    assert torch.allclose(second[0], expected.expand_as(second[0]), atol=1e-12)


@pytest.mark.parametrize("scheme", [BullFrog, KickDriftKick])
def test_a_small_plane_wave_grows_by_linear_theory(scheme):
    wave = plane_wave(1e-3, waves=1)
    start = at_beginning(wave, BOX, GROWTH)
    *_, end = evolve(start, scheme(BOX, GROWTH, 2 * SIDE), 0.0)
    moved, began = (
        torch.remainder(each.position[0].view(SIDE, SIDE, SIDE)[0, 0] - lattice() + 1, BOX) - 1
        for each in (end, start)
    )
    # A wave of 32 cells: differences and clouds weaken the force by less than a percent.
    growth = (moved / began).mean().item()
    assert growth == pytest.approx(GROWTH.first(1.0) / GROWTH.first(0.1), rel=0.01)


def lattice():
    return (torch.arange(SIDE, dtype=torch.float64) + 0.5) * BOX / SIDE


def test_particles_pull_each_other_equally():
    mesh = BullFrog(BOX, GROWTH, SIDE)
    force = mesh.force(some_particles(200))
    assert force.abs().max() > 1
    assert force.sum(1).abs().max() < 1e-9 * force.abs().sum()


def test_a_step_commutes_with_a_move_by_whole_cells():
    step, start = BullFrog(BOX, GROWTH, SIDE), at_beginning(plane_wave(0.5), BOX, GROWTH)
    by = torch.tensor([[3.0], [1.0], [0.0]], dtype=torch.float64) * BOX / SIDE
    moved = step(Particles((start.position + by) % BOX, start.velocity), 0.1, 0.2)
    there = (step(start, 0.1, 0.2).position + by) % BOX
    apart = torch.remainder(moved.position - there + BOX / 2, BOX) - BOX / 2
    assert apart.abs().max() < 1e-9


def test_large_scales_are_linear(power):
    overdensity = torch.from_numpy(draw_overdensity(power, 1600.0, 32, seed=3))
    start = at_beginning(overdensity, 1600.0, GROWTH)
    *_, end = evolve(start, BullFrog(1600.0, GROWTH, 64), 0.0)
    waves = torch.fft.rfftn(cloud.paint(end.position, 1600.0, 32)[0] - 1)
    linear = torch.fft.rfftn(overdensity)
    few = (slice(0, 2), slice(0, 2), slice(0, 2))
    ratio = (waves[few] * linear[few].conj()).real.sum() / (linear[few].abs() ** 2).sum()
    assert ratio.item() == pytest.approx(1, abs=0.03)


# --- a universe drawn from a spectrum


def test_the_drawn_waves_have_the_spectrum(power):
    cells, box = 48, 300.0
    found = []
    for seed in range(4):
        waves = np.fft.fftn(draw_overdensity(power, box, cells, seed)) * box**1.5 / cells**3
        found.append(np.abs(waves) ** 2)
    numbers = np.fft.fftfreq(cells, 1 / cells)
    k = 2 * np.pi / box * np.sqrt(sum(n**2 for n in np.ix_(numbers, numbers, numbers)))
    for low, high in ((0.1, 0.2), (0.2, 0.3), (0.3, 0.4)):
        chosen = (k > low) & (k < high)
        ratio = (np.mean(found, 0) / np.maximum(power(k), 1e-9))[chosen].mean()
        # Half of the waves are independent, each of relative variance one.
        assert ratio == pytest.approx(1, abs=4 / np.sqrt(2 * chosen.sum()))


def test_a_finer_mesh_has_the_same_large_waves(power):
    coarse, fine = (np.fft.fftn(draw_overdensity(power, 100.0, n, 7)) / n**3 for n in (16, 32))
    numbers = np.arange(-7, 8)
    # Cells' centres differ: a wave is shifted by half a cell of its mesh.
    for n, mesh in ((16, coarse), (32, fine)):
        shift = np.exp(-1j * np.pi * np.fft.fftfreq(n))
        mesh *= shift[:, None, None] * shift[:, None] * shift
    few = np.ix_(numbers, numbers, numbers)
    assert coarse[few] == pytest.approx(fine[few], abs=1e-6 * float(np.abs(fine).max()))
    assert np.abs(coarse[few]).max() > 0


def test_another_seed_is_another_universe(power):
    one, other = (draw_overdensity(power, 100.0, 16, seed) for seed in (1, 2))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1


def test_the_spectrum_has_its_sigma_8(power):
    k = np.geomspace(1e-4, 50, 20000)
    x = 8 * k
    window = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    variance = np.trapezoid(power(k) * window**2 * k**3 / (2 * np.pi**2), np.log(k))
    assert np.sqrt(variance) == pytest.approx(0.8159, rel=1e-3)


def test_a_table_is_read_and_continued_as_a_power_law(tmp_path):
    table = tmp_path / "table.dat"
    k = np.geomspace(0.01, 1, 20)
    np.savetxt(table, np.transpose([k, 3 * k**-1.5, k]), header="k P other")
    power = read_linear_power(table)
    wanted = np.array([0.0, 0.001, 0.05, 20.0])
    assert power(wanted)[1:] == pytest.approx(3 * wanted[1:] ** -1.5)
    assert power(wanted)[0] == 0


@pytest.mark.parametrize("text", ["", "1 2\n", "k P\n", "2 1\n1 1\n", "1 1\n2 -1\n"])
def test_a_file_that_is_no_table_is_refused(tmp_path, text):
    table = tmp_path / "table.dat"
    table.write_text(text)
    with pytest.raises(ValueError, match=r"table\.dat .* expected"):
        read_linear_power(table)


def test_the_spectrum_by_camb_is_that_of_the_fit_to_a_few_per_cent():
    pytest.importorskip("camb")
    fit, exact = eisenstein_hu(PLANCK, 0.8159, 0.9667), by_camb(PLANCK, 0.8159, 0.9667)
    k = np.geomspace(0.005, 200, 40)
    ratio = exact(k) / fit(k)
    assert np.abs(ratio - 1).max() < 0.08
    assert np.abs(ratio - 1).max() > 0.005  # and no copy of it
    waves = np.geomspace(1e-3, 40, 4000)
    x = 8 * waves
    window = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    integrand = waves**3 * exact(waves) * window**2 / (2 * np.pi**2)
    assert np.trapezoid(integrand, np.log(waves)) ** 0.5 == pytest.approx(0.8159, rel=5e-3)


def test_without_camb_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "camb", None)
    with pytest.raises(ValueError, match=r"CAMB isn't installed.*baryon-explorer\[camb\]"):
        by_camb(PLANCK, 0.8, 1.0)
