"""Meshes: what is refused, pieces, and layers of a grid."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.cosmology import Cosmology
from engine.fields import FIELDS
from engine.mesh import Cutout, Grid, Slab, dark_matter_of_hydro, layer_shares
from engine.places import Run

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)
ABOUT = {"cell_size": 250.0, "box_size": 2.0, "redshift": 2.0, "cosmology": PLANCK}


def grid_of(values, field="gas", **changes):
    return Grid(values, field, **(ABOUT | changes))


def random_grid(field="gas"):
    return grid_of(np.random.default_rng(3).lognormal(size=(8, 8, 8)), field)


@pytest.mark.parametrize("mesh", [Slab, Cutout])
def test_a_map_has_two_dimensions_and_a_grid_three(mesh):
    with pytest.raises(ValueError, match=r"shape \(2, 2, 2\), expected \(ny, nx\)"):
        mesh(np.ones((2, 2, 2)), "gas", depth=1.0, **ABOUT)
    with pytest.raises(ValueError, match=r"shape \(2, 2\), expected \(nz, ny, nx\)"):
        grid_of(np.ones((2, 2)))


def test_values_are_single_precision_and_read_only():
    values = np.ones((2, 2, 2))
    grid = grid_of(values)
    assert grid.values.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        grid.values[0] = 2
    values[0] = 2
    assert (grid.values == 1).all()


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_has_what_meshes_and_statistics_ask_of_it(field):
    about = FIELDS[field]
    assert about.unit_of(2)
    assert about.unit_of(3)
    assert about.is_density == (about.unit_of(2) != about.unit_of(3))
    assert about.decades[0] < about.decades[1]
    assert about.species in ("dark matter", "gas", "stars")
    assert about.label


def test_a_mesh_names_its_run_unit_and_cell():
    grid = grid_of(np.ones((2, 2, 2)), "dmo", level="LR", origin="native")
    assert grid.run == Run("dmo", "LR", "native")
    assert grid.run.name == "dmo/LR/native"
    assert grid.unit == "Msun h^2 / ckpc^3"
    assert grid.cell_volume == 250.0**3


def test_a_piece_wraps_and_is_no_longer_periodic():
    grid = random_grid()
    part = grid.cut((6, 10, -1, 2, 3, 5))
    assert part.shape == (4, 3, 2)
    assert not part.periodic
    expected = np.roll(grid.values, (-6, 1, -3), (0, 1, 2))[:4, :3, :2]
    np.testing.assert_array_equal(part.values, expected)


@pytest.mark.parametrize(("axis", "summed"), [("z", 0), ("y", 1), ("x", 2)])
def test_the_whole_box_projected_keeps_the_mass(axis, summed):
    grid = random_grid()
    slab = grid.slab(axis)
    np.testing.assert_allclose(slab.values, grid.values.sum(summed) * 250.0, rtol=1e-5)
    mass = grid.values.sum(dtype=np.float64) * grid.cell_volume
    assert slab.values.sum(dtype=np.float64) * slab.pixel_area == pytest.approx(mass, rel=1e-5)
    assert (slab.depth, slab.axis, slab.unit) == (2.0, axis, "Msun h / ckpc^2")


def test_rows_and_columns_of_a_layer_are_those_of_a_slab():
    # Column = x and row = y along z; x and z along y; y and z along x.
    z, y, x = np.meshgrid(*[np.arange(4.0)] * 3, indexing="ij")
    grid = grid_of(100 * z + 10 * y + x, cell_size=500.0)
    np.testing.assert_allclose(grid.slab("z", 0.5, 0.5).values[2, 3], (100 + 20 + 3) * 500)
    np.testing.assert_allclose(grid.slab("y", 0.5, 0.5).values[2, 3], (200 + 10 + 3) * 500)
    np.testing.assert_allclose(grid.slab("x", 0.5, 0.5).values[2, 3], (200 + 30 + 1) * 500)


def test_layers_that_cut_cells_add_up_to_the_box():
    grid = random_grid()
    edges = [-0.3, 0.07, 0.9, 1.7]
    layers = [grid.slab("y", a, b - a).values for a, b in pairwise(edges)]
    np.testing.assert_allclose(sum(layers), grid.slab("y").values, rtol=1e-5)


def test_what_is_no_density_is_averaged():
    grid = random_grid("temperature")
    np.testing.assert_allclose(grid.slab("z", 0.5, 0.5).values, grid.values[2:4].mean(0), rtol=1e-6)


@pytest.mark.parametrize(("start", "depth"), [(0, 0), (0, 2.5), (0, -1)])
def test_a_layer_that_is_none_is_refused(start, depth):
    with pytest.raises(ValueError, match="not one of a grid of 2 Mpc/h along z"):
        random_grid().slab("z", start, depth)


def test_a_piece_has_no_layer_beyond_its_edges():
    part = random_grid().cut((0, 4, 0, 8, 0, 8))
    assert part.slab("z", 0.5, 0.5).shape == (8, 8)
    with pytest.raises(ValueError, match="grid of 1 Mpc/h"):
        part.slab("z", 0.75, 0.5)


@given(
    cells=some.integers(1, 9),
    begin=some.floats(-30, 30),
    length=some.floats(0, 1),
)
def test_shares_of_cells_add_up_to_the_length(cells, begin, length):
    shares = layer_shares(cells, begin, begin + length * cells)
    assert shares.sum() == pytest.approx(length * cells, abs=1e-9)
    assert (shares >= 0).all()
    assert (shares <= 1 + 1e-12).all()


def test_only_a_dark_matter_only_run_gives_up_the_baryons_share():
    grid = random_grid("dm")
    assert dark_matter_of_hydro(grid) is grid.values
    dmo = grid.with_values(grid.values, field="dmo")
    np.testing.assert_allclose(
        dark_matter_of_hydro(dmo), grid.values * PLANCK.dark_matter_fraction, rtol=1e-6
    )
