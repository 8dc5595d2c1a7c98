"""Stars painted subhalo by subhalo in the scene of boxes, and the cards of their galaxies."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from bokeh.models import HoverTool

from engine.formats.catalogues import write_galaxies, write_subhalos
from engine.formats.grids import create_grid
from engine.formats.simulation_file import SimulationHeader, new_simulation_file
from engine.galaxies import (
    ADDED,
    LEAST_STARS,
    Galaxies,
    least_mass_of,
    mass_function,
    median_relation,
    residuals,
)
from engine.inference import Worker
from engine.places import Run
from engine.simulation import open_simulation
from engine.systems.weights import write_model
from explorer import results, threads
from explorer.box_exports import outcome, recipe
from explorer.display import Display
from explorer.galaxies import galaxies_of, layer_around
from explorer.plots.galaxies import GalaxyFigures, by_mass
from explorer.scenes.volumes import Volumes
from explorer.store import Store
from explorer.views.galaxies import HINTS, NONE
from explorer.views.galaxies import Galaxies as GalaxyCards
from explorer.views.maps import Maps
from explorer.volumes import boxes as boxes_module
from explorer.volumes.boxes import run_of_cells
from tests.engine.systems import dm2gal, hod
from tests.engine.systems.example import PLANCK

STARS = np.array([3e9, 0, 2e8, 5e7, 6e8, 1e9])
"""Of the first subhaloes."""


def write_box(folder, truth=True):
    halos = dm2gal.halos()
    header = SimulationHeader("box", dm2gal.BOX, 2.0, PLANCK, "none", "in a test")
    with new_simulation_file(folder / "box.hdf5", header) as file:
        grid = create_grid(file, Run("dmo"), dm2gal.CELLS, 64, "drawn", 23)
        grid[:] = dm2gal.dark_matter().values
        write_subhalos(file, halos)
        if truth:
            some = STARS > 0
            rows = np.flatnonzero(some)
            write_galaxies(file, Galaxies(halos.position[rows], STARS[some], rows))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder, the only one there is: a box, dm2gal and HOD, and one of other cells."""
    (tmp_path / "simulations").mkdir()
    write_box(tmp_path / "simulations")
    write_model(
        tmp_path / "weights", replace(dm2gal.card(), title="dm2gal"), dm2gal.weights(), half=False
    )
    write_model(tmp_path / "weights", replace(hod.card(), title="HOD"), hod.weights(), half=False)
    for place in ("engine.simulation", "engine.systems.registry"):
        monkeypatch.setattr(f"{place}.asset_folders", lambda kind: [tmp_path / kind])
    monkeypatch.setattr(threads, "WORKER", worker := Worker())
    remembered = (results.trained, results.card_named, boxes_module.measured)
    for each in remembered:
        each.cache_clear()
    yield tmp_path
    worker.close()
    for each in remembered:
        each.cache_clear()


def opened(**link):
    store = Store(Volumes(), {"simulation": "box"} | link)
    asyncio.run(store.refresh())
    return store


def cards_of(store):
    return GalaxyCards(store, Display(), Maps(store, Display()).linked)


def shown_by(store):
    return galaxies_of(store.results, store.simulation)


def test_dark_matter_truth_and_paintings_are_shown_in_their_own_colours(folder):
    store = opened(emulator="dm2gal", other="hod", depth="12")
    found = store.results
    pictures = {each.name: each for each in store.scene.pictures(found)}
    places = [name for name, each in pictures.items() if each.has_place]
    assert places == ["dark", "truth", "prediction", "other"]
    assert [pictures[name].group for name in places] == ["input", "field", "field", "field"]
    assert {each.slab.field for each in (pictures["truth"], pictures["other"])} == {"stars"}
    area = found.truth.pixel_area
    assert found.truth.values.sum(dtype=float) * area == pytest.approx(STARS.sum(), rel=1e-4)
    assert found.measured
    assert {"truth", "prediction", "other"} <= set(found.curves["power_spectrum"])
    maps = Maps(store, Display())
    maps.present(found)
    assert not maps.bars["initial"].slider.visible
    assert maps.bars["input"].slider.visible
    assert maps.tools.rings.visible


def test_rings_are_around_galaxies_with_stars(folder):
    found = opened(emulator="dm2gal", depth="12").results
    assert np.flatnonzero(found.catalogue.rvir > 0).tolist() == [0, 2, 3, 4, 5]


def test_galaxies_are_points_on_the_maps_they_belong_to(folder):
    store = opened(emulator="dm2gal", other="hod", depth="12")
    display = Display()
    maps = Maps(store, display)
    store.param.trigger("results")
    assert maps.tools.galaxies.visible
    shown = {name: source.data for name, source in maps.galaxies.sources.items()}
    where = dm2gal.halos().position
    order = np.argsort(-STARS)[:5]  # those that have stars, larger for more
    assert shown["truth"]["x"] == pytest.approx(where[order, 0])
    assert shown["truth"]["y"] == pytest.approx(where[order, 1])
    assert (np.diff(shown["truth"]["size"]) < 0).all()
    painted = store.results.boxes["prediction"].galaxies.stars
    assert len(shown["prediction"]["x"]) == (painted >= 1e7).sum() > 0
    assert len(shown["dark"]["x"]) == len(shown["prediction"]["x"])
    assert len(shown["initial"]["x"]) == 0
    display.galaxies = False
    assert [len(each.data["x"]) for each in maps.galaxies.sources.values()] == [0] * 6
    assert display.to_query()["galaxies"] == "no"


def test_points_are_of_the_layer_in_view(folder):
    store = opened(emulator="dm2gal", depth="3", axis="x", layer="2")
    maps = Maps(store, Display())
    store.param.trigger("results")
    side = dm2gal.BOX / dm2gal.CELLS
    height = dm2gal.halos().position[: len(STARS), 0]
    there = (height >= 2 * side) & (height < 5 * side) & (STARS > 0)
    found = maps.galaxies.sources["truth"].data
    assert sorted(found["y"]) == pytest.approx(sorted(dm2gal.halos().position[:6][there, 2]))


def test_what_ships_can_be_rerun_by_its_recipe(folder):
    found = opened(emulator="dm2gal", other="hod", depth="12").results
    made = outcome(found)
    assert list(made.maps) == ["dark", "truth", "prediction", "other"]
    again = type(recipe(found)).from_json(recipe(found).to_json())
    from engine.box_recipe import rerun

    second = rerun(again)
    for name, layer in made.maps.items():
        assert np.array_equal(second.maps[name].values, layer.values), name


def test_only_emulators_of_the_same_cells_are_compared(folder):
    card = hod.card()
    coarse = replace(
        card, title="coarse", output=replace(card.output, cell_size=147.0), system="jerald"
    )
    scene = Volumes()
    store = Store(scene, {"simulation": "box"})
    scene.offer(store.simulation, [replace(dm2gal.card(), title="dm2gal"), card, coarse])
    assert "jerald" not in scene.selection.param["other"].objects
    assert set(scene.selection.param["emulator"].objects) >= {"dm2gal", "hod", "jerald"}


def test_without_truth_there_is_a_painting_and_no_scatter(folder):
    write_box(folder / "simulations", truth=False)
    store = opened(emulator="dm2gal", depth="12")
    assert "no box of\nstars" in store.results.no_truth
    cards = cards_of(store)
    assert HINTS["grid"] in cards.words.object
    assert len(cards.figures.clouds["prediction"].data["x"]) == 8
    assert len(cards.figures.points["prediction"].data["x"]) == 0


def test_cards_hold_true_and_painted_stars_of_each_subhalo(folder):
    store = opened(emulator="dm2gal", other="hod", depth="12")
    cards = cards_of(store)
    data = cards.figures.points["prediction"].data
    expected = np.append(STARS, [0, 0]) + ADDED
    assert data["x"] == pytest.approx(expected, rel=1e-5)
    painted = store.results.boxes["prediction"].galaxies.stars
    assert data["y"] == pytest.approx(painted + ADDED, rel=1e-5)
    assert "dm2gal" in cards.words.object
    assert "100% of the true galaxies" in cards.words.object
    assert "(truth)" in cards.words.object
    assert "where 68% of the true ones lie" in cards.words.object
    assert cards.cards.visible


def test_a_tap_on_a_galaxy_goes_there_and_the_link_says_so(folder):
    store = opened(emulator="dm2gal", depth="3", axis="x")
    cards = cards_of(store)
    cards.go_to(4)
    height = dm2gal.halos().position[4, 0] / dm2gal.BOX * dm2gal.CELLS
    assert store.selection.layer <= height < store.selection.layer + 3
    assert store.selection.to_query()["halo"] == "4"
    asyncio.run(store.refresh())
    cards._present()
    source = cards.figures.points["prediction"]
    assert source.data["row"][source.selected.indices].tolist() == [4]
    assert "Subhalo 4 of" in cards.words.object
    assert layer_around(store.results, dm2gal.halos().position[2]) == 0


def test_another_subhalo_is_refused_and_none_is_not_in_the_link(folder):
    assert "halo" not in opened().selection.to_query()
    store = Store(Volumes(), {"simulation": "box", "halo": "77"})
    assert "halo" in store.error


def test_what_is_not_painted_by_subhalo_has_no_cards(folder):
    store = opened()
    boxes = {name: box for name, box in store.results.boxes.items() if name != "prediction"}
    store.results = replace(store.results, boxes=boxes)
    cards = cards_of(store)
    assert shown_by(store) is None
    assert NONE in cards.words.object
    assert not cards.cards.visible


def test_a_simulation_without_subhaloes_is_told_how_to_get_them(folder):
    header = SimulationHeader("bare", dm2gal.BOX, 2.0, PLANCK, "none", "in a test")
    with new_simulation_file(folder / "simulations" / "bare.hdf5", header) as file:
        create_grid(file, Run("dmo"), dm2gal.CELLS, 64, "drawn", 23)[:] = 1.0
    store = Store(Volumes(), {"simulation": "bare", "emulator": "dm2gal"})
    asyncio.run(store.refresh())
    assert "Emulator in the link is 'dm2gal'" in store.error
    cards = cards_of(store)
    assert "bare has no subhaloes, expected those of the run dmo: run Rockstar" in (
        cards.words.object
    )
    assert "--subhalos dmo=LIST" in cards.words.object


def test_residuals_are_the_scatter_that_was_put_in():
    random = np.random.default_rng(1)
    true = 10 ** random.uniform(8, 10, 4000)
    painted = true * 10 ** (random.normal(0.1, 0.2, 4000))
    found = residuals(true, painted)
    assert found.number == 4000
    assert found.bias == pytest.approx(0.1, abs=0.02)
    assert found.scatter == pytest.approx(0.2, abs=0.02)
    assert found.error == pytest.approx(0.2 / np.sqrt(8000), rel=0.05)
    assert np.isnan(residuals(true[:1], painted[:1]).scatter)


def test_the_median_relation_says_which_subhaloes_have_resolved_galaxies():
    mass = np.logspace(10, 12, 200)
    found = least_mass_of(median_relation(mass, mass / 1000 - ADDED))
    assert found == pytest.approx(1000 * (LEAST_STARS + ADDED), rel=0.05)


def test_the_mass_function_counts_galaxies_per_volume_and_decade():
    stars = np.array([1e8, 1.1e8, 1e9, 0.0])
    y, error = mass_function(stars, 2.0, np.array([7.9, 8.4, 8.9, 9.4]))
    assert y == pytest.approx([2 / 4, 0, 1 / 4])
    assert error == pytest.approx([np.sqrt(2) / 4, 0, 1 / 4])


def test_percentiles_by_mass_want_enough_subhaloes():
    mass = np.array([1e10, 1.1e10, 1.2e10, 1e12])
    x, y = by_mass(mass, np.array([1e7, 3e7, 9e7, 1e9]))
    assert x == pytest.approx([10 ** (40.5 * 0.25)])
    assert y[:, 0] == pytest.approx(np.percentile([1e7, 3e7, 9e7], [16, 50, 84]) + ADDED)
    assert by_mass(mass[:1], np.ones(1))[1].shape == (3, 0)


def test_the_mass_function_ends_a_bin_beyond_the_heaviest_galaxy(folder):
    figures = GalaxyFigures()
    figures.show(shown_by(opened(emulator="dm2gal", depth="12")))
    assert STARS.max() < figures.numbers.x_range.end < 10 * STARS.max()


def test_an_empty_figure_fills_and_empties(folder):
    figures = GalaxyFigures()
    found = shown_by(opened(emulator="dm2gal", other="hod", depth="12"))
    figures.show(found)
    assert len(figures.points["other"].data["x"]) == 8
    figures.show(replace(found, stars={"prediction": found.stars["prediction"]}))
    assert len(figures.points["other"].data["x"]) == 0


def test_only_points_say_what_they_are_under_the_pointer():
    figures = GalaxyFigures()
    for fig, count, words in (
        (figures.scatter, 2, "truth + 10⁷"),
        (figures.relation, 3, "its mass"),
    ):
        hover = fig.select_one(HoverTool)
        assert [each.glyph.__class__.__name__ for each in hover.renderers] == ["Scatter"] * count
        assert words in dict(hover.tooltips)
        columns = set(hover.renderers[0].data_source.data)
        said = {each.split("{")[0] for _, each in hover.tooltips}
        assert said <= set(hover.formatters)
        assert {each[1:] for each in said} <= columns


def test_layers_are_counted_in_the_cells_of_what_begins_at_the_start_of_a_box():
    """A finer grid that is there for subhaloes must not shift the layers that links name."""
    found = run_of_cells(open_simulation("validation-z2"), 117.2)
    assert open_simulation("validation-z2").grids()[found] == 64
    assert run_of_cells(open_simulation("validation-z2"), 73.5).field == "dmo"
