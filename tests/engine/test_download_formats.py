import csv
import json

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

import engine
from engine import statistics
from engine.cosmology import Cosmology
from engine.formats.curve_table import curve_table, object_table
from engine.formats.fits_maps import write_fits
from engine.formats.map_file import read_map_file, write_map_file
from engine.mesh import Slab
from engine.results import Curve, Outcome, Points, Table
from engine.statistics.compared import curves
from engine.statistics.halo_table import halo_table

PLANCK = Cosmology(0.3089, 0.0486, 0.6774)
RECIPE = json.dumps({"simulation": "a  b, Ωm", "seed": 2**64 - 1})


@pytest.fixture
def maps():
    draw = np.random.default_rng(3).lognormal(8, 1, (2, 16, 24))
    about = {"cell_size": 29.3, "depth": 1.4, "box_size": 0.7, "redshift": 2.0}
    place = {"cosmology": PLANCK, "simulation": "a  b", "axis": "y", "index": 3, "start": 4.2}
    truth = Slab(draw[0], "gas", **about, **place, particles=64)
    warnings = ("Depth is 2 Mpc/h, trained at 1.4.", "Ωm differs.")
    painted = truth.with_values(
        draw[1], emulator="ember-wgan", seed=2**64 - 1, warnings=warnings, periodic=False
    )
    return {"truth": truth, "prediction": painted}


@pytest.fixture
def outcome(maps):
    periodic = {name: slab.with_values(slab.values, periodic=True) for name, slab in maps.items()}
    return Outcome(maps, {name: curves(name, periodic) for name in ("power_spectrum", "pdf")})


def test_a_map_file_gives_back_what_was_written(outcome, tmp_path):
    write_map_file(tmp_path / "a.hdf5", outcome, RECIPE)
    found, recipe = read_map_file(tmp_path / "a.hdf5")
    assert recipe == RECIPE
    for name, slab in outcome.maps.items():
        other = found.maps[name]
        assert other.values.dtype == np.float32
        for entry in slab.__dataclass_fields__:
            assert np.all(getattr(other, entry) == getattr(slab, entry)), entry
    for statistic, of_it in outcome.curves.items():
        for name, curve in of_it.items():
            other = found.curves[statistic][name]
            for entry in curve.__dataclass_fields__:
                assert np.array_equal(getattr(other, entry), getattr(curve, entry)), entry
    assert [path.name for path in tmp_path.iterdir()] == ["a.hdf5"]


def halo_points(mass, **changes):
    columns = {
        "number": np.array([3, 5]),
        "slab": np.array([0, 0]),
        "mvir": np.array([1e10, 3e11]),
        "rvir": np.array([31.7, 98.1]),
        "environment": np.array([2 / np.pi, 0.0]),
        "resolved": np.array([False, True]),
    }
    about = {"x_label": "dark [Msun/h]", "y_label": "gas [Msun/h]", "note": "Made up."}
    return Points(
        x=np.array([2e10, 5e11]),
        y=np.array(mass),
        name="gas in haloes",
        columns=columns | changes,
        colour="environment",
        colour_label="neighbours [(h/Mpc)^2]",
        **about,
    )


def test_haloes_and_curves_beside_the_recipe_are_written_whole_and_not_compared(outcome, tmp_path):
    table = halo_table({"truth": halo_points([1e9, 7e10]), "prediction": halo_points([0, 8e10])})
    beside = {"halo_median": {"truth": Curve(np.ones(2), np.ones(2), "c", "x", "y", note="n")}}
    more = Outcome(outcome.maps, outcome.curves, beside, {"haloes": table})
    write_map_file(tmp_path / "a.hdf5", more, RECIPE)
    found, _ = read_map_file(tmp_path / "a.hdf5")
    other = found.tables["haloes"]
    assert (other.labels, other.name, other.note) == (table.labels, table.name, table.note)
    assert list(other.columns) == list(table.columns)
    for name, values in table.columns.items():
        np.testing.assert_array_equal(other.columns[name], values, strict=True)
    assert found.beside["halo_median"]["truth"].note == "n"
    assert found.arrays().keys() == outcome.arrays().keys()


def test_a_table_of_haloes_has_a_row_each_and_a_unit_for_every_mass():
    table = halo_table({"truth": halo_points([1e9, 7e10]), "prediction": halo_points([0, 8e10])})
    text = object_table(table, RECIPE)
    columns = read_table(text)
    assert list(columns) == [
        *("number", "slab", "mvir", "rvir", "environment", "resolved"),
        *("dark_matter", "truth", "prediction"),
    ]
    np.testing.assert_array_equal(columns["number"], [3, 5])
    np.testing.assert_array_equal(columns["environment"], [2 / np.pi, 0])
    np.testing.assert_array_equal(columns["resolved"], [0, 1])
    np.testing.assert_array_equal(columns["prediction"], [0, 8e10])
    for line in ("# gas in haloes", "# dark_matter: dark [Msun/h]", "# note: Made up."):
        assert line in text.splitlines()


def test_haloes_of_different_slabs_share_no_table():
    other = halo_points([1.0, 2.0], slab=np.array([0, 1]))
    with pytest.raises(ValueError, match="truth and prediction are of different haloes"):
        halo_table({"truth": halo_points([1.0, 2.0]), "prediction": other})


def test_a_table_without_words_for_a_column_is_refused():
    with pytest.raises(ValueError, match="has labels of a, expected one for each of its columns"):
        Table({"a": np.ones(2), "b": np.ones(2)}, {"a": "words"}, "things")
    with pytest.raises(ValueError, match="columns of different lengths"):
        Table({"a": np.ones(2), "b": np.ones(3)}, {"a": "", "b": ""}, "things")


def test_a_file_that_holds_no_maps_is_refused(tmp_path):
    (tmp_path / "a.hdf5").write_text("no HDF5")
    with pytest.raises(ValueError, match="not a readable HDF5 file"):
        read_map_file(tmp_path / "a.hdf5")
    with pytest.raises(ValueError, match="no map file this version reads"):
        read_map_file(engine.open_simulation("hydro11-z2").path)


def test_fits_maps_have_the_mass_and_the_size_without_little_h(maps, tmp_path):
    write_fits(tmp_path / "a.fits", maps, RECIPE)
    with fits.open(tmp_path / "a.fits") as file:
        file.verify("exception")
        assert [hdu.name for hdu in file] == ["PRIMARY", "TRUTH", "PREDICTION", "RECIPE"]
        assert file["RECIPE"].data["JSON"][0] == RECIPE
        for name, slab in maps.items():
            image = file[name]
            unit = units.Unit(image.header["BUNIT"], format="fits")
            wcs = WCS(image.header)
            (dx, dy), (ux, uy) = wcs.wcs.cdelt, wcs.wcs.cunit
            area = dx * units.Unit(ux) * dy * units.Unit(uy)
            mass = (image.data.sum(dtype=float) * unit * area).to_value("solMass")
            expected = statistics.get("total_mass")(slab) / PLANCK.h  # Msun/h in Msun
            assert mass == pytest.approx(expected, rel=1e-6)
    header = fits.getheader(tmp_path / "a.fits", "PREDICTION")
    assert (header["SEED"], header["EMULATOR"]) == (2**64 - 1, "ember-wgan")
    assert (header["FIELD"], header["REDSHIFT"], header["LOSAXIS"]) == ("gas", 2.0, "y")


def test_fits_coordinates_are_comoving_and_linear_from_the_edge_of_the_map(maps, tmp_path):
    write_fits(tmp_path / "a.fits", maps, RECIPE)
    wcs = WCS(fits.getheader(tmp_path / "a.fits", "TRUTH"))
    assert list(wcs.wcs.ctype) == ["X", "Z"]  # along y: columns x, rows z
    x, z = (c.to_value("Mpc") * PLANCK.h for c in wcs.pixel_to_world(0, 15))
    assert (x, z) == (pytest.approx(0.5 * 0.0293), pytest.approx(15.5 * 0.0293))


def test_a_temperature_keeps_its_kelvins(maps, tmp_path):
    hot = maps["truth"].with_values(maps["truth"].values, field="temperature")
    write_fits(tmp_path / "a.fits", {"truth": hot}, RECIPE)
    data, header = fits.getdata(tmp_path / "a.fits", "TRUTH", header=True)
    assert header["BUNIT"] == "K"
    np.testing.assert_array_equal(data, hot.values)


def read_table(text):
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def test_a_table_is_read_as_the_same_bits(outcome):
    for of_it in outcome.curves.values():
        table = read_table(curve_table(of_it, RECIPE))
        truth = of_it["truth"]
        np.testing.assert_array_equal(table["x"], truth.x)
        np.testing.assert_array_equal(table["x_low"], truth.edges[:-1])
        np.testing.assert_array_equal(table["x_high"], truth.edges[1:])
        for name, curve in of_it.items():
            np.testing.assert_array_equal(table[name], curve.y)
            np.testing.assert_array_equal(table[f"{name}_error"], curve.error)
            np.testing.assert_array_equal(table[f"{name}_count"], curve.count)


def test_a_tables_comments_say_what_it_holds(outcome):
    text = curve_table(outcome.curves["power_spectrum"], RECIPE)
    comments = [line for line in text.splitlines() if line.startswith("# ")]
    assert "# power spectrum of gas" in comments
    assert "# x: k [h/Mpc]" in comments
    assert "# truth, prediction: P(k) [(Mpc/h)^2]" in comments
    assert "# error: one standard deviation, Gaussian, from the number of modes" in comments
    (recipe,) = (line for line in comments if line.startswith("# recipe: "))
    assert json.loads(recipe.removeprefix("# recipe: ")) == json.loads(RECIPE)


def test_curves_at_different_x_share_no_table():
    one, other = (Curve(np.array([1.0, x]), np.ones(2), "c", "x", "y") for x in (2.0, 3.0))
    with pytest.raises(ValueError, match="truth and prediction of c are at different x"):
        curve_table({"truth": one, "prediction": other}, RECIPE)
