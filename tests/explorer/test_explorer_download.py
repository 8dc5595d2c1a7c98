import asyncio
import csv
import io
import json
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from matplotlib.figure import Figure
from PIL import Image

import engine
from engine.formats.map_file import read_map_file
from engine.recipe import Recipe
from engine.units import column_density
from explorer import exports
from explorer.exports import EXPORTS, Shown, export, file_name, outcome
from explorer.plots import paper_curves, paper_figure, paper_maps, paper_sheet
from explorer.plots.paper_look import Colours, Look
from explorer.results import of_maps
from explorer.scenes.slabs import Slabs
from explorer.state import Display
from explorer.store import Store
from explorer.views.download import Download, look_of
from explorer.views.maps import Maps

LOOK = Look(Colours("Ice", 3, 5), Colours("Fire", 2, 5))


@pytest.fixture(autouse=True)
def weights(stochastic, folder, emulator, monkeypatch):
    """Give the emulator's card the hash that a file of weights would have."""
    card = replace(emulator.card, weights_sha256="a" * 64)
    monkeypatch.setattr(emulator, "card", card)
    monkeypatch.setattr(engine, "emulators", lambda: [card])


def painted(**link):
    store = Store(Slabs(), {"simulation": "with-gas", "axis": "z", "slab": "2"} | link)
    asyncio.run(store.refresh())
    return store


def offered(store):
    return Download(store, Display(), Maps(store, Display()))


def test_every_file_can_be_made_and_is_what_it_says():
    results = painted(seed="5").results
    made = {what: export(Shown(results, LOOK), what) for what in EXPORTS}
    assert made["Figure (PDF)"].startswith(b"%PDF")
    assert Image.open(io.BytesIO(made["Figure (PNG)"])).width == pytest.approx(7.1 * 400, abs=1)
    with zipfile.ZipFile(io.BytesIO(made["Curves (CSV, zipped)"])) as archive:
        found = {*of_maps("gas"), "halo_median", "halo_scatter", "haloes"}
        assert set(archive.namelist()) == {f"{name}.csv" for name in found}
    with fits.open(io.BytesIO(made["Maps (FITS)"])) as file:
        assert [hdu.name for hdu in file][1:-1] == ["INPUT", "TRUTH", "PREDICTION"]
    assert json.loads(made["Notebook"])["nbformat"] == 4


def test_the_recipe_names_what_was_painted():
    results = painted(seed="5", other="share", other_seed="6").results
    recipe = Recipe.from_json(export(Shown(results, LOOK), "Recipe (JSON)").decode())
    assert (recipe.source.simulation, recipe.source.axis, recipe.source.index) == (
        "with-gas",
        "z",
        2,
    )
    assert (recipe.painting.seed, recipe.other.seed) == (5, 6)
    assert recipe.painting.weights_sha256 == "a" * 64
    assert recipe.statistics == tuple(of_maps("gas"))


def test_the_map_file_holds_the_pages_numbers(tmp_path):
    results = painted(seed="5").results
    path = tmp_path / "a.hdf5"
    path.write_bytes(export(Shown(results, LOOK), "Maps and curves (HDF5)"))
    found, _ = read_map_file(path)
    np.testing.assert_array_equal(found.maps["prediction"].values, results.prediction.values)
    np.testing.assert_array_equal(found.curves["pdf"]["truth"].y, results.curves["pdf"]["truth"].y)


def read_csv(content, name):
    """Comments, and columns of numbers by name, of one of the zipped tables."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = archive.read(f"{name}.csv").decode().splitlines()
    comments = [line for line in lines if line.startswith("# ")]
    rows = list(csv.DictReader(lines[len(comments) :]))
    return comments, {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def files(store):
    """What the page gives: zipped curves, and the outcome that the map file holds."""
    shown = offered(store)._shown(store.results)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.hdf5"
        path.write_bytes(export(shown, "Maps and curves (HDF5)"))
        return export(shown, "Curves (CSV, zipped)"), read_map_file(path)[0]


@pytest.mark.parametrize("scope", ["slab", "axis"])
def test_the_haloes_are_taken_away_as_they_were_measured(scope):
    store = painted(seed="5", scope=scope)
    truth, prediction = store.results.halos.values()
    catalogue = store.results.catalogue
    content, found = files(store)
    comments, columns = read_csv(content, "haloes")
    number = columns["number"].astype(int)
    assert len(number) == len(catalogue if scope == "axis" else truth)
    np.testing.assert_array_equal(columns["mvir"], catalogue.mvir[number])
    np.testing.assert_array_equal(columns["rvir"], catalogue.rvir[number])
    np.testing.assert_array_equal(columns["dark_matter"], truth.x)
    np.testing.assert_array_equal(columns["truth"], truth.y)
    np.testing.assert_array_equal(columns["prediction"], prediction.y)
    np.testing.assert_array_equal(columns["environment"], truth.columns["environment"])
    assert set(columns["resolved"]) == {0, 1}
    pixel = store.results.input.pixel_size
    np.testing.assert_array_equal(columns["resolved"], columns["rvir"] / pixel >= 3)
    height = catalogue.position[number, 2] / store.results.input.depth
    np.testing.assert_array_equal(columns["slab"], height.astype(int))
    assert "# rvir: virial radius of the catalogue, comoving [kpc/h]" in comments
    assert "# truth: gas mass within projected R_vir [Msun/h]" in comments
    assert json.loads(comments[-1].removeprefix("# recipe: "))["source"]["simulation"] == "with-gas"
    for name, values in found.tables["haloes"].columns.items():
        np.testing.assert_array_equal(values, columns[name])


def test_the_curves_of_haloes_are_taken_away_and_say_that_no_rerun_makes_them():
    store = painted(seed="5")
    store.selection.halo = int(store.results.halos["truth"].columns["number"][0])
    content, found = files(store)
    for name in ("halo_median", "halo_scatter", "halo_profile"):
        comments, columns = read_csv(content, name)
        for of, curve in store.results.curves[name].items():
            np.testing.assert_array_equal(columns[of], curve.y)
            np.testing.assert_array_equal(columns[f"{of}_error"], curve.error)
            np.testing.assert_array_equal(found.beside[name][of].y, curve.y)
        assert sum("doesn't make it again" in line for line in comments) == 2
    assert not set(found.beside) & set(found.curves)
    recipe_arrays = {path.split("/")[1] for path in found.arrays()}
    assert not recipe_arrays & set(found.beside)


def test_the_bands_of_an_ensemble_are_taken_away_with_their_seeds(emulator):
    store = painted(seed="5")
    asyncio.run(store.sample(8))
    store.selection.halo = int(store.results.halos["truth"].columns["number"][0])
    content, found = files(store)
    comments, columns = read_csv(content, "power_spectrum")
    powers = [emulator.contrast(seed) ** 2 for seed in range(8)]
    for percent in (16, 50, 84):
        ratio = columns[f"samples_{percent}"] / columns["truth"]
        np.testing.assert_allclose(ratio, np.percentile(powers, percent), rtol=1e-4)
        (note,) = (line for line in comments if f"note on samples_{percent}" in line)
        assert f"{percent} % quantile of 8 samples" in note
        assert "seeds 0 to 7" in note
        curve = found.beside["power_spectrum"][f"samples_{percent}"]
        np.testing.assert_array_equal(curve.y, columns[f"samples_{percent}"])
        assert (curve.error, curve.error_kind) == (None, "")
    band = store.ensemble.bands["halo_profile"]
    np.testing.assert_array_equal(read_csv(content, "halo_profile")[1]["samples_50"], band.median)


def test_bands_of_another_slab_halo_or_of_forgotten_samples_are_not_passed_off():
    store = painted(seed="5")
    asyncio.run(store.sample(4))
    one, two = (int(number) for number in store.results.halos["truth"].columns["number"][:2])
    store.selection.halo = one
    results, many = store.results, store.ensemble
    assert "samples_50" in outcome(results, many).beside["halo_profile"]
    store.selection.halo = two
    assert "samples_50" not in outcome(store.results, many).beside["halo_profile"]
    fewer = replace(many.bands["pdf"], count=3)
    note = outcome(results, replace(many, bands={"pdf": fewer})).beside["pdf"]["samples_16"].note
    assert "3 samples" in note
    assert "those of seeds 0 to 3 that are still remembered" in note
    store.selection.slab = 3
    assert "pdf" not in outcome(store.results, many).beside


def test_a_painting_without_truth_can_be_taken_away(folder):
    store = painted(simulation="dark-only", slab="1")
    with zipfile.ZipFile(io.BytesIO(files(store)[0])) as archive:
        assert sorted(archive.namelist()) == ["bispectrum.csv", "pdf.csv", "power_spectrum.csv"]


def test_a_files_name_tells_simulation_slab_field_emulator_and_seed():
    results = painted(seed="5").results
    assert file_name(results, "Maps (FITS)") == "with-gas_z2_gas_share_seed5.fits"
    both = painted(seed="5", other="share", other_seed="6").results
    assert file_name(both, "Notebook") == "with-gas_z2_gas_share_seed5_share_seed6.ipynb"


def test_nothing_can_be_taken_before_there_is_a_painting(emulator):
    store = Store(Slabs(), {"simulation": "with-gas"})
    take_away = offered(store)
    assert take_away.button.disabled
    emulator.refuses = "This slab can't be painted."
    asyncio.run(store.refresh())
    assert take_away.button.disabled
    emulator.refuses = ""
    store.selection.slab = 1
    assert not take_away.button.disabled
    take_away.what.value = "Recipe (JSON)"
    assert take_away.button.filename == "with-gas_x1_gas_share_seed0.json"


def test_the_button_hands_over_the_file():
    take_away = offered(painted())
    take_away.what.value = "Recipe (JSON)"
    Recipe.from_json(asyncio.run(take_away.make()).read().decode())
    assert take_away.store.error == ""


def test_what_goes_wrong_is_told_in_a_sentence(folder, monkeypatch):
    take_away = offered(painted())
    (folder / "with-gas.hdf5").unlink()
    take_away.what.value = "Recipe (JSON)"
    assert asyncio.run(take_away.make()) is None
    assert "simulation is 'with-gas', expected one of" in take_away.store.error
    monkeypatch.setitem(exports.EXPORTS, "Notebook", (".ipynb", lambda shown: 1 / 0))
    take_away.what.value = "Notebook"
    assert asyncio.run(take_away.make()) is None
    assert "failed unexpectedly" in take_away.store.error


def drawn(text):
    return text.get_visible() and text.get_text()


@pytest.mark.parametrize("other", ["none", "share"])
def test_the_figure_has_every_map_on_a_journals_page(other):
    results = painted(other=other).results
    figure = paper_figure.paper_figure(outcome(results), LOOK)
    assert isinstance(figure, Figure)
    assert figure.get_size_inches()[0] == pytest.approx(7.1)
    images = images_of(figure)
    assert len(images) == (4 if other == "share" else 3)
    limits = {image.get_clim() for image in images[1:]}
    assert limits == {(1e2, 1e5)}
    for image in images:
        assert image.get_rasterized()
        assert image.origin == "lower"


def images_of(figure):
    """Images of the maps, from the left."""
    return [image for ax in figure.axes for image in ax.get_images()]


def figure_of(store, **shown):
    """The figure that the page gives, and the images of its maps."""
    display = Display()
    maps = Maps(store, display)
    maps.present(store.results)
    display.param.update(**shown)
    look = look_of(store.results, display, maps)
    figure = paper_figure.paper_figure(outcome(store.results), look)
    return maps, figure, images_of(figure)


def bar_labels(figure):
    return [ax.get_xlabel() for ax in figure.axes if ax.get_xlabel()]


@pytest.mark.parametrize("stretch", ["log", "asinh", "linear"])
@pytest.mark.parametrize("units", ["comoving", "physical"])
def test_the_figure_has_the_colours_and_units_of_the_page(stretch, units):
    store = painted()
    maps, figure, images = figure_of(store, stretch=stretch, units=units)
    factor = 9 if units == "physical" else 1  # (1 + z)^2 at z = 2
    truth = store.results.truth.values.astype(float)
    np.testing.assert_allclose(
        np.clip(images[1].get_array(), *images[1].get_clim()),
        np.clip(factor * truth, *images[1].get_clim()),
    )
    page = maps.linked.maps["truth"].mapper  # of the coordinate that draw.js computes
    place = {
        "log": np.log10,
        "asinh": lambda v: np.arcsinh(v / (factor * np.median(truth))) / np.log(10),
        "linear": lambda v: v,
    }[stretch]
    shares = np.clip((place(factor * truth) - page.low) / (page.high - page.low), 0, 1)
    np.testing.assert_allclose(np.clip(images[1].norm(factor * truth), 0, 1), shares, atol=2e-3)
    assert 0.2 < np.median(shares) < 0.8 or stretch == "linear"
    if stretch == "linear":
        assert all("[$10^{" in label for label in bar_labels(figure)[:2]), "thousands and more"
    unit = "pkpc" if units == "physical" else "ckpc"
    assert all(unit in label for label in bar_labels(figure)[:2])


def test_the_figure_shows_column_densities_as_the_page_does(hydrogen):
    store = painted(simulation="with-hi", field="hi")
    slab = store.results.truth
    _, figure, images = figure_of(store, quantity="columns")
    columns = column_density(slab.values.astype(float), slab.redshift, slab.cosmology.h)
    drawn = columns > images[1].get_clim()[0]
    np.testing.assert_allclose(images[1].get_array()[drawn], columns[drawn], rtol=1e-6)
    assert drawn.mean() > 0.9
    assert images[1].norm(np.median(columns)) == pytest.approx(0.4, abs=0.2)
    assert "N(HI) [cm$^{-2}$]" in bar_labels(figure)


def test_the_figure_shows_what_is_in_view_with_a_scale_bar_in_its_unit():
    store = painted()
    display = Display(units="physical")
    maps = Maps(store, display)
    maps.present(store.results)
    maps.linked.show_rectangle((0.5, 1.0, 0.75, 1.25))
    look = look_of(store.results, display, maps)
    figure = paper_figure.paper_figure(outcome(store.results), look)
    first = figure.axes[0]
    assert (*first.get_xlim(), *first.get_ylim()) == (0.5, 1.0, 0.75, 1.25)
    (bar,) = first.lines
    slab = store.results.input
    physical = np.ptp(bar.get_xdata()) / slab.cosmology.h / (1 + slab.redshift)
    (words,) = (text.get_text() for text in first.texts)
    assert words == f"{physical:g} pMpc"
    assert 0.08 <= np.ptp(bar.get_xdata()) / 0.5 <= 0.2


@pytest.mark.parametrize("show", ["difference", "ratio"])
def test_the_figure_has_the_difference_that_the_page_shows(show):
    store = painted(other="share")
    maps, _, images = figure_of(store, show=show, against="other", units="physical")
    truth, other = (getattr(store.results, name).values for name in ("truth", "other"))
    expected = np.log10(other / truth) if show == "ratio" else 9 * (other - truth)
    assert len(images) == 5
    np.testing.assert_allclose(images[-1].get_array(), expected, rtol=1e-4, atol=1e-3)
    low, high = images[-1].get_clim()
    assert low == pytest.approx(-high)
    half = maps.contrast.bar.slider.value[1]
    assert high == pytest.approx(float(maps.contrast.bar.stretch.value(half)))


def test_the_figure_has_the_band_of_the_ensemble():
    store = painted()
    asyncio.run(store.sample(4))
    bands = store.ensemble.bands
    figure = paper_figure.paper_figure(outcome(store.results), LOOK, samples=bands)
    legend = next(ax.get_legend() for ax in figure.axes if ax.get_legend())
    assert "16 to 84 % of 4 samples" in [text.get_text() for text in legend.get_texts()]
    name = paper_curves.first_of(outcome(store.results).curves)[0]
    drawn = [path for ax in figure.axes for path in ax.collections]
    heights = np.concatenate([c.get_paths()[0].vertices[:, 1] for c in drawn if c.get_paths()])
    some = bands[name].low > 0
    assert np.isin(bands[name].high[some], heights).all()


@pytest.mark.parametrize("other", ["none", "share"])
def test_the_figures_titles_and_labels_lie_on_the_page_and_apart(other):
    figure = paper_figure.paper_figure(outcome(painted(other=other).results), LOOK)
    page = figure.bbox
    labels = [ax.title for ax in figure.axes] + [
        axis.label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)
    ]
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in labels if drawn(label)]
    assert len(boxes) > 8
    for number, box in enumerate(boxes):
        assert box.x0 >= page.x0
        assert box.x1 <= page.x1
        assert box.y0 >= page.y0
        assert box.y1 <= page.y1
        assert not any(box.overlaps(later) for later in boxes[number + 1 :])


def test_a_scale_bar_is_the_largest_round_length_that_fits():
    lengths = [paper_maps.round_length(length) for length in (0.375, 2.25, 5.0, 19.9, 20)]
    assert lengths == pytest.approx([0.2, 2, 5, 10, 20])


def test_units_are_set_for_print():
    assert paper_sheet.printed("k [h/Mpc]") == "$k$ [$h$/Mpc]"
    assert paper_sheet.printed("P(k) [(Mpc/h)^2]") == "$P(k)$ [(Mpc/$h$)$^2$]"
    assert (
        paper_sheet.printed("gas [Msun h / ckpc^2]") == r"Gas [$\mathrm{M_\odot}$ $h$ / ckpc$^2$]"
    )
