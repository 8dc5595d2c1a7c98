import asyncio
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from bokeh.models import Plot
from bokeh.plotting import figure

from explorer.app import new_store, page
from explorer.display import Display
from explorer.names import painted_inks
from explorer.plots import halo_relation
from explorer.scenes import contract
from explorer.scenes.slabs import Slabs
from explorer.state import WHOLE_BOX
from explorer.store import Store
from explorer.style import INK, PREDICTION, thirds
from explorer.views.controls import Controls
from explorer.views.curves import CurveCard
from explorer.views.facts import About, Facts, duration
from explorer.views.haloes import Haloes
from explorer.views.maps import Maps
from explorer.views.scene_links import scene_links, scenes_of, with_data
from explorer.views.status import Status

pytestmark = pytest.mark.usefixtures("emulator", "folder")


@pytest.fixture
def store():
    return Store(Slabs(), {"simulation": "with-gas", "axis": "z"})


def refresh(store):
    asyncio.run(store.refresh())


@pytest.mark.parametrize("name", ["power_spectrum", "pdf", "bispectrum"])
def test_curves_show_the_stores_results(store, name):
    display = Display()
    curves = CurveCard(name, store, display)
    assert "truth" in curves.heading.object
    refresh(store)
    truth, prediction = (store.results.curves[name][of] for of in ("truth", "prediction"))
    drawn = curves.panels.sources
    for of, curve in (("truth", truth), ("prediction", prediction)):
        line = drawn[of].data["y"]
        np.testing.assert_array_equal(line[np.isfinite(line)], curve.y[curve.y > 0])
        assert np.isnan(line).sum() == (curve.y < 0).sum()
    ratios = curves.panels.ratio_sources["prediction"].data["y"]
    if name == "power_spectrum":
        np.testing.assert_allclose(ratios, 1, rtol=1e-4)  # a factor does not change the contrast
    store.selection.simulation = "dark-only"
    assert "truth" not in curves.heading.object


@pytest.mark.parametrize("name", ["transfer_function", "cross_correlation"])
def test_what_compares_two_maps_shows_the_painting_alone(store, name):
    curves = CurveCard(name, store, Display())
    refresh(store)
    prediction = store.results.curves[name]["prediction"]
    np.testing.assert_array_equal(curves.panels.sources["prediction"].data["y"], prediction.y)
    np.testing.assert_allclose(prediction.y, 1, rtol=1e-4)
    assert "truth</span>" not in curves.heading.object
    assert "±10 %" in curves.heading.object


def test_column_densities_are_there_for_hydrogen_alone(store):
    curves = CurveCard("cddf", store, Display())
    refresh(store)
    assert not curves.card.visible


def test_a_halo_is_chosen_by_a_click_and_has_its_profile(store):
    display = Display()
    haloes, profile = Haloes(store, display), CurveCard("halo_profile", store, Display())
    refresh(store)
    truth, prediction = store.results.halos.values()
    assert haloes.truth is truth
    np.testing.assert_allclose(prediction.y, 1.1 * truth.y, rtol=1e-4)
    assert not profile.card.visible
    assert "Click a halo" in haloes.row.object
    assert "+</b> Cosmic share" in haloes.heading.object
    assert "×</b>" not in haloes.heading.object
    haloes.brushes["truth"].event(index=[1])
    chosen = int(truth.columns["number"][1])
    assert display.lit == (chosen,)
    assert store.selection.halo == store.results.request.halo == chosen
    assert profile.card.visible
    assert f"Halo {chosen}" in haloes.row.object
    np.testing.assert_allclose(profile.panels.ratio_sources["prediction"].data["y"], 1.1, rtol=1e-4)
    store.selection.slab = (store.selection.slab + 1) % 4
    assert "not in this slab" in haloes.row.object
    assert not profile.card.visible


def test_another_halo_draws_no_other_card(store, monkeypatch):
    power, profile = (CurveCard(name, store, Display()) for name in ("pdf", "halo_profile"))
    refresh(store)
    drawn = []
    for card in (power, profile):
        monkeypatch.setattr(card, "_update_curves", partial(drawn.append, card.statistic))
    store.selection.halo = int(store.results.halos["truth"].columns["number"][0])
    assert drawn == ["halo_profile"]


@pytest.mark.usefixtures("hydrogen")
def test_the_whole_box_is_drawn_for_all_slabs_of_hydrogen():
    store = Store(Slabs(), {"simulation": "with-hi", "axis": "z"})
    curves = CurveCard("cddf", store, Display())
    refresh(store)
    assert curves.card.visible
    assert not len(curves.panels.sources["box"].data["x"])
    store.selection.scope = "axis"
    box = store.results.curves["cddf"][WHOLE_BOX]
    np.testing.assert_array_equal(curves.panels.sources["box"].data["y"], box.y[box.y > 0])
    assert curves.panels.entry.visible
    assert WHOLE_BOX not in CurveCard("pdf", store, Display()).curves


def test_haloes_are_coloured_by_map_or_by_environment(store):
    display = Display()
    haloes = Haloes(store, display)
    refresh(store)
    plain = haloes.heading.object
    assert "(h/Mpc)²" not in plain
    assert colours_of(haloes) == {INK[True], painted_inks(store.results)["prediction"]}
    haloes.colours.value = "environment"
    assert display.halo_colours == "environment"
    groups = set(halo_relation.third_of(store.results.halos["truth"]))  # the small box has no third
    assert len(groups) > 1
    assert colours_of(haloes) == {thirds(True)[each] for each in groups}
    low, high = halo_relation.thirds(store.results.halos["truth"])
    for words in (f"low ≤ {low:.2g}", f"middle ≤ {high:.2g}", *thirds(True), "+</b> Cosmic share"):
        assert words in haloes.heading.object
    assert PREDICTION not in haloes.heading.object, "colours tell the maps apart no more"
    display.dark = False
    assert colours_of(haloes) == {thirds(False)[each] for each in groups}
    assert thirds(False)[0] in haloes.heading.object
    display.param.update(dark=True, halo_colours="map")
    assert haloes.heading.object == plain


def test_axes_of_the_haloes_only_grow_while_the_truth_stays(store):
    haloes = Haloes(store, Display())
    refresh(store)
    model = haloes.plot.get_root().select_one({"type": Plot})
    truth, prediction = haloes.truth, haloes.prediction

    def reach(**shown):
        haloes.param.update(medians={}, **shown)
        ranges = model.x_range, model.y_range
        return np.array([(each.start, each.end) for each in ranges])

    low, high = reach(truth=truth, prediction=replace(prediction, y=prediction.y / 9)).T
    narrow = reach(truth=truth, prediction=prediction)
    np.testing.assert_array_equal(narrow, np.transpose([low, high]))
    wide = reach(truth=truth, prediction=replace(prediction, y=prediction.y * 9))
    assert wide[1, 0] == low[1]
    assert wide[1, 1] > high[1]
    fewer = truth.select(np.arange(len(truth) - 1))
    start, end = reach(truth=fewer, prediction=truth)[1]
    assert start > low[1]
    assert end < wide[1, 1]


def colours_of(haloes):
    """Colours of the points of truth and prediction."""
    return {
        str(each) for name in ("truth", "prediction") for each in haloes.clouds[name][()]["colour"]
    }


def test_a_halo_tapped_on_a_map_is_chosen_shown_and_lit(store):
    display = Display()
    maps = Maps(store, display)
    refresh(store)
    state = maps.linked.state
    tokens = list(state.tokens)
    halo = int(store.results.halos["truth"].columns["number"][-1])
    state.tapped = halo
    assert store.selection.halo == halo
    column, row = store.results.catalogue.position[halo][:2]
    assert state.place[:2] == pytest.approx([column, row], rel=1e-5)
    assert display.rings
    rings = maps.linked.axes.halos.data
    lit = rings["width"] > rings["width"].min()
    assert set(rings["number"][lit]) == {halo}
    assert state.tokens == tokens, "maps that are there are not sent again"
    maps.published.release()


def test_curves_follow_the_region_in_view_when_they_are_asked_to(store):
    maps = Maps(store, Display())
    refresh(store)
    pixel = store.results.input.pixel_size / 1000
    view = [0.5 * pixel, 63.5 * pixel, 0, 64 * pixel]
    maps.linked.state.view = view
    assert store.selection.region is None
    store.selection.scope = "region"
    assert store.selection.region == store.results.request.region == (0, 64, 0, 64)
    assert "window" in store.results.curves["power_spectrum"]["truth"].note
    tokens = list(maps.linked.state.tokens)
    maps.linked.state.view = []
    assert store.results.request.region is None
    assert maps.linked.state.tokens == tokens
    maps.published.release()


def test_a_brush_lights_its_haloes_and_chooses_none(store):
    display = Display()
    haloes = Haloes(store, display)
    refresh(store)
    haloes.brushes["prediction"].event(index=[0, 2])
    number = store.results.halos["prediction"].columns["number"]
    assert display.lit == (number[0], number[2])
    assert store.selection.halo == -1
    haloes.brushes["prediction"].event(index=[])
    assert display.lit == ()


def test_facts_tell_masses_geometry_device_and_warnings(store):
    facts = Facts(store)
    refresh(store)
    text = facts.pane.object
    for words in (
        "Difference</dt><dd>+10.0 %",
        "Redshift</dt><dd>2.00",
        "1.875 cMpc/h",
        "0.469 cMpc/h",
        "64 × 64 of 29.3 ckpc/h",
        "CPU, ",
        "Not a trained emulator.",
    ):
        assert words in text
    store.selection.simulation = "dark-only"
    assert "True gas mass</dt><dd>none" in facts.pane.object


def test_facts_that_are_built_late_tell_what_is_there(store):
    refresh(store)
    assert "True gas mass" in Facts(store).pane.object


def test_provenance_and_card_are_told_and_escaped(store):
    about = About(store)
    assert "made up for a &lt;test&gt;" in about.simulation.object
    assert "Ωm = 0.3089" in about.simulation.object
    assert "Cosmic share (share)" in about.emulator.object


def test_pickers_follow_the_simulation(store):
    controls = Controls(store)
    refresh(store)
    assert list(controls.each["axis"].options.values()) == ["x", "z"]
    assert (controls.each["slab"].start, controls.each["slab"].end) == (0, 3)
    assert "0.00 to 0.47 cMpc/h along z" in controls.place.object
    controls.each["slab"].value = 2
    assert store.results.request.place.index == 2
    assert "0.94 to 1.41 cMpc/h" in controls.place.object


def test_an_error_is_shown_as_text_and_goes_when_it_is_over(store):
    status = Status(store)
    assert not status.alert.visible
    store.error = "File <b>.hdf5 is broken."
    assert status.alert.visible
    assert status.alert.object == "File &lt;b&gt;.hdf5 is broken."
    status.alert.closed = True
    store.error = "Another."
    assert not status.alert.closed
    store.error = ""
    assert not status.alert.visible


def test_what_runs_is_shown_and_can_be_cancelled(store):
    status = Status(store)

    def seen():
        return {each.sx["visibility"] for each in (status.spinner, status.cancel)}

    assert seen() == {"hidden"}
    store.busy = "Painting gas"
    assert seen() == {"visible"}
    assert "Painting gas" in status.words.object
    status.cancel.clicks += 1
    assert store.busy == status.words.object == ""
    assert seen() == {"hidden"}


def test_the_page_of_a_session_can_be_built():
    root = page().get_root()
    figures = {model.name for model in root.references() if isinstance(model, figure)}
    assert {"input", "truth", "prediction"} <= figures


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "remembered"), (0.1524, "152 ms"), (2.04, "2.0 s")]
)
def test_durations_are_short(seconds, words):
    assert duration(seconds) == words


def test_a_scene_is_offered_where_there_is_data_for_it(folder, monkeypatch):
    monkeypatch.setattr(contract, "SCENES", {"slabs": Slabs})
    monkeypatch.setattr("explorer.views.scene_links.SCENES", contract.SCENES)
    assert scene_links(Slabs(), with_data()) == "", "there is no choice"

    class Nowhere(Slabs):
        name, title = "nowhere", "Nowhere"

        def refuse(self, simulation):
            return f"{simulation.name} has none."

    class Gas(Nowhere):
        name, title = "gas", "Gas & more"

        def refuse(self, simulation):
            return "" if simulation.has("gas", "z") else "No gas."

    scenes_of.cache_clear()  # scenes are there before the page is
    assert with_data() == [Slabs, Gas]
    scenes_of.cache_clear()
    words = scene_links(Gas(), with_data())
    assert '<a href="?scene=slabs">Slabs</a>' in words
    assert '<a href="?scene=gas" aria-current="page">Gas &amp; more</a>' in words


def test_a_link_to_no_scene_says_so_and_shows_slabs():
    store = new_store({"scene": "dreams", "slab": "1"})
    assert "Scene in the link is 'dreams', expected one of " in store.error
    assert store.scene.name == "slabs"
    assert store.selection.slab == 1
